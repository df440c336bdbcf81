"""Series to volumes: what belongs together, in which order, and what forms no volume and why."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomlab.errors import PixelError, VolumeError
from dicomlab.pixels import Frames
from dicomlab.volume.geometry import Plane, planes, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    Floats = NDArray[np.float64]
    Place = tuple[int, int]

# Two frames are of one stack when their direction cosines and pixel spacing (mm) differ by no more than this:
# below 0.1 mm at the edge of a head.
SAME_COSINE = 5e-4
SAME_SPACING_MM = 1e-4
# Frames nearer to each other than this, along the normal, lie at one position.
SAME_POSITION_MM = 0.01
# A slice may lie this far from where even spacing puts it: positions are often rounded to 0.1 mm.
UNEVEN_MM, UNEVEN_SHARE = 0.1, 0.02
# A step of so many times the usual one means that slices are missing.
GAP = 1.5
# Slices may drift sideways by so much of their distance before it is a gantry tilt: 0.1°.
TILT = 0.00175
# A localiser has fewer slices than this in each of its planes.
FEW_SLICES = 5
# Planes at right angles: the cosine between their normals is below this (localisers may be aligned by hand).
ORTHOGONAL = 0.1
# An attribute tells volumes apart when each of its values covers more than this share of the positions.
COVERS = 0.5
# Stack position and Image Position (Patient) say where in a volume a frame is, all other dimensions which volume.
_WHERE = {0x00209057, 0x00200032}


@dataclass(frozen=True, slots=True)
class Refused:
    """Instances, or frames of them, that form no volume: their indices among the datasets given, and why.

    `places`: (index of the dataset, frame number from 0) of each frame, empty when not even those are known.
    """

    indices: tuple[int, ...]
    reason: str
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False)
class Stack:
    """The geometry of a volume, told from headers: slices ascend along the normal, evenly spaced.

    `shape`: (slices, rows, columns). `places`: for each slice (index of the dataset, frame number from 0).
    `rescale`: (slices, 2), slope and intercept. `affine`: (slice, row, column) to LPS mm.
    """

    shape: tuple[int, int, int]
    affine: Floats
    rescale: Floats
    modality: str
    frame_of_reference: str = field(repr=False)
    places: tuple[Place, ...] = field(repr=False)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Millimetres between slices, rows, columns."""
        return _spacing(self.affine)


@dataclass(frozen=True, eq=False)
class Volume:
    """A volume in patient space.

    `array`: (slices, rows, columns) float32 in HU for CT, else rescaled by each instance's slope and intercept.
    `affine`: 4 × 4, (slice, row, column) to LPS mm. `places`: for each slice (index of the dataset given, frame
    number from 0), so that samples can be written back; empty when the volume was resampled.
    """

    array: NDArray[np.float32]
    affine: Floats
    modality: str = ""
    frame_of_reference: str = ""
    places: tuple[Place, ...] = ()

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Millimetres between slices, rows, columns."""
        return _spacing(self.affine)

    def __repr__(self) -> str:
        """Show modality, size and spacing; no UID."""
        size, step = (" × ".join(f"{v:.{d}f}" for v in vs) for vs, d in ((self.array.shape, 0), (self.spacing, 2)))
        return f"Volume({self.modality or '?'}, {size}, {step} mm)"


def _spacing(affine: Floats) -> tuple[float, float, float]:
    a, b, c = np.linalg.norm(affine[:3, :3], axis=0)
    return (float(a), float(b), float(c))


def by_series(datasets: Sequence[Dataset]) -> Mapping[str, tuple[int, ...]]:
    """Return the indices of the datasets of each Series Instance UID, in order of first appearance."""
    groups: dict[str, list[int]] = {}
    for index, dataset in enumerate(datasets):
        groups.setdefault(str(dataset.get("SeriesInstanceUID") or ""), []).append(index)
    return {uid: tuple(indices) for uid, indices in groups.items()}


def volumes_of(datasets: Sequence[Dataset]) -> tuple[tuple[Volume, ...], tuple[Refused, ...]]:
    """Return the volumes that the instances form, and what forms none.

    Parameters
    ----------
    datasets
        Instances with pixel data, of one or several series, in any order; left alone. All volumes are held at once:
        for a whole patient use `stacks_of` on headers and `loaded` one by one.

    Returns
    -------
    volumes
        In order of first appearance. A series with several time points, echoes, b-values or orientations gives
        several.
    refused
        Localisers, tilted, incomplete, uneven or repeated slices, mosaics, colour, what has no place in a patient,
        what cannot be decoded.

    References
    ----------
    PS3.3 C.7.6.2 (Image Plane), C.7.6.16 (functional groups), C.11.1 (Modality LUT).
    """
    stacks, refused = stacks_of(datasets)
    volumes: list[Volume] = []
    bad = list(refused)
    for stack in stacks:
        try:
            volumes.append(loaded(stack, datasets))
        except PixelError as error:
            bad.append(_refusal(stack.places, f"pixel data: {error}"))
    return tuple(volumes), tuple(bad)


def loaded(stack: Stack, datasets: Sequence[Dataset]) -> Volume:
    """Return the volume of a stack, one frame decoded at a time; PixelError when one cannot be."""
    array = np.empty(stack.shape, dtype=np.float32)
    frames: tuple[int, Frames] | None = None
    for k in sorted(range(len(stack.places)), key=lambda n: stack.places[n]):
        index, number = stack.places[k]
        if frames is None or frames[0] != index:
            frames = (index, Frames.of(datasets[index]))
        slope, intercept = stack.rescale[k]
        array[k] = frames[1].samples(number) * slope + intercept
    return Volume(array, stack.affine, stack.modality, stack.frame_of_reference, stack.places)


def stacks_of(datasets: Sequence[Dataset]) -> tuple[tuple[Stack, ...], tuple[Refused, ...]]:
    """Return the geometry of the volumes that instances form, and what forms none; pixel data is not looked at."""
    stacks: list[Stack] = []
    refused: list[Refused] = []
    for indices in by_series(datasets).values():
        groups: list[_Group] = []
        for index in indices:
            try:
                _admit(datasets[index])
                for number, plane in enumerate(planes(datasets[index])):
                    _join(groups, _kind(datasets[index]), (index, number), plane)
            except VolumeError as error:
                refused.append(Refused((index,), str(error)))
        few = [len(_positions(g.planes)[1]) < FEW_SLICES for g in groups]
        normals = [g.planes[0].normal for g in groups]
        crossed = any(abs(a @ b) < ORTHOGONAL for a in normals for b in normals)
        for group in groups:
            if all(few) and crossed:
                refused.append(_refusal(group.places, "localiser: a few slices in planes at right angles"))
                continue
            for part in _apart(group, datasets):
                try:
                    stacks.append(_stack(part, datasets[part.places[0][0]]))
                except VolumeError as error:
                    refused.append(_refusal(part.places, str(error)))
    return tuple(stacks), _merged(refused)


@dataclass(frozen=True, eq=False, slots=True)
class _Group:
    """Frames of one series, size, orientation and pixel spacing."""

    kind: tuple[object, ...]
    places: list[Place]
    planes: list[Plane]


def _refusal(places: Sequence[Place], reason: str) -> Refused:
    return Refused(tuple(sorted({index for index, _ in places})), reason, tuple(places))


def _merged(refused: Sequence[Refused]) -> tuple[Refused, ...]:
    """Return one refusal for all instances that were refused by themselves for one reason."""
    alone: dict[str, list[int]] = {}
    for one in refused:
        if not one.places:
            alone.setdefault(one.reason, []).extend(one.indices)
    return (
        *(Refused(tuple(indices), reason) for reason, indices in alone.items()),
        *(one for one in refused if one.places),
    )


def _admit(dataset: Dataset) -> None:
    """Raise VolumeError for an instance that is no grey image of a plane, whatever its neighbours are."""
    kinds = {str(v).upper() for v in np.atleast_1d(dataset.get("ImageType") or [])}
    reason = None
    if not dataset.get("Rows") or not dataset.get("Columns"):
        reason = "no image: Rows or Columns is missing"
    elif kinds & {"LOCALIZER", "SCOUT"}:
        reason = "localiser: ImageType says so"
    elif "MOSAIC" in kinds:
        reason = "Siemens mosaic: many slices lie side by side in one frame; export it as an enhanced image"
    elif "SegmentSequence" in dataset or dataset.get("BitsAllocated") == 1:
        reason = "a segmentation, no image"
    elif (dataset.get("SamplesPerPixel") or 1) != 1 or dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        reason = "a colour image: its samples are no quantities"
    elif "ModalityLUTSequence" in dataset:
        reason = "its quantities come from a table (Modality LUT Sequence), not from slope and intercept"
    if reason:
        raise VolumeError(reason)


def _kind(dataset: Dataset) -> tuple[object, ...]:
    keys = ("FrameOfReferenceUID", "Modality", "Rows", "Columns")
    return tuple(str(dataset.get(key) or "") for key in keys)


def _join(groups: list[_Group], kind: tuple[object, ...], place: Place, plane: Plane) -> None:
    """Put a frame into the group that it belongs to, or begin one."""
    for group in groups:
        first = group.planes[0]
        turned = max(np.abs(plane.row - first.row).max(), np.abs(plane.column - first.column).max())
        scaled = max(abs(a - b) for a, b in zip(plane.spacing, first.spacing, strict=True))
        if group.kind == kind and turned <= SAME_COSINE and scaled <= SAME_SPACING_MM:
            group.places.append(place)
            group.planes.append(plane)
            return
    groups.append(_Group(kind, [place], [plane]))


def _positions(frames: Sequence[Plane]) -> tuple[NDArray[np.intp], Floats]:
    """Return for each frame the number of its position, and the positions in mm along the normal, ascending."""
    heights = np.array([p.position for p in frames]) @ frames[0].normal
    order = np.argsort(heights, kind="stable")
    fresh = np.diff(heights[order], prepend=-np.inf) > SAME_POSITION_MM
    number = np.empty(len(frames), dtype=np.intp)
    number[order] = np.cumsum(fresh) - 1
    return number, heights[order][fresh]


@cache
def _dimensions() -> tuple[str, ...]:
    """Return the keywords that tell volumes of one series apart, the most telling first."""
    with (files("dicomlab.volume") / "dimensions.csv").open(encoding="utf-8") as table:
        return tuple(row["keyword"] for row in csv.DictReader(table))


def _value(dataset: Dataset, frame: int, keyword: str) -> str:
    if keyword != "DimensionIndexValues":
        return str(told(dataset, frame, keyword))
    pointers = [int(d.get("DimensionIndexPointer") or 0) for d in dataset.get("DimensionIndexSequence") or ()]
    values: Any = told(dataset, frame, keyword)
    indices = np.atleast_1d([] if values is None else values)
    return str([int(v) for v, pointer in zip(indices, pointers, strict=False) if pointer not in _WHERE])


def _apart(group: _Group, datasets: Sequence[Dataset]) -> list[_Group]:
    """Split frames that share positions by what differs between them: time, echo, b-value, image type."""
    number, _ = _positions(group.planes)
    parts = [list(range(len(number)))]
    for keyword in (*_dimensions(), "DimensionIndexValues"):
        split: list[list[int]] = []
        for part in parts:
            held = {number[n] for n in part}
            by_value: dict[str, list[int]] = {}
            if len(held) < len(part):
                for n in part:
                    index, frame = group.places[n]
                    by_value.setdefault(_value(datasets[index], frame, keyword), []).append(n)
            covering = all(len({number[n] for n in one}) > COVERS * len(held) for one in by_value.values())
            split.extend(by_value.values() if by_value and covering else [part])
        parts = split
    return [_Group(group.kind, [group.places[n] for n in p], [group.planes[n] for n in p]) for p in parts]


def _stack(group: _Group, dataset: Dataset) -> Stack:
    """Return the stack of frames at distinct, even positions, or raise VolumeError with what is wrong."""
    number, heights = _positions(group.planes)
    if len(heights) < len(number):
        raise VolumeError("slices repeat at the same position, and no attribute tells which belong together")
    if len(heights) == 1:
        raise VolumeError("a single slice is no volume")
    steps = np.diff(heights)
    usual = float(np.sort(steps)[(len(steps) - 1) // 2])
    gaps = np.flatnonzero(steps > GAP * usual)
    if gaps.size:
        raise VolumeError(f"missing slices: {gaps.size} gaps, the first after slice {gaps[0] + 1} of {len(heights)}")
    order = np.argsort(number)
    frames = [group.planes[n] for n in order]
    positions = np.array([p.position for p in frames])
    step = (positions[-1] - positions[0]) / (len(frames) - 1)
    normal = frames[0].normal
    off = positions - positions[0] - np.arange(len(frames))[:, None] * step
    along = off @ normal
    if np.abs(along).max() > max(UNEVEN_MM, UNEVEN_SHARE * usual):
        message = f"uneven spacing of slices, worst at slice {int(np.abs(along).argmax()) + 1} of {len(frames)}"
        raise VolumeError(message)
    if np.linalg.norm(step - normal * (step @ normal)) > TILT * (step @ normal):
        raise VolumeError("gantry tilt: the slices are sheared against their normal")
    if np.linalg.norm(off - along[:, None] * normal, axis=1).max() > UNEVEN_MM:
        raise VolumeError("slices are shifted against each other in their plane")
    return Stack(
        shape=(len(frames), frames[0].rows, frames[0].columns),
        affine=frames[0].affine(step),
        rescale=np.array([(p.slope, p.intercept) for p in frames]),
        modality=str(dataset.get("Modality") or ""),
        frame_of_reference=str(dataset.get("FrameOfReferenceUID") or ""),
        places=tuple(group.places[n] for n in order),
    )
