"""Every element at every depth, with its path and its text: for people and tables, not for runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomlab.header import charsets, values, wire
from dicomlab.header.names import CHARACTER_SET, attribute_name, charset_of, creators_of, effective_vr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dicomlab.header.wire import Element, Encoding

_SHOWN_BYTES = 4096


def walk(
    elements: Mapping[int, Element], encoding: Encoding, *, prefix: str = "", charset: tuple[str, ...] | None = None
) -> Iterator[tuple[str, Element, str, str, str]]:
    """Yield (attribute path, element, VR, private creator, text) in the order of the tags.

    The text of binary values is their length; of a sequence, the number of its items, before they follow.

    Raises
    ------
    BrokenDataset
        A sequence does not parse, or sequences are nested deeper than any instance nests them.
    """
    if prefix.count("].") > wire.DEEPEST:
        raise wire.BrokenDataset(wire.TOO_DEEP)
    if charset is None or CHARACTER_SET in elements:
        charset = charset_of(elements)
    creators = creators_of(elements)
    for tag in sorted(elements):
        element = elements[tag]
        creator = creators.get(tag >> 8, "")
        vr = effective_vr(element, creator)
        path = prefix + attribute_name(tag, creator)
        if vr == "SQ":
            inner = wire.IMPLICIT_LITTLE if element.vr == "UN" else encoding
            items = wire.items(element.value or b"", inner)
            yield path, element, vr, creator, f"{len(items)} items"
            for number, item in enumerate(items):
                yield from walk(item, inner, prefix=f"{path}[{number}].", charset=charset)
        else:
            yield path, element, vr, creator, text_of(element, vr, charset, little=encoding.little)


def text_of(element: Element, vr: str, charset: tuple[str, ...], *, little: bool) -> str:
    """Return a value as a person reads it; bulk and binary values as their length."""
    value = element.value
    if value is None or len(value) > _SHOWN_BYTES:
        return f"{element.length if value is None else len(value)} bytes"
    if vr in wire.TEXT_VRS or vr in wire.ASCII_VRS:
        return charsets.decode(value, vr, charset)[0].strip(" \0")
    numbers = values.numbers(value, vr, little=little)
    return f"{len(value)} bytes" if numbers is None else "\\".join(f"{n:g}" for n in numbers)
