"""A DICOMDIR (PS3.3 F) for instances on a CD: patient, study, series and image records, linked by offsets."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from dicomlab.forge.encoding import IMPLEMENTATION

if TYPE_CHECKING:
    from collections.abc import Sequence as Ordered

_KEYS = {
    "PATIENT": ("PatientName", "PatientID"),
    "STUDY": ("StudyDate", "StudyTime", "StudyDescription", "StudyInstanceUID", "StudyID", "AccessionNumber"),
    "SERIES": ("Modality", "SeriesInstanceUID", "SeriesNumber"),
    "IMAGE": ("InstanceNumber",),
}
_IN_USE = 0xFFFF


@dataclass
class _Record:
    """A directory record, by number, with its next and its first lower record."""

    dataset: Dataset
    following: int | None = None
    lower: int | None = None


def directory(instances: Ordered[tuple[str, Dataset]], *, name: str, uid: str) -> bytes:
    """Return a DICOMDIR of the instances of one patient.

    Parameters
    ----------
    instances
        File ID with "/" between its components, and the instance.
    name
        File-set ID.
    uid
        UID of the file-set.
    """
    records = _records(instances)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    ds.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.ImplementationClassUID = UID(IMPLEMENTATION)
    ds.FileSetID = name
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.FileSetConsistencyFlag = 0
    ds.DirectoryRecordSequence = Sequence([r.dataset for r in records])
    # Offsets have a fixed length, so those of a first draft hold for the second.
    offsets = [item.seq_item_tell for item in dcmread(BytesIO(_written(ds))).DirectoryRecordSequence]
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = offsets[0]
    ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = offsets[0]
    for record in records:
        if record.following is not None:
            record.dataset.OffsetOfTheNextDirectoryRecord = offsets[record.following]
        if record.lower is not None:
            record.dataset.OffsetOfReferencedLowerLevelDirectoryEntity = offsets[record.lower]
    return _written(ds)


def _written(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.preamble = b"\0" * 128
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _records(instances: Ordered[tuple[str, Dataset]]) -> list[_Record]:
    records: list[_Record] = []
    open_at: dict[str, int] = {}  # the last record of each level, below the same parents
    known: dict[str, str] = {}
    for file_id, instance in instances:
        levels = {"PATIENT": "PatientID", "STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID"}
        above: int | None = None
        for level in _KEYS:
            value = str(instance[levels[level]].value) if level in levels else file_id
            if known.get(level) == value:
                above = open_at[level]
                continue
            number = len(records)
            records.append(_Record(_record(level, instance, file_id)))
            if level in open_at:
                records[open_at[level]].following = number
            elif above is not None:
                records[above].lower = number
            for lower in list(_KEYS)[list(_KEYS).index(level) :]:
                known.pop(lower, None)
                open_at.pop(lower, None)
            known[level], open_at[level], above = value, number, number
    return records


def _record(level: str, instance: Dataset, file_id: str) -> Dataset:
    record = Dataset()
    record.OffsetOfTheNextDirectoryRecord = 0
    record.RecordInUseFlag = _IN_USE
    record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.DirectoryRecordType = level
    record.SpecificCharacterSet = instance.SpecificCharacterSet
    for keyword in _KEYS[level]:
        setattr(record, keyword, instance[keyword].value)
    if level == "IMAGE":
        record.ReferencedFileID = file_id.split("/")
        record.ReferencedSOPClassUIDInFile = instance.SOPClassUID
        record.ReferencedSOPInstanceUIDInFile = instance.SOPInstanceUID
        record.ReferencedTransferSyntaxUIDInFile = instance.file_meta.TransferSyntaxUID
    return record
