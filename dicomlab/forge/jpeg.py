"""The smallest baseline JPEG encoder (ITU-T T.81): grey, 8 bits, codes of one length, segments of one's own.

Its bytes depend on no library's version. The Huffman tables give every symbol a code of the same length: larger
files than need be, and any decoder reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SIDE = 8
_AC = [run << 4 | size for run in range(16) for size in range(1, 11)] + [0x00, 0xF0]
_DC_LENGTH, _AC_LENGTH = 4, 8
_END_OF_BLOCK, _SIXTEEN_ZEROS = 0x00, 0xF0


def _zigzag() -> list[tuple[int, int]]:
    places = [(r, c) for r in range(_SIDE) for c in range(_SIDE)]
    return sorted(places, key=lambda p: (sum(p), p[0] if sum(p) % 2 else p[1]))


def _transform() -> NDArray[np.float64]:
    rows = np.arange(_SIDE)[:, None]
    basis = np.cos((2 * np.arange(_SIDE)[None, :] + 1) * rows * np.pi / 16) / 2
    basis[0] /= np.sqrt(2)
    return basis


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def _quantizer(step: int) -> NDArray[np.int64]:
    order = np.add.outer(np.arange(_SIDE), np.arange(_SIDE))
    return np.asarray(np.minimum(step + step * order // 2, 255), dtype=np.int64)


def encode(pixels: NDArray[np.uint8], *, step: int = 4, comments: Sequence[bytes] = ()) -> bytes:
    """Return pixels (rows, columns; both multiples of 8) as a baseline JPEG stream.

    Parameters
    ----------
    step
        Smallest quantization step: larger is smaller and coarser.
    comments
        Texts that go into COM segments.
    """
    rows, columns = pixels.shape
    if rows % _SIDE or columns % _SIDE:
        raise ValueError(f"an image of {rows} × {columns} does not consist of blocks of 8 × 8")
    zigzag, quantizer = _zigzag(), _quantizer(step)
    head = b"\xff\xd8" + b"".join(_segment(0xFE, c) for c in comments)
    head += _segment(0xDB, bytes((0, *(int(quantizer[p]) for p in zigzag))))
    head += _segment(0xC0, bytes((8, *rows.to_bytes(2, "big"), *columns.to_bytes(2, "big"), 1, 1, 0x11, 0)))
    lengths = bytearray(16)
    lengths[_DC_LENGTH - 1] = 12
    head += _segment(0xC4, b"\x00" + bytes(lengths) + bytes(range(12)))
    lengths = bytearray(16)
    lengths[_AC_LENGTH - 1] = len(_AC)
    head += _segment(0xC4, b"\x10" + bytes(lengths) + bytes(_AC))
    head += _segment(0xDA, bytes((1, 1, 0x00, 0, 63, 0)))
    return head + _scan(pixels, zigzag, quantizer) + b"\xff\xd9"


def _scan(pixels: NDArray[np.uint8], zigzag: list[tuple[int, int]], quantizer: NDArray[np.int64]) -> bytes:
    rows, columns = (n // _SIDE for n in pixels.shape)
    blocks = pixels.astype(np.float64).reshape(rows, _SIDE, columns, _SIDE).swapaxes(1, 2) - 128.0
    basis = _transform()
    coefficients = np.rint(basis @ blocks @ basis.T / quantizer).astype(np.int64)
    order = tuple(np.array(axis) for axis in zip(*zigzag, strict=True))
    bits: list[str] = []
    before = 0
    for block in coefficients.reshape(-1, _SIDE, _SIDE):
        line = [int(v) for v in block[order]]
        size, extra = _amplitude(line[0] - before)
        before = line[0]
        bits.append(f"{size:0{_DC_LENGTH}b}{extra}")
        bits.extend(_runs(line[1:]))
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")


def _runs(line: list[int]) -> list[str]:
    found, zeros = [], 0
    while line and not line[-1]:
        line.pop()
    for value in line:
        if not value:
            zeros += 1
            continue
        found.extend([_code(_SIXTEEN_ZEROS)] * (zeros // 16))
        size, extra = _amplitude(value)
        found.append(_code((zeros % 16) << 4 | size) + extra)
        zeros = 0
    if len(line) < _SIDE * _SIDE - 1:
        found.append(_code(_END_OF_BLOCK))
    return found


def _code(symbol: int) -> str:
    return f"{_AC.index(symbol):0{_AC_LENGTH}b}"


def _amplitude(value: int) -> tuple[int, str]:
    """Return the size category and the bits that follow it (T.81 F.1.2.1)."""
    size = abs(value).bit_length()
    number = value if value > 0 else value + (1 << size) - 1
    return size, f"{number:0{size}b}" if size else ""
