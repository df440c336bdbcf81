"""Volumes as NIfTI files: against their definition, and against what dcm2niix makes of the same instances."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from factories import item, write
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless
from stacks import AXIAL, CORONAL, FEET_FIRST, PRONE, SAGITTAL, compressed, enhanced, read_nifti, series, turned

from dicomlab.volume import nifti, volumes_of

TO_RAS = np.diag([-1.0, -1, 1, 1])
MOMENTS = [lambda _, n=n: {"FrameContentSequence": item(TemporalPositionIndex=n)} for n in (1, 2, 3)]
ECHOES = [lambda _, t=t: {"MREchoSequence": item(EffectiveEchoTime=t)} for t in (10.0, 20.0)]
SIZE = {"shape": (6, 9, 12), "spacing": (1.5, 0.8), "step": 2.3}

# Definition


@pytest.mark.parametrize("plane", [AXIAL, SAGITTAL, turned(20, -35, 10), turned(179, 1, 91)])
def test_a_nifti_file_holds_the_values_at_the_same_millimetres(plane):
    ((volume,), _) = volumes_of(series(plane, signed=True, **SIZE))
    values, sform, qform, _ = read_nifti(nifti(volume.array, volume.affine))
    assert (values == volume.array.transpose(2, 1, 0)).all()
    expected = (TO_RAS @ volume.affine)[:, [2, 1, 0, 3]]
    assert np.abs(sform - expected).max() < 1e-5
    assert np.abs(qform - expected).max() < 1e-4


@pytest.mark.parametrize("flip", [1, -1])
def test_a_left_handed_array_keeps_its_place(flip):
    matrix = np.array([[0, 0, 2, 5], [0, 3, 0, 6], [flip * 4, 0, 0, 7], [0, 0, 0, 1.0]])
    _, sform, qform, _ = read_nifti(nifti(np.zeros((2, 3, 4)), matrix))
    expected = [[-2, 0, 0, -5], [0, -3, 0, -6], [0, 0, flip * 4, 7], [0, 0, 0, 1]]
    assert np.abs(sform - expected).max() < 1e-6
    assert np.abs(qform - expected).max() < 1e-6


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (np.array([[[True, False]]]), 2),
        (np.array([[[-32768.0, 32767.0]]], np.float32), 4),
        (np.array([[[0.0, 32768.0]]], np.float32), 16),
        (np.array([[[0.0, 0.5]]], np.float32), 16),
        (np.array([[[0, 65535]]], np.uint16), 16),
    ],
)
def test_values_are_stored_in_the_smallest_kind_that_holds_them(array, code):
    values, _, _, header = read_nifti(nifti(array, np.eye(4)))
    assert header[70] == code
    assert values.ravel().tolist() == array.ravel().tolist()


def test_the_same_volume_is_the_same_bytes_without_time_or_name():
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    content = nifti(array, np.eye(4))
    assert content == nifti(array.copy(), np.eye(4))
    assert content[3:8] == b"\0\0\0\0\0"  # RFC 1952: no flags (no file name), no time
    assert not read_nifti(content)[3][148:252].any()  # descrip and aux_file


def test_another_reader_finds_the_geometry_of_the_instances(tmp_path):
    """Axes are columns, rows, slices: what simpler readers of DICOM make of an ascending series."""
    ((volume,), _) = volumes_of(series(turned(20, -35, 10), origin=(-31, 12, 80), **SIZE))
    path = tmp_path / "volume.nii.gz"
    path.write_bytes(nifti(volume.array, volume.affine))
    image = sitk.ReadImage(path)
    assert image.GetSize() == (12, 9, 6)
    assert image.GetSpacing() == pytest.approx((0.8, 1.5, 2.3), abs=1e-5)
    assert image.GetOrigin() == pytest.approx((-31, 12, 80), abs=1e-4)
    row, column = turned(20, -35, 10)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    assert np.abs(direction - np.stack([row, column, np.cross(row, column)], axis=1)).max() < 1e-5


# dcm2niix

SAMPLES = {
    "axial": lambda: series(AXIAL, **SIZE),
    "descending": lambda: series(AXIAL, **SIZE)[::-1],
    "sagittal": lambda: series(SAGITTAL, **SIZE),
    "coronal": lambda: series(CORONAL, **SIZE),
    "prone": lambda: series(PRONE, **SIZE),
    "feet first": lambda: series(FEET_FIRST, **SIZE),
    "oblique": lambda: series(turned(10, -20, 35), **SIZE),
    "doubly oblique, descending": lambda: series(turned(100, 40, -70), **SIZE)[::-1],
    "cosines of four digits": lambda: rounded(series(turned(7, 8, 9), **SIZE)),
    "signed": lambda: series(CORONAL, signed=True, **SIZE),
    "12 bits, signed": lambda: series(signed=True, BitsStored=12, HighBit=11, **SIZE),
    "CT": lambda: series(modality="CT", signed=True, rescale=lambda _: (1, -1024), **SIZE),
    "MR with a slope": lambda: series(rescale=lambda _: (2, -100), **SIZE),
    "PET": lambda: series(modality="PT", rescale=lambda k: (1 + 0.125 * k, 0), **SIZE),
    "JPEG 2000": lambda: [compressed(d, JPEG2000Lossless) for d in series(turned(1, 2, 3), **SIZE)],
    "JPEG-LS": lambda: [compressed(d, JPEGLSLossless) for d in series(turned(1, 2, 3), **SIZE)],
    "RLE": lambda: [compressed(d, RLELossless) for d in series(turned(1, 2, 3), **SIZE)],
    "two echoes": lambda: [*series(EchoTime="5", **SIZE), *series(EchoTime="15", EchoNumbers="2", **SIZE)],
    "enhanced": lambda: [enhanced(turned(10, -20, 35), **SIZE)],
    "enhanced sagittal, shuffled": lambda: [
        enhanced(SAGITTAL, order=[4, 1, 0, 5, 2, 3], shared_geometry=False, **SIZE)
    ],
    "enhanced echoes": lambda: [enhanced(CORONAL, groups=ECHOES, **SIZE)],
    "enhanced time points": lambda: [enhanced(turned(5, 5, 5), groups=MOMENTS, **SIZE)],
    "enhanced PET": lambda: [enhanced(modality="PT", rescale=lambda k: (1 + 0.125 * k, 0), **SIZE)],
}


def rounded(made):
    for dataset in made:
        dataset.ImageOrientationPatient = [f"{float(v):.4f}" for v in dataset.ImageOrientationPatient]
    return made


@pytest.fixture(scope="module")
def dcm2niix():
    """Convert a folder with dcm2niix: returns for each volume its values and the affine to RAS mm."""
    program = pytest.importorskip("dcm2niix", reason="the package dcm2niix is not installed (pip install dcm2niix)").bin

    def convert(folder, out):
        out.mkdir()
        subprocess.run(
            [program, "-z", "n", "-b", "n", "-f", "%j_%s", "-o", str(out), str(folder)],
            check=True, capture_output=True, env={"PATH": os.defpath},
        )  # fmt: skip
        made = []
        for path in sorted(out.glob("*.nii")):
            values, sform, _, _ = read_nifti(gzip.compress(path.read_bytes(), 0))
            made += [(values[..., t], sform) for t in range(values.shape[3])] if values.ndim == 4 else [(values, sform)]
        return made

    return convert


def agree(volume, values, sform):
    """Largest distance (mm) from our corners to theirs, and whether the same values lie in between."""
    ours = TO_RAS @ volume.affine
    shape = np.array(volume.array.shape)
    corners = np.array([[*(shape - 1) * c, 1] for c in np.ndindex(2, 2, 2)]).T
    nearest = np.rint(np.linalg.inv(sform) @ ours @ corners)
    if (nearest[:3] < 0).any() or (nearest[:3] >= np.array(values.shape)[:, None]).any():
        return np.inf, False
    apart = np.linalg.norm((sform @ nearest - ours @ corners)[:3], axis=0).max()
    turn = np.rint(np.linalg.inv(sform) @ ours)[:3, :3].astype(int)  # from our axes to theirs: exchanged and flipped
    there = values.transpose(np.abs(turn).argmax(axis=0))
    there = there[tuple(slice(None, None, int(sign)) for sign in turn.sum(axis=0))]
    same = there.shape == volume.array.shape and (np.abs(there - volume.array) <= 1e-6 * np.abs(volume.array)).all()
    return apart, bool(same)


def volumes_that_agree(datasets, theirs):
    """Our volumes, each of which is one of theirs."""
    volumes, refused = volumes_of(datasets)
    assert refused == ()
    assert len(volumes) == len(theirs)
    for volume in volumes:
        answers = [agree(volume, *one) for one in theirs]
        assert min((apart for apart, same in answers if same), default=np.inf) < 1e-3
    return volumes


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_geometry_and_values_are_those_of_dcm2niix(make, dcm2niix, tmp_path):
    for n, dataset in enumerate(make()):
        write(dataset, tmp_path / "in" / f"{n:03d}.dcm")
    read = [pydicom.dcmread(p) for p in sorted((tmp_path / "in").iterdir())]
    assert volumes_that_agree(read, dcm2niix(tmp_path / "in", tmp_path / "out"))


def test_real_series_are_those_of_dcm2niix_and_the_scorer(bench, dcm2niix, tmp_path):
    subprocess.run(
        [sys.executable, str(bench / "deface" / "prepare.py"), str(tmp_path)], check=True, capture_output=True
    )
    subjects = sorted(tmp_path.iterdir())
    assert len(subjects) == 6
    for subject in subjects:
        read = [pydicom.dcmread(p) for p in sorted((subject / "dicom").iterdir())]
        (volume,) = volumes_that_agree(read, dcm2niix(subject / "dicom", subject / "out"))
        (subject / "ours.nii.gz").write_bytes(nifti(volume.array, volume.affine))
        ours, truth = (sitk.ReadImage(subject / name) for name in ("ours.nii.gz", "truth.nii.gz"))
        assert ours.GetSize() == truth.GetSize()
        assert ours.GetSpacing() == pytest.approx(truth.GetSpacing(), abs=1e-3)
        assert ours.GetOrigin() == pytest.approx(truth.GetOrigin(), abs=0.02)
        assert ours.GetDirection() == pytest.approx(truth.GetDirection(), abs=2e-4)
        assert (sitk.GetArrayFromImage(ours) == sitk.GetArrayFromImage(truth)).all()
