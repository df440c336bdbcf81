"""A head's skin as it is seen from seven sides: rays cast through a volume, shaded by the slope of what they meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi
from scipy.spatial.transform import Rotation

from dicomlab.deface.looking import gridded, skin_inside, skin_threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.volume import Volume

# Turn about the patient's long axis, then nod, in degrees: where the viewer stands.
VIEWS = {
    "front": (0.0, 0.0), "left 45": (-45.0, 0.0), "right 45": (45.0, 0.0), "left": (-90.0, 0.0), "right": (90.0, 0.0),
    "up": (0.0, 30.0), "down": (0.0, -30.0),
}  # fmt: skip
STRIP_MM, _RIM = 2.0, 2  # mm per pixel of a strip; its pixels above a head
_LIGHT = np.array([0.15, 0.35, 1.0]) / np.linalg.norm([0.15, 0.35, 1.0])


def turned(inside: NDArray[np.bool_], view: str) -> NDArray[np.bool_]:
    """Return a body (z, y, x) turned so that the viewer of `view` looks along +y; the box grows to hold it."""
    yaw, nod = VIEWS[view]
    if yaw == nod == 0:
        return inside
    matrix = Rotation.from_euler("zx", [yaw, nod], degrees=True).as_matrix()[::-1, ::-1]
    size = np.array(inside.shape)
    shape = np.ceil(np.abs(matrix) @ size).astype(int)
    offset = (size - 1) / 2 - matrix.T @ (shape - 1) / 2
    found = ndi.affine_transform(inside.astype(np.uint8) * 100, matrix.T, offset, tuple(shape), order=1)
    return np.asarray(found > 50)  # noqa: PLR2004 - half


def depths(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return (z, x) how many samples along +y a ray travels before it meets the body; infinite where it meets none."""
    return np.where(inside.any(axis=1), inside.argmax(axis=1), np.inf).astype(np.float32)


def shaded(depth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return depths as a picture (rows from the top of the head, columns), 0 where there is nothing."""
    met = np.isfinite(depth)
    smooth = ndi.gaussian_filter(np.where(met, depth, depth[met].max() if met.any() else 0), 0.7)
    up, across = np.gradient(smooth)
    normal = np.stack([-across, -up, np.ones_like(smooth)])
    light = np.clip((normal * _LIGHT[:, None, None]).sum(axis=0) / np.linalg.norm(normal, axis=0), 0, 1)
    return np.asarray(255 * np.where(met, 0.1 + 0.9 * light, 0), np.uint8)[::-1]


def rendering(volume: Volume, view: str, *, step: float = 2.0) -> NDArray[np.uint8]:
    """Return a picture (rows, columns) of the skin, one pixel every `step` mm.

    Parameters
    ----------
    volume
        Any modality; it is left alone.
    view
        One of `VIEWS`.
    step
        mm per pixel.

    Raises
    ------
    KeyError
        There is no such view.
    """
    grid = gridded(volume, step)
    inside = skin_inside(grid.samples, skin_threshold(grid.samples, volume.modality), step)
    return shaded(depths(turned(inside, view)))


def strip(volume: Volume, side: int = 128) -> NDArray[np.uint8]:
    """Return the skin from all seven sides beside each other: one row of square pictures in the order of `VIEWS`.

    Parameters
    ----------
    volume
        A head, any modality; give the one without its face wherever others may see the picture.
    side
        Pixels of each square's side; one is `STRIP_MM` mm.
    """
    grid = gridded(volume, STRIP_MM)
    inside = skin_inside(grid.samples, skin_threshold(grid.samples, volume.modality), STRIP_MM)
    return np.hstack([_squared(shaded(depths(turned(inside, view))), side) for view in VIEWS])


def _squared(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return a picture cut or padded to a square: the body's top at its upper edge, its middle in the middle."""
    out = np.zeros((side, side), np.uint8)
    rows, columns = (np.nonzero(picture.any(axis=axis))[0] for axis in (1, 0))
    if rows.size:
        middle = int(columns[0] + columns[-1] + 1) // 2
        left = max(0, middle - side // 2)
        part = picture[rows[0] :, left : middle + side // 2][: side - _RIM, :side]
        start = max(0, side // 2 - middle)
        out[_RIM : _RIM + part.shape[0], start : start + part.shape[1]] = part
    return out
