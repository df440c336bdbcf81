"""What an element is called, and the VR to read it by."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pydicom._private_dict import private_dictionaries
from pydicom.datadict import keyword_for_tag

from dicomlab.header import charsets, wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomlab.header.wire import Element

CHARACTER_SET = 0x00080005


def effective_vr(element: Element, creator: str) -> str:
    """Return the VR to read a value by: the dictionary's where the file says UN or nothing."""
    vr = element.vr
    if vr and vr != "UN":
        return vr
    known = wire.private_vr(element.tag, creator) if element.tag >> 16 & 1 else wire.dictionary_vr(element.tag) or "UN"
    if known in ("UN", "OB", "OW") and element.value and wire.looks_like_items(element.value):
        return "SQ"
    if known == "SQ" and element.value and not element.value.startswith((b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")):
        return "UN"
    return known


@lru_cache(maxsize=8192)
def attribute_name(tag: int, creator: str) -> str:
    """Return the keyword, or for a private tag its group, creator (when a dictionary knows it) and number."""
    if tag >> 16 & 1:
        shown = f"'{creator}'" if creator in private_dictionaries else "private"
        return f"({tag >> 16:04X},{shown},{tag & 0xFF:02X})"
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def charset_of(elements: Mapping[int, Element]) -> tuple[str, ...]:
    """Return Python's names of the character sets that elements declare (PS3.3 C.12.1.1.2)."""
    element = elements.get(CHARACTER_SET)
    return charsets.encodings_of(element.value if element else None)


def creators_of(elements: Mapping[int, Element]) -> dict[tuple[int, int], str]:
    """Return the private creator of each block, by (group, block) (PS3.5 7.8.1)."""
    return {
        (tag >> 16, tag & 0xFF): (e.value or b"").decode("ascii", "replace").strip(" \0")
        for tag, e in elements.items()
        if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF  # noqa: PLR2004 - the numbers of creators
    }
