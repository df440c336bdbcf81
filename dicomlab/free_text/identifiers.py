"""What identifies one patient: names, numbers, phrases, dates and the like; and words that tell of nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache

from dicomlab.free_text.spelling import fold
from dicomlab.free_text.tables import listed, sections
from dicomlab.free_text.vocabulary import is_known, words

_SHORTEST_NUMBER = 4
_SHORTEST_PHRASE = 5
_LONG = 9  # letters: a longer word that begins like a name is a word only where a list says so
_GAPS = re.compile(r"[\W_]+")


NOBODY, NOT_ALONE, TITLES = (
    frozenset(listed(title, "free_text/weak_words.txt")) for title in ("nobody", "not alone", "titles")
)


@dataclass(frozen=True)
class Identifiers:
    """What identifies one patient, from all of the patient's instances; merge with ``|``.

    `names`: the parts of each person's name, as written. `numbers`: identifiers that hold a digit.
    `phrases`: institutions, addresses, other words. `dates`: ``YYYYMMDD``. `uids`: every UID that
    is to be replaced. `phones`: digits only. The repr tells how many, never which.
    """

    names: frozenset[tuple[str, ...]] = frozenset()
    numbers: frozenset[str] = frozenset()
    phrases: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    uids: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()

    def __or__(self, other: Identifiers) -> Identifiers:
        """Return everything that either holds."""
        return Identifiers(*(getattr(self, f.name) | getattr(other, f.name) for f in fields(self)))

    @classmethod
    def merged(cls, parts: Iterable[Identifiers]) -> Identifiers:
        """Return everything that any of `parts` holds."""
        found = list(parts)
        return cls(*(frozenset().union(*(getattr(one, f.name) for one in found)) for f in fields(cls)))

    def __repr__(self) -> str:
        """Tell how many of each, never which."""
        return f"Identifiers({', '.join(f'{len(getattr(self, f.name))} {f.name}' for f in fields(self))})"


def name_parts(value: str) -> list[tuple[str, ...]]:
    """Return the parts of a PN value, one tuple per component group (PS3.5 6.2.1), affixes left out.

    Examples
    --------
    >>> name_parts("Doe^Jane Mary^^Dr")
    [('Doe', 'Jane', 'Mary')]
    """
    found = []
    for group in value.split("="):
        components = group.split("^")
        several = components if len(components) == 1 else components[:3]  # "Doe, Jane" stands in one component
        kept = tuple(p.strip(".") for c in several for p in re.split(r"[\s,;/()]+", c) if re.search(r"[^\W_]", p))
        if kept and not {fold(p) for p in kept} <= NOBODY:
            found.append(kept)
    return found


@lru_cache(maxsize=1)
def ordinary_words() -> frozenset[str]:
    """Return the folded words of the field: attribute names and coded terms (generated), and names like those."""
    lines = sections("standard_data/words.txt")[""].splitlines()
    return frozenset(lines).union(listed("a word too", "free_text/weak_words.txt")) - {""}


def is_distinctive_number(value: str) -> bool:
    """Return whether `value` is worth hunting as an identifier: four characters, not all alike, one a digit."""
    bare = _GAPS.sub("", value)
    return len(bare) >= _SHORTEST_NUMBER and any(c.isdigit() for c in bare) and len(set(bare)) > 1


def is_distinctive_phrase(value: str) -> bool:
    """Return whether `value` is long enough to be hunted as a phrase, and says something of its own."""
    folded = fold(value)
    words = [w for w in re.split(r"[\W\d_]+", folded) if len(w) > 1]
    return len(_GAPS.sub("", folded)) >= _SHORTEST_PHRASE and not set(words) <= ordinary_words() | NOBODY


def is_word(word: str) -> bool:
    """Return whether a folded word is one of the field, or of the vocabulary of cleaned texts."""
    return (
        word in ordinary_words()
        or word in NOBODY
        or word in NOT_ALONE
        or (word.isascii() and (word in words() or (len(word) < _LONG and is_known(word))))
    )
