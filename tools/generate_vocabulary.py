"""Write `dicomlab/standard_data/vocabulary.txt`: the words that a cleaned text may keep, folded.

Sources: the words of `words.txt` (attribute names, UID names, coded terms), the element names of the
private dictionaries that pydicom carries, and our own lists `tools/facts/terms_*.txt`. Left out, unless
our own lists or the attribute names have them: breeds of animals, many of them places and people; words
that the coded terms write with a capital wherever they stand ("Miller" in "Dieker-Miller syndrome").

    python tools/generate_vocabulary.py
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pydicom
from pydicom._private_dict import private_dictionaries
from pydicom.datadict import DicomDictionary, RepeatersDictionary
from pydicom.sr._concepts_dict import concepts
from pydicom.uid import UID_dictionary

FACTS = Path(__file__).parent / "facts"
OUT = Path(__file__).parent.parent / "dicomlab" / "standard_data" / "vocabulary.txt"
_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_BREEDS = {7480, 7481, 7482, 7483, 7484, 7485, 7486}  # context groups of PS3.16 that list breeds and their registries
_IN_COMPOUNDS = ("german", "dutch")
_NOT_CLINICAL = ("common", "no_compound", "names", "eponyms")
_SHORTEST, _PIECE = 3, 4


def main() -> None:
    """Collect, fold, sort, write."""
    own = {path.stem.removeprefix("terms_"): _own(path) for path in sorted(FACTS.glob("terms_*.txt"))}
    pieces = {w for title in _IN_COMPOUNDS for w in own[title] if len(w) >= _PIECE} - own["no_compound"]
    clinical = set().union(*(own[title] for title in own if title not in _NOT_CLINICAL)) - pieces
    sources = _words(_attributes()) | (_words(_terms()) - _proper()) | (_words(_private()) - own["names"] - _proper())
    plain = (own["common"] | (sources - own["names"])) - clinical - pieces
    head = [
        "# The words that a cleaned text may keep, folded: lower case, no accents.",
        f"# From the dictionaries and coded terms carried by pydicom {pydicom.__version__}",
        "# and the lists tools/facts/terms_*.txt; written by tools/generate_vocabulary.py, not by hand.",
    ]
    parts = {"in compounds": pieces, "clinical": clinical, "other": plain}
    parts = {title: listed - own["eponyms"] for title, listed in parts.items()}
    parts["names"] = own["eponyms"] | (own["names"] - pieces - clinical - plain)
    lines = [line for title, listed in parts.items() for line in (f"[{title}]", *sorted(listed))]
    OUT.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")
    print({title: len(listed) for title, listed in (own | parts).items()})


def _own(path: Path) -> set[str]:
    text = re.sub(r"^#.*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
    return _words([text])


def _attributes() -> Iterable[str]:
    for entry in (*DicomDictionary.values(), *RepeatersDictionary.values()):
        yield entry[2]
    for entry in UID_dictionary.values():
        yield entry[0]


def _private() -> Iterable[str]:
    for creator in private_dictionaries.values():
        for entry in creator.values():
            yield re.sub(r"(?<=[a-z])(?=[A-Z])", " ", entry[2])


def _terms() -> Iterable[str]:
    for scheme in concepts.values():
        for codes in scheme.values():
            for meaning, groups in codes.values():
                if not _is_breed(meaning, groups):
                    yield meaning


def _proper() -> set[str]:
    """Return words that the terms of SNOMED CT, which capitalise as a sentence does, never write small."""
    small, capital = set(), set()
    for codes in concepts["SCT"].values():
        for meaning, _ in codes.values():
            for word in re.findall(r"[^\W\d_]+", meaning):
                (small if word.islower() else capital).update(_words([word]))
            first = re.match(r"\W*([^\W\d_]+)", meaning)
            if first and first[1].istitle():
                small.update(_words([first[1]]) - capital)  # may be an ordinary word
    sentences = (m for codes in concepts["SCT"].values() for m, _ in codes.values() if re.search(r" [a-z]{4}", m))
    inside = {w for m in sentences for word in re.findall(r"(?<=[\w,-][ -])[A-Z][a-z]+", m) for w in _words([word])}
    return inside - small


def _is_breed(meaning: str, groups: Iterable[int]) -> bool:
    return " breed" in meaning or (bool(groups) and set(groups) <= _BREEDS)


def _words(texts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for text in texts:
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_SPECIAL)
        kept = "".join(c for c in plain if not unicodedata.combining(c))
        found |= {w for w in re.findall(r"[a-z]+", kept) if len(w) >= _SHORTEST}
    return found


if __name__ == "__main__":
    main()
