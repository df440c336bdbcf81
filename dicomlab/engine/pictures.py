"""The carriers in the pixels of one instance: burned-in text and the face, removed and found to be gone.

References
----------
PS3.15 E.3.1 and E.3.2; PS3.3 C.7.6.1.1.2 (Image Type of derived images).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from dicomlab import standard
from dicomlab.engine.instances import PIXEL_TAGS, Instance, hides_overlay
from dicomlab.errors import PixelError
from dicomlab.header import claims, wire
from dicomlab.header.clean import ENCAPSULATED_DOCUMENT
from dicomlab.header.dataset import dataset_from, elements_from
from dicomlab.header.wire import Element
from dicomlab.recipe import fingerprint, scanner_of
from dicomlab.records import Region

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dicomlab.burned_in import TextBox
    from dicomlab.pixels import Edited, Frames
    from dicomlab.recipe import BurnedIn, TextDecision

# Objects whose pixels are measures on a grid, no pictures of a screen: doses, segments, parameters.
_NO_PICTURES = frozenset(
    "1.2.840.10008.5.1.4.1.1." + end for end in ("481.2", "66.4", "66.7", "30", "66.8")
)  # fmt: skip
NATIVE = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian}
)
_LONG = 1 << 24
_WHOLE_PIXELS = 0x7FE00010
_CHARSET = 0x00080005
# What shows or seals the pixels as they were: a thumbnail, signatures and their codes (PS3.3 C.7.6.1.1.6, C.12.1.1.3).
_OF_OLD_PIXELS = ("IconImageSequence", "DigitalSignaturesSequence", "MACParametersSequence")
_ROUNDS = 3  # how often text that the proof finds is blanked as well, before it is given up


@dataclass(frozen=True, slots=True)
class Face:
    """What is known of the face in an instance's Frame of Reference.

    `mask`: voxels to remove (slices, rows, columns), None where there is no face; `affine` takes its indices to LPS
    mm. `air`: what voxels inside become, in rescaled units (HU). `refused` says why the face could not be removed,
    `name` where the mask is kept; `thick`: of slices that form no volume, all that the mask meets goes.
    """

    mask: NDArray[np.bool_] | None = None
    affine: NDArray[np.float64] | None = None
    air: float = 0.0
    refused: str = ""
    name: str = ""
    thick: bool = False


@dataclass(frozen=True, slots=True)
class Redacted:
    """An instance without burned-in text: `proven` when nothing was found afterwards either.

    `regions` is where samples may differ now; of a crop, `cropped` is what stayed.
    """

    instance: Instance
    regions: tuple[Region, ...] = ()
    cropped: Region | None = None
    proven: bool = False
    notes: tuple[str, ...] = ()


def is_picture(instance: Instance, attributes: Mapping[str, str]) -> bool:
    """Return whether an instance has pixels that can show text."""
    return _WHOLE_PIXELS in instance.elements and attributes.get("SOPClassUID", "") not in _NO_PICTURES


def redacted(instance: Instance, settings: BurnedIn, identifies: Callable[[str], bool] | None = None) -> Redacted:
    """Return an instance with its burned-in text removed; the given one is left alone.

    Parameters
    ----------
    settings
        How; with the decisions that people made about this series and this kind of scanner.
    identifies
        Tells whether a recognised string identifies the patient: such a string never stays.

    Raises
    ------
    PixelError
        The pixels cannot be decoded or not be written back, or text may hide elsewhere.
    """
    from dicomlab import burned_in  # noqa: PLC0415 - numpy and a network, only when pixels are looked at

    if hides_overlay(instance) or ENCAPSULATED_DOCUMENT in instance.elements:
        raise PixelError("text in a document, or in an overlay that hides in unused bits of the pixels, is not removed")
    told = told_of(instance)
    frames = frames_of(instance, told)
    regions = text_in(instance, settings, identifies)[1]
    kept = [one for one in decisions_about(told, settings) if one.action == "keep"]
    done, box = instance, None
    notes: tuple[str, ...] = ()
    changed: tuple[Region, ...] = ()
    for _ in range(_ROUNDS):
        if regions:
            edited, box = _blanked(frames, regions, settings, told)
            done, notes, changed = with_pixels(instance, edited), edited.notes, edited.regions
        left = burned_in.residual_text(frames_of(done), settings, regions=() if box else regions)
        placed = [replace(one, region=moved(one.region, box)) for one in left]
        more = burned_in.regions_to_blank(placed, settings, kept)
        if not more:
            return Redacted(done, changed, box, proven=True, notes=notes)
        regions = (*regions, *more)
    return Redacted(instance, tuple(regions))


def text_in(
    instance: Instance, settings: BurnedIn, identifies: Callable[[str], bool] | None = None, *, recognise: bool = False
) -> tuple[tuple[TextBox, ...], tuple[Region, ...]]:
    """Return the text in the pixels of an instance, and the regions to blank; `recognise`: also tell kinds of text.

    Raises
    ------
    PixelError
        The pixels cannot be decoded.
    """
    from dicomlab import burned_in  # noqa: PLC0415 - as above

    told = told_of(instance)
    decisions = decisions_about(told, settings)
    may_stay = bool(settings.keep) or any(one.action == "keep" for one in decisions)
    boxes = burned_in.find_text(
        frames_of(instance, told), settings, attributes={e.keyword: e.value for e in told if e.keyword},
        identifiers=identifies if may_stay else None, recognise=recognise or may_stay,
    )  # fmt: skip
    return boxes, burned_in.regions_to_blank(boxes, settings, decisions)


def decisions_about(told: Dataset, settings: BurnedIn) -> list[TextDecision]:
    """Return what people decided about the series or the kind of scanner that an instance comes from."""
    series = fingerprint(str(told.get("SeriesInstanceUID") or ""))
    maker, model = (str(told.get(keyword) or "") for keyword in ("Manufacturer", "ManufacturerModelName"))
    scanner = scanner_of(maker, model, int(told.get("Rows") or 0), int(told.get("Columns") or 0))
    return [one for one in settings.decisions if series == one.series or scanner == one.scanner]


def _blanked(
    frames: Frames, regions: Sequence[Region], settings: BurnedIn, told: Dataset
) -> tuple[Edited, Region | None]:
    from dicomlab import pixels  # noqa: PLC0415 - as above

    if settings.blank != "crop":
        return pixels.blank(frames, regions, settings.blank), None
    box = pixels.crop_box(frames.layout, regions)
    return pixels.crop(frames, box, told), box


def moved(region: Region, box: Region | None) -> Region:
    """Return a region of a cropped image as one of the whole image."""
    if box is None:
        return region
    return Region(region.x0 + box.x0, region.y0 + box.y0, region.x1 + box.x0, region.y1 + box.y0, region.frame)


def defaced(instance: Instance, face: Face) -> Instance | None:
    """Return an instance with what the mask covers turned to air; None where the mask does not touch it.

    Raises
    ------
    PixelError, VolumeError
        The pixels cannot be written back, or a frame has no place in space.
    """
    import numpy as np  # noqa: PLC0415 - as above

    from dicomlab import pixels  # noqa: PLC0415 - as above

    told = told_of(instance)
    frames = frames_of(instance, told)
    masks, stored = face_frames(told, face)
    if not masks.any():
        return None

    def to_air(n: int, samples: NDArray[Any]) -> NDArray[Any] | None:
        return np.where(masks[n], np.asarray(stored[n], samples.dtype), samples) if masks[n].any() else None

    return with_pixels(instance, pixels.replace_samples(frames, to_air))


def face_frames(told: Dataset, face: Face) -> tuple[NDArray[np.bool_], tuple[int, ...]]:
    """Return which samples of an instance a face covers, (frames, rows, columns), and the stored value of air in each.

    Raises
    ------
    PixelError, VolumeError
        The pixels are of no known layout, or a frame has no place in space.
    """
    import numpy as np  # noqa: PLC0415 - as above

    from dicomlab import pixels, volume  # noqa: PLC0415 - as above
    from dicomlab.pixels.native import limits  # noqa: PLC0415 - as above
    from dicomlab.volume.geometry import planes as planes_of  # noqa: PLC0415 - as above

    assert face.mask is not None  # noqa: S101 - asked by the caller
    assert face.affine is not None  # noqa: S101 - comes with it
    layout, planes = pixels.Layout.of(told), planes_of(told)
    shape = (1, layout.rows, layout.columns)
    masks = [volume.sampled(face.mask, face.affine, plane.affine(), shape, thick=face.thick)[0] for plane in planes]
    lowest, highest = limits(layout)
    stored = (min(max(round((face.air - p.intercept) / p.slope), lowest), highest) for p in planes)
    return np.stack(masks), tuple(stored)


def frames_of(instance: Instance, told: Dataset | None = None) -> Frames:
    """Return the stored samples of an instance; what was left in its file is read from there, frame by frame."""
    from dicomlab.pixels import Deferred, Frames  # noqa: PLC0415 - as above

    element = instance.elements[wire.PIXEL_DATA]
    value: bytes | Deferred | None = element.value
    if value is None:
        assert instance.source is not None  # noqa: S101 - only files leave values behind
        length = None if element.length == wire.UNDEFINED else element.length
        value = Deferred(instance.source, element.tell, length)
    return Frames.of(told or told_of(instance), value, vr=element.vr)


def told_of(instance: Instance) -> Dataset:
    """Return an instance as a Dataset without its pixels."""
    small = {t: e for t, e in instance.elements.items() if e.value is not None and t not in PIXEL_TAGS}
    dataset = dataset_from(small, instance.encoding, instance.transfer_syntax)
    dataset.file_meta.TransferSyntaxUID = UID(instance.transfer_syntax)
    return dataset


def with_pixels(instance: Instance, edited: Edited) -> Instance:
    """Return an instance with other pixels, and with what they ask of its attributes: it is derived now."""
    encapsulated = edited.transfer_syntax not in NATIVE
    element = instance.elements[wire.PIXEL_DATA]
    vr = "OB" if encapsulated else (element.vr if element.length != wire.UNDEFINED else "")
    length = wire.UNDEFINED if encapsulated else len(edited.value)
    # A long value may be as large as memory allows once: it is not copied, though its type says bytes.
    value = bytes(edited.value) if len(edited.value) < _LONG else cast("bytes", edited.value)
    pixels = Element(wire.PIXEL_DATA, vr or "OW", value, length)
    elements = {**instance.elements, wire.PIXEL_DATA: pixels}
    changed = replace(instance, elements=elements, transfer_syntax=edited.transfer_syntax)
    kind = [part.strip() for part in instance.attributes().get("ImageType", "").split("\\")]
    derived = {"ImageType": ["DERIVED", *kind[1:]]} if kind[0] else {}
    return with_attributes(changed, {**derived, **dict.fromkeys(_OF_OLD_PIXELS), **edited.attributes})


def with_attributes(instance: Instance, attributes: Mapping[str, object]) -> Instance:
    """Return an instance with other values of some root attributes, by keyword or tag; None removes one."""
    if not attributes:
        return instance
    said = Dataset()
    said.file_meta = FileMetaDataset()
    said.file_meta.TransferSyntaxUID = UID(instance.transfer_syntax)
    said.set_original_encoding(instance.encoding.implicit, instance.encoding.little)
    charset = instance.elements.get(_CHARSET)
    if charset is not None and charset.value:  # text in the new values is written as that around it
        said.SpecificCharacterSet = charset.value.decode("ascii", "replace").strip(" \0").split("\\")
    gone = set()
    for keyword, value in attributes.items():
        tag = tag_for_keyword(keyword) or int(keyword, 16)  # groups that repeat have no keyword of their own
        if value is None:
            gone.add(tag)
        elif isinstance(value, DataElement):
            said.add(value)
        else:
            setattr(said, keyword, value)
    new = {t: e for t, e in elements_from(said)[0].items() if t != _CHARSET}
    kept = {t: e for t, e in instance.elements.items() if t not in gone and t not in new}
    return replace(instance, elements=dict(sorted({**kept, **new}.items())))


def derived(instance: Instance, option: str, attributes: Mapping[str, object]) -> Instance:
    """Return an instance one of whose carriers was cleaned, saying so by the option's code and by attributes."""
    said = with_attributes(instance, attributes)
    chosen = standard.OPTIONS[option]
    return replace(said, elements=claims.with_code(said.elements, said.encoding, (chosen.code, chosen.meaning)))
