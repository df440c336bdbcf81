"""A notebook executed from top to bottom with no front end; its copy gets a name when it identifies nobody."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

from dicomlab import files, judge, runs
from dicomlab.errors import NotebookError
from dicomlab.notebooks import pages
from dicomlab.notebooks.parameters import checked, located, parameters_of, read
from dicomlab.notebooks.scrubbing import identifying, scrub

_SCHEME = "dicomlab-memory:"
_NUMBERS = count()
_PARTIAL = "dicomlab executes this notebook; when no process does any more, delete this file\n"


def execute(
    notebook: str | Path,
    out: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    progress: bool = False,
    kernel: str | None = None,
    html: bool = False,
    stock: bool = False,
    limit: float | None = None,
) -> Path:
    """Execute a notebook through papermill and return the path of the executed copy.

    The copy holds no parameter that is a path, no traceback, and nothing that identifies a patient of `source`:
    it is scrubbed and searched before it is written. Until then ``OUT.ipynb.partial``, which says nothing, holds its
    place. Values are masked throughout: ``reveal=True`` is refused in a batch.

    Parameters
    ----------
    notebook
        Packaged name, such as ``05_deidentify``, or a path.
    out
        Ends with ``.ipynb``; replaced when it is there.
    parameters
        Values of the notebook's own parameters.
    progress
        Show a bar on standard error.
    kernel
        Name of an installed kernelspec; by default this interpreter.
    html
        Write it as a page too, ``OUT.html``: for people without Jupyter, needing nothing from outside.
    stock
        Start the kernel as papermill's own engine does, instead of forking it from a process with its imports.
    limit
        Seconds that it may take; one that takes longer, or whose kernel dies, has failed.

    Raises
    ------
    NotebookError
        A wrong parameter, or the copy would identify somebody (nothing is written); a cell that failed (then
        ``OUT.failed.ipynb`` shows which, without values).
    """
    path, target = located(notebook), Path(out)
    if target.suffix != ".ipynb":
        raise NotebookError("the executed notebook's name must end with .ipynb; mend it")
    chosen = checked(path, parameters or {})
    effective = {**parameters_of(path), **chosen}
    if effective.get("reveal") is True:
        message = "values are not revealed in a batch run; leave reveal out, or open the notebook in JupyterLab"
        raise NotebookError(message)
    if not stock and kernel is None:
        _ahead()
    identity = _identity(effective, target)
    failed = target.with_name(f"{target.stem}.failed.ipynb")
    partial = target.with_name(f"{target.name}.partial")
    files.write_atomic(partial, [_PARTIAL.encode()])
    try:
        for old in (failed, failed.with_suffix(".html"), target.with_suffix(".html")):
            old.unlink(missing_ok=True)
        executed, error = _run(path, chosen, progress=progress, installed=kernel, stock=stock, limit=limit)
        scrub(executed, effective)
        if identity is not None:
            _refuse(identifying(executed, identity))
        stored = failed if error else target
        if html:
            files.write_atomic(stored.with_suffix(".html"), [pages.page(executed, path.stem).encode("utf-8")])
        text = json.dumps(executed, indent=1, ensure_ascii=False) + "\n"
        files.write_atomic(stored, [text.encode("utf-8")])
    finally:
        partial.unlink(missing_ok=True)
    if error:
        raise NotebookError(f"{error}; {failed.name} shows the cell, without values")
    return target


def _ahead() -> None:
    """Let the server of kernels import while we gather what identifies the patients."""
    from dicomlab.notebooks import engine  # noqa: PLC0415 - heavy, and only batches need it

    engine.server()


def _identity(parameters: Mapping[str, Any], target: Path) -> judge.Identity | None:
    """Return what identifies any patient of the notebook's source, None when it has none."""
    if "source" not in parameters:
        return None
    source = files.folder_of(parameters["source"])
    if source.is_dir() and target.resolve().is_relative_to(source.resolve()):
        message = "the executed notebook would be written into the source, which is only read; name another folder"
        raise NotebookError(message)
    return runs.identities(source)


def _refuse(hits: list[tuple[int, str]]) -> None:
    """Raise when anything that would be stored identifies a patient; the kind is told, never the value."""
    if hits:
        cells = sorted({number for number, _ in hits})
        where = ", ".join(f"cell {number}" if number else "its metadata" for number in cells)
        message = (
            f"the executed notebook would identify a patient ({', '.join(sorted({k for _, k in hits}))}, in {where}) "
            f"and was not stored; mask what that cell shows"
        )
        raise NotebookError(message)


def _run(path: Path, parameters: Mapping[str, Any], *, progress: bool, **settings: Any) -> tuple[dict[str, Any], str]:  # noqa: ANN401 - the engine's own
    """Return the executed notebook as JSON, and what failed ("" when nothing did). No file holds it on the way."""
    from papermill import execute_notebook  # noqa: PLC0415 - heavy, and only batches need it
    from papermill.exceptions import PapermillExecutionError  # noqa: PLC0415

    from dicomlab.notebooks import engine  # noqa: PLC0415

    read(path)  # what is no notebook is told in our words
    what = ""
    with _memory().place() as (name, written), _quiet:
        try:
            execute_notebook(
                str(path).replace("{", "{{").replace("}", "}}"),  # papermill formats paths
                name,
                dict(parameters),
                engine_name=engine.NAME,
                kernel_name="python3",
                language="python",
                progress_bar=progress,
                request_save_on_cell_execute=False,
                **settings,
            )
        except PapermillExecutionError as error:
            ours = f": {error.evalue}" if error.ename == NotebookError.__name__ else ""
            what = f"cell {error.cell_index + 1} of the notebook failed with {error.ename}{ours}"
        text = written()
    executed: dict[str, Any] = json.loads(text)
    return executed, what


class _Memory:
    """papermill's handler of a scheme: a raw copy on the disk would hold paths."""

    def __init__(self) -> None:
        self._written: dict[str, str] = {}

    @contextmanager
    def place(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield a name that papermill can write to, and what tells what it wrote there."""
        name = f"{_SCHEME}{next(_NUMBERS)}.ipynb"
        try:
            yield name, lambda: self._written[name]
        finally:
            self._written.pop(name, None)

    def write(self, text: str, path: str) -> None:
        """Keep it."""
        self._written[path] = text

    def pretty_path(self, path: str) -> str:
        """Return the name as it is."""
        return path


@cache
def _memory() -> _Memory:
    """Return the handler, known to papermill from now on."""
    from papermill.iorw import papermill_io  # noqa: PLC0415 - heavy, and only batches need it

    handler = _Memory()
    papermill_io.register(_SCHEME, handler)
    return handler


class _Quiet:
    """Keeps papermill from logging paths and values, and its dependencies from warning of each other.

    Both are switched for the whole process: by the first of several notebooks at the same time, until the last.
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._before = Lock(), 0, ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                logger = logging.getLogger("papermill")
                self._before.callback(logger.setLevel, logger.level)
                logger.setLevel(logging.CRITICAL + 1)
                self._before.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._before.close()


_quiet = _Quiet()
