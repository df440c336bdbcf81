"""The edge to the disk: which files a source holds, reading one, writing one whole or not at all."""

from __future__ import annotations

import errno
import mmap
import os
import re
import zlib
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from struct import pack
from typing import TYPE_CHECKING, BinaryIO, Literal

from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from tqdm.auto import tqdm

from dicomlab.catalog import Catalog, Entry
from dicomlab.engine import Instance, fragments_missing
from dicomlab.errors import InstanceError, ReleaseError, SourceError
from dicomlab.header import stream, wire
from dicomlab.header.dataset import made_explicit
from dicomlab.header.meta import file_meta
from dicomlab.header.template import Template
from dicomlab.header.wire import Defer, Element, Encoding
from dicomlab.records import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_DICOMDIR = b"1.2.840.10008.1.3.10"
_SMALL = 1 << 16  # files up to here are read whole, others mapped
HEADERS = Defer(1 << 12, 1 << 12)
# Native pixel data is copied from file to file; compressed frames are examined, in memory when they fit.
DEFER = Defer(1 << 16, 64 << 20)
_REMEMBERED = 1 << 14
_HEADER_BYTES = 8
_UID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_SEQUENCE_END = pack("<HHL", 0xFFFE, 0xE0DD, 0)
_COPY = 4 << 20
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
    here = Path(__file__).resolve().parent
    for folder in (here / "_packaged" / kind, here.parent / kind):
        if folder.is_dir():
            return folder
    message = f"the packaged {kind} are missing from this installation; install dicomlab again"
    raise SourceError(message)


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
        message = "the source does not exist; give a folder, or a file, that does"
        raise SourceError(message)

    def refuse(error: OSError) -> None:
        message = f"a folder of the source cannot be listed ({os.strerror(error.errno or 0)}); check its permissions"
        raise SourceError(message) from None

    found = [Path(folder) / name for folder, _, names in os.walk(root, onerror=refuse) for name in names]
    if not found:
        message = "the source holds no file; give a folder with DICOM in it"
        raise SourceError(message)
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
        Path(source), tuple(entry(n, path, relative, like=like)[0] for n, (path, relative) in enumerate(bar))
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
    whole = inflate.decompress(data)
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


class Encoded:
    """Remembers the encoded form of elements, by identity: a series shares most of them."""

    def __init__(self) -> None:
        """Start with nothing remembered."""
        self._known: dict[tuple[int, Encoding], tuple[Element, bytes]] = {}

    def of(self, element: Element, encoding: Encoding) -> bytes:
        """Return an element as it stands in a file."""
        known = self._known.get((id(element), encoding))
        if known is not None:
            return known[1]
        raw = wire.encode(element, encoding)
        if len(raw) <= _REMEMBERED:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._known[id(element), encoding] = (element, raw)  # the element too, so that its identity stays its own
        return raw


def encoded(instance: Instance, known: Encoded | None = None) -> Iterator[bytes]:
    """Yield the bytes of a de-identified instance's file, bulk data in pieces."""
    known = known or Encoded()
    yield file_meta(instance.elements, instance.transfer_syntax)
    if UID(instance.transfer_syntax).is_deflated:
        squeeze = zlib.compressobj(level=6, wbits=-zlib.MAX_WBITS)
        body = b"".join(squeeze.compress(piece) for piece in _body(instance, known)) + squeeze.flush()
        yield body + b"\0" if len(body) % 2 else body
    else:
        yield from _body(instance, known)


def _body(instance: Instance, known: Encoded) -> Iterator[bytes]:
    elements, frames = _settled(instance)
    small: list[bytes] = []
    for element in elements.values():
        if element.value is not None and len(element.value) <= _SMALL:
            small.append(known.of(element, instance.encoding))
            continue
        yield b"".join(small)
        small = []
        if element.value is not None:  # long: not joined with others, every copy costs
            yield wire.header(element, len(element.value), instance.encoding)
            yield element.value
            if element.length == wire.UNDEFINED:
                yield _SEQUENCE_END
            continue
        yield wire.header(element, element.length, instance.encoding)
        if element.length != wire.UNDEFINED:
            yield from _span(instance.source, element.tell, element.length)
        else:
            yield from _fragments(instance.source, frames)
            yield _SEQUENCE_END
    yield b"".join(small)


# The fragments of one frame in a file, as (start, length) of each; the basic offset table is the first "frame".
_Spans = list[tuple[int, int]]


def _settled(instance: Instance) -> tuple[Mapping[int, Element], list[_Spans]]:
    """Return the elements with offset tables that hold for what will be written, and where the frames lie.

    Encapsulated pixel data left in its file is read once to learn how long each frame becomes without metadata, and
    once more to be copied: a stream of any length costs the memory of one frame.
    """
    element = instance.elements.get(wire.PIXEL_DATA)
    if element is None or element.value is not None or element.length != wire.UNDEFINED:
        return instance.elements, []
    frames = _frames_in(instance.source, element.tell)
    if fragments_missing(instance, [length for spans in frames[1:] for _, length in spans]):
        raise InstanceError(Reason.TRUNCATED)
    table = instance.elements.get(stream.OFFSETS)
    if table is None or not table.value:
        return instance.elements, frames
    with _opened(instance.source) as file:
        sizes = [[len(piece) for piece in stream.cleaned_frame(_pieces(file, spans))] for spans in frames[1:]]
    starts, lengths = stream.extended_offsets(sizes)
    changed = {t: instance.elements[t]._replace(value=v, length=len(v)) for t, v in
               ((stream.OFFSETS, starts), (stream.LENGTHS, lengths)) if t in instance.elements}  # fmt: skip
    return {**instance.elements, **changed}, frames


def _frames_in(path: Path | None, start: int) -> list[_Spans]:
    """Return where each frame's fragments lie: one frame starts where a stream starts."""
    frames: list[_Spans] = []
    alone = False
    with _opened(path) as file:
        while True:
            file.seek(start)
            head = file.read(24)
            if head[:4] != b"\xfe\xff\x00\xe0":
                return frames
            length = int.from_bytes(head[4:8], "little")
            starts = stream.starts_a_frame(head[8:])
            one_each = len(frames) == 1 and not starts  # RLE and video: streams whose starts cannot be told
            if len(frames) < 2 or starts or one_each or alone:  # noqa: PLR2004 - the table, the first frame
                frames.append([])
            alone = alone or one_each
            frames[-1].append((start + 8, length))
            start += 8 + length


def _fragments(path: Path | None, frames: list[_Spans]) -> Iterator[bytes]:
    """Yield the items of encapsulated pixel data, frame by frame, without stream metadata."""
    with _opened(path) as file:
        table = b"".join(_pieces(file, frames[0])) if frames else b""
        if table:
            sizes = [[len(piece) for piece in stream.cleaned_frame(_pieces(file, spans))] for spans in frames[1:]]
            table = stream.basic_offsets(sizes)
        yield pack("<HHL", 0xFFFE, 0xE000, len(table)) + table
        for spans in frames[1:]:
            for piece in stream.cleaned_frame(_pieces(file, spans)):
                yield pack("<HHL", 0xFFFE, 0xE000, len(piece)) + piece


def _pieces(file: BinaryIO, spans: _Spans) -> list[bytes]:
    pieces = []
    for start, length in spans:
        file.seek(start)
        pieces.append(file.read(length))
    return pieces


def _opened(path: Path | None) -> BinaryIO:
    assert path is not None  # noqa: S101 - only files leave values behind
    return path.open("rb")


def _span(path: Path | None, start: int, length: int) -> Iterator[bytes]:
    """Yield part of a file in pieces."""
    with _opened(path) as file:
        file.seek(start)
        while length:
            piece = file.read(min(length, _COPY))
            if not piece:
                raise InstanceError(Reason.TRUNCATED)
            length -= len(piece)
            yield piece


def write_atomic(path: Path, chunks: Iterable[bytes], *, mode: int = 0o644) -> str:
    """Write a file whole or not at all, under a temporary name first; return the sha256 of its bytes.

    Raises
    ------
    ReleaseError
        The disk is full or the folder cannot be written to; nothing is left behind.
    """
    digest = sha256()
    partial = temporary(path, "partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
        partial.replace(path)
    except OSError as error:
        _drop(partial)
        raise cannot_write(error) from error
    except BaseException:
        _drop(partial)
        raise
    return digest.hexdigest()


def temporary(path: Path, ending: str) -> Path:
    """Return a name beside `path` that is its own, hidden, and no longer than a name may be."""
    return path.with_name(f".{path.name[:40]}-{sha256(os.fsencode(path.name)).hexdigest()[:16]}.{ending}")


def _drop(path: Path) -> None:
    with suppress(OSError):  # what went wrong before is what must be told
        path.unlink(missing_ok=True)


def cannot_write(error: OSError) -> ReleaseError:
    """Return the error to raise when the disk says no."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ReleaseError(
            "the disk is full; free some space and run the same command again, it goes on where it stopped"
        )
    return ReleaseError(f"a file cannot be written ({os.strerror(error.errno or 0)}); check the folder's permissions")
