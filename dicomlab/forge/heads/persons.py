"""Who a head belongs to: proportions by age, and what makes each differ."""

from __future__ import annotations

import numpy as np

from dicomlab.forge.draw import Draw
from dicomlab.forge.heads.anatomy import HeadShape

# Over age in years: size of the skull, height and depth of the face, width of the neck, relative to an adult's.
_AGES = (0, 1, 2, 4, 7, 11, 15, 19, 100)
_SKULL = (0.68, 0.84, 0.89, 0.93, 0.96, 0.97, 0.99, 1.0, 1.0)
_FACE = (0.62, 0.68, 0.72, 0.78, 0.84, 0.90, 0.96, 1.0, 1.0)
_DEPTH = (0.80, 0.84, 0.87, 0.90, 0.93, 0.96, 0.98, 1.0, 1.0)
_NECK = (0.52, 0.58, 0.62, 0.66, 0.72, 0.80, 0.92, 1.0, 1.0)
_ADULT = 0.93  # of the size of an atlas' head, in which the shapes are drawn


def person(seed: int, age: float) -> HeadShape:
    """Return the head of one invented person: the same seed and age give the same head.

    Parameters
    ----------
    seed
        Who.
    age
        Years, 0 to 100.
    """
    draw = Draw(seed, "head")
    u = draw.uniform
    small = draw.choice((True, False))  # as women's heads are, on average
    skull, face, depth, neck = (float(np.interp(age, _AGES, row)) for row in (_SKULL, _FACE, _DEPTH, _NECK))
    grown = min(1.0, age / 18)
    size = _ADULT * skull * (0.97 if small else 1.02) * u(0.97, 1.03)
    old = max(0.0, (age - 45) / 45)
    return HeadShape(
        width=size * u(0.95, 1.05), length=size * u(0.95, 1.05), height=size * u(0.96, 1.04),
        face_height=face * u(0.96, 1.05), face_depth=depth * u(0.98, 1.03),
        nose=grown * u(-4, 5) - 3 * (1 - grown), nose_width=u(-1.5, 2), chin=grown * u(-4, 4), lips=u(-1, 1.5),
        jaw=grown * ((-3 if small else 1) + u(-3, 4)) - 5 * (1 - grown),
        brow=grown * ((-2 if small else 0) + u(-1, 2)) - 4 * (1 - grown), ears=u(-2, 3),
        eyes_apart=u(-2, 2), sunken=u(-2, 3) + 2 * old, cheeks=u(-2, 3) - 2 * old + 5 * (1 - grown),
        fat=u(3, 6) - 0.8 * old,
        skull=(2.5 + 4.5 * grown) * u(0.85, 1.2), neck=neck * (0.9 if small else 1.0) * u(0.95, 1.08),
        atrophy=old * u(0.5, 1.2), uneven=u(0.3, 1.1), phases=tuple(u(0, 6.28) for _ in range(6)),
    )  # fmt: skip
