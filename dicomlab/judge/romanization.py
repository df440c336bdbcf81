"""Cyrillic and Greek names as they stand in Latin letters elsewhere: passports, science, German and French habits.

A name is romanized by several schemes; the judge hunts it in each, so that a name in the header's own
script does not hide the same name typed in Latin letters.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dicomlab.judge.lists import pairs

_LETTERS = {letter: forms.split("/") for letter, forms in pairs("romanized").items()}
_SCHEMES = tuple(str.maketrans({letter: forms[n] for letter, forms in _LETTERS.items()}) for n in range(4))
# Habits across the schemes: "iu" and "yu", final "ii" and "y", "ou" and "u".
_HABITS = (("iu", "yu"), ("ia", "ya"), ("kh", "h"), ("ii", "y"), ("ii", "iy"), ("ks", "x"), ("ou", "u"), ("y", "i"))
# Endings of nouns in the cases of Russian and of Greek, longest first.
_CASES = (
    ("ого ому ови ои еи ом ем ым им ую а я ы и е у ю о ь", "[а-џ]+"),
    ("εωσ οσ ου ησ ασ ων εσ ο ε η α ι", "[α-ω]+"),
)
_STEM = 4  # letters


@lru_cache(maxsize=4096)
def inflected(folded: str) -> frozenset[str]:
    """Return a folded Cyrillic or Greek name in the cases of its language; empty for other scripts."""
    for endings, letters in _CASES:
        if re.fullmatch(letters, folded):
            stem = next((folded.removesuffix(e) for e in endings.split() if folded.endswith(e)), folded)
            return frozenset(stem + e for e in ("", *endings.split())) if len(stem) >= _STEM else frozenset()
    return frozenset()


@lru_cache(maxsize=4096)
def romanized(folded: str) -> frozenset[str]:
    """Return a folded Cyrillic or Greek word in Latin letters, by every scheme; empty for other scripts.

    Examples
    --------
    >>> "chernobrivko" in romanized("чернобривко")
    True
    """
    if not any("Ͱ" <= c <= "ӿ" for c in folded):
        return frozenset()
    forms = {folded.replace("ου", "ou").translate(scheme) for scheme in _SCHEMES}
    for one, other in _HABITS:
        forms |= {form.replace(one, other) for form in forms}
    return frozenset(form for form in forms if form.isascii() and form)
