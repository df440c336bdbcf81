"""Notebooks executed unattended: checked parameters, nothing stored that identifies, failures without values."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from factories import ct_instance, write

from dicomlab import notebooks
from dicomlab.errors import DicomlabError, NotebookError

NAME = "Quillfeather^Ottoline"
PARAMETERS = (
    'source = ""\nrecipe = "basic"\nkey = ""\nlimit = 3\nfraction = 0.5\nreveal = False\nnames = []\nfree = None'
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with one instance, its patient's name in the file name too."""
    folder = tmp_path / "came in"
    write(
        ct_instance(PatientName=NAME, PatientID="QF-4711-88", PatientBirthDate="19510723"), folder / "Quillfeather.dcm"
    )
    return folder


@pytest.fixture
def notebook(tmp_path: Path):
    """Make a notebook of code cells behind a parameters cell."""

    def make(*cells: str, name: str = "small.ipynb") -> Path:
        path = tmp_path / name
        told = [
            {"id": f"c{n}", "cell_type": "code", "execution_count": None, "outputs": [], "source": text,
             "metadata": {"tags": ["parameters"]} if n == 0 else {}}
            for n, text in enumerate((PARAMETERS, *cells))
        ]  # fmt: skip
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": told}
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return make


def test_the_defaults_of_a_notebook_are_what_its_parameters_cell_assigns(notebook):
    assert notebooks.parameters_of(notebook("1"))["limit"] == 3
    assert notebooks.parameters_of(notebook("1"))["free"] is None


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"limit": 5}, {"limit": 5}),
        ({"limit": "5"}, {"limit": 5}),  # typed in a shell
        ({"fraction": 1}, {"fraction": 1.0}),
        ({"reveal": "false"}, {"reveal": False}),
        ({"names": "[a, b]"}, {"names": ["a", "b"]}),
        ({"source": Path("x/y")}, {"source": "x/y"}),
        ({"source": "5"}, {"source": "5"}),
        ({"free": 7}, {"free": 7}),
    ],
)
def test_parameters_take_the_types_of_their_defaults(notebook, given, taken):
    assert notebooks.checked(notebook("1"), given) == taken


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"limt": 5}, "has no parameter of that name"),
        ({"limit": "many"}, "limit is not of the type"),
        ({"limit": True}, "limit is not of the type"),
        ({"reveal": 1}, "reveal is not of the type"),
        ({"names": "a: b"}, "names is not of the type"),
        ({"key": "0" * 64}, "pass the path of the key file"),
    ],
)
def test_wrong_parameters_are_refused_by_name_and_never_quoted(notebook, tmp_path, given, said):
    with pytest.raises(NotebookError, match=said) as caught:
        notebooks.execute(notebook("1"), tmp_path / "out.ipynb", given)
    assert "0000" not in str(caught.value)
    assert not list(tmp_path.glob("out*"))


def test_a_notebook_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(NotebookError, match="05_deidentify"):
        notebooks.located("no_such_notebook")


def test_a_notebook_without_parameters_cell_is_refused(tmp_path):
    path = tmp_path / "bare.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}), encoding="utf-8")
    with pytest.raises(NotebookError, match='tagged "parameters"'):
        notebooks.parameters_of(path)


def test_what_is_no_notebook_is_refused(tmp_path):
    path = tmp_path / "text.ipynb"
    path.write_text("hello", encoding="utf-8")
    with pytest.raises(NotebookError, match="cannot be read"):
        notebooks.parameters_of(path)


def test_values_are_not_revealed_in_a_batch(notebook, tmp_path, source):
    with pytest.raises(NotebookError, match="not revealed in a batch"):
        notebooks.execute(notebook("1"), tmp_path / "out.ipynb", {"source": str(source), "reveal": True})


def test_an_executed_notebook_holds_results_and_no_path_no_history_no_time(notebook, tmp_path, source):
    out = notebooks.execute(
        notebook(
            "import dicomlab as dl, os", "catalog = dl.scan(source)\ncatalog", "print(source, os.getcwd())", "limit"
        ),
        tmp_path / "folder" / "out.ipynb",
        {"source": str(source), "limit": "4"},
    )
    text = out.read_text("utf-8")
    executed = json.loads(text)
    assert [c["execution_count"] for c in executed["cells"]] == [1, 2, 3, 4, 5, 6]
    assert "1 instances" in text
    assert 'source = \\"<source>\\"' in text
    assert "limit = 4" in text
    for hidden in (str(source), str(tmp_path), str(Path.cwd()), "came in", "papermill", "start_time", "Quillfeather"):
        assert hidden not in text
    assert executed["metadata"].keys() <= {"kernelspec", "language_info"}
    assert not [p for p in out.parent.iterdir() if p != out]


@pytest.mark.parametrize(
    "shown",
    [
        "print(name)",
        "print(name.upper())",
        "print(' '.join(reversed(name.split('^'))))",
        f"import base64; print({base64.b64encode(NAME.encode()).decode()!r})",
        "from IPython.display import HTML; HTML('<b>' + name + '</b>')",
        "print('born 23.07.1951')",
    ],
    ids=["plain", "upper case", "other order", "base64", "html", "date in another format"],
)
def test_a_notebook_that_would_identify_somebody_is_not_stored(notebook, tmp_path, source, shown):
    read = "import pydicom, pathlib\nname = str(pydicom.dcmread(next(pathlib.Path(source).iterdir())).PatientName)"
    with pytest.raises(NotebookError, match=r"would identify a patient \(.*cell") as caught:
        notebooks.execute(notebook(read, shown), tmp_path / "out.ipynb", {"source": str(source)})
    assert "uillfeather" not in str(caught.value)
    assert not list(tmp_path.glob("out*"))


def test_a_failing_cell_is_shown_without_the_message_that_may_quote_a_value(notebook, tmp_path, source):
    read = "import pydicom, pathlib\nds = pydicom.dcmread(next(pathlib.Path(source).iterdir()))"
    with pytest.raises(NotebookError, match=r"cell 4 of the notebook failed with ValueError; out\.failed\.ipynb"):
        notebooks.execute(
            notebook(read, "raise ValueError(ds.PatientName)"), tmp_path / "out.ipynb", {"source": str(source)}
        )
    failed = tmp_path / "out.failed.ipynb"
    text = failed.read_text("utf-8")
    assert "Quillfeather" not in text
    assert "the message is not stored" in text
    assert not (tmp_path / "out.ipynb").exists()


def test_an_error_of_ours_is_safe_and_stays_readable(notebook, tmp_path, source):
    with pytest.raises(NotebookError):
        notebooks.execute(
            notebook("import dicomlab as dl", 'dl.load_recipe("nope")'), tmp_path / "o.ipynb", {"source": str(source)}
        )
    assert "neither packaged nor a file" in (tmp_path / "o.failed.ipynb").read_text("utf-8")


def test_a_run_that_succeeds_replaces_the_failure_before_it(notebook, tmp_path, source):
    failed = tmp_path / "out.failed.ipynb"
    failed.write_text("old", encoding="utf-8")
    notebooks.execute(notebook("1 + 1"), tmp_path / "out.ipynb", {"source": str(source)})
    assert not failed.exists()


def test_a_source_that_is_not_there_is_an_error_before_anything_runs(notebook, tmp_path):
    with pytest.raises(DicomlabError, match="does not exist"):
        notebooks.execute(notebook("1"), tmp_path / "out.ipynb", {"source": str(tmp_path / "nowhere")})
    assert not list(tmp_path.glob("out*"))
