"""Which notebook is meant, which parameters it has, and whether what is given fits them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from dicomlab import files
from dicomlab.errors import NotebookError

_KEY_CHARACTERS = 64
_FORMAT = 4


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
    raise NotebookError(f"there is no notebook of that name; the packaged ones are {', '.join(packaged())}")


def read(path: Path) -> dict[str, Any]:
    """Return a notebook of nbformat 4 as JSON holds it.

    Raises
    ------
    NotebookError
        It is none, or cannot be read.
    """
    try:
        notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise NotebookError("the notebook cannot be read; open it in JupyterLab and save it again") from error
    if notebook.get("nbformat") != _FORMAT or "cells" not in notebook:
        raise NotebookError("the notebook is not of nbformat 4; open it in JupyterLab and save it again")
    return notebook


def source_of(cell: Mapping[str, Any]) -> str:
    """Return a cell's source, which JSON may hold in lines; "" for what has none."""
    return "".join(cell.get("source", ""))


def parameters_of(notebook: str | Path) -> dict[str, Any]:
    """Return the parameters of a notebook with their defaults: what its cell tagged ``parameters`` assigns.

    Raises
    ------
    NotebookError
        It has no such cell, or assigns something that is no plain value.
    """
    for cell in read(located(notebook))["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            try:
                return {name: ast.literal_eval(value) for name, value in assigned(source_of(cell))}
            except (SyntaxError, ValueError) as error:
                message = (
                    "the parameters cell assigns something that is no plain value; write text, numbers, True or False"
                )
                raise NotebookError(message) from error
    raise NotebookError('the notebook has no cell tagged "parameters"; add one that assigns the defaults')


def assigned(source: str) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a cell assigns, with or without annotation, and what it assigns to them."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign):
            yield from ((t.id, statement.value) for t in statement.targets if isinstance(t, ast.Name))
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            yield statement.target.id, statement.value


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
            raise NotebookError(f'the notebook has no parameter of that name ("{name}"); it has {", ".join(known)}')
        out[name] = _typed(name, value, known[name])
    key = out.get("key")
    if isinstance(key, str) and len(key.strip()) == _KEY_CHARACTERS and not Path(key).exists():
        message = "parameter key holds a key; pass the path of the key file, parameters are stored in notebooks"
        raise NotebookError(message)
    return out


def from_file(path: str | Path) -> dict[str, Any]:
    """Return the parameters that a YAML file holds, as papermill's ``-f`` reads it; `checked` tells if they fit.

    A name without folder and ending is one of the packaged files in ``templates/runs``.

    Raises
    ------
    NotebookError
        There is no such file, or it holds no names with values.
    """
    file = Path(path)
    if not file.is_file() and file.name == str(path):
        file = files.packaged("templates") / "runs" / f"{file.name.removesuffix('.yaml')}.yaml"
    try:
        told = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        message = "there is no file of parameters of that name, neither packaged nor in a folder; mend the name"
        raise NotebookError(message) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise NotebookError(f"the file of parameters is no YAML{where}; write one `name: value` a line") from None
    if not isinstance(told, dict) or not all(isinstance(name, str) for name in told):
        raise NotebookError("the file of parameters holds no names with values; write one `name: value` a line")
    return told


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
