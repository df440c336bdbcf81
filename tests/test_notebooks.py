"""Notebooks executed unattended: checked parameters, nothing stored that identifies, failures without values."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from factories import ct_instance, write

from dicomlab import files, judge, notebooks, runs
from dicomlab.errors import DicomlabError, NotebookError
from dicomlab.notebooks.batch import threads
from dicomlab.records import BATCH_VARIABLE

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


def test_nothing_is_written_into_the_source(notebook, source):
    before = sorted(source.rglob("*"))
    with pytest.raises(NotebookError, match="written into the source"):
        notebooks.execute(notebook("1"), source / "deeper" / "out.ipynb", {"source": str(source)})
    assert sorted(source.rglob("*")) == before


def test_a_place_is_held_while_a_notebook_runs_and_says_nothing(notebook, tmp_path, source):
    look = "from pathlib import Path\n[p.read_text() for p in Path(release).iterdir()]"
    book = notebook(look)
    content = json.loads(book.read_text("utf-8"))
    content["cells"][0]["source"] = 'source = ""\nrelease = ""'
    book.write_text(json.dumps(content), encoding="utf-8")
    folder = tmp_path / "out"
    out = notebooks.execute(book, folder / "out.ipynb", {"source": str(source), "release": str(folder)})
    (shown,) = (c["outputs"] for c in json.loads(out.read_text("utf-8"))["cells"] if c["outputs"])
    assert "delete this file" in str(shown)
    assert "uillfeather" not in str(shown)
    assert [p.name for p in folder.iterdir()] == ["out.ipynb"]


def test_a_kernel_that_dies_is_a_notebook_that_failed_with_the_cell_marked(notebook, tmp_path, source):
    with pytest.raises(NotebookError, match=r"cell 4 .*: the kernel died"):
        notebooks.execute(
            notebook("'before'", "import os; os._exit(1)", "'after'"), tmp_path / "out.ipynb", {"source": str(source)}
        )
    (left,) = tmp_path.glob("out*")
    assert left.name == "out.failed.ipynb"
    code = [c for c in json.loads(left.read_text("utf-8"))["cells"] if c["cell_type"] == "code"]
    assert [bool(c["outputs"]) for c in code] == [False, False, True, True, False]
    assert "the kernel died" in code[3]["outputs"][0]["evalue"]


def test_a_notebook_that_takes_too_long_is_ended_and_has_failed(notebook, tmp_path, source):
    book = notebook("import time; time.sleep(60)")
    with pytest.raises(NotebookError, match="longer than 1 s"):
        notebooks.execute(book, tmp_path / "out.ipynb", {"source": str(source)}, limit=1)
    assert [p.name for p in tmp_path.glob("out*")] == ["out.failed.ipynb"]


# --- the kernel ------------------------------------------------------------------------------------------------------


def test_the_kernel_is_this_interpreter_and_leaves_nothing_anywhere(notebook, tmp_path, source, monkeypatch):
    """Whatever kernels a machine has: a user's python3 may be another interpreter."""
    home = tmp_path / "home"
    other = home / "data" / "kernels" / "python3"
    other.mkdir(parents=True)
    (other / "kernel.json").write_text(
        json.dumps({"argv": ["/nowhere/python"], "display_name": "x", "language": "python"})
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "runtime"))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    environment = dict(os.environ)
    out = notebooks.execute(
        notebook("import sys, os", "print(sys.executable)", f"print(os.environ[{BATCH_VARIABLE!r}])"),
        tmp_path / "out.ipynb",
        {"source": str(source)},
    )
    printed = [c["outputs"][0]["text"] for c in json.loads(out.read_text("utf-8"))["cells"] if c["outputs"]]
    assert Path(sys.executable).name in printed[0] or "<path>" in printed[0]
    assert printed[1] == "1\n"
    assert dict(os.environ) == environment
    left = [p for folder in (home, here, temporary) for p in folder.rglob("*") if p.is_file() or p.is_socket()]
    assert left == [other / "kernel.json"]


def test_notebooks_of_one_folder_run_at_the_same_time(notebook, tmp_path, source):
    script = (
        "import sys; from dicomlab import notebooks\n"
        "notebooks.execute(sys.argv[1], sys.argv[2], {'source': sys.argv[3], 'limit': int(sys.argv[4])}, stock=True)"
    )
    book = notebook("import time; time.sleep(1)", "limit * 1000")

    def run(n: int) -> str:
        out = tmp_path / f"out{n}.ipynb"
        subprocess.run([sys.executable, "-c", script, book, out, source, str(n)], check=True, cwd=tmp_path)
        return out.read_text("utf-8")

    with ThreadPoolExecutor(2) as pool:
        texts = list(pool.map(run, (1, 2)))
    assert [f'"{n}000"' in text for n, text in enumerate(texts, 1)] == [True] * 2


def test_a_kernel_that_is_not_installed_is_told(notebook, tmp_path, source):
    with pytest.raises(NotebookError, match="no kernel of that name"):
        notebooks.execute(notebook("1"), tmp_path / "out.ipynb", {"source": str(source)}, kernel="no-such-kernel")
    assert not list(tmp_path.glob("out*"))


# --- scrubbing -------------------------------------------------------------------------------------------------------


def executed(*outputs: dict[str, object], source: str = "1") -> dict[str, object]:
    """An executed notebook of one cell, as papermill leaves it."""
    told = {"tags": ["x"], "papermill": {"start_time": "2026"}, "execution": {"iopub.status.busy": "2026"}}
    cell = {"id": "a", "cell_type": "code", "execution_count": 1, "source": [source], "outputs": list(outputs)}
    cell["metadata"] = told
    state = {"state": {"a": {"state": {"value": "in a widget"}}}}
    metadata = {
        "papermill": {"input_path": "/data/Doe/a.ipynb", "parameters": {"source": "/data/Doe"}},
        "widgets": {"application/vnd.jupyter.widget-state+json": state},
        "kernelspec": {"name": "python3"},
    }
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [cell]}


def shown(**data: object) -> dict[str, object]:
    """One output that shows something; ``_`` in a kind stands for ``/``."""
    return {
        "output_type": "display_data",
        "metadata": {"a": 1},
        "data": {k.replace("_", "/"): v for k, v in data.items()},
    }


def scrubbed(*outputs: dict[str, object], **parameters: object) -> str:
    notebook = executed(*outputs)
    notebooks.scrub(notebook, parameters)
    return json.dumps(notebook, ensure_ascii=False)


def test_metadata_times_and_widget_state_go():
    text = scrubbed()
    for gone in ("papermill", "Doe", "in a widget", "2026", "iopub"):
        assert gone not in text
    assert '"kernelspec"' in text
    assert '"tags": ["x"]' in text


@pytest.mark.parametrize("path", ["/data/Doe Jane/x", "/data/Doe Jane", "/data/./Doe Jane/x"])
def test_the_paths_of_parameters_get_their_names(path):
    text = scrubbed(shown(text_plain=f"read {path} now"), source="/data/./Doe Jane")
    assert "Doe" not in text
    assert "<source>" in text


def test_names_of_paths_are_seen_in_html_too():
    text = scrubbed(shown(text_html="<b>/data/Doe/x</b> and /opt/elsewhere/y<br/>"), source="/data/Doe")
    assert "<b>&lt;source&gt;/x</b> and &lt;path&gt;<br/>" in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("see /mnt/other/Doe.dcm.", "see <path>"),
        ("'/mnt/other/Doe.dcm', 3", "'<path>', 3"),
        ("C:\\Users\\Doe\\x.dcm end", "<path> end"),
        ("CT/MR/PET and 1/2/3", "CT/MR/PET and 1/2/3"),
        ("mg/kg/day, and/or", "mg/kg/day, and/or"),
        ("text/html", "text/html"),
        ("X/Z/D at (0010,0010)", "X/Z/D at (0010,0010)"),
    ],
)
def test_other_absolute_paths_go_and_what_is_none_stays(before, after):
    notebook = executed(shown(text_plain=before))
    notebooks.scrub(notebook, {})
    assert notebook["cells"][0]["outputs"][0]["data"]["text/plain"].startswith(after)


def test_pictures_stay_as_they_are():
    uri = "data:image/png;base64,AB+/ab/cd/ef=="
    notebook = executed(shown(image_png="AB+/ab/cd/ef==", text_html=f"<img src='{uri}'>"))
    notebooks.scrub(notebook, {})
    data = notebook["cells"][0]["outputs"][0]["data"]
    assert data == {"image/png": "AB+/ab/cd/ef==", "text/html": f"<img src='{uri}'>"}


def test_standard_error_and_widgets_without_state_are_not_stored():
    progress = shown(text_plain="100%|####| 3/3")
    progress["data"]["application/vnd.jupyter.widget-view+json"] = {"model_id": "a"}
    table = shown(text_html="<table></table>")
    table["data"]["application/vnd.jupyter.widget-view+json"] = {"model_id": "a"}
    warning = {"output_type": "stream", "name": "stderr", "text": ["Invalid value for VR UI: 'QF-4711'"]}
    text = scrubbed(warning, progress, table, {"output_type": "stream", "name": "stdout", "text": ["kept"]})
    assert "QF-4711" not in text
    assert "###" not in text
    assert "widget" not in text
    assert "<table></table>" in text
    assert "kept" in text


def test_a_traceback_becomes_the_kind_of_the_error():
    error = {
        "output_type": "error",
        "ename": "KeyError",
        "evalue": "'Doe'",
        "traceback": ["/data/x.py: KeyError 'Doe'"],
    }
    text = scrubbed(error)
    assert "Doe" not in text
    assert "KeyError" in text


def test_parameters_that_may_be_paths_are_named_and_others_kept():
    notebook = executed(source='# Parameters\nsource = "Doe"\nrecipe = "low"\nlimit = 4\nmine: str = "Doe.yaml"')
    notebook["cells"][0]["metadata"]["tags"] = ["injected-parameters"]
    notebooks.scrub(notebook, {"source": "Doe", "recipe": "low", "limit": 4, "mine": "Doe.yaml"})
    assert notebook["cells"][0]["source"] == (
        '# Parameters\nsource = "<source>"\nrecipe = \'low\'\nlimit = 4\nmine = "<mine>"'
    )


def png(text: bytes = b"", tail: bytes = b"") -> str:
    """A PNG of one pixel, with a comment, and with something behind its end."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]))
    note = chunk(b"tEXt", b"Comment\0" + text) if text else b""
    data = b"\x89PNG\r\n\x1a\n" + head + note + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"") + tail
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "output",
    [
        shown(text_plain=NAME),
        shown(text_html="<i>OTTOLINE</i> Quillfeather"),
        shown(text_html=f"<img src='data:image/png;base64,{png(NAME.encode())}'>"),
        shown(image_png=png(b"Quillfeather")),
        shown(image_png=png(tail=b"Quillfeather")),
        shown(**{"application_octet-stream": base64.b64encode(b"of Quillfeather").decode()}),
        shown(application_json={"deep": [{"er": "qf-4711-88"}]}),
        shown(text_plain="born on 1951-07-23"),
    ],
    ids=["plain", "html", "data uri", "png comment", "behind a png", "base64", "json", "date"],
)
def test_whoever_could_be_recognised_is_found_with_the_cell(source, output):
    hits = notebooks.identifying(executed(shown(text_plain="fine"), output), runs.identities(source))
    assert {cell for cell, _ in hits} == {1}


def test_a_picture_of_nobody_and_the_words_of_the_page_identify_nobody(source):
    page = executed(shown(image_png=png(b"made by a plot")), shown(text_plain="PatientName, 23 instances, CT head"))
    assert notebooks.identifying(page, runs.identities(source)) == []


def test_the_words_of_a_packaged_notebook_name_nobody_whatever_a_patient_is_called(tmp_path):
    source = write(ct_instance(PatientName="Notebook^Shift", PatientID="QF-4711"), tmp_path / "in" / "1.dcm").parent
    identity = runs.identities(source)
    page = json.loads(notebooks.located("00_start_here").read_text("utf-8"))
    assert "Shift" in json.dumps(page)
    assert notebooks.identifying(page, identity) == []
    page["cells"][0]["source"].append("Shift")
    assert {cell for cell, _ in notebooks.identifying(page, identity)} == {1}


# --- files of parameters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "said"), [("a: [", "line 1"), ("- a", "no names"), ("3: a", "no names")])
def test_a_file_of_parameters_that_holds_none_is_told(tmp_path, text, said):
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotebookError, match=said):
        notebooks.from_file(path)


def test_a_file_of_parameters_that_is_not_there_is_told():
    with pytest.raises(NotebookError, match="no file of parameters"):
        notebooks.from_file("nowhere")


# --- the packaged notebooks ------------------------------------------------------------------------------------------


def test_the_packaged_notebooks_run_in_their_order_and_tell_nobody_apart(tmp_path):
    """The whole pipeline through papermill, on the samples, with every planted identifier looked for."""
    release = tmp_path / "release"
    given = {"release": str(release), "recipe": "research", "out": str(tmp_path / "ours.yaml")}

    def run(name: str) -> str:
        known = notebooks.parameters_of(name)
        out = notebooks.execute(name, tmp_path / f"{name}.ipynb", {k: v for k, v in given.items() if k in known})
        return out.read_text("utf-8")

    names = notebooks.packaged()
    with threads(1) as pool:  # the last two make a release and look at it; the others need none
        before = pool.submit(lambda: [run(name) for name in names[:-2]])
        after = [run(name) for name in names[-2:]]
        texts = dict(zip(names, [*before.result(), *after], strict=True))
    assert {name[:2] for name in texts} >= {"00", "01", "05", "06"}
    assert (release / "report.html").is_file()
    answers = json.loads((files.packaged("data_samples") / "ANSWERS.json").read_text("utf-8"))
    planted = {v for row in answers["planted"] for v in row["values"] if len(v) > 5 and not v.isalpha()}
    planted |= {"Tsuge", "Michiko", "Wühlmäuser", "柘植"}
    assert len(planted) > 50
    for name, text in texts.items():
        page = json.loads(text)
        assert [c["execution_count"] for c in page["cells"] if c["cell_type"] == "code"].count(None) == 0, name
        assert not [o for c in page["cells"] for o in c.get("outputs", []) if o["output_type"] == "error"], name
        assert str(tmp_path) not in text
        assert [value for value in planted if value.casefold() in text.casefold()] == [], name
    assert "▒▒▒▒▒▒" in texts["01_inspect_headers"]
    assert judge.search_tree(sorted(tmp_path.glob("*.ipynb")), runs.identities(files.packaged("data_samples")))[
        0
    ].passed
