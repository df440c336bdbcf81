"""Where text is to be expected, told from attributes: it only makes the search keener, it never clears anything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from dicomlab.burned_in.boxes import Box


@cache
def _signatures() -> tuple[tuple[Mapping[str, re.Pattern[str]], tuple[tuple[float, ...], ...]], ...]:
    content = json.loads((files("dicomlab.burned_in") / "signatures.json").read_text("utf-8"))
    return tuple(
        ({k: re.compile(v) for k, v in s["when"].items()}, tuple(map(tuple, s["bands"]))) for s in content["signatures"]
    )


def expecting(attributes: Mapping[str, object], shape: tuple[int, int]) -> Callable[[Box], bool]:
    """Return what tells of a box whether text is known to stand there.

    Parameters
    ----------
    attributes
        Root attributes by keyword; values may be strings, several values, or a sequence of Datasets.
    shape
        Rows and columns.

    References
    ----------
    PS3.3 C.8.5.5 (Sequence of Ultrasound Regions): what lies outside them is written by the console.
    """
    rows, columns = shape
    bands = [
        Box(int(x0 * columns), int(y0 * rows), round(x1 * columns), round(y1 * rows))
        for when, places in _signatures()
        if all(e.search(_text(attributes.get(k))) for k, e in when.items())
        for x0, y0, x1, y1 in places
    ]
    scans = list(_scans(attributes.get("SequenceOfUltrasoundRegions")))

    def expected(box: Box) -> bool:
        x, y = (box.x0 + box.x1) // 2, (box.y0 + box.y1) // 2
        return _any(x, y, bands) or (bool(scans) and not _any(x, y, scans))

    return expected


def _any(x: int, y: int, boxes: Iterable[Box]) -> bool:
    return any(b.x0 <= x < b.x1 and b.y0 <= y < b.y1 for b in boxes)


def _text(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\\".join(map(str, value))
    return "" if value is None else str(value)


def _scans(regions: object) -> Iterable[Box]:
    """Yield the regions that make sense: a broken one would call the picture console text."""
    for item in regions if isinstance(regions, Iterable) else ():
        try:
            x0, y0, x1, y1 = (int(getattr(item, f"RegionLocation{k}")) for k in ("MinX0", "MinY0", "MaxX1", "MaxY1"))
        except (AttributeError, TypeError, ValueError):
            continue
        yield Box(x0, y0, x1 + 1, y1 + 1)
