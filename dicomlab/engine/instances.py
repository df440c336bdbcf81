"""What a file holds, parsed but not interpreted, and what is asked of it before anything is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.uid import UID

from dicomlab import standard
from dicomlab.burned_in import text_risk
from dicomlab.deface import face_risk
from dicomlab.errors import InstanceError
from dicomlab.header import charsets, stream, wire
from dicomlab.header.clean import ENCAPSULATED_DOCUMENT
from dicomlab.records import Carrier, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dicomlab.header.wire import Element, Encoding
    from dicomlab.recipe import Recipe

_ROOT_TEXT = {
    0x00080008: "ImageType", 0x00080016: "SOPClassUID", 0x00080018: "SOPInstanceUID", 0x00080060: "Modality",
    0x00080020: "StudyDate",
    0x00100020: "PatientID", 0x00100021: "IssuerOfPatientID", 0x0020000D: "StudyInstanceUID",
    0x0020000E: "SeriesInstanceUID", 0x00180015: "BodyPartExamined", 0x00280301: "BurnedInAnnotation",
    0x00280302: "RecognizableVisualFeatures", 0x00081030: "StudyDescription", 0x0008103E: "SeriesDescription",
    0x00181030: "ProtocolName", 0x00420012: "MIMETypeOfEncapsulatedDocument", 0x00280008: "NumberOfFrames",
    0x00280004: "PhotometricInterpretation",
}  # fmt: skip
PIXEL_TAGS = frozenset({0x7FE00010, 0x7FE00008, 0x7FE00009})
_INSTEAD_OF_PIXELS = PIXEL_TAGS | {0x00287FE0}  # Pixel Data Provider URL
REQUIRED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance as its file holds it: root elements by tag, and how they are encoded.

    `source` is the file that deferred values (value None) are read from.
    """

    elements: Mapping[int, Element]
    encoding: Encoding
    transfer_syntax: str
    source: Path | None = None

    def __repr__(self) -> str:
        """Count, never quote."""
        return f"Instance({len(self.elements)} elements, {UID(self.transfer_syntax).name})"

    def text(self, keyword: str) -> str:
        """Return a root attribute of `_ROOT_TEXT` as text, "" when it is not there."""
        return self.attributes().get(keyword, "")

    def attributes(self) -> dict[str, str]:
        """Return the few root attributes that decisions hang on, by keyword, without padding."""
        found = {}
        charset: tuple[str, ...] = ()
        for tag, keyword in _ROOT_TEXT.items():
            element = self.elements.get(tag)
            if element is not None and element.value:
                raw = element.value
                if raw.isascii():
                    found[keyword] = raw.decode("ascii").strip(" \0")
                else:
                    charset = charset or charsets.encodings_of(_value(self.elements, 0x00080005))
                    found[keyword] = charsets.decode(raw, "LO", charset)[0].strip(" \0")
        return found

    def number(self, tag: int) -> int | None:
        """Return a root attribute of VR US, None when it is not there."""
        raw = _value(self.elements, tag)
        return int.from_bytes(raw[:2], "little" if self.encoding.little else "big") if raw and len(raw) >= 2 else None  # noqa: PLR2004


def at_risk(instance: Instance, attributes: Mapping[str, str], recipe: Recipe) -> list[tuple[Carrier, str]]:
    """Return which pixel carriers of an instance are at risk and why, from metadata alone."""
    decision = recipe.decide(ENCAPSULATED_DOCUMENT, "OB")
    if ENCAPSULATED_DOCUMENT in instance.elements and (decision is None or decision.code == "K"):
        return [(Carrier.BURNED_IN, "an encapsulated document is kept by a rule")]
    if not any(tag in instance.elements for tag in PIXEL_TAGS):
        return []
    found = []
    if why := text_risk(attributes, transfer_syntax=instance.transfer_syntax, hidden_overlay=hides_overlay(instance)):
        found.append((Carrier.BURNED_IN, why))
    if why := face_risk(attributes):
        found.append((Carrier.FACE, why))
    return found


def hides_overlay(instance: Instance) -> bool:
    """Return whether an overlay lies in unused bits of Pixel Data (PS3.3 C.9.2, retired)."""
    return any(
        tag >> 24 == 0x60 and tag & 0xFFFF == 0x0102 and tag - 0x0102 + 0x3000 not in instance.elements  # noqa: PLR2004
        for tag in instance.elements
    )


def check(instance: Instance, attributes: Mapping[str, str] | None = None) -> None:
    """Raise when an instance cannot be de-identified at all.

    Raises
    ------
    InstanceError
        A required UID is missing, the SOP Class is private, or pixel data is shorter than it should be.
    """
    attributes = attributes if attributes is not None else instance.attributes()
    if any(not attributes.get(keyword) for keyword in REQUIRED):
        raise InstanceError(Reason.NO_IDENTITY)
    if standard.is_private_sop_class(attributes["SOPClassUID"]):
        raise InstanceError(Reason.PRIVATE_SOP_CLASS)
    if _pixels_missing(instance, attributes):
        raise InstanceError(Reason.TRUNCATED)


def _pixels_missing(instance: Instance, attributes: Mapping[str, str]) -> bool:
    """Return whether Pixel Data is shorter than rows, columns, samples and frames ask for (PS3.5 8)."""
    element = instance.elements.get(wire.PIXEL_DATA)
    numbers = [instance.number(t) for t in (0x00280010, 0x00280011, 0x00280100)]
    if None in numbers:
        return False
    if element is None:  # a file that ends where its pixels should begin
        iod = standard.iod(attributes["SOPClassUID"], frozenset()) if instance.source is not None else None
        is_image = iod is not None and iod.type_of(("PixelData",)) in ("1", "1C")
        return is_image and instance.elements.keys().isdisjoint(_INSTEAD_OF_PIXELS)
    rows, columns, bits = (n or 0 for n in numbers)
    if element.length == wire.UNDEFINED:
        encapsulated = [len(f) for f in stream.fragments(element.value)][1:] if element.value else []
        return element.value is not None and fragments_missing(instance, encapsulated)
    samples = instance.number(0x00280002) or 1
    total = rows * columns * samples * _frames(attributes) * bits
    if attributes.get("PhotometricInterpretation") in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        total = total * 2 // 3
    return element.length < total // 8


def fragments_missing(instance: Instance, lengths: Sequence[int]) -> bool:
    """Return whether fragments of these lengths are too few for the frames stated; of a video one may hold them all."""
    video = "1.2.4.10" in instance.transfer_syntax
    return not video and (not any(lengths) or len(lengths) < _frames(instance.attributes()))


def _frames(attributes: Mapping[str, str]) -> int:
    stated = attributes.get("NumberOfFrames", "1").split("\\")[0].strip()
    return int(stated) if stated.isdecimal() else 1


def _value(elements: Mapping[int, Element], tag: int) -> bytes | None:
    element = elements.get(tag)
    return element.value if element else None
