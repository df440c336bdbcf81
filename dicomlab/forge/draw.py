"""Draws that depend on a seed and a label alone: no clock, no global state, no library's generator.

Every value is cut from SHA-256 of (seed, label, counter), so the same seed gives the same bytes in
every process, on every platform and with every version of numpy. Noise uses the raw 64-bit output
of PCG64, which numpy promises never to change.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

T = TypeVar("T")


class Draw:
    """A stream of draws named by a seed and labels; streams with other labels are independent."""

    def __init__(self, seed: int, *labels: str) -> None:
        """Start the stream at its beginning."""
        self._name = "\x1f".join(("dicomlab forge", str(seed), *labels))
        self._seed = seed
        self._labels = labels
        self._count = 0

    def sub(self, *labels: str) -> Draw:
        """Return the independent stream with these labels added."""
        return Draw(self._seed, *self._labels, *labels)

    def _bits(self) -> int:
        self._count += 1
        digest = hashlib.sha256(f"{self._name}\x1f{self._count}".encode()).digest()
        return int.from_bytes(digest[:16], "big")

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + self._bits() % (high - low + 1)

    def uniform(self, low: float, high: float) -> float:
        """Return a number from `low` to `high`, upper bound open."""
        return low + (high - low) * (self._bits() >> 75) / float(1 << 53)

    def choice(self, options: Sequence[T]) -> T:
        """Return one of `options`."""
        return options[self._bits() % len(options)]

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """Return `count` different ones of `options`, in drawn order."""
        left = list(options)
        return [left.pop(self._bits() % len(left)) for _ in range(count)]

    def digits(self, count: int) -> str:
        """Return `count` decimal digits, the first not 0."""
        return str(self.integer(10 ** (count - 1), 10**count - 1))

    def uid(self, *labels: str) -> str:
        """Return the UID of `labels` (the same labels give the same UID), made as PS3.5 B.2 says."""
        digest = bytearray(hashlib.sha256("\x1f".join((self._name, "uid", *labels)).encode()).digest()[:16])
        digest[6] = digest[6] & 0x0F | 0x80
        digest[8] = digest[8] & 0x3F | 0x80
        return f"2.25.{int.from_bytes(digest, 'big')}"

    def day(self, first: dt.date, last: dt.date) -> dt.date:
        """Return a day from `first` to `last`, both included."""
        return first + dt.timedelta(days=self.integer(0, (last - first).days))

    def noise(self, shape: tuple[int, ...], sigma: float) -> NDArray[np.float64]:
        """Return bell-shaped noise of standard deviation `sigma`: the sum of four uniform draws."""
        size = int(np.prod(shape))
        start = int.from_bytes(hashlib.sha256(f"{self._name}\x1fnoise".encode()).digest()[:8], "big")
        raw = np.random.PCG64(start).random_raw(size)
        quarters = np.zeros(size)
        for shift in (0, 16, 32, 48):
            quarters += ((raw >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.float64)
        unit = (quarters / 65535.0 - 2.0) * np.sqrt(3.0)
        return np.asarray((unit * sigma).reshape(shape))
