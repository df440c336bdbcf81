"""What an instance says about its own de-identification: written only as far as it is true.

References
----------
PS3.15 E.1.1 items 6 to 8, E.2 and E.3; PS3.3 C.7.1.1 and C.12.1; PS3.16 CID 7050.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomlab import standard
from dicomlab.header import values, wire
from dicomlab.header.wire import Element, Encoding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dicomlab.recipe import Recipe

IDENTITY_REMOVED, METHOD, METHOD_CODES, DATES_MODIFIED = 0x00120062, 0x00120063, 0x00120064, 0x00280303
_LO = 64


def codes_of(recipe: Recipe) -> tuple[tuple[str, str], ...]:
    """Return the codes of CID 7050 that a header cleaned by this recipe may carry.

    The profile's own only while no rule retains more than profile and options allow.
    """
    profile = (standard.PROFILE_CODE,) if recipe.profile_holds else ()
    return (*profile, *recipe.claimed_codes)


def claimed(
    elements: Mapping[int, Element], encoding: Encoding, recipe: Recipe, *, method: str, identity_removed: bool
) -> dict[int, Element]:
    """Return the cleaned elements with the attributes that say what was done.

    Parameters
    ----------
    elements
        The root of the cleaned instance: what it said before about methods stays, in front of ours.
    method
        Text for De-identification Method; cut at 64 characters.
    identity_removed
        False when pixels at risk were kept: then PatientIdentityRemoved is NO.
    """
    out = dict(elements)
    _set(out, IDENTITY_REMOVED, "CS", b"YES " if identity_removed else b"NO")
    old = _texts(elements.get(METHOD))
    _set(
        out,
        METHOD,
        "LO",
        values.pad(b"\\".join([*old, *([m] if (m := method[:_LO].encode()) not in old else [])]), "LO"),
    )
    _set(out, METHOD_CODES, "SQ", _codes(elements.get(METHOD_CODES), codes_of(recipe), encoding))
    dates = (
        "UNMODIFIED"
        if "retain-full-dates" in recipe.options
        else "MODIFIED"
        if "retain-modified-dates" in recipe.options
        else "REMOVED"
    )
    _set(out, DATES_MODIFIED, "CS", values.pad(dates.encode(), "CS"))
    return dict(sorted(out.items()))


def _set(elements: dict[int, Element], tag: int, vr: str, value: bytes) -> None:
    elements[tag] = Element(tag, vr, value, len(value))


def _texts(element: Element | None) -> list[bytes]:
    return [p.strip(b" \0") for p in (element.value or b"").split(b"\\") if p.strip(b" \0")] if element else []


def _codes(old: Element | None, codes: Sequence[tuple[str, str]], encoding: Encoding) -> bytes:
    """Return the value of the code sequence: the old items, then ours that are not among them."""
    items = wire.items(old.value or b"", encoding) if old else []
    there = {item[0x00080100].value.strip(b" \0") for item in items if 0x00080100 in item and item[0x00080100].value}
    for code, meaning in codes:
        if code.encode() not in there:
            item: dict[int, Element] = {}
            _set(item, 0x00080100, "SH", values.pad(code.encode(), "SH"))
            _set(item, 0x00080102, "SH", b"DCM ")
            _set(item, 0x00080104, "LO", values.pad(meaning.encode(), "LO"))
            items.append(item)
    return wire.encode_items([item.values() for item in items], encoding)
