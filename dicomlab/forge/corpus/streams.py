"""Compressed frames whose bytes depend on no library's version where that is possible, and metadata inside them.

Lossless JPEG (ITU-T T.81 H) is written here, and the smallest of all High-Throughput JPEG 2000 streams
(ITU-T T.814): one without any code-block, which decodes to mid-grey.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_CATEGORY_LENGTH = 5  # bits of each Huffman code: 17 categories, none of them all ones


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def lossless_jpeg(pixels: NDArray[np.unsignedinteger], bits: int) -> bytes:
    """Return grey pixels (rows, columns) as lossless JPEG with predictor 1, exactly."""
    rows, columns = pixels.shape
    values = pixels.astype(np.int64)
    before = np.empty_like(values)
    before[:, 1:] = values[:, :-1]
    before[1:, 0] = values[:-1, 0]
    before[0, 0] = 1 << (bits - 1)
    differences = (values - before).ravel().tolist()
    text = "".join(_difference(d) for d in differences)
    text += "1" * (-len(text) % 8)
    scan = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")
    lengths = bytearray(16)
    lengths[_CATEGORY_LENGTH - 1] = 17
    head = _segment(0xC3, bytes((bits, *rows.to_bytes(2, "big"), *columns.to_bytes(2, "big"), 1, 1, 0x11, 0)))
    head += _segment(0xC4, b"\x00" + bytes(lengths) + bytes(range(17)))
    head += _segment(0xDA, bytes((1, 1, 0x00, 1, 0, 0)))
    return b"\xff\xd8" + head + scan + b"\xff\xd9"


def _difference(value: int) -> str:
    """Return category and bits of a difference (T.81 H.1.2.2)."""
    size = abs(value).bit_length()
    if not size:
        return "0" * _CATEGORY_LENGTH
    number = value if value > 0 else value + (1 << size) - 1
    return f"{size:0{_CATEGORY_LENGTH}b}{number:0{size}b}"


def empty_ht_jpeg_2000(rows: int, columns: int, bits: int, samples: int = 1) -> bytes:
    """Return an HTJ2K codestream of one empty packet: every sample is mid-grey."""

    def marked(code: int, content: bytes) -> bytes:
        return bytes((0xFF, code)) + (len(content) + 2).to_bytes(2, "big") + content

    def long(*numbers: int) -> bytes:
        return b"".join(n.to_bytes(4, "big") for n in numbers)

    size = b"\x40\x00" + long(columns, rows, 0, 0, columns, rows, 0, 0) + samples.to_bytes(2, "big")
    size += bytes((bits - 1, 1, 1)) * samples
    # Part 15: one capability (bit 14 of Pcap), 15 for single code-block style, reversible.
    capabilities = (0x00020000).to_bytes(4, "big") + b"\x00\x00"
    style = bytes((0, 2, 0, 1, 0, 0, 4, 4, 0x40, 1))  # RPCL, one layer, no level, 64 × 64, HT, 5-3 filter
    quantization = bytes((0x20, (bits + 1) << 3))
    packets = bytes(samples)
    tile = marked(0x90, b"\x00\x00" + (12 + 2 + len(packets)).to_bytes(4, "big") + b"\x00\x01") + b"\xff\x93" + packets
    head = marked(0x51, size) + marked(0x50, capabilities) + marked(0x52, style) + marked(0x5C, quantization)
    return b"\xff\x4f" + head + tile + b"\xff\xd9"


def jpeg_2000(pixels: NDArray[np.unsignedinteger], bits: int) -> bytes:
    """Return pixels (rows, columns[, samples]) as a reversible JPEG 2000 codestream."""
    from openjpeg.utils import encode_array  # noqa: PLC0415 - a codec that only some corpora need

    stream: bytes = encode_array(pixels, bits_stored=bits, photometric_interpretation=0, use_mct=False)
    return stream


def jpeg_ls(pixels: NDArray[np.unsignedinteger]) -> bytes:
    """Return grey pixels as lossless JPEG-LS."""
    import jpeg_ls as codec  # type: ignore[import-untyped]  # noqa: PLC0415 - the same

    stream: bytes = bytes(codec.encode_array(pixels))
    return stream


def with_comment(stream: bytes, text: bytes) -> bytes:
    """Return a JPEG, JPEG-LS or JPEG 2000 stream with a comment segment near its start."""
    if stream.startswith(b"\xff\x4f\xff\x51"):
        end = 4 + int.from_bytes(stream[4:6], "big")
        comment = b"\xff\x64" + (len(text) + 4).to_bytes(2, "big") + b"\x00\x01" + text
        return stream[:end] + comment + stream[end:]
    return stream[:2] + _segment(0xFE, text) + stream[2:]


def with_application_data(stream: bytes, text: bytes) -> bytes:
    """Return a JPEG stream with an APP1 segment as cameras write them."""
    return stream[:2] + _segment(0xE1, b"Exif\0\0" + text) + stream[2:]


def rle(frame: bytes, rows: int, columns: int, *, width: int, samples: int) -> bytes:
    """Return a native frame (little endian, colour by pixel) as RLE segments of literal runs (PS3.5 G)."""
    planes = np.frombuffer(frame, np.uint8).reshape(rows, columns, samples, width)
    segments = [
        _packed([planes[row, :, sample, byte].tobytes() for row in range(rows)])
        for sample in range(samples)
        for byte in reversed(range(width))
    ]
    out, offsets = io.BytesIO(), []
    for segment in segments:
        offsets.append(64 + out.tell())
        out.write(segment)
    head = [len(segments), *offsets, *([0] * (15 - len(offsets)))]
    return b"".join(n.to_bytes(4, "little") for n in head) + out.getvalue()


def _packed(lines: Sequence[bytes]) -> bytes:
    out = bytearray()
    for line in lines:
        for start in range(0, len(line), 128):
            piece = line[start : start + 128]
            out += bytes((len(piece) - 1,)) + piece
    return bytes(out) + b"\0" * (len(out) % 2)
