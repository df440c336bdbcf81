"""What an element is called, and the VR to read it by."""

from __future__ import annotations

from functools import lru_cache

from pydicom.datadict import keyword_for_tag, private_dictionaries

from dicomlab.header import wire
from dicomlab.header.wire import Element


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
