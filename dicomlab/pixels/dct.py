"""Baseline JPEG edited in its coefficients: blocks outside the regions keep theirs, bit for bit.

A region is widened to whole minimum coded units (MCU): 8 × 8 pixels, 16 where chroma is sub-sampled. Decoded samples
outside them are the same too, but for one pixel beside an edge where a decoder interpolates sub-sampled chroma.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomlab.errors import PixelError
from dicomlab.pixels import codecs, streams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.pixels.layout import Layout
    from dicomlab.records import Region

_HUFFMAN_SEQUENTIAL = {0xC0, 0xC1}
SIDE = 8  # samples along the side of a block
_RANGE = 1024  # a DC coefficient of so much, dequantized, shifts a block by 128 levels
_LEVELS = 16  # how many brightnesses a blurred block can take
_BLOCKS = 3  # of how many parts along its longer side a blurred region consists
_NAMES = ("Y", "Cb", "Cr")
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of the system that never reaches a disk


Planes = list["NDArray[np.int16]"]  # of each component: (rows of blocks, columns of blocks, 8, 8), quantized
Tables = list["NDArray[np.uint16]"]  # (8, 8)


def unit(layout: Layout, frame: bytes) -> tuple[int, int] | None:
    """Return (rows, columns) of one MCU in pixels; None where the coefficients cannot be edited."""
    if layout.transfer_syntax not in codecs.DCT:
        return None
    head = streams.jpeg(frame)
    if head.process not in _HUFFMAN_SEQUENTIAL or head.precision != SIDE or len(head.ids) != layout.samples:
        return None
    if (head.rows, head.columns) != (layout.rows, layout.columns):
        return None
    if head.components == 1:
        return SIDE, SIDE
    return tuple(SIDE * max(s[k] for s in head.sampling) for k in (1, 0))  # type: ignore[return-value]


def widened(box: Region, mcu: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return a box in MCUs: (first row, first column, end row, end column)."""
    (height, width) = mcu
    return box.y0 // height, box.x0 // width, -(-box.y1 // height), -(-box.x1 // width)


def blanked(layout: Layout, frame: bytes, boxes: Sequence[Region], *, how: str) -> bytes:
    """Return a JPEG frame with regions blanked; b"" when its coefficients cannot be edited.

    Raises
    ------
    PixelError
        The stream is broken, or what was written is not what was meant.
    """
    mcu = unit(layout, frame)
    if mcu is None:
        return b""

    def change(planes: Planes, tables: Tables) -> None:
        head = streams.jpeg(frame)
        luminance = layout.luminance if head.luminance is None else head.luminance
        for box in boxes:
            for k, (plane, table) in enumerate(zip(planes, tables, strict=True)):
                across = [head.sampling[k][i] if layout.samples > 1 else 1 for i in (1, 0)]
                for part in _parts(widened(box, mcu)) if how == "blur" else [widened(box, mcu)]:
                    rows, columns = (slice(part[i] * across[i], part[i + 2] * across[i]) for i in (0, 1))
                    inside = plane[rows, columns]
                    quantum = int(table[0, 0])
                    if how == "blur":
                        step = 2 * _RANGE / _LEVELS
                        level = round(float(inside[..., 0, 0].mean()) * quantum / step) * step
                        value = round(level / quantum)
                    elif luminance and k:
                        value = 0  # no colour
                    else:
                        value = -(-_RANGE // quantum) * (1 if layout.photometric == "MONOCHROME1" else -1)
                    inside[...] = 0
                    inside[..., 0, 0] = np.clip(value, -_RANGE, _RANGE - 1)

    return _edited(frame, change)


def cropped(layout: Layout, frame: bytes, box: Region) -> bytes:
    """Return the blocks of a JPEG frame within a box; b"" when they cannot be edited, or the box starts amid one.

    Raises
    ------
    PixelError
        The stream is broken, or what was written is not what was meant.
    """
    mcu = unit(layout, frame)
    if mcu is None or box.y0 % mcu[0] or box.x0 % mcu[1]:
        return b""
    head = streams.jpeg(frame)
    size = box.y1 - box.y0, box.x1 - box.x0

    def change(planes: Planes, _: Tables) -> None:
        for k, plane in enumerate(planes):
            across = [head.sampling[k][i] if layout.samples > 1 else 1 for i in (1, 0)]
            start = [low // side * n for low, side, n in zip((box.y0, box.x0), mcu, across, strict=True)]
            count = [-(-length * n // side) for length, side, n in zip(size, mcu, across, strict=True)]
            planes[k] = plane[start[0] : start[0] + count[0], start[1] : start[1] + count[1]]

    return _edited(frame, change, size)


def _parts(box: tuple[int, int, int, int]) -> Iterator[tuple[int, int, int, int]]:
    y0, x0, y1, x1 = box
    for k in range(_BLOCKS):
        if x1 - x0 >= y1 - y0:
            part = y0, x0 + (x1 - x0) * k // _BLOCKS, y1, x0 + (x1 - x0) * (k + 1) // _BLOCKS
        else:
            part = y0 + (y1 - y0) * k // _BLOCKS, x0, y0 + (y1 - y0) * (k + 1) // _BLOCKS, x1
        if part[0] < part[2] and part[1] < part[3]:
            yield part


def _edited(frame: bytes, change: Callable[[Planes, Tables], None], size: tuple[int, int] | None = None) -> bytes:
    """Return a JPEG stream after a change of its coefficients, the segments of its header as they were.

    `size`: another (rows, columns).
    """
    with _folder() as folder:
        jpeg = _read(folder / "before.jpg", frame)
        planes = [np.array(getattr(jpeg, name)) for name in _NAMES[: jpeg.num_components]]
        change(planes, [jpeg.qt[k] for k in jpeg.quant_tbl_no[: len(planes)]])
        for name, plane in zip(_NAMES, planes, strict=False):
            setattr(jpeg, name, plane)
        if size:
            jpeg.height, jpeg.width = size
            jpeg.block_dims = np.array([p.shape[:2] for p in planes])
        with _library():
            jpeg.write_dct(str(folder / "after.jpg"))
        new = streams.with_scan_of((folder / "after.jpg").read_bytes(), frame, size)
        again = _read(folder / "again.jpg", new)
        if not all(np.array_equal(getattr(again, n), p) for n, p in zip(_NAMES, planes, strict=False)):
            raise PixelError("the coefficients of a JPEG frame could not be written back; its pixels stay as they were")
    return new


def _read(path: Path, stream: bytes) -> Any:  # noqa: ANN401 - the package ships no types
    import jpeglib  # noqa: PLC0415 - images of other syntaxes need not pay

    path.write_bytes(stream)
    with _library():
        jpeg = jpeglib.read_dct(str(path))
        jpeg.load()
    return jpeg


@contextmanager
def _library() -> Iterator[None]:
    """Turn errors of the library into ours, and remove the copy of the frame that it leaves behind in that case."""
    try:
        yield
    except OSError as error:
        for frame, _ in walk_tb(error.__traceback__):
            left = getattr(frame.f_locals.get("tmp"), "name", None)
            if left:
                Path(left).unlink(missing_ok=True)
        raise PixelError("the coefficients of a JPEG frame cannot be read; fetch the file again") from error


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder for the library, which knows files alone; in memory where the system has such a place."""
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)
