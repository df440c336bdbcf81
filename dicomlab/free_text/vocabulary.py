"""The clinical vocabulary: words that are in none of its lists and may be somebody's name.

Once what is known and what follows a pattern is gone, a text under action C may still name somebody
whom no header knows. A word stays when it

- is in the list (`standard_data/vocabulary.txt`, without case and accents), or is an inflected form,
  a compound or a derivation of what is in it;
- cannot well be a name: one or two letters, letters without a vowel, a few letters beside a digit,
  three capitals in a text that also has small letters;
- is written in a script other than Latin: there is no vocabulary in any, and a text without all
  its words says nothing. Known names are removed there as everywhere.

Everything else goes, with the initials and particles before it. A name that is also an ordinary word
("Long", "White") stays: only the header can tell that it is one. A name that diseases are called after
stays beside what is called so ("Baker cyst").
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from dicomlab.free_text.spelling import fold
from dicomlab.free_text.tables import listed, sections

_SENTENCE = 6  # words, and one with a capital: running text
_SHORTEST = 3
_SHORT_CAPITALS = 3
_BOTH_ENDS = 2
_BESIDE_DIGIT = 4
_NO_VOWEL = 6
_STEM = 4  # letters that an inflected word shares with a listed one
_PIECE = 4  # letters of a part of a compound
_LONGEST = 40  # letters; a longer run is no word

_RUN = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[a-z]+")
_VOWEL = re.compile(r"[aeiouy]")
_CAMEL = re.compile(r"(?<=[^\W\d_A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ][^\W\d_A-ZÀ-ÖØ-Þ])")
_ENDINGS = listed("endings")
_MEDICAL = re.compile(
    rf"[a-z]{{4,}}(?:{'|'.join(listed('medical endings'))})|"
    r"[a-z]{3,}ogram(?:m[ea]?|as?|mes|s)?|[a-z]{3,}ograf[ií]as?"
)
_PREFIX = re.compile(rf"(?:{'|'.join(listed('prefixes'))})(?P<rest>[a-z]{{4,}})")
_LINKS = ("", "s", "n", "en", "es", "o", "e")
_PARTICLE = re.compile(
    rf"(?:(?<![^\W_])(?:(?:[^\W\d_]\.[ ]?|[^\W\d_]['’]|mc|mac|{'|'.join(listed('particles'))})"
    r"(?=[^\w]|[A-ZÀ-ÖØ-Þ]|$)[ '’-]{0,2}))+$",
    re.IGNORECASE,
)
# "Baker's cyst", "Weber-B-Fraktur", "Morbus Wilson": the name tells of a finding.
_CALLED_SO = re.compile(
    rf"(?:['’]?s)?[ _-]{{1,2}}(?:[A-D][ _-])?(?:{'|'.join(listed('called after somebody'))})(?![^\W_])", re.IGNORECASE
)
_CALLED = re.compile(
    rf"(?<![^\W_])(?:{'|'.join(listed('named before'))})[ _-]{{1,2}}(?:(?:de|of|van|von|di) )?$", re.IGNORECASE
)
_BEFORE = 24  # characters in which initials and particles stand
_INITIAL_BEHIND = re.compile(r"[ ,]{1,2}[^\W\d_]\.(?![^\W_])")


def unknown_spans(text: str) -> list[tuple[int, int]]:
    """Return where words stand that are in no vocabulary and may be a name, in order.

    Parameters
    ----------
    text
        One value, as written: capitals tell abbreviations and where words are joined.

    Examples
    --------
    >>> unknown_spans("Thorax follow-up, spoke with H. Brinkschulte")
    [(29, 44)]
    """
    mixed = any(c.islower() for c in text)
    runs = list(_RUN.finditer(text))
    # Whoever writes sentences writes names with a capital: there an unknown word without one is a word.
    sentences = len(runs) >= _SENTENCE and any(r[0][:1].isupper() for r in runs)
    spans: list[tuple[int, int]] = []
    for run in runs:
        if sentences and run[0].islower():
            continue
        for start, end in _unknown_in(text, run.start(), run.end(), mixed=mixed):
            if fold(text[start:end]) not in _parts()["names"] or not (
                _CALLED_SO.match(text, end) or _CALLED.search(text[max(0, start - _BEFORE) : start])
            ):
                spans.append(_with_particles(text, start, end))
    return spans


def _unknown_in(text: str, start: int, end: int, *, mixed: bool) -> list[tuple[int, int]]:
    """Return which parts of a run of letters are unknown: the whole, or what it is joined of."""
    run = text[start:end]
    digit = text[start - 1 : start].isdigit() or text[end : end + 1].isdigit()
    if (
        len(run) < _SHORTEST
        or (digit and len(run) <= _BESIDE_DIGIT)
        or (mixed and len(run) <= _SHORT_CAPITALS and run.isupper())
    ):
        return []
    breaks = [0, *(m.start() for m in _CAMEL.finditer(run)), len(run)]
    if fold(run) in words() or (len(breaks) == _BOTH_ENDS and is_known(run)):
        return []
    parts = [(start + a, start + b) for a, b in pairwise(breaks)]
    return [(a, b) for a, b in parts if b - a >= _SHORTEST and not is_known(text[a:b])]


def _with_particles(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span with the initials and particles before it, and an initial behind it."""
    window = max(0, start - _BEFORE)
    before = _PARTICLE.search(text[window:start])
    behind = _INITIAL_BEHIND.match(text, end)
    return window + before.start() if before else start, behind.end() if behind else end


@lru_cache(maxsize=1 << 15)
def is_known(word: str) -> bool:
    """Return whether a word, letters only, is one of the vocabulary or can be no name."""
    folded = fold(word)
    if len(folded) < _SHORTEST or not _LATIN.fullmatch(folded):
        return True  # another script, see the head of this module
    if not _VOWEL.search(folded):
        return len(folded) <= _NO_VOWEL
    if len(folded) > _LONGEST:
        return False
    if folded in _parts()["names"]:
        return False  # a name although it looks like a form of a word
    forms = {folded, re.sub(r"([aou])e", r"\1", folded)}
    behind = _PREFIX.fullmatch(folded)
    if behind and (_is_listed(behind["rest"]) or _is_inflected(behind["rest"]) or _MEDICAL.fullmatch(behind["rest"])):
        return True
    return any(_is_listed(form) or _is_inflected(form) or _is_compound(form) for form in forms) or bool(
        _MEDICAL.fullmatch(folded)
    )


def _is_listed(word: str) -> bool:
    return word in words() or word.replace("ae", "e").replace("oe", "e") in words()


def _is_inflected(word: str) -> bool:
    """Return whether a listed word shares all but an ending with this one."""
    if word.endswith("ies") and word[:-3] + "y" in words():
        return True
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if len(stem) < _STEM or stem == word:
            continue
        if stem in words() or (len(stem) > _STEM and stem[-1] == stem[-2] and stem[:-1] in words()):
            return True
        if len(stem) > _STEM and stem in _stems():
            return True
    return len(word) > _STEM and word in _stems()


def _is_compound(word: str) -> bool:
    """Return whether a word is made of two or three clinical ones, as German and Dutch write them."""
    if len(word) < 2 * _PIECE:
        return False
    clinical = _parts()["clinical"]
    return any(
        (word[:at] in compounds() or (at > _PIECE and word[:at] in clinical)) and _is_rest(word[at:])
        for at in range(_PIECE, len(word) - _PIECE + 1)
    )


def _is_rest(rest: str) -> bool:
    for link in _LINKS:
        if rest.startswith(link):
            tail = rest[len(link) :]
            if len(tail) >= _PIECE and (
                tail in compounds() or _without_ending(tail) in compounds() or _is_compound(tail)
            ):
                return True
    return False


def _without_ending(word: str) -> str:
    return re.sub(r"(?:en|n|e|s|es|er|ern)$", "", word)


@lru_cache(maxsize=1)
def _parts() -> dict[str, frozenset[str]]:
    return {title: frozenset(text.split()) for title, text in sections("standard_data/vocabulary.txt").items()}


@lru_cache(maxsize=1)
def words() -> frozenset[str]:
    """Return every folded word of the vocabulary."""
    return frozenset().union(*(listed for title, listed in _parts().items() if title != "names"))


def compounds() -> frozenset[str]:
    """Return the folded words that compounds are made of."""
    return _parts()["in compounds"]


def is_clinical(folded: str) -> bool:
    """Return whether a folded word is one of medicine or of reports, and of nothing else."""
    return folded in _parts()["clinical"] or folded in compounds()


@lru_cache(maxsize=1)
def _stems() -> frozenset[str]:
    """Return our own clinical words without their last vowels: what their inflected forms share."""
    stems = (re.sub(r"(?:[aeiouy]+|[aeiou]s|us|um)$", "", word) for word in _parts()["clinical"] | compounds())
    return frozenset(stem for stem in stems if len(stem) > _STEM)
