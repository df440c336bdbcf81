"""From levels between 0 and 1 to stored samples: photometric interpretations, depths, signs, palettes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dicomlab.forge.burned_in.canvas import Burned
    from dicomlab.forge.draw import Draw

_LUMA = np.array((0.299, 0.587, 0.114), np.float32)
# PS3.3 C.7.6.3.1.2: Y, CB and CR from R, G and B.
_YBR = np.array(((0.299, 0.587, 0.114), (-0.1687, -0.3313, 0.5), (0.5, -0.4187, -0.0813)), np.float32)


@dataclass(frozen=True, slots=True)
class Storage:
    """How samples are stored.

    `low`, `high`: stored values that levels 0 and 1 become (on display: of MONOCHROME1 `low` is the brighter's), what
    lies beyond is cut off at the ends of the stored range. `palette`: "tinted", a ramp of one colour; "scrambled", an
    order of entries without meaning; "hidden", ink differs from what is around it in its index but not in its colour;
    "twins", in its colour but hardly in its index.
    """

    photometric: str = "MONOCHROME2"
    stored: int = 8
    signed: bool = False
    low: float = 0
    high: float = 255
    planar: int = 0
    palette: Literal["", "tinted", "scrambled", "hidden", "twins"] = ""

    @property
    def allocated(self) -> int:
        """Bits Allocated."""
        return 8 if self.stored <= 8 else 16  # noqa: PLR2004 - a byte

    @property
    def samples(self) -> int:
        """Samples per Pixel."""
        return 3 if self.photometric in ("RGB", "YBR_FULL", "YBR_FULL_422") else 1

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """What holds a sample, little endian."""
        return np.dtype(f"<{'i' if self.signed else 'u'}{self.allocated // 8}")

    @property
    def ends(self) -> tuple[int, int]:
        """Least and greatest value that Bits Stored can hold."""
        half = 1 << (self.stored - 1)
        return (-half, half - 1) if self.signed else (0, 2 * half - 1)


def store(frames: Sequence[NDArray[np.float32]], storage: Storage, *, draw: Draw, burned: Sequence[Burned] = (),
          ) -> tuple[list[NDArray[np.generic]], NDArray[np.uint16] | None]:  # fmt: skip
    """Return stored frames (rows, columns[, 3]) and, of a palette, its entries (entries, 3) of 16 bits.

    `burned` is needed by the palettes "hidden" and "twins" alone: their frames come without text.
    """
    if storage.palette:
        return _palette(frames, storage, draw, burned)
    return [_samples(f, storage) for f in frames], None


def _samples(frame: NDArray[np.float32], storage: Storage) -> NDArray[np.generic]:
    if storage.samples == 1:
        grey = frame if frame.ndim == 2 else frame @ _LUMA  # noqa: PLR2004 - rows and columns alone
        values = storage.low + grey * (storage.high - storage.low)
        return np.asarray(np.clip(np.rint(values), *storage.ends), storage.dtype)
    colours = frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, axis=2)  # noqa: PLR2004 - with samples
    rgb = np.clip(np.rint(colours * 255), 0, 255)
    if storage.photometric == "RGB":
        return rgb.astype(np.uint8)
    ybr = np.clip(np.rint(rgb @ _YBR.T + np.array((0, 128, 128), np.float32)), 0, 255).astype(np.uint8)
    if storage.photometric == "YBR_FULL_422":
        ybr[:, 1::2, 1:] = ybr[:, ::2, 1:]
    return np.asarray(ybr)


def native(frame: NDArray[np.generic], storage: Storage) -> bytes:
    """Return a stored frame as native Pixel Data has it (PS3.3 C.7.6.3.1.2, C.7.6.3.1.3)."""
    if storage.photometric == "YBR_FULL_422":
        pairs = np.stack([frame[:, ::2, 0], frame[:, 1::2, 0], frame[:, ::2, 1], frame[:, ::2, 2]], axis=-1)
        return pairs.tobytes()
    if storage.samples == 3 and storage.planar:  # noqa: PLR2004 - colours
        return np.ascontiguousarray(np.moveaxis(frame, -1, 0)).tobytes()
    return frame.tobytes()


def _palette(frames: Sequence[NDArray[np.float32]], storage: Storage, draw: Draw, burned: Sequence[Burned]) -> tuple[
    list[NDArray[np.generic]], NDArray[np.uint16]
]:  # fmt: skip
    entries = 1 << storage.stored
    top = entries - 1
    if storage.palette == "scrambled":
        return _scrambled(frames, draw)
    grey = [np.clip(f if f.ndim == 2 else f @ _LUMA, 0, 1) for f in frames]  # noqa: PLR2004 - rows and columns alone
    ramp = np.linspace(0, 1, entries)
    match storage.palette:
        case "hidden":  # the upper half of the entries repeats the lower one
            half = entries // 2
            planes = [np.rint(g * (half - 1)).astype(int) for g in grey]
            colours = np.repeat((ramp % (half / top) * 2)[:, None], 3, axis=1)
            colours[half:] = colours[:half]
            step = half
        case "twins":  # each entry of the ramp has a yellow neighbour
            planes = [np.rint(g * (top // 2)).astype(int) * 2 for g in grey]
            colours = np.repeat(ramp[:, None], 3, axis=1)
            colours[1::2] = (1, 0.95, 0.2)
            step = 1
        case _:
            planes = [np.rint(g * top).astype(int) for g in grey]
            tint = draw.choice(((1.0, 0.92, 0.75), (0.8, 0.95, 1.0), (1.0, 1.0, 1.0)))
            colours, step = ramp[:, None] * np.array(tint), 0
    for text in burned if step else ():
        x0, y0, x1, y1 = text.box
        for number, plane in enumerate(planes):
            if text.frame in (None, number):
                plane[y0:y1, x0:x1][text.ink] += step
    table = np.rint(np.clip(colours, 0, 1) * 0xFFFF).astype(np.uint16)
    return [p.astype(storage.dtype) for p in planes], table


def _scrambled(
    frames: Sequence[NDArray[np.float32]], draw: Draw
) -> tuple[list[NDArray[np.generic]], NDArray[np.uint16]]:
    colours = [f if f.ndim == 3 else np.repeat(f[..., None], 3, axis=2) for f in frames]  # noqa: PLR2004 - with samples
    pages = [Image.fromarray(np.clip(np.rint(c * 255), 0, 255).astype(np.uint8)) for c in colours]
    first = pages[0].quantize(240, dither=Image.Dither.NONE)
    table = np.zeros((256, 3), np.uint16)
    known = np.array(first.getpalette(), np.uint16).reshape(-1, 3)[:256]
    order = np.array(draw.sample(range(256), 256))
    table[order[: len(known)]] = known * 257
    planes = [order[np.asarray(p.quantize(palette=first, dither=Image.Dither.NONE))] for p in pages]
    return [p.astype(np.uint8) for p in planes], table
