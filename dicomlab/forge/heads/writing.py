"""Heads as DICOM: a series of slices or one instance of many frames, with a patient's names in every header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import CTImageStorage, EnhancedMRImageStorage, MRImageStorage, PositronEmissionTomographyImageStorage

from dicomlab.forge.encoding import EXPLICIT, Envelope, encode
from dicomlab.forge.heads.contrasts import modality
from dicomlab.forge.instances.common import Series, code, sheet_of
from dicomlab.forge.instances.enhanced import description, shared
from dicomlab.forge.people import cast
from dicomlab.forge.sheet import Book, Sheet

if TYPE_CHECKING:
    from dicomlab.forge.heads.truth import SyntheticHead

_SOP_CLASSES = {"CT": CTImageStorage, "MR": MRImageStorage, "PT": PositronEmissionTomographyImageStorage}
Samples = NDArray[np.integer[Any]]
_SHARED, _FRAME = "SharedFunctionalGroupsSequence[0]", "PerFrameFunctionalGroupsSequence[{}]"


@dataclass(frozen=True, slots=True)
class Stored:
    """How samples are stored: signed or not, rescale, the order of instances, transfer syntax, one instance or many."""

    signed: bool = False
    slope: float = 1.0
    intercept: float | None = None
    descending: bool = False
    syntax: str = EXPLICIT
    enhanced: bool = False

    def rescale(self, contrast: str) -> tuple[float, float]:
        """Return slope and intercept; by default a CT's unsigned samples start at -1024 HU."""
        usual = -1024.0 if contrast == "CT" and not self.signed else 0.0
        return self.slope, usual if self.intercept is None else self.intercept

    def samples(self, head: SyntheticHead) -> Samples:
        """Return stored samples (slices, rows, columns), 16 bits."""
        slope, intercept = self.rescale(head.contrast)
        values = np.rint((head.array.astype(np.float64) - intercept) / slope)
        kind: type[np.int16 | np.uint16] = np.int16 if self.signed else np.uint16
        out: Samples = np.clip(values, np.iinfo(kind).min, np.iinfo(kind).max).astype(kind)
        return out


def series_of(head: SyntheticHead, seed: int, *, number: int = 1, label: str = "") -> Series:
    """Return the series of a head: the same seed is the same patient, study and Frame of Reference."""
    person = cast(seed)[1]
    words = label or f"{head.contrast} {head.name.split('_')[0]}"
    is_head = head.truth is not None or head.name.startswith("skull")
    return Series(person, person.visits[0], label or head.name, modality(head.contrast), number, words,
                  body_part="HEAD" if is_head else "", model="Forge")  # fmt: skip


def frame_of_reference(series: Series) -> str:
    """Return the Frame of Reference UID that all series of a patient share."""
    return series.visit.uid("heads", "frame of reference")


def write_dicom(
    head: SyntheticHead, folder: Path, *, seed: int = 1, stored: Stored | None = None, series: Series | None = None
) -> tuple[Path, ...]:
    """Write a volume as a series into a folder, made if need be, and return its files in the order of instances.

    Parameters
    ----------
    head
        What to write.
    folder
        Where; the files are named by number.
    seed
        Whose patient module, when no series is given.
    stored
        How samples are stored; unsigned slices in explicit VR by default.
    series
        Names and UIDs.

    Raises
    ------
    ValueError
        When an enhanced CT or PET is asked for: only MR is written as one instance.
    """
    stored, series = stored or Stored(), series or series_of(head, seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    made = (_enhanced(head, stored, series),) if stored.enhanced else _slices(head, stored, series)
    for number, sheet in enumerate(made, 1):
        paths.append(folder / f"IM{number:04d}.dcm")
        paths[-1].write_bytes(encode(sheet.dataset, Envelope(stored.syntax)))
    return tuple(paths)


def ds(values: NDArray[np.floating[Any]] | list[float]) -> list[str]:
    """Return numbers as VR DS writes them: at most 16 characters."""
    return [f"{float(v) + 0.0:.9g}" for v in values]


def _slices(head: SyntheticHead, stored: Stored, series: Series) -> Iterator[Sheet]:
    samples = stored.samples(head)
    count = len(samples)
    for number, k in enumerate(range(count - 1, -1, -1) if stored.descending else range(count), 1):
        sheet = sheet_of(Book(), "", series, sop_class=_SOP_CLASSES[series.modality], number=number)
        _place(sheet, head, series, k)
        sheet.put(SliceThickness=ds([head.spacing[0]])[0], SpacingBetweenSlices=ds([head.spacing[0]])[0])
        if series.modality == "PT":
            del sheet.dataset.SpacingBetweenSlices, sheet.dataset.PatientPosition  # codes say the latter
        _technique(sheet, head, series, count=count, index=k)
        slope, intercept = stored.rescale(head.contrast)
        if series.modality != "MR" or (slope, intercept) != (1, 0):
            sheet.put(RescaleSlope=ds([slope])[0], RescaleIntercept=ds([intercept])[0])
            if series.modality != "PT":
                sheet.put(RescaleType="HU" if series.modality == "CT" else "US")
        pixels(sheet, samples[k])
        yield sheet


def _place(sheet: Sheet, head: SyntheticHead, series: Series, k: int) -> None:
    """Put the position of slice k (PS3.3 C.7.6.2) in the patient's Frame of Reference."""
    normal, down, across = (head.affine[:3, n] / head.spacing[n] for n in range(3))
    if np.cross(across, down) @ normal < 0:
        raise ValueError(f"{head.name}: slices must ascend along the normal of their rows and columns")
    sheet.put(
        FrameOfReferenceUID=frame_of_reference(series), PositionReferenceIndicator="", PatientPosition="HFS",
        ImageOrientationPatient=ds([*across, *down]), PixelSpacing=ds([head.spacing[1], head.spacing[2]]),
        ImagePositionPatient=ds(head.affine[:3, 3] + k * head.affine[:3, 0]), AcquisitionNumber=1,
        ContentDate=series.visit.date, ContentTime=series.time, AcquisitionDate=series.visit.date,
        AcquisitionTime=series.time, PatientOrientation="",
    )  # fmt: skip


def _technique(sheet: Sheet, head: SyntheticHead, series: Series, *, count: int, index: int) -> None:
    """Put what the modality's own modules ask for (PS3.3 C.8.2, C.8.3, C.8.9)."""
    sheet.put(ImageType=["ORIGINAL", "PRIMARY", "AXIAL" if series.modality == "CT" else "OTHER"])
    if series.modality == "CT":
        sheet.put(KVP=120, WindowCenter=40, WindowWidth=100)
    elif series.modality == "MR":
        sheet.put(ScanningSequence="GR", SequenceVariant="SP", ScanOptions="", MRAcquisitionType="3D", EchoTime=2.3,
                  RepetitionTime=1900, EchoTrainLength=1, ProtocolName=head.contrast)  # fmt: skip
    else:
        sheet.put(
            ImageType=["ORIGINAL", "PRIMARY"], Units="BQML", CountsSource="EMISSION", NumberOfSlices=count,
            SeriesType=["WHOLE BODY", "IMAGE"], CorrectedImage=["DECY", "ATTN"], DecayCorrection="START",
            CollimatorType="NONE", ActualFrameDuration=600000, FrameReferenceTime=0, ImageIndex=index + 1,
            DecayFactor=1, LossyImageCompression="00",
        )  # fmt: skip
        sheet.put("RadiopharmaceuticalInformationSequence[0].Radiopharmaceutical", "FDG")
        sheet.put("RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence",
                  code("77004003", "SCT", "^18^Fluorine"))  # fmt: skip
        sheet.dataset.PatientOrientationCodeSequence = code("102538003", "SCT", "recumbent")
        sheet.dataset.PatientOrientationCodeSequence[0].PatientOrientationModifierCodeSequence = code(
            "40199007", "SCT", "supine"
        )
        sheet.dataset.PatientGantryRelationshipCodeSequence = code("102540008", "SCT", "headfirst")


def pixels(sheet: Sheet, samples: Samples) -> None:
    """Put the Image Pixel Module (PS3.3 C.7.6.3) of 16-bit samples (..., rows, columns)."""
    sheet.put(
        SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", Rows=samples.shape[-2], Columns=samples.shape[-1],
        BitsAllocated=16, BitsStored=16, HighBit=15, PixelRepresentation=int(samples.dtype.kind == "i"),
        PixelData=samples.astype(samples.dtype.newbyteorder("<")).tobytes(),
    )  # fmt: skip
    sheet.dataset["PixelData"].VR = "OW"


def _enhanced(head: SyntheticHead, stored: Stored, series: Series) -> Sheet:
    """Return one instance with a frame per slice (PS3.3 A.36)."""
    if series.modality != "MR":
        raise ValueError(f"{head.name}: only MR is written as one instance of many frames")
    samples = stored.samples(head)
    order = range(len(samples) - 1, -1, -1) if stored.descending else range(len(samples))
    sheet = sheet_of(Book(), "", series, sop_class=EnhancedMRImageStorage, number=1)
    sheet.put(DeviceSerialNumber="SN1", AcquisitionDateTime=f"{series.visit.date}{series.time}")
    _place(sheet, head, series, 0)
    for keyword in ("ImageOrientationPatient", "PixelSpacing", "ImagePositionPatient", "PatientOrientation",
                    "AcquisitionDate", "AcquisitionTime"):  # fmt: skip
        delattr(sheet.dataset, keyword)
    description(sheet)
    shared(sheet)
    _, down, across = (head.affine[:3, n] / head.spacing[n] for n in range(3))
    slope, intercept = stored.rescale(head.contrast)
    common: tuple[tuple[str, object], ...] = (
        ("PixelMeasuresSequence[0].PixelSpacing", ds([head.spacing[1], head.spacing[2]])),
        ("PixelMeasuresSequence[0].SliceThickness", ds([head.spacing[0]])[0]),
        ("PlaneOrientationSequence[0].ImageOrientationPatient", ds([*across, *down])),
        ("FrameAnatomySequence[0].FrameLaterality", "U"),
        ("FrameAnatomySequence[0].AnatomicRegionSequence", code("69536005", "SCT", "Head")),
        ("PixelValueTransformationSequence[0].RescaleSlope", ds([slope])[0]),
        ("PixelValueTransformationSequence[0].RescaleIntercept", ds([intercept])[0]),
    )
    for path, value in common:
        sheet.put(f"{_SHARED}.{path}", value)
    dimension = series.visit.uid(series.label, "dimension")
    sheet.put("DimensionOrganizationSequence[0].DimensionOrganizationUID", dimension)
    sheet.put("DimensionIndexSequence[0].DimensionOrganizationUID", dimension)
    sheet.put("DimensionIndexSequence[0].DimensionIndexPointer", 0x00200032)
    sheet.put("DimensionIndexSequence[0].FunctionalGroupPointer", 0x00209113)
    for n, k in enumerate(order):
        item, moment = _FRAME.format(n), f"{series.visit.date}{series.time}.{n:03d}"
        own: tuple[tuple[str, object], ...] = (
            ("FrameContentSequence[0].FrameReferenceDateTime", moment),
            ("FrameContentSequence[0].FrameAcquisitionDateTime", moment),
            ("FrameContentSequence[0].FrameAcquisitionDuration", 30.0),
            ("FrameContentSequence[0].DimensionIndexValues", [n + 1]),
            ("PlanePositionSequence[0].ImagePositionPatient", ds(head.affine[:3, 3] + k * head.affine[:3, 0])),
            ("FrameVOILUTSequence[0].WindowCenter", 300),
            ("FrameVOILUTSequence[0].WindowWidth", 600),
        )
        for path, content in own:
            sheet.put(f"{item}.{path}", content)
    sheet.put(NumberOfFrames=len(samples))
    pixels(sheet, np.ascontiguousarray(samples[list(order)]))
    return sheet
