"""The surface of a head: what shows as a face. Axes and size as in `anatomy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomlab.forge.shapes import Field, Points, capsule, carve, ellipsoid, join

if TYPE_CHECKING:
    from dicomlab.forge.heads.anatomy import HeadShape

_MOUTH = -99.0


def skin(p: Points, m: Points, n: Points, s: HeadShape, *, scalp: Field) -> Field:
    """Return the skin of head, ears and neck.

    `m` holds mirrored points, `n` those of a straight neck; `scalp` is the skull grown by what covers it.
    """
    bulk = join(
        scalp,
        ellipsoid(p, (0, 30, -58), (65, 54, 62)),  # middle of the face
        ellipsoid(p, (0, 38, -102), (52 + s.jaw, 50, 36)),
        ellipsoid(m, (46 + s.jaw, 10, -97), (17, 25, 27)),  # angle of the jaw
        ellipsoid(p, (0, 79 + s.chin, -124), (19, 15, 13)),
        ellipsoid(m, (43, 49 + s.cheeks, -68), (24, 26, 25)),
        ellipsoid(m, (62, 30, -28), (13, 30, 30)),  # temple
        ellipsoid(m, (64, -22, -34), (14, 36, 34)),
        ellipsoid(p, (0, -62, -66), (52, 38, 46)),  # nape
        capsule(n, (0, -24, -84), (0, -38, -300), 57, 62),
        blend=20,
    )
    head = join(bulk, ellipsoid(n, (0, -30, -290), (190, 70, 58)), blend=28)
    head = _mouth(_nose(_sockets(head, p, m, s), p, m, s), p, m, s)
    ex, ey, ez = s.eye
    head = join(head, ellipsoid(m, (ex, ey - 2, ez), (16, 19.5, 14)), blend=6)  # lids over the globe
    for height, depth in ((ez - 2.5, 1.5), (ez + 7, 1.3)):  # where lids meet, and their crease
        head = carve(head, ellipsoid(m, (ex, ey + 21, height), (14, 8, depth)), blend=2.5)
    return join(head, _ear(m, s), blend=4)


def _sockets(head: Field, p: Points, m: Points, s: HeadShape) -> Field:
    brow = join(ellipsoid(m, (24, 74 + s.brow, -20), (22, 9.5, 9)), ellipsoid(p, (0, 79 + s.brow, -21), (13, 7, 8)),
                ellipsoid(p, (0, 54, 12), (50, 31, 40)), blend=14)  # fmt: skip
    head = join(head, brow, blend=10)
    head = carve(head, ellipsoid(m, (s.eye[0] + 1, 101, -40), (20, 22, 13)), blend=18)
    head = carve(head, ellipsoid(m, (16, 98, -48), (6, 13, 14)), blend=9)
    return carve(head, ellipsoid(m, (76 + s.cheeks, 77, -102), (20, 28, 20)), blend=20)  # hollow of the cheek


def _nose(head: Field, p: Points, m: Points, s: HeadShape) -> Field:
    tip, w = 105 + s.nose, s.nose_width
    bridge = capsule(p, (0, 79, -34), (0, tip - 7, -69), 5.5, 8.2 + w / 2)
    ball = ellipsoid(p, (0, tip - 8, -71), (9.5 + w / 2, 9.5, 8.5))
    wing = ellipsoid(m, (12.5 + w, 90 + s.nose / 2, -74), (7.5, 10.5, 8))
    head = join(head, join(bridge, ball, wing, blend=6), blend=8)
    return carve(head, capsule(m, (6.3 + w / 2, 95 + s.nose / 2, -86), (5.2, 95, -72), 3.6), blend=2)


def _mouth(head: Field, p: Points, m: Points, s: HeadShape) -> Field:
    head = join(head, ellipsoid(p, (0, 75, -99), (27, 17, 19)), blend=14)
    upper = join(ellipsoid(m, (6, 89 + s.lips, -94.5), (11, 6.5, 4.4)), ellipsoid(m, (16, 86, -96.5), (9, 5.5, 3.3)),
                 blend=4)  # fmt: skip
    head = join(head, upper, ellipsoid(p, (0, 88 + s.lips, -104), (19, 7, 5.4)), blend=3)
    gap = join(ellipsoid(p, (0, 97, _MOUTH), (25, 12, 1.7)), ellipsoid(m, (25, 87, _MOUTH), (4, 6, 2.5)), blend=2)
    head = carve(head, gap, blend=3)
    head = carve(head, ellipsoid(p, (0, 97, -112.5), (18, 8, 4)), blend=6)  # above the chin
    return carve(head, ellipsoid(p, (0, 98, -87), (3, 6, 6)), blend=4)  # philtrum


def _ear(m: Points, s: HeadShape) -> Field:
    """Return an auricle with its rim and hollow."""
    lean = Points(m.x - 0.42 * (-8 - m.y), m.y + 0.22 * (m.z + 42), m.z)
    lean = lean.boxed() if m.box else lean
    out = 80 + s.ears
    body = ellipsoid(lean, (out, -24, -40), (5, 17, 31))
    lobe = ellipsoid(lean, (out - 1, -17, -66), (4.5, 8, 9))
    hollow = join(ellipsoid(lean, (out + 6, -21, -45), (7, 9, 13)), ellipsoid(lean, (out + 6, -26, -24), (5, 8, 9)),
                  blend=4)  # fmt: skip
    root = ellipsoid(m, (75, -18, -42), (9, 8, 20))
    return join(carve(join(body, lobe, blend=6), hollow, blend=3), root, blend=6)
