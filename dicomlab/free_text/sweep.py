"""What identifies a patient, gathered from all of the patient's instances; removal from text.

Two sources say what must go: what is *known* to identify this patient (names, numbers, addresses,
dates, staff, found by `gather` in every instance), and *patterns* (dates, telephone numbers,
addresses, titles with names) that identify whoever they belong to.

Matching ignores case, accents and the signs between the parts of a name. A name that is an
ordinary word of radiology ("Brown", "Long") is not hunted in coded or technical attributes, where
it is more likely to be the word; in free text it is removed like any other name.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from importlib.resources import files as resource_files
from typing import TYPE_CHECKING

from dicomlab.free_text.patterns import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SHORTEST_NUMBER = 4
_SHORTEST_PHRASE = 5
_SHORTEST_FIGURE = 7
_SHORTEST_NAME = 3
_SHORTEST_INSIDE_WORD = 6
_LETTER = r"[^\W\d_]"
_SPECIAL = {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"}


@dataclass(frozen=True)
class Identifiers:
    """What identifies one patient, from all of the patient's instances; merge with ``|``.

    `names`: the parts of each person's name, as written. `numbers`: identifiers that hold a digit.
    `phrases`: institutions, addresses, other words. `dates`: ``YYYYMMDD``. `uids`: every UID that
    is to be replaced. The repr tells how many, never which.
    """

    names: frozenset[tuple[str, ...]] = frozenset()
    numbers: frozenset[str] = frozenset()
    phrases: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    uids: frozenset[str] = frozenset()

    def __or__(self, other: Identifiers) -> Identifiers:
        """Return everything that either holds."""
        return Identifiers(*(getattr(self, f.name) | getattr(other, f.name) for f in fields(self)))

    def __repr__(self) -> str:
        """Tell how many of each, never which."""
        return f"Identifiers({', '.join(f'{len(getattr(self, f.name))} {f.name}' for f in fields(self))})"


def name_parts(value: str) -> list[tuple[str, ...]]:
    """Return the parts of a PN value, one tuple per component group (PS3.5 6.2.1), affixes left out."""
    found = []
    for group in value.split("="):
        components = group.split("^")
        if len(components) == 1:  # "Doe, Jane" or "Jane Doe" in a single component
            parts = re.split(r"[\s,;/]+", group)
        else:
            parts = [p for c in components[:3] for p in re.split(r"[\s,;/]+", c)]
        kept = tuple(p.strip(".") for p in parts if p.strip(". "))
        if kept and not {fold(p) for p in kept} <= NOBODY:
            found.append(kept)
    return found


NOBODY = frozenset(
    "anonymous anonymized anonymised deidentified unknown none null test patient phantom nobody name removed".split()
)


@lru_cache(maxsize=1)
def ordinary_words() -> frozenset[str]:
    """Return the folded words of the field: attribute names and coded terms (a generated data file)."""
    text = (resource_files("dicomlab") / "standard_data" / "words.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def fold(text: str) -> str:
    """Return `text` without case and accents."""
    return _fold_with_map(text)[0]


def _fold_with_map(text: str) -> tuple[str, list[int]]:
    """Return the folded text, and for each of its characters the index it came from."""
    if text.isascii():
        return text.lower(), []
    out: list[str] = []
    index: list[int] = []
    for i, char in enumerate(text):
        plain = unicodedata.normalize("NFKD", char)
        for piece in plain.casefold():
            if not unicodedata.combining(piece):
                letters = _SPECIAL.get(piece, piece)
                out.append(letters)
                index.extend([i] * len(letters))
    return "".join(out), index


def spellings(part: str) -> set[str]:
    """Return the folded forms in which a name part may be written (Müller: muller, mueller)."""
    german = "".join(_UMLAUTS.get(c, c) for c in unicodedata.normalize("NFC", part.lower()))
    forms = {fold(part), fold(german)}
    forms |= {re.sub(r"([aou])e", r"\1", f) for f in forms if re.search(r"[aou]e", f)}
    forms |= {re.sub(r"[\W_]+", "", f) for f in forms}
    return {f for f in forms if f}


def _is_ideographic(text: str) -> bool:
    return any(
        unicodedata.name(c, "").startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "HALFWIDTH KATAKANA"))
        for c in text
    )


def date_spellings(date: str) -> list[str]:
    """Return regular expressions for the numeric spellings of ``YYYYMMDD``."""
    y, m, d = date[:4], date[4:6], date[6:8]
    dd, mm, sep = f"0?{int(d)}", f"0?{int(m)}", "[-/. _]"
    return [f"{y}{sep}?{m}{sep}?{d}", f"{y}{sep}{mm}{sep}{dd}", f"{dd}{sep}{mm}{sep}{y}", f"{mm}{sep}{dd}{sep}{y}",
            f"{d}{m}{y}", f"{m}{d}{y}"]  # fmt: skip


@dataclass(frozen=True)
class Sweeper:
    """Removes from a text what identifies the patient, and what follows a pattern.

    `new_uid` maps a known UID to its replacement, so that a UID inside a text still refers.
    """

    known: Identifiers
    new_uid: Callable[[str], str] = field(default=lambda _: "", repr=False)

    def sweep(self, text: str, *, patterns: bool = True, technical: bool = False) -> str:
        """Return `text` without what identifies; the very same object when nothing did.

        Parameters
        ----------
        text : str
            One value, decoded.
        patterns : bool
            Also remove dates, telephone numbers, addresses and the like. Not for coded values.
        technical : bool
            A coded or technical attribute: names that are ordinary words are left alone.
        """
        if not text or text.isspace():
            return text
        if self._uid_expression is not None and "." in text:
            swapped = self._uid_expression.sub(lambda m: self.new_uid(m[0]), text)
            text = swapped if swapped != text else text
        folded, index = _fold_with_map(text)
        spans = self._known_spans(folded, technical=technical)
        if index:
            spans = [(index[a], index[b - 1] + 1) for a, b in spans]
        if patterns:
            spans += [m.span() for expression in PATTERNS for m in expression.finditer(text) if m[0]]
        return _cut(text, spans) if spans else text

    def identifies(self, data: bytes) -> bool:
        """Return whether binary `data` holds something known in plain ASCII, UTF-8 or UTF-16."""
        if self._binary_expression is None:
            return False
        lowered = data.lower()
        return bool(
            self._binary_expression.search(lowered) or self._binary_expression.search(lowered.replace(b"\0", b""))
        )

    def is_known_number(self, value: str) -> bool:
        """Return whether one of the numbers in a DS or IS value is an identifier of seven digits or more."""
        return not self._long_numbers.isdisjoint(piece.strip(" \0+") for piece in value.split("\\"))

    @cached_property
    def _long_numbers(self) -> frozenset[str]:
        bare = (re.sub(r"\W", "", number) for number in self.known.numbers)
        return frozenset(n for n in bare if n.isdigit() and len(n) >= _SHORTEST_FIGURE) | self.known.dates

    def _known_spans(self, folded: str, *, technical: bool) -> list[tuple[int, int]]:
        words = ordinary_words()
        spans = []
        for expression in self._whole_expressions:
            spans += [m.span() for m in expression.finditer(folded) if m[0]]
        if self._part_expression is not None:
            for match in self._part_expression.finditer(folded):
                start, end = match.span()
                if technical and match[0] in words:
                    continue
                left, right = start, end
                while left and folded[left - 1].isalpha():
                    left -= 1
                while right < len(folded) and folded[right].isalpha():
                    right += 1
                inside_a_word = (left, right) != (start, end) and not _is_ideographic(match[0])
                if inside_a_word and (len(match[0]) < _SHORTEST_INSIDE_WORD or folded[left:right] in words):
                    continue
                spans.append((start, end))
        return spans

    @cached_property
    def _uid_expression(self) -> re.Pattern[str] | None:
        uids = sorted(self.known.uids, key=len, reverse=True)
        return re.compile(r"(?<![\d.])(?:" + "|".join(map(re.escape, uids)) + r")(?![\d.]*\d)") if uids else None

    @cached_property
    def _part_expression(self) -> re.Pattern[str] | None:
        """Single name parts; what surrounds a match decides (see `_known_spans`)."""
        parts: set[str] = set()
        for name in self.known.names:
            for part in name:
                least = 2 if _is_ideographic(part) else _SHORTEST_NAME
                parts |= {s for s in spellings(part) if len(s) >= least}
        return _any_of(parts)

    @cached_property
    def _whole_expressions(self) -> list[re.Pattern[str]]:
        """Whole names in any order and joined forms, numbers, phrases, dates: removed wherever they stand."""
        between = r"[\W_]{0,3}"
        names: set[str] = set()
        for name in self.known.names:
            for first in name:
                for second in name:
                    if first is second:
                        continue
                    for a in spellings(first):
                        for b in spellings(second):
                            if len(a) + len(b) > _SHORTEST_NAME or _is_ideographic(a + b):
                                names.add(re.escape(a) + between + re.escape(b))
                            if len(a) >= _SHORTEST_NAME:  # family with an initial, either way round
                                names |= {rf"{re.escape(a)}[\W_]{{1,3}}{re.escape(b[0])}\b",
                                          rf"\b{re.escape(b[0])}[\W_]{{1,3}}{re.escape(a)}"}  # fmt: skip
        numbers = {r"[-./ _]?".join(map(re.escape, re.sub(r"[\W_]", "", fold(n)))) for n in self.known.numbers}
        phrases = {r"[\W_]+".join(map(re.escape, re.split(r"[\W_]+", fold(p).strip()))) for p in self.known.phrases}
        dates = {e for d in self.known.dates for e in date_spellings(d)}
        bounded = [(names, rf"(?<!{_LETTER})", rf"(?!{_LETTER})"), (numbers, r"(?<![^\W_])", r"(?![^\W_])"),
                   (phrases, r"(?<![^\W_])", r"(?![^\W_])"), (dates, r"(?<!\d)", r"(?!\d)")]  # fmt: skip
        out = []
        for alternatives, before, after in bounded:
            longest_first = sorted(alternatives, key=lambda s: (-len(s), s))
            if longest_first:
                out.append(re.compile(f"{before}(?:{'|'.join(longest_first)}){after}"))
        glued = {a + b for n in self.known.names for x in n for y in n if x is not y
                 for a in spellings(x) for b in spellings(y) if len(a) > 2 and len(b) > 2}  # fmt: skip
        if glued:
            out.append(re.compile("|".join(sorted(map(re.escape, glued), key=len, reverse=True))))
        return out

    @cached_property
    def _binary_expression(self) -> re.Pattern[bytes] | None:
        """Long known strings only: in binary data a short one is chance."""
        found: set[bytes] = set()
        for name in self.known.names:
            for part in name:
                if len(part) >= _SHORTEST_INSIDE_WORD or (_is_ideographic(part) and len(part) > 1):
                    found.add(part.lower().encode())
            if len(name) > 1:
                found |= {"^".join(name[:2]).lower().encode(), " ".join(name[:2]).lower().encode()}
        found |= {
            t.lower().encode() for t in self.known.numbers | self.known.phrases if len(t) >= _SHORTEST_INSIDE_WORD
        }
        found |= {u.encode() for u in self.known.uids}
        found |= {d.encode() for d in self.known.dates}
        found = {f for f in found if len(f) >= _SHORTEST_INSIDE_WORD}
        return re.compile(b"|".join(sorted(map(re.escape, found), key=len, reverse=True))) if found else None


def _any_of(parts: Iterable[str]) -> re.Pattern[str] | None:
    ordered = sorted(map(re.escape, parts), key=lambda s: (-len(s), s))
    return re.compile("|".join(ordered)) if ordered else None


_DANGLING = re.compile(
    r"(?:^|[\s,;:(\[-])(?:for|by|of|per|from|dr|prof|mr|mrs|ms|patient|name|tel|phone|fax|mrn|id|acc|"
    r"von|für|bei|durch|pour|par|de|del|di|da)\.?[:#]?\s*$",
    re.IGNORECASE,
)
_EDGES = " \t,;:-_/^=#|&+("
_LABEL_OF_NOTHING = re.compile(r"\(\s*\)|\[\s*\]|<\s*>|\{\s*\}")


def _cut(text: str, spans: list[tuple[int, int]]) -> str:
    """Return `text` without the spans, tidied: no double spaces, no words that led to a name."""
    pieces, last = [], 0
    for start, end in sorted(spans):
        if end <= last:
            continue
        if start > last:
            pieces.append(_without_lead(text[last:start]))
        last = end
    pieces.append(text[last:])
    kept = " ".join(p.strip(" ") for p in pieces if p.strip(" "))
    kept = _LABEL_OF_NOTHING.sub("", kept)
    kept = re.sub(r" {2,}", " ", kept).strip(_EDGES)
    return re.sub(r"\s+([,;.:])", r"\1", kept) if re.search(r"\w", kept) else ""


def _without_lead(piece: str) -> str:
    """Drop what led to the removed words ("for Dr.", "MRN:") from the end of a piece."""
    while (shorter := _DANGLING.sub("", piece)) != piece:
        piece = shorter
    return piece


def is_distinctive_number(value: str) -> bool:
    """Return whether `value` is long enough to be hunted as a number: four characters, one a digit."""
    bare = re.sub(r"[\W_]", "", value)
    return len(bare) >= _SHORTEST_NUMBER and any(c.isdigit() for c in bare)


def is_distinctive_phrase(value: str) -> bool:
    """Return whether `value` is long enough to be hunted as a phrase, and says something of its own."""
    folded = fold(value)
    words = [w for w in re.split(r"[\W\d_]+", folded) if w]
    return len(re.sub(r"[\W_]", "", folded)) >= _SHORTEST_PHRASE and not set(words) <= ordinary_words()
