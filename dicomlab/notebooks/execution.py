"""A notebook executed from top to bottom with no front end; its copy gets a name when it identifies nobody."""

from __future__ import annotations

import json
import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dicomlab import files, judge, runs
from dicomlab.errors import NotebookError
from dicomlab.notebooks.kernel import kernel as batch_kernel
from dicomlab.notebooks.parameters import checked, located, parameters_of, read
from dicomlab.notebooks.scrubbing import identifying, scrub

_SCHEME = "dicomlab-memory:"
_PARTIAL = "dicomlab executes this notebook; when no process does any more, delete this file\n"


def execute(
    notebook: str | Path,
    out: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    progress: bool = False,
    kernel: str | None = None,
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

    Raises
    ------
    NotebookError
        A wrong parameter, or the copy would identify somebody (nothing is written); a cell that failed (then
        ``OUT.failed.ipynb`` shows which, without values).
    """
    path, target = located(notebook), Path(out)
    if target.suffix != ".ipynb":
        message = "the executed notebook's name must end with .ipynb; mend it"
        raise NotebookError(message)
    chosen = checked(path, parameters or {})
    effective = {**parameters_of(path), **chosen}
    if effective.get("reveal") is True:
        message = "values are not revealed in a batch run; leave reveal out, or open the notebook in JupyterLab"
        raise NotebookError(message)
    identity = _identity(effective, target)
    failed = target.with_name(f"{target.stem}.failed.ipynb")
    partial = target.with_name(f"{target.name}.partial")
    files.write_atomic(partial, [_PARTIAL.encode()])
    try:
        failed.unlink(missing_ok=True)
        executed, error = _run(path, chosen, progress=progress, kernel=kernel)
        scrub(executed, effective)
        if identity is not None:
            _refuse(identifying(executed, identity))
        text = json.dumps(executed, indent=1, ensure_ascii=False) + "\n"
        files.write_atomic(failed if error else target, [text.encode("utf-8")])
    finally:
        partial.unlink(missing_ok=True)
    if error:
        message = f"{error}; {failed.name} shows the cell, without values"
        raise NotebookError(message)
    return target


def _identity(parameters: Mapping[str, Any], target: Path) -> judge.Identity | None:
    """Return what identifies any patient of the notebook's source, None when it has none."""
    if "source" not in parameters:
        return None
    source = Path(parameters["source"] or files.packaged("data_samples"))
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


def _run(
    path: Path, parameters: Mapping[str, Any], *, progress: bool, kernel: str | None
) -> tuple[dict[str, Any], str]:
    """Return the executed notebook as JSON, and what failed ("" when nothing did). No file holds it on the way."""
    from nbclient.exceptions import DeadKernelError  # noqa: PLC0415 - heavy, and only batches need it
    from papermill import execute_notebook  # noqa: PLC0415
    from papermill.exceptions import PapermillExecutionError  # noqa: PLC0415

    read(path)  # what is no notebook is told in our words
    what = ""
    with tempfile.TemporaryDirectory(prefix="dicomlab-") as folder, _memory() as (name, written), _quiet():
        try:
            execute_notebook(
                str(path).replace("{", "{{").replace("}", "}}"),  # papermill formats paths
                name,
                dict(parameters),
                kernel_name="python3",
                language="python",
                progress_bar=progress,
                request_save_on_cell_execute=False,
                kernel_manager_class=batch_kernel(Path(folder), kernel),
            )
        except PapermillExecutionError as error:
            what = f"cell {error.cell_index + 1} of the notebook failed with {error.ename}"
        except (DeadKernelError, RuntimeError) as error:
            message = "the kernel died or did not start; the memory may be full, or ipykernel not installed here"
            raise NotebookError(message) from error
    executed: dict[str, Any] = json.loads(written[-1])
    return executed, what


@contextmanager
def _memory() -> Iterator[tuple[str, list[str]]]:
    """Yield a name that papermill can write to, and what it wrote there: a raw copy on the disk would hold paths."""
    from papermill.iorw import papermill_io  # noqa: PLC0415 - heavy, and only batches need it

    written: list[str] = []

    class Memory:
        """papermill's handler of a scheme."""

        def write(self, text: str, path: str) -> None:
            del path
            written.append(text)

        def pretty_path(self, path: str) -> str:
            return path

    name = f"{_SCHEME}{id(written)}.ipynb"
    papermill_io.register(name, Memory())
    try:
        yield name, written
    finally:
        papermill_io._handlers = [pair for pair in papermill_io._handlers if pair[0] != name]  # noqa: SLF001 - see above


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep papermill from logging paths and values, and its dependencies from warning of each other."""
    logger = logging.getLogger("papermill")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)
