"""Plots for notebooks: risk by modality, private creators, dates over time, how files ended. Nobody is named.

Each returns a matplotlib Figure that no window shows by itself; the colours are safe for the colour-blind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dicomlab.records import Masked, State
from dicomlab.reports.tables import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from dicomlab.catalog import Catalog
    from dicomlab.header.inspect import AttributeSummary
    from dicomlab.records import RunOutcome

_INK, _BLUE = "#1a2733", "#0072B2"
_DATE_DIGITS = 8
_PATIENTS = 40  # drawn at most


class Plot(Figure):
    """A figure that notebooks show whatever backend is chosen, also with no front end."""

    def _repr_png_(self) -> bytes:
        drawn = BytesIO()
        self.savefig(drawn, format="png", dpi=110, metadata={"Software": None})
        return drawn.getvalue()


def risk_by_modality(rows: Mapping[str, Sequence[AttributeSummary]]) -> Plot:
    """Return, for each modality, how many attributes of each risk occur in it (stacked bars)."""
    counts = {m: Counter(r.risk for r in some if r.risk != "none" and r.instances) for m, some in sorted(rows.items())}
    figure, axes = _drawn(height=1.2 + 0.45 * max(len(counts), 1))
    left = dict.fromkeys(counts, 0)
    for risk, colour in COLOURS.items():
        widths = [counts[m][risk] for m in counts]
        if any(widths):
            axes.barh(list(counts), widths, left=list(left.values()), color=colour, label=risk, height=0.6)
            left = {m: left[m] + counts[m][risk] for m in counts}
    for place, total in enumerate(left.values()):
        axes.annotate(str(total), (total, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("attributes that identify, or may" if any(left.values()) else "no attribute identifies")
    if any(left.values()):
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.02, 1))
    return figure


def private_creators(rows: Iterable[AttributeSummary]) -> Plot:
    """Return how many private attributes each creator brings; creators that no dictionary knows are not named."""
    private = (r for r in rows if r.risk == "private" and not _reserves(r.tag))
    counts = Counter(r.creator or "not in a dictionary" for r in private)
    names = [name for name, _ in counts.most_common(15)]
    figure, axes = _drawn(height=1.0 + 0.35 * max(len(names), 1))
    drawn = axes.barh(names, [counts[n] for n in names], color=_BLUE, height=0.6)
    axes.bar_label(drawn, padding=3, fontsize=8, color=_INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.invert_yaxis()
    axes.set_xlabel("distinct private attributes" if names else "no private attribute occurs")
    return figure


def dates_over_time(catalog: Catalog, *, reveal: bool = False) -> Plot:
    """Return when each patient's studies were, in weeks since the patient's first; with `reveal`, in dates.

    Raises
    ------
    DicomlabError
        `reveal` in a batch.
    """
    patients = catalog.patients[:_PATIENTS]
    figure, axes = _drawn(height=1.2 + 0.4 * max(len(patients), 1))
    for group in patients:
        days: defaultdict[date, int] = defaultdict(int)
        for entry in group:
            day = _day(entry.attributes.get("StudyDate", ""))
            if day is not None:
                days[day] += 1
        if not days:
            continue
        first = min(days)
        if reveal:
            Masked(first).reveal()
            places: list[object] = list(days)
        else:
            places = [(day - first).days / 7 for day in days]
        sizes = [30 + 4 * min(count, 60) for count in days.values()]
        axes.scatter(places, [group.label] * len(days), s=sizes, color=_BLUE, zorder=3)  # type: ignore[arg-type]
    axes.margins(y=0.5)
    axes.invert_yaxis()
    rest = (
        f" (the first {_PATIENTS} of {len(catalog.patients):,} patients)" if len(catalog.patients) > _PATIENTS else ""
    )
    axes.set_xlabel(("study date" if reveal else "weeks since the patient's first study") + rest)
    axes.grid(axis="x", color="#e5e8eb")
    return figure


def ends(outcome: RunOutcome) -> Plot:
    """Return how the files of a run ended, by state and reason."""
    counts = Counter((o.state, "" if o.reason is None else str(o.reason)) for o in outcome.outcomes)
    order = {State.WRITTEN: "#009E73", State.QUARANTINED: "#E69F00", State.IGNORED: "#999999"}
    bars = sorted(counts.items(), key=lambda kv: (list(order).index(kv[0][0]), -kv[1]))
    figure, axes = _drawn(height=0.9 + 0.35 * max(len(bars), 1))
    labels = [f"{state}{': ' + reason if reason else ''}" for (state, reason), _ in bars]
    drawn = axes.barh(labels, [n for _, n in bars], color=[order[state] for (state, _), _ in bars], height=0.6)
    axes.bar_label(drawn, padding=3, fontsize=8, color=_INK)
    axes.invert_yaxis()
    axes.set_xlabel("files")
    return figure


def _drawn(height: float) -> tuple[Plot, Axes]:
    figure = Plot(figsize=(8, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, colors=_INK)
    return figure, axes


def _reserves(tag: str) -> bool:
    """Return whether a private tag such as ``(0019,0010)`` names a creator rather than holds data (PS3.5 7.8.1)."""
    return int(tag[6:10], 16) <= 0xFF  # noqa: PLR2004 - the last element that reserves a block


def _day(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if len(text) == _DATE_DIGITS else None
    except ValueError:
        return None
