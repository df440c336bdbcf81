"""Tables for people: distinct values and findings, searchable in JupyterLab, plain where nobody looks.

Values are masked; `reveal=True` shows them on a screen and raises in a batch (`records.Masked`).
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from html import escape
from importlib.resources import files as resource_files
from typing import TYPE_CHECKING, Any

from dicomlab import standard
from dicomlab.records import BATCH_VARIABLE, Masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ipywidgets import VBox

    from dicomlab.catalog import Catalog
    from dicomlab.header.inspect import AttributeSummary
    from dicomlab.records import Change, Comparison, Finding, Verdict
    from dicomlab.risk import Assessment, Suggestion

ALL = "all"
_MASK = str(Masked(""))
_SHOWN = 5  # distinct values of an attribute that a revealed table shows
# Strong to weak; the word stands beside the colour (Okabe and Ito's palette, safe for the colour-blind).
COLOURS = {
    "direct identifier": "#D55E00", "identifier": "#E69F00", "person or institution": "#CC79A7", "private": "#8A6D00",
    "free text": "#0072B2", "date or time": "#56B4E9", "UID": "#009E73", "device": "#7A8B00",
    "quasi-identifier": "#999999", "pixels": "#000000", "none": "#DDDDDD",
}  # fmt: skip
_FEW = 12  # rows that need no search
_WIDE = 5  # columns that fill the width
_SHORT = 8  # characters of a code, such as a VR
_TALL = 30  # rows after which a table scrolls by itself
# Colours follow JupyterLab's theme where there is one.
_STYLE = f"<style>{resource_files('dicomlab.reports').joinpath('table.css').read_text('utf-8')}</style>"


@dataclass(frozen=True)
class Table:
    """Rows with a risk each; shown in JupyterLab with a search box and a choice of risks, elsewhere as it is.

    `head` names the columns, `rows` holds (risk, cells); cells are plain text.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    caption: str = ""

    def filtered(self, search: str = "", risk: str = ALL) -> Table:
        """Return the rows that hold every word of `search`, whatever its case, and have the risk."""
        words = search.casefold().split()
        kept = tuple(
            (klass, cells)
            for klass, cells in self.rows
            if risk in (ALL, klass) and all(w in " ".join((klass, *cells)).casefold() for w in words)
        )
        return Table(self.head, kept, self.caption)

    @property
    def risks(self) -> tuple[str, ...]:
        """Return the risks that occur, strong to weak."""
        return tuple(r for r in COLOURS if any(klass == r for klass, _ in self.rows))

    def html(self) -> str:
        """Return the table as HTML that needs no script and nothing from outside."""
        kinds = [_kind([cells[n] for _, cells in self.rows]) for n in range(len(self.head))]
        head = "".join(f"<th scope='col'{k}>{escape(name)}</th>" for name, k in zip(self.head, kinds, strict=True))
        body = "".join(self._row(klass, cells, kinds) for klass, cells in self.rows)
        told = f"{escape(self.caption)} {len(self.rows):,} {'row' if len(self.rows) == 1 else 'rows'}."
        size = " dl-tall' tabindex='0" if len(self.rows) > _TALL else " dl-few" if len(self.head) < _WIDE else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"{_STYLE}<p class='dl-table'>{told}</p><div class='dl-table{size}'>{table}</div>"

    def _row(self, klass: str, cells: tuple[str, ...], kinds: Sequence[str]) -> str:
        chip = f"<span class='dl-risk'><i style='background:{COLOURS.get(klass, '#fff')}'></i>{escape(klass)}</span>"
        shown = "".join(
            f"<td>{chip}</td>" if name == "risk" else f"<td{kind}>{escape(cell)}</td>"
            for name, cell, kind in zip(self.head, cells, kinds, strict=True)
        )
        return f"<tr>{shown}</tr>"

    def __repr__(self) -> str:
        """Count the rows."""
        return f"Table({len(self.rows)} rows: {', '.join(self.head)})"

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """Return the table, and where somebody may look at it the widgets that search it."""
        bundle: dict[str, Any] = {"text/plain": repr(self), "text/html": self.html()}
        if len(self.rows) > _FEW and not os.environ.get(BATCH_VARIABLE):
            bundle |= self.widget()._repr_mimebundle_()
        return bundle

    def widget(self) -> VBox:
        """Return a box with a search field, a choice of risks, and the table that follows them."""
        import ipywidgets as w  # noqa: PLC0415 - a front end's, not a batch's

        search = w.Text(placeholder="search, for instance: name", description="Search", continuous_update=True)
        risk = w.Dropdown(options=[ALL, *self.risks], description="Risk")
        shown = w.HTML(self.html())

        def update(_: object) -> None:
            shown.value = self.filtered(search.value, risk.value).html()

        search.observe(update, "value")
        risk.observe(update, "value")
        chosen = [search, risk] if "risk" in self.head and len(self.risks) > 1 else [search]
        return w.VBox([w.HBox(chosen), shown])


def _kind(cells: Sequence[str]) -> str:
    """Return how a column is set: numbers to the right, masked values and codes unbroken."""
    if cells and all(cell.replace(",", "").replace(".", "").isdigit() for cell in cells):
        return " class='n'"
    unbroken = any(cell.startswith(_MASK) for cell in cells) or all(len(cell) <= _SHORT for cell in cells)
    return " class='m'" if unbroken else ""


def attributes(rows: Iterable[AttributeSummary], *, reveal: bool = False) -> Table:
    """Return the distinct values of a collection as a table, the riskiest attributes first.

    Parameters
    ----------
    rows
        What `dicomlab.inspect` returned.
    reveal
        Show the most frequent values, on a screen only.

    Raises
    ------
    DicomlabError
        `reveal` in a batch.
    """
    order = list(COLOURS)
    ranked = sorted(rows, key=lambda r: order.index(r.risk) if r.risk in order else len(order))
    head = ("attribute", "VR", "risk", "Basic Profile", "instances", "distinct", "values", "why")
    table = [
        (r.risk, (r.path, r.vr, r.risk, r.code, str(r.instances), str(r.distinct), _values(r, reveal=reveal), r.why))
        for r in ranked
    ]
    return Table(head, tuple(table), "Every attribute that occurs, with its distinct values.")


def series(catalog: Catalog) -> Table:
    """Return what a source holds, one row a series, under labels that name nobody."""
    head = ("series", "modality", "SOP Class", "body part", "instances", "frames", "MB")
    rows = [
        (
            "none",
            (s.label, s.modality, s.sop_class, s.body_part, str(len(s)), str(s.frames), f"{s.size_bytes / 1e6:.1f}"),
        )
        for s in sorted(catalog.series, key=lambda s: [int(word) for word in s.label.split() if word.isdigit()])
    ]
    told = (
        f"Files: {len(catalog.entries):,}; patients: {len(catalog.patients):,}; studies: {len(catalog.studies):,}; "
        f"instances: {len(catalog.instances):,}. One row a series:"
    )
    return Table(head, tuple(rows), told)


def left_out(catalog: Catalog) -> Table:
    """Return why files of a source are no instances."""
    reasons = sorted(catalog.reasons().items(), key=lambda kv: (-kv[1], kv[0]))
    rows = [("none", (str(reason), str(count), reason.explanation)) for reason, count in reasons]
    return Table(("reason", "files", "what it means"), tuple(rows), "Files that are no usable instance.")


def risks(found: Sequence[Finding]) -> Table:
    """Return findings counted by carrier and risk: how many attributes, in how many instances."""
    kinds: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for f in found:
        kinds[str(f.carrier), f.risk].append(f)
    order = list(COLOURS)
    ranked = sorted(
        kinds.items(), key=lambda kv: (kv[0][0], order.index(kv[0][1]) if kv[0][1] in order else len(order))
    )
    rows = [
        (risk, (risk, carrier, str(len({_without_items(f.path) for f in some})), f"{len({f.ordinal for f in some}):,}"))
        for (carrier, risk), some in ranked
    ]
    return Table(("risk", "carrier", "attributes", "instances"), tuple(rows), "What identifies a patient, or may.")


def findings(found: Sequence[Finding]) -> Table:
    """Return findings as a table, alike ones counted: where, why, and what the recipe would do."""
    counts = Counter((f.risk, str(f.carrier), _without_items(f.path), f.code, f.why) for f in found)
    order = list(COLOURS)
    ranked = sorted(counts.items(), key=lambda kv: (order.index(kv[0][0]) if kv[0][0] in order else len(order), -kv[1]))
    rows = [(risk, (where, carrier, risk, code, str(n), why)) for (risk, carrier, where, code, why), n in ranked]
    return Table(("where", "carrier", "risk", "action", "times", "why"), tuple(rows), "What identifies, or may.")


def changes(planned: Sequence[Change]) -> Table:
    """Return planned changes as a table: where, what is done, and who says so."""
    rows = []
    for change in planned:
        klass = str(standard.risk(change.tag, change.vr).klass)
        rows.append((klass, (change.path, change.vr, klass, str(change.action), change.code, change.by)))
    head = ("attribute", "VR", "risk", "action", "code", "by")
    return Table(head, tuple(rows), "Every change, before it is made.")


def checks(verdict: Verdict) -> Table:
    """Return what the judge asked of a release, and the answers; failures first."""
    rows = [
        (
            "none",
            ("✓ passed" if c.passed else "✕ FAILED", c.name, "; ".join(filter(None, (c.detail, *c.where[:_SHOWN])))),
        )
        for c in sorted(verdict.checks, key=lambda c: c.passed)
    ]
    return Table(("answer", "question", "what was found"), tuple(rows), f"{verdict}.")


def compared(rows: Sequence[Comparison], first: str, second: str) -> Table:
    """Return what two recipes do differently to a collection; `first` and `second` are their names."""
    table = []
    for row in rows:
        klass = str(standard.risk(row.tag, row.vr).klass)
        table.append((klass, (row.path, row.vr, klass, _told(row.first), _told(row.second))))
    return Table(("attribute", "VR", "risk", first, second), tuple(table), "What the recipes do differently here.")


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{action} ({count})" for action, count in counts.items()) or "not there"


def singled_out(assessment: Assessment, suggestion: Suggestion | None = None) -> Table:
    """Return what may single a patient out, and how it would be told so that nobody is."""
    told = (
        f"{assessment.patients} patients in {sum(assessment.classes.values())} groups that look alike: the smallest "
        f"has k = {assessment.k}; unique patients: {assessment.unique}."
    )
    if suggestion is not None:
        told += f" Told as in the last column, every group has at least {suggestion.assessment.k} patients."
    rows = [
        ("quasi-identifier", (name, str(k), suggestion.levels[name] if suggestion else "too few patients to tell"))
        for name, k in assessment.without.items()
    ]
    return Table(("known of a patient", "k if left out", "how to tell it"), tuple(rows), told)


def _values(row: AttributeSummary, *, reveal: bool) -> str:
    said = [
        f"{value.reveal() if reveal else value} ({count:,})"
        for value, count in zip(row.values, row.counts, strict=True)
    ]
    shown = said[: _SHOWN if reveal else 1]
    return " | ".join(shown) + (" | …" if row.distinct > len(shown) else "")


def _without_items(path: str) -> str:
    pieces = path.split("[")
    return pieces[0] + "".join("[]" + p.partition("]")[2] for p in pieces[1:])
