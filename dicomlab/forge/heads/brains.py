"""The brain: hemispheres with folds, cerebellum, stem, ventricles. Axes and size as in `anatomy`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dicomlab.forge.shapes import FAR, Field, Points, capsule, carve, ellipsoid, join, meet

if TYPE_CHECKING:
    from dicomlab.forge.heads.anatomy import HeadShape

Parts = tuple[Field, Field, Field]
_WAVES, _GOLDEN = 9, 2.399963


def brain_parts(m: Points, p: Points) -> Parts:
    """Return cerebrum, cerebellum, and stem with cord, without folds; `m` holds mirrored points."""
    cerebrum = join(ellipsoid(p, (0, 4, 19), (62, 67, 57)), ellipsoid(m, (5, -34, 17), (63, 70, 60)), blend=16)
    cerebrum = carve(cerebrum, ellipsoid(p, (0, -66, -58), (74, 62, 44)), blend=6)
    cerebrum = carve(cerebrum, ellipsoid(p, (0, 44, -62), (60, 70, 38)), blend=8)
    temporal = join(ellipsoid(m, (43, 2, -25), (23, 26, 21)), ellipsoid(m, (46, -28, -18), (23, 38, 25)), blend=12)
    cerebellum = join(ellipsoid(m, (26, -62, -40), (32, 32, 22)), ellipsoid(p, (0, -60, -34), (14, 28, 24)), blend=6)
    stem = join(capsule(p, (0, -20, -4), (0, -26, -24), 16, 15), ellipsoid(p, (0, -25, -33), (18, 14, 16)),
                capsule(p, (0, -34, -44), (0, -46, -78), 10, 7), capsule(p, (0, -46, -78), (0, -50, -300), 5.5),
                blend=6)  # fmt: skip
    return join(cerebrum, temporal, blend=5), cerebellum, stem


def cranial_space(p: Points, parts: Parts) -> Field:
    """Return the inside of the skull: the brain with the fluid around it, its fissures filled."""
    fill = join(ellipsoid(p, (0, -56, -22), (54, 46, 36)), ellipsoid(p, (0, -6, -12), (46, 34, 24)), blend=8)
    space = join(*parts, fill, blend=8)
    return space if space is FAR else space - 1.5


def brain_layers(p: Points, m: Points, s: HeadShape, parts: Parts, *, space: Field) -> Iterator[tuple[str, Field]]:
    """Yield the layers of the brain inside the cranial `space`: grey, white, ventricle."""
    cerebrum, cerebellum, stem = parts
    whole = join(cerebrum, cerebellum)
    if whole is FAR:
        yield "white", stem
        return
    whole = whole + 1.5 * s.atrophy
    depth, small = -whole, np.asarray(cerebellum < cerebrum)
    folds = _folds(p, small, s)
    flat = Points(p.x * 0.22, p.y, p.z)
    flat = flat.boxed() if p.box else flat
    callosum = join(capsule(flat, (0, 28, -2), (0, 31, 8), 4), capsule(flat, (0, 31, 8), (0, 10, 25), 5, 4),
                    capsule(flat, (0, 10, 25), (0, -18, 27), 4), capsule(flat, (0, -18, 27), (0, -37, 16), 4, 6),
                    )  # fmt: skip
    middle = ellipsoid(p, (0, -16, -2), (40, 22, 15))
    fissure = np.maximum(m.x - 0.6 - s.atrophy, -join(callosum, middle, cerebellum + 1, stem))
    sulci = meet(folds - 0.55 - 1.6 * s.atrophy, depth - np.where(small, 6, 20))
    sylvian = meet(np.abs(m.z - 0.35 * (m.y + 10) + 2) - 1.2 - s.atrophy, 44 - m.x)
    cortex = carve(carve(carve(whole, sulci, blend=1), fissure, blend=1.5), sylvian, blend=1.5)
    yield "grey", join(cortex, stem)
    ribbon = np.where(depth < np.where(small, 9, 22), 3.4 - folds * np.where(small, 1.6, 1.0), -1.0)
    white = np.maximum(np.maximum(whole + 3.0, ribbon), 2.8 - fissure)
    nuclei = join(ellipsoid(m, (11, -14, 8), (9, 15, 9)), ellipsoid(m, (24, 4, 3), (8, 18, 11)),
                  ellipsoid(m, (13, 16, 10), (5, 10, 9)))  # fmt: skip
    yield "white", join(carve(white, nuclei), stem + 1, callosum)
    if space is not FAR:
        yield "ventricle", meet(_ventricles(m, p, s), space + 3)


def _folds(p: Points, small: np.ndarray, s: HeadShape) -> Field:
    """Return about the distance (mm) from the middle of the nearest sulcus, or of a leaf of the cerebellum.

    Sulci are where a sum of waves in all directions is 0: a labyrinth. Each wave is constant along the
    radii of a hemisphere, so that sulci go straight down.
    """
    x, y, z = np.abs(p.x) - 26, p.y + 16, p.z - 14
    out = 62.0 / np.sqrt(x * x + y * y * 0.55 + z * z + 80)
    x, y, z = x * out + 9 * np.sign(p.x), y * out * 0.75, z * out
    wave = np.zeros_like(x)
    for n in range(_WAVES):
        up = 1 - (2 * n + 1) / _WAVES
        level, turn, k = float(np.sqrt(1 - up * up)), _GOLDEN * n, 0.245 + 0.012 * (n % 4)
        a, b = k * level * float(np.cos(turn)), k * level * float(np.sin(turn))
        wave += np.sin(a * x + b * y + k * up * z + s.phases[n % 6] + n)
    leaves = np.abs(np.sin(0.95 * (p.z + 0.45 * (p.y + 60)) + 0.4 * np.sin(0.15 * p.x))) * 1.5
    return np.asarray(np.where(small, leaves, np.abs(wave) * 1.9))


def _ventricles(m: Points, p: Points, s: HeadShape) -> Field:
    g = 1 + 0.9 * s.atrophy
    horns = join(
        capsule(m, (11, 30, 8), (9, 4, 20), 4 * g, 5 * g), capsule(m, (9, 4, 20), (15, -26, 23), 4.5 * g, 5 * g),
        capsule(m, (15, -26, 23), (28, -42, 8), 5 * g, 6 * g), capsule(m, (28, -42, 6), (31, -12, -20), 4 * g, 2.2),
        capsule(m, (28, -44, 8), (24, -66, 6), 4 * g, 2), blend=4,
    )  # fmt: skip
    return join(horns, ellipsoid(p, (0, -10, 2), (2 * g, 15, 11)), ellipsoid(p, (0, -42, -33), (6 * g, 5, 9)),
                capsule(p, (0, -28, -8), (0, -38, -24), 1.6))  # fmt: skip
