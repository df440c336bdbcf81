"""Text burned in to pixels: told from metadata alone, so that header-only runs never decode pixels.

A source's own BurnedInAnnotation = NO clears nothing: it is often wrong.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# SOP Classes (below 1.2.840.10008.5.1.4.1.1.) whose instances commonly show text: ultrasound, secondary
# capture, visible light (photographs, endoscopy, microscopy labels), video.
_CLASSES = re.compile(r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:3(?:\.1)?|6(?:\.[12])?|7(?:\.[1-4])?|77\.1\.\d+(?:\.\d+)?)")
_MODALITIES = frozenset({"US", "IVUS", "ES", "XC", "GM", "SM", "DOC", "OT", "OP", "BDUS"})
_SCREENS = re.compile("SCREEN|CAPTURE|DOSE|REPORT|ANNOT|PASTED|PHOTO")
_VIDEO = re.compile(r"1\.2\.840\.10008\.1\.2\.(?:4\.10[0-8](?:\.1)?|7\.\d)")


def text_risk(attributes: Mapping[str, str], *, transfer_syntax: str = "", hidden_overlay: bool = False) -> str | None:
    """Return why the pixels may show text that identifies, None when metadata gives no reason.

    Parameters
    ----------
    attributes
        Root attributes by keyword: SOPClassUID, Modality, ImageType, BurnedInAnnotation.
    transfer_syntax
        UID; MPEG and HEVC streams may also carry metadata.
    hidden_overlay
        True when overlay bits lie in unused bits of Pixel Data.

    References
    ----------
    PS3.15 E.3.1; PS3.3 C.7.6.1.1.5 (Burned In Annotation).
    """
    reasons = (
        (attributes.get("BurnedInAnnotation", "").upper() == "YES", "BurnedInAnnotation says YES"),
        (_VIDEO.fullmatch(transfer_syntax), "a video stream may show text and carry metadata"),
        (_CLASSES.fullmatch(attributes.get("SOPClassUID", "")), "a SOP Class whose pixels commonly show text"),
        (attributes.get("Modality", "") in _MODALITIES, "a modality whose pixels commonly show text"),
        (_SCREENS.search(attributes.get("ImageType", "").upper()), "Image Type tells of a screen, capture or report"),
        (hidden_overlay, "an overlay lies in unused bits of Pixel Data"),
    )
    return next((why for found, why in reasons if found), None)
