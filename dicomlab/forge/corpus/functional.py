"""Enhanced multi-frame classes, segmentations and maps: functional groups that must stay, references in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicomlab.forge.corpus.cast import table
from dicomlab.forge.corpus.fill import code
from dicomlab.forge.corpus.radiotherapy import KEPT
from dicomlab.forge.corpus.texts import Words, described

if TYPE_CHECKING:
    from dicomlab.forge.corpus.draft import Draft

_SHARED, _FRAME = "SharedFunctionalGroupsSequence[0]", "PerFrameFunctionalGroupsSequence"


def groups(draft: Draft, frames: int) -> None:
    """Add shared and per-frame groups: geometry and frame content, dates and references."""
    draft.put(f"{_SHARED}.PixelMeasuresSequence[0].PixelSpacing", ["0.9", "0.9"])
    draft.put(f"{_SHARED}.PixelMeasuresSequence[0].SliceThickness", "3")
    orientation = f"{_SHARED}.PlaneOrientationSequence[0].ImageOrientationPatient"
    draft.keep(orientation, ["1", "0", "0", "0", "1", "0"], "kept functional groups")
    draft.put("DimensionOrganizationSequence[0].DimensionOrganizationUID", "")
    draft.plant("DimensionOrganizationSequence[0].DimensionOrganizationUID", draft.uid("dimension", draft.series))
    draft.put("DimensionIndexSequence[0].DimensionIndexPointer", 0x00209056)
    draft.put("DimensionIndexSequence[0].FunctionalGroupPointer", 0x00209111)
    draft.plant("DimensionIndexSequence[0].DimensionOrganizationUID", draft.uid("dimension", draft.series))
    draft.plant("FrameOfReferenceUID", draft.uid("frame"))
    draft.put(PositionReferenceIndicator="")
    draft.plant("ContentDate", draft.visit.date)
    draft.put(ContentTime="101112")
    draft.put(NumberOfFrames=str(frames))
    for macro in table("values")["macros"].get(draft.sop_class.name, ()):
        draft.put(f"{_SHARED}.{macro}", Items([Dataset()]))
    for number in range(frames):
        group = f"{_FRAME}[{number}]"
        content = f"{group}.FrameContentSequence[0]"
        draft.put(f"{content}.DimensionIndexValues", number + 1)
        draft.put(f"{content}.StackID", "1")
        draft.put(f"{content}.InStackPositionNumber", number + 1)
        at = f"{group}.PlanePositionSequence[0].ImagePositionPatient"
        draft.keep(at, ["-90", "-90", f"{3 * number - draft.number}"], "kept functional groups")


def enhanced(draft: Draft) -> None:
    """Add what an enhanced image needs beyond its pixels."""
    groups(draft, 2)
    for number in range(2):
        content = f"{_FRAME}[{number}].FrameContentSequence[0]"
        for keyword in ("FrameAcquisitionDateTime", "FrameReferenceDateTime"):
            draft.plant(f"{content}.{keyword}", f"{draft.visit.date}1012{number:02d}.5")
        draft.put(f"{content}.FrameAcquisitionDuration", 220.0)
        described(draft, f"{content}.FrameComments", category="description")
        source = f"{_FRAME}[{number}].DerivationImageSequence[0]"
        draft.put(f"{source}.DerivationCodeSequence", Items([code("113072", "DCM", "Multiplanar reformatting")]))
        item = f"{source}.SourceImageSequence[0]"
        draft.refer(item, "references in functional groups")
        draft.put(f"{item}.PurposeOfReferenceCodeSequence", Items([code("121322", "DCM", "Source image")]))
    anatomy = f"{_SHARED}.FrameAnatomySequence[0]"
    draft.put(f"{anatomy}.FrameLaterality", "U")
    draft.put(f"{anatomy}.AnatomicRegionSequence", Items([code("818981001", "SCT", "Abdomen")]))
    draft.plant("AcquisitionDateTime", f"{draft.visit.date}101112.25+0200")
    event = f"{_SHARED}.IrradiationEventIdentificationSequence[0].IrradiationEventUID"
    if draft.sop_class.modality == "CT":
        draft.plant(event, draft.uid("event", draft.series))


def segmentation(draft: Draft) -> None:
    """Add a binary segmentation of two frames."""
    rows, columns = 16, 24
    groups(draft, 2)
    bits = (draft.draw.sub("segment").noise((2, rows, columns), 1) > 0).astype(np.uint8)
    draft.put(
        Rows=rows, Columns=columns, BitsAllocated=1, BitsStored=1, HighBit=0, PixelRepresentation=0, SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2", PixelData=np.packbits(bits, axis=None, bitorder="little").tobytes(),
    )  # fmt: skip
    draft.dataset["PixelData"].VR = "OB"
    draft.note("PixelData", category="kept segments", ends=KEPT)
    segment = "SegmentSequence[0]"
    draft.put(f"{segment}.SegmentNumber", 1)
    described(draft, f"{segment}.SegmentLabel", category="names in attributes outside the table", words=Words("Liver"))
    described(draft, f"{segment}.SegmentDescription", category="names in attributes outside the table")
    draft.put(f"{segment}.SegmentAlgorithmType", "MANUAL")
    draft.put(
        f"{segment}.SegmentedPropertyCategoryCodeSequence", Items([code("123037004", "SCT", "Anatomical Structure")])
    )
    draft.put(f"{segment}.SegmentedPropertyTypeCodeSequence", Items([code("10200004", "SCT", "Liver")]))
    draft.plant(f"{segment}.TrackingUID", draft.uid("tracking"))
    described(draft, f"{segment}.TrackingID", category="names in attributes outside the table")
    draft.plant("ContentCreatorName", draft.visit.reader.pn, *draft.visit.reader.parts)
    described(draft, "ContentDescription", category="names in attributes outside the table")
    for number in range(2):
        draft.put(f"{_FRAME}[{number}].SegmentIdentificationSequence[0].ReferencedSegmentNumber", 1)
    draft.refer_in_series("ReferencedSeriesSequence[0]", "ReferencedInstanceSequence")


def parametric(draft: Draft) -> None:
    """Add a map of floating-point numbers, which must stay."""
    groups(draft, 1)
    values = draft.draw.sub("map").noise((16, 16), 100).astype("<f4")
    draft.put(Rows=16, Columns=16, BitsAllocated=32, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2")
    draft.put(FloatPixelData=values.tobytes())
    draft.note("FloatPixelData", category="kept pixel data", ends=KEPT)
    described(draft, "ContentDescription", category="names in attributes outside the table")
    draft.plant("ContentCreatorName", draft.visit.reader.pn, *draft.visit.reader.parts)
    kind = f"{_SHARED}.ParametricMapFrameTypeSequence[0].FrameType"
    draft.put(kind, ["DERIVED", "PRIMARY", "VOLUME", "NONE"])


def spectroscopy(draft: Draft) -> None:
    """Add spectra, which must stay."""
    groups(draft, 1)
    values = draft.draw.sub("spectrum").noise((64, 2), 50).astype("<f4")
    draft.put(SpectroscopyData=values.tobytes())
    draft.note("SpectroscopyData", category="kept waveform data", ends=KEPT)
    draft.plant("AcquisitionDateTime", f"{draft.visit.date}101112.25")
    described(draft, "PulseSequenceName", category="names in attributes outside the table", words=Words("PRESS"))
