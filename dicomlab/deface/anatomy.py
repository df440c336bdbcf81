# ruff: noqa: PLR2004 - anatomy is numbers; each stands beside what it measures
"""One head seen straight ahead: its skin, its brain and its eyes, found in its own samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

from dicomlab.deface.head import LOWER, UPPER, head
from dicomlab.deface.looking import STEP_MM, along, binned, skin_inside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.volume import Volume

    Mask = NDArray[np.bool_]
    Samples = NDArray[np.float32]

SHAPE = tuple(round((b - a) / STEP_MM) for a, b in zip(LOWER, UPPER, strict=True))


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What was found in a head. Arrays are (z, y, x) on the grid of the head's box, `STEP_MM` apart."""

    samples: Samples  # NaN outside the field of view
    inside: Mask  # of the skin
    front: NDArray[np.float32]  # mm from the nearest air that is seen from the front
    brain: Mask
    away: NDArray[np.float32]  # mm from the brain, 0 in it
    eyes: tuple[float, float, float]  # head mm (x, y, z) of the midpoint between the eyeballs
    eyes_found: float  # how clearly, -1 to 1


def box() -> NDArray[np.float64]:
    """Return the affine of the head's box: index (z, y, x) to head mm (x, y, z)."""
    matrix = np.zeros((4, 4))
    matrix[[2, 1, 0], [0, 1, 2]] = STEP_MM
    matrix[:, 3] = LOWER[2], LOWER[1], LOWER[0], 1
    return matrix


def anatomy(volume: Volume, matrix: NDArray[np.float64], threshold: float, *, ct: bool) -> Anatomy:
    """Return what is found in a volume where the head lies at `matrix` (head mm to LPS mm)."""
    thin, affine = binned(volume.array, volume.affine, STEP_MM)
    samples = along(thin, affine, matrix @ box(), SHAPE)
    inside = skin_inside(samples, threshold, STEP_MM)
    brain = _brain(samples, inside, ct=ct)
    # The edge of the field of view is no skin: only air that was seen counts.
    air = ~np.logical_or.accumulate(inside, axis=1) & np.isfinite(samples)
    return Anatomy(samples, inside, _far(air, FRONT), brain, _far(brain, FRONT), (0.0, 0.0, 0.0), 0.0)


def _part(lower: tuple[float, float, float], upper: tuple[float, float, float]) -> tuple[slice, ...]:
    """Return the part of the grid between two corners, head mm (z, y, x)."""
    return tuple(
        slice(max(0, round((a - start) / STEP_MM)), round((b - start) / STEP_MM))
        for a, b, start in zip(lower, upper, LOWER, strict=True)
    )


# Distances are measured where a face or a brain can be, and nowhere else: it takes most of the time.
FRONT, _SKULL = _part((-140, -100, -104), (80, 120, 104)), _part((-60, -24, -84), (112, 176, 84))


def _far(mask: Mask, part: tuple[slice, ...]) -> NDArray[np.float32]:
    """Return the distance (mm) to a mask within a part of the grid, infinite elsewhere."""
    far = np.full(mask.shape, np.inf, np.float32)
    if mask[part].any():
        far[part] = ndi.distance_transform_edt(~mask[part], sampling=STEP_MM)
    return far


def _brain(samples: Samples, inside: Mask, *, ct: bool) -> Mask:
    """Return the brain: tissue like that deep in the drawn brain, joined to it by more than a narrow bridge."""
    drawn, found = head(STEP_MM), np.zeros_like(inside)
    inside, into, off = inside[_SKULL], drawn.into[_SKULL], drawn.off[_SKULL]
    value = np.nan_to_num(samples[_SKULL], nan=-1e4)
    seed = (into > 14) & inside
    if seed.sum() < 1000:  # 8 ml
        return found
    low, middle, high = np.percentile(value[seed], (5, 50, 95))
    if ct:
        low, high = min(low, middle - 40), max(high, middle + 75)
    else:
        low, high = 0.55 * middle, high + 0.4 * (high - 0.55 * middle)
    like = (value > low) & (value < high) & inside & (off < 12)
    like |= inside & (ndi.uniform_filter(like.astype(np.float32), 3) > 0.8)  # noise, thinner than any bone
    labels, _ = ndi.label(ndi.distance_transform_edt(like, sampling=STEP_MM) > 5)
    counts = np.bincount(labels[seed])
    counts[0] = 0
    core = labels == counts.argmax() if counts.any() else seed
    brain = (ndi.distance_transform_edt(~core, sampling=STEP_MM) < 6.5) & like
    outward = ndi.distance_transform_edt(~brain, sampling=STEP_MM)
    closed = ndi.distance_transform_edt(outward < 6, sampling=STEP_MM) > 6
    found[_SKULL] = brain | closed | ((into > 6) & inside)
    return found
