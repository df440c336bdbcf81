# ruff: noqa: PLR2004 - anatomy is numbers; each stands beside what it measures
"""One head seen straight ahead: its skin, its brain and its eyes, found in its own samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

from dicomlab.deface.eyes import eyes
from dicomlab.deface.head import EYES_APART_MM, LOWER, UPPER, axes, head
from dicomlab.deface.looking import STEP_MM, along, binned, skin_inside
from dicomlab.deface.placing import grid_affine

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
    eyes_clear: float  # how clearly they stand out
    nose: float  # mm before the cheeks
    shines: float  # PET: the brain's median over the rest's
    scale: float  # 1 is the drawn adult

    @property
    def level(self) -> float:
        """How high (mm) the eyes lie, 0 where they are not clear."""
        return self.eyes[2] if self.eyes_clear > _SEEN else 0.0


def box() -> NDArray[np.float64]:
    """Return the affine of the head's box: index (z, y, x) to head mm (x, y, z)."""
    return grid_affine(LOWER, STEP_MM)


def anatomy(volume: Volume, matrix: NDArray[np.float64], threshold: float) -> Anatomy:
    """Return what is found in a volume where the head lies at `matrix` (head mm to LPS mm)."""
    ct = volume.modality == "CT"
    thin, affine = binned(volume.array, volume.affine, STEP_MM)
    samples = along(thin, affine, matrix @ box(), SHAPE)
    inside = skin_inside(samples, threshold, STEP_MM)
    # PET shows no eyes: they are where the drawn head has them.
    where, clear = eyes(samples, STEP_MM, ct=ct) if volume.modality != "PT" else ((0.0, 0.0, 0.0), 0.0)
    # The edge of the field of view is no skin: only air that was seen counts.
    air = ~np.logical_or.accumulate(inside, axis=1) & (samples < threshold)
    front = _far(air, FRONT)
    eyes_at = where[2] if clear > _SEEN else None
    scale = float(np.cbrt(np.linalg.det(matrix[:3, :3])))
    lower = np.full(front.shape, np.clip((_GROWN - scale) / _GROWING, 0, 1) * _CHILD_MM[ct], np.float32)
    if eyes_at is not None:
        lower = np.where(front > _LOW_DEEP_MM, np.maximum(lower, min(_LOW_MM, -eyes_at - _LOW_MM)), lower)
    brain = _brain(samples, inside, front, ct=ct, eyes_at=eyes_at, lower=lower)
    if eyes_at is not None:
        brain &= ~_before(eyes_at, front, scale)
    shines = _shines(samples, inside, brain) if volume.modality == "PT" else np.inf
    nose, away = _nose(inside), _far(brain, FRONT)
    return Anatomy(samples, inside, front, brain, away, where, clear, nose, shines, scale)


def _before(eyes_at: float, front: Samples, scale: float) -> Mask:
    """Return where no brain lies: about the eyes, behind them up to their height, just below the skin about them."""
    z, y, x = axes(STEP_MM)
    z, deep = z - eyes_at, front * scale  # mm of the patient
    about = (np.hypot(np.abs(x) - EYES_APART_MM / 2, z) * scale < _ABOUT_MM) & (y <= _ABOUT_BACK_MM[1])
    about &= (deep <= _BELOW_MM) | (y <= _ABOUT_BACK_MM[0])
    beside = (z <= _ASIDE_UP_MM) & (y <= np.interp(np.abs(x), *_ASIDE_MM))
    return np.asarray(about | beside | ((z <= 0) & (y <= _BACK_MM)) | ((z <= _RIND_UP_MM) & (deep <= _RIND_MM)))


def _shines(samples: Samples, inside: Mask, brain: Mask) -> float:
    """Return how much brighter the brain is than the rest of the head, 0 when one of them is not in view."""
    both = [samples[where & np.isfinite(samples)] for where in (brain, inside & ~brain)]
    return float(np.median(both[0]) / np.median(both[1])) if all(part.size for part in both) else 0.0


def _nose(inside: Mask) -> float:
    """Return how far (mm) the nose stands out before the cheeks, 0 when it is not in view."""
    first = np.where(inside.any(axis=1), inside.argmax(axis=1) * STEP_MM, np.nan)
    z, _, x = axes(STEP_MM)
    rows, across = (z.ravel() > -44) & (z.ravel() < -14), np.abs(x.ravel())
    before = first[rows][:, np.abs(across - 26) < 4].mean(axis=1) - first[rows][:, across < 5].mean(axis=1)
    return float(np.nanmax(before)) if np.isfinite(before).any() else 0.0


# What is brain: how dark beside the median (MR; the next when it fills the skull); how far from the drawn brain (MR,
# CT; before the eyes: between the sockets, above); how wide bridges and gaps are, mm; which part of the upper head is
# too much.
_DARK, _OFF, _OFF_FRONT, _BRIDGE, _CLOSE, _FULL = (0.36, 0.45, 0.6, 0.7), (14.0, 18.0), (9.0, 12.0), 5.5, 8.0, 0.76
# Islands, which no bridge joins to it where furrows are wide: so near the drawn brain, above its floor; on the sockets'
# roof, as high above the eyes and as far behind them, so deep below the skin of the brow. All in mm.
_ISLAND_MM, _FLOOR_MM, _ROOF_MM, _ROOF_BACK_MM, _DEEP_MM = 4.0, 6.0, (14.0, 40.0), 50.0, 14.0

# A child's face is small below its brain, and the drawn head is an adult's: below which scale, and over how much of it,
# the brain may lie so much farther (mm) from the drawn one (MR, CT).
_GROWN, _GROWING, _CHILD_MM = 0.95, 0.15, (0.0, 12.0)


def _part(lower: tuple[float, float, float], upper: tuple[float, float, float]) -> tuple[slice, ...]:
    """Return the part of the grid between two corners, head mm (z, y, x)."""
    return tuple(
        slice(max(0, round((a - start) / STEP_MM)), round((b - start) / STEP_MM))
        for a, b, start in zip(lower, upper, LOWER, strict=True)
    )


# Eyes this clear tell where no brain is, and when it lies lower than the drawn one: so much, so deep below the skin.
_SEEN, _LOW_MM, _LOW_DEEP_MM = 2.2, 6.0, 16.0
# Heads that were looked at had none, in mm: about the eyes, so far behind or else so deep below the skin; so far aside,
# up to so much above them, so far behind (least was 28 and 18); below their height, so far behind (least 30); up to
# a height above them, so deep below the skin (least 14, at a cut 11).
_ABOUT_MM, _ABOUT_BACK_MM, _BELOW_MM, _BACK_MM, _RIND_UP_MM, _RIND_MM = 13.0, (14.0, 30.0), 19.0, 25.0, 14.0, 9.0
_ASIDE_UP_MM, _ASIDE_MM = 12.0, ((20, 21, 38, 39), (-200, 11, 11, 16))  # aside, behind there

# Distances are measured where a face or a brain can be, and nowhere else: it takes most of the time.
FRONT, _SKULL = _part((-140, -100, -104), (80, 120, 104)), _part((-60, -24, -84), (112, 176, 84))


def _far(mask: Mask, part: tuple[slice, ...]) -> NDArray[np.float32]:
    """Return the distance (mm) to a mask within a part of the grid, infinite elsewhere."""
    far = np.full(mask.shape, np.inf, np.float32)
    if mask[part].any():
        far[part] = ndi.distance_transform_edt(~mask[part], sampling=STEP_MM)
    return far


def _brain(samples: Samples, inside: Mask, front: Samples, *, ct: bool, eyes_at: float | None, lower: Samples) -> Mask:
    """Return the brain; `eyes_at` is their height (mm): up to the sockets' roof it does not reach before them.

    `lower`: how much farther than an adult's it may lie from the drawn brain, mm.
    """
    drawn, found = head(STEP_MM), np.zeros_like(inside)
    z, y, _ = axes(STEP_MM)
    z, y = z[_SKULL[0]], y[:, _SKULL[1]]
    off = drawn.off[_SKULL]
    reach = np.where(z < (8 if eyes_at is None else eyes_at + 20), _OFF_FRONT[0], _OFF_FRONT[1])
    near = off < np.where(y < 5, reach, _OFF[ct]) + lower[_SKULL]
    skin, into = inside[_SKULL], drawn.into[_SKULL]
    close = (off < _ISLAND_MM) & (z > _FLOOR_MM)
    if eyes_at is not None:
        roof = (z > eyes_at + _ROOF_MM[0]) & (z < eyes_at + _ROOF_MM[1]) & (y < _ROOF_BACK_MM)
        close |= roof & (off < _OFF[0]) & (front[_SKULL] > _DEEP_MM)
    value = np.nan_to_num(samples[_SKULL], nan=-1e4)
    seed = (into > 14) & skin
    if seed.sum() < 1000:  # 8 ml
        return found
    low, middle, high = np.percentile(value[seed], (5, 50, 95))
    skull = skin & (z > 25)
    for dark in (None,) if ct else _DARK:
        if dark is None:
            least, most = min(low, middle - 40), max(high, middle + 75)
        else:
            least, most = dark * middle, high + 0.4 * (high - 0.55 * middle)
        brain = _joined((value > least) & (value < most) & skin & near, seed, close) | ((into > 6) & skin)
        # Where skull and scalp are thin the brain runs out into them: then a stricter look.
        if (brain & skull).sum() < _FULL * skull.sum():
            break
    found[_SKULL] = brain
    return found


def _joined(like: Mask, seed: Mask, close: Mask) -> Mask:
    """Return what is joined to the seed by more than a narrow bridge, or lies where a brain does, its gaps closed."""
    like = like | (ndi.uniform_filter(like.astype(np.float32), 3) > 0.8)  # noise, thinner than any bone
    labels, _ = ndi.label(ndi.distance_transform_edt(like, sampling=STEP_MM) > _BRIDGE)
    counts = np.bincount(labels[seed])
    counts[0] = 0
    core = labels == counts.argmax() if counts.any() else seed
    whole = (ndi.distance_transform_edt(~core, sampling=STEP_MM) < _BRIDGE + 1.5) & like
    whole |= ndi.binary_opening(like & close)  # islands, where the furrows of an old brain are wide
    outward = ndi.distance_transform_edt(~whole, sampling=STEP_MM)
    closed = ndi.distance_transform_edt(outward < _CLOSE, sampling=STEP_MM) > _CLOSE
    return np.asarray(whole | closed)
