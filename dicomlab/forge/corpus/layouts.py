"""Places that are easily overlooked: deep items, items with a character set of their own, numbers, codes, URLs."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from dicomlab.forge.corpus.fates import PROFILES, End
from dicomlab.forge.corpus.plants import OUTSIDE
from dicomlab.forge.corpus.texts import described, name_in_text

if TYPE_CHECKING:
    from dicomlab.forge.corpus.draft import Draft

_DEPTH = 6
_CS_LENGTH = 16


def deep(draft: Draft) -> None:
    """Plant a name into a coded meaning six items deep."""
    if "ReasonForPerformedProcedureCodeSequence" in draft.dataset:
        return
    path = "ReasonForPerformedProcedureCodeSequence[0]"
    for _ in range(_DEPTH):
        for keyword, value in (("CodeValue", "L-1"), ("CodingSchemeDesignator", "99FORGE"), ("CodeMeaning", "Heart")):
            draft.put(f"{path}.{keyword}", value)
        path += ".EquivalentCodeSequence[0]"
    draft.put(f"{path}.CodeValue", "L-2")
    draft.put(f"{path}.CodingSchemeDesignator", "99FORGE")
    told = list(name_in_text(draft.draw.sub("deep"), draft.patient.name, whole=True))
    described(draft, f"{path}.CodeMeaning", category="nested items", told=told)


def own_character_set(draft: Draft) -> None:
    """Plant a name into an item that has a character set of its own (PS3.3 C.12.1.1.2)."""
    item = "ReferencedRawDataSequence[0]"
    if "ReferencedRawDataSequence" in draft.dataset:
        return
    draft.put(f"{item}.SpecificCharacterSet", "ISO_IR 192")
    name = draft.patient.name
    native = name.written.replace("^", " ")
    for keyword, word in (("DetectorManufacturerName", "Trixell"), ("DetectorDescription", "Panel")):
        path = f"{item}.{keyword}"
        draft.plant(path, f"{word} {native}", *native.split(" "), category="character sets of items", words=(word,))


def behind_a_null(draft: Draft) -> None:
    """Plant an identifier behind a NUL, where many readers stop."""
    if "TypeOfFilters" not in draft.dataset:
        number = draft.patient.patient_id
        draft.plant("TypeOfFilters", f"Wedge\0{number}", number, category="trailing padding", words=("Wedge",))


def in_numbers(draft: Draft) -> None:
    """Plant an identifier of digits where a number is expected."""
    number = draft.patient.patient_id
    if number.isdecimal() and "TemporalPositionIdentifier" not in draft.dataset:
        gone = dict.fromkeys(PROFILES, (End.ABSENT, End.EMPTY, End.DUMMY))
        draft.plant("TemporalPositionIdentifier", number, category="identifiers in numbers", ends=gone)


def in_addresses(draft: Draft) -> None:
    """Plant a URL that leads to the patient, and the study's UID in a text."""
    gone = dict.fromkeys(PROFILES, (End.ABSENT, End.EMPTY, End.DUMMY))
    if "RetrieveURL" not in draft.dataset:
        draft.plant("RetrieveURL", f"https://pacs.example/wado?patientID={draft.patient.patient_id}",
                    draft.patient.patient_id, category="URLs", ends=gone)  # fmt: skip
    if "ExposureControlModeDescription" not in draft.dataset:
        uid = draft.uid("study")
        draft.plant("ExposureControlModeDescription", f"Exposure as in {uid}", uid, category="UIDs in text",
                    words=("Exposure",))  # fmt: skip


def in_codes(draft: Draft) -> None:
    """Plant the name as one value of a code string (PS3.5 6.2: capitals, digits, blank, underscore)."""
    family = draft.patient.name.family.upper()
    plain = family.isascii() and all(c.isalnum() or c in " _" for c in family) and len(family) <= _CS_LENGTH
    if plain and not draft.patient.is_word and "ScanOptions" not in draft.dataset:
        draft.plant("ScanOptions", ["FS", family], family, category=OUTSIDE, words=("FS",))


def old_date(draft: Draft) -> None:
    """Plant a date as ACR-NEMA wrote it, with dots (PS3.5 6.2): whoever shifts dates may shift it or not."""
    if "ModifiedImageDate" not in draft.dataset:
        day = draft.visit.day - dt.timedelta(days=400)
        may = (End.ABSENT, End.EMPTY, End.DUMMY)
        draft.put(ModifiedImageDate=f"{day:%Y%m%d}")
        draft.dataset["ModifiedImageDate"]._value = f"{day:%Y.%m.%d}"  # noqa: SLF001 - pydicom would complain of it
        draft.note("ModifiedImageDate", (f"{day:%Y.%m.%d}",), ends={"basic": (End.ABSENT,), "research": may},
                   category="date")  # fmt: skip
