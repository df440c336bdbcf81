"""Compressed samples: edited in their own syntax wherever an encoder gives back what it was given."""

from __future__ import annotations

import jpeg_ls
import numpy as np
import pytest
import SimpleITK
from images import (
    BOX,
    COLUMNS,
    DEFLATED_FRAMES,
    EXPLICIT,
    FRAMES,
    IN_ITEMS,
    INSIDE,
    JPEG,
    RLE,
    ROWS,
    again,
    dataset,
    encapsulated,
    encode,
    fragments_of,
    noise,
    outside,
    smooth,
    stack,
)
from pydicom import dcmread
from pydicom.encaps import generate_frames

from dicomlab.errors import PixelError
from dicomlab.pixels import Deferred, Frames, Layout, blank, replace_samples
from dicomlab.records import Region

GREY = [
    {"photometric": photometric, "bits": bits, "stored": stored, "signed": signed}
    for photometric in ("MONOCHROME1", "MONOCHROME2")
    for bits, stored in ((8, 8), (16, 10), (16, 12), (16, 16))
    for signed in (0, 1)
]
COLOUR = [{"photometric": "RGB"}, {"photometric": "YBR_FULL"}]
LOSSLESS = [
    (syntax, layout)
    for syntax in (f"{JPEG}57", f"{JPEG}70", f"{JPEG}80", f"{JPEG}90", f"{JPEG}201", f"{JPEG}202", RLE)
    for layout in GREY + COLOUR
]
LOSSLESS += [(f"{JPEG}90", {"photometric": "YBR_RCT"}), (f"{JPEG}201", {"photometric": "YBR_RCT"})]
LOSSLESS += [(RLE, {"photometric": "RGB", "bits": 16}), (RLE, {"photometric": "MONOCHROME2", "bits": 32})]
LOSSLESS += [(f"{JPEG}80", {"photometric": "RGB", "bits": 16}), (f"{JPEG}90", {"photometric": "RGB", "bits": 16})]
LOSSLESS += [
    (syntax, {"photometric": "MONOCHROME2", "bits": bits})
    for syntax in (DEFLATED_FRAMES, IN_ITEMS)
    for bits in (1, 8, 16)
]
LOSSLESS += [(IN_ITEMS, layout) for layout in COLOUR]


def made(syntax, layout, *, samples=None, **options):
    """An instance of noise in a syntax, its samples and its encoded frames."""
    ds = dataset(**layout, syntax=syntax)
    samples = noise(ds) if samples is None else samples
    mct = {"mct": layout["photometric"] == "YBR_RCT"} if syntax in {f"{JPEG}90", f"{JPEG}91"} else {}
    if syntax.startswith(f"{JPEG}20") and ds.SamplesPerPixel == 3:
        mct = {"rgb": layout["photometric"] == "YBR_RCT"}
    frames = [encode(ds, frame, **mct, **options) for frame in samples]
    return encapsulated(ds, frames), samples, frames


@pytest.mark.parametrize(
    ("syntax", "layout"), LOSSLESS, ids=lambda v: v if isinstance(v, str) else "-".join(map(str, v.values()))
)
def test_a_lossless_frame_is_edited_in_its_own_syntax(syntax, layout):
    ds, samples, frames = made(syntax, layout)
    assert np.array_equal(stack(ds), samples)
    edited = blank(Frames.of(ds), [Region(BOX.x0, BOX.y0, BOX.x1, BOX.y1, frame=1)])
    after = again(ds, edited)
    new = stack(after)
    assert np.array_equal(new[1][outside()], samples[1][outside()])
    assert len(np.unique(new[1][INSIDE].reshape(60, -1), axis=0)) == 1
    assert np.array_equal(new[[0, 2]], samples[[0, 2]])
    assert edited.transfer_syntax == syntax
    pieces = list(generate_frames(edited.value, number_of_frames=FRAMES))
    assert [pieces[n][: len(frames[n])] == frames[n] for n in range(FRAMES)] == [True, False, True]


@pytest.mark.parametrize(
    ("syntax", "layout"), [(f"{JPEG}90", GREY[4]), (f"{JPEG}80", GREY[5]), (f"{JPEG}57", GREY[6]), (RLE, GREY[7])]
)
def test_replaced_samples_of_a_compressed_frame_come_back_exactly(syntax, layout):
    ds, samples, _ = made(syntax, layout)
    low = samples.min()
    edited = replace_samples(Frames.of(ds), lambda n, s: np.where(s > 3, low, s) if n else None)
    assert edited.transfer_syntax == syntax
    assert np.array_equal(stack(again(ds, edited)), [samples[0], *np.where(samples[1:] > 3, low, samples[1:])])


@pytest.mark.parametrize("syntax", [f"{JPEG}57", f"{JPEG}70", f"{JPEG}80", f"{JPEG}90", RLE])
@pytest.mark.parametrize("layout", [GREY[8], GREY[12], GREY[13], COLOUR[0]], ids=str)
def test_other_programs_read_what_was_edited(tmp_path, syntax, layout):
    ds, _, _ = made(syntax, layout)
    after = again(ds, blank(Frames.of(ds), [BOX]))
    want = stack(after)
    after.SOPClassUID, after.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7.2", "2.25.1"
    after.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    image = SimpleITK.ReadImage(str(tmp_path / "a.dcm"))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), want)
    if syntax not in {f"{JPEG}57", f"{JPEG}70"}:  # which need a decoder of another licence there
        assert np.array_equal(dcmread(tmp_path / "a.dcm").pixel_array, want)


@pytest.mark.parametrize("interleave", [0, 1, 2])
def test_components_of_jpeg_ls_may_be_interleaved_in_any_way(interleave):
    ds = dataset("RGB", syntax=f"{JPEG}80")
    samples = noise(ds)
    planes = samples if interleave else np.moveaxis(samples, -1, 1)
    shape = (ROWS, COLUMNS, 3, 8, 0, interleave)
    frames = [bytes(jpeg_ls.encode_buffer(np.ascontiguousarray(f).tobytes(), *shape)) for f in planes]
    encapsulated(ds, frames)
    assert np.array_equal(stack(ds), samples)
    new = stack(again(ds, blank(Frames.of(ds), [BOX])))
    assert np.array_equal(new[:, outside()], samples[:, outside()])


@pytest.mark.parametrize("basic", [True, False])
@pytest.mark.parametrize("split", [1, 3])
def test_fragments_of_other_frames_and_offset_tables_stay_right(basic, split):
    ds = dataset(syntax=f"{JPEG}90")
    frames = [encode(ds, frame) for frame in noise(ds)]
    encapsulated(ds, frames, basic=basic, split=split)
    edited = blank(Frames.of(ds), [Region(4, 3, 14, 9, frame=1)])
    number, offsets = parse_basic_offsets_of(edited.value)
    assert number == (FRAMES if basic else 0)
    pieces = fragments_of(edited.value)
    assert len(pieces) == 2 * split + 1
    old = fragments_of(ds.PixelData)
    assert pieces[:split] == old[:split]
    assert pieces[split + 1 :] == old[2 * split :]
    if basic:
        assert [edited.value[8 + 4 * number + at :][:4] for at in offsets] == [b"\xfe\xff\x00\xe0"] * FRAMES
        assert offsets == [0, sum(8 + len(p) for p in pieces[:split]), sum(8 + len(p) for p in pieces[: split + 1])]
    assert len(list(generate_frames(edited.value, number_of_frames=FRAMES))) == FRAMES


def test_extended_offset_tables_follow():
    ds = dataset(syntax=f"{JPEG}90")
    encapsulated(ds, [encode(ds, frame) for frame in noise(ds)], basic=False, extended=True)
    edited = blank(Frames.of(ds), [Region(4, 3, 14, 9, frame=1)])
    starts = np.frombuffer(edited.attributes["ExtendedOffsetTable"], "<u8")
    lengths = np.frombuffer(edited.attributes["ExtendedOffsetTableLengths"], "<u8")
    pieces = fragments_of(edited.value)
    assert list(lengths) == [len(p) for p in pieces]
    assert [bytes(edited.value[8 + s + 8 : 8 + s + 8 + n]) for s, n in zip(starts, lengths, strict=True)] == pieces


def test_fragments_that_make_no_frames_are_refused():
    ds = dataset(syntax=f"{JPEG}90")
    encapsulated(ds, [encode(ds, frame) for frame in noise(ds)])
    ds.NumberOfFrames = 2
    ds.PixelData = ds.PixelData[:8].replace(b"\x0c", b"\0") + ds.PixelData[20:]
    with pytest.raises(PixelError, match="nothing tells"):
        Frames.of(ds)
    ds.NumberOfFrames = 4
    with pytest.raises(PixelError, match="fewer fragments"):
        Frames.of(ds)


def test_encapsulated_frames_are_read_from_a_file_up_to_the_delimiter(tmp_path):
    ds, samples, _ = made(RLE, GREY[5])
    path = tmp_path / "value"
    path.write_bytes(b"before" + ds.PixelData + b"\xfe\xff\xdd\xe0\0\0\0\0behind")
    frames = Frames(Layout.of(ds), Deferred(path, 6))
    assert np.array_equal(frames.samples(2), samples[2])
    assert bytes(blank(frames, [BOX]).value) == bytes(blank(Frames.of(ds), [BOX]).value)


LOSSY = [
    (f"{JPEG}81", {}, {"lossy_error": 2}, "ISO_14495_1"),
    (f"{JPEG}81", {"bits": 16, "stored": 12}, {"lossy_error": 2}, "ISO_14495_1"),
    (f"{JPEG}91", {"photometric": "YBR_ICT"}, {"level": 40, "reversible": False, "mct": True}, "ISO_15444_1"),
    (f"{JPEG}91", {"bits": 16, "stored": 12, "signed": 1}, {"level": 40, "reversible": False}, "ISO_15444_1"),
    (f"{JPEG}203", {}, {"level": 0.01, "reversible": False}, "ISO_15444_15"),
]


@pytest.mark.parametrize(("syntax", "layout", "options", "method"), LOSSY)
def test_a_frame_that_lost_something_is_written_without_another_loss(syntax, layout, options, method):
    ds = dataset(**layout, syntax=syntax)
    frames = [encode(ds, frame, **options) for frame in smooth(ds)]
    before = stack(encapsulated(ds, frames))
    assert (before != smooth(ds)).any()
    edited = blank(Frames.of(ds), [Region(BOX.x0, BOX.y0, BOX.x1, BOX.y1, frame=1)])
    new = stack(again(ds, edited))
    assert np.array_equal(new[1][outside()], before[1][outside()])
    assert np.array_equal(new[[0, 2]], before[[0, 2]])
    assert edited.transfer_syntax == syntax
    assert edited.attributes["LossyImageCompression"] == "01"
    assert edited.attributes["LossyImageCompressionMethod"] == method
    ratio = before.itemsize * before.size / sum(len(f) + len(f) % 2 for f in frames)
    assert float(edited.attributes["LossyImageCompressionRatio"]) == pytest.approx(ratio, rel=1e-3)
    assert edited.notes


def test_the_history_of_losses_is_kept():
    ds = dataset(bits=16, stored=12, syntax=f"{JPEG}51")
    encapsulated(ds, [encode(ds, frame) for frame in smooth(ds)])
    ds.LossyImageCompression, ds.LossyImageCompressionRatio = "01", [4, 11.5]
    ds.LossyImageCompressionMethod = ["ISO_14495_1", "ISO_10918_1"]
    attributes = blank(Frames.of(ds), [BOX]).attributes
    assert list(attributes["LossyImageCompressionRatio"]) == [4, 11.5]
    assert list(attributes["LossyImageCompressionMethod"]) == ["ISO_14495_1", "ISO_10918_1"]


def test_twelve_bit_jpeg_is_written_uncompressed_and_stays_lossy():
    ds = dataset(bits=16, stored=12, syntax=f"{JPEG}51")
    before = stack(encapsulated(ds, [encode(ds, frame) for frame in smooth(ds)], extended=True))
    edited = blank(Frames.of(ds), [BOX])
    assert edited.transfer_syntax == EXPLICIT
    assert edited.attributes["LossyImageCompression"] == "01"
    assert edited.attributes["ExtendedOffsetTable"] is None
    new = stack(again(ds, edited))
    assert np.array_equal(new[:, outside()], before[:, outside()])
    assert not new[:, *INSIDE].any()


@pytest.mark.parametrize("number", ["100", "102", "107", "110", "94"])
def test_video_and_rare_codecs_are_refused(number):
    ds = encapsulated(dataset(syntax=f"{JPEG}{number}", frames=1), [b"\0\0\1\xb3"])
    with pytest.raises(PixelError, match="video"):
        blank(Frames.of(ds), [BOX])


@pytest.mark.parametrize("syntax", [f"{JPEG}{n}" for n in (50, 57, 80, 90, 201)] + [RLE, DEFLATED_FRAMES])
def test_a_broken_stream_is_an_error_of_pixels(syntax):
    ds = encapsulated(dataset(syntax=syntax), [b"\xff\xd8\xff\xc0no stream at all"] * FRAMES)
    with pytest.raises(PixelError):
        blank(Frames.of(ds), [BOX])
    ds.Columns += 1
    with pytest.raises(PixelError):
        Frames.of(ds).samples(0)


def parse_basic_offsets_of(value):
    length = int.from_bytes(value[4:8], "little")
    return length // 4, list(np.frombuffer(bytes(value[8 : 8 + length]), "<u4"))
