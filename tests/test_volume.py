"""A series becomes a volume and comes back: order, place, quantities, and what is no volume."""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
import pytest
from factories import item
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless
from stacks import AXIAL, CORONAL, FEET_FIRST, PRONE, SAGITTAL, compressed, enhanced, series, stored_samples, turned

from dicomlab import pixels
from dicomlab.errors import VolumeError
from dicomlab.volume import by_series, frame_affines, loaded, sampled, stacks_of, volumes_of

PLANES = {
    "axial": AXIAL,
    "sagittal": SAGITTAL,
    "coronal": CORONAL,
    "prone": PRONE,
    "feet first": FEET_FIRST,
    "oblique": turned(20, -35, 10),
}
angles = st.floats(-180, 180).map(lambda v: round(v, 2))
orientations = st.builds(turned, angles, angles, angles)
steps = st.floats(0.4, 6).map(lambda v: round(v, 3))


def only(datasets):
    """The one volume that the datasets form."""
    (volume,), refused = volumes_of(datasets)
    assert refused == ()
    return volume


def reasons(datasets):
    volumes, refused = volumes_of(datasets)
    assert volumes == ()
    return [r.reason for r in refused]


# Order and place


@pytest.mark.parametrize("plane", PLANES.values(), ids=PLANES)
@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 0, 5, 1, 4, 2]])
def test_slices_ascend_along_the_normal_whatever_the_order_of_instances(plane, order):
    made = series(plane)
    volume = only([made[n] for n in order])
    assert (volume.array == stored_samples((6, 5, 7), signed=False)).all()
    assert [order[index] for index, _ in volume.places] == [0, 1, 2, 3, 4, 5]


def test_instance_numbers_against_the_positions_do_not_matter():
    made = series()
    for n, dataset in enumerate(made):
        dataset.InstanceNumber = str(99 - n)
    assert (only(made).array == stored_samples((6, 5, 7), signed=False)).all()


def test_an_affine_leads_from_slice_row_and_column_to_millimetres():
    # A sagittal slice: columns run to the back, rows to the feet, so slices ascend to the patient's right.
    volume = only(series(SAGITTAL, spacing=(0.5, 0.25), step=3, origin=(10, 20, 30)))
    assert volume.spacing == (3, 0.5, 0.25)
    assert (volume.affine @ [0, 0, 0, 1]).tolist() == [10, 20, 30, 1]
    assert (volume.affine @ [1, 0, 0, 1]).tolist() == [7, 20, 30, 1]
    assert (volume.affine @ [0, 1, 0, 1]).tolist() == [10, 20, 29.5, 1]
    assert (volume.affine @ [0, 0, 1, 1]).tolist() == [10, 20.25, 30, 1]


@settings(max_examples=40, deadline=None)
@given(plane=orientations, step=steps, rows=steps, columns=steps, data=st.data())
def test_a_point_in_the_patient_is_the_stored_sample_that_lies_there(plane, step, rows, columns, data):
    order = data.draw(st.permutations(range(4)))
    k, i, j = (data.draw(st.integers(0, n - 1)) for n in (4, 3, 5))
    origin = np.array([-31.5, 12.25, 80])
    made = series(plane, shape=(4, 3, 5), spacing=(rows, columns), step=step, origin=origin)
    volume = only([made[n] for n in order])
    row, column = np.array(plane)
    point = origin + k * step * np.cross(row, column) + i * rows * column + j * columns * row
    found = np.linalg.inv(volume.affine) @ [*point, 1]
    assert np.abs(found[:3] - [k, i, j]).max() < 1e-5
    index, frame = volume.places[k]
    assert pixels.Frames.of(made[order[index]]).samples(frame)[i, j] == k * 15 + i * 5 + j
    assert volume.array[k, i, j] == k * 15 + i * 5 + j


@settings(max_examples=25, deadline=None)
@given(plane=orientations, step=steps, data=st.data())
def test_a_mask_in_patient_space_changes_the_samples_below_it_and_no_other_byte(plane, step, data):
    made = series(plane, shape=(4, 6, 5), spacing=(1.5, 0.8), step=step, origin=(0, 0, 0), signed=True)
    mask = np.zeros((5, 6, 7), dtype=bool)
    mask[1:4, 2:5, 1:6] = True
    grid = np.array([[0, 0, 2, -6.1], [0, 2, 0, -5.2], [2, 0, 0, -4.3], [0, 0, 0, 1.0]])
    order = data.draw(st.permutations(range(4)))
    volume = only([made[n] for n in order])
    on_volume = sampled(mask, grid, volume.affine, volume.array.shape)
    for k, (index, frame) in enumerate(volume.places):
        dataset = made[order[index]]
        wanted, sure = by_hand(mask, dataset)
        below = sampled(mask, grid, frame_affines(dataset)[frame], (6, 5))
        assert (below == wanted)[sure].all()
        assert (on_volume[k] == wanted)[sure].all()
        edited = pixels.replace_samples(
            pixels.Frames.of(dataset), lambda _, old, below=below: np.where(below, -9, old).astype(old.dtype)
        )
        before, after = (np.frombuffer(v, "<i2").reshape(6, 5) for v in (dataset.PixelData, edited.value))
        assert (after[below] == -9).all()
        assert (after[~below] == before[~below]).all()


def by_hand(mask, dataset):
    """The mask at each pixel's centre, one at a time, and where that is not midway between two of its voxels."""
    v = np.array(dataset.ImageOrientationPatient, dtype=float)
    out, sure = np.zeros((6, 5), dtype=bool), np.zeros((6, 5), dtype=bool)
    for i, j in itertools.product(range(6), range(5)):
        x, y, z = np.array(dataset.ImagePositionPatient, dtype=float) + i * 1.5 * v[3:] + j * 0.8 * v[:3]
        at = np.array([(z + 4.3) / 2, (y + 5.2) / 2, (x + 6.1) / 2])
        n = np.floor(at + 0.5).astype(int)
        sure[i, j] = (np.abs(at + 0.5 - np.rint(at + 0.5)) > 1e-4).all()
        out[i, j] = (n >= 0).all() and (n < mask.shape).all() and mask[tuple(n)]
    return out, sure


@pytest.mark.parametrize("syntax", [None, JPEG2000Lossless, JPEGLSLossless, RLELossless])
def test_a_series_that_became_a_volume_is_the_same_bytes(syntax):
    made = series(shape=(3, 16, 12), signed=syntax != JPEGLSLossless)
    if syntax:
        made = [compressed(dataset, syntax) for dataset in made]
    before = [hashlib.sha256(d.to_json().encode()).digest() for d in made]
    volume = only(made)
    assert (volume.array == stored_samples((3, 16, 12), signed=syntax != JPEGLSLossless)).all()
    assert [hashlib.sha256(d.to_json().encode()).digest() for d in made] == before
    kept = [pixels.replace_samples(pixels.Frames.of(made[i]), lambda _n, _old: None) for i, _ in volume.places]
    assert [(e.value, e.transfer_syntax) for e in kept] == [
        (made[i].PixelData, made[i].file_meta.TransferSyntaxUID) for i, _ in volume.places
    ]


# Quantities


def test_ct_becomes_hounsfield_units():
    volume = only(series(modality="CT", rescale=lambda _: (2, -1024), shape=(2, 2, 2)))
    assert volume.array.dtype == np.float32
    assert volume.array.ravel().tolist() == [-1024, -1022, -1020, -1018, -1016, -1014, -1012, -1010]


def test_each_pet_slice_has_its_own_slope():
    volume = only(series(modality="PT", rescale=lambda k: (0.5 * (k + 1), k), shape=(3, 1, 2)))
    assert volume.array.ravel().tolist() == [0, 0.5, 3, 4, 8, 9.5]  # 0 1 | 2 3 | 4 5 times 0.5, 1, 1.5 plus 0, 1, 2


def test_each_frame_of_an_enhanced_instance_has_its_own_slope():
    volume = only([enhanced(modality="PT", rescale=lambda k: (0.5 * (k + 1), k), shape=(3, 1, 2))])
    assert volume.array.ravel().tolist() == [0, 0.5, 3, 4, 8, 9.5]


def test_bits_beside_the_stored_ones_do_not_count():
    made = series(shape=(2, 1, 2), BitsStored=12, HighBit=11)
    for dataset in made:
        dataset.PixelData = (np.frombuffer(dataset.PixelData, "<u2") | 0x3000).astype("<u2").tobytes()
    assert only(made).array.ravel().tolist() == [0, 1, 2, 3]


# Enhanced multi-frame


@pytest.mark.parametrize("plane", PLANES.values(), ids=PLANES)
@pytest.mark.parametrize("shared", [True, False])
def test_an_enhanced_instance_is_a_volume_whatever_the_order_of_its_frames(plane, shared):
    order = [4, 1, 0, 5, 2, 3]
    instance = enhanced(plane, order=order, shared_geometry=shared, step=1.5)
    volume = only([instance])
    assert volume.places == tuple((0, order.index(k)) for k in range(6))
    assert (volume.array == stored_samples((6, 5, 7), signed=False)[[order.index(k) for k in range(6)]]).all()
    classic = only(series(plane, step=1.5))
    assert np.abs(volume.affine - classic.affine).max() < 1e-9


def echo(time):
    return lambda _: {"MREchoSequence": item(EffectiveEchoTime=float(time))}


def diffusion(value, *direction):
    gradient = [item(DiffusionGradientOrientation=[float(v) for v in direction])] if direction else []
    extra = {"DiffusionGradientDirectionSequence": gradient} if gradient else {}
    return lambda _: {"MRDiffusionSequence": item(DiffusionBValue=float(value), **extra)}


def moment(number):
    return lambda _: {"FrameContentSequence": item(TemporalPositionIndex=number)}


@pytest.mark.parametrize(
    "groups",
    [
        [echo(10), echo(20), echo(30)],
        [diffusion(0), diffusion(1000, 1, 0, 0), diffusion(1000, 0, 1, 0)],
        [moment(1), moment(2), moment(3)],
        [lambda _: {}, lambda _: {}, lambda _: {}],  # told apart by the first dimension index alone
    ],
    ids=["echoes", "b-values and directions", "time points", "an unknown dimension"],
)
@pytest.mark.parametrize("interleaved", [False, True])
def test_an_enhanced_instance_of_three_dimensions_more_is_three_volumes(groups, interleaved):
    order = [v * 4 + k for k in range(4) for v in range(3)] if interleaved else list(range(12))
    instance = enhanced(shape=(4, 2, 2), groups=groups, order=order)
    if groups[0](0):
        del instance.DimensionIndexSequence  # optional: the functional groups tell as much
    volumes, refused = volumes_of([instance])
    assert refused == ()
    assert [v.places for v in volumes] == [
        tuple((0, order.index(volume * 4 + k)) for k in range(4)) for volume in range(3)
    ]


# Several volumes in one series


@pytest.mark.parametrize(
    "differ",
    [
        {"EchoTime": ["5", "15"]},
        {"TemporalPositionIdentifier": ["1", "2"]},
        {"AcquisitionTime": ["101500", "101530"]},
        {"ImageType": [["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]]},
        {"DiffusionBValue": [0.0, 700.0]},
        {"ConvolutionKernel": ["B30f", "B70f"]},
    ],
    ids=lambda d: next(iter(d)),
)
def test_slices_at_the_same_positions_are_told_apart_by_what_differs(differ):
    ((keyword, values),) = differ.items()
    first, second = (series(shape=(4, 2, 3), **{keyword: v}) for v in values)
    mixed = [d for pair in zip(second, first, strict=True) for d in pair]
    volumes, refused = volumes_of(mixed)
    assert refused == ()
    assert [v.places for v in volumes] == [tuple((n, 0) for n in range(s, 8, 2)) for s in (0, 1)]


def test_an_attribute_that_differs_from_slice_to_slice_tells_no_volumes_apart():
    made = series(shape=(4, 2, 3)) + series(shape=(4, 2, 3))
    for n, dataset in enumerate(made):
        dataset.AcquisitionTime = f"1015{n:02d}"
    assert reasons(made) == ["slices repeat at the same position, and no attribute tells which belong together"]


def test_sizes_orientations_frames_of_reference_and_series_are_told_apart():
    made = [
        *series(),
        *series(CORONAL),
        *series(shape=(6, 4, 4)),
        *series(spacing=(0.5, 0.5)),
        *series(FrameOfReferenceUID="1.2.3.4"),
        *series(number=2),
    ]
    volumes, refused = volumes_of(made)
    assert refused == ()
    assert [sorted(i for i, _ in v.places) for v in volumes] == [list(range(n, n + 6)) for n in range(0, 36, 6)]


def test_datasets_of_a_patient_are_grouped_by_series():
    made = [*series(shape=(2, 1, 1)), *series(shape=(1, 1, 1), number=2)]
    assert list(by_series(made[::-1]).values()) == [(0,), (1, 2)]


def test_geometry_is_told_without_pixel_data():
    made = series(CORONAL)
    headers = [Dataset({e.tag: e for e in d if e.keyword != "PixelData"}) for d in made]
    (stack,), refused = stacks_of(headers)
    assert refused == ()
    assert stack.shape == (6, 5, 7)
    assert (loaded(stack, made).array == only(made).array).all()
    assert (stack.affine == only(made).affine).all()


# What is no volume


def test_a_localiser_is_refused_by_its_image_type():
    assert reasons(series(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])) == ["localiser: ImageType says so"]


def test_a_few_slices_in_three_planes_are_a_localiser():
    made = [d for plane in (AXIAL, SAGITTAL, CORONAL) for d in series(plane, shape=(3, 4, 4))]
    volumes, refused = volumes_of(made)
    assert volumes == ()
    assert [(r.indices, r.reason.split(":")[0]) for r in refused] == [
        ((0, 1, 2), "localiser"),
        ((3, 4, 5), "localiser"),
        ((6, 7, 8), "localiser"),
    ]


def test_a_missing_slice_is_refused_and_where():
    made = series()
    del made[3]
    assert reasons(made) == ["missing slices: 1 gaps, the first after slice 3 of 5"]


def test_a_gantry_tilt_is_refused():
    made = series(modality="CT", shear=(0, 0.4, 0), GantryDetectorTilt="11.3")
    assert reasons(made) == ["gantry tilt: the slices are sheared against their normal"]


def test_a_shear_below_a_tenth_of_a_degree_is_no_tilt():
    volume = only(series(shear=(0, 0.002, 0)))  # 0.057°
    assert (volume.affine @ [5, 0, 0, 1])[:3] == pytest.approx([-10, 20.01, 40.5])


def test_uneven_spacing_is_refused():
    made = series()
    made[2].ImagePositionPatient[2] += 0.3
    assert reasons(made) == ["uneven spacing of slices, worst at slice 3 of 6"]


def test_positions_that_were_rounded_to_a_tenth_are_even():
    made = series(step=1.25, shape=(12, 2, 2))
    for dataset in made:
        dataset.ImagePositionPatient[2] = round(float(dataset.ImagePositionPatient[2]), 1)
    assert only(made).spacing[0] == pytest.approx(1.25, abs=0.01)


def test_slices_shifted_in_their_plane_are_refused():
    made = series()
    made[2].ImagePositionPatient[0] += 1
    assert reasons(made) == ["slices are shifted against each other in their plane"]


def test_a_slice_sent_twice_is_refused():
    made = series()
    volumes, refused = volumes_of([*made, made[2]])
    assert volumes == ()
    assert [r.reason[:13] for r in refused] == ["slices repeat"]
    assert refused[0].indices == (0, 1, 2, 3, 4, 5, 6)
    assert set(refused[0].places) == {(n, 0) for n in range(7)}


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]}, "Siemens mosaic"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "a colour image"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "a colour image"),
        ({"ModalityLUTSequence": [item(ModalityLUTType="HU")]}, "its quantities come from a table"),
        ({"ImagePositionPatient": None}, "ImagePositionPatient is missing"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0.9, 0]}, "ImageOrientationPatient is no pair"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 1]}, "ImageOrientationPatient is missing or not 6"),
        ({"PixelSpacing": ["0", "1"]}, "PixelSpacing is not positive"),
        ({"Rows": None}, "no image"),
        ({"NumberOfFrames": 2}, "several frames without functional groups"),
        ({"BitsAllocated": 1}, "a segmentation"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_is_no_grey_plane_in_a_patient_is_refused(attributes, reason):
    volumes, (refused,) = volumes_of(series(**attributes))
    assert volumes == ()
    assert refused.reason.startswith(reason)
    assert refused.indices == (0, 1, 2, 3, 4, 5)


def test_a_single_slice_is_refused():
    assert reasons(series()[:1]) == ["a single slice is no volume"]


def test_pixel_data_that_is_too_short_is_refused():
    made = series()
    made[4].PixelData = made[4].PixelData[:-2]
    (reason,) = reasons(made)
    assert reason.startswith("pixel data: ")


def test_no_uid_is_shown():
    volume = only(series())
    (stack,), _ = stacks_of(series())
    assert repr(volume) == "Volume(MR, 6 × 5 × 7, 2.00 × 1.00 × 1.00 mm)"
    assert "1.2." not in repr(stack)


# Frames


def test_the_first_column_of_a_frame_runs_through_its_thickness():
    (affine,) = frame_affines(series(CORONAL, shape=(1, 2, 2), step=4, origin=(0, 0, 0))[0])
    assert (affine @ [0.5, 0, 0, 1]).tolist() == [0, 2, 0, 1]  # (1,0,0) × (0,0,-1) points to the back


def test_frames_of_an_enhanced_instance_lie_where_its_slices_do():
    instance = enhanced(SAGITTAL, order=[2, 0, 1], shape=(3, 2, 2), step=4, origin=(0, 5, 5))
    assert [tuple(a[:3, 3]) for a in frame_affines(instance)] == [(-8, 5, 5), (0, 5, 5), (-4, 5, 5)]


def test_frames_of_a_dose_grid_lie_at_their_offsets():
    dose = series(shape=(1, 2, 2), NumberOfFrames=3, GridFrameOffsetVector=["0", "2.5", "5"], Modality="RTDOSE")[0]
    assert [tuple(a[:3, 3]) for a in frame_affines(dose)] == [(-10, 20, 30.5), (-10, 20, 33), (-10, 20, 35.5)]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda d: d.PerFrameFunctionalGroupsSequence.pop(), "not one item for each frame"),
        (lambda d: d.SharedFunctionalGroupsSequence[0].clear(), "ImageOrientationPatient is missing"),
        (lambda d: d.PerFrameFunctionalGroupsSequence[1].clear(), "ImagePositionPatient is missing"),
    ],
)
def test_a_frame_that_does_not_say_where_it_lies_is_an_error(spoil, why):
    instance = enhanced()
    spoil(instance)
    with pytest.raises(VolumeError, match=why):
        frame_affines(instance)
