"""The commands around notebooks: `notebook`, `lab` and `demo`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dicomlab import __version__
from dicomlab.cli.commands import DONE, REFUSED, progress, refuse, show
from dicomlab.errors import MissingPackageError, NotebookError

DEMO = ("00_start_here", "01_inspect_headers", "05_deidentify", "06_verify_and_report")
VERSION_FILE = ".dicomlab-version"
SERVED = (sys.executable, "-P", "-m", "dicomlab.notebooks.serving")
# Nothing leaves the machine: no news, no search for updates, no catalogue of extensions.
QUIET_LAB = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


def notebook(chosen: argparse.Namespace) -> int:
    """Run a notebook with parameters: once, or for each subject."""
    from dicomlab import notebooks

    names = [name for name, _ in chosen.parameters]
    if len(set(names)) < len(names):
        raise NotebookError("-p: a parameter is given twice; give each name once")
    if bool(chosen.out) == bool(chosen.each_subject):
        message = (
            "say where it goes: OUT.ipynb, or --each-subject SOURCE OUTDIR, not both; see dicomlab notebook --help"
        )
        raise NotebookError(message)
    parameters = {**(notebooks.from_file(chosen.file) if chosen.file else {}), **dict(chosen.parameters)}
    notebooks.checked(chosen.notebook, parameters)  # what was typed wrong ends with 2, what fails later with 1
    settings: dict[str, Any] = {
        "html": chosen.html,
        "limit": chosen.limit,
        "stock": chosen.stock,
        "progress": progress(),
    }
    if chosen.each_subject:
        return _each_subject(chosen, parameters, settings)
    try:
        done = notebooks.execute(chosen.notebook, chosen.out, parameters, **settings)
    except NotebookError as error:
        return refuse(error)
    print(f"executed, scrubbed and searched for identifiers: {done}")
    return DONE


def _each_subject(chosen: argparse.Namespace, parameters: dict[str, Any], settings: dict[str, Any]) -> int:
    """Run a notebook for each subject of a source, and say how each ended."""
    from dicomlab import notebooks

    source, folder = chosen.each_subject
    rows = notebooks.each_subject(chosen.notebook, source, folder, parameters, workers=chosen.workers, **settings)
    show(["subject", "state", "seconds", "verdict"], [[r.subject, r.state, r.seconds, r.verdict] for r in rows])
    failed = sum(row.state != "done" for row in rows)
    print(f"\n{len(rows)} subjects, {failed} failed\nindex    {folder / 'index.html'}")
    print(f"private  {folder.with_name(f'{folder.name}-private')} (the key of the codes: never hand this over)")
    return REFUSED if failed else DONE


def lab(chosen: argparse.Namespace) -> int:
    """Open JupyterLab, or pages without code, on copies of the notebooks."""
    from dicomlab import files
    from dicomlab.notebooks.session import prepare

    if chosen.app and find_spec("voila") is None:
        feature = "showing notebooks as pages"
        raise MissingPackageError(feature, "voila", "pip install 'dicomlab[app]'")
    if chosen.source is not None:
        files.listed(chosen.source)  # what is not there is said before anything is written
    new, kept = copy_notebooks(files.packaged("notebooks"), chosen.folder)
    print(f"{chosen.folder}: {new} notebooks are new, {len(kept)} kept as you left them")
    older = [name for name, version in kept.items() if version != __version__]
    if older:
        print(f"{len(older)} of them were copied by another version; for those of {__version__} use another folder")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory(prefix="dicomlab-") as session:
        env = prepare(Path(session), chosen.source, saves=not chosen.app)
        command = _app(chosen) if chosen.app else _lab(chosen)
        with subprocess.Popen(command, env=env) as server:  # noqa: S603  (our own interpreter, a list, no shell)
            signal.signal(signal.SIGTERM, lambda *_: server.terminate())
            while True:
                try:
                    return server.wait()
                except KeyboardInterrupt:  # the server has it too, and asks whether to stop
                    continue


def _lab(chosen: argparse.Namespace) -> list[str]:
    command = [*SERVED, "jupyterlab", *QUIET_LAB, f"--ServerApp.root_dir={chosen.folder.resolve()}"]
    command += ["--ServerApp.ip=127.0.0.1", *([f"--port={chosen.port}"] if chosen.port else [])]
    command += ["--no-browser"] if chosen.no_browser else []
    return command + (["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])  # in a container


def _app(chosen: argparse.Namespace) -> list[str]:
    command = [*SERVED, "voila", str(chosen.folder.resolve()), "--Voila.ip=127.0.0.1"]
    command += ["--token", *([f"--port={chosen.port}"] if chosen.port else [])]
    return command + (["--no-browser"] if chosen.no_browser else [])


def copy_notebooks(packaged: Path, folder: Path) -> tuple[int, dict[str, str]]:
    """Copy notebooks that are not in `folder` yet, and record the version they come from.

    Returns
    -------
    tuple[int, dict[str, str]]
        How many were copied, and for each that was already there the version that it came from
        ("" when this is not known). Files that are there are never written to.
    """
    if folder.exists() and not folder.is_dir():
        raise NotebookError(f"{folder} is a file; name a folder for the notebooks")
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / VERSION_FILE
    lines = record.read_text("utf-8").splitlines() if record.exists() else []
    known = {name: version for name, _, version in (line.partition("\t") for line in lines)}
    kept: dict[str, str] = {}
    new = 0
    for source in sorted(p for p in packaged.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts):
        name = source.relative_to(packaged).as_posix()
        target = folder / name
        if target.exists():
            kept[name] = known.get(name, "")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        known[name] = __version__
        new += 1
    record.write_text("".join(f"{name}\t{version}\n" for name, version in sorted(known.items())), "utf-8")
    return new, kept


def demo(chosen: argparse.Namespace) -> int:
    """Run the whole pipeline through the notebooks, and say where report and notebooks lie."""
    from dicomlab import files, notebooks
    from dicomlab.runs.layout import Layout

    source = (chosen.source or files.packaged("data_samples")).resolve()
    out = chosen.out.resolve()
    release, private = out / "release", out.with_name(f"{out.name}-private")
    files.listed(source)  # what cannot work is said before anything is written
    Layout.of(source, release, private)
    given: dict[str, object] = {
        "source": source, "release": release, "private": private, "recipe": "basic",
        "overwrite": release.exists(),  # what an earlier demo left, and nothing that is not a release of ours
    }  # fmt: skip
    for name in DEMO:
        began = time.monotonic()
        mine = {key: value for key, value in given.items() if key in notebooks.parameters_of(name)}
        try:
            notebooks.execute(name, out / "notebooks" / f"{name}.ipynb", mine, progress=progress())
        except NotebookError as error:
            return refuse(error)
        print(f"{name:22} {time.monotonic() - began:5.1f} s", flush=True)
    report = json.loads((release / "report.json").read_text("utf-8"))
    print()
    show(["state", "reason", "files", "what it means"], _ends(report["files"]))
    print(f"\nverification {report['verification']['state']}")
    print(f"report     {chosen.out / 'release' / 'report.html'}")
    print(f"notebooks  {chosen.out / 'notebooks'}")
    print(f"release    {chosen.out / 'release'}")
    print(f"private    {chosen.out.with_name(private.name)} (key, crosswalk, quarantine: never hand this over)")
    return DONE if report["verification"]["state"] == "passed" else REFUSED


def _ends(counted: dict[str, Any]) -> list[list[object]]:
    """Return how the files ended, from the report's own numbers."""
    written = [["written", "", counted["states"]["written"], ""]]
    return written + [[r["state"], r["reason"], r["files"], r["explanation"]] for r in counted["reasons"]]
