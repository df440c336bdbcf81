"""What is no head with a face: other parts of the body, phantoms, a brain without its skull, nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from dicomlab.forge.draw import Draw
from dicomlab.forge.heads.anatomy import head
from dicomlab.forge.heads.persons import person
from dicomlab.forge.heads.scanning import Quality, grid, scan, spoiled
from dicomlab.forge.heads.truth import Matrix, SyntheticHead
from dicomlab.forge.shapes import Field, Points, capsule, carve, ellipsoid, half_space, join, meet

Parts = Iterator[tuple[str, Field]]


def _shell(field: Field, thick: float) -> Field:
    return meet(field, -field - thick)


def _torso(p: Points, u: Callable[[float, float], float], *, low: bool = False) -> Parts:
    """Chest with lungs, heart and arms; `low`: pelvis with hips. Wide ellipses drawn out along z."""
    m, tall = p.mirrored(), Points(p.x, p.y, p.z * 0.25)
    tall = tall.boxed() if p.box else tall
    wall = join(
        ellipsoid(tall, (0, 0, 0), (165, 112, 90)), capsule(m, (185, 0, -220), (175, -5, 200), 38, 46), blend=14
    )
    yield "fat", wall
    yield "skin", _shell(wall, 2.2)
    yield "muscle", wall + 9 + u(0, 14)
    yield "bone", _shell(capsule(m, (185, 0, -220), (175, -5, 200), 13), 4)
    if low:
        yield "organ", ellipsoid(p, (0, 20, 30), (118, 66, 150))
        wings = _shell(ellipsoid(m, (70, -10, 40), (58, 62, 74)), 7)
        yield "bone", meet(wings, half_space(p, (0, 0, 1), 90))
        yield "bone", _shell(capsule(m, (98, 0, -20), (112, 0, -220), 21, 16), 6)
        yield "water", ellipsoid(p, (0, 34, -26), (42, 34, 36))
    else:
        cage = ellipsoid(p, (0, 2, 10), (136, 92, 190))
        lungs = join(ellipsoid(m, (72, 0, 30), (56, 76, 130)), ellipsoid(m, (66, -6, 70), (44, 58, 90)), blend=12)
        ribs = meet(_shell(cage, 7), 1.2 - np.abs(np.sin(p.z / 8.5 + 0.02 * p.y)) * 6)
        yield "bone", ribs
        yield "lung", carve(lungs, ellipsoid(p, (-28, 30, 0), (52, 48, 66)), blend=5)
        yield "vessel", ellipsoid(p, (-28, 30, 0), (46, 42, 58))
        yield "air", capsule(p, (0, -4, 40), (0, 6, 220), 9)
    back = meet(capsule(p, (0, -62, -300), (0, -62, 300), 20), 2 - np.abs(np.sin(p.z * np.pi / 34)) * 9)
    yield "bone", join(_shell(back, 4), capsule(p, (0, -92, -300), (0, -92, 300), 6))
    yield "marrow", back + 4
    yield "csf", capsule(p, (0, -82, -300), (0, -82, 300), 8)


def _knee(p: Points, u: Callable[[float, float], float]) -> Parts:
    leg = join(capsule(p, (0, 0, 20), (0, 8, 220), 58, 74), capsule(p, (0, 0, -20), (0, -10, -220), 56, 52), blend=20)
    leg = join(leg, ellipsoid(p, (0, 34, 8), (40, 34, 44)), blend=16)
    yield "fat", leg
    yield "skin", _shell(leg, 2.2)
    yield "muscle", meet(leg + 8 + u(0, 6), np.abs(p.z) * -1 + 38)
    m = p.mirrored()
    bones = (join(capsule(p, (0, 0, 60), (0, 4, 220), 15), ellipsoid(m, (21, -2, 20), (22, 30, 24)), blend=14),
             join(capsule(p, (0, 0, -50), (0, -6, -220), 14), ellipsoid(p, (0, -2, -26), (41, 27, 19)), blend=12),
             ellipsoid(p, (0, 44, 22), (23, 10, 22)), capsule(p, (42, -16, -40), (40, -18, -220), 8))  # fmt: skip
    for bone in bones:
        yield "bone", bone
        yield "marrow", bone + 3
    yield "water", ellipsoid(p, (0, 0, -3), (38, 26, 4))


def _hand(p: Points, u: Callable[[float, float], float]) -> Parts:
    fingers = [((-32 + 20 * n, 0, 45), (-44 + 28 * n, u(-6, 14), 105 + 10 * (n % 2) + 8 * (n > 0))) for n in range(4)]
    thumb = ((38, 4, -10), (76, 16, 52))
    rods = [capsule(p, a, b, 11, 8) for a, b in (*fingers, thumb)]
    skin = join(ellipsoid(p, (0, 0, 4), (44, 16, 50)), capsule(p, (0, 0, -40), (0, 0, -200), 27, 34), *rods, blend=8)
    yield "fat", skin
    yield "skin", _shell(skin, 1.8)
    yield "muscle", skin + 4
    bones = [capsule(p, (a[0] * 0.5, 0, -30), b, 4.2, 3.2) for a, b in (*fingers, thumb)]
    wrist = (ellipsoid(p, (0, 0, -40), (24, 10, 12)), capsule(p, (14, 0, -54), (14, 0, -200), 8),
             capsule(p, (-14, 0, -54), (-14, 0, -200), 7))  # fmt: skip
    yield "bone", join(*bones, *wrist)
    yield "marrow", join(*bones, *wrist) + 2


def _breast(p: Points, u: Callable[[float, float], float]) -> Parts:
    m = p.mirrored()
    wall = meet(ellipsoid(p, (0, -90, 0), (190, 110, 300)), half_space(p, (0, -1, 0), 120))
    skin = join(wall, ellipsoid(m, (85, 40, 0), (62, 66 + u(0, 20), 66)), blend=22)
    yield "fat", skin
    yield "skin", _shell(skin, 2)
    gland = ellipsoid(m, (85, 44, 0), (44, 46, 46))
    yield "organ", meet(gland, 3 - np.abs(np.sin(p.x / 7) + np.sin(p.y / 8) + np.sin(p.z / 9)) * 6)
    yield "muscle", meet(wall + 6, half_space(p, (0, -1, 0), 60))
    yield "lung", ellipsoid(m, (80, -90, 0), (60, 50, 200))


def _phantom(p: Points, u: Callable[[float, float], float], *, ball: bool = False) -> Parts:
    wide = u(80, 105)
    outside = (
        ellipsoid(p, (0, 0, 0), (wide,) * 3) if ball else meet(np.hypot(p.x, p.y) - wide, np.abs(p.z) - u(70, 110))
    )
    yield "insert", outside
    yield "water", outside + 5
    if not ball:
        for n in range(6):
            x, y = 55 * float(np.cos(n)), 55 * float(np.sin(n))
            rod = meet(np.hypot(p.x - x, p.y - y) - 11, np.abs(p.z) - 60)
            yield ("bone", "fat", "air", "insert", "muscle", "csf")[n], rod


def _bare_brain(p: Points, seed: int) -> Parts:
    for tissue, field in head(person(seed, 40))(p):
        if tissue in ("grey", "white", "ventricle"):
            yield tissue, field


_KINDS: Mapping[str, tuple[Callable[..., Parts], str, tuple[float, float, float], tuple[float, float, float]]] = {
    # what is drawn, its usual contrast, half the field of view (x, y, z) in mm, its middle
    "torso": (_torso, "CT", (235, 135, 130), (0, 0, 20)),
    "pelvis": (partial(_torso, low=True), "CT", (235, 135, 120), (0, 0, 10)),
    "knee": (_knee, "T1", (88, 92, 110), (0, 4, 0)),
    "hand": (_hand, "T1", (95, 50, 140), (0, 5, 10)),
    "breast": (_breast, "T2", (190, 115, 90), (0, 10, 0)),
    "cylinder": (_phantom, "CT", (120, 120, 125), (0, 0, 0)),
    "sphere": (partial(_phantom, ball=True), "T1", (120, 120, 120), (0, 0, 0)),
}
NEGATIVES = (*_KINDS, "skull_stripped", "noise", "empty")
"""Kinds of volumes that show no face."""


def forge_negative(
    seed: int, kind: str, *, contrast: str = "", spacing: tuple[float, float, float] = (1, 1, 1), plane: str = "axial"
) -> SyntheticHead:
    """Return a volume that is no head with a face: one of `NEGATIVES`; its truth is None.

    Parameters
    ----------
    seed
        Sizes, place and noise.
    kind
        torso, pelvis, knee, hand, breast, cylinder, sphere, skull_stripped, noise or empty.
    contrast
        As of `forge_head`; by default what is usual for the kind.
    spacing, plane
        As of `forge_head`.

    Raises
    ------
    ValueError
        When there is no such kind.
    """
    if kind not in NEGATIVES:
        raise ValueError(f"{kind!r} is none of {', '.join(NEGATIVES)}")
    draw = Draw(seed, "negative", kind)
    drawing, usual, half, middle = _KINDS.get(kind, (None, "T1", (90, 110, 95), (0, -15, 5)))
    contrast = contrast or usual
    size = draw.uniform(0.9, 1.08)
    corners = np.array(middle) + np.array(half) * np.array(
        [(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)]
    )
    body: Matrix = np.diag((-1.0, -1.0, 1.0, 1.0))  # LPS to RAS
    body[:3, 3] = [draw.uniform(-12, 12) for _ in range(3)]
    body[:3] /= size
    inverse = np.linalg.inv(body)
    affine, count = grid(corners @ inverse[:3, :3].T + inverse[:3, 3], plane, spacing, draw.sub("oblique"))
    numbers = tuple(draw.uniform(0, 1) for _ in range(16))

    def layers(p: Points) -> Parts:
        if kind == "skull_stripped":
            return _bare_brain(p, seed)
        given = iter(numbers)  # the same in every block
        return drawing(p, lambda a, b: a + (b - a) * next(given)) if drawing else iter(())

    image = scan(layers, body, affine, size=count, contrast=contrast)[0]
    quality = Quality.drawn(draw.sub("quality"), contrast)
    if kind == "empty":
        array = np.zeros(count, np.int16)
    else:
        loud = Quality(noise=60 if contrast == "CT" else 0.4) if kind == "noise" else quality
        array = spoiled(image, affine, contrast, quality=loud, draw=draw.sub("noise"))
        if kind == "skull_stripped":
            array[image <= 1] = 0
    return SyntheticHead(array, affine, contrast, f"{kind}_{seed}_{contrast}_{plane}".lower(), 40.0, None)
