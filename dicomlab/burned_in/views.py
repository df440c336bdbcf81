"""Pictures for the network, made of stored samples so that text of any contrast can be seen in one of them.

A plane is what a frame shows: (rows, columns) or (rows, columns, 3), any number type. A picture is (rows, columns, 3)
uint8. One window is not enough: text at the stored maximum hides the anatomy below it and the other way round, faint
text is lost in a window of the whole range, and text that differs in colour only is lost in grey.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.burned_in.networks import Picture
    from dicomlab.pixels import Frames

    Plane = NDArray[Any]
    Level = NDArray[np.float32]

_WIDE, _NARROW = 31, 15  # pixels around one that its local contrast is told from
_FLOOR = 0.004  # share of the range below which a difference is noise of storing
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def planes(frames: Frames, number: int) -> Iterator[Plane]:
    """Yield what frame `number` shows, and for a palette the indices too: text may hide in either."""
    samples = frames.samples(number)
    if frames.palette is not None:
        yield frames.palette.colours(samples)
    elif samples.ndim == 3 and frames.layout.luminance:  # noqa: PLR2004 - with samples
        yield _rgb(samples, frames.layout.bits_stored)
        return
    yield samples


def _rgb(samples: Plane, bits: int) -> Plane:
    """Return Y, Cb, Cr as colours (PS3.3 C.7.6.3.1.2): a picture in them looks strange to a network."""
    middle, most = 1 << (bits - 1), (1 << bits) - 1
    y, cb, cr = (samples[..., k].astype(np.float32) for k in range(3))
    cb -= middle
    cr -= middle
    colours = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    return np.asarray(np.clip(colours, 0, most))


def grey(plane: Plane) -> Level:
    """Return a plane as grey levels."""
    level: Level = plane.astype(np.float32)
    return np.asarray(level @ _LUMA, np.float32) if level.ndim == 3 else level  # noqa: PLR2004 - with colours


def window(level: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Return levels from `low` to `high` as 0 to 255."""
    share = (level.astype(np.float32) - low) * (255 / max(high - low, 1e-6))
    return np.asarray(np.clip(share, 0, 255), np.uint8)


def local(level: Level, around: int) -> NDArray[np.uint8]:
    """Return how far each pixel lies from the mean around it, in deviations around it: 128 is none.

    Faint text on a bright bone and in black air look the same here.
    """
    import cv2  # noqa: PLC0415 - loaded when pixels are looked at, not with the package

    level = level - level.mean()  # squares of large numbers would lose small differences
    mean = cv2.blur(level, (around, around))
    deviation = np.sqrt(np.maximum(cv2.blur(level * level, (around, around)) - mean * mean, 0))
    floor = max(float(np.median(deviation)) / 2, float(np.ptp(level)) * _FLOOR, 1e-3)
    return np.asarray(np.clip(128 + 60 * (level - mean) / (deviation + floor), 0, 255), np.uint8)


def packed(plane: Plane) -> Picture:
    """Return three views of the grey levels as the colours of one picture: the middle of the range, local, whole."""
    level = grey(plane)
    low, high = np.percentile(level, [0.5, 99.5])
    return np.dstack([window(level, low, high), local(level, _WIDE), window(level, level.min(), level.max())])


def whole(plane: Plane) -> Picture:
    """Return the plane as it is, from its least to its greatest value, in its colours if it has some."""
    return thrice(window(plane, float(plane.min()), float(plane.max())))


def relief(plane: Plane, around: int = _NARROW) -> Picture:
    """Return local contrast: of each colour on its own, so that text which differs only in colour stands out."""
    if plane.ndim == 2:  # noqa: PLR2004 - no colours
        return thrice(local(plane.astype(np.float32), around))
    return np.dstack([local(plane[..., k].astype(np.float32), around) for k in range(3)])


def wide_relief(plane: Plane) -> Picture:
    """Return `relief` of what lies further around."""
    return relief(plane, _WIDE)


def negative(plane: Plane) -> Picture:
    """Return `packed` with black and white exchanged."""
    return np.asarray(255 - packed(plane), np.uint8)


def scaled(picture: Picture, factor: float) -> Picture:
    """Return the picture enlarged or reduced."""
    import cv2  # noqa: PLC0415 - as above

    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return picture if factor == 1 else np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=how))


def thrice(level: NDArray[np.uint8]) -> Picture:
    """Return grey levels as a picture of three equal colours; colours as they are."""
    return level if level.ndim == 3 else np.repeat(level[..., None], 3, axis=2)  # noqa: PLR2004
