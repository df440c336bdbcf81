"""Character sets: text of a value and back, so that what was not changed stays as it was.

Code extensions (ISO 2022) are read and written here, piece by piece between delimiters: a backslash
inside a character of two bytes is no delimiter, and every delimiter ends a designation.

References
----------
PS3.3 C.12.1.1.2 (Specific Character Set, Tables C.12-2 to C.12-5); PS3.5 6.1.2.5 (code extensions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from pydicom.charset import python_encoding

ESCAPE = b"\x1b"
_ASCII, _DEFAULT = "ascii", "iso8859"


def _plain(term: str) -> str:
    """Return a defined term without the ways in which writers misspell it (ISO IR 100, iso-ir-100)."""
    return re.sub(r"[ _-]+", " ", term.strip(" \0")).upper()


_TERMS = {_plain(term): codec for term, codec in python_encoding.items()} | {
    "ISO IR 203": "iso8859_15",
    "ISO 2022 IR 203": "iso8859_15",
}
_ALONE = frozenset({"UTF8", "GB18030", "GBK"})
_CODECS = frozenset(_TERMS.values())
_SEVERAL_BYTES = {"UTF8", "GB18030", "GBK", "GB2312", "shift_jis", "iso2022_jp", "iso2022_jp_2", "euc_kr", "iso_ir_58"}
# One byte a character: what is valid UTF-8 in these was meant as UTF-8.
_SINGLE_BYTE = (_CODECS | {_ASCII}) - _SEVERAL_BYTES
# Code elements by escape sequence: for G0 the codec (None: one byte, ASCII), for G1 likewise.
_G0 = {b"\x1b(B": None, b"\x1b(J": None, b"\x1b$B": "iso2022_jp", b"\x1b$@": "iso2022_jp", b"\x1b$(D": "iso2022_jp_2"}
_G1 = {
    b"\x1b)I": "shift_jis", b"\x1b$)C": "euc_kr", b"\x1b$)A": "gb2312", b"\x1b-A": "latin_1", b"\x1b-B": "iso8859_2",
    b"\x1b-C": "iso8859_3", b"\x1b-D": "iso8859_4", b"\x1b-F": "iso_ir_126", b"\x1b-G": "iso_ir_127",
    b"\x1b-H": "iso_ir_138", b"\x1b-L": "iso_ir_144", b"\x1b-M": "iso_ir_148", b"\x1b-T": "iso_ir_166",
    b"\x1b-b": "iso8859_15",
}  # fmt: skip
_ESCAPE_OF = {codec: escape for escape, codec in _G1.items()} | {"iso_ir_58": b"\x1b$)A"}
_ESCAPES = re.compile(b"|".join(re.escape(escape) for escape in (*_G0, *_G1)))
_TWO_BYTES_IN_G0 = {"iso2022_jp": b"\x1b$B", "iso2022_jp_2": b"\x1b$(D"}
_LINES, _VALUES, _NAMES = (rb"([\r\n\f\t])", rb"([\\\r\n\f\t])", rb"([\\\r\n\f\t^=])")


@lru_cache(maxsize=512)
def encodings_of(specific_character_set: bytes | None) -> tuple[str, ...]:
    """Return Python's names of the character sets in (0008,0005); unknown terms are read as ISO_IR 6.

    A set that admits no code extensions stands alone, as the first, and is passed over elsewhere.
    """
    terms = (specific_character_set or b"").decode("ascii", "replace").strip(" \0").split("\\")
    found = [_TERMS.get(_plain(term), _DEFAULT) for term in terms]
    if found[0] in _ALONE:
        return (found[0],)
    return (found[0], *(codec for codec in found[1:] if codec not in _ALONE))


def decode(value: bytes, vr: str, encodings: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the text of a value and the encodings it was really in.

    A value that is not in its declared character set is read as UTF-8, else as Latin-1, so that
    what it holds can be examined and what stays can be put back as it was.
    """
    if ESCAPE in value:
        try:
            return "".join(_extended(value, vr, encodings[0])), encodings
        except UnicodeDecodeError:
            return value.decode("latin_1"), ("latin_1",)
    if value.isascii():
        return value.decode(_ASCII), encodings
    for codec in ("UTF8", encodings[0]) if encodings[0] in _SINGLE_BYTE else (*encodings, "UTF8"):
        try:
            return value.decode(codec), (encodings if codec == encodings[0] else (codec,))
        except UnicodeDecodeError:
            continue
    return value.decode("latin_1"), ("latin_1",)


def _extended(value: bytes, vr: str, first: str) -> Iterator[str]:
    """Yield the pieces of a value with escape sequences, decoded.

    Raises
    ------
    UnicodeDecodeError
        Bytes that mean nothing in the set designated, or an escape sequence that is none of DICOM's.
    """
    g0, g1, prefix, position = None, first, b"", 0
    while position <= len(value):
        found = _ESCAPES.search(value, position)
        end = found.start() if found else len(value)
        if g0 is not None:  # two bytes a character, and no delimiter among them
            yield (prefix + value[position:end]).decode(g0)
        else:
            for number, piece in enumerate(re.split(_resets(vr), value[position:end])):
                g1 = first if number else g1
                if ESCAPE in piece:
                    raise UnicodeDecodeError(g1, piece, 0, 1, "an escape sequence that DICOM does not know")
                yield piece.decode(g1)
        if found is None:
            return
        prefix, position = found[0], found.end()
        if prefix in _G0:
            g0 = _G0[prefix]
        else:
            g1 = _G1[prefix]


def _resets(vr: str) -> bytes:
    return _NAMES if vr == "PN" else _LINES if vr in ("ST", "LT", "UT", "UR") else _VALUES


def encode(text: str, vr: str, encodings: tuple[str, ...]) -> bytes:
    """Return the bytes of a text; a character that no declared set has becomes "?"."""
    if text.isascii():
        return text.encode(_ASCII)
    first = encodings[0]
    if len(encodings) == 1:
        return text.encode(first, "replace")
    return b"".join(_designated(piece, encodings) for piece in re.split(_resets(vr).decode(), text))


def _designated(piece: str, encodings: tuple[str, ...]) -> bytes:
    """Return text without delimiters, each run of characters in the first declared set that has most of it."""
    out, g1 = b"", encodings[0]
    for run in re.findall(r"[\0-\x7f]+|[^\0-\x7f]+", piece):
        at = 0
        while at < len(run):
            if run.isascii():
                out, at = out + run.encode(_ASCII), len(run)
                continue
            ends = [(_reach(run, at, codec), codec) for codec in encodings]
            end, codec = max(ends, key=lambda pair: pair[0])
            raw = run[at:end].encode(codec) if end > at else b"?"
            if codec in _TWO_BYTES_IN_G0 and end > at:
                back = b"\x1b(J" if encodings[0] == "shift_jis" else b"\x1b(B"
                raw = raw.removesuffix(b"\x1b(B") + back
            elif codec != g1 and end > at:
                raw, g1 = _ESCAPE_OF.get(codec, b"") + raw, codec
            out, at = out + raw, max(end, at + 1)
    return out


def _reach(run: str, start: int, codec: str) -> int:
    """Return up to where the characters from `start` on are in a set."""
    for at in range(start, len(run)):
        try:
            raw = run[at].encode(codec)
        except UnicodeEncodeError:
            return at
        if (codec == "shift_jis" and len(raw) > 1) or not raw.startswith(_TWO_BYTES_IN_G0.get(codec, b"")):
            return at
    return len(run)
