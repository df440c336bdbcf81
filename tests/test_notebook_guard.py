"""What JupyterLab may write: kernels say what they read and revealed, and the guard scrubs or refuses."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from factories import ct_instance, write
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from tornado.web import HTTPError

import dicomlab as dl
from dicomlab.notebooks import guard, session

NAME = "Quillfeather^Ottoline"
IDENTIFIERS = {"PatientName": NAME, "PatientID": "QF-4711-88", "PatientBirthDate": "19510723"}
SPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}


def in_a_server(coroutine):
    """What a coroutine returns in a loop of its own, whatever else runs in this thread (a browser's driver does)."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "incoming"
    write(ct_instance(**IDENTIFIERS), folder / "one.dcm")
    return folder


@pytest.fixture
def ours(monkeypatch):
    """A guard that knows nothing yet."""
    new = guard.Guard()
    monkeypatch.setattr(guard, "guard", new)
    return new


def code(source="1", *outputs, name="a", tags=()):
    return {"cell_type": "code", "id": name, "metadata": {"tags": list(tags)} if tags else {}, "execution_count": 1,
            "source": source, "outputs": list(outputs)}  # fmt: skip


def shown(kind="text/plain", value="fine"):
    return {"output_type": "display_data", "metadata": {}, "data": {kind: value}}


def saved(*cells, metadata=None):
    """The notebook as it would be written, as text."""
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata or {"kernelspec": SPEC}, "cells": list(cells)}
    model = {"type": "notebook", "format": "json", "content": copy.deepcopy(content)}
    guard.before_save(model)
    return json.dumps(model["content"], ensure_ascii=False)


# --- the hook --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "output",
    [
        shown(value="the patient is Quillfeather"),
        shown(value="OTTOLINE QUILLFEATHER"),
        shown("text/html", "<b>QF-4711-88</b>"),
        shown(value="born 23.07.1951"),
        shown(value=base64.b64encode(NAME.encode()).decode()),
        {"output_type": "stream", "name": "stdout", "text": ["Ottoline\n", "Quillfeather"]},
        shown("application/vnd.plotly.v1+json", {"title": NAME}),
    ],
    ids=["plain", "upper case and order", "html", "date", "base64", "stream", "json"],
)
def test_an_output_that_identifies_a_patient_is_replaced_by_a_notice(ours, source, output):
    ours.take("folder", str(source))
    text = saved(code("x", output, shown(value="27 instances")))
    assert "uillfeather" not in text.lower()
    assert "4711" not in text
    assert "this output was not saved: it showed what identifies a patient" in text
    assert "27 instances" in text


@pytest.mark.parametrize(
    "cell",
    [
        code("name = 'Quillfeather'"),
        {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "Mrs Quillfeather came again"},
        {"cell_type": "raw", "id": "r", "metadata": {}, "source": "QF-4711-88"},
        code("1", name="b", tags=["Quillfeather"]),
    ],
    ids=["code", "prose", "raw", "tag"],
)
def test_what_a_person_typed_is_never_changed_and_what_identifies_is_not_saved(ours, source, cell):
    ours.take("folder", str(source))
    with pytest.raises(HTTPError, match="cell 2 holds what identifies a patient") as caught:
        saved(code("1"), cell)
    assert "uillfeather" not in str(caught.value)
    assert caught.value.status_code == 409


def test_widget_state_standard_error_tracebacks_and_paths_are_not_saved(ours, source, tmp_path):
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'anything'", "traceback": ["anything"]}
    warning = {"output_type": "stream", "name": "stderr", "text": "anything"}
    state = {"application/vnd.jupyter.widget-state+json": {"state": {"a": "anything"}}}
    text = saved(code("1", error, warning, shown(value=f"read {tmp_path}")), metadata={"widgets": state})
    for hidden in ("anything", str(tmp_path), "widget"):
        assert hidden not in text


def test_a_cell_that_revealed_values_is_saved_without_its_outputs(ours):
    ours.take("cell", "b")
    text = saved(code("1", shown(value="seen"), name="a"), code("2", shown(value="82.5 kg"), name="b"))
    assert "seen" in text
    assert "82.5" not in text
    assert "revealed on the screen" in text


def test_folders_named_in_the_parameters_are_known_without_a_kernel(ours, source):
    deeper = source / "a" / "b"
    write(ct_instance(PatientName="Brackenridge^Thaddeus", PatientID="XX-9931"), deeper / "two.dcm")
    text = saved(code(f'source = "{source}"', tags=["parameters"]), code("x", shown(value="Brackenridge")))
    assert '"Brackenridge"' not in text
    assert "not saved" in text


def test_files_that_arrive_later_are_known_at_the_next_saving(ours, source):
    ours.take("folder", str(source))
    assert "Brackenridge" in saved(code("x", shown(value="Brackenridge")))
    write(ct_instance(PatientName="Brackenridge^Thaddeus", PatientID="XX-9931"), source / "two.dcm")
    assert "Brackenridge" not in saved(code("x", shown(value="Brackenridge")))


@pytest.fixture
def contents(tmp_path):
    """What writes files for JupyterLab, in a folder of its own."""
    (tmp_path / "lab").mkdir()
    return guard.Contents(root_dir=str(tmp_path / "lab"))


def writing(contents, *cells):
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": SPEC}, "cells": list(cells)}
    return contents.save({"type": "notebook", "format": "json", "content": content}, "x.ipynb")


@pytest.fixture
def slow(ours, source):
    """An event: before it is set the guard is still reading the folder."""
    read = Event()
    ours._worker.submit(read.wait, 60)
    ours.take("folder", str(source))
    yield read
    read.set()


def test_saving_waits_until_it_is_known_who_is_in_a_folder_and_the_server_goes_on(slow, contents):
    async def saved_meanwhile():
        saving = asyncio.create_task(writing(contents, code("x", shown(value="Quillfeather"), shown(value="27 files"))))
        for _ in range(5):
            await asyncio.sleep(0.02)
            assert not saving.done()
        slow.set()
        await saving

    in_a_server(saved_meanwhile())
    written = Path(contents.root_dir, "x.ipynb").read_text("utf-8")
    assert "27 files" in written
    assert "uillfeather" not in written


@pytest.mark.parametrize("cell", [code("name = 'Quillfeather'"), code("x", shown(value="27 files"))])
def test_what_cannot_be_searched_in_time_is_refused_and_the_file_stays_as_it_was(
    ours, slow, contents, monkeypatch, cell
):
    Path(contents.root_dir, "x.ipynb").write_text("as it was")
    monkeypatch.setattr(guard, "_PATIENCE", 0.05)
    with pytest.raises(HTTPError, match=r"still being searched .* nothing is lost.* save again in a moment") as caught:
        in_a_server(writing(contents, cell))
    assert caught.value.status_code == 409
    assert Path(contents.root_dir, "x.ipynb").read_text() == "as it was"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_the_folder_is_not_waited_for(ours, source, monkeypatch):
    monkeypatch.setattr(guard, "_PATIENCE", 10)
    os.mkfifo(source / "pipe")
    ours.take("tree", str(source))
    assert "27 files" in saved(code("x", shown(value="27 files")))


def test_a_new_notebook_need_not_wait(slow, contents):
    in_a_server(contents.new({"type": "notebook"}, "new.ipynb"))
    assert Path(contents.root_dir, "new.ipynb").exists()
    assert not slow.is_set()


def test_folders_that_are_told_while_one_is_read_are_read_in_one_go(ours, slow, source, monkeypatch):
    gathered, times = ours._gathered, []
    monkeypatch.setattr(ours, "_gathered", lambda: times.append(1) or gathered())
    for number in range(50):
        write(ct_instance(PatientName=f"Brackenridge{chr(97 + number % 26)}^Thaddeus"), source / f"{number}" / "a.dcm")
        ours.take("folder", str(source / f"{number}"))
    slow.set()
    assert "Brackenridgez" not in saved(code("x", shown(value="Brackenridgez")))
    assert len(times) <= 2


def test_pseudonyms_of_our_own_releases_identify_nobody(ours, source, tmp_path):
    dl.run(source, tmp_path / "release", "basic")
    released = next((tmp_path / "release").rglob("*.dcm"))
    pseudonym = str(dl.scan(tmp_path / "release").instances[0].read().PatientID)
    ours.take("folder", str(released.parent))
    assert pseudonym in saved(code("x", shown(value=pseudonym)))


def test_a_text_file_that_names_a_patient_is_not_saved(ours, source):
    ours.take("tree", str(source))
    model = {"type": "file", "format": "text", "content": "all is well"}
    guard.before_save(model)
    with pytest.raises(HTTPError, match="holds what identifies"):
        guard.before_save({**model, "content": "Quillfeather, Ottoline"})


def test_when_the_search_itself_fails_nothing_is_saved(ours, monkeypatch):
    monkeypatch.setattr(ours, "gather", lambda: 1 / 0)
    with pytest.raises(HTTPError, match=r"could not be searched .*\(ZeroDivisionError\)"):
        saved(code("x", shown(value="anything")))


# --- the kernel ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel as a session of JupyterLab starts it, and the guard that it tells."""
    folder = tmp_path_factory.mktemp("s")
    env = session.prepare(folder)
    told = guard.Guard()
    told.listen(env["DICOMLAB_GUARD"])
    specs = KernelSpecManager(kernel_dirs=[str(folder / "share" / "kernels")], ensure_native_kernel=False)
    manager = KernelManager(kernel_name="python3", kernel_spec_manager=specs)
    manager.start_kernel(env=env, cwd=str(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(60)
    yield Kernel(client, told)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    told._worker.shutdown()
    manager.context.destroy()


class Kernel:
    """Runs cells and keeps what they show."""

    def __init__(self, client, told):
        self.client, self.told = client, told

    def run(self, source, name="cell"):
        out = []

        def keep(message):
            if message["msg_type"] in ("stream", "error", "display_data", "execute_result"):
                out.append({"output_type": message["msg_type"], **message["content"]})

        message = self.client.session.msg(
            "execute_request", {"code": source, "silent": False}, metadata={"cellId": name}
        )
        self.client.shell_channel.send(message)
        while True:
            got = self.client.get_iopub_msg(timeout=60)
            if got["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                keep(got)
                if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
                    return out


def test_what_a_kernel_reads_is_known_before_the_next_line_runs(kernel, source):
    place = f"pathlib.Path({str(source.parent)!r}, 'inco' + 'ming', 'one.dcm')"
    read = f"import pydicom, pathlib\nds = pydicom.dcmread({place})"
    kernel.run(read)
    assert str(source) in kernel.told.folders
    (out,) = kernel.run("ds.PatientName")
    assert "Quillfeather" in out["data"]["text/plain"]


@pytest.mark.parametrize("cell", ["!ls '{}' > /dev/null", "import os\nx = '{}'\nos.path.getsize(x)"])
def test_a_folder_that_a_cell_names_is_known_whatever_reads_it(kernel, tmp_path, cell):
    folder = tmp_path / "named"
    folder.mkdir()
    kernel.run(cell.format(folder))
    assert str(folder) in kernel.told.trees


def test_the_program_s_own_files_are_no_news(kernel):
    kernel.run("import json, pathlib\npathlib.Path(json.__file__).read_text()[:1]")
    assert not [folder for folder in kernel.told.folders if folder.startswith((sys.prefix, sys.base_prefix))]


def test_a_cell_that_reveals_a_value_is_noted(kernel):
    (out,) = kernel.run("import dicomlab as dl\ndl.Masked('82.5 kg').reveal()", name="the-cell")
    assert "82.5 kg" in out["data"]["text/plain"]
    assert "the-cell" in kernel.told.revealed


@pytest.mark.parametrize(
    "cell",
    [
        "raise ValueError('Quill' + 'feather')",
        "try:\n    raise KeyError('Quill' + 'feather')\nexcept KeyError as e:\n    raise RuntimeError('x') from e",
        "e = ValueError('x'); e.add_note('Quill' + 'feather'); raise e",
        "class E(Exception): pass\nraise E('Quill' + 'feather')",
        "{}['Quill' + 'feather']",
    ],
    ids=["message", "cause", "note", "class of one's own", "key"],
)
def test_an_error_shows_where_and_not_the_message_that_may_quote_a_value(kernel, cell):
    (out,) = kernel.run(cell)
    assert "Quillfeather" not in json.dumps(out)
    assert "may quote a value" in out["evalue"]
    assert "Where it happened" in out["traceback"][0]
    assert cell.splitlines()[-1].strip()[:20] in "\n".join(out["traceback"])


@pytest.mark.parametrize(
    ("cell", "said"),
    [("undefined_name", "undefined_name"), ("import no_such_module", "no_such_module"),
     ("import dicomlab as dl\ndl.load_recipe('nope')", "neither packaged nor a file"), ("1 +", "invalid syntax")],
)  # fmt: skip
def test_errors_that_quote_code_only_are_shown_whole(kernel, cell, said):
    (out,) = kernel.run(cell)
    assert said in out["evalue"]


def test_no_history_is_kept(kernel):
    (out,) = kernel.run("print(get_ipython().history_manager.enabled)")
    assert out["text"] == "False\n"


def test_a_session_keeps_everything_in_its_own_folder(tmp_path):
    env = session.prepare(tmp_path, tmp_path)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "DICOMLAB_GUARD"):
        assert Path(env[name]).parent == tmp_path
    assert env["DICOMLAB_SOURCE"] == str(tmp_path.resolve())
    assert "DICOMLAB_BATCH" not in env
    assert os.environ.get("DICOMLAB_GUARD") is None
