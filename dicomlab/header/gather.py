"""What identifies the patient, collected from an instance's header.

Which attributes identify is said by the standard's table and its risk classes; an attribute that
the recipe retains (device or institution identity, for instance) is not hunted elsewhere.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from dicomlab import standard
from dicomlab.free_text import Identifiers, fold, is_distinctive_number, is_distinctive_phrase, name_parts
from dicomlab.free_text.identifiers import is_word
from dicomlab.header import charsets, wire
from dicomlab.header.names import CHARACTER_SET, PRIVATE, attribute_name, charset_of, creators_of, effective_vr
from dicomlab.standard import RiskClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomlab.header.wire import Element, Encoding
    from dicomlab.recipe import Recipe

_TELLING = {RiskClass.DIRECT, RiskClass.IDENTIFIER, RiskClass.PEOPLE, RiskClass.DEVICE}
_STUDY_ID, _STATION_NAME = 0x00200010, 0x00081010
_BULK = 1 << 16
_LONGEST = 1024  # a longer value of an identifying attribute is a text about something else
_PIXELS = 0x7FE0
_DATE = re.compile(r"(?:^|\\)((?:1[89]|20)\d\d)\.?(0[1-9]|1[0-2])\.?(0[1-9]|[12]\d|3[01])")
_UID = re.compile(r"2\.25\.\d{8,}|\d+(?:\.\d+){3,}")
_PHONES = ("Telephone", "Telecom", "Phone")


class Gatherer:
    """Collects `Identifiers` from headers, looking at each distinct value once.

    Parameters
    ----------
    recipe
        What it retains is no identifier: keeping it is a decision.
    """

    def __init__(self, recipe: Recipe) -> None:
        """Start with nothing seen."""
        self._recipe = recipe
        self._seen: dict[tuple[str, ...], set[tuple[object, ...]]] = {}
        self._found: list[Identifiers] = []

    def add(self, elements: Mapping[int, Element], encoding: Encoding) -> None:
        """Collect from the root of one instance and everything below it.

        Raises
        ------
        BrokenDataset
            A sequence does not parse, or sequences are nested deeper than any instance nests them.
        """
        self._walk(elements, encoding, charset_of(elements))

    def identifiers(self) -> Identifiers:
        """Return everything collected so far."""
        return Identifiers.merged(self._found)

    def _walk(
        self, elements: Mapping[int, Element], encoding: Encoding, charset: tuple[str, ...], *, depth: int = 0
    ) -> None:
        if depth > wire.DEEPEST:
            raise wire.BrokenDataset(wire.TOO_DEEP)
        if CHARACTER_SET in elements:
            charset = charset_of(elements)
        creators = creators_of(elements)
        seen = self._seen.setdefault(charset, set())
        for tag, element in elements.items():
            value = element.value
            if not value or tag >> 16 == _PIXELS or (len(value) > _BULK and element.vr not in ("SQ", "UN", "")):
                continue
            creator = creators.get(tag >> 8, "")
            one = (tag, element.vr, value, creator)
            if one in seen:
                continue
            seen.add(one)
            vr = effective_vr(element, creator)
            if vr == "SQ":
                inner = wire.IMPLICIT_LITTLE if element.vr == "UN" else encoding
                for item in wire.items(value, inner):
                    self._walk(item, inner, charset, depth=depth + 1)
            elif len(value) <= _BULK:
                decision = self._recipe.decide(tag, vr, creator or None)
                if decision is not None and decision.code != "K":
                    self._found += _identifiers(tag, vr, charsets.decode(value, vr, charset)[0], decision.code)


def _identifiers(tag: int, vr: str, text: str, code: str) -> list[Identifiers]:
    """Return what the value of an attribute tells of somebody, when it does."""
    if vr == "PN":
        return [Identifiers(names=frozenset(n for v in text.split("\\") for n in name_parts(v)))]
    if vr in ("DA", "DT"):
        dates = frozenset("".join(groups) for groups in _DATE.findall(text))
        return [Identifiers(dates=dates)] if dates else []
    if vr == "UI":
        uids = (u.strip(" \0") for u in text.split("\\")) if "U" in code or code in ("X", "D") else ()
        return [Identifiers(uids=frozenset(u for u in uids if _UID.fullmatch(u) and not standard.is_well_known_uid(u)))]
    return [_of_text(tag, vr, text)] if vr in _TEXTS and len(text) <= _LONGEST and _tells(tag, vr) else []


@lru_cache(maxsize=8192)
def _tells(tag: int, vr: str) -> bool:
    """Return whether an attribute's text is an identifier or a place as a whole; a description only holds them."""
    row = standard.confidentiality(tag)
    described = (row is not None and "clean-descriptors" in row.options) or "Description" in attribute_name(tag, "")
    return not (tag & PRIVATE or described) and standard.risk(tag, vr).klass in _TELLING


_TEXTS = (wire.TEXT_VRS - {"PN"}) | {"AE", "UR"}


def _of_text(tag: int, vr: str, text: str) -> Identifiers:
    """Return the identifiers, telephone numbers and phrases that an identifying text is made of."""
    pieces = {p.strip(" \0") for p in re.split(r"[\r\n]+" if vr in ("LT", "UT") else r"[\\\r\n]+", text)} - {""}
    if any(word in attribute_name(tag, "") for word in _PHONES):
        return Identifiers(phones=frozenset(pieces), phrases=frozenset(filter(is_distinctive_phrase, pieces)))
    numbers = {p for p in pieces if is_distinctive_number(p) and len(p.split()) <= 2 and _worth(tag, p)}  # noqa: PLR2004
    # An identifier of letters alone is hunted like a name.
    names = {(p,) for p in pieces - numbers if p.isalpha() and standard.risk(tag, vr).klass in _IDENTIFYING}
    phrases = {p for p in pieces - numbers if is_distinctive_phrase(p)}
    lines = {line.strip() for p in phrases for line in re.split(r"[,;^]", p)}
    lines = {line for line in lines if not all(map(is_word, re.findall(r"\w+", fold(line))))}
    return Identifiers(
        frozenset(names), frozenset(numbers), frozenset(phrases | set(filter(is_distinctive_phrase, lines)))
    )


_IDENTIFYING = {RiskClass.DIRECT, RiskClass.IDENTIFIER}


def _worth(tag: int, text: str) -> bool:
    """Return whether a number is worth hunting: study IDs and station names are often a word and a digit."""
    if tag in (_STUDY_ID, _STATION_NAME):
        return sum(c.isdigit() for c in text) >= 4  # noqa: PLR2004
    return True
