"""Five hundred planted identifiers, and every notebook: what is stored, exported, logged or left behind holds none."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile

import pytest
from planted import FAILING, READ, SLOW, corpus_in, hits, searched, spellings, with_pixels

import dicomlab as dl
from dicomlab import notebooks, runs
from dicomlab.errors import NotebookError
from dicomlab.notebooks.batch import threads


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The folder of a corpus, and what was planted in it."""
    return corpus_in(tmp_path_factory)


def test_the_search_of_this_test_sees_what_it_is_for():
    planted = {"Quillfeather", "19510723", "Ottoline Quillfeather", "12 Wetherby Lane"}
    for text in ("QUILLFEATHER,", "23.07.1951", "on July 23, 1951", "Quillfeather Ottoline", "<b>12 Wetherby Lane</b>",
                 base64.b64encode(b"Quillfeather").decode()):  # fmt: skip
        assert hits(f"so {text} it is", planted)
    assert not hits("Quill and 1951 and 230719", planted)


@pytest.fixture
def quiet_place(tmp_path, monkeypatch):
    """A folder to work in, with one for temporary files in it; both are searched afterwards."""
    temporary = tmp_path / "t"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return tmp_path


def test_no_notebook_page_log_or_temporary_file_holds_a_planted_identifier(corpus, quiet_place, capfd, caplog):
    source, planted = corpus
    part = with_pixels(source, quiet_place / "part")
    places = {name: str(quiet_place / name) for name in ("release", "private")}
    given = {**places, "recipe": "research"}

    def run(*names: str) -> None:
        for name in names:
            mine = {k: v for k, v in given.items() if k in notebooks.parameters_of(name)}
            mine["source"] = str(part if name in SLOW else source)
            notebooks.execute(name, quiet_place / "out" / f"{name}.ipynb", mine, html=True)

    *before, release, report = notebooks.packaged()
    with threads(1) as other:
        others = other.submit(run, *before)
        run(release, report)
        others.result()
    said = capfd.readouterr()
    shutil.rmtree(part)
    assert len(list((quiet_place / "out").glob("*.html"))) == len(notebooks.packaged())
    assert searched(quiet_place, planted) == {}
    assert hits(said.out + said.err + caplog.text, planted) == []
    assert list((quiet_place / "t").rglob("*")) == []


@pytest.mark.parametrize("cell", FAILING, ids=["message", "key", "cause", "path", "death", "assertion"])
def test_a_failing_notebook_holds_no_planted_identifier_either(corpus, quiet_place, capfd, caplog, cell):
    source, planted = corpus
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
        {"id": f"c{n}", "cell_type": "code", "execution_count": None, "outputs": [], "source": text,
         "metadata": {"tags": ["parameters"]} if n == 0 else {}}
        for n, text in enumerate(('source = ""', READ, cell))
    ]}  # fmt: skip
    book = quiet_place / "book.ipynb"
    book.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(NotebookError) as caught:
        notebooks.execute(book, quiet_place / "out" / "o.ipynb", {"source": str(source)}, html=True)
    said = capfd.readouterr()
    assert sorted(p.name for p in (quiet_place / "out").iterdir()) == ["o.failed.html", "o.failed.ipynb"]
    assert searched(quiet_place, planted) == {}
    assert hits(f"{caught.value}{said.out}{said.err}{caplog.text}", planted) == []
    assert list((quiet_place / "t").rglob("*")) == []


def test_a_notebook_that_shows_any_planted_identifier_in_any_spelling_is_not_stored(corpus):
    source, planted = corpus
    identity = runs.identities(source)
    planted = planted | {str(e.read().PatientName).replace("^", " ") for e in dl.scan(source).instances}
    page = {"metadata": {}, "cells": []}
    missed = []
    for value in sorted(
        v for v in planted if not v.startswith("http") and len(v) > 1
    ):  # addresses are always taken out
        for spelled in spellings(value):
            output = {"output_type": "stream", "name": "stdout", "text": f"so {spelled} it is\n"}
            page["cells"] = [{"cell_type": "code", "source": "x", "metadata": {}, "outputs": [output]}]
            if not notebooks.identifying(page, identity):
                missed.append(spelled)
    assert missed == []
