"""The verbs of a recipe's rules: replace, hash, shift, bin, truncate, regex.

Each returns the new element, or None when it cannot act on the value it finds; the Basic Profile's
action is then taken instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dicomlab import pseudonyms
from dicomlab.header import values
from dicomlab.header.names import attribute_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomlab.header.clean import HeaderCleaner, Where
    from dicomlab.header.wire import Element
    from dicomlab.recipe import Decision


def _replaced(_: HeaderCleaner, element: Element, vr: str, where: Where, decision: Decision) -> Element | None:
    text = str(decision.arguments["value"])
    if vr in values.NUMBER_FORMATS:
        packed = values.packed(text, vr, little=where.encoding.little)
        return None if packed is None else element._replace(value=packed, length=len(packed))
    new = values.encode(text, vr, where.charset)
    return element._replace(value=new, length=len(new))


def _hashed(cleaner: HeaderCleaner, element: Element, vr: str, where: Where, _: Decision) -> Element | None:
    old, _charset_used = values.decode(element.value or b"", vr, where.charset)
    pieces = [p.strip(" \0") for p in old.split("\\")]
    domain = attribute_name(element.tag, "")
    new = "\\".join(pseudonyms.identifier(cleaner.key, domain, p) if p else "" for p in pieces)
    raw = values.encode(new, vr, ("ascii",))
    return element._replace(value=raw, length=len(raw))


def _shift(cleaner: HeaderCleaner, element: Element, vr: str, _: Where, __: Decision) -> Element | None:
    new = cleaner.shifted_value(element.value or b"", vr)
    return None if new is None else element._replace(value=new, length=len(new))


def _bin(cleaner: HeaderCleaner, element: Element, vr: str, where: Where, decision: Decision) -> Element | None:
    width = float(decision.arguments["width"])
    if vr == "AS":
        age = values.pooled_age(
            (element.value or b"").decode("ascii", "replace"), cleaner.recipe.ages.pool_over, round(width)
        )
        new = None if age is None else values.pad(age.encode(), vr)
    else:
        new = values.binned(element.value or b"", vr, width, little=where.encoding.little)
    return None if new is None else element._replace(value=new, length=len(new))


def _truncate(cleaner: HeaderCleaner, element: Element, vr: str, where: Where, decision: Decision) -> Element | None:
    length = int(decision.arguments["length"])
    return _rewritten(cleaner, element, vr, where, lambda text: values.shortened(text, length, vr))


def _regex(cleaner: HeaderCleaner, element: Element, vr: str, where: Where, decision: Decision) -> Element | None:
    find, new = str(decision.arguments["find"]), str(decision.arguments["replace"])
    return _rewritten(cleaner, element, vr, where, lambda text: re.sub(find, new, text))


def _rewritten(
    cleaner: HeaderCleaner, element: Element, vr: str, where: Where, rewrite: Callable[[str], str]
) -> Element | None:
    """Rewrite each value, then sweep it: a rule does not make an identifier harmless."""
    old, charset = values.decode(element.value or b"", vr, where.charset)
    pieces = [old] if vr in values.ONE_VALUE_VRS else old.split("\\")
    new = [cleaner.sweeper.sweep(rewrite(p.strip(" \0")), patterns=False, technical=True) for p in pieces]
    raw = values.encode("\\".join(new), vr, charset)
    return element._replace(value=raw, length=len(raw))


VERBS: dict[str, Callable[[HeaderCleaner, Element, str, Where, Decision], Element | None]] = {
    "replace": _replaced, "hash": _hashed, "shift": _shift, "bin": _bin, "truncate": _truncate, "regex": _regex,
}  # fmt: skip
