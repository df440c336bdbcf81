"""Values: decoding and encoding of text, dummies, ages, numbers. Bytes in, bytes out."""

from __future__ import annotations

import re
from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception

from dicomlab.header import charsets

# What stands where something was: says what happened, is nobody's, fits the shortest text VR (SH, 16).
DUMMY = "DEIDENTIFIED"
_DUMMIES = {
    "DA": "20000101", "TM": "000000", "DT": "20000101000000", "AS": "000Y", "DS": "0", "IS": "0",
    "UR": "urn:deidentified", "PN": DUMMY, "CS": DUMMY, "AE": DUMMY,
}  # fmt: skip
_NUMBERS = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "AT": 4, "FD": 8, "SV": 8, "UV": 8, "OW": 2,
            "OL": 4, "OF": 4, "OD": 8, "OV": 8}  # fmt: skip
NUMBER_FORMATS = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d", "SV": "q", "UV": "Q"}
ONE_VALUE_VRS = frozenset({"ST", "LT", "UT", "UR"})  # a backslash is a character here (PS3.5 6.2)
# The longest single value (PS3.5 6.2), in characters; of PN, each component group.
LONGEST = {"AE": 16, "CS": 16, "DS": 16, "IS": 12, "LO": 64, "LT": 10240, "PN": 64, "SH": 16, "ST": 1024, "UI": 64}
_CODE_STRING = re.compile("[A-Z0-9_ ]*")
_AGE = re.compile(r"0*(\d{1,3})([DWMY])", re.IGNORECASE)
_DAYS = {"D": 1, "W": 7, "M": 30.44, "Y": 365.25}
_INFANT_DAYS = 2 * 365.25


def encode(text: str, vr: str, encodings: tuple[str, ...]) -> bytes:
    """Return the bytes of a text, padded to an even length; a character that no declared set has becomes "?"."""
    return pad(charsets.encode(text, vr, encodings), vr)


def pad(raw: bytes, vr: str) -> bytes:
    """Return `raw` with an even length: NUL behind UIDs and bytes, a blank behind text (PS3.5 6.2)."""
    return raw + (b"\0" if vr in {"UI", "OB", "UN"} else b" ") if len(raw) % 2 else raw


def fits(text: str, vr: str) -> bool:
    """Return whether a single value is not too long for its VR and, for CS, of its characters."""
    if vr == "CS" and not _CODE_STRING.fullmatch(text):
        return False
    longest = LONGEST.get(vr)
    return longest is None or all(len(group) <= longest for group in (text.split("=") if vr == "PN" else [text]))


def dummy(vr: str) -> bytes:
    """Return a value that is valid for the VR and nobody's; UI and SQ have none of their own."""
    if vr in _NUMBERS:
        return bytes(_NUMBERS[vr])
    return pad(_DUMMIES.get(vr, DUMMY).encode(), vr)


def pooled_age(text: str, limit: int | None, width: int | None) -> str | None:
    """Return an age pooled over `limit` years and in bins of `width` years, None when it is no age.

    Over the limit, the limit's next year ("090Y" for 89); in bins of years, the bin's first year,
    but below two years the age's own unit stays, in whole weeks or months. "45Y" is read as "045Y".
    """
    match = _AGE.fullmatch(text.strip(" \0"))
    if not match:
        return None
    number, unit = int(match[1]), match[2].upper()
    days = number * _DAYS[unit]
    # In months or weeks the year is not told to the day: when in doubt, over the limit.
    if limit is not None and (number > limit if unit == "Y" else days > limit * _DAYS["Y"]):
        return f"{limit + 1:03d}Y"
    if not width or days < _INFANT_DAYS:
        return f"{number:03d}{unit}"
    years = number if unit == "Y" else int(days / _DAYS["Y"])
    return f"{years // width * width:03d}Y"


def binned(value: bytes, vr: str, width: float, *, little: bool) -> bytes | None:
    """Return each number as the nearest multiple of `width`; None when one is no number or leaves the VR's range."""
    if vr in ("DS", "IS"):
        pieces = [p.strip() for p in value.decode("ascii", "replace").strip(" \0").split("\\")]
        try:
            new = [_written(_nearest(float(p), width), vr) if p else "" for p in pieces]
        except (ValueError, OverflowError):
            return None
        return pad("\\".join(new).encode(), vr)
    known = numbers(value, vr, little=little)
    if known is None:
        return None
    try:
        return b"".join(_one(vr, little=little).pack(_in_kind(_nearest(n, width), vr)) for n in known)
    except (ValueError, OverflowError, StructError):
        return None


def _written(number: float, vr: str) -> str:
    """Return a number as DS or IS, with as many digits as fit (PS3.5 6.2).

    Raises
    ------
    ValueError
        It does not fit.
    """
    digits = LONGEST["DS"]
    text = str(round(number)) if vr == "IS" else f"{number:.{digits}g}"
    while len(text) > LONGEST[vr] and vr == "DS" and digits > 1:
        digits -= 1
        text = f"{number:.{digits}g}"
    if len(text) > LONGEST[vr]:
        raise ValueError(f"no {vr} holds this number")
    return text


def numbers(value: bytes, vr: str, *, little: bool) -> list[float] | None:
    """Return the numbers of a binary value, None when the VR holds none or the length does not fit."""
    if vr not in NUMBER_FORMATS:
        return None
    one = _one(vr, little=little)
    return None if len(value) % one.size else [n for (n,) in one.iter_unpack(value)]


def packed(text: str, vr: str, *, little: bool) -> bytes | None:
    """Return numbers written as text in the binary form of the VR, None when they do not fit it."""
    try:
        return b"".join(
            _one(vr, little=little).pack(float(p) if vr in ("FL", "FD") else int(p)) for p in text.split("\\")
        )
    except (ValueError, OverflowError, StructError):
        return None


def _one(vr: str, *, little: bool) -> Struct:
    return Struct(("<" if little else ">") + NUMBER_FORMATS[vr])


def _in_kind(number: float, vr: str) -> float:
    return number if vr in ("FL", "FD") else round(number)


def _nearest(number: float, width: float) -> float:
    """Return the multiple of `width` nearest to `number`."""
    return round(number / width) * width


def shortened(text: str, length: int, vr: str) -> str:
    """Return the first `length` characters of a text; PN keeps its first component only."""
    return (text.split("^", 1)[0].split("=", 1)[0] if vr == "PN" else text)[:length]
