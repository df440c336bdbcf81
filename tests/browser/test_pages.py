"""`dicomlab lab`, its app and its pages in a real browser: nothing comes from outside, and nobody is named on disk."""

from __future__ import annotations

import argparse
import re
import time
import urllib.error
import urllib.request

import pytest
from factories import ct_instance, write

from browser.conftest import SAVE, Watched, free_port, guarded_in, serving
from dicomlab import files, notebooks
from dicomlab.cli import work
from dicomlab.notebooks import session

NAME = "Quillfeather^Ottoline"
REVIEWS = [name for name in notebooks.packaged() if name[:2] not in ("05", "06")]

WIDGETS = {"02": (".dl-review canvas", ".dl-shots li"), "04": (".dl-headers tbody tr",)}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in")
    write(ct_instance(PatientName=NAME, PatientID="QF-4711-88", PatientBirthDate="19510723"), folder / "one.dcm")
    return folder


@pytest.fixture(scope="module")
def guarded(chromium, source, tmp_path_factory):
    """JupyterLab as `dicomlab lab --source` starts it, open in the browser; and the folder of its session."""
    home, hidden = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("s")
    with guarded_in(chromium, home, hidden, source) as lab:
        yield lab, hidden


def everything_in(*folders) -> str:
    """All bytes of all files and their names, but for the private folder of a release, which names everybody."""
    found = [p for folder in folders for p in folder.rglob("*") if p.is_file() and "release-private" not in p.parts]
    return "".join(map(str, found)) + b"".join(p.read_bytes() for p in found).decode("latin-1")


def test_values_that_were_revealed_are_on_the_screen_and_in_no_file(guarded):
    lab, hidden = guarded
    read = "import dicomlab as dl\nfrom dicomlab.files import folder_of\nds = dl.scan(folder_of()).instances[0].read()"
    cells = (read, "print(ds.PatientName, 'was', 'read')", "dl.Masked('82.5 kg').reveal()", "print('all is well')")
    with lab.notebook(*cells) as opened:
        opened.until(".jp-OutputArea", "Quillfeather")
        opened.until(".jp-OutputArea", "82.5 kg")
        saved = opened.saved()
        for word in ("uillfeather", "82.5 kg\\n", "'82.5 kg'\""):
            assert word not in saved
        assert saved.count("this output was not saved") == 2
        assert "all is well" in saved
        opened.until(".jp-OutputArea", "Quillfeather")  # the screen keeps it
    assert "uillfeather" not in everything_in(lab.folder, hidden)


def test_a_name_that_was_typed_is_refused_with_the_cell(guarded):
    lab, hidden = guarded
    page = lab.watched.page
    with lab.notebook("1 + 1") as opened:
        opened.find(".jp-CodeCell .cm-content").first.fill("1 + 1  # Quillfeather")
        page.evaluate(f"(id) => {{ ({SAVE})(id).catch(() => null); }}", opened.id)
        page.locator(".jp-Dialog").filter(has_text="cell 1 holds what identifies a patient").wait_for()
        page.locator(".jp-Dialog button").last.click()
        opened.find(".jp-CodeCell .cm-content").first.fill("1 + 1")
        opened.saved()
        lab.watched.errors.clear()  # the browser tells of the refused request
    assert "Quillfeather" not in everything_in(lab.folder, hidden)


def test_an_error_in_lab_does_not_quote_a_value(guarded):
    lab, _ = guarded
    with lab.notebook(
        "try:\n    raise ValueError('Quill' + 'feather')\nexcept ValueError:\n    print('caught')"
    ) as opened:
        opened.find(".jp-CodeCell .cm-content").first.fill("raise ValueError('Quill' + 'feather')")
        opened.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        opened.until(".jp-OutputArea", "the message may quote a value")
        assert opened.find(".jp-OutputArea").filter(has_text="Quillfeather").count() == 0


# --- pages without code ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def app(chromium, source, tmp_path_factory):
    """The app as `dicomlab lab --app` starts it: the page that lists, and how to reach another."""
    home, hidden = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("s")
    pytest.importorskip("voila")
    folder = home / "work"
    work.copy_notebooks(files.packaged("notebooks"), folder)
    port = free_port()
    command = work._app(argparse.Namespace(folder=folder, port=port, no_browser=True))
    env = session.prepare(hidden, source, saves=False) | {"MPLCONFIGDIR": str(hidden / "matplotlib")}
    with serving(command, home, f"http://127.0.0.1:{port}/voila/static/voila.js", env) as log:
        while not (address := re.search(r"http://127\.0\.0\.1:\d+/\?token=\w+", log.read_text())):
            time.sleep(0.1)
        yield address[0], folder


@pytest.fixture
def watched(chromium):
    """A page of its own: what the browser says of one that is being left belongs to no test."""
    new = Watched(chromium.new_page(viewport={"width": 1300, "height": 900}))
    yield new
    new.page.goto("about:blank")
    new.page.close()


def test_the_app_asks_for_a_token_and_lists_the_pages_for_reviews(app, watched):
    address, _ = app
    with urllib.request.urlopen(address.partition("?")[0], timeout=30) as asked:  # noqa: S310 - on loopback
        assert "/login" in asked.url
    watched.page.goto(address)
    assert watched.page.locator(".pages a").all_inner_texts() == [name.replace("_", " ") for name in REVIEWS]
    watched.check()


@pytest.mark.parametrize("name", REVIEWS)
def test_a_review_opens_as_a_page_without_code_and_asks_nothing_from_outside(app, watched, name):
    address, folder = app
    before = sorted(folder.rglob("*.ipynb"))
    watched.page.goto(address.replace("/?", f"/voila/render/{name}.ipynb?"), wait_until="commit")
    watched.page.locator("#rendered_cells").wait_for(state="visible")
    watched.page.locator(".jp-OutputArea-output").last.wait_for()
    for shown in WIDGETS.get(name[:2], ()):
        watched.page.locator(shown).first.wait_for()
    assert watched.page.locator(".jp-InputArea-editor").count() == 0
    assert watched.page.locator("text=Traceback").count() == 0
    assert "uillfeather" not in watched.page.content()
    watched.check()
    assert sorted(folder.rglob("*.ipynb")) == before


# --- exported pages --------------------------------------------------------------------------------------------------


def test_an_exported_page_and_the_index_ask_nothing_and_run_nothing(chromium, source, tmp_path):
    rows = notebooks.each_subject("01_inspect_headers", source, tmp_path / "out", html=True)
    watched = Watched(chromium.new_page())
    watched.page.on(
        "request", lambda r: watched.outside.add(r.url) if not r.url.startswith(("file:", "data:")) else None
    )
    watched.page.goto((tmp_path / "out" / "index.html").as_uri())
    watched.outside.clear()  # files are no loopback; every further request counts
    watched.page.locator("table a").click()
    watched.page.locator("h1").wait_for()
    assert watched.page.url.endswith(rows[0].link)
    assert watched.page.locator("img").count() > 0
    assert watched.page.evaluate("document.scripts.length") == 0
    assert not {url for url in watched.outside if not url.startswith("file:")}
    assert not watched.errors
    watched.page.close()
