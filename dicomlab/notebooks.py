"""The edge to papermill: a notebook executed unattended, and never stored with an identifier.

papermill keeps parameters, paths and tracebacks in what it writes. So a notebook runs in a folder
that only its owner can read; parameters, paths, metadata and tracebacks are scrubbed, the result is
searched for what identifies any patient of the source, and only then does it get its name.
"""

from __future__ import annotations

import ast
import json
import logging
import os
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from traitlets.config import Config

from dicomlab import files, judge, recipe, runs
from dicomlab.errors import DicomlabError, NotebookError
from dicomlab.records import BATCH_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KERNEL = "python3"  # jupyter_client runs it with the interpreter that runs us
# The kernel keeps no history, says nothing on the terminal, and opens no port where sockets have files.
_QUIET = ["--Application.log_level=50", "--HistoryManager.enabled=False"]
_CONFIG = Config({"KernelManager": {"transport": "ipc" if os.name == "posix" else "tcp"}})
_KEY_CHARACTERS = 64
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_PLACES = ("source", "release", "private", "key", "out", "report", "work")


def packaged() -> tuple[str, ...]:
    """Return the names of the packaged notebooks, in order."""
    return tuple(sorted(path.stem for path in files.packaged("notebooks").glob("*.ipynb")))


def located(name: str | Path) -> Path:
    """Return the notebook of a packaged name, or at a path.

    Raises
    ------
    NotebookError
        There is none.
    """
    path = Path(name)
    if path.suffix == ".ipynb" and path.is_file():
        return path
    for candidate in (path.name, f"{path.name}.ipynb"):
        if (files.packaged("notebooks") / candidate).is_file():
            return files.packaged("notebooks") / candidate
    message = f"there is no notebook of that name; the packaged ones are {', '.join(packaged())}"
    raise NotebookError(message)


def parameters_of(notebook: str | Path) -> dict[str, Any]:
    """Return the parameters of a notebook with their defaults: what its cell tagged ``parameters`` assigns.

    Raises
    ------
    NotebookError
        It has no such cell, or assigns something that is no plain value.
    """
    for cell in _read(located(notebook))["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            try:
                return {
                    target.id: ast.literal_eval(statement.value)
                    for statement in ast.parse(_source(cell)).body
                    if isinstance(statement, ast.Assign)
                    for target in statement.targets
                    if isinstance(target, ast.Name)
                }
            except (SyntaxError, ValueError) as error:
                message = (
                    "the parameters cell assigns something that is no plain value; write text, numbers, True or False"
                )
                raise NotebookError(message) from error
    message = 'the notebook has no cell tagged "parameters"; add one that assigns the defaults'
    raise NotebookError(message)


def _read(path: Path) -> dict[str, Any]:
    """Return a notebook of nbformat 4 as JSON holds it."""
    try:
        notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        message = "the notebook cannot be read; open it in JupyterLab and save it again"
        raise NotebookError(message) from error
    if notebook.get("nbformat") != 4 or "cells" not in notebook:  # noqa: PLR2004 - of the last ten years
        message = "the notebook is not of nbformat 4; open it in JupyterLab and save it again"
        raise NotebookError(message)
    return notebook


def _source(cell: Mapping[str, Any]) -> str:
    """Return a cell's source, which JSON may hold in lines."""
    return "".join(cell["source"])


def checked(notebook: str | Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters in the types of their defaults; text, as typed in a shell, is read as YAML where needed.

    Raises
    ------
    NotebookError
        An unknown name, a value of another type, or a key where the path of its file should be.
    """
    known = parameters_of(notebook)
    out = {}
    for name, value in given.items():
        if name not in known:
            message = f'the notebook has no parameter of that name ("{name}"); it has {", ".join(known)}'
            raise NotebookError(message)
        out[name] = _typed(name, value, known[name])
    key = out.get("key")
    if isinstance(key, str) and len(key.strip()) == _KEY_CHARACTERS and not Path(key).exists():
        message = "parameter key holds a key; pass the path of the key file, parameters are stored in notebooks"
        raise NotebookError(message)
    return out


def _typed(name: str, value: Any, default: Any) -> Any:  # noqa: ANN401 - a parameter is any plain value
    if default is None or type(value) is type(default):
        return str(value) if isinstance(value, Path) else value
    if isinstance(default, str) and isinstance(value, Path):
        return str(value)
    if isinstance(value, str):
        try:
            value = yaml.safe_load(value)
        except yaml.YAMLError:
            value = None
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is type(default):
        return value
    message = (
        f"parameter {name} is not of the type of its default ({type(default).__name__}); give a value of that type"
    )
    raise NotebookError(message)


def execute(
    notebook: str | Path, out: str | Path, parameters: Mapping[str, Any] | None = None, *, progress: bool = False
) -> Path:
    """Execute a notebook from top to bottom with no front end and return the path of the executed copy.

    The copy holds no parameter that is a path, no traceback, and nothing that identifies a patient of `source`.
    Values are masked throughout: ``reveal=True`` is refused in a batch.

    Parameters
    ----------
    notebook
        Packaged name, such as ``05_deidentify``, or a path.
    out
        Ends with ``.ipynb``; replaced when it is there.
    parameters
        Values of the notebook's own parameters.

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
    source = effective.get("source") or files.packaged("data_samples")
    identity = runs.identities(source) if "source" in effective else None
    target.parent.mkdir(parents=True, exist_ok=True)
    failed = target.with_name(target.stem + ".failed.ipynb")
    failed.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="dicomlab-") as folder:
        executed, error = _run(path, Path(folder), chosen, progress=progress)
        scrub(executed, effective, Path(folder))
        _refuse_identifiers(executed, identity)
        text = json.dumps(executed, indent=1, ensure_ascii=False) + "\n"
        files.write_atomic(failed if error else target, [text.encode("utf-8")])
    if error:
        message = f"{error}; {failed.name} shows the cell, without values"
        raise NotebookError(message)
    return target


def _run(path: Path, folder: Path, parameters: Mapping[str, Any], *, progress: bool) -> tuple[dict[str, Any], str]:
    """Return the executed notebook, and what failed ("" when nothing did)."""
    from papermill import execute_notebook  # noqa: PLC0415 - heavy, and only batches need it
    from papermill.exceptions import PapermillExecutionError  # noqa: PLC0415

    raw = folder / "raw.ipynb"
    with _batch(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            execute_notebook(
                path, raw, dict(parameters), kernel_name=_KERNEL, progress_bar=progress, log_output=False,
                request_save_on_cell_execute=False, extra_arguments=_QUIET, config=_CONFIG,
            )  # fmt: skip
        except PapermillExecutionError as error:
            what = f"cell {error.cell_index + 1} of the notebook failed with {error.ename}"
            return _read(raw), what
    return _read(raw), ""


@contextmanager
def _batch(folder: Path) -> Iterator[None]:
    """Let the kernel know that it runs unattended, and keep its history and logs out of the user's home."""
    changed = {
        BATCH_VARIABLE: "1",
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    before = {name: os.environ.get(name) for name in changed}
    logger = logging.getLogger("papermill")
    level = logger.level
    os.environ.update(changed)
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def scrub(notebook: dict[str, Any], parameters: Mapping[str, Any], folder: Path) -> None:
    """Take out of an executed notebook, in place, what papermill and Jupyter store beside the results.

    Paths become ``<source>``, ``<release>`` and so on; tracebacks become the kind of the error; widget state,
    times and papermill's metadata go.
    """
    metadata = notebook["metadata"]
    notebook["metadata"] = {name: metadata[name] for name in ("kernelspec", "language_info") if name in metadata}
    known = {name: value for name, value in parameters.items() if isinstance(value, str)}
    replaced = _replacements(known, folder)
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        cell["metadata"] = {"tags": tags} if tags else {}
        if "injected-parameters" in tags:
            cell["source"] = _told(parameters, _source(cell))
        if cell["cell_type"] == "code":
            cell["outputs"] = [_plain(output) for output in cell["outputs"] if not _is_mere_widget(output)]
        for name in ("source", "outputs"):
            if name in cell:
                cell[name] = _without_paths(cell[name], replaced)


def _told(parameters: Mapping[str, Any], source: str) -> str:
    """Return the injected cell with every text that may be a path replaced by the parameter's name."""
    assigned = [n.id for statement in ast.parse(source).body if isinstance(statement, ast.Assign)
                for n in statement.targets if isinstance(n, ast.Name)]  # fmt: skip
    lines = ["# Parameters"]
    for name in assigned:
        value = parameters.get(name)
        harmless = not isinstance(value, str) or value in {"", *recipe.packaged()}
        lines.append(f"{name} = {value!r}" if harmless else f'{name} = "<{name}>"')
    return "\n".join(lines)


def _is_mere_widget(output: dict[str, Any]) -> bool:
    """Return whether an output shows nothing but a widget, such as a progress bar: without state it says nothing."""
    return _WIDGET_VIEW in output.get("data", {}) and not output["data"].keys() - {_WIDGET_VIEW, "text/plain"}


def _plain(output: dict[str, Any]) -> dict[str, Any]:
    """Return an output without traceback and without a view of a widget that has no state any more."""
    if output["output_type"] == "error":
        safe = output["ename"] in {cls.__name__ for cls in _family(DicomlabError)}
        told = output["evalue"] if safe else "the message is not stored: it may quote a value"
        return {**output, "evalue": told, "traceback": [f"{output['ename']}: {told}"]}
    if "data" in output:
        data = {kind: value for kind, value in output["data"].items() if kind != _WIDGET_VIEW}
        return {**output, "data": data, "metadata": {}}
    return output


def _family(cls: type) -> Iterator[type]:
    """Yield a class and everything derived from it."""
    yield cls
    children: list[type] = cls.__subclasses__()
    for child in children:
        yield from _family(child)


def _replacements(known: Mapping[str, str], folder: Path) -> list[tuple[str, str]]:
    """Return (path, what stands for it), the longest first."""
    found: dict[str, str] = {str(folder): "<temporary>", str(Path.cwd()): "<here>", str(Path.home()): "~"}
    for name, value in known.items():
        if name in _PLACES and value and not (len(value) < 3 or value in (".", "..")):  # noqa: PLR2004
            for form in {value, str(Path(value)), str(Path(value).absolute()), str(Path(value).resolve())}:
                found[form] = f"<{name}>"
    return sorted(found.items(), key=lambda pair: -len(pair[0]))


def _without_paths(node: Any, replaced: list[tuple[str, str]]) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(node, str):
        for path, name in replaced:
            if len(path) > 1 and os.sep in path:
                node = node.replace(path, name).replace(json.dumps(path)[1:-1], name)
        return node
    if isinstance(node, list):
        return [_without_paths(part, replaced) for part in node]
    if isinstance(node, dict):
        for key in list(node):
            node[key] = _without_paths(node[key], replaced) if not str(key).startswith("image/") else node[key]
    return node


def _refuse_identifiers(notebook: dict[str, Any], identity: judge.Identity | None) -> None:
    """Raise when anything that would be stored identifies a patient."""
    if identity is None or not judge.search(json.dumps(notebook, ensure_ascii=False).encode(), identity, kind="text"):
        return
    cells, kinds = [], set()
    for number, cell in enumerate(notebook["cells"], 1):
        hits = judge.search(json.dumps(cell, ensure_ascii=False).encode(), identity, kind="text")
        if hits:
            cells.append(str(number))
            kinds |= {str(hit.kind) for hit in hits}
    where = f"cell {', '.join(cells)}" if cells else "its metadata"
    message = (
        f"the executed notebook would identify a patient ({', '.join(sorted(kinds)) or 'unknown kind'}, in {where}) "
        f"and was not stored; mask what that cell shows"
    )
    raise NotebookError(message)
