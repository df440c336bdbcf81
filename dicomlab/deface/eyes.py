"""Two balls in their sockets: eyes found near where a drawn head has them, whatever the contrast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

from dicomlab.deface.head import EYES_APART_MM, LOWER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

# How far (mm) eyes may lie from where the drawn head has them: up or down, forward or back, to the side.
_REACH = (28.0, 18.0, 10.0)
_USUAL, _LOWER = (16.0, 10.0, 6.0), 5.0  # a child's lie lower below its skull than an adult's: in between
_STANDING_OUT = 8.0
# Above and below, a small child's flat socket ends at once: it is looked at to the sides and behind.
_BALL_MM, _SOCKET_MM, _FLAT_MM = 9.0, (11.5, 17.0), 7.0
_HARD = 80.0  # HU: bone; a socket of it is as unlike a ball of water as one of fat


def eyes(samples: Samples, step: float, *, ct: bool) -> tuple[tuple[float, float, float], float]:
    """Return the point between the eyeballs (head mm: x, y, z) and how clearly they stand out.

    A ball of even values in a socket of others, on both sides at nearly the same place: water among
    fat and bone in CT, brighter or darker in MR. Clearness is the difference in units of its spread, both eyes
    together, less a penalty for lying far from where the drawn head has its eyes.

    Parameters
    ----------
    samples
        (z, y, x) on the box of the head, every `step` mm; NaN outside the field of view.
    """
    middle = [round(-low / step) for low in LOWER]
    high, deep, wide = (round((reach + 20) / step) for reach in (_REACH[0], _REACH[1], EYES_APART_MM / 2 + _REACH[2]))
    part = samples[
        middle[0] - high : middle[0] + high + 1, middle[1] - deep : middle[1] + deep + 1,
        middle[2] - wide : middle[2] + wide + 1,
    ]  # fmt: skip
    if not np.isfinite(part).any():
        return (0.0, 0.0, 0.0), -1.0
    low, top = (-150.0, 100.0) if ct else (0.0, float(np.nanpercentile(samples, 98)))
    part = np.where(part > _HARD, low, part) if ct else part
    value = np.nan_to_num((np.clip(part, low, top) - low) / (top - low + 1e-6), nan=0)
    value = value / max(1e-3, float(value.std()))
    contrast, lines = _contrast(value, step), [(np.arange(n) - n // 2) * step for n in value.shape]
    z, y, x = np.meshgrid(*lines, indexing="ij", sparse=True)
    side = np.abs(x) - EYES_APART_MM / 2
    odd = 0.35 * (((z + _LOWER) / _USUAL[0]) ** 2 + (y / _USUAL[1]) ** 2 + (side / _USUAL[2]) ** 2)
    odd = np.where((np.abs(z) > _REACH[0]) | (np.abs(y) > _REACH[1]) | (np.abs(side) > _REACH[2]), np.inf, odd)
    best, place = -np.inf, (0, 0, 0)
    for sign in (1,) if ct else (1, -1):
        # The other eye may lie 4 mm off where a mirror would put it.
        both = sign * contrast + ndi.maximum_filter(sign * contrast, 5)[:, :, ::-1] - 2 * odd
        if both.max() > best:
            best, place = float(both.max()), np.unravel_index(both.argmax(), both.shape)
    behind = float(lines[1][place[1]])
    if behind < -_STANDING_OUT:  # a sinus or a cheek: no eyeball stands out so far before its socket
        best = -1.0
    return (0.0, behind, float(lines[0][place[0]])), best


def _contrast(value: Samples, step: float) -> Samples:
    reach = int(_SOCKET_MM[1] // step)
    line = np.arange(-reach, reach + 1) * step
    z, y, x = np.meshgrid(line, line, line, indexing="ij", sparse=True)
    far = np.sqrt(z * z + y * y + x * x)
    ball, socket = far < _BALL_MM, (far > _SOCKET_MM[0]) & (far < _SOCKET_MM[1])
    socket &= (np.abs(z) < _FLAT_MM) & (y > -5)  # noqa: PLR2004 - no lids
    (inner, spread), (outer, spread_out) = (_mean_and_variance(value, part) for part in (ball, socket))
    return np.asarray((inner - outer) / np.sqrt(spread + 0.3 * spread_out + 0.02), np.float32)


def _mean_and_variance(value: Samples, part: NDArray[np.bool_]) -> tuple[Samples, Samples]:
    kernel = (part / part.sum()).astype(np.float32)[::-1, ::-1, ::-1]
    from scipy.signal import fftconvolve  # noqa: PLC0415 - half a second that everything else would pay

    mean, square = (fftconvolve(v, kernel, mode="same") for v in (value, value * value))
    return mean, np.maximum(square - mean * mean, 0)
