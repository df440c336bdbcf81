"""Bodies painted onto a grid of voxels, block by block, so that shapes far from a block cost nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomlab.forge.shapes import FAR, Field, Points, share

Layers = Callable[[Points], Iterator[tuple[str, Field]]]
"""Tissues of a body, each painted over those before: points in mm to (name, signed distance)."""
_EDGE = 24  # voxels of a block: few enough for the processor's cache, many enough for a call of numpy to pay
Volumes = tuple[NDArray[np.float32], ...]


def paint(
    to_body: NDArray[np.floating[Any]],
    size: tuple[int, int, int],
    layers: Layers,
    palettes: Sequence[Mapping[str, float]],
    *,
    width: float,
) -> Volumes:
    """Return one float32 array (slices, rows, columns) per palette.

    Parameters
    ----------
    to_body
        4x4: index (slice, row, column) to mm in the body's own axes (a head: RAS, anterior commissure at 0).
    size
        Slices, rows, columns.
    layers
        What is painted, such as `anatomy.head(shape)`.
    palettes
        Value of each tissue, and of "outside"; a tissue that a palette lacks leaves its volume as it is.
    width
        Surfaces are blended over so many mm, as voxels of that size do; 1e-3 for hard edges.
    """
    out = tuple(np.full(size, palette["outside"], np.float32) for palette in palettes)
    starts = [range(0, n, _EDGE) for n in size]
    for corner in ((k, i, j) for k in starts[0] for i in starts[1] for j in starts[2]):
        place = tuple(slice(c, min(c + _EDGE, n)) for c, n in zip(corner, size, strict=True))
        axes = [np.arange(s.start, s.stop, dtype=np.float32) for s in place]
        k, i, j = np.meshgrid(*axes, indexing="ij", sparse=True)
        x, y, z = ((k * a[0] + i * a[1] + j * a[2] + a[3]).astype(np.float32) for a in to_body[:3])
        blocks = [volume[place] for volume in out]
        for tissue, field in layers(Points(x, y, z).boxed()):
            if field is FAR:
                continue
            inside = share(field, width)
            if not inside.any():
                continue
            for block, palette in zip(blocks, palettes, strict=True):
                if tissue in palette:
                    block += inside * (palette[tissue] - block)  # noqa: PLW2901 - in place, in the volume
    return out
