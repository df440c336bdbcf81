"""Data elements as they stand in a file, and back: parse and encode without interpreting values.

An untouched element goes from input to output as the bytes it was. PS3.5 section 7 is the grammar.
Everything here is strict: what does not parse to its end raises `BrokenDataset`.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from pydicom.datadict import dictionary_VR, private_dictionary_VR

from dicomlab.errors import DicomlabError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from mmap import mmap

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_SWAPPED_END = 0xFEFFDDE0
PIXEL_DATA = 0x7FE00010
_PIXELS, _DOCUMENT = 0x7FE0, 0x00420011
# PS3.5 7.1.2: these VRs have a 32-bit length behind two reserved bytes.
LONG_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
TEXT_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})  # follow Specific Character Set
ASCII_VRS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"})
_SHORT_NUMBERS = frozenset({"AT", "FD", "FL", "SL", "SS", "UL", "US"})
_SHORT_VRS = (TEXT_VRS | ASCII_VRS | _SHORT_NUMBERS) - LONG_VRS
VRS = LONG_VRS | _SHORT_VRS
_VR_NAMES = {vr.encode(): vr for vr in VRS}
_AMBIGUOUS = {"US or SS": "US", "US or OW": "OW", "US or SS or OW": "OW", "OB or OW": "OW"}
_HEAD = {True: Struct("<HH2sH"), False: Struct(">HH2sH")}
_IMPLICIT_HEAD = {True: Struct("<HHL"), False: Struct(">HHL")}
_LONG = {True: Struct("<L"), False: Struct(">L")}
# No instance nests sequences deeper; whoever walks one may recurse.
DEEPEST = 64
TOO_DEEP = f"sequences are nested deeper than {DEEPEST} levels"


class BrokenDataset(DicomlabError, ValueError):  # noqa: N818 - reads as what it is
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
    depth: int = 0,
) -> tuple[dict[int, Element], int]:
    """Return the elements of data[start:end] by tag, and where they ended.

    Ends at `end`, behind an item delimiter, or behind `most` elements. Pixel data and documents longer
    than `defer` says are not copied. Bytes behind the last element are accepted when they are all zero.
    `depth`: how many sequences stand around it.

    Raises
    ------
    BrokenDataset
        When an element does not end within `end`, or a sequence has no delimiter.
    """
    elements: dict[int, Element] = {}
    position = start
    while position < end and len(elements) < most:
        tag, vr, length, value_at = _head(data, position, end, encoding)
        if tag == ITEM_END:
            return elements, value_at
        if not tag and not data[position:end].strip(b"\0"):
            return elements, end
        if length != UNDEFINED:
            position = stop = value_at + length
            if stop > end:
                kind = TruncatedPixels if tag == PIXEL_DATA else BrokenDataset
                raise kind(f"element ({tag >> 16:04X},{tag & 0xFFFF:04X}) ends {stop - end} bytes behind the end")
            deferred = length > defer.native and (tag >> 16 == _PIXELS or tag == _DOCUMENT)
        else:
            if tag == PIXEL_DATA or vr in {"OB", "OW"}:
                stop = _end_of_fragments(data, value_at, end, encoding)
            else:
                stop = _end_of_items(data, value_at, end, IMPLICIT_LITTLE if vr == "UN" else encoding, depth=depth + 1)
            deferred = stop - value_at > defer.encapsulated and tag >> 16 == _PIXELS
            position = stop + 8
        elements[tag] = Element(tag, vr, None if deferred else bytes(data[value_at:stop]), length, value_at)
    return elements, position


def _head(data: bytes | mmap, position: int, end: int, encoding: Encoding) -> tuple[int, str, int, int]:
    """Return tag, VR and length of an element, and where its value starts."""
    if position + 8 > end:
        if not data[position:end].strip(b"\0"):
            return 0, "", 0, end
        raise BrokenDataset(f"{end - position} bytes that are no element at byte {position}")
    little = encoding.little
    group, number, code, length = _HEAD[little].unpack_from(data, position)
    tag = group << 16 | number
    vr = "" if encoding.implicit else _VR_NAMES.get(code)
    if vr is None:  # PS3.5 7.1.2 does not allow it, some writers switch inside sequences
        later = tag not in (ITEM_END, 0) and code.isalpha() and code.isupper()
        vr = "UN" if later else ""  # a VR of a later edition has a long length (PS3.5 6.2.2 note)
    if not vr:
        return tag, vr, _LONG[little].unpack_from(data, position + 4)[0], position + 8
    if vr not in LONG_VRS:
        return tag, vr, length, position + 8
    if position + 12 > end:
        raise BrokenDataset(f"element header cut short at byte {position}")
    return tag, vr, _LONG[little].unpack_from(data, position + 8)[0], position + 12


def _end_of_fragments(data: bytes | mmap, position: int, end: int, encoding: Encoding) -> int:
    """Return where the sequence delimiter of encapsulated pixel data stands (PS3.5 A.4)."""
    unpack = _IMPLICIT_HEAD[encoding.little].unpack_from
    while position + 8 <= end:
        group, number, length = unpack(data, position)
        tag = group << 16 | number
        if tag == SEQUENCE_END:
            return position
        if tag != ITEM or length == UNDEFINED:
            raise BrokenDataset(f"no fragment where one should start, at byte {position}")
        position += 8 + length
    raise TruncatedPixels("encapsulated pixel data has no end")


def _end_of_items(data: bytes | mmap, position: int, end: int, encoding: Encoding, *, depth: int) -> int:
    """Return where the delimiter of a sequence of undefined length stands (PS3.5 7.5.2).

    In Big Endian the items of a sequence of VR UN are Little Endian; writers differ on its own delimiter.
    """
    if depth > DEEPEST:
        raise BrokenDataset(TOO_DEEP)
    unpack = _IMPLICIT_HEAD[encoding.little].unpack_from
    while position + 8 <= end:
        group, number, length = unpack(data, position)
        tag = group << 16 | number
        if tag in (SEQUENCE_END, _SWAPPED_END):
            return position
        if tag != ITEM:
            raise BrokenDataset(f"no item where one should start, at byte {position}")
        if length != UNDEFINED:
            position += 8 + length
        else:
            position = parse(data, position + 8, end, encoding, depth=depth)[1]
    raise BrokenDataset("a sequence of undefined length has no end")


def items(value: bytes, encoding: Encoding) -> list[dict[int, Element]]:
    """Return the items of a sequence's value, each as elements by tag.

    Raises
    ------
    BrokenDataset
        The value is not a row of whole items.
    """
    unpack = _IMPLICIT_HEAD[encoding.little].unpack_from
    found: list[dict[int, Element]] = []
    position, end = 0, len(value)
    while position + 8 <= end:
        group, number, length = unpack(value, position)
        tag = group << 16 | number
        if tag == SEQUENCE_END:  # some writers end a sequence of defined length with one
            position += 8
            break
        if tag != ITEM:
            raise BrokenDataset(f"no item where one should start, at byte {position} of a sequence")
        stop = end if length == UNDEFINED else position + 8 + length
        if stop > end:
            raise BrokenDataset(f"an item ends {stop - end} bytes behind its sequence")
        item, ended = parse(value, position + 8, stop, encoding)
        if length != UNDEFINED and value[ended:stop].strip(b"\0"):
            raise BrokenDataset(f"an item has {stop - ended} bytes behind its delimiter")
        found.append(item)
        position = ended if length == UNDEFINED else stop
    if value[position:].strip(b"\0"):
        raise BrokenDataset(f"a sequence has {end - position} bytes behind its last item")
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
        raise ValueError("a value left in its file is copied, not encoded")
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
