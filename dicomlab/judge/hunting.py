"""The hunt: what identifies the patient, found in texts, values and any bytes.

Texts are read (words, pairs of words, dates, runs of digits); bytes that are no text are filtered by
their first four bytes in numpy and only then compared, so that half a megabyte of pixels takes half
a millisecond. A hit says what kind of identifier was found and where, never its value.

**False alarms by chance.** In random bytes a pattern of n bytes is met with probability 256^-n at
each place. Six bytes (the least that is hunted outside text), 500 patterns and a megabyte:
500 * 10^6 * 256^-6 = 2 * 10^-6 an instance. Stored samples are not random: in 8-bit images some 50
values share the places, which makes 50^-6 * 5 * 10^8 = 3 * 10^-2 at six bytes; so in native pixel
data eight bytes are asked for (1 * 10^-5), and letters of two bytes only from six letters on (in 12-bit
samples about 1000^-6 each).
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np

from dicomlab.judge import weight
from dicomlab.judge.dates import days_in
from dicomlab.judge.identity import Identity, Kind, uid_hash
from dicomlab.judge.reading import Buffer, let_go
from dicomlab.judge.spelling import Spelled, consonants, spelled
from dicomlab.judge.weight import folded

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHUNK = 1 << 22
_MULTIPLIER = np.uint32(2654435761)
_REMEMBERED = 1 << 16
_REMEMBERED_LENGTH = 1 << 12
_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r"[^\W\d_]+|\d+")
_GAP = re.compile(r"[\W_]+")
_UID = re.compile(r"(?<![\d.])\d+(?:\.\d+){3,}")
_PHONE = re.compile(r"\d(?:[\s()./-]{0,3}\d){6,}")
_LABELLED = re.compile(
    r"(?<![^\W_])(?:mrn|pid|ssn|(?:patient|pat|case)[ _-]?(?:id|no|nr)?|acc(?:ession)?[ _-]?(?:no|nr|number)?|id)"
    r"[.:#= ]{1,3}([^\W_]+)"
)
_MAILBOX = re.compile(r"([\w.+-]+)@[\w-]+\.[a-z]")
_LONG_NUMBER = 7
_LOOSE_CODE = 8
SHORTEST_IN_PIXELS = 8


class Place(StrEnum):
    """Where a text stands: that decides what counts there."""

    FREE = "free text"
    CODED = "coded or technical attribute"
    NAME = "person name"
    NUMBER = "number"
    DATE = "date or time"
    UID = "UID"
    REPORT = "long text outside an instance"


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that identifies: of what kind, and where in the bytes or the text. Never the value."""

    kind: Kind
    offset: int


class Hunter:
    """Finds one patient's identifiers, in all spellings and encodings."""

    def __init__(self, identity: Identity, kept: Callable[[int, str], bool | None] | None = None) -> None:
        """Compile; `kept` says which attributes a recipe keeps as they are."""
        self.spelled: Spelled = spelled(identity, kept or (lambda _tag, _creator: False))
        self._remembered: dict[tuple[str, Place], tuple[Hit, ...]] = {}
        self._codes = [(code, kind, _code_pattern(code)) for code, kind in self.spelled.codes.items()]
        self._encoded = tuple(p for p in self.spelled.patterns if not p.isascii() or b"\x1b" in p or b"\0" in p)
        self._filter = _Grams(self.spelled.patterns)

    def in_text(self, text: str, place: Place) -> tuple[Hit, ...]:
        """Return what a decoded text holds, given where it stands."""
        if len(text) > _REMEMBERED_LENGTH:
            return tuple(self._in_text(text, place))
        key = (text, place)
        found = self._remembered.get(key)
        if found is None:
            if len(self._remembered) > _REMEMBERED:
                self._remembered.clear()
            found = self._remembered[key] = tuple(self._in_text(text, place))
        return found

    def mentions(self, text: str) -> bool:
        """Return whether a text has any word of the identity at all, however ordinary."""
        plain = folded(text)
        known = self.spelled.mentioned
        words = _WORD.findall(plain)
        if any(
            w in known or w[: weight.LIKE] in self.spelled.starts or consonants(w) in self.spelled.like for w in words
        ):
            return True  # cut short, in another case, or romanized otherwise
        packed = _GAP.sub("", plain)
        return self._is_broken(text) or any(
            word in plain or word in packed
            for word in known
            if len(word) >= weight.SHORTEST_NAME or weight.spaceless(word)
        )

    def _is_broken(self, text: str) -> bool:
        """Return whether a text may hold a name with accents that software wrote in the wrong character set."""
        return self.spelled.has_accents and any(
            sign in text for sign in ("?", "\ufffd", "Ã", "Â", "Ä", "Å", "Ð", "Î", "Ø", "&")
        )

    def in_value(self, raw: bytes, text: str, place: Place) -> tuple[Hit, ...]:
        """Return what a text value holds, as decoded or in another encoding than it should be."""
        found = self.in_text(text, place)
        if not found and (not raw.isascii() or b"\x1b" in raw or b"\0" in raw):
            found = tuple(
                Hit(self.spelled.patterns[p], at)
                for p in self._encoded
                if (at := raw.find(p)) >= 0 and not _clinical(self.spelled.written[p], place)
            )
        return found

    def in_bytes(self, data: Buffer) -> Iterator[tuple[Hit, bytes]]:
        """Yield what bytes hold that may be no text: patterns of six bytes and more, with the pattern found."""
        patterns = self.spelled.patterns
        for start, at in self._filter.candidates(data):
            for pattern in self._filter.starting(start):
                if bytes(data[at : at + len(pattern)]) == pattern and _stands_alone(data, at, pattern):
                    yield Hit(patterns[pattern], at), pattern

    def _in_text(self, text: str, place: Place) -> Iterator[Hit]:
        if not text or text.isspace():
            return
        plain = folded(text)
        if place is not Place.DATE:
            yield from self._days(plain, place)
        if place is not Place.UID:
            yield from self._codes_and_phones(plain, place)
        yield from self._uids(plain)
        if place in (Place.NUMBER, Place.DATE, Place.UID):
            return
        yield from self._names(plain, place)
        yield from self._mailbox(plain)
        if self.spelled.phrases:
            joined = f" {_GAP.sub(' ', plain)} "
            for phrase, kind in self.spelled.phrases.items():
                if (at := joined.find(f" {phrase} ")) >= 0:
                    yield Hit(kind, at)

    def _days(self, plain: str, place: Place) -> Iterator[Hit]:
        days = self.spelled.days
        if days:
            for day, at in days_in(plain):
                if day in days and (place is not Place.NUMBER or len(plain.strip()) == 8):  # noqa: PLR2004 - YYYYMMDD
                    yield Hit(Kind.DATE, at)

    def _uids(self, plain: str) -> Iterator[Hit]:
        if self.spelled.uids and "." in plain:
            for match in _UID.finditer(plain):
                if uid_hash(match[0]) in self.spelled.uids:
                    yield Hit(Kind.UID, match.start())

    def _codes_and_phones(self, plain: str, place: Place) -> Iterator[Hit]:
        if self._codes:
            compact = _GAP.sub("", plain)
            for code, kind, pattern in self._codes:
                if code in compact and _code_counts(code, place) and (match := pattern.search(plain)):
                    yield Hit(kind, match.start())
        for match in _LABELLED.finditer(plain) if self.spelled.labelled and place in (Place.FREE, Place.CODED) else ():
            if match[1] in self.spelled.labelled:
                yield Hit(Kind.IDENTIFIER, match.start())
        if self.spelled.phones and place is not Place.NUMBER:
            for match in _PHONE.finditer(plain):
                digits = re.sub(r"\D", "", match[0])
                if any(phone in digits for phone in self.spelled.phones):
                    yield Hit(Kind.TELEPHONE, match.start())

    def _names(self, plain: str, place: Place) -> Iterator[Hit]:
        before, end = "", 0
        for match in _WORD.finditer(plain):
            for piece in {match[0], *_PIECE.findall(match[0])}:
                kind = self._name_word(before, piece, place)
                if kind is not None:
                    yield Hit(kind, match.start())
            if self._pair(before, match[0], place, plain[end : match.end() + 1]):
                yield Hit(Kind.NAME, match.start())
            before, end = match[0], match.end()
        for part, kind in self.spelled.inside.items():
            for at in _places(plain, part):
                if _inside_a_name(plain, at, part):
                    yield Hit(kind, at)
        weak = {p: k for p, k in self.spelled.weak.items() if weight.spaceless(p)} if place is Place.NAME else {}
        for part, kind in {**weak, **self.spelled.spaceless}.items():
            if (at := plain.find(part)) >= 0:
                yield Hit(kind, at)

    def _name_word(self, before: str, word: str, place: Place) -> Kind | None:
        """Return what a single word identifies, given the word in front of it."""
        kind = self.spelled.words.get(word)
        if kind is not None:
            return None if _clinical(word, place) and not _titled(before, word, place) else kind
        if len(word) > weight.SHORTEST_INSIDE and not _is_ordinary(word):
            for whole, of in self.spelled.cuts.get(word[: weight.SHORTEST_INSIDE], {}).items():
                if whole.startswith(word):  # cut short to fit
                    return of
        if place is not Place.REPORT and word in self.spelled.places:
            return self.spelled.places[word]
        kind = self.spelled.weak.get(word)
        return kind if place is Place.NAME or _titled(before, word, place) else None

    def _mailbox(self, plain: str) -> Iterator[Hit]:
        """Yield e-mail addresses in which a part of a name stands, however ordinary the word."""
        for match in _MAILBOX.finditer(plain) if "@" in plain else ():
            for piece in _PIECE.findall(match[1]):
                kind = self.spelled.words.get(piece) or self.spelled.weak.get(piece)
                if kind is not None and not weight.no_name(piece):
                    yield Hit(kind, match.start())

    def _pair(self, before: str, word: str, place: Place, behind: str) -> bool:
        """Return whether two words are parts of one name; an initial counts in attributes, in coded ones by its dot."""
        joined = before + word  # Hans-Peter, of a Hanspeter
        strong = joined in self.spelled.words and len(joined) >= weight.SHORTEST_INSIDE
        if strong and not (_is_ordinary(before) and _is_ordinary(word)):
            return True
        initials = place is not Place.REPORT and (place is not Place.CODED or "." in behind or "," in behind)
        spelled_out = min(len(before), len(word)) > 1 or weight.spaceless(before)
        return (before, word) in self.spelled.pairs and (initials or spelled_out)


class _Grams:
    """Which places of a buffer start like one of the patterns: a table of 65,536 hashes of four bytes."""

    def __init__(self, patterns: dict[bytes, Kind]) -> None:
        self._by_start: dict[bytes, list[bytes]] = {}
        for pattern in sorted(patterns, key=lambda p: (-len(p), p)):
            self._by_start.setdefault(pattern[:4], []).append(pattern)
        grams = np.array(sorted(int.from_bytes(s, "little") for s in self._by_start), np.uint32)
        self._table = np.zeros(1 << 16, np.bool_)
        self._table[(grams * _MULTIPLIER) >> np.uint32(16)] = True
        self._sure = grams

    def starting(self, start: bytes) -> list[bytes]:
        """Return the patterns that start with four bytes, the longest first."""
        return self._by_start[start]

    def candidates(self, data: Buffer) -> Iterator[tuple[bytes, int]]:
        """Yield (four bytes, place) wherever a pattern may start."""
        if not len(self._sure):
            return
        view = memoryview(data)
        for chunk in range(0, max(1, len(view) - 3), _CHUNK):
            piece = view[chunk : chunk + _CHUNK + 3]
            for shift in range(4):
                count = (len(piece) - shift) // 4
                if count > 0:
                    words: NDArray[np.uint32] = np.frombuffer(piece, "<u4", count, shift)
                    maybe = np.flatnonzero(self._table.take((words * _MULTIPLIER) >> np.uint32(16)))
                    if len(maybe):
                        maybe = maybe[np.isin(words[maybe], self._sure)]
                    for number in maybe.tolist():
                        at = chunk + shift + 4 * number
                        yield bytes(view[at : at + 4]), at
            let_go(data)


def _code_pattern(code: str) -> re.Pattern[str]:
    """Return what finds an identifier with any separators between its characters, as a run of its own."""
    if code.isdigit():
        between = r"[-./_ ]?" if len(code) >= _LONG_NUMBER else ""
        return re.compile(r"(?<!\d)(?<!\d[.,])" + between.join(code) + r"(?!\d)(?![.,]\d)")
    middle = r"[\W_]?".join(map(re.escape, code))
    if len(code) >= _LOOSE_CODE:
        return re.compile(middle)
    return re.compile(rf"(?<![^\W_]){middle}(?![^\W_])")


def _code_counts(code: str, place: Place) -> bool:
    """Return whether an identifier counts there: short numbers are numbers of something else."""
    if not code.isdigit():
        return place not in (Place.NUMBER, Place.DATE)
    if place is Place.DATE:
        return False
    least = {Place.NUMBER: _LONG_NUMBER, Place.REPORT: weight.SHORTEST_LONG_NUMBER}.get(
        place, weight.SHORTEST_IDENTIFIER
    )
    return len(code) >= least


def _titled(before: str, word: str, place: Place) -> bool:
    return place in (Place.FREE, Place.CODED) and weight.title(before) and not weight.no_name(word)


def _clinical(word: str, place: Place) -> bool:
    return place is Place.CODED and word in weight.clinical()


@lru_cache(maxsize=4096)
def _is_ordinary(word: str) -> bool:
    return weight.ordinary(word) or word in weight.clinical()


def _places(plain: str, part: str) -> Iterator[int]:
    at = plain.find(part)
    while at >= 0:
        yield at
        at = plain.find(part, at + 1)


def _inside_a_name(plain: str, at: int, part: str) -> bool:
    """Return whether a part stands inside a longer word that is no ordinary one ("porter" in "reporter" is)."""
    left, right = at, at + len(part)
    while left and plain[left - 1].isalpha():
        left -= 1
    while right < len(plain) and plain[right].isalpha():
        right += 1
    word = plain[left:right]
    return word != part and not _is_ordinary(word)


def _stands_alone(data: Buffer, at: int, pattern: bytes) -> bool:
    """Return whether digits found in bytes are not a part of a longer number."""
    if not pattern[:1].isdigit():
        return True
    before = bytes(data[at - 1 : at]) if at else b""
    behind = bytes(data[at + len(pattern) : at + len(pattern) + 1])
    whole_number = pattern.isdigit() and len(pattern) != 8  # noqa: PLR2004 - a date may go on with a time
    return not (before.isdigit() or before == b"." or (whole_number and behind.isdigit()))


def hunter_for(identity: Identity, name: str = "", kept: Callable[[int, str], bool | None] | None = None) -> Hunter:
    """Return the hunter of an identity, compiled once; `name` tells recipes apart."""
    place = identity.hunter(name)
    if "hunter" not in place:
        place["hunter"] = Hunter(identity, kept)
    found: Hunter = place["hunter"]
    return found


def forms_of(text: str) -> Iterator[str]:
    """Yield a text, and what it says once unescaped: HTML, JSON and percent signs, and base64 runs."""
    seen = {text}
    yield text
    for form in (html.unescape(text), _json(text), unquote(text)):
        if form not in seen:
            seen.add(form)
            yield form
    for match in re.finditer(r"[A-Za-z0-9+/_-]{8,}={0,2}", text):
        run = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            data = base64.b64decode(run + "=" * (-len(run) % 4))
        except ValueError:
            continue
        inner = data.decode("utf-8", "ignore")
        if len(inner) >= weight.SHORTEST_PHRASE and inner.isprintable():
            yield inner


def _json(text: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)
