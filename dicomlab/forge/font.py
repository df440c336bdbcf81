"""A bitmap font of 5 × 7 dots and what draws text with it: letters without their marks, digits, a few signs."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIDTH, _HEIGHT = 5, 7


@cache
def _glyphs() -> dict[str, NDArray[np.bool_]]:
    """Return the dots of each character: in the table 7 rows of two hexadecimal digits each."""
    found = {}
    for line in (files("dicomlab.forge") / "tables" / "font.txt").read_text("utf-8").splitlines():
        character, _, rows = line.partition("\t")
        numbers = [int(row, 16) for row in rows.split()]
        found[character] = np.array([[bool(n >> (_WIDTH - 1 - i) & 1) for i in range(_WIDTH)] for n in numbers])
    return found


def line(text: str, *, scale: int = 1) -> NDArray[np.bool_]:
    """Return a line of text as dots, shape (7 * scale, 6 * scale * letters); unknown characters are blank."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).upper()
    letters = [c for c in plain if not unicodedata.combining(c)]
    dots = np.zeros((_HEIGHT, (_WIDTH + 1) * max(len(letters), 1)), dtype=bool)
    for index, character in enumerate(letters):
        glyph = _glyphs().get(character)
        if glyph is not None:
            dots[:, index * (_WIDTH + 1) : index * (_WIDTH + 1) + _WIDTH] = glyph
    return np.asarray(np.kron(dots, np.ones((scale, scale), dtype=bool)))


def stamp(
    pixels: NDArray[np.generic], text: str, corner: tuple[int, int], *, value: int | tuple[int, ...], scale: int = 1
) -> tuple[int, int, int, int]:
    """Draw a line of text into pixels (rows, columns[, samples]), in place; return its x, y, width, height.

    `corner` is the row and column of its upper left dot; what would lie outside is cut off.
    """
    row, column = corner
    dots = line(text, scale=scale)[: pixels.shape[0] - row, : pixels.shape[1] - column]
    region = pixels[row : row + dots.shape[0], column : column + dots.shape[1]]
    region[dots] = value
    return column, row, dots.shape[1], dots.shape[0]
