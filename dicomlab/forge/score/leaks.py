"""The hunt through every byte of a release for what identifies: in all encodings, inflated, in whatever file."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_ENCODINGS = (
    "utf-8", "latin-1", "utf-16-le", "utf-16-be", "iso8859_2", "iso8859_5", "iso8859_6", "iso8859_7", "iso8859_8",
    "tis_620", "koi8_r", "shift_jis", "iso2022_jp", "euc_jp", "euc_kr", "iso2022_kr", "gb18030", "big5",
)  # fmt: skip
_SHORTEST = 5
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_UID = re.compile(rb"\d+(?:\.\d+){2,}")
_ESCAPES = re.compile(rb"\x1b[\x24\x28\x29][\x28\x29]?[\x40-\x7a]")


class Hunt:
    """What is hunted in one patient's files.

    Parameters
    ----------
    wanted
        Values that identify. Shorter ones than five bytes are left out: chance writes them into pixels.
    uids
        UIDs that must be others now: looked up whole, since there are many.
    """

    def __init__(self, wanted: Iterable[str], *, uids: Iterable[str] = ()) -> None:
        self._uids = frozenset(uids)
        forms: dict[bytes, str] = {}
        for value in wanted:
            for text in {value, value.upper(), value.lower()}:
                for encoding in _ENCODINGS:
                    raw = _encoded(text, encoding)
                    if raw is not None and len(raw) >= _SHORTEST:
                        forms[raw] = value
        ordered = sorted(forms, key=len, reverse=True)
        self._forms = forms
        self._expression = re.compile(b"|".join(map(re.escape, ordered))) if ordered else None

    def found(self, data: bytes) -> set[str]:
        """Return which values stand in some bytes."""
        readings = list(_readings(data))
        known = {m[0].decode() for form in readings for m in _UID.finditer(form)} if self._uids else set()
        found = known & self._uids
        if self._expression is not None:
            found |= {self._forms[m[0]] for form in readings for m in self._expression.finditer(form)}
        return found


def _encoded(text: str, encoding: str) -> bytes | None:
    try:
        raw = text.encode(encoding)
    except UnicodeEncodeError:
        return None
    # Stateful encodings put their escapes around; the characters between are what is hunted.
    return _ESCAPES.sub(b"", raw)


def _readings(data: bytes) -> Iterator[bytes]:
    yield data
    if _DEFLATED in data[:1024]:
        start = _dataset_start(data)
        try:
            yield zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[start:])
        except zlib.error:
            return


def _dataset_start(data: bytes) -> int:
    """Return where the Dataset starts behind the file meta: its group length says (PS3.10 7.1)."""
    if data[128:132] != b"DICM" or data[132:136] != b"\x02\x00\x00\x00":
        return 0
    return 144 + int.from_bytes(data[140:144], "little")


def lead_to(path: Path, hunts: Iterable[Hunt]) -> set[str]:
    """Return every value that one file holds."""
    data = path.read_bytes()
    return {value for hunt in hunts for value in hunt.found(data)}
