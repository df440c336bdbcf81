"""Reports: one offline page that counts every file, claims no law, names nobody, and stays small."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from factories import ct_instance, write
from PIL import Image

import dicomlab as dl
from dicomlab import judge, reports, runs
from dicomlab import recipe as recipes
from dicomlab.errors import ReleaseError
from dicomlab.records import Carrier, Check, Finding, HeadTold, Outcome, Reason, RunOutcome, State, Verdict
from dicomlab.reports.pictures import LONG_SIDE, pictures

CT, MR = "CT Image Storage", "MR Image Storage"
FACE = Finding(Carrier.FACE, "PixelData", "a series of the head", "pixels")
TEXT = Finding(Carrier.BURNED_IN, "PixelData", "pixels that commonly show text", "pixels")
MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
NAME, IDENTIFIER = "Quillfeather^Ottoline", "QF-4711-88"


def written(ordinal: int, modality: str = "CT", kind: str = CT, **more: object) -> Outcome:
    """One instance that reached the release."""
    told = {"changes": {"X": 3, "U": 2}, "safe_harbor": {"A": 1, "R": 2}, "codes": ("113100",)} | more
    return Outcome(ordinal, State.WRITTEN, None, "", modality, kind, f"p/s/{modality}/{ordinal}.dcm", **told)


def held(ordinal: int, reason: Reason, modality: str = "US", **more: object) -> Outcome:
    """One file that did not."""
    ignored = reason in {Reason.NOT_DICOM, Reason.DICOMDIR}
    return Outcome(ordinal, State.IGNORED if ignored else State.QUARANTINED, reason, "", modality, "", **more)


def a_run(*outcomes: Outcome, verdict: Verdict | None = None) -> RunOutcome:
    """A run of a recipe with a title."""
    return RunOutcome(Path("out"), Path("hidden"), "Sharing", "ab" * 32, outcomes, verdict, 1.5, "0.1.0")


def text_of(page: str) -> str:
    """What a reader sees: no markup, blanks made one."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def page_of(outcome: RunOutcome | Verdict, tmp_path: Path, **more: object) -> str:
    return reports.write(outcome, tmp_path / "report.html", **more).read_text("utf-8")


PASSED = Verdict((Check("no identifier in any byte", passed=True), Check("one end for every file", passed=True)), 2)


# --- counts ----------------------------------------------------------------------------------------------------------


def test_every_file_is_counted_once_and_the_sum_is_shown(tmp_path):
    outcome = a_run(written(0), written(1), held(2, Reason.TEXT_AT_RISK), held(3, Reason.NOT_DICOM, ""))
    facts = reports.summary(outcome)
    assert facts["files"]["total"] == 4
    assert facts["files"]["states"] == {"written": 2, "quarantined": 1, "ignored": 1}
    assert facts["files"]["sum_holds"] is True
    assert "2 + 1 + 1 = 4: every file ended in exactly one way" in text_of(page_of(outcome, tmp_path))


def test_a_file_that_is_counted_twice_is_told(tmp_path):
    outcome = a_run(written(0), written(0))
    assert reports.summary(outcome)["files"]["sum_holds"] is False
    assert "The sum does not hold" in text_of(page_of(outcome, tmp_path))


def test_a_reason_stands_with_what_it_means(tmp_path):
    shown = text_of(page_of(a_run(held(0, Reason.TRUNCATED, "CT")), tmp_path))
    assert "truncated-pixel-data" in shown
    assert "pixel data is shorter than the header says" in shown


def test_kinds_beyond_twenty_become_one_line_and_still_add_up():
    kinds = [written(n, f"M{n}", f"Kind {n} Storage") for n in range(30)]
    rows = reports.summary(a_run(*kinds))["files"]["kinds"]
    assert len(rows) == 20
    assert rows[-1]["more"] == 11
    assert sum(row["files"] for row in rows) == 30


def test_thousands_of_files_make_no_larger_page(tmp_path):
    few = page_of(a_run(*(written(n, findings=(FACE,)) for n in range(10)), verdict=PASSED), tmp_path)
    checks = (Check("it reads", passed=True),)
    many = a_run(*(written(n, findings=(FACE,), checks=checks) for n in range(20_000)), verdict=PASSED)
    assert len(page_of(many, tmp_path)) < len(few) + 2_000


def test_actions_are_summed_and_explained():
    facts = reports.summary(a_run(written(0, changes={"X": 3, "shift": 1}), written(1, changes={"X": 4})))
    assert [(a["code"], a["values"]) for a in facts["actions"]] == [("X", 7), ("shift", 1)]
    assert all(a["meaning"] for a in facts["actions"])


def test_values_of_files_that_were_held_back_are_not_counted_as_released():
    facts = reports.summary(a_run(written(0), held(1, Reason.TEXT_AT_RISK, changes={"X": 9}, safe_harbor={"A": 9})))
    assert facts["actions"][0]["values"] == 3
    assert facts["safe_harbor"][0]["values"] == 1


# --- Safe Harbor, claims ---------------------------------------------------------------------------------------------


def letters(outcome: RunOutcome, **more: object) -> dict[str, dict[str, object]]:
    return {row["letter"]: row for row in reports.summary(outcome, **more)["safe_harbor"]}


def test_the_eighteen_identifiers_are_all_there():
    assert list(letters(a_run(written(0)))) == list("ABCDEFGHIJKLMNOPQR")


def test_an_identifier_is_treated_or_none_was_found():
    rows = letters(a_run(written(0), written(1, safe_harbor={"A": 2})))
    assert (rows["A"]["status"], rows["A"]["values"], rows["A"]["instances"]) == ("treated", 3, 2)
    assert (rows["F"]["status"], rows["F"]["values"]) == ("none", 0)


def test_codes_that_follow_from_a_key_do_not_meet_r():
    assert letters(a_run(written(0)))["R"]["status"] == "falls short"


@pytest.mark.parametrize(
    ("code", "letter", "status"),
    [
        ("113106", "C", "kept"),  # full dates
        ("113107", "C", "falls short"),  # modified dates
        ("113109", "M", "kept"),  # device identity
        ("113110", "R", "kept"),  # UIDs
        ("113112", "B", "kept"),  # institution identity
    ],
)
def test_an_option_that_keeps_an_identifier_is_told_beside_it(code, letter, status):
    rows = letters(a_run(written(0, codes=("113100", code), safe_harbor={"B": 1, "C": 1, "M": 1})))
    assert rows[letter]["status"] == status
    assert rows[letter]["note"]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(written(0, findings=(FACE,)), "open"), (held(0, Reason.FACE_AT_RISK, "CT"), "held back"), (written(0), "none")],
    ids=["released", "quarantined", "no head"],
)
def test_faces_are_open_held_back_or_absent(outcome, status):
    assert letters(a_run(outcome))["Q"]["status"] == status


def test_no_law_is_claimed_and_an_expert_is_named_as_needed(tmp_path):
    shown = text_of(page_of(a_run(written(0), verdict=PASSED), tmp_path))
    assert "Level of claim pseudonymised" in shown
    assert "it claims compliance with no law" in shown
    assert "Safe Harbor is not claimed" in shown
    for said in ("items (C) and (R)", "164.514(c)", "expert"):
        assert said in shown
    assert not re.search(
        r"anonymi[sz]ed data|(?:HIPAA|GDPR)[ -]compliant|is compliant|fully anonym", shown, re.IGNORECASE
    )


def test_claimed_codes_have_the_meanings_of_cid_7050():
    facts = reports.summary(a_run(written(0, codes=("113100", "113105")), written(1)))
    assert [(c["code"], c["meaning"], c["instances"], c["of"]) for c in facts["codes"]] == [
        ("113100", "Basic Application Confidentiality Profile", 2, 2),
        ("113105", "Clean Descriptors Option", 1, 2),
    ]


def test_the_recipe_stands_with_its_digest_options_and_reasons(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "dicomlab: 1\ntitle: Mine\nedition: 2025c\nprofile: basic\noptions: [clean-descriptors]\n"
        "rules:\n  - {attribute: StationName, action: X, reason: names the <b>ward</b> & floor}\n",
        encoding="utf-8",
    )
    page = page_of(a_run(written(0)), tmp_path, recipe=recipes.load(path))
    assert "Clean Descriptors Option" in page
    assert "names the &lt;b&gt;ward&lt;/b&gt; &amp; floor" in page
    assert "ab" * 4 + "<wbr>" in page


# --- verdict, decisions ----------------------------------------------------------------------------------------------


def test_a_failed_check_says_not_to_hand_over_and_where(tmp_path):
    failed = Check("no identifier in any byte", passed=False, detail="a name", where=("ContentSequence[3].TextValue",))
    verdict = Verdict((Check("one end for every file", passed=True), failed), 2, (1,))
    outcome = a_run(written(0), written(1), verdict=verdict)
    shown = text_of(page_of(outcome, tmp_path))
    assert "Verification failed: do not hand this over" in shown
    assert "Level of claim none, verification failed" in shown
    assert "no longer carry" not in shown
    assert "ContentSequence[].TextValue" in shown
    assert [c["passed"] for c in reports.summary(outcome)["verification"]["checks"]] == [False, True]


def test_what_nobody_verified_is_not_called_verified(tmp_path):
    shown = text_of(page_of(a_run(written(0)), tmp_path))
    assert "Not verified yet" in shown
    assert "✓ Verified" not in shown
    assert "Level of claim pseudonymised, not verified" in shown
    assert "It has still to be shown" in shown


def test_an_instance_that_failed_by_itself_fails_the_report():
    bad = (Check("pixels unchanged but where text or a face was removed", passed=False),)
    assert reports.summary(a_run(written(0, checks=bad)))["verification"]["state"] == "failed"


def test_checks_of_many_instances_become_one_line_each():
    outcome = a_run(*(written(n, checks=(Check("it reads", passed=n != 2, where=(f"A[{n}].B",)),)) for n in range(5)))
    (row,) = reports.summary(outcome)["verification"]["checks"]
    assert (row["asked"], row["failed"], row["where"]) == (5, 1, ["A[].B"])


def test_a_verdict_alone_is_a_report_of_what_was_checked(tmp_path):
    page = page_of(PASSED, tmp_path)
    assert "no identifier in any byte" in page
    assert "What came in" not in page


def test_risks_that_were_kept_stand_at_the_head_and_under_what_to_decide(tmp_path):
    at_risk = written(0, findings=(FACE,)), written(1, findings=(TEXT,)), written(2, findings=(TEXT,))
    outcome = a_run(*at_risk, verdict=PASSED)
    shown = text_of(page_of(outcome, tmp_path))
    assert "1 instance was released whose pixels may show a face" in shown
    assert "2 instances were released whose pixels may hold text" in shown
    assert "of the pixels this is not shown" in shown
    assert "The data no longer carry" not in shown
    decide = reports.summary(outcome)["decide"]
    assert decide["text"] == {"released": 2, "quarantined": 0}
    assert [(f["carrier"], f["instances"]) for f in decide["findings"]] == [("burned-in", 2), ("face", 1)]


def test_the_page_has_a_place_to_sign_and_says_how_to_verify_again(tmp_path):
    shown = text_of(page_of(a_run(written(0)), tmp_path, manifest_sha256="cd" * 32))
    for said in ("Name", "Role", "Date", "Signature", "Data protection officer", "sha256sum manifest.jsonl"):
        assert said in shown
    assert "dicomlab verify SOURCE RELEASE --recipe RECIPE --private PRIVATE" in shown
    assert "cdcdcdcd" in shown


# --- the page --------------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Collects elements and attributes; complains when elements are not closed in order."""

    VOID = frozenset({"meta", "img", "br", "wbr", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def whole(tmp_path):
    """A page with everything on it."""
    outcomes = (written(0, findings=(FACE,)), held(1, Reason.TEXT_AT_RISK), held(2, Reason.NOT_DICOM, ""))
    drawn = (
        reports.Picture(0, "CT", CT, "CT, one slice", uri="data:image/png;base64,AAAA"),
        reports.Picture(1, "US", "Ultrasound Image Storage", "", why_not="this kind may carry text in its pixels"),
    )
    return page_of(
        a_run(*outcomes, verdict=PASSED), tmp_path, recipe=recipes.load("research"), pictures=drawn, written=MOMENT
    )


def test_the_page_is_one_file_that_asks_for_nothing(whole):
    reader = Reader()
    reader.feed(whole)
    assert reader.open == []
    assert not {tag for tag, _ in reader.seen} & {"script", "link", "iframe", "object", "embed", "form", "base"}
    for tag, attributes in reader.seen:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("href", "src", "srcset", "poster"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), tag
    assert not re.search(r"https?:|//[a-z]|@import|url\(", whole)


def test_the_page_can_be_read_without_eyes_or_colours(whole):
    reader = Reader()
    reader.feed(whole)
    assert ("html", {"lang": "en"}) in reader.seen
    assert all(attributes.get("alt") for tag, attributes in reader.seen if tag == "img")
    assert all(attributes.get("scope") in {"col", "row"} for tag, attributes in reader.seen if tag == "th")
    headings = [int(tag[1]) for tag, _ in reader.seen if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(headings))
    targets = {a["id"] for _, a in reader.seen if "id" in a}
    assert {a["href"][1:] for tag, a in reader.seen if tag == "a"} <= targets
    for mark in re.findall(r'<span class="mark.*?</span></span>|<span class="mark[^>]*>.*?</span>[^<]+</span>', whole):
        assert re.search(r"</span>\s*\w", mark), "a mark says in words what its colour says"


@pytest.mark.parametrize("name", ["ink", "soft", "good", "bad", "open", "part"])
def test_colours_of_text_stand_out_from_the_paper(whole, name):
    colours = dict(re.findall(r"--(\w+): #(\w{6})", whole))

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for behind in ("paper", "wash"):
        assert (light(colours[behind]) + 0.05) / (light(colours[name]) + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_the_time_is_told_in_utc(whole):
    assert "2026-03-04, 05:06 UTC" in whole


def test_json_holds_the_same_facts(tmp_path):
    outcome = a_run(written(0), verdict=PASSED)
    path = reports.write(outcome, tmp_path / "report.json", written=MOMENT, manifest_sha256="cd" * 32)
    facts = reports.summary(outcome, written=MOMENT, manifest_sha256="cd" * 32)
    assert json.loads(path.read_text("utf-8")) == facts


def test_another_ending_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(ReleaseError, match=r"\.html or \.json"):
        reports.write(PASSED, tmp_path / "report.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_a_report_in_a_frame_of_its_own(tmp_path):
    path = reports.write(a_run(written(0)), tmp_path / "report.html")
    shown = reports.preview(path)._repr_html_()
    reader = Reader()
    reader.feed(shown)
    assert [tag for tag, _ in reader.seen] == ["iframe"]
    assert reader.seen[0][1]["srcdoc"] == path.read_text("utf-8")
    assert "sandbox" in reader.seen[0][1]
    assert "open report.html" in repr(reports.preview(path))


def test_a_report_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ReleaseError, match="run or verify the release first"):
        reports.preview(tmp_path / "report.html")


def test_a_report_of_a_real_run_names_nobody(tmp_path):
    source = tmp_path / NAME.replace("^", " ")
    for n in range(3):
        instance = ct_instance(
            n, PatientName=NAME, PatientID=IDENTIFIER, PatientBirthDate="19510723", StationName="Ward Seven",
            StudyDescription="CT for Quillfeather",
        )  # fmt: skip
        write(instance, source / f"{IDENTIFIER} {n}.dcm")
    outcome = dl.run(source, tmp_path / "release", "basic")
    assert outcome.ok
    dl.report(outcome, tmp_path / "again.html")
    identity = runs.identities(source)
    for path in (tmp_path / "release/report.html", tmp_path / "release/report.json", tmp_path / "again.html"):
        data = path.read_bytes()
        assert judge.search(data, identity, kind="text") == []
        for hidden in (b"Quillfeather", b"Ottoline", IDENTIFIER.encode(), b"1951", b"Ward Seven", bytes(tmp_path)):
            assert hidden.lower() not in data.lower()


# --- pictures --------------------------------------------------------------------------------------------------------


@pytest.fixture
def released(tmp_path):
    """Lay instances into a release; return their outcomes."""

    def lay(*instances: object, findings: tuple[Finding, ...] = ()) -> tuple[Outcome, ...]:
        outcomes = []
        for n, instance in enumerate(instances):
            name = f"p/s/{instance.SeriesInstanceUID}/{n}.dcm"
            write(instance, tmp_path / name)
            kind = {"CT": CT, "MR": MR}.get(instance.Modality, "Ultrasound Image Storage")
            outcomes.append(Outcome(n, State.WRITTEN, None, "", instance.Modality, kind, name, findings=findings))
        return tuple(outcomes)

    return lay


def decoded(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def slice_of(grey: int, n: int = 1, **attributes: object):
    """A CT slice of one grey value."""
    instance = ct_instance(n, RescaleIntercept="0", WindowCenter="127.5", WindowWidth="255", **attributes)
    instance.PixelData = np.full((8, 8), grey, "<i2").tobytes()
    return instance


def test_a_slice_is_drawn_through_its_window(released, tmp_path):
    (picture,) = pictures(tmp_path, released(slice_of(100)))
    assert picture.why_not == ""
    assert set(decoded(picture.uri).flat) == {100}


def test_monochrome1_is_drawn_with_bright_bone(released, tmp_path):
    (picture,) = pictures(tmp_path, released(slice_of(100, PhotometricInterpretation="MONOCHROME1")))
    assert set(decoded(picture.uri).flat) == {155}


def test_volumes_without_a_head_are_counted_and_of_many_heads_the_first_are_listed(tmp_path):
    chests = [HeadTold(f"p{n}f0", 200, 1, clear=True) for n in range(2000)]
    heads = [HeadTold(f"p{n}f1", 200, 1, refused="the fit is poor") for n in range(130)]
    outcome = replace(a_run(written(1)), heads=(*chests, *heads))
    page = page_of(outcome, tmp_path)
    assert "2 000 Frames of Reference show no head." in text_of(page)
    assert "Of 130 heads the first 100 are listed" in text_of(page)
    assert page.count("the fit is poor") == 100
    assert len(page) < 100_000


def test_of_a_head_an_axial_slice_near_the_top_is_drawn(released, tmp_path):
    stack = [slice_of(n, n, BodyPartExamined="HEAD", ImagePositionPatient=[0, 0, float(n)]) for n in range(100)]
    (picture,) = pictures(tmp_path, released(*stack))
    shown = int(decoded(picture.uri)[0, 0])
    assert 78 <= shown <= 84  # 18 % below the top, of every second slice
    assert "axial slice near the top" in picture.caption


@pytest.mark.parametrize(
    "attributes",
    [
        {"BodyPartExamined": "HEAD", "ImageOrientationPatient": [0, 1, 0, 0, 0, -1]},  # sagittal: a profile
        {"BodyPartExamined": "", "ImageOrientationPatient": [1, 0, 0, 0, 0, -1]},  # coronal, may be a head
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
        {"BurnedInAnnotation": "YES"},
    ],
    ids=["sagittal head", "coronal, not stated", "screen save", "said to be annotated"],
)
def test_what_may_show_a_face_or_text_is_not_drawn(released, tmp_path, attributes):
    (picture,) = pictures(tmp_path, released(slice_of(100, **attributes)))
    assert picture.uri == ""
    assert picture.why_not


def test_a_series_with_a_finding_of_text_is_not_drawn(released, tmp_path):
    (picture,) = pictures(tmp_path, released(slice_of(100), findings=(TEXT,)))
    assert picture.uri == ""
    assert "text" in picture.why_not


def test_a_finding_of_a_face_counts_whatever_the_header_says(released, tmp_path):
    sagittal = slice_of(100, ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    (picture,) = pictures(tmp_path, released(sagittal, findings=(FACE,)))
    assert picture.uri == ""


def test_other_kinds_are_listed_with_the_reason(released, tmp_path):
    (picture,) = pictures(tmp_path, released(slice_of(1, Modality="US")))
    assert (picture.uri, picture.why_not) == ("", "this kind may carry text in its pixels")


def test_what_cannot_be_decoded_fails_no_report(released, tmp_path):
    broken = slice_of(1)
    broken.PixelData = b"\0\0"
    (picture,) = pictures(tmp_path, released(broken))
    assert picture.why_not == "its pixel data could not be decoded here"


def test_pictures_are_small_and_carry_no_metadata(released, tmp_path):
    large = slice_of(7, Rows=600, Columns=500)
    large.PixelData = np.zeros((600, 500), "<i2").tobytes()
    (picture,) = pictures(tmp_path, released(large))
    data = base64.b64decode(picture.uri.partition(",")[2])
    assert max(Image.open(io.BytesIO(data)).size) == LONG_SIDE
    kinds, at = set(), 8
    while at < len(data):
        (length,) = struct.unpack(">L", data[at : at + 4])
        kinds.add(data[at + 4 : at + 8])
        at += 12 + length
    assert kinds == {b"IHDR", b"IDAT", b"IEND"}


def test_no_more_series_are_drawn_than_asked_and_every_kind_first(released, tmp_path):
    series = [slice_of(n, n, SeriesInstanceUID=f"1.2.{n}") for n in range(5)]
    other = slice_of(9, 9, SeriesInstanceUID="1.2.9", Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    drawn = pictures(tmp_path, released(*series, other), 3)
    assert [p.modality for p in drawn] == ["CT", "MR", "CT"]
