"""Where in a file something was found: which element a byte belongs to, and whether it counts there."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dicomlab.judge.attributes import name_of
from dicomlab.judge.hunting import SHORTEST_IN_PIXELS, Hunter, Place
from dicomlab.judge.pixels import PIXEL_TAGS
from dicomlab.judge.values import is_text

if TYPE_CHECKING:
    from dicomlab.judge.reading import Buffer, Element, Instance

_DOCUMENT = 0x00420011
_STREAM = re.compile(rb"stream\r?\n")
_LARGEST_STREAM = 1 << 24


def hunted_bytes(instance: Instance, hunter: Hunter) -> Iterator[tuple[str, str]]:
    """Yield (place, what was found) for identifiers in bytes that are not values of text attributes."""
    preamble = instance.preamble.strip(b"\0").decode("latin-1")
    if hunter.in_text(preamble, Place.FREE):
        yield "preamble", "an identifier before the file meta information"
    trailing = bytes(instance.body[instance.end :]).strip(b"\0")
    if hunter.in_text(trailing.decode("latin-1"), Place.FREE):
        yield "end of file", "an identifier behind the data set"
    if instance.inflated:
        yield from _hits(instance, instance.data, hunter, mapped=False)
    yield from _hits(instance, instance.body, hunter, mapped=True)
    document = instance.find(_DOCUMENT)
    if document is not None and len(document.value):
        yield from _in_document(bytes(document.value), hunter)


def _hits(instance: Instance, data: Buffer, hunter: Hunter, *, mapped: bool) -> Iterator[tuple[str, str]]:
    for hit, pattern in hunter.in_bytes(data):
        found = _element_at(instance, hit.offset) if mapped else None
        if found is None:
            in_pixels = False
            where = f"byte {hit.offset}"
        else:
            element, where = found
            if is_text(element.vr):
                continue  # read as text, with what counts in such an attribute
            in_pixels = element.tag in PIXEL_TAGS and element.fragments is None
        if not in_pixels or len(pattern) >= SHORTEST_IN_PIXELS:
            yield where, f"an identifier in bytes: {hit.kind}"


def _element_at(instance: Instance, offset: int) -> tuple[Element, str] | None:
    """Return the element whose value holds a byte, and its path; None for structure and what lies outside."""
    if not instance.inflated:
        for tag, element in instance.meta.items():
            if element.start <= offset < element.end:
                return element, name_of(tag)
    return _below(instance.dataset, offset, "")


def _below(elements: list[Element], offset: int, text: str) -> tuple[Element, str] | None:
    for element in elements:
        if element.start <= offset < element.end:
            where = text + name_of(element.tag, element.creator)
            if element.items is None:
                return element, where
            for number, item in enumerate(element.items):
                found = _below(item, offset, f"{where}[{number}].")
                if found is not None:
                    return found
    return None


def _in_document(data: bytes, hunter: Hunter) -> Iterator[tuple[str, str]]:
    """Look into the deflated streams of an encapsulated PDF, and into text documents."""
    texts = [data] if b"\0" not in data[:1024] else []
    for match in _STREAM.finditer(data):
        stream = zlib.decompressobj()
        try:
            texts.append(stream.decompress(data[match.end() :], _LARGEST_STREAM))
        except zlib.error:
            continue
    for content in texts:
        if hunter.in_text(content.decode("utf-8", "replace"), Place.REPORT):
            yield "EncapsulatedDocument", "an identifier inside the document"
            return
