"""From stored frames to the bytes of a file in a transfer syntax."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
from openjpeg.utils import encode_array
from PIL import Image
from pydicom import dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from dicomlab.forge.burned_in.storing import Storage, native
from dicomlab.forge.encoding import IMPLEMENTATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

_UID = "1.2.840.10008.1.2"
SYNTAXES = {
    "explicit": f"{_UID}.1", "implicit": _UID, "big endian": f"{_UID}.2", "deflated": f"{_UID}.1.99",
    "JPEG baseline": f"{_UID}.4.50", "JPEG lossless": f"{_UID}.4.57", "JPEG lossless SV1": f"{_UID}.4.70",
    "JPEG-LS": f"{_UID}.4.80", "JPEG-LS near": f"{_UID}.4.81", "JPEG 2000": f"{_UID}.4.90",
    "JPEG 2000 lossy": f"{_UID}.4.91", "RLE": f"{_UID}.5",
}  # fmt: skip
_NATIVE = ("explicit", "implicit", "big endian", "deflated")
_LOSSY = {"JPEG baseline": "ISO_10918_1", "JPEG-LS near": "ISO_14495_1", "JPEG 2000 lossy": "ISO_15444_1"}
_NEAR = 2


def syntaxes_for(storage: Storage) -> tuple[str, ...]:
    """Return the transfer syntaxes in which pictures stored so are written."""
    match storage.photometric:
        case "RGB":
            return (*_NATIVE, "RLE", "JPEG baseline", "JPEG 2000", "JPEG 2000 lossy", "JPEG-LS")
        case "YBR_FULL":
            return (*_NATIVE, "RLE", "JPEG baseline")
        case "YBR_FULL_422":
            return ("explicit", "implicit", "JPEG baseline", "JPEG baseline")
        case "PALETTE COLOR":
            return (*_NATIVE, "RLE", "JPEG-LS", "JPEG lossless SV1", "JPEG 2000")
    lossless = (*_NATIVE, "RLE", "JPEG lossless", "JPEG lossless SV1", "JPEG 2000")
    if storage.signed:
        return (*lossless, "JPEG 2000 lossy")
    whole = ("JPEG-LS", "JPEG-LS near", "JPEG 2000 lossy")
    return (*lossless, *whole, "JPEG baseline", "JPEG baseline") if storage.allocated == 8 else (*lossless, *whole)  # noqa: PLR2004 - bytes


def file_bytes(ds: Dataset, frames: Sequence[NDArray[np.generic]], storage: Storage, syntax: str, *,
               palette: NDArray[np.uint16] | None = None) -> bytes:  # fmt: skip
    """Return the bytes of a file that holds `ds`, which gets its Image Pixel Module here."""
    ds.SamplesPerPixel, ds.PhotometricInterpretation = storage.samples, storage.photometric
    ds.Rows, ds.Columns = frames[0].shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = storage.allocated, storage.stored, storage.stored - 1
    ds.PixelRepresentation = int(storage.signed)
    if storage.samples == 3:  # noqa: PLR2004 - colours
        ds.PlanarConfiguration = storage.planar if syntax in _NATIVE else 0
    if palette is not None:
        for index, colour in enumerate(("Red", "Green", "Blue")):
            setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [len(palette) % 65536, 0, 16])
            table = palette[:, index].astype(">u2" if syntax == "big endian" else "<u2").tobytes()
            setattr(ds, f"{colour}PaletteColorLookupTableData", table)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(SYNTAXES["explicit"])
    _pixels(ds, frames, storage, syntax)
    if syntax in _LOSSY:
        ds.LossyImageCompression, ds.LossyImageCompressionMethod = "01", _LOSSY[syntax]
        ratio = sum(f.nbytes for f in frames) / max(len(ds.PixelData), 1)
        ds.LossyImageCompressionRatio = f"{ratio:.2f}"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = UID(SYNTAXES[syntax])
    meta.ImplementationClassUID, meta.ImplementationVersionName = UID(IMPLEMENTATION), "DICOMLAB_FORGE"
    ds.file_meta = meta
    ds.preamble = b"\0" * 128
    buffer = BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def _pixels(ds: Dataset, frames: Sequence[NDArray[np.generic]], storage: Storage, syntax: str) -> None:
    if syntax in _NATIVE:
        swapped = syntax == "big endian" and storage.allocated == 16  # noqa: PLR2004 - words
        content = b"".join(native(f.byteswap() if swapped else f, storage) for f in frames)
        ds.PixelData = content + b"\0" * (len(content) % 2)
        ds["PixelData"].VR = "OW" if storage.allocated == 16 or syntax == "implicit" else "OB"  # noqa: PLR2004 - words
        return
    if syntax in _STREAMS:
        if storage.photometric == "RGB" and syntax.startswith("JPEG 2000"):
            ds.PhotometricInterpretation = "YBR_ICT" if syntax.endswith("lossy") else "YBR_RCT"
        ds.PixelData = encapsulate([_STREAMS[syntax](f, storage) for f in frames])
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
        return
    more = {"JPEG-LS near": {"jls_error": _NEAR}}.get(syntax, {})
    plugin = "pydicom" if syntax == "RLE" else "pyjpegls"
    stacked = np.stack(frames) if len(frames) > 1 else frames[0]
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)
    ds.compress(SYNTAXES[syntax], stacked, encoding_plugin=plugin, generate_instance_uid=False, **more)  # type: ignore[arg-type]


def _jpeg(frame: NDArray[np.generic], storage: Storage) -> bytes:
    target, quality = BytesIO(), 70 + frame.shape[1] // 8 % 26  # some better, some worse
    match storage.photometric:
        case "RGB":
            Image.fromarray(frame, "RGB").save(target, "JPEG", quality=quality, keep_rgb=True)
        case "YBR_FULL" | "YBR_FULL_422":
            subsampling = 0 if storage.photometric == "YBR_FULL" else 1
            Image.fromarray(frame, "YCbCr").save(target, "JPEG", quality=quality, subsampling=subsampling)
        case _:
            Image.fromarray(frame).save(target, "JPEG", quality=quality)
    return target.getvalue()


def _jpeg_lossless(frame: NDArray[np.generic], storage: Storage) -> bytes:
    unsigned = frame.view(f"<u{storage.allocated // 8}")
    return bytes(imagecodecs.ljpeg_encode(np.ascontiguousarray(unsigned), bitspersample=storage.stored))


def _jpeg_2000(frame: NDArray[np.generic], storage: Storage, *, ratios: list[float] | None = None) -> bytes:
    colours = storage.samples > 1
    return bytes(encode_array(frame, bits_stored=storage.stored, photometric_interpretation=1 if colours else 2,
                              use_mct=colours, compression_ratios=ratios))  # fmt: skip


_STREAMS: dict[str, Callable[[NDArray[np.generic], Storage], bytes]] = {
    "JPEG baseline": _jpeg, "JPEG lossless": _jpeg_lossless, "JPEG lossless SV1": _jpeg_lossless,
    "JPEG 2000": _jpeg_2000, "JPEG 2000 lossy": partial(_jpeg_2000, ratios=[8.0]),
}  # fmt: skip
