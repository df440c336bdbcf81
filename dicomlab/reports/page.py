"""Compose the report: facts and pictures through the templates into one file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dicomlab import files
from dicomlab.errors import ReleaseError
from dicomlab.reports.facts import Facts, SingledOut, summary

if TYPE_CHECKING:
    from dicomlab.recipe import Recipe
    from dicomlab.records import RunOutcome, Verdict
    from dicomlab.reports.pictures import Picture


def write(
    result: RunOutcome | Verdict,
    path: Path | str,
    *,
    recipe: Recipe | None = None,
    pictures: Iterable[Picture] = (),
    manifest_sha256: str = "",
    singled_out: SingledOut | None = None,
    written: datetime | None = None,
) -> Path:
    """Write the report of a run, or of a verdict alone, and return its path.

    Parameters
    ----------
    result
        What `dicomlab.run` or `dicomlab.verify` returned.
    path
        Ends with ``.html`` (a page for people, one file without script or outside address) or ``.json`` (the same
        facts for programs). A file that is there is replaced.
    recipe
        Lists the options and exceptions of the recipe in the report.
    pictures
        What `dicomlab.reports.pictures` returned; only the page holds them.
    manifest_sha256
        Digest of the release's ``manifest.jsonl``.
    singled_out
        How well patients of the release hide among each other.
    written
        Time of the report; the present when not given.

    Returns
    -------
    Path
        The file that was written. It holds no value of an attribute and no path of the source.

    Raises
    ------
    ReleaseError
        If the name ends otherwise.
    """
    target = Path(path)
    facts = summary(result, recipe=recipe, manifest_sha256=manifest_sha256, singled_out=singled_out, written=written)
    if target.suffix == ".html":
        text = page(facts, pictures)
    elif target.suffix == ".json":
        text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    else:
        raise ReleaseError("a report is written as .html or .json; give its name one of these endings")
    files.write_atomic(target, [text.encode("utf-8")])
    return target


def page(facts: Facts, pictures: Iterable[Picture] = ()) -> str:
    """Return the HTML page that tells `facts` (as `summary` returns them), with pictures."""
    folder = files.packaged("templates") / "reports"
    # Everything is escaped but the templates themselves; a name that is missing is an error, not a gap.
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html.j2").render(facts=facts, pictures=list(pictures)) + "\n"


@dataclass(frozen=True)
class Preview:
    """A report as a notebook shows it: in a frame of its own, so that its style is not the notebook's."""

    html: str

    def __repr__(self) -> str:
        """Say what it is, for a front end without frames."""
        return f"the report, {len(self.html) // 1000} kB of HTML; open report.html in a browser"

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox title="De-identification report" '
            'style="width:100%;height:48rem;border:1px solid #d8dde3"></iframe>'
        )


def preview(path: Path | str) -> Preview:
    """Return a report that was written as HTML, to be shown in a notebook.

    Raises
    ------
    ReleaseError
        It is not there.
    """
    try:
        return Preview(Path(path).read_text("utf-8"))
    except OSError as error:
        message = "there is no report at that path; run or verify the release first, both write one"
        raise ReleaseError(message) from error
