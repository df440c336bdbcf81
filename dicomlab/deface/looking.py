"""A volume on a coarse grid along patient space, and the inside of its skin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi
from skimage.filters import threshold_otsu

from dicomlab.deface.placing import Grid, grid_affine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.volume import Volume

STEP_MM = 2.0
_HU = (-1000.0, 1000.0)  # the range of Hounsfield units that is told apart
_FAINT = 0.002  # of the brightest in PET: what is darker is air


def grounded(volume: Volume) -> Volume:
    """Return the volume with its air at about 0: an MR's values may be stored from any number upwards."""
    low = float(np.percentile(volume.array[::4, ::4, ::4], 1))
    return volume if volume.modality == "CT" or not low else replace(volume, array=volume.array - np.float32(low))


def gridded(volume: Volume, step: float = STEP_MM) -> Grid:
    """Return the volume every `step` mm along patient space; NaN outside the field of view."""
    thin, affine = binned(volume.array, volume.affine, step)
    corners = np.array(np.meshgrid(*((-0.5, n - 0.5) for n in thin.shape), indexing="ij")).reshape(3, -1)
    places = affine[:3, :3] @ corners + affine[:3, 3:]
    lower, upper = places.min(axis=1)[::-1], places.max(axis=1)[::-1]
    shape = np.maximum(2, np.ceil((upper - lower) / step)).astype(int)
    origin = lower + (upper - lower - (shape - 1) * step) / 2
    return Grid(along(thin, affine, grid_affine(origin, step), tuple(shape)), origin, step)


def along(
    array: NDArray[np.float32], affine: NDArray[np.float64], wanted: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return samples of an array at the places of another grid, linearly; NaN where there are none."""
    across = np.linalg.inv(affine) @ wanted
    # Half a sample beyond the outer centres still belongs to the field of view: a thick slice reaches that far.
    padded = np.pad(array, 1, mode="edge")
    turn, start = across[:3, :3], across[:3, 3] + 1
    return np.asarray(ndi.affine_transform(padded, turn, start, tuple(shape), np.float32, order=1, cval=np.nan))


def binned(
    array: NDArray[np.float32], affine: NDArray[np.float64], step: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return means over whole blocks of samples as long as a block stays under `step`, and the affine of the blocks."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    factor = np.maximum(1, np.floor(step / spacing + 0.1)).astype(int)
    factor = np.minimum(factor, array.shape)
    if (factor == 1).all():
        return array, affine
    k, i, j = (n // f * f for n, f in zip(array.shape, factor, strict=True))
    blocks = array[:k, :i, :j].reshape(k // factor[0], factor[0], i // factor[1], factor[1], j // factor[2], factor[2])
    moved = affine.copy()
    moved[:3, 3] += affine[:3, :3] @ ((factor - 1) / 2)
    moved[:3, :3] = affine[:3, :3] * factor
    return blocks.mean(axis=(1, 3, 5), dtype=np.float32), moved


def skin_threshold(
    samples: NDArray[np.float32], modality: str, *, faint: bool = False, skin_ct_hu: float = -300, skin_mr: float = 0.45
) -> float:
    """Return the value above which a sample is no air, infinite where there is nothing else.

    CT: fixed. MR: a part of the way from air to Otsu's threshold; where skin is `faint` beside the brain, as with fat
    suppressed, twice the air's median but no less than a quarter of it. PET: Otsu's of the logarithms, as a brain
    outshines all skin.
    """
    if modality == "CT":
        return skin_ct_hu
    some = samples[np.isfinite(samples)]
    if modality == "PT":
        floor = _FAINT * float(np.percentile(some, 99.5)) if some.size else 0.0
        return float(np.expm1(threshold_otsu(np.log1p(np.maximum(some, 0) / floor))) * floor) if floor > 0 else np.inf
    lit = some[some > some.max() * 0.001]
    if not lit.size:
        return np.inf
    otsu = float(threshold_otsu(np.clip(lit, 0, np.percentile(lit, 98))))
    # Noise and ghosts lift the air; where there is none to be seen it is taken for 0.
    air, usual, dark = some[some < otsu / 2], skin_mr * otsu, some[some < skin_mr * otsu / 2]
    if faint and dark.size:
        return min(usual, max(2 * float(np.median(dark)), usual / 4))
    return usual + (1 - skin_mr) * (float(np.percentile(air, 25)) if air.size else 0.0)


def skin_inside(samples: NDArray[np.float32], threshold: float, step: float) -> NDArray[np.bool_]:
    """Return the largest body in a volume without its table: opened, one component, holes and gaps closed."""
    solid = ndi.gaussian_filter(np.nan_to_num(samples, nan=-1e4), 0.7 * 1.5 / step) > threshold
    solid = ndi.binary_opening(solid, iterations=max(1, round(2.5 / step)))
    labels, count = ndi.label(solid)
    if not count:
        return np.zeros(samples.shape, bool)
    solid = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1
    turns = max(1, round(6 / step))
    closed = ndi.binary_closing(np.pad(solid, turns), iterations=turns)[turns:-turns, turns:-turns, turns:-turns]
    return np.asarray(closed | solid)


def scaled(samples: NDArray[np.float32], modality: str) -> NDArray[np.float32]:
    """Return samples as 0..1 for comparing, -1 where there are none; PET by its roots, so that skin counts too."""
    low, high = _HU if modality == "CT" else (float(np.nanpercentile(samples, p)) for p in (1, 99.5))
    value = np.clip((samples - low) / max(high - low, 1e-6), 0, 1)
    return np.asarray(np.nan_to_num(np.sqrt(value) if modality == "PT" else value, nan=-1), np.float32)
