"""From a body to the values of a scanner: where slices lie, what surrounds the body, what spoils the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dicomlab.forge.heads.contrasts import BODY, BRAIN, CONTRASTS
from dicomlab.forge.heads.painting import Layers, paint

if TYPE_CHECKING:
    from dicomlab.forge.draw import Draw
    from dicomlab.forge.heads.truth import Matrix

Values = NDArray[np.float32]

# Directions of columns (from column to column) and of rows, in LPS.
PLANES: Mapping[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "axial": ((1, 0, 0), (0, 1, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "oblique": ((1, 0, 0), (0, 1, 0)),
}
_THICK, _PARTS = 2.5, 4  # mm: thicker slices are the mean of thinner ones, of at most four


@dataclass(frozen=True, slots=True)
class Quality:
    """What spoils an image. Noise is in HU, or a share of grey matter's signal; bias and ghost are shares; blur in mm.

    `hair` (mm) and `earphones` are worn by the person.
    """

    noise: float = 0.0
    bias: float = 0.0
    blur: float = 0.0
    ghost: float = 0.0
    hair: float = 0.0
    earphones: bool = False

    @classmethod
    def drawn(cls, draw: Draw, contrast: str) -> Quality:
        """Return the quality of an ordinary scan, now and then with earphones, hair or ghosts."""
        u, rare = draw.uniform, draw.sub("rare")
        hair = rare.uniform(2, 7) if rare.integer(0, 3) == 0 else 0.0
        if contrast == "CT":
            return cls(noise=u(3, 16), blur=u(0.3, 1.2), hair=hair)
        ghost = rare.uniform(0.01, 0.05) if rare.integer(0, 3) == 0 else 0.0
        return cls(noise=u(0.01, 0.06), bias=u(0.05, 0.35), blur=u(0.4, 1.3), ghost=ghost, hair=hair,
                   earphones=rare.integer(0, 4) == 0)  # fmt: skip


def turn(pitch: float, yaw: float, roll: float) -> Matrix:
    """Return the 3x3 rotation in LPS: pitch nods (positive: chin up), yaw turns to its left, roll tilts; degrees."""
    a, b, c = np.deg2rad((-pitch, yaw, roll))
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    about_y = np.array([[np.cos(c), 0, np.sin(c)], [0, 1, 0], [-np.sin(c), 0, np.cos(c)]])
    return np.asarray(about_z @ about_y @ about_x)


def grid(
    points: Matrix,
    plane: str,
    spacing: tuple[float, float, float],
    draw: Draw,
    *,
    cuts: Sequence[tuple[str, Matrix]] = (),
) -> tuple[Matrix, tuple[int, int, int]]:
    """Return affine (index to LPS mm) and size of slices that hold all `points` ((n, 3), LPS), less what is cut.

    A cut is ("top", "bottom" or "front", a point in LPS): nothing lies beyond that point.
    """
    across, down = (np.array(v, float) for v in PLANES[plane])
    if plane == "oblique":
        tilt = turn(draw.uniform(8, 25) * draw.choice((-1, 1)), draw.uniform(-6, 6), draw.uniform(-6, 6))
        across, down = tilt @ across, tilt @ down
    axes = np.stack([np.cross(across, down), down, across])  # slice, row, column
    along = points @ axes.T
    low, high = along.min(0) - 12, along.max(0) + 12
    for side, point in cuts:
        away = np.array({"top": (0, 0, 1), "bottom": (0, 0, -1), "front": (0, -1, 0)}[side])
        axis = int(np.argmax(np.abs(axes @ away)))
        if axes[axis] @ away > 0:
            high[axis] = axes[axis] @ point
        else:
            low[axis] = axes[axis] @ point
    step = np.array(spacing, float)
    count = np.maximum(np.ceil((high - low) / step), 3).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = axes.T * step
    affine[:3, 3] = axes.T @ (low + step / 2)
    return affine, (int(count[0]), int(count[1]), int(count[2]))


def scan(
    layers: Layers, body: Matrix, affine: Matrix, *, size: tuple[int, int, int], contrast: str
) -> tuple[Values, Values, Values]:
    """Return the image, the share of brain and the share of body in each voxel; `body`: 4x4, LPS mm to the body's."""
    step = np.linalg.norm(affine[:3, :3], axis=0)
    parts = min(int(np.ceil(step[0] / _THICK)), _PARTS)
    fine = affine.copy()
    fine[:3, 3] -= affine[:3, 0] * (0.5 - 0.5 / parts)
    fine[:3, 0] /= parts
    width = float((step[0] / parts + step[1] + step[2]) / 3)
    palettes = (CONTRASTS[contrast], BRAIN, BODY)
    made = paint(body @ fine, (size[0] * parts, *size[1:]), layers, palettes, width=width)
    thick = [m.reshape(size[0], parts, *size[1:]).mean(1) if parts > 1 else m for m in made]
    return thick[0], thick[1], thick[2]


def positions(affine: Matrix, size: tuple[int, int, int]) -> list[Values]:
    """Return x, y and z in LPS mm of every voxel."""
    k, i, j = np.ogrid[: size[0], : size[1], : size[2]]
    return [np.asarray(k * a[0] + i * a[1] + j * a[2] + a[3], np.float32) for a in affine[:3]]


def rest(image: Values, body: Values, affine: Matrix, *, back: float, middle: tuple[float, float]) -> Values:
    """Return a CT image with a headrest and a table below the body, whose lowest point lies at y = `back` mm."""
    x, y, z = positions(affine, (image.shape[0], image.shape[1], image.shape[2]))
    out, free = image.copy(), body < 0.5  # noqa: PLR2004 - half a voxel
    radius = 125.0
    height = y - (back + 9 - radius)
    ring = np.abs(np.hypot(x - middle[0], height) - radius)
    bowl = (height > 20) & (z > middle[1] - 130)  # noqa: PLR2004 - mm: how far up the shell reaches
    shell = bowl & (ring < 1.8)  # noqa: PLR2004 - mm: half of the shell's thickness
    pad = bowl & (np.hypot(x - middle[0], height) < radius) & (np.hypot(x - middle[0], height) > radius - 9)
    slab, lid = np.abs(y - back - 34), np.abs(x - middle[0]) < 200  # noqa: PLR2004
    for where, value in ((pad, -930), (shell, 160), (lid & (slab < 14), -900), (lid & (np.abs(slab - 14) < 1.2), 60)):  # noqa: PLR2004
        out[where & free] = value
    return out


def spoiled(image: Values, affine: Matrix, contrast: str, *, quality: Quality, draw: Draw) -> NDArray[np.int16]:
    """Return whole values after blur, bias field, ghosts and noise."""
    step = np.linalg.norm(affine[:3, :3], axis=0)
    seed = draw.integer(0, 2**62)
    noise = np.random.Generator(np.random.PCG64(seed))
    out = ndimage.gaussian_filter(image, quality.blur / 2.355 / step, truncate=3) if quality.blur else image
    if contrast == "CT":
        out = out + noise.standard_normal(out.shape, np.float32) * np.float32(quality.noise)
        return np.asarray(np.clip(np.rint(out), -1024, 3071), np.int16)
    if contrast == "PET":
        out = ndimage.gaussian_filter(out, 5.5 / 2.355 / step, truncate=3) * 1000
        out = out + noise.standard_normal(out.shape, np.float32) * np.sqrt(np.maximum(out, 25)) * 2
        return np.asarray(np.clip(np.rint(out), 0, 32767), np.int16)
    if quality.bias:
        out = out * _bias(affine, out.shape, draw.sub("bias")) ** np.float32(quality.bias)
    if quality.ghost:
        out = out + np.float32(quality.ghost) * np.roll(out, out.shape[1] // 2, axis=1)
    sigma = np.float32(quality.noise * CONTRASTS[contrast]["grey"])
    real = out + noise.standard_normal(out.shape, np.float32) * sigma
    return np.asarray(np.rint(np.hypot(real, noise.standard_normal(out.shape, np.float32) * sigma)), np.int16)


def _bias(affine: Matrix, size: tuple[int, ...], draw: Draw) -> Values:
    """Return a smooth field about 1, brighter near coils placed anywhere around."""
    x, y, z = positions(affine, (size[0], size[1], size[2]))
    middle = affine @ [*((n - 1) / 2 for n in size), 1]
    x, y, z = (axis - np.float32(m) for axis, m in zip((x, y, z), middle[:3], strict=True))
    field = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
    for _ in range(3):
        cx, cy, cz = (draw.uniform(-160, 160) for _ in range(3))
        field += np.float32(1.2) / (1 + ((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) / np.float32(140.0**2))
    return np.asarray(field / field.mean(), np.float32)
