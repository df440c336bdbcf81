"""How one and the same word may be written: case, accents, umlauts, scripts, joined or apart."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from html.entities import codepoint2name

from dicomlab.free_text.tables import listed, pairs

_SPECIAL, _UMLAUTS = pairs("letters"), pairs("umlauts")
_APOSTROPHES = re.compile("['’ʼ`´]")
# Scripts that write words without blanks, where a word has two characters and a family name often one.
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uff66-\uff9f\U00020000-\U0002fa1f]"
)
_LATIN = str.maketrans(pairs("romanized"))
_HIRAGANA = {chr(katakana): chr(katakana - 0x60) for katakana in range(0x30A1, 0x30F7)}
_CYRILLIC_WORD, _GREEK_WORD = re.compile("[а-яґєіїјљњћђџ]+"), re.compile("[α-ω]+")
_HEBREW_WORD, _ARABIC_WORD = re.compile("[א-ת]{3,}"), re.compile("[ء-ي]{3,}")
_CYRILLIC_CASES, _GREEK_CASES = ("", *listed("cyrillic cases")), ("", *listed("greek cases"))
_SHORTEST_STEM = 3
_SOUNDS = tuple((re.compile(old), new) for old, new in (
    (r"kh", "h"), (r"ou|oy(?![aeiou])", "u"), (r"t?[szc][sztch]*", "s"), (r"ph", "f"), (r"w", "v"),
    (r"[iyj]+(?=[aeou])", ""), (r"[iyj]+", "i"),
))  # fmt: skip
_REPEATED = re.compile(r"(.)\1+")
_OTHER_ENDINGS = (("kh", "h"), ("yu", "iu"), ("ya", "ia"), ("ou", "u"), ("iy", "y"), ("ii", "y"), ("ks", "x"))


def fold(text: str) -> str:
    """Return `text` without case, accents, widths and characters that nobody sees; Katakana as Hiragana."""
    return fold_with_map(text)[0]


def fold_with_map(text: str) -> tuple[str, list[int]]:
    """Return the folded text, and for each of its characters the index it came from (empty: the same)."""
    if text.isascii():
        return text.lower(), []
    out: list[str] = []
    index: list[int] = []
    for number, char in enumerate(text):
        letters = _folded_character(char)
        out.append(letters)
        index.extend([number] * len(letters))
    return "".join(out), index


@lru_cache(maxsize=8192)
def _folded_character(char: str) -> str:
    plain = unicodedata.normalize("NFKD", char).casefold()
    plain = unicodedata.normalize("NFKD", plain)  # some letters fold into an accented one
    if plain.isdecimal() and not plain.isascii():
        return str(unicodedata.decimal(plain))
    # Marks are no part of a word for regular expressions: accents, and the vowels of Thai and Devanagari.
    kept = (c for c in plain if unicodedata.category(c) not in ("Mn", "Mc", "Cf"))
    return "".join(_SPECIAL.get(c, _HIRAGANA.get(c, c)) for c in kept)


def without_apostrophes(text: str) -> str:
    """Return ``obrien`` for ``o'brien``."""
    return _APOSTROPHES.sub("", text)


def is_spaceless(text: str) -> bool:
    """Return whether a word is written in a script that puts no blanks between words."""
    return _SPACELESS.search(text) is not None


@lru_cache(maxsize=8192)
def spellings(part: str) -> frozenset[str]:
    """Return the folded forms in which a word may be written.

    Examples
    --------
    >>> sorted(spellings("Müller"))
    ['mueller', 'muller']
    """
    lowered = unicodedata.normalize("NFC", _mended(part).lower())
    forms = {fold(part), fold(lowered), fold("".join(_UMLAUTS.get(c, c) for c in lowered))}
    forms |= {re.sub(r"([aou])e", r"\1", form) for form in forms}
    forms |= {form.replace("ου", "ou").translate(_LATIN) for form in forms}
    for ending, other in _OTHER_ENDINGS:
        forms |= {form.replace(ending, other) for form in forms} if not part.isascii() else set()
    forms |= {re.sub(r"[\W_]+", "", form) for form in forms}
    return frozenset(form for form in forms if form)


def broken_spellings(part: str) -> frozenset[str]:
    """Return the folded forms that a word with accents takes where software does not know its character set."""
    if part.isascii():
        return frozenset({fold(part.replace("'", entity)) for entity in ("&apos;", "&#39;")} if "'" in part else ())
    composed = unicodedata.normalize("NFC", part)
    outside = [c for c in composed if not c.isascii()]
    forms = {"".join(c if c.isascii() else sign for c in composed) for sign in ("?", "\ufffd", "??")}
    forms |= {
        "".join(f"&{names.get(ord(c))};" if ord(c) in names else c for c in composed) for names in (codepoint2name,)
    }
    for codec in ("latin-1", "cp1252"):
        forms.add(composed.encode().decode(codec, "replace"))
    few = 2 * len(outside) <= len(composed)
    return frozenset(fold(form) for form in forms if few or ("?" not in form and "\ufffd" not in form))


def _mended(part: str) -> str:
    """Return a word that was written in UTF-8 and read as Latin-1 as it should read."""
    if part.isascii():
        return part
    try:
        return part.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return part


@lru_cache(maxsize=8192)
def inflected(folded_part: str) -> frozenset[str]:
    """Return the forms of a name in a sentence: cases of Russian and Greek, articles glued on in Hebrew and Arabic."""
    if _CYRILLIC_WORD.fullmatch(folded_part):
        stem = re.sub("[аяиеоьы]+$", "", folded_part)
        return frozenset(stem + ending for ending in _CYRILLIC_CASES) if len(stem) >= _SHORTEST_STEM else frozenset()
    if _GREEK_WORD.fullmatch(folded_part):
        stem = re.sub("[αεηιουω]+σ?$", "", folded_part)
        return frozenset(stem + ending for ending in _GREEK_CASES) if len(stem) >= _SHORTEST_STEM else frozenset()
    if _HEBREW_WORD.fullmatch(folded_part):
        return frozenset(article + folded_part for article in "לבמשוהכ")
    if _ARABIC_WORD.fullmatch(folded_part):
        bare = folded_part.removeprefix("ال")
        return frozenset(article + bare for article in ("", "ال", "وال", "بال", "لل", "و", "ب", "ل", "ك", "ف")
                         if len(bare) >= _SHORTEST_STEM)  # fmt: skip
    return frozenset()


@lru_cache(maxsize=8192)
def sound(folded_word: str) -> str:
    """Return one way to write a name transcribed from Cyrillic or Greek, of the many that languages have.

    Examples
    --------
    >>> sound("shcherbakova") == sound("schtscherbakowa") == sound("scerbakova")
    True
    """
    return _REPEATED.sub(r"\1", _reduced(folded_word.replace("x", "ks")))


def _reduced(word: str) -> str:
    for expression, new in _SOUNDS:
        word = expression.sub(new, word)
    return word


def from_other_letters(folded_part: str) -> bool:
    """Return whether a name is written in Cyrillic or Greek."""
    return _CYRILLIC_WORD.fullmatch(folded_part) is not None or _GREEK_WORD.fullmatch(folded_part) is not None
