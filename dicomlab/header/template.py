"""Reading a series: what an instance shares with the one before it is not parsed again.

The headers of a series are alike but for a few elements. Runs of bytes that are the same are found by
comparing, and their elements taken over as the very same objects, so that whatever was worked out for
one of them can be found again by its identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomlab.header import wire

if TYPE_CHECKING:
    from mmap import mmap

    from dicomlab.header.wire import Defer, Element, Encoding

_LONGEST = 1 << 16  # bytes of a value worth comparing
_FRESH = 8  # more elements than this, and than half, not the template's: another series


class Template:
    """The header of the last instance read: its bytes, where each element starts, and the elements.

    Elements behind the first value that was left in the file, or is too long, are no part of it.
    """

    def __init__(self) -> None:
        """Start with nothing to compare to."""
        self._encoding: Encoding | None = None
        self._bytes = b""
        self._starts: list[int] = [0]
        self._pairs: list[tuple[int, Element]] = []

    def parse(
        self, data: bytes | mmap, start: int, end: int, encoding: Encoding, *, defer: Defer
    ) -> dict[int, Element]:
        """Return the elements of a whole dataset, as `wire.parse` does; bytes behind the pixels may be no element.

        Raises
        ------
        BrokenDataset
            The dataset does not parse to its end.
        """
        elements: dict[int, Element] = {}
        position, number, fresh = start, 0, 0
        if encoding == self._encoding:
            starts, pairs = self._starts, self._pairs
            while number < len(pairs):
                same = self._run(data, position, number)
                if same > number:
                    elements.update(pairs[number:same])
                    position += starts[same] - starts[number]
                    number = same
                    continue
                found, position = wire.parse(data, position, end, encoding, defer=defer, most=1)
                if not found or position >= end:
                    elements.update(found)
                    break
                elements.update(found)
                fresh += 1
                tag = next(iter(found))
                while number < len(pairs) and pairs[number][0] <= tag:
                    number += 1
        try:
            rest, stopped = wire.parse(data, position, end, encoding, defer=defer)
        except wire.BrokenDataset:
            rest, stopped = _to_pixels(data, start, end, encoding, defer=defer), end
        elements.update(rest)
        if stopped < end and bytes(data[stopped:end]).strip(b"\0"):
            message = f"a delimiter without a beginning at byte {stopped}"
            raise wire.BrokenDataset(message)
        if fresh + len(rest) > max(_FRESH, len(elements) // 2):
            self._learn(data, start, encoding, elements)
        return elements

    def _run(self, data: bytes | mmap, position: int, number: int) -> int:
        """Return up to which element the bytes at `position` are the template's, from element `number` on."""
        starts, known = self._starts, self._bytes
        base = starts[number]
        low, step = number, 8
        while low < len(self._pairs) and step:
            high = min(low + step, len(self._pairs))
            if (
                data[position + starts[low] - base : position + starts[high] - base]
                == known[starts[low] : starts[high]]
            ):
                low, step = high, step * 2
            elif high - low == 1:
                break
            else:
                step = (high - low) // 2
        return low

    def _learn(self, data: bytes | mmap, start: int, encoding: Encoding, elements: dict[int, Element]) -> None:
        """Keep the header for the next instance, as far as its bytes are its elements one after the other.

        An element that stands twice, or a header written oddly, ends it.
        """
        starts, pairs, at = [0], [], 0
        for tag, element in elements.items():
            value = element.value
            if value is None or element.length == wire.UNDEFINED or len(value) > _LONGEST:
                break
            raw = wire.encode(element, encoding)
            if data[start + at : start + at + len(raw)] != raw:
                break
            at += len(raw)
            starts.append(at)
            pairs.append((tag, element))
        self._bytes = bytes(data[start : start + at])
        self._starts, self._pairs, self._encoding = starts, pairs, encoding


def _to_pixels(data: bytes | mmap, position: int, end: int, encoding: Encoding, *, defer: Defer) -> dict[int, Element]:
    """Return the elements of a whole dataset without what stands behind its pixel data and is none."""
    found: dict[int, Element] = {}
    last = 0
    while True:
        try:
            one, position = wire.parse(data, position, end, encoding, defer=defer, most=1)
        except wire.BrokenDataset:
            if last < wire.PIXEL_DATA:
                raise
            return found
        found.update(one)
        last = next(iter(one), last)
