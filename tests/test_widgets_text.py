"""The review of burned-in text: what a person decides about rectangles, as it stands in the recipe."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pydicom
import pydicom.encaps
import pytest

import dicomlab as dl
from dicomlab import engine
from dicomlab.errors import DicomlabError
from dicomlab.recipe import fingerprint, load
from dicomlab.records import BATCH_VARIABLE, Masked, Region
from dicomlab.widgets import TextReview, shots
from dicomlab.widgets.text_model import Shot, decided, marks, moved

SERIES, OTHER = fingerprint("1.2.3"), fingerprint("1.2.4")
SCANNER = "ACME|Sono 1|64x48"
PERSON = "KOWALSKI ZOFIA"


@dataclass
class Box:
    region: Region
    kind: str = "phi"
    text: Masked | None = None


NAME = Box(Region(2, 3, 40, 10), "pattern", Masked(PERSON))
SCALE = Box(Region(50, 3, 60, 40), "allowed")


class Drawn(Shot):
    """An image that is in no file."""

    def read(self):
        return self.open()


def shot(*found, series=SERIES, scanner=SCANNER, label="patient 1 / study 1 / series 1", frames=1, why=""):
    grey = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    return Drawn(label, series, scanner, (48, 64), lambda: [grey] * frames, grey[::2, ::2], found, why)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "mine.yaml"


@pytest.fixture
def review(out):
    return TextReview([shot(NAME, SCALE)], "low", out)


def said(review, **message):
    """What the browser is told after it said something."""
    told = []
    review.send = lambda content, _=None: told.append(content)
    review._asked(review, {"seq": 1, "seen": 0, "id": None, "box": None, **message}, [])
    return told


# Decisions.


def test_what_was_found_is_to_be_decided():
    assert [(m.state, m.box, m.kind) for m in marks(shot(NAME, SCALE), ())] == [
        ("found", (2, 3, 40, 10), "pattern"),
        ("found", (50, 3, 60, 40), "allowed"),
    ]


def test_accepting_blanks_and_rejecting_keeps_each_with_a_reason(review):
    first, second = review.marks
    review.accept(first)
    review.reject(second)
    assert [(d.action, d.box, d.series, d.reason) for d in review.settings.decisions] == [
        ("blank", (2, 3, 40, 10), SERIES, "seen in the review"),
        ("keep", (50, 3, 60, 40), SERIES, "seen in the review"),
    ]
    assert [m.state for m in review.marks] == ["blank", "keep"]


def test_a_decision_without_a_reason_is_refused():
    one = shot(NAME)
    with pytest.raises(DicomlabError, match="needs a reason"):
        decided((), one, marks(one, ())[0], "blank", reason="  ")


def test_a_later_decision_about_the_same_rectangle_stands_for_the_earlier_one(review):
    review.accept(review.marks[0])
    review.reject(review.marks[0])
    assert [d.action for d in review.settings.decisions] == ["keep"]


def test_a_decision_about_a_series_is_about_that_series_alone():
    one, other = shot(NAME), shot(NAME, series=OTHER)
    decisions = decided((), one, marks(one, ())[0], "keep", reason="a phantom")
    assert [m.state for m in marks(other, decisions)] == ["found"]


def test_a_decision_about_a_scanner_is_about_all_its_images_of_this_size():
    one, other, foreign = shot(NAME), shot(series=OTHER), shot(NAME, scanner="ACME|Sono 1|128x96")
    decisions = decided((), one, marks(one, ())[0], "blank", reason="its name bar", scope="scanner")
    assert decisions[0].scanner == SCANNER
    assert decisions[0].series is None
    assert [m.state for m in marks(other, decisions)] == ["blank"]
    assert [m.state for m in marks(foreign, decisions)] == ["found"]


def test_moving_what_was_found_blanks_the_new_place_and_keeps_the_old_one():
    one = shot(NAME)
    new = moved((), one, marks(one, ())[0], (4, 5, 42, 12), reason="it lies lower")
    assert [(d.action, d.box) for d in new] == [("keep", (2, 3, 40, 10)), ("blank", (4, 5, 42, 12))]


def test_what_matches_the_patient_is_never_kept():
    one = shot(Box(Region(2, 3, 40, 10), "phi"))
    mark = marks(one, ())[0]
    with pytest.raises(DicomlabError, match="no run keeps it"):
        decided((), one, mark, "keep", reason="harmless")
    assert [d.action for d in moved((), one, mark, (4, 5, 42, 12), reason="lower")] == ["blank"]


def test_moving_what_was_drawn_leaves_nothing_at_the_old_place(review):
    drawn = review.draw((10, 10, 20, 20), 0)
    review.move(drawn, (12, 10, 22, 20))
    assert [(d.action, d.box, d.frame) for d in review.settings.decisions] == [("blank", (12, 10, 22, 20), 0)]


def test_deleting_takes_a_decision_back(review):
    review.accept(review.marks[0])
    review.delete(review.marks[0])
    assert review.settings.decisions == ()
    assert review.marks[0].state == "found"


def test_undo_takes_back_one_decision_at_a_time_and_a_way_of_many_steps_at_once(review):
    review.accept(review.marks[1])
    mark = review.draw((10, 10, 20, 20))
    for step in range(5):
        mark = review.move(mark, (11 + step, 10, 21 + step, 20))
    review.undo()
    assert review.settings.decisions[-1].box == (10, 10, 20, 20)
    review.undo()
    review.undo()
    assert review.settings.decisions == ()


# The recipe.


def test_a_saved_review_goes_on_where_it_was_left(review, out):
    review.accept(review.marks[0])
    review.draw((5, 30, 25, 40), 0)
    review.save()
    again = TextReview([shot(NAME, SCALE)], "low", out)
    assert again.settings.decisions == review.settings.decisions
    assert [m.state for m in again.marks] == ["blank", "found", "blank"]
    assert again.saved.told == "going on with mine.yaml"


def test_the_recipe_gets_the_option_that_lets_a_run_obey(review, out):
    review.accept(review.marks[0])
    review.save()
    assert "clean-pixel-data" in load(out).options
    assert load(out).burned_in.decisions == review.settings.decisions


def test_nothing_is_written_before_it_is_saved(review, out):
    review.accept(review.marks[0])
    assert not out.exists()


# The browser.


def test_texts_are_masked_wherever_they_are_sent(review):
    assert PERSON not in json.dumps(said(review, kind="want", view="v"))
    assert PERSON not in str(review.get_state())


def test_a_text_is_revealed_to_the_screen_that_asks_for_it(review):
    told = said(review, kind="reveal", id=review.marks[0].id)
    assert told == [{"kind": "revealed", "id": "2-3-40-10-None", "text": PERSON}]
    assert PERSON not in str(review.get_state())


def test_in_a_batch_nothing_is_revealed(review, monkeypatch):
    monkeypatch.setenv(BATCH_VARIABLE, "1")
    told = said(review, kind="reveal", id=review.marks[0].id)
    assert PERSON not in str(told)
    assert "not revealed in a batch" in told[0]["said"]


def test_quick_steps_move_one_box_even_before_the_browser_has_seen_its_new_name(review):
    name = review.marks[0].id
    for seq in (1, 2, 3):
        told = said(review, kind="box", act="move", id=name, seq=seq, seen=0, box=[2 + seq, 3, 40 + seq, 10])
    assert [(d.action, d.box) for d in review.settings.decisions] == [("keep", NAME_BOX), ("blank", (5, 3, 43, 10))]
    assert told[-1]["chosen"] == "5-3-43-10-None"
    assert told[-1]["seq"] == 3


NAME_BOX = (2, 3, 40, 10)


def test_a_box_that_is_moved_there_and_back_again_is_found(review):
    mark = review.draw((10, 10, 20, 20))
    for seq, x in enumerate((11, 10, 11, 12), 1):
        said(review, kind="box", act="move", id=mark.id, seq=seq, seen=0, box=[x, 10, x + 10, 20])
    assert [d.box for d in review.settings.decisions] == [(12, 10, 22, 20)]


def test_a_name_that_was_left_behind_means_its_box_again_once_the_browser_has_seen_that(review):
    name = review.marks[0].id
    said(review, kind="box", act="move", id=name, seq=1, seen=0, box=[3, 3, 41, 10])
    said(review, kind="box", act="accept", id=name, seq=2, seen=1)
    assert {(d.action, d.box) for d in review.settings.decisions} == {("blank", NAME_BOX), ("blank", (3, 3, 41, 10))}


def test_a_decision_that_fails_is_told_and_changes_nothing(review):
    said(review, kind="reason", reason="")
    told = said(review, kind="box", act="accept", id=review.marks[0].id)
    assert told[0]["said"].startswith("Not done: a decision needs a reason")
    assert told[0]["focus"]
    assert review.settings.decisions == ()


def test_another_image_is_shown_on_demand(out):
    review = TextReview([shot(NAME), shot(series=OTHER, frames=3)], "low", out)
    told = said(review, kind="go", at=1)
    assert told[0]["scene"]["numbers"] == [0, 1, 2]
    assert review.shot.series == OTHER


def test_a_review_without_images_says_so(out):
    empty = TextReview([], "low", out)
    assert empty.describe() == "Text review: 0 images, 0 regions of text, 0 decisions."
    assert said(empty, kind="want", view="v")[0]["boxes"] == []


# Images of a catalog.


def test_images_come_from_the_catalog_those_in_most_need_of_a_look_first(samples):
    catalog = dl.scan(samples)

    def find(instance, settings):
        return [NAME] if engine.told_of(instance).Columns > 500 else []

    found = shots(catalog, load("low"), find=find)
    assert [s.risk for s in found] == sorted((s.risk for s in found), reverse=True)
    assert all(max(s.thumbnail.shape) <= 144 for s in found)
    assert all(s.label.startswith("patient ") for s in found)
    assert found[0].read()[0].shape == found[0].shape


def test_what_names_the_patient_is_told_and_the_result_of_the_decisions_is_shown(samples, out):
    catalog = dl.scan(samples)
    screens = dl.scan(next(e.path for e in catalog.instances if e.relative.endswith("dose_Tsuge.dcm")))
    found = shots(screens, load("low"))
    assert "phi" in {one.kind for one in found[0].found}
    review = TextReview(found, "low", out)
    shown = review.result()
    assert shown.title.endswith("nothing is found afterwards")
    assert not np.array_equal(shown.scene.samples, shown._after)


def test_an_image_that_cannot_be_shown_is_counted_and_told(samples, tmp_path):
    good = next(e.path for e in dl.scan(samples).instances if e.relative.endswith("dose_Tsuge.dcm"))
    (tmp_path / "good.dcm").write_bytes(good.read_bytes())
    broken = pydicom.dcmread(good)
    broken.SOPInstanceUID = broken.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    broken.SeriesInstanceUID = "1.2.3"
    broken.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8 no picture \xff\xd9"])
    broken.save_as(tmp_path / "broken.dcm")
    found = shots(dl.scan(tmp_path), load("low"), find=lambda *_: ())
    assert (len(found), found.broken) == (1, 1)
    assert str(found) == "0 of 1 images show text; 1 more cannot be decoded: a run holds them back"


def test_of_a_series_as_many_instances_are_looked_at_as_are_asked_for(samples):
    catalog = dl.scan(samples)
    head = max(catalog.series, key=len)
    found = shots(catalog, load("low"), find=lambda *_: (), each=3)
    assert sum(s.label.startswith(head.label + " ") for s in found) == 3
