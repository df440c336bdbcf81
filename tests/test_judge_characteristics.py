"""The judge reads what an instance says of its private elements for itself, and fails whoever believes too much."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import pytest
from deidentified import KEY, instance, item, recipe_of
from pydicom import dcmwrite
from pydicom.dataset import Dataset

from dicomlab import engine, judge

ACME, SAFE = "ACME 1.1", ("retain-safe-private",)
DESCRIBED = "PrivateDataElementCharacteristicsSequence"


def source() -> Dataset:
    """A mixed block: 01 and 02 identify nobody, 03 is to be replaced, 04 is not spoken of; and one that is unsafe."""
    ds = instance("MR", PatientName="Quistgaard^Ingeborg", StudyDate="20230412")
    ds.add_new(0x00290010, "LO", ACME)
    ds.add_new(0x00290011, "LO", "ACME 2")
    for tag, vr, value in (
        (0x00291001, "LO", "phase 3"), (0x00291002, "DS", "1.25"), (0x00291003, "LO", "Hansen"),
        (0x00291004, "LO", "what"), (0x00291101, "LO", "who"),
    ):  # fmt: skip
        ds.add_new(tag, vr, value)
    named = item(IdentifyingPrivateElements=[3], DeidentificationAction="D")
    ds.PrivateDataElementCharacteristicsSequence = [
        item(PrivateGroupReference=0x0029, PrivateCreatorReference=ACME, BlockIdentifyingInformationStatus="MIXED",
             NonidentifyingPrivateElements=[1, 2], DeidentificationActionSequence=[named]),
        item(PrivateGroupReference=0x0029, PrivateCreatorReference="ACME 2",
             BlockIdentifyingInformationStatus="UNSAFE"),
    ]  # fmt: skip
    return ds


def released(before: Dataset, options: tuple[str, ...] = SAFE) -> Dataset:
    return copy.deepcopy(engine.deidentify(before, recipe_of(options), KEY))


def filed(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def wrong(before: Dataset, after: Dataset, options: tuple[str, ...] = SAFE, **more: Any) -> set[str]:
    data = filed(before)
    verdict = judge.judge_instance(data, filed(after), recipe_of(options, **more), identity=judge.identity_of(data))
    return {check.name for check in verdict.checks if not check.passed}


PRIVATE, LOST, TABLE, BYTES = (
    str(q) for q in (judge.Question.PRIVATE, judge.Question.LOST, judge.Question.TABLE, judge.Question.BYTES)
)


def test_what_the_source_says_and_the_option_allows_passes():
    before = source()
    after = released(before)
    assert [int(e.tag) for e in after if e.tag.is_private] == [0x00290010, 0x00291001, 0x00291002, 0x00291003]
    assert wrong(before, after) == set()


def add(tag: int, vr: str, value: object) -> Callable[[Dataset], None]:
    return lambda ds: ds.add_new(tag, vr, value)


def drop(tag: int) -> Callable[[Dataset], None]:
    return lambda ds: ds.__delitem__(tag)


def describe(**changes: object) -> Callable[[Dataset], None]:
    """Change the first item of the released sequence; None deletes."""

    def change(ds: Dataset) -> None:
        one = ds.PrivateDataElementCharacteristicsSequence[0]
        for keyword, value in changes.items():
            setattr(one, keyword, value)

    return change


def another(**values: Any) -> Callable[[Dataset], None]:
    return lambda ds: ds.PrivateDataElementCharacteristicsSequence.append(item(**values))


@pytest.mark.parametrize(
    ("damage", "question"),
    [
        pytest.param(add(0x00291003, "LO", "Hansen"), TABLE, id="what is to be replaced was kept"),
        pytest.param(add(0x00291004, "LO", "what"), PRIVATE, id="what nobody speaks of was kept"),
        pytest.param(drop(0x00291001), LOST, id="what is safe was removed"),
        pytest.param(add(0x00291001, "LO", "phase 4"), LOST, id="what is safe was changed"),
        pytest.param(lambda ds: ds.__delattr__(DESCRIBED), LOST, id="the description is missing"),
        pytest.param(describe(BlockIdentifyingInformationStatus="MIXED"), PRIVATE, id="a safe block is called mixed"),
        pytest.param(describe(BlockIdentifyingInformationStatus=""), PRIVATE, id="the status is missing"),
        pytest.param(describe(NonidentifyingPrivateElements=[1, 9]), PRIVATE, id="elements that are not there"),
        pytest.param(
            describe(DeidentificationActionSequence=[item(IdentifyingPrivateElements=[4], DeidentificationAction="X")]),
            PRIVATE,
            id="an action for an element that is gone",
        ),
        pytest.param(
            another(PrivateGroupReference=0x0029, PrivateCreatorReference="ACME 2",
                    BlockIdentifyingInformationStatus="UNSAFE"),
            PRIVATE, id="a block that is gone is described",
        ),
        pytest.param(
            another(PrivateGroupReference=0x0029, PrivateCreatorReference=ACME,
                    BlockIdentifyingInformationStatus="SAFE"),
            PRIVATE, id="a block is described twice",
        ),
        pytest.param(
            describe(PrivateDataElementDefinitionSequence=[
                item(PrivateDataElement=1, PrivateDataElementName="of Quistgaard")]),
            BYTES, id="a description names the patient",
        ),
    ],
)  # fmt: skip
def test_each_fault_fails(damage, question):
    before = source()
    after = released(before)
    damage(after)
    assert question in wrong(before, after)


def test_a_block_that_is_unsafe_may_not_stay():
    before = source()
    after = released(before)
    after.add_new(0x00290011, "LO", "ACME 2")
    after.add_new(0x00291101, "LO", "who")
    assert PRIVATE in wrong(before, after)


def test_without_the_option_the_word_of_the_source_counts_nothing():
    before = source()
    after = released(before, ())
    assert wrong(before, after, ()) == set()
    after.add_new(0x00290010, "LO", ACME)
    after.add_new(0x00291001, "LO", "phase 3")
    assert PRIVATE in wrong(before, after, ())


def test_creators_that_the_recipe_does_not_list_may_not_stay():
    before = source()
    assert PRIVATE in wrong(before, released(before), private={"creators": ("SIEMENS MR HEADER",)})


@pytest.mark.parametrize(
    ("vr", "value", "question"),
    [
        ("LO", "Quistgaard", BYTES),
        ("PN", "Quistgaard^Ingeborg", TABLE),
        ("PN", "Somebody^Else", TABLE),
        ("DA", "20230413", TABLE),
        ("UI", "1.2.826.0.1.3680043.8.498.62.1.1", str(judge.Question.UIDS)),
        ("LO", "call Dr. Hansen", str(judge.Question.FORMS)),
        ("UN", b"Somebody^Else ", str(judge.Question.FORMS)),
        ("UN", b"on 2023-04-13 ", str(judge.Question.FORMS)),
    ],
)
def test_a_source_that_is_wrong_is_no_excuse(vr, value, question):
    before = source()
    before.add_new(0x00291001, vr, value)
    good = released(before)
    assert wrong(before, good) == set()
    good.add_new(0x00291001, vr, value)
    assert question in wrong(before, good)
