"""From boxes of text to regions that are blanked: margins, what may stay, and what people decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dicomlab.burned_in.boxes import Box, flat, grown, hull, shared
from dicomlab.records import Region

if TYPE_CHECKING:
    from dicomlab.burned_in.find import TextBox
    from dicomlab.recipe import BurnedIn, TextDecision

_ALONG, _ACROSS, _LEAST = 0.35, 0.12, 2  # margins as shares of a line's height, and in pixels
_INSIDE = 0.9  # share of a box that must lie in a rectangle which is kept


def regions_to_blank(
    boxes: Sequence[TextBox], settings: BurnedIn, decisions: Sequence[TextDecision]
) -> tuple[Region, ...]:
    """Return the regions to blank, with a margin; those that overlap on the same frames are merged where that fits.

    Parameters
    ----------
    boxes
        What was found.
    settings
        `keep` names the allow-lists whose text stays.
    decisions
        What people decided for this series or scanner. What matches the patient's identifiers is never kept.
    """
    going = [b for b in boxes if not _stays(b, settings, decisions)]
    by_frame: dict[int | None, list[Box]] = {}
    for b in going:
        box = Box(b.region.x0, b.region.y0, b.region.x1, b.region.y1)
        along, across = (max(_LEAST, round(share * box.short)) for share in (_ALONG, _ACROSS))
        wide = grown(box, along, across) if flat(box) else grown(box, across, along)
        by_frame.setdefault(b.region.frame, []).append(wide)
    for d in decisions:
        if d.action == "blank":
            by_frame.setdefault(d.frame, []).append(Box(*d.box))
    everywhere = _merged(by_frame.pop(None, []))
    told: list[tuple[int | None, Box]] = [(None, b) for b in everywhere]
    for number, several in sorted(by_frame.items(), key=lambda item: item[0] or 0):
        own = [b for b in several if not any(shared(b, o) == b.area for o in everywhere)]
        told += [(number, b) for b in _merged(own)]
    return tuple(Region(max(b.x0, 0), max(b.y0, 0), b.x1, b.y1, n) for n, b in told)


def _stays(found: TextBox, settings: BurnedIn, decisions: Sequence[TextDecision]) -> bool:
    if found.kind == "phi":
        return False
    if found.kind == "allowed" and found.allowed in settings.keep:
        return True
    r = found.region
    box = Box(r.x0, r.y0, r.x1, r.y1)
    return any(
        d.action == "keep" and d.frame in {None, r.frame} and shared(box, Box(*d.box)) >= _INSIDE * box.area
        for d in decisions
    )


def _merged(boxes: Sequence[Box]) -> list[Box]:
    """Return boxes of which two that overlap became their hull wherever that adds little area."""
    told: list[Box] = []
    for box in boxes:
        merged = box
        while near := [b for b in told if _fits(b, merged)]:
            for b in near:
                told.remove(b)
                merged = hull(b, merged)
        told.append(merged)
    return told


def _fits(a: Box, b: Box) -> bool:
    common = shared(a, b)
    return common > 0 and hull(a, b).area <= 1.1 * (a.area + b.area - common)
