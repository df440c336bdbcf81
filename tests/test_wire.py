"""Elements as they stand in a file: parsed, encoded, and refused when they are not whole (PS3.5 section 7)."""

from __future__ import annotations

from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from dicomlab.errors import DicomlabError
from dicomlab.header import wire
from dicomlab.header.wire import BrokenDataset, Defer, Element, Encoding

EXPLICIT, IMPLICIT, BIG = Encoding(), Encoding(implicit=True), Encoding(little=False)
ENCODINGS = [EXPLICIT, IMPLICIT, BIG]
END = b"\xfe\xff\xdd\xe0\0\0\0\0"
ITEM_END = b"\xfe\xff\x0d\xe0\0\0\0\0"


def parsed(data: bytes, encoding: Encoding = EXPLICIT) -> dict[int, Element]:
    elements, end = wire.parse(data, 0, len(data), encoding)
    assert end == len(data)
    return elements


def without_places(elements: dict[int, Element]) -> list[tuple[object, ...]]:
    return [element[:4] for element in elements.values()]


# Trees of elements -----------------------------------------------------------------------------------

tags = st.integers(0x00080001, 0x7FDFFFFF).filter(lambda tag: tag & 0xFFFF and tag >> 16 != 0xFFFE)
even = st.binary(max_size=12).map(lambda b: b + b"\0" * (len(b) % 2))


@st.composite
def leaves(draw: st.DrawFn, *, implicit: bool) -> tuple[str, bytes, int]:
    vr = "" if implicit else draw(st.sampled_from(sorted(wire.VRS - {"SQ"})))
    value = draw(even)
    return vr, value, len(value)


@st.composite
def sequences(draw: st.DrawFn, encoding: Encoding, deeper: st.SearchStrategy) -> tuple[str, bytes, int]:
    pack_head = lambda length: wire.Struct("<HHL" if encoding.little else ">HHL").pack(0xFFFE, 0xE000, length)  # noqa: E731
    end = wire.Struct("<HHL" if encoding.little else ">HHL").pack(0xFFFE, 0xE00D, 0)
    value = b""
    for item in draw(st.lists(deeper, max_size=3)):
        body = b"".join(wire.encode(element, encoding) for element in item)
        value += pack_head(len(body)) + body if draw(st.booleans()) else pack_head(wire.UNDEFINED) + body + end
    return "" if encoding.implicit else "SQ", value, wire.UNDEFINED if draw(st.booleans()) else len(value)


@st.composite
def items_of(draw: st.DrawFn, encoding: Encoding, depth: int) -> list[Element]:
    found = []
    for tag in sorted(draw(st.sets(tags, max_size=4))):
        kinds = [leaves(implicit=encoding.implicit)]
        if depth:
            kinds.append(sequences(encoding, items_of(encoding, depth - 1)))
        found.append(Element(tag, *draw(st.one_of(kinds))))
    return found


trees = st.sampled_from(ENCODINGS).flatmap(lambda e: st.tuples(st.just(e), items_of(e, 3)))


@given(trees)
@settings(deadline=None, max_examples=150)
def test_what_is_encoded_is_parsed_as_the_same(tree):
    encoding, elements = tree
    data = b"".join(wire.encode(element, encoding) for element in elements)
    assert without_places(parsed(data, encoding)) == [element[:4] for element in elements]


@given(trees)
@settings(deadline=None, max_examples=100)
def test_a_sequence_taken_apart_and_put_together_says_the_same(tree):
    encoding, elements = tree
    value = wire.encode_items([elements, elements], encoding)
    again = wire.items(value, encoding)
    assert [without_places(item) for item in again] == [[element[:4] for element in elements]] * 2


@given(trees, st.data())
@settings(deadline=None, max_examples=100)
def test_cut_at_any_byte_it_is_broken_or_a_part_of_the_whole(tree, data):
    encoding, elements = tree
    raw = b"".join(wire.encode(element, encoding) for element in elements)
    cut = data.draw(st.integers(0, len(raw)))
    try:
        found, _ = wire.parse(raw, 0, cut, encoding)
        other, _ = wire.parse(raw[:cut], 0, cut, encoding)
    except BrokenDataset:
        return
    assert found == other
    assert without_places(found) == [element[:4] for element in elements[: len(found)]]


@given(st.binary(max_size=400), st.sampled_from(ENCODINGS))
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_elements_or_broken(data, encoding):
    try:
        elements, end = wire.parse(data, 0, len(data), encoding)
    except BrokenDataset:
        return
    assert end <= len(data)
    assert all(element.value is not None for element in elements.values())


@given(trees, st.data())
@settings(deadline=None, max_examples=300)
def test_with_bytes_changed_it_is_elements_or_broken(tree, data):
    encoding, elements = tree
    raw = bytearray(b"".join(wire.encode(element, encoding) for element in elements))
    if not raw:
        return
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        found, _ = wire.parse(bytes(raw), 0, len(raw), encoding)
        for element in found.values():
            if element.vr == "SQ" and element.value is not None:
                wire.items(element.value, encoding)
            wire.looks_like_items(element.value or b"")
    except BrokenDataset:
        return


def test_broken_is_one_of_our_errors():
    assert issubclass(BrokenDataset, DicomlabError)


# What pydicom writes ---------------------------------------------------------------------------------


def written(dataset: Dataset, encoding: Encoding) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = encoding.implicit, encoding.little
    write_dataset(buffer, dataset)
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_pydicom_writes_is_read_and_comes_back_byte_for_byte(encoding):
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3"
    outer = Dataset()
    outer.ReferencedImageSequence = Sequence([inner, inner])
    outer.PatientName, outer.Rows, outer.PixelSpacing = "Doe^Jane", 512, [0.5, 0.5]
    outer.TextValue, outer.RedPaletteColorLookupTableDescriptor = "long", [256, 0, 16]
    raw = written(outer, encoding)
    elements = parsed(raw, encoding)
    assert elements[0x00100010].value == b"Doe^Jane"
    assert elements[0x00100010].vr == ("" if encoding.implicit else "PN")
    assert elements[0x00280010].value == (512).to_bytes(2, "little" if encoding.little else "big")
    assert [item[0x00081155].value for item in wire.items(elements[0x00081140].value, encoding)] == [b"1.2.3\0"] * 2
    assert b"".join(wire.encode(element, encoding) for element in elements.values()) == raw


# Forms that the standard knows -----------------------------------------------------------------------


def test_a_short_vr_has_two_bytes_of_length_and_a_long_one_four_behind_two_reserved():
    assert wire.encode(Element(0x00100020, "LO", b"AB", 2), EXPLICIT) == b"\x10\0\x20\0LO\2\0AB"
    assert wire.encode(Element(0x00420011, "OB", b"AB", 2), EXPLICIT) == b"\x42\0\x11\0OB\0\0\2\0\0\0AB"
    assert wire.encode(Element(0x00100020, "LO", b"AB", 2), BIG) == b"\0\x10\0\x20LO\0\2AB"
    assert wire.encode(Element(0x00100020, "", b"AB", 2), IMPLICIT) == b"\x10\0\x20\0\2\0\0\0AB"


def test_a_value_too_long_for_its_vr_is_written_with_vr_un():
    element = Element(0x00204000, "LT", b" " * 65536, 65536)
    raw = wire.encode(element, EXPLICIT)
    assert raw[4:12] == b"UN\0\0\0\0\1\0"
    assert parsed(raw)[0x00204000].value == element.value


def test_a_vr_of_a_later_edition_is_read_as_un_with_four_bytes_of_length():
    data = b"\x10\0\x20\0ZZ\0\0\2\0\0\0AB" + b"\x10\0\x40\0CS\2\0M "
    assert without_places(parsed(data)) == [(0x00100020, "UN", b"AB", 2), (0x00100040, "CS", b"M ", 2)]


def test_an_element_without_vr_between_others_is_read_as_implicit():
    data = b"\x10\0\x20\0\2\0\0\0AB" + b"\x10\0\x40\0CS\2\0M "
    assert without_places(parsed(data)) == [(0x00100020, "", b"AB", 2), (0x00100040, "CS", b"M ", 2)]


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 7, b"\0" * 8, b"\0" * 513])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_zeros_behind_the_last_element_are_no_element(tail, encoding):
    data = wire.encode(Element(0x00100020, "LO", b"AB", 2), encoding)
    elements, end = wire.parse(data + tail, 0, len(data + tail), encoding)
    assert list(elements) == [0x00100020]
    assert end == len(data + tail)


def test_other_bytes_behind_the_last_element_are_broken():
    data = wire.encode(Element(0x00100020, "LO", b"AB", 2), EXPLICIT)
    with pytest.raises(BrokenDataset, match="no element at byte 10"):
        parsed(data + b"\0\0\1")


def test_private_un_of_undefined_length_holds_items_in_implicit_vr():
    inner = b"\x10\0\x20\0\2\0\0\0AB"
    data = b"\x09\0\1\x10UN\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0" + pack("<L", len(inner)) + inner + END
    element = parsed(data)[0x00091001]
    assert element.length == wire.UNDEFINED
    assert wire.items(element.value, IMPLICIT)[0][0x00100020].value == b"AB"
    assert wire.encode(element, EXPLICIT) == data


@pytest.mark.parametrize("delimiter", [END, b"\xff\xfe\xe0\xdd\0\0\0\0"])
def test_in_big_endian_items_of_un_are_little_endian_and_end_in_either_order(delimiter):
    inner = b"\x10\0\x20\0\2\0\0\0AB"
    items = b"\xfe\xff\0\xe0" + pack("<L", len(inner)) + inner
    data = b"\0\x09\x10\1UN\0\0\xff\xff\xff\xff" + items + delimiter + b"\0\x10\0\x40CS\0\2M "
    elements = parsed(data, BIG)
    assert wire.items(elements[0x00091001].value, IMPLICIT)[0][0x00100020].value == b"AB"
    assert elements[0x00100040].value == b"M "


def test_fragments_are_kept_as_they_are():
    fragments = b"\xfe\xff\0\xe0\0\0\0\0" + b"\xfe\xff\0\xe0\2\0\0\0\xff\xd8"
    data = b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff" + fragments + END
    element = parsed(data)[0x7FE00010]
    assert (element.value, element.length) == (fragments, wire.UNDEFINED)
    assert wire.encode(element, EXPLICIT) == data


def test_bulk_can_be_left_in_the_file():
    data = b"\xe0\x7f\x10\0OW\0\0" + pack("<L", 10) + bytes(10)
    elements, _ = wire.parse(data, 0, len(data), EXPLICIT, defer=Defer(native=9))
    assert elements[0x7FE00010] == Element(0x7FE00010, "OW", None, 10, 12)
    with pytest.raises(ValueError, match="copied, not encoded"):
        wire.encode(elements[0x7FE00010], EXPLICIT)


# What is broken --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x10\0\x20\0LO\4\0AB", r"\(0010,0020\) ends 2 bytes behind the end"),
        (b"\x42\0\x11\0OB\0\0", "cut short at byte 0"),
        (b"\x42\0\x11\0OB\0\0\xfe\xff\xff\xff", "behind the end"),
        (b"\x10\0\x20\0LO", "no element at byte 0"),
        (b"\x40\0\x30\xa7SQ\0\0\xff\xff\xff\xff", "has no end"),
        (b"\x40\0\x30\xa7SQ\0\0\xff\xff\xff\xff\x10\0\x20\0\0\0\0\0" + END, "no item where one should start"),
        (b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\2\0\0\0\xff\xd8", "has no end"),
        (b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" + END, "no fragment"),
    ],
)
def test_what_does_not_end_where_it_says_is_broken(data, why):
    with pytest.raises(BrokenDataset, match=why):
        wire.parse(data, 0, len(data), EXPLICIT)


def test_pixel_data_that_ends_early_is_told_apart():
    with pytest.raises(wire.TruncatedPixels):
        parsed(b"\xe0\x7f\x10\0OW\0\0\4\0\0\0AB")
    with pytest.raises(wire.TruncatedPixels):
        parsed(b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\0\0\0\0")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"\x10\0\x20\0\2\0\0\0AB", "no item where one should start"),
        (b"\xfe\xff\0\xe0\xff\0\0\0", "behind its sequence"),
        (b"\xfe\xff\0\xe0\x12\0\0\0\x10\0\x20\0LO\0\0" + ITEM_END + b"AB", "behind its delimiter"),
        (b"\xfe\xff\0\xe0\0\0\0\0\1\2\3", "behind its last item"),
        (END + b"secret..", "behind its last item"),
    ],
)
def test_a_sequence_that_holds_more_than_items_is_broken(value, why):
    with pytest.raises(BrokenDataset, match=why):
        wire.items(value, EXPLICIT)


@pytest.mark.parametrize(
    "value", [b"", END, b"\xfe\xff\0\xe0\0\0\0\0" + END, b"\xfe\xff\0\xe0\xff\xff\xff\xff" + ITEM_END]
)
def test_empty_sequences_and_items_are_whole(value):
    assert all(item == {} for item in wire.items(value, EXPLICIT))


@pytest.mark.parametrize("data", [b"", b"AB", bytes(8), b"\xfe\xff\0\xe0\xff\0\0\0", b"\xfe\xff\0\xe0\0\0\0\0AB"])
def test_bytes_that_only_start_like_items_are_none(data):
    assert not wire.looks_like_items(data)


def nested(depth: int, *, undefined: bool) -> bytes:
    """Content Sequence in Content Sequence, in explicit VR."""
    value = b""
    for _ in range(depth):
        item = b"\xfe\xff\0\xe0" + (
            pack("<L", wire.UNDEFINED) + value + ITEM_END if undefined else pack("<L", len(value)) + value
        )
        length = wire.UNDEFINED if undefined else len(item)
        value = b"\x40\0\x30\xa7SQ\0\0" + pack("<L", length) + item + (END if undefined else b"")
    return value


def test_nesting_as_deep_as_any_instance_needs_is_read():
    data = nested(wire.DEEPEST, undefined=True)
    assert list(parsed(data)) == [0x0040A730]


@pytest.mark.parametrize("depth", [wire.DEEPEST + 1, 2000])
def test_nesting_without_end_is_broken_and_no_recursion_error(depth):
    with pytest.raises(BrokenDataset, match="nested deeper"):
        parsed(nested(depth, undefined=True))


def test_messages_name_places_and_no_values():
    with pytest.raises(BrokenDataset) as caught:
        parsed(b"\x10\0\x10\0PN\x20\0Quistgaard")
    assert "Quistgaard" not in str(caught.value)


# Dictionaries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "vr"), [(0x00100010, "PN"), (0x00280106, "US"), (0x7FE00010, "OW"), (0x60023000, "OW"), (0x00100009, None)]
)
def test_the_vr_of_a_public_tag_is_the_dictionarys_the_first_where_there_are_two(tag, vr):
    assert wire.dictionary_vr(tag) == vr


def test_the_vr_of_a_private_tag_hangs_on_its_creator_whatever_its_block():
    assert wire.private_vr(0x0019100C, "SIEMENS MR HEADER") == "IS"
    assert wire.private_vr(0x0019420C, "SIEMENS MR HEADER") == "IS"
    assert wire.private_vr(0x0019100C, "ANOTHER") == "UN"
