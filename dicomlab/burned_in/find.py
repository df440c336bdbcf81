"""Finding the text of an instance, and proving that none is left: several looks at each frame, and at all together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dicomlab.burned_in import cine, views
from dicomlab.burned_in.boxes import Box, clipped
from dicomlab.burned_in.classify import Kind, classified
from dicomlab.burned_in.passes import FIRST, MORE, PROOF, Candidate, Pass, candidates, texts
from dicomlab.burned_in.signatures import expecting
from dicomlab.records import Masked, Region

if TYPE_CHECKING:
    from dicomlab.burned_in.views import Plane
    from dicomlab.pixels import Frames
    from dicomlab.recipe import BurnedIn

_FEW = 4  # frames: so few are each looked at with all passes
_FLAT = 0.02  # share of the range within which a lossy syntax keeps a mask


@dataclass(frozen=True, slots=True)
class TextBox:
    """One region of text.

    `score`: the detector's confidence, 0 to 1. `kind`: "phi" matches what identifies the patient, "pattern" looks like
    it, "allowed" is of the allow-list `allowed` names, "text" is other text, "unknown" was not recognised.
    """

    region: Region
    score: float
    kind: Kind = "unknown"
    allowed: str = ""
    text: Masked | None = None


@dataclass(frozen=True, slots=True)
class _Looks:
    """Which passes are made: over a picture, then where they saw something; over each frame of many, and then."""

    whole: Sequence[Pass]
    more: Sequence[Pass]
    each: Sequence[Pass]
    again: Sequence[Pass]


_SEARCH = _Looks(FIRST, MORE, FIRST[:1], (FIRST[1], MORE[0]))
_CHECK = _Looks(PROOF, (), PROOF[1:], PROOF[:1])


def find_text(
    frames: Frames,
    settings: BurnedIn,
    *,
    identifiers: Callable[[str], bool] | None = None,
    attributes: Mapping[str, object] | None = None,
    recognise: bool = False,
) -> tuple[TextBox, ...]:
    """Return where text stands on the frames of an instance.

    Parameters
    ----------
    frames
        Stored samples; each frame is decoded once or, of several, twice.
    settings
        What the recipe says; kinds of text that may stay make `recognise` true.
    identifiers
        Says of a recognised string whether it identifies the patient.
    attributes
        Root attributes by keyword, for where text is to be expected (Sequence of Ultrasound Regions, screens).
    recognise
        Whether strings are told (masked) and classified; otherwise each box is "unknown".

    References
    ----------
    PS3.15 E.3.1 (Clean Pixel Data Option).
    """
    expected = expecting(attributes or {}, (frames.layout.rows, frames.layout.columns))
    told = _boxes(frames, _SEARCH, expected)
    if not recognise and not settings.keep and identifiers is None:
        return tuple(TextBox(r, b.score) for r, b, _ in told)
    return tuple(_classified(r, c, identifiers) for r, _, c in told)


def residual_text(frames: Frames, settings: BurnedIn, *, regions: Sequence[Region]) -> tuple[TextBox, ...]:
    """Return text that still stands on frames whose `regions` were blanked: by other scales, windows and polarity.

    Parameters
    ----------
    frames
        Samples after blanking.
    settings
        Kinds of text that may stay are no residue, and what a person decided to keep is left out by the caller.
    regions
        What was blanked. Their edges are no text; text that stands in them still is found.
    """
    told = _boxes(frames, _CHECK, lambda _: False, _softened(regions))
    left = (_classified(r, c, None) for r, _, c in told)
    return tuple(t for t in left if not (t.kind == "allowed" and t.allowed in settings.keep))


_Found = tuple[Region, Box, Candidate]
_Soften = Callable[["Plane", int], "Plane"]


def _boxes(
    frames: Frames, looks: _Looks, expected: Callable[[Box], bool], soften: _Soften = lambda plane, _: plane
) -> list[_Found]:
    """Return what is text on all frames (region of no frame) and on each."""
    read: dict[Box, Candidate] = {}

    def see(plane: Plane, passes: Sequence[Pass], more: Sequence[Pass], known: Sequence[Box] = (), *,
            at: tuple[int, int] = (0, 0)) -> list[Box]:  # fmt: skip
        found = candidates(plane, passes, more, known=[_moved(k, -at[0], -at[1]) for k in known])
        told = {_moved(c.box, *at): c for c in texts(found, plane, lambda b: expected(_moved(b, *at)))}
        read.update(told)
        return list(told)

    def shown(number: int) -> list[Plane]:
        return [soften(p, number) for p in views.planes(frames, number)]

    if len(frames) <= _FEW:
        each = {n: [b for p in shown(n) for b in see(p, looks.whole, looks.more)] for n in range(len(frames))}
        steady: list[Box] = each.pop(0) if len(frames) == 1 else []
    else:
        over, extent = cine.over_time(shown, len(frames))
        steady = []
        passing: list[Box] = []
        for low, mean, high in over:
            for box in see(mean, looks.whole, looks.more):
                (steady if cine.stands(box, low, mean, high) else passing).append(box)
            for extreme in (low, high):
                passing += see(extreme, looks.each, looks.again, [*steady, *passing])
        corner = (extent.x0, extent.y0) if extent else (0, 0)
        each = cine.frame_by_frame(
            shown, len(frames), extent, lambda part: see(part, looks.each, looks.again, steady, at=corner)
        )
        settled, each = cine.settled(each, len(frames))
        steady += [*settled, *cine.unplaced(passing, each)]
    placed = [(None, b) for b in steady] + [(n, b) for n, boxes in sorted(each.items()) for b in boxes]
    return [(Region(b.x0, b.y0, b.x1, b.y1, n), b, read.get(b, Candidate(b, 1))) for n, b in placed]


def _softened(regions: Sequence[Region]) -> _Soften:
    """Return what fills flat regions of a plane from their sides, so that no edge of a mask looks like a stroke."""

    def soften(plane: Plane, number: int) -> Plane:
        filled, range_ = plane.copy(), float(np.ptp(plane))
        for r in regions:
            box = clipped(Box(r.x0, r.y0, r.x1, r.y1), plane.shape)
            inside = filled[box.y0 : box.y1, box.x0 : box.x1]
            if r.frame not in {None, number} or box.area == 0 or np.ptp(inside, axis=(0, 1)).max() > _FLAT * range_:
                continue
            sides = [plane[box.y0 : box.y1, x] for x in (box.x0 - 1, box.x1) if 0 <= x < plane.shape[1]]
            if sides:
                share = np.linspace(0, 1, box.x1 - box.x0).reshape(1, -1, *[1] * (plane.ndim - 2))
                left, right = (np.expand_dims(s.astype(np.float32), 1) for s in (sides[0], sides[-1]))
                inside[...] = (left + (right - left) * share).astype(plane.dtype)
        return filled

    return soften


def _classified(region: Region, found: Candidate, identifiers: Callable[[str], bool] | None) -> TextBox:
    kind, allowed = classified(found.text, found.confidence, identifiers)
    return TextBox(region, found.box.score, kind, allowed, Masked(found.text) if found.text else None)


def _moved(box: Box, x: int, y: int) -> Box:
    return Box(box.x0 + x, box.y0 + y, box.x1 + x, box.y1 + y, box.score)
