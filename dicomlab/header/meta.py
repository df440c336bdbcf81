"""Preamble and File Meta Information of a de-identified instance: nothing of the old ones stays.

References
----------
PS3.10 section 7.1; PS3.15 E.1.1 item 7.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from struct import pack
from typing import TYPE_CHECKING

from dicomlab.header import values, wire
from dicomlab.header.wire import Element

if TYPE_CHECKING:
    from collections.abc import Mapping

# Ours: made once from a random UUID (PS3.5 B.2).
IMPLEMENTATION_CLASS_UID = "2.25.204906716329416120953163410985167205118"


def file_meta(elements: Mapping[int, Element], transfer_syntax: str) -> bytes:
    """Return preamble, prefix and file meta for the SOP Class and Instance in `elements`."""
    group = [
        Element(0x00020001, "OB", b"\0\1", 2),
        Element(0x00020002, "UI", elements[0x00080016].value, 0),
        Element(0x00020003, "UI", elements[0x00080018].value, 0),
        Element(0x00020010, "UI", values.pad(transfer_syntax.encode(), "UI"), 0),
        Element(0x00020012, "UI", values.pad(IMPLEMENTATION_CLASS_UID.encode(), "UI"), 0),
        Element(0x00020013, "SH", _implementation(), 0),
    ]
    body = b"".join(wire.encode(e, wire.EXPLICIT_LITTLE) for e in group)
    return bytes(128) + b"DICM" + pack("<HH2sHL", 2, 0, b"UL", 4, len(body)) + body


@cache
def _implementation() -> bytes:
    """Return our Implementation Version Name; looked up once, the metadata of a package is slow to read."""
    return values.pad(f"DICOMLAB_{version('dicomlab')}"[:16].encode(), "SH")
