"""Rectangles from maps of likely text, and what is done with rectangles: x0, y0, x1, y1, upper bounds open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNCLIP = 1.6  # the network marks the core of a line; lines reach so much further, as it was trained
_STRICTER = 0.6  # what is too high for a line is looked at again with this threshold
_SURE = 0.8
_COVERED, _OVERLAP, _LIKE = 0.85, 0.5, 1.7  # shares of an area, ratio of two heights
_LEAST_OF_MANY = 6  # pixels of the map: a smaller spot within it is no line


class Box(NamedTuple):
    """A rectangle, edges in pixels, and how sure a network is of it."""

    x0: int
    y0: int
    x1: int
    y1: int
    score: float = 1.0

    @property
    def short(self) -> int:
        """The shorter side."""
        return min(self.x1 - self.x0, self.y1 - self.y0)

    @property
    def area(self) -> int:
        """Its area in pixels; 0 when empty."""
        return max(self.x1 - self.x0, 0) * max(self.y1 - self.y0, 0)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """From what on a spot of a map is text: `pixel` each, `mean` over the spot, `least` pixels on its short side."""

    pixel: float = 0.3
    mean: float = 0.5
    least: int = 3


def largest_side(shape: Sequence[int]) -> float:
    """Return the short side in pixels above which a box is no text: max(64, 5 % of the picture's longer side)."""
    return max(64.0, 0.05 * max(shape[:2]))


def from_map(found: NDArray[np.float32], factor: float, at: Sensitivity, most: float) -> list[Box]:
    """Return the boxes of a map made at `factor` times the plane's scale; `most`: the longest short side of text."""
    import cv2  # noqa: PLC0415 - loaded when pixels are looked at, not with the package

    told = []
    count, labels, spots, _ = cv2.connectedComponentsWithStats((found > at.pixel).view(np.uint8), connectivity=8)
    for label in range(1, count):
        x, y, width, height, _ = (int(v) for v in spots[label])
        if min(width, height) < at.least:
            continue
        part = found[y : y + height, x : x + width]
        score = float(part[labels[y : y + height, x : x + width] == label].mean())
        away = width * height * _UNCLIP / (2 * (width + height))
        box = _outward(x - away, y - away, x + width + away, y + height + away, factor=factor, score=score)
        if box.short <= most:
            told += [box] * (score >= at.mean)
        elif at.pixel < _STRICTER:  # several lines that touch
            inner = np.where(labels[y : y + height, x : x + width] == label, part, 0)
            within = Sensitivity(_STRICTER, _SURE, _LEAST_OF_MANY)
            several = from_map(inner, 1, within, most * factor)
            told += [_outward(b.x0 + x, b.y0 + y, b.x1 + x, b.y1 + y, factor=factor, score=b.score) for b in several]
    return told


def _outward(x0: float, y0: float, x1: float, y1: float, *, factor: float, score: float) -> Box:
    return Box(floor(x0 / factor), floor(y0 / factor), ceil(x1 / factor), ceil(y1 / factor), score)


def clipped(box: Box, shape: Sequence[int]) -> Box:
    """Return the part of a box within (rows, columns)."""
    return Box(max(box.x0, 0), max(box.y0, 0), min(box.x1, shape[1]), min(box.y1, shape[0]), box.score)


def grown(box: Box, x: int, y: int) -> Box:
    """Return the box with `x` more pixels on the left and right, `y` above and below."""
    return Box(box.x0 - x, box.y0 - y, box.x1 + x, box.y1 + y, box.score)


def shared(a: Box, b: Box) -> int:
    """Return how many pixels two boxes share."""
    return Box(max(a.x0, b.x0), max(a.y0, b.y0), min(a.x1, b.x1), min(a.y1, b.y1)).area


def hull(a: Box, b: Box) -> Box:
    """Return the smallest box around both, as sure as the surer."""
    return Box(min(a.x0, b.x0), min(a.y0, b.y0), max(a.x1, b.x1), max(a.y1, b.y1), max(a.score, b.score))


def joined(boxes: Iterable[Box]) -> list[Box]:
    """Return boxes of which none lies within others: those that overlap and are of like height become their hull.

    Lines come first: a box over several of them, as a coarse look gives, adds nothing.
    """
    told: list[Box] = []
    for box in sorted(boxes, key=lambda b: b.short):
        if box.area == 0 or sum(shared(box, other) for other in told) > _COVERED * box.area:
            continue
        merged = box
        for other in [b for b in told if shared(b, box) > _OVERLAP * min(b.area, box.area)]:
            if box.short < _LIKE * other.short and flat(box) == flat(other):
                told.remove(other)
                merged = hull(other, merged)
        told.append(merged)
    return told


def flat(box: Box) -> bool:
    """Return whether a box is wider than high."""
    return box.x1 - box.x0 >= box.y1 - box.y0
