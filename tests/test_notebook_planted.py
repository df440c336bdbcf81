"""Five hundred planted identifiers, and every notebook: what is stored, exported, logged or left behind holds none."""

from __future__ import annotations

import base64
import json
import re
import shutil
import tempfile
from pathlib import Path

import pytest

import dicomlab as dl
from dicomlab import forge, notebooks, runs
from dicomlab.errors import NotebookError
from dicomlab.notebooks.batch import threads

PATIENTS, FILES = 28, 2  # files of each patient: so that this takes seconds, not minutes
# Looking at pixels takes seconds an image: these two see a part of the corpus.
SLOW = ("02_find_burned_in_text", "03_tune_deface")
INSTITUTION = re.compile("hospital|ospedale|klinikum|infirmary|centre|clinic", re.IGNORECASE)
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The folder of a corpus, and what was planted in it."""
    folder = tmp_path_factory.mktemp("corpus")
    forge.make(folder, seed=5077, kind="corpus", patients=PATIENTS)
    key = json.loads((folder / "KEY.json").read_text("utf-8"))
    for patient in key["patients"]:
        for extra in [row["file"] for row in key["files"] if row["patient"] == patient["number"]][FILES:]:
            (folder / "corpus" / extra).unlink()
    kept = {row["file"] for row in key["files"] if (folder / "corpus" / row["file"]).exists()}
    said = "\n".join(value for item in key["items"] if item["file"] in kept for value in item["values"])
    planted = {value for patient in key["patients"] for value in patient["hunt"] if value in said}
    assert len(planted) >= 500
    return folder / "corpus", planted


def spellings(value: str):
    """A value as it may stand anywhere: plain, in capitals, names in another order, other dates, in base64."""
    yield value
    yield value.upper()
    yield base64.b64encode(value.encode()).decode()
    if re.fullmatch(r"[^\d,]+ [^\d,]+", value) and not INSTITUTION.search(value):
        yield " ".join(reversed(value.split()))
    day = re.fullmatch(r"((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])", value)
    if day:
        year, month, of = day.groups()
        name = MONTHS[int(month) - 1]
        yield from (f"{of}.{month}.{year}", f"{year}-{month}-{of}", f"{month}/{of}/{year}", f"{of}/{month}/{year}")
        yield from (f"{int(of)} {name} {year}", f"{name} {int(of)}, {year}", f"{int(of)} {name[:3]} {year}")


def hits(text: str, planted: set[str]) -> list[str]:
    """Which planted values stand in a text as words of their own, by plain search: no code of ours is asked."""
    folded = f" {re.sub(r'[^a-z0-9+/=äöüß]+', ' ', text.casefold())} "
    found = []
    for value in planted:
        for spelled in spellings(value):
            word = re.sub(r"[^a-z0-9+/=äöüß]+", " ", spelled.casefold()).strip()
            foreign = not spelled.isascii() and spelled.casefold() in text.casefold()
            if foreign or (len(word) > 3 and word.isascii() and f" {word} " in folded):
                found.append(value)
    return sorted(set(found))


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


def searched(folder: Path, planted: set[str]) -> dict[str, list[str]]:
    """Planted values by file, names of files too; what is private by design is left out."""
    out = {}
    for path in folder.rglob("*"):
        public = path.relative_to(folder).as_posix()
        if path.is_file() and "private" not in public:
            found = hits(f"{public}\n" + path.read_bytes().decode("utf-8", "replace"), planted)
            if found and not public.endswith(".dcm"):  # instances are the judge's matter
                out[public] = found
    return out


def test_no_notebook_page_log_or_temporary_file_holds_a_planted_identifier(corpus, quiet_place, capfd, caplog):
    source, planted = corpus
    part = quiet_place / "part"
    few = sorted(p for p in source.rglob("*.dcm") if re.search(r"/\d+ (US|SC|CT)/", p.as_posix()))[:3]
    for number, path in enumerate(few):
        target = part / f"{number}.dcm"
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, target)
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


READ = """\
import logging, sys, warnings, dicomlab as dl
datasets = [entry.read() for entry in dl.scan(source).instances]
told = [str(e.value) for one in datasets for e in one.iterall() if e.VR in ("PN", "LO", "SH", "DA")]
print(len(told), file=sys.stderr); print(*told, file=sys.stderr); warnings.warn(told[5])
logging.getLogger().error(told[5]); logging.getLogger("pydicom").warning(" ".join(told))
"""
FAILING = (
    "raise ValueError(' '.join(told))",
    "{}[tuple(told)]",
    "try:\n    raise KeyError(*told)\nexcept KeyError as error:\n    raise RuntimeError(source) from error",
    "open('/' + told[3] + '/' + told[5])",
    "import os; os.write(2, ' '.join(told).encode()); os._exit(9)",
    "assert not told, told",
)


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
