"""Instances that refer to the CT: a presentation state with an annotation, and structures for radiotherapy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.uid import CTImageStorage, GrayscaleSoftcopyPresentationStateStorage, RTStructureSetStorage

from dicomlab.forge.encoding import EXPLICIT, IMPLICIT, Envelope
from dicomlab.forge.instances.common import Series, parts, sheet_of

if TYPE_CHECKING:
    from dicomlab.forge.instances.volumes import Made
    from dicomlab.forge.sheet import Book


def presentation(book: Book, name: str, series: Series, ct: Series) -> Made:
    """Return a presentation state whose annotation and description name the patient."""
    person, visit = series.person, series.visit
    sheet = sheet_of(book, name, series, sop_class=GrayscaleSoftcopyPresentationStateStorage, number=1)
    sheet.put(ContentLabel="MARKS")
    sheet.plant("ContentDescription", f"Marks for {person.family}", person.family)
    sheet.plant("ContentCreatorName", visit.reader, *parts(visit.reader))
    sheet.plant("PresentationCreationDate", visit.date)
    sheet.put(PresentationCreationTime=series.time)
    sheet.put("ReferencedSeriesSequence[0].SeriesInstanceUID", ct.uid)
    image = "ReferencedSeriesSequence[0].ReferencedImageSequence[0]"
    sheet.put(f"{image}.ReferencedSOPClassUID", CTImageStorage)
    sheet.plant(f"{image}.ReferencedSOPInstanceUID", ct.instance(30))
    area = "DisplayedAreaSelectionSequence[0]"
    sheet.put(f"{area}.DisplayedAreaTopLeftHandCorner", [1, 1])
    sheet.put(f"{area}.DisplayedAreaBottomRightHandCorner", [128, 128])
    sheet.put(f"{area}.PresentationSizeMode", "SCALE TO FIT")
    sheet.put(f"{area}.PresentationPixelAspectRatio", [1, 1])
    layer = "GraphicLayerSequence[0]"
    sheet.put(f"{layer}.GraphicLayer", "MARKS")
    sheet.put(f"{layer}.GraphicLayerOrder", 1)
    marks = "GraphicAnnotationSequence[0]"
    sheet.put(f"{marks}.GraphicLayer", "MARKS")
    text = f"{marks}.TextObjectSequence[0]"
    said = f"{person.family} {visit.spoken}: lesion?"
    sheet.plant(f"{text}.UnformattedTextValue", said, person.family, visit.spoken)
    sheet.put(f"{text}.AnchorPointAnnotationUnits", "PIXEL")
    sheet.put(f"{text}.AnchorPoint", [40.0, 52.0])
    sheet.put(f"{text}.AnchorPointVisibility", "Y")
    sheet.put("SoftcopyVOILUTSequence[0].WindowCenter", 40)
    sheet.put("SoftcopyVOILUTSequence[0].WindowWidth", 80)
    sheet.put(PresentationLUTShape="IDENTITY")
    return name, sheet, Envelope(EXPLICIT)


def structures(book: Book, name: str, series: Series, ct: Series) -> Made:
    """Return a structure set on the CT, with a region that is named after the patient."""
    person, visit = series.person, series.visit
    sheet = sheet_of(book, name, series, sop_class=RTStructureSetStorage, number=1)
    # RT Series: Operators' Name is of Type 2, so it is emptied rather than removed.
    sheet.plant("OperatorsName", visit.operator, *parts(visit.operator), fate="Z")
    sheet.plant("StructureSetLabel", f"{person.family} H1", person.family)
    sheet.plant("StructureSetDate", visit.date)
    sheet.put(StructureSetTime=series.time)
    sheet.plant("FrameOfReferenceUID", ct.frame_of_reference)
    sheet.put(PositionReferenceIndicator="")
    frame = "ReferencedFrameOfReferenceSequence[0]"
    sheet.plant(f"{frame}.FrameOfReferenceUID", ct.frame_of_reference)
    study = f"{frame}.RTReferencedStudySequence[0]"
    sheet.put(f"{study}.ReferencedSOPClassUID", "1.2.840.10008.3.1.2.3.1")
    sheet.plant(f"{study}.ReferencedSOPInstanceUID", ct.visit.uid())
    sheet.put(f"{study}.RTReferencedSeriesSequence[0].SeriesInstanceUID", ct.uid)
    for index in range(3):
        image = f"{study}.RTReferencedSeriesSequence[0].ContourImageSequence[{index}]"
        sheet.put(f"{image}.ReferencedSOPClassUID", CTImageStorage)
        sheet.plant(f"{image}.ReferencedSOPInstanceUID", ct.instance(29 + index))
    roi = "StructureSetROISequence[0]"
    sheet.put(f"{roi}.ROINumber", 1)
    sheet.plant(f"{roi}.ReferencedFrameOfReferenceUID", ct.frame_of_reference)
    sheet.plant(f"{roi}.ROIName", f"Globe {person.family}", person.family)
    sheet.put(f"{roi}.ROIGenerationAlgorithm", "MANUAL")
    contour = "ROIContourSequence[0]"
    sheet.put(f"{contour}.ReferencedROINumber", 1)
    line = f"{contour}.ContourSequence[0]"
    sheet.put(f"{line}.ContourGeometricType", "CLOSED_PLANAR")
    sheet.put(f"{line}.NumberOfContourPoints", 4)
    sheet.keep(f"{line}.ContourData", [30.0, -60.0, -35.0, 40.0, -60.0, -35.0, 40.0, -50.0, -35.0, 30.0, -50.0, -35.0])
    observation = "RTROIObservationsSequence[0]"
    sheet.put(f"{observation}.ObservationNumber", 1)
    sheet.put(f"{observation}.ReferencedROINumber", 1)
    sheet.put(f"{observation}.RTROIInterpretedType", "ORGAN")
    sheet.plant(f"{observation}.ROIInterpreter", visit.reader, *parts(visit.reader))
    return name, sheet, Envelope(IMPLICIT)
