"""An enhanced multi-frame MR of a knee: functional groups with dates, comments and private items inside."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage

from dicomlab.forge.draw import Draw
from dicomlab.forge.encoding import DEFLATED, Envelope
from dicomlab.forge.instances.common import Series, code, private, sheet_of
from dicomlab.forge.sheet import Book, Fate, Sheet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.forge.instances.volumes import Made

FRAMES, ROWS, COLUMNS = 6, 72, 64
_PRIVATE = Fate("X", "X", "private")
_SHARED, _FRAME = "SharedFunctionalGroupsSequence[0]", "PerFrameFunctionalGroupsSequence[{}]"


def knee(book: Book, name: str, series: Series) -> Made:
    """Return an enhanced MR of a knee in six frames, with Philips' private elements at the root and in items."""
    visit = series.visit
    sheet = sheet_of(book, name, series, sop_class=EnhancedMRImageStorage, number=1)
    # Enhanced General Equipment asks for a serial number (Type 1), Multi-frame Functional Groups for a content date.
    sheet.plant("DeviceSerialNumber", f"SN{visit.accession[-5:]}{series.number}", fate="D")
    sheet.plant("ContentDate", visit.date, fate="D/shift")
    sheet.plant("AcquisitionDateTime", f"{visit.date}{series.time}+0100", visit.date, fate="D/shift")
    sheet.plant("FrameOfReferenceUID", series.frame_of_reference)
    sheet.put(PositionReferenceIndicator="", PatientPosition="FFS", ContentTime=series.time, AcquisitionNumber=1)
    description(sheet)
    dimension = "DimensionOrganizationSequence[0].DimensionOrganizationUID"
    sheet.plant(dimension, visit.uid(series.label, "dimension"))
    sheet.put("DimensionIndexSequence[0].DimensionOrganizationUID", visit.uid(series.label, "dimension"))
    sheet.put("DimensionIndexSequence[0].DimensionIndexPointer", 0x00200032)
    sheet.put("DimensionIndexSequence[0].FunctionalGroupPointer", 0x00209113)
    shared(sheet)
    for index in range(FRAMES):
        _frame(sheet, series, index)
    _philips(sheet, series)
    pixels = _pixels(Draw(0, series.uid))
    sheet.put(
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=ROWS,
        Columns=COLUMNS,
        BitsAllocated=16,
        BitsStored=12,
        HighBit=11,
        PixelRepresentation=0,
        NumberOfFrames=FRAMES,
        PixelData=pixels.tobytes(),
    )
    sheet.dataset["PixelData"].VR = "OW"
    return name, sheet, Envelope(DEFLATED, sender=f"{visit.place.mark}ARCHIVE")


def description(sheet: Sheet) -> None:
    """Put what an enhanced MR of one contrast says of itself."""
    kind = {
        "PixelPresentation": "MONOCHROME",
        "VolumetricProperties": "VOLUME",
        "VolumeBasedCalculationTechnique": "NONE",
        "ComplexImageComponent": "MAGNITUDE",
        "AcquisitionContrast": "T1",
    }
    sheet.put(ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], **kind)
    sheet.put(f"{_SHARED}.MRImageFrameTypeSequence[0].FrameType", ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])
    for keyword, value in kind.items():
        sheet.put(f"{_SHARED}.MRImageFrameTypeSequence[0].{keyword}", value)
    sheet.put(
        ResonantNucleus="1H",
        KSpaceFiltering="NONE",
        MagneticFieldStrength=3.0,
        ApplicableSafetyStandardAgency="IEC",
        BurnedInAnnotation="NO",
        LossyImageCompression="00",
        PresentationLUTShape="IDENTITY",
        ContentQualification="PRODUCT",
        PulseSequenceName="TSE",
        MRAcquisitionType="2D",
        EchoPulseSequence="SPIN",
        MultipleSpinEcho="NO",
        MultiPlanarExcitation="NO",
        PhaseContrast="NO",
        TimeOfFlightContrast="NO",
        SteadyStatePulseSequence="NONE",
        EchoPlanarPulseSequence="NO",
        SaturationRecovery="NO",
        SpectrallySelectedSuppression="NONE",
        OversamplingPhase="NONE",
        GeometryOfKSpaceTraversal="RECTILINEAR",
        SegmentedKSpaceTraversal="SINGLE",
        RectilinearPhaseEncodeReordering="LINEAR",
        NumberOfKSpaceTrajectories=1,
        AcquisitionDuration=184.0,
        AcquisitionContextSequence=[],
    )


def shared(sheet: Sheet) -> None:
    """Put functional groups that all frames share; geometry and anatomy are those of the knee."""

    def put(path: str, value: object) -> None:
        sheet.put(f"{_SHARED}.{path}", value)

    put("PixelMeasuresSequence[0].PixelSpacing", [2.2, 2.2])
    put("PixelMeasuresSequence[0].SliceThickness", 4.0)
    put("PlaneOrientationSequence[0].ImageOrientationPatient", [0.0, 1.0, 0.0, 0.0, 0.0, -1.0])
    put("FrameAnatomySequence[0].FrameLaterality", "L")
    put("FrameAnatomySequence[0].AnatomicRegionSequence", code("72696002", "SCT", "Knee"))
    put("PixelValueTransformationSequence[0].RescaleIntercept", 0)
    put("PixelValueTransformationSequence[0].RescaleSlope", 1)
    put("PixelValueTransformationSequence[0].RescaleType", "US")
    put("MRTimingAndRelatedParametersSequence[0].RepetitionTime", 620)
    put("MRTimingAndRelatedParametersSequence[0].FlipAngle", 90)
    put("MRTimingAndRelatedParametersSequence[0].EchoTrainLength", 1)
    put("MRTimingAndRelatedParametersSequence[0].RFEchoTrainLength", 1)
    put("MRTimingAndRelatedParametersSequence[0].GradientEchoTrainLength", 0)
    rate = "MRTimingAndRelatedParametersSequence[0].SpecificAbsorptionRateSequence[0]"
    put(f"{rate}.SpecificAbsorptionRateDefinition", "IEC_WHOLE_BODY")
    put(f"{rate}.SpecificAbsorptionRateValue", 0.4)
    put("MRTimingAndRelatedParametersSequence[0].GradientOutputType", "DB_DT")
    put("MRTimingAndRelatedParametersSequence[0].GradientOutput", 0.2)
    mode = "MRTimingAndRelatedParametersSequence[0].OperatingModeSequence"
    for index, kind in enumerate(("STATIC FIELD", "RF", "GRADIENT")):
        put(f"{mode}[{index}].OperatingModeType", kind)
        put(f"{mode}[{index}].OperatingMode", "IEC_NORMAL")
    geometry = {
        "InPlanePhaseEncodingDirection": "ROW",
        "MRAcquisitionFrequencyEncodingSteps": 64,
        "MRAcquisitionPhaseEncodingStepsInPlane": 64,
        "PercentSampling": 100,
        "PercentPhaseFieldOfView": 100,
    }
    for keyword, value in geometry.items():
        put(f"MRFOVGeometrySequence[0].{keyword}", value)
    put("MREchoSequence[0].EffectiveEchoTime", 11.0)
    modifier = {"InversionRecovery": "NO", "FlowCompensation": "NONE", "Spoiling": "NONE", "T2Preparation": "NO",
                "SpectrallySelectedExcitation": "NONE", "SpatialPresaturation": "NONE", "PartialFourier": "NO",
                "ParallelAcquisition": "NO"}  # fmt: skip
    for keyword, word in modifier.items():
        put(f"MRModifierSequence[0].{keyword}", word)
    imaging = {"MagnetizationTransfer": "NONE", "BloodSignalNulling": "NO", "Tagging": "NONE",
               "TransmitterFrequency": 127.7, "PixelBandwidth": 190.0}  # fmt: skip
    for keyword, thing in imaging.items():
        put(f"MRImagingModifierSequence[0].{keyword}", thing)
    coil = "MRReceiveCoilSequence[0]"
    put(f"{coil}.ReceiveCoilName", "KNEE16")
    put(f"{coil}.ReceiveCoilManufacturerName", "Philips")
    put(f"{coil}.ReceiveCoilType", "SURFACE")
    put(f"{coil}.QuadratureReceiveCoil", "NO")
    coil = "MRTransmitCoilSequence[0]"
    put(f"{coil}.TransmitCoilName", "BODY")
    put(f"{coil}.TransmitCoilManufacturerName", "Philips")
    put(f"{coil}.TransmitCoilType", "BODY")
    put("MRAveragesSequence[0].NumberOfAverages", 1)


def _frame(sheet: Sheet, series: Series, index: int) -> None:
    item, visit = _FRAME.format(index), series.visit
    content = f"{item}.FrameContentSequence[0]"
    moment = f"{visit.date}{series.time}.{index:03d}"
    # Type 1C in Frame Content, and D in the table.
    sheet.plant(f"{content}.FrameReferenceDateTime", moment, visit.date)
    sheet.plant(f"{content}.FrameAcquisitionDateTime", moment, visit.date)
    sheet.put(f"{content}.FrameAcquisitionDuration", 30.0)
    sheet.put(f"{content}.DimensionIndexValues", [index + 1])
    if index == 0:
        sheet.plant(f"{content}.FrameComments", f"Knie li. {series.person.family}", series.person.family)
    sheet.put(f"{item}.PlanePositionSequence[0].ImagePositionPatient", [round(20.0 - 4.4 * index, 1), -70.0, 80.0])
    window = f"{item}.FrameVOILUTSequence[0]"
    sheet.put(f"{window}.WindowCenter", 500)
    sheet.put(f"{window}.WindowWidth", 1000)


def _philips(sheet: Sheet, series: Series) -> None:
    """Add Philips' private elements: safe numbers, a sequence with a name inside, and a block in an item."""
    creator, person = "Philips Imaging DD 001", series.person
    private(sheet, (0x2001, creator, 0x03), ("FL", 0.0), fate="X/K", block=0x10)
    private(sheet, (0x2001, creator, 0x0B), ("CS", "SAGITTAL"), fate="X/K", block=0x10)
    held = f"{_FRAME.format(0)}"
    private(sheet, (0x2001, creator, 0x1D), ("IS", "1"), fate="X/K", held=held, block=0x11)
    sequence = "Philips MR Imaging DD 001"
    private(sheet, (0x2005, sequence, 0x84), ("SQ", []), fate="X", block=0x14)
    item = _item(person.family, person.given)
    sheet.dataset[0x20051484].value = [item]
    sheet.note(f"(2005,'{sequence}',84)", (person.family, person.given), _PRIVATE)
    # The same as a sender writes it that does not know the sequence: UN, its items in implicit VR (PS3.5 6.2.2).
    sheet.dataset.add_new(0x20051485, "UN", _implicit(item))
    sheet.note(f"(2005,'{sequence}',85)", (person.family, person.given), _PRIVATE)


def _item(family: str, given: str) -> Dataset:
    """Return an item as Philips nests them: a name among private elements."""
    item = Dataset()
    item.add_new(0x00100010, "PN", f"{family}^{given}")
    item.add_new(0x20050014, "LO", "Philips MR Imaging DD 001")
    item.add_new(0x20051420, "FL", 1.0)
    return item


def _implicit(item: Dataset) -> bytes:
    """Return a sequence of one item in implicit VR little endian."""
    buffer = BytesIO()
    held = Dataset()
    held.update({element.tag: element for element in item})
    held.add_new(0x00100010, "PN", str(item.PatientName).encode("utf-8").decode("latin-1"))
    dcmwrite(buffer, held, implicit_vr=True, little_endian=True, enforce_file_format=False)
    content = buffer.getvalue()
    return b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content


def _pixels(draw: Draw) -> NDArray[np.uint16]:
    """Return frames of a thigh bone over a shin bone, with fat and muscle around them."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].astype(float)
    frames = []
    for index in range(FRAMES):
        leg = 420.0 * (np.abs(x - 32) < 25 - abs(index - 2.5))
        leg[((x - 30) / 13) ** 2 + ((y - 26) / 9) ** 2 < 1] = 700
        leg[(np.abs(x - 30) < 7) & (y < 26)] = 700  # noqa: PLR2004
        leg[(np.abs(x - 31) < 9) & (y > 40)] = 680  # noqa: PLR2004
        leg[((x - 10) / 4) ** 2 + ((y - 26) / 7) ** 2 < 1] = 650
        frames.append(leg + draw.sub(str(index)).noise(leg.shape, 14.0))
    return np.asarray(np.clip(np.stack(frames), 0, 4095), dtype=np.uint16)
