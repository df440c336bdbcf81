"""What a browser is given to look at: few enough samples of a volume or of frames, and what they mean.

Arrays are (slices or frames, rows, columns). A volume is turned so that its axes run from feet to head, from front to
back and from the patient's right to the left (LPS); nothing is interpolated. Where a volume is larger than the budget,
every second, third … sample is sent, and `Scene.told` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

BUDGET = 32 << 20  # bytes of samples for one browser
_BYTE = 255
_WORD = 65535
_ENDS = (("F", "H"), ("A", "P"), ("R", "L"))
# Hounsfield units with the code of eight bits that they get: soft tissue finely, air and bone coarsely.
_HU_KNOTS = ((0, -1024.0), (40, -200.0), (200, 200.0), (255, 3071.0))

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Preset:
    """A window of values under a name: `lower` is shown black, `upper` white."""

    name: str
    lower: float
    upper: float


_HU_PRESETS = (
    Preset("soft tissue", -160, 240),
    Preset("brain", 0, 80),
    Preset("lung", -1350, 150),
    Preset("bone", -450, 1050),
)

_COLOURED = ((0.0, 0.0), (255.0, 255.0)), (Preset("full", 0, 255),)


@dataclass(frozen=True, eq=False)
class Scene:
    """Samples for a browser, with what they mean.

    `samples`: uint8 or uint16; of frames in colour uint32: red, green, blue from the lowest byte.
    `knots`: (code, value) pairs, ascending, between which values are linear. `spacing`: mm
    along the axes of `samples`. `ends`: the patient's directions at the start and the end of each axis. `to_source`:
    4x4, index of `samples` to index of the array given. `numbers`: which frames were sent; empty for a volume.
    """

    samples: NDArray[Any]
    knots: tuple[tuple[float, float], ...]
    spacing: tuple[float, float, float]
    presets: tuple[Preset, ...]
    to_source: Floats
    ends: tuple[tuple[str, str], ...] = _ENDS
    unit: str = ""
    numbers: tuple[int, ...] = ()
    told: str = ""

    def header(self) -> dict[str, Any]:
        """Return everything but the samples, as JSON can hold it; it names nobody."""
        return {
            "shape": list(self.samples.shape),
            "bytes": self.samples.dtype.itemsize,
            "knots": [list(pair) for pair in self.knots],
            "spacing": list(self.spacing),
            "presets": [[p.name, p.lower, p.upper] for p in self.presets],
            "ends": [list(pair) for pair in self.ends],
            "unit": self.unit,
            "numbers": list(self.numbers),
            "told": self.told,
        }

    def like(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return another array of the source's shape as samples of this scene: same turn, same steps, same codes."""
        axes, steps, starts = _turned(self.to_source)
        picked = tuple(slice(start, None, step) for start, step in zip(starts, steps, strict=True))
        return coded(array.transpose(axes)[picked], self.knots, self.samples.dtype)


def of_volume(
    array: NDArray[Any], affine: Floats, *, hounsfield: bool = False, bits: int | None = None, budget: int = BUDGET
) -> Scene:
    """Return a volume as a scene.

    Parameters
    ----------
    array
        (slices, rows, columns), any numbers.
    affine
        4x4, index (slice, row, column) to LPS mm.
    hounsfield
        The values are Hounsfield units: the usual windows are offered.
    bits
        8 or 16; by default 16 where that fits the budget, else 8.
    budget
        Bytes that the samples may take.

    Raises
    ------
    ValueError
        The array has not three axes.
    """
    if array.ndim != 3 or not array.size:  # noqa: PLR2004  slices, rows, columns
        message = "a volume has three axes (slices, rows, columns) and at least one voxel; give a frame as frames"
        raise ValueError(message)
    axes, flips = _orientation(affine)
    size = tuple(array.shape[a] for a in axes)
    mm = np.linalg.norm(affine[:3, :3], axis=0)[list(axes)]
    width = _width(array, bits, budget)
    steps = _steps(size, mm, budget // width)
    to_source = np.zeros((4, 4))
    to_source[3, 3] = 1
    for out, (axis, flip, step) in enumerate(zip(axes, flips, steps, strict=True)):
        to_source[axis, out] = -step if flip else step
        to_source[axis, 3] = array.shape[axis] - 1 if flip else 0
    turned = array.transpose(axes)[tuple(slice(None, None, -s if f else s) for f, s in zip(flips, steps, strict=True))]
    knots, presets = _meaning(turned, hounsfield=hounsfield, width=width)
    parts = [f"every {_th(s)} {n}" for s, n in zip(steps, ("slice", "row", "column"), strict=True) if s > 1]
    return Scene(
        samples=coded(turned, knots, np.dtype(np.uint8 if width == 1 else np.uint16)),
        knots=knots,
        spacing=(float(mm[0] * steps[0]), float(mm[1] * steps[1]), float(mm[2] * steps[2])),
        presets=presets,
        to_source=to_source,
        ends=_ends(affine, axes, flips),
        unit="HU" if hounsfield else "",
        told=f"large volume: {', '.join(parts)} is shown" if parts else "",
    )


def of_frames(
    frames: Sequence[NDArray[Any]],
    *,
    spacing: tuple[float, float] = (1.0, 1.0),
    bits: int | None = None,
    budget: int = BUDGET,
) -> Scene:
    """Return frames as a scene; of a long cine every second, third … frame, each in full resolution.

    `frames`: anything with a length that gives (rows, columns) when it is indexed; read one at a time, those sent only.
    `spacing`: mm between rows and between columns.

    Raises
    ------
    ValueError
        There is no frame.
    """
    if not len(frames):
        raise ValueError("there is no frame to look at; give at least one")
    first = np.asarray(frames[0])
    coloured = first.dtype == np.uint32
    width = 4 if coloured else 1 if bits is None and len(frames) > 1 else _width(first, bits, budget)
    most = max(1, budget // (first.size * width))
    step = -(-len(frames) // most)
    numbers = tuple(range(0, len(frames), step))
    middle = first if len(numbers) == 1 else np.stack([first, np.asarray(frames[numbers[len(numbers) // 2]])])
    knots, presets = _COLOURED if coloured else _meaning(middle, hounsfield=False, width=width)
    samples = np.empty((len(numbers), *first.shape), f"u{width}")
    for place, number in enumerate(numbers):
        samples[place] = coded(np.asarray(frames[number])[None], knots, samples.dtype)[0]
    to_source = np.diag([float(step), 1.0, 1.0, 1.0])
    told = f"long cine: every {_th(step)} of {len(frames)} frames is shown" if step > 1 else ""
    return Scene(samples, knots, (1.0, *spacing), presets, to_source, (), "", numbers, told)


@dataclass(frozen=True, eq=False)
class Layer:
    """A mask for a browser: eight voxels to a byte, the first the lowest; `transform` 3x4, scene to mask index."""

    bits: bytes
    shape: tuple[int, int, int]
    transform: tuple[float, ...]

    def header(self) -> dict[str, Any]:
        """Return everything but the bits, as JSON can hold it."""
        return {"shape": list(self.shape), "transform": list(self.transform)}


def layer(mask: NDArray[np.bool_], scene: Scene, source_to_mask: Floats | None = None) -> Layer:
    """Return a boolean mask as a layer over a scene.

    `source_to_mask`: 4x4, index of the scene's source to index of the mask; by default both have the same grid.
    """
    transform = scene.to_source if source_to_mask is None else source_to_mask @ scene.to_source
    packed = np.packbits(np.ascontiguousarray(mask, dtype=np.bool_), axis=None, bitorder="little")
    return Layer(packed.tobytes(), (mask.shape[0], mask.shape[1], mask.shape[2]), tuple(transform[:3].ravel().tolist()))


def _th(step: int) -> str:
    return {2: "second", 3: "third"}.get(step, f"{step}th")


def _orientation(affine: Floats) -> tuple[tuple[int, int, int], tuple[bool, ...]]:
    """Return which axis of the array runs most along head, back and left, and whether it runs the other way."""
    along = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    toward = along[::-1]  # rows: toward the head, the back, the left
    best = max(permutations(range(3)), key=lambda axes: sum(abs(toward[n, a]) for n, a in enumerate(axes)))
    axes = (best[0], best[1], best[2])
    return axes, tuple(bool(toward[n, a] < 0) for n, a in enumerate(axes))


def _ends(affine: Floats, axes: Sequence[int], flips: Sequence[bool]) -> tuple[tuple[str, str], ...]:
    """Return the letters at both ends of each axis; of an oblique one two (PS3.3 C.7.6.1.1.1)."""
    told = []
    for axis, flip in zip(axes, flips, strict=True):
        direction = affine[:3, axis] / np.linalg.norm(affine[:3, axis]) * (-1 if flip else 1)
        order = np.argsort(-np.abs(direction))
        strong = [n for n in order[:2] if abs(direction[n]) > 0.26]  # noqa: PLR2004  15 degrees
        letters = [_ENDS[2 - n] if direction[n] > 0 else _ENDS[2 - n][::-1] for n in strong]
        told.append(("".join(pair[0] for pair in letters), "".join(pair[1] for pair in letters)))
    return tuple(told)


def _turned(to_source: Floats) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return axes, steps and starts that `to_source` stands for."""
    axes = tuple(int(np.flatnonzero(to_source[:3, n])[0]) for n in range(3))
    return (axes, tuple(int(to_source[a, n]) for n, a in enumerate(axes)), tuple(int(to_source[a, 3]) for a in axes))


def _width(array: NDArray[Any], bits: int | None, budget: int) -> int:
    if bits is None:
        return 1 if array.dtype in (np.uint8, np.bool_) or 2 * array.size > budget else 2
    if bits not in (8, 16):
        raise ValueError("bits is not 8 or 16; write one of the two")
    return bits // 8


def _steps(size: Sequence[int], mm: Floats, most: int) -> list[int]:
    """Return the step along each axis; the finest axis gives way first."""
    steps = [1, 1, 1]
    while np.prod([-(-n // s) for n, s in zip(size, steps, strict=True)]) > most:
        finest = min((n for n in range(3) if size[n] > steps[n]), key=lambda n: mm[n] * steps[n])
        steps[finest] += 1
    return steps


def _meaning(
    array: NDArray[Any], *, hounsfield: bool, width: int
) -> tuple[tuple[tuple[float, float], ...], tuple[Preset, ...]]:
    """Return the knots of the codes and the windows to choose from."""
    some = array[tuple(slice(None, None, max(1, n // 100)) for n in array.shape)].astype(np.float64)
    some = some[np.isfinite(some)]
    low, high, dark, bright = np.percentile(some, [0, 100, 1, 99]) if some.size else (0.0, 1.0, 0.0, 1.0)
    if width == 1 and array.dtype in (np.uint8, np.bool_):
        low, high = 0.0, float(_BYTE)
    elif not hounsfield:  # the sample of samples may have missed the brightest one: leave room
        low, high = low - (room := (high - low) * 0.05 + 1e-6), high + room
    full = Preset("full", float(low), float(high))
    if hounsfield:
        codes = ((0.0, -1024.0), (4095.0, 3071.0)) if width == 2 else _HU_KNOTS  # noqa: PLR2004  bytes
        return codes, (*_HU_PRESETS, full)
    top = _BYTE if width == 1 else _WORD
    return ((0.0, full.lower), (float(top), full.upper)), (
        Preset("contrast", float(dark), float(bright if bright > dark else high)),
        full,
    )


def colours(rgb: NDArray[Any]) -> NDArray[np.uint32]:
    """Return colours of 0 to 255 (rows, columns, 3) as one number each, the red in the lowest byte."""
    red, green, blue = np.moveaxis(np.clip(rgb + 0.5, 0, _BYTE).astype(np.uint32), -1, 0)
    return red | green << 8 | blue << 16  # type: ignore[no-any-return]


def greys(picture: NDArray[Any]) -> NDArray[Any]:
    """Return a picture without its colours, if it has any: the mean of the three."""
    if picture.dtype != np.uint32:
        return picture
    grey: NDArray[Any] = np.stack([picture >> shift & _BYTE for shift in (0, 8, 16)]).mean(axis=0)
    return grey


def coded(array: NDArray[Any], knots: Sequence[tuple[float, float]], kind: np.dtype[Any]) -> NDArray[Any]:
    """Return values as codes, slice by slice: values beyond the knots get the outermost codes."""
    codes, values = (np.array(column) for column in zip(*knots, strict=True))
    plain = array.dtype in (np.uint8, np.bool_, np.uint32) and np.array_equal(codes, values)
    out = np.empty(array.shape, kind)
    for n, part in enumerate(array):
        if plain:
            out[n] = part
        else:
            found = np.interp(np.nan_to_num(part, nan=values[0]), values, codes)
            out[n] = (found + 0.5).astype(kind)
    return out
