"""Stored samples and displayed levels of an instance, read without the code under test: a scorer's eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
from pydicom.encaps import generate_frames
from pydicom.pixels.processing import apply_color_lut

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

_UID = "1.2.840.10008.1.2"
_BIG = f"{_UID}.2"
_BASELINE = f"{_UID}.4.50"
_JPEG = (f"{_UID}.4.57", f"{_UID}.4.70")
_LS = (f"{_UID}.4.80", f"{_UID}.4.81")
_J2K = (f"{_UID}.4.90", f"{_UID}.4.91")
_RLE = f"{_UID}.5"


def count(ds: Dataset) -> int:
    """Return the number of frames."""
    return int(ds.get("NumberOfFrames") or 1)


def frames(ds: Dataset) -> list[NDArray[np.generic]]:
    """Return stored samples, a (rows, columns) or (rows, columns, samples) array of each frame.

    No colours are converted, but those within streams of JPEG 2000; bits beyond Bits Stored are taken as they are.

    Raises
    ------
    ValueError
        When the transfer syntax is none of the corpus, or pixels are shorter than the header says.
    """
    syntax = str(ds.file_meta.TransferSyntaxUID)
    wide = np.dtype(f"{'>' if syntax == _BIG else '<'}{'i' if ds.PixelRepresentation else 'u'}{ds.BitsAllocated // 8}")
    if not ds.file_meta.TransferSyntaxUID.is_encapsulated:
        return _native(ds, wide)
    return [
        _signed(_decoder(ds, syntax)(piece), ds) for piece in generate_frames(ds.PixelData, number_of_frames=count(ds))
    ]


def _native(ds: Dataset, wide: np.dtype[np.generic]) -> list[NDArray[np.generic]]:
    rows, columns, samples = ds.Rows, ds.Columns, ds.SamplesPerPixel
    halved = ds.PhotometricInterpretation == "YBR_FULL_422"
    each = rows * columns * (2 if halved else samples)
    content = np.frombuffer(ds.PixelData, wide)
    if len(content) < each * count(ds):
        raise ValueError(f"pixel data holds {len(content)} samples, and the header tells of {each * count(ds)}")
    found: list[NDArray[np.generic]] = []
    for number in range(count(ds)):
        part = content[number * each : (number + 1) * each].astype(wide.newbyteorder("="))
        if halved:
            pairs = part.reshape(rows, columns // 2, 4)
            colours = np.repeat(pairs[..., 2:], 2, axis=1)
            part = np.concatenate([pairs[..., :2].reshape(rows, columns, 1), colours], axis=-1)
        elif samples == 1:
            part = part.reshape(rows, columns)
        elif ds.PlanarConfiguration:
            part = np.moveaxis(part.reshape(samples, rows, columns), 0, -1)
        else:
            part = part.reshape(rows, columns, samples)
        found.append(part)
    return found


def _decoder(ds: Dataset, syntax: str) -> Callable[[bytes], NDArray[np.generic]]:
    if syntax == _BASELINE:  # components as they are: no colour conversion
        same = None if ds.SamplesPerPixel == 1 else ("RGB" if ds.PhotometricInterpretation == "RGB" else "YCBCR")
        return lambda piece: np.asarray(imagecodecs.jpeg8_decode(piece, colorspace=same, outcolorspace=same))
    if syntax in _JPEG:
        return lambda piece: np.asarray(imagecodecs.ljpeg_decode(piece))
    if syntax in _LS:
        return lambda piece: np.asarray(imagecodecs.jpegls_decode(piece))
    if syntax in _J2K:
        return lambda piece: np.asarray(imagecodecs.jpeg2k_decode(piece))
    if syntax == _RLE:
        return lambda piece: _rle(piece, ds)
    raise ValueError(f"the transfer syntax {syntax} is none that a corpus of burned-in text is written in")


def _rle(piece: bytes, ds: Dataset) -> NDArray[np.generic]:
    kind = np.dtype(f"<u{ds.BitsAllocated // 8}")
    flat = np.frombuffer(imagecodecs.dicomrle_decode(piece, kind), kind)
    if ds.SamplesPerPixel == 1:
        return flat.reshape(ds.Rows, ds.Columns)
    return np.moveaxis(flat.reshape(ds.SamplesPerPixel, ds.Rows, ds.Columns), 0, -1)


def _signed(samples: NDArray[np.generic], ds: Dataset) -> NDArray[np.generic]:
    """Return samples as Pixel Representation says: streams but of JPEG 2000 carry two's complement unsigned."""
    if not ds.PixelRepresentation or samples.dtype.kind == "i":
        return samples
    values = samples.astype(np.int64)
    half = 1 << (ds.BitsStored - 1)
    return np.asarray(((values + half) % (2 * half) - half).astype(f"i{ds.BitsAllocated // 8}"))


def shown(ds: Dataset, frame: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return a stored frame as a viewer shows it on a window from its least to its greatest value."""
    match str(ds.PhotometricInterpretation):
        case "PALETTE COLOR":
            return np.asarray(apply_color_lut(frame, ds) >> 8, np.uint8)
        case "YBR_FULL" | "YBR_FULL_422":
            ybr = frame.astype(np.float32) - np.array((0, 128, 128), np.float32)
            rgb = ybr @ np.array(((1, 0, 1.402), (1, -0.344136, -0.714136), (1, 1.772, 0)), np.float32).T
            return np.asarray(np.clip(np.rint(rgb), 0, 255), np.uint8)
        case "RGB" | "YBR_RCT" | "YBR_ICT":
            return frame.astype(np.uint8)
    grey = frame.astype(np.float32)
    low, high = float(grey.min()), float(grey.max())
    scaled = (grey - low) * (255 / max(high - low, 1))
    return np.asarray(255 - scaled if ds.PhotometricInterpretation == "MONOCHROME1" else scaled, np.uint8)
