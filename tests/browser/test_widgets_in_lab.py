"""Widgets in a real JupyterLab: what a person does with keys and mouse changes the picture and the recipe."""

from __future__ import annotations

import json

import pytest

VOLUME = """
import numpy as np
from dicomlab.widgets import Viewer
k, i, j = np.mgrid[:40, :60, :50]
ball = ((k - 20) ** 2 + (i - 30) ** 2 + (j - 25) ** 2 < 300) * 60.0 + i + 2 * j + 3 * k - 500 * (i < 3)
after = np.where(i < 20, -1000, ball)
Viewer(ball, mask=ball > 190, after=after, spacing=(3, 2, 2), hounsfield=True, title="ball")
"""


@pytest.fixture(scope="module")
def volume(lab):
    with lab.notebook(VOLUME) as opened:
        opened.find(".dl-grid canvas").nth(5).wait_for()
        yield opened


def changed(opened, act, number=0):
    """Whether an act changes what a canvas shows."""
    before = opened.pixels(number)
    act()
    return opened.pixels(number) != before


def test_three_planes_before_and_after_are_shown_with_the_directions_of_the_patient(volume):
    assert volume.find(".dl-grid canvas").count() == 6
    names = [volume.find(".dl-grid canvas").nth(n).get_attribute("aria-label") for n in range(6)]
    assert names[:3] == ["before, axial, 21 of 40", "before, sagittal, 26 of 50", "before, coronal, 31 of 60"]
    assert names[3] == "after, axial, 21 of 40"
    assert len({volume.pixels(n) for n in range(6)}) == 6


@pytest.mark.parametrize(
    ("key", "axis", "label"),
    [
        ("PageUp", 0, "22 of 40"),
        ("PageDown", 0, "21 of 40"),
        ("ArrowRight", 1, "27 of 50"),
        ("ArrowDown", 2, "32 of 60"),
    ],
)
def test_a_key_moves_the_one_crosshair_of_all_planes(volume, key, axis, label):
    canvas = volume.find(".dl-grid canvas")
    canvas.nth(0).focus()
    assert changed(volume, lambda: volume.page.keyboard.press(key), number=axis)
    assert canvas.nth(axis).get_attribute("aria-label").endswith(label)
    assert canvas.nth(axis + 3).get_attribute("aria-label").endswith(label)


@pytest.mark.parametrize("key", ["[", "]", "m", "2", "1", "+", "0"])
def test_a_key_changes_window_mask_or_zoom(volume, key):
    volume.find(".dl-grid canvas").nth(0).focus()
    assert changed(volume, lambda: volume.page.keyboard.press(key))


def test_a_click_sets_the_crosshair_of_the_other_planes(volume):
    box = volume.find(".dl-grid canvas").nth(0).bounding_box()
    sagittal = volume.find(".dl-grid canvas").nth(1)
    volume.page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    assert int(sagittal.get_attribute("aria-label").split()[2]) < 20


def test_dragging_with_the_right_button_changes_the_window(volume):
    box = volume.find(".dl-grid canvas").nth(0).bounding_box()
    old = volume.find(".dl-status").inner_text()
    volume.page.mouse.move(box["x"] + 50, box["y"] + 50)
    volume.page.mouse.down(button="right")
    volume.page.mouse.move(box["x"] + 120, box["y"] + 90, steps=4)
    volume.page.mouse.up(button="right")
    new = volume.find(".dl-status").inner_text()
    assert new.split("window")[1] != old.split("window")[1]
    assert volume.find("select[aria-label=Window]").input_value() == "own"


def test_a_slider_changes_the_opacity_of_the_mask(volume):
    slider = volume.find("input[aria-label='Opacity of the mask']")
    slider.focus()
    assert changed(volume, lambda: volume.page.keyboard.press("ArrowRight"))


def test_slices_windows_and_zoom_are_drawn_within_a_frame_of_the_screen(volume):
    took = sorted(volume.drawn(["PageUp", "[", "ArrowLeft", "]", "+", "m", "0", "m", "PageDown"] * 12))
    assert took[len(took) // 2] <= 16


def test_no_pixel_is_in_the_notebook_that_is_saved_with_the_state_of_its_widgets(volume):
    saved = json.loads(volume.saved())
    states = saved["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert any(state["model_module"] == "anywidget" for state in states.values())
    assert not any("buffers" in state for state in states.values())
    rest = json.dumps([{k: v for k, v in s["state"].items() if k not in {"_esm", "_css"}} for s in states.values()])
    assert len(rest) < 3000
