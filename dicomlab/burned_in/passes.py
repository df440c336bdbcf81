"""Looking at one plane: which pictures of it the network gets, and which of its boxes are believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dicomlab.burned_in import networks, views
from dicomlab.burned_in.boxes import Box, Sensitivity, clipped, flat, from_map, grown, joined, largest_side, shared

if TYPE_CHECKING:
    from dicomlab.burned_in.networks import Picture
    from dicomlab.burned_in.views import Plane


@dataclass(frozen=True, slots=True)
class Pass:
    """One look: which picture, at which scale, on its side or not. `most`: pixels of the enlarged picture at most."""

    picture: Callable[[Plane], Picture]
    factor: float = 1.0
    turned: bool = False
    most: float = float("inf")


_MEGA = 1e6
_LEAST_SIDE = 8  # pixels: no letter is smaller
_SMALL = _MEGA / 2  # pixels: all passes take no longer than the first do on a usual picture
_CANDIDATE = Sensitivity(0.2, 0.3)
# Always; then the others, where the first saw anything at all or the picture is small.
FIRST = (Pass(views.packed), Pass(views.relief), Pass(views.packed, 0.5))
MORE = (Pass(views.whole, 1.5, most=4 * _MEGA), Pass(views.packed, turned=True, most=4 * _MEGA),
        Pass(views.whole, 2, most=1.2 * _MEGA))  # fmt: skip
# What proves that nothing is left must not be blind to the same things: other scales, polarity and windows.
PROOF = (Pass(views.negative, 1.2), Pass(views.wide_relief, 0.85))


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be text: its box, how many passes saw it, and what reading it gave."""

    box: Box
    seen: int
    text: str = ""
    confidence: float = 0.0


def look(plane: Plane, passes: Iterable[Pass]) -> list[list[Box]]:
    """Return the boxes that each pass sees, in pixels of the plane."""
    shape = plane.shape[:2]
    pictures: dict[Callable[[Plane], Picture], Picture] = {}
    told = []
    for one in passes:
        size = shape[0] * shape[1] * one.factor**2
        if min(shape) * one.factor < _LEAST_SIDE or (one.factor > 1 and size > one.most):
            continue
        if one.picture not in pictures:
            pictures[one.picture] = one.picture(plane)
        picture = views.scaled(pictures[one.picture], one.factor)
        found = networks.text_map(np.ascontiguousarray(np.rot90(picture)) if one.turned else picture)
        if one.turned:
            found = np.ascontiguousarray(np.rot90(found, -1))
        told.append([clipped(b, shape) for b in from_map(found, one.factor, _CANDIDATE, largest_side(shape))])
    return told


def candidates(
    plane: Plane, passes: Sequence[Pass] = FIRST, more: Sequence[Pass] = MORE, *, known: Sequence[Box] = ()
) -> list[Candidate]:
    """Return what may be text on a plane, read: (rows, columns) or (rows, columns, 3).

    `more` passes follow where the first give hope, or the plane is small. What lies within `known` is left out.
    """
    seen = [_besides(known, found) for found in look(plane, passes)]
    told = _told(plane, seen, ())
    if more and (any(map(_hopeful, told)) or plane.shape[0] * plane.shape[1] <= _SMALL):
        seen += [_besides(known, found) for found in look(plane, more)]
        told = _told(plane, seen, told)
    return told


def _told(plane: Plane, seen: Sequence[Sequence[Box]], before: Sequence[Candidate]) -> list[Candidate]:
    known = {c.box: (c.text, c.confidence) for c in before}
    told = []
    for box in joined(b for found in seen for b in found):
        times = sum(any(shared(b, box) > 0.3 * box.area for b in found) for found in seen)
        thorough = times > 1 or box.score >= _VISIBLE
        told.append(Candidate(box, times, *(known.get(box) or reading(plane, box, thorough=thorough))))
    return told


def _hopeful(found: Candidate) -> bool:
    if found.seen > 1 and found.box.score >= _PLAIN_TO_SEE:
        return True
    seen = found.seen > 1 or max(found.box.score, found.confidence) >= _SEEN_ONCE
    return seen and len(_letters(found.text)) > 1 and found.confidence >= _HARDLY


def _besides(known: Sequence[Box], found: Iterable[Box]) -> list[Box]:
    return [b for b in found if sum(shared(b, k) for k in known) < 0.7 * b.area]


def reading(plane: Plane, box: Box, *, thorough: bool = True) -> tuple[str, float]:
    """Return what stands in a box, and how surely; lines on their side are turned both ways.

    The better of two pictures, if thorough or if the first shows any letter.
    """
    wide = clipped(grown(box, 24, 24), plane.shape)
    around = plane[wide.y0 : wide.y1, wide.x0 : wide.x1]
    margin = max(2, box.short // 6)
    inside = clipped(grown(box, margin, margin), plane.shape)
    part = plane[inside.y0 : inside.y1, inside.x0 : inside.x1]
    if part.size == 0 or part.min() == part.max():
        return "", 0.0
    best = ("", 0.0)
    for how in (_stretched, views.wide_relief):
        picture = how(part) if how is _stretched else how(around)[inside.y0 - wide.y0 :, inside.x0 - wide.x0 :]
        picture = picture[: part.shape[0], : part.shape[1]]
        turns = (0,) if flat(box) or part.shape[0] < 1.5 * part.shape[1] else (1, 3)
        told = networks.read([np.ascontiguousarray(np.rot90(picture, k)) for k in turns])
        best = max([best, *told], key=_worth)
        if (best[1] > _SURE and len(best[0]) > 1) or not (thorough or _letters(best[0])):
            break
    return best


def _stretched(part: Plane) -> Picture:
    low, high = np.percentile(part, [1, 99.8])
    return views.thrice(views.window(part, low, high))


def _worth(told: tuple[str, float]) -> float:
    return told[1] * min(len(_letters(told[0])) + 0.1, 4)


# What ticks, rulers, grids, traces and crosses are read as.
_TICKS = frozenset("1lIi|T!-_—–一=+·.:,;/\\'\"`^~<>()[]{}«»√¬」「レ丨丶°•*○〇二三十丁卜ト上下口日目田皿川山ⅡⅢwmnuvWMN")
_PLAIN_TO_SEE, _SEEN_ONCE, _WIDEST = 0.9, 0.5, 1.8
_WORD, _LARGE = 2, 40  # characters; pixels
_ONE_OF = 0.45  # share of one character in a line from which on it is no word
_SURE, _HALF, _EXPECTED, _HARDLY, _VISIBLE = 0.85, 0.55, 0.4, 0.25, 0.8


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum() and c not in _TICKS)


def texts(found: Sequence[Candidate], plane: Plane, expected: Callable[[Box], bool]) -> list[Candidate]:
    """Return the candidates that are text: believed, or on one line with such, close by and as high."""
    told = [c for c in found if believed(c, plane, expected=expected(c.box))]
    beside = [c for c in found if c not in told and any(_continues(c.box, t.box) for t in told)]
    return told + beside


def _continues(a: Box, b: Box) -> bool:
    if not flat(b):
        a, b = (Box(c.y0, c.x0, c.y1, c.x1) for c in (a, b))
    level = min(a.y1, b.y1) - max(a.y0, b.y0) > 0.6 * max(a.y1 - a.y0, b.y1 - b.y0)
    return level and max(a.x0 - b.x1, b.x0 - a.x1) < 1.5 * (b.y1 - b.y0)


def believed(found: Candidate, plane: Plane, *, expected: bool = False) -> bool:
    """Return whether a candidate is text: read as such, or seen so often and clearly that reading it may have failed.

    Words made of characters that ticks and traces are taken for must have been read surely. A single Latin character
    is a mark of side or a scrap of a drawing, unless it belongs to a line (`texts`). `expected`: text is known to
    stand there.
    """
    letters, plain = _letters(found.text), [c for c in found.text if c.isalnum()]
    clear, sure = found.box.score >= _VISIBLE, found.confidence >= _SURE
    lettered = _lettered(plane, found.box)
    shaped = not _one_stroke(plane, found.box)
    joined_up = found.seen > 4 and shaped and _sparse("?", found.box)  # noqa: PLR2004 - longer than a letter
    if found.box.score >= _PLAIN_TO_SEE and ((found.seen > 3 and lettered) or joined_up):  # noqa: PLR2004
        return True  # a script that is not read
    if len(plain) < _WORD:
        return False
    unread = found.box.short > _LARGE and not lettered and found.box.score < _PLAIN_TO_SEE  # so large, it can be read
    if not sure and (unread or _row_of_ticks(plain) or _sparse(plain, found.box) or _glimpse(found)):
        return False
    if any(ord(c) > 0x2E7F for c in letters) and sure:  # noqa: PLR2004 - East Asian: two such signs are a name
        return len(letters) >= _WORD
    if len(set(letters)) >= _WORD < len(plain) and found.confidence >= (_EXPECTED if expected else _HALF):
        return True
    hardly = bool(letters) and found.confidence >= _HARDLY and clear and (shaped or found.seen > 4)  # noqa: PLR2004
    surely = sure and (bool(letters) or (found.seen > 2 and len(set(plain)) > 1))  # noqa: PLR2004
    return found.seen > 1 and (hardly or surely)


def _glimpse(found: Candidate) -> bool:
    return found.seen == 1 and found.box.score < _SEEN_ONCE


def _row_of_ticks(plain: Sequence[str]) -> bool:
    return len(plain) > 4 and max(map(plain.count, plain)) > _ONE_OF * len(plain)  # noqa: PLR2004


def _sparse(plain: Sequence[str], box: Box) -> bool:
    """Return whether so few characters cannot fill the box: each would be far wider than high."""
    return max(box.x1 - box.x0, box.y1 - box.y0) > _WIDEST * box.short * len(plain)


def _one_stroke(plane: Plane, box: Box) -> bool:
    """Return whether one connected shape spans most of a box: a trace, a bar, a rule, no letters."""
    longest = max((max(width, height) for width, height in _shapes(plane, box)), default=0)
    return longest > 0.6 * max(box.x1 - box.x0, box.y1 - box.y0)


def _lettered(plane: Plane, box: Box) -> bool:
    """Return whether a box holds several shapes of unlike widths and about one height, as letters of any script do."""
    short = box.short
    shapes = [(w, h) if flat(box) else (h, w) for w, h in _shapes(plane, box)]
    tall = [(w, h) for w, h in shapes if h > 0.25 * short]
    if not 3 <= len(tall) <= 80 or len(tall) < 0.5 * len(shapes):  # noqa: PLR2004
        return False
    widths, heights = (np.array(side, float) for side in zip(*tall, strict=True))
    alike = heights.std() < 0.45 * heights.mean() and widths.std() > 0.04 * widths.mean()
    longest = 0.6 * max(box.x1 - box.x0, box.y1 - box.y0)
    return bool(alike and widths.mean() > 0.3 * heights.mean() and widths.max() < longest)


def _shapes(plane: Plane, box: Box) -> list[tuple[int, int]]:
    """Return width and height of each connected shape in a box, bright or dark, whichever is less."""
    import cv2  # noqa: PLC0415 - loaded when pixels are looked at, not with the package

    level = views.grey(plane[box.y0 : box.y1, box.x0 : box.x1])
    part = views.window(level, float(level.min()), float(level.max()))
    _, ink = cv2.threshold(part, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    if ink.mean() > 0.5:  # noqa: PLR2004 - dark on bright
        ink = 1 - ink
    _, _, spots, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    return [(int(s[2]), int(s[3])) for s in spots[1:]]
