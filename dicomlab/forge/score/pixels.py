"""Pixels as a scorer compares them: frames without stream metadata, whatever way they are stored."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING

import numpy as np
from pydicom.encaps import generate_fragments, parse_basic_offsets

from dicomlab.forge.score.reading import UNREADABLE, Instance

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_BIG = "1.2.840.10008.1.2.2"
_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_MARKER = 0xFF
_JPEG_METADATA = {*range(0xE0, 0xF0), 0xFE}


def pixel_keyword(dataset: Dataset) -> str | None:
    """Return the keyword of the pixel data, None without any."""
    return next((k for k in _KEYWORDS if k in dataset), None)


def is_encapsulated(instance: Instance) -> bool:
    """Return whether pixel data stands in fragments: its length is undefined."""
    ds = instance.dataset
    return "PixelData" in ds and bool(ds["PixelData"].is_undefined_length)


def fragments(instance: Instance) -> list[bytes]:
    """Return the fragments of encapsulated pixel data, without the offset table."""
    return list(generate_fragments(instance.dataset.PixelData))[1:] if is_encapsulated(instance) else []


def frames(instance: Instance) -> list[bytes]:
    """Return each frame's stream, its fragments joined."""
    pieces = fragments(instance)
    count = max(int(instance.dataset.get("NumberOfFrames") or 1), 1)
    several = max(len(pieces) // count, 1)
    return [b"".join(pieces[i : i + several]) for i in range(0, len(pieces), several)]


def digest(instance: Instance) -> str:
    """Return a digest of the pixels as stored, in little endian and without metadata in the streams; "" without any."""
    keyword = pixel_keyword(instance.dataset)
    if keyword is None:
        return ""
    try:
        if is_encapsulated(instance):
            content = b"".join(without_metadata(f).rstrip(b"\0") for f in frames(instance))
        else:
            content = native(instance, keyword)
    except UNREADABLE:
        return "unreadable"
    return hashlib.sha256(content.rstrip(b"\0")).hexdigest()


def native(instance: Instance, keyword: str) -> bytes:
    """Return native pixel data in little endian."""
    content: bytes = bytes(instance.dataset[keyword].value or b"")
    bits = int(instance.dataset.get("BitsAllocated") or 8)
    if instance.syntax != _BIG or bits <= 8:  # noqa: PLR2004 - bytes have no order
        return content
    return np.frombuffer(content, np.dtype(f">u{bits // 8}")).astype(f"<u{bits // 8}").tobytes()


def decoded(instance: Instance) -> str:
    """Return a digest of the decoded samples, "" where nothing here decodes them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return hashlib.sha256(np.ascontiguousarray(instance.dataset.pixel_array).tobytes()).hexdigest()
    except (*UNREADABLE, RuntimeError, IndexError):
        return ""


def same(before: Instance, after: Instance) -> bool:
    """Return whether two instances hold the same pixels: as stored, or else decoded."""
    first = digest(before)
    return first == digest(after) or (bool(one := decoded(before)) and one == decoded(after))


def without_metadata(stream: bytes) -> bytes:
    """Return a JPEG or JPEG 2000 stream without comments and application data."""
    if stream.startswith(b"\xff\x4f\xff\x51"):
        return _cut(stream, {0x64}, end=0x90)
    if stream.startswith(b"\xff\xd8"):
        return _cut(stream, _JPEG_METADATA, end=0xDA)
    return stream


def _cut(stream: bytes, unwanted: set[int], *, end: int) -> bytes:
    """Return a stream without segments of some markers, up to the marker where its data starts."""
    kept, at = bytearray(stream[:2]), 2
    while at + 4 <= len(stream) and stream[at] == _MARKER and stream[at + 1] != end:
        length = 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        if stream[at + 1] not in unwanted:
            kept += stream[at : at + length]
        at += length
    return bytes(kept) + stream[at:]


def offsets_right(before: Instance, after: Instance) -> bool:
    """Return whether offset tables, where the source had them, are there and point at the frames (PS3.5 A.4)."""
    if not is_encapsulated(after):
        return pixel_keyword(after.dataset) is not None
    try:
        return _tables_right(before, after)
    except UNREADABLE:
        return False


def _tables_right(before: Instance, after: Instance) -> bool:
    lengths = [len(f) for f in fragments(after)]
    basic = parse_basic_offsets(after.dataset.PixelData)
    count = max(int(after.dataset.get("NumberOfFrames") or 1), 1)
    if len(lengths) % count:
        return False
    several = len(lengths) // count  # fragments of each frame
    starts = [sum(n + 8 for n in lengths[:i]) for i in range(0, len(lengths), several)]
    extended = after.dataset.get("ExtendedOffsetTable")
    if extended is not None:
        told = np.frombuffer(extended, "<u8").tolist()
        sizes = np.frombuffer(after.dataset.ExtendedOffsetTableLengths, "<u8").tolist()
        return told == starts and all(n - 1 <= size <= n for size, n in zip(sizes, lengths, strict=True))
    if basic:
        return basic == starts
    return before.syntax != after.syntax or "ExtendedOffsetTable" not in before.dataset
