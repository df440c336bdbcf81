"""Many notebooks: kernels forked from a server, one notebook for each subject, and the pages that tell of them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from factories import ct_instance, write
from jupyter_client.manager import AsyncKernelManager

from dicomlab import notebooks
from dicomlab.errors import NotebookError, ReleaseError
from dicomlab.notebooks import engine, pages, preloaded

NAMES = ("Quillfeather^Ottoline", "Brackenridge^Thaddeus", "Quillfeather^Otis")
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
linux = pytest.mark.skipif(
    not preloaded.possible(), reason="kernels are forked on Linux only; here they start as usual"
)


@pytest.fixture
def notebook(tmp_path):
    """Make a notebook of code cells, or prose where they start with #, behind a parameters cell."""

    def make(*cells: str, parameters: str = 'source = ""', name: str = "small") -> Path:
        told = [
            {"id": f"c{n}", "cell_type": "markdown", "source": text, "metadata": {}}
            if text.startswith("# ")
            else {"id": f"c{n}", "cell_type": "code", "execution_count": None, "outputs": [], "source": text,
                  "metadata": {"tags": ["parameters"]} if n == 0 else {}}
            for n, text in enumerate((parameters, *cells))
        ]  # fmt: skip
        path = tmp_path / f"{name}.ipynb"
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": KERNEL}, "cells": told}
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return make


@pytest.fixture
def source(tmp_path):
    """Three patients, two instances each, files of the first in two folders, all named after people."""
    folder = tmp_path / "came in"
    for n, name in enumerate(NAMES):
        for m in (1, 2):
            uid = f"1.2.826.{n + 1}"
            write(
                ct_instance(PatientName=name, PatientID=f"QF-471{n}", StudyInstanceUID=uid,
                            SeriesInstanceUID=f"{uid}.1", SOPInstanceUID=f"{uid}.1.{m}"),
                folder / f"{name.split('^')[1]}{m if n == 0 else ''}" / f"{m}.dcm",
            )  # fmt: skip
    return folder


def outputs(path: Path) -> list[list[dict[str, object]]]:
    return [c["outputs"] for c in json.loads(path.read_text("utf-8"))["cells"] if c["cell_type"] == "code"]


# --- kernels ---------------------------------------------------------------------------------------------------------

CELLS = (
    "import os, sys, dicomlab as dl",
    "catalog = dl.scan(source)\ncatalog",
    "from dicomlab.reports import figures, tables\ntables.series(catalog)",
    "figures.risk_by_modality({'CT': dl.inspect(catalog)})",
    "import matplotlib.pyplot as plt\n_ = plt.plot([1, 3, 2])",
    "from tqdm.auto import tqdm\nlist(tqdm(range(3)))",
    "import pandas as pd\npd.DataFrame({'a': [1, 2]})",
    "import ipywidgets as w\nw.IntSlider(description='n', value=3)",
    "print(sys.argv[0].rsplit('/')[-1][:17], __name__, os.getcwd() == os.path.abspath('.'), sys.path[0])",
    "print(sys.modules['__main__'].catalog is catalog, os.getpgid(0) == os.getpid())",
    "import asyncio\nawait asyncio.sleep(0)",
    "import multiprocessing\nmultiprocessing.get_context('fork').Pool(1).map(abs, [-3])",
    "os.environ.get('MPLBACKEND'), os.environ.get('DICOMLAB_BATCH'), sys.flags.interactive",
    "print('to stdout'); print('to stderr', file=sys.stderr); os.system('true')",
    "raise KeyError('no value')",
)


def test_a_forked_kernel_shows_in_every_cell_what_the_stock_one_shows(notebook, source, tmp_path):
    book = notebook(*CELLS)
    shown = {}
    for stock in (True, False):
        with pytest.raises(NotebookError, match="KeyError"):
            notebooks.execute(book, tmp_path / f"{stock}.ipynb", {"source": str(source)}, stock=stock)
        shown[stock] = outputs(tmp_path / f"{stock}.failed.ipynb")
    assert len(shown[True]) == len(CELLS) + 2
    for cell, stock, forked in zip(("", "", *CELLS), shown[True], shown[False], strict=True):
        assert stock == forked, cell


@linux
def test_a_kernel_is_a_fresh_process_that_knows_nothing_of_the_one_before(notebook, tmp_path):
    book = notebook(
        "import os, dicomlab, numpy as np",
        "print(hasattr(dicomlab, 'left'), os.environ.get('LEFT'), os.getpid(), np.random.rand())",
        "dicomlab.left = os.environ['LEFT'] = 'here'; os.chdir('/')",
        parameters="n = 0",
    )
    said = [outputs(notebooks.execute(book, tmp_path / f"{n}.ipynb", {"n": n}))[3][0]["text"].split() for n in range(2)]
    assert [words[:2] for words in said] == [["False", "None"]] * 2
    assert said[0][2] != said[1][2]
    assert said[0][3] != said[1][3]


@linux
def test_kernels_end_when_they_are_asked_and_none_has_to_be_made_to(notebook, source, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(AsyncKernelManager, "_async_send_kernel_sigterm", lambda *_, **__: made.append(1))
    book = notebook(*SHOW, "n = 0", parameters='source = ""\nround = 0')
    for number in range(4):  # a few at the same time, since that is when it went wrong
        rows = notebooks.each_subject(book, source, tmp_path / "out", {"round": number}, workers=3)
        assert {row.state for row in rows} == {"done"}
    assert made == []


@linux
def test_what_a_kernel_started_ends_with_it(notebook, tmp_path):
    note = tmp_path / "pid"
    book = notebook(
        "import subprocess\nfrom pathlib import Path",
        "child = subprocess.Popen(['sleep', '600'])\nPath(note).write_text(str(child.pid))",
        "import os\nos._exit(3)",
        parameters="note = ''",
    )
    with pytest.raises(NotebookError, match="kernel died"):
        notebooks.execute(book, tmp_path / "out.ipynb", {"note": str(note)})
    for _ in range(50):
        if not lives(int(note.read_text())):
            return
        time.sleep(0.1)
    pytest.fail("the child of the kernel still runs")


def test_with_papermill_alone_the_engine_can_be_chosen_by_name(notebook, tmp_path):
    from papermill import execute_notebook  # noqa: PLC0415 - heavy

    out = tmp_path / "out.ipynb"
    execute_notebook(str(notebook("n * 2", parameters="n = 1")), str(out), {"n": 21}, engine_name=engine.NAME,
                     progress_bar=False)  # fmt: skip
    assert outputs(out)[-1][0]["data"]["text/plain"] == ["42"]


# --- one notebook for each subject -----------------------------------------------------------------------------------

SHOW = ("import dicomlab as dl", "len(dl.scan(source).instances)", "# Verdict", "print('all is well')")


def test_each_subject_gets_a_notebook_under_a_code_and_the_index_leads_to_it(notebook, source, tmp_path):
    rows = notebooks.each_subject(notebook(*SHOW), source, tmp_path / "out")
    assert [(r.state, r.instances, r.verdict) for r in rows] == [("done", 2, "all is well")] * 3
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert sorted(re.findall(r'href="([^"]+)"', page)) == sorted(r.link for r in rows)
    for row in rows:
        assert re.fullmatch(r"[0-9B-DF-HJ-NP-Z]{12}", row.subject)
        assert outputs(tmp_path / "out" / row.link)[3][0]["data"]["text/plain"] == "2"
    left = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*")}
    assert left == {"index.html", "index.json", *(r.link for r in rows)}


def test_nothing_of_a_batch_names_a_patient(notebook, source, tmp_path):
    notebooks.each_subject(notebook(*SHOW, "raise ValueError(source)"), source, tmp_path / "out", html=True)
    names = "\n".join(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*"))
    everything = names + "".join(p.read_text("utf-8") for p in (tmp_path / "out").rglob("*") if p.is_file())
    for hidden in ("uillfeather", "rackenridge", "Ottoline", "QF-471", "came in", str(tmp_path)):
        assert hidden.casefold() not in everything.casefold()
    private = tmp_path / "out-private"
    assert private.stat().st_mode & 0o777 == 0o700
    assert sorted(p.name for p in private.iterdir()) == ["key", "subjects"]
    assert list((private / "subjects").iterdir()) == []


def test_what_is_done_is_skipped_and_what_failed_or_changed_is_done_again(notebook, source, tmp_path):
    book = notebook(*SHOW, "assert not fail", parameters='source = ""\nfail = False')
    first = notebooks.each_subject(book, source, tmp_path / "out")
    before = {r.subject: (tmp_path / "out" / r.link).stat().st_mtime_ns for r in first}
    write(ct_instance(PatientName=NAMES[1], PatientID="QF-4711", SOPInstanceUID="1.2.826.2.1.3"), source / "more.dcm")
    (tmp_path / "out" / first[0].link).unlink()
    again = notebooks.each_subject(book, source, tmp_path / "out")
    after = {r.subject: (tmp_path / "out" / r.link).stat().st_mtime_ns for r in again}
    assert after.keys() == before.keys()
    changed = {subject for subject in after if after[subject] != before[subject]}
    assert changed == {first[0].subject, next(r.subject for r in again if r.instances == 3)}
    failed = notebooks.each_subject(book, source, tmp_path / "out", {"fail": True})
    assert {r.state for r in failed} == {"failed"}
    assert {r.state for r in notebooks.each_subject(book, source, tmp_path / "out")} == {"done"}
    assert not list((tmp_path / "out").glob("*.failed.*"))


def test_a_subject_that_fails_is_marked_and_the_others_go_on(notebook, source, tmp_path):
    only = "import dicomlab as dl\nassert 'OTTO' not in str(dl.scan(source).instances[0].read().PatientName).upper()"
    rows = notebooks.each_subject(notebook(only, "import os"), source, tmp_path / "out")
    assert sorted(r.state for r in rows) == ["done", "done", "failed"]
    (failed,) = (r for r in rows if r.state == "failed")
    assert "cell 3 of the notebook failed with AssertionError" in failed.verdict
    assert failed.link == f"{failed.subject}.failed.ipynb"
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "1 notebook failed" in page
    assert failed.link in page


def test_each_subject_writes_to_places_of_its_own(notebook, source, tmp_path):
    book = notebook(
        "from pathlib import Path",
        "Path(release).mkdir()\nPath(report).write_text('x')\nPath(private).mkdir()",
        parameters='source = ""\nrelease = "release"\nprivate = ""\nreport = ""',
    )
    rows = notebooks.each_subject(book, source, tmp_path / "out", {"report": str(tmp_path / "r-{subject}.txt")})
    assert {r.state for r in rows} == {"done"}
    for row in rows:
        assert (tmp_path / "out" / row.subject / "release").is_dir()
        assert (tmp_path / f"r-{row.subject}.txt").is_file()
        assert (tmp_path / "out-private" / row.subject).is_dir()


@pytest.mark.parametrize(
    ("given", "said"),
    [({"release": "one"}, "write {subject}"), ({"source": "x"}, "parameter `source`"), ({"sauce": 1}, "no parameter")],
)
def test_parameters_that_subjects_cannot_share_are_refused_before_anything_is_written(
    notebook, source, tmp_path, given, said
):
    book = notebook("1", parameters='source = ""\nrelease = "release"')
    with pytest.raises(NotebookError, match=said):
        notebooks.each_subject(book, source, tmp_path / "out", given)
    assert not list(tmp_path.glob("out*"))


def test_a_batch_is_not_written_into_its_source(notebook, source):
    before = sorted(source.rglob("*"))
    with pytest.raises(ReleaseError, match="lies in the other"):
        notebooks.each_subject(notebook("1"), source, source / "out")
    assert sorted(source.rglob("*")) == before


# --- pages -----------------------------------------------------------------------------------------------------------


def test_a_page_of_an_executed_notebook_fetches_and_runs_nothing(notebook, source, tmp_path):
    book = notebook(
        "# What it is", "from IPython.display import HTML\nHTML('<table><tr><td>shown</td></tr></table>')",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])",
    )  # fmt: skip
    out = notebooks.execute(book, tmp_path / "out.ipynb", {"source": str(source)}, html=True)
    page = out.with_suffix(".html").read_text("utf-8")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=[\"'](?!data:|#)", page)
    assert not re.findall(r"https?://(?!www\.w3\.org/)", page)
    for shown in ("<h1", "<td>shown</td>", "data:image/png;base64,"):
        assert shown in page


def test_the_verdict_of_a_notebook_is_what_it_says_below_that_heading():
    def code(text: str) -> dict[str, object]:
        return {"cell_type": "code", "source": "x", "outputs": [{"output_type": "stream", "text": [text]}]}

    def prose(text: str) -> dict[str, object]:
        return {"cell_type": "markdown", "source": text}

    cells = [code("no"), prose("## Verdict, and what next\nwords"), code("3 of 4\n"), prose("more"), code("done"),
             prose("## What next"), code("no")]  # fmt: skip
    assert pages.verdict({"cells": cells}) == "3 of 4 done"
    assert pages.verdict({"cells": cells[:1]}) == ""


# --- the server, at the end since these end it -----------------------------------------------------------------------

SCRIPT = """
import os, sys, time
from dicomlab.notebooks import preloaded
server = preloaded.Server(os.environ, (), ())
kernel = server.launch([sys.executable, "-m", "ipykernel_launcher", "-f", sys.argv[1]], os.environ)
print(server._process.pid, kernel.pid, flush=True)
time.sleep(60)
"""


def lives(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody asked about does not."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@linux
def test_no_server_and_no_kernel_outlives_the_program_however_that_ends(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, tmp_path / "kernel.json"], stdout=subprocess.PIPE, text=True
    ) as program:
        pids = [int(word) for word in program.stdout.readline().split()]
        assert [lives(pid) for pid in pids] == [True, True]
        program.kill()
    for _ in range(100):
        if not any(map(lives, pids)):
            return
        time.sleep(0.1)
    pytest.fail("a process outlived the program")


@linux
def test_when_the_server_of_kernels_was_ended_notebooks_run_all_the_same(notebook, tmp_path):
    ours = engine.server()
    os.kill(ours._process.pid, signal.SIGKILL)
    ours._process.wait()
    out = notebooks.execute(notebook("print(n + 1)", parameters="n = 0"), tmp_path / "out.ipynb", {"n": 4})
    assert outputs(out)[-1][0]["text"] == "5\n"
    engine.close()
