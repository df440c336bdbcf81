"""Cropping: what stays is bit for bit the same, and every attribute that says where it lies follows."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from images import (
    BIG,
    COLUMNS,
    DEFLATED_FRAMES,
    EXPLICIT,
    IN_ITEMS,
    JPEG,
    RLE,
    ROWS,
    again,
    dataset,
    encapsulated,
    encode,
    noise,
    smooth,
    stack,
    with_samples,
)
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence

from dicomlab.errors import PixelError
from dicomlab.pixels import Frames, Layout, blank, crop, crop_box
from dicomlab.records import Region

BOX = Region(4, 3, 18, 12)
KEPT = (slice(None), slice(3, 12), slice(4, 18))


def cropped(ds, box=BOX):
    edited = crop(Frames.of(ds), box, ds)
    return edited, again(ds, edited)


@pytest.mark.parametrize(
    "syntax", [EXPLICIT, BIG, f"{JPEG}57", f"{JPEG}80", f"{JPEG}90", RLE, DEFLATED_FRAMES, IN_ITEMS]
)
@pytest.mark.parametrize(
    "layout", [{"bits": 1}, {"bits": 8}, {"bits": 16, "stored": 12, "signed": 1}, {"photometric": "RGB"}], ids=str
)
def test_samples_that_stay_are_identical_in_the_same_syntax(syntax, layout):
    if layout.get("bits") == 1 and syntax not in {EXPLICIT, BIG, DEFLATED_FRAMES, IN_ITEMS}:
        return  # single bits exist in these alone
    ds = dataset(**layout, syntax=syntax)
    samples = noise(ds)
    if syntax in {EXPLICIT, BIG}:
        with_samples(ds, samples)
    else:
        mct = {"mct": False} if syntax == f"{JPEG}90" and "photometric" in layout else {}
        encapsulated(ds, [encode(ds, f, **mct) for f in samples])
    edited, after = cropped(ds)
    assert edited.transfer_syntax == syntax
    assert (after.Rows, after.Columns, after.NumberOfFrames) == (9, 14, 3)
    assert np.array_equal(stack(after), samples[KEPT])


@pytest.mark.parametrize("subsampling", ["444", "422", "420", "440", None])
@pytest.mark.parametrize("box", [Region(16, 32, 61, 70), Region(16, 16, 64, 96), Region(0, 0, 5, 5)])
def test_baseline_jpeg_is_cropped_at_a_whole_unit_without_decoding(tmp_path, subsampling, box):
    ds = dataset("YBR_FULL_422" if subsampling else "MONOCHROME2", syntax=f"{JPEG}50", frames=2)
    ds.Rows, ds.Columns = 99, 101
    options = {"subsampling": subsampling} if subsampling else {}
    before = stack(encapsulated(ds, [encode(ds, f, **options) for f in smooth(ds)]))
    edited, after = cropped(ds, box)
    new = stack(after)
    assert edited.transfer_syntax == f"{JPEG}50"
    assert edited.attributes["LossyImageCompression"] == "01"
    old = before[:, box.y0 : box.y1, box.x0 : box.x1]
    luma = (..., 0) if subsampling else (...,)
    assert np.array_equal(new[luma], old[luma])
    inner = (slice(None), slice(1, -1), slice(1, -1))  # at the new edges decoders interpolate chroma otherwise
    assert np.array_equal(new[inner], old[inner])


def test_baseline_jpeg_cropped_amid_a_block_is_written_uncompressed():
    ds = dataset("YBR_FULL", syntax=f"{JPEG}50")
    before = stack(encapsulated(ds, [encode(ds, f, subsampling="444") for f in smooth(ds)]))
    edited, after = cropped(ds)
    assert (edited.transfer_syntax, edited.attributes["LossyImageCompression"]) == (EXPLICIT, "01")
    assert np.array_equal(stack(after), before[KEPT])


def native(**more):
    ds = dataset(**more)
    return with_samples(ds, noise(ds))


def test_the_position_of_a_slice_moves_along_its_axes():
    ds = native()
    ds.ImagePositionPatient, ds.PixelSpacing = [-10.5, 20, 7], [0.5, 0.25]
    ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]  # along a row to posterior, down a column to the feet
    assert [float(v) for v in cropped(ds)[1].ImagePositionPatient] == [-10.5, 20 + 4 * 0.25, 7 - 3 * 0.5]
    ds.ImageOrientationPatient = None
    with pytest.raises(PixelError, match="position"):
        cropped(ds)


@pytest.mark.parametrize("shared", [True, False])
def test_the_positions_in_functional_groups_move(shared):
    ds = native()
    place, plane, measure = Dataset(), Dataset(), Dataset()
    place.ImagePositionPatient, measure.PixelSpacing = [1, 2, 3], [2, 4]
    plane.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    whole, frame = Dataset(), Dataset()
    (whole if shared else frame).PlaneOrientationSequence = [plane]
    whole.PixelMeasuresSequence = [measure]
    frame.PlanePositionSequence = [place]
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = [whole], [frame]
    before = ds.to_json()
    _, after = cropped(ds)
    (item,) = after.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence
    assert [float(v) for v in item.ImagePositionPatient] == [1 + 4 * 4, 2 + 3 * 2, 3]
    assert ds.to_json() == before


def test_an_rt_image_moves_up_its_y_axis_when_rows_are_cut_away():
    ds = native()
    ds.RTImagePosition, ds.ImagePlanePixelSpacing = [-100, 80], [0.5, 0.25]
    assert [float(v) for v in cropped(ds)[1].RTImagePosition] == [-100 + 4 * 0.25, 80 - 3 * 0.5]


def ultrasound_region(x0, y0, x1, y1, reference):
    item = Dataset()
    item.RegionLocationMinX0, item.RegionLocationMinY0 = x0, y0
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = x1, y1
    item.ReferencePixelX0, item.ReferencePixelY0 = reference
    return item


def test_ultrasound_regions_are_cut_and_their_reference_pixel_stays_where_it_was():
    ds = native()
    ds.SequenceOfUltrasoundRegions = Sequence(
        [
            ultrasound_region(0, 0, 21, 12, (11, 2)),
            ultrasound_region(6, 5, 9, 8, (1, -1)),
            ultrasound_region(0, 0, 3, 12, (0, 0)),
        ]
    )
    _, after = cropped(ds)
    cut, whole = after.SequenceOfUltrasoundRegions
    assert [e.value for e in cut] == [0, 0, 13, 8, 11 - 4, 2 - 3]
    assert [e.value for e in whole] == [2, 2, 5, 5, 1, -1]
    ds.SequenceOfUltrasoundRegions = ds.SequenceOfUltrasoundRegions[2:]
    assert "SequenceOfUltrasoundRegions" not in cropped(ds)[1]


def test_shutters_collimators_and_fields_of_view_follow():
    ds = native()
    ds.ShutterShape = ["RECTANGULAR", "CIRCULAR", "POLYGONAL"]
    ds.ShutterLeftVerticalEdge, ds.ShutterRightVerticalEdge = 6, 20
    ds.ShutterUpperHorizontalEdge, ds.ShutterLowerHorizontalEdge = 5, 9
    ds.CenterOfCircularShutter, ds.RadiusOfCircularShutter = [7, 9], 4  # row, column
    ds.VerticesOfThePolygonalShutter = [5, 6, 5, 9, 9, 9]
    ds.CollimatorLeftVerticalEdge = 5
    ds.FieldOfViewOrigin, ds.SmallestImagePixelValue = [0, 0], 1
    item = Dataset()
    item.ShutterLeftVerticalEdge = 7
    frame = Dataset()
    frame.FrameDisplayShutterSequence = [item]
    ds.PerFrameFunctionalGroupsSequence = [frame]
    _, after = cropped(ds)
    assert (after.ShutterLeftVerticalEdge, after.ShutterRightVerticalEdge) == (2, 16)
    assert (after.ShutterUpperHorizontalEdge, after.ShutterLowerHorizontalEdge) == (2, 6)
    assert (after.CenterOfCircularShutter, after.RadiusOfCircularShutter) == ([4, 5], 4)
    assert after.VerticesOfThePolygonalShutter == [2, 2, 2, 5, 6, 5]
    assert after.CollimatorLeftVerticalEdge == 1
    assert after.PerFrameFunctionalGroupsSequence[0].FrameDisplayShutterSequence[0].ShutterLeftVerticalEdge == 3
    assert "FieldOfViewOrigin" not in after
    assert "SmallestImagePixelValue" not in after


@pytest.mark.parametrize("origin", [(1, 1), (5, 7), (-1, -2)])
def test_an_overlay_is_cut_to_what_lies_over_the_image(origin):
    ds = native()
    plane = np.random.default_rng(4).integers(0, 2, (2, 9, 11), np.uint8)
    ds.add_new(0x60020010, "US", 9)
    ds.add_new(0x60020011, "US", 11)
    ds.add_new(0x60020015, "IS", 2)
    ds.add_new(0x60020050, "SS", list(origin))
    ds.add_new(0x60021301, "IS", 5)
    ds.add_new(0x60023000, "OW", np.packbits(plane, bitorder="little").tobytes() + b"\0")
    _, after = cropped(ds)
    large = np.zeros((2, ROWS + 40, COLUMNS + 40), np.uint8)  # the picture's plane, 20 pixels of room around it
    large[:, 19 + origin[0] : 28 + origin[0], 19 + origin[1] : 30 + origin[1]] = plane
    rows, columns = after[0x60020010].value, after[0x60020011].value
    new = np.zeros((2, 9, 14), np.uint8)
    y, x = (v - 1 for v in after[0x60020050].value)
    bits = np.unpackbits(np.frombuffer(after[0x60023000].value, np.uint8), bitorder="little")
    new[:, y : y + rows, x : x + columns] = bits[: 2 * rows * columns].reshape(2, rows, columns)
    assert np.array_equal(new, large[:, 23:32, 24:38])
    assert 0x60021301 not in after


def test_an_overlay_beside_the_box_is_gone():
    ds = native()
    for number, vr, value in ((0x10, "US", 3), (0x11, "US", 4), (0x50, "SS", [1, 1]), (0x3000, "OW", b"\0\0")):
        ds.add_new(0x60000000 | number, vr, value)
    assert not cropped(ds)[1].group_dataset(0x6000)


def test_tiles_boxes_outside_and_broken_chroma_are_refused():
    ds = native()
    for box in (Region(-1, 0, 5, 5), Region(0, 0, COLUMNS + 1, 5), Region(5, 5, 5, 9), Region(0, 0, 9, 9, frame=1)):
        with pytest.raises(PixelError, match="box"):
            cropped(ds, box)
    ds.TotalPixelMatrixColumns = 900
    with pytest.raises(PixelError, match="tile"):
        cropped(ds)
    pairs = dataset("YBR_FULL_422", frames=1)
    pairs.PixelData = bytes(ROWS * COLUMNS * 2)
    with pytest.raises(PixelError, match="even"):
        cropped(pairs, Region(3, 0, 9, 9))
    with pytest.raises(PixelError, match="even"):
        cropped(pairs, Region(2, 0, 9, 9))


def test_chroma_pairs_are_cut_whole():
    ds = dataset("YBR_FULL_422", frames=1)
    value = np.random.default_rng(5).integers(0, 256, (ROWS, COLUMNS // 2, 4), np.uint8)
    ds.PixelData = value.tobytes()
    edited, _ = cropped(ds)
    assert bytes(edited.value) == value[3:12, 2:9].tobytes()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.integers(0, 30)] * 4).map(lambda t: Region(t[0], t[1], t[0] + t[2], t[1] + t[3])), max_size=5
    ),
    st.sampled_from(
        [("MONOCHROME2", EXPLICIT, 1, 1), ("MONOCHROME2", f"{JPEG}50", 8, 8), ("YBR_FULL_422", EXPLICIT, 1, 2)]
    ),
)
def test_the_box_of_a_crop_is_the_largest_that_is_free(regions, kind):
    photometric, syntax, down, across = kind
    ds = dataset(photometric, syntax=syntax)
    ds.Rows, ds.Columns = 20, 24
    taken = np.zeros((20, 24), bool)
    for r in regions:
        taken[r.y0 : r.y1, r.x0 : r.x1] = True
    even = 2 if across == 2 else 1
    sums = np.pad(taken.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    best = 0
    for y0 in range(0, 20, down):
        for x0 in range(0, 24, across):
            free = (
                sums[y0 + 1 :, x0 + even :: even] - sums[y0, x0 + even :: even] - sums[y0 + 1 :, [x0]] + sums[y0, x0]
                == 0
            )
            area = np.outer(np.arange(1, 21 - y0), np.arange(even, 25 - x0, even))
            best = max(best, int((area * free).max()))
    if best < 120:
        with pytest.raises(PixelError, match="quarter"):
            crop_box(Layout.of(ds), regions)
        return
    box = crop_box(Layout.of(ds), regions)
    assert (box.x1 - box.x0) * (box.y1 - box.y0) == best
    assert not taken[box.y0 : box.y1, box.x0 : box.x1].any()
    assert (box.y0 % down, box.x0 % across) == (0, 0)


def complaints(program, path):
    """What dciodvfy calls an error."""
    run = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    return {line for line in (run.stdout + run.stderr).splitlines() if line.startswith("Error")}


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "RGB"])
def test_a_cropped_ultrasound_image_has_no_new_faults(tmp_path, needs_tool, photometric):
    program = needs_tool("dciodvfy")
    ds = native(photometric=photometric)
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.3.1", "2.25.7"
    ds.Modality, ds.ImageType, ds.FrameTime = "US", ["DERIVED", "PRIMARY"], 40
    ds.FrameIncrementPointer, ds.LossyImageCompression = 0x00181063, "00"
    region = ultrasound_region(0, 0, 21, 12, (11, 2))
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.05
    ds.SequenceOfUltrasoundRegions = [region]
    for number, vr, value in ((0x10, "US", 13), (0x11, "US", 22), (0x40, "CS", "G"), (0x50, "SS", [1, 1]),
                              (0x100, "US", 1), (0x102, "US", 0), (0x3000, "OW", bytes(36))):  # fmt: skip
        ds.add_new(0x60000000 | number, vr, value)
    _, after = cropped(ds)
    for name, one in (("before", ds), ("after", after)):
        one.save_as(tmp_path / name, enforce_file_format=True)
    before = complaints(program, tmp_path / "before")
    assert complaints(program, tmp_path / "after") <= before
    assert not any("Region" in line or "Overlay" in line or "Pixel" in line for line in before)
    assert np.array_equal(dcmread(tmp_path / "after").pixel_array, ds.pixel_array[KEPT])


def test_an_edit_takes_away_what_states_the_smallest_sample():
    ds = native()
    ds.SmallestImagePixelValue = 3
    assert blank(Frames.of(ds), [BOX]).attributes == {"SmallestImagePixelValue": None}
    assert blank(Frames.of(ds), []).attributes == {}
