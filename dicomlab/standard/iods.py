"""Types of attributes by IOD, and the action that a compound code stands for at a Type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final

from dicomlab.errors import DicomlabError
from dicomlab.records import Action
from dicomlab.standard.sop_classes import iod_name
from dicomlab.standard.tables import load

# Strictest first (PS3.5 7.4). 1C stands above 2: an attribute that is present under its condition must have a value.
_STRICTNESS = ("1", "1C", "2", "2C", "3")

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
    return load("iods")


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
    name = iod_name(sop_class_uid)
    if name is None:
        return None
    mandatory, tells = _evidence(name)
    told = [tells[keyword] for keyword in present if keyword in tells]
    sure = {modules[0] for modules in told if len(modules) == 1}
    shared = {module for modules in told if not sure.intersection(modules) for module in modules}
    return _iod(name, frozenset((*mandatory, *sure, *shared)))
