"""Compressed frames: decoded to what is stored, without colour conversion, and encoded again without loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomlab.errors import PixelError

if TYPE_CHECKING:
    from dicomlab.pixels.layout import Layout
    from dicomlab.pixels.native import Samples

LOSSY_KEYWORDS = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")


def decoded(layout: Layout, frame: bytes) -> Samples:
    """Return a compressed frame, all bits as unsigned integers, in the shape of the layout."""
    raise PixelError(layout.transfer_syntax)
