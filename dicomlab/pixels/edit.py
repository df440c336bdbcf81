"""Edits of stored samples: only what lies inside the regions changes, everything else stays bit-identical."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from dicomlab.errors import PixelError
from dicomlab.pixels import codecs, dct, native, write
from dicomlab.records import Region

if TYPE_CHECKING:
    from dicomlab.pixels.frames import Frames
    from dicomlab.pixels.layout import Edited, Layout
    from dicomlab.pixels.native import Samples

How = Literal["mask", "blur"]
_BLOCKS = 3  # a blurred region keeps at most so many blocks along its longer side, one along the shorter
_LEVELS = 16  # and each of them one of so many brightnesses: too little to guess a string from


def blank(frames: Frames, regions: Sequence[Region], how: How = "mask") -> Edited:
    """Return the pixel data with regions blanked; every sample outside them, and every other frame, is untouched.

    Parameters
    ----------
    frames
        What is edited; it is left alone.
    regions
        Rectangles of pixels, upper bounds open; parts beyond the image are ignored. Frame None: all frames.
    how
        ``mask``: one constant per region and frame, dark in the photometric interpretation.
        ``blur``: at most three constant blocks of sixteen brightnesses; nothing leads back to what stood there.

    Raises
    ------
    PixelError
        The transfer syntax or layout cannot be edited, or a region names a frame that does not exist.
    """
    layout = frames.layout
    if wrong := [r for r in regions if r.frame is not None and not 0 <= r.frame < layout.frames]:
        raise PixelError(f"a region names frame {wrong[0].frame}, the instance has {layout.frames}, counted from 0")
    boxes = {n: [b for r in regions if r.frame in (None, n) and (b := clipped(layout, r))] for n in range(len(frames))}

    def change(n: int, samples: Samples) -> Samples:
        new, value = samples.copy(), dark(frames, samples) if how == "mask" or frames.palette else None
        for box in boxes[n]:
            if value:
                _fill(layout, new, box, value)
                continue
            for block in blocks(box):
                _fill(layout, new, block, _mean(layout, samples, block))
        return new

    edited = write.written(frames, change, boxes={n: b for n, b in boxes.items() if b}, how=how)
    return replace(edited, regions=_reached(frames, edited, regions))


def replace_samples(frames: Frames, change: Callable[[int, Samples], Samples | None]) -> Edited:
    """Return the pixel data with new stored samples where `change` gives some.

    Parameters
    ----------
    frames
        What is edited; it is left alone.
    change
        Is given each frame's number and stored samples, as `Frames.samples` does, and returns an array of the same
        shape, or None where the frame's bytes stay as they are. It must not write into what it was given.

    Raises
    ------
    PixelError
        The transfer syntax cannot be edited, or new samples do not fit.
    """
    return write.written(frames, change)


def clipped(layout: Layout, region: Region) -> Region | None:
    """Return the part of a region that lies in the image; None when nothing does."""
    x0, y0 = max(region.x0, 0), max(region.y0, 0)
    x1, y1 = min(region.x1, layout.columns), min(region.y1, layout.rows)
    return Region(x0, y0, x1, y1, region.frame) if x0 < x1 and y0 < y1 else None


def _reached(frames: Frames, edited: Edited, regions: Sequence[Region]) -> tuple[Region, ...]:
    """Return where samples may differ: the regions, in baseline JPEG widened to its blocks."""
    layout = frames.layout
    inside = [box for r in regions if (box := clipped(layout, r))]
    mcu = dct.unit(layout, frames.encoded(0)) if inside and edited.transfer_syntax in codecs.DCT else None
    if mcu is None:
        return tuple(inside)
    margin = int(max(mcu) > dct.SIDE)  # decoders interpolate sub-sampled chroma one pixel far
    wide = []
    for box in inside:
        y0, x0, y1, x1 = dct.widened(box, mcu)
        reach = Region(
            x0 * mcu[1] - margin, y0 * mcu[0] - margin, x1 * mcu[1] + margin, y1 * mcu[0] + margin, box.frame
        )
        wide.append(clipped(layout, reach) or box)
    return tuple(wide)


def _fill(layout: Layout, new: Samples, box: Region, value: tuple[int, ...]) -> None:
    """Fill a box; where two pixels share chroma, and one of them lies outside, theirs stays."""
    rows = new[box.y0 : box.y1]
    if layout.subsampled:
        rows[:, box.x0 : box.x1, 0] = value[0]
        rows[:, box.x0 + box.x0 % 2 : box.x1 - box.x1 % 2, 1:] = value[1:]
    else:
        rows[:, box.x0 : box.x1] = value


def blocks(box: Region) -> Iterator[Region]:
    """Yield the few big blocks that a blurred region is reduced to."""
    if box.x1 - box.x0 >= box.y1 - box.y0:
        for x0, x1 in pairwise(_cuts(box.x0, box.x1)):
            yield Region(x0, box.y0, x1, box.y1)
    else:
        for y0, y1 in pairwise(_cuts(box.y0, box.y1)):
            yield Region(box.x0, y0, box.x1, y1)


def _cuts(low: int, high: int) -> list[int]:
    cuts = (low + (high - low) * k // _BLOCKS for k in range(_BLOCKS + 1))
    return sorted({c + c % 2 if low < c < high and c + c % 2 < high else c for c in cuts})


def dark(frames: Frames, samples: Samples) -> tuple[int, ...]:
    """Return the stored value of one pixel, all its samples, that is dark however it is shown.

    Unsigned: the end of the stored range. Signed MONOCHROME2: zero, or the lowest value of the frame (air in a CT)
    if that is lower: the lowest value that fits would ruin every window that is computed from the samples.
    """
    layout = frames.layout
    lowest, highest = native.limits(layout)
    if layout.photometric == "PALETTE COLOR":
        return (frames.palette.darkest(lowest, highest) if frames.palette else lowest,)
    if layout.photometric == "MONOCHROME1":
        return (highest,)
    if layout.photometric == "MONOCHROME2":
        return (min(0, int(samples.min())),)
    if frames.luminance:
        middle = 1 << layout.bits_stored - 1
        return (middle >> 3 if "PARTIAL" in layout.photometric else 0, middle, middle)
    return (0, 0, 0)


def _mean(layout: Layout, samples: Samples, box: Region) -> tuple[int, ...]:
    """Return the mean of a block, rounded to few levels of the range that it lies in."""
    lowest, highest = native.limits(layout)
    if layout.bits_stored > 8:  # noqa: PLR2004 - most of the range may be unused
        lowest, highest = int(samples.min()), int(samples.max())
    step = max((highest - lowest) // _LEVELS, 1)
    means = samples[box.y0 : box.y1, box.x0 : box.x1].reshape(-1, layout.samples).mean(axis=0)
    return tuple(int(m) for m in np.clip(np.round((means - lowest) / step) * step + lowest, lowest, highest))
