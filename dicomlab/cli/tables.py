"""Tables of text that fit a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from unicodedata import combining, east_asian_width

GAP = "  "
NARROWEST = 6  # columns: a cell is not cut below this


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], width: int | None = None) -> str:
    """Return a table as lines of text, numbers to the right, no line longer than `width`.

    Parameters
    ----------
    headers
        One title per column.
    rows
        Cells are shown as ``str`` shows them, control characters replaced.
    width
        Columns of the terminal; the widest cells are cut (``…``) until a line fits. None cuts nothing,
        which is what a pipe wants.

    Examples
    --------
    >>> print(table(["what", "files"], [["written", 12], ["quarantined", 3]]))
    what         files
    -----------  -----
    written         12
    quarantined      3
    """
    kept = list(rows)
    cells = [[_plain(cell) for cell in row] for row in kept]
    numeric = [bool(kept) and all(isinstance(row[i], int | float) for row in kept) for i in range(len(headers))]
    widths = [max(map(_width, column)) for column in zip(headers, *cells, strict=True)]
    if width is not None:
        widths = _fit(widths, width - len(GAP) * (len(widths) - 1))
    lines = [headers, ["-" * w for w in widths], *cells]
    return "\n".join(
        GAP.join(_pad(_cut(cell, w), w, right) for cell, w, right in zip(line, widths, numeric, strict=True)).rstrip()
        for line in lines
    )


def _plain(cell: object) -> str:
    return "".join(c if c.isprintable() else "·" for c in str(cell))


def _width(text: str) -> int:
    """Return the columns that a text takes: two for wide characters, none for combining ones."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _fit(widths: list[int], room: int) -> list[int]:
    """Take columns from the widest until all fit, or until every one is at its narrowest."""
    fitted = list(widths)
    while sum(fitted) > room and max(fitted) > NARROWEST:
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    while _width(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _pad(text: str, width: int, right: bool) -> str:  # noqa: FBT001  (private, called once)
    padding = " " * (width - _width(text))
    return padding + text if right else text + padding
