"""Pixels of the image classes: small, different in every instance, and what describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.forge.corpus.draft import Draft

_BITS = {"grey16": 12, "grey16mf": 16, "enhanced": 12, "grey8": 8, "grey8mf": 8, "rgb": 8, "rgbmf": 8}


def add_pixels(draft: Draft) -> None:
    """Add frames of noise over a slope, sized by chance, and the Image Pixel module."""
    kind = draft.sop_class.kind
    bits, draw = _BITS[kind], draft.draw.sub("pixels")
    samples = 3 if kind.startswith("rgb") else 1
    frames = 2 if kind.endswith("mf") or kind == "enhanced" else 1
    rows, columns = 8 * draw.integer(4, 6), 8 * draw.integer(4, 6)
    draft.frames = [picture(draft, f"frame {n}", (rows, columns), bits=bits, samples=samples) for n in range(frames)]
    wide = bits > 8  # noqa: PLR2004 - more than a byte
    draft.put(
        Rows=rows, Columns=columns, BitsAllocated=16 if wide else 8, BitsStored=bits, HighBit=bits - 1,
        PixelRepresentation=0, SamplesPerPixel=samples,
    )  # fmt: skip
    if samples > 1:
        draft.put(PhotometricInterpretation="RGB", PlanarConfiguration=0)
    elif "PhotometricInterpretation" not in draft.dataset:
        draft.put(PhotometricInterpretation="MONOCHROME2")
    if frames > 1:
        draft.put(NumberOfFrames=str(frames))
    draft.note("PixelData", category="kept pixel data", ends={"basic": ("kept",), "research": ("kept",)})
    for keyword in ("Rows", "Columns", "BitsStored", "PhotometricInterpretation"):
        draft.note(keyword, category="kept acquisition values", ends={"basic": ("kept",), "research": ("kept",)})


def picture(
    draft: Draft, label: str, shape: tuple[int, int], *, bits: int, samples: int = 1
) -> NDArray[np.unsignedinteger]:
    """Return one frame: rows, columns and, of colour, samples."""
    rows, columns = shape
    top = (1 << bits) - 1
    slope = np.add.outer(np.linspace(0, 0.4, rows), np.linspace(0, 0.4, columns)) * top
    noise = draft.draw.sub("pixels", label).noise((rows, columns), top / 30)
    grey = np.clip(np.rint(slope + noise), 0, top)
    wide = bits > 8  # noqa: PLR2004 - more than a byte
    plane: NDArray[np.unsignedinteger] = grey.astype(np.uint16) if wide else grey.astype(np.uint8)
    if samples > 1:
        plane = np.stack([plane, plane[::-1], plane[:, ::-1]], axis=-1)
    return plane
