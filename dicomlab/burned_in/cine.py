"""Text on several frames: what stands on all of them, what stands on some, what moves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from dicomlab.burned_in import views
from dicomlab.burned_in.boxes import Box, clipped, grown, hull, shared

if TYPE_CHECKING:
    from dicomlab.burned_in.views import Plane

_MARGIN = 48  # pixels around what changes, so that a line is seen whole
_SAME, _MOST = 0.7, 0.5  # share of both areas for one place; share of the frames for a place where text always stands


def over_time(
    shown: Callable[[int], Sequence[Plane]], count: int
) -> tuple[list[tuple[Plane, Plane, Plane]], Box | None]:
    """Return least, mean and greatest of each plane over all frames, in one pass; and where frames differ at all.

    `shown(n)`: the planes of frame `n` of `count`.

    Text that stands still is clearest where what is behind it moves: in the mean. The least and the greatest keep
    what stands on one frame only.
    """
    first = shown(0)
    low, high = [p.copy() for p in first], [p.copy() for p in first]
    total = [p.astype(np.float32) for p in first]
    for number in range(1, count):
        for k, plane in enumerate(shown(number)):
            np.minimum(low[k], plane, out=low[k])
            np.maximum(high[k], plane, out=high[k])
            total[k] += plane
    told = [(a, t / np.float32(count), b) for a, t, b in zip(low, total, high, strict=True)]
    return told, _extent(np.logical_or.reduce([_any(a != b) for a, b in zip(low, high, strict=True)]))


def stands(box: Box, low: Plane, mean: Plane, high: Plane) -> bool:
    """Return whether what the mean shows in a box stands on most frames: of few, the mean has but a shadow."""
    at = (slice(box.y0, box.y1), slice(box.x0, box.x1))
    least, middle, most = (float(np.std(views.grey(p[at]))) for p in (low, mean, high))
    return middle >= _MOST * max(least, most)


def unplaced(passing: Iterable[Box], found: Mapping[int, Sequence[Box]]) -> list[Box]:
    """Return boxes seen in extremes over time that no frame alone accounts for: they count for all frames."""
    each = [b for boxes in found.values() for b in boxes]
    return [p for p in passing if not any(shared(p, b) > _MOST * p.area for b in each)]


def _any(changed: Plane) -> Plane:
    return np.asarray(changed.any(axis=-1)) if changed.ndim == 3 else changed  # noqa: PLR2004 - with samples


def _extent(changed: Plane) -> Box | None:
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return None
    box = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return clipped(grown(box, _MARGIN, _MARGIN), changed.shape)


def frame_by_frame(
    shown: Callable[[int], Sequence[Plane]], count: int, extent: Box | None, find: Callable[[Plane], Iterable[Box]]
) -> dict[int, list[Box]]:
    """Return what `find` finds on each frame within `extent`, None: nowhere; frames that repeat are looked at once."""
    told: dict[int, list[Box]] = {}
    looked: dict[bytes, int] = {}
    if extent is None:
        return told
    for number in range(count):
        parts = [np.ascontiguousarray(p[extent.y0 : extent.y1, extent.x0 : extent.x1]) for p in shown(number)]
        digest = sha256(b"".join(p.tobytes() for p in parts)).digest()
        same = looked.setdefault(digest, number)
        told[number] = told[same] if same != number else [b for p in parts for b in find(p)]
    return told


def settled(found: Mapping[int, Sequence[Box]], count: int) -> tuple[list[Box], dict[int, list[Box]]]:
    """Return places where text stands on most of `count` frames, and what is left on each frame.

    A frame between two that show text at nearly one place shows it too, even where it was not seen.
    """
    steady: list[Box] = []
    for boxes in found.values():
        for box in boxes:
            if _within(box, steady):
                continue
            here = [o for others in found.values() for o in others if shared(box, o) > _SAME * max(box.area, o.area)]
            if len(here) >= max(_MOST * count, 2):
                steady.append(_around(here))
    left = {n: [b for b in boxes if not _within(b, steady)] for n, boxes in found.items()}
    bridged = {n: list(boxes) for n, boxes in left.items()}
    for n in left:
        for before in left.get(n - 1, ()):
            for after in (*left.get(n + 1, ()), *left.get(n + 2, ())):
                if _moved(before, after) and not _within(hull(before, after), bridged[n]):
                    bridged[n].append(hull(before, after))
    return steady, bridged


def _around(boxes: Sequence[Box]) -> Box:
    return Box(min(b.x0 for b in boxes), min(b.y0 for b in boxes), max(b.x1 for b in boxes), max(b.y1 for b in boxes),
               max(b.score for b in boxes))  # fmt: skip


def _within(box: Box, others: Iterable[Box]) -> bool:
    return any(shared(box, o) > 0.9 * box.area for o in others)


def _moved(a: Box, b: Box) -> bool:
    """Return whether `b` may be `a` some frames later: of like size, not further than thrice its height."""
    like = max(a.area, b.area) < 1.6 * min(a.area, b.area)
    return like and max(abs(a.x0 - b.x0), abs(a.y0 - b.y0)) <= 3 * a.short + 8
