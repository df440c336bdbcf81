"""Cropping: text at the borders is cut away with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dicomlab.errors import PixelError
from dicomlab.pixels import codecs, dct, geometry, write
from dicomlab.pixels.edit import clipped
from dicomlab.records import Region

if TYPE_CHECKING:
    from pydicom import Dataset

    from dicomlab.pixels.frames import Frames
    from dicomlab.pixels.layout import Edited, Layout

_LEAST = 0.25  # of the image must stay


def crop(frames: Frames, box: Region, dataset: Dataset) -> Edited:
    """Return the pixel data within a box, with every attribute that depends on where the image lies.

    Samples that stay are bit-identical. Baseline JPEG stays as it is coded when the box starts at a whole unit, as
    those of `crop_box` do; otherwise it is written uncompressed.

    Parameters
    ----------
    frames
        What is cropped; it is left alone.
    box
        Pixels, upper bounds open.
    dataset
        The attributes of the instance; they are left alone.

    Raises
    ------
    PixelError
        The box lies outside the image, the image is a tile of a larger one, or its syntax cannot be written.
    """
    layout = frames.layout
    if clipped(layout, box) != box or box.frame is not None:
        raise PixelError("the box of a crop must lie in the image, and be the same for all frames")
    if layout.subsampled and (box.x0 % 2 or box.x1 % 2):
        raise PixelError("two pixels share their chroma: the box of a crop must start and end at an even column")
    attributes = geometry.cropped(dataset, box)
    edited = write.cropped(frames, box)
    return replace(edited, attributes={**attributes, **edited.attributes})


def crop_box(layout: Layout, regions: Sequence[Region]) -> Region:
    """Return the largest box that is free of the regions of all frames.

    In baseline JPEG it starts at a whole unit of coding, and where two pixels share chroma at an even column.

    Raises
    ------
    PixelError
        Less than a quarter of the image would stay.
    """
    boxes = [b for r in regions if (b := clipped(layout, r))]
    unit = _unit(layout)
    best = Region(0, 0, 0, 0)
    tops = sorted({_up(y, unit[0]) for y in (0, *(b.y1 for b in boxes))})
    ends = sorted({layout.rows, *(b.y0 for b in boxes)})
    for y0 in tops:
        for y1 in (y for y in ends if y > y0):
            width = _area(best) // (y1 - y0)
            if layout.columns <= width:
                continue
            x0, x1 = _gap([b for b in boxes if b.y0 < y1 and b.y1 > y0], layout, unit[1])
            best = max(best, Region(x0, y0, x1, y1), key=_area)
    if _area(best) < _LEAST * layout.rows * layout.columns:
        message = "less than a quarter of the image lies outside its text: a crop would leave too little; use `mask`"
        raise PixelError(message)
    return best


def _gap(boxes: Sequence[Region], layout: Layout, unit: int) -> tuple[int, int]:
    """Return the widest run of columns that no box touches."""
    best, start = (0, 0), 0
    for low, high in (*sorted((b.x0, b.x1) for b in boxes), (layout.columns, layout.columns)):
        end = low - low % 2 if layout.subsampled else low
        best = max(best, (_up(start, unit), end), key=lambda gap: gap[1] - gap[0])
        start = max(start, high)
    return best


def _unit(layout: Layout) -> tuple[int, int]:
    """Return at which rows and columns a box may start."""
    if layout.transfer_syntax in codecs.DCT:
        side = dct.SIDE if layout.samples == 1 else 2 * dct.SIDE  # the largest unit of sub-sampled colours in use
        return side, side
    return 1, 2 if layout.subsampled else 1


def _up(position: int, unit: int) -> int:
    return -(-position // unit) * unit


def _area(box: Region) -> int:
    return max(box.x1 - box.x0, 0) * max(box.y1 - box.y0, 0)
