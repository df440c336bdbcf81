"""Native samples: the bytes of one frame to an array and back, bits above and below the stored ones kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dicomlab.errors import PixelError

if TYPE_CHECKING:
    from dicomlab.pixels.layout import Layout

Samples = NDArray[Any]  # (rows, columns) or (rows, columns, samples), integers


def unpacked(layout: Layout, frame: bytes | memoryview) -> Samples:
    """Return one native frame as an array of `Layout.shape`, all allocated bits, unsigned.

    `frame`: the frame's bytes; of 1-bit samples one byte for each. Sub-sampled chroma comes twice.
    """
    order = ">" if layout.big_endian else "<"
    flat = np.frombuffer(frame, f"{order}u{max(layout.bits_allocated // 8, 1)}")
    if layout.subsampled:
        pairs = flat.reshape(layout.rows, layout.columns // 2, 4)
        full = np.empty((layout.rows, layout.columns, 3), flat.dtype)
        full[..., 0] = pairs[..., :2].reshape(layout.rows, layout.columns)
        full[..., 1:] = np.repeat(pairs[..., 2:], 2, axis=1)
        return full
    if layout.samples > 1 and layout.planar:
        return np.moveaxis(flat.reshape(layout.samples, layout.rows, layout.columns), 0, -1)
    return flat.reshape(layout.shape)


def packed(layout: Layout, raw: Samples, before: Samples) -> bytes:
    """Return an array of all allocated bits as the bytes of a native frame: the inverse of `unpacked`.

    Chroma that two pixels share follows the one that changed; when only the luminance was edited it stays.
    """
    if layout.subsampled:
        pairs = np.empty((layout.rows, layout.columns // 2, 4), raw.dtype)
        pairs[..., :2] = raw[..., 0].reshape(layout.rows, -1, 2)
        left, right = raw[:, ::2, 1:], raw[:, 1::2, 1:]
        pairs[..., 2:] = np.where(left != before[:, ::2, 1:], left, right)
        raw = pairs
    elif layout.samples > 1 and layout.planar:
        raw = np.moveaxis(raw, -1, 0)
    return raw.astype(raw.dtype.newbyteorder(">" if layout.big_endian else "<"), copy=False).tobytes()


def stored(layout: Layout, raw: Samples) -> Samples:
    """Return stored samples: what lies below Low Bit or above High Bit is cut off, the sign honoured."""
    size = max(layout.bits_allocated, 8)
    above = size - 1 - layout.high_bit
    native = raw.astype(f"u{size // 8}", copy=False)
    shifted = native << above if above else native
    if layout.signed:
        shifted = shifted.view(f"i{size // 8}")
    return shifted >> (size - layout.bits_stored) if layout.bits_stored < size else shifted


def merged(layout: Layout, raw: Samples, samples: Samples) -> Samples:
    """Return `raw` with new stored samples; every other bit stays, and so does every sample that did not change.

    Where a frame's samples are sign-extended up to Bits Allocated, new ones are too.

    Raises
    ------
    PixelError
        A new sample does not fit into Bits Stored, or the shape is another.
    """
    if samples.shape != raw.shape:
        raise PixelError(f"edited samples have the shape {samples.shape}, those before {raw.shape}")
    old = stored(layout, raw)
    changed = old != samples
    if not changed.any():
        return raw
    lowest, highest = limits(layout)
    if samples.min() < lowest or samples.max() > highest:
        raise PixelError(f"edited samples do not fit into {layout.bits_stored} bits; clip them before they are written")
    size = max(layout.bits_allocated, 8)
    kind = np.dtype(f"u{size // 8}")
    low = layout.high_bit + 1 - layout.bits_stored
    own = ((1 << layout.bits_stored) - 1) << low
    bits = samples.astype(np.int64) << low
    container = raw.astype(kind)
    extended = layout.signed and bool(((container.view(f"i{size // 8}") >> low) == old).all())
    if extended:
        own = ((1 << size) - 1) ^ ((1 << low) - 1)
    new = (container & kind.type(~own & ((1 << size) - 1))) | (bits & own).astype(kind)
    return np.where(changed, new, container)


def limits(layout: Layout) -> tuple[int, int]:
    """Return the lowest and the highest value that a stored sample can take."""
    if layout.signed:
        return -(1 << layout.bits_stored - 1), (1 << layout.bits_stored - 1) - 1
    return 0, (1 << layout.bits_stored) - 1
