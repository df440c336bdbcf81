"""Where each frame of an instance lies in the patient, told by classic attributes or functional groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomlab.errors import VolumeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    Floats = NDArray[np.float64]

# Direction cosines are decimal strings of four digits at worst: unit and orthogonal to within this.
COSINE = 1e-3


@dataclass(frozen=True, eq=False, slots=True)
class Plane:
    """One frame's geometry and how its stored samples become quantities.

    `row`: unit vector from one column to the next; `column`: from one row to the next. `spacing`: mm between rows,
    between columns. `position`: LPS mm of the centre of the first sample. `thickness`: mm, along the normal.
    """

    rows: int
    columns: int
    row: Floats
    column: Floats
    position: Floats
    spacing: tuple[float, float]
    thickness: float
    slope: float
    intercept: float

    @property
    def normal(self) -> Floats:
        """Unit vector along which slices ascend."""
        return np.cross(self.row, self.column)

    def affine(self, step: Floats | None = None) -> Floats:
        """Return the 4 × 4 of (slice, row, column) to LPS mm; `step` leads from slice to slice, else the thickness."""
        matrix = np.eye(4)
        matrix[:3, 0] = self.normal * self.thickness if step is None else step
        matrix[:3, 1] = self.column * self.spacing[0]
        matrix[:3, 2] = self.row * self.spacing[1]
        matrix[:3, 3] = self.position
        return matrix


def frame_affines(dataset: Dataset) -> tuple[Floats, ...]:
    """Return, for each frame of an instance, the 4 × 4 that takes (0, row, column) to LPS mm.

    The first column of each is the normal times the slice thickness, so that slice indices -0.5 to 0.5 run through
    the frame. Classic instances, functional groups (enhanced images, segmentations) and dose grids are understood.

    Raises
    ------
    VolumeError
        When a frame does not say where it lies in the patient.

    References
    ----------
    PS3.3 C.7.6.2.1.1, C.7.6.16.2.1 to C.7.6.16.2.4, C.8.8.3.2.
    """
    return tuple(plane.affine() for plane in planes(dataset))


def planes(dataset: Dataset) -> tuple[Plane, ...]:
    """Return the geometry of each frame; VolumeError when one does not state it."""
    count = int(dataset.get("NumberOfFrames") or 1)
    if "PerFrameFunctionalGroupsSequence" in dataset:
        if len(dataset.PerFrameFunctionalGroupsSequence) != count:
            raise VolumeError("functional groups: not one item for each frame")
        return tuple(_plane(dataset, n) for n in range(count))
    if "GridFrameOffsetVector" in dataset:
        return _dose(dataset, count)
    if count != 1:
        raise VolumeError("several frames without functional groups: their positions are not stated")
    return (_plane(dataset, 0),)


def told(dataset: Dataset, frame: int, keyword: str) -> Any:  # noqa: ANN401 - whatever the attribute holds
    """Return an attribute's value for one frame: of its own functional groups, the shared ones, or the root.

    None when it is absent or empty. Groups are looked into two sequences deep (gradient directions).
    """
    for name, n in (("PerFrameFunctionalGroupsSequence", frame), ("SharedFunctionalGroupsSequence", 0)):
        items = dataset.get(name) or ()
        if n < len(items) and (found := _within(items[n], keyword, depth=2)) is not None:
            return found
    return _filled(dataset, keyword)


def _within(holder: Dataset, keyword: str, *, depth: int) -> Any:  # noqa: ANN401
    for element in holder:
        if element.VR == "SQ" and element.value:
            item = element.value[0]
            found = _filled(item, keyword)
            if found is None and depth > 1:
                found = _within(item, keyword, depth=depth - 1)
            if found is not None:
                return found
    return None


def _filled(dataset: Dataset, keyword: str) -> Any:  # noqa: ANN401
    value = dataset.get(keyword)
    return None if value is None or value == "" else value


def _group(dataset: Dataset, frame: int, sequence: str, keyword: str) -> Any:  # noqa: ANN401
    """Return an attribute of a named functional group, or of the root of a classic instance."""
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        return _filled(dataset, keyword)
    shared = dataset.get("SharedFunctionalGroupsSequence") or ()
    for holder in (dataset.PerFrameFunctionalGroupsSequence[frame], *shared[:1]):
        items = holder.get(sequence)
        if items:
            return _filled(items[0], keyword)
    return None


def _numbers(value: Any, count: int, what: str) -> Floats:  # noqa: ANN401
    try:
        numbers = np.array([float(v) for v in value], dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.empty(0)
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise VolumeError(f"{what} is missing or not {count} numbers: the frame has no place in the patient")
    return numbers


def _plane(dataset: Dataset, n: int) -> Plane:
    cosines = _numbers(
        _group(dataset, n, "PlaneOrientationSequence", "ImageOrientationPatient"), 6, "ImageOrientationPatient"
    ).reshape(2, 3)
    lengths = np.linalg.norm(cosines, axis=1)
    if np.abs(lengths - 1).max() > COSINE or abs(cosines[0] @ cosines[1]) > COSINE:
        raise VolumeError("ImageOrientationPatient is no pair of orthogonal unit vectors")
    row, column = cosines / lengths[:, None]
    spacing = _numbers(_group(dataset, n, "PixelMeasuresSequence", "PixelSpacing"), 2, "PixelSpacing")
    if spacing.min() <= 0:
        raise VolumeError("PixelSpacing is not positive")
    thickness = _group(dataset, n, "PixelMeasuresSequence", "SliceThickness") or _group(
        dataset, n, "PixelMeasuresSequence", "SpacingBetweenSlices"
    )
    transform = "PixelValueTransformationSequence"
    slope, intercept = (_group(dataset, n, transform, k) for k in ("RescaleSlope", "RescaleIntercept"))
    return Plane(
        rows=int(dataset.get("Rows") or 0),
        columns=int(dataset.get("Columns") or 0),
        row=row,
        column=column,
        position=_numbers(
            _group(dataset, n, "PlanePositionSequence", "ImagePositionPatient"), 3, "ImagePositionPatient"
        ),
        spacing=(float(spacing[0]), float(spacing[1])),
        thickness=abs(float(thickness or 0)) or float(spacing.min()),
        slope=1.0 if slope is None else float(slope),
        intercept=0.0 if intercept is None else float(intercept),
    )


def _dose(dataset: Dataset, count: int) -> tuple[Plane, ...]:
    """Return the planes of a dose grid: offsets from the first along the normal."""
    first = _plane(dataset, 0)
    value = dataset.GridFrameOffsetVector
    offsets = _numbers(value if count > 1 else _sequence(value), count, "GridFrameOffsetVector")
    if offsets[0] != 0:
        message = "GridFrameOffsetVector does not start at 0: offsets from the first frame are understood alone"
        raise VolumeError(message)
    steps = np.abs(np.diff(offsets))
    thickness = float(np.median(steps)) if steps.size else first.thickness
    slope = float(dataset.get("DoseGridScaling") or 1)
    return tuple(
        Plane(
            rows=first.rows,
            columns=first.columns,
            row=first.row,
            column=first.column,
            position=first.position + first.normal * offset,
            spacing=first.spacing,
            thickness=thickness,
            slope=slope,
            intercept=0.0,
        )
        for offset in offsets
    )


def _sequence(value: Any) -> Sequence[Any]:  # noqa: ANN401
    return value if hasattr(value, "__len__") else [value]
