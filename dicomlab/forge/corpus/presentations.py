"""Presentation states, registrations, fiducials, surfaces, mappings, raw data, annotations: what refers to images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.sequence import Sequence as Items

from dicomlab.forge.corpus.fill import code
from dicomlab.forge.corpus.radiotherapy import KEPT
from dicomlab.forge.corpus.texts import Words, described

if TYPE_CHECKING:
    from dicomlab.forge.corpus.draft import Draft

_OUTSIDE = "names in attributes outside the table"
_PR = "references in PR"


def content(draft: Draft) -> None:
    """Add label, description, date and creator of a content."""
    described(draft, "ContentDescription", category=_OUTSIDE)
    draft.plant("ContentCreatorName", draft.visit.reader.pn, *draft.visit.reader.parts)


def presentation(draft: Draft) -> None:
    """Add a presentation state: graphics whose texts name the patient, and references."""
    content(draft)
    draft.plant("PresentationCreationDate", draft.visit.date)
    draft.put(PresentationCreationTime="121212")
    draft.refer_in_series("ReferencedSeriesSequence[0]", "ReferencedImageSequence", _PR)
    area = "DisplayedAreaSelectionSequence[0]"
    draft.put(f"{area}.DisplayedAreaTopLeftHandCorner", [1, 1])
    draft.put(f"{area}.DisplayedAreaBottomRightHandCorner", [32, 32])
    draft.put(f"{area}.PresentationSizeMode", "SCALE TO FIT")
    draft.put(f"{area}.PresentationPixelAspectRatio", [1, 1])
    draft.put("GraphicLayerSequence[0].GraphicLayer", "MARKS")
    draft.put("GraphicLayerSequence[0].GraphicLayerOrder", "1")
    described(draft, "GraphicLayerSequence[0].GraphicLayerDescription", category=_OUTSIDE)
    marks = "GraphicAnnotationSequence[0]"
    draft.put(f"{marks}.GraphicLayer", "MARKS")
    draft.refer(f"{marks}.ReferencedImageSequence[0]", _PR)
    for number in range(2):
        text = f"{marks}.TextObjectSequence[{number}]"
        described(draft, f"{text}.UnformattedTextValue", category="PR graphics", most=200)
        draft.put(f"{text}.AnchorPointAnnotationUnits", "PIXEL")
        draft.put(f"{text}.AnchorPoint", [float(draft.number), 12.5])
        draft.put(f"{text}.AnchorPointVisibility", "Y")
    graphic = f"{marks}.GraphicObjectSequence[0]"
    draft.put(f"{graphic}.GraphicAnnotationUnits", "PIXEL")
    draft.put(f"{graphic}.GraphicDimensions", 2)
    draft.put(f"{graphic}.NumberOfGraphicPoints", 2)
    draft.put(f"{graphic}.GraphicData", [1.5, 2.5, float(draft.number), 9.0])
    draft.note(f"{graphic}.GraphicData", category="kept contours", ends={"basic": (), "research": ("kept",)})
    draft.put(f"{graphic}.GraphicType", "POLYLINE")
    draft.put(f"{graphic}.GraphicFilled", "N")
    if draft.sop_class.name == "csps":
        draft.put(ICCProfile=b"forge profile " + bytes(2))


def registration(draft: Draft) -> None:
    """Add a spatial registration; the deformable one with a grid."""
    content(draft)
    draft.plant("ContentDate", draft.visit.date)
    draft.put(ContentTime="131313")
    frame = draft.uid("frame")
    draft.plant("FrameOfReferenceUID", frame)
    draft.put(PositionReferenceIndicator="")
    deformable = draft.sop_class.kind == "deformable"
    step = "DeformableRegistrationSequence[0]" if deformable else "RegistrationSequence[0]"
    source = "SourceFrameOfReferenceUID" if deformable else "FrameOfReferenceUID"
    draft.plant(f"{step}.{source}", frame, category="UID reference")
    draft.refer(f"{step}.ReferencedImageSequence[0]")
    draft.refer_in_series("ReferencedSeriesSequence[0]", "ReferencedInstanceSequence")
    matrix = [*(f"{v:.4f}" for v in (1, 0, 0, draft.number, 0, 1, 0, -2.5, 0, 0, 1, 7)), "0", "0", "0", "1"]
    if deformable:
        draft.put(f"{step}.PreDeformationMatrixRegistrationSequence[0].FrameOfReferenceTransformationMatrix", matrix)
        kind = "PreDeformationMatrixRegistrationSequence[0].FrameOfReferenceTransformationMatrixType"
        draft.put(f"{step}.{kind}", "RIGID")
        path = f"{step}.PreDeformationMatrixRegistrationSequence[0].FrameOfReferenceTransformationMatrix"
        grid = f"{step}.DeformableRegistrationGridSequence[0]"
        draft.put(f"{grid}.ImageOrientationPatient", ["1", "0", "0", "0", "1", "0"])
        draft.put(f"{grid}.ImagePositionPatient", ["0", "0", "0"])
        draft.put(f"{grid}.GridDimensions", [2, 2, 2])
        draft.put(f"{grid}.GridResolution", [5.0, 5.0, 5.0])
        draft.put(f"{grid}.VectorGridData", draft.draw.sub("grid").noise((24,), 2).astype("<f4").tobytes())
        draft.note(f"{grid}.VectorGridData", category="kept contours", ends=KEPT)
    else:
        inner = f"{step}.MatrixRegistrationSequence[0]"
        draft.put(f"{inner}.MatrixSequence[0].FrameOfReferenceTransformationMatrixType", "RIGID")
        path = f"{inner}.MatrixSequence[0].FrameOfReferenceTransformationMatrix"
        draft.put(path, matrix)
        draft.put(
            f"{inner}.RegistrationTypeCodeSequence", Items([code("125024", "DCM", "Image Content-based Alignment")])
        )
        described(draft, f"{inner}.FrameOfReferenceTransformationComment", category=_OUTSIDE, most=60)
    draft.note(path, category="kept contours", ends=KEPT)


def fiducials(draft: Draft) -> None:
    """Add fiducials: positions that must stay, descriptions that name the patient."""
    content(draft)
    draft.plant("ContentDate", draft.visit.date)
    draft.put(ContentTime="131313")
    fiducial = "FiducialSetSequence[0].FiducialSequence[0]"
    draft.plant("FiducialSetSequence[0].FrameOfReferenceUID", draft.uid("frame"), category="UID reference")
    draft.put(f"{fiducial}.FiducialIdentifier", "1")
    described(draft, f"{fiducial}.FiducialDescription", category=_OUTSIDE)
    draft.put(f"{fiducial}.ShapeType", "POINT")
    draft.plant(f"{fiducial}.FiducialUID", draft.uid("fiducial", draft.series))
    shape = f"{fiducial}.GraphicCoordinatesDataSequence[0].GraphicData"
    draft.keep(shape, [1.5, float(draft.number)], "kept contours")
    draft.refer(f"{fiducial}.GraphicCoordinatesDataSequence[0].ReferencedImageSequence[0]")
    draft.refer_in_series("ReferencedSeriesSequence[0]", "ReferencedInstanceSequence")


def surface(draft: Draft) -> None:
    """Add a surface of one triangle, which must stay."""
    content(draft)
    draft.plant("ContentDate", draft.visit.date)
    draft.put(ContentTime="131313")
    draft.plant("FrameOfReferenceUID", draft.uid("frame"))
    segment = "SegmentSequence[0]"
    draft.put(f"{segment}.SegmentNumber", 1)
    described(draft, f"{segment}.SegmentLabel", category=_OUTSIDE, words=Words("Liver"))
    draft.put(
        f"{segment}.SegmentedPropertyCategoryCodeSequence", Items([code("123037004", "SCT", "Anatomical Structure")])
    )
    draft.put(f"{segment}.SegmentedPropertyTypeCodeSequence", Items([code("10200004", "SCT", "Liver")]))
    item = "SurfaceSequence[0]"
    described(draft, f"{item}.SurfaceComments", category=_OUTSIDE, most=200)
    points = draft.draw.sub("surface").noise((9,), 40).astype("<f4").tobytes()
    draft.put(f"{item}.SurfacePointsSequence[0].NumberOfSurfacePoints", 3)
    draft.put(f"{item}.SurfacePointsSequence[0].PointCoordinatesData", points)
    draft.note(f"{item}.SurfacePointsSequence[0].PointCoordinatesData", category="kept contours", ends=KEPT)
    primitives = f"{item}.SurfaceMeshPrimitivesSequence[0]"
    draft.put(f"{primitives}.LongTrianglePointIndexList", (1).to_bytes(4, "little") + bytes(8))


def mapping(draft: Draft) -> None:
    """Add a mapping to real-world values."""
    content(draft)
    draft.plant("ContentDate", draft.visit.date)
    draft.put(ContentTime="131313")
    outer = "ReferencedImageRealWorldValueMappingSequence[0]"
    draft.refer(f"{outer}.ReferencedImageSequence[0]")
    values = f"{outer}.RealWorldValueMappingSequence[0]"
    described(draft, f"{values}.LUTExplanation", category=_OUTSIDE)
    draft.put(f"{values}.LUTLabel", "SUV")
    draft.put(f"{values}.RealWorldValueFirstValueMapped", 0)
    draft.put(f"{values}.RealWorldValueLastValueMapped", 4095)
    draft.put(f"{values}.RealWorldValueIntercept", 0.0)
    draft.keep(f"{values}.RealWorldValueSlope", 0.001 * draft.number, "kept acquisition values")
    draft.put(
        f"{values}.MeasurementUnitsCodeSequence", Items([code("{SUVbw}g/ml", "UCUM", "Standardized Uptake Value")])
    )
    draft.refer_in_series("ReferencedSeriesSequence[0]", "ReferencedInstanceSequence")


def raw(draft: Draft) -> None:
    """Add raw data: an instance whose content is private, and a reference to the image."""
    draft.plant("ContentDate", draft.visit.date)
    draft.put(ContentTime="131313")
    draft.put(CreatorVersionUID="1.2.276.0.7230010.3.0.3.6.7")
    draft.refer("ReferencedInstanceSequence[0]")
    draft.put(
        "ReferencedInstanceSequence[0].PurposeOfReferenceCodeSequence", Items([code("121322", "DCM", "Source image")])
    )
    draft.plant("AcquisitionDateTime", f"{draft.visit.date}131313")


def slide_annotations(draft: Draft) -> None:
    """Add annotations of a slide: points that must stay, labels that name the patient."""
    content(draft)
    draft.plant("ContentDate", draft.visit.date)
    draft.put(ContentTime="131313")
    draft.refer("ReferencedImageSequence[0]", "annotations")
    draft.refer_in_series("ReferencedSeriesSequence[0]", "ReferencedInstanceSequence")
    group = "AnnotationGroupSequence[0]"
    draft.put(f"{group}.AnnotationGroupNumber", 1)
    draft.plant(f"{group}.AnnotationGroupUID", draft.uid("annotation group", draft.series), category="annotations")
    described(draft, f"{group}.AnnotationGroupLabel", category="annotations")
    described(draft, f"{group}.AnnotationGroupDescription", category="annotations", most=200)
    draft.put(f"{group}.AnnotationGroupGenerationType", "MANUAL")
    draft.put(
        f"{group}.AnnotationPropertyCategoryCodeSequence", Items([code("91723000", "SCT", "Anatomical structure")])
    )
    draft.put(f"{group}.AnnotationPropertyTypeCodeSequence", Items([code("84640000", "SCT", "Nucleus")]))
    draft.put(f"{group}.NumberOfAnnotations", 2)
    draft.put(f"{group}.AnnotationAppliesToAllOpticalPaths", "YES")
    draft.put(f"{group}.GraphicType", "POINT")
    points = draft.draw.sub("points").noise((4,), 500).astype("<f4").tobytes()
    draft.put(f"{group}.PointCoordinatesData", points)
    draft.note(f"{group}.PointCoordinatesData", category="kept contours", ends=KEPT)
