"""A draft holds one instance while it is made, and what was planted in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicomlab import standard
from dicomlab.forge.corpus.cast import Patient, Visit, table
from dicomlab.forge.corpus.fates import PROFILES, End, expected, fates, keywords

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dicomlab.forge.draw import Draw

_STEP = re.compile(r"(\w+)\[(\d+)\]")
_ROOT = "1.2.840.10008.5.1.4.1.1."


class SopClass(NamedTuple):
    """One SOP Class of a corpus: short name, UID, modality, kind of content, values of a minimal instance."""

    name: str
    uid: str
    modality: str
    kind: str
    values: Mapping[str, Any]


def sop_classes() -> tuple[SopClass, ...]:
    """Return every SOP Class of the corpora."""
    rows = table("classes")["classes"]
    return tuple(SopClass(n, _ROOT + uid, modality, kind, values) for n, uid, modality, kind, values in rows)


class Item(NamedTuple):
    """One line of the answer key."""

    path: str
    category: str
    values: tuple[str, ...]
    words: tuple[str, ...]
    expected: dict[str, list[str]]


class Target(NamedTuple):
    """An instance that others refer to: UIDs of its class, itself, its series and its study."""

    sop_class: str
    instance: str
    series: str
    study: str


@dataclass
class _Note:
    path: str
    vr: str
    category: str
    values: tuple[str, ...]
    words: tuple[str, ...]
    ends: Mapping[str, Sequence[str]]


@dataclass
class Draft:
    """One instance in the making.

    Parameters
    ----------
    series, number
        Label of the series and number of the instance within the corpus.
    frames
        Pixels of each frame, for `writing` to encode.
    meta, preamble, comment
        More elements of the file meta, text of the preamble, and metadata inside compressed frames.
    target
        The image of the same visit that this instance refers to.
    """

    patient: Patient
    visit: Visit
    sop_class: SopClass
    series: str
    number: int
    draw: Draw
    dataset: Dataset = field(default_factory=Dataset)
    notes: dict[tuple[str, str], _Note] = field(default_factory=dict)
    frames: list[NDArray[np.unsignedinteger]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    preamble: bytes = b""
    comment: bytes = b""
    target: Target | None = None

    def uid(self, *labels: str) -> str:
        """Return the UID of `labels` within the visit."""
        return self.patient.uid(str(self.visit.number), *labels)

    @property
    def sop_instance(self) -> str:
        """SOP Instance UID."""
        return self.uid("instance", str(self.number))

    def holder(self, path: str) -> tuple[Dataset, str]:
        """Return the item that holds a path's attribute, made if need be, and the attribute's keyword."""
        *steps, leaf = path.split(".")
        held = self.dataset
        for step in steps:
            found = _STEP.fullmatch(step)
            if found is None:
                raise ValueError(f"attribute path step {step!r} has no item number")
            keyword, index = found[1], int(found[2])
            items = held.get(keyword) or Items()
            while len(items) <= index:
                items.append(Dataset())
            setattr(held, keyword, items)
            held = items[index]
        return held, leaf

    def put(self, path: str = "", value: object = None, /, **attributes: object) -> None:
        """Set attributes that identify nobody."""
        for name, content in {**({path: value} if path else {}), **attributes}.items():
            held, leaf = self.holder(name)
            setattr(held, leaf, content)

    def plant(
        self, path: str, value: object, *values: str, category: str = "", words: Sequence[str] = (),
        ends: Mapping[str, Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        """Set an attribute that identifies, and note it.

        Parameters
        ----------
        values
            The parts that identify; the whole value where none is given.
        words
            Words beside them that must stay where the value is cleaned.
        ends
            Acceptable end states by profile, where the rules of `fates` do not say them.
        """
        self.put(path, value)
        whole = value if isinstance(value, list) else [value]
        self.note(path, values or tuple(str(v) for v in whole), category=category, words=words, ends=ends)

    def keep(self, path: str, value: object, category: str, *, basic: bool = True) -> None:
        """Set an attribute that must stay as it is: under research, and with `basic` under basic too."""
        self.put(path, value)
        ends = {"basic": (End.KEPT,) if basic else (), "research": (End.KEPT,)}
        self.note(path, (), category=category, ends=ends)

    def note(
        self, path: str, values: tuple[str, ...] = (), *, category: str = "", words: Sequence[str] = (),
        ends: Mapping[str, Sequence[str]] | None = None, vr: str = "",
    ) -> None:  # fmt: skip
        """Note something that is set otherwise."""
        leaf = keywords(path)[-1]
        tag = tag_for_keyword(leaf)
        vr = vr or (dictionary_VR(tag) if tag is not None else "UN")
        fate = fates().get(leaf)
        category = category or (fate.category if fate else "")
        if not category:
            raise ValueError(f"{path}: no category in the table; say one")
        self.notes[path, category] = _Note(path, vr, category, tuple(values), tuple(words), ends or {})

    def refer(self, path: str, category: str = "UID reference") -> None:
        """Set the reference to the target in an item: its SOP Class and Instance UIDs."""
        if self.target is None:
            raise ValueError(f"{path}: nothing to refer to")
        self.put(f"{path}.ReferencedSOPClassUID", self.target.sop_class)
        self.plant(f"{path}.ReferencedSOPInstanceUID", self.target.instance, category=category)

    def refer_in_series(self, path: str, leaf: str, category: str = "UID reference") -> None:
        """Set series and instance of the target: `path` names the item, `leaf` the sequence of instances in it."""
        if self.target is not None:
            self.plant(f"{path}.SeriesInstanceUID", self.target.series, category=category)
        self.refer(f"{path}.{leaf}[0]", category)

    def items(self) -> list[Item]:
        """Return what was planted, with its end states, once the instance is complete: Types depend on all of it."""
        iod = standard.iod(self.sop_class.uid, frozenset(e.keyword for e in self.dataset if e.keyword))

        def type_of(path: tuple[str, ...]) -> str | None:
            return iod.type_of(path) if iod else None

        found = []
        for note in self.notes.values():
            ends = {
                profile: [str(e) for e in note.ends[profile]] if profile in note.ends else expected(
                    note.path, note.vr, profile, type_of=type_of, values=note.values, words=note.words)
                for profile in PROFILES
            }  # fmt: skip
            found.append(Item(note.path, note.category, note.values, note.words, ends))
        return found
