"""Attributes: what they are called, and what counts as an identifier in their values."""

from __future__ import annotations

import re
from functools import lru_cache

from pydicom._private_dict import private_dictionaries
from pydicom.datadict import dictionary_has_tag, keyword_for_tag, repeater_has_tag

from dicomlab.judge.hunting import Place
from dicomlab.standard import confidentiality

_PLACES = {
    "PN": Place.NAME, "IS": Place.NUMBER, "DS": Place.NUMBER, "DA": Place.DATE, "DT": Place.DATE, "TM": Place.DATE,
    "AS": Place.DATE, "UI": Place.UID, "ST": Place.FREE, "LT": Place.FREE, "UT": Place.FREE, "UC": Place.FREE,
    "CS": Place.CODED, "AE": Place.CODED, "UR": Place.CODED,
}  # fmt: skip
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_CODE_TEXTS = frozenset({0x00080119, 0x00080120})  # LongCodeValue, URNCodeValue


@lru_cache(maxsize=16384)
def name_of(tag: int, creator: str = "") -> str:
    """Return an attribute's keyword, or its tag; a private creator only when a dictionary publishes it."""
    if tag >> 16 & 1:
        shown = f"'{creator}'" if creator in private_dictionaries else "private"
        return f"({tag >> 16:04X},{shown},{tag & 0xFF:02X})"
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


@lru_cache(maxsize=16384)
def in_dictionary(tag: int) -> bool:
    """Return whether the standard knows a public tag (PS3.6), repeating groups included."""
    return dictionary_has_tag(tag) or repeater_has_tag(tag)


@lru_cache(maxsize=16384)
def place_of(tag: int, vr: str) -> Place:
    """Return where a value of an attribute stands, so that the hunt knows what counts there.

    Descriptions (Table E.1-1 cleans them under Clean Descriptors), long texts and private texts are
    free; other short texts are coded or technical.
    """
    if tag in _CODE_TEXTS:
        return Place.CODED
    if vr in _PLACES:
        return _PLACES[vr]
    row = confidentiality(tag)
    return Place.FREE if tag >> 16 & 1 or (row is not None and "clean-descriptors" in row.options) else Place.CODED


def place_of_text(tag: int, vr: str, text: str) -> Place:
    """Return where a text stands: what holds words is text, whatever its VR says."""
    place = place_of(tag, vr)
    if place in (Place.NUMBER, Place.DATE, Place.UID) and _LETTERS.search(text):
        return Place.FREE
    return place


def is_creator(tag: int) -> bool:
    """Return whether a private tag reserves a block (PS3.5 7.8.1)."""
    return bool(tag >> 16 & 1) and 0x10 <= tag & 0xFFFF <= 0xFF  # noqa: PLR2004 - the creators' numbers
