"""Small instances built in code, of people who do not exist."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

UID_ROOT = "1.2.826.0.1.3680043.8.498.77"


# Rare words, so that finding one in an output is no accident.
PLANTED = ("quellenbach", "zaphiro", "px88231", "19470523", "acc5577319", "wernigerode", "turmalin")


def ct_instance(number: int = 1, **attributes: object) -> Dataset:
    """One CT slice of 8 × 8 pixels with every attribute that its IOD requires; keywords replace values."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.update(
        {
            "SpecificCharacterSet": "ISO_IR 100",
            "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "SOPClassUID": CTImageStorage,
            "SOPInstanceUID": f"{UID_ROOT}.1.{number}",
            "StudyDate": "20240311",
            "ContentDate": "20240311",
            "StudyTime": "101500",
            "ContentTime": "101512.5",
            "AccessionNumber": "",
            "Modality": "CT",
            "Manufacturer": "SIEMENS",
            "ReferringPhysicianName": "",
            "PatientName": "",
            "PatientID": "P1",
            "PatientBirthDate": "",
            "PatientSex": "O",
            "BodyPartExamined": "CHEST",
            "KVP": "120",
            "PatientPosition": "HFS",
            "StudyInstanceUID": f"{UID_ROOT}.2",
            "SeriesInstanceUID": f"{UID_ROOT}.3",
            "FrameOfReferenceUID": f"{UID_ROOT}.4",
            "PositionReferenceIndicator": "",
            "StudyID": "1",
            "SeriesNumber": "1",
            "AcquisitionNumber": "1",
            "InstanceNumber": str(number),
            "ImagePositionPatient": [0, 0, float(number)],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "SliceThickness": "1",
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "Rows": 8,
            "Columns": 8,
            "PixelSpacing": [1, 1],
            "BitsAllocated": 16,
            "BitsStored": 16,
            "HighBit": 15,
            "PixelRepresentation": 1,
            "RescaleIntercept": "-1024",
            "RescaleSlope": "1",
            "RescaleType": "HU",
            **attributes,
        }
    )
    ds.PixelData = bytes(range(128))
    return ds


def item(**attributes: object) -> Dataset:
    """One item of a sequence."""
    ds = Dataset()
    ds.update(attributes)
    return ds


def sequence(*items: Dataset) -> Sequence:
    """A sequence of items."""
    return Sequence(items)


def patient(number: int, **attributes: object) -> Dataset:
    """One CT slice of the patient whom `PLANTED` tells of."""
    return ct_instance(
        number,
        **{
            "PatientName": "Quellenbach^Zaphiro",
            "PatientID": "PX88231",
            "PatientBirthDate": "19470523",
            "AccessionNumber": "ACC5577319",
            "InstitutionName": "Klinik Wernigerode",
            "ReferringPhysicianName": "Turmalin^Rudolf",
            "StudyDescription": "CT thorax for Zaphiro Quellenbach",
            "SeriesDescription": "CT thorax for Zaphiro Quellenbach",
            **attributes,
        },
    )


def write(instance: Dataset, path: Path) -> Path:
    """Store an instance as a file, folders made on the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    instance.save_as(path, enforce_file_format=True)
    return path
