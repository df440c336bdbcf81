"""Metadata inside compressed pixel data: comments and application segments of JPEG, boxes of JPEG 2000.

What must stay for the picture to be read as it was: APP0 (JFIF), APP2 (ICC profile), APP8 (JPEG-LS
colour transform), APP14 (Adobe colour transform). Everything else can hold words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_JPEG_START, _J2K_START = b"\xff\xd8\xff", b"\xff\x4f\xff\x51"
_BOX_START = b"\0\0\0\x0cjP  \r\n\x87\n"
_COMMENT, _SCAN, _END = 0xFE, 0xDA, 0xD9
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_STAY = frozenset({0xE0, 0xE2, 0xE8, 0xEE})
_TEXT_BOXES = frozenset({b"xml ", b"uuid", b"uinf", b"jp2i", b"asoc", b"lbl "})
_J2K_COMMENT = 0x64
_J2K_TILE = 0x90
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8), 0xD8})


def segments(fragment: bytes) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, must go) of each metadata segment of a compressed frame.

    A comment in a JPEG 2000 codestream is metadata that may stay: encoders sign there. So may bytes
    behind the end of a JPEG, unless they identify.
    """
    if fragment.startswith(_JPEG_START):
        yield from _jpeg(fragment)
    elif fragment.startswith(_J2K_START):
        yield from _codestream(fragment, 2)
    elif fragment.startswith(_BOX_START):
        yield from _boxes(fragment)


def is_known(start: bytes) -> bool:
    """Return whether a compressed frame that starts so is JPEG, JPEG-LS or JPEG 2000."""
    return start.startswith((_JPEG_START, _J2K_START, _BOX_START))


def without_metadata(fragment: bytes) -> bytes:
    """Return a frame without its metadata segments, and without padding at its end."""
    kept, at = [], 0
    for start, end, _ in segments(fragment):
        kept.append(fragment[at:start])
        at = end
    kept.append(fragment[at:])
    return b"".join(kept).rstrip(b"\0")


def _jpeg(data: bytes) -> Iterator[tuple[int, int, bool]]:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - every marker starts so
        marker = data[at + 1]
        if marker == _END:
            break
        if marker == 0xFF or marker in _WITHOUT_LENGTH:  # noqa: PLR2004 - fill bytes
            at += 1 if marker == 0xFF else 2  # noqa: PLR2004
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker == _COMMENT or (0xE0 <= marker <= 0xEF and marker not in _STAY):  # noqa: PLR2004 - APPn
            yield at, end, True
        at = end
        if marker == _SCAN:  # entropy-coded data: up to the next real marker
            following = _MARKER.search(data, at)
            at = following.start() if following else len(data)
    behind = at + 2
    if data[at:behind] == b"\xff\xd9" and data[behind:].strip(b"\0"):
        yield behind, len(data), False


def _codestream(data: bytes, at: int) -> Iterator[tuple[int, int, bool]]:
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _J2K_TILE:  # noqa: PLR2004
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if data[at + 1] == _J2K_COMMENT:
            yield at, end, False
        at = end


def _boxes(data: bytes) -> Iterator[tuple[int, int, bool]]:
    at = 0
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + length if length else len(data)
        if kind in _TEXT_BOXES:
            yield at, end, True
        if length < 8:  # noqa: PLR2004 - 0: to the end; 1 and the rest are not written by anyone for a frame
            return
        at = end
