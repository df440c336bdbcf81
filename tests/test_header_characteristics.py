"""Private elements that the instance itself calls safe (PS3.3 C.12.1.1.7), believed with care (PS3.15 E.3.10)."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from deidentified import KEY, UID_ROOT, instance, item, recipe_of
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomlab import engine, judge
from dicomlab.header.wire import Element

ACME, SIEMENS = "ACME 1.1", "SIEMENS MR HEADER"
SAFE = ["retain-safe-private"]
SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]


def said(status: str, *, creator: str = ACME, group: int = 0x0029, **more: Any) -> Dataset:
    """One item of the sequence."""
    return item(
        PrivateGroupReference=group, PrivateCreatorReference=creator, BlockIdentifyingInformationStatus=status, **more
    )


def action(letter: str, *numbers: int) -> Dataset:
    return item(IdentifyingPrivateElements=list(numbers), DeidentificationAction=letter)


def with_block(
    *elements: tuple[int, str, Any], told: list[Dataset] | None, creator: str = ACME, **more: Any
) -> Dataset:
    ds = instance("MR", PatientName="Quistgaard^Ingeborg", StudyDate="20230412", **more)
    ds.add_new(0x00290010, "LO", creator)
    for low, vr, value in elements:
        ds.add_new(0x00291000 | low, vr, value)
    if told is not None:
        ds.PrivateDataElementCharacteristicsSequence = told
    return ds


def filed(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    ds.file_meta.TransferSyntaxUID = syntax
    buffer = io.BytesIO()
    explicit, little = syntax != ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    dcmwrite(buffer, ds, enforce_file_format=True, implicit_vr=not explicit, little_endian=little)
    return buffer.getvalue()


def released(before: Dataset, options: Any = SAFE, *rules: dict[str, Any], syntax: str = ExplicitVRLittleEndian,
             **more: Any) -> Dataset:  # fmt: skip
    """The instance de-identified, after the judge has passed it."""
    recipe = recipe_of(options, *rules, **more)
    source = filed(before, syntax)
    after = filed(engine.deidentify(dcmread(io.BytesIO(source)), recipe, KEY), syntax)
    verdict = judge.judge_instance(source, after, recipe, identity=judge.identity_of(source))
    assert [f"{c.name}: {c.where} {c.detail}" for c in verdict.checks if not c.passed] == []
    return dcmread(io.BytesIO(after))


def private(ds: Dataset) -> list[int]:
    return [int(e.tag) for e in ds if e.tag.is_private]


def told(ds: Dataset) -> list[tuple[int, str, str]]:
    items = ds.get("PrivateDataElementCharacteristicsSequence", [])
    return [(i.PrivateGroupReference, i.PrivateCreatorReference, i.BlockIdentifyingInformationStatus) for i in items]


# What is believed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_block_that_is_said_to_be_safe_stays(syntax):
    after = released(with_block((0x01, "LO", "phase 3"), (0x02, "DS", "1.25"), told=[said("SAFE")]), syntax=syntax)
    assert private(after) == [0x00290010, 0x00291001, 0x00291002]
    assert told(after) == [(0x0029, ACME, "SAFE")]


def test_nothing_is_believed_without_the_option():
    after = released(with_block((0x01, "LO", "phase 3"), told=[said("SAFE")]), [])
    assert private(after) == []
    assert "PrivateDataElementCharacteristicsSequence" not in after


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_of_a_mixed_block_only_what_is_listed_as_harmless_stays(syntax):
    before = with_block((0x01, "LO", "phase 3"), (0x02, "LO", "what"), (0x03, "DS", "1.25"),
                        told=[said("MIXED", NonidentifyingPrivateElements=[0x01, 0x03])])  # fmt: skip
    after = released(before, syntax=syntax)
    assert private(after) == [0x00290010, 0x00291001, 0x00291003]
    assert told(after) == [(0x0029, ACME, "SAFE")]
    assert "NonidentifyingPrivateElements" not in after.PrivateDataElementCharacteristicsSequence[0]


def test_an_unsafe_block_goes_and_so_does_its_description():
    before = with_block((0x01, "LO", "phase 3"), told=[said("UNSAFE")])
    after = released(before)
    assert private(after) == []
    assert "PrivateDataElementCharacteristicsSequence" not in after


def test_a_description_goes_with_its_block_and_others_stay():
    before = with_block((0x01, "LO", "phase 3"), told=[said("SAFE"), said("UNSAFE", creator="ACME 2")])
    before.add_new(0x00290011, "LO", "ACME 2")
    before.add_new(0x00291101, "LO", "what")
    after = released(before)
    assert private(after) == [0x00290010, 0x00291001]
    assert told(after) == [(0x0029, ACME, "SAFE")]


def test_the_group_and_the_creator_count_and_not_the_block():
    before = with_block((0x01, "LO", "phase 3"), told=[said("SAFE", group=0x0031), said("SAFE", creator="ACME 2")])
    assert private(released(before)) == []


def test_blocks_inside_items_are_believed_too():
    inner = item(Manufacturer="ACME")
    inner.add_new(0x00290042, "LO", ACME)
    inner.add_new(0x00294201, "LO", "phase 3")
    before = with_block(told=[said("SAFE")], MRImagingModifierSequence=[inner])
    del before[0x00290010]
    after = released(before)
    assert private(after.MRImagingModifierSequence[0]) == [0x00290042, 0x00294201]
    assert told(after) == [(0x0029, ACME, "SAFE")]


def test_what_is_said_to_identify_gets_the_action_that_is_named():
    actions = [action("D", 0x01), action("Z", 0x02), action("X", 0x03), action("U", 0x04), action("D", 0x06)]
    before = with_block(
        (0x01, "LO", "Hansen"), (0x02, "LO", "Jensen"), (0x03, "LO", "Olsen"), (0x04, "UI", f"{UID_ROOT}.7.7"),
        (0x05, "LO", "phase 3"), (0x06, "UN", b"\1\2\3\4"),
        told=[said("MIXED", NonidentifyingPrivateElements=[0x05], DeidentificationActionSequence=actions)],
    )  # fmt: skip
    after = released(before)
    assert private(after) == [0x00290010, 0x00291001, 0x00291002, 0x00291004, 0x00291005]
    assert after[0x00291001].value not in ("", "Hansen")
    assert after[0x00291002].value in ("", None)
    assert after[0x00291004].value not in ("", f"{UID_ROOT}.7.7")
    assert told(after) == [(0x0029, ACME, "SAFE")]
    assert "DeidentificationActionSequence" not in after.PrivateDataElementCharacteristicsSequence[0]


def test_a_warning_beats_the_word_safe_and_the_table():
    words = [
        said("SAFE", DeidentificationActionSequence=[action("X", 0x01)]),
        said("SAFE", creator=SIEMENS, group=0x0019, DeidentificationActionSequence=[action("X", 0x0C)]),
    ]
    before = with_block((0x01, "LO", "phase 3"), told=words)
    before.add_new(0x00190010, "LO", SIEMENS)
    before.add_new(0x0019100C, "IS", "1000")  # Table E.3.10-1: the b-value
    assert private(released(before)) == []


def test_what_the_table_knows_stays_in_a_mixed_block_that_does_not_name_it():
    before = with_block(told=[said("MIXED", creator=SIEMENS, group=0x0019, NonidentifyingPrivateElements=[0x09])])
    del before[0x00290010]
    before.add_new(0x00190010, "LO", SIEMENS)
    before.add_new(0x0019100C, "IS", "1000")
    after = released(before)
    assert private(after) == [0x00190010, 0x0019100C]
    assert told(after) == [(0x0019, SIEMENS, "SAFE")]


def test_two_words_about_one_block_are_the_more_careful_one():
    before = with_block((0x01, "LO", "phase 3"), told=[said("SAFE"), said("UNSAFE")])
    assert private(released(before)) == []


def test_creators_that_the_recipe_does_not_list_are_not_believed():
    before = with_block((0x01, "LO", "phase 3"), told=[said("SAFE")])
    assert private(released(before, SAFE, private={"creators": (SIEMENS,)})) == []
    assert private(released(before, SAFE, private={"creators": (ACME,)})) == [0x00290010, 0x00291001]


def test_a_rule_comes_before_what_the_instance_says():
    before = with_block((0x01, "LO", "phase 3"), (0x02, "LO", "what"), told=[said("SAFE")])
    after = released(before, SAFE, {"attribute": f"(0029,'{ACME}',02)", "action": "X"})
    assert private(after) == [0x00290010, 0x00291001]


def test_a_block_that_a_rule_retains_in_part_is_not_called_safe():
    before = with_block((0x01, "LO", "phase 3"), (0x02, "LO", "what"),
                        told=[said("MIXED", NonidentifyingPrivateElements=[0x01])])  # fmt: skip
    after = released(before, SAFE, {"attribute": f"(0029,'{ACME}',02)", "action": "K"})
    assert told(after) == [(0x0029, ACME, "MIXED")]
    assert after.PrivateDataElementCharacteristicsSequence[0].NonidentifyingPrivateElements == 0x01


def test_definitions_stay_of_the_elements_that_stay():
    def defined(number: int) -> Dataset:
        return item(PrivateDataElement=number, PrivateDataElementValueMultiplicity=[1],
                    PrivateDataElementValueRepresentation="LO", PrivateDataElementName=f"Element {number}")  # fmt: skip

    before = with_block((0x01, "LO", "phase 3"), (0x02, "LO", "what"),
                        told=[said("MIXED", NonidentifyingPrivateElements=[0x01],
                                   PrivateDataElementDefinitionSequence=[defined(1), defined(2)])])  # fmt: skip
    after = released(before)
    definitions = after.PrivateDataElementCharacteristicsSequence[0].PrivateDataElementDefinitionSequence
    assert [d.PrivateDataElement for d in definitions] == [1]


# A source that is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_safe_block_that_holds_the_patient_leaks_nothing(syntax):
    before = with_block(
        (0x01, "LO", "for Quistgaard"), (0x02, "PN", "Quistgaard^Ingeborg"), (0x03, "DA", "20230412"),
        (0x04, "UI", f"{UID_ROOT}.1.1"), (0x05, "LT", "call 0045 3601 5582 on 12.04.2023"), (0x06, "LO", "phase 3"),
        (0x07, "UN", b"QUISTGAARD"), (0x08, "PN", "Somebody^Else"), (0x09, "SH", "PX-4471"),
        (0x0A, "OB", b"\1\2Quistgaard\0\0"), (0x0B, "UN", b"mail to else@example.org "),
        (0x0C, "SQ", [item(PatientName="Quistgaard^Ingeborg", SeriesNumber="4")]),
        told=[said("SAFE")],
    )  # fmt: skip
    after = released(before, syntax=syntax)
    data = filed(after, syntax).upper()
    for word in (b"QUISTGAARD", b"INGEBORG", b"20230412", b"3601", b"12.04", b"PX-4471", b"SOMEBODY", b"EXAMPLE.ORG"):
        assert word not in data
    assert f"{UID_ROOT}.1.1".encode() not in data
    assert b"PHASE 3" in data


def test_a_creator_that_is_the_patient_is_not_believed():
    before = with_block((0x01, "LO", "phase 3"), creator="QUISTGAARD", told=[said("SAFE", creator="QUISTGAARD")])
    after = released(before)
    assert private(after) == []
    assert b"QUISTGAARD" not in filed(after)


def test_dates_move_and_uids_stay_as_the_other_options_say():
    before = with_block((0x03, "DA", "20230413"), (0x04, "UI", f"{UID_ROOT}.1.1"), told=[said("SAFE")])
    moved = released(before, [*SAFE, "retain-modified-dates"])
    assert moved[0x00291003].value not in ("", "20230413")
    assert int(moved.StudyDate) != 20230412
    full = released(before, [*SAFE, "retain-full-dates"])
    assert full[0x00291003].value == "20230413"
    kept = released(before, [*SAFE, "retain-uids"])
    assert kept[0x00291004].value == f"{UID_ROOT}.1.1"


@pytest.mark.parametrize("status", ["SAFER", "", "PERHAPS"])
def test_a_word_that_the_standard_does_not_know_is_not_believed(status):
    before = with_block((0x01, "LO", "phase 3"), told=[said("SAFE")])
    before.PrivateDataElementCharacteristicsSequence[0].BlockIdentifyingInformationStatus = status
    after = engine.deidentify(before, recipe_of(SAFE), KEY)
    assert private(after) == []


def test_a_description_that_names_the_patient_is_swept():
    definition = item(
        PrivateDataElement=1,
        PrivateDataElementValueMultiplicity=[1],
        PrivateDataElementValueRepresentation="LO",
        PrivateDataElementName="Phase of Quistgaard",
    )
    before = with_block((0x01, "LO", "phase 3"), told=[said("SAFE", PrivateDataElementDefinitionSequence=[definition])])
    assert b"uistgaard" not in filed(released(before))


def test_a_sequence_that_is_none_says_nothing():
    recipe = recipe_of(SAFE)
    found = engine.instance_of(with_block((0x01, "LO", "phase 3"), told=None))
    found = replace(found, elements={**found.elements, 0x00080300: Element(0x00080300, "UN", b"SAFE", 4)})
    cleaner = engine.Deidentifier(recipe, KEY, engine.subject_of(recipe, KEY, found))
    assert not [tag for tag in cleaner.apply(found).instance.elements if tag >> 16 & 1]


def test_the_planned_changes_name_the_description():
    before = with_block((0x01, "LO", "phase 3"), told=[said("UNSAFE")])
    changes = {c.path: str(c.action) for c in engine.plan(before, recipe_of(SAFE), KEY).changes}
    assert changes["PrivateDataElementCharacteristicsSequence"] == "X"
