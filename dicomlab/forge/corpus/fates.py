"""What must become of something planted: end states per profile, from PS3.15 by rules of this module's own.

`tables/fates.csv` holds the code of each attribute in Table E.1-1 and the letter that the options of the profile
"research" give it: clean descriptors, structured content and graphics, retained modified dates, patient
characteristics and safe private attributes. Nothing here asks the engine or `dicomlab.standard` how a code is
settled, so the key may judge both.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import NamedTuple

PROFILES = ("basic", "research")
TypeOf = Callable[[tuple[str, ...]], str | None]


class End(StrEnum):
    """How something planted may end."""

    ABSENT = "absent"  # not there any more
    EMPTY = "empty"  # there, without a value
    DUMMY = "dummy"  # there, with a value that holds nothing that was planted
    UID = "uid"  # other UIDs, the same for the same old one everywhere
    KEPT = "kept"  # as it was
    CLEANED = "cleaned"  # what was planted is gone, the words beside it are there
    SHIFTED = "shifted"  # moved by the patient's constant number of days, nothing else changed
    PSEUDONYM = "pseudonym"  # another value, the same in every instance of the patient


GONE = (End.ABSENT, End.EMPTY, End.DUMMY, End.CLEANED, End.UID)
"""Whatever holds nothing of what was planted."""


class Fate(NamedTuple):
    """One row of the table."""

    vr: str
    basic: str
    research: str
    category: str


@cache
def fates() -> dict[str, Fate]:
    """Return the row of each attribute by keyword."""
    text = (files("dicomlab.forge.corpus") / "tables" / "fates.csv").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {r["keyword"]: Fate(r["vr"], r["basic"], r["research"], r["category"]) for r in csv.DictReader(lines)}


# What the recipe "research" removes by rules of its own beyond its options: both ends are right.
REMOVED_BY_RULE = frozenset(
    {"StationName", "ImageComments", "PatientComments", "AdditionalPatientHistory", "Occupation"}
)
# PS3.5 7.4: which letters leave an attribute of that Type valid.
_VALID = {"1": "DUKC", "1C": "DUKC", "2": "ZDUKC", "2C": "ZDUKC", "3": "XZDUKC"}
_STEP = re.compile(r"\.(?![^(]*\))")
_INDEX = re.compile(r"\[\d+\]$")
_PARTIAL = {"DA": re.compile(r"\d{8}"), "DT": re.compile(r"\d{8}(\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?)?([+-]\d{4})?")}
_ENDS = {"X": (End.ABSENT,), "Z": (End.EMPTY, End.DUMMY), "D": (End.DUMMY,), "U": (End.UID,), "K": (End.KEPT,)}


def keywords(path: str) -> tuple[str, ...]:
    """Return the steps of an attribute path without item numbers."""
    return tuple(_INDEX.sub("", step) for step in _STEP.split(path))


def settled(code: str, type_: str | None, *, sequence: bool = False) -> str:
    """Return the letter of a compound code at a Type: the first that leaves the attribute valid (Table E.1-1a)."""
    letters = code.replace("*", "").split("/")
    valid = _VALID[type_ or "3"]
    for letter in letters:
        if letter in valid:
            return letter
    if "Z" in valid:
        return "Z"
    return "U" if sequence and "U" in letters else "D"


def expected(
    path: str, vr: str, profile: str, *, type_of: TypeOf, values: Sequence[str] = (), words: Sequence[str] = ()
) -> list[str]:
    """Return the acceptable end states of one planted attribute, empty when anything is.

    Parameters
    ----------
    path
        Attribute path in the instance.
    type_of
        Type by keywords in the instance's IOD (PS3.3), None when the IOD does not have it.
    values
        What was planted, to tell whole dates from partial ones.
    words
        Words of the value that must stay where it is cleaned.
    """
    names = keywords(path)
    if any(name.startswith("(") for name in names):
        return [End.ABSENT]
    dummied = False
    for depth, name in enumerate(names[:-1], 1):
        letter = _letter(names[:depth], "SQ", profile, type_of)
        if letter in ("X", "Z"):
            # U*: whether references are needed depends on what else the instance lists (PS3.15 E.1.1).
            return [End.ABSENT, End.UID] if vr == "UI" and "U*" in fates()[name].basic else [End.ABSENT]
        dummied = dummied or letter == "D"
    if dummied:
        return list(GONE) if vr != "UI" else [End.UID, End.ABSENT, End.EMPTY, End.DUMMY]
    return [str(end) for end in _own(names, vr, profile, type_of=type_of, values=values, worded=bool(words))]


def _letter(names: tuple[str, ...], vr: str, profile: str, type_of: TypeOf) -> str:
    fate = fates().get(names[-1])
    if fate is None:
        return "K"
    if profile == "research" and fate.research:
        return fate.research
    return settled(fate.basic, type_of(names), sequence=vr == "SQ")


def _own(
    names: tuple[str, ...], vr: str, profile: str, *, type_of: TypeOf, values: Sequence[str], worded: bool
) -> Iterable[str]:
    fate = fates().get(names[-1])
    if fate is None:
        return _unlisted(vr, profile, values, worded=worded)
    letter = _letter(names, vr, profile, type_of)
    type_ = type_of(names)
    if names[-1] == "PatientID":
        return (End.PSEUDONYM, *(() if type_ in ("1", "1C") else (End.EMPTY,)))
    if letter == "C":
        found: Iterable[str] = _cleaned(vr, values, worded=worded)
        if vr in _PARTIAL and not all(_PARTIAL[vr].fullmatch(v) for v in values):
            found = _ENDS[settled(fate.basic, type_)]
    elif letter == "U" and vr == "SQ":
        found = (End.KEPT,)
    else:
        found = _ENDS[letter]
        if vr == "UI" and letter == "D":
            found = (End.DUMMY, End.UID)
    if profile == "research" and names[-1] in REMOVED_BY_RULE:
        found = dict.fromkeys((*found, *_ENDS[settled("X", type_)]))
    return found


def _cleaned(vr: str, values: Sequence[str], *, worded: bool) -> Iterable[str]:
    if vr in ("DA", "DT"):
        return (End.SHIFTED,)
    if vr == "TM":
        return (End.KEPT,)
    if not values:
        return (End.KEPT,)
    return (End.CLEANED,) if worded else GONE


def _unlisted(vr: str, profile: str, values: Sequence[str], *, worded: bool) -> Iterable[str]:
    """Return the ends of an attribute that the table does not list: it stays, without what identifies."""
    if not values:
        return (End.KEPT,)
    if vr in ("DA", "DT"):
        return (End.SHIFTED, *GONE) if profile == "research" else GONE
    return (End.CLEANED,) if worded else GONE
