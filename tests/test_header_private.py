"""Private blocks, unknown VRs, leftovers and graphics: what no public attribute holds (PS3.5 7.8, PS3.15 E.3.10)."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from deidentified import KEY, UID_ROOT, changes, cleaned, instance, item, recipe_of
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from dicomlab import engine
from dicomlab.header.wire import UNDEFINED, Element

SIEMENS = "SIEMENS MR HEADER"
SAFE = ["retain-safe-private"]


def with_block(
    creator: str, group: int, *elements: tuple[int, str, object], block: int = 0x10, **more: object
) -> Dataset:
    """An MR instance with one private block; elements by their last two digits."""
    ds = instance("MR", **more)
    ds.add_new(group << 16 | block, "LO", creator)
    for low, vr, value in elements:
        ds.add_new(group << 16 | block << 8 | low, vr, value)
    return ds


def private(ds: Dataset) -> list[int]:
    return [int(e.tag) for e in ds if e.tag.is_private]


# By creator ------------------------------------------------------------------------------------------


def test_private_blocks_go_with_the_basic_profile():
    before = with_block(SIEMENS, 0x0019, (0x0C, "IS", "1000"), (0x0D, "CS", "DIRECTIONAL"))
    assert private(cleaned(before)) == []


@pytest.mark.parametrize("block", [0x10, 0x11, 0x42, 0xFF])
def test_what_is_safe_by_creator_stays_whatever_block_it_reserved(block):
    # Table E.3.10-1: (0019,xx0C) of SIEMENS MR HEADER is the b-value; (0019,xx09) is not listed.
    before = with_block(SIEMENS, 0x0019, (0x0C, "IS", "1000"), (0x09, "LO", "1.0"), block=block)
    after = cleaned(before, SAFE)
    assert private(after) == [0x00190000 | block, 0x00190000 | block << 8 | 0x0C]
    assert after[0x0019, block].value == SIEMENS
    assert after[0x0019, block << 8 | 0x0C].value == 1000


@pytest.mark.parametrize("creator", ["SIEMENS MR HEADER X", "siemens mr header", "ACME", "", "SIEMENS"])
def test_the_same_numbers_with_another_creator_are_not_safe(creator):
    assert private(cleaned(with_block(creator, 0x0019, (0x0C, "IS", "1000")), SAFE)) == []


def test_blanks_around_a_creator_do_not_count():
    assert 0x0019100C in cleaned(with_block(f"{SIEMENS}   ", 0x0019, (0x0C, "IS", "1000")), SAFE)


def test_elements_without_a_creator_go():
    before = instance("MR")
    before.add_new(0x0019100C, "IS", "1000")
    assert private(cleaned(before, SAFE)) == []


def test_two_blocks_of_one_group_each_hang_on_their_own_creator():
    before = with_block(SIEMENS, 0x0019, (0x0C, "IS", "1000"))
    before.add_new(0x00190011, "LO", "ACME")
    before.add_new(0x0019110C, "IS", "2000")
    assert private(cleaned(before, SAFE)) == [0x00190010, 0x0019100C]


def test_a_creator_whose_elements_all_go_goes_too():
    assert private(cleaned(with_block(SIEMENS, 0x0019, (0x09, "LO", "x")), SAFE)) == []


def test_private_elements_inside_items_are_judged_by_the_creator_inside_the_item():
    inner = with_block(SIEMENS, 0x0019, (0x0C, "IS", "1000"))
    inner = Dataset({t: e for t, e in inner.items() if t.group == 0x0019})
    stray = item(Manufacturer="ACME")
    stray.add_new(0x0019100C, "IS", "3000")
    before = with_block(SIEMENS, 0x0019, (0x0C, "IS", "1000"), ContributingEquipmentSequence=[inner, stray])
    after = cleaned(before, SAFE)
    assert private(after.ContributingEquipmentSequence[0]) == [0x00190010, 0x0019100C]
    assert private(after.ContributingEquipmentSequence[1]) == []


def test_safe_text_is_swept_all_the_same():
    # (0019,xx0D) DiffusionDirectionality, CS
    before = with_block(SIEMENS, 0x0019, (0x0D, "CS", "QUISTGAARD"), PatientName="Quistgaard^I")
    after = cleaned(before, SAFE)
    assert "QUISTGAARD" not in str(after)


@pytest.mark.parametrize(
    ("creator", "group", "low", "left"),
    [
        ("GEMS_HELIOS_01", 0x0045, 0x01, b""),  # SS by the dictionary
        ("HOLOGIC, Inc.", 0x7E01, 0x10, b"axial "),  # SQ
        ("Philips Imaging DD 097", 0x2001, 0x31, b"axial "),  # unknown
    ],
)
def test_text_where_a_dictionary_says_otherwise_stays_without_what_identifies(creator, group, low, left):
    for text, stays in ((b"axial ", b"axial "), (b"axial of Quistgaard ", left)):
        before = with_block(creator, group, (low, "UN", text), PatientName="Quistgaard^I")
        raw = engine.instance_of(cleaned(before, SAFE)).elements.get(group << 16 | 0x1000 | low)
        assert (raw.value if raw else b"") == stays


# By rule ---------------------------------------------------------------------------------------------


def test_a_rule_retains_a_private_attribute_by_creator():
    before = with_block("ACME 1.1", 0x0029, (0x08, "LO", "phase 3"), (0x09, "LO", "other"), block=0x33)
    after = cleaned(before, SAFE, {"attribute": "(0029,'ACME 1.1',08)", "action": "K"})
    assert private(after) == [0x00290033, 0x00293308]


def test_names_in_private_text_and_names_that_a_rule_retains_are_swept():
    before = with_block(
        "ACME 1.1", 0x0029, (0x01, "PN", "Quistgaard^Ingeborg"), (0x02, "LO", "for Quistgaard"), (0x03, "LO",
        "phase 3"),
        (0x04, "UN", b"IQ Quistgaard "), (0x05, "OB", b"\1\2Quistgaard\0\0"), PatientName="Quistgaard^Ingeborg",
    )  # fmt: skip
    after = cleaned(before, SAFE, {"attribute": "creator:ACME*", "action": "K"})
    assert after[0x00291003].value == "phase 3"
    assert b"uistgaard" not in bytes_of(after)


def test_a_creator_that_names_the_patient_takes_its_block_with_it():
    before = with_block("ACME QUISTGAARD", 0x0029, (0x03, "LO", "phase 3"), PatientName="Quistgaard^Ingeborg")
    assert private(cleaned(before, SAFE, {"attribute": "creator:ACME*", "action": "K"})) == []


def test_the_plan_does_not_quote_a_creator_that_no_dictionary_knows():
    before = with_block("WARD OF DR HUBER", 0x0029, (0x03, "LO", "x"))
    before.add_new(0x00190010, "LO", SIEMENS)
    before.add_new(0x0019100C, "IS", "1000")
    paths = list(changes(before))
    assert "(0029,private,03)" in paths
    assert "(0019,'SIEMENS MR HEADER',0C)" in paths
    assert not [path for path in paths if "HUBER" in path]


def test_dates_and_uids_of_private_attributes_that_stay_follow_the_patients():
    before = with_block(
        "ACME 1.1", 0x0029, (0x01, "DA", "20240311"), (0x02, "UI", f"{UID_ROOT}.2.1"), StudyDate="20240311"
    )
    after = cleaned(
        before,
        ["retain-safe-private", "retain-modified-dates"],
        {"attribute": "(0029,'ACME 1.1',01)", "action": "shift"},
        {"attribute": "(0029,'ACME 1.1',02)", "action": "U"},
    )
    assert after[0x00291001].value == after.StudyDate != "20240311"
    assert after[0x00291002].value == after.StudyInstanceUID


# UN, and sequences that nobody sees ------------------------------------------------------------------


def bytes_of(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    dcmwrite(buffer, ds)
    return buffer.getvalue()


def read_again(ds: Dataset, syntax: str) -> Dataset:
    """The instance as it comes from a file of that transfer syntax."""
    buffer = io.BytesIO()
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    ds.file_meta.TransferSyntaxUID = syntax
    dcmwrite(buffer, ds, implicit_vr=implicit, little_endian=little, enforce_file_format=True)
    return dcmread(io.BytesIO(buffer.getvalue()))


def as_implicit(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    ds.save_as(buffer, implicit_vr=True, little_endian=True)
    return buffer.getvalue()


def cleaned_with(ds: Dataset, *elements: Element) -> dict[int, Element]:
    """What becomes of an instance that holds these elements as they would stand in a file."""
    found = engine.instance_of(ds)
    found = replace(found, elements={**found.elements, **{e.tag: e for e in elements}})
    recipe = recipe_of(())
    known = engine.gather(ds, recipe)
    cleaner = engine.Deidentifier(recipe, KEY, engine.subject_of(recipe, KEY, found), known)
    return dict(cleaner.apply(found).instance.elements)


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("keyword", ["ContributingEquipmentSequence", "OriginalAttributesSequence"])
def test_a_public_sequence_of_vr_un_is_cleaned_inside(keyword, undefined):
    tag = {"ContributingEquipmentSequence": 0x0018A001, "OriginalAttributesSequence": 0x04000561}[keyword]
    body = as_implicit(item(Manufacturer="ACME", InstitutionName="St. Brendan's", PatientName="Quistgaard^I"))
    value = b"\xfe\xff\0\xe0" + len(body).to_bytes(4, "little") + body
    before = instance("MR", PatientName="Quistgaard^I")
    after = cleaned_with(before, Element(tag, "UN", value, UNDEFINED if undefined else len(value)))
    if keyword == "OriginalAttributesSequence":
        assert tag not in after
    else:
        assert b"ACME" in after[tag].value
        assert b"uistgaard" not in after[tag].value
        assert b"Brendan" not in after[tag].value


def test_a_private_sequence_in_an_implicit_file_is_gathered_from_and_removed():
    before = with_block("ACME 1.1", 0x0029, (0x05, "SQ", Sequence([item(PatientName="Quistgaard^Ingeborg")])))
    before.ImageComments = "Ingeborg Quistgaard came alone"
    after = cleaned(read_again(before, ImplicitVRLittleEndian), ["clean-descriptors"])
    assert after.ImageComments == "came alone"
    assert private(after) == []


def test_a_private_sequence_that_a_rule_retains_is_cleaned_inside_though_it_reads_as_un():
    inner = item(PatientName="Quistgaard^Ingeborg", Manufacturer="ACME", InstitutionName="St. Brendan's")
    before = with_block("ACME 1.1", 0x0029, (0x05, "SQ", Sequence([inner])))
    after = cleaned(
        read_again(before, ImplicitVRLittleEndian), SAFE, {"attribute": "(0029,'ACME 1.1',05)", "action": "K"}
    )
    raw = bytes_of(after)
    assert b"ACME" in raw
    assert b"uistgaard" not in raw
    assert b"Brendan" not in raw


@pytest.mark.parametrize(
    ("tag", "value", "stays"),
    [
        (0x00081030, b"CT of Quistgaard", False),  # StudyDescription: X
        (0x00100010, b"Quistgaard^I", False),  # PatientName: Z
        (0x00181210, b"B30f", True),  # ConvolutionKernel: not listed
        (0x00181210, b"Quistgaard", False),
        (0x00181249, b"unlikely", False),  # no attribute of the dictionary
        (0x00189073, b"\1\2\3\4\5\6\7\x40", True),  # AcquisitionDuration, FD
    ],
)
def test_public_attributes_of_vr_un_are_read_by_the_dictionary(tag, value, stays):
    after = cleaned_with(instance("CT", PatientName="Quistgaard^Ingeborg"), Element(tag, "UN", value, len(value)))
    raw = b"".join(e.value for e in after.values())
    assert b"uistgaard" not in raw
    assert (value in raw) is stays


def test_un_that_looks_like_items_and_is_none_is_no_crash():
    before = with_block("ACME 1.1", 0x0029, (0x05, "UN", b"\xfe\xff\0\xe0\xff\xff\0\0broken"))
    after = cleaned(before, SAFE, {"attribute": "creator:ACME*", "action": "K"})
    assert after[0x00291005].value.startswith(b"\xfe\xff\0\xe0")


# Leftovers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", [0x00080000, 0x00100000, 0x00080001, 0x00290000])
def test_lengths_of_groups_go(tag):
    before = instance("CT", Manufacturer="ACME")
    before.add_new(tag, "UL", 12)
    after = cleaned(read_again(before, ImplicitVRLittleEndian))
    assert tag not in after
    assert after.Manufacturer == "ACME"


@pytest.mark.parametrize("tag", [0x00090005, 0x0009000F])
def test_private_elements_below_the_creators_go(tag):
    before = instance("CT")
    before.add_new(tag, "LO", "Quistgaard")
    assert tag not in cleaned(before, SAFE)


def test_trailing_padding_goes():
    before = instance("CT")
    before.add_new(0xFFFCFFFC, "OB", b"Quistgaard" * 3)
    assert 0xFFFCFFFC not in cleaned(before)


# Overlays and curves ---------------------------------------------------------------------------------


def with_overlay(group: int = 0x6000) -> Dataset:
    ds = instance("CT")
    for number, vr, value in ((0x0010, "US", 8), (0x0011, "US", 8), (0x0022, "LO", "Quistgaard"), (0x0040, "CS", "G"),
                              (0x0050, "SS", [1, 1]), (0x0100, "US", 1), (0x0102, "US", 0), (0x1500, "LO", "a label"),
                              (0x3000, "OW", bytes(8))):  # fmt: skip
        ds.add_new(group << 16 | number, vr, value)
    return ds


@pytest.mark.parametrize("group", [0x6000, 0x6002, 0x601E])
@pytest.mark.parametrize("options", [(), ["clean-graphics"]])
def test_an_overlay_goes_with_all_that_describes_it(group, options):
    after = cleaned(with_overlay(group), options)
    assert [e for e in after if e.tag.group == group] == []


def test_an_overlay_without_data_goes_too():
    before = with_overlay()
    del before[0x60003000]
    assert [e for e in cleaned(before) if e.tag.group == 0x6000] == []


def test_an_overlay_that_a_rule_retains_stays_but_for_its_words():
    after = cleaned(
        with_overlay(), (), {"attribute": "OverlayData", "action": "K"}, {"attribute": "(60xx,0022)", "action": "X"}
    )
    assert after[0x60003000].value == bytes(8)
    assert 0x60000022 not in after


@pytest.mark.parametrize("group", [0x5000, 0x501E])
def test_a_curve_goes_as_a_whole(group):
    before = instance("CT")
    before.add_new(group << 16 | 0x0005, "US", 2)
    before.add_new(group << 16 | 0x0022, "LO", "Quistgaard")
    before.add_new(group << 16 | 0x3000, "OW", bytes(8))
    assert [e for e in cleaned(before) if e.tag.group == group] == []


# Encodings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_an_instance_is_the_same_in_every_encoding(syntax):
    before = with_block(
        SIEMENS, 0x0019, (0x0C, "IS",
        "1000"), PatientName="Doe^J", Rows=512, PixelSpacing=[0.5, 0.5], StudyDescription="CT Doe",
        ContributingEquipmentSequence=[item(Manufacturer="ACME", PatientName="Doe^J")],
    )  # fmt: skip
    how = recipe_of("research", at_risk={"text": "keep", "face": "keep"})
    explicit = cleaned(before, how)
    other = cleaned(read_again(before, syntax), how)
    assert {e.tag: str(e.value) for e in explicit if e.VR != "SQ"} == {
        e.tag: str(e.value) for e in other if e.VR != "SQ"
    }
    assert other.file_meta.TransferSyntaxUID == syntax
    assert other.ContributingEquipmentSequence[0].PatientName == ""
