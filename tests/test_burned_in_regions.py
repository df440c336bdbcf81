"""What recognised text is, what may stay, what people decided, and which regions follow from it."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import numpy as np
import pytest
from pydicom import Dataset

from dicomlab.burned_in import TextBox, regions_to_blank
from dicomlab.burned_in.boxes import Box, Sensitivity, from_map, joined, largest_side
from dicomlab.burned_in.cine import settled
from dicomlab.burned_in.classify import classified
from dicomlab.burned_in.signatures import expecting
from dicomlab.recipe import BurnedIn, TextDecision
from dicomlab.records import Region

LINE = Region(100, 50, 200, 70)
SERIES = "0123456789abcdef"


def decision(box, action, frame=None):
    return TextDecision(box=box, action=action, reason="looked at", series=SERIES, frame=frame)


def blanked(*boxes, keep=(), decisions=()):
    return regions_to_blank(boxes, BurnedIn(keep=keep), decisions)


def within(region, others):
    return any(o.x0 <= region.x0 and o.y0 <= region.y0 and o.x1 >= region.x1 and o.y1 >= region.y1 for o in others)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("L", "laterality"), ("RAO 30", "laterality"), ("R MLO", "laterality"), ("5 cm", "scale"), ("10", "scale"),
        ("MHz", "units"), ("MI 0.8", "technique"), ("120 kV 200 mAs", "technique"), ("TE 90", "technique"),
    ],
)  # fmt: skip
def test_text_that_identifies_nobody_is_allowed(text, kind):
    assert classified(text, 0.99) == ("allowed", kind)


@pytest.mark.parametrize(
    "text",
    [
        "12.03.1956", "1956-03-12", "12/03/56", "12-MAR-1956", "14:05:59", "4711082", "ACC 12345", "MRN123456",
        "DOE^JANE", "Dr. Who", "Name: Doe", "山田太郎", "DOB 12.03.1956",
    ],
)  # fmt: skip
def test_text_that_looks_like_what_identifies_is_a_pattern(text):
    assert classified(text, 0.99) == ("pattern", "")


def test_what_matches_the_patient_is_never_allowed():
    assert classified("L", 0.99, lambda text: text == "L") == ("phi", "")


def test_text_that_was_hardly_read_is_unknown_and_goes():
    assert classified("L", 0.4) == ("unknown", "")
    assert blanked(TextBox(LINE, 0.9, "unknown"), keep=("laterality",))


def test_a_region_reaches_further_than_the_box_that_was_found():
    (region,) = blanked(TextBox(LINE, 0.9))
    assert region.x0 < LINE.x0
    assert region.y0 < LINE.y0
    assert region.x1 > LINE.x1
    assert region.y1 > LINE.y1


def test_allowed_text_stays_only_if_the_recipe_says_so():
    box = TextBox(LINE, 0.9, "allowed", "scale")
    assert blanked(box)
    assert blanked(box, keep=("laterality",))
    assert not blanked(box, keep=("scale",))


def test_a_person_can_keep_text_but_not_what_matches_the_patient():
    keep = decision((90, 40, 210, 80), "keep")
    assert not blanked(TextBox(LINE, 0.9, "text"), decisions=[keep])
    assert blanked(TextBox(LINE, 0.9, "phi"), decisions=[keep])
    assert blanked(TextBox(Region(100, 50, 400, 70), 0.9, "text"), decisions=[keep])  # most of it lies outside


def test_a_decision_about_one_frame_says_nothing_about_the_others():
    keep = decision((90, 40, 210, 80), "keep", frame=3)
    assert not blanked(TextBox(Region(100, 50, 200, 70, 3), 0.9, "text"), decisions=[keep])
    assert blanked(TextBox(Region(100, 50, 200, 70, 4), 0.9, "text"), decisions=[keep])
    assert blanked(TextBox(LINE, 0.9, "text"), decisions=[keep])


def test_what_a_person_drew_is_blanked():
    assert within(Region(5, 6, 30, 20), blanked(decisions=[decision((5, 6, 30, 20), "blank")]))


def test_a_region_of_one_frame_within_one_of_all_frames_is_not_told_twice():
    regions = blanked(TextBox(Region(90, 40, 260, 80), 0.9), TextBox(Region(110, 55, 180, 65, 2), 0.9))
    assert [r.frame for r in regions] == [None]


def test_boxes_higher_than_text_are_none_unless_lines_within_them_are():
    wide = np.zeros((300, 300), np.float32)
    wide[50:250, 50:250] = 0.4
    assert from_map(wide, 1, Sensitivity(), largest_side(wide.shape)) == []
    wide[60:80, 60:240] = wide[120:140, 60:240] = 0.95
    lines = from_map(wide, 1, Sensitivity(), largest_side(wide.shape))
    assert len(lines) == 2


def test_lines_are_not_swallowed_by_a_box_over_several_of_them():
    lines = [Box(10, 10, 100, 25), Box(10, 30, 100, 45)]
    assert set(joined([*lines, Box(8, 9, 101, 46)])) >= set(lines)


def test_a_place_where_text_stands_on_most_frames_counts_for_all():
    found = {n: [Box(10, 10, 90, 30)] for n in range(10) if n != 4}
    steady, left = settled(found, 10)
    assert steady == [Box(10, 10, 90, 30)]
    assert not any(left.values())


def test_a_frame_between_two_that_show_moving_text_shows_it_too():
    found = {n: [Box(10 + 25 * n, 10, 90 + 25 * n, 30)] for n in range(6)}
    found[3] = []
    _, left = settled(found, 6)
    assert any(b.x0 <= 85 and b.x1 >= 165 for b in left[3])


def test_outside_the_regions_of_an_ultrasound_image_text_is_expected():
    scan = Dataset()
    scan.RegionLocationMinX0, scan.RegionLocationMinY0 = 100, 100
    scan.RegionLocationMaxX1, scan.RegionLocationMaxY1 = 500, 400
    expected = expecting({"SequenceOfUltrasoundRegions": [scan]}, (480, 640))
    assert expected(Box(10, 300, 60, 320))
    assert not expected(Box(200, 200, 300, 220))


def test_a_console_writes_at_the_top_of_an_ultrasound_image():
    expected = expecting({"Modality": "US"}, (480, 640))
    assert expected(Box(10, 5, 200, 25))
    assert not expected(Box(10, 205, 200, 225))
    assert not expecting({"Modality": "MR"}, (480, 640))(Box(10, 5, 200, 25))


@pytest.mark.parametrize("name", ["allowed", "patterns"])
def test_the_tables_say_what_they_are_and_hold_valid_expressions(name):
    content = json.loads((files("dicomlab.burned_in") / f"{name}.json").read_text("utf-8"))
    assert content.pop("about")
    for expressions in content.values():
        assert all(re.compile(e) for e in expressions)


def test_every_signature_names_its_source():
    content = json.loads((files("dicomlab.burned_in") / "signatures.json").read_text("utf-8"))
    assert all(s["says"] and s["source"] and s["bands"] for s in content["signatures"])
