"""How well a face was removed: rays from the front, the eyes, the brain, and all that should have stayed.

A volume is looked at upright and from the front: on a grid of `STEP` mm whose axes are z (up), y (to the
back) and x (to the left), a ray runs along y for every (z, x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

if TYPE_CHECKING:
    from dicomlab.forge.heads.truth import Landmarks, Matrix, SyntheticHead, Truth

Mask = NDArray[np.bool_]
Values = NDArray[np.float32]

STEP = 1.5  # mm
_REMOVED = 0.8  # share of the first millimetres of a ray that must be gone
_FACE_MM, _EYE_MM, _EYE_RADIUS, _CLOSE_MM, _CORE_MM, _DEEPEST = 6.0, 18.0, 12.0, 5.0, 3.0, 70.0
_CT_SKIN = -300.0  # HU
_EDGE_MM = 4.5  # a body that begins so near the edge of the field of view is cut by it


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares in per cent, and a count of voxels. A face well removed: 100, 100, 0, 0, 0, little, 0."""

    face_pct: float
    eye_pct: float
    still_within5mm_pct: float
    brain_alt_pct: float
    brain_core_pct: float
    removed_head_pct: float
    outside_changed: int


def score(head: SyntheticHead, after: NDArray[np.generic], mask: Mask) -> Scores:
    """Return how well `after` hides the face of a head.

    Parameters
    ----------
    head
        Before, with its truth.
    after
        Values after, of the same shape.
    mask
        Boolean, of the same shape: what was removed.

    Raises
    ------
    ValueError
        When the volume is no head.
    """
    if head.truth is None:
        raise ValueError(f"{head.name} is no head: there is no face whose removal could be scored")
    before = head.array.astype(np.float32)
    to_index, size, origin = front_grid(head.affine, head.array.shape, head.truth.upright)
    low = float(before.min())
    seen = along(before, to_index, size, low)
    gone = along(mask.astype(np.float32), to_index, size, 0.0, order=0) > 0.5  # noqa: PLR2004
    # What lies outside the field of view is in no image, though a body's closed gaps may reach there.
    view = along(np.ones(mask.shape, np.float32), to_index, size, 0.0, order=0) > 0.5  # noqa: PLR2004
    threshold = skin_threshold(seen, ct=head.contrast == "CT")
    body = solid(seen, threshold)
    left = along(after.astype(np.float32), to_index, size, low)
    depth, depth_after = first(body), first(solid(np.where(gone, low, left), threshold))
    flesh = cut_open(depth, to_index, mask.shape)
    face, eyes = (wanted & ~flesh for wanted in rays(depth, origin, head.truth.landmarks))
    brain, core = altered(mask, head.truth, head.spacing)
    return Scores(
        removed(face, depth, gone | ~view, _FACE_MM), removed(eyes, depth, gone | ~view, _EYE_MM),
        close(face, depth, depth_after),
        brain, core, percent(gone & body, body), int(np.count_nonzero((head.array != after) & ~mask)),
    )  # fmt: skip


def front_grid(
    affine: Matrix, size: tuple[int, ...], upright: Matrix
) -> tuple[Matrix, tuple[int, int, int], tuple[float, float, float]]:
    """Return the grid that holds a volume upright: 4x4 grid index to volume index, its size, its first (z, y, x)."""
    corners = np.array([(a, b, c, 1) for a in (-0.5, size[0] - 0.5) for b in (-0.5, size[1] - 0.5)
                        for c in (-0.5, size[2] - 0.5)]).T  # fmt: skip
    places = (upright @ affine @ corners)[2::-1]
    low, high = places.min(1), places.max(1)
    count = np.ceil((high - low) / STEP).astype(int)
    grid = np.zeros((4, 4))
    grid[:3, 3] = (low + STEP / 2)[::-1]
    grid[3, 3] = 1
    grid[[2, 1, 0], [0, 1, 2]] = STEP
    z, y, x = (float(v) + STEP / 2 for v in low)
    return np.linalg.inv(upright @ affine) @ grid, (int(count[0]), int(count[1]), int(count[2])), (z, y, x)


def along(array: Values, to_index: Matrix, size: tuple[int, int, int], outside: float, *, order: int = 1) -> Values:
    """Return a volume resampled onto a grid."""
    moved = ndimage.affine_transform(
        array, to_index[:3, :3], to_index[:3, 3], output_shape=size, order=order, cval=outside, output=np.float32
    )
    return np.asarray(moved)


def skin_threshold(values: Values, *, ct: bool) -> float:
    """Return the value that parts body and air: -300 HU, for others 0.45 of Otsu's threshold of what is not dark."""
    if ct:
        return _CT_SKIN
    bright = values[values > values.max() * 0.001]
    return float(threshold_otsu(np.clip(bright, 0, np.percentile(bright, 98))) * 0.45)


def solid(values: Values, threshold: float) -> Mask:
    """Return the largest body above a threshold, without what is thin, its narrow gaps closed."""
    rough = ndimage.gaussian_filter(values, 0.7) > threshold
    rough = ndimage.binary_opening(rough, iterations=2)
    labels, count = ndimage.label(rough)
    if not count:
        return np.asarray(rough, bool)
    largest = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1
    closed = ndimage.binary_closing(np.pad(largest, 6), iterations=4)[6:-6, 6:-6, 6:-6]
    return np.asarray(closed | largest, bool)


def first(body: Mask) -> Values:
    """Return for each ray (z, x) the index along y at which it meets the body; NaN where it does not."""
    return np.where(body.any(1), body.argmax(1), np.nan).astype(np.float32)


def rays(depth: Values, origin: tuple[float, float, float], marks: Landmarks) -> tuple[Mask, Mask]:
    """Return which rays meet the face and, of these, which meet an eye: both of shape (z, x)."""
    z = (origin[0] + STEP * np.arange(depth.shape[0]))[:, None]
    x = (origin[2] + STEP * np.arange(depth.shape[1]))[None, :] - marks.mid
    face = (z <= marks.brow) & (z >= marks.bot) & (np.abs(x) <= marks.hw) & np.isfinite(depth)
    if face.any():
        face &= (depth - np.nanmin(depth[face])) * STEP <= _DEEPEST
    return face, face & (np.hypot(np.abs(x) - marks.eye_dx, z - marks.eye_z) < _EYE_RADIUS)


def cut_open(depth: Values, to_index: Matrix, shape: tuple[int, ...]) -> Mask:
    """Return which rays (z, x) meet flesh, not skin: the field of view ends there, below the head or beside it.

    A field of view that ends in front of the head cuts a nose, and the rays still meet a face.
    """
    z, x = np.nonzero(np.isfinite(depth))
    place = (to_index @ np.stack([x * 0.0 + z, depth[z, x], x, np.ones(len(z))]))[:3]
    spacing = STEP * np.linalg.norm(np.linalg.inv(to_index)[:3, :3], axis=0)[:, None]
    edge = np.minimum(place, np.array(shape)[:, None] - 1 - place) * spacing
    front = np.argmax(np.abs(to_index[:3, 1]) * spacing[:, 0])
    found = np.zeros(depth.shape, bool)
    found[z, x] = np.delete(edge, front, axis=0).min(axis=0) < _EDGE_MM
    return found


def removed(wanted: Mask, depth: Values, gone: Mask, millimetres: float) -> float:
    """Return the per cent of wanted rays of whose first millimetres at least 80 % are gone; NaN without rays."""
    z, x = np.nonzero(wanted)
    if not len(z):
        return float("nan")
    start = depth[z, x].astype(int)
    count = max(1, round(millimetres / STEP))
    steps = [gone[z, np.minimum(start + n, gone.shape[1] - 1), x] for n in range(count)]
    return float(100 * np.mean(np.mean(steps, 0) >= _REMOVED))


def close(face: Mask, before: Values, after: Values) -> float:
    """Return the per cent of face rays that still meet a surface within 5 mm of where they did."""
    near = np.abs(after - before) * STEP < _CLOSE_MM
    return percent(face & near, face)


def altered(mask: Mask, truth: Truth, spacing: tuple[float, float, float]) -> tuple[float, float]:
    """Return the per cent of the brain that was removed, and of its core more than 3 mm inside."""
    core = ndimage.distance_transform_edt(truth.brain, sampling=spacing) > _CORE_MM
    return percent(mask & truth.brain, truth.brain), percent(mask & core, core)


def percent(part: Mask, whole: Mask) -> float:
    """Return how many per cent of `whole` lie in `part`; NaN when there is nothing."""
    count = int(np.count_nonzero(whole))
    return 100 * int(np.count_nonzero(part)) / count if count else float("nan")
