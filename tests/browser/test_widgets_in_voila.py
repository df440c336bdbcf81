"""Widgets on a page without code, as Voilà shows it."""

from __future__ import annotations

import pytest
import yaml

from browser.conftest import voila_in
from browser.test_widgets_in_lab import TEXT, VOLUME


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    pytest.importorskip("voila")
    with voila_in(chromium, tmp_path_factory.mktemp("v"), VOLUME, TEXT) as opened:
        opened.find(".dl-grid canvas").nth(6).wait_for()
        opened.find(".dl-review tbody tr").first.wait_for()
        yield opened


def test_a_key_moves_the_crosshair(page):
    before = page.pixels()
    page.find(".dl-grid canvas").first.focus()
    page.page.keyboard.press("PageUp")
    assert page.pixels() != before


def test_a_decision_about_text_reaches_the_recipe(page):
    page.find(".dl-review .dl-grid canvas").focus()
    for key in (".", "a"):
        page.page.keyboard.press(key)
    page.find(".dl-review tbody .dl-blank").wait_for()
    page.find("button:text('Save to recipe')").click()
    page.until(".dl-review .dl-main > .dl-status", "saved in mine.yaml")
    said = yaml.safe_load((page.path.parent / "mine.yaml").read_text("utf-8"))
    assert [(d["action"], d["box"]) for d in said["burned_in"]["decisions"]] == [("blank", [8, 8, 60, 20])]
