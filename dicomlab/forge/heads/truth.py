"""A synthetic volume and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Where the face is, in mm: heights of brow and of the face's lower end, its middle, half its width, the eyes."""

    mid: float
    brow: float
    bot: float
    hw: float
    eye_z: float
    eye_dx: float


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of a head.

    Attributes
    ----------
    upright
        4x4: patient LPS mm to LPS mm of the same head held upright, in which `landmarks` lie.
    landmarks
        Upright.
    seen
        The same as seen along the patient's axes: exact for an upright head, near it for small angles.
    eyes
        (2, 3): centres of the globes, patient LPS mm.
    brain
        Boolean, shape of the volume: cerebrum, cerebellum and stem with what fluid lies in between.
    """

    upright: Matrix
    landmarks: Landmarks
    seen: Landmarks
    eyes: Matrix
    brain: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SyntheticHead:
    """A volume (slices, rows, columns) of int16 values in `unit`s, HU for CT, and its truth; None: not a head.

    `affine` is 4x4: index (slice, row, column) to patient LPS mm.
    """

    array: NDArray[np.int16]
    affine: Matrix
    contrast: str
    name: str
    age: float
    truth: Truth | None

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distances between slices, rows and columns in mm."""
        k, i, j = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(k), float(i), float(j)
