"""Changed frames back into a value of Pixel Data, in the way that the transfer syntax allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dicomlab.errors import PixelError
from dicomlab.pixels import native
from dicomlab.pixels.layout import Edited

if TYPE_CHECKING:
    from dicomlab.pixels.frames import Frames
    from dicomlab.pixels.native import Samples
    from dicomlab.records import Region

Change = Callable[[int, "Samples"], "Samples | None"]


def written(
    frames: Frames, change: Change, *, boxes: Mapping[int, Sequence[Region]] | None = None, how: str = "mask"
) -> Edited:
    """Return the pixel data after a change of its frames.

    `boxes`: the regions of each frame that `change` fills, where the change is a blanking; other frames are not even
    decoded, and baseline JPEG is edited without decoding.
    """
    layout, wanted = frames.layout, range(len(frames)) if boxes is None else boxes
    if not layout.native:
        raise PixelError(layout.transfer_syntax)
    value = bytearray(frames.read(0, layout.size + 1 & ~1 if frames.swapped else layout.size))
    for n in wanted:
        raw = frames.raw(n)
        samples = native.stored(layout, raw)
        new = change(n, samples)
        if new is not None and (merged := native.merged(layout, raw, new)) is not raw:
            _put(frames, value, n, native.packed(layout, merged, raw))
    return Edited(_even(value), layout.transfer_syntax)


def _even(value: bytearray) -> bytearray:
    value += b"\0" * (len(value) % 2)
    return value


def _put(frames: Frames, value: bytearray, n: int, frame: bytes) -> None:
    """Write one native frame into the value; `frame` as `Frames.encoded` gives it."""
    bits = frames.layout.frame_bits
    start, data = n * bits, np.frombuffer(frame, np.uint8)
    whole = np.frombuffer(value, np.uint8)
    if frames.layout.bits_allocated == 1:
        low, high = start // 8, -(-(start + bits) // 8)
        every = np.unpackbits(whole[low:high], bitorder="little")
        every[start - low * 8 : start - low * 8 + bits] = data
        whole[low:high] = np.packbits(every, bitorder="little")
    elif frames.swapped:
        whole[np.arange(start // 8, (start + bits) // 8) ^ 1] = data
    else:
        whole[start // 8 : (start + bits) // 8] = data
