"""What the markers of compressed streams say: ISO 10918-1 B, ISO 14495-1 C, ISO 15444-1 A."""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from
from typing import NamedTuple

from dicomlab.errors import PixelError

_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_START_OF_SCAN, _HUFFMAN, _RESTART = 0xDA, 0xC4, 0xDD
_APPLICATION = {*range(0xE0, 0xF0), 0xFE}
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7}


class Jpeg(NamedTuple):
    """Header of a JPEG or JPEG-LS stream.

    `process`: code of the SOF marker (0xC0 baseline, 0xC1 extended, 0xC3 lossless, 0xF7 JPEG-LS).
    `ids`, `sampling`: of each component, in the order of the frame header. `luminance`: whether the first component
    is one, None when the markers do not tell. `near`: JPEG-LS, how far a sample may be off.
    """

    process: int
    precision: int
    rows: int
    columns: int
    ids: tuple[int, ...]
    sampling: tuple[tuple[int, int], ...]
    luminance: bool | None
    near: int

    @property
    def components(self) -> int:
        """The number of components."""
        return len(self.ids)


class CodeStream(NamedTuple):
    """Header of a JPEG 2000 codestream: precision of the first component, multiple component transform, 5/3 filter."""

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool
    transform: bool
    reversible: bool


def broken() -> PixelError:
    """Return the error for a stream whose markers make no sense."""
    return PixelError("a frame of pixel data is no stream of its transfer syntax; fetch the file again")


def segments(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (code, start, end) of the marker segments of a JPEG stream up to its first scan, whose header is last.

    Raises
    ------
    PixelError
        The stream does not start as one, or ends early.
    """
    position = 2 if stream[:2] == b"\xff\xd8" else len(stream)
    while position + 4 <= len(stream):
        code = stream[position + 1]
        if stream[position] != 0xFF:  # noqa: PLR2004 - every marker starts with it
            break
        if code == 0xFF or code in _STANDALONE:  # noqa: PLR2004 - fill bytes
            position += 1 if code == 0xFF else 2  # noqa: PLR2004
            continue
        end = position + 2 + unpack_from(">H", stream, position + 2)[0]
        yield code, position, end
        if code == _START_OF_SCAN:
            return
        position = end
    raise broken()


def jpeg(stream: bytes) -> Jpeg:
    """Return what the header of a JPEG or JPEG-LS stream says.

    Raises
    ------
    PixelError
        The header is broken.
    """
    frame: tuple[int, int, int, int] | None = None
    ids: list[int] = []
    sampling: list[tuple[int, int]] = []
    luminance: bool | None = None
    near = 0
    for code, start, end in segments(stream):
        body = stream[start + 4 : end]
        if code in _FRAMES:
            if len(body) < 6 or len(body) != 6 + 3 * body[5]:  # noqa: PLR2004 - fixed part, count of components
                raise broken()
            frame = (code, *unpack_from(">BHH", body))
            ids = [body[6 + 3 * k] for k in range(body[5])]
            sampling = [(body[7 + 3 * k] >> 4, body[7 + 3 * k] & 15) for k in range(body[5])]
        elif code == 0xEE and body[:5] == b"Adobe" and len(body) >= 12:  # noqa: PLR2004
            luminance = body[11] == 1
        elif code == 0xE0 and body[:5] == b"JFIF\0" and luminance is None:  # noqa: PLR2004
            luminance = True
        elif code == _START_OF_SCAN:
            near = body[-3] if len(body) > 3 else 0  # noqa: PLR2004
    if frame is None:
        raise broken()
    if luminance is None and tuple(ids) in {tuple(b"RGB"), tuple(b"rgb")}:
        luminance = False
    return Jpeg(*frame, tuple(ids), tuple(sampling), luminance, near)


def named_as(new: bytes, old: bytes) -> bytes:
    """Return a JPEG stream with the application segments and the names of the components of another.

    They say which colours the components are, and so must not change.
    """
    names = jpeg(old).ids
    out = [b"\xff\xd8", *(old[s:e] for c, s, e in segments(old) if c in _APPLICATION)]
    for code, start, end in segments(new):
        piece = bytearray(new[start:end])
        for k, name in enumerate(names):
            if code in _FRAMES:
                piece[10 + 3 * k] = name
            elif code == _START_OF_SCAN:
                piece[5 + 2 * k] = name
        if code not in _APPLICATION:
            out.append(bytes(piece))
    return b"".join([*out, new[end:]])


def with_scan_of(new: bytes, old: bytes, size: tuple[int, int] | None = None) -> bytes:
    """Return the header of `old` with Huffman tables and the only scan of `new`: other segments stay to the byte.

    The components are named as in `old`. Restart markers, which `new` lacks, are no longer announced.
    `size`: another (rows, columns).
    """
    names = dict(zip(jpeg(new).ids, jpeg(old).ids, strict=True))
    out = [b"\xff\xd8"]
    for code, start, end in segments(old):
        piece = bytearray(old[start:end])
        if size and code in _FRAMES:
            piece[5:9] = size[0].to_bytes(2, "big") + size[1].to_bytes(2, "big")
        if code not in {_HUFFMAN, _RESTART, _START_OF_SCAN}:
            out.append(bytes(piece))
    for code, start, end in segments(new):
        piece = bytearray(new[start:end])
        if code == _START_OF_SCAN:
            for k in range(piece[4]):
                piece[5 + 2 * k] = names[piece[5 + 2 * k]]
            out += [bytes(piece), new[end:]]
        elif code == _HUFFMAN:
            out.append(bytes(piece))
    return b"".join(out)


def j2k(stream: bytes) -> CodeStream:
    """Return what the main header of a JPEG 2000 codestream says; boxes around it are passed over.

    Raises
    ------
    PixelError
        There is no main header.
    """
    start = stream.find(b"\xff\x4f\xff\x51")
    if start < 0:
        raise broken()
    position, size, depth = start + 2, (0, 0, 0), 0
    while position + 14 <= len(stream):
        marker, length = unpack_from(">HH", stream, position)
        if marker == 0xFF51 and position + 40 < len(stream):  # noqa: PLR2004 - image size
            right, bottom, left, top = unpack_from(">4L", stream, position + 6)
            size = bottom - top, right - left, unpack_from(">H", stream, position + 38)[0]
            depth = stream[position + 40]
        elif marker == 0xFF52:  # noqa: PLR2004 - coding style
            transform, filtered = bool(stream[position + 8]), stream[position + 13] == 1
            return CodeStream(*size, (depth & 0x7F) + 1, bool(depth & 0x80), transform, filtered)
        position += 2 + length
    raise broken()


def size(stream: bytes) -> tuple[int, int, int]:
    """Return (rows, columns, components) of a JPEG, JPEG-LS or JPEG 2000 frame.

    Raises
    ------
    PixelError
        The header is broken.
    """
    head = jpeg(stream) if stream[:2] == b"\xff\xd8" else j2k(stream)
    return head.rows, head.columns, head.components


def is_reversible(stream: bytes) -> bool:
    """Return whether a frame of JPEG-LS or JPEG 2000 lost nothing for its codec's sake (it may have been cut short)."""
    return jpeg(stream).near == 0 if stream[:2] == b"\xff\xd8" else j2k(stream).reversible
