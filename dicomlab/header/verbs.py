"""The verbs of a recipe's rules: replace, hash, shift, bin, truncate, regex.

Each returns the new value, or None when it cannot act on the value it finds; the Basic Profile's
action is then taken instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dicomlab import pseudonyms
from dicomlab.header import charsets, values
from dicomlab.header.names import attribute_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomlab.header.clean import HeaderCleaner
    from dicomlab.header.site import Site
    from dicomlab.recipe import Decision


def _replaced(_: HeaderCleaner, site: Site, decision: Decision) -> bytes | None:
    text = str(decision.arguments["value"])
    if site.vr in values.NUMBER_FORMATS:
        return values.packed(text, site.vr, little=site.where.encoding.little)
    return values.encode(text, site.vr, site.where.charset)


def _hashed(cleaner: HeaderCleaner, site: Site, _: Decision) -> bytes | None:
    old, _charset_used = charsets.decode(site.value, site.vr, site.where.charset)
    pieces = [old] if site.vr in values.ONE_VALUE_VRS else old.split("\\")
    domain = attribute_name(site.element.tag, "")
    plain = [p.strip(" \0") for p in pieces]
    new = "\\".join(pseudonyms.identifier(cleaner.key, domain, p) if p else "" for p in plain)
    return values.encode(new, site.vr, ("ascii",))


def _shift(cleaner: HeaderCleaner, site: Site, _: Decision) -> bytes | None:
    return cleaner.shifted_value(site.value, site.vr)


def _bin(cleaner: HeaderCleaner, site: Site, decision: Decision) -> bytes | None:
    width = float(decision.arguments["width"])
    if site.vr == "AS":
        age = values.pooled_age(site.value.decode("ascii", "replace"), cleaner.recipe.ages.pool_over, round(width))
        return None if age is None else values.pad(age.encode(), site.vr)
    return values.binned(site.value, site.vr, width, little=site.where.encoding.little)


def _truncate(cleaner: HeaderCleaner, site: Site, decision: Decision) -> bytes | None:
    length = int(decision.arguments["length"])
    return _rewritten(cleaner, site, lambda text: values.shortened(text, length, site.vr))


def _regex(cleaner: HeaderCleaner, site: Site, decision: Decision) -> bytes | None:
    find, new = str(decision.arguments["find"]), str(decision.arguments["replace"])
    return _rewritten(cleaner, site, lambda text: re.sub(find, new, text))


def _rewritten(cleaner: HeaderCleaner, site: Site, rewrite: Callable[[str], str]) -> bytes | None:
    """Rewrite each value, then sweep it: a rule does not make an identifier harmless."""
    old, charset = charsets.decode(site.value, site.vr, site.where.charset)
    pieces = [old] if site.vr in values.ONE_VALUE_VRS else old.split("\\")
    new = [cleaner.sweeper.sweep(rewrite(p.strip(" \0")), patterns=False, technical=True) for p in pieces]
    if not all(values.fits(piece, site.vr) for piece in new):
        return None
    return values.encode("\\".join(new), site.vr, charset)


VERBS: dict[str, Callable[[HeaderCleaner, Site, Decision], bytes | None]] = {
    "replace": _replaced, "hash": _hashed, "shift": _shift, "bin": _bin, "truncate": _truncate, "regex": _regex,
}  # fmt: skip
