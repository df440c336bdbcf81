"""Data elements as they stand in a file, and back: parse and encode without interpreting values.

An untouched element goes from input to output as the bytes it was. PS3.5 section 7 is the grammar.
Everything here is strict: what does not parse to its end raises `BrokenDataset`.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from pydicom.datadict import dictionary_VR, private_dictionary_VR

if TYPE_CHECKING:
    from collections.abc import Iterable
    from mmap import mmap

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010
_PIXELS, _DOCUMENT = 0x7FE0, 0x00420011
# PS3.5 7.1.2: these VRs have a 32-bit length behind two reserved bytes.
LONG_VRS = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"])
TEXT_VRS = frozenset(["LO", "LT", "PN", "SH", "ST", "UC", "UT"])  # follow Specific Character Set
ASCII_VRS = frozenset(["AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"])
_SHORT_VRS = frozenset(["AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US"])
VRS = LONG_VRS | _SHORT_VRS
_VR_NAMES = {vr.encode(): vr for vr in VRS}
_AMBIGUOUS = {"US or SS": "US", "US or OW": "OW", "US or SS or OW": "OW", "OB or OW": "OW"}
_HEAD = {True: Struct("<HH2sH"), False: Struct(">HH2sH")}
_IMPLICIT_HEAD = {True: Struct("<HHL"), False: Struct(">HHL")}
_LONG = {True: Struct("<L"), False: Struct(">L")}


class BrokenDataset(ValueError):  # noqa: N818 - reads as what it is
    """The bytes are not a whole dataset; the message names a position, never a value."""


class TruncatedPixels(BrokenDataset):
    """The value of Pixel Data ends before the length that its header gives."""


class Element(NamedTuple):
    """One data element as it stands in the file.

    `value` is None for a bulk value left in the file at byte `tell`; `length` is its length in the
    file, or UNDEFINED (then `value` ends before the sequence delimiter). `vr` is "" in implicit VR.
    """

    tag: int
    vr: str
    value: bytes | None
    length: int
    tell: int = -1


class Encoding(NamedTuple):
    """How elements are encoded: PS3.5 A.1 to A.3."""

    implicit: bool = False
    little: bool = True


class Defer(NamedTuple):
    """From how many bytes on pixel data stays in its file: native (and documents), and encapsulated."""

    native: int = UNDEFINED
    encapsulated: int = UNDEFINED


NOTHING_DEFERRED = Defer()
EXPLICIT_LITTLE = Encoding()
IMPLICIT_LITTLE = Encoding(implicit=True)


def parse(
    data: bytes | mmap,
    start: int,
    end: int,
    encoding: Encoding,
    *,
    defer: Defer = NOTHING_DEFERRED,
    most: int = UNDEFINED,
) -> tuple[dict[int, Element], int]:
    """Return the elements of data[start:end] by tag, and where they ended.

    Ends at `end`, behind an item delimiter, or behind `most` elements. Pixel data and documents longer than `defer` says are
    not copied. Bytes behind the last element are accepted when they are all zero.

    Raises
    ------
    BrokenDataset
        When an element does not end within `end`, or a sequence has no delimiter.
    """
    implicit, little = encoding
    head, long_length, implicit_head = (
        _HEAD[little].unpack_from,
        _LONG[little].unpack_from,
        _IMPLICIT_HEAD[little].unpack_from,
    )
    names, long_vrs = _VR_NAMES, LONG_VRS
    elements: dict[int, Element] = {}
    position = start
    while position < end and len(elements) < most:
        if position + 8 > end:
            if not data[position:end].strip(b"\0"):
                return elements, end
            raise BrokenDataset(f"{end - position} bytes that are no element at byte {position}")
        if implicit:
            group, number, length = implicit_head(data, position)
            vr, value_at = "", position + 8
        else:
            group, number, code, length = head(data, position)
            known = names.get(code)
            if known is None:  # PS3.5 7.1.2 does not allow it, some writers switch inside sequences
                vr, value_at, length = _without_vr(data, position, end, encoding)
            elif known in long_vrs:
                if position + 12 > end:
                    raise BrokenDataset(f"element header cut short at byte {position}")
                vr, length, value_at = known, long_length(data, position + 8)[0], position + 12
            else:
                vr, value_at = known, position + 8
        tag = group << 16 | number
        if tag == ITEM_END:
            return elements, position + 8
        if length != UNDEFINED:
            position = value_at + length
            if position > end:
                if tag == 0 and not data[value_at - 8 : end].strip(b"\0"):
                    return elements, end
                kind = TruncatedPixels if tag == PIXEL_DATA else BrokenDataset
                raise kind(f"element ({group:04X},{number:04X}) ends {position - end} bytes behind the end")
            deferred = length > defer.native and (group == _PIXELS or tag == _DOCUMENT)
            value = None if deferred else bytes(data[value_at:position])
        else:
            if tag == PIXEL_DATA or vr in {"OB", "OW"}:
                stop = _end_of_fragments(data, value_at, end, little)
            else:
                stop = _end_of_items(data, value_at, end, IMPLICIT_LITTLE if vr == "UN" else encoding)
            value = None if stop - value_at > defer.encapsulated and group == _PIXELS else bytes(data[value_at:stop])
            position = stop + 8
        if tag == 0 and not length and not vr and not data[position - 8 : end].strip(b"\0"):
            return elements, end  # zeros behind the last element
        elements[tag] = Element(tag, vr, value, length, value_at)
    return elements, position


def _without_vr(data: bytes | mmap, position: int, end: int, encoding: Encoding) -> tuple[str, int, int]:
    """Return VR, value position and length of an element whose VR bytes are no VR."""
    group, number, length = _IMPLICIT_HEAD[encoding.little].unpack_from(data, position)
    tag = group << 16 | number
    code = bytes(data[position + 4 : position + 6])
    if tag not in (ITEM_END, 0) and code.isalpha() and code.isupper():  # a VR of a later edition: PS3.5 6.2.2 note
        if position + 12 > end:
            raise BrokenDataset(f"element header cut short at byte {position}")
        return "UN", position + 12, _LONG[encoding.little].unpack_from(data, position + 8)[0]
    return "", position + 8, length


def _end_of_fragments(data: bytes | mmap, position: int, end: int, little: bool) -> int:
    """Return where the sequence delimiter of encapsulated pixel data stands (PS3.5 A.4)."""
    unpack = _IMPLICIT_HEAD[little].unpack_from
    while position + 8 <= end:
        group, number, length = unpack(data, position)
        tag = group << 16 | number
        if tag == SEQUENCE_END:
            return position
        if tag != ITEM or length == UNDEFINED:
            raise BrokenDataset(f"no fragment where one should start, at byte {position}")
        position += 8 + length
    raise TruncatedPixels("encapsulated pixel data has no end")


def _end_of_items(data: bytes | mmap, position: int, end: int, encoding: Encoding) -> int:
    unpack = _IMPLICIT_HEAD[encoding.little].unpack_from
    while position + 8 <= end:
        group, number, length = unpack(data, position)
        tag = group << 16 | number
        if tag == SEQUENCE_END:
            return position
        if tag != ITEM:
            raise BrokenDataset(f"no item where one should start, at byte {position}")
        position = position + 8 + length if length != UNDEFINED else parse(data, position + 8, end, encoding)[1]
    raise BrokenDataset("a sequence of undefined length has no end")


def items(value: bytes, encoding: Encoding) -> list[dict[int, Element]]:
    """Return the items of a sequence's value, each as elements by tag."""
    unpack = _IMPLICIT_HEAD[encoding.little].unpack_from
    found, position, end = [], 0, len(value)
    while position + 8 <= end:
        group, number, length = unpack(value, position)
        tag = group << 16 | number
        if tag == SEQUENCE_END:
            break
        if tag != ITEM:
            raise BrokenDataset(f"no item where one should start, at byte {position} of a sequence")
        if length == UNDEFINED:
            item, position = parse(value, position + 8, end, encoding)
        else:
            stop = position + 8 + length
            if stop > end:
                raise BrokenDataset(f"an item ends {stop - end} bytes behind its sequence")
            item, position = parse(value, position + 8, stop, encoding)[0], stop
        found.append(item)
    return found


def looks_like_items(value: bytes) -> bool:
    """Return whether a UN value is a sequence in implicit VR (PS3.5 6.2.2 note 4)."""
    if not value.startswith(b"\xfe\xff\x00\xe0"):
        return False
    try:
        return bool(items(value, IMPLICIT_LITTLE))
    except BrokenDataset:
        return False


def encode_items(sequence: Iterable[Iterable[Element]], encoding: Encoding) -> bytes:
    """Return the value of a sequence: every item with its length."""
    pack = _IMPLICIT_HEAD[encoding.little].pack
    out = []
    for item in sequence:
        body = b"".join(encode(element, encoding) for element in item)
        out += [pack(0xFFFE, 0xE000, len(body)), body]
    return b"".join(out)


def encode(element: Element, encoding: Encoding) -> bytes:
    """Return an element with its value as it stands in a file."""
    if element.value is None:
        message = "a value left in its file is copied, not encoded"
        raise ValueError(message)
    head = header(element, len(element.value), encoding)
    if element.length == UNDEFINED:
        return head + element.value + _IMPLICIT_HEAD[encoding.little].pack(0xFFFE, 0xE0DD, 0)
    return head + element.value


def header(element: Element, length: int, encoding: Encoding) -> bytes:
    """Return the bytes before a value: tag, VR, length (UNDEFINED stays)."""
    tag, vr = element.tag, element.vr
    if element.length == UNDEFINED:
        length = UNDEFINED
    if encoding.implicit or not vr:
        return _IMPLICIT_HEAD[encoding.little].pack(tag >> 16, tag & 0xFFFF, length)
    if vr not in LONG_VRS:
        if length <= 0xFFFF:  # noqa: PLR2004 - sixteen bits
            return _HEAD[encoding.little].pack(tag >> 16, tag & 0xFFFF, vr.encode(), length)
        vr = "UN"  # PS3.5 6.2.2: too long for its VR's length field
    return _HEAD[encoding.little].pack(tag >> 16, tag & 0xFFFF, vr.encode(), 0) + _LONG[encoding.little].pack(length)


@lru_cache(maxsize=8192)
def dictionary_vr(tag: int) -> str | None:
    """Return the VR of a public tag (PS3.6), None when the dictionary does not know it."""
    try:
        vr = dictionary_VR(tag)
    except KeyError:
        return None
    return _AMBIGUOUS.get(vr, vr)


@lru_cache(maxsize=8192)
def private_vr(tag: int, creator: str) -> str:
    """Return the VR of a private element by its creator, "UN" when unknown."""
    try:
        vr = private_dictionary_VR(tag, creator)
    except KeyError:
        return "UN"
    return _AMBIGUOUS.get(vr, vr)
