"""A patient's study in which many objects show one face, and corpora of heads with their truth beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage, RTStructureSetStorage, SegmentationStorage
from skimage.measure import find_contours

from dicomlab.forge.draw import Draw
from dicomlab.forge.encoding import EXPLICIT, IMPLICIT, LS, RLE, Envelope, encode
from dicomlab.forge.heads.contrasts import modality
from dicomlab.forge.heads.forging import forge_head
from dicomlab.forge.heads.negatives import forge_negative
from dicomlab.forge.heads.scoring import skin_threshold, solid
from dicomlab.forge.heads.writing import Stored, ds, frame_of_reference, series_of, write_dicom
from dicomlab.forge.instances.common import Series, code, sheet_of
from dicomlab.forge.sheet import Book, Sheet
from dicomlab.volume import nifti

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.forge.heads.truth import SyntheticHead

_EXPORTED = "IM0001.dcm"


def write_study(folder: Path, seed: int, *, spacing: float = 1.0, age: float = 40) -> dict[str, SyntheticHead]:
    """Write T1, T2 and a localiser of one head, a segmentation and a structure set of its skin; return the heads.

    All lie in one Frame of Reference, each in a folder of its own: T1, T2, LOC, SEG, RTSTRUCT. Volumes
    have voxels of about `spacing` mm; T2 has slices three times as thick, so that no two grids agree.
    """
    t1 = forge_head(seed, age=age, plane="sagittal", spacing=(spacing,) * 3)
    t2 = forge_head(seed, age=age, contrast="T2", spacing=(3 * spacing, 0.9 * spacing, 0.9 * spacing))
    write_dicom(t1, folder / "T1", series=(first := series_of(t1, seed, number=1, label="T1 sagittal")))
    write_dicom(t2, folder / "T2", series=series_of(t2, seed, number=2, label="T2 axial"))
    _localiser(folder / "LOC", seed, spacing, age)
    skin = np.asarray(solid(t1.array.astype(np.float32), skin_threshold(t1.array.astype(np.float32), ct=False)))
    for name, number, make in (("SEG", 4, _segmentation), ("RTSTRUCT", 5, _structures)):
        series = replace(first, label=name, number=number, modality=name, words=f"{name} of the skin")
        (folder / name).mkdir(parents=True, exist_ok=True)
        sheet = make(t1, skin, series, first)
        (folder / name / _EXPORTED).write_bytes(encode(sheet.dataset, Envelope()))
    return {"T1": t1, "T2": t2}


def _localiser(folder: Path, seed: int, spacing: float, age: float) -> None:
    """Write three slices, one of each plane, as one series."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, plane in enumerate(("axial", "sagittal", "coronal"), 1):
        thick = forge_head(seed, age=age, plane=plane, spacing=(10 * spacing, 2 * spacing, 2 * spacing))
        middle = thick.array.shape[0] // 2
        affine = thick.affine.copy()
        affine[:3, 3] += middle * affine[:3, 0]
        one = replace(thick, array=thick.array[middle : middle + 1], affine=affine)
        series = series_of(one, seed, number=3, label="localiser")
        path = write_dicom(one, folder / plane, series=series)[0]
        instance = _reread(path)
        instance.ImageType, instance.InstanceNumber = ["ORIGINAL", "PRIMARY", "LOCALIZER"], number
        instance.SOPInstanceUID = series.instance(number)
        path.unlink()
        path.parent.rmdir()
        (folder / f"IM{number:04d}.dcm").write_bytes(encode(instance, Envelope()))


def _reread(path: Path) -> Dataset:
    from pydicom import dcmread  # noqa: PLC0415 - nothing else here reads

    read = dcmread(path)
    out = Dataset()
    out.update({element.tag: element for element in read})
    return out


def _segmentation(head: SyntheticHead, skin: NDArray[np.bool_], series: Series, _of: Series) -> Sheet:
    """Return a binary segmentation (PS3.3 A.51) of the whole head: its surface is the face."""
    sheet = sheet_of(Book(), "", series, sop_class=SegmentationStorage, number=1)
    dimension = series.visit.uid(series.label, "dimension")
    sheet.put(
        FrameOfReferenceUID=frame_of_reference(series), PositionReferenceIndicator="", ContentDate=series.visit.date,
        ContentTime=series.time, ImageType=["DERIVED", "PRIMARY"], SegmentationType="BINARY", ContentLabel="HEAD",
        ContentDescription="", ContentCreatorName="", LossyImageCompression="00", SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2", BitsAllocated=1, BitsStored=1, HighBit=0, PixelRepresentation=0,
        Rows=skin.shape[1], Columns=skin.shape[2], NumberOfFrames=len(skin), DeviceSerialNumber="SN2",
        PixelData=_even(np.packbits(skin.ravel(), bitorder="little").tobytes()),
    )  # fmt: skip
    sheet.dataset["PixelData"].VR = "OB"
    segment = {"SegmentNumber": 1, "SegmentLabel": "Head", "SegmentAlgorithmType": "MANUAL"}
    for keyword, value in segment.items():
        sheet.put(f"SegmentSequence[0].{keyword}", value)
    anatomy = code("123037004", "SCT", "Anatomical Structure")
    sheet.put("SegmentSequence[0].SegmentedPropertyCategoryCodeSequence", anatomy)
    sheet.put("SegmentSequence[0].SegmentedPropertyTypeCodeSequence", code("69536005", "SCT", "Head"))
    sheet.put("DimensionOrganizationSequence[0].DimensionOrganizationUID", dimension)
    sheet.put("DimensionIndexSequence[0].DimensionOrganizationUID", dimension)
    sheet.put("DimensionIndexSequence[0].DimensionIndexPointer", 0x00200032)
    sheet.put("DimensionIndexSequence[0].FunctionalGroupPointer", 0x00209113)
    _, down, across = (head.affine[:3, n] / head.spacing[n] for n in range(3))
    shared = "SharedFunctionalGroupsSequence[0]"
    sheet.put(f"{shared}.PixelMeasuresSequence[0].PixelSpacing", ds([head.spacing[1], head.spacing[2]]))
    sheet.put(f"{shared}.PixelMeasuresSequence[0].SliceThickness", ds([head.spacing[0]])[0])
    sheet.put(f"{shared}.PixelMeasuresSequence[0].SpacingBetweenSlices", ds([head.spacing[0]])[0])
    sheet.put(f"{shared}.PlaneOrientationSequence[0].ImageOrientationPatient", ds([*across, *down]))
    sheet.put(f"{shared}.SegmentIdentificationSequence[0].ReferencedSegmentNumber", 1)
    for k in range(len(skin)):
        item = f"PerFrameFunctionalGroupsSequence[{k}]"
        position = ds(head.affine[:3, 3] + k * head.affine[:3, 0])
        sheet.put(f"{item}.PlanePositionSequence[0].ImagePositionPatient", position)
        sheet.put(f"{item}.FrameContentSequence[0].DimensionIndexValues", [k + 1])
    return sheet


def _even(value: bytes) -> bytes:
    return value + b"\0" * (len(value) % 2)


def _structures(head: SyntheticHead, skin: NDArray[np.bool_], series: Series, of: Series) -> Sheet:
    """Return a structure set (PS3.3 A.19) with the outline of the skin in every slice: the face again."""
    sheet = sheet_of(Book(), "", series, sop_class=RTStructureSetStorage, number=1)
    frame = frame_of_reference(series)
    sheet.put(StructureSetLabel="SKIN", StructureSetDate=series.visit.date, StructureSetTime=series.time,
              FrameOfReferenceUID=frame, PositionReferenceIndicator="")  # fmt: skip
    reference = "ReferencedFrameOfReferenceSequence[0]"
    sheet.put(f"{reference}.FrameOfReferenceUID", frame)
    study = f"{reference}.RTReferencedStudySequence[0]"
    sheet.put(f"{study}.ReferencedSOPClassUID", "1.2.840.10008.3.1.2.3.1")
    sheet.put(f"{study}.ReferencedSOPInstanceUID", series.visit.uid())
    sheet.put(f"{study}.RTReferencedSeriesSequence[0].SeriesInstanceUID", of.uid)
    roi, observation = "StructureSetROISequence[0]", "RTROIObservationsSequence[0]"
    fixed: tuple[tuple[str, object], ...] = (
        (f"{roi}.ROINumber", 1), (f"{roi}.ReferencedFrameOfReferenceUID", frame), (f"{roi}.ROIName", "Skin"),
        (f"{roi}.ROIGenerationAlgorithm", "AUTOMATIC"), ("ROIContourSequence[0].ReferencedROINumber", 1),
        (f"{observation}.ObservationNumber", 1), (f"{observation}.ReferencedROINumber", 1),
        (f"{observation}.RTROIInterpretedType", "EXTERNAL"), (f"{observation}.ROIInterpreter", ""),
    )  # fmt: skip
    for path, value in fixed:
        sheet.put(path, value)
    for number, (k, line) in enumerate(_outlines(skin)):
        image = f"{study}.RTReferencedSeriesSequence[0].ContourImageSequence[{number}]"
        item = f"ROIContourSequence[0].ContourSequence[{number}]"
        points = np.concatenate([np.full((len(line), 1), k), line, np.ones((len(line), 1))], 1) @ head.affine.T
        own: tuple[tuple[str, object], ...] = (
            (f"{image}.ReferencedSOPClassUID", MRImageStorage),
            (f"{image}.ReferencedSOPInstanceUID", of.instance(k + 1)),
            (f"{item}.ContourGeometricType", "CLOSED_PLANAR"), (f"{item}.NumberOfContourPoints", len(line)),
            (f"{item}.ContourData", ds(np.round(points[:, :3], 2).ravel())),
        )  # fmt: skip
        for path, content in own:
            sheet.put(path, content)
    return sheet


def _outlines(skin: NDArray[np.bool_]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield the longest outline of each slice: its number, and rows and columns of its points."""
    for k, plane in enumerate(skin):
        lines = find_contours(np.pad(plane, 1).astype(float), 0.5)
        if lines:
            yield k, max(lines, key=len)[:-1:2] - 1


# What a corpus varies, each list in turn and of its own length, so that a dozen heads show everything once or more.
_CONTRASTS = (("T1", False), ("CT", True), ("T2", False), ("CT", False), ("FLAIR", False), ("PD", False), ("CT", True))
_FIELDS = ("full", "nose", "full", "vault", "full", "chin", "neck", "brain")
_AGES = ((1, 5), (6, 17), (18, 40), (40, 65), (65, 92))
_TURNED = 30.0  # degrees: pitch, yaw and roll, either way
_OTHERS = ("torso", "sphere", "knee", "skull_stripped", "cylinder", "pelvis", "hand", "breast", "noise", "empty")


def corpus(folder: Path, seed: int, count: int, *, spacing: float = 1.0) -> tuple[str, ...]:
    """Write `count` volumes, four heads to one that is none, as DICOM with their truth; return their names.

    Ages, contrasts, planes, fields of view and CTs' tables go round; pitch, yaw and roll reach 30 degrees.
    `<name>/dicom/` holds a series, `<name>/truth.nii.gz` what its samples decode to, `ref/<name>_brain.nii.gz` the
    brain. `SUBJECTS.json` tells what was varied and where each face is: `upright` (4x4) takes LPS mm to a frame in
    which the head looks straight ahead, `held` are the landmarks there. The same landmarks stand beside them as seen
    along the patient's axes, for scorers that look along these: near the truth where a head is turned by little.
    """
    (folder / "ref").mkdir(parents=True, exist_ok=True)
    subjects: dict[str, dict[str, object]] = {}
    for number in range(count):
        draw = Draw(seed, "corpus", str(number))
        head, varied = _drawn(draw, seed * 1000 + number, number, spacing)
        stored = Stored(
            signed=draw.choice((True, False)), descending=draw.choice((True, False)),
            syntax=draw.choice((EXPLICIT, EXPLICIT, IMPLICIT, LS, RLE)),
        )  # fmt: skip
        name = f"{number:03d}_{head.name}"
        write_dicom(head, folder / name / "dicom", seed=seed * 1000 + number, stored=stored)
        (folder / name / "truth.nii.gz").write_bytes(
            nifti(head.array.astype(np.float32), head.affine.astype(np.float64))
        )
        slope, intercept = stored.rescale(head.contrast)
        about: dict[str, object] = {"mod": modality(head.contrast), "dicom": {"slope": slope, "inter": intercept}}
        about["contrast"] = head.contrast
        if head.truth is None:
            about["neg"] = True
        else:
            about |= asdict(head.truth.seen) | varied
            about |= {"upright": head.truth.upright.tolist(), "held": asdict(head.truth.landmarks)}
            brain = nifti(head.truth.brain.astype(np.float32), head.affine.astype(np.float64))
            (folder / "ref" / f"{name}_brain.nii.gz").write_bytes(brain)
        subjects[name] = about
        (folder / "SUBJECTS.json").write_text(json.dumps(subjects, indent=1) + "\n", "utf-8")
    return tuple(subjects)


def _drawn(draw: Draw, seed: int, number: int, spacing: float) -> tuple[SyntheticHead, dict[str, object]]:
    """Return the volume with this number of a corpus, and what of a head was varied."""
    others, nth = divmod(number, 5)
    if nth == 4:  # noqa: PLR2004 - every fifth
        return forge_negative(seed, _OTHERS[others % len(_OTHERS)], spacing=(spacing,) * 3), {}
    nth = number - others  # among the heads
    u, (contrast, table) = draw.uniform, _CONTRASTS[nth % len(_CONTRASTS)]
    plane = "axial" if contrast == "CT" else draw.choice(("axial", "sagittal", "coronal", "oblique"))
    thick = spacing * draw.choice((1.0, 1.0, 1.5, 3.0))
    age, fov = round(u(*_AGES[nth % len(_AGES)])), _FIELDS[nth % len(_FIELDS)]
    pitch, yaw, roll = (u(-_TURNED, _TURNED) for _ in range(3))
    fine = (thick, spacing * u(0.8, 1.1), spacing * u(0.8, 1.1))
    head = forge_head(seed, contrast=contrast, age=age, fov=fov, plane=plane, pose=(pitch, yaw, roll), table=table,
                      spacing=fine)  # fmt: skip
    pose = [round(v) for v in (pitch, yaw, roll)]
    return head, {"age": age, "fov": fov, "plane": plane, "pose": pose, "table": table}
