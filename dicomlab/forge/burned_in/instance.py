"""From a picture to a DICOM instance: the modules of its SOP Class, the patient who is burned in to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomlab.forge.burned_in.picture import MULTI_FRAME, SOP_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomlab.forge.burned_in.picture import Picture
    from dicomlab.forge.burned_in.words import Who
    from dicomlab.forge.draw import Draw

_MAKERS = {"US": ("GE Healthcare", "LOGIQ E9"), "CT": ("SIEMENS", "Somatom go.Top"), "MR": ("Philips", "Ingenia"),
           "CR": ("FUJIFILM", "FCR PRIMA"), "DX": ("Canon", "CXDI"), "MG": ("HOLOGIC", "Selenia Dimensions"),
           "XA": ("SIEMENS", "AXIOM-Artis"), "ES": ("OLYMPUS", "EVIS EXERA"), "XC": ("Canon", "EOS"),
           "OT": ("Forge", "Capture")}  # fmt: skip
_PROJECTIONS = ("CR", "DX", "MG", "XA")


def dataset(picture: Picture, who: Who, draw: Draw, number: int) -> Dataset:
    """Return everything but Pixel Data and what tells of it; `number` becomes the Instance Number."""
    ds = Dataset()
    frames = len(picture.canvas.frames)
    visit, patient = who.visit, who.patient
    name = f"{who.family}^{who.given}"
    groups = [name, "^".join(patient.name.native), "^".join(patient.name.sound)]
    maker, model = _MAKERS[picture.modality]
    _put(ds, {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": (MULTI_FRAME if frames > 1 else SOP_CLASSES)[picture.modality],
        "SOPInstanceUID": draw.uid("instance"), "StudyInstanceUID": draw.uid("study"),
        "SeriesInstanceUID": draw.uid("series"),
        "ImageType": ["ORIGINAL", "PRIMARY"], "Modality": picture.modality, "StudyDate": visit.date,
        "SeriesDate": visit.date,
        "ContentDate": visit.date, "StudyTime": who.time, "ContentTime": who.time, "AccessionNumber": visit.accession,
        "PatientName": "=".join(groups).rstrip("=^"), "PatientID": patient.patient_id,
        "PatientBirthDate": f"{patient.birth:%Y%m%d}",
        "PatientSex": patient.sex, "PatientTelephoneNumbers": patient.phone, "StudyID": visit.study_id,
        "ReferringPhysicianName": visit.referring.pn, "OperatorsName": visit.operator.pn,
        "NameOfPhysiciansReadingStudy": visit.reader.pn, "InstitutionName": visit.institution,
        "InstitutionAddress": visit.street, "InstitutionalDepartmentName": visit.department,
        "StationName": visit.station,
        "Manufacturer": maker, "ManufacturerModelName": model, "SeriesNumber": 1, "InstanceNumber": number,
        "PatientOrientation": "",
    })  # fmt: skip
    _put(ds, _module(picture, draw))
    _put(ds, picture.header)
    if frames > 1:
        ds.NumberOfFrames = frames
        ds.FrameTime = "40"
        ds.FrameIncrementPointer = 0x00181063
    if picture.modality not in ("CR", "DX", "MG"):  # CR: of an unpaired body part
        ds.Laterality = ""
    burned = draw.choice((None, None, "YES", "NO"))  # devices err
    if burned or picture.modality in ("DX", "MG"):
        ds.BurnedInAnnotation = burned or "NO"
    return ds


def _put(ds: Dataset, values: Mapping[str, Any]) -> None:
    for keyword, value in values.items():
        setattr(ds, keyword, _items(value) if isinstance(value, list) else value)


def _items(values: list[Any]) -> Any:  # noqa: ANN401 - whatever the attribute holds
    if values and isinstance(values[0], dict):
        items = []
        for value in values:
            item = Dataset()
            _put(item, value)
            items.append(item)
        return Sequence(items)
    return values


def _code(value: str, scheme: str, meaning: str) -> Sequence:
    return Sequence([_items([{"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}])[0]])


def _module(picture: Picture, draw: Draw) -> dict[str, Any]:  # noqa: PLR0911 - one for each modality
    """Return what the SOP Class asks for beyond the common modules."""
    storage = picture.storage
    plane = {"FrameOfReferenceUID": draw.uid("frame of reference"), "PositionReferenceIndicator": "",
             "ImagePositionPatient": [-180, -180, 0], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
             "PixelSpacing": [0.7, 0.7], "SliceThickness": "5", "PatientPosition": "HFS"}  # fmt: skip
    window: dict[str, Any] = {}
    if storage.samples == 1 and not storage.palette:
        low, high = sorted((storage.low, storage.high))
        window = {"WindowCenter": f"{(low + high) / 2:.0f}", "WindowWidth": f"{max(high - low, 2):.0f}"}
    match picture.modality:
        case "CT":
            return {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "KVP": "120", "AcquisitionNumber": 1,
            "RescaleIntercept": "0",
                    "RescaleSlope": "1", "RescaleType": "HU", "WindowCenter": "40", "WindowWidth": "400",
                    **plane}  # fmt: skip
        case "MR":
            return {"ImageType": ["ORIGINAL", "PRIMARY", "M", "SE"], "ScanningSequence": "SE",
            "SequenceVariant": "NONE",
                    "ScanOptions": "", "MRAcquisitionType": "2D", "EchoTime": "90", "RepetitionTime": "4500",
                    "EchoTrainLength": 1, **plane, **window}  # fmt: skip
        case "CR":
            return {"BodyPartExamined": "CHEST", "ViewPosition": "AP", "ImagerPixelSpacing": [0.143, 0.143], **window}
        case "DX" | "MG":
            inverse = storage.photometric == "MONOCHROME1"
            common: dict[str, Any] = {
                "PresentationIntentType": "FOR PRESENTATION", "PixelIntensityRelationship": "LOG",
                "PixelIntensityRelationshipSign": -1 if inverse else 1, "RescaleIntercept": "0", "RescaleSlope": "1",
                "RescaleType": "US", "PresentationLUTShape": "INVERSE" if inverse else "IDENTITY",
                "LossyImageCompression": "00", "ImageLaterality": "L" if picture.modality == "MG" else "U",
                "DetectorType": "DIRECT", "ImagerPixelSpacing": [0.1, 0.1], "PositionerType": "NONE",
                "AcquisitionDate": picture.header.get("ContentDate", ""), "AcquisitionTime": "",
                "AcquisitionContextSequence": Sequence(),
                "AnatomicRegionSequence": _code("76752008", "SCT", "Breast") if picture.modality == "MG"
                else _code("51185008", "SCT", "Chest"),
                "ViewCodeSequence": _code("399162004", "SCT", "cranio-caudal"), "PatientOrientation": ["A", "L"],
                **window,
            }  # fmt: skip
            if picture.modality == "MG":
                common |= {"PositionerType": "MAMMOGRAPHIC", "OrganExposed": "BREAST", "BreastImplantPresent": "NO"}
                common["ViewCodeSequence"][0].ViewModifierCodeSequence = Sequence()
            return common
        case "XA":
            return {"ImageType": ["ORIGINAL", "PRIMARY", "SINGLE PLANE"], "PixelIntensityRelationship": "LIN",
            "KVP": "72",
                    "RadiationSetting": "SC", "XRayTubeCurrent": 40, "ExposureTime": 8, "PositionerMotion": "STATIC",
                    "PositionerPrimaryAngle": "30", "PositionerSecondaryAngle": "0", **window}  # fmt: skip
        case "ES" | "XC":
            where = ("69695003", "Stomach") if picture.modality == "ES" else ("39937001", "Skin")
            return {"AcquisitionContextSequence": Sequence(), "LossyImageCompression": "00",
                    "AnatomicRegionSequence": _code(where[0], "SCT", where[1])}  # fmt: skip
        case "US":
            return {"LossyImageCompression": "00", "UltrasoundColorDataPresent": int(storage.samples > 1)}
        case _:
            return {"ConversionType": "WSD"}
