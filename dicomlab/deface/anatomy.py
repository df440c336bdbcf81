# ruff: noqa: PLR2004 - anatomy is numbers; each stands beside what it measures
"""One head seen straight ahead: its skin, its brain and its eyes, found in its own samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

from dicomlab.deface.head import LOWER, UPPER, Head, head
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
    drawn = head(STEP_MM)
    brain = _brain(samples, inside, drawn, ct=ct)
    away = ndi.distance_transform_edt(~brain, sampling=STEP_MM).astype(np.float32)
    return Anatomy(samples, inside, _from_front(samples, inside), brain, away, (0.0, 0.0, 0.0), 0.0)


def _from_front(samples: Samples, inside: Mask) -> NDArray[np.float32]:
    # The edge of the field of view is no skin: only air that was seen counts.
    air = ~np.logical_or.accumulate(inside, axis=1) & np.isfinite(samples)
    far: NDArray[np.float32] = ndi.distance_transform_edt(~air, sampling=STEP_MM).astype(np.float32)
    return far


def _ball(radius: float) -> Mask:
    reach = int(radius // STEP_MM)
    axis = np.arange(-reach, reach + 1) * STEP_MM
    ball: Mask = np.hypot(np.hypot(axis[:, None, None], axis[:, None]), axis) <= radius
    return ball


def _brain(samples: Samples, inside: Mask, drawn: Head, *, ct: bool) -> Mask:
    """Return the brain: tissue like that deep in the drawn brain, joined to it by more than a narrow bridge."""
    into = ndi.distance_transform_edt(drawn.brain, sampling=STEP_MM)
    off = ndi.distance_transform_edt(~drawn.brain, sampling=STEP_MM)
    value = np.nan_to_num(samples, nan=-1e4)
    seed = (into > 14) & np.isfinite(samples) & inside
    if seed.sum() < 1000:
        return np.zeros_like(inside)
    if ct:
        low, high = -5.0, 110.0
    else:
        some = np.percentile(value[seed], (10, 50, 95))
        low, high = 0.55 * some[1], some[2] + 0.4 * (some[2] - 0.55 * some[1])
    like = (value > low) & (value < high) & inside & (off < 12)
    far = ndi.distance_transform_edt(like, sampling=STEP_MM)
    labels, _ = ndi.label(far > 5)
    counts = np.bincount(labels[seed])
    counts[0] = 0
    core = labels == counts.argmax() if counts.any() else seed
    near = ndi.distance_transform_edt(~core, sampling=STEP_MM)
    brain = (near < 6.5) & like
    whole: Mask = ndi.binary_closing(brain, _ball(6)) | ((into > 6) & inside)
    return whole
