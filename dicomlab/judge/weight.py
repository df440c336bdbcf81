"""How much a word weighs: whether, alone, it tells who somebody is.

The rule, the same for every patient and every run:

- A **name part** is *strong* when it has at least three letters (two in a script that writes words
  without spaces) and is no ordinary word: neither in `ordinary_words.txt` nor in a name of the DICOM
  dictionary. A strong part counts wherever it stands as a word; with six letters or more also inside
  a longer word.
- Any other part is *weak* ("Li", "Brown", "Young"). It counts only in a person-name attribute, beside
  another part or an initial of the same name in either order ("C. Brown", "CBrown"), or behind a title
  ("Dr Brown").
- Placeholders ("Anonymous", "Patient", "Unknown") count nowhere.
- An **identifier** needs four characters with a digit, not all alike; letters alone are weighed as a
  name part; a shorter one counts behind "MRN", "ID" and the like. A number of fewer than six digits
  counts only as a word in text attributes, never in numbers (IS, DS: seven digits) or in long texts such
  as a report, which count things.
- A **place** or **address** counts as a whole phrase of five characters that is not made of ordinary words.
- A **date** counts in every spelling unless it is one that stands for "none" (1 January 1900 and the like).

In coded and technical attributes the words of the clinical vocabulary are ordinary too: there
"King" is a knee angle more often than a patient.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from pydicom._dicom_dict import DicomDictionary

from dicomlab.judge.lists import pairs, sections, words
from dicomlab.judge.romanization import romanized

_REMEMBERED_LENGTH = 1 << 12
SHORTEST_NAME = 3
LIKE = 4  # letters that a word shares with a name whose form it may be
SHORTEST_INSIDE = 6
SHORTEST_IDENTIFIER = 4
SHORTEST_LONG_NUMBER = 6
SHORTEST_PHRASE = 5
SHORTEST_PHONE = 7

# Dates that writers put where they know none; none of them is anybody's in particular.
NO_DATES = frozenset({(1, 1, 1), (1800, 1, 1), (1858, 11, 17), (1900, 1, 1), (1901, 1, 1), (1970, 1, 1), (2000, 1, 1),
                      (9999, 12, 31), (1111, 11, 11)})  # fmt: skip

_LETTERS = pairs("letters")
_KANA = {chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)}  # Katakana as Hiragana
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uff66-\uff9f\U00020000-\U0002fa1f]"
)
_WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """Return `text` without case, accents and widths: ``Müller`` becomes ``muller``."""
    if text.isascii():
        return text.lower()
    return _folded(text) if len(text) < _REMEMBERED_LENGTH else _folded.__wrapped__(text)


@lru_cache(maxsize=65536)
def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    # No mark is a part of a word: no accent, no vowel of Thai or Devanagari. Voiced kana are one letter with theirs.
    kept = (
        _LETTERS[c] if c in _LETTERS else _KANA.get(c, c) for c in plain if unicodedata.category(c) not in ("Mn", "Mc")
    )
    return unicodedata.normalize("NFC", "".join(kept))


def spellings(part: str) -> set[str]:
    """Return the folded ways to write a name part: accents dropped, umlauts spelt out and back, in Latin letters."""
    composed = unicodedata.normalize("NFC", part)
    forms = {folded(composed), folded(composed.lower().translate(_GERMAN))}
    forms |= {re.sub(r"([aou])e", r"\1", f) for f in forms}
    forms |= {latin for form in forms for latin in romanized(form)}
    return {f for f in forms if f}


def spaceless(text: str) -> bool:
    """Return whether a text is of a script that puts no space between words (Han, kana, Hangul)."""
    return _SPACELESS.search(text) is not None


@cache
def _listed(title: str) -> frozenset[str]:
    """Return a part of `ordinary_words.txt`; in ``no name``, the DICOM dictionary's words are no names either."""
    listed = words(title, "judge/ordinary_words.txt")
    if title != "no name":
        return listed
    names = " ".join(
        f"{name} {re.sub('(?<=[a-z])(?=[A-Z])', ' ', key)}" for *_, name, _, key in DicomDictionary.values()
    )
    return listed.union(_WORD.findall(names.lower())) - _listed("a name too")


def placeholder(word: str) -> bool:
    """Return whether a folded word stands where a name would: "anonymous"."""
    return word in _listed("placeholder")


def title(word: str) -> bool:
    """Return whether a folded word stands before a name: "dr"."""
    return word in _listed("title")


def no_name(word: str) -> bool:
    """Return whether a folded word is none of anybody's names: "head" is not, "brown" may be."""
    return word in _listed("no name") or placeholder(word)


def ordinary(word: str) -> bool:
    """Return whether a folded word, alone, names nobody."""
    return no_name(word) or word in _listed("a name too")


def must_stay(word: str) -> bool:
    """Return whether a folded word says what was imaged, and is never taken for a name."""
    return word in _listed("must stay")


@cache
def clinical() -> frozenset[str]:
    """Return the folded words of coded terms, ordinary in coded and technical attributes alone."""
    return words("", "standard_data/words.txt")


@cache
def _beginnings() -> frozenset[str]:
    """Return the words that a cleaned text may keep, and how they begin: what begins so may be a form of one."""
    listed = frozenset().union(*sections("standard_data/vocabulary.txt").values())
    return listed | {word[:SHORTEST_INSIDE] for word in listed}


def strong_place(word: str) -> bool:
    """Return whether a folded word of an institution's name or of an address is nothing else, nor made of such."""
    ends = range(LIKE, len(word) + 1)
    return len(word) >= SHORTEST_INSIDE and strong_name(word) and _beginnings().isdisjoint(word[:end] for end in ends)


def strong_name(part: str) -> bool:
    """Return whether a folded name part, alone, tells who somebody is."""
    if spaceless(part):
        return len(part) >= SHORTEST_NAME - 1
    letters = sum(c.isalpha() for c in part)
    least = SHORTEST_NAME if letters == len(part) else SHORTEST_PHRASE
    return letters >= SHORTEST_NAME and len(part) >= least and not ordinary(part)


def strong_identifier(compact: str) -> bool:
    """Return whether a folded identifier without separators is one of a kind."""
    if not any(c.isdigit() for c in compact):
        return strong_name(compact) and len(compact) >= SHORTEST_IDENTIFIER
    return len(compact) >= SHORTEST_IDENTIFIER and len(set(compact)) > 1


def strong_phrase(words: tuple[str, ...]) -> bool:
    """Return whether the folded words of a place or an address say something of their own."""
    letters = (re.sub(r"\d", "", w) for w in words)
    return len("".join(words)) >= SHORTEST_PHRASE and any(
        len(w) > 1 and not ordinary(w) and w not in clinical() for w in letters
    )


def name_parts(value: str) -> list[tuple[str, ...]]:
    """Return the parts of a PN value as written, one tuple per component group (PS3.5 6.2.1), affixes left out.

    Family and given name, and what else a component or a path holds, are split at blanks and signs.
    """
    found = []
    for group in value.split("="):
        components = group.split("^")
        whole = components if len(components) == 1 else components[:3]
        parts = tuple(p for c in whole for p in re.split(r"[\s_.,;/()-]+", c) if _WORD.search(p))
        if parts:
            found.append(parts)
    return found


def name_words(value: str) -> list[str]:
    """Return the folded parts of a PN value or of any text."""
    return [folded(part) for parts in name_parts(value) for part in parts]
