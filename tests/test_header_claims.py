"""What an instance says of its own de-identification, and documents that stand where one was removed."""

from __future__ import annotations

import re
import struct
from xml.etree import ElementTree as ET

import pytest
from deidentified import CID_7050, cleaned, code, instance, item, recipe_of
from pydicom.dataset import Dataset

from dicomlab.header import documents

PROFILE = ("113100", "Basic Application Confidentiality Profile")


def said(ds: Dataset) -> list[tuple[str, str, str]]:
    return [(i.CodeValue, i.CodingSchemeDesignator, i.CodeMeaning) for i in ds.DeidentificationMethodCodeSequence]


def test_identity_is_removed_where_no_pixels_are_at_risk():
    assert cleaned(instance("RTSTRUCT")).PatientIdentityRemoved == "YES"


@pytest.mark.parametrize(
    "before",
    [
        instance("US", Modality="US", PixelData=b"\0\0"),
        instance("CT", Modality="CT", BodyPartExamined="HEAD", PixelData=b"\0\0"),
        instance("CT", Modality="CT", BodyPartExamined="CHEST", BurnedInAnnotation="YES", PixelData=b"\0\0"),
    ],
)
def test_identity_is_not_removed_where_pixels_at_risk_were_kept(before):
    before["PixelData"].VR = "OW"
    assert cleaned(before).PatientIdentityRemoved == "NO"


def test_the_sources_own_word_on_burned_in_text_stays_as_it_was():
    before = instance("US", Modality="US", BurnedInAnnotation="NO", PixelData=b"\0\0")
    before["PixelData"].VR = "OW"
    after = cleaned(before)
    assert after.BurnedInAnnotation == "NO"
    assert after.PatientIdentityRemoved == "NO"


def test_without_options_the_profile_alone_is_claimed():
    assert said(cleaned(instance())) == [(PROFILE[0], "DCM", PROFILE[1])]


@pytest.mark.parametrize("option", CID_7050)
def test_each_option_is_claimed_by_its_code_and_meaning(option):
    number, meaning = CID_7050[option]
    assert said(cleaned(instance(), [option])) == [(PROFILE[0], "DCM", PROFILE[1]), (number, "DCM", meaning)]


def test_the_profile_is_not_claimed_when_a_rule_retains_more():
    after = cleaned(instance(StudyID="1"), (), {"attribute": "StudyID", "action": "K"})
    assert "DeidentificationMethodCodeSequence" not in after
    assert after.DeidentificationMethod


def test_what_was_said_before_stays_in_front_and_nothing_is_said_twice():
    old = [code(PROFILE[0], "DCM", PROFILE[1]), code("113107", "DCM", CID_7050["retain-modified-dates"][1])]
    method = ["Other tool 1.0", "by hand"]
    before = instance("CT", DeidentificationMethod=method, DeidentificationMethodCodeSequence=old)
    after = cleaned(before, ["clean-descriptors"])
    assert [number for number, *_ in said(after)] == ["113100", "113107", "113105"]
    assert list(after.DeidentificationMethod)[:2] == ["Other tool 1.0", "by hand"]
    assert re.fullmatch(r"dicomlab [\d.]+\w*, recipe a test", after.DeidentificationMethod[2])
    again = cleaned(after, ["clean-descriptors"])
    assert list(again.DeidentificationMethod) == list(after.DeidentificationMethod)
    assert said(again) == said(after)


def test_an_old_method_that_names_somebody_is_cleaned():
    before = instance("CT", PatientName="Quistgaard^I", DeidentificationMethod="Quistgaard was removed")
    assert cleaned(before).DeidentificationMethod[0] == "was removed"


def test_the_name_of_a_recipe_never_breaks_the_character_set():
    recipe = recipe_of(()).with_changes(title="Größe " + "x" * 80)
    after = cleaned(instance(SpecificCharacterSet="ISO_IR 100"), recipe)
    assert len(after.DeidentificationMethod) <= 64
    assert after.DeidentificationMethod.isascii()


@pytest.mark.parametrize(
    ("options", "rules", "word"),
    [
        ((), (), "REMOVED"),
        (["retain-modified-dates"], (), "MODIFIED"),
        (["retain-full-dates"], (), "UNMODIFIED"),
        ((), ({"attribute": "StudyDate", "action": "shift"},), "MODIFIED"),
        ((), ({"attribute": "StudyDate", "action": "K"},), "UNMODIFIED"),
        ((), ({"attribute": "StudyID", "action": "K"},), "REMOVED"),
    ],
)
def test_what_became_of_dates_is_said(options, rules, word):
    assert cleaned(instance(StudyDate="20240311"), options, *rules).LongitudinalTemporalInformationModified == word


def test_claims_stand_in_the_order_of_tags():
    tags = [e.tag for e in cleaned(instance("CT", Rows=1))]
    assert tags == sorted(tags)


def test_a_code_sequence_of_unknown_vr_is_read_and_made_whole():
    inner = item(CodeValue="113107", CodingSchemeDesignator="DCM", CodeMeaning=CID_7050["retain-modified-dates"][1])
    before = instance("CT", DeidentificationMethodCodeSequence=[inner])
    assert [number for number, *_ in said(cleaned(before))] == ["113107", "113100"]


# Documents -------------------------------------------------------------------------------------------


def encapsulated(kind: str, mime: str, document: bytes) -> Dataset:
    return instance(
        kind,
        MIMETypeOfEncapsulatedDocument=mime,
        EncapsulatedDocument=document,
        EncapsulatedDocumentLength=len(document),
        DocumentTitle="Report on Quistgaard",
        PatientName="Quistgaard^I",
    )


DOCUMENTS = [
    ("PDF", "application/pdf", b"%PDF-1.4 Quistgaard "),
    ("CDA", "text/XML", b"<ClinicalDocument>Quistgaard</ClinicalDocument> "),
    ("STL", "model/stl", bytes(80) + b"\0\0\0\0Quistgaard"),
    ("OBJ", "model/obj", b"# Quistgaard\nv 0 0 0 "),
    ("MTL", "model/mtl", b"# Quistgaard "),
]


@pytest.mark.parametrize(("kind", "mime", "document"), DOCUMENTS)
def test_a_document_becomes_a_dummy_of_the_same_type(kind, mime, document):
    after = cleaned(encapsulated(kind, mime, document))
    raw = after.EncapsulatedDocument
    assert b"Quistgaard" not in raw
    assert b"removed by de-identification" in raw
    assert len(raw) % 2 == 0
    assert mime == after.MIMETypeOfEncapsulatedDocument
    assert after.EncapsulatedDocumentLength in (len(raw), len(raw) - 1)
    assert raw[: after.EncapsulatedDocumentLength] == documents.dummy(mime)
    assert "Quistgaard" not in str(after.DocumentTitle)


def test_a_document_that_a_rule_keeps_keeps_its_length():
    before = encapsulated("PDF", "application/pdf", b"%PDF-1.4 odd")
    after = cleaned(before, (), {"attribute": "EncapsulatedDocument", "action": "K"})
    assert after.EncapsulatedDocumentLength == len(before.EncapsulatedDocument)
    assert after.PatientIdentityRemoved == "NO"


def test_the_pdf_has_a_page_and_offsets_that_hold():
    pdf = documents.dummy("application/pdf")
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", pdf)[1])
    assert pdf[start : start + 4] == b"xref"
    offsets = [int(line[:10]) for line in pdf[start:].split(b"\n")[3:] if line.endswith(b"00000 n ")]
    assert len(offsets) == 6
    for number, offset in enumerate(offsets, 1):
        assert pdf[offset:].startswith(b"%d 0 obj" % number)
    length = int(re.search(rb"/Length (\d+)", pdf)[1])
    assert len(re.search(rb"stream\n(.*)\nendstream", pdf, re.DOTALL)[1]) == length
    assert pdf.count(b"/Type /Page ") == 1


def test_the_cda_is_well_formed():
    root = ET.fromstring(documents.dummy("text/XML"))  # noqa: S314 - our own text
    assert root.tag == "{urn:hl7-org:v3}ClinicalDocument"


def test_the_stl_is_binary_and_has_a_triangle():
    # A header of 80 bytes, the number of triangles, 50 bytes for each.
    stl = documents.dummy("model/stl")
    (count,) = struct.unpack("<L", stl[80:84])
    assert count == 1
    assert len(stl) == 84 + 50 * count
    assert not stl.startswith(b"solid")


def test_the_obj_has_a_triangle_and_the_mtl_a_material():
    obj = documents.dummy("model/obj").decode().splitlines()
    assert [line[0] for line in obj] == ["#", "v", "v", "v", "f"]
    assert "newmtl removed" in documents.dummy("model/mtl").decode()


@pytest.mark.parametrize("mime", ["", "application/octet-stream", "APPLICATION/PDF", "text/xml; charset=utf-8"])
def test_any_other_type_gets_a_line_of_text_and_spelling_does_not_matter(mime):
    dummy = documents.dummy(mime)
    assert b"removed by de-identification" in dummy
    assert dummy.startswith(b"%PDF") is (mime == "APPLICATION/PDF")
    assert dummy.startswith(b"<?xml") is mime.startswith("text/xml")
