"""Encapsulated pixel data: which fragments make a frame, and the value with some frames replaced (PS3.5 A.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import error as StructError  # noqa: N812 - an exception, named like one
from struct import pack, unpack, unpack_from
from typing import NamedTuple

from pydicom.uid import RLELossless

from dicomlab.errors import PixelError

Read = Callable[[int, int], bytes]  # start, length -> bytes; shorter at the end of the value
_ITEM = b"\xfe\xff\x00\xe0"
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n")


class Index(NamedTuple):
    """Where the frames lie: for each frame (start, length) of its fragments; whether there was a basic table."""

    frames: tuple[tuple[tuple[int, int], ...], ...]
    basic: bool


def index(read: Read, frames: int, syntax: str, extended: bytes | None = None) -> Index:
    """Return which fragments belong to which frame.

    Parameters
    ----------
    read
        Reads from the value, whose first item is the basic offset table.
    frames
        Number of Frames.
    syntax
        Transfer syntax: a frame of RLE is always one fragment.
    extended
        Value of Extended Offset Table (7FE0,0001).

    Raises
    ------
    PixelError
        The items are broken, or nothing tells which fragments make a frame.
    """
    items, position = [], 0
    while (head := read(position, 8))[:4] == _ITEM and len(head) == 8:  # noqa: PLR2004 - tag and length
        length = unpack_from("<L", head, 4)[0]
        items.append((position + 8, length))
        position += 8 + length
    if len(items) < 1 + frames or (len(read(sum(items[-1]) - 1, 1)) != 1 and items[-1][1]):
        raise PixelError("encapsulated pixel data has fewer fragments than frames, or ends early; fetch the file again")
    table, pieces = read(*items[0]), items[1:]
    try:
        starts = unpack(f"<{len(extended) // 8}Q", extended) if extended else unpack(f"<{len(table) // 4}L", table)
    except StructError as error:
        raise PixelError("an offset table of the pixel data has a broken length") from error
    return Index(_grouped(pieces, frames, starts, read, alone=syntax == RLELossless), bool(table))


def _grouped(
    pieces: list[tuple[int, int]], frames: int, starts: Sequence[int], read: Read, *, alone: bool
) -> tuple[tuple[tuple[int, int], ...], ...]:
    if len(pieces) == frames:
        return tuple((piece,) for piece in pieces)
    if frames == 1:
        return (tuple(pieces),)
    first = pieces[0][0] - 8
    if starts:
        heads = {first + start for start in starts}
    else:
        heads = {at - 8 for at, _ in pieces if alone or read(at, 12).startswith(_STARTS)}
    groups: list[list[tuple[int, int]]] = []
    for at, length in pieces:
        if at - 8 in heads:
            groups.append([])
        if groups:
            groups[-1].append((at, length))
    if len(groups) != frames or sum(map(len, groups)) != len(pieces):
        message = "nothing tells which fragments of the pixel data make a frame; its offset table is missing or wrong"
        raise PixelError(message)
    return tuple(map(tuple, groups))


def rebuilt(
    read: Read, known: Index, new: Mapping[int, bytes], *, extended: bool
) -> tuple[bytearray, dict[str, object]]:
    """Return the encapsulated value with some frames replaced, and the extended offset tables if there were any.

    Frames that are not in `new` keep their fragments byte for byte. A new frame is one fragment.
    """
    sizes = [
        [len(new[n]) + len(new[n]) % 2] if n in new else [length for _, length in spans]
        for n, spans in enumerate(known.frames)
    ]
    starts, at = [], 0
    for frame in sizes:
        starts.append(at)
        at += sum(8 + size for size in frame)
    table = pack(f"<{len(starts)}L", *starts) if known.basic and starts[-1] < 1 << 32 else b""
    value = bytearray(_ITEM + pack("<L", len(table)) + table)
    for n, spans in enumerate(known.frames):
        for piece in (new[n],) if n in new else (read(*span) for span in spans):
            value += _ITEM + pack("<L", len(piece) + len(piece) % 2)
            value += piece
            value += b"\0" * (len(piece) % 2)
    if not extended:
        return value, {}
    if any(len(frame) > 1 for frame in sizes):  # PS3.3 C.7.6.3.1.8: such a table needs one fragment for each frame
        return value, {"ExtendedOffsetTable": None, "ExtendedOffsetTableLengths": None}
    return value, {
        "ExtendedOffsetTable": pack(f"<{len(starts)}Q", *starts),
        "ExtendedOffsetTableLengths": pack(f"<{len(sizes)}Q", *(sum(frame) for frame in sizes)),
    }
