"""What one patient's identity looks like on paper: words, pairs, runs of digits, phrases, bytes.

Compiled once per identity and recipe (a `Spelled`), then asked many times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations, permutations, product

from dicomlab.judge import weight
from dicomlab.judge.charsets import encodings
from dicomlab.judge.dates import Day, day_of, written
from dicomlab.judge.identity import Identity, Kind
from dicomlab.judge.romanization import inflected
from dicomlab.judge.weight import folded, no_name, spaceless, spellings

_LONGEST_NAME = 8  # parts; more are a text in the wrong attribute
_VOWELS, _HISSES = re.compile("[aeiouyjhwv]"), re.compile("t?[szc]+t?")
_NOT_A_WORD = re.compile(r"[\W_]+")
_SHORTEST_BYTES = 6
_SHORTEST_WIDE = 12  # two bytes a letter: fewer are chance in 16-bit samples
_SHORTEST_WITH_INITIAL = 5  # of an ordinary word, glued to an initial: "CWhite"
_NATIONAL = 8  # digits at the end of a telephone number that stay when the prefix is written otherwise
_INTERNATIONAL = 10


@dataclass
class Spelled:
    """What to look for. Words and phrases are folded; `patterns` are bytes, exact."""

    words: dict[str, Kind] = field(default_factory=dict)  # count wherever they stand as a word
    weak: dict[str, Kind] = field(default_factory=dict)  # count in names, beside another part, behind a title
    pairs: set[tuple[str, str]] = field(default_factory=set)  # two words in a row
    inside: dict[str, Kind] = field(default_factory=dict)  # count inside longer words too
    spaceless: dict[str, Kind] = field(default_factory=dict)  # scripts without blanks
    phrases: dict[str, Kind] = field(default_factory=dict)  # words with one blank between
    places: dict[str, Kind] = field(default_factory=dict)  # words of those that are nothing else: in free text
    codes: dict[str, Kind] = field(default_factory=dict)  # identifiers without separators
    labelled: set[str] = field(default_factory=set)  # short identifiers: count behind "MRN" or "ID"
    phones: set[str] = field(default_factory=set)
    days: set[Day] = field(default_factory=set)
    uids: set[int] = field(default_factory=set)
    seen_uids: set[int] = field(default_factory=set)  # of any attribute, retained or not
    patterns: dict[bytes, Kind] = field(default_factory=dict)
    written: dict[bytes, str] = field(default_factory=dict)  # pattern -> the folded text that it spells
    mentioned: set[str] = field(default_factory=set)  # every word of every value, however weak
    cuts: dict[str, dict[str, Kind]] = field(default_factory=dict)  # long parts by their first letters
    starts: set[str] = field(default_factory=set)  # first letters of those
    like: set[str] = field(default_factory=set)  # their consonants
    has_accents: bool = False

    def __repr__(self) -> str:
        """Tell how many, never which."""
        return f"Spelled({len(self.words)} words, {len(self.patterns)} patterns)"


def spelled(identity: Identity, kept: Callable[[int, str], bool | None]) -> Spelled:
    """Return the spellings of an identity.

    Parameters
    ----------
    kept
        (tag, creator) -> whether the recipe keeps that attribute as it is: then its value is no secret,
        wherever else it stands. None: nobody speaks of it: no secret unless another attribute makes it one.
    """
    said = [((kind, value), kept(tag, creator)) for kind, value, tag, creator in identity.entries]
    secret = {one for one, is_kept in said if is_kept is False}
    exempt = {one for one, is_kept in said if is_kept or (is_kept is None and one not in secret)}
    live = sorted({one for one, _ in said} - exempt)
    out = Spelled()
    spared = _words({one for one, is_kept in said if is_kept is not False}) - _words(secret)
    spared |= _words({one for one, is_kept in said if is_kept})
    for kind, value in live:
        _ADD[kind](out, kind, value)
        if kind is not Kind.DATE:
            out.mentioned |= _mentioned(value)
            out.has_accents = out.has_accents or not value.isascii()
    out.starts = {word[: weight.LIKE] for word in out.mentioned if len(word) >= weight.LIKE}
    out.like = {consonants(word) for word in out.mentioned if not word.isdigit()} - {""}
    for word in spared:
        out.words.pop(word, None)
        out.inside.pop(word, None)
        out.weak.pop(word, None)
    uids = [(uid, kept(tag, creator)) for uid, tag, creator in identity.uids]
    out.seen_uids = {uid for uid, _ in uids}
    out.uids = {uid for uid, is_kept in uids if is_kept is False} - {uid for uid, is_kept in uids if is_kept}
    return out


def _words(entries: Iterable[tuple[Kind, str]]) -> set[str]:
    return {word for kind, value in entries if kind is Kind.NAME for word in weight.name_words(value)}


@lru_cache(maxsize=1 << 14)
def consonants(word: str) -> str:
    """Return what is left of a folded word however it is romanized, empty when that is too little to tell."""
    left = _HISSES.sub("s", _VOWELS.sub("", word.replace("x", "ks")))
    return left if len(word) >= weight.LIKE and left else ""


def _mentioned(value: str) -> set[str]:
    forms = {folded(value), *spellings(value)}
    forms |= {form.replace("mc", "mac") for form in forms} | {form.replace("mac", "mc") for form in forms}
    words = {w for form in forms for w in _NOT_A_WORD.split(form)} | {_NOT_A_WORD.sub("", form) for form in forms}
    return {w for w in words if len(w) > 1}


def _name(out: Spelled, kind: Kind, value: str) -> None:
    for parts in weight.name_parts(value):
        if len(parts) <= _LONGEST_NAME:
            _name_group(out, kind, parts)


def _name_group(out: Spelled, kind: Kind, parts: tuple[str, ...]) -> None:
    """Note one component group of a name."""
    # A name with a number in it ("PANCREAS_0001") is a code made of words of the field.
    made_up = any(c.isdigit() for part in parts for c in part)
    whole = _NOT_A_WORD.sub("", folded("".join(parts)))
    if made_up and weight.strong_identifier(whole):
        out.codes[whole] = kind
    ways = [sorted(_with_joined(part)) for part in parts]
    for form in {form for forms in ways for form in forms}:
        _name_part(out, kind, form, made_up=made_up)
    _odd_forms(out, kind, parts)
    for part in parts:
        if weight.strong_name(folded(part)) and not (made_up and folded(part) in weight.clinical()):
            _bytes(out, kind, part)
    for first, second in permutations(range(len(parts)), 2):
        for a, b in product(ways[first], ways[second]):
            _pair(out, kind, a, b)
    if len(parts) > 1:
        _whole(out, kind, parts)


def _odd_forms(out: Spelled, kind: Kind, parts: tuple[str, ...]) -> None:
    """Note parts with broken accents, with blanks between their characters, and several of them joined."""
    for part in parts:
        out.spaceless |= dict.fromkeys(_misread(part), kind)
        if spaceless(part) and len(part) == 2:  # noqa: PLR2004
            out.pairs.add((part[0], part[1]))
    for first, last in combinations(range(len(parts) + 1), 2):
        joined = _NOT_A_WORD.sub("", folded("".join(parts[first:last])))
        if last - first > 1 and weight.strong_name(joined) and len(joined) >= weight.LIKE:
            out.words[joined] = kind


def _with_joined(part: str) -> set[str]:
    """Return the spellings of a part, and of what it is made of (``Anna-Lena``: annalena, anna, lena)."""
    forms: set[str] = set()
    for form in spellings(part):
        pieces = [p for p in re.split(r"[\W_]+", form) if p]
        forms.update((*pieces, "".join(pieces)))
    forms |= {re.sub("^mac", "mc", f) for f in forms} | {re.sub("^mc(?!a)", "mac", f) for f in forms}
    return {f for f in forms if f}


def _misread(part: str) -> set[str]:
    """Return a part with accents as software writes it that takes its bytes for another character set."""
    if part.isascii():
        return set()
    forms = {part.encode().decode(codec, "replace") for codec in ("latin-1", "cp1252")}
    ascii_left = sum(c.isascii() for c in part)
    if 2 * ascii_left >= len(part):
        forms |= {re.sub(r"[^\x00-\x7f]", sign, part) for sign in ("?", "\ufffd")}
    return {folded(form) for form in forms if len(form) >= weight.LIKE}


def _name_part(out: Spelled, kind: Kind, form: str, *, made_up: bool) -> None:
    if weight.placeholder(form) or form.isdigit():
        return
    if spaceless(form):
        (out.spaceless if weight.strong_name(form) else out.weak)[form] = kind
        return
    if weight.strong_name(form) and not (made_up and form in weight.clinical()):
        out.words[form] = kind
        out.words |= dict.fromkeys(inflected(form), kind)
        if len(form) >= weight.SHORTEST_INSIDE:
            out.inside[form] = kind
            out.cuts.setdefault(form[: weight.SHORTEST_INSIDE], {})[form] = kind
    elif len(form) > 1:
        out.weak[form] = kind


def _pair(out: Spelled, kind: Kind, a: str, b: str) -> None:
    """Note two parts side by side, joined, and one with the other's initial."""
    if spaceless(a + b):
        if len(a + b) > 1:
            out.spaceless[a + b] = kind
        return
    if no_name(a) or no_name(b) or a.isdigit() or b.isdigit():
        return
    if len(a) > 1 and len(b) > 1:
        out.pairs.add((a, b))
        if len(a + b) >= weight.SHORTEST_INSIDE or (len(a + b) >= weight.LIKE and weight.strong_name(a + b)):
            out.words[a + b] = kind
        if len(a) >= weight.SHORTEST_NAME and len(b) >= weight.SHORTEST_NAME:
            out.inside[a + b] = kind
    if len(a) >= weight.SHORTEST_NAME:
        out.pairs |= {(a, b[0]), (b[0], a)}
        if weight.strong_name(a):
            out.words |= {a + b[0]: kind, b[0] + a: kind}
        elif len(a) >= _SHORTEST_WITH_INITIAL and not weight.ordinary(b[0] + a):
            out.words[b[0] + a] = kind


def _whole(out: Spelled, kind: Kind, parts: tuple[str, ...]) -> None:
    """Note a name's first two parts as bytes, in both orders, with the signs that join names."""
    if any(no_name(folded(p)) or len(p) < 2 for p in parts[:2]) and not spaceless("".join(parts[:2])):  # noqa: PLR2004
        return
    for a, b in permutations(parts[:2]):
        for sign in ("^", " ", "_", "-", ", ", ",", ""):
            _bytes(out, kind, a + sign + b)


def _code(out: Spelled, kind: Kind, value: str) -> None:
    bare = folded(value)
    compact = _NOT_A_WORD.sub("", bare)
    if not compact:
        return
    if compact.isalpha():
        _name(out, kind, value)
        return
    if not weight.strong_identifier(compact):
        out.weak[compact] = kind
        if len(compact) > 1:
            out.labelled.add(compact)
        return
    out.codes[compact] = kind
    _bytes(out, kind, value)
    _bytes(out, kind, re.sub(r"[\W_]+", "", value))


def _phone(out: Spelled, kind: Kind, value: str) -> None:
    digits = re.sub(r"\D", "", value).lstrip("0")
    if len(digits) >= weight.SHORTEST_PHONE:
        out.phones.add(digits)
        if len(digits) >= _INTERNATIONAL:
            out.phones.add(digits[-_NATIONAL:])
        _bytes(out, kind, value)
        _bytes(out, kind, digits)


def _phrase(out: Spelled, kind: Kind, value: str) -> None:
    lines = [value, *re.split(r"[\r\n;,^\\]+", value)] if kind is Kind.ADDRESS else [value]
    out.places |= {word: kind for word in _NOT_A_WORD.split(folded(value)) if weight.strong_place(word)}
    for number, line in enumerate(lines):
        words = tuple(w for w in _NOT_A_WORD.split(folded(line)) if w)
        part = number > 0
        if not weight.strong_phrase(words) or (part and not (len(words) > 1 and any(c.isdigit() for c in line))):
            continue
        for form in {folded(line), *spellings(line)}:
            out.phrases[" ".join(w for w in _NOT_A_WORD.split(form) if w)] = kind
        _bytes(out, kind, line.strip())


def _date(out: Spelled, _: Kind, value: str) -> None:
    day = day_of(value)
    if day is not None and day not in weight.NO_DATES:
        out.days.add(day)
        for text in written(day):
            out.patterns[text.encode()] = Kind.DATE


_ADD: dict[Kind, Callable[[Spelled, Kind, str], None]] = {
    Kind.NAME: _name, Kind.IDENTIFIER: _code, Kind.DEVICE: _code, Kind.TELEPHONE: _phone, Kind.ADDRESS: _phrase,
    Kind.PLACE: _phrase, Kind.DATE: _date,
}  # fmt: skip


def _bytes(out: Spelled, kind: Kind, text: str) -> None:
    """Note the byte strings that spell a text, in the cases that writers use."""
    for form in dict.fromkeys((text, text.upper(), text.lower(), text.title())):
        for data in encodings(form):
            wide = form.isascii() and len(data) == 2 * len(form)
            if len(data) >= (_SHORTEST_WIDE if wide else _SHORTEST_BYTES):
                out.patterns.setdefault(data, kind)
                out.written.setdefault(data, folded(text))
