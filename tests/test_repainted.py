"""Pixels that were changed on purpose: where they may differ, where they must, and what the judge makes of it."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from deidentified import KEY, UID_ROOT, instance, recipe_of
from images import IN_ITEMS
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian

from dicomlab import engine, judge
from dicomlab.engine import Deidentifier, Face, instance_of, subject_of
from dicomlab.errors import InstanceError
from dicomlab.files import encoded
from dicomlab.judge.repainted import wrong_repainting
from dicomlab.records import Region, Repainted

PIXELS = "pixels unchanged but where text or a face was removed"
FACES = ["clean-recognizable-visual-features"]
AIR = -1000.0
TISSUE = 1000 + np.arange(12 * 16).reshape(12, 16)
NAME = "faces/p0f0.npz"
OUTSIDE = "stored samples differ outside the declared regions"


def ct() -> Dataset:
    """An oblique CT slice of 16 x 12 pixels of 2 mm, every pixel other than the next."""
    made = instance(
        PatientName="Quistgaard^Ingeborg", Modality="CT", BodyPartExamined="HEAD", Rows=12, Columns=16,
        SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", BitsAllocated=16, BitsStored=16, HighBit=15,
        PixelRepresentation=1, RescaleSlope="1", RescaleIntercept="-1024", PixelSpacing=[2, 2], SliceThickness="2",
        ImagePositionPatient=[-16, -12, 5], ImageOrientationPatient=[1, 0, 0, 0, 0.8, 0.6],
        FrameOfReferenceUID=f"{UID_ROOT}.9", ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        RescaleType="HU", KVP="120", AcquisitionNumber="1",
    )  # fmt: skip
    made.PixelData = TISSUE.astype("<i2").tobytes()
    return made


@pytest.fixture
def face(tmp_path) -> Face:
    """A mask of the patient's front left: all voxels with x >= 0 and y <= -5 (LPS mm), on a grid of 2 mm."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0])[:, [2, 1, 0, 3]]  # (k, i, j) to (x, y, z)
    affine[:3, 3] = [-20, -20, -20]
    k, i, j = np.indices((30, 30, 30))
    mask = (-20 + 2 * j >= 0) & (-20 + 2 * i <= -5) & (k >= 0)
    (tmp_path / "faces").mkdir()
    np.savez(tmp_path / NAME, mask=np.packbits(mask), shape=np.asarray(mask.shape), affine=affine)
    return Face(mask, affine, AIR, name=NAME)


def filed(one: engine.Instance) -> bytes:
    return b"".join(encoded(one))


def sourced(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    buffer = io.BytesIO()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def cleaned(before: Dataset, face: Face | None, options: list[str]) -> engine.Cleaned:
    one, recipe = instance_of(before), recipe_of(options)
    return Deidentifier(recipe, KEY, subject_of(recipe, KEY, one), engine.gather(before, recipe)).apply(one, face)


def verdict(before: Dataset, made: engine.Cleaned, private, options: list[str]) -> judge.InstanceVerdict:
    return judge.judge_instance(
        sourced(before), filed(made.instance), recipe_of(options), identity=None, repainted=made.repainted,
        private=private,
    )  # fmt: skip


def failures(found: judge.InstanceVerdict) -> set[str]:
    return {c.name for c in found.checks if not c.passed}


def test_inside_the_mask_everything_is_air_and_outside_nothing_changed(face):
    before = ct()
    made = cleaned(before, face, FACES)
    stored = np.frombuffer(made.instance.elements[0x7FE00010].value, "<i2").reshape(12, 16)
    # Column c lies at x = -16 + 2c mm, row r at y = -12 + 1.6 r: the mask covers columns 8 to 15 and, to the edge of
    # its voxels at y < -5, rows 0 to 4.
    expected = TISSUE.copy()
    expected[:5, 8:] = 24  # -1000 HU
    np.testing.assert_array_equal(stored, expected)


def test_a_defaced_instance_passes_and_says_so(face, tmp_path):
    before = ct()
    made = cleaned(before, face, FACES)
    assert made.repainted == Repainted(mask=NAME)
    assert failures(verdict(before, made, tmp_path, FACES)) == set()
    dataset = engine.datasets.dataset_from(made.instance.elements, made.instance.encoding, ExplicitVRLittleEndian)
    assert dataset.RecognizableVisualFeatures == "NO"
    assert dataset.PatientIdentityRemoved == "YES"
    assert "113102" in {code.CodeValue for code in dataset.DeidentificationMethodCodeSequence}
    assert list(dataset.ImageType) == ["DERIVED", "PRIMARY", "AXIAL"]


def test_a_face_that_nobody_looked_for_stays_a_risk(tmp_path):
    before = ct()
    made = cleaned(before, None, FACES)
    assert [f.carrier for f in made.plan.findings] == ["face"]
    assert "113102" not in made.codes
    assert failures(verdict(before, made, tmp_path, FACES)) == set()


def test_a_head_that_was_refused_is_held_back():
    one, recipe = instance_of(ct()), recipe_of(FACES, at_risk={"text": "keep", "face": "quarantine"})
    cleaner = Deidentifier(recipe, KEY, subject_of(recipe, KEY, one))
    with pytest.raises(InstanceError, match="face"):
        cleaner.apply(one, Face(refused="the fit is poor"))


def with_samples(made: engine.Cleaned, change) -> engine.Cleaned:
    element = made.instance.elements[0x7FE00010]
    samples = np.frombuffer(element.value, "<i2").reshape(12, 16).copy()
    change(samples)
    elements = {**made.instance.elements, 0x7FE00010: element._replace(value=samples.tobytes())}
    return replace(made, instance=replace(made.instance, elements=elements))


def one_sample_outside(samples):
    samples[11, 0] = 7


def the_face_back(samples):
    samples[:5, 8:] = TISSUE[:5, 8:]


@pytest.mark.parametrize("change", [one_sample_outside, the_face_back])
def test_the_judge_sees_samples_that_should_not_have_changed_and_a_mask_that_was_not_applied(face, tmp_path, change):
    before = ct()
    made = with_samples(cleaned(before, face, FACES), change)
    assert failures(verdict(before, made, tmp_path, FACES)) == {PIXELS}


def test_text_that_was_blanked_over_the_mask_may_have_a_value_of_its_own(face, tmp_path):
    def blank(samples):
        samples[:3, 9:14] = 1009  # what one sample of the source has too

    before, region = ct(), Region(9, 0, 14, 3)
    made = cleaned(before, face, FACES)
    both = replace(with_samples(made, blank), repainted=Repainted((region,), mask=NAME))
    assert failures(verdict(before, both, tmp_path, FACES)) == set()
    the_face_left = replace(with_samples(made, the_face_back), repainted=Repainted((region,), mask=NAME))
    assert failures(verdict(before, the_face_left, tmp_path, FACES)) == {PIXELS}


def test_without_the_mask_nothing_can_be_proven(face, tmp_path):
    before = ct()
    made = cleaned(before, face, FACES)
    (tmp_path / NAME).unlink()
    assert failures(verdict(before, made, tmp_path, FACES)) == {PIXELS}


def test_a_claim_of_a_removed_face_needs_the_option(face, tmp_path):
    before = ct()
    made = cleaned(before, face, FACES)
    found = judge.judge_instance(
        sourced(before), filed(made.instance), recipe_of([]), identity=None, repainted=made.repainted, private=tmp_path
    )
    assert "claims agree with facts" in failures(found)


def test_native_frames_in_items_are_compared_too():
    def in_items(samples: np.ndarray) -> bytes:
        made = ct()
        made.PixelData = encapsulate([samples.astype("<i2").tobytes()])
        made["PixelData"].is_undefined_length = True
        return sourced(made, IN_ITEMS)

    blanked = TISSUE.copy()
    blanked[3:5, 2:6] = 0
    source, release = in_items(TISSUE), in_items(blanked)
    assert wrong_repainting(source, release, Repainted((Region(2, 3, 6, 5),)), None) == []
    assert wrong_repainting(source, release, Repainted((Region(2, 3, 5, 5),)), None) == [OUTSIDE]


def test_blanked_regions_may_differ_and_nothing_else():
    before = ct()
    made = cleaned(before, None, [])
    region = Region(2, 3, 6, 5)

    def blank(samples):
        samples[3:5, 2:6] = 0

    changed = with_samples(made, blank)
    for declared, wrong in (((region,), set()), ((Region(2, 3, 5, 5),), {PIXELS})):
        found = judge.judge_instance(
            sourced(before), filed(changed.instance), recipe_of([]), identity=None, repainted=Repainted(declared)
        )
        assert failures(found) == wrong
