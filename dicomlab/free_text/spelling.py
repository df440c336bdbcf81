"""How one and the same word may be written: case, accents, umlauts, scripts, joined or apart."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SPECIAL = {
    "ß": "ss",
    "ø": "o",
    "æ": "ae",
    "œ": "oe",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ı": "i",
    "ħ": "h",
    "ŋ": "n",
}
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"}
_APOSTROPHES = re.compile("['’ʼ`´]")
# Scripts that write words without blanks, where a word has two characters and a family name often one.
_SPACELESS = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uff66-\uff9f\U00020000-\U0002fa1f]"
)
# As passports and most hospital systems write them; folded letters, without accents.
_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "zh", "з": "z", "и": "i",
    "і": "i", "ї": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e",
    "ю": "yu", "я": "ya", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c", "ђ": "dj", "џ": "dz",
}  # fmt: skip
_GREEK = {
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
    "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch",
    "ψ": "ps", "ω": "o",
}  # fmt: skip
_LATIN = str.maketrans(_CYRILLIC | _GREEK)
_HIRAGANA = {chr(katakana): chr(katakana - 0x60) for katakana in range(0x30A1, 0x30F7)}
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
    kept = (c for c in plain if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return "".join(_SPECIAL.get(c) or _HIRAGANA.get(c, c) for c in kept)


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
    lowered = unicodedata.normalize("NFC", part.lower())
    forms = {fold(part), fold("".join(_UMLAUTS.get(c, c) for c in lowered))}
    forms |= {re.sub(r"([aou])e", r"\1", form) for form in forms}
    forms |= {form.replace("ου", "ou").translate(_LATIN) for form in forms}
    for ending, other in _OTHER_ENDINGS:
        forms |= {form.replace(ending, other) for form in forms} if not part.isascii() else set()
    forms |= {re.sub(r"[\W_]+", "", form) for form in forms}
    return frozenset(form for form in forms if form)
