"""An instance back into a file: whole or not at all, bulk data from file to file."""

from __future__ import annotations

import errno
import os
import zlib
from contextlib import suppress
from hashlib import sha256
from struct import pack
from typing import TYPE_CHECKING, BinaryIO

from pydicom.uid import UID

from dicomlab.engine import Instance, fragments_missing
from dicomlab.errors import InstanceError, ReleaseError
from dicomlab.header import stream, wire
from dicomlab.header.meta import file_meta
from dicomlab.records import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from dicomlab.header.wire import Element, Encoding

_SMALL = 1 << 16  # values up to here are joined before they are written
_REMEMBERED = 1 << 14
_SEQUENCE_END = pack("<HHL", 0xFFFE, 0xE0DD, 0)
_COPY = 4 << 20


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
