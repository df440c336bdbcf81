"""Text that identifies whoever it belongs to: telephone, e-mail, address, date, a title with a name.

Narrow on purpose: what is found here is somebody's beyond doubt, in free text. Coded and technical
attributes are not asked, nor what a rule of the recipe keeps as it is.
"""

from __future__ import annotations

import re

from dicomlab.judge.lists import expressions, words

_TELLING = expressions("telling")


def is_telling(text: str) -> bool:
    """Return whether a free text identifies somebody by its form alone."""
    return any(one.search(text) for one in _TELLING)


_PUBLIC_ADDRESSES = frozenset({0x0008010E, 0x00080120})  # Coding Scheme URL, URN Code Value


def leads_to_source(tag: int, vr: str, raw: bytes) -> bool:
    """Return whether an attribute holds the web address of an archive or a portal."""
    return vr == "UR" and tag not in _PUBLIC_ADDRESSES and b"://" in raw


# Text that may belong to somebody: what was taken out of it need not be explained further.
_SOMEBODYS = (*expressions("of somebody"), re.compile(rf"\b(?:{'|'.join(words('words of somebody'))})\b"))
# An age of ninety or more in words of several languages; 45 CFR 164.514(b)(2)(i)(C) pools them.
_OLD_AGE = re.compile(r"(?<![\w.,])(?:0?9\d|1[012]\d)[ -]{0,2}(?:y|j|an(?:s|ni|os)?(?!\w)|anos|jaar|lat|let|vuot)")


def may_tell(folded: str) -> bool:
    """Return whether a folded text may belong to somebody, or tells an age over 89: a remover may take that out."""
    return any(one.search(folded) for one in (*_SOMEBODYS, _OLD_AGE))
