"""The answer key of a corpus: what was planted where, and how it must end under each profile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dicomlab.forge.corpus.fates import End
from dicomlab.forge.corpus.syntaxes import NATIVE, carries_comments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dicomlab.forge.corpus.cast import Patient
    from dicomlab.forge.corpus.composing import Placed

VERSION = 1
_SHORTEST = 5


def patient_entry(patient: Patient) -> dict[str, Any]:
    """Return a patient's line of the key: script, and what no byte of a release of this patient may hold."""
    return {"number": patient.number, "script": patient.script, "hunt": sorted(_hunted(patient))}


def _hunted(patient: Patient) -> Iterator[str]:
    name = patient.name
    if patient.is_word:
        # The family name alone is a word that may stay elsewhere.
        yield from (f"{name.family}{sign}{name.given}" for sign in ("^", " ", ", ", "_"))
        yield from (f"{name.given} {name.family}", name.given)
    else:
        yield from (part for part in name.parts if len(part) >= _SHORTEST or not part.isascii())
    yield from (patient.patient_id, patient.other_id, patient.address, patient.phone, patient.email, patient.url,
                f"{patient.birth:%Y%m%d}", f"{patient.birth:%d.%m.%Y}", f"{patient.birth:%Y-%m-%d}")  # fmt: skip
    yield from (part for part in patient.mother.parts if len(part) >= _SHORTEST)
    for visit in patient.visits:
        yield from (visit.date, f"{visit.day:%d.%m.%Y}", f"{visit.day:%Y-%m-%d}", visit.accession, visit.study_id)
        yield from (visit.procedure_id, visit.step_id, visit.institution, visit.street, visit.station, visit.serial)
        for person in (visit.referring, visit.operator, visit.reader, visit.performer):
            yield from (part for part in person.parts if len(part) >= _SHORTEST)


def file_entry(placed: Placed) -> dict[str, Any]:
    """Return a file's line of the key."""
    draft = placed.draft
    return {
        "file": placed.file, "patient": draft.patient.number, "sop_instance": draft.sop_instance,
        "sop_class": draft.sop_class.uid, "class": draft.sop_class.name, "syntax": placed.syntax,
    }  # fmt: skip


def item_entries(placed: Placed) -> Iterator[dict[str, Any]]:
    """Yield the lines of what was planted in one file."""
    draft = placed.draft
    for item in draft.items():
        yield {
            "file": placed.file, "sop_instance": draft.sop_instance, "path": item.path, "category": item.category,
            "values": list(item.values), "words": list(item.words), "expected": item.expected,
        }  # fmt: skip
    yield from _stream_entries(placed)
    names = [
        part for part in draft.patient.name.parts if not draft.patient.is_word or part != draft.patient.name.family
    ]
    gone = {profile: [str(End.ABSENT)] for profile in ("basic", "research")}
    yield {
        "file": placed.file, "sop_instance": draft.sop_instance, "path": "file name",
        "category": "file and folder names", "values": [*names, draft.patient.patient_id, draft.visit.date],
        "words": [], "expected": gone,
    }  # fmt: skip


def _stream_entries(placed: Placed) -> Iterator[dict[str, Any]]:
    """Yield what stands in compressed pixel data beside the image: offset tables that must be right, and metadata."""
    draft = placed.draft
    if not draft.frames or placed.syntax in NATIVE:
        return
    line = {"file": placed.file, "sop_instance": draft.sop_instance, "words": []}
    kept, gone = [str(End.KEPT)], [str(End.ABSENT)]
    yield {**line, "path": "offset tables", "category": "offset tables", "values": [],
           "expected": {"basic": kept, "research": kept}}  # fmt: skip
    if draft.comment and carries_comments(placed.syntax):
        values = [v for v in draft.comment.decode("utf-8").split(" ") if v]
        yield {**line, "path": "frames", "category": "stream metadata", "values": values,
               "expected": {"basic": gone, "research": gone}}  # fmt: skip


def lines(head: dict[str, Any], parts: dict[str, Iterable[dict[str, Any]]]) -> Iterator[str]:
    """Yield the key as JSON with a line per entry, so that a corpus of any size streams and a difference reads well."""
    yield "{" + json.dumps(head, ensure_ascii=False)[1:-1]
    for name, entries in parts.items():
        yield f',\n "{name}": ['
        for number, entry in enumerate(entries):
            yield (",\n  " if number else "\n  ") + json.dumps(entry, ensure_ascii=False)
        yield "\n ]"
    yield "\n}\n"
