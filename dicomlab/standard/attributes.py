"""Table E.1-1 with its option columns, the options of CID 7050, the safe private attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from dicomlab.standard.tables import load


@dataclass(frozen=True, slots=True)
class Row:
    """One row of PS3.15 Table E.1-1: `options` maps an option's recipe name to ``K`` or ``C``."""

    tag_pattern: str
    keyword: str
    vr: str
    basic: str
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Option:
    """One option of PS3.15 E.1: recipe name, code and meaning of CID 7050, column of the table when it has one."""

    name: str
    code: str
    meaning: str
    column: str | None


@dataclass(frozen=True, slots=True)
class SafePrivate:
    """One safe private attribute of PS3.15 Table E.3.10-1. VR and VM are empty where nobody published them."""

    creator: str
    group: int
    low_byte: int
    vr: str
    vm: str
    meaning: str


def _pretty(tag: str) -> str:
    return f"({tag[:4]},{tag[4:]})" if len(tag) == 8 else "(gggg,eeee) with odd gggg"  # noqa: PLR2004 - digits of a tag


_TABLE = load("confidentiality")
_ROWS_BY_TAG: Final[dict[str, Row]] = {
    row["tag"]: Row(_pretty(row["tag"]), row["keyword"], row["vr"], row["basic"], row["options"])
    for row in _TABLE["rows"]
}
_PATTERNS: Final = ("50xxxxxx", "60xx3000", "60xx4000", "PRIVATEATTRIBUTES")
_CURVE, _OVERLAY_DATA, _OVERLAY_COMMENTS, _PRIVATE = (_ROWS_BY_TAG[pattern] for pattern in _PATTERNS)
_OVERLAY: Final[dict[int, Row]] = {0x3000: _OVERLAY_DATA, 0x4000: _OVERLAY_COMMENTS}
_ROWS: Final[dict[int, Row]] = {int(tag, 16): row for tag, row in _ROWS_BY_TAG.items() if tag not in _PATTERNS}

EDITION: Final[str] = _TABLE["edition"]
PROFILE_CODE: Final = ("113100", "Basic Application Confidentiality Profile")
OPTIONS: Final[Mapping[str, Option]] = MappingProxyType({o[0]: Option(*o) for o in load("options")["options"]})


def rows() -> tuple[Row, ...]:
    """Return every row of Table E.1-1 in the table's order, patterns included."""
    return tuple(_ROWS_BY_TAG.values())


def confidentiality(tag: int) -> Row | None:
    """Return what Table E.1-1 says of a tag, None when it does not list it.

    Repeating groups (50xx, 60xx) and private tags (odd group) get the row of their pattern.

    References
    ----------
    PS3.15 Table E.1-1.

    Examples
    --------
    >>> confidentiality(0x00100010).basic
    'Z'
    >>> confidentiality(0x00280010) is None
    True
    """
    row = _ROWS.get(tag)
    if row is not None:
        return row
    group = tag >> 16
    if group & 1:
        return _PRIVATE
    if group & 0xFF00 == 0x5000:  # noqa: PLR2004 - the repeating group itself
        return _CURVE
    if group & 0xFF00 == 0x6000:  # noqa: PLR2004
        return _OVERLAY.get(tag & 0xFFFF)
    return None


@cache
def _safe() -> dict[tuple[str, int, int], SafePrivate]:
    return {
        (creator, int(group, 16), int(low, 16)): SafePrivate(creator, int(group, 16), int(low, 16), vr, vm, meaning)
        for creator, group, low, vr, vm, meaning in load("safe_private")["rows"]
    }


def safe_private(creator: str, group: int, element_low_byte: int) -> SafePrivate | None:
    """Return the row of a private attribute that is known to be safe, None for any other.

    Parameters
    ----------
    creator
        Value of the private creator element; blanks at its ends do not count.
    group, element_low_byte
        The tag's group, and the last two digits of its element: the block does not matter.

    References
    ----------
    PS3.15 Table E.3.10-1.
    """
    return _safe().get((creator.strip(" \0"), group, element_low_byte))
