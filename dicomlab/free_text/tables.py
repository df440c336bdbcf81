"""What languages write, as the text files of this package hold it: sections of words, pairs and expressions."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files as resource_files


@cache
def sections(name: str) -> dict[str, str]:
    """Return the sections of a text file below ``dicomlab``, by title; what stands before the first is ``""``.

    Lines that begin with ``#`` are comments; a title stands alone on its line, in brackets.
    """
    text = resource_files("dicomlab").joinpath(name).read_text("utf-8")
    first, *others = re.split(r"^\[([a-z ]+)\]$", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
    return {"": first} | dict(zip(others[::2], others[1::2], strict=True))


def listed(title: str, name: str = "free_text/language.txt") -> tuple[str, ...]:
    """Return the words of a section."""
    return tuple(sections(name)[title].split())


def pairs(title: str) -> dict[str, str]:
    """Return what each word of a section of `language.txt` becomes (``word=other``)."""
    return {one: other for one, _, other in (pair.partition("=") for pair in listed(title))}


def expressions(title: str) -> tuple[re.Pattern[str], ...]:
    """Return the expressions of a section of `patterns.txt`, in order, their ``%NAMES%`` replaced."""
    parts = sections("free_text/patterns.txt")
    names: dict[str, str] = {}
    for line in filter(None, parts[""].splitlines()):
        name, _, expression = line.partition(" = ")
        names[name] = _filled(expression, names)
    return tuple(re.compile(_filled(line, names)) for line in parts[title].splitlines() if line)


def _filled(expression: str, names: dict[str, str]) -> str:
    return re.sub("%([A-Z_]+)%", lambda name: names[name[1]], expression)
