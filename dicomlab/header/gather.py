"""What identifies the patient, collected from an instance's header.

Which attributes identify is said by the standard's table and its risk classes; an attribute that
the recipe retains (device or institution identity, for instance) is not hunted elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dicomlab import standard
from dicomlab.free_text import Identifiers, is_distinctive_number, is_distinctive_phrase, name_parts
from dicomlab.header import charsets, wire
from dicomlab.header.names import CHARACTER_SET, charset_of, creators_of, effective_vr
from dicomlab.standard import RiskClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomlab.header.wire import Element, Encoding
    from dicomlab.recipe import Recipe

_TELLING = {RiskClass.DIRECT, RiskClass.IDENTIFIER, RiskClass.PEOPLE, RiskClass.DEVICE}
_STUDY_ID, _STATION_NAME = 0x00200010, 0x00081010
_BULK = 1 << 16


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
        self._seen: set[tuple[int, str, bytes, tuple[str, ...]]] = set()
        self._found: list[Identifiers] = []

    def add(self, elements: Mapping[int, Element], encoding: Encoding) -> None:
        """Collect from the root of one instance and everything below it."""
        self._walk(elements, encoding, charset_of(elements))

    def identifiers(self) -> Identifiers:
        """Return everything collected so far."""
        parts = [frozenset().union(*(getattr(f, name) for f in self._found)) for name in _FIELDS]
        return Identifiers(*parts)

    def _walk(self, elements: Mapping[int, Element], encoding: Encoding, charset: tuple[str, ...]) -> None:
        if CHARACTER_SET in elements:
            charset = charset_of(elements)
        creators = creators_of(elements)
        for tag, element in elements.items():
            value = element.value
            if not value or (len(value) > _BULK and element.vr not in ("SQ", "")) or tag >> 16 == 0x7FE0:  # noqa: PLR2004
                continue
            seen = (tag, element.vr, value, charset)
            if seen in self._seen:
                continue
            self._seen.add(seen)
            creator = creators.get(tag >> 8, "")
            vr = effective_vr(element, creator)
            if vr == "SQ":
                inner = wire.IMPLICIT_LITTLE if element.vr == "UN" else encoding
                for item in wire.items(value, inner):
                    self._walk(item, inner, charset)
            elif (found := self._from_value(tag, vr, value, charset, creator)) is not None:
                self._found.append(found)

    def _from_value(
        self, tag: int, vr: str, value: bytes, charset: tuple[str, ...], creator: str
    ) -> Identifiers | None:
        decision = self._recipe.decide(tag, vr, creator or None)
        retained = decision is not None and decision.code == "K"
        if vr == "PN":
            text = charsets.decode(value, vr, charset)[0]
            return (
                None if retained else Identifiers(names=frozenset(n for v in text.split("\\") for n in name_parts(v)))
            )
        if vr in ("DA", "DT"):
            dates = re.findall(
                r"(?:^|\\)((?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))", value.decode("ascii", "replace")
            )
            return Identifiers(dates=frozenset(dates)) if dates and not retained else None
        if vr == "UI":
            if retained or decision is None or ("U" not in decision.code and decision.code not in ("X", "D")):
                return None
            uids = (u.strip(" \0") for u in value.decode("ascii", "replace").split("\\"))
            return Identifiers(uids=frozenset(u for u in uids if u and not standard.is_well_known_uid(u)))
        if retained or tag >> 16 & 1 or (vr not in wire.TEXT_VRS and vr not in ("AE", "CS", "UR", "IS")):
            return None
        if standard.risk(tag, vr).klass not in _TELLING or vr == "CS":
            return None
        text = charsets.decode(value, vr, charset)[0]
        pieces = {p.strip(" \0\r\n") for p in re.split(r"[\\\r\n]+" if vr not in ("LT", "UT") else r"[\r\n]+", text)}
        numbers = frozenset(p for p in pieces if is_distinctive_number(p) and len(p.split()) <= 2 and _worth(tag, p))  # noqa: PLR2004
        phrases = {p for p in pieces if p not in numbers and is_distinctive_phrase(p)}
        lines = {line.strip() for p in phrases for line in re.split(r"[,;^]", p) if is_distinctive_phrase(line.strip())}
        return Identifiers(numbers=numbers, phrases=frozenset(phrases | lines))


_FIELDS = ("names", "numbers", "phrases", "dates", "uids")


def _worth(tag: int, text: str) -> bool:
    """Return whether a number is worth hunting: study IDs and station names are often a word and a digit."""
    if tag in (_STUDY_ID, _STATION_NAME):
        return sum(c.isdigit() for c in text) >= 4  # noqa: PLR2004
    return True
