"""Signed distances of simple bodies, in mm, and their smooth unions: what phantoms are carved from.

A field is negative inside a body and positive outside. Points are given as arrays x, y, z of any
one shape; results have that shape. A block of points that knows its bounding box gets `FAR`, a
field without dimensions, from every body more than `REACH` mm away, and spares the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]
Triple = tuple[float, float, float]

REACH = 40.0
FAR: Field = np.asarray(REACH, np.float32)


@dataclass(frozen=True, slots=True)
class Points:
    """Positions in mm, in the body's own axes: x to its left, y to its front, z to its top."""

    x: Field
    y: Field
    z: Field
    box: tuple[Triple, Triple] | None = None
    """Lowest and highest x, y, z; None: bodies are never left out for being far."""

    def boxed(self) -> Points:
        """Return the points with their bounding box."""
        axes = (self.x, self.y, self.z)
        low, high = (tuple(float(f(a)) for a in axes) for f in (np.min, np.max))
        return replace(self, box=((low[0], low[1], low[2]), (high[0], high[1], high[2])))

    def mirrored(self) -> Points:
        """Return the points with both halves folded to x >= 0, for bodies that come in pairs."""
        folded = Points(np.abs(self.x), self.y, self.z)
        return folded.boxed() if self.box else folded

    def far(self, low: Triple, high: Triple) -> bool:
        """Return whether all points are more than `REACH` mm from the box from `low` to `high`."""
        if self.box is None:
            return False
        first, last = self.box
        return any(first[a] - high[a] > REACH or low[a] - last[a] > REACH for a in range(3))

    def turned(self, pitch: float, roll: float, yaw: float) -> Points:
        """Return the points after rotations about x, y and z (degrees), in this order."""
        x, y, z = self.x, self.y, self.z
        for angle, axis in ((pitch, 0), (roll, 1), (yaw, 2)):
            c, s = float(np.cos(np.deg2rad(angle))), float(np.sin(np.deg2rad(angle)))
            if axis == 0:
                y, z = c * y - s * z, s * y + c * z
            elif axis == 1:
                z, x = c * z - s * x, s * z + c * x
            else:
                x, y = c * x - s * y, s * x + c * y
        return Points(x, y, z)

    def scaled(self, factor: Triple) -> Points:
        """Return the points divided by `factor` per axis: the body grows by it."""
        return Points(self.x / factor[0], self.y / factor[1], self.z / factor[2])


_CENTRE = 1e-9  # where the direction to the surface is undefined


def ellipsoid(p: Points, centre: Triple, radii: Triple) -> Field:
    """Return nearly the distance to an ellipsoid (exact on its surface, to first order near it)."""
    low, high = zip(*((c - r, c + r) for c, r in zip(centre, radii, strict=True)), strict=True)
    if p.far(low, high):
        return FAR
    x, y, z = (p.x - centre[0]) / radii[0], (p.y - centre[1]) / radii[1], (p.z - centre[2]) / radii[2]
    unit = np.sqrt(x * x + y * y + z * z)
    x, y, z = x / radii[0], y / radii[1], z / radii[2]
    slope = np.sqrt(x * x + y * y + z * z)
    return np.asarray(unit * (unit - 1.0) / np.maximum(slope, 1e-9) - (unit < _CENTRE) * min(radii))


def capsule(p: Points, start: Triple, end: Triple, radius: float, radius_end: float | None = None) -> Field:  # noqa: PLR0917 - reads as a list of shapes
    """Return the distance to a rod with round ends; its radius may change along it."""
    most = max(radius, radius_end or 0.0)
    low, high = zip(*((min(a, b) - most, max(a, b) + most) for a, b in zip(start, end, strict=True)), strict=True)
    if p.far(low, high):
        return FAR
    direction = tuple(e - s for s, e in zip(start, end, strict=True))
    length2 = sum(d * d for d in direction)
    dx, dy, dz = p.x - start[0], p.y - start[1], p.z - start[2]
    along = np.clip((dx * direction[0] + dy * direction[1] + dz * direction[2]) / length2, 0.0, 1.0)
    dx, dy, dz = dx - along * direction[0], dy - along * direction[1], dz - along * direction[2]
    wide = radius if radius_end is None else radius + (radius_end - radius) * along
    return np.asarray(np.sqrt(dx * dx + dy * dy + dz * dz) - wide)


def half_space(p: Points, normal: Triple, offset: float) -> Field:
    """Return the distance to the half space normal . p <= offset (`normal` of unit length)."""
    return np.asarray(p.x * normal[0] + p.y * normal[1] + p.z * normal[2] - offset)


def join(first: Field, *others: Field, blend: float = 0.0) -> Field:
    """Return the union of fields; `blend` mm rounds the seams."""
    out = first
    for other in others:
        if other is FAR or out is FAR:
            out = out if other is FAR else other
            continue
        out = np.minimum(out, other) if blend <= 0 else _smooth_minimum(out, other, blend)
    return out


def carve(body: Field, hole: Field, *, blend: float = 0.0) -> Field:
    """Return `body` without `hole`; `blend` mm rounds the rim."""
    if hole is FAR or body is FAR:
        return body
    return np.asarray(-join(-body, hole, blend=blend))


def meet(first: Field, *others: Field) -> Field:
    """Return the part that all fields share."""
    if any(field is FAR for field in (first, *others)):
        return FAR
    out = first
    for other in others:
        out = np.maximum(out, other)
    return out


def share(field: Field, width: float) -> Field:
    """Return how much of a voxel of `width` mm lies inside: 0 to 1, linear across the surface."""
    return np.asarray(np.clip(0.5 - field / width, 0.0, 1.0))


def _smooth_minimum(a: Field, b: Field, blend: float) -> Field:
    """Return the polynomial smooth minimum: equals the minimum where a and b differ by > blend."""
    h = np.maximum(blend - np.abs(a - b), 0.0) / blend
    return np.asarray(np.minimum(a, b) - h * h * blend * 0.25)
