"""The deface tuner: settings tried on one head, and what is decided about it, as it stands in the recipe."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from types import SimpleNamespace

import numpy as np
import pytest

from dicomlab import deface
from dicomlab.errors import FaceRefused, RecipeError
from dicomlab.recipe import DefaceSettings, fingerprint, load
from dicomlab.volume import Volume
from dicomlab.widgets import DefaceTuner, deface_model

UID = "1.2.826.0.1.3680043.8.498.77"
GRID = np.array([[0, 0, 2.0, 0], [0, 2.0, 0, 0], [2.0, 0, 0, 0], [0, 0, 0, 1]])  # index to LPS mm, every 2 mm
NUMBERS = deface.Confidence(**{f.name: 0.5 for f in fields(deface.Confidence) if f.default is MISSING})
SETTINGS = DefaceSettings()


def body():
    """A block of tissue, 20 mm from front to back."""
    inside = np.zeros((8, 12, 6), bool)
    inside[:, 2:, 1:5] = True
    return inside


@pytest.fixture
def made(monkeypatch):
    """Every mask that was asked for: here all that lies in front of `back_mm`, on the grid of the body."""
    asked = []

    def face_mask(volume, settings, *, placement):
        asked.append(settings)
        if settings.back_mm == 0:
            message = "the fit to a head is poor"
            raise FaceRefused(message)
        mask = np.zeros_like(body())
        mask[:, : int(settings.back_mm // 2)] = True
        return deface.FaceMask(
            mask=mask,
            affine=GRID,
            frame_of_reference=UID,
            confidence=NUMBERS,
            removed=settings.back_mm / 100,
            head=body(),
        )

    monkeypatch.setattr(deface, "face_mask", face_mask)
    return asked


@pytest.fixture
def volume():
    return Volume(body() * np.float32(1000) - 1000, GRID, "CT", UID)


@pytest.fixture
def placements(monkeypatch):
    """Every time that a head was looked for, with the pose that spared the search."""
    asked = []

    def register(volume, *, pose=None, **settings):
        asked.append((settings, pose))
        return SimpleNamespace(pose="found", anatomy=SimpleNamespace(inside=body()))

    monkeypatch.setattr(deface, "register", register)
    return asked


@pytest.fixture
def out(tmp_path):
    return tmp_path / "mine.yaml"


@pytest.fixture
def tuner(volume, out, made, placements):
    return DefaceTuner(volume, "low", out)


def said(tuner, **message):
    """What the browser is told after it said something."""
    told = []
    tuner.send = lambda content, buffers=None: told.append((content, [bytes(b) for b in buffers or []]))
    tuner._asked(tuner, message, [])
    return told


def test_every_setting_has_a_slider_within_the_bounds_of_the_recipe():
    shown = {s.name: s for s in deface_model.sliders("CT")}
    assert shown.keys() == DefaceSettings.model_fields.keys() - {"skin_mr"}
    assert (shown["shell_mm"].low, shown["shell_mm"].high, shown["shell_mm"].label) == (0, 40, "shell depth")
    assert "skin_mr" in {s.name for s in deface_model.sliders("MR")}
    for slider in shown.values():
        DefaceSettings(**{slider.name: slider.low})
        DefaceSettings(**{slider.name: slider.high})


def test_the_head_is_looked_for_once_and_the_mask_is_made_anew_with_every_setting(tuner, made, placements):
    for back in (10, 12, 14):
        tuner.settings = DefaceSettings(back_mm=back)
    assert len(placements) == 1
    assert [s.back_mm for s in made[-3:]] == [10, 12, 14]


def test_another_skin_threshold_keeps_the_place_of_the_head(tuner, placements):
    tuner.settings = DefaceSettings(skin_ct_hu=-400)
    assert placements[-1] == ({"skin_ct_hu": -400, "skin_mr": SETTINGS.skin_mr}, "found")


def test_the_profile_is_the_head_from_its_left_side_with_what_the_mask_meets():
    inside = body()
    mask = np.zeros_like(inside)
    mask[:4, :6] = True  # the lower half, before the sixth row
    before, taken, after = deface_model.profile(inside, mask)
    assert before.shape == (8, 12)
    assert (before[:, :2] == 0).all()
    assert (before[:, 2:] > 0).all()
    assert taken[4:, 2:6].all()
    assert taken.sum() == 4 * 4
    assert (after[4:, :6] == 0).all()
    assert (after[:4, 2:] > 0).all()


def test_a_mask_goes_to_the_browser_with_its_facts_and_then_the_profile(tuner):
    told = said(tuner, kind="set", seq=1, name="back_mm", value=10)
    (content, (bits,)), (about, (profile,)) = told
    assert content["mask"]["shape"] == [8, 12, 6]
    assert content["mask"]["transform"] == pytest.approx([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0])
    assert len(bits) == 8 * 12 * 6 / 8
    assert (about["kind"], about["shape"], len(profile)) == ("profile", [8, 12], 3 * 8 * 12)
    assert content["facts"]["part of the head removed"] == "10.0%"
    assert (content["values"]["back_mm"], content["seq"], content["said"]) == (10, 1, "not saved")
    json.dumps(content)


def test_a_view_that_asks_gets_the_volume_once_and_the_sliders(tuner):
    told = said(tuner, kind="want", view="v")
    assert [content["kind"] for content, _ in told] == ["scene", "mask", "profile"]
    assert [one["name"] for one in told[0][0]["sliders"]] == [s.name for s in deface_model.sliders("CT")]


def test_a_refusal_is_shown_with_its_reason_and_without_a_mask(tuner):
    told = said(tuner, kind="set", seq=1, name="back_mm", value=0)
    assert told[0][0]["mask"] is None
    assert told[0][0]["refused"] == "the fit to a head is poor"
    assert tuner.describe() == "Deface tuner: refused, the fit to a head is poor."


@pytest.mark.parametrize(("name", "value"), [("shell_mm", 500), ("nose", 1)])
def test_what_a_recipe_does_not_allow_is_told_and_changes_nothing(tuner, name, value):
    told = said(tuner, kind="set", seq=1, name=name, value=value)
    assert told[0][0]["said"].startswith(f"Not done: {name}")
    assert tuner.settings == SETTINGS


def test_settings_for_a_subject_are_saved_with_a_reason_and_read_again(tuner, volume, out):
    tuner.settings = DefaceSettings(back_mm=10)
    tuner.save("a long nose")
    recipe = load(out)
    assert "clean-recognizable-visual-features" in recipe.options
    decision = recipe.deface.decisions[0]
    assert (decision.subject, decision.reason, decision.settings.back_mm) == (fingerprint(UID), "a long nose", 10)
    assert recipe.deface.back_mm == SETTINGS.back_mm
    assert UID not in out.read_text("utf-8")
    again = DefaceTuner(volume, "low", out)
    assert again.settings.back_mm == 10


def test_settings_for_all_heads_stand_in_the_recipe_itself(tuner, out):
    tuner.settings = DefaceSettings(back_mm=10)
    tuner.save("our scanner", everyone=True)
    assert load(out).deface.back_mm == 10
    assert load(out).deface.decisions == ()


def test_a_later_decision_about_a_subject_stands_for_the_earlier_one(tuner, out):
    for back in (10, 12):
        tuner.settings = DefaceSettings(back_mm=back)
        tuner.save("better so")
    assert [d.settings.back_mm for d in load(out).deface.decisions] == [12]


def test_nothing_is_saved_without_a_reason(tuner, out):
    with pytest.raises(RecipeError, match="needs a reason"):
        tuner.save(" ")
    assert not out.exists()
    assert "needs a reason" in said(tuner, kind="save", reason="", everyone=False)[0][0]["said"]


def test_going_back_to_what_is_saved_forgets_what_was_tried(tuner):
    tuner.settings = DefaceSettings(back_mm=10)
    told = said(tuner, kind="reset")
    assert tuner.settings == SETTINGS
    assert told[0][0]["values"]["back_mm"] == SETTINGS.back_mm


def test_scores_of_settings_that_have_changed_meanwhile_are_not_shown(tuner, monkeypatch):
    monkeypatch.setattr(deface_model, "scores", lambda *_: tuner._hear({"kind": "reset"}) or {"check": "passed"})
    told = said(tuner, kind="want", view="v")
    tuner._check().join()
    assert "scores" not in [content["kind"] for content, _ in told]


def test_numbers_are_named_for_people():
    assert deface_model.told({"left_front": 0.0125, "own_number": 2}, {"left_front": ("face left", ".1%")}) == {
        "face left": "1.2%",
        "own number": "2",
    }


def test_no_sample_and_no_uid_is_in_the_state_of_the_widget(tuner):
    state = tuner.get_state()
    assert UID not in str(state)
    assert not any(isinstance(value, bytes | memoryview | np.ndarray) for value in state.values())
