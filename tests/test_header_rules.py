"""The verbs of a recipe's rules, and values that they cannot act on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from deidentified import KEY, changes, cleaned, instance, item, recipe_of

from dicomlab import engine, pseudonyms
from dicomlab.header import values
from dicomlab.header.wire import Element


def ruled(keyword: str, before: object, action: str, **arguments: object) -> object:
    """The value after a rule, None when the attribute is gone."""
    after = cleaned(instance("CT", **{keyword: before}), (), {"attribute": keyword, "action": action, **arguments})
    return after[keyword].value if keyword in after else None


def ruled_raw(tag: int, vr: str, value: bytes, rule: dict[str, object]) -> bytes | None:
    """The same for a value that pydicom would not let be set."""
    found = engine.instance_of(instance("CT"))
    found = replace(found, elements={**found.elements, tag: Element(tag, vr, value, len(value))})
    recipe = recipe_of((), rule)
    cleaner = engine.Deidentifier(recipe, KEY, engine.subject_of(recipe, KEY, found))
    after = cleaner.apply(found).instance.elements.get(tag)
    return None if after is None else after.value


# Letters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "keyword", "value", "after"),
    [
        ("X", "Manufacturer", "ACME", ""),  # Type 2: validity wins over the rule
        ("X", "ManufacturerModelName", "S1", None),
        ("Z", "ManufacturerModelName", "S1", ""),
        ("D", "ManufacturerModelName", "S1", "DEIDENTIFIED"),
        ("K", "AccessionNumber", "A123456", "A123456"),
        ("K", "ReferringPhysicianName", "Roe^Richard", "Roe^Richard"),
        ("K", "StudyDate", "20240311", "20240311"),
        ("K", "PatientID", "PX-1", "PX-1"),
        ("C", "StudyDescription", "CT for Dr. Roe", "CT"),
        ("C", "StudyDate", "20240311", None),
    ],
)
def test_a_letter_of_the_table_may_be_given_by_a_rule(action, keyword, value, after):
    if (action, keyword) == ("C", "StudyDate"):
        after = pseudonyms.shift_date(value, days(), "DA")
    assert ruled(keyword, value, action) == after


def days() -> int:
    return pseudonyms.date_offset_days(KEY, ("", "PX-4471"), range_days=3650, whole_weeks=False)


def test_what_a_rule_keeps_is_still_swept_of_what_else_identifies():
    before = instance("CT", OtherPatientIDs=["PX-4471", "OX-9999"], AccessionNumber="A123456")
    after = cleaned(before, (), {"attribute": "OtherPatientIDs", "action": "K"})
    assert list(after.OtherPatientIDs) == ["", "OX-9999"]


def test_keeping_a_sequence_cleans_inside():
    before = instance(
        "CT", OtherPatientIDsSequence=[item(PatientID="OX-1", TypeOfPatientID="TEXT", IssuerOfPatientID="H")]
    )
    inner = cleaned(before, (), {"attribute": "OtherPatientIDsSequence", "action": "K"}).OtherPatientIDsSequence[0]
    assert inner.TypeOfPatientID == "TEXT"
    assert inner.PatientID not in ("OX-1", "")
    assert "IssuerOfPatientID" not in inner


# replace ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "before", "new", "after"),
    [
        ("InstitutionName", "St. Brendan's", "Site 7", "Site 7"),
        ("PatientSex", "F", "O", "O"),
        ("ReferringPhysicianName", "Roe^R", "Somebody", "Somebody"),
        ("PatientWeight", "71.5", "70", 70),
        ("StudyDate", "20240311", "20200101", "20200101"),
    ],
)
def test_replace_puts_the_given_value(keyword, before, new, after):
    assert ruled(keyword, before, "replace", value=new) == after


@pytest.mark.parametrize(
    ("text", "vr", "packed"),
    [
        ("256", "US", b"\0\1"),
        ("1\\2", "UL", b"\1\0\0\0\2\0\0\0"),
        ("-1", "SS", b"\xff\xff"),
        ("1.5", "FL", b"\0\0\xc0\x3f"),
        ("70000", "US", None),
        ("1.5", "US", None),
        ("many", "FD", None),
        ("", "US", None),
    ],
)
def test_numbers_given_as_text_are_packed_or_refused(text, vr, packed):
    assert values.packed(text, vr, little=True) == packed


def test_replace_is_written_in_the_instances_character_set():
    before = instance("CT", SpecificCharacterSet="ISO_IR 100", InstitutionName="x")
    after = cleaned(before, (), {"attribute": "InstitutionName", "action": "replace", "value": "Süd"})
    assert after.InstitutionName == "Süd"


# hash ------------------------------------------------------------------------------------------------


def test_hash_gives_a_code_that_fits_sh_and_is_the_same_for_the_same():
    one, same, other = (ruled("AccessionNumber", v, "hash") for v in ("A123456", "A123456 ", "A123457"))
    assert one == same != other
    assert len(one) == 16
    assert values.fits(one, "CS")


def test_hash_takes_each_of_several_values_and_leaves_empty_ones():
    after = ruled("OtherPatientIDs", ["OX-1", "", "OX-2"], "hash")
    assert [len(v) for v in after] == [16, 0, 16]
    assert ruled("AccessionNumber", "", "hash") == ""


def test_hashes_of_two_attributes_do_not_compare():
    assert ruled("AccessionNumber", "A123456", "hash") != ruled("StudyID", "A123456", "hash")


# shift -----------------------------------------------------------------------------------------------


def test_shift_moves_by_the_patients_days():
    assert ruled("StudyDate", "20240311", "shift") == pseudonyms.shift_date("20240311", days(), "DA")
    moved = ruled("AcquisitionDateTime", "20240311101500.5+0100", "shift")
    assert str(moved) == pseudonyms.shift_date("20240311", days(), "DA") + "101500.5+0100"


def test_shift_of_the_birth_date_moves_it_with_the_others():
    assert ruled("PatientBirthDate", "19631204", "shift") == pseudonyms.shift_date("19631204", days(), "DA")


@pytest.mark.parametrize(("tag", "after"), [(0x00080020, b""), (0x00080021, None)])
@pytest.mark.parametrize("value", [b"202403", b"yesterday ", b"00010101"])
def test_what_cannot_be_shifted_takes_the_profiles_action(tag, after, value):
    rule = {"attribute": f"({tag >> 16:04X},{tag & 0xFFFF:04X})", "action": "shift"}
    assert ruled_raw(tag, "DA", value, rule) == after


# bin -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "value", "width", "after"),
    [
        ("PatientWeight", "71.3", 5, 70),
        ("PatientWeight", "72.6", 5, 75),
        ("PatientSize", "1.734", 0.05, 1.75),
        ("PatientAge", "043Y", 5, "040Y"),
        ("PatientAge", "095Y", 5, "090Y"),
        ("PatientAge", "006M", 5, "006M"),
        ("HeartRate", "73", 5, 75),
    ],
)
def test_bin_tells_the_nearest_multiple(keyword, value, width, after):
    assert ruled(keyword, value, "bin", width=width) == after


@pytest.mark.parametrize("value", [b"heavy ", b"nan ", b"inf ", b"1e400 "])
def test_what_is_no_number_takes_the_profiles_action(value):
    assert ruled_raw(0x00101030, "DS", value, {"attribute": "PatientWeight", "action": "bin", "width": 5}) is None


@pytest.mark.parametrize(
    ("vr", "value", "width", "after"),
    [
        ("DS", b"1\\ \\3", 2.0, b"0\\\\4"),  # half to even; the empty one stays
        ("DS", b"123456789012345.6 ", 0.1, b"123456789012346 "),  # 16 characters
        ("DS", b"-1.5e-300", 1e-301, b"-1.5e-300 "),
        ("IS", b"-7", 5.0, b"-5"),
        ("IS", b"99999999999", 1e13, b"0 "),
        ("IS", b"999999999999", 1e12, None),  # 13 digits
        ("US", b"\x07\0\x08\0", 5.0, b"\x05\0\x0a\0"),
        ("US", b"\xff\xff", 100.0, None),  # 65500 fits, 65535 rounds to 65500
        ("SS", b"\xff\x7f", 1000.0, None),  # 33000
        ("FD", b"\0\0\0\0\0\0\xf8\x7f", 1.0, None),  # not a number
        ("FL", b"\0\0", 1.0, None),  # cut short
        ("LO", b"12", 1.0, None),
    ],
)
def test_bins_stay_valid_for_the_vr(vr, value, width, after):
    if (vr, value) == ("US", b"\xff\xff"):
        after = (65500).to_bytes(2, "little")
    assert values.binned(value, vr, width, little=True) == after


# truncate, regex -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "value", "length", "after"),
    [
        ("StudyDescription", "CT Thorax", 2, "CT"),
        ("ReferringPhysicianName", "Holmberg^Sten", 3, "Hol"),
        ("SoftwareVersions", ["VB17A", "HP"], 3, ["VB1", "HP"]),
    ],
)
def test_truncate_keeps_the_first_characters(keyword, value, length, after):
    found = ruled(keyword, value, "truncate", length=length)
    assert (list(found) if isinstance(after, list) else found) == after


@pytest.mark.parametrize(
    ("keyword", "before", "rule", "after"),
    [
        ("StudyDescription", "Study-0042-CT", (r"\d+", ""), "Study--CT"),
        ("SoftwareVersions", "VB17A build 991", (r" build \d+", ""), "VB17A"),
        ("StudyID", "1", ("1", "x" * 17), ""),  # too long for SH: the profile's Z
        ("BodyPartExamined", "CHEST", ("CHEST", "Thorax"), None),  # no lower case in CS; not listed: X
        ("StudyDescription", "CT", ("CT", ""), ""),
    ],
)
def test_regex_rewrites_and_what_would_not_fit_takes_the_profiles_action(keyword, before, rule, after):
    find, new = rule
    assert ruled(keyword, before, "regex", find=find, replace=new) == after


def test_what_a_rule_rewrites_is_swept_too():
    before = instance("CT", PatientName="Quistgaard^I", StudyDescription="CT-of-Quistgaard-1")
    after = cleaned(before, (), {"attribute": "StudyDescription", "action": "regex", "find": "-", "replace": " "})
    assert after.StudyDescription == "CT 1"


def test_a_rule_reaches_every_depth_and_is_named_in_the_plan():
    before = instance("CT", ContributingEquipmentSequence=[item(InstitutionName="St. Brendan's")])
    rule = {"attribute": "InstitutionName", "action": "replace", "value": "Site 7"}
    assert cleaned(before, (), rule).ContributingEquipmentSequence[0].InstitutionName == "Site 7"
    change = changes(before, (), rule)["ContributingEquipmentSequence[0].InstitutionName"]
    assert (change.action, change.by) == ("replace", "rule 1")
