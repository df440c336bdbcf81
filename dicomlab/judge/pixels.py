"""Pixels before and after, where nothing was to change: the same samples, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dicomlab.judge import streams
from dicomlab.judge.reading import PIXEL_DATA, Buffer, Element, Instance, let_go

PIXEL_TAGS = (PIXEL_DATA, 0x7FE00008, 0x7FE00009)
OFFSETS, LENGTHS = 0x7FE00001, 0x7FE00002
BULK_TAGS = frozenset((*PIXEL_TAGS, OFFSETS, LENGTHS))
_CHUNK = 1 << 22
_BITS, _FRAMES = 0x00280100, 0x00280008


def wrong_pixels(before: Instance, after: Instance) -> list[str]:
    """Return what is wrong with the pixels of an instance that were to stay as they are: a sentence each."""
    wrong = []
    for tag in PIXEL_TAGS:
        old, new = before.find(tag), after.find(tag)
        if old is None and new is None:
            continue
        if old is None or new is None:
            wrong.append("pixel data was removed or added")
        elif (old.fragments is None) != (new.fragments is None):
            wrong.append("pixel data was compressed or decompressed")
        elif old.fragments is not None and new.fragments is not None:
            if not _same_fragments(_frames_of(old.fragments, before), _frames_of(new.fragments, after)):
                wrong.append("compressed pixel data differs")
        elif not _same_samples(old, new, before, after=after):
            wrong.append("stored samples differ")
    return wrong + wrong_offsets(after)


def wrong_offsets(instance: Instance) -> list[str]:
    """Return what is wrong with the offset tables of compressed pixels (PS3.5 A.4)."""
    element = instance.find(PIXEL_DATA)
    return _wrong_offsets(element.fragments, instance) if element is not None and element.fragments else []


def stream_segments(instance: Instance) -> list[tuple[bytes, bool]]:
    """Return (content, must go) of every metadata segment in the compressed pixels of an instance."""
    element = instance.find(PIXEL_DATA)
    found = []
    for fragment in (element.fragments or [])[1:] if element is not None else []:
        if not streams.is_known(bytes(fragment[:16])):
            continue
        data = bytes(fragment)
        found += [(data[start:end], must_go) for start, end, must_go in streams.segments(data)]
    return found


def _frames_of(fragments: Sequence[Buffer], instance: Instance) -> Sequence[Buffer]:
    """Return the fragments joined to frames: a frame may come in any number of them (PS3.5 A.4).

    Where nothing tells which belong together they are returned as they are.
    """
    frames = int(instance.text(_FRAMES) or 1)
    parts = fragments[1:]
    if len(parts) == frames:
        return parts
    if frames == 1:
        return [b"".join(parts)]
    basic = np.frombuffer(fragments[0], "<u4").tolist() if len(fragments[0]) % 4 == 0 else []
    joined: list[list[Buffer]] = []
    at = 0
    for part in parts:
        if at in basic:
            joined.append([])
        if not joined:
            return parts
        joined[-1].append(part)
        at += 8 + len(part)
    return [b"".join(pieces) for pieces in joined]


def _same_fragments(old: Sequence[Buffer], new: Sequence[Buffer]) -> bool:
    if len(old) != len(new):
        return False
    for one, other in zip(old, new, strict=True):
        if not equal(one, other) and streams.without_metadata(bytes(one)) != streams.without_metadata(bytes(other)):
            return False
    return True


def _wrong_offsets(fragments: Sequence[Buffer], instance: Instance) -> list[str]:
    """Return what is wrong with the basic and the extended offset table (PS3.5 A.4)."""
    starts, at = [], 0
    for fragment in fragments[1:]:
        starts.append(at)
        at += 8 + len(fragment)
    wrong = []
    basic = np.frombuffer(fragments[0], "<u4").tolist() if len(fragments[0]) % 4 == 0 else [-1]
    extended = instance.find(OFFSETS)
    if basic and not _is_table(basic, starts):
        wrong.append("the basic offset table does not lead to the frames")
    if (
        extended is not None
        and len(extended.value)
        and not _is_table(np.frombuffer(extended.value, "<u8").tolist(), starts)
    ):
        wrong.append("the extended offset table does not lead to the frames")
    return wrong


def _is_table(offsets: list[int], starts: list[int]) -> bool:
    return offsets[0] == 0 and offsets == sorted(set(offsets)) and set(offsets) <= set(starts)


def _same_samples(old: Element, new: Element, before: Instance, *, after: Instance) -> bool:
    swapped = before.little != after.little and _number(after, _BITS) > 8 and old.vr != "OB"  # noqa: PLR2004 - a byte
    if not swapped:
        return equal(old.value, new.value)
    return len(old.value) == len(new.value) and bool(
        np.array_equal(np.frombuffer(old.value, "<u2").byteswap(), np.frombuffer(new.value, "<u2"))
    )


def _number(instance: Instance, tag: int) -> int:
    element = instance.find(tag)
    return (
        int.from_bytes(bytes(element.value[:2]), "little" if instance.little else "big") if element is not None else 0
    )


def equal(one: Buffer, other: Buffer) -> bool:
    """Return whether two buffers hold the same bytes, without copying either."""
    if len(one) != len(other):
        return False
    if isinstance(one, bytes) and isinstance(other, bytes):
        return one == other
    left, right = memoryview(one), memoryview(other)
    for at in range(0, len(left), _CHUNK):
        if left[at : at + _CHUNK].tobytes() != right[at : at + _CHUNK].tobytes():
            return False
        let_go(left)
        let_go(right)
    return True
