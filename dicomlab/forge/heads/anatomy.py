"""The anatomy of a head as analytic shapes: skin with a face, skull, orbits, air spaces, a brain with folds.

Axes of the head, in mm: x to its right, y to its front, z to its top (RAS); the origin is about the
anterior commissure. Every number below is a length of an invented adult head of the size at which
brain atlases are drawn, a tenth larger than most people; `HeadShape` makes a person of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dicomlab.forge.heads.brains import brain_layers, brain_parts, cranial_space
from dicomlab.forge.heads.skins import skin
from dicomlab.forge.shapes import FAR, Field, Points, Triple, capsule, carve, ellipsoid, half_space, join, meet


@dataclass(frozen=True, slots=True)
class HeadShape:
    """What differs from head to head: factors of size and of parts, lengths in mm, angles in degrees."""

    width: float = 1.0
    length: float = 1.0
    height: float = 1.0
    face_height: float = 1.0
    face_depth: float = 1.0
    nose: float = 0.0
    nose_width: float = 0.0
    chin: float = 0.0
    jaw: float = 0.0
    lips: float = 0.0
    brow: float = 0.0
    ears: float = 0.0
    eyes_apart: float = 0.0
    sunken: float = 0.0
    cheeks: float = 0.0
    fat: float = 4.0
    skull: float = 7.0
    neck: float = 1.0
    neck_bend: float = 0.0
    atrophy: float = 0.0
    uneven: float = 0.0
    hair: float = 0.0
    earphones: bool = False
    phases: tuple[float, ...] = (0.3, 1.1, 2.3, 3.9, 4.4, 5.2)

    @property
    def eye(self) -> Triple:
        """Centre of the globe on the side of positive x."""
        return (34.0 + self.eyes_apart, 61.0 - self.sunken, -39.0)


EYE_RADIUS = 12.7
BROW, STOMION, CHIN = -21.0, -99.0, -136.0
"""Heights of the brow, of the mouth and of the lowest point of the chin."""


def own_points(p: Points, s: HeadShape) -> Points:
    """Return positions in the average head from positions in a person's (RAS, mm)."""
    x, y, z = p.x / s.width, p.y / s.length, p.z / s.height
    if s.uneven:
        a, b, c, d, e, f = s.phases
        x, y, z = (
            x + s.uneven * (np.sin(y / 24 + a) + 0.7 * np.sin(z / 19 + b)),
            y + s.uneven * (np.sin(z / 26 + c) + 0.7 * np.sin(x / 21 + d)),
            z + s.uneven * (np.sin(x / 25 + e) + 0.7 * np.sin(y / 20 + f)),
        )
    # The face grows by factors of its own: smoothly from the brow down and from the ears forward.
    front = np.clip((y + 10) / 60, 0, 1)
    below = np.maximum(-18 - z, 0)
    if s.face_height != 1:
        z = np.where(below > 0, -18 - below * (1 + (1 / s.face_height - 1) * front * np.minimum(below / 20, 1)), z)
    if s.face_depth != 1:
        y = y * (1 + (1 / s.face_depth - 1) * np.minimum(below / 40, 1) * front)
    out = Points(x, y, z)
    return out.boxed() if p.box else out


def bent(p: Points, s: HeadShape) -> Points:
    """Return points in whose axes the neck hangs straight down and is an adult's, whatever its angle and width."""
    down = np.clip((-66 - p.z) / 70, 0, 1)
    angle, wide = np.deg2rad(s.neck_bend) * down, 1 + (1 / s.neck - 1) * down
    cos, sin, y, z = np.cos(angle), np.sin(angle), p.y + 15, p.z + 66
    out = Points(p.x * wide, (cos * y + sin * z - 9) * wide - 6, cos * z - sin * y - 66)
    return out.boxed() if p.box else out


def head(s: HeadShape) -> Callable[[Points], Iterator[tuple[str, Field]]]:
    """Return the layers of a person's head for `painting.paint`: positions in mm (RAS) to tissues.

    Names: hair device fat skin muscle bone marrow air csf grey white globe lens tooth ventricle.
    """
    return lambda p: _layers(own_points(p, s), s)


def _layers(p: Points, s: HeadShape) -> Iterator[tuple[str, Field]]:
    m, n = p.mirrored(), bent(p, s)
    parts = brain_parts(m, p)
    space = cranial_space(p, parts)
    surface = skin(p, m, n, s, scalp=space if space is FAR else space - (s.skull + 2 + s.fat))
    if s.earphones:
        yield "device", _earphones(m)
    if surface is FAR or float(np.min(surface)) > 2 + s.hair:
        return
    if s.hair:
        strands = np.abs(np.sin(1.9 * p.x + 1.3 * p.z) * np.sin(1.7 * p.y + 0.9 * p.z)) * 3 - 1.6
        yield "hair", meet(surface - s.hair, strands, p.y * 0.8 - p.z - 52)
    yield "fat", surface
    yield "skin", meet(surface, -surface - 2.2)
    planes = np.abs(np.sin(0.16 * m.x + 0.9 * np.sin(0.06 * n.z) + 0.8 * np.sin(0.11 * p.y))) * 7 - 0.8
    yield "muscle", meet(surface + s.fat + 1.5, -planes)
    muscles = join(
        capsule(m, (60, 24, -60), (54 + s.jaw, 14, -106), 7.5), ellipsoid(m, (66, 14, -14), (7, 38, 36)),
        ellipsoid(p, (0, 40, -107), (24, 32, 14)), capsule(n, (0, -10, -90), (0, -12, -300), 30),
    )  # fmt: skip
    yield "muscle", meet(muscles, surface + 3.5)
    yield "fat", meet(ellipsoid(m, (44, 46, -82), (10, 13, 15)), surface + 2.5)
    bone, marrow = _skeleton(p, m, n, s, space=space)
    yield "bone", meet(bone, surface + 2.5)
    yield "marrow", meet(marrow, surface + 5)
    yield "tooth", meet(_teeth(p), surface + 3)
    outside_space = -space - 1
    nostrils = meet(ellipsoid(p, (0, 92, -80), (14, 14, 9)), surface + 2.5)
    ways = join(surface + 7, nostrils, meet(capsule(m, (64, -21, -45), (92, -22, -45), 4), surface))
    yield "air", meet(_air(p, m, n, s), ways, outside_space)
    ex, ey, ez = s.eye
    yield "fat", meet(_orbit(m, s) + 1.5, surface + 2.2, p.y - ey - 8, outside_space)
    nerve = capsule(m, (ex - 2, ey - 12, ez), (15, 20, -34), 2.4)
    recti = join(*(capsule(m, (ex + a, ey - 4, ez + b), (16 + a / 5, 24, -34 + b / 5), 2.2)
                   for a, b in ((-12, 0), (11, 0), (0, 12), (0, -12))))  # fmt: skip
    yield "muscle", meet(join(nerve, recti), surface + 2, outside_space)
    yield "globe", ellipsoid(m, (ex, ey, ez), (EYE_RADIUS, EYE_RADIUS, EYE_RADIUS))
    yield "lens", ellipsoid(m, (ex, ey + 8.5, ez), (4.6, 2.3, 4.6))
    yield "csf", space
    yield from brain_layers(p, m, s, parts, space=space)


def _earphones(m: Points) -> Field:
    cup = ellipsoid(m, (101, -22, -42), (17, 32, 36))
    shell = cup if cup is FAR else meet(cup, -cup - 4)
    return join(shell, capsule(m, (106, -22, -10), (104, -22, 60), 4), capsule(m, (104, -22, 60), (0, -22, 116), 4))


def _air(p: Points, m: Points, n: Points, s: HeadShape) -> Field:
    """Return the air inside the head: nose with turbinates, sinuses, mouth, throat, ear canals, mastoid cells."""
    turbinates = 2.6 - np.abs(np.sin((p.z + 70) * 0.16 + 0.22 * m.x + 0.3 * np.sin(p.y / 9))) * 5
    nose = meet(join(ellipsoid(p, (0, 56, -58), (14, 34, 19)), ellipsoid(p, (0, 82, -68), (9, 18, 10)), blend=8),
                1.3 - m.x, turbinates)  # fmt: skip
    cells = meet(ellipsoid(m, (9, 42, -42), (7, 24, 9)), 1.1 - np.abs(np.sin(0.42 * p.y)) * 3)
    throat = join(capsule(p, (0, 10, -62), (0, 2, -84), 10, 9), capsule(n, (0, 2, -84), (0, 2, -150), 9, 6),
                  capsule(n, (0, 2, -150), (0, -2, -300), 8.5), blend=6)  # fmt: skip
    mastoid = meet(ellipsoid(m, (57, -33, -56), (10, 13, 15)), 0.9 - np.abs(np.sin(0.9 * p.z + 0.4 * p.y)) * 2)
    return join(
        nose, cells, throat, mastoid,
        ellipsoid(m, (30, 52, -67), (13, 16, 15)),  # maxillary sinus
        ellipsoid(m, (11, 75 + s.brow, -12), (11, 4, 10)),  # frontal sinus
        ellipsoid(m, (8, 12, -40), (7, 12, 8)),  # sphenoid sinus
        ellipsoid(p, (0, 56, -93), (20, 22, 2.5)),  # mouth
        capsule(m, (54, -20, -46), (92, -22, -45), 3.2),  # ear canal
    )  # fmt: skip


def _skeleton(p: Points, m: Points, n: Points, s: HeadShape, *, space: Field) -> tuple[Field, Field]:
    """Return bone and the marrow inside it: vault, base, face with its openings, jaw, spine."""
    vault = marrow = FAR
    if space is not FAR:
        thick = s.skull * (1 + 0.14 * np.sin(p.y / 17 + s.phases[0]) + 0.12 * np.sin(p.x / 14 + s.phases[1]))
        thick = thick * np.where(p.z < -16, 0.72, 1.0)  # noqa: PLR2004 - mm: below lies the base
        vault, marrow = meet(space - thick, -space), meet(space - 0.68 * thick, 0.3 * thick - space)
    middle = ellipsoid(p, (0, 28, -60), (56, 52, 42))
    face = join(
        middle if middle is FAR else meet(middle, -(middle + 5)), ellipsoid(m, (45, 48, -60), (15, 19, 11)),
        capsule(m, (54, 42, -58), (68, -4, -52), 4), ellipsoid(m, (24, 70 + s.brow, -22), (22, 8, 5)),
        capsule(m, (54, 56, -24), (52, 55, -52), 4.5), capsule(p, (0, 74, -32), (0, 85, -48), 5, 3),
        ellipsoid(p, (0, 58, -84), (26, 20, 11)), ellipsoid(m, (30, 52, -66), (15, 18, 17)), blend=5,
    )  # fmt: skip
    cone = _orbit(m, s)
    face = carve(meet(face, half_space(p, (0, 0, -1), 96)), cone, blend=2)
    face = carve(face, ellipsoid(p, (0, 86, -64), (11.5, 32, 17)), blend=2)
    wall = cone if cone is FAR else meet(cone - 1.8, -cone, p.y - 60)
    septum = meet(m.x - 0.35, ellipsoid(p, (0, 40, -56), (4, 30, 18)))
    base = join(
        capsule(p, (0, -2, -38), (0, -24, -64), 7),
        capsule(m, (56, -24, -48), (16, -6, -40), 8.5, 6),
        ellipsoid(m, (58, -33, -57), (12.5, 15, 17)),
        capsule(m, (20, 14, -50), (22, 18, -84), 3.5),
        blend=4,
    )
    ramus = capsule(m, (53 + s.jaw, -2, -54), (47 + s.jaw, 10, -108), 4.8, 6.5)
    body = capsule(m, (47 + s.jaw, 10, -108), (11, 73 + s.chin, -120), 7, 8)
    jaw = join(ramus, body, ellipsoid(p, (0, 71 + s.chin, -120), (16, 9, 13)), blend=6)
    spine = join(
        capsule(n, (0, -18, -72), (0, -26, -300), 10.5), capsule(m, (18, -26, -78), (20, -34, -86), 7), blend=4
    )
    arches = carve(capsule(n, (0, -44, -70), (0, -54, -300), 15), capsule(n, (0, -41, -60), (0, -52, -310), 10.5))
    arches = join(arches, capsule(n, (0, -60, -90), (0, -74, -300), 4))
    spine = meet(spine, 1.7 - np.abs(np.sin((n.z + 76) * np.pi / 19.5)) * 6)
    arches = meet(arches, 2 - np.abs(np.sin((n.z + 84) * np.pi / 19.5)) * 5)
    inner = [f if f is FAR else f + d for f, d in ((jaw, 3.4), (spine, 3.0), (base, 3.5))]
    return join(vault, face, wall, septum, base, jaw, spine, arches), join(marrow, *inner)


def _orbit(m: Points, s: HeadShape) -> Field:
    ex, ey, ez = s.eye
    return join(capsule(m, (ex, ey + 4, ez), (15, 20, -34), 18.5, 5), ellipsoid(m, (ex, 78, ez), (18, 20, 16)), blend=3)


def _teeth(p: Points) -> Field:
    """Return both rows of teeth: arcs of pegs behind the lips."""
    arc = np.maximum((np.abs(np.hypot(p.x / 23, (p.y - 42) / 35) - 1) - 0.17) * 22, 40 - p.y)
    rows = np.maximum(np.abs(p.z + 98) - 9, 0.8 - np.abs(p.z + 98))
    return meet(arc, rows, 0.5 - np.abs(np.sin(np.arctan2(p.x, np.maximum(p.y - 42, 1e-3)) * 9)) * 3)
