"""Instances as a scorer sees them: read by pydicom whatever the file is called, attributes by path."""

from __future__ import annotations

import re
import unicodedata
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STEP = re.compile(r"\.(?![^(]*\))")
_ITEM = re.compile(r"(.+)\[(\d+)\]")
_PRIVATE = re.compile(r"\(([0-9A-F]{4}),'(.*)',([0-9A-F]{2})\)", re.DOTALL)
_TAG = re.compile(r"\(([0-9A-F]{4}),([0-9A-F]{4})\)")
# What pydicom raises on files that are none, or broken.
UNREADABLE = (
    InvalidDicomError, BytesLengthException, OSError, ValueError, EOFError, AttributeError, KeyError, TypeError,
    NotImplementedError,
)  # fmt: skip


# Bytes of unknown VR may hold text in any of the character sets of PS3.3 C.12.1.1.2.
_ENCODINGS = (
    "utf-8", "latin-1", "utf-16-le", "iso8859_2", "iso8859_5", "iso8859_6", "iso8859_7", "iso8859_8", "tis_620",
    "iso2022_jp", "euc_kr", "gb18030",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance and where it lies."""

    path: Path
    dataset: Dataset

    @property
    def syntax(self) -> str:
        """Transfer syntax UID, "" without file meta."""
        return str(self.dataset.file_meta.get("TransferSyntaxUID", "")) if hasattr(self.dataset, "file_meta") else ""


def read(path: Path) -> Instance | None:
    """Return the instance in a file, None when the file holds none (a DICOMDIR holds none)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds = pydicom.dcmread(path)
            is_instance = "SOPClassUID" in ds
    except UNREADABLE:
        return None
    return Instance(path, ds) if is_instance else None


def files(folder: Path) -> list[tuple[str, Path]]:
    """Return (relative path, path) of every file below a folder, in the order of the relative paths."""
    return sorted((p.relative_to(folder).as_posix(), p) for p in folder.rglob("*") if p.is_file())


def element(instance: Instance, path: str) -> DataElement | None:
    """Return the element at an attribute path, None when it or an item above it is not there."""
    held: Dataset | None = instance.dataset
    steps = _STEP.split(path)
    for number, step in enumerate(steps):
        found = _ITEM.fullmatch(step)
        name, index = (found[1], int(found[2])) if found else (step, 0)
        one = _element(held, name, instance.dataset)
        if one is None or number == len(steps) - 1:
            return one
        items = one.value if one.VR == "SQ" else None
        held = items[index] if items is not None and len(items) > index else None
    return None


def _element(held: Dataset | None, name: str, root: Dataset) -> DataElement | None:
    if held is None:
        return None
    tag = tag_for_keyword(name)
    if tag is None and (found := _TAG.fullmatch(name)):
        tag = int(found[1] + found[2], 16)
    if tag is None:
        private = _PRIVATE.fullmatch(name)
        return _private(held, private[2], int(private[1], 16), int(private[3], 16)) if private else None
    if tag >> 16 == 2:  # noqa: PLR2004 - the group of the file meta
        held = getattr(root, "file_meta", Dataset())
    return _safe(held, tag)


def _private(held: Dataset, creator: str, group: int, low: int) -> DataElement | None:
    for block in range(0x10, 0x100):
        owner = _safe(held, group << 16 | block)
        if owner is not None and str(owner.value).strip() == creator.strip():
            return _safe(held, group << 16 | block << 8 | low)
    return None


def _safe(held: Dataset, tag: int) -> DataElement | None:
    """Return an element, as bytes of VR UN where its value does not decode."""
    if tag not in held:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return held[tag]
    except UNREADABLE:
        raw = held.get_item(tag)
        unread = DataElement(tag, "OB", getattr(raw, "value", None) or b"")
        unread.VR = "UN"
        return unread


def walk(held: Dataset, path: str = "") -> Iterator[tuple[str, DataElement]]:
    """Yield every element at any depth with its path by tags."""
    for tag in sorted(held.keys()):
        one = _safe(held, tag)
        if one is None:
            continue
        here = f"{path}{int(tag):08X}"
        yield here, one
        if one.VR == "SQ":
            for number, item in enumerate(one.value):
                yield from walk(item, f"{here}[{number}].")


def texts(one: DataElement) -> list[str]:
    """Return everything that an element's value says as text; of a sequence, what its items say."""
    if one.VR == "SQ":
        return [text for item in one.value for _, inner in walk(item) if inner.VR != "SQ" for text in texts(inner)]
    value = one.value
    if isinstance(value, bytes):
        return [value.decode(encoding, "replace") for encoding in _ENCODINGS]
    return [str(v) for v in values(one)]


def values(one: DataElement) -> list[Any]:
    """Return the values of an element as a list, empty when it has none."""
    value = one.value
    if value is None or (isinstance(value, str | bytes) and not value):
        return []
    if isinstance(value, list | tuple) or (hasattr(value, "__iter__") and not isinstance(value, str | bytes | Dataset)):
        if one.VR == "PN" and not isinstance(value, list | tuple | pydicom.multival.MultiValue):
            return [value]
        return list(value)
    return [value]


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return text without case and marks, so that spellings of one word compare equal."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def holds(text: str, value: str) -> bool:
    """Return whether a text holds a planted value: as a word of its own when it is short, else anywhere."""
    wanted = fold(value.strip())
    if not wanted:
        return False
    there = fold(text)
    if len(wanted) <= 4 and wanted.isascii():  # noqa: PLR2004 - "May", "1234": chance is near
        return re.search(rf"(?<![^\W_]){re.escape(wanted)}(?![^\W_])", there) is not None
    return wanted in there
