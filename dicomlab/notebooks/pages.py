"""Executed notebooks for people without Jupyter: one as a page, several as an index. Both need nothing from outside."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dicomlab import __version__, files
from dicomlab.notebooks.parameters import source_of

_HEADING = re.compile(r"#+\s")


def page(notebook: Mapping[str, Any], title: str) -> str:
    """Return an executed notebook, as JSON holds it, as one HTML page.

    The page forbids its reader's browser to run a script or to fetch anything, whatever an output holds.
    """
    from nbconvert.exporters import HTMLExporter  # noqa: PLC0415 - heavy, and few ask for pages

    templates = files.packaged("templates")
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="dicomlab",
        extra_template_basedirs=[str(templates / "jupyter" / "nbconvert" / "templates")],
        extra_template_paths=[str(templates / "reports")],
    )
    told, _ = exporter.from_file(StringIO(json.dumps(notebook)), {"metadata": {"name": title}})
    return str(told)


def index(title: str, rows: Sequence[Mapping[str, Any]], sums: Mapping[str, int]) -> str:
    """Return the page that lists executed notebooks: `rows` hold subject, state, verdict, seconds and link."""
    told = {"title": title, "rows": rows, "sums": sums, "version": __version__}
    return _templates().get_template("notebooks.html.j2").render(**told) + "\n"


def verdict(notebook: Mapping[str, Any]) -> str:
    """Return what an executed notebook says below its heading "Verdict", in plain words; "" when it has none."""
    said: list[str] = []
    below = False
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and _HEADING.match(source_of(cell)):
            below = "verdict" in source_of(cell).partition("\n")[0].lower()
        elif cell["cell_type"] == "code" and below:
            said += [_words(output) for output in cell["outputs"]]
    return " ".join(" ".join(said).split())


def _words(output: Mapping[str, Any]) -> str:
    told = output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue", "")
    return "".join(told)


@cache
def _templates() -> Environment:
    folder = files.packaged("templates") / "reports"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)


def read_index(path: Path) -> dict[str, dict[str, Any]]:
    """Return what an earlier batch noted of its subjects, empty when there was none."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {row["subject"]: row for row in told} if isinstance(told, list) else {}
