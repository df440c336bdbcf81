"""Recipes: what they may say, what they decide, and that every mistake is named with its line."""

from __future__ import annotations

import os
import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dicomlab import standard
from dicomlab.errors import RecipeError
from dicomlab.recipe import (
    BurnedIn,
    Decision,
    Deface,
    Identifiers,
    Recipe,
    Rule,
    Select,
    Table,
    diff,
    explain,
    load,
    packaged,
    save,
)

HEAD = "dicomlab: 1\ntitle: A test\n"

PATIENT_NAME, PATIENT_ID, BIRTH_DATE = 0x00100010, 0x00100020, 0x00100030
PATIENT_SEX, PATIENT_AGE, PATIENT_SIZE, PATIENT_WEIGHT = 0x00100040, 0x00101010, 0x00101020, 0x00101030
STUDY_DATE, ACQUISITION_DATE, ACQUISITION_TIME = 0x00080020, 0x00080022, 0x00080032
STUDY_DESCRIPTION, SERIES_DESCRIPTION = 0x00081030, 0x0008103E
SIEMENS = "SIEMENS MR HEADER"


def recipe(**said) -> Recipe:
    return Recipe.model_validate({"title": "A test", **said})


def rule(attribute: str, action: str, **arguments) -> dict:
    return {"attribute": attribute, "action": action, "reason": "a test", **arguments}


def code(chosen: Recipe, tag: int, vr: str, creator: str | None = None) -> str | None:
    decision = chosen.decide(tag, vr, creator)
    return decision and decision.code


@pytest.fixture
def written(tmp_path):
    """Write a recipe's text below the two lines of its head and load it; the first line of `body` is line 3."""

    def write(body: str, head: str = HEAD) -> Recipe:
        path = tmp_path / "my.yaml"
        path.write_text(head + body, encoding="utf-8")
        return load(path)

    return write


# The profile, the options, and which of them wins


@pytest.mark.parametrize(
    ("tag", "vr", "expected"),
    [  # PS3.15 Table E.1-1, column Basic Profile
        (PATIENT_NAME, "PN", "Z"),
        (PATIENT_ID, "LO", "Z/D"),
        (PATIENT_AGE, "AS", "X"),
        (0x00080018, "UI", "U"),
        (0x00081140, "SQ", "X/Z/U*"),
        (0x00080080, "LO", "X/Z/D"),
        (0x0040A730, "SQ", "D"),
        (0x60023000, "OW", "X"),
        (0x50020010, "US", "X"),
        (0x00280010, "US", None),
        (0x00080060, "CS", None),
    ],
)
def test_without_options_the_profile_decides(tag, vr, expected) -> None:
    assert code(recipe(), tag, vr) == expected


@pytest.mark.parametrize(
    ("option", "tag", "vr", "expected"),
    [  # PS3.15 Table E.1-1, one row per option column
        ("retain-uids", 0x0020000D, "UI", "K"),
        ("retain-device-identity", 0x00081010, "SH", "K"),
        ("retain-device-identity", 0x00080055, "AE", "C"),
        ("retain-institution-identity", 0x00080080, "LO", "K"),
        ("retain-patient-characteristics", PATIENT_AGE, "AS", "K"),
        ("retain-patient-characteristics", 0x00102110, "LO", "C"),
        ("retain-full-dates", STUDY_DATE, "DA", "K"),
        ("retain-modified-dates", STUDY_DATE, "DA", "C"),
        ("clean-descriptors", STUDY_DESCRIPTION, "LO", "C"),
        ("clean-structured-content", 0x0040A730, "SQ", "C"),
        ("clean-graphics", 0x00700001, "SQ", "C"),
    ],
)
def test_an_option_speaks_for_its_column(option, tag, vr, expected) -> None:
    decision = recipe(options=[option]).decide(tag, vr)
    assert decision.code == expected
    assert decision.by == f"option {option}"
    assert code(recipe(options=[option]), PATIENT_NAME, "PN") == "Z"


def test_cleaning_beats_keeping() -> None:
    # DateOfLastCalibration: K under Retain Device Identity, C under Modified Dates.
    both = recipe(options=["retain-device-identity", "retain-modified-dates"])
    assert both.decide(0x00181200, "DA") == Decision(
        "C", "option retain-modified-dates", both.decide(0x00181200, "DA").reason
    )
    assert code(recipe(options=["retain-device-identity"]), 0x00181200, "DA") == "K"


def test_the_first_rule_that_matches_wins_over_options_and_profile(written) -> None:
    chosen = written(
        "options: [clean-descriptors]\n"
        "rules:\n"
        "  - {attribute: StudyDescription, action: X, reason: first}\n"
        "  - {attribute: '(0008,xxxx)', action: Z, reason: second}\n"
    )
    assert chosen.decide(STUDY_DESCRIPTION, "LO") == Decision("X", "rule, line 5", "first")
    assert chosen.decide(SERIES_DESCRIPTION, "LO") == Decision("Z", "rule, line 6", "second")
    assert chosen.decide(PATIENT_NAME, "PN").by == "profile"


@pytest.mark.parametrize(
    ("vr", "tag", "basic", "full", "modified"),
    [
        ("DA", 0x00143076, "X/Z/D", "K", "C"),  # DateOfGainCalibration
        ("TM", 0x00143077, "X/Z/D", "K", "C"),
        ("PN", 0x00142006, "X/Z/D", "X/Z/D", "X/Z/D"),  # EvaluatorName
        ("UI", 0x00081167, "U", "U", "U"),  # MultiFrameSourceSOPInstanceUID
        ("UI", 0x00081150, None, None, None),  # ReferencedSOPClassUID names a kind
        ("UI", 0x0008010C, None, None, None),  # CodingSchemeUID too
    ],
)
def test_what_the_table_does_not_list_is_treated_as_its_kind(vr, tag, basic, full, modified) -> None:
    assert code(recipe(), tag, vr) == basic
    assert code(recipe(options=["retain-full-dates"]), tag, vr) == full
    assert code(recipe(options=["retain-modified-dates"]), tag, vr) == modified


def test_retained_uids_include_those_that_the_table_does_not_list() -> None:
    assert code(recipe(options=["retain-uids"]), 0x00081167, "UI") == "K"


def test_file_meta_information_is_nobodys_to_decide() -> None:
    assert recipe(rules=[rule("vr:UI", "X")]).decide(0x00020003, "UI") is None


def test_a_public_attribute_that_came_as_un_is_read_as_the_dictionary_says() -> None:
    chosen = recipe(rules=[rule("PatientWeight", "bin", width=5)])
    assert code(chosen, PATIENT_WEIGHT, "UN") == "bin"


def test_a_verb_that_cannot_act_on_an_odd_vr_does_not_let_the_value_stay() -> None:
    chosen = recipe(options=["retain-patient-characteristics"], rules=[rule("PatientWeight", "bin", width=5)])
    assert code(chosen, PATIENT_WEIGHT, "LO") == "X"


def test_a_decision_is_remembered_and_the_same() -> None:
    chosen = recipe(options=["retain-uids"])
    assert chosen.decide(PATIENT_NAME, "PN") is chosen.decide(PATIENT_NAME, "PN")


# Private attributes


def test_private_attributes_are_removed() -> None:
    assert recipe().decide(0x0019100C, "IS", SIEMENS) == Decision("X", "profile", "Table E.1-1")
    assert code(recipe(), 0x00190010, "LO") == "X"


def test_a_safe_private_attribute_is_retained_by_its_creator_in_any_block() -> None:
    chosen = recipe(options=["retain-safe-private"])
    assert chosen.decide(0x0019100C, "IS", SIEMENS).code == "C"
    assert chosen.decide(0x0019A50C, "IS", SIEMENS + " ").by == "option retain-safe-private"
    assert code(chosen, 0x0019100C, "IS", "ANOTHER CREATOR") == "X"
    assert code(chosen, 0x0019100C, "IS", None) == "X"
    assert code(chosen, 0x00191001, "LO", SIEMENS) == "X"


def test_safe_private_attributes_may_be_those_of_some_creators_only() -> None:
    chosen = recipe(options=["retain-safe-private"], private={"creators": ["GEMS_PARM_01"]})
    assert code(chosen, 0x0019100C, "IS", SIEMENS) == "X"
    assert code(chosen, 0x00431039, "IS", "GEMS_PARM_01") == "C"


@pytest.mark.parametrize(
    ("attribute", "hit", "miss"),
    [
        (f"(0019,'{SIEMENS}',0C)", (0x0019100C, SIEMENS), (0x0019100D, SIEMENS)),
        (f'(0019,"{SIEMENS}",0c)', (0x0019FF0C, f"{SIEMENS} "), (0x0021100C, SIEMENS)),
        (f"(0019,'{SIEMENS}',0x)", (0x0019100F, SIEMENS), (0x0019101F, SIEMENS)),
        (f"(0019,'{SIEMENS}',xx)", (0x001910FF, SIEMENS), (0x001910FF, "SIEMENS")),
        ("(0019,'A*',01)", (0x00191001, "A*"), (0x00191001, "AB")),
        ("creator:SIEMENS*", (0x00511001, SIEMENS), (0x00511001, "GEMS_PARM_01")),
        ("creator:*", (0x00511001, "anything"), (0x00511001, None)),
    ],
)
def test_a_rule_reaches_private_attributes_by_creator(attribute, hit, miss) -> None:
    chosen = recipe(rules=[rule(attribute, "K")])
    assert code(chosen, hit[0], "LO", hit[1]) == "K"
    assert code(chosen, miss[0], "LO", miss[1]) == "X"


def test_a_rule_that_retains_reaches_no_private_attribute_by_numbers_or_vr() -> None:
    chosen = recipe(rules=[rule("vr:DS", "K"), rule("(00xx,100C)", "K")])
    assert code(chosen, 0x0019100C, "DS", SIEMENS) == "X"
    assert code(chosen, 0x0018100C, "DS") == "K"


def test_a_rule_that_removes_reaches_private_attributes_by_numbers() -> None:
    chosen = recipe(options=["retain-safe-private"], rules=[rule("(0019,xxxx)", "X"), rule("vr:PN", "X")])
    assert chosen.decide(0x0019100C, "IS", SIEMENS).by == "rule 1"
    assert chosen.decide(0x00211001, "PN", SIEMENS).by == "rule 2"


# Selectors


@pytest.mark.parametrize(
    "attribute", ["PatientID", "(0010,0020)", "0010,0020", "00100020", " PatientID ", "(0010, 0020)"]
)
def test_one_attribute_can_be_named_in_four_ways(attribute) -> None:
    chosen = recipe(rules=[rule(attribute, "X")])
    assert code(chosen, PATIENT_ID, "LO") == "X"
    assert code(chosen, 0x00100021, "LO") == "X"  # its own row: the profile
    assert chosen.decide(0x00100021, "LO").by == "profile"


@pytest.mark.parametrize(
    ("attribute", "hits", "misses"),
    [
        ("(0010,xxxx)", [0x00100010, 0x0010FFFF], [0x00200010, 0x00110010]),
        ("(0010,21Bx)", [0x001021B0, 0x001021BF], [0x001021A0]),
        ("60xx,3000", [0x60003000, 0x60FE3000], [0x60004000]),
        ("OverlayData", [0x60003000, 0x601E3000], [0x60000010]),
        ("xxx1,xxxx", [0x00010001, 0x43211234], [0x00130001]),
        ("(ABCE,abcx)", [0xABCEABC0], [0xABCEABD0]),
    ],
)
def test_a_mask_means_every_digit(attribute, hits, misses) -> None:
    chosen = recipe(rules=[rule(attribute, "Z")])
    assert [chosen.decide(tag, "UN").by for tag in hits] == ["rule 1"] * len(hits)
    assert not [tag for tag in misses if (found := chosen.decide(tag, "UN")) and found.by == "rule 1"]


def test_a_vr_means_all_attributes_of_that_vr() -> None:
    chosen = recipe(rules=[rule("vr:PN", "D")])
    assert code(chosen, 0x00081070, "PN") == "D"
    assert code(chosen, 0x00081070, "LO") == "X/Z/D"


def test_a_family_leaves_out_what_its_verb_cannot_act_on() -> None:
    chosen = recipe(rules=[rule("(0010,xxxx)", "shift")])
    assert code(chosen, BIRTH_DATE, "DA") == "shift"
    assert code(chosen, PATIENT_NAME, "PN") == "Z"


@pytest.mark.parametrize("tag", [0x00080005, 0x00080016, 0x00280010, 0x00280103, 0x00281201, 0x7FE00010])
def test_no_family_takes_away_what_the_instance_is_read_by(tag) -> None:
    everything = recipe(rules=[rule("(xxx8,xxxx)", "X"), rule("(7FE0,xxxx)", "X"), rule("(xxxx,xxx5)", "X")])
    assert everything.decide(tag, "US") is None


# What a recipe may not say: one mistake each, its line, and words that mend it


MISTAKES = [
    ("foo: 1", 3, 'unknown key "foo"'),
    ("option: []", 3, "did you mean options?"),
    ("options: [retain-uid]", 3, "did you mean retain-uids?"),
    ("options:\n  - retain-uids\n  - Clean-Descriptors", 5, "not one of the twelve"),
    ("options: [retain-full-dates, retain-modified-dates]", 3, "exclude each other"),
    ("options: [retain-uids, retain-uids]", 3, "listed twice"),
    ("options: retain-uids", 3, "options is not a list"),
    ("burned_in: {blank: mask}", 3, "without option clean-pixel-data"),
    ("deface: {}", 3, "without option clean-recognizable-visual-features"),
    ("options: [clean-pixel-data]\nburned_in: {blank: paint}", 4, "blank is not 'mask', 'blur' or 'crop'"),
    ("options: [clean-pixel-data]\nburned_in: {frames: 3}", 4, 'unknown key "frames"'),
    ("options: [clean-recognizable-visual-features]\ndeface: {shell_mm: -1}", 4, "shell_mm is not"),
    ("ages: {}\nprivate: {creators: all}", 4, "without option retain-safe-private"),
    ("dates: {range_days: 100}", 3, "without option retain-modified-dates"),
    ("edition: 2024a", 3, "edition is not 2025c"),
    ("profile: none", 3, "profile is not 'basic'"),
    ("title: again", 3, "second time, first in line 2"),
    ("ages:\n  pool_over: 89\n  pool_over: 90", 5, "second time, first in line 4"),
    ("rules:\n  - {attribute: PatientNam, action: X, reason: r}", 4, "did you mean PatientName?"),
    ("rules:\n  - {attribute: PatientName, action: R, reason: r}", 4, 'action "R" is not one of D Z X K C U'),
    ("rules:\n  - {attribute: PatientName, action: R, reason: r}", 4, "to remove an attribute write X"),
    ("rules:\n  - {attribute: PatientName, action: keep, reason: r}", 4, "to keep an attribute write K"),
    ("rules:\n  - {attribute: PatientName, action: x, reason: r}", 4, "is not one of"),
    ("rules:\n  - {attribute: PatientName, action: X/Z, reason: r}", 4, "is not one of"),
    ("rules:\n  - {attribute: PatientName, action: X}", 4, 'key "reason" is missing'),
    ("rules:\n  - {action: X, reason: r}", 4, 'key "attribute" is missing'),
    ("rules:\n  - attribute: PatientName\n    action: X\n    reason: ' '", 6, "reason is empty"),
    ("rules:\n  - {attribute: PatientName, action: X, reason: r, why: x}", 4, 'unknown key "why"'),
    ("rules:\n  - {attribute: 0010,0020, action: X, reason: r}", 4, "needs quotes"),
    ("rules:\n  - {attribute: Rows, action: X, reason: r}", 4, "how the instance is to be read"),
    ("rules:\n  - {attribute: PixelData, action: Z, reason: r}", 4, "how the instance is to be read"),
    ("rules:\n  - {attribute: TransferSyntaxUID, action: X, reason: r}", 4, "file meta information"),
    ("rules:\n  - {attribute: '(0002,xxxx)', action: X, reason: r}", 4, "file meta information"),
    ("rules:\n  - {attribute: 'vr:ZZ', action: X, reason: r}", 4, "names no VR"),
    ("rules:\n  - {attribute: 'creator:', action: X, reason: r}", 4, "private creator"),
    ("rules:\n  - {attribute: '(xxxx,xxxx)', action: X, reason: r}", 4, "means every attribute"),
    ("rules:\n  - {attribute: '(0018,''SIEMENS'',0C)', action: K, reason: r}", 4, "odd groups"),
    ("rules:\n  - {attribute: '(0019,xxxx)', action: K, reason: r}", 4, "retained by creator only"),
    ("rules:\n  - {attribute: PatientName, action: U, reason: r}", 4, "cannot act on PatientName"),
    ("rules:\n  - {attribute: PatientName, action: shift, reason: r}", 4, "whose VR is PN"),
    ("rules:\n  - {attribute: PatientName, action: bin, width: 5, reason: r}", 4, "cannot act on"),
    ("rules:\n  - {attribute: 'vr:SQ', action: hash, reason: r}", 4, "cannot act on"),
    ("rules:\n  - {attribute: PatientName, action: replace, reason: r}", 4, "replace needs value"),
    ("rules:\n  - {attribute: PatientName, action: replace, value: '', reason: r}", 4, "value is empty"),
    ("rules:\n  - {attribute: PatientSex, action: replace, value: not known, reason: r}", 4, "not valid for the VR CS"),
    ("rules:\n  - {attribute: PatientWeight, action: bin, reason: r}", 4, "bin needs width"),
    ("rules:\n  - {attribute: PatientWeight, action: bin, width: 0, reason: r}", 4, "width is not above 0"),
    ("rules:\n  - {attribute: PatientWeight, action: bin, width: -5, reason: r}", 4, "width is not above 0"),
    ("rules:\n  - {attribute: PatientWeight, action: bin, width: .inf, reason: r}", 4, "width is not above 0"),
    ("rules:\n  - {attribute: PatientWeight, action: bin, width: .nan, reason: r}", 4, "width is not above 0"),
    ("rules:\n  - {attribute: PatientWeight, action: bin, width: wide, reason: r}", 4, "width is not a number"),
    ("rules:\n  - {attribute: HeartRate, action: bin, width: 2.5, reason: r}", 4, "write a whole width"),
    ("rules:\n  - {attribute: PatientAge, action: bin, width: 0.4, reason: r}", 4, "write a whole width"),
    ("rules:\n  - {attribute: StudyID, action: truncate, length: 0, reason: r}", 4, "length is not at least 1"),
    ("rules:\n  - {attribute: StudyID, action: truncate, length: 1.5, reason: r}", 4, "length is not a whole number"),
    ("rules:\n  - {attribute: StudyID, action: X, length: 5, reason: r}", 4, "length is no argument of X"),
    ("rules:\n  - {attribute: StudyID, action: regex, find: a, reason: r}", 4, "regex needs replace"),
    ("rules:\n  - {attribute: StudyID, action: regex, find: '(', replace: '', reason: r}", 4, "regular expression"),
    ("rules:\n  - {attribute: StudyID, action: regex, find: a, replace: '\\1', reason: r}", 4, "regular expression"),
    ("rules:\n  - {attribute: StudyID, action: regex, find: 'a*', replace: '', reason: r}", 4, "empty text"),
    ("rules: {attribute: StudyID}", 3, "rules is not a list"),
    ("rules:\n  - StudyID", 4, 'made of "key: value" pairs'),
    ("identifiers: {patient: none}", 3, "patient is not keyed, random or"),
    ("identifiers: {patient: {tabel: codes.csv}}", 3, "did you mean table?"),
    ("identifiers: {patient: {table: codes.csv}, scope: study}", 3, "take no prefix and no scope"),
    ("identifiers: {prefix: SEVENTY}", 3, "prefix is not at most 6"),
    ("identifiers: {prefix: '../'}", 3, "prefix is not at most 6"),
    ("identifiers: {salted: maybe}", 3, "salted is not true or false"),
    ("uids: {root: 1.2.x}", 3, "a UID root is numbers"),
    ("options: [retain-modified-dates]\ndates:\n  range_days: 3\n  whole_weeks: true", 4, "at least 7"),
    ("options: [retain-modified-dates]\ndates:\n  range_days: 0", 5, "range_days is not greater than or equal to 1"),
    ("ages: {bin_years: 1.5}", 3, "bin_years is not a whole number"),
    ("at_risk: {text: drop}", 3, "text is not 'keep' or 'quarantine'"),
    ("select: {modalities: [ct]}", 3, "is no modality"),
    ("select: {modalities: [CT, CT]}", 3, "listed twice"),
    ("select: {sop_classes: [CTImage]}", 3, "did you mean CTImageStorage?"),
    ("uids: &here {}\ndates: *here", 3, "an alias"),
    ("uids: !!python/object:os.system x", 3, "not allowed in a recipe"),
    ("? [a, b]\n: 1", 3, "a key is one word"),
    ("rules: [", 4, "not YAML"),
    ("rules:\n\t- a", 4, "not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "line", "words"), MISTAKES, ids=[f"{words}" for _, _, words in MISTAKES])
def test_a_mistake_is_named_with_its_line_and_how_to_mend_it(written, body, line, words) -> None:
    with pytest.raises(RecipeError) as caught:
        written(body + "\n")
    message = str(caught.value)
    assert message.startswith(f"recipe my.yaml, line {line}: "), message
    assert words in message
    assert ";" in message or ":" in message.partition(": ")[2], "it says how to mend it"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 'start with "dicomlab: 1"'),
        ("- a list", 'start with "dicomlab: 1"'),
        ("title: x\n", 'write "dicomlab: 1" first'),
        ("dicomlab: 2\ntitle: x\n", "line 1: dicomlab is not 1"),
        ("dicomlab: 1\n", 'key "title" is missing'),
        ("dicomlab: 1\ntitle:\n", "line 2: title is not text"),
        ("dicomlab: 1\ntitle: \x01\n", "a character that YAML forbids"),
        ("#" * 1_000_001, "larger than a megabyte"),
    ],
)
def test_what_is_no_recipe_is_refused(written, text, words) -> None:
    with pytest.raises(RecipeError, match=re.escape(words)):
        written("", head=text)


def test_several_mistakes_are_told_at_once_in_the_order_of_their_lines(written) -> None:
    with pytest.raises(RecipeError) as caught:
        written("foo: 1\nrules:\n  - {attribute: StudyID, action: R, reason: r}\nat_risk: {text: no}\n")
    assert re.findall(r"line (\d+):", str(caught.value)) == ["3", "5", "6"]


def test_a_mistake_does_not_quote_what_a_rule_looks_for(written) -> None:
    with pytest.raises(RecipeError) as caught:
        written("rules:\n  - {attribute: PatientSex, action: replace, value: Miller^Anna was here, reason: r}\n")
    assert "Miller" not in str(caught.value)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes(HEAD.encode() + b"# M\xfcller\n")
    with pytest.raises(RecipeError, match="UTF-8"):
        load(path)


@pytest.mark.parametrize("name", ["lo", "LOW", "no such thing", "folder/my.yaml", "../low"])
def test_a_recipe_that_is_not_there_is_an_error_that_lists_the_packaged_ones(name) -> None:
    with pytest.raises(RecipeError, match="low"):
        load(name)


def test_a_folder_is_no_recipe(tmp_path) -> None:
    with pytest.raises(RecipeError, match="is a directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("body", "attribute", "value"),
    [
        ("{attribute: 00100020, action: replace, value: 007, reason: r}", "00100020", "007"),
        ("{attribute: StudyDate, action: replace, value: 20200101, reason: r}", "StudyDate", "20200101"),
        ("{attribute: StudyID, action: replace, value: no, reason: no}", "StudyID", "no"),
        ("{attribute: StudyID, action: replace, value: 2020-01-01, reason: r}", "StudyID", "2020-01-01"),
        ("{attribute: StudyID, action: replace, value: 1_000, reason: r}", "StudyID", "1_000"),
    ],
)
def test_text_is_text_whatever_yaml_would_make_of_it(written, body, attribute, value) -> None:
    (found,) = written(f"rules:\n  - {body}\n").rules
    assert (found.attribute, found.value) == (attribute, value)


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes(
        b"\xef\xbb\xbf"
        + HEAD.replace("\n", "\r\n").encode()
        + b"rules:\r\n- {attribute: StudyID, action: X, reason: r}\r\n"
    )
    assert load(path).lines == (4,)


def test_a_recipe_can_say_everything_at_once(written) -> None:
    chosen = written(
        "edition: 2025c\n"
        "profile: basic\n"
        "options: [clean-descriptors, clean-structured-content, clean-graphics, retain-modified-dates,\n"
        "          retain-patient-characteristics, retain-safe-private]\n"
        "select: {modalities: [CT, MR], sop_classes: all}\n"
        "identifiers: {patient: keyed, prefix: 'R-'}\n"
        "uids: {root: 1.2.840.99999}\n"
        "dates: {range_days: 3650, whole_weeks: true}\n"
        "ages: {pool_over: 89, bin_years: null}\n"
        "at_risk: {text: quarantine, face: quarantine}\n"
        "private: {creators: all}\n"
        "rules:                                             # first match wins\n"
        "  - {attribute: StationName, action: X, reason: names the ward}\n"
        "  - {attribute: '(0019,''SIEMENS MR HEADER'',0C)', action: K, reason: b-value}\n"
        "  - attribute: StudyDescription\n"
        "    action: regex\n"
        "    find: ward [0-9]+\n"
        "    replace: ''\n"
        "    reason: the ward is part of our descriptions\n"
    )
    assert chosen.lines == (15, 16, 17)
    assert chosen.uids.root == "1.2.840.99999."
    assert chosen.select.accepts("MR", "")
    assert chosen.decide(0x0019100C, "IS", SIEMENS) == Decision("K", "rule, line 16", "b-value")
    assert chosen.decide(STUDY_DESCRIPTION, "LO").arguments == {"find": "ward [0-9]+", "replace": ""}
    assert chosen.excesses == (2,)  # a pattern of the steward's is no cleaning


# Which instances


def test_all_instances_are_taken_unless_the_recipe_selects() -> None:
    assert Select().accepts("CT", "1.2.840.10008.5.1.4.1.1.2")
    assert Select(modalities="all", sop_classes="all") == Select()


def test_modalities_and_sop_classes_are_selected_by_name_or_uid() -> None:
    chosen = Select(modalities=["CT", "MR"], sop_classes=["CTImageStorage", "1.2.840.10008.5.1.4.1.1.4"])
    assert chosen.accepts("CT", "1.2.840.10008.5.1.4.1.1.2")
    assert chosen.accepts("MR", "1.2.840.10008.5.1.4.1.1.4")
    assert not chosen.accepts("US", "1.2.840.10008.5.1.4.1.1.2")
    assert not chosen.accepts("CT", "1.2.840.10008.5.1.4.1.1.7")


# Claims


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ([], ()),
        (["retain-uids"], (("113110", "Retain UIDs Option"),)),
        (
            ["retain-safe-private", "clean-graphics"],
            (("113103", "Clean Graphics Option"), ("113111", "Retain Safe Private Option")),
        ),
    ],
)
def test_options_stand_for_codes_of_cid_7050(options, wanted) -> None:
    assert recipe(options=options).claimed_codes == wanted


@pytest.mark.parametrize(
    ("options", "said", "holds"),
    [
        ([], rule("StationName", "X"), True),
        ([], rule("PatientName", "replace", value="ANON"), True),
        ([], rule("AccessionNumber", "hash"), True),  # Z may be a value that is a dummy
        ([], rule("PatientID", "hash"), True),
        ([], rule("InstitutionAddress", "hash"), False),  # X: to be removed
        ([], rule("PatientSex", "K"), False),
        (["retain-patient-characteristics"], rule("PatientSex", "K"), True),
        ([], rule("PatientWeight", "bin", width=5), False),
        (["retain-patient-characteristics"], rule("PatientWeight", "bin", width=5), True),
        ([], rule("StudyDescription", "C"), False),
        (["clean-descriptors"], rule("StudyDescription", "C"), True),
        (["clean-descriptors"], rule("StudyDescription", "K"), False),
        (["clean-descriptors"], rule("StudyDescription", "truncate", length=8), False),
        (["clean-descriptors"], rule("StudyDescription", "regex", find="x", replace=""), False),
        ([], rule("StudyDate", "shift"), False),
        (["retain-modified-dates"], rule("StudyDate", "shift"), True),
        (["retain-modified-dates"], rule("StudyDate", "K"), False),
        (["retain-full-dates"], rule("StudyDate", "K"), True),
        ([], rule("StudyInstanceUID", "U"), True),
        ([], rule("StudyInstanceUID", "K"), False),
        ([], rule("BodyPartThickness", "K"), True),  # the table does not list it
        ([], rule("vr:PN", "K"), False),
        ([], rule("vr:AS", "K"), False),
        ([], rule("(0018,116x)", "K"), True),
        ([], rule("(60xx,3000)", "K"), False),
        ([], rule("(6004,3000)", "K"), False),
        ([], rule("(0019,'SIEMENS MR HEADER',0C)", "K"), False),
        (["retain-safe-private"], rule("(0019,'SIEMENS MR HEADER',0C)", "K"), True),
        (["retain-safe-private"], rule("(0019,'SIEMENS MR HEADER',xx)", "K"), False),
        (["retain-safe-private"], rule("creator:*", "K"), False),
        ([], rule("creator:SIEMENS*", "X"), True),
    ],
)
def test_the_profile_holds_unless_a_rule_retains_more_than_it_and_the_options_allow(options, said, holds) -> None:
    assert recipe(options=options, rules=[said]).profile_holds is holds


def test_a_rule_that_never_wins_does_not_break_the_profile() -> None:
    assert recipe(rules=[rule("PatientSex", "X"), rule("PatientSex", "K")]).profile_holds
    assert recipe(rules=[rule("PatientSex", "K"), rule("PatientSex", "X")]).excesses == (0,)


# A recipe as a value


def test_a_recipe_cannot_be_changed() -> None:
    chosen = recipe()
    with pytest.raises(ValidationError, match="frozen"):
        chosen.title = "another"


def test_a_changed_copy_forgets_what_was_decided() -> None:
    before = recipe()
    assert code(before, STUDY_DATE, "DA") == "Z"
    for after in (
        before.with_changes(options=["retain-full-dates"]),
        before.model_copy(update={"options": ["retain-full-dates"]}),
    ):
        assert code(after, STUDY_DATE, "DA") == "K"
        assert after.sha256 != before.sha256
    assert code(before, STUDY_DATE, "DA") == "Z"


def test_a_changed_copy_is_validated() -> None:
    with pytest.raises(RecipeError, match="exclude each other"):
        recipe().with_changes(options=["retain-full-dates", "retain-modified-dates"])


def test_recipes_that_say_the_same_are_equal_whatever_their_file(written) -> None:
    one = written("# a comment\noptions: [retain-uids, clean-descriptors]\n")
    two = Recipe(title="A test", options=("clean-descriptors", "retain-uids"))
    assert one == two
    assert one.sha256 == two.sha256
    assert {one: "found"}[two] == "found"
    assert one != two.with_changes(title="Another")


def test_a_recipe_goes_through_pickle(written) -> None:
    chosen = written("rules:\n  - {attribute: StudyID, action: X, reason: r}\n")
    chosen.decide(PATIENT_NAME, "PN")
    again = pickle.loads(pickle.dumps(chosen))  # noqa: S301  our own bytes
    assert again == chosen
    assert again.lines == (4,)
    assert again.name == "my"
    assert again.decide(0x00200010, "SH") == chosen.decide(0x00200010, "SH")


def test_a_recipe_reaches_a_worker_process() -> None:
    chosen = load("low")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(chosen.decide, STUDY_DATE, "DA").result() == chosen.decide(STUDY_DATE, "DA")


# The packaged recipes


def test_four_recipes_are_packaged() -> None:
    assert packaged() == ("basic", "high", "low", "research")


@pytest.mark.parametrize("name", ["basic", "high", "low", "research"])
def test_a_packaged_recipe_keeps_the_profile_and_gives_a_reason_for_each_rule(name) -> None:
    chosen = load(name)
    assert chosen.name == name
    assert chosen.profile_holds
    assert all(len(one.reason) > 8 for one in chosen.rules)
    assert chosen.select == Select()


def test_basic_is_the_profile_alone() -> None:
    chosen = load("basic")
    assert (chosen.options, chosen.rules) == ((), ())
    assert (chosen.at_risk.text, chosen.at_risk.face) == ("keep", "keep")


@pytest.mark.parametrize(
    ("tag", "vr", "low", "high"),
    [
        # absolute identifiers: removed at both levels
        (PATIENT_NAME, "PN", "Z", "Z"),
        (BIRTH_DATE, "DA", "Z", "Z"),
        (0x00101040, "LO", "X", "X"),
        # dates and times: shifted, removed
        (STUDY_DATE, "DA", "C", "Z"),
        (ACQUISITION_DATE, "DA", "C", "X/Z"),
        (ACQUISITION_TIME, "TM", "C", "X/Z"),
        (0x0008002A, "DT", "C", "X/Z/D"),
        (0x00404050, "DT", "C", "X"),
        # institution and staff: removed at both levels
        (0x00080080, "LO", "X/Z/D", "X/Z/D"),
        (0x00080090, "PN", "Z", "Z"),
        (0x00081050, "PN", "X", "X"),
        (0x00081070, "PN", "X/Z/D", "X/Z/D"),
        # quasi-identifiers: preserved, told in bins (the age by the setting of ages)
        (PATIENT_AGE, "AS", "K", "K"),
        (PATIENT_SIZE, "DS", "K", "bin"),
        (PATIENT_WEIGHT, "DS", "K", "bin"),
        (0x00181088, "IS", None, "bin"),
        (0x001811A0, "DS", None, "bin"),
        # low-risk: preserved at both levels
        (PATIENT_SEX, "CS", "K", "K"),
        (0x00102160, "SH", "K", "K"),
        (0x001021A0, "CS", "K", "K"),
        (0x00080070, "LO", None, None),
        (0x00081090, "LO", None, None),
        (0x00181020, "LO", None, None),
        # descriptions: kept clean at both levels
        (STUDY_DESCRIPTION, "LO", "C", "C"),
        (SERIES_DESCRIPTION, "LO", "C", "C"),
        # removed at both levels
        (0x00181030, "LO", "X", "X"),
        (0x00081010, "SH", "X", "X"),
        (0x00181000, "LO", "X", "X"),
        (0x00204000, "LT", "X", "X"),
        # orders and trials: keyed codes keep them together at the low level
        (0x00080050, "SH", "hash", "Z"),
        (0x00120040, "LO", "hash", "D"),
        # UIDs: new at both levels
        (0x00080018, "UI", "U", "U"),
        (0x0020000D, "UI", "U", "U"),
        (0x00200052, "UI", "U", "U"),
    ],
)
def test_the_two_levels_do_what_their_table_says(tag, vr, low, high) -> None:
    assert code(load("low"), tag, vr) == low
    assert code(load("high"), tag, vr) == high


def test_low_can_be_linked_and_high_cannot() -> None:
    low, high = load("low"), load("high")
    assert low.identifiers == Identifiers(patient="keyed", scope="patient", salted=False)
    assert high.identifiers == Identifiers(patient="keyed", scope="study", salted=True)
    assert (low.ages.pool_over, low.ages.bin_years) == (89, None)
    assert (high.ages.pool_over, high.ages.bin_years) == (89, 5)
    assert (low.at_risk.text, low.at_risk.face) == ("quarantine", "keep")
    assert (high.at_risk.text, high.at_risk.face) == ("quarantine", "quarantine")
    # Text in the pixels is cleaned at both levels, faces at the high one (S0-15, S0-16).
    assert (low.text_cleaning, low.face_cleaning) == (BurnedIn(), None)
    assert (high.text_cleaning, high.face_cleaning) == (BurnedIn(), Deface())


def test_research_keeps_what_its_options_name() -> None:
    chosen = load("research")
    assert len(chosen.options) == 7
    assert chosen.identifiers.prefix == "R-"
    assert chosen.dates.whole_weeks
    assert chosen.decide(0x00081010, "SH").reason == "names the ward"


@pytest.mark.parametrize("name", ["basic", "high", "low", "research"])
def test_no_packaged_recipe_calls_its_result_anonymous(name, root) -> None:
    text = (root / "templates" / "recipes" / f"{name}.yaml").read_text() + explain(load(name))
    assert "anonym" not in text.replace("pseudonym", "")
    assert "complian" not in text.replace("claims compliance with no law", "")


# Saying it in words


@pytest.mark.parametrize("name", ["basic", "high", "low", "research"])
def test_an_explanation_names_profile_options_settings_rules_and_claims(name) -> None:
    chosen, text = load(name), explain(load(name))
    assert chosen.title in text
    assert "Basic Application Confidentiality Profile" in text
    for option in chosen.options:
        assert f"{option} ({standard.OPTIONS[option].code}" in text
    for one, line in zip(chosen.rules, chosen.lines, strict=True):
        assert f"| line {line} | {one.attribute} | {one.action}" in text
        assert one.reason in text
    assert "113100" in text
    assert "What a person must still decide" in text


def test_an_explanation_tells_the_levels_apart() -> None:
    low, high = explain(load("low")), explain(load("high"))
    assert "PatientID: replaced by a keyed code, one per patient;" in low
    assert "PatientID: replaced by a keyed code, one per study, other in every release;" in high
    assert "StudyDate, AcquisitionDate: moved back by the patient's offset; AcquisitionTime: kept" in low
    assert "over 89 years told as 090Y; in bins of 5 years" in high
    assert "in bins of 5 |" in high
    assert "released, and the report says so" in low
    assert "released, and the report says so" not in high


def test_an_explanation_names_the_rules_that_cost_the_profile() -> None:
    text = explain(recipe(rules=[rule("StudyID", "X"), rule("PatientName", "K")]))
    assert "Claims no 113100: rules (2) retain more" in text


def test_an_explanation_shows_no_text_that_a_rule_writes_or_seeks() -> None:
    rules = [rule("StudyID", "regex", find="Miller", replace="M"), rule("PatientName", "replace", value="Smith")]
    assert not re.search("Miller|Smith", explain(recipe(rules=rules)))


def test_equal_recipes_differ_in_nothing() -> None:
    assert diff(load("low"), load("low")) == []


def test_a_difference_names_attribute_and_both_decisions() -> None:
    found = {one.subject: (one.first, one.second) for one in diff(load("low"), load("high"))}
    assert found["StudyDate"] == ("C (option retain-modified-dates)", "Z (profile)")
    assert found["PatientWeight"][0] == "K (option retain-patient-characteristics)"
    assert found["PatientWeight"][1].startswith("bin 5 (rule, line ")
    assert found["identifiers.scope"] == ("patient", "study")
    assert found["at_risk.face"] == ("keep", "quarantine")
    assert "PatientName" not in found
    assert "StationName" not in found


def test_a_difference_covers_private_creators() -> None:
    (found,) = diff(recipe(), recipe(rules=[rule("creator:SIEMENS*", "K")]))
    assert (found.subject, found.first, found.second) == ("creator:SIEMENS*", "no rule", "K (rule)")


# Saving


@pytest.mark.parametrize("name", ["basic", "high", "low", "research"])
def test_a_packaged_recipe_saved_loads_back_equal(tmp_path, name) -> None:
    path = save(load(name), tmp_path / "mine.yaml")
    assert load(path) == load(name)
    assert load(path).name == "mine"


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=40)
reasons = words.filter(str.strip)
attributes = st.sampled_from(
    ["StudyID", "00100020", "(0010,xxxx)", "vr:LO", "PatientComments", "StudyDescription", "0008,1030"]
)
plain_rules = st.builds(rule, attributes, st.sampled_from(["X", "Z", "D", "K", "C"]), reason=reasons)
verb_rules = st.one_of(
    st.builds(
        lambda text, reason: {**rule("PatientComments", "replace", value=text), "reason": reason},
        words.filter(lambda text: not re.search(r"[\x00-\x1f\x7f-\x9f\\]", text)),
        reasons,
    ),
    st.builds(lambda width: rule("PatientWeight", "bin", width=width), st.floats(0.001, 1e6)),
    st.builds(lambda length: rule("StudyID", "truncate", length=length), st.integers(1, 64)),
    st.builds(
        lambda find, new: rule("StudyDescription", "regex", find=re.escape(find), replace=new.replace("\\", "")),
        words,
        words,
    ),
)
options = st.lists(st.sampled_from([name for name in standard.OPTIONS if name != "retain-full-dates"]), unique=True)


@st.composite
def recipes(draw) -> Recipe:
    chosen = draw(options)
    said = {
        "title": draw(words),
        "options": chosen,
        "select": draw(st.sampled_from([{}, {"modalities": ["CT", "MR"]}, {"sop_classes": ["CTImageStorage"]}])),
        "identifiers": {
            "patient": draw(st.sampled_from(["keyed", "random"])),
            "prefix": draw(st.from_regex(r"[A-Za-z0-9_-]{0,6}", fullmatch=True)),
            "scope": draw(st.sampled_from(["patient", "study"])),
            "salted": draw(st.booleans()),
        },
        "uids": {"root": draw(st.sampled_from([None, "1.2.3", "1.2.840.99999."]))},
        "ages": {"pool_over": draw(st.none() | st.integers(1, 120)), "bin_years": draw(st.none() | st.integers(2, 50))},
        "at_risk": {carrier: draw(st.sampled_from(["keep", "quarantine"])) for carrier in ("text", "face")},
        "rules": draw(st.lists(plain_rules | verb_rules, max_size=4)),
    }
    if "retain-modified-dates" in chosen:
        said["dates"] = {"range_days": draw(st.integers(7, 36500)), "whole_weeks": draw(st.booleans())}
    if "retain-safe-private" in chosen:
        said["private"] = draw(st.sampled_from([None, {}, {"creators": [SIEMENS]}]))
    return Recipe.model_validate(said)


@settings(deadline=None)
@given(recipes())
@example(
    recipe(title="NEL \x85, line \u2028 and paragraph \u2029 separators, \ufeff and \x00, 'quoted' \"twice\": - # {")
)
@example(recipe(title=" blanks around ", rules=[rule("StudyID", "replace", value="null")]))
def test_any_recipe_saved_loads_back_equal(tmp_path_factory, made) -> None:
    path = tmp_path_factory.getbasetemp() / "made.yaml"
    assert load(save(made, path))._canonical == made._canonical


def test_a_saved_recipe_is_complete_or_not_there(tmp_path, monkeypatch) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("before")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecipeError, match="no space left"):
        save(load("low"), path)
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["mine.yaml"]


def test_a_recipe_is_not_saved_into_a_folder_that_is_not_there(tmp_path) -> None:
    with pytest.raises(RecipeError, match="no such file"):
        save(load("low"), tmp_path / "missing" / "mine.yaml")


# The steward's own codes


def with_table(folder: Path, table: str | bytes) -> Path:
    path = folder / "my.yaml"
    path.write_text(HEAD + "identifiers:\n  patient:\n    table: codes.csv\n", encoding="utf-8")
    (folder / "codes.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    return path


@pytest.mark.parametrize(
    "table",
    [
        "patient_id,code\n123,A-1\n456,A-2\n",
        "patient_id;code\r\n123;A-1\r\n456;A-2\r\n",
        "code,patient_id\nA-1,123\n\nA-2, 456 \n",
        "\ufeffPatient_ID,Code\n123,A-1\n456,A-2",
        'patient_id,issuer,code\n"123",,A-1\n456,,A-2\n',
    ],
)
def test_codes_come_from_the_table_beside_the_recipe(tmp_path, table) -> None:
    chosen = load(with_table(tmp_path, table))
    assert chosen.has_table
    assert isinstance(chosen.identifiers.patient, Table)
    assert chosen.code_of("", "123") == "A-1"
    assert chosen.code_of("HOSP", "456 ") == "A-2"
    assert chosen.code_of("", "789") is None


def test_an_issuer_in_the_table_wins_over_a_row_without_one(tmp_path) -> None:
    chosen = load(with_table(tmp_path, "patient_id,issuer,code\n123,EAST,A-1\n123,WEST,A-2\n123,,A-3\n456,EAST,A-4\n"))
    assert [chosen.code_of(issuer, "123") for issuer in ("EAST", "WEST", "NORTH", "")] == ["A-1", "A-2", "A-3", "A-3"]
    assert chosen.code_of("WEST", "456") is None


@pytest.mark.parametrize(
    ("table", "row", "words"),
    [
        ("", 1, "the columns are not"),
        ("patient,code\n123,A\n", 1, "the columns are not"),
        ("patient_id,code,code\n123,A,B\n", 1, "the columns are not"),
        ("patient_id,code,name\n123,A,B\n", 1, "the columns are not"),
        ("patient_id,code\n4711\n", 2, "1 cells under 2 columns"),
        ("patient_id,code\n4711,A,B\n", 2, "3 cells under 2 columns"),
        ("patient_id,code\n4711,\n", 2, "is empty"),
        ("patient_id,code\n,A\n", 2, "is empty"),
        ("patient_id,code\n1,A\n\n4711,B\n4711,C\n", 5, "this patient has a row already"),
        ("patient_id,code\n1,A\n2,B\n4711,A\n", 4, "the code is that of row 2"),
        ("patient_id,code\n1,abc\n4711,ABC\n", 3, "the code is that of row 2"),
        ("patient_id,code\n4711," + "A" * 65 + "\n", 2, "more than 64 characters"),
        ("patient_id,code\n4711,A\\B\n", 2, "cannot name a folder"),
        ("patient_id,code\n4711,../A\n", 2, "cannot name a folder"),
        ("patient_id,code\n4711,A.\n", 2, "cannot name a folder"),
        ("patient_id,code\n4711,Ä\n", 2, "cannot name a folder"),
        ("patient_id,code\n1,A\n4711,B\n2,4711\n", 4, "the code is a Patient ID"),
        ('patient_id,code\n1,A\n"4711,B\n', None, "quotation mark is not closed"),
        ("patient_id,code\n", None, "no row below the header"),
        (b"patient_id,code\n4711,\xc4\n", None, "not UTF-8"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_by_row_and_never_quoted(tmp_path, table, row, words) -> None:
    with pytest.raises(RecipeError) as caught:
        load(with_table(tmp_path, table))
    message = str(caught.value)
    assert message.startswith("recipe my.yaml, line 5: table codes.csv")
    assert words in message
    assert row is None or f"row {row}: " in message
    assert "4711" not in message


def test_a_missing_table_is_an_error(tmp_path) -> None:
    path = with_table(tmp_path, "patient_id,code\n1,A\n")
    (tmp_path / "codes.csv").unlink()
    with pytest.raises(RecipeError, match=r"line 5: table codes\.csv: no such file"):
        load(path)


def test_nothing_that_is_printed_of_a_recipe_shows_a_patient_of_its_table(tmp_path) -> None:
    chosen = load(with_table(tmp_path, "patient_id,code\n4711,A-1\n"))
    shown = f"{chosen!r} {chosen} {explain(chosen)} {chosen._codes!r} {chosen._codes} {chosen.model_dump()}"
    assert not re.search("4711|A-1", shown)
    assert "code of the steward's table" in shown
    assert chosen.code_of("", "4711") == "A-1"
    assert pickle.loads(pickle.dumps(chosen)).code_of("", "4711") == "A-1"  # noqa: S301  our own bytes


def test_the_digest_of_a_recipe_does_not_depend_on_its_patients(tmp_path) -> None:
    one = load(with_table(tmp_path, "patient_id,code\n4711,A-1\n")).sha256
    assert one == load(with_table(tmp_path, "patient_id,code\n4712,A-1\n")).sha256


def test_a_recipe_with_a_table_is_saved_only_beside_it(tmp_path) -> None:
    chosen = load(with_table(tmp_path, "patient_id,code\n1,A\n"))
    assert load(save(chosen, tmp_path / "copy.yaml")) == chosen
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(RecipeError, match="copy the table"):
        save(chosen, tmp_path / "elsewhere" / "copy.yaml")


def test_a_table_must_have_been_read() -> None:
    with pytest.raises(RecipeError, match="load the recipe from its file"):
        recipe(identifiers={"patient": {"table": "codes.csv"}}).code_of("", "1")


def test_a_rule_knows_its_arguments() -> None:
    assert Rule(**rule("PatientWeight", "bin", width=5)).arguments == {"width": 5}
    assert Rule(**rule("StudyID", "hash")).arguments == {}
