"""Changed frames back into a value of Pixel Data, in the way that the transfer syntax allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dicomlab.pixels import codecs, dct, fragments, native, streams
from dicomlab.pixels.layout import EXPLICIT_LITTLE, Edited

if TYPE_CHECKING:
    from dicomlab.pixels.frames import Frames
    from dicomlab.pixels.layout import Layout
    from dicomlab.pixels.native import Samples
    from dicomlab.records import Region

Change = Callable[[int, "Samples"], "Samples | None"]

_CHUNK = 1 << 22

NATIVELY = "the edited pixel data is written uncompressed: its transfer syntax cannot be kept without another loss"
NO_ENCODER = "the edited pixel data is written uncompressed: no encoder reproduces the samples in its transfer syntax"
LOSSLESSLY = "edited frames of a lossy syntax are written in its lossless form; what was lost before stays lost"


def written(
    frames: Frames, change: Change, *, boxes: Mapping[int, Sequence[Region]] | None = None, how: str = "mask"
) -> Edited:
    """Return the pixel data after a change of its frames.

    `boxes`: the regions of each frame that `change` fills, where the change is a blanking; other frames are not even
    decoded, and baseline JPEG is edited without decoding.
    """
    layout, wanted = frames.layout, range(len(frames)) if boxes is None else sorted(boxes)
    if layout.native:
        value, stale = bytearray(layout.size + layout.size % 2), {}
        for start in range(0, len(value), _CHUNK):  # never the whole value twice
            piece = frames.read(start, min(_CHUNK, len(value) - start))
            value[start : start + len(piece)] = piece
        for n in wanted:
            raw = frames.raw(n)
            new = _changed(frames, n, raw, change, boxes=(boxes or {}).get(n, ()))
            if new is not raw:
                _put(layout, value, n, native.packed(layout, new, raw), swapped=frames.swapped)
                stale = frames.stale
        return Edited(value, layout.transfer_syntax, stale)
    assert frames.index is not None  # noqa: S101 - what is not native is encapsulated
    new_frames = {}
    for n in wanted:
        before = frames.encoded(n)
        if boxes is not None and (frame := dct.blanked(layout, before, boxes[n], how=how)):
            new_frames[n] = frame
            continue
        raw = codecs.decoded(layout, before)
        new = _changed(frames, n, raw, change, boxes=(boxes or {}).get(n, ()))
        if new is raw:
            continue
        new_frames[n] = codecs.encoded(layout, new, before)
        if not new_frames[n]:
            return uncompressed(
                frames, lambda k: _changed(frames, k, frames.raw(k), change) if k in wanted else frames.raw(k), layout
            )
    value, tables = fragments.rebuilt(frames.read, frames.index, new_frames, extended=bool(frames.extended))
    if not new_frames:
        return Edited(value, layout.transfer_syntax, tables)
    return Edited(value, layout.transfer_syntax, {**frames.stale, **tables, **lossy_attributes(frames)}, _notes(frames))


def cropped(frames: Frames, box: Region) -> Edited:
    """Return the pixel data within a box; Rows and Columns are not among its attributes."""
    small = replace(frames.layout, rows=box.y1 - box.y0, columns=box.x1 - box.x0)

    def cut(n: int) -> Samples:
        return frames.raw(n)[box.y0 : box.y1, box.x0 : box.x1]

    if frames.index is None:
        value = bytearray(small.size + small.size % 2)
        for n in range(len(frames)):
            _put(small, value, n, native.packed(small, part := cut(n), part), swapped=frames.swapped)
        return Edited(value, small.transfer_syntax)
    new = {}
    for n in range(len(frames)):
        before = frames.encoded(n)
        new[n] = dct.cropped(frames.layout, before, box) or codecs.encoded(small, cut(n), before)
        if not new[n]:
            return uncompressed(frames, cut, small)
    value, tables = fragments.rebuilt(frames.read, frames.index, new, extended=bool(frames.extended))
    return Edited(value, small.transfer_syntax, {**tables, **lossy_attributes(frames)}, _notes(frames))


def uncompressed(frames: Frames, raw: Callable[[int], Samples], layout: Layout) -> Edited:
    """Return all frames as Explicit VR Little Endian; `raw` gives their bits, in the shape of the layout."""
    target = as_native(frames, layout)
    value = bytearray(target.size + target.size % 2)
    for n in range(len(frames)):
        _put(target, value, n, native.packed(target, new := raw(n), new))
    attributes = {**frames.stale, **lossy_attributes(frames)}
    if target.photometric != layout.photometric:
        attributes["PhotometricInterpretation"] = target.photometric
    if target.samples > 1:
        attributes["PlanarConfiguration"] = 0
    if frames.extended:
        attributes |= {"ExtendedOffsetTable": None, "ExtendedOffsetTableLengths": None}
    note = NO_ENCODER if codecs.codec_of(layout).encode else NATIVELY
    return Edited(value, EXPLICIT_LITTLE, attributes, (note,))


def as_native(frames: Frames, layout: Layout) -> Layout:
    """Return the layout of compressed samples once they stand uncompressed, as the decoders give them."""
    photometric = layout.photometric
    if photometric in {"YBR_ICT", "YBR_RCT"}:
        photometric = "RGB"
    elif layout.samples > 1:
        photometric = "YBR_FULL" if frames.luminance else "RGB"
    return replace(layout, transfer_syntax=EXPLICIT_LITTLE, planar=0, photometric=photometric)


def lossy_attributes(frames: Frames) -> Mapping[str, object]:
    """Return the attributes that say what was lost (PS3.3 C.7.6.1.1.5); empty for samples that lost nothing.

    What the instance tells of earlier losses stays: a later step adds to it and takes nothing away.
    """
    layout = frames.layout
    codec = codecs.codec_of(layout)
    if not codec.lossy or (codec.encode and all(streams.is_reversible(frames.encoded(n)) for n in range(len(frames)))):
        return {k: v for k, v in frames.lossy.items() if frames.lossy.get(codecs.LOSSY_KEYWORDS[0]) == "01"}
    flag, ratio, method = codecs.LOSSY_KEYWORDS
    if frames.lossy.get(flag) == "01" and frames.lossy.get(ratio) and frames.lossy.get(method):
        return frames.lossy
    assert frames.index is not None  # noqa: S101
    squeezed = sum(length for spans in frames.index.frames for _, length in spans)
    return {flag: "01", ratio: f"{layout.size / squeezed:.4g}", method: codec.method, **_said(frames, ratio, method)}


def _notes(frames: Frames) -> tuple[str, ...]:
    codec = codecs.codec_of(frames.layout)
    return (LOSSLESSLY,) if codec.lossy and codec.encode else ()


def _said(frames: Frames, *keywords: str) -> dict[str, object]:
    return {k: frames.lossy[k] for k in keywords if frames.lossy.get(k)}


def _changed(frames: Frames, n: int, raw: Samples, change: Change, *, boxes: Sequence[Region] = ()) -> Samples:
    """Return the bits of a frame after the change; the very same array when nothing differs.

    `boxes`: where it changes, if that is known: the rest of a large frame need not be compared.
    """
    layout = frames.layout
    new = change(n, native.stored(layout, raw))
    if new is None:
        return raw
    if not boxes or (layout.signed and layout.bits_stored < layout.bits_allocated):  # the sign is the frame's matter
        return native.merged(layout, raw, new)
    whole, touched = raw.copy(), False
    for box in boxes:
        part = np.s_[box.y0 : box.y1, box.x0 : box.x1]
        before = raw[part]
        whole[part] = after = native.merged(layout, before, new[part])
        touched = touched or after is not before
    return whole if touched else raw


def _put(layout: Layout, value: bytearray, n: int, frame: bytes, *, swapped: bool = False) -> None:
    """Write one native frame into the value; `frame` as `Frames.encoded` gives it."""
    bits = layout.frame_bits
    start, data = n * bits, np.frombuffer(frame, np.uint8)
    whole = np.frombuffer(value, np.uint8)
    if layout.bits_allocated == 1:
        low, high = start // 8, -(-(start + bits) // 8)
        every = np.unpackbits(whole[low:high], bitorder="little")
        every[start - low * 8 : start - low * 8 + bits] = data
        whole[low:high] = np.packbits(every, bitorder="little")
    elif swapped:
        whole[np.arange(start // 8, (start + bits) // 8) ^ 1] = data
    else:
        whole[start // 8 : (start + bits) // 8] = data
