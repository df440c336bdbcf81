"""Cyrillic and Greek names as they stand in Latin letters elsewhere: passports, science, German and French habits.

A name is romanized by several schemes; the judge hunts it in each, so that a name in the header's own
script does not hide the same name typed in Latin letters.
"""

from __future__ import annotations

import re
from functools import lru_cache

# One letter, and what it becomes: in passports (ICAO 9303), in science (ISO 9 without marks), in German, in French.
_LETTERS = """
а a a a a|б b b b b|в v v w v|г g g g g|ґ g g g g|д d d d d|е e e e e|є ie je je ie|ж zh z sch j|з z z s z
и i i i i|і i i i i|ї i ji ji i
й i j i i|к k k k k|л l l l l|м m m m m|н n n n n|о o o o o|п p p p p|р r r r r|с s s s s
т t t t t|у u u u ou|ф f f f f|х kh h ch kh|ц ts c z ts|ч ch c tsch tch|ш sh s sch ch
щ shch sc schtsch chtch|ъ . . . .
ы y y y y|ь . . . .|э e e e e|ю iu ju ju iou|я ia ja ja ia|ј j j j j|љ lj lj lj lj|њ nj nj nj nj|ћ c c c c
ђ dj d dj dj|џ dz dz dsch dj|ё e e jo io|α a a a a|β v b w v|γ g g g g|δ d d d d|ε e e e e|ζ z z s z|η i e i i
θ th th th th|ι i i i i|κ k k k k|λ l l l l|μ m m m m|ν n n n n|ξ x x x x|ο o o o o|π p p p p|ρ r r r r
σ s s s s|ς s s s s|τ t t t t|υ y y y y|φ f ph f f|χ ch ch ch kh|ψ ps ps ps ps|ω o o o o
"""
_SCHEMES = tuple(
    str.maketrans(
        {row.split()[0]: row.split()[scheme].replace(".", "") for row in _LETTERS.replace("\n", "|").split("|") if row}
    )
    for scheme in range(1, 5)
)
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
