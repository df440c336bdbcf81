"""Elements from and to pydicom's Dataset: the form in which notebooks and other code hold an instance."""

from __future__ import annotations

from copy import copy
from io import BytesIO
from typing import TYPE_CHECKING

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomlab.header import wire
from dicomlab.header.meta import file_meta
from dicomlab.header.names import creators_of, effective_vr
from dicomlab.header.wire import Element, Encoding

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_OF_DATASETS = (0x0000, 0x0002, 0x0004)  # pydicom refuses to write these below a file's own meta


def elements_from(dataset: Dataset) -> tuple[dict[int, Element], Encoding, str]:
    """Return a Dataset's elements as encoded, how they are encoded, and the transfer syntax UID."""
    encoding, syntax = _encoding_of(dataset)
    implicit, little = dataset.original_encoding
    buffer = BytesIO()
    # The elements as pydicom holds them: those that it has not decoded yet are written as they were read.
    held = {t: e for t, e in dataset._dict.items() if t.group not in _NOT_OF_DATASETS}  # noqa: SLF001
    for tag, element in held.items():
        if isinstance(element, RawDataElement):
            implicit = implicit or element.VR is None  # whatever the file meta says: pydicom then finds the VRs
            if element.value is None and element.length:  # left in its file
                held[tag] = dataset[tag]
        elif " or " in element.VR:
            held[tag] = copy(element)  # writing settles the VR, in place
    bare = Dataset(held)
    bare._read_charset = dataset._read_charset  # noqa: SLF001
    bare.set_original_encoding(implicit, little, dataset.original_character_set)
    bare.save_as(buffer, implicit_vr=encoding.implicit, little_endian=encoding.little, enforce_file_format=False)
    raw = buffer.getvalue()
    return wire.parse(raw, 0, len(raw), encoding)[0], encoding, syntax


def _encoding_of(dataset: Dataset) -> tuple[Encoding, str]:
    """Return how a Dataset is to be encoded, and the transfer syntax that says so.

    What pydicom met when it read a file is believed over the file meta; compressed pixels are in explicit VR only
    (PS3.5 A.4).
    """
    meta = getattr(dataset, "file_meta", None)
    uid = UID(str(meta.get("TransferSyntaxUID", "") if meta is not None else ""))
    implicit, little = dataset.original_encoding
    if uid.is_private or not uid.is_transfer_syntax:
        encoding = Encoding(implicit=bool(implicit), little=little is not False)
    elif uid.is_encapsulated or uid.is_deflated:
        return wire.EXPLICIT_LITTLE, str(uid)
    else:
        encoding = Encoding(
            implicit=uid.is_implicit_VR if implicit is None else bool(implicit),
            little=uid.is_little_endian if little is None else bool(little),
        )
    if encoding.implicit:
        return encoding, str(ImplicitVRLittleEndian)
    return encoding, str(ExplicitVRLittleEndian if encoding.little else ExplicitVRBigEndian)


def dataset_from(elements: Mapping[int, Element], encoding: Encoding, transfer_syntax: str) -> Dataset:
    """Return elements as a pydicom Dataset with the file meta of a de-identified instance."""
    body = b"".join(wire.encode(element, encoding) for element in elements.values())
    syntax = UID(transfer_syntax)
    if syntax.is_transfer_syntax and syntax.is_deflated:
        transfer_syntax = str(ExplicitVRLittleEndian)  # a Dataset in memory is not deflated
    meta = file_meta(elements, transfer_syntax)
    dataset = dcmread(BytesIO(meta + body))
    dataset.filename = None
    assert isinstance(dataset.file_meta, FileMetaDataset)  # noqa: S101 - dcmread makes no other
    return dataset


def made_explicit(elements: Mapping[int, Element]) -> dict[int, Element]:
    """Return elements of an explicit VR file with the VRs that a careless writer left out (PS3.5 7.1.2).

    The very same object when none is missing.
    """
    if all(e.vr for e in elements.values()):
        return dict(elements)
    creators = creators_of(elements)
    out = {}
    for tag, element in elements.items():
        if element.vr:
            out[tag] = element
            continue
        vr = effective_vr(element, creators.get(tag >> 8, ""))
        value, length = element.value, element.length
        if vr == "SQ" and value is not None:
            inside = [made_explicit(item).values() for item in wire.items(value, wire.IMPLICIT_LITTLE)]
            value = wire.encode_items(inside, wire.EXPLICIT_LITTLE)
            length = len(value)
        out[tag] = element._replace(
            vr="OB" if tag == wire.PIXEL_DATA and length == wire.UNDEFINED else vr, value=value, length=length
        )
    return out
