# ruff: noqa: PLR2004 - anatomy is numbers; each stands beside what it measures
"""An analytic adult head: the map by which a head in a volume is placed. Drawn from numbers, nobody's image.

Head millimetres: x to the patient's left, y to the back, z up (LPS of a head that looks straight ahead), with the
origin midway between the centres of the eyeballs. Arrays are (z, y, x).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Field = NDArray[np.float32]
    Mask = NDArray[np.bool_]
    Axes = tuple[Field, Field, Field]

# Extent of the box in which heads are looked at, head mm: (z, y, x), lower and upper.
LOWER = (-190.0, -100.0, -104.0)
UPPER = (130.0, 200.0, 104.0)
EYES_APART_MM = 62.0

# Cross-sections of the skin and of the cerebrum without nose, ears and temporal lobes:
# z, front (mm before the eyes), back (mm behind them), half width, where it is widest (mm behind), exponent in front.
_SKIN = np.array([
    (112, -50, 120, 14, 85, 2.0), (108, -38, 128, 28, 85, 2.0), (100, -20, 140, 45, 82, 2.0),
    (90, -4, 154, 58, 80, 2.0), (80, 6, 162, 66, 78, 2.0), (70, 14, 168, 71, 76, 2.0), (60, 19, 173, 75, 75, 2.0),
    (50, 23, 176, 77, 75, 2.0), (40, 27, 179, 79, 75, 2.0), (30, 31, 180, 79, 75, 2.0), (20, 32, 180, 79, 75, 2.1),
    (10, 24, 179, 78, 75, 2.3), (0, 16, 177, 76, 75, 2.5), (-10, 17, 174, 76, 72, 2.6), (-20, 20, 170, 75, 70, 2.7),
    (-30, 22, 166, 75, 66, 2.7), (-40, 25, 161, 74, 60, 2.5), (-50, 29, 158, 73, 55, 2.3),
    (-60, 33, 156, 71, 52, 2.1), (-70, 32, 154, 68, 52, 2.0), (-80, 29, 152, 65, 54, 2.0),
    (-95, 29, 150, 62, 60, 1.9), (-106, 22, 150, 60, 70, 1.9), (-114, -10, 150, 60, 80, 2.0),
    (-124, -30, 150, 60, 90, 2.0), (-190, -30, 158, 64, 95, 2.0),
])  # fmt: skip
_CEREBRUM = np.array([
    (95, -50, 110, 8, 80, 2.0), (90, -36, 122, 28, 80, 2.0), (80, -14, 140, 46, 80, 2.0), (70, -3, 150, 54, 80, 2.0),
    (60, 3, 155, 59, 78, 2.0), (50, 6, 158, 62, 78, 2.0), (40, 8, 160, 64, 78, 2.0), (30, 7, 160, 66, 78, 2.1),
    (20, -1, 158, 66, 78, 2.2), (13, -16, 154, 66, 78, 2.4), (5, -52, 148, 62, 85, 3.0), (0, -70, 142, 58, 90, 3.0),
])  # fmt: skip


@dataclass(frozen=True, eq=False)
class Head:
    """The drawn head on a grid. `ct` is in HU; `mr` is like a T1 image, air 0, white matter 100."""

    origin: tuple[float, float, float]  # head mm (z, y, x) of the first sample
    step: float
    ct: Field
    mr: Field
    skin: Mask
    brain: Mask
    into: Field  # mm inside the brain, 0 outside
    off: Field  # mm from the brain, 0 inside


def _loft(table: NDArray[np.float64], z: Field, y: Field, x: Field) -> Mask:
    table = table[::-1]
    front, back, half, widest, exponent = (np.interp(z, table[:, 0], column) for column in table.T[1:])
    half, front, back = np.maximum(half, 1), np.maximum(front, 1 - widest), np.maximum(back, widest + 1)
    reach = np.where(y < widest, front + widest, back - widest)
    power = np.where(y < widest, exponent, 2.0)
    inside = (np.abs(x) / half) ** power + (np.abs(y - widest) / reach) ** power <= 1
    return np.asarray(inside & (z <= table[-1, 0]) & (z >= table[0, 0]))


def _ball(grid: Axes, centre: tuple[float, ...], radii: tuple[float, ...]) -> Mask:
    """Return an ellipsoid and its mirror image; `centre` and `radii` are (x, forward, up)."""
    z, y, x = grid
    across, forward, up = centre
    rest = ((y + forward) / radii[1]) ** 2 + ((z - up) / radii[2]) ** 2
    return np.asarray(((np.abs(x) - across) / radii[0]) ** 2 + rest <= 1)


def axes(step: float) -> Axes:
    """Return z, y and x (head mm) of a grid over the head's box, ready to be combined."""
    lines = (np.arange(a, b, step, dtype=np.float32) for a, b in zip(LOWER, UPPER, strict=True))
    z, y, x = np.meshgrid(*lines, indexing="ij", sparse=True)
    return z, y, x


@lru_cache(maxsize=4)
def head(step: float) -> Head:
    """Return the drawn head sampled every `step` mm."""
    grid = axes(step)
    z, y, x = grid
    skin = _loft(_SKIN, z, y, x)
    nose = (z < 6) & (z > -44) & (-y < 18 - 0.85 * z) & (-y > 8) & (-y < 105 + 0.9 * z * 1.5)
    skin |= nose & (np.abs(x) < 6 - 0.3 * z)
    skin |= _ball(grid, (79, -88, -14), (5, 16, 30))  # ears
    stem = (np.hypot(x, y - 86 + 0.2 * z) < 13) & (z > -190) & (z < 20)
    cerebellum = _ball(grid, (21, -116, -16), (30, 31, 24))
    brain = _loft(_CEREBRUM, z, y, x) | _ball(grid, (43, -62, 4), (20, 42, 20)) | cerebellum | (stem & (z > -45))
    away, into = (ndi.distance_transform_edt(m, sampling=step).astype(np.float32) for m in (~brain, brain))
    skull = (away > 3) & (away < 10) & (z > -50)
    jaws = _loft(_SKIN + np.array([0, -13, -60, -20, 0, 0]), z, y, x) & (z < 20) & (z > -104) & (-y > -35)
    teeth = jaws & (np.abs(z + 62) < 14) & (-y > -5)
    mandible = jaws & (z < -50) & ~_loft(_SKIN + np.array([0, -24, -60, -32, 0, 0]), z, y, x)
    cheekbone = jaws & (z > -42) & ~_loft(_SKIN + np.array([0, -24, -60, -30, 0, 0]), z, y, x)
    spine = (np.hypot(x, y - 86) < 24) & (z < -50) & ~stem
    bone = skull | teeth | mandible | cheekbone | spine
    orbit = _ball(grid, (31, -12, 1), (18, 32, 18)) & ~brain & (away > 4)
    globe, lens = (_ball(grid, (31, f, 0), (r, r, r)) for f, r in ((0, 12), (9, 4)))
    air = _ball(grid, (0, -2, -34), (13, 38, 20)) & (-y < 12) & (np.abs(x) > 2)  # nose
    air |= _ball(grid, (29, -10, -32), (14, 16, 16))  # maxillary sinuses
    air |= _ball(grid, (10, -12, 2), (8, 22, 9)) | _ball(grid, (10, -48, -6), (10, 12, 9))
    air |= _ball(grid, (13, 17, 24), (10, 4, 9))
    air |= (np.hypot(x / 11, (y - 66) / 7) < 1) & (z < -30) & (z > -130)  # throat
    under = ndi.distance_transform_edt(skin, sampling=step)
    fat = (under < 4) | ((under < 5) & (z < 20))
    ventricle = _ball(grid, (9, -75, 48), (8, 38, 12))
    mr, ct = np.zeros(skin.shape, np.float32), np.full(skin.shape, -1000, np.float32)
    for where, t1, hu in (
        (skin, 55, 45), (skin & fat, 110, -60), (bone, 12, 900), (orbit, 115, -80), (globe, 25, 15), (lens, 60, 60),
        (air, 4, -950), ((away <= 3) | stem, 28, 10), (stem & (z < -45), 70, 30), (brain, 68, 35),
        (brain & (into > 6), 95, 32), (ventricle, 28, 8),
    ):  # fmt: skip
        mr[where & skin], ct[where & skin] = t1, hu
    return Head((LOWER[0], LOWER[1], LOWER[2]), step, ct, mr, skin, brain, into, away)
