"""Widgets in a real JupyterLab: what a person does with keys and mouse changes the picture and the recipe."""

from __future__ import annotations

import json

import pytest
import yaml

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
    volume.find("input[type=checkbox]").check()
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


TEXT = """
import numpy as np
from types import SimpleNamespace
from dicomlab.records import Masked, Region
from dicomlab.widgets import TextReview
from dicomlab.widgets.text_model import Shot
grey = np.tile(np.arange(128, dtype=np.uint8), (96, 1))
box = SimpleNamespace(region=Region(8, 8, 60, 20), kind="pattern", text=Masked("KOWALSKI ZOFIA"))
class Drawn(Shot):
    read = lambda self: self.open()
a = Drawn("patient 1 / series 1", "a" * 16, "ACME|S|128x96", (96, 128), lambda: [grey] * 3, grey, (box,))
b = Drawn("patient 1 / series 2", "b" * 16, "ACME|S|128x96", (96, 128), lambda: [grey.T.copy()[:96]], grey)
TextReview([a, b], "low", "mine.yaml")
"""


@pytest.fixture(scope="module")
def text(lab):
    with lab.notebook(TEXT) as opened:
        opened.find(".dl-review tbody tr").first.wait_for()
        yield opened


def decisions(opened):
    """What the recipe file holds, once it says that it is saved."""
    opened.find("button:text('Save to recipe')").click()
    opened.until(".dl-review .dl-main > .dl-status", "saved in mine.yaml")
    block = yaml.safe_load((opened.path.parent / "mine.yaml").read_text("utf-8")).get("burned_in", {})
    return [(d["action"], d["box"], d["reason"]) for d in block.get("decisions", [])]


def test_text_is_decided_about_by_keyboard_and_the_recipe_holds_it(text):
    canvas, press = text.find(".dl-grid canvas"), text.page.keyboard.press
    text.find("input[aria-label=Reason]").fill("name bar")
    canvas.focus()
    before = text.pixels()
    press(".")
    press("a")
    text.until(".dl-review tbody", "name bar")
    assert text.pixels() != before
    assert decisions(text) == [("blank", [8, 8, 60, 20], "name bar")]
    canvas.focus()
    press("r")
    text.until(".dl-review tbody .dl-keep", "keep")
    press("n")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowDown", "ArrowLeft"):
        press(key)
    text.until(".dl-review tbody", "52, 43 · 26 × 11")
    assert decisions(text) == [("keep", [8, 8, 60, 20], "name bar"), ("blank", [52, 43, 78, 54], "name bar")]


def test_a_box_is_drawn_moved_and_deleted_with_the_mouse(text):
    mouse, box = text.page.mouse, text.find(".dl-grid canvas").bounding_box()
    scale = box["height"] / 96
    left = box["x"] + (box["width"] - 128 * scale) / 2

    def at(x, y):
        return left + x * scale, box["y"] + y * scale

    rows = text.find(".dl-review tbody tr")
    count = rows.count()
    mouse.move(*at(20, 60))
    mouse.down()
    mouse.move(*at(50, 70), steps=4)
    mouse.up()
    rows.nth(count).wait_for()
    assert decisions(text)[-1][1] == [20, 60, 50, 70]
    mouse.move(*at(35, 65))
    mouse.down()
    mouse.move(*at(45, 75), steps=4)
    mouse.up()
    text.until(".dl-review .dl-main > .dl-status", "not saved")
    assert decisions(text)[-1][1] == [30, 70, 60, 80]
    text.find("button[title=Delete]").click()
    rows.nth(count).wait_for(state="detached")
    assert len(decisions(text)) == count


def test_a_box_is_on_all_frames_unless_it_is_drawn_on_one_alone(text):
    rows, canvas = text.find(".dl-review tbody tr"), text.find(".dl-grid canvas")
    count = rows.count()
    text.find("label:has-text('this frame only') input").check()
    text.find("input[aria-label=Frame]").focus()
    text.page.keyboard.press("ArrowRight")
    canvas.focus()
    text.page.keyboard.press("n")
    rows.nth(count).wait_for()
    text.find("button:text('Save to recipe')").click()
    text.until(".dl-review .dl-main > .dl-status", "saved in mine.yaml")
    said = yaml.safe_load((text.path.parent / "mine.yaml").read_text("utf-8"))["burned_in"]["decisions"]
    assert said[-1]["frame"] == 1
    assert all("frame" not in one for one in said[:-1])
    canvas.focus()
    text.page.keyboard.press("Delete")
    rows.nth(count).wait_for(state="detached")


def test_another_image_is_chosen_in_the_list_and_has_boxes_of_its_own(text):
    text.find(".dl-shots").focus()
    before = text.pixels()
    text.page.keyboard.press("ArrowDown")
    text.find(".dl-shots li[aria-selected=true]").filter(has_text="series 2").wait_for()
    text.until_pixels_differ(before)
    assert text.find(".dl-review tbody tr").count() == 0
    text.page.keyboard.press("ArrowUp")
    text.find(".dl-review tbody tr").first.wait_for()


def test_a_text_is_masked_until_it_is_revealed_and_is_in_no_saved_notebook(text):
    cell = text.find(".dl-review tbody tr td[data-text]").first
    assert "KOWALSKI" not in cell.inner_text()
    cell.locator("button").click()
    text.until(".dl-review tbody tr td", "KOWALSKI ZOFIA")
    saved = json.loads(text.saved())
    del saved["cells"]  # the test's own source holds the name
    assert "KOWALSKI" not in json.dumps(saved)


HEADERS = """
import dicomlab as dl
from dicomlab.files import packaged
from dicomlab.widgets import HeaderReview
HeaderReview(dl.inspect(dl.scan(packaged("data_samples")).series[2]), "basic", "rules.yaml")
"""


@pytest.fixture(scope="module")
def headers(lab):
    with lab.notebook(HEADERS) as opened:
        opened.find(".dl-headers tbody tr").first.wait_for()
        yield opened


def rules(opened):
    """What the recipe file holds, once it says that it is saved."""
    opened.find("button:text('Save to recipe')").click()
    opened.until(".dl-headers > .dl-status", "saved in rules.yaml")
    said = yaml.safe_load((opened.path.parent / "rules.yaml").read_text("utf-8"))
    return [(r["attribute"], r["action"], r["reason"]) for r in said.get("rules", [])]


def test_attributes_are_searched_and_chosen_by_risk(headers):
    search = headers.find("input[type=search]")
    search.fill("study date")
    shown = headers.find(".dl-headers tbody tr:not([hidden])")
    names = [shown.nth(n).get_attribute("aria-label").lower() for n in range(shown.count())]
    assert names
    assert all("study" in name and "date" in name for name in names)
    search.fill("")
    headers.find("select[aria-label=Risk]").select_option("UID")
    shown = headers.find(".dl-headers tbody tr:not([hidden]) td:nth-of-type(1)").all_inner_texts()
    assert shown
    assert set(shown) == {"UID"}
    headers.find("select[aria-label=Risk]").select_option("all")


def test_an_attribute_is_decided_about_by_keyboard_and_the_recipe_holds_it(headers):
    headers.find("input[type=search]").fill("StudyDescription")
    row = headers.find(".dl-headers tbody tr:not([hidden])").first
    row.focus()
    headers.page.keyboard.press("c")
    reason = row.locator("input[aria-label^=Reason]")
    headers.page.wait_for_function("(field) => document.activeElement === field", arg=reason.element_handle())
    headers.page.keyboard.type("says what was imaged")
    headers.page.keyboard.press("Tab")
    row.locator("td").filter(has_text="rule 1").wait_for()
    assert rules(headers) == [("StudyDescription", "C", "says what was imaged")]
    headers.find("button:text('Undo')").click()
    headers.until(".dl-headers > .dl-status", "not saved")
    assert rules(headers) == []


def test_values_are_masked_until_they_are_revealed_and_are_in_no_saved_notebook(headers):
    headers.find("input[type=search]").fill("PatientID")
    cell = headers.find(".dl-headers tbody tr:not([hidden]) .dl-value").first
    masked = cell.inner_text()
    assert masked.startswith("▒▒▒▒▒▒")
    cell.locator("button").click()
    headers.page.wait_for_function("(cell) => !cell.textContent.includes('▒')", arg=cell.element_handle())
    value = cell.inner_text().partition(" (")[0]
    assert len(value) > 3
    assert value not in headers.saved()


HEAD = """
import dicomlab as dl
from dicomlab.files import packaged
from dicomlab.volume import volumes_of
from dicomlab.widgets import DefaceTuner
series = next(one for one in dl.scan(packaged("data_samples")).series if one.modality == "MR" and len(one) > 40)
volume = volumes_of([entry.read() for entry in series])[0][0]
DefaceTuner(volume, "high", "face.yaml", title="head")
"""


@pytest.fixture(scope="module")
def face(lab):
    with lab.notebook(HEAD) as opened:
        opened.find(".dl-profiles canvas").first.wait_for()
        yield opened


def test_a_slider_changes_the_mask_on_three_planes_and_in_the_profile(face):
    old = [face.pixels(n) for n in (0, 1)], face.pixels(0, ".dl-profiles canvas")
    face.find("input[aria-label='brow height']").focus()
    for _ in range(8):
        face.page.keyboard.press("ArrowRight")
    face.until_pixels_differ(old[0][1], 1)
    face.until_pixels_differ(old[1], 0, ".dl-profiles canvas")
    assert face.find(".dl-tuner > .dl-status").inner_text() == "not saved"


def test_the_result_is_shown_beside_the_head(face):
    face.find("label:has-text('result beside it') input").check()
    assert face.find(".dl-grid canvas").count() == 6
    assert face.pixels(4) != face.pixels(1)
    face.find("label:has-text('result beside it') input").uncheck()
    assert face.find(".dl-grid canvas").count() == 3


def test_the_result_is_checked_on_demand(face):
    face.find("button:text('Check the result')").click()
    face.until(".dl-facts span", "voxels changed outside")


def test_settings_are_saved_with_a_reason_and_not_without(face):
    save = face.find("button:text('Save to recipe')")
    save.click()
    face.until(".dl-tuner > .dl-status", "Say why first")
    height = float(face.find("input[aria-label='brow height']").input_value())
    face.find("input[aria-label=Reason]").fill("a high forehead")
    save.click()
    face.until(".dl-tuner > .dl-status", "saved in face.yaml")
    said = yaml.safe_load((face.path.parent / "face.yaml").read_text("utf-8"))["deface"]["decisions"]
    assert [(d["reason"], d["settings"]["brow_mm"]) for d in said] == [("a high forehead", height)]
