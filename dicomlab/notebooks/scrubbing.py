"""What papermill and Jupyter store beside the results, taken out; and who could still be recognised.

Paths become ``<source>``, ``<release>`` and so on, other absolute paths ``<path>``; tracebacks become
the kind of the error; widget state, times, standard error and papermill's metadata go.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from dicomlab import errors, files, judge, recipe
from dicomlab.notebooks.parameters import assigned, located, packaged, read, source_of

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_PLACES = ("source", "release", "private", "key", "out", "report", "work")
_MARKUP = ("text/html", "text/markdown", "image/svg+xml")
_PICTURE = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]+")
# An absolute path of two parts or more, not the end of a tag, of a URL, or of a fraction.
_POSIX = r"(?<![\w.:/<~+=-])/(?:[^\s/\"'<>|:;,(){}\[\]\\]+/)+[^\s\"'<>|:;,(){}\[\]\\]*"
_WINDOWS = r"(?<!\w)[A-Za-z]:\\(?:[^\s\"'<>|:;,\\]+\\)*[^\s\"'<>|:;,\\]*"
_ANY_PATH = re.compile(f"{_POSIX}|{_WINDOWS}")
_URL = re.compile(r"https?://(?!www\.w3\.org/)[^\s\"'<>\\]+")
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_SHORT_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{6,24}={0,2}(?![A-Za-z0-9+/=])")
_PNG = b"\x89PNG\r\n\x1a\n"
_SAFE_ERRORS = frozenset(n for n, e in vars(errors).items() if isinstance(e, type) and issubclass(e, Exception))


def scrub(notebook: dict[str, Any], parameters: Mapping[str, Any]) -> None:
    """Take out of an executed notebook, in place, all that is no result.

    Parameters
    ----------
    notebook
        As JSON holds it.
    parameters
        Every parameter of the notebook with the value that it had.
    """
    metadata = notebook["metadata"]
    notebook["metadata"] = {name: metadata[name] for name in ("kernelspec", "language_info") if name in metadata}
    paths = _Paths(parameters)
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        cell["metadata"] = {"tags": tags} if tags else {}
        source = source_of(cell)
        if "injected-parameters" in tags:
            source = _told(parameters, source)
        cell["source"] = paths.named(source, markup=cell["cell_type"] == "markdown")
        if cell["cell_type"] == "code":
            outputs = (_plain(output, paths) for output in cell["outputs"])
            cell["outputs"] = [output for output in outputs if output is not None]


def identifying(notebook: Mapping[str, Any], identity: judge.Identity) -> list[tuple[int, str]]:
    """Return (cell, kind of identifier) for everything in a notebook that identifies a patient; 0 is its metadata.

    Text is searched as the judge reads text; pictures and other base64 are searched decoded. The prose and code of
    the packaged notebooks name nobody, whatever a patient is called.
    """
    found: set[tuple[int, str]] = set()
    for number, cell in enumerate([notebook["metadata"], *notebook["cells"]]):
        pictures: list[bytes] = []
        own = [line for line in source_of(cell).splitlines() if line not in _packaged()] if "source" in cell else []
        part = {**cell, "source": "\n".join(own)}
        text = json.dumps(_without_pictures(part, pictures), ensure_ascii=False)
        text = "\n".join((text, *_hidden(text)))
        found |= {(number, str(hit.kind)) for hit in judge.search(text.encode(), identity, kind="text")}
        for data in pictures:
            found |= {(number, str(hit.kind)) for hit in judge.search(data, identity)}
    return sorted(found)


@cache
def _packaged() -> frozenset[str]:
    """Return every line of the packaged notebooks: a cell in which one parameter was changed holds the others."""
    cells = (cell for name in packaged() for cell in read(located(name))["cells"])
    return frozenset(line for cell in cells for line in source_of(cell).splitlines())


@cache
def _styles() -> tuple[str, str]:
    """Return the style sheet of our reports, and as it stands in a frame: its words mean nobody either."""
    sheet = (files.packaged("templates") / "reports" / "style.css.j2").read_text("utf-8").strip()
    return sheet, escape(sheet)


def _hidden(text: str) -> Iterator[str]:
    """Yield what a text says with escapes of JSON in JSON resolved, and its short names in base64."""
    if _ESCAPE.search(text):
        yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    for found in _SHORT_BASE64.finditer(text):
        with suppress(ValueError):
            said = base64.b64decode(found[0], validate=True).decode("utf-8")
            if said.isprintable() and (said.isalpha() or not said.isascii()):  # chance is seldom so plain
                yield said


def stored_outputs(cell: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a code cell's outputs as they may be stored: without tracebacks, standard error, paths and widgets."""
    outputs = (_plain(output, _Paths({})) for output in cell["outputs"])
    return [output for output in outputs if output is not None]


def _told(parameters: Mapping[str, Any], source: str) -> str:
    """Return the injected cell with every text that may be a path replaced by the parameter's name."""
    lines = ["# Parameters"]
    for name, _ in assigned(source):
        value = parameters.get(name)
        harmless = isinstance(value, bool | int | float | None) or value in ("", *recipe.packaged())
        lines.append(f"{name} = {value!r}" if harmless else f'{name} = "<{name}>"')
    return "\n".join(lines)


def _plain(output: dict[str, Any], paths: _Paths) -> dict[str, Any] | None:
    """Return an output as it may be stored, None when nothing of it may."""
    if output["output_type"] == "error":
        safe = output["ename"] in _SAFE_ERRORS
        told = paths.shown(output["evalue"]) if safe else "the message is not stored: it may quote a value"
        return {**output, "evalue": told, "traceback": [f"{output['ename']}: {told}"]}
    if output["output_type"] == "stream":
        # Warnings quote values, and progress bars are of no use later.
        return None if output["name"] == "stderr" else {**output, "text": paths.shown("".join(output["text"]))}
    data = {kind: _cleaned(kind, value, paths) for kind, value in output["data"].items() if kind != _WIDGET_VIEW}
    if _WIDGET_VIEW in output["data"] and not data.keys() - {"text/plain"}:
        return None  # a widget such as a progress bar, which says nothing without its state
    return {**output, "data": data, "metadata": {}} if data else None


def _cleaned(kind: str, value: Any, paths: _Paths) -> Any:  # noqa: ANN401 - JSON of any shape
    if kind.startswith("image/") and kind not in _MARKUP:
        return value
    if isinstance(value, dict):
        return {key: _cleaned(kind, inner, paths) for key, inner in value.items()}
    if isinstance(value, list):
        whole = all(isinstance(line, str) for line in value) and kind.startswith("text/")
        return (
            paths.shown("".join(value), markup=kind in _MARKUP) if whole else [_cleaned(kind, v, paths) for v in value]
        )
    return paths.shown(value, markup=kind in _MARKUP) if isinstance(value, str) else value


class _Paths:
    """Puts names in the place of paths."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        """Take the paths of the parameters, of this folder and of the user's home."""
        known = {str(Path.cwd()): "<here>", str(Path.home()): "<home>"}
        for name in _PLACES:
            value = parameters.get(name)
            if isinstance(value, str) and value:
                forms = {value, str(Path(value)), os.path.abspath(value), str(Path(value).resolve())}  # noqa: PTH100
                known |= {form: f"<{name}>" for form in forms if os.sep in form and form != os.sep}
        pairs = {(p, name) for path, name in known.items() for p in (path, json.dumps(path)[1:-1], escape(path))}
        self._pairs = sorted(pairs, key=lambda pair: -len(pair[0]))

    def shown(self, text: str, *, markup: bool = False) -> str:
        """Return what an output says without paths, and without addresses of a hospital's systems."""
        return _URL.sub("&lt;address&gt;" if markup else "<address>", self.named(text, markup=markup))

    def named(self, text: str, *, markup: bool = False) -> str:
        """Return a text without paths; in markup the signs around a name are escaped, pictures stay as they are."""
        pieces, at = [], 0
        for picture in [*_PICTURE.finditer(text), None]:
            piece = text[at : picture.start() if picture else None]
            for path, name in self._pairs:
                piece = piece.replace(path, escape(name) if markup else name)
            pieces.append(_ANY_PATH.sub("&lt;path&gt;" if markup else "<path>", piece))
            if picture:
                pieces.append(picture[0])
                at = picture.end()
        return "".join(pieces)


def _without_pictures(node: Any, pictures: list[bytes]) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return JSON without its pictures, which are appended decoded: compressed pixels hold no text, the rest may."""
    if isinstance(node, str):
        for style in _styles() if "style" in node else ():
            node = node.replace(style, "")
        return _PICTURE.sub(lambda found: _taken(found[0].partition(",")[2], pictures), node)
    if isinstance(node, list):
        return [_without_pictures(part, pictures) for part in node]
    if isinstance(node, dict):
        return {
            key: _taken("".join(value), pictures)
            if key.startswith("image/") and key not in _MARKUP and isinstance(value, str | list)
            else _without_pictures(value, pictures)
            for key, value in node.items()
        }
    return 0 if node is None or isinstance(node, bool) else node  # true and null are words: names may hold them


def _taken(encoded: str, pictures: list[bytes]) -> str:
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (ValueError, binascii.Error):
        return encoded
    pictures.append(b"\n".join(_beside_pixels(data)) if data.startswith(_PNG) else data)
    return ""


def _beside_pixels(png: bytes) -> Iterator[bytes]:
    """Yield the chunks of a PNG that hold no pixels, and what stands behind its end."""
    at = len(_PNG)
    while at + 8 <= len(png):
        end = at + 12 + int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] != b"IDAT":
            yield png[at:end]
        at = end
