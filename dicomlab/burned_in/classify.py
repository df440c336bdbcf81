"""What recognised strings are: of the patient, like what identifies, harmless, or just text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

Kind = Literal["phi", "pattern", "allowed", "text", "unknown"]
_SURE = 0.9  # a string that may stay must have been read so surely
_READ = 0.5


@cache
def _expressions(name: str) -> Mapping[str, re.Pattern[str]]:
    content = json.loads((files("dicomlab.burned_in") / f"{name}.json").read_text("utf-8"))
    del content["about"]
    return {kind: re.compile("|".join(f"(?:{e})" for e in several)) for kind, several in content.items()}


def classified(text: str, confidence: float, identifiers: Callable[[str], bool] | None = None) -> tuple[Kind, str]:
    """Return the kind of a recognised line, and which allow-list has it (empty: none).

    Parameters
    ----------
    text, confidence
        What was read, and how surely, 0 to 1.
    identifiers
        Says of a string whether it tells of the patient; asked first.

    Examples
    --------
    >>> classified("MI 0.8", 0.99)
    ('allowed', 'technique')
    >>> classified("12.03.1956", 0.99)
    ('pattern', '')
    """
    line = " ".join(text.upper().split())
    if identifiers is not None and line and identifiers(text):
        return "phi", ""
    if confidence < _READ or not line:
        return "unknown", ""
    if any(e.search(line) for e in _expressions("patterns").values()):
        return "pattern", ""
    if confidence >= _SURE:
        for kind, expression in _expressions("allowed").items():
            if expression.fullmatch(line):
                return "allowed", kind
    return "text", ""
