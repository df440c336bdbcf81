"""Whether a value is valid for its VR, and how many values it holds (PS3.5 6.2 and 6.4)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pydicom.datadict import dictionary_VM

from dicomlab.judge.charsets import decoded
from dicomlab.judge.dates import day_of

if TYPE_CHECKING:
    from dicomlab.judge.reading import Element

TEXT = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"})
_WHOLE = frozenset({"LT", "ST", "UR", "UT"})  # a backslash is a character there
_PADDING = {"UI": "\0", "OB": "\0"}
_TIME = r"(?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?"
_FORMATS = {
    "AE": r"[\x20-\x5b\x5d-\x7e]{0,16}",
    "AS": r"\d{3}[DWMY]",
    "CS": r"[A-Z0-9 _]{0,16}",
    "DA": r"\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
    "DS": r" *[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)? *",
    "DT": rf"\d{{4}}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12]\d|3[01])(?:{_TIME})?)?)?(?:[-+](?:0\d|1[0-4])[0-5]\d)?",
    "IS": r" *[-+]?\d{1,11} *",
    "LO": r"[^\\\r\n\f\t]{0,64}",
    "PN": r"[^\\\r\n\f\t]*",
    "SH": r"[^\\\r\n\f\t]{0,16}",
    "ST": r"(?s:.{0,1024})",
    "LT": r"(?s:.{0,10240})",
    "TM": _TIME,
    "UI": r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))*",
    "UR": r"[^ ].*|",
}
_COMPILED = {vr: re.compile(pattern) for vr, pattern in _FORMATS.items()}
_LONGEST = {"DS": 16, "UI": 64, "DT": 26}
_SIZES = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "AT": 4, "FD": 8, "SV": 8, "UV": 8}
_LONGEST_GROUP, _MOST_GROUPS, _MOST_COMPONENTS = 64, 3, 5


def is_text(vr: str) -> bool:
    """Return whether values of a VR are characters."""
    return vr in TEXT


@lru_cache(maxsize=65536)
def text_values(raw: bytes, vr: str, codecs: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Return the single values of a text element without padding, and whether all bytes made sense."""
    text, clean = decoded(raw, codecs)
    text = text.rstrip(" \0")
    values = (text,) if vr in _WHOLE else tuple(v.strip(" \0") if vr != "UC" else v.rstrip() for v in text.split("\\"))
    return values, clean


@lru_cache(maxsize=65536)
def valid(vr: str, raw: bytes, codecs: tuple[str, ...]) -> bool:
    """Return whether every value of an element is valid for its VR; an empty one is."""
    if vr in _SIZES:
        return len(raw) % _SIZES[vr] == 0
    if vr not in TEXT or not raw:
        return True
    values, clean = text_values(raw, vr, codecs)
    return clean and len(raw) % 2 == 0 and all(_valid_one(vr, value) for value in values if value)


def _valid_one(vr: str, value: str) -> bool:
    form = _COMPILED.get(vr)
    if form is not None and not form.fullmatch(value):
        return False
    if len(value) > _LONGEST.get(vr, len(value)):
        return False
    if vr == "DA":
        return day_of(value) is not None
    if vr == "PN":
        groups = value.split("=")
        return len(groups) <= _MOST_GROUPS and all(
            len(g) <= _LONGEST_GROUP and len(g.split("^")) <= _MOST_COMPONENTS for g in groups
        )
    return True


@lru_cache(maxsize=8192)
def _multiplicity(tag: int) -> tuple[int, int, int]:
    """Return least, most (0: any) and step of a public attribute's VM; anything goes for others."""
    try:
        told = dictionary_VM(tag)
    except KeyError:
        return 0, 0, 1
    match = re.fullmatch(r"(\d+)(?:-(?:(\d+)|(\d*)n))?(?: or \d+.*)?", told)
    if match is None:
        return 0, 0, 1
    least = int(match[1])
    if "n" in told:
        return least, 0, int(match[3] or 1)
    return least, int(match[2] or least) if " or " not in told else 0, 1


def count_fits(tag: int, vr: str, raw: bytes) -> bool:
    """Return whether an element has as many values as its attribute may (PS3.6); an empty one has."""
    if not raw or tag >> 16 & 1:
        return True
    if vr in _SIZES:
        count = len(raw) // _SIZES[vr]
    elif vr in TEXT and vr not in _WHOLE:
        count = raw.count(b"\\") + 1
    else:
        return True
    least, most, step = _multiplicity(tag)
    return count >= least and (not most or count <= most) and (count - least) % step == 0


def same(one: Element, other: Element) -> bool:
    """Return whether two elements hold the same bytes, but for padding of text."""
    if len(one.value) == len(other.value):
        return bytes(one.value) == bytes(other.value)
    return is_text(one.vr) and one.raw == other.raw
