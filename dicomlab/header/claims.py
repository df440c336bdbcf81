"""What an instance says about its own de-identification: written only as far as it is true.

References
----------
PS3.15 E.1.1 items 6 to 8, E.2 and E.3; PS3.3 C.7.1.1 and C.12.1; PS3.16 CID 7050.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from dicomlab import standard
from dicomlab.header import values, wire
from dicomlab.header.wire import Element, Encoding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dicomlab.recipe import Recipe

_CODE_VALUE, _SCHEME, _MEANING = 0x00080100, 0x00080102, 0x00080104
IDENTITY_REMOVED, METHOD, METHOD_CODES, DATES_MODIFIED = 0x00120062, 0x00120063, 0x00120064, 0x00280303
# PS3.15 E.3.6 and PS3.3 C.12.1.1.10: what is said when the option is listed.
_DATES = {"retain-full-dates": b"UNMODIFIED", "retain-modified-dates": b"MODIFIED"}


def codes_of(recipe: Recipe, *, without: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Return the codes of CID 7050 that an instance cleaned by this recipe may carry.

    The profile's own only while no rule retains more than profile and options allow. `without`: options that were
    listed, and not carried out on this instance.
    """
    profile = (standard.PROFILE_CODE,) if recipe.profile_holds else ()
    unearned = {standard.OPTIONS[name].code for name in without}
    return (*profile, *(pair for pair in recipe.claimed_codes if pair[0] not in unearned))


def claimed(
    elements: Mapping[int, Element],
    encoding: Encoding,
    recipe: Recipe,
    *,
    method: str,
    codes: Sequence[tuple[str, str]],
    identity_removed: bool,
) -> dict[int, Element]:
    """Return the cleaned elements with the attributes that say what was done.

    Parameters
    ----------
    elements
        The root of the cleaned instance: what it said before about methods stays, in front of ours.
    method
        Text for De-identification Method; cut at 64 characters.
    codes
        What may be claimed (`codes_of`).
    identity_removed
        False when pixels at risk were kept: then PatientIdentityRemoved is NO.
    """
    out = dict(elements)
    said = _texts(elements.get(METHOD))
    ours = values.shortened(method, values.LONGEST["LO"], "LO").encode("ascii", "replace")
    _set(out, IDENTITY_REMOVED, "CS", b"YES" if identity_removed else b"NO")
    _set(out, METHOD, "LO", b"\\".join([*said, *([ours] if ours not in said else [])]))
    listed = _codes(elements.get(METHOD_CODES), codes, encoding)
    if listed:
        _set(out, METHOD_CODES, "SQ", listed)
    _set(out, DATES_MODIFIED, "CS", _dates_modified(recipe))
    return dict(sorted(out.items()))


def with_code(elements: Mapping[int, Element], encoding: Encoding, code: tuple[str, str]) -> dict[int, Element]:
    """Return elements that also say, by one code of CID 7050, what was done; nothing else is claimed."""
    out = dict(elements)
    _set(out, METHOD_CODES, "SQ", _codes(elements.get(METHOD_CODES), [code], encoding))
    return dict(sorted(out.items()))


@lru_cache(maxsize=64)
def _dates_modified(recipe: Recipe) -> bytes:
    """Return what became of dates: as the option says; without one, what the rules do to any date."""
    for option in recipe.options:
        if option in _DATES:
            return _DATES[option]
    decided = (recipe.decide(tag, vr) for tag, vr in recipe.attributes() if vr in ("DA", "DT"))
    codes = {d.code for d in decided if d is not None and d.by.startswith("rule")}
    return b"MODIFIED" if codes & {"shift", "C"} else b"UNMODIFIED" if "K" in codes else b"REMOVED"


def _set(elements: dict[int, Element], tag: int, vr: str, value: bytes) -> None:
    value = values.pad(value, vr)
    elements[tag] = Element(tag, vr, value, len(value))


def _texts(element: Element | None) -> list[bytes]:
    return [p.strip(b" \0") for p in (element.value or b"").split(b"\\") if p.strip(b" \0")] if element else []


def _codes(old: Element | None, codes: Sequence[tuple[str, str]], encoding: Encoding) -> bytes:
    """Return the value of the code sequence: the old items, then ours that are not among them."""
    items = _items(old, encoding) if old else []
    there = {(item[_CODE_VALUE].value or b"").strip(b" \0") for item in items if _CODE_VALUE in item}
    for code, meaning in codes:
        if code.encode() not in there:
            item: dict[int, Element] = {}
            _set(item, _CODE_VALUE, "SH", code.encode())
            _set(item, _SCHEME, "SH", b"DCM")
            _set(item, _MEANING, "LO", meaning.encode())
            items.append(item)
    return wire.encode_items([item.values() for item in items], encoding)


def _items(element: Element, encoding: Encoding) -> list[dict[int, Element]]:
    """Return the items of a sequence as they are encoded in this file, also when its VR was unknown (UN)."""
    if element.vr != "UN" or encoding.implicit:
        return wire.items(element.value or b"", encoding)
    items = wire.items(element.value or b"", wire.IMPLICIT_LITTLE)
    return [{t: e._replace(vr=wire.dictionary_vr(t) or "UN") for t, e in item.items()} for item in items]
