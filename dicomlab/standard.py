"""The law: what the standard says of an attribute, as data and as the few rules that read it.

Table E.1-1 with its option columns (`confidentiality`), safe private attributes (`safe_private`), the options of
CID 7050 (`OPTIONS`), Types by IOD (`iod`), and how a compound action code is settled by a Type (`settle`).
Beside it what an attribute can give away (`risk`, `safe_harbor`). The tables lie in `standard_data/`, written by
`tools/generate_standard.py`; nothing here decides policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from dicomlab.errors import DicomlabError
from dicomlab.records import Action

_STANDARD_ROOT = "1.2.840.10008."

# Strictest first (PS3.5 7.4). 1C stands above 2: an attribute that is present under its condition must have a value.
_STRICTNESS = ("1", "1C", "2", "2C", "3")


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


class RiskClass(StrEnum):
    """How an attribute can lead to a person."""

    DIRECT = "direct identifier"
    IDENTIFIER = "identifier"
    DATE = "date or time"
    UID = "UID"
    PEOPLE = "person or institution"
    DEVICE = "device"
    QUASI = "quasi-identifier"
    TEXT = "free text"
    PRIVATE = "private"
    PIXELS = "pixels"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Risk:
    """Class, one sentence why, and the Safe Harbor letter if there is one."""

    klass: RiskClass
    why: str
    letter: str | None = None


def _load(name: str) -> dict[str, Any]:
    text = (resources.files("dicomlab") / "standard_data" / f"{name}.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(text)
    return tables


def _pretty(tag: str) -> str:
    return f"({tag[:4]},{tag[4:]})" if len(tag) == 8 else "(gggg,eeee) with odd gggg"  # noqa: PLR2004 - digits of a tag


_TABLE = _load("confidentiality")
_ROWS_BY_TAG: Final[dict[str, Row]] = {
    row["tag"]: Row(
        _pretty(row["tag"]), row["keyword"], row["vr"], row["basic"], MappingProxyType(dict(row["options"]))
    )
    for row in _TABLE["rows"]
}
_PATTERNS: Final = ("50xxxxxx", "60xx3000", "60xx4000", "PRIVATEATTRIBUTES")
_CURVE, _OVERLAY_DATA, _OVERLAY_COMMENTS, _PRIVATE = (_ROWS_BY_TAG[pattern] for pattern in _PATTERNS)
_OVERLAY: Final[dict[int, Row]] = {0x3000: _OVERLAY_DATA, 0x4000: _OVERLAY_COMMENTS}
_ROWS: Final[dict[int, Row]] = {int(tag, 16): row for tag, row in _ROWS_BY_TAG.items() if tag not in _PATTERNS}

EDITION: Final[str] = _TABLE["edition"]
PROFILE_CODE: Final = ("113100", "Basic Application Confidentiality Profile")
OPTIONS: Final[Mapping[str, Option]] = MappingProxyType({o[0]: Option(*o) for o in _load("options")["options"]})
SAFE_HARBOR: Final[Mapping[str, str]] = MappingProxyType(_load("safe_harbor")["letters"])


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
        for creator, group, low, vr, vm, meaning in _load("safe_private")["rows"]
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


# Which letters leave an attribute of that Type valid (PS3.5 7.4); an attribute that is not in the IOD is as Type 3.
_PERMITTED: Final[Mapping[str | None, str]] = MappingProxyType(
    {None: "XZDUKC", "3": "XZDUKC", "2": "ZDUKC", "2C": "ZDUKC", "1": "DUKC", "1C": "DUKC"}
)
_LEAST_REMOVING: Final = "KCUDZX"


@lru_cache(maxsize=1024)
def settle(
    code: str, type_: str | None, *, is_sequence: bool = False, is_reference: bool = False, known_iod: bool = True
) -> Action:
    """Return the one action that a code of Table E.1-1 stands for, given the attribute's Type.

    The first letter in the code's order that the Type permits: Type 3 (or not in the IOD) any, Type 2 and 2C all but
    X, Type 1 and 1C neither X nor Z. Where no letter does, validity wins: X at Type 2 becomes Z; X or Z at Type 1
    becomes D, or U for a sequence of references.

    Parameters
    ----------
    code
        ``X``, ``Z/D``, ``X/Z/U*`` and so on.
    type_
        ``1``, ``1C``, ``2``, ``2C``, ``3``, or None when the IOD does not have the attribute at its path.
    is_sequence, is_reference
        Whether it is a sequence, and whether its items refer to other instances.
    known_iod
        False when nothing is known about the SOP Class: then the least-removing letter of the code holds.

    Raises
    ------
    DicomlabError
        The code or the Type is none of the standard's.

    References
    ----------
    PS3.15 E.1 and Table E.1-1a.

    Examples
    --------
    >>> settle("X/Z/D", "2").value
    'Z'
    """
    letters = code.replace("*", "").split("/")
    if not set(letters) <= set(_LEAST_REMOVING) or type_ not in _PERMITTED:
        message = f"action code {code!r} at Type {type_!r} is not of PS3.15 Table E.1-1; use D Z X K C U and compounds"
        raise DicomlabError(message)
    if not known_iod:
        return Action(min(letters, key=_LEAST_REMOVING.index))
    permitted = _PERMITTED[type_]
    for letter in letters:
        if letter in permitted:
            return Action(letter)
    if "Z" in permitted:
        return Action.Z
    return Action.U if is_sequence and is_reference else Action.D


class Iod:
    """The IOD of one instance: the Types of its mandatory modules and of the others that are in the instance."""

    __slots__ = ("_flat", "_nodes", "_roots", "_types", "modules", "name")

    def __init__(self, name: str, modules: tuple[str, ...]) -> None:
        """Join the tables of the modules; nothing is walked until it is asked for."""
        tables = _iods()
        self.name = name
        self.modules = modules
        self._nodes: list[dict[str, Any]] = tables["nodes"]
        self._roots = tuple(tables["modules"][module] for module in modules)
        self._types: dict[tuple[str, ...], str | None] = {}
        self._flat: Mapping[tuple[str, ...], str] | None = None

    def __repr__(self) -> str:
        """Name the IOD and count its modules."""
        return f"Iod({self.name!r}, {len(self.modules)} modules)"

    def type_of(self, path: tuple[str, ...]) -> str | None:
        """Return the Type of an attribute, the strictest over the modules that count; None: not in the IOD.

        Parameters
        ----------
        path
            Keywords from the root, without item numbers. A content tree may be of any depth: repeated sequences
            such as ``ContentSequence`` in ``ContentSequence`` are read as one level (PS3.3 C.17.3).
        """
        try:
            return self._types[path]
        except KeyError:
            found = self._walk(path) or self._walk(_folded(path))
            self._types[path] = found
            return found

    def attributes(self) -> Mapping[tuple[str, ...], str]:
        """Return every attribute path of the modules that count with its Type, the strictest where they disagree."""
        if self._flat is None:
            flat: dict[tuple[str, ...], str] = {}
            for root in self._roots:
                for path, type_ in self._below(root, ()):
                    flat[path] = _strictest((flat[path], type_)) if path in flat else type_
            self._flat = MappingProxyType(flat)
        return self._flat

    def _walk(self, path: tuple[str, ...]) -> str | None:
        if not path:
            return None
        found = []
        for root in self._roots:
            node: dict[str, Any] | None = self._nodes[root]
            for keyword in path[:-1]:
                entry = node.get(keyword) if node else None
                node = self._nodes[entry[1]] if isinstance(entry, list) else None
            entry = node.get(path[-1]) if node else None
            if entry is not None:
                found.append(entry[0] if isinstance(entry, list) else entry)
        return _strictest(found) if found else None

    def _below(self, number: int, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
        for keyword, entry in self._nodes[number].items():
            path = (*above, keyword)
            if isinstance(entry, list):
                yield path, entry[0]
                yield from self._below(entry[1], path)
            else:
                yield path, entry


def _strictest(types: Iterable[str]) -> str:
    return min(types, key=_STRICTNESS.index)


def _folded(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word, before in zip(path, (None, *path), strict=False) if word != before)


@cache
def _iods() -> dict[str, Any]:
    return _load("iods")


@cache
def _classes() -> dict[str, dict[str, str]]:
    classes: dict[str, dict[str, str]] = _load("sop_classes")["sop_classes"]
    return classes


@cache
def _coding_schemes() -> frozenset[str]:
    return frozenset(_load("sop_classes")["coding_schemes"])


@cache
def _evidence(name: str) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
    """Return the mandatory modules of an IOD, and for each root keyword that none of them has the others that do."""
    tables = _iods()
    usages: list[list[str]] = tables["iods"][name]

    def keywords(module: str) -> Iterable[str]:
        root: dict[str, Any] = tables["nodes"][tables["modules"][module]]
        return root

    mandatory = tuple(module for module, usage in usages if usage == "M")
    taken = {keyword for module in mandatory for keyword in keywords(module)}
    tells: dict[str, tuple[str, ...]] = {}
    for module, usage in usages:
        if usage != "M":
            for keyword in keywords(module):
                if keyword not in taken:
                    tells[keyword] = (*tells.get(keyword, ()), module)
    return mandatory, tells


@cache
def _iod(name: str, modules: frozenset[str]) -> Iod:
    return Iod(name, tuple(module for module, _ in _iods()["iods"][name] if module in modules))


@lru_cache(maxsize=512)
def iod(sop_class_uid: str, present: frozenset[str]) -> Iod | None:
    """Return the IOD that holds for one instance, None when the SOP Class has none or is not known.

    Mandatory modules always count. Another module counts when the instance has an attribute at its root that is that
    module's alone; an attribute that several optional modules share counts for all of them unless one of them is
    there by its own evidence. A retired SOP Class takes the IOD of the class that replaced it (PS3.4 Table I.5-1).

    Parameters
    ----------
    sop_class_uid
        SOP Class UID, blanks and a trailing NUL do not count.
    present
        Keywords of the attributes at the root of the instance.

    References
    ----------
    PS3.3 Annex A (modules and their usage) and Annex C (Types).
    """
    entry = _classes().get(sop_class_uid.strip(" \0"))
    if entry is None or "iod" not in entry:
        return None
    mandatory, tells = _evidence(entry["iod"])
    told = [tells[keyword] for keyword in present if keyword in tells]
    sure = {modules[0] for modules in told if len(modules) == 1}
    shared = {module for modules in told if not sure.intersection(modules) for module in modules}
    return _iod(entry["iod"], frozenset((*mandatory, *sure, *shared)))


def is_private_sop_class(uid: str) -> bool:
    """Return whether a SOP Class is none of the standard's: nothing says what its attributes mean."""
    uid = uid.strip(" \0")
    return not uid.startswith(_STANDARD_ROOT) and uid not in _classes()


def sop_class_name(uid: str) -> str:
    """Return the standard's name of a SOP Class; never the UID itself, which a private class may have chosen."""
    entry = _classes().get(uid.strip(" \0"))
    if entry is not None:
        return entry["name"]
    return "private SOP Class" if is_private_sop_class(uid) else "unknown SOP Class"


def is_well_known_uid(uid: str) -> bool:
    """Return whether a UID is the same for everybody: defined by the standard, or a registered coding scheme.

    References
    ----------
    PS3.6 Annex A; PS3.16 Table 8-1.
    """
    uid = uid.strip(" \0")
    return uid.startswith(_STANDARD_ROOT) or uid in _coding_schemes()


@cache
def _risks() -> tuple[dict[int | str, Risk], dict[str, Risk]]:
    tables = _load("risks")
    reasons = [Risk(RiskClass(klass), why, letter) for klass, letter, why in tables["reasons"]]
    tags: dict[int | str, Risk] = {
        tag if tag in _PATTERNS else int(tag, 16): reasons[number] for tag, number in tables["tags"].items()
    }
    tags["private"] = reasons[tables["private"]["reason"]]
    return tags, {vr: reasons[number] for vr, number in tables["by_vr"].items()}


@lru_cache(maxsize=8192)
def risk(tag: int, vr: str) -> Risk:
    """Return how an attribute can lead to a person: class, one sentence why, Safe Harbor letter.

    A private attribute is ``private`` whatever its VR, with the letter that its VR suggests; one that no rule names
    is judged by its VR.
    """
    tags, by_vr = _risks()
    group = tag >> 16
    if group & 1:
        return replace(tags["private"], letter=by_vr.get(vr, by_vr[""]).letter)
    found = tags.get(tag)
    if found is None and group & 0xFF00 == 0x5000:  # noqa: PLR2004 - the repeating group itself
        found = tags["50xxxxxx"]
    if found is None and group & 0xFF00 == 0x6000:  # noqa: PLR2004
        found = tags.get(f"60xx{tag & 0xFFFF:04X}")
    return found or by_vr.get(vr, by_vr[""])


def safe_harbor(tag: int, vr: str) -> str | None:
    """Return the letter A to R of 45 CFR 164.514(b)(2)(i) under which an attribute falls, None for none of them.

    The rule speaks of identifiers, not of attributes: free text has no letter although it may hold any of them.
    """
    return risk(tag, vr).letter
