"""Metadata inside compressed pixel data: comments and application segments, removed.

Image data is never touched: what an image decoder needs (JFIF APP0, ICC APP2, JPEG-LS APP8, Adobe
APP14; the JPEG 2000 boxes that describe samples) stays as it was, byte for byte.

References
----------
ISO/IEC 10918-1 B.1.1.3 (JPEG markers), ISO/IEC 14495-1 (JPEG-LS), ISO/IEC 15444-1 annexes A and I
(JPEG 2000 codestream and boxes), PS3.5 A.4 (encapsulation).
"""

from __future__ import annotations

import re
from struct import error as StructError  # noqa: N812 - an exception
from struct import pack, unpack_from
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OFFSETS, LENGTHS = 0x7FE00001, 0x7FE00002
_SOI, _SOS, _EOI, _COM = 0xD8, 0xDA, 0xD9, 0xFE
_KEPT_APPLICATION = frozenset({0xE0, 0xE2, 0xE8, 0xEE})  # JFIF, ICC profile, JPEG-LS colour transform, Adobe transform
_ALONE = frozenset({*range(0xD0, 0xD8), 0x01, _SOI})  # markers without a length
_J2K_START, _J2K_COM, _J2K_SOT, _J2K_EOC, _J2K_TLM = b"\xff\x4f\xff\x51", 0xFF64, 0xFF90, 0xFFD9, 0xFF55
# Encoders sign their codestreams; such a comment says nothing of a patient and stays, so that the frame does.
_SIGNATURE = re.compile(
    rb"\xff\x64..\0.(?:Kakadu[- ]v?[\w.]{1,12}|Created by OpenJPEG version [\d.]{1,12}|"
    rb"Creator: JasPer Version [\d.]{1,12}|Kdu-Layer-Info: [\s\w.,:{}()^/+-]{1,4000})\0?",
    re.DOTALL,
)
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  "
_TELLING_BOXES = frozenset({b"xml ", b"uuid", b"uinf", b"jp2i", b"asoc", b"lbl "})


def cleaned(frame: bytes) -> bytes:
    """Return one frame's compressed stream without comments and unknown application segments.

    The very same object when there is nothing to remove, when the stream is of another kind (RLE,
    MPEG), or when it does not parse: then what it is cannot be told. Padding behind the stream stays.
    """
    try:
        if frame[:2] == b"\xff\xd8":
            return _jpeg(frame)
        if frame.startswith(_J2K_START):
            return _codestream(frame)
        if frame.startswith(_JP2_SIGNATURE):
            return _boxes(frame)
    except StructError:  # cut short inside a header
        return frame
    return frame


def _jpeg(frame: bytes) -> bytes:
    """Walk the marker segments of JPEG and JPEG-LS, up to the end of image; words behind it go too."""
    kept, position, start, stop = [], 2, 0, len(frame)
    while position + 2 <= len(frame):
        if frame[position] != 0xFF:  # noqa: PLR2004 - every marker starts so
            return frame
        marker = frame[position + 1]
        if marker == 0xFF:  # noqa: PLR2004 - fill bytes
            position += 1
            continue
        if marker == _EOI:
            behind = frame[position + 2 :].lstrip(b"\0\xff")
            stop = position + 2 if behind and not behind.startswith(b"\xd8\xff") else stop
            break
        if marker in _ALONE:
            position += 2
            continue
        end = position + 2 + unpack_from(">H", frame, position + 2)[0]
        if marker == _COM or (0xE0 <= marker <= 0xEF and marker not in _KEPT_APPLICATION):  # noqa: PLR2004
            kept.append(frame[start:position])
            start = end
        position = end if marker != _SOS else _end_of_scan(frame, end)
    new = b"".join([*kept, frame[start:stop]])
    return frame if len(new) == len(frame) else new


def _end_of_scan(frame: bytes, position: int) -> int:
    """Return where the next marker stands behind entropy-coded data (stuffing and restarts skipped)."""
    while (position := frame.find(b"\xff", position)) >= 0 and position + 1 < len(frame):
        code = frame[position + 1]
        # 0 is a stuffed byte, below 80 a stuffed bit of JPEG-LS, D0 to D7 a restart.
        if code >= 0x80 and not 0xD0 <= code <= 0xD7 and code != 0xFF:  # noqa: PLR2004
            return position
        position += 1 if code == 0xFF else 2  # noqa: PLR2004
    return len(frame)


def _codestream(frame: bytes) -> bytes:
    """Drop the comment segments of a JPEG 2000 codestream: in the main header and in tile-part headers.

    Where a tile-part gets shorter, lists of the lengths of tile-parts (TLM), which are optional, go.
    """
    kept, position, lengths = [frame[:2]], 2, []
    shorter = False
    while position + 4 <= len(frame):
        marker, length = unpack_from(">HH", frame, position)
        if marker == _J2K_EOC:
            break
        if marker >> 8 != 0xFF:  # noqa: PLR2004 - every marker starts so
            return frame
        if marker == _J2K_SOT:
            part, end = _tile_part(frame, position)
            shorter = shorter or len(part) < end - position
            kept.append(part)
        else:
            end = position + 2 + length
            if marker == _J2K_TLM:
                lengths.append(len(kept))
            if marker != _J2K_COM or _SIGNATURE.fullmatch(frame, position, end):
                kept.append(frame[position:end])
        position = end
    kept.append(frame[position:])
    new = b"".join(piece for number, piece in enumerate(kept) if not (shorter and number in lengths))
    return frame if len(new) == len(frame) else new


def _tile_part(frame: bytes, position: int) -> tuple[bytes, int]:
    """Return a tile-part without comments and where it ended; its length field follows (A.4.2)."""
    length = unpack_from(">L", frame, position + 6)[0]
    end = position + length if length else len(frame)
    at, head, start, body = position + 12, [], position, position
    while at + 2 <= end:
        marker = unpack_from(">H", frame, at)[0]
        if marker == 0xFF93:  # noqa: PLR2004 - SOD: data from here
            body = at
            break
        stop = at + 2 + unpack_from(">H", frame, at + 2)[0]
        if marker == _J2K_COM and not _SIGNATURE.fullmatch(frame, at, stop):
            head.append(frame[start:at])
            start = stop
        at = stop
    else:
        return frame[position:end], end
    head.append(frame[start:body])
    joined = b"".join(head) + frame[body:end]
    if length and len(joined) != length:
        joined = joined[:6] + pack(">L", len(joined)) + joined[10:]
    return joined, end


def _boxes(frame: bytes) -> bytes:
    """Drop the boxes of a JP2 file that carry text, XML or UUIDs; clean the codestream in its box."""
    kept, position = [], 0
    while position + 8 <= len(frame):
        length, kind = unpack_from(">L4s", frame, position)
        head = 8
        if length == 1:
            length, head = unpack_from(">Q", frame, position + 8)[0], 16
        if 0 < length < head:
            return frame
        end = position + length if length else len(frame)
        if kind == b"jp2c":
            stream = cleaned(frame[position + head : end])
            size = 0 if not length else len(stream) + head
            kept.append((pack(">L4sQ", 1, kind, size) if head == 16 else pack(">L4s", size, kind)) + stream)  # noqa: PLR2004
        elif kind not in _TELLING_BOXES:
            kept.append(frame[position:end])
        position = end
    new = b"".join([*kept, frame[position:]])
    return frame if new == frame else new


def fragments(value: bytes) -> Iterator[bytes]:
    """Yield the items of encapsulated pixel data, the basic offset table first."""
    position = 0
    while position + 8 <= len(value):
        group, number, length = unpack_from("<HHL", value, position)
        if (group, number) != (0xFFFE, 0xE000):
            return
        yield value[position + 8 : position + 8 + length]
        position += 8 + length


def clean_pixel_data(value: bytes) -> tuple[bytes, list[list[int]] | None]:
    """Return encapsulated pixel data whose frames carry no metadata, and the sizes of each frame's fragments.

    (value, None), the very same object, when nothing had to be removed. The basic offset table follows (PS3.5 A.4).
    """
    items = list(fragments(value))
    if len(items) < 2:  # noqa: PLR2004 - table and one fragment
        return value, None
    table, pieces = items[0], items[1:]
    frames: list[list[bytes]] = []
    for piece in pieces:
        if not frames or starts_a_frame(piece):
            frames.append([])
        frames[-1].append(piece)
    if not starts_a_frame(pieces[0]):
        return value, None  # RLE and video: no stream whose metadata is known
    shorter = [cleaned_frame(frame) for frame in frames]
    if all(new is old for new, old in zip(shorter, frames, strict=True)):
        return value, None
    sizes = [[len(piece) for piece in frame] for frame in shorter]
    table = basic_offsets(sizes) if table else b""
    out = [pack("<HHL", 0xFFFE, 0xE000, len(table)), table]
    for piece in (p for frame in shorter for p in frame):
        out += [pack("<HHL", 0xFFFE, 0xE000, len(piece)), piece]
    return b"".join(out), sizes


def cleaned_frame(frame: list[bytes]) -> list[bytes]:
    """Return a frame's fragments without metadata; the very same list when there is none."""
    whole = frame[0] if len(frame) == 1 else b"".join(frame)
    if not may_carry_metadata(whole):
        return frame
    new = cleaned(whole)
    return frame if new is whole or new == whole else _split_as_before(new, frame)


def basic_offsets(sizes: list[list[int]]) -> bytes:
    """Return a basic offset table for frames whose fragments have these sizes; empty when 32 bits cannot say it."""
    starts = _starts(sizes)
    return pack(f"<{len(starts)}L", *starts) if not starts or starts[-1] < 1 << 32 else b""


def extended_offsets(sizes: list[list[int]]) -> tuple[bytes, bytes]:
    """Return extended offset table and lengths (PS3.3 C.7.6.3.1.8) for frames whose fragments have these sizes."""
    starts, lengths = _starts(sizes), [sum(frame) for frame in sizes]
    return pack(f"<{len(starts)}Q", *starts), pack(f"<{len(lengths)}Q", *lengths)


def _starts(sizes: list[list[int]]) -> list[int]:
    """Return where each frame's first item starts, counted from the first behind the basic offset table."""
    starts, at = [], 0
    for frame in sizes:
        starts.append(at)
        at += sum(8 + size for size in frame)
    return starts


def _split_as_before(new: bytes, frame: list[bytes]) -> list[bytes]:
    """Return a shortened frame in fragments of even length: the first gives what was removed, the others stay."""
    rest = b"".join(frame[1:])
    first = new[: len(new) - len(rest)]
    if rest and new.endswith(rest) and len(first) % 2 == 0:
        return [first, *frame[1:]]
    return [new + b"\0" if len(new) % 2 else new]


def may_carry_metadata(data: bytes) -> bool:
    """Return whether a marker or box of metadata may stand in a frame, or words behind it: never wrong with a no."""
    if any(box in data for box in _TELLING_BOXES) or b"\xff\x64" in data or b"\xff\xfe" in data:
        return True
    if any(bytes((0xFF, code)) in data for code in range(0xE0, 0xF0) if code not in _KEPT_APPLICATION):
        return True
    end = data.rfind(b"\xff\xd9")
    return end >= 0 and bool(data[end + 2 :].strip(b"\0\xff"))


def starts_a_frame(piece: bytes) -> bool:
    """Return whether a fragment starts a compressed stream, and so a frame."""
    return piece[:2] == b"\xff\xd8" or piece.startswith((_J2K_START, _JP2_SIGNATURE))
