"""Which files a source holds, and what one of them is."""

from __future__ import annotations

import mmap
import os
import re
import zlib
from pathlib import Path
from typing import Literal

from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from tqdm.auto import tqdm

from dicomlab.catalog import Catalog, Entry, linked
from dicomlab.engine import Instance
from dicomlab.errors import InstanceError, SourceError
from dicomlab.header import wire
from dicomlab.header.dataset import made_explicit
from dicomlab.header.template import Template
from dicomlab.header.wire import Defer, Encoding
from dicomlab.records import Reason

SOURCE_VARIABLE = "DICOMLAB_SOURCE"
_DICOMDIR = b"1.2.840.10008.1.3.10"
_SMALL = 1 << 16  # files up to here are read whole, others mapped
HEADERS = Defer(1 << 12, 1 << 12)
# Native pixel data is copied from file to file; compressed frames are examined, in memory when they fit.
DEFER = Defer(1 << 16, 64 << 20)
_LARGEST_INFLATED = 1 << 29  # bytes: a few kilobytes may be deflated from as many gigabytes as somebody likes
_HEADER_BYTES = 8
_UID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_META_GROUP = 2
_FIRST_GROUPS = (2, 8)
_SOP_CLASS, _SOP_INSTANCE, _DIRECTORY_RECORDS = 0x00080016, 0x00080018, 0x00041220


def packaged(kind: Literal["notebooks", "templates", "data_samples"]) -> Path:
    """Return the folder of the packaged notebooks, templates or samples, from a wheel or from a checkout.

    Raises
    ------
    SourceError
        The installation is not whole.
    """
    here = Path(__file__).resolve().parents[1]
    for folder in (here / "_packaged" / kind, here.parent / kind):
        if folder.is_dir():
            return folder
    raise SourceError(f"the packaged {kind} are missing from this installation; install dicomlab again")


def folder_of(source: str | Path = "") -> Path:
    """Return what a notebook looks at: what it names, else what its session was started with, else the samples."""
    return Path(source or os.environ.get(SOURCE_VARIABLE) or packaged("data_samples"))


def listed(source: str | Path) -> list[tuple[Path, str]]:
    """Return (path, relative path) of every file below `source`, or of the one file, sorted by relative path.

    Links to files are followed, links to folders are not, so that no file is met twice.

    Raises
    ------
    SourceError
        No such file or folder, a folder that cannot be listed, or no file in it.
    """
    root = Path(source)
    if root.is_file():
        return [(root, root.name)]
    if not root.is_dir():
        raise SourceError("the source does not exist; give a folder, or a file, that does")

    def refuse(error: OSError) -> None:
        message = f"a folder of the source cannot be listed ({os.strerror(error.errno or 0)}); check its permissions"
        raise SourceError(message) from None

    found = [Path(folder) / name for folder, _, names in os.walk(root, onerror=refuse) for name in names]
    if not found:
        raise SourceError("the source holds no file; give a folder with DICOM in it")
    return sorted(((p, p.relative_to(root).as_posix()) for p in found), key=lambda pair: pair[1])


def scan(source: str | Path, *, progress: bool = False) -> Catalog:
    """Return what a file or folder holds: patients, studies, series, instances, and files that are none.

    Reads headers only. Files need no ending; DICOMDIRs and files that are no DICOM are listed with the reason.

    Raises
    ------
    SourceError
        No such source, or no file in it.
    """
    pairs = listed(source)
    bar = tqdm(pairs, desc="scan", unit="file", disable=not progress)
    like = Template()
    return Catalog(
        Path(source), linked(entry(n, path, relative, like=like)[0] for n, (path, relative) in enumerate(bar))
    )


def entry(ordinal: int, path: Path, relative: str, *, like: Template | None = None) -> tuple[Entry, Instance | None]:
    """Return one file as an entry of a catalog, and its instance with the pixel data left in the file."""
    try:
        size = path.stat().st_size
        instance = read(path, defer=HEADERS, like=like)
    except InstanceError as error:
        return Entry(ordinal, path, relative, reason=error.reason), None
    except OSError:
        return Entry(ordinal, path, relative, reason=Reason.UNREADABLE), None
    return Entry(ordinal, path, relative, size, None, instance.attributes(), instance.transfer_syntax), instance


def read(path: Path, *, defer: Defer = DEFER, like: Template | None = None) -> Instance:
    """Return the instance in a file; pixel data longer than `defer` says stays in the file.

    A `like` that is given for one file after the other makes reading a series quicker.

    Raises
    ------
    InstanceError
        The file is empty, unreadable, no DICOM, a DICOMDIR, broken, or of an unknown transfer syntax.
    """
    try:
        if not path.is_file():  # opening a pipe or a device would wait for ever
            raise InstanceError(Reason.UNREADABLE)
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not size:
                raise InstanceError(Reason.EMPTY)
            if size <= _SMALL:
                return _parsed(file.read(), path, defer, like or Template())
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _parsed(data, path, defer, like or Template())
    except OSError as error:
        raise InstanceError(Reason.UNREADABLE) from error


def _parsed(data: bytes | mmap.mmap, path: Path | None, defer: Defer, like: Template) -> Instance:
    """Parse a whole file: preamble, file meta, dataset (PS3.10 7.1)."""
    end = len(data)
    start = 132 if data[128:132] == b"DICM" else 0
    part10 = bool(start)
    if not part10 and not _may_start_dicom(data):
        raise InstanceError(Reason.NOT_DICOM)
    try:
        meta, start = _meta(data, start, end)
        if bytes(meta.get(0x00020002, b"")).strip(b" \0") == _DICOMDIR:
            raise InstanceError(Reason.DICOMDIR)
        syntax = meta.get(0x00020010, b"").decode("ascii", "replace").strip(" \0")
        encoding, syntax = _encoding(data, start, syntax)
        deferring = defer
        if UID(syntax).is_deflated:
            data, start = _inflated(data[start:]), 0
            end, deferring, path = len(data), wire.NOTHING_DEFERRED, None
        elements = like.parse(data, start, end, encoding, defer=deferring)
        if not encoding.implicit:
            elements = made_explicit(elements)
    except (wire.BrokenDataset, zlib.error, IndexError, ValueError, RecursionError) as error:
        if not part10:
            raise InstanceError(Reason.NOT_DICOM) from error
        reason = Reason.TRUNCATED if isinstance(error, wire.TruncatedPixels) else Reason.BROKEN
        raise InstanceError(reason) from error
    if _DIRECTORY_RECORDS in elements:
        raise InstanceError(Reason.DICOMDIR)
    if not part10 and _SOP_CLASS not in elements and _SOP_INSTANCE not in elements:
        raise InstanceError(Reason.NOT_DICOM)
    return Instance(elements, encoding, syntax, path)


def _inflated(data: bytes) -> bytes:
    """Return a deflated dataset inflated; what is cut short may still parse, without its last elements."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    whole = inflate.decompress(data, _LARGEST_INFLATED)
    if inflate.unconsumed_tail:
        message = f"the deflated dataset is larger than {_LARGEST_INFLATED >> 20} MiB"
        raise wire.BrokenDataset(message)
    if not inflate.eof:
        message = "the deflated dataset has no end"
        raise wire.BrokenDataset(message)
    return whole


def _may_start_dicom(data: bytes | mmap.mmap) -> bool:
    """Return whether a file without preamble starts with an element of group 2 or 8."""
    orders: tuple[Literal["little", "big"], ...] = ("little", "big")
    return len(data) > _HEADER_BYTES and any(
        int.from_bytes(data[:2], order) in _FIRST_GROUPS and int.from_bytes(data[2:4], order) < 0x1200  # noqa: PLR2004
        for order in orders
    )


def _meta(data: bytes | mmap.mmap, position: int, end: int) -> tuple[dict[int, bytes], int]:
    """Return the values of group 0002 by tag, and where the dataset starts."""
    found: dict[int, bytes] = {}
    while position + 8 <= end and int.from_bytes(data[position : position + 2], "little") == _META_GROUP:
        tag = _META_GROUP << 16 | int.from_bytes(data[position + 2 : position + 4], "little")
        if data[position + 4 : position + 6].decode("ascii", "replace") in wire.LONG_VRS:
            length, at = int.from_bytes(data[position + 8 : position + 12], "little"), position + 12
        elif data[position + 4 : position + 6].isalpha():
            length, at = int.from_bytes(data[position + 6 : position + 8], "little"), position + 8
        else:  # some writers encode the file meta in implicit VR
            length, at = int.from_bytes(data[position + 4 : position + 8], "little"), position + 8
        if at + length > end:
            message = "file meta ends behind the end of the file"
            raise wire.BrokenDataset(message)
        found[tag] = bytes(data[at : at + length])
        position = at + length
    return found, position


def _encoding(data: bytes | mmap.mmap, start: int, syntax: str) -> tuple[Encoding, str]:
    """Return encoding and transfer syntax: as the file meta says, checked at the first element."""
    explicit = data[start + 4 : start + 6].decode("ascii", "replace") in wire.VRS
    if not syntax:
        if not explicit:
            return wire.IMPLICIT_LITTLE, str(ImplicitVRLittleEndian)
        little = int.from_bytes(data[start : start + 2], "little") < 0x0400  # noqa: PLR2004 - group 8 swapped is 0800
        return Encoding(little=little), str(ExplicitVRLittleEndian if little else ExplicitVRBigEndian)
    if not _UID.fullmatch(syntax):  # asked first: pydicom would warn, and quote it
        raise InstanceError(Reason.TRANSFER_SYNTAX)
    uid = UID(syntax)
    if uid.is_private or not uid.is_transfer_syntax:
        raise InstanceError(Reason.TRANSFER_SYNTAX)
    if uid.is_deflated:
        return wire.EXPLICIT_LITTLE, syntax
    if uid == ImplicitVRLittleEndian and explicit:
        return wire.EXPLICIT_LITTLE, str(ExplicitVRLittleEndian)
    if not uid.is_implicit_VR and not explicit and not uid.is_encapsulated and uid.is_little_endian:
        return wire.IMPLICIT_LITTLE, str(ImplicitVRLittleEndian)
    return Encoding(implicit=uid.is_implicit_VR, little=uid.is_little_endian), syntax
