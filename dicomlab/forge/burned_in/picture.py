"""A picture of some kind before it is an instance, and how its text may look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydicom import uid

from dicomlab.forge.burned_in import lettering
from dicomlab.forge.burned_in.canvas import Canvas, Style
from dicomlab.forge.burned_in.storing import Storage

if TYPE_CHECKING:
    from dicomlab.forge.draw import Draw

SOP_CLASSES = {
    "US": uid.UltrasoundImageStorage, "CT": uid.CTImageStorage, "MR": uid.MRImageStorage,
    "CR": uid.ComputedRadiographyImageStorage, "DX": uid.DigitalXRayImageStorageForPresentation,
    "MG": uid.DigitalMammographyXRayImageStorageForPresentation, "XA": uid.XRayAngiographicImageStorage,
    "ES": uid.VLEndoscopicImageStorage, "XC": uid.VLPhotographicImageStorage, "OT": uid.SecondaryCaptureImageStorage,
}  # fmt: skip
# The same, of several frames.
MULTI_FRAME = {
    "US": uid.UltrasoundMultiFrameImageStorage, "XA": uid.XRayAngiographicImageStorage,
    "ES": uid.VideoEndoscopicImageStorage, "OT": uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
}  # fmt: skip


@dataclass
class Picture:
    """A canvas, how its samples are stored, and what the header says beside the usual."""

    canvas: Canvas
    storage: Storage
    modality: str
    header: dict[str, Any] = field(default_factory=dict)


def lettered(draw: Draw, low: int = 8, high: int = 24, **more: Any) -> Style:  # noqa: ANN401 - whatever a style has
    """Return a style with a drawn typeface and capitals of `low` to `high` pixels."""
    fit = [f for f in lettering.faces() if f.low <= high and f.high >= low]
    face = draw.choice(fit)
    return Style(face, draw.integer(max(low, face.low), min(high, face.high)), **more)


def colour_storage(draw: Draw) -> Storage:
    """Return one of the ways in which colours are stored."""
    photometric = draw.choice(("RGB", "RGB", "YBR_FULL", "YBR_FULL_422"))
    return Storage(photometric, planar=draw.integer(0, 1) if photometric == "RGB" else 0)


def grey_or_colour(draw: Draw) -> Storage:
    """Return one of the ways in which grey pictures of 8 bits are stored, colours among them."""
    return draw.choice(
        (Storage(), Storage(), Storage("MONOCHROME1", low=255, high=0), colour_storage(draw.sub("colour")))
    )
