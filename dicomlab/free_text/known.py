"""Where in a text that stands which is known to identify one patient.

A text is read as words: letters and digits in a row, apart at blanks, signs, digits and where small
letters turn into capitals. Names are looked up word by word and as pairs in either order; identifiers
with any separators; phrases word by word; dates and UIDs by what they mean. So a text costs the same
however much is known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise

from dicomlab.free_text.dates import date_spans
from dicomlab.free_text.identifiers import NOBODY, NOT_ALONE, TITLES, Identifiers, is_word, ordinary_words
from dicomlab.free_text.spelling import (
    broken_spellings,
    fold,
    from_other_letters,
    inflected,
    is_spaceless,
    sound,
    spellings,
    without_apostrophes,
)

_SHORTEST_NAME = 3
_SHORTEST_INSIDE_WORD = 6
_SHORTEST_SEPARATED = 7  # digits: shorter identifiers are hunted without separators in them
_SHORTEST_ANYWHERE = 8  # identifiers of letters and digits that are found inside longer words
_SHORTEST_PHONE = 7
_NATIONAL, _INTERNATIONAL = 8, 10  # digits at the end that stay when the prefix is written otherwise
_LARGEST_GAP = 3  # signs between the parts of a name
_SHORTEST_LEFT = 3  # letters of a name that is told when it stays as a word
_LONGEST_NAME = 8  # parts; more are a text in the wrong attribute
_SHORTEST_CUT = 6  # letters that a cut or inflected name shares with the whole
_LONGEST_ENDING = 3
_SHORTEST_SOUND = 3
_SHORTEST_BEHIND = 4  # letters behind an apostrophe
_SHORTEST_JOINED = 4  # letters of a short family and given name in one word: LiWei
_SHORTEST_FIGURES = 5  # of an identifier without the noughts before it, or with letters glued to it

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_LETTERS = re.compile(r"[^\W\d_]+")
_GAPS = re.compile(r"[\W_]+")
_PHONE = re.compile(r"\d(?:[\s()./-]{0,3}\d){6,}")
_UID = re.compile(r"2\.25\.\d{8,}|\d+(?:\.\d+){3,}")


class Known:
    """What is known of one patient, compiled to be found in text."""

    def __init__(self, identifiers: Identifiers) -> None:
        """Spell everything out once."""
        self.words: set[str] = set()
        self.weak: set[str] = set()  # short or ordinary: beside another part, or behind a title
        self.pairs: set[tuple[str, str]] = set()
        self.with_initial: set[tuple[str, str]] = set()  # short ones, told by a dot or a comma: "W. Li"
        self.inside: set[str] = set()
        self.places: set[str] = set()  # of institutions and addresses: words that are nothing else
        self.sounds: set[str] = set()
        self.anywhere: set[str] = set()  # in scripts without blanks, and broken by software that knows no accents
        self.dates, self.uids = identifiers.dates, identifiers.uids
        for name in identifiers.names:
            if len(name) <= _LONGEST_NAME:
                self._spell(name)
        codes = {_GAPS.sub("", fold(n)) for n in identifiers.numbers} - {""}
        codes |= {c.lstrip("0") for c in codes if c.isdigit() and len(c.lstrip("0")) >= _SHORTEST_FIGURES}
        self._codes = [(c, _code_expression(c)) for c in sorted(codes)]
        self._phrases = _by_first_word(identifiers.phrases)
        for phrase in identifiers.phrases:
            words = {w for form in spellings(phrase) for w in _LETTERS.findall(form)}
            self.places |= {w for w in words if len(w) >= _SHORTEST_INSIDE_WORD and not is_word(w)}
        self._cuts: dict[str, list[str]] = {}
        for part in self.words:
            if len(part) > _SHORTEST_CUT:
                self._cuts.setdefault(part[:_SHORTEST_CUT], []).append(part)
        self._joined = {
            "".join(p) for ps in self._phrases.values() for p in ps if len("".join(p)) >= _SHORTEST_ANYWHERE
        }
        self._phones = {n for phone in identifiers.phones for n in _phone_forms(phone)}

    def spans(self, text: str, folded: str, *, technical: bool) -> Iterator[tuple[int, int]]:
        """Yield where in `folded` something known stands.

        Parameters
        ----------
        text
            The text unfolded, of the same length: where its capitals are.
        technical
            Names that are ordinary words are left alone.
        """
        yield from self._codes_in(folded)
        if self._phones:
            yield from self._phones_in(folded)
        if self.dates:
            yield from date_spans(folded, self.dates, technical=technical)
        words = [(without_apostrophes(m[0]), m.start(), m.end()) for m in _WORD.finditer(folded)]
        if self._phrases:
            yield from self._phrases_in(folded, words)
            yield from ((start, end) for word, start, end in words if word in self.places)
        if self.words or self.weak or self.anywhere:
            yield from self._names_in(text, folded, words, technical=technical)

    def _names_in(
        self, text: str, folded: str, words: list[tuple[str, int, int]], *, technical: bool
    ) -> Iterator[tuple[int, int]]:
        ordinary = ordinary_words() if technical else frozenset()
        pieces = sorted({piece for word in words for piece in _pieces(text, folded, word)}, key=lambda p: (p[1], -p[2]))
        for piece, start, end in pieces:
            if (piece in self.words and piece not in ordinary) or self._is_form(piece, cut_only=technical):
                yield start, end
        initials = 0  # where those in front of a name begin: J.P. Meulen
        for number, (one, other) in enumerate(pairwise(words)):
            before = words[number - 1][2] if number else 0
            is_another = len(one[0]) == 1 and folded[before : one[1]].strip() == "." and len(words[number - 1][0]) == 1
            initials = initials if is_another else one[1]
            if 0 < other[1] - one[2] <= _LARGEST_GAP:
                if self._is_pair(one[0], other[0], folded[one[2] : other[2] + 1], technical=technical):
                    yield initials, other[2]
                elif one[0] in TITLES and (other[0] in self.weak or other[0] in self.words):
                    yield other[1], other[2]
        for part in self.inside:
            yield from self._inside(folded, part)
        for part in self.anywhere:
            yield from ((at, at + len(part)) for at in _places(folded, part))

    def _is_pair(self, one: str, other: str, behind: str, *, technical: bool) -> bool:
        """Return whether two words side by side are a name; `behind` is what follows the first, with one sign more."""
        signed = not {".", ","}.isdisjoint(behind)
        if (one, other) in self.pairs:
            return signed or not (technical and _is_initial(one, other))
        if (one, other) in self.with_initial:
            return signed and not technical
        if one + other in self.words and len(one + other) >= _SHORTEST_INSIDE_WORD and not is_word(one + other):
            return not (is_word(one) and is_word(other))  # Hans-Peter, of a Hanspeter
        return one in self.words and not (technical and one in ordinary_words()) and self._begins_one(other)

    def _is_form(self, word: str, *, cut_only: bool) -> bool:
        """Return whether a word is a name cut short, with an ending, or transcribed otherwise, and no ordinary word."""
        if len(word) >= _SHORTEST_CUT:
            for part in self._cuts.get(word[:_SHORTEST_CUT], ()):
                least = len(word) if cut_only else max(_SHORTEST_CUT, min(len(part) - 2, len(word)))
                if (
                    word[:least] == part[:least]
                    and len(word) <= len(part) + _LONGEST_ENDING
                    and not (word[:-1] == part or is_word(word))
                ):
                    return True
        return (
            bool(self.sounds)
            and not cut_only
            and len(word) > _SHORTEST_SOUND
            and sound(word) in self.sounds
            and not is_word(word)
        )

    def _begins_one(self, word: str) -> bool:
        """Return whether a word beside a name is the beginning of another part of one, and no word of the field."""
        return len(word) >= _SHORTEST_NAME and any(p.startswith(word) for p in self.words) and not is_word(word)

    def has_name(self, folded: str) -> bool:
        """Return whether a word of three letters or more is a name that is also an ordinary word."""
        words = {m[0] for m in _WORD.finditer(folded) if len(m[0]) >= _SHORTEST_LEFT}
        return not words.isdisjoint(self._ordinary)

    @cached_property
    def _ordinary(self) -> frozenset[str]:
        return frozenset((self.words | self.weak) & ordinary_words())

    def _inside(self, folded: str, part: str) -> Iterator[tuple[int, int]]:
        """Yield where a long part stands inside a longer word that is no ordinary one."""
        for at in _places(folded, part):
            left, right = at, at + len(part)
            while left and folded[left - 1].isalpha():
                left -= 1
            while right < len(folded) and folded[right].isalpha():
                right += 1
            if folded[left:right] not in ordinary_words():
                yield at, at + len(part)

    def _codes_in(self, folded: str) -> Iterator[tuple[int, int]]:
        compact = _GAPS.sub("", folded) if self._codes else ""
        for code, expression in self._codes:
            if code in compact:
                yield from (m.span() for m in expression.finditer(folded))

    def cut_off(self, folded: str) -> Iterator[tuple[int, int]]:
        """Yield what a value that has no room for more ends with: the beginning of something known."""
        for match in _WORD.finditer(folded):
            words = _GAPS.split(folded[match.start() :].rstrip())
            rest, whole = "".join(words), words[:-1] or words  # the last of several is a piece of one
            least = 2 if is_spaceless(rest) else _SHORTEST_FIGURES
            if len(rest) < least or all(word.isalpha() and is_word(word) for word in whole):
                continue
            if any(one.startswith(rest) for one in self._run_together):
                yield len(folded[: match.start()].rstrip("+(")), len(folded)
                return

    @cached_property
    def _run_together(self) -> tuple[str, ...]:
        """Everything known without blanks and signs."""
        phrases = ("".join(words) for many in self._phrases.values() for words in many)
        codes = (code for code, _ in self._codes)
        return (*map("".join, self.pairs), *self.words, *self.anywhere, *codes, *phrases, *self._phones, *self.dates)

    def _phones_in(self, folded: str) -> Iterator[tuple[int, int]]:
        for match in _PHONE.finditer(folded):
            digits = re.sub(r"\D", "", match[0])
            if any(phone in digits for phone in self._phones):
                start = match.start()
                while start and folded[start - 1] in "+(":
                    start -= 1
                yield start, match.end()

    def _phrases_in(self, folded: str, words: list[tuple[str, int, int]]) -> Iterator[tuple[int, int]]:
        for number, (word, start, _) in enumerate(words):
            for phrase in self._phrases.get(word, ()):
                if tuple(w for w, _, _ in words[number : number + len(phrase)]) == phrase:
                    yield start, words[number + len(phrase) - 1][2]
        for joined in self._joined:
            yield from ((at, at + len(joined)) for at in _places(folded, joined))

    def _uid_in(self, match: re.Match[str]) -> tuple[int, int, str] | None:
        """Return the known UID that a run of numbers and dots is or starts with: its span and itself."""
        run = match[0]
        while run.count(".") >= 2:  # noqa: PLR2004 - 2.25 and a UUID's number (PS3.5 B.2): no UID has fewer components
            if run in self.uids:
                return match.start(), match.start() + len(run), run
            run = run.rpartition(".")[0]
        return None

    def uids_in(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield every known UID in a text: where it stands, and itself."""
        if self.uids and "." in text:
            for match in _UID.finditer(text):
                found = self._uid_in(match)
                if found is not None:
                    yield found

    def _spell(self, name: tuple[str, ...]) -> None:
        """Note the forms of each part of a name, and of each two parts together."""
        # A name with a digit in it ("LUNG_0001") is a code made of words of the field.
        made_up = any(c.isdigit() for part in name for c in part)
        ways = [_forms(part) for part in name]
        for forms in ways:
            for form in forms:
                self._note_part(form, made_up=made_up)
        for part in name:
            self.anywhere.update(f for f in broken_spellings(part) if len(f) >= _SHORTEST_NAME)
            if is_spaceless(part) and len(part) == 2:  # noqa: PLR2004 - characters apart: 山 田
                self.pairs.add((fold(part[0]), fold(part[1])))
            self.pairs.update(p for form in spellings(part) for p in pairwise(w for w in _GAPS.split(form) if w))
        for number, forms in enumerate(ways):
            for other in (form for n, others in enumerate(ways) if n != number for form in others):
                for form in forms:
                    self._note_pair(form, other)

    def _note_part(self, form: str, *, made_up: bool) -> None:
        if form.isdigit() or form in NOBODY or form in NOT_ALONE:
            return
        if is_spaceless(form):
            if len(unicodedata.normalize("NFC", form)) > 1:  # one character is many people's
                self.anywhere.add(form)
            return
        if len(form) < _SHORTEST_NAME:
            self.weak.add(form)
            return
        if made_up and form in ordinary_words():
            return
        self.words.add(form)
        self.words |= inflected(form)
        if from_other_letters(form):
            self.sounds.update(sound(f) for f in spellings(form) if f.isascii() and len(sound(f)) >= _SHORTEST_SOUND)
        for start, other in (("mac", "mc"), ("mc", "mac")):
            if form.startswith(start) and len(form) >= len(start) + _SHORTEST_NAME:
                rest = form.removeprefix(start)
                self.words.add(other + rest)
                self.pairs |= {(start, rest), (other, rest)}
        if len(form) >= _SHORTEST_INSIDE_WORD:
            self.inside.add(form)

    def _note_pair(self, one: str, other: str) -> None:
        if is_spaceless(one + other):
            self.pairs.add((one, other))
            self.anywhere.add(one + other)
            return
        if one in NOBODY or other in NOBODY or one.isdigit() or other.isdigit() or len(one) < 2:  # noqa: PLR2004
            return
        if len(other) > 1:
            self.pairs.add((one, other))
            if min(len(one), len(other)) >= _SHORTEST_NAME:
                self.inside.add(one + other)
                self.words.add(one + other)
            elif len(one + other) >= _SHORTEST_JOINED and one + other not in ordinary_words():
                self.words.add(one + other)
            if len(one) == 2:  # noqa: PLR2004 - Li
                self.with_initial |= {(one, other[0]), (other[0], one)}
        if len(one) >= _SHORTEST_NAME and one not in NOT_ALONE:
            self.pairs |= {(one, other[0]), (other[0], one)}
            if one not in ordinary_words():
                self.words |= {one + other[0], other[0] + one}

    @cached_property
    def long_figures(self) -> frozenset[str]:
        """Identifiers and dates that a number of DS or IS can be."""
        codes = (code for code, _ in self._codes)
        return frozenset(c for c in codes if c.isdigit() and len(c) >= _SHORTEST_SEPARATED) | self.dates


def _is_initial(one: str, other: str) -> bool:
    """Return whether one of two words is a letter, in a script that has words of a letter only by chance."""
    return min(len(one), len(other)) == 1 and not is_spaceless(one + other)


def _forms(part: str) -> set[str]:
    """Return the spellings of a part, of the pieces it is made of, and joined (Anna-Lena: annalena, anna, lena)."""
    forms: set[str] = set()
    for form in spellings(part):
        plain = without_apostrophes(form)
        forms.update(w for w in _GAPS.split(plain) if w)
        forms.add(_GAPS.sub("", plain))
        # What stands behind an apostrophe is a name too (D'Angelo), and a long vowel may be written short (Satou).
        forms.update(w for w in _GAPS.split(form)[1:] if len(w) >= _SHORTEST_BEHIND and not is_word(w))
        short = re.sub(r"o[uh](?![aeiou])", "o", plain).replace("uu", "u")
        forms.update({short} if short != plain and not is_word(short) else ())
    return forms - {""}


def _pieces(text: str, folded: str, word: tuple[str, int, int]) -> Iterator[tuple[str, int, int]]:
    """Yield a word, the runs of letters in it, and what they are made of where capitals begin."""
    yield word
    _, start, end = word
    for match in _LETTERS.finditer(folded, start, end):
        left, right = match.span()
        if (left, right) != (start, end):
            yield folded[left:right], left, right
        breaks = [left, *(i for i in range(left + 1, right) if text[i].isupper() and text[i - 1].islower()), right]
        if len(breaks) > 2:  # noqa: PLR2004 - both ends
            yield from ((folded[a:b], a, b) for a, b in pairwise(breaks))


def _code_expression(code: str) -> re.Pattern[str]:
    """Return what finds an identifier, whatever separates its characters, as a run of its own."""
    if code.isdigit():
        between = r"[\s()./_-]{0,3}" if len(code) >= _SHORTEST_SEPARATED else ""
        return re.compile(r"(?<!\d)(?<!\d[.,])" + between.join(code) + r"(?!\d)(?![.,]\d)")
    middle = r"[-./ _]?".join(map(re.escape, code))
    telling = len(code) >= _SHORTEST_ANYWHERE or sum(c.isdigit() for c in code) >= _SHORTEST_FIGURES
    return re.compile(middle if telling else rf"(?<![^\W_]){middle}(?![^\W_])")


def _by_first_word(phrases: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, set[tuple[str, ...]]] = {}
    for phrase in phrases:
        for form in spellings(phrase) | {fold(phrase)}:
            words = tuple(without_apostrophes(m[0]) for m in _WORD.finditer(form))
            if words:
                found.setdefault(words[0], set()).add(words)
    return {first: sorted(many, key=len, reverse=True) for first, many in found.items()}


def _phone_forms(phone: str) -> set[str]:
    digits = re.sub(r"\D", "", phone).lstrip("0")
    if len(digits) < _SHORTEST_PHONE:
        return set()
    return {digits, digits[-_NATIONAL:]} if len(digits) >= _INTERNATIONAL else {digits}


def _places(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)
