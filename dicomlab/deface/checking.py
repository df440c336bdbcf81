"""Whether a face is gone: rays cast at the head before and after from seven sides, and what became of the brain."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from dicomlab.deface.anatomy import FRONT, SHAPE, Anatomy, anatomy, box
from dicomlab.deface.head import EYES_APART_MM, LOWER, axes
from dicomlab.deface.looking import STEP_MM, along, binned, gridded, grounded, skin_inside, skin_threshold
from dicomlab.deface.rendering import VIEWS, depths, turned
from dicomlab.volume import sampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.deface.masking import FaceMask
    from dicomlab.volume import Volume

    Mask = NDArray[np.bool_]

# The face that is looked at, in head mm about the eyes: up, to the sides, behind.
_UP, _SIDE, _BEHIND = (-105.0, 20.0), 50.0, 20.0
_SAME_MM = 5.0  # a surface nearer than this to where it was still shows the face
_SKIN_MM, _EYE_MM, _EYE_RADIUS = 6.0, 18.0, 12.0
_ENOUGH = 250  # rays of 2 mm that make a face: 10 cm²
# Dice of the skin's insides: below, a volume's own skin is not the head's that the mask was made for; above, it is.
_OTHER, _SAME = 0.94, 0.95
_MOST_LEFT, _MOST_LEFT_FRONT, _LEAST_SKIN, _LEAST_EYES, _MOST_BRAIN = 0.05, 0.01, 0.995, 0.9, 0.001


@dataclass(frozen=True)
class Scores:
    """What a defaced volume was found to show; shares are 0 to 1.

    `left`: of the face's surface within 5 mm of where it was, in the worst of seven views; `left_front`: from the
    front. `skin`: of the rays from the front whose outer 6 mm are gone. `eyes`: of the rays at the eyes whose outer
    18 mm are gone. `moved_mm`: how far the surface went back, the median. `brain`: of the brain that changed.
    `outside`: voxels that changed outside the mask. `rays`: from the front that met the face before.
    """

    left: float
    left_front: float
    skin: float
    eyes: float
    moved_mm: float
    brain: float
    outside: int
    rays: int

    @property
    def shows_face(self) -> bool:
        """Whether the volume showed a face before."""
        return self.rays >= _ENOUGH

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is wrong, nothing when all is well."""
        seen = "a part of the face can still be seen"
        said = (
            (self.outside > 0, "voxels outside the mask changed"),
            (self.brain > _MOST_BRAIN, "the brain was touched"),
            (self.shows_face and self.left > _MOST_LEFT, seen),
            (self.shows_face and self.left_front > _MOST_LEFT_FRONT, f"{seen} from the front"),
            (self.shows_face and self.skin < _LEAST_SKIN, "some skin of the face is left"),
            (self.shows_face and self.eyes < _LEAST_EYES, "the eyes are still there"),
        )
        return tuple(text for wrong, text in said if wrong)

    @property
    def why(self) -> str:
        """What is wrong, in one line."""
        return "; ".join(self.reasons)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.reasons

    def numbers(self) -> dict[str, float]:
        """Return the scores by name."""
        return {name: float(value) for name, value in asdict(self).items()}


def check(before: Volume, after: Volume, mask: FaceMask) -> Scores:
    """Return what is left of the face after a mask was applied, seen in the volumes and not told from the mask alone.

    Parameters
    ----------
    before, after
        The same grid. The mask may come from another volume of the Frame of Reference: skin and brain are looked for
        in `before` itself.
    mask
        Tells where the head lies, and where voxels may differ.
    """
    ground = grounded(before)
    coarse, place = gridded(ground, 4.0).samples, mask.affine @ np.linalg.inv(box())

    def seen(*, faint: bool) -> tuple[float, Anatomy]:
        threshold = skin_threshold(coarse, before.modality, faint=faint)
        return threshold, anatomy(ground, place, threshold)

    threshold, found = seen(faint=False)
    if before.modality == "MR" and _alike(found, mask.head) < _OTHER:
        # Its skin may be darker than that by which the head was found; believed where the same head then appears.
        again = seen(faint=True)
        threshold, found = again if _alike(again[1], mask.head) > _SAME else (threshold, found)
    lower = before.array.flat[0] - ground.array.flat[0]
    samples = along(*binned(after.array - lower, after.affine, STEP_MM), mask.affine, SHAPE)
    same = before.array == after.array
    allowed = sampled(mask.mask, mask.affine, before.affine, before.array.shape)
    gone = found.inside & mask.mask
    left = skin_inside(samples, threshold, STEP_MM) & found.inside
    z, y, x = axes(STEP_MM)
    zone = (z > _UP[0]) & (z < _UP[1] + found.level) & (np.abs(x) < _SIDE) & (y < _BEHIND)
    at_eyes = (np.hypot(np.abs(x) - EYES_APART_MM / 2, z - found.level) < _EYE_RADIUS)[:, 0]
    shares = {view: _left(found.inside[FRONT], left[FRONT], zone[FRONT], view) for view in VIEWS}
    front, distance, rays = shares["front"]
    worst = max(share for share, _, seen in shares.values() if seen >= _ENOUGH) if rays >= _ENOUGH else 0.0
    skin = _removed(found, gone, np.asarray(zone.any(axis=1)), _SKIN_MM)
    eyes = _removed(found, gone, at_eyes, _EYE_MM)
    brain = float((found.brain & mask.mask).sum() / max(1, found.brain.sum()))
    return Scores(worst, front, skin, eyes, distance, brain, int((~same & ~allowed).sum()), rays)


def _alike(found: Anatomy, head: Mask) -> float:
    """Return the Dice overlap of two insides of a skin, where the volume was seen."""
    here, there = found.inside, head & np.isfinite(found.samples)
    return float(2 * (here & there).sum() / max(1, here.sum() + there.sum()))


def _left(before: Mask, after: Mask, zone: Mask, view: str) -> tuple[float, float, int]:
    """Return which share of the face's surface stayed, how far (mm) it went back, and the rays that met it."""
    body = turned(before, view)
    first = depths(body)
    z, x = np.nonzero(np.isfinite(first))
    face = np.zeros(first.shape, bool)
    face[z, x] = turned(zone & before, view)[z, first[z, x].astype(int), x]
    rays = int(face.sum())
    if not rays:
        return 0.0, 0.0, 0
    back = (depths(turned(after, view))[face] - first[face]) * STEP_MM
    some = back[np.isfinite(back)]
    return float((np.abs(back) < _SAME_MM).mean()), float(np.median(some)) if some.size else 0.0, rays


def _removed(found: Anatomy, gone: Mask, where: Mask, deep: float) -> float:
    """Return the share of rays from the front, among those through `where` (z, x), whose outer mm are gone."""
    first = depths(found.inside)
    # Rays that pass below the chin or end at the field of view's edge meet no face.
    z, x = np.nonzero(where & (first * STEP_MM + LOWER[1] < _BEHIND))
    if not z.size:
        return 1.0
    steps = first[z, x].astype(int)[:, None] + np.arange(round(deep / STEP_MM))
    took = (gone | ~found.inside)[z[:, None], np.minimum(steps, SHAPE[1] - 1), x[:, None]]
    return float((took.mean(axis=1) >= 0.8).mean())  # noqa: PLR2004 - a hole within the nose is no skin
