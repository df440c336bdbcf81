"""Compressed frames: decoded to what is stored, without colour conversion, and encoded again without loss.

Decoders and encoders are those of permissive licence. Whatever an encoder writes is decoded again and compared before
it is used: a wrong one costs compression, never a sample.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from struct import error as StructError  # noqa: N812 - an exception, named like one
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dicomlab.errors import PixelError
from dicomlab.pixels import streams

if TYPE_CHECKING:
    from dicomlab.pixels.layout import Layout
    from dicomlab.pixels.native import Samples

LOSSY_KEYWORDS = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")

_PADDING = 16  # bytes that may follow the end of a stream

# Errors of the libraries behind the codecs, whose own classes all derive from these.
_BROKEN = (RuntimeError, ValueError, TypeError, IndexError, KeyError, OSError, StructError, zlib.error)


class Codec(NamedTuple):
    """How one transfer syntax is read and written.

    `lossy`: frames may have lost something. `method`: Defined Term of Lossy Image Compression Method. `coded`
    gives samples the precision and sign of the stream that they replace. `encode` is given those and that stream, and
    returns a lossless one, b"" where it cannot; None: the syntax has no lossless form.
    """

    decode: Callable[[Layout, bytes], Samples]
    encode: Callable[[Layout, Samples, bytes], bytes] | None = None
    coded: Callable[[Samples, bytes], Samples] = lambda raw, _: raw
    lossy: bool = False
    method: str = ""


def decoded(layout: Layout, frame: bytes) -> Samples:
    """Return a compressed frame, all bits as unsigned integers, in the shape of the layout.

    Raises
    ------
    PixelError
        The syntax has no decoder here (video), the stream is broken or is of another size.
    """
    codec, other = codec_of(layout), "a compressed frame has another size than Rows, Columns and Samples per Pixel say"
    if layout.transfer_syntax.startswith(_JPEG) and streams.size(frame) != (*layout.shape, 1)[:3]:
        raise PixelError(other)  # before a decoder asks for the memory that a broken header names
    try:
        samples = codec.decode(layout, frame)
    except _BROKEN as error:
        message = f"a frame of pixel data cannot be decoded ({layout.transfer_syntax}); fetch the file again"
        raise PixelError(message) from error
    if samples.shape != layout.shape:
        raise PixelError(other)
    return samples.astype(f"u{max(layout.bits_allocated // 8, 1)}")


def encoded(layout: Layout, raw: Samples, before: bytes) -> bytes:
    """Return a frame encoded losslessly in the syntax of the layout, b"" where that cannot be.

    `raw`: all bits, unsigned. `before`: the frame that it replaces, whose precision, sign and colour transform it gets.
    """
    codec = codec_of(layout)
    if codec.encode is None:
        return b""
    try:
        samples = np.ascontiguousarray(codec.coded(raw, before))
        frame = codec.encode(layout, samples, before)
        right = bool(frame) and np.array_equal(codec.decode(layout, frame), samples)
    except _BROKEN:  # what an encoder refuses is written natively
        return b""
    return frame if right else b""


def codec_of(layout: Layout) -> Codec:
    """Return the codec of a compressed layout.

    Raises
    ------
    PixelError
        There is none.
    """
    codec = _CODECS.get(layout.transfer_syntax)
    if codec is None:
        message = f"pixel data of transfer syntax {layout.transfer_syntax} (video, or a rare codec) cannot be edited"
        raise PixelError(message)
    return codec


def _decode_jpeg(_: Layout, frame: bytes) -> Samples:
    import imagecodecs  # noqa: PLC0415 - 0.1 s that native images need not pay

    space = None if streams.jpeg(frame).components == 1 else "rgb"  # from RGB to RGB: nothing is converted
    return imagecodecs.jpeg8_decode(frame, colorspace=space, outcolorspace=space)


def _encode_jpeg(layout: Layout, samples: Samples, before: bytes) -> bytes:
    """Encode by lossless JPEG, predictor 1, between the application markers of the frame before."""
    import imagecodecs  # noqa: PLC0415

    space, bits = None if layout.samples == 1 else "rgb", streams.jpeg(before).precision
    new = imagecodecs.jpeg8_encode(
        samples, lossless=True, predictor=1, bitspersample=bits, colorspace=space, outcolorspace=space
    )
    return streams.named_as(bytes(new), before)


def _decode_jpeg_ls(layout: Layout, frame: bytes) -> Samples:
    import jpeg_ls  # type: ignore[import-untyped]  # noqa: PLC0415

    if b"\xff\xd9" not in frame[-_PADDING:]:  # the decoder takes many seconds to notice that a stream was cut
        raise streams.broken()
    data, info = jpeg_ls.decode_pixel_data(frame)
    flat = np.frombuffer(data, "u1" if info["bits_per_sample"] <= 8 else "<u2")  # noqa: PLR2004
    if info["components"] > 1 and info["interleave_mode"] == 0:
        return np.moveaxis(flat.reshape(info["components"], info["height"], info["width"]), 0, -1)
    shape = (info["height"], info["width"], info["components"])
    return flat.reshape(shape if layout.samples > 1 else shape[:2])


def _encode_jpeg_ls(layout: Layout, samples: Samples, before: bytes) -> bytes:
    import jpeg_ls  # noqa: PLC0415

    return bytes(
        jpeg_ls.encode_pixel_data(
            samples.tobytes(), rows=layout.rows, columns=layout.columns, bits_stored=streams.jpeg(before).precision,
            samples_per_pixel=layout.samples, planar_configuration=0,
        )
    )  # fmt: skip


def _decode_j2k(_: Layout, frame: bytes) -> Samples:
    import imagecodecs  # noqa: PLC0415

    return imagecodecs.jpeg2k_decode(frame)


def _encode_j2k(_: Layout, samples: Samples, before: bytes) -> bytes:
    import imagecodecs  # noqa: PLC0415

    old = streams.j2k(before)
    return bytes(
        imagecodecs.jpeg2k_encode(
            samples, level=0, codecformat="j2k", bitspersample=old.precision, reversible=True, mct=old.transform
        )
    )


def _decode_htj2k(_: Layout, frame: bytes) -> Samples:
    import imagecodecs  # noqa: PLC0415

    return imagecodecs.htj2k_decode(frame, planar=False)


def _encode_htj2k(_: Layout, samples: Samples, before: bytes) -> bytes:
    import imagecodecs  # noqa: PLC0415

    old = streams.j2k(before)
    if samples.dtype.itemsize * 8 != old.precision:
        return b""  # the encoder would write the precision of the container
    rgb = old.transform if samples.ndim > 2 else None  # noqa: PLR2004 - colours
    return bytes(imagecodecs.htj2k_encode(samples, level=0, reversible=True, tlm=True, rgb=rgb))


def _decode_rle(layout: Layout, frame: bytes) -> Samples:
    from rle.utils import decode_frame  # noqa: PLC0415

    data = decode_frame(frame, layout.rows * layout.columns, layout.bits_allocated, "<")
    flat = np.frombuffer(data, f"<u{max(layout.bits_allocated // 8, 1)}")
    return np.moveaxis(flat.reshape(layout.samples, layout.rows, layout.columns), 0, -1).reshape(layout.shape)


def _encode_rle(layout: Layout, samples: Samples, _: bytes) -> bytes:
    from rle.utils import encode_frame  # noqa: PLC0415

    data = samples.astype(samples.dtype.newbyteorder("<")).tobytes()
    return bytes(encode_frame(data, layout.rows, layout.columns, layout.samples, layout.bits_allocated, "<"))


def _decode_plain(layout: Layout, frame: bytes) -> Samples:
    if layout.bits_allocated == 1:
        flat = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[: layout.rows * layout.columns]
    else:
        flat = np.frombuffer(frame[: layout.frame_bits // 8], f"<u{layout.bits_allocated // 8}")
    if layout.planar and layout.samples > 1:
        return np.moveaxis(flat.reshape(layout.samples, layout.rows, layout.columns), 0, -1)
    return flat.reshape(layout.shape)


def _encode_plain(layout: Layout, samples: Samples, _: bytes) -> bytes:
    samples = np.moveaxis(samples, -1, 0) if layout.planar and layout.samples > 1 else samples
    if layout.bits_allocated == 1:
        samples = np.packbits(samples, bitorder="little")
    return samples.astype(samples.dtype.newbyteorder("<")).tobytes()


def _decode_deflated(layout: Layout, frame: bytes) -> Samples:
    inflated = zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(frame, layout.frame_bits // 8 + 2)
    return _decode_plain(layout, inflated)


def _encode_deflated(layout: Layout, samples: Samples, before: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(_encode_plain(layout, samples, before)) + squeeze.flush()


def _as_jpeg(raw: Samples, before: bytes) -> Samples:
    """Return samples as JPEG and JPEG-LS code them: without sign, and no bit above the precision."""
    precision = streams.jpeg(before).precision
    return (raw & ((1 << precision) - 1)).astype("u1" if precision <= 8 else "u2")  # noqa: PLR2004


def _as_j2k(raw: Samples, before: bytes) -> Samples:
    """Return samples with the precision and the sign that a JPEG 2000 codestream gives them."""
    old = streams.j2k(before)
    size = 1 if old.precision <= 8 else 2 if old.precision <= 16 else 4  # noqa: PLR2004
    samples = raw.astype(np.int64) & ((1 << old.precision) - 1)
    if old.signed:
        samples -= (samples >> (old.precision - 1)) << old.precision
    return samples.astype(f"{'i' if old.signed else 'u'}{size}")


_JPEG = "1.2.840.10008.1.2.4."
DCT = frozenset({f"{_JPEG}50", f"{_JPEG}51"})
_CODECS = {
    f"{_JPEG}50": Codec(_decode_jpeg, lossy=True, method="ISO_10918_1"),
    f"{_JPEG}51": Codec(_decode_jpeg, lossy=True, method="ISO_10918_1"),
    f"{_JPEG}57": Codec(_decode_jpeg, _encode_jpeg, _as_jpeg),
    f"{_JPEG}70": Codec(_decode_jpeg, _encode_jpeg, _as_jpeg),
    f"{_JPEG}80": Codec(_decode_jpeg_ls, _encode_jpeg_ls, _as_jpeg),
    f"{_JPEG}81": Codec(_decode_jpeg_ls, _encode_jpeg_ls, _as_jpeg, lossy=True, method="ISO_14495_1"),
    f"{_JPEG}90": Codec(_decode_j2k, _encode_j2k, _as_j2k),
    f"{_JPEG}91": Codec(_decode_j2k, _encode_j2k, _as_j2k, lossy=True, method="ISO_15444_1"),
    f"{_JPEG}201": Codec(_decode_htj2k, _encode_htj2k, _as_j2k),
    f"{_JPEG}202": Codec(_decode_htj2k, _encode_htj2k, _as_j2k),
    f"{_JPEG}203": Codec(_decode_htj2k, _encode_htj2k, _as_j2k, lossy=True, method="ISO_15444_15"),
    "1.2.840.10008.1.2.1.98": Codec(_decode_plain, _encode_plain),
    "1.2.840.10008.1.2.5": Codec(_decode_rle, _encode_rle),
    "1.2.840.10008.1.2.8.1": Codec(_decode_deflated, _encode_deflated),
}
