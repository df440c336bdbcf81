"""Baseline JPEG: blanked in its coefficients, every other block bit for bit as it was."""

from __future__ import annotations

import io
import tempfile

import imagecodecs
import jpeglib
import numpy as np
import pytest
from images import EXPLICIT, JPEG, again, dataset, encapsulated, fragments_of, smooth, stack
from PIL import Image

from dicomlab.errors import PixelError
from dicomlab.pixels import Frames, blank, dct, replace_samples
from dicomlab.pixels.streams import segments
from dicomlab.records import Region

ROWS, COLUMNS = 61, 83  # no multiple of a block
BOX = Region(21, 18, 50, 30)

KINDS = {
    "grey": {"photometric": "MONOCHROME2"},
    "inverse": {"photometric": "MONOCHROME1"},
    "444": {"photometric": "YBR_FULL", "subsampling": "444"},
    "422": {"photometric": "YBR_FULL_422", "subsampling": "422"},
    "420": {"photometric": "YBR_FULL_422", "subsampling": "420"},
    "440": {"photometric": "YBR_FULL", "subsampling": "440"},
    "rgb": {"photometric": "RGB", "subsampling": "444", "outcolorspace": "rgb"},
    "wrong label": {"photometric": "RGB", "subsampling": "420"},
}
UNIT = {"420": (16, 16), "422": (8, 16), "440": (16, 8), "wrong label": (16, 16)}  # rows, columns


def made(kind, *, syntax=f"{JPEG}50", frames=3, level=90, **more):
    options = dict(KINDS[kind])
    ds = dataset(options.pop("photometric"), syntax=syntax, frames=frames)
    ds.Rows, ds.Columns = ROWS, COLUMNS
    if ds.SamplesPerPixel == 3:
        options = {"colorspace": "rgb", "outcolorspace": "ycbcr"} | options
    samples = smooth(ds) // 2 + np.random.default_rng(3).integers(0, 60, smooth(ds).shape, np.uint8)
    return encapsulated(ds, [imagecodecs.jpeg8_encode(f, level=level, **options, **more) for f in samples])


def coefficients(folder, stream):
    path = folder / "a.jpg"
    path.write_bytes(stream)
    jpeg = jpeglib.read_dct(str(path))
    return [np.array(p) for p in (jpeg.Y, jpeg.Cb, jpeg.Cr) if p is not None]


def affected(unit):
    """The box in pixels, widened to whole units."""
    (height, width) = unit
    return np.s_[
        BOX.y0 // height * height : -(-BOX.y1 // height) * height, BOX.x0 // width * width : -(-BOX.x1 // width) * width
    ]


@pytest.mark.parametrize("how", ["mask", "blur"])
@pytest.mark.parametrize("level", [100, 90, 40])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_outside_the_region_keep_their_coefficients(tmp_path, kind, level, how):
    ds = made(kind, level=level)
    edited = blank(Frames.of(ds), [Region(BOX.x0, BOX.y0, BOX.x1, BOX.y1, frame=1)], how)
    assert edited.transfer_syntax == f"{JPEG}50"
    old, new = fragments_of(ds.PixelData), fragments_of(edited.value)
    assert [a == b for a, b in zip(old, new, strict=True)] == [True, False, True]
    rows, columns = affected(UNIT.get(kind, (8, 8)))
    for before, after in zip(coefficients(tmp_path, old[1]), coefficients(tmp_path, new[1]), strict=True):
        inside = np.zeros(before.shape[:2], bool)
        scale = [round(-(-full // 8) / part) for full, part in zip((ROWS, COLUMNS), before.shape, strict=False)]
        inside[
            rows.start // 8 // scale[0] : -(-rows.stop // 8 // scale[0]),
            columns.start // 8 // scale[1] : -(-columns.stop // 8 // scale[1]),
        ] = True
        assert np.array_equal(before[~inside], after[~inside])
        assert not after[inside].reshape(-1, 64)[:, 1:].any()  # one value for each block
    assert all((r.x0, r.y0) <= (columns.start, rows.start) and r.frame == 1 for r in edited.regions)


@pytest.mark.parametrize("kind", KINDS)
def test_decoded_samples_outside_the_blocks_are_the_same_and_dark_within(kind):
    ds = made(kind)
    before, edited = stack(ds), blank(Frames.of(ds), [BOX])
    after = stack(again(ds, edited))
    unit = UNIT.get(kind, (8, 8))
    inside = affected(unit)
    free = np.ones((ROWS, COLUMNS), bool)
    free[inside] = False
    luma = (slice(None), free, 0) if before.ndim == 4 else (slice(None), free)
    assert np.array_equal(before[luma], after[luma])
    (reach,) = edited.regions
    free[reach.y0 : reach.y1, reach.x0 : reach.x1] = False
    assert np.array_equal(before[:, free], after[:, free])
    ring = {"grey": 0}.get(kind, int(unit != (8, 8)))
    assert (reach.y0, reach.x0) == (inside[0].start - ring, inside[1].start - ring)
    value = {"inverse": 255, "rgb": 0, "grey": 0}.get(kind, [0, 128, 128])
    assert (after[:, BOX.y0 : BOX.y1, BOX.x0 : BOX.x1] == np.array(value)).all() or ring
    assert (
        after[:, BOX.y0 : BOX.y1, BOX.x0 : BOX.x1].reshape(3, -1, 1 if after.ndim == 3 else 3)[..., 0]
        == np.ravel(value)[0]
    ).all()


def test_header_segments_stay_and_restart_intervals_go():
    buffer = io.BytesIO()
    picture = Image.fromarray(smooth(dataset("RGB", frames=1))[0])
    picture.save(buffer, "JPEG", restart_marker_rows=1, icc_profile=b"profile", comment=b"words", subsampling=2)
    ds = encapsulated(dataset("YBR_FULL_422", syntax=f"{JPEG}50", frames=1), [buffer.getvalue()])
    assert b"\xff\xdd" in buffer.getvalue()
    (new,) = fragments_of(blank(Frames.of(ds), [Region(0, 0, 5, 5)]).value)
    passing = {0xDA, 0xC4, 0xDD}  # scan, Huffman tables, restart interval
    old_segments, new_segments = (
        [s[a:b] for code, a, b in segments(s) if code not in passing] for s in (buffer.getvalue(), new)
    )
    assert old_segments == new_segments
    assert 0xDD not in [code for code, _, _ in segments(new)]
    before, after = (np.asarray(Image.open(io.BytesIO(s))) for s in (buffer.getvalue(), new))
    assert np.array_equal(before[:, 17:], after[:, 17:])
    assert not after[:5, :5].any()


@pytest.mark.parametrize("syntax", ["50", "51"])
def test_a_progressive_stream_is_written_uncompressed(syntax):
    buffer = io.BytesIO()
    ds = dataset("YBR_FULL_422", syntax=f"{JPEG}{syntax}", frames=1)
    Image.fromarray(smooth(dataset("RGB", frames=1))[0]).save(buffer, "JPEG", progressive=True)
    before = stack(encapsulated(ds, [buffer.getvalue()]))
    edited = blank(Frames.of(ds), [Region(0, 0, 5, 5)])
    assert (edited.transfer_syntax, edited.attributes["PhotometricInterpretation"]) == (EXPLICIT, "YBR_FULL")
    assert edited.attributes["LossyImageCompression"] == "01"
    after = stack(again(ds, edited))
    assert np.array_equal(before[:, 5:], after[:, 5:])
    assert (after[0, :5, :5] == (0, 128, 128)).all()


def test_replaced_samples_of_jpeg_are_written_uncompressed_and_untouched_instances_stay():
    ds = made("wrong label")
    before = stack(ds)
    edited = replace_samples(Frames.of(ds), lambda n, s: s // 2 if n == 1 else None)
    assert (edited.transfer_syntax, edited.attributes["PhotometricInterpretation"]) == (EXPLICIT, "YBR_FULL")
    assert np.array_equal(stack(again(ds, edited)), [before[0], before[1] // 2, before[2]])
    assert edited.notes
    same = replace_samples(Frames.of(ds), lambda _n, _s: None)
    assert bytes(same.value) == ds.PixelData


def test_grey_is_the_luminance_whatever_the_label_says():
    wrong, right = Frames.of(made("wrong label")), Frames.of(made("420"))
    assert np.array_equal(wrong.grey(0), right.grey(0))


def test_a_scan_that_cannot_be_read_is_an_error():
    ds = made("grey", frames=1)
    (stream,) = fragments_of(ds.PixelData)
    *_, (_, _, end) = segments(stream)
    with pytest.raises(PixelError):
        blank(Frames.of(encapsulated(ds, [stream[: end - 40]])), [BOX])


@pytest.mark.parametrize("kind", ["grey", "420"])
def test_extended_jpeg_of_eight_bits_is_edited_in_its_coefficients_too(kind):
    ds = made(kind, syntax=f"{JPEG}51")
    edited = blank(Frames.of(ds), [Region(*(BOX.x0, BOX.y0, BOX.x1, BOX.y1), frame=0)])
    old, new = fragments_of(ds.PixelData), fragments_of(edited.value)
    assert edited.transfer_syntax == f"{JPEG}51"
    assert [a == b for a, b in zip(old, new, strict=True)] == [False, True, True]


def test_streams_with_faults_end_in_an_error_of_pixels_and_leave_no_copy_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ds = made("grey", frames=1)
    (stream,) = fragments_of(ds.PixelData)
    frames, rng, refused = Frames.of(ds).layout, np.random.default_rng(1), 0
    for _ in range(120):
        broken = np.frombuffer(stream, np.uint8)[: rng.integers(100, len(stream))].copy()
        broken[rng.integers(2, 700, 3) % len(broken)] = rng.integers(0, 256, 3)
        try:
            dct.blanked(frames, broken.tobytes(), [BOX], how="mask")
        except PixelError:
            refused += 1
    assert refused
    assert not list(tmp_path.iterdir())
