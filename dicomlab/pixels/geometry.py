"""Attributes that a crop changes: everything that says where in the image, or where the image, lies.

References
----------
PS3.3 C.7.6.2 (plane), C.7.6.16.2 (functional groups), C.8.5.5 (ultrasound regions), C.9.2 (overlays), C.7.6.11
(shutter), C.8.8.2 (RT image).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, cast

import numpy as np
from pydicom import DataElement, Dataset
from pydicom.sequence import Sequence as Items
from pydicom.valuerep import DSfloat

from dicomlab.errors import PixelError
from dicomlab.pixels.frames import EXTREMES

if TYPE_CHECKING:
    from dicomlab.records import Region

# Positions of pixels, 1 = first: of a column, of a row, and lists of row\column.
_COLUMN_ENDINGS = ("LeftVerticalEdge", "RightVerticalEdge")
_ROW_ENDINGS = ("UpperHorizontalEdge", "LowerHorizontalEdge")
_POINT_STARTS = ("CenterOfCircular", "VerticesOfThePolygonal", "VerticesOfTheRegion")
_NO_POINTS = ("Outline",)  # in mm, on a device
# What would be a lie afterwards, and may be absent of a derived image.
_GONE = (
    *EXTREMES, "FieldOfViewShape", "FieldOfViewDimensions",
    "FieldOfViewOrigin", "FieldOfViewRotation", "FieldOfViewHorizontalFlip", "FieldOfViewSequence",
)  # fmt: skip
_TILED = ("TotalPixelMatrixColumns", "TotalPixelMatrixOriginSequence", "PlanePositionSlideSequence")
# Other images, earlier values, and what is moved by itself.
_APART = ("IconImageSequence", "OriginalAttributesSequence", "SequenceOfUltrasoundRegions")
_OVERLAYS = range(0x6000, 0x6020, 2)


def cropped(dataset: Dataset, box: Region) -> dict[str, object]:
    """Return the new values of the attributes that a crop to `box` changes, by keyword; None = remove.

    Overlays repeat: of them the key is the tag in eight hexadecimal digits, and the value a DataElement.
    The Dataset is left alone.

    Raises
    ------
    PixelError
        The image is a tile of a larger one, or its position cannot be computed.
    """
    if any(k in dataset for k in _TILED) or str(dataset.get("DimensionOrganizationType", "")).startswith("TILED"):
        raise PixelError("a tile of a larger image cannot be cropped; blank its text with `mask`")
    new = Dataset()
    for element in dataset:
        if element.VR == "SQ" or _moves(element.keyword):
            new[element.tag] = deepcopy(element)
    before = deepcopy(new)
    shared = next(iter(new.get("SharedFunctionalGroupsSequence") or ()), Dataset())
    _moved(new, box, [dataset])
    for group in (shared, *(new.get("PerFrameFunctionalGroupsSequence") or ())):
        for item in group.get("PlanePositionSequence") or ():
            _replaced(item, box, [*_inner(group), *_inner(shared), dataset])
        for item in group.get("PlanePositionVolumeSequence") or ():
            _replaced(item, box, [*_inner(group), *_inner(shared), dataset], volume=True)
    changed: dict[str, object] = {"Rows": box.y1 - box.y0, "Columns": box.x1 - box.x0}
    changed |= {e.keyword: e.value for e in new if e.keyword and (e.tag not in before or before[e.tag] != e)}
    changed |= {k: None for k in _GONE if k in dataset}
    if "SequenceOfUltrasoundRegions" in dataset:
        changed["SequenceOfUltrasoundRegions"] = _ultrasound(dataset.SequenceOfUltrasoundRegions, box) or None
    for group_number in _OVERLAYS:
        if (group_number << 16 | 0x0010) in dataset:
            changed |= _overlay(dataset, group_number << 16, box)
    return changed


def _moves(keyword: str) -> bool:
    return keyword in {"ImagePositionPatient", "RTImagePosition"} or bool(_axis(keyword))


def _axis(keyword: str) -> tuple[int, ...]:
    """Return along which axes the values of an attribute count: 0 rows, 1 columns; alternating."""
    if keyword.endswith(_COLUMN_ENDINGS):
        return (1,)
    if keyword.endswith(_ROW_ENDINGS):
        return (0,)
    return (0, 1) if keyword.startswith(_POINT_STARTS) and not keyword.endswith(_NO_POINTS) else ()


def _moved(item: Dataset, box: Region, around: Sequence[Dataset]) -> None:
    """Move what an item says in pixels or mm, and in all items within; `around`: those about it, for the spacing."""
    for keyword in _GONE:
        if keyword in item:
            del item[keyword]
    for element in item:
        if element.VR == "SQ":
            for inner in () if element.keyword in _APART else element.value:
                _moved(inner, box, [inner, *around])
        elif axes := _axis(element.keyword):
            values = element.value if element.VM > 1 else [element.value] if element.VM else []
            shifted = [int(v) - (box.y0, box.x0)[axes[k % len(axes)]] for k, v in enumerate(values)]
            element.value = shifted if len(shifted) != 1 else shifted[0]
    if len(around) == 1 or "ImageOrientationPatient" in around[0]:  # the root, or a detector with its own plane
        _replaced(item, box, around)
    if item.get("RTImagePosition"):
        _replaced_rt(item, box, around)


def _replaced(item: Dataset, box: Region, around: Sequence[Dataset], *, volume: bool = False) -> None:
    """Move the position of the first pixel: along the rows by the columns cut away, and the other way round."""
    ending = "Volume" if volume else "Patient"
    position = item.get(f"ImagePosition{ending}")
    if not position:
        return
    orientation, spacing = _found(around, f"ImageOrientation{ending}"), _found(around, "PixelSpacing")
    if orientation is None or spacing is None:
        raise PixelError("the position of the image cannot be computed: Image Orientation or Pixel Spacing is missing")
    along, down = np.reshape(np.array(orientation, float), (2, 3))
    new = np.array(position, float) + along * box.x0 * float(spacing[1]) + down * box.y0 * float(spacing[0])
    setattr(item, f"ImagePosition{ending}", _decimals(new, volume=volume))


def _replaced_rt(item: Dataset, box: Region, around: Sequence[Dataset]) -> None:
    """Move the first pixel of an RT image, whose rows run downwards while its y points up (PS3.3 C.8.8.2)."""
    spacing = _found(around, "ImagePlanePixelSpacing")
    if spacing is None:
        raise PixelError("the position of the image cannot be computed: Image Plane Pixel Spacing is missing")
    along, down = np.reshape(np.array(item.get("RTImageOrientation") or (1, 0, 0, 0, -1, 0), float), (2, 3))
    step = along * box.x0 * float(spacing[1]) + down * box.y0 * float(spacing[0])
    item.RTImagePosition = _decimals(np.array(item.RTImagePosition, float) + step[:2], volume=False)


def _decimals(values: np.ndarray, *, volume: bool) -> list[float]:
    return [float(v) if volume else DSfloat(float(v), auto_format=True) for v in values]


def _inner(group: Dataset) -> list[Dataset]:
    return [item for element in group if element.VR == "SQ" for item in element.value]


def _found(around: Sequence[Dataset], keyword: str) -> Sequence[float] | None:
    return next((cast("Sequence[float]", item[keyword].value) for item in around if item.get(keyword)), None)


def _ultrasound(regions: Sequence[Dataset], box: Region) -> Items:
    """Return the calibrated regions as far as they lie in the box; their reference pixel counts from their corner."""
    kept = []
    for region in regions:
        new = deepcopy(region)
        inside = True
        for axis, low, high in (("X", box.x0, box.x1), ("Y", box.y0, box.y1)):
            least, most, point = f"RegionLocationMin{axis}0", f"RegionLocationMax{axis}1", f"ReferencePixel{axis}0"
            first, last = max(int(region[least].value), low), min(int(region[most].value), high - 1)
            inside = inside and first <= last
            if not inside:
                break
            if point in region and first > int(region[least].value):
                new[point].value = int(region[point].value) - (first - int(region[least].value))
            new[least].value, new[most].value = first - low, last - low
        if inside:
            kept.append(new)
    return Items(kept)


def _overlay(dataset: Dataset, group: int, box: Region) -> dict[str, object]:
    """Return the elements of one overlay (60xx) after the crop; all of its group removed when none of it is left."""
    key = "{:08X}".format
    rows, columns = int(dataset[group | 0x10].value), int(dataset[group | 0x11].value)
    origin = dataset[group | 0x50].value if (group | 0x50) in dataset else (1, 1)
    top, left = int(origin[0]) - 1, int(origin[1]) - 1
    y0, y1, x0, x1 = max(box.y0, top), min(box.y1, top + rows), max(box.x0, left), min(box.x1, left + columns)
    if y0 >= y1 or x0 >= x1:
        return {key(int(e.tag)): None for e in dataset.group_dataset(group >> 16)}
    new: dict[int, tuple[str, object]] = {
        group | 0x10: ("US", y1 - y0), group | 0x11: ("US", x1 - x0),
        group | 0x50: ("SS", [y0 - box.y0 + 1, x0 - box.x0 + 1]),
    }  # fmt: skip
    data: DataElement | None = dataset.get(group | 0x3000, None)
    if data is not None and data.value:
        frames = int(dataset[group | 0x15].value) if (group | 0x15) in dataset else 1
        bits = np.unpackbits(np.frombuffer(data.value, np.uint8), bitorder="little")
        if len(bits) < frames * rows * columns:
            raise PixelError("the data of an overlay is shorter than its rows and columns say")
        planes = bits[: frames * rows * columns].reshape(frames, rows, columns)
        cut = np.packbits(planes[:, y0 - top : y1 - top, x0 - left : x1 - left], bitorder="little").tobytes()
        new[group | 0x3000] = (data.VR, cut + b"\0" * (len(cut) % 2))
    gone = {key(group | number): None for number in (0x1301, 0x1302, 0x1303) if (group | number) in dataset}
    return {**{key(t): DataElement(t, vr, value) for t, (vr, value) in new.items()}, **gone}
