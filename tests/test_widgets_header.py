"""The review of headers: what a person decides about attributes, as it stands in the recipe."""

from __future__ import annotations

import json

import pytest

import dicomlab as dl
from dicomlab.errors import RecipeError
from dicomlab.header.inspect import AttributeSummary
from dicomlab.recipe import load
from dicomlab.records import BATCH_VARIABLE, Masked
from dicomlab.widgets import HeaderReview
from dicomlab.widgets.header_model import attribute_of

PERSON = "KOWALSKI^ZOFIA"


def summary(path, tag, vr, risk="identifier", creator="", value=PERSON):
    keyword = path.rpartition(".")[2]
    return AttributeSummary(
        path, keyword, tag, vr, creator, risk, "says who", "X", 3, 2, (Masked(value), Masked("x")), (2, 1)
    )


NAME = summary("PatientName", "(0010,0010)", "PN", "direct identifier")
STATION = summary("StationName", "(0008,1010)", "SH", "device")
NESTED = summary("RequestAttributesSequence[].AccessionNumber", "(0008,0050)", "SH")
WEIGHT = summary("PatientWeight", "(0010,1030)", "DS", "quasi-identifier")
B_VALUE = summary("(0019,'SIEMENS MR HEADER',0C)", "(0019,100C)", "IS", "private", "SIEMENS MR HEADER")
UNKNOWN = summary("(0009,private,2A)", "(0009,102A)", "LO", "private")
ALL = (WEIGHT, STATION, UNKNOWN, NESTED, NAME, B_VALUE)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "mine.yaml"


@pytest.fixture
def review(out):
    return HeaderReview(ALL, "basic", out)


def row(review, attribute):
    return next(one for one in review.rows if one.attribute == attribute)


def said(review, **message):
    """What the browser is told after it said something."""
    told = []
    review.send = lambda content, _=None: told.append(content)
    review._asked(review, message, [])
    return told[-1]


def place(review, attribute):
    return next(n for n, one in enumerate(review.rows) if one.attribute == attribute)


def test_the_riskiest_attributes_come_first(review):
    assert [one.summary.risk for one in review.rows] == [
        "direct identifier", "identifier", "private", "private", "device", "quasi-identifier",
    ]  # fmt: skip


def test_each_row_tells_what_the_recipe_does_and_by_whose_word(review):
    assert (row(review, "PatientName").does, row(review, "PatientName").by) == ("empty", "profile")
    assert row(review, "StationName").does == "remove / empty / dummy"
    assert row(review, "PatientWeight").by == "profile"


@pytest.mark.parametrize(
    ("choice", "action"), [("keep", "K"), ("remove", "X"), ("empty", "Z"), ("clean", "C"), ("replace", "replace")]
)
def test_a_decision_becomes_a_rule_before_all_others(review, choice, action):
    review.decide("StationName", choice, reason="names the ward", value="S1")
    rule = review.recipe.rules[0]
    assert (rule.attribute, str(rule.action), rule.reason) == ("StationName", action, "names the ward")
    assert rule.value == ("S1" if choice == "replace" else None)
    assert row(review, "StationName").choice == choice


def test_a_later_decision_stands_for_the_earlier_one(review):
    review.decide("StationName", "keep", reason="one")
    review.decide("StationName", "remove", reason="two")
    assert [(rule.attribute, str(rule.action)) for rule in review.recipe.rules] == [("StationName", "X")]


def test_rules_of_the_recipe_it_was_started_from_stay(out):
    review = HeaderReview(ALL, "low", out)
    before = load("low").rules
    review.decide("StationName", "remove", reason="names the ward")
    assert [r for r in review.recipe.rules if r.attribute != "StationName"] == [
        r for r in before if r.attribute != "StationName"
    ]


def test_a_decision_can_be_cleared_and_undone(review):
    review.decide("StationName", "keep", reason="no ward")
    review.clear("StationName")
    assert review.recipe.rules == ()
    review.undo()
    assert row(review, "StationName").choice == "keep"
    review.undo()
    review.undo()
    assert review.recipe == load("basic")


@pytest.mark.parametrize(
    ("attribute", "choice", "reason", "value", "told"),
    [
        ("StationName", "keep", " ", None, "reason is empty"),
        ("PatientWeight", "replace", "why", "heavy", "not valid for the VR DS"),
        ("(0009,xx2A)", "keep", "why", None, "retained by creator only"),
    ],
)
def test_what_a_recipe_cannot_obey_is_refused_with_the_reason(review, attribute, choice, reason, value, told):
    with pytest.raises(RecipeError, match=told):
        review.decide(attribute, choice, reason=reason, value=value)
    assert review.recipe == load("basic")


def test_private_attributes_are_named_by_their_creator_or_removed_in_any_block():
    assert attribute_of(B_VALUE) == "(0019,'SIEMENS MR HEADER',0C)"
    assert attribute_of(UNKNOWN) == "(0009,xx2A)"


def test_an_unknown_private_attribute_can_be_removed(review):
    review.decide("(0009,xx2A)", "remove", reason="nobody knows what it is")
    assert row(review, "(0009,xx2A)").choice == "remove"


def test_a_saved_review_goes_on_where_it_was_left(review, out):
    review.decide("AccessionNumber", "remove", reason="not needed")
    review.decide("(0019,'SIEMENS MR HEADER',0C)", "keep", reason="b-value")
    review.save()
    again = HeaderReview(ALL, "basic", out)
    assert [(r.does, r.choice, r.reason) for r in again.rows] == [(r.does, r.choice, r.reason) for r in review.rows]
    assert row(again, "AccessionNumber").reason == "not needed"
    assert load(out).rules == review.recipe.rules


def test_values_are_masked_wherever_they_are_sent(review):
    assert PERSON not in json.dumps(said(review, kind="want", view="v"))
    assert PERSON not in str(review.get_state())


def test_values_of_one_row_are_revealed_to_the_screen_that_asks_for_them(review):
    told = said(review, kind="reveal", row=place(review, "PatientName"))
    assert told == {"kind": "revealed", "row": 0, "text": f"{PERSON} (2) | x (1)"}
    assert PERSON not in str(review.get_state())


def test_in_a_batch_nothing_is_revealed(review, monkeypatch):
    monkeypatch.setenv(BATCH_VARIABLE, "1")
    told = said(review, kind="reveal", row=0)
    assert PERSON not in str(told)
    assert "not revealed in a batch" in told["said"]


def test_a_decision_of_the_browser_is_answered_with_what_the_recipe_does_now(review):
    at = place(review, "StationName")
    told = said(review, kind="decide", row=at, choice="remove", reason="names the ward", value="")
    assert told["states"][at] == ["remove", "rule 1", "remove", "names the ward", ""]
    assert told["said"] == "not saved"
    told = said(review, kind="decide", row=at, choice="keep", reason="", value="")
    assert told["said"].startswith("Not done: reason is empty")


def test_keeping_more_than_the_profile_allows_is_told(review):
    told = said(review, kind="decide", row=place(review, "PatientName"), choice="keep", reason="a phantom", value="")
    assert "113100 is not claimed" in told["said"]


def test_a_whole_collection_is_a_few_hundred_rows(samples, out):
    review = HeaderReview(dl.inspect(dl.scan(samples)), "low", out)
    assert 200 < len(review.rows) < 1000
    assert review.describe().startswith(f"Header review: {len(review.rows)} attributes")
