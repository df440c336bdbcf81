"""A sheet holds one instance while it is made, and notes in the book what was planted where.

The answer key is worked out by hand: the table `tables/expected.csv` holds what PS3.15 Table E.1-1 and the
attribute's usual Type ask for, and whoever plants an attribute whose Type differs says so. Nothing here asks
`dicomlab.standard`, so the key may judge it.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

_STEP = re.compile(r"(\w+)\[(\d+)\]")


@cache
def expected() -> dict[str, tuple[str, str, str]]:
    """Return category, letter under basic and letter under research by keyword."""
    text = (files("dicomlab.forge") / "tables" / "expected.csv").read_text("utf-8")
    return {r["keyword"]: (r["category"], r["basic"], r["research"]) for r in csv.DictReader(text.splitlines())}


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of something planted: acceptable letters, separated by spaces, and what it is."""

    basic: str
    research: str
    category: str


@dataclass
class Book:
    """What was planted, what must stay, how each file ends and what it shows."""

    planted: dict[tuple[str, str, str], dict[str, object]] = field(default_factory=dict)
    keep: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    ends: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    shows: dict[str, str] = field(default_factory=dict)
    burned: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def plant(self, file: str, path: str, values: tuple[str, ...], fate: Fate) -> None:
        """Note values that identify; the same place of a series noted twice gathers its values."""
        key = (file, path, fate.category)
        entry = self.planted.setdefault(key, {"file": file, "path": path, "category": fate.category, "values": []})
        entry["basic"], entry["research"] = fate.basic.split(), fate.research.split()  # who says it last knows its Type
        seen = entry["values"]
        if isinstance(seen, list):
            seen.extend(v for v in values if v not in seen)

    def burn(self, file: str, text: str, box: tuple[int, int, int, int]) -> None:
        """Note text in pixels and its rectangle: x, y, width, height."""
        self.burned.setdefault(file, []).append({"text": text, "x": box[0], "y": box[1], "w": box[2], "h": box[3]})

    def end(self, file: str, basic: str, research: str | None = None) -> None:
        """Note how a file ends: "written", "ignored not-dicom", "quarantined face-at-risk"."""
        self.ends[file] = {}
        for recipe, said in (("basic", basic), ("research", basic if research is None else research)):
            state, _, reason = said.partition(" ")
            self.ends[file][recipe] = {"state": state, "reason": reason}


class Sheet:
    """One instance in the making.

    Parameters
    ----------
    book
        Takes the notes.
    where
        Path of the file among the samples, or a pattern of a whole series' files.
    """

    def __init__(self, book: Book, where: str) -> None:
        """Start with nothing."""
        self.book, self.where, self.dataset = book, where, Dataset()

    def holder(self, path: str) -> tuple[Dataset, str]:
        """Return the item that holds a path's attribute, made if need be, and the attribute's keyword."""
        *steps, leaf = path.split(".")
        held = self.dataset
        for step in steps:
            found = _STEP.fullmatch(step)
            if found is None:
                raise ValueError(f"attribute path step {step!r} has no item number")
            keyword, index = found[1], int(found[2])
            if keyword not in held:
                setattr(held, keyword, Sequence())
            items = getattr(held, keyword)
            while len(items) <= index:
                items.append(Dataset())
            held = items[index]
        return held, leaf

    def put(self, path: str = "", value: object = None, /, **attributes: object) -> None:
        """Set attributes that identify nobody."""
        for name, content in {**({path: value} if path else {}), **attributes}.items():
            held, leaf = self.holder(name)
            setattr(held, leaf, content)

    def plant(self, path: str, value: object, *values: str, fate: str = "", category: str = "") -> None:
        """Set an attribute that identifies, and note it.

        Parameters
        ----------
        values
            The parts that identify; the whole value where none is given, none where it is "".
        fate
            "Z" for both recipes or "Z/shift" for basic and research; the table's by default.
        """
        self.put(path, value)
        leaf = path.rsplit(".", 1)[-1]
        kind, basic, research = expected().get(leaf, ("", "", ""))
        if fate:
            basic, _, research = fate.partition("/")
            research = research or basic
        whole = value if isinstance(value, list) else [value]
        parts = tuple(v for v in values if v) if values else tuple(str(v) for v in whole)
        self.note(path, parts, Fate(basic, research, category or kind))

    def note(self, path: str, values: tuple[str, ...], fate: Fate) -> None:
        """Note something planted without setting an attribute: pixels, file meta, private elements."""
        if not fate.basic or not fate.category:
            raise ValueError(f"{path}: no fate in the table; say one")
        self.book.plant(self.where, path, values, fate)

    def keep_part(self, path: str, part: str) -> None:
        """Note one value of a multi-valued attribute that must still be there."""
        self.book.keep[self.where, path] = {"file": self.where, "path": path, "holds": part}

    def keep(self, path: str, value: object) -> None:
        """Set an attribute that must still be there, unchanged, after a run."""
        self.put(path, value)
        # Numbers are noted as text, as a header holds them.
        text = [str(v) for v in value] if isinstance(value, list) else str(value)
        self.book.keep[self.where, path] = {"file": self.where, "path": path, "value": text}
