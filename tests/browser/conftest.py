"""A real JupyterLab and a real Chromium: on loopback, with a token, in fresh folders; they end with the module."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dicomlab import files
from dicomlab.cli import work
from dicomlab.notebooks.session import prepare

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDGETS = "@jupyter-widgets/jupyterlab-manager/plugin"
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # The worst case for privacy: the state of all widgets goes into the notebook.
    WIDGETS: {"saveState": True},
}
# The debugger complains when a kernel ends while it attaches.
NOT_TESTED = ["@jupyterlab/debugger-extension"]
PATIENCE = 60_000  # ms; a loaded machine is slow, and a wait ends as soon as its condition holds
OWN = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
OPEN = """async (asked) => {
    const app = window.jupyterapp, [path, kernel] = [asked].flat();
    await app.restored;
    const panel = await app.commands.execute('docmanager:open', {path, factory: 'Notebook', ...(kernel
        ? {kernel: {id: kernel}} : {kernelPreference: {autoStartDefault: true}})});
    app.shell.activateById(panel.id);
    await panel.context.ready; await panel.sessionContext.ready; await panel.sessionContext.session.kernel.info;
    return panel.id;
}"""
RUN = """async (id) => {
    const app = window.jupyterapp;
    const panel = [...app.shell.widgets('main')].find((one) => one.id === id);
    await app.commands.execute('notebook:run-all-cells');
    return panel.content.widgets.filter((cell) => cell.model.type === 'code').map((cell) =>
        [cell.model.executionCount, cell.model.outputs.toJSON().filter((o) => o.output_type === 'error').length]);
}"""
SAVE = """async (id) => {
    const panel = [...window.jupyterapp.shell.widgets('main')].find((one) => one.id === id);
    await panel.context.save();
}"""
KERNEL = """(id) => [...window.jupyterapp.shell.widgets('main')].find((one) => one.id === id)
    .sessionContext.session.kernel.id"""
LEAVE = """(id) => {
    const panel = [...window.jupyterapp.shell.widgets('main')].find((one) => one.id === id);
    panel.context.model.dirty = false;
    panel.dispose();
}"""
CLOSE = """async (id) => {
    const panel = [...window.jupyterapp.shell.widgets('main')].find((one) => one.id === id);
    await panel.sessionContext.shutdown();
    panel.context.model.dirty = false;
    panel.dispose();
}"""
# From an event to pixels that can be read: the canvas has really been drawn when its pixels are asked for.
DRAWN = """([selector, keys]) => {
    const canvases = [...document.querySelectorAll(selector)], took = [];
    for (const key of keys) {
        const start = performance.now();
        canvases[0].dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
        for (const one of canvases) one.getContext('2d').getImageData(one.width >> 1, one.height >> 1, 1, 1);
        took.push(performance.now() - start);
    }
    return took;
}"""
PIXELS = """(canvas) => {
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let sum = 0;
    for (let n = 0; n < data.length; n++) sum = (sum * 31 + data[n]) >>> 0;
    return sum;
}"""


def environment(home: Path) -> dict[str, str]:
    """Fresh folders for everything that Jupyter, IPython and matplotlib keep."""
    own = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython", "MPLCONFIGDIR": "matplotlib",
    }  # fmt: skip
    rest = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "DICOMLAB_BATCH"))}
    return rest | {name: str(home / folder) for name, folder in own.items()}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def serving(command: list[str], home: Path, ready: str, env: dict[str, str] | None = None):
    """A server that answers; it ends with the block, whatever happens in it."""
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=env or environment(home), cwd=home, stdout=log, stderr=log)
    try:
        end = time.monotonic() + PATIENCE / 1000
        while True:
            try:
                urllib.request.urlopen(ready, timeout=1).close()  # noqa: S310  on loopback
                break
            except urllib.error.HTTPError:
                break  # it answers: it wants a token
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    pytest.fail((home / "server.log").read_text()[-3000:], pytrace=False)
                time.sleep(0.05)
        yield home / "server.log"
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def chromium(needs_tool):
    """The browser of this machine; Playwright brings none of its own."""
    program = needs_tool("chromium")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page of the browser, and what it must not do."""

    page: Any
    outside: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("request", lambda r: self.outside.add(r.url) if not r.url.startswith(OWN) else None)
        self.page.on("console", lambda m: self.errors.append(m.text[:300]) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)[:300]))

    def check(self) -> None:
        assert not self.outside
        assert not self.errors


@dataclass
class Notebook:
    """A notebook that is open in JupyterLab."""

    lab: Lab
    path: Path
    id: str

    @property
    def page(self):
        return self.lab.watched.page

    def run(self) -> None:
        """Run all cells; every one of them must run, and without an error."""
        ends = self.page.evaluate(RUN, self.id)
        assert all(count for count, _ in ends), "a cell did not run"
        assert not any(errors for _, errors in ends), "a cell failed"

    def find(self, selector: str):
        return self.page.locator(f"#{self.id} {selector}")

    def pixels(self, number: int = 0, selector: str = ".dl-grid canvas") -> int:
        """What a canvas shows, as one number."""
        return self.find(selector).nth(number).evaluate(PIXELS)

    def until_pixels_differ(self, old: int, number: int = 0, selector: str = ".dl-grid canvas") -> None:
        canvas = self.find(selector).nth(number).element_handle()
        self.page.wait_for_function(f"([canvas, old]) => ({PIXELS})(canvas) !== old", arg=[canvas, old])

    def until(self, selector: str, text: str) -> None:
        """Wait until an element holds a text."""
        self.find(selector).filter(has_text=text).first.wait_for()

    def drawn(self, keys: list[str], selector: str = ".dl-grid canvas") -> list[float]:
        """Milliseconds from each key to pixels that can be read."""
        return self.page.evaluate(DRAWN, [f"#{self.id} {selector}", keys])

    def saved(self) -> str:
        """The notebook's file after saving it."""
        self.page.evaluate(SAVE, self.id)
        return self.path.read_text("utf-8")


@dataclass
class Lab:
    """JupyterLab in the browser."""

    watched: Watched
    folder: Path
    opened: int = 0
    kernel: str = ""

    @contextmanager
    def notebook(self, *cells: str):
        """A new notebook with these cells, run; all share one kernel, which has everything imported by then."""
        self.opened += 1
        path = self.folder / f"page{self.opened}.ipynb"
        path.write_text(json.dumps(written(*cells)))
        opened = Notebook(self, path, self.watched.page.evaluate(OPEN, [path.name, self.kernel]))
        self.kernel = self.watched.page.evaluate(KERNEL, opened.id)
        try:
            opened.run()
            yield opened
            self.watched.check()
        finally:
            self.watched.page.evaluate(LEAVE, opened.id)


def written(*cells: str) -> dict[str, Any]:
    """A notebook as its file holds it."""
    code = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for n, text in enumerate(cells)
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": code}


@contextmanager
def lab_in(browser, home: Path):
    """JupyterLab, open in one page of a browser; everything that it keeps lies in a fresh folder."""
    here = home / "work"
    here.mkdir()
    for name, said in SETTINGS.items():
        file = home / "config" / "lab" / "user-settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(said))
    disabled = home / "config" / "labconfig" / "page_config.json"
    disabled.parent.mkdir()
    disabled.write_text(json.dumps({"disabledExtensions": dict.fromkeys(NOT_TESTED, True)}))
    port, token = free_port(), secrets.token_hex(16)
    command = [
        *work.SERVED, "jupyterlab", "--MultiKernelManager.kernel_manager_class=dicomlab.notebooks.forked.Kernel",
        "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={here}", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    root = f"http://127.0.0.1:{port}"
    with serving(command, home, f"{root}/api?token={token}"):
        watched = Watched(browser.new_page(viewport={"width": 1400, "height": 1000}))
        watched.page.goto(f"{root}/lab/workspaces/{secrets.token_hex(3)}?token={token}&reset")
        watched.page.wait_for_function("() => window.jupyterapp !== undefined")
        yield Lab(watched, here)
        watched.page.close()


@contextmanager
def guarded_in(browser, home: Path, hidden: Path, source: Path, **variables: str):
    """JupyterLab as `dicomlab lab --source` starts it, with the packaged notebooks in a folder below `home`.

    What it keeps for itself is in `hidden`, and the state of all widgets goes into a notebook unless somebody minds.
    """
    folder = home / "work"
    work.copy_notebooks(files.packaged("notebooks"), folder)
    port, token = free_port(), secrets.token_hex(16)
    chosen = argparse.Namespace(folder=folder, port=port, no_browser=True)
    command = [*work._lab(chosen), f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True"]
    env = prepare(hidden, source) | {"MPLCONFIGDIR": str(hidden / "matplotlib")} | variables
    settings = hidden / "config" / "lab" / "user-settings" / f"{WIDGETS}.jupyterlab-settings"
    settings.write_text(json.dumps(SETTINGS[WIDGETS]))
    root = f"http://127.0.0.1:{port}"
    with serving(command, home, f"{root}/api", env):
        watched = Watched(browser.new_page(viewport={"width": 1400, "height": 1000}))
        watched.page.goto(f"{root}/lab?token={token}")
        watched.page.wait_for_function("() => window.jupyterapp !== undefined")
        yield Lab(watched, folder)
        watched.page.close()


@contextmanager
def voila_in(browser, home: Path, *cells: str):
    """A notebook with these cells as Voilà shows it, with our template."""
    here = home / "work"
    here.mkdir()
    (here / "page.ipynb").write_text(json.dumps(written(*cells)))
    port, token = free_port(), secrets.token_hex(16)
    command = [
        *work.SERVED, "voila", str(here / "page.ipynb"), "--no-browser", f"--port={port}",
        f"--token={token}", "--Voila.ip=127.0.0.1",
    ]  # fmt: skip
    root = f"http://127.0.0.1:{port}"
    with serving(command, home, f"{root}/voila/static/voila.js", prepare(home / "session", saves=False)):
        watched = Watched(browser.new_page(viewport={"width": 1400, "height": 1000}))
        watched.page.goto(f"{root}/?token={token}", wait_until="commit")
        watched.page.locator("#rendered_cells").wait_for()
        yield Notebook(Lab(watched, here), here / "page.ipynb", "rendered_cells")
        watched.check()
        watched.page.close()


@pytest.fixture(scope="module")
def lab(chromium, tmp_path_factory):
    """JupyterLab, open in one page of the browser."""
    with lab_in(chromium, tmp_path_factory.mktemp("lab")) as opened:
        yield opened
