# ruff: noqa: PLR2004 - anatomy is numbers; each stands beside what it measures
"""Where a head lies in a volume: many starts on a coarse grid, the best of them refined against the drawn head."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from dicomlab.deface.head import head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Samples = NDArray[np.float32]

_BINS = 24
_PIVOT = np.array([0.0, 75.0, 20.0])  # head mm (x, y, z): turning about the middle of the skull moves it least
_PITCH, _TURN = (-30, -15, 0, 15, 30), (-18, 0, 18)  # degrees
_LEVELS_MM = 16.0
_UNITS = np.array([0.1, 0.1, 0.1, 5, 5, 5, 0.06, 0.06, 0.06])  # one step of the search: radians, mm, log scale


@dataclass(frozen=True, eq=False)
class Pose:
    """How the drawn head lies in patient space, and how well it fits there."""

    matrix: Floats  # 4 × 4, head mm (x, y, z, 1) to LPS mm
    scale: tuple[float, float, float]  # across, along, up: 1 is the drawn adult
    metric: float  # mutual information of head and volume, in nats
    overlap: float  # Dice of the two skins' insides, within the field of view
    coverage: float  # the part of the drawn head (without the neck) that lies in the field of view


def grid_affine(origin: Sequence[float] | Floats, step: float) -> Floats:
    """Return the affine, index (z, y, x) to (x, y, z), of an axis-parallel grid from its origin (z, y, x)."""
    matrix = np.zeros((4, 4))
    matrix[[2, 1, 0], [0, 1, 2]] = step
    matrix[:, 3] = *origin[::-1], 1
    return matrix


@dataclass(frozen=True, eq=False)
class Grid:
    """Samples on an axis-parallel grid of patient space, (z, y, x)."""

    samples: Samples
    origin: Floats  # LPS mm (z, y, x) of the first sample
    step: float

    def index(self, points: Samples, matrix: Floats) -> Samples:
        """Return indices (3, n) of points (3, n; x, y, z) that `matrix` takes to LPS mm."""
        # Written out: a matrix product of this shape wakes every core for nothing.
        x, y, z = points
        rows = (np.linalg.inv(grid_affine(self.origin, self.step)) @ matrix)[:3].astype(np.float32)
        return np.stack([a * x + b * y + c * z + d for a, b, c, d in rows])


class Fit:
    """How well the drawn head fits a volume at a pose, on points of the head `step` mm apart."""

    def __init__(self, grid: Grid, inside: Samples, *, ct: bool, step: float) -> None:
        """Take samples scaled to 0..1 and the inside of the skin, 0..1, on one grid."""
        drawn = head(step)
        near = ndi.binary_dilation(drawn.skin, iterations=max(1, round(12 / step)))
        zyx = [drawn.origin[n] + step * axis for n, axis in enumerate(np.nonzero(near))]
        keep = zyx[0] > -100
        self.points = np.stack([zyx[2], zyx[1], zyx[0]])[:, keep].astype(np.float32)
        look = np.clip((drawn.ct + 1000) / 2000, 0, 1) if ct else np.clip(drawn.mr / 110, 0, 1)
        look = ndi.gaussian_filter(look, 0.6)[near][keep]
        self.row = np.minimum((look * _BINS).astype(np.int32), _BINS - 1) * (_BINS + 1)
        self.skin = ndi.gaussian_filter(drawn.skin.astype(np.float32), 0.6)[near][keep]
        self.grid, self.inside = grid, inside

    def measure(self, pose: Floats) -> tuple[float, float, float]:
        """Return mutual information, Dice and coverage of a pose (see `matrix_of`)."""
        index = self.grid.index(self.points, matrix_of(pose))
        value = _looked_up(self.grid.samples, index, -1)
        seen = value >= 0
        if seen.sum() < len(seen) // 10:
            return 0.0, 0.0, 0.0
        spread = value[seen] * (_BINS - 1)
        low = np.minimum(spread.astype(np.int32), _BINS - 1)
        part = spread - low
        cell = self.row[seen] + low
        size = _BINS * (_BINS + 1) + 1
        joint = np.bincount(cell, 1 - part, size) + np.bincount(cell + 1, part, size)
        joint = joint[:-1].reshape(_BINS, _BINS + 1) / seen.sum()
        alone = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
        some = joint > 0
        information = float((joint[some] * np.log(joint[some] / alone[some])).sum())
        mask, skin = _looked_up(self.inside, index[:, seen], 0), self.skin[seen]
        dice = float(2 * np.minimum(mask, skin).sum() / max(1.0, float(mask.sum() + skin.sum())))
        return information, dice, float(skin.sum() / self.skin.sum())

    def cost(self, pose: Floats) -> float:
        """Return what the search makes small: little information, little overlap, a head out of view, odd scales."""
        information, dice, coverage = self.measure(pose)
        scale = pose[6:]
        odd = 0.6 * float(((scale - scale.mean()) ** 2).sum()) * 3 + 2 * max(0.0, abs(float(scale.mean())) - 0.35)
        return -information - dice - 0.3 * min(coverage, 0.7) + odd


def _looked_up(samples: Samples, index: Samples, outside: float) -> Samples:
    return np.asarray(ndi.map_coordinates(samples, index, np.float32, order=1, cval=outside))


def matrix_of(pose: Floats) -> Floats:
    """Return head mm to LPS mm for (3 angles in radians, LPS mm of the pivot, 3 logarithms of scale)."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", pose[:3]).as_matrix() * np.exp(pose[6:])
    matrix[:3, 3] = pose[3:6] - matrix[:3, :3] @ _PIVOT
    return matrix


def placed(grid: Grid, inside: NDArray[np.bool_], *, ct: bool) -> Pose:
    """Return where the drawn head fits best into samples scaled to 0..1; `inside` is the inside of the skin."""
    rough, starts = _ranked(grid, inside, ct=ct)
    chosen: list[Floats] = []
    for start in starts:
        if all(np.abs((start - other) / _UNITS)[:6].max() > 4 for other in chosen):
            chosen.append(start)
        if len(chosen) == 4:
            break
    if not chosen:
        return Pose(np.eye(4), (1, 1, 1), 0, 0, 0)
    similar = [_refined(rough, start, free=7, rounds=3) for start in chosen]
    best = min(similar, key=rough.cost)
    fine = Fit(*_thinned(grid, inside, 4.0), ct=ct, step=5.0)
    best = _refined(fine, best, free=9, rounds=3)
    metric, overlap, coverage = fine.measure(best)
    across, along, up = np.exp(best[6:])
    return Pose(matrix_of(best), (float(across), float(along), float(up)), metric, overlap, coverage)


def glanced(grid: Grid, inside: NDArray[np.bool_], *, ct: bool) -> tuple[float, float, float]:
    """Return mutual information, Dice and coverage of the best start, little refined: a first impression."""
    rough, starts = _ranked(grid, inside, ct=ct)
    return rough.measure(_refined(rough, starts[0], free=7, rounds=1)) if starts else (0.0, 0.0, 0.0)


def _ranked(grid: Grid, inside: NDArray[np.bool_], *, ct: bool) -> tuple[Fit, list[Floats]]:
    """Return starts, the best first: nodding at every height, then turned where that looked best."""
    coarse = _thinned(grid, inside, 8.0)
    rough = Fit(*coarse, ct=ct, step=8.0)
    nods = sorted(_starts(*coarse), key=rough.cost)[:12]
    turns = [np.deg2rad([0, roll, yaw]) for roll, yaw in product(_TURN, _TURN)]
    tried = [np.concatenate([nod[:3] + turn, nod[3:]]) for nod in nods for turn in turns]
    return rough, sorted(tried, key=rough.cost)


def _thinned(grid: Grid, inside: NDArray[np.bool_], step: float) -> tuple[Grid, Samples]:
    every = max(1, round(step / grid.step))

    def mean(samples: NDArray[np.generic]) -> Samples:
        return np.asarray(ndi.uniform_filter(samples.astype(np.float32), every))[::every, ::every, ::every]

    seen = mean(grid.samples >= 0)
    value = mean(np.maximum(grid.samples, 0)) / np.maximum(seen, 1e-3)
    return Grid(np.where(seen > 0.5, value, -1), grid.origin, grid.step * every), mean(inside)


def _starts(grid: Grid, inside: Samples) -> list[Floats]:
    """Return poses worth a look: eyes at each height of the volume, the skull about the middle of what lies there."""
    z = grid.origin[0] + grid.step * np.arange(inside.shape[0])
    found = []
    for level in np.arange(z[-1] + 20, z[0] - 30, -_LEVELS_MM):
        slab = inside[(z > level - 20) & (z < level + 70)] > 0.5
        if slab.sum() * grid.step**3 < 2e5:
            continue
        rows, columns = (np.nonzero(slab.any(axis=axes))[0] for axes in ((0, 2), (0, 1)))
        y, x = (grid.origin[n] + grid.step * (a[0] + a[-1]) / 2 for n, a in ((1, rows), (2, columns)))
        found += [np.array([np.deg2rad(nod), 0, 0, x, y, level + _PIVOT[2], -0.05, -0.05, -0.05]) for nod in _PITCH]
    return found


def _refined(fit: Fit, start: Floats, *, free: int, rounds: int) -> Floats:
    """Return a better pose near `start`; 7 free numbers share one scale, 9 have three."""

    def whole(steps: Floats) -> Floats:
        six, scale = steps[:6], (np.repeat(steps[6], 3) if free == 7 else steps[6:])
        return np.asarray(start + np.concatenate([six, scale]) * _UNITS)

    options = {"maxiter": rounds, "xtol": 0.05, "ftol": 1e-4}
    found = minimize(lambda steps: fit.cost(whole(steps)), np.zeros(free), method="Powell", options=options)
    return whole(found.x)
