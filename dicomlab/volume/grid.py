"""From one grid in patient space to another: masks by the nearest voxel, volumes with anti-aliasing."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from dicomlab.volume.series import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

# Samples through a thick slice lie no further apart than this share of the mask's finest voxel edge.
THROUGH = 1.0


def sampled(
    mask: Bools, mask_affine: Floats, geometry_affine: Floats, shape: tuple[int, ...], *, thick: bool = False
) -> Bools:
    """Return a mask on another grid: each voxel has the mask's value nearest to its centre, False outside the mask.

    Parameters
    ----------
    mask, mask_affine
        (slices, rows, columns), and 4 × 4 of its indices to LPS mm.
    geometry_affine, shape
        The grid wanted: (slices, rows, columns) and its affine; (rows, columns) for one frame of `frame_affines`.
    thick
        Look at several points through each slice and set the voxel when the mask is set at any of them; for
        slices thicker than the mask's voxels.
    """
    out = np.zeros(shape if len(shape) == 3 else (1, *shape), dtype=np.bool_)  # noqa: PLR2004
    through = np.linalg.inv(mask_affine) @ geometry_affine
    kept = _bounds(mask)
    if kept is None:
        return out.reshape(shape)
    low, high = kept
    inside = mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    through[:3, 3] -= low
    shifts = np.zeros(1)
    if thick:
        finest = np.linalg.norm(mask_affine[:3, :3], axis=0).min()
        count = max(1, int(np.ceil(np.linalg.norm(geometry_affine[:3, 0]) / (THROUGH * finest) - 1e-6)))
        shifts = (np.arange(count) + 0.5) / count - 0.5
    padded = np.pad(inside, 1)
    for shift in shifts:
        moved = through.copy()
        moved[:3, 3] += moved[:3, 0] * shift
        _gather(padded, moved, out)
    return out.reshape(shape)


def _bounds(mask: Bools) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Return lower and open upper corner of what is set, None when nothing is."""
    flat = np.any(mask, axis=0)
    sets = [np.flatnonzero(a) for a in (np.any(mask, axis=(1, 2)), np.any(flat, axis=1), np.any(flat, axis=0))]
    if not sets[0].size:
        return None
    return np.array([s[0] for s in sets]), np.array([s[-1] + 1 for s in sets])


def _gather(padded: Bools, through: Floats, out: Bools) -> None:
    """Or into `out` the padded mask's nearest voxels; `through` takes indices of `out` to those of the inner mask."""
    size = np.array(padded.shape) - 2
    corners = np.array([[*c, 1.0] for c in product(*((-0.5, n - 0.5) for n in size))])
    back = (np.linalg.inv(through) @ corners.T)[:3]
    low = np.clip(np.floor(back.min(axis=1)).astype(int), 0, out.shape)
    high = np.clip(np.ceil(back.max(axis=1)).astype(int) + 1, 0, out.shape)
    if (low >= high).any():
        return
    ks, rows, columns = (np.arange(a, b, dtype=np.float64) for a, b in zip(low, high, strict=True))
    # +0.5 rounds when truncated, +1 steps over the padding; clipping leads all that lies outside into it.
    row_part = [(through[a, 1] * rows + through[a, 3] + 1.5).astype(np.float32)[:, None] for a in range(3)]
    column_part = [(through[a, 2] * columns).astype(np.float32)[None, :] for a in range(3)]
    planar = [row_part[a] + column_part[a] for a in range(3)]
    strides = (padded.shape[1] * padded.shape[2], padded.shape[2], 1)
    flat = padded.reshape(-1)
    point = np.empty_like(planar[0])
    index, part = (np.empty(point.shape, dtype=np.int32) for _ in range(2))
    for k in ks:
        index.fill(0)
        for a in range(3):
            np.add(planar[a], np.float32(through[a, 0] * k), out=point)
            np.clip(point, 0, size[a] + 1, out=point)
            np.copyto(part, point, casting="unsafe")
            part *= strides[a]
            index += part
        plane = out[int(k), low[1] : high[1], low[2] : high[2]]
        plane |= flat.take(index)


def resampled(volume: Volume, spacing_mm: float, *, fill: float | None = None) -> Volume:
    """Return a volume on an isotropic grid along the patient's axes: slices to the head, rows to the back.

    Linear interpolation after averaging over what one new voxel covers, so that nothing is aliased. The new grid
    covers the old one wholly; `fill` (default: the volume's smallest value) stands outside.
    """
    binned, affine = _binned(volume, spacing_mm)
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    blur = 0.5 * np.sqrt(np.maximum((spacing_mm / steps) ** 2 - 1, 0))
    if (blur > 0.1).any():  # noqa: PLR2004 - of a voxel: no less does anything
        ndimage.gaussian_filter(binned, blur, output=binned, mode="nearest", truncate=3)
    corners = np.array([[*c, 1.0] for c in product(*((-0.5, n - 0.5) for n in volume.array.shape))])
    reach = (volume.affine @ corners.T)[:3]
    low, high = reach.min(axis=1), reach.max(axis=1)
    size = np.ceil((high - low) / spacing_mm - 1e-6).astype(int)
    grid = np.zeros((4, 4))
    grid[[2, 1, 0], [0, 1, 2]] = spacing_mm
    grid[:3, 3] = low + spacing_mm / 2
    grid[3, 3] = 1
    through = np.linalg.inv(affine) @ grid
    array = ndimage.affine_transform(
        binned, through[:3, :3], through[:3, 3], tuple(size[::-1]), np.float32, order=1, mode="nearest", prefilter=False
    )
    # One voxel as large as the volume tells inside from outside, its rim of half a voxel included.
    whole = volume.affine @ np.diag([*volume.array.shape, 1])
    whole[:3, 3] = corners.mean(axis=0)[:3] @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    inside = sampled(np.ones((1, 1, 1), dtype=np.bool_), whole, grid, array.shape)
    array[~inside] = float(volume.array.min()) if fill is None else fill
    return Volume(array, grid, volume.modality, volume.frame_of_reference)


def _binned(volume: Volume, spacing_mm: float) -> tuple[NDArray[np.float32], Floats]:
    """Return means over blocks of whole voxels, at most the new spacing wide, and their affine.

    Blocks that reach over the end repeat the last voxel. One new slice is made at a time.
    """
    array = volume.array
    a, b, c = (max(1, int(spacing_mm / step + 1e-6)) for step in volume.spacing)
    slices, rows, columns = (-(-n // f) for n, f in zip(array.shape, (a, b, c), strict=True))
    out = np.empty((slices, rows, columns), dtype=np.float32)
    ends = ((0, rows * b - array.shape[1]), (0, columns * c - array.shape[2]))
    for k in range(slices):
        block = array[k * a : (k + 1) * a]
        short = a - len(block)
        plane = (block.sum(axis=0, dtype=np.float32) + short * block[-1]) / a
        plane = np.pad(plane, ends, mode="edge").reshape(rows, b, columns, c)
        out[k] = plane.mean(axis=(1, 3))
    affine = volume.affine.copy()
    affine[:3, 3] = (volume.affine @ [(a - 1) / 2, (b - 1) / 2, (c - 1) / 2, 1])[:3]
    affine[:3, :3] *= (a, b, c)
    return out, affine
