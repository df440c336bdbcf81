"""From a Dataset to the bytes of a file, the same in every process: transfer syntax, file meta, preamble."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from openjpeg.utils import encode_array
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

IMPLEMENTATION = "2.25.133184910467352077731390461830237094418"
_PADDING = 0xFFFCFFFC
# A named encoder for each: which one pydicom finds first depends on what else is installed.
_ENCODERS = {str(JPEGLSLossless): "pyjpegls", str(RLELossless): "pydicom"}

EXPLICIT, IMPLICIT, BIG = ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian
DEFLATED, RLE, LS, J2K = DeflatedExplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless
BASELINE = JPEGBaseline8Bit


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a file is written around its Dataset.

    Parameters
    ----------
    syntax
        Transfer syntax; pixels are compressed with it unless they are encapsulated already.
    sender
        Source Application Entity Title of the file meta, "" for none.
    preamble
        Text in the 128 bytes of the preamble.
    padding
        Text in the Data Set Trailing Padding.
    remark
        Text in the Private Information of the file meta.
    bare
        No preamble and no file meta: the Dataset alone, in implicit VR.
    """

    syntax: str = EXPLICIT
    sender: str = ""
    preamble: str = ""
    padding: str = ""
    remark: str = ""
    bare: bool = False


def encode(dataset: Dataset, envelope: Envelope) -> bytes:
    """Return the bytes of a file that holds the Dataset, which is changed while it is encoded."""
    if envelope.padding:
        dataset.add_new(_PADDING, "OB", _even(envelope.padding).ljust(64, b"\0"))
    buffer = BytesIO()
    if envelope.bare:
        dcmwrite(buffer, dataset, implicit_vr=True, little_endian=True, enforce_file_format=False)
        return buffer.getvalue()
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(envelope.syntax)
    meta.ImplementationClassUID = UID(IMPLEMENTATION)
    meta.ImplementationVersionName = "DICOMLAB_FORGE"
    if envelope.sender:
        meta.SourceApplicationEntityTitle = envelope.sender
    if envelope.remark:
        meta.PrivateInformationCreatorUID = UID(IMPLEMENTATION)
        meta.PrivateInformation = _even(envelope.remark)
    dataset.file_meta = meta
    if envelope.syntax == J2K:
        dataset.PixelData = encapsulate([_jpeg_2000(dataset)])
        dataset["PixelData"].VR = "OB"
    encoder = _ENCODERS.get(envelope.syntax)
    if encoder and "PixelData" in dataset:
        meta.TransferSyntaxUID = EXPLICIT
        dataset.compress(envelope.syntax, encoding_plugin=encoder, generate_instance_uid=False)
        meta.ImplementationClassUID = UID(IMPLEMENTATION)
        meta.ImplementationVersionName = "DICOMLAB_FORGE"
    if envelope.syntax == BIG and dataset.get("BitsAllocated") == 16:  # noqa: PLR2004 - OW swaps with the file
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    dataset.preamble = envelope.preamble.encode()[:128].ljust(128, b"\0")
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _even(text: str) -> bytes:
    """Return text in UTF-8, of even length as PS3.5 7.1.1 asks."""
    said = text.encode()
    return said + b"\0" * (len(said) % 2)


def _jpeg_2000(dataset: Dataset) -> bytes:
    """Return grey pixels of 16 bits allocated as a lossless JPEG 2000 codestream."""
    grey = np.frombuffer(dataset.PixelData, "<u2").reshape(dataset.Rows, dataset.Columns)
    return bytes(encode_array(grey, bits_stored=dataset.BitsStored))
