"""What the judge knows of languages: words, pairs and expressions from text files of this package."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_LANGUAGE = "judge/language.txt"


@cache
def sections(name: str = _LANGUAGE) -> dict[str, tuple[str, ...]]:
    """Return the lines below each ``[title]`` of a text file, without comments and empty ones; ``""``: before all."""
    found: dict[str, list[str]] = {"": []}
    for line in files("dicomlab").joinpath(name).read_text("utf-8").splitlines():
        if re.fullmatch(r"\[[a-z ]+\]", line):
            found[line[1:-1]] = []
        elif line and not line.startswith("#"):
            found[[*found][-1]].append(line)
    return {title: tuple(lines) for title, lines in found.items()}


def words(title: str, name: str = _LANGUAGE) -> frozenset[str]:
    """Return the words of a section."""
    return frozenset(" ".join(sections(name)[title]).split())


def pairs(title: str) -> dict[str, str]:
    """Return what each word of a section becomes (``word=other``)."""
    return {one: other for one, _, other in (pair.partition("=") for pair in words(title))}


def expressions(title: str) -> tuple[re.Pattern[str], ...]:
    """Return the expressions of a section, a line each, their ``%NAMES%`` replaced."""
    names = dict(line.split(" = ", 1) for line in sections()[""])
    return tuple(re.compile(re.sub("%([A-Z_]+)%", lambda name: names[name[1]], line)) for line in sections()[title])
