"""A corpus on disk: instances, what lies beside them, and the answer key."""

from __future__ import annotations

import io
import itertools
import json
import tempfile
from typing import TYPE_CHECKING, Any

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID

from dicomlab.errors import DicomlabError
from dicomlab.forge.corpus import key as keys
from dicomlab.forge.corpus.composing import compose, patients
from dicomlab.forge.corpus.fates import PROFILES
from dicomlab.forge.corpus.syntaxes import SYNTAXES, file_bytes
from dicomlab.forge.encoding import IMPLEMENTATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DATA, KEY = "corpus", "KEY.json"


def write(out: Path, *, seed: int, count: int) -> Mapping[str, Any]:
    """Write a corpus of `count` patients below `out`: the files in `corpus/`, beside it `KEY.json`; return its size.

    Nothing in the folder of the files tells that they are forged; the key lies apart, so that a tool under test does
    not meet it.

    Raises
    ------
    DicomlabError
        When there is to be no patient.
    """
    if count < 1:
        raise DicomlabError(f"a corpus of {count} patients has no files; ask for one patient or more")
    out.mkdir(parents=True, exist_ok=True)
    sizes: dict[str, set[str]] = {"classes": set(), "syntaxes": set(), "scripts": set(), "categories": set()}
    total = {"files": 0, "items": 0}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as items, (out / KEY).open("w", encoding="utf-8") as target:
        files: list[dict[str, Any]] = []
        people = []
        for patient in patients(seed, count):
            people.append(keys.patient_entry(patient))
            sizes["scripts"].add(patient.script)
            for placed in compose(seed, patient):
                for entry in keys.item_entries(placed):
                    items.write(json.dumps(entry, ensure_ascii=False) + "\n")
                    sizes["categories"].add(entry["category"])
                    total["items"] += 1
                files.append(keys.file_entry(placed))
                sizes["classes"].add(placed.draft.sop_class.uid)
                sizes["syntaxes"].add(SYNTAXES[placed.syntax])
                _store(out / DATA / placed.file, file_bytes(placed.draft, placed.syntax))
        others = list(_others(out / DATA, files, people))
        items.seek(0)
        head = {"dicomlab_key": keys.VERSION, "seed": seed, "profiles": list(PROFILES)}
        parts = {"patients": people, "files": files, "others": others, "items": map(json.loads, items)}
        for line in keys.lines(head, parts):
            target.write(line)
    total["files"] = len(files) + len(others)
    return {"seed": seed, **total, **{name: sorted(found) for name, found in sizes.items()}}


def _store(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _others(out: Path, files: list[dict[str, Any]], people: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Write what is no image: a DICOMDIR and a text file; a release holds neither."""
    names = list(itertools.chain.from_iterable(p["hunt"][:4] for p in people))
    _store(out / "DICOMDIR", _directory(files, names))
    yield {"file": "DICOMDIR", "category": "DICOMDIR", "values": names[:8]}
    _store(out / "notes.txt", ("Call back:\n" + "\n".join(names) + "\n").encode("utf-8"))
    yield {"file": "notes.txt", "category": "files that are no DICOM", "values": names[:8]}


def _directory(files: list[dict[str, Any]], names: list[str]) -> bytes:
    ds = Dataset()
    ds.FileSetID = "FORGE"
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.FileSetConsistencyFlag = 0
    records = []
    for number, name in enumerate(names):
        record = Dataset()
        record.OffsetOfTheNextDirectoryRecord = 0
        record.RecordInUseFlag = 0xFFFF
        record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
        record.DirectoryRecordType = "PATIENT"
        record.SpecificCharacterSet = "ISO_IR 192"
        record.PatientName, record.PatientID = name[:60], f"DIR{number}"
        record.ReferencedFileID = files[number % len(files)]["file"].split("/")[-1][:8].upper().replace(".", "")
        records.append(record)
    ds.DirectoryRecordSequence = Items(records)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.1.3.10")
    meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.1")
    meta.ImplementationClassUID = UID(IMPLEMENTATION)
    meta.ImplementationVersionName = "DICOMLAB_FORGE"
    ds.file_meta = meta
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()
