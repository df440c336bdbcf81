"""Radiotherapy: structures, plans, dose, treatment records, with names in labels and geometry that must stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dicomlab.forge.corpus.texts import Words, described

if TYPE_CHECKING:
    from dicomlab.forge.corpus.draft import Draft

KEPT = {"basic": ("kept",), "research": ("kept",)}


def structures(draft: Draft) -> None:
    """Add a structure set: labels and ROI names that identify, contours that must stay."""
    frame = draft.uid("frame")
    draft.plant("FrameOfReferenceUID", frame)
    draft.put(PositionReferenceIndicator="")
    described(draft, "StructureSetLabel", category="RT structure names", most=16)
    described(draft, "StructureSetName", category="RT structure names")
    described(draft, "StructureSetDescription", category="RT structure names")
    draft.plant("StructureSetDate", draft.visit.date)
    draft.put(StructureSetTime="111213")
    draft.plant("ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID", frame, category="UID reference")
    study = "ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]"
    draft.put(f"{study}.ReferencedSOPClassUID", "1.2.840.10008.3.1.2.3.1")
    draft.plant(f"{study}.ReferencedSOPInstanceUID", draft.uid("study"), category="UID reference")
    series = f"{study}.RTReferencedSeriesSequence[0]"
    draft.refer_in_series(series, "ContourImageSequence")
    for number, organ in enumerate(("Liver", "Spinal cord", "PTV"), 1):
        roi = f"StructureSetROISequence[{number - 1}]"
        draft.put(f"{roi}.ROINumber", number)
        draft.plant(f"{roi}.ReferencedFrameOfReferenceUID", frame, category="UID reference")
        described(draft, f"{roi}.ROIName", category="RT structure names", words=Words(organ))
        described(draft, f"{roi}.ROIDescription", category="RT structure names")
        draft.put(f"{roi}.ROIGenerationAlgorithm", "MANUAL")
        _contour(draft, number)
        observation = f"RTROIObservationsSequence[{number - 1}]"
        draft.put(f"{observation}.ObservationNumber", number)
        draft.put(f"{observation}.ReferencedROINumber", number)
        draft.put(f"{observation}.RTROIInterpretedType", "ORGAN")
        draft.plant(f"{observation}.ROIInterpreter", draft.visit.reader.pn, *draft.visit.reader.parts)


def _contour(draft: Draft, number: int) -> None:
    contour = f"ROIContourSequence[{number - 1}]"
    draft.put(f"{contour}.ReferencedROINumber", number)
    draft.put(f"{contour}.ROIDisplayColor", [255, 40 * number, 0])
    item = f"{contour}.ContourSequence[0]"
    draft.put(f"{item}.ContourGeometricType", "CLOSED_PLANAR")
    draft.put(f"{item}.NumberOfContourPoints", "4")
    draw = draft.draw.sub("contour", str(number))
    points = [f"{draw.uniform(-150, 150):.3f}" for _ in range(12)]
    draft.keep(f"{item}.ContourData", points, "kept contours")
    draft.refer(f"{item}.ContourImageSequence[0]")


def dose(draft: Draft) -> None:
    """Add a dose grid of 32 bits, which must stay, and the plan that it refers to."""
    draw = draft.draw.sub("dose")
    grid = np.clip(draw.noise((2, 16, 16), 9000) + 30000, 0, 60000).astype("<u4")
    draft.put(
        Rows=16, Columns=16, BitsAllocated=32, BitsStored=32, HighBit=31, PixelRepresentation=0, SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2", NumberOfFrames="2", PixelData=grid.tobytes(),
    )  # fmt: skip
    draft.dataset["PixelData"].VR = "OW"
    draft.note("PixelData", category="kept dose", ends=KEPT)
    draft.note("DoseGridScaling", category="kept dose", ends=KEPT)
    draft.put(ImageOrientationPatient=["1", "0", "0", "0", "1", "0"], PixelSpacing=["5", "5"])
    draft.put(ImagePositionPatient=["-40", "-40", f"{draw.integer(-300, 0)}"])
    draft.plant("FrameOfReferenceUID", draft.uid("frame"))
    plan = "ReferencedRTPlanSequence[0]"
    draft.put(f"{plan}.ReferencedSOPClassUID", "1.2.840.10008.5.1.4.1.1.481.5")
    draft.plant(f"{plan}.ReferencedSOPInstanceUID", draft.uid("some plan"), category="UID reference")
    described(draft, "DoseComment", category="names in attributes outside the table")


def plan(draft: Draft) -> None:
    """Add a plan: labels that identify, beams that must stay."""
    ion = draft.sop_class.kind == "ion"
    beams = "IonBeamSequence[0]" if ion else "BeamSequence[0]"
    described(draft, "RTPlanLabel", category="RT structure names", most=16)
    described(draft, "RTPlanName", category="RT structure names")
    described(draft, "RTPlanDescription", category="RT structure names")
    draft.plant("RTPlanDate", draft.visit.date)
    draft.put(RTPlanTime="131415")
    draft.put("FractionGroupSequence[0].FractionGroupNumber", "1")
    draft.put("FractionGroupSequence[0].NumberOfFractionsPlanned", "30")
    draft.put("FractionGroupSequence[0].NumberOfBeams", "1")
    draft.put("FractionGroupSequence[0].NumberOfBrachyApplicationSetups", "0")
    draft.plant("FrameOfReferenceUID", draft.uid("frame"))
    draft.put(PositionReferenceIndicator="")
    draft.put(f"{beams}.BeamNumber", "1")
    described(draft, f"{beams}.BeamName", category="names in attributes outside the table", words=Words("Gantry"))
    described(draft, f"{beams}.BeamDescription", category="RT structure names")
    draft.put(f"{beams}.BeamType", "STATIC")
    draft.put(f"{beams}.RadiationType", "PROTON" if ion else "PHOTON")
    draft.plant(f"{beams}.TreatmentMachineName", draft.visit.station)
    draft.keep(f"{beams}.SourceAxisDistance" if not ion else f"{beams}.VirtualSourceAxisDistances",
               "1000" if not ion else [float(draft.number), 2000.0], "kept dose")  # fmt: skip
    draft.put("PatientSetupSequence[0].PatientSetupNumber", "1")
    draft.put("PatientSetupSequence[0].PatientPosition", "HFS")
    structure = "ReferencedStructureSetSequence[0]"
    draft.put(f"{structure}.ReferencedSOPClassUID", "1.2.840.10008.5.1.4.1.1.481.3")
    draft.plant(f"{structure}.ReferencedSOPInstanceUID", draft.uid("some structures"), category="UID reference")


def record(draft: Draft) -> None:
    """Add a record of a treatment session."""
    draft.plant("TreatmentDate", draft.visit.date)
    draft.put(TreatmentTime="141500", NumberOfFractionsPlanned="30", PrimaryDosimeterUnit="MU")
    beam = "TreatmentSessionBeamSequence[0]"
    draft.put(f"{beam}.CurrentFractionNumber", "1")
    draft.put(f"{beam}.BeamType", "STATIC")
    draft.put(f"{beam}.RadiationType", "PHOTON")
    described(draft, f"{beam}.BeamName", category="names in attributes outside the table", words=Words("Gantry"))
    draft.keep(f"{beam}.DeliveredPrimaryMeterset", f"{draft.number}.5", "kept dose")
    draft.plant("TreatmentMachineSequence[0].TreatmentMachineName", draft.visit.station)
    draft.plant("TreatmentMachineSequence[0].DeviceSerialNumber", draft.visit.serial)
