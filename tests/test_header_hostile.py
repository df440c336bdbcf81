"""Hostile headers: anything in any element is cleaned or refused; what was planted anywhere is nowhere afterwards."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import corpora
import pytest
from deidentified import CLASSES, KEY, UID_ROOT, recipe_of
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import DicomDictionary, dictionary_VR

from dicomlab import engine, files
from dicomlab.errors import DicomlabError, InstanceError
from dicomlab.header import Gatherer, names, wire
from dicomlab.header.walk import walk
from dicomlab.header.wire import Element, Encoding

RECIPES = ("basic", "low", "high", "research")
ENCODINGS = (Encoding(), Encoding(implicit=True), Encoding(little=False))
SYNTAXES = {ENCODINGS[0]: "1.2.840.10008.1.2.1", ENCODINGS[1]: "1.2.840.10008.1.2", ENCODINGS[2]: "1.2.840.10008.1.2.2"}


@cache
def recipe(name: str) -> object:
    return recipe_of(name, at_risk={"text": "keep", "face": "keep"})


def done(instance: engine.Instance, name: str) -> engine.Cleaned:
    """The instance cleaned with what it tells about itself."""
    how = recipe(name)
    gatherer = Gatherer(how)
    gatherer.add(instance.elements, instance.encoding)
    subject = engine.subject_of(how, KEY, instance)
    return engine.Deidentifier(how, KEY, subject, gatherer.identifiers()).apply(instance)


def even(value: bytes, vr: str) -> bytes:
    return value + (b"\0" if vr in ("UI", "OB", "UN") else b" ") if len(value) % 2 else value


# Anything in any element -----------------------------------------------------------------------------

PUBLIC = sorted(t for t in DicomDictionary if t >> 16 not in (0, 2, 4, 0x7FE0, 0xFFFE, 0xFFFC))
WORDS = [b"Quellenbach", b"19470523", b"^", b"=", b"\\", b"\x1b$B", b"\xff", b" ", b"\0", b"2.25.1", b"5 mm",
b"\xe5\xb1\xb1", b"-1e9",
         b"A" * 70, b"\r\n", b"040Y"]  # fmt: skip
contents = st.one_of(st.binary(max_size=20), st.lists(st.sampled_from(WORDS), max_size=6).map(b"".join))


@st.composite
def headers(draw: st.DrawFn, encoding: Encoding, depth: int = 2) -> dict[int, Element]:
    found = {}
    for _ in range(draw(st.integers(0, 8))):
        tag = draw(st.one_of(st.sampled_from(PUBLIC), st.integers(0x00080000, 0x7FDFFFFF)))
        said = DicomDictionary.get(tag, ("UN",))[0].split(" ")[0]
        vr = draw(st.sampled_from([said, said, said, *sorted(wire.VRS)]))
        if vr == "SQ" and depth:
            items = draw(st.lists(headers(encoding, depth - 1), max_size=2))
            value = wire.encode_items([i.values() for i in items], encoding)
        else:
            value = even(draw(contents), vr) if vr != "SQ" else b""
        found[tag] = Element(tag, "" if encoding.implicit else vr, value, len(value))
    return dict(sorted(found.items()))


@given(
    st.sampled_from(ENCODINGS).flatmap(lambda e: st.tuples(st.just(e), headers(e))),
    st.sampled_from(RECIPES),
    st.sampled_from(sorted(CLASSES)),
)
@settings(deadline=None, max_examples=300)
def test_anything_is_cleaned_or_refused_and_what_comes_out_is_whole(header, name, kind):
    encoding, elements = header
    own = {
        0x00080016: CLASSES[kind],
        0x00080018: f"{UID_ROOT}.1",
        0x0020000D: f"{UID_ROOT}.2",
        0x0020000E: f"{UID_ROOT}.3",
    }
    for tag, uid in own.items():
        value = even(uid.encode(), "UI")
        elements[tag] = Element(tag, "" if encoding.implicit else "UI", value, len(value))
    instance = engine.Instance(dict(sorted(elements.items())), encoding, SYNTAXES[encoding])
    try:
        cleaned = done(instance, name)
    except DicomlabError:
        return
    new = cleaned.instance.elements
    assert list(new) == sorted(new)
    raw = b"".join(wire.encode(element, encoding) for element in new.values())
    again, end = wire.parse(raw, 0, len(raw), encoding)
    assert end == len(raw)
    assert {t: e.value for t, e in again.items()} == {t: e.value for t, e in new.items()}
    assert all(len(e.value) % 2 == 0 for t, e in new.items() if e is not elements.get(t))


# What was planted is nowhere -------------------------------------------------------------------------

NAME, NUMBER, DAY, STUDY = b"Quellenbach^Zaphiro", b"PX-8823177", b"19470523", b"1.2.826.0.1.3680043.8.498.777.1"
CANARIES = [
    b"quellenbach",
    b"zaphiro",
    b"8823177",
    DAY,
    STUDY,
    b"23.05.1947",
    "Quellenbach".encode("utf-16-le").lower(),
]
# What an instance cannot be read without.
STRUCTURE = {
    0x00080005,
    0x00080016,
    0x00080018,
    0x00080060,
    0x0020000D,
    0x0020000E,
    0x00420012,
    0x00280004,
    0x00280008,
    0x00280301,
}


def planted(elements: dict[int, Element], encoding: Encoding, *, beside: bool, depth: int = 0) -> dict[int, Element]:
    """The same elements with something of the patient's in every value that can hold it, at every depth."""
    creators = names.creators_of(elements)
    out = {}
    for tag, element in elements.items():
        out[tag] = element
        if tag in STRUCTURE or names.is_creator(tag) or tag >> 16 in (2, 0x7FE0) or element.value is None:
            continue
        vr = names.effective_vr(element, creators.get(tag >> 8, ""))
        if vr == "SQ":
            inner = wire.IMPLICIT_LITTLE if element.vr == "UN" else encoding
            items = [
                planted(i, inner, beside=beside, depth=depth + 1).values() for i in wire.items(element.value, inner)
            ]
            value = wire.encode_items(items, inner)
        else:
            value = told(vr, element.value.rstrip(b" \0"), beside=beside)
        out[tag] = element._replace(value=value, length=len(value)) if value is not None else element
    if depth == 0:
        for tag, vr, value in ((0x00080020, "DA", DAY), (0x00100010, "PN", NAME), (0x00100020, "LO", NUMBER),
                               (0x00100030, "DA", DAY), (0x0020000D, "UI", STUDY)):  # fmt: skip
            out[tag] = Element(tag, "" if encoding.implicit else vr, even(value, vr), len(even(value, vr)))
    return dict(sorted(out.items()))


def told(vr: str, old: bytes, *, beside: bool) -> bytes | None:
    telling = {
        "PN": NAME, "LO": old + b" Quellenbach", "SH": b"PX8823177", "UC": old + b"_Quellenbach",
        "CS": b"QUELLENBACH", "DA": DAY,
        "LT": old + b" for Zaphiro Quellenbach, born 23.05.1947", "ST": b"quellenbach " + old,
        "UT": old + b"\r\nZAPHIRO",
        "AE": b"PX_8823177", "DT": DAY + b"101500", "TM": b"zaphiro", "UI": STUDY, "UR": b"http://x/Quellenbach",
        "AS": b"QUEL",
        "UN": b"Quellenbach^Zaphiro ", "OB": b"\1Quellenbach^Zaphiro\1",
    }.get(vr)  # fmt: skip
    if telling is None:
        return None
    return even(old + b"\\" + telling if beside and vr in ("LO", "SH", "CS", "AE") else telling, vr)


def instances() -> Iterator[tuple[Path, engine.Instance]]:
    for path in corpora.everything():
        if path.stat().st_size < 2_000_000:
            try:
                yield path, files.read(path)
            except InstanceError:
                continue


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside the old value"])
@pytest.mark.parametrize("name", RECIPES)
def test_what_is_planted_in_every_value_of_the_corpora_is_in_no_byte_of_the_output(name, beside):
    left, count = [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path, instance in instances():
            full = replace(instance, elements=planted(dict(instance.elements), instance.encoding, beside=beside))
            try:
                cleaned = done(full, name).instance
            except InstanceError:
                continue
            count += 1
            raw = b"".join(
                files.encoded(
                    replace(cleaned, elements={t: e for t, e in cleaned.elements.items() if t >> 16 != 0x7FE0})
                )
            )
            if any(canary in raw.lower() for canary in CANARIES):
                left.append(path.name)
    assert count > 150
    assert left == []


# What must stay stays --------------------------------------------------------------------------------

# Attributes of which the Basic Profile does not speak: technique, geometry, the description of the pixels.
STAYING = {
    "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel",
    "PhotometricInterpretation",
    "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "SliceThickness", "SpacingBetweenSlices",
    "KVP", "XRayTubeCurrent",
    "ExposureTime", "EchoTime", "RepetitionTime", "InversionTime", "FlipAngle", "MagneticFieldStrength",
    "ImagingFrequency", "PatientPosition",
    "ConvolutionKernel", "RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth", "ImageType", "Modality",
    "SpecificCharacterSet",
    "SOPClassUID", "SequenceName", "ScanningSequence", "SequenceVariant", "SliceLocation", "InstanceNumber",
    "SeriesNumber",
    "AcquisitionNumber", "NumberOfFrames", "FrameIncrementPointer", "LossyImageCompression", "BodyPartExamined",
    "ManufacturerModelName",
    "SoftwareVersions", "DoseGridScaling", "ContourData", "ReferencedROINumber", "ROINumber", "GantryDetectorTilt",
    "TableHeight",
    "RedPaletteColorLookupTableDescriptor", "PlanarConfiguration", "ScanOptions", "PercentPhaseFieldOfView",
    "ReceiveCoilName",
}  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
def test_technique_and_geometry_of_the_corpora_stay_to_the_byte(name):
    changed, count = [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path, instance in instances():
            try:
                cleaned = done(instance, name).instance
            except InstanceError:
                continue
            told_by_tag = {path_: e for path_, e, *_ in walk(cleaned.elements, cleaned.encoding)}
            for where, element, *_ in walk(instance.elements, instance.encoding):
                keyword = re.split(r"[.\]]", where)[-1]
                if keyword in STAYING and where in told_by_tag:
                    count += 1
                    if told_by_tag[where].value != element.value:
                        changed.append(f"{path.name}: {where}")
                elif keyword in STAYING and "." not in where:
                    changed.append(f"{path.name}: {where} is gone")
    assert count > 3000
    assert changed == []


def test_the_attributes_that_must_stay_exist():
    assert all(dictionary_VR(keyword) for keyword in STAYING)
