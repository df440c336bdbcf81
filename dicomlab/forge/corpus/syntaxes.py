"""Transfer syntaxes of a corpus and the file that holds one instance in one of them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_sequence_item
from pydicom.uid import UID

from dicomlab.forge import jpeg
from dicomlab.forge.corpus import streams
from dicomlab.forge.encoding import IMPLEMENTATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dicomlab.forge.corpus.draft import Draft

_UID = "1.2.840.10008.1.2"
SYNTAXES = {
    "implicit": _UID, "explicit": f"{_UID}.1", "big endian": f"{_UID}.2", "deflated": f"{_UID}.1.99",
    "encapsulated uncompressed": f"{_UID}.1.98", "RLE": f"{_UID}.5", "JPEG baseline": f"{_UID}.4.50",
    "JPEG lossless": f"{_UID}.4.70", "JPEG-LS": f"{_UID}.4.80", "JPEG 2000": f"{_UID}.4.90", "HTJ2K": f"{_UID}.4.201",
}  # fmt: skip
NATIVE = ("explicit", "implicit", "deflated", "big endian")
_LOSSLESS = ("JPEG-LS", "JPEG lossless", "JPEG 2000", "RLE", "HTJ2K", "encapsulated uncompressed")
_SYNTAXES_OF = {
    "grey16": (*NATIVE, *_LOSSLESS), "grey16mf": (*NATIVE, *_LOSSLESS), "enhanced": (*NATIVE, *_LOSSLESS),
    "grey8": (*NATIVE, *_LOSSLESS, "JPEG baseline"), "grey8mf": (*NATIVE, *_LOSSLESS, "JPEG baseline"),
    "rgb": (*NATIVE, "RLE", "JPEG 2000", "encapsulated uncompressed"),
    "rgbmf": (*NATIVE, "RLE", "JPEG 2000", "encapsulated uncompressed"),
}  # fmt: skip
# Bytes of one number in the VRs that follow the file's byte order (PS3.5 7.3).
_WIDTHS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def syntaxes_of(kind: str) -> tuple[str, ...]:
    """Return the names of the transfer syntaxes that a kind of content can be written in."""
    return _SYNTAXES_OF.get(kind, NATIVE)


def carries_comments(syntax: str) -> bool:
    """Return whether frames of a transfer syntax can hold comments."""
    return syntax not in (*NATIVE, "RLE", "encapsulated uncompressed")


def file_bytes(draft: Draft, syntax: str) -> bytes:
    """Return the bytes of a file that holds the draft's instance; its Dataset is changed while it is encoded."""
    ds = draft.dataset
    if draft.frames:
        _pixels(draft, syntax)
    if syntax == "big endian":
        _swap(ds)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = UID(SYNTAXES[syntax])
    meta.ImplementationClassUID = UID(IMPLEMENTATION)
    meta.ImplementationVersionName = "DICOMLAB_FORGE"
    for keyword, value in draft.meta.items():
        setattr(meta, keyword, value)
    # A fresh Dataset: one that grew element by element remembers no encoding.
    out = Dataset()
    out.update(ds)
    out.file_meta = meta
    out.preamble = draft.preamble[:128].ljust(128, b"\0")
    buffer = BytesIO()
    dcmwrite(buffer, out, enforce_file_format=True)
    return buffer.getvalue()


def implicit_items(items: Sequence[Dataset]) -> bytes:
    """Return the items of a sequence in implicit VR little endian: what stands in a sequence that reads as UN."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = True, True
    for item in items:
        write_sequence_item(buffer, item, ["iso8859"])
    content: bytes = buffer.getvalue()
    return content


def _pixels(draft: Draft, syntax: str) -> None:
    ds, frames = draft.dataset, draft.frames
    bits = int(ds.BitsStored)
    wide = bits > 8  # noqa: PLR2004 - then samples have two bytes
    natives = [f.astype("<u2" if wide else "u1").tobytes() for f in frames]
    if syntax in NATIVE:
        content = b"".join(natives)
        ds.PixelData = content + b"\0" * (len(content) % 2)
        ds["PixelData"].VR = "OW" if wide or syntax == "implicit" else "OB"
        return
    encoded = [_encoded(f, n, bits, syntax) for f, n in zip(frames, natives, strict=True)]
    if draft.comment and carries_comments(syntax):
        encoded = [streams.with_comment(e, draft.comment) for e in encoded]
        if syntax in ("JPEG baseline", "JPEG lossless"):
            encoded = [streams.with_application_data(e, draft.comment) for e in encoded]
    if len(encoded) > 1 and draft.number % 2:
        ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended(encoded)
    elif draft.number % 3 == 0 and carries_comments(syntax):
        ds.PixelData = encapsulate(encoded, fragments_per_frame=2)
    else:
        ds.PixelData = encapsulate(encoded)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True


def _encoded(frame: NDArray[np.unsignedinteger], native: bytes, bits: int, syntax: str) -> bytes:
    rows, columns = frame.shape[:2]
    samples = 1 if frame.ndim == 2 else frame.shape[2]  # noqa: PLR2004 - rows and columns alone
    match syntax:
        case "JPEG baseline":
            stream = jpeg.encode(frame.astype(np.uint8))
        case "JPEG lossless":
            stream = streams.lossless_jpeg(frame, bits)
        case "JPEG-LS":
            stream = streams.jpeg_ls(frame)
        case "JPEG 2000":
            stream = streams.jpeg_2000(frame, bits)
        case "HTJ2K":
            stream = streams.empty_ht_jpeg_2000(rows, columns, bits, samples)
        case "RLE":
            width = len(native) // (rows * columns * samples)
            stream = streams.rle(native, rows, columns, width=width, samples=samples)
        case _:
            stream = native + b"\0" * (len(native) % 2)
    return stream


def _swap(dataset: Dataset) -> None:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                _swap(item)
        elif element.VR == "UN":
            element.is_undefined_length = False  # its items stay little endian, which readers do not expect here
        elif element.VR in _WIDTHS and isinstance(element.value, bytes):
            kind = np.dtype(f"u{_WIDTHS[element.VR]}")
            element.value = np.frombuffer(element.value, kind).byteswap().tobytes()
