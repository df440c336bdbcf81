"""Noise, clouds and edges: what textures of tissue, film and screens are made of. Arrays are float32."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.forge.draw import Draw

    Plane = NDArray[np.float32]

_TILE = 384


def grain(draw: Draw, shape: tuple[int, int], sigma: float, *, blur: float = 0.0) -> Plane:
    """Return bell-shaped noise of standard deviation `sigma`, smoothed by `blur` pixels; large planes repeat a tile."""
    rows, columns = shape
    tile = draw.noise((min(rows, _TILE), min(columns, _TILE)), 1.0).astype(np.float32)
    if blur:
        tile = cv2.GaussianBlur(tile, (0, 0), blur, borderType=cv2.BORDER_REFLECT_101)
        tile /= max(float(tile.std()), 1e-6)
    reps = (-(-rows // tile.shape[0]), -(-columns // tile.shape[1]))
    return np.asarray(np.tile(tile, reps)[:rows, :columns] * np.float32(sigma))


def clouds(draw: Draw, shape: tuple[int, int], scale: float, *, octaves: int = 3) -> Plane:
    """Return smooth random relief from 0 to 1 whose largest features measure `scale` pixels."""
    rows, columns = shape
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        step = scale / 2**octave
        small = draw.sub("octave", str(octave)).noise((int(rows / step) + 4, int(columns / step) + 4), 1.0)
        large = cv2.resize(small.astype(np.float32), None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += large[int(step) : int(step) + rows, int(step) : int(step) + columns] / np.float32(2**octave)
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6))


def clipped(levels: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Return levels between 0 and 1: what lies beyond is cut off."""
    return np.asarray(np.clip(levels, 0, 1), np.float32)


def grid(shape: tuple[int, int]) -> tuple[Plane, Plane]:
    """Return x and y of each pixel, from -1 to 1 along the shorter side."""
    rows, columns = shape
    half = min(rows, columns) / 2
    y = (np.arange(rows, dtype=np.float32) - rows / 2) / half
    x = (np.arange(columns, dtype=np.float32) - columns / 2) / half
    return np.broadcast_to(x[None, :], shape), np.broadcast_to(y[:, None], shape)


def ellipse(x: Plane, y: Plane, centre: tuple[float, float], radii: tuple[float, float], *, turn: float = 0.0,
            soft: float = 0.02) -> Plane:  # fmt: skip
    """Return 1 within an ellipse turned by `turn` degrees, 0 outside, with an edge of width `soft`."""
    c, s = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    u, v = x - centre[0], y - centre[1]
    reach = np.hypot((u * c + v * s) / radii[0], (v * c - u * s) / radii[1])
    return clipped((1 - reach) * min(radii) / soft + 0.5)


def path(shape: tuple[int, int], points: list[tuple[float, float]], width: float) -> Plane:
    """Return 1 along a line through points (x, y in pixels), anti-aliased."""
    page = np.zeros(shape, np.uint8)
    places = np.rint(np.array(points) * 16).astype(np.int32)
    cv2.polylines(page, [places], False, 255, max(1, round(width)), cv2.LINE_AA, 4)  # noqa: FBT003
    return np.asarray(page.astype(np.float32) / np.float32(255))


def coloured(grey: Plane, tint: tuple[float, float, float]) -> Plane:
    """Return a plane as colours (rows, columns, 3)."""
    return np.asarray(grey[..., None] * np.array(tint, np.float32))
