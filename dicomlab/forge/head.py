"""An analytic head: skin with a face, skull, orbits, air spaces, and a brain with folds.

Axes of the head, in mm: x to its left, y to its front, z to its top; the origin lies in the middle
of the brain (about the anterior commissure). Every number below is a length of an invented adult
head in these axes. `HeadShape` varies it: width, length, height, and what makes a face a person's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dicomlab.forge.shapes import Field, Points, capsule, carve, ellipsoid, half_space, join, meet, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomlab.forge.draw import Draw


@dataclass(frozen=True, slots=True)
class HeadShape:
    """What differs from head to head: factors of size, lengths in mm, angles in degrees."""

    width: float = 1.0
    length: float = 1.0
    height: float = 1.0
    nose_length: float = 0.0
    nose_width: float = 0.0
    chin: float = 0.0
    jaw: float = 0.0
    lips: float = 0.0
    brow: float = 0.0
    ears: float = 0.0
    eye_distance: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    yaw: float = 0.0

    @classmethod
    def drawn(cls, draw: Draw, *, turn: float = 4.0) -> HeadShape:
        """Return an adult head of its own, turned by up to `turn` degrees about each axis."""
        u = draw.uniform
        return cls(
            width=u(0.95, 1.05), length=u(0.95, 1.04), height=u(0.96, 1.04), nose_length=u(-3, 4),
            nose_width=u(-1.5, 2), chin=u(-3, 4), jaw=u(-4, 5), lips=u(-1, 1.5), brow=u(-1.5, 2),
            ears=u(-2, 3), eye_distance=u(-1.5, 1.5), pitch=u(-turn, turn), roll=u(-turn, turn), yaw=u(-turn, turn),
        )  # fmt: skip


_CORTEX_DEPTH = 19  # mm: below it there are no folds

TISSUES = ("fat", "skin", "muscle", "bone", "marrow", "air", "csf", "grey", "white", "globe", "lens", "tooth")

HU: Mapping[str, float] = {
    "outside": -1000, "fat": -95, "skin": 25, "muscle": 55, "bone": 1050, "marrow": 420, "air": -990,
    "csf": 6, "grey": 39, "white": 29, "globe": 12, "lens": 75, "tooth": 1900,
}  # fmt: skip
"""Hounsfield units of each tissue: air -1000 and water 0 by definition, the others usual values."""

T1: Mapping[str, float] = {
    "outside": 0, "fat": 880, "skin": 560, "muscle": 330, "bone": 45, "marrow": 520, "air": 8,
    "csf": 95, "grey": 370, "white": 560, "globe": 130, "lens": 240, "tooth": 30,
}  # fmt: skip
"""Signal of each tissue in a T1-weighted gradient echo, in arbitrary units."""


def head_points(x: Field, y: Field, z: Field, shape: HeadShape) -> Points:
    """Return positions in the head's own axes from patient positions (LPS, mm, origin in the brain)."""
    turned = Points(x, -y, z).turned(shape.pitch, shape.roll, shape.yaw)
    return turned.scaled((shape.width, shape.length, shape.height))


def core(p: Points, s: HeadShape) -> Field:
    """Return the head without nose, lips, ears and sockets: vault, cheeks, jaw, chin and neck."""
    m = p.mirrored()
    vault = ellipsoid(p, (0, -14, 17), (76, 97, 71))
    middle = ellipsoid(p, (0, 28, -52), (59, 55, 58))
    jaw = ellipsoid(p, (0, 30, -92), (48 + s.jaw, 52, 38))
    angle = ellipsoid(m, (42 + s.jaw, 8, -88), (17, 24, 26))
    chin = ellipsoid(p, (0, 68 + s.chin, -119), (20, 17, 15))
    cheek = ellipsoid(m, (43, 50, -58), (22, 25, 19))
    neck = capsule(p, (0, -22, -80), (0, -38, -230), 55, 60)
    temple = ellipsoid(m, (62, 22, -28), (13, 30, 26))
    occiput = ellipsoid(p, (0, -48, -34), (65, 56, 48))
    return join(vault, occiput, middle, jaw, angle, chin, cheek, temple, neck, blend=22)


def skin(p: Points, s: HeadShape) -> Field:
    """Return the surface of the head: what shows as a face."""
    m = p.mirrored()
    ex = 31.5 + s.eye_distance
    head = core(p, s)
    brow = join(
        ellipsoid(m, (23, 74 + s.brow, -21), (20, 9, 6)), ellipsoid(p, (0, 78 + s.brow, -22), (14, 7, 7)), blend=8
    )
    head = join(head, brow, blend=9)
    socket = ellipsoid(m, (ex, 88, -37), (18, 20, 11))
    head = carve(head, socket, blend=8)
    head = carve(head, ellipsoid(m, (16, 92, -45), (6, 12, 13)), blend=8)
    head = carve(head, ellipsoid(m, (64, 66, -92), (20, 30, 22)), blend=16)
    tip = 104 + s.nose_length
    bridge = capsule(p, (0, 78, -32), (0, tip - 7, -66), 5.5, 8.0 + s.nose_width / 2)
    ball = ellipsoid(p, (0, tip - 7, -67), (9 + s.nose_width / 2, 9, 8))
    wing = ellipsoid(m, (12 + s.nose_width, 87, -70), (7, 10, 7.5))
    nose = join(bridge, ball, wing, blend=6)
    head = join(head, nose, blend=7)
    nostril = capsule(m, (6, 92, -80), (5, 92, -68), 3.4)
    head = carve(head, nostril, blend=2)
    muzzle = ellipsoid(p, (0, 72, -95), (25, 15, 18))
    head = join(head, muzzle, blend=14)
    upper = join(
        ellipsoid(m, (6, 86 + s.lips, -90.5), (11, 6, 4.2)), ellipsoid(m, (15, 83, -92.5), (9, 5, 3.2)), blend=4
    )
    lower = ellipsoid(p, (0, 85 + s.lips, -100), (18, 6.5, 5))
    head = join(head, upper, lower, blend=3)
    gap = join(ellipsoid(p, (0, 92, -95), (24, 12, 1.7)), ellipsoid(m, (24, 82, -95), (4, 6, 2.5)), blend=2)
    head = carve(head, gap, blend=3)
    head = carve(head, ellipsoid(p, (0, 91, -108), (17, 7, 4)), blend=6)
    head = carve(head, ellipsoid(p, (0, 94, -83), (3, 6, 6)), blend=4)
    lids = ellipsoid(m, (ex, 54, -37), (16, 15.5, 14))
    head = join(head, lids, blend=3)
    slit = ellipsoid(m, (ex, 74, -38.5), (13.5, 8, 1.6))
    crease = ellipsoid(m, (ex, 74, -30.5), (14, 8.5, 1.5))
    head = carve(head, slit, blend=2.5)
    head = carve(head, crease, blend=2.5)
    return join(head, ear(m, s), blend=5)


def ear(m: Points, s: HeadShape) -> Field:
    """Return an auricle with its hollow; `m` holds mirrored points."""
    tilted = m.turned(-14, 0, 0)
    lean = Points(m.x - 0.35 * (10 - m.y), tilted.y, tilted.z)
    body = ellipsoid(lean, (76 + s.ears, -14, -34), (5.5, 17, 31))
    lobe = ellipsoid(lean, (74 + s.ears, -6, -62), (5, 8, 9))
    hollow = join(
        ellipsoid(lean, (82 + s.ears, -9, -37), (6, 9, 13)),
        ellipsoid(lean, (82 + s.ears, -15, -18), (5, 8, 9)),
        blend=4,
    )
    return carve(join(body, lobe, blend=6), hollow, blend=3)


def brain(p: Points) -> tuple[Field, Field, Field]:
    """Return the brain's envelope, its grey and white matter's border depth, and its ventricles."""
    m = p.mirrored()
    front = ellipsoid(m, (24, 6, 14), (38, 60, 54))
    back = ellipsoid(m, (26, -46, 12), (38, 50, 54))
    temporal = ellipsoid(m, (42, 4, -24), (20, 38, 19))
    cerebrum = join(front, back, temporal, blend=14)
    cerebrum = carve(cerebrum, ellipsoid(p, (0, -58, -54), (62, 52, 27)), blend=5)
    cerebellum = ellipsoid(m, (20, -52, -42), (31, 29, 22))
    stem = capsule(p, (0, -20, -16), (0, -36, -120), 13, 8)
    whole = join(cerebrum, cerebellum, stem, blend=3)
    midline = meet(m.x - 1.3, carve(half_space(p, (0, 0, -1), 8), ellipsoid(p, (0, -8, 8), (40, 46, 24))))
    whole = carve(whole, midline, blend=2)
    x, y, z = p.x, p.y, p.z
    wave = (
        np.sin(0.29 * x + 1.7 * np.sin(0.11 * y + 0.7) + 0.9 * np.sin(0.13 * z))
        + np.sin(0.25 * y + 1.6 * np.sin(0.12 * z + 1.1) + 0.8 * np.sin(0.10 * x))
        + np.sin(0.27 * z + 1.5 * np.sin(0.10 * x + 2.3) + 0.9 * np.sin(0.12 * y))
    )
    fine = np.sin(1.1 * z + 0.5 * np.sin(0.2 * x))
    folds = np.where(cerebellum < np.minimum(cerebrum, stem), np.abs(fine) * 2.2, np.abs(wave) * 4.6)
    sulcus = meet(folds - 1.25, -whole - 17)
    cortex = carve(whole, sulcus)
    inner = np.maximum(whole + 3.6, np.where(-whole < _CORTEX_DEPTH, 4.3 - folds, -1.0))
    nuclei = join(ellipsoid(m, (12, -12, 8), (9, 15, 9)), ellipsoid(m, (24, 4, 4), (8, 17, 11)))
    inner = carve(inner, nuclei)
    horns = join(
        capsule(m, (6, 26, 12), (11, -26, 24), 5, 6), capsule(m, (11, -26, 24), (26, -48, 6), 6, 4),
        capsule(m, (27, -44, 4), (33, -8, -20), 4.5, 2.5), blend=4,
    )  # fmt: skip
    third = ellipsoid(p, (0, -8, 0), (2.6, 15, 12))
    fourth = ellipsoid(p, (0, -40, -42), (7, 6, 9))
    return cortex, inner, join(horns, third, fourth)


def cavities(p: Points, skull_front: Field) -> Field:
    """Return the air inside the head: nose, sinuses, mouth, throat, ear canals, mastoid cells."""
    m = p.mirrored()
    nose = meet(ellipsoid(m, (8, 58, -62), (6, 34, 20)), 1.4 - m.x)
    maxillary = ellipsoid(m, (29, 50, -62), (12, 14, 14))
    frontal = ellipsoid(m, (11, 72, -13), (10, 4, 9))
    sphenoid = ellipsoid(m, (7, 16, -36), (6, 10, 8))
    throat = capsule(p, (0, 16, -66), (0, 2, -230), 8, 9)
    mouth = ellipsoid(p, (0, 56, -91), (20, 20, 3))
    canal = capsule(m, (50, -10, -40), (90, -12, -38), 3.2)
    mastoid = meet(ellipsoid(m, (56, -24, -50), (10, 11, 14)), 0.8 - np.abs(np.sin(0.9 * p.z + 0.4 * p.y)) * 2)
    inside = meet(join(maxillary, frontal, sphenoid, mastoid), skull_front + 2)
    return join(meet(nose, skull_front), throat, mouth, canal, inside)


def skeleton(p: Points, s: HeadShape) -> tuple[Field, Field]:
    """Return bone and the marrow inside it: vault, face with its openings, jaw, spine, teeth apart."""
    m = p.mirrored()
    ex = 31.5 + s.eye_distance
    outer = ellipsoid(p, (0, -14, 17), (69.5, 90.5, 64.5))
    behind, middle_fossa = ellipsoid(p, (0, -50, -40), (58, 43, 36)), ellipsoid(m, (33, 4, -28), (28, 46, 26))
    base = join(outer, behind, middle_fossa, blend=10)
    vault = meet(base, -(base + 6.2))
    marrow = meet(base + 1.9, -(base + 4.3))
    middle = ellipsoid(p, (0, 26, -56), (52, 51, 40))
    cheekbone = ellipsoid(m, (43, 48, -56), (15, 19, 11))
    arch = capsule(m, (52, 40, -54), (64, -4, -44), 4.0)
    brow = join(ellipsoid(m, (24, 68, -21), (20, 9, 5)), capsule(p, (0, 70, -30), (0, 80, -46), 4.5, 2.5), blend=4)
    upper = ellipsoid(p, (0, 56, -80), (25, 19, 11))
    face = join(meet(middle, -(middle + 5.5)), cheekbone, arch, brow, upper, blend=5)
    face = meet(face, half_space(p, (0, 0, -1), 92))
    face = carve(face, ellipsoid(m, (ex, 66, -37), (18.5, 32, 16.5)), blend=2)
    face = carve(face, meet(ellipsoid(p, (0, 84, -62), (11, 30, 16)), half_space(p, (0, 0, 1), -46)), blend=2)
    ramus = capsule(m, (49 + s.jaw, 2, -48), (45 + s.jaw, 10, -102), 5.0, 6.5)
    body = capsule(m, (45 + s.jaw, 10, -102), (10, 69 + s.chin, -115), 7.0, 8.0)
    front = ellipsoid(p, (0, 67 + s.chin, -115), (15, 8.5, 12))
    jaw = join(ramus, body, front, blend=6)
    spine = capsule(p, (0, -34, -74), (0, -42, -230), 15)
    spine = carve(spine, capsule(p, (0, -40, -60), (0, -47, -240), 8.5))
    gaps = np.abs(np.sin((p.z + 80) * np.pi / 19.0)) * 6.0
    spine = meet(spine, 1.6 - gaps)
    spine_marrow = spine + 3.0
    bone = join(vault, face, jaw, spine)
    return bone, join(marrow, jaw + 3.2, spine_marrow)


def teeth(p: Points) -> Field:
    """Return both rows of teeth: arcs of small pegs behind the lips."""
    angle = np.arctan2(p.x, np.maximum(p.y - 40, 1e-3))
    radius = np.hypot(p.x / 21.0, (p.y - 40) / 30.0)
    arc = np.maximum((np.abs(radius - 1.0) - 0.17) * 21.0, 40.0 - p.y)
    rows = np.maximum(np.abs(p.z + 95.0) - 8.5, 1.0 - np.abs(p.z + 95.0))
    pegs = 0.5 - np.abs(np.sin(angle * 9.0)) * 3.0
    return meet(arc, rows, pegs)


def signal(p: Points, s: HeadShape, values: Mapping[str, float], width: float) -> Field:
    """Return the tissue value at each point; surfaces are blended over `width` mm as voxels do.

    `values` names one number per tissue, such as `HU` or `T1`.
    """
    m = p.mirrored()
    ex = 31.5 + s.eye_distance
    surface = skin(p, s)
    bone, marrow = skeleton(p, s)
    cortex, inner, ventricles = brain(p)
    space = join(ellipsoid(p, (0, -14, 17), (63.3, 84.3, 58.3)), ellipsoid(p, (0, -50, -40), (51.8, 36.8, 29.8)),
                 ellipsoid(m, (33, 4, -28), (21.8, 39.8, 19.8)), blend=10)  # fmt: skip
    orbit = ellipsoid(m, (ex - 2, 40, -37), (16.5, 30, 15))
    globe = ellipsoid(m, (ex, 54, -37), (12, 12.2, 12))
    nerve = capsule(m, (ex - 1, 42, -37), (14, 8, -34), 2.6)
    rectus = join(
        capsule(m, (ex - 11, 52, -37), (18, 14, -35), 2.0), capsule(m, (ex + 10, 52, -37), (26, 14, -35), 2.0),
        capsule(m, (ex, 52, -27), (22, 14, -33), 2.0), capsule(m, (ex, 52, -47), (22, 14, -38), 2.0),
    )  # fmt: skip
    masseter = capsule(m, (56, 24, -56), (51 + s.jaw, 14, -100), 7.5)
    temporalis = ellipsoid(m, (66, 14, -14), (8, 36, 32))
    nuchal = meet(capsule(m, (18, -62, -60), (22, -66, -230), 24), surface + 6)
    throat_muscle = capsule(p, (0, -6, -90), (0, -20, -230), 34)
    tongue = ellipsoid(p, (0, 34, -102), (21, 32, 15))
    layers: tuple[tuple[str, Field], ...] = (
        ("fat", surface),
        ("skin", meet(surface, -(surface + 2.4))),
        ("muscle", meet(join(masseter, temporalis, nuchal, tongue, throat_muscle), surface + 4)),
        ("bone", meet(bone, surface + 2.5)),
        ("marrow", meet(marrow, surface + 5)),
        ("csf", space),
        ("grey", meet(cortex, join(space + 1.5, capsule(p, (0, -34, -60), (0, -47, -230), 6)))),
        ("white", meet(inner, space + 3)),
        ("csf", meet(ventricles, space + 4)),
        ("fat", meet(orbit, surface + 2.0, -space)),
        ("muscle", meet(join(nerve, rectus), surface + 2.0, -space)),
        ("globe", globe),
        ("lens", ellipsoid(m, (ex, 62.5, -37), (4.5, 2.2, 4.5))),
        ("tooth", meet(teeth(p), surface + 3)),
        ("air", meet(cavities(p, surface + 4), -space)),
    )  # fmt: skip
    out = np.full(p.x.shape, float(values["outside"]))
    for tissue, field in layers:
        inside = share(field, width)
        out += inside * (values[tissue] - out)
    return out
