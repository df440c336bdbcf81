"""The colours of PALETTE COLOR images (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from pydicom.pixels.processing import _expand_segmented_lut  # the only reader of segmented tables at hand

from dicomlab.errors import PixelError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset

    from dicomlab.pixels.native import Samples

_COLOURS = ("Red", "Green", "Blue")
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True, eq=False)
class Palette:
    """Colours by index: `table` (entries, 3), full scale 65535; `first` is the index of the first entry."""

    first: int
    table: NDArray[np.float32] = field(repr=False)

    @classmethod
    def of(cls, dataset: Dataset) -> Palette:
        """Return the palette of a Dataset.

        Raises
        ------
        PixelError
            A table is missing or broken.
        """
        try:
            planes, first = [], 0
            for colour in _COLOURS:
                count, first, bits = dataset[f"{colour}PaletteColorLookupTableDescriptor"].value
                planes.append(_plane(dataset, colour, int(count) or 1 << 16, int(bits)))
            return cls(int(first), np.stack(planes, axis=-1))
        except (KeyError, TypeError, ValueError) as error:
            message = "a palette colour lookup table is missing or broken; the pixels cannot be edited"
            raise PixelError(message) from error

    def colours(self, indices: Samples) -> NDArray[np.float32]:
        """Return the colours of indices, another axis of 3; those beyond an end have the colour of that end."""
        return self.table[np.clip(indices.astype(np.int64) - self.first, 0, len(self.table) - 1)]

    def darkest(self, lowest: int, highest: int) -> int:
        """Return the index between two bounds whose colour is darkest, the most neutral of those, the first."""
        indices = np.arange(max(lowest, self.first), min(highest, self.first + len(self.table) - 1) + 1)
        if not len(indices):
            return lowest
        colours = self.colours(indices)
        return int(indices[np.lexsort((np.ptp(colours, axis=1), colours @ _LUMA))[0]])


def _plane(dataset: Dataset, colour: str, count: int, bits: int) -> NDArray[np.float32]:
    keyword, order = f"{colour}PaletteColorLookupTableData", "<u2"
    if keyword not in dataset:
        segmented = dataset[f"Segmented{keyword}"].value
        words = np.frombuffer(segmented, "u1" if bits == 8 and len(segmented) % 2 else order)  # noqa: PLR2004
        entries = np.array(_expand_segmented_lut(tuple(int(w) for w in words), "H"), np.float32)
    else:
        data = dataset[keyword].value
        data = bytes(data) if isinstance(data, bytes | bytearray) else np.array(data, order).tobytes()
        if len(data) < count:
            raise ValueError(keyword)
        entries = np.frombuffer(data, order if len(data) >= 2 * count else "u1")[:count].astype(np.float32)
    # Some writers say 16 bits and fill 8: full scale is what the entries reach.
    return entries * np.float32(257 if bits == 8 or entries.max(initial=0) <= 255 else 1)  # noqa: PLR2004
