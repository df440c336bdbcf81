"""Tables and plots for notebooks: what is searched, what is counted, and that values stay masked."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicomlab.catalog import Catalog, Entry
from dicomlab.errors import DicomlabError
from dicomlab.header.inspect import AttributeSummary
from dicomlab.records import (
    BATCH_VARIABLE,
    Carrier,
    Check,
    Finding,
    Masked,
    Outcome,
    Reason,
    RunOutcome,
    State,
    Verdict,
)
from dicomlab.reports import figures, tables
from dicomlab.risk import Record, assess, suggest

CANARY = "Quillfeather^Ottoline"


def row(path, risk, *, tag="(0010,0010)", vr="PN", creator="", values=(CANARY,), counts=(3,)):
    masked = tuple(Masked(v) for v in values)
    return AttributeSummary(path, path, tag, vr, creator, risk, "why", "Z", sum(counts), len(values), masked, counts)


ROWS = [
    row("Modality", "none", vr="CS"),
    row("StudyDate", "date or time", vr="DA"),
    row("PatientName", "direct identifier"),
    row("PatientID", "direct identifier", vr="LO"),
]


@pytest.fixture
def batch(monkeypatch):
    monkeypatch.setenv(BATCH_VARIABLE, "1")


@pytest.fixture(autouse=True)
def _on_a_screen(monkeypatch):
    monkeypatch.delenv(BATCH_VARIABLE, raising=False)


def paths(table):
    return [cells[0] for _, cells in table.rows]


def test_the_riskiest_attributes_stand_first():
    assert paths(tables.attributes(ROWS)) == ["PatientName", "PatientID", "StudyDate", "Modality"]


@pytest.mark.parametrize(
    ("search", "risk", "left"),
    [
        ("", "all", ["PatientName", "PatientID", "StudyDate", "Modality"]),
        ("patient", "all", ["PatientName", "PatientID"]),
        ("PATIENT lo", "all", ["PatientID"]),  # every word, whatever its case, in any column
        ("", "date or time", ["StudyDate"]),
        ("patient", "date or time", []),
    ],
)
def test_a_search_leaves_rows_with_every_word_and_the_risk(search, risk, left):
    table = tables.attributes(ROWS)
    assert paths(table.filtered(search, risk)) == left
    assert len(table.rows) == 4  # searching changes nothing


def test_values_are_masked_and_how_many_share_the_most_frequent_is_told():
    table = tables.attributes([row("PatientName", "direct identifier", values=(CANARY, "B"), counts=(5, 2))])
    assert CANARY not in table.html() + repr(table)
    assert "▒▒▒▒▒▒ (5) | …" in table.html()


def test_values_are_shown_on_a_screen_when_asked_for_and_escaped():
    html = tables.attributes([row("PatientName", "direct identifier", values=("A<b>",))], reveal=True).html()
    assert "A&lt;b&gt; (3)" in html


def test_values_are_not_shown_in_a_batch(batch):
    with pytest.raises(DicomlabError):
        tables.attributes(ROWS, reveal=True)


def test_with_nobody_to_look_a_table_is_whole_and_has_no_widget(batch):
    many = [row(f"Attribute{n}", "UID") for n in range(50)]
    bundle = tables.attributes(many)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert all(f"Attribute{n}<" in bundle["text/html"] for n in range(50))


def test_a_short_table_needs_no_search():
    assert "application/vnd.jupyter.widget-view+json" not in tables.attributes(ROWS)._repr_mimebundle_()


def test_in_a_front_end_search_and_risk_act_on_the_table():
    boxes, shown = tables.attributes(ROWS * 5).widget().children
    search, risk = boxes.children
    assert risk.options == ("all", "direct identifier", "date or time", "none")
    search.value = "name"
    assert "PatientName" in shown.value
    assert "StudyDate" not in shown.value
    search.value, risk.value = "", "date or time"
    assert "StudyDate" in shown.value
    assert "PatientName" not in shown.value


def test_a_table_without_risks_has_no_choice_of_risk():
    verdict = Verdict(tuple(Check(f"question {n}", passed=True) for n in range(20)), 1)
    boxes, _ = tables.checks(verdict).widget().children
    assert len(boxes.children) == 1


def test_findings_of_items_and_instances_count_together():
    found = [
        Finding(Carrier.HEADER, f"ASequence[{n}].PatientID", "why", "direct identifier", ordinal=n) for n in (0, 1, 2)
    ]
    assert [cells for _, cells in tables.findings(found).rows] == [
        ("ASequence[].PatientID", "header", "direct identifier", "", "3", "why")
    ]
    assert [cells for _, cells in tables.risks(found).rows] == [("direct identifier", "header", "1", "3")]


def test_failed_checks_stand_first_with_where_they_failed():
    verdict = Verdict((Check("good", passed=True), Check("bad", passed=False, detail="why", where=("PatientID",))), 1)
    assert [cells for _, cells in tables.checks(verdict).rows] == [
        ("✕ FAILED", "bad", "why; PatientID"),
        ("✓ passed", "good", ""),
    ]


def test_what_singles_a_patient_out_is_told_with_how_to_tell_it():
    ann, bob = Record({"sex": frozenset("F")}), Record({"sex": frozenset("M")})
    known = [ann, ann, bob]
    table = tables.singled_out(assess(known), suggest(known, 3))
    assert [cells for _, cells in table.rows] == [("sex", "3", "left out")]
    assert "k = 1; unique patients: 1" in table.caption


def entry(number, patient, day="", *, reason=None, series="1"):
    attributes = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "Modality": "CT", "PatientID": patient, "StudyDate": day,
        "StudyInstanceUID": f"1.{day or 0}", "SeriesInstanceUID": series,
    }  # fmt: skip
    return Entry(number, Path(f"{CANARY}/{number}"), f"{CANARY}/{number}", 1000, reason, {} if reason else attributes)


CATALOG = Catalog(
    Path(CANARY),
    (
        entry(0, CANARY, "20200101"),
        entry(1, "other", "20200301"),
        entry(2, CANARY, "20200115"),
        entry(3, "", reason=Reason.NOT_DICOM),
    ),
)


def test_series_are_told_in_the_order_of_patients_and_name_nobody():
    table = tables.series(CATALOG)
    assert paths(table) == [
        "patient 1 / study 1 / series 1",
        "patient 1 / study 2 / series 1",
        "patient 2 / study 1 / series 1",
    ]
    assert CANARY not in table.html()


def test_files_that_are_left_out_stand_with_what_it_means():
    assert [cells for _, cells in tables.left_out(CATALOG).rows] == [
        ("not-dicom", "1", "the file is no DICOM; nothing was read from it")
    ]


# --- plots -----------------------------------------------------------------------------------------------------------


def words(figure):
    axes = figure.axes[0]
    return " ".join(
        t.get_text() for t in [*axes.get_xticklabels(), *axes.get_yticklabels(), *axes.texts, axes.xaxis.label]
    )


def test_dates_are_weeks_since_the_first_study_of_each_patient():
    figure = figures.dates_over_time(CATALOG)
    places = [sorted(x for x, _ in dots.get_offsets().tolist()) for dots in figure.axes[0].collections]
    assert places == [[0.0, 2.0], [0.0]]  # 1 to 15 January 2020; one study alone
    figure.canvas.draw()
    assert "2020" not in words(figure)


def test_dates_themselves_are_refused_in_a_batch(batch):
    with pytest.raises(DicomlabError):
        figures.dates_over_time(CATALOG, reveal=True)


def test_dates_of_thousands_of_patients_make_no_larger_plot():
    many = Catalog(Path(), tuple(entry(n, f"p{n}", "20200101") for n in range(3000)))
    assert figures.dates_over_time(many).get_size_inches()[1] < 20


def test_bars_of_risk_add_up_to_the_attributes_that_identify():
    figure = figures.risk_by_modality({"CT": ROWS, "MR": ROWS[:2]})
    assert [t.get_text() for t in figure.axes[0].texts] == ["3", "1"]  # Modality identifies nobody


def test_private_attributes_count_by_creator_and_those_that_reserve_a_block_do_not():
    private = [
        row("(0019,private,10)", "private", tag="(0019,0010)", vr="LO"),
        row("(0019,'ACME',0C)", "private", tag="(0019,100C)", creator="ACME"),
        row("(0019,'ACME',0D)", "private", tag="(0019,100D)", creator="ACME"),
        row("(0021,private,01)", "private", tag="(0021,1001)"),
    ]
    axes = figures.private_creators(private).axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["ACME", "not in a dictionary"]
    assert [bar.get_width() for bar in axes.patches] == [2, 1]


@pytest.mark.parametrize(
    "figure",
    [
        figures.private_creators([]),
        figures.risk_by_modality({}),
        figures.dates_over_time(Catalog(Path(), ())),
        figures.ends(RunOutcome(Path(), Path(), "", "", ())),
    ],
    ids=["creators", "risk", "dates", "ends"],
)
def test_a_plot_of_nothing_is_still_a_plot(figure):
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_ends_are_drawn_by_state_and_reason():
    outcomes = (Outcome(0, State.WRITTEN), Outcome(1, State.WRITTEN), Outcome(2, State.QUARANTINED, Reason.BROKEN))
    axes = figures.ends(RunOutcome(Path(), Path(), "", "", outcomes)).axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["written", "quarantined: broken"]
    assert [t.get_text() for t in axes.texts] == ["2", "1"]
