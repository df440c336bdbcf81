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
PRIVATE = 0x00010000  # the bit that makes a group odd
_NOT_OF_INSTANCES = frozenset({0x0000, 0x0002, 0x0004, 0xFFFE})


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
        shown = f"'{creator}'" if is_known_creator(creator) else "private"
        return f"({tag >> 16:04X},{shown},{tag & 0xFF:02X})"
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def charset_of(elements: Mapping[int, Element]) -> tuple[str, ...]:
    """Return Python's names of the character sets that elements declare (PS3.3 C.12.1.1.2)."""
    element = elements.get(CHARACTER_SET)
    return charsets.encodings_of(element.value if element else None)


def creators_of(elements: Mapping[int, Element]) -> dict[int, str]:
    """Return the private creator of each block (PS3.5 7.8.1), by the bits that its elements share: ``tag >> 8``."""
    return {
        tag >> 16 << 8 | tag & 0xFF: (e.value or b"").decode("ascii", "replace").strip(" \0")
        for tag, e in elements.items()
        if tag & PRIVATE and 0x10 <= tag & 0xFFFF <= 0xFF  # noqa: PLR2004 - as `is_creator`, without the call
    }


def creator_tag(block: int) -> int:
    """Return the tag of the creator of a block: (gggg,00bb) of the elements (gggg,bbxx)."""
    return block >> 8 << 16 | block & 0xFF


def is_creator(tag: int) -> bool:
    """Return whether a tag is that of a private creator."""
    return bool(tag & PRIVATE) and 0x10 <= tag & 0xFFFF <= 0xFF  # noqa: PLR2004 - PS3.5 7.8.1


def is_known_creator(creator: str) -> bool:
    """Return whether a private creator is one that a dictionary knows, so that it names no patient."""
    return creator in private_dictionaries


def is_length(tag: int) -> bool:
    """Return whether a tag is a group's length, or the length to the end: of no use, and retired (PS3.5 7.2)."""
    return not tag & 0xFFFF or tag == 0x00080001  # noqa: PLR2004 - (0008,0001)


def is_leftover(tag: int) -> bool:
    """Return whether a tag is none of an instance's: command, file meta, directory, delimiter, private below 10."""
    group, number = tag >> 16, tag & 0xFFFF
    return bool(number) and (group in _NOT_OF_INSTANCES or (bool(group & 1) and number < 0x10))  # noqa: PLR2004
