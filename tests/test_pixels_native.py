"""Native samples: what is edited changes, nothing else does, in every layout that PS3.3 C.7.6.3 allows."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from images import (
    BIG,
    BOX,
    COLUMNS,
    DEFLATED,
    EXPLICIT,
    FRAMES,
    IMPLICIT,
    INSIDE,
    ROWS,
    again,
    dataset,
    noise,
    outside,
    palette,
    stack,
    with_samples,
)

from dicomlab.errors import PixelError
from dicomlab.pixels import Deferred, Frames, Layout, blank, replace_samples
from dicomlab.records import Region

LAYOUTS = [
    {"photometric": photometric, "bits": bits, "stored": stored, "signed": signed, "syntax": syntax}
    for photometric in ("MONOCHROME1", "MONOCHROME2")
    for bits, stored in ((1, 1), (8, 8), (16, 10), (16, 12), (16, 16), (32, 32))
    for signed in ((0, 1) if bits > 1 else (0,))
    for syntax in (EXPLICIT, IMPLICIT, DEFLATED, BIG)
] + [
    {"photometric": photometric, "bits": bits, "planar": planar, "syntax": syntax}
    for photometric in ("RGB", "YBR_FULL")
    for bits in (8, 16)
    for planar in (0, 1)
    for syntax in (EXPLICIT, BIG)
]


@pytest.mark.parametrize("how", ["mask", "blur"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join(map(str, layout.values())))
def test_only_samples_inside_the_region_change(layout, how):
    ds = dataset(**layout)
    samples = noise(ds)
    with_samples(ds, samples)
    assert np.array_equal(stack(ds), samples)
    new = stack(again(ds, blank(Frames.of(ds), [BOX], how)))
    assert np.array_equal(new[:, outside()], samples[:, outside()])
    flat = new[:, *INSIDE].reshape(FRAMES, 60, -1)
    assert max(len(np.unique(frame, axis=0)) for frame in flat) <= (1 if how == "mask" else 3)


@pytest.mark.parametrize(
    ("layout", "value"),
    [
        ({"photometric": "MONOCHROME2"}, 0),
        ({"photometric": "MONOCHROME1"}, 255),
        ({"photometric": "MONOCHROME1", "bits": 16, "stored": 12}, 4095),
        ({"photometric": "MONOCHROME1", "bits": 1}, 1),
        ({"photometric": "RGB"}, [0, 0, 0]),
        ({"photometric": "YBR_FULL"}, [0, 128, 128]),
        ({"photometric": "YBR_FULL", "bits": 16}, [0, 32768, 32768]),
    ],
)
def test_a_masked_region_is_dark_in_its_photometric_interpretation(layout, value):
    ds = dataset(**layout)
    with_samples(ds, noise(ds))
    new = stack(again(ds, blank(Frames.of(ds), [BOX])))
    assert (new[:, *INSIDE] == np.array(value)).all()


def test_signed_samples_are_masked_with_air_and_not_with_the_lowest_number_that_fits():
    ds = dataset(bits=16, signed=1)
    samples = np.clip(noise(ds), -1024, 3000)
    samples[1] = np.clip(samples[1], 5, None)
    new = stack(again(with_samples(ds, samples), blank(Frames.of(ds), [BOX])))
    assert [set(frame.ravel()) for frame in new[:, *INSIDE]] == [{-1024}, {0}, {-1024}]


@pytest.mark.parametrize("how", ["mask", "blur"])
@pytest.mark.parametrize("edges", [(4, 14), (5, 14), (4, 13), (5, 13), (5, 6)])
def test_chroma_that_a_pixel_outside_shares_keeps_its_bytes(edges, how):
    ds = dataset("YBR_FULL_422", frames=2)
    value = np.random.default_rng(1).integers(0, 256, (2, ROWS, COLUMNS // 2, 4), np.uint8)  # Y Y Cb Cr
    ds.PixelData = value.tobytes()
    ds["PixelData"].VR = "OB"
    edited = blank(Frames.of(ds), [Region(edges[0], 3, edges[1], 9, 1)], how)
    new = np.frombuffer(edited.value, np.uint8).reshape(value.shape)
    luma, old = (a[..., :2].reshape(2, ROWS, COLUMNS) for a in (new, value))
    assert np.array_equal(luma[1][outside(np.s_[3:9, slice(*edges)])], old[1][outside(np.s_[3:9, slice(*edges)])])
    whole = [x // 2 for x in range(0, COLUMNS, 2) if edges[0] <= x and x + 2 <= edges[1]]
    mask = np.ones((ROWS, COLUMNS // 2), bool)
    mask[3:9, whole] = False
    assert np.array_equal(new[1, ..., 2:][mask], value[1, ..., 2:][mask])
    assert np.array_equal(new[0], value[0])
    if how == "mask":
        assert not luma[1, 3:9, edges[0] : edges[1]].any()
        assert (new[1, 3:9, whole, 2:] == 128).all()


@pytest.mark.parametrize("syntax", [EXPLICIT, BIG])
@pytest.mark.parametrize(("high", "signed"), [(11, 0), (13, 0), (15, 0), (11, 1)])
def test_bits_beside_the_stored_ones_keep_an_old_overlay(high, signed, syntax):
    ds = dataset(bits=16, stored=12, signed=signed, syntax=syntax)
    ds.HighBit = high
    words = np.random.default_rng(2).integers(0, 1 << 16, (FRAMES, ROWS, COLUMNS)).astype(np.uint16)
    with_samples(ds, words)
    new = np.frombuffer(blank(Frames.of(ds), [BOX]).value, ">u2" if syntax == BIG else "<u2").reshape(words.shape)
    own = 0xFFF << (high - 11)
    assert np.array_equal(new & ~np.uint16(own), words & ~np.uint16(own))
    assert np.array_equal(new[:, outside()], words[:, outside()])
    assert len(np.unique(new[0][INSIDE] & own)) == 1


def test_sign_extended_samples_stay_sign_extended():
    ds = dataset(bits=16, stored=12, signed=1)
    samples = noise(ds)
    new = np.frombuffer(blank(Frames.of(with_samples(ds, samples)), [BOX]).value, "<i2").reshape(samples.shape)
    assert new.min() >= -2048
    assert new.max() <= 2047


@pytest.mark.parametrize("odd", [False, True])
def test_big_endian_words_of_bytes_are_swapped_in_pairs(odd):
    ds = dataset(syntax=BIG)
    if odd:
        ds.Columns = 21  # 13 × 21: a frame starts in the middle of a word
    samples = noise(ds)[:, :, : ds.Columns]
    value = samples.tobytes() + b"\0" * (samples.size % 2)
    ds.PixelData = np.frombuffer(value, np.uint8).reshape(-1, 2)[:, ::-1].tobytes()
    ds["PixelData"].VR = "OW"
    assert np.array_equal(stack(ds), samples)
    new = stack(again(ds, blank(Frames.of(ds), [BOX])))
    mask = outside(shape=samples.shape[1:])
    assert np.array_equal(new[:, mask], samples[:, mask])
    assert not new[:, ~mask].any()


def test_a_palette_image_is_masked_with_the_index_of_its_darkest_colour():
    ds = palette(dataset("PALETTE COLOR"), [(255, 255, 255), (9, 0, 0), (3, 3, 3), (0, 99, 0)], first=7)
    ds.PixelData = noise(ds).tobytes()
    ds["PixelData"].VR = "OB"
    frames = Frames.of(ds)
    new = stack(again(ds, blank(frames, [BOX])))
    assert (new[:, *INSIDE] == 8).all()  # 0.299 × 9 = 2.7 < 3
    assert frames.grey(0).max() == pytest.approx(65535)


def test_a_region_of_one_frame_leaves_the_bytes_of_all_others():
    ds = dataset(bits=16, stored=12)
    with_samples(ds, noise(ds))
    size = ROWS * COLUMNS * 2
    new = blank(Frames.of(ds), [Region(0, 0, 99, 99, frame=1), Region(-5, -5, 0, 3)]).value
    assert [new[k : k + size] == ds.PixelData[k : k + size] for k in range(0, 3 * size, size)] == [True, False, True]
    assert not any(new[size : 2 * size])


@settings(max_examples=40, deadline=None)
@given(
    regions=st.lists(
        st.builds(
            Region,
            st.integers(-3, 25),
            st.integers(-3, 16),
            st.integers(-3, 25),
            st.integers(-3, 16),
            st.sampled_from([None, 0, 2]),
        ),
        max_size=4,
    ),
    which=st.sampled_from([0, 9, 20, 30, 47, len(LAYOUTS) - 1]),
    how=st.sampled_from(["mask", "blur"]),
)
def test_whatever_the_regions_are_samples_outside_them_stay(regions, which, how):
    ds = dataset(**LAYOUTS[which])
    samples = noise(ds)
    with_samples(ds, samples)
    free = np.ones((FRAMES, ROWS, COLUMNS), bool)
    for r in regions:
        free[slice(None) if r.frame is None else r.frame, max(r.y0, 0) : max(r.y1, 0), max(r.x0, 0) : max(r.x1, 0)] = (
            False
        )
    edited = blank(Frames.of(ds), regions, how)
    assert np.array_equal(stack(again(ds, edited))[free], samples[free])
    assert len(edited.value) == len(ds.PixelData)


def test_samples_are_read_from_a_file_frame_by_frame(tmp_path):
    ds = dataset(bits=16)
    samples = noise(ds)
    path = tmp_path / "value"
    path.write_bytes(b"before" + with_samples(ds, samples).PixelData + b"behind")
    frames = Frames(Layout.of(ds), Deferred(path, 6, len(ds.PixelData)))
    assert np.array_equal(frames.samples(2), samples[2])
    assert bytes(blank(frames, [BOX]).value) == bytes(blank(Frames.of(ds), [BOX]).value)


def test_replaced_samples_are_written_and_frames_answered_with_none_stay():
    ds = dataset(bits=16, stored=12, signed=1)
    samples = noise(ds)
    frames = Frames.of(with_samples(ds, samples))
    new = stack(again(ds, replace_samples(frames, lambda n, s: np.maximum(s, 0) if n == 1 else None)))
    assert np.array_equal(new, [samples[0], np.maximum(samples[1], 0), samples[2]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Rows": 0}, "zero"),
        ({"BitsAllocated": 64}, "Bits Allocated"),
        ({"BitsStored": 9}, "Bits Stored"),
        ({"SamplesPerPixel": 3}, "Samples per Pixel"),
        ({"PhotometricInterpretation": "HSV"}, "Samples per Pixel|retired"),
        ({"PhotometricInterpretation": "YBR_RCT", "SamplesPerPixel": 3}, "native"),
        ({"NumberOfFrames": 9}, "shorter"),
        ({"Columns": None}, "Columns is missing"),
    ],
)
def test_a_layout_that_contradicts_itself_is_refused(change, words):
    ds = dataset()
    with_samples(ds, noise(ds))
    for keyword, value in change.items():
        setattr(ds, keyword, value)
    with pytest.raises(PixelError, match=words):
        Frames.of(ds)


def test_a_region_of_a_frame_that_does_not_exist_is_an_error():
    ds = dataset()
    with pytest.raises(PixelError, match="frame 3"):
        blank(Frames.of(with_samples(ds, noise(ds))), [Region(0, 0, 2, 2, frame=3)])


def test_samples_that_do_not_fit_are_an_error():
    ds = dataset(bits=16, stored=12)
    frames = Frames.of(with_samples(ds, noise(ds)))
    with pytest.raises(PixelError, match="12 bits"):
        replace_samples(frames, lambda _, s: s + 4095)
    with pytest.raises(PixelError, match="shape"):
        replace_samples(frames, lambda _, s: s[1:])


def test_a_cine_is_edited_in_the_memory_of_its_new_value_alone(tmp_path):
    ds = dataset("RGB", frames=60)
    ds.Rows, ds.Columns = 256, 320
    layout = Layout.of(ds)
    path = tmp_path / "value"
    with path.open("wb") as file:
        file.truncate(layout.size)  # 15 MB of zeros
    tracemalloc.start()
    edited = blank(Frames(layout, Deferred(path, 0, layout.size)), [Region(9, 9, 99, 30)], "blur")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(edited.value) == layout.size == 60 * 256 * 320 * 3
    assert peak < layout.size + 10_000_000
