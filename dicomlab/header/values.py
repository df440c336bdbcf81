"""Values: decoding and encoding of text, dummies, ages, numbers. Bytes in, bytes out."""

from __future__ import annotations

import re
import warnings
from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception
from typing import TYPE_CHECKING

from pydicom.charset import convert_encodings, decode_bytes, encode_string

if TYPE_CHECKING:
    from collections.abc import Sequence

# What stands where something was: says what happened, is nobody's, fits the shortest text VR (SH, 16).
DUMMY = "DEIDENTIFIED"
_DUMMIES = {
    "DA": "20000101", "TM": "000000", "DT": "20000101000000", "AS": "000Y", "DS": "0", "IS": "0",
    "UR": "urn:deidentified", "PN": DUMMY, "CS": DUMMY, "AE": DUMMY,
}  # fmt: skip
_NUMBERS = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "AT": 4, "FD": 8, "SV": 8, "UV": 8, "OB": 2, "OW": 2, "UN": 2,
            "OL": 4, "OF": 4, "OD": 8, "OV": 8}  # fmt: skip
NUMBER_FORMATS = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d", "SV": "q", "UV": "Q"}
ONE_VALUE_VRS = frozenset({"ST", "LT", "UT", "UR"})  # a backslash is a character here (PS3.5 6.2)
_AGE = re.compile(r"(\d{3})([DWMY])")
_DAYS = {"D": 1, "W": 7, "M": 30.44, "Y": 365.25}
_INFANT_DAYS = 2 * 365.25


def encodings_of(specific_character_set: bytes | None) -> tuple[str, ...]:
    """Return Python's names of the character sets in (0008,0005); unknown terms are read as ISO_IR 6."""
    terms = (specific_character_set or b"").decode("ascii", "replace").strip(" \0").split("\\")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(convert_encodings([t.strip() for t in terms]))


def decode(value: bytes, vr: str, encodings: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the text of a value and the encodings it was really in.

    A value that is not in its declared character set is read as UTF-8, else as Latin-1, so that
    what it holds can be examined and what stays can be put back as it was.
    """
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii"), encodings
    if len(encodings) == 1 and b"\x1b" not in value:
        name = encodings[0]
        for codec in ("utf-8", "latin-1") if name in ("iso8859", "ascii") else (name, "utf-8", "latin-1"):
            try:
                return value.decode(codec), (encodings if codec == name else (codec,))
            except (UnicodeDecodeError, LookupError):
                continue
    delimiters = {0x0D, 0x0A, 0x09, 0x0C} | (set() if vr in ONE_VALUE_VRS else {0x5C})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return decode_bytes(value, list(encodings), delimiters | ({0x5E, 0x3D} if vr == "PN" else set())), encodings


def encode(text: str, vr: str, encodings: Sequence[str]) -> bytes:
    """Return the bytes of a text, padded to an even length (PS3.5 6.2)."""
    if text.isascii():
        raw = text.encode("ascii")
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            separator = None if vr in ONE_VALUE_VRS else "\\"
            parts = text.split(separator) if separator else [text]
            raw = b"\\".join(encode_string(p, list(encodings)) for p in parts)
    return pad(raw, vr)


def pad(raw: bytes, vr: str) -> bytes:
    """Return `raw` with an even length: NUL behind UIDs and bytes, a blank behind text."""
    return raw + (b"\0" if vr in {"UI", "OB", "UN"} else b" ") if len(raw) % 2 else raw


def dummy(vr: str) -> bytes:
    """Return a value that is valid for the VR and nobody's; UI and SQ have none of their own."""
    if vr in _NUMBERS:
        return bytes(_NUMBERS[vr])
    return pad(_DUMMIES.get(vr, DUMMY).encode(), vr)


def pooled_age(text: str, limit: int | None, width: int | None) -> str | None:
    """Return an age pooled over `limit` years and in bins of `width` years, None when it is no valid age.

    Over the limit, the limit's next year ("090Y" for 89); in bins of years, the bin's first year,
    but below two years the age's own unit stays, in whole weeks or months.
    """
    match = _AGE.fullmatch(text.strip(" \0"))
    if not match:
        return None
    number, unit = int(match[1]), match[2]
    days = number * _DAYS[unit]
    if limit is not None and days >= (limit + 1) * _DAYS["Y"]:
        return f"{limit + 1:03d}Y"
    if not width or days < _INFANT_DAYS:
        return text.strip(" \0")
    years = number if unit == "Y" else int(days / _DAYS["Y"])
    return f"{years // width * width:03d}Y"


def binned(value: bytes, vr: str, width: float, *, little: bool) -> bytes | None:
    """Return each number as the middle of its bin of `width`; None when one is no number."""
    if vr in ("DS", "IS"):
        out = []
        for piece in value.decode("ascii", "replace").strip(" \0").split("\\"):
            if not piece.strip():
                out.append("")
                continue
            try:
                number = _nearest(float(piece), width)
            except (ValueError, OverflowError):
                return None
            out.append(str(round(number)) if vr == "IS" else f"{number:.10g}"[:16])
        return pad("\\".join(out).encode(), vr)
    if vr not in NUMBER_FORMATS:
        return None
    one = Struct("<>"[not little] + NUMBER_FORMATS[vr])
    if len(value) % one.size:
        return None
    numbers = [_nearest(n, width) for (n,) in one.iter_unpack(value)]
    return b"".join(one.pack(n if vr in ("FL", "FD") else round(n)) for n in numbers)


def numbers(value: bytes, vr: str, *, little: bool) -> list[float] | None:
    """Return the numbers of a binary value, None when the VR holds none or the length does not fit."""
    if vr not in NUMBER_FORMATS:
        return None
    one = Struct("<>"[not little] + NUMBER_FORMATS[vr])
    return None if len(value) % one.size else [n for (n,) in one.iter_unpack(value)]


def packed(text: str, vr: str, *, little: bool) -> bytes | None:
    """Return numbers written as text in the binary form of the VR, None when they do not fit it."""
    code = "<>"[not little] + NUMBER_FORMATS[vr]
    try:
        numbers = [float(p) if vr in ("FL", "FD") else int(p) for p in text.split("\\")]
        return b"".join(Struct(code).pack(n) for n in numbers)
    except (ValueError, OverflowError, StructError):
        return None


def _nearest(number: float, width: float) -> float:
    """Return the multiple of `width` nearest to `number`."""
    return round(number / width) * width


def shortened(text: str, length: int, vr: str) -> str:
    """Return the first `length` characters of a text; PN keeps its first component only."""
    return (text.split("^", maxsplit=1)[0].split("=", maxsplit=1)[0] if vr == "PN" else text)[:length]
