"""Two simple ways to mark a region, for learning: what they can do, and where they fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

if TYPE_CHECKING:
    from numpy.typing import NDArray


def threshold_mask(samples: NDArray[np.floating], threshold: float, *, open_by: int = 2) -> NDArray[np.bool_]:
    """Return the largest body above a threshold: threshold, opening, largest component, holes filled.

    Fails where the threshold tells nothing apart: in MR the scalp fades with distance from the coil and bone is as
    dark as air; a table that touches the head becomes part of it; it finds the head, never which part is the face.

    Parameters
    ----------
    samples
        (slices, rows, columns), in any unit.
    threshold
        In the same unit; samples above it belong to the body.
    open_by
        Voxels of erosion and dilation that cut thin bridges; 0 leaves them.
    """
    body = samples > threshold
    if open_by:
        body = ndi.binary_opening(body, iterations=open_by)
    labels, count = ndi.label(body)
    if not count:
        return np.zeros(samples.shape, bool)
    filled: NDArray[np.bool_] = ndi.binary_fill_holes(labels == np.bincount(labels.ravel())[1:].argmax() + 1)
    return filled


def region_growing(
    samples: NDArray[np.floating], seed: Sequence[int], tolerance: float, *, most: int | None = None
) -> NDArray[np.bool_]:
    """Return the voxels joined to a seed through neighbours (6) whose values differ from the seed's by no more.

    Fails where two organs touch with like values: it leaks from the eye along the optic nerve into the brain, and a
    tolerance small enough to stop it leaves most of a noisy eye out. A seed in a dark voxel grows the air around.

    Parameters
    ----------
    samples
        (slices, rows, columns), in any unit.
    seed
        Index (slice, row, column).
    tolerance
        In the unit of the samples.
    most
        Stop after so many rings of neighbours; None grows until nothing is left.

    Raises
    ------
    IndexError
        The seed lies outside the volume.
    """
    place = tuple(seed)
    if any(not 0 <= n < size for n, size in zip(place, samples.shape, strict=True)):
        raise IndexError("the seed lies outside the volume; give (slice, row, column) within its shape")
    like = np.abs(samples - samples[place]) <= tolerance
    if most is None:
        labels, _ = ndi.label(like)
        return np.asarray(labels == labels[place])
    grown = np.zeros(samples.shape, bool)
    grown[place] = True
    return np.asarray(ndi.binary_dilation(grown, iterations=most, mask=like)) if most else grown
