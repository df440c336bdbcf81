"""What identifies a patient, gathered from the source instances by the judge's own code.

Every PN, DA, DT and UI at any depth (private, in UN, in the file meta), and the attributes that
`sources.csv` names. Each value remembers the attribute that it came from: what a recipe keeps does
not count against the release.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from enum import StrEnum
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydicom.datadict import tag_for_keyword

from dicomlab.judge.charsets import codecs_of, decoded
from dicomlab.judge.reading import CHARACTER_SET, LONG, Element, hidden_sequence, read
from dicomlab.standard import is_well_known_uid

if TYPE_CHECKING:
    from pydicom import Dataset

_LONGEST = 1024  # a longer value of an identifying attribute is a text about something else


class Kind(StrEnum):
    """What sort of thing identifies."""

    NAME = "person name"
    IDENTIFIER = "identifier"
    TELEPHONE = "telephone"
    ADDRESS = "address"
    PLACE = "place"
    DEVICE = "device"
    DATE = "date"
    UID = "UID"


Entry = tuple[Kind, str, int, str]
"""Kind, value, tag and private creator of the attribute that it came from."""


class Identity:
    """Everything that identifies one patient; merge with ``|`` or `merge`. Its repr only counts.

    UIDs are held as hashes. Pickles hold the values: they are for worker processes, not for disks.
    """

    __slots__ = ("__weakref__", "_hunters", "entries", "uids")

    def __init__(self, entries: Iterable[Entry] = (), uids: Iterable[tuple[int, int, str]] = ()) -> None:
        """Hold entries, and UIDs as (hash, tag, creator)."""
        self.entries = frozenset(entries)
        self.uids = frozenset(uids)
        self._hunters: dict[str, Any] = {}

    def __or__(self, other: Identity) -> Identity:
        """Return everything that either holds."""
        return merge((self, other))

    def __eq__(self, other: object) -> bool:
        """Equal when they hold the same."""
        return isinstance(other, Identity) and (self.entries, self.uids) == (other.entries, other.uids)

    def __hash__(self) -> int:
        """Hash of what is held."""
        return hash((self.entries, self.uids))

    def __bool__(self) -> bool:
        """Return whether anything is known at all."""
        return bool(self.entries or self.uids)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what is held, without what was compiled from it."""
        return Identity, (self.entries, self.uids)

    def __repr__(self) -> str:
        """Tell how many, never which."""
        return f"Identity({len(self.entries)} entries, {len(self.uids)} UIDs)"

    def hunter(self, name: str) -> dict[str, Any]:
        """Return a place where what is compiled from this identity is kept, one per recipe."""
        return self._hunters.setdefault(name, {})  # type: ignore[no-any-return]


def merge(identities: Iterable[Identity]) -> Identity:
    """Return one identity that holds all of `identities`: those of a patient's instances."""
    entries: set[Entry] = set()
    uids: set[tuple[int, int, str]] = set()
    for one in identities:
        entries |= one.entries
        uids |= one.uids
    return Identity(entries, uids)


def uid_hash(uid: str) -> int:
    """Return eight bytes of a hash of a UID, the same in every process."""
    return int.from_bytes(blake2b(uid.encode(), digest_size=8).digest())


def identity_of(source: Path | bytes | Dataset, *, relative_path: str = "") -> Identity:
    """Return what identifies the patient of one source instance.

    Parameters
    ----------
    source
        The file, its bytes, or a Dataset that pydicom read (slower: it is encoded first). Left alone.
    relative_path
        Where the file lay in the source. A part of it that holds a part of a name identifies as a
        whole (``BROWN_YOUNG_1965``).

    Raises
    ------
    BrokenError
        The file does not parse to its end.
    """
    entries: set[Entry] = set()
    uids: set[tuple[int, int, str]] = set()
    if isinstance(source, (Path, bytes)):
        instance = read(source)
        _gather(list(instance.meta.values()), ("ascii",), entries, uids)
        _gather(instance.dataset, ("ascii",), entries, uids)
    else:
        _gather(_elements(getattr(source, "file_meta", None)), ("ascii",), entries, uids)
        _gather(_elements(source), ("ascii",), entries, uids)
    entries |= _of_path(relative_path, entries)
    return Identity(entries, uids)


def _gather(
    elements: list[Element], codecs: tuple[str, ...], entries: set[Entry], uids: set[tuple[int, int, str]]
) -> None:
    for element in elements:
        if element.items:
            for item in element.items:
                _gather(item, codecs, entries, uids)
        elif element.tag == CHARACTER_SET:
            codecs = codecs_of(bytes(element.value))
        elif 0 < len(element.value) < LONG:
            kind = kind_of(element.tag, element.vr)
            if kind is Kind.UID:
                uids.update(_uids(bytes(element.value), element.tag, element.creator))
            elif kind is not None:
                entries.update(_values(kind, bytes(element.value), element.tag, creator=element.creator, codecs=codecs))


@cache
def _sources() -> dict[int, Kind]:
    text = (files("dicomlab.judge") / "sources.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {tag: Kind(row["kind"]) for row in rows if (tag := tag_for_keyword(row["keyword"])) is not None}


@lru_cache(maxsize=16384)
def kind_of(tag: int, vr: str) -> Kind | None:
    """Return as what the value of an attribute identifies, None when it does not."""
    if vr == "PN":
        return Kind.NAME
    if vr in ("DA", "DT"):
        return Kind.DATE
    if vr == "UI":
        return Kind.UID
    return _sources().get(tag)


@lru_cache(maxsize=65536)
def _values(kind: Kind, raw: bytes, tag: int, *, creator: str, codecs: tuple[str, ...]) -> tuple[Entry, ...]:
    text, _ = decoded(raw.rstrip(b" \0"), codecs)
    if len(text) > _LONGEST:
        return ()
    values = [text] if kind is Kind.ADDRESS else text.split("\\")
    return tuple((kind, value.strip(), tag, creator) for value in values if value.strip(" ^=-.0"))


@lru_cache(maxsize=65536)
def _uids(raw: bytes, tag: int, creator: str) -> tuple[tuple[int, int, str], ...]:
    values = (value.strip() for value in raw.rstrip(b" \0").decode("latin-1").split("\\"))
    return tuple((uid_hash(value), tag, creator) for value in values if value and not is_well_known_uid(value))


def _of_path(relative_path: str, entries: set[Entry]) -> set[Entry]:
    """Return the parts of a path that hold a name part, as names of their own."""
    from dicomlab.judge.weight import folded, name_words, strong_name  # noqa: PLC0415 - tables load when needed

    if not relative_path:
        return set()
    known = {word for kind, value, *_ in entries if kind is Kind.NAME for word in name_words(value)}
    found: set[Entry] = set()
    for part in Path(relative_path).parts:
        stem = part.rsplit(".", 1)[0]
        if any(strong_name(w) and w in known for w in name_words(folded(stem))):
            found.add((Kind.NAME, stem, 0x00100010, ""))
    return found


def _elements(dataset: Dataset | None) -> list[Element]:
    """Return a Dataset of pydicom as elements: identifying values only, text as UTF-8."""
    found: list[Element] = []
    if dataset is None:
        return found
    mark = Element(CHARACTER_SET, "CS", value=b"ISO_IR 192")
    found.append(mark)
    for element in dataset:
        tag, vr = int(element.tag), str(element.VR)
        out = Element(tag, vr, creator=getattr(element, "private_creator", None) or "")
        if vr == "SQ":
            out.items = [_elements(item) for item in element.value or ()]
        elif tag == CHARACTER_SET or (kind_of(tag, vr) is None and vr != "UN"):
            continue
        elif isinstance(element.value, (bytes, bytearray)):
            out.value = bytes(element.value)
            out.items = hidden_sequence(out.value)
        elif element.value is not None:
            many = element.value if element.VM > 1 else [element.value]
            out.value = "\\".join(map(str, many)).encode()
        found.append(out)
    return found
