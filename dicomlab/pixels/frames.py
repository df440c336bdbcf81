"""The stored samples of an instance, one frame at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dicomlab.errors import PixelError
from dicomlab.pixels import codecs, fragments, native, streams
from dicomlab.pixels.layout import Deferred, Layout
from dicomlab.pixels.palette import Palette

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import DataElement, Dataset

    from dicomlab.pixels.native import Samples

EXTREMES = ("SmallestImagePixelValue", "LargestImagePixelValue")
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class Frames:
    """Reads frames when they are asked for; never holds a decoded one.

    Parameters
    ----------
    layout
        What the Image Pixel Module says.
    value
        Value of Pixel Data (7FE0,0010): native, or the items of encapsulated pixel data; or where it lies in a file.
    palette
        The colours of PALETTE COLOR; None: indices are taken for grey.
    vr
        VR of Pixel Data; matters only in big endian, where OW swaps the bytes of 8-bit samples.
    extended
        Value of Extended Offset Table (7FE0,0001), if the instance has one.
    lossy
        Lossy Image Compression attributes of the instance by keyword: what was lost before is told on.
    stale
        Keywords of attributes that an edit makes untrue: those that state the smallest or largest sample.

    Raises
    ------
    PixelError
        The value is shorter than the layout says, or its fragments make no frames.
    """

    def __init__(
        self,
        layout: Layout,
        value: bytes | bytearray | memoryview | Deferred,
        *,
        palette: Palette | None = None,
        vr: str = "",
        extended: bytes | None = None,
        lossy: Mapping[str, object] | None = None,
        stale: Sequence[str] = (),
    ) -> None:
        """Find the frames; nothing is decoded yet."""
        self.layout = layout
        self.palette = palette if layout.photometric == "PALETTE COLOR" else None
        self.extended = extended
        self.lossy = dict(lossy or {})
        self.stale: dict[str, object] = dict.fromkeys(stale)
        self._value = value
        self.swapped = layout.native and layout.big_endian and layout.bits_allocated <= 8 and vr == "OW"  # noqa: PLR2004
        self.index = None
        if not layout.native:
            self.index = fragments.index(self.read, layout.frames, layout.transfer_syntax, extended)
        elif len(self.read(layout.size - 1, 1)) != 1:
            raise PixelError("pixel data is shorter than its attributes say; fetch the file again")

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        value: bytes | bytearray | memoryview | Deferred | None = None,
        *,
        vr: str = "",
        transfer_syntax: str | None = None,
    ) -> Frames:
        """Return the frames of a Dataset; of its Pixel Data (7FE0,0010), or of a `value` of that which it lacks."""
        element: DataElement | None = dataset.get(0x7FE00010, None)
        if value is None and element is not None and element.value:
            value, vr = element.value, element.VR
        if value is None:
            raise PixelError("the instance has no Pixel Data (7FE0,0010)")
        layout = Layout.of(dataset, transfer_syntax=transfer_syntax)
        lossy = {k: dataset[k].value for k in codecs.LOSSY_KEYWORDS if k in dataset}
        palette = Palette.of(dataset) if layout.photometric == "PALETTE COLOR" else None
        extended = dataset.get("ExtendedOffsetTable")
        stale = [k for k in EXTREMES if k in dataset]
        return cls(layout, value, palette=palette, vr=vr, extended=extended, lossy=lossy, stale=stale)

    def __len__(self) -> int:
        """Return the number of frames."""
        return self.layout.frames

    def read(self, start: int, length: int) -> bytes:
        """Return bytes of the value as it is encoded; fewer where it ends."""
        if not isinstance(self._value, Deferred):
            return bytes(memoryview(self._value)[start : start + length])
        if self._value.length is not None:
            length = min(length, max(self._value.length - start, 0))
        with self._value.path.open("rb") as file:
            file.seek(self._value.offset + start)
            return file.read(length)

    def encoded(self, n: int) -> bytes:
        """Return the bytes of frame `n` as they stand: its fragments joined, or native samples.

        Of 1-bit samples, which need not start at a byte, one byte for each; of swapped bytes, their right order.
        """
        if self.index is not None:
            return b"".join(self.read(*span) for span in self.index.frames[n])
        start, bits = n * self.layout.frame_bits, self.layout.frame_bits
        low, high = start // 8, -(-(start + bits) // 8)
        if self.swapped:
            low, high = low & ~1, high + high % 2
        data = np.frombuffer(self.read(low, high - low), np.uint8)
        if self.swapped:
            data = data.reshape(-1, 2)[:, ::-1].reshape(-1)
        start -= low * 8
        if self.layout.bits_allocated == 1:
            return np.unpackbits(data, bitorder="little")[start : start + bits].tobytes()
        return data[start // 8 : (start + bits) // 8].tobytes()

    @cached_property
    def luminance(self) -> bool:
        """Whether the first sample of a pixel is its luminance: of JPEG the markers know better than the attributes."""
        if self.layout.samples > 1 and self.layout.transfer_syntax in codecs.DCT:
            said = streams.jpeg(self.encoded(0)).luminance
            return self.layout.luminance if said is None else said
        return self.layout.luminance

    def raw(self, n: int) -> Samples:
        """Return frame `n` with every allocated bit, unsigned, in the shape of `samples`."""
        if not 0 <= n < self.layout.frames:
            raise PixelError(f"there is no frame {n}: the instance has {self.layout.frames}, counted from 0")
        if self.index is None:
            return native.unpacked(self.layout, self.encoded(n))
        return codecs.decoded(self.layout, self.encoded(n))

    def samples(self, n: int) -> Samples:
        """Return the stored samples of frame `n`: (rows, columns) or (rows, columns, samples), integers.

        No colour is converted and no table applied. Sub-sampled chroma is repeated.
        Bits above High Bit (old overlays) and below the stored ones are left out: see `raw`.
        """
        return native.stored(self.layout, self.raw(n))

    def grey(self, n: int) -> NDArray[np.float32]:
        """Return frame `n` for looking at: (rows, columns), luminance of colours, otherwise stored samples."""
        samples = self.samples(n)
        if self.palette is not None:
            return (self.palette.colours(samples) @ _LUMA).astype(np.float32)
        if samples.ndim == 2:  # noqa: PLR2004 - no colours
            return samples.astype(np.float32)
        return samples[..., 0].astype(np.float32) if self.luminance else samples.astype(np.float32) @ _LUMA
