"""NIfTI-1 files, for the world beyond DICOM."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_CODES = {"uint8": 2, "int16": 4, "float32": 16}
_SCANNER = 1  # the coordinates are those of the scanner
_MILLIMETRES = 2
_LEVEL = 4  # deflate: a third of the time of 6, at most 2 % larger


def nifti(array: NDArray[Any], affine: Floats) -> bytes:
    """Return a volume as the bytes of a NIfTI-1 file (.nii.gz), the same for the same input.

    The file's axes are columns, rows, slices, none of them flipped; its sform and qform lead to RAS mm. Booleans
    become uint8, whole numbers within 16 bits int16, everything else float32.

    Parameters
    ----------
    array
        (slices, rows, columns), or any other order that `affine` describes.
    affine
        4 × 4 of the array's indices to LPS mm.

    References
    ----------
    nifti1.h of the NIfTI Data Format Working Group; RFC 1952 (time stamp 0).
    """
    kind = _kind(array)
    matrix = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine[:, [2, 1, 0, 3]]
    header = _header(array.shape[::-1], kind, matrix)
    pack = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    pieces = [pack.compress(header)]
    pieces.extend(pack.compress(np.ascontiguousarray(plane, dtype=kind).tobytes()) for plane in array)
    return b"".join((*pieces, pack.flush()))


def _kind(array: NDArray[Any]) -> np.dtype[Any]:
    if array.dtype == np.bool_:
        return np.dtype("uint8")
    limits = np.iinfo(np.int16)
    whole = all(p.min() >= limits.min and p.max() <= limits.max and bool((p == np.rint(p)).all()) for p in array)
    return np.dtype("<i2" if whole else "<f4")


def _header(shape: tuple[int, ...], kind: np.dtype[Any], matrix: Floats) -> bytes:
    steps = np.linalg.norm(matrix[:3, :3], axis=0)
    rotation, handedness = _rotation(matrix[:3, :3] / steps)
    return struct.pack(
        "<i36s8hfffhhhh8ffffhbbffffii80s24shh6f12f16s4s4x",
        *(348, b"", 3, *shape, 1, 1, 1, 1),
        *(0.0, 0.0, 0.0, 0, _CODES[kind.name], kind.itemsize * 8, 0),
        *(handedness, *steps, 1.0, 1.0, 1.0, 1.0),
        *(352.0, 1.0, 0.0, 0, 0, _MILLIMETRES),
        *(0.0, 0.0, 0.0, 0.0, 0, 0, b"", b""),
        *(_SCANNER, _SCANNER, *_quaternion(rotation), *matrix[:3, 3], *matrix[:3].ravel(), b"", b"n+1\0"),
    )


def _rotation(axes: Floats) -> tuple[Floats, float]:
    """Return the rotation nearest to the axes, and -1.0 where the third axis had to be turned round for it."""
    handedness = 1.0 if np.linalg.det(axes) > 0 else -1.0
    u, _, v = np.linalg.svd(axes * (1.0, 1.0, handedness))
    return u @ v, handedness


def _quaternion(r: Floats) -> tuple[float, float, float]:
    """Return b, c, d of the unit quaternion of a rotation, its a not negative.

    The eigenvector of the largest eigenvalue of Bar-Itzhack's symmetric matrix: sound for every rotation.
    """
    k = np.array(
        [
            [r[0, 0] + r[1, 1] + r[2, 2], r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], r[0, 0] - r[1, 1] - r[2, 2], r[0, 1] + r[1, 0], r[0, 2] + r[2, 0]],
            [r[0, 2] - r[2, 0], r[0, 1] + r[1, 0], r[1, 1] - r[0, 0] - r[2, 2], r[1, 2] + r[2, 1]],
            [r[1, 0] - r[0, 1], r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], r[2, 2] - r[0, 0] - r[1, 1]],
        ]
    )
    a, b, c, d = np.linalg.eigh(k)[1][:, -1]
    sign = -1.0 if a < 0 else 1.0
    return (float(sign * b), float(sign * c), float(sign * d))
