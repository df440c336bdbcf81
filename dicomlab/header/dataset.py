"""Elements from and to pydicom's Dataset: the form in which notebooks and other code hold an instance."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from dicomlab.header import wire
from dicomlab.header.meta import file_meta
from dicomlab.header.names import creators_of, effective_vr
from dicomlab.header.wire import Element, Encoding

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_OF_DATASETS = (0x0000, 0x0002, 0x0004)  # pydicom refuses to write these below a file's own meta


def elements_from(dataset: Dataset) -> tuple[dict[int, Element], Encoding, str]:
    """Return a Dataset's elements as encoded, how they are encoded, and the transfer syntax UID."""
    meta = getattr(dataset, "file_meta", None)
    syntax = str(meta.get("TransferSyntaxUID", "") if meta is not None else "") or str(ExplicitVRLittleEndian)
    implicit, little = dataset.original_encoding
    uid = UID(syntax)
    known = uid.is_transfer_syntax and not uid.is_private
    encoding = Encoding(
        implicit=bool(implicit) if implicit is not None else bool(known and uid.is_implicit_VR),
        little=bool(little) if little is not None else bool(not known or uid.is_little_endian),
    )
    buffer = BytesIO()
    # The elements as pydicom holds them: those that it has not decoded yet are written as they were read.
    held = {t: e for t, e in dataset._dict.items() if t.group not in _NOT_OF_DATASETS}  # noqa: SLF001
    left_in_file = [t for t, e in held.items() if isinstance(e, RawDataElement) and e.value is None and e.length]
    bare = Dataset({**held, **{t: dataset[t] for t in left_in_file}})
    bare._read_charset = dataset._read_charset  # noqa: SLF001
    bare.set_original_encoding(implicit, little, dataset.original_character_set)
    bare.save_as(buffer, implicit_vr=encoding.implicit, little_endian=encoding.little, enforce_file_format=False)
    raw = buffer.getvalue()
    return wire.parse(raw, 0, len(raw), encoding)[0], encoding, syntax


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
