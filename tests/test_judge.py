"""The judge passes what is right, fails each single fault, and finds whatever is left behind."""

from __future__ import annotations

import base64
import copy
import io
import pickle
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from dicomlab import judge, recipe, standard
from dicomlab.judge import Question
from dicomlab.records import Action, Check, Region, State

# Nobody of these exists; none of the words is one of the standard or of the language.
FAMILY, GIVEN = "Zwinglmeyer", "Ottokar"
PATIENT_ID, ACCESSION = "PX-55210-K", "ACC7730194"
DOCTOR = "Quillfeather^Hedda"
STUDY_DATE, BIRTH_DATE = "20230412", "19510903"
INSTITUTION = "Klinikum Wiesenthalbach"
ADDRESS = "Eichhorngasse 17, 98765 Wiesenthalbach"
PHONE = "+49 3601 5582214"
STUDY, SERIES, INSTANCE, FRAME = (f"1.2.826.0.1.3680043.9.9999.{n}" for n in (1, 2, 3, 4))
OTHER = "1.2.826.0.1.3680043.9.9999.5"
NEW = {old: f"2.25.{n}" for n, old in enumerate((STUDY, SERIES, INSTANCE, FRAME, OTHER), 33300044400055500066600077700088800099)}
CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT, IMPLICIT, DEFLATED, JPEG = (f"1.2.840.10008.1.2{end}" for end in (".1", "", ".1.99", ".4.50"))


def dataset(**values: object) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def code(value: str, scheme: str, meaning: str) -> Dataset:
    return dataset(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def source() -> Dataset:
    """A chest CT with identifiers wherever a scanner, a clerk and a private block put them."""
    made = dataset(
        SpecificCharacterSet="ISO_IR 100", ImageType=["ORIGINAL", "PRIMARY", "AXIAL"], InstanceCreationDate=STUDY_DATE,
        SOPClassUID=CT, SOPInstanceUID=INSTANCE, StudyDate=STUDY_DATE, SeriesDate=STUDY_DATE, ContentDate=STUDY_DATE,
        StudyTime="101530", ContentTime="101700", AccessionNumber=ACCESSION, Modality="CT", Manufacturer="ACME",
        InstitutionName=INSTITUTION, InstitutionAddress=ADDRESS, ReferringPhysicianName=DOCTOR, StationName="CTZIMMERNORD",
        StudyDescription="CT thorax with contrast", SeriesDescription="Lung", ManufacturerModelName="Big Bore 5000",
        AnatomicRegionSequence=Sequence([code("51185008", "SCT", "Chest")]),
        PatientName=f"{FAMILY}^{GIVEN}", PatientID=PATIENT_ID, PatientBirthDate=BIRTH_DATE, PatientSex="M",
        PatientAge="071Y", PatientWeight="81", PatientAddress=ADDRESS, PatientTelephoneNumbers=PHONE,
        BodyPartExamined="CHEST", SliceThickness="1.25", KVP="120", DeviceSerialNumber="SN4471902",
        SoftwareVersions="syngo 2023A", ProtocolName="Thorax", ConvolutionKernel="B60f", PatientPosition="HFS",
        StudyInstanceUID=STUDY, SeriesInstanceUID=SERIES, StudyID="S4417-22", SeriesNumber="3", AcquisitionNumber="1",
        InstanceNumber="17", ImagePositionPatient=[0, 0, 12.5], ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        FrameOfReferenceUID=FRAME, PositionReferenceIndicator="", SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2",
        Rows=16, Columns=16, PixelSpacing=[0.7, 0.7], BitsAllocated=16, BitsStored=12, HighBit=11, PixelRepresentation=0,
        RescaleIntercept="-1024", RescaleSlope="1",
    )  # fmt: skip
    leaky = made.private_block(0x0009, "ACME LEAKY 1.0", create=True)
    leaky.add_new(0x01, "LO", f"{GIVEN} {FAMILY}")
    safe = made.private_block(0x0019, "GEMS_ACQU_01", create=True)
    safe.add_new(0x23, "DS", "55.0")
    made.PixelData = b"".join(struct.pack("<H", 1000 + n % 97) for n in range(256))
    return made


def basic() -> Dataset:
    """What PS3.15 Table E.1-1 makes of `source`, worked out by hand."""
    made = source()
    for keyword in (
        "InstanceCreationDate", "SeriesDate", "InstitutionName", "InstitutionAddress", "StationName",
        "StudyDescription", "SeriesDescription", "PatientAge", "PatientWeight", "PatientAddress",
        "PatientTelephoneNumbers", "DeviceSerialNumber", "ProtocolName",
    ):  # fmt: skip
        delattr(made, keyword)
    for keyword in ("StudyDate", "ContentDate", "StudyTime", "ContentTime", "AccessionNumber", "ReferringPhysicianName",
                    "PatientName", "PatientBirthDate", "PatientSex", "StudyID"):  # fmt: skip
        setattr(made, keyword, "")
    made.PatientID = "K7QX2M9PB4WD6TRS"
    for tag in [e.tag for e in made if e.tag.is_private]:
        del made[tag]
    return mapped(said(made, "REMOVED", []))


def research() -> Dataset:
    """What the recipe `research` makes of `source`: descriptions, sex, safe private kept, 70 days back."""
    made = basic()
    before = source()
    for keyword in ("StudyDescription", "SeriesDescription", "PatientSex", "PatientAge", "PatientWeight", "ProtocolName",
                    "StudyTime", "ContentTime"):  # fmt: skip
        setattr(made, keyword, before[keyword].value)
    for keyword in ("StudyDate", "ContentDate", "SeriesDate", "InstanceCreationDate"):
        setattr(made, keyword, "20230201")
    made.private_block(0x0019, "GEMS_ACQU_01", create=True).add_new(0x23, "DS", "55.0")
    options = [
        ("113105", "Clean Descriptors Option"), ("113104", "Clean Structured Content Option"),
        ("113103", "Clean Graphics Option"),
        ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
        ("113108", "Retain Patient Characteristics Option"), ("113111", "Retain Safe Private Option"),
    ]  # fmt: skip
    return said(made, "MODIFIED", options)


def said(made: Dataset, dates: str, options: list[tuple[str, str]]) -> Dataset:
    made.PatientIdentityRemoved = "YES"
    made.DeidentificationMethod = "dicomlab"
    codes = [("113100", "Basic Application Confidentiality Profile"), *options]
    made.DeidentificationMethodCodeSequence = Sequence([code(value, "DCM", meaning) for value, meaning in codes])
    made.LongitudinalTemporalInformationModified = dates
    return made


def mapped(made: Dataset) -> Dataset:
    for element in made.iterall():
        if element.VR == "UI" and element.value in NEW:
            element.value = NEW[element.value]
    return made


def filed(made: Dataset, syntax: str = EXPLICIT, *, preamble: bytes = bytes(128), **meta: str) -> bytes:
    out = copy.deepcopy(made)
    out.file_meta = FileMetaDataset()
    out.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    out.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    out.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    for keyword, value in meta.items():
        setattr(out.file_meta, keyword, value)
    out.preamble = preamble
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, out, enforce_file_format=True)
    return buffer.getvalue()


BEFORE = filed(source(), SourceApplicationEntityTitle="PACSNORD")
IDENTITY = judge.identity_of(BEFORE)


def judged(after: bytes | Dataset, name: str = "basic", before: bytes | Dataset = BEFORE) -> judge.InstanceVerdict:
    before, after = (side if isinstance(side, bytes) else filed(side) for side in (before, after))
    identity = IDENTITY if before is BEFORE else judge.identity_of(before)
    return judge.judge_instance(before, after, recipe.load(name), identity=identity, release_path="p/s/e/i.dcm", ordinal=0)


def failures(verdict: judge.InstanceVerdict) -> set[str]:
    return {check.name for check in verdict.checks if not check.passed}


# What is right passes.


@pytest.mark.parametrize(("name", "after"), [("basic", basic), ("research", research)])
def test_a_right_deidentification_passes_every_check(name, after):
    verdict = judged(after(), name)
    assert verdict.passed, [c for c in verdict.checks if not c.passed]
    assert {c.name for c in verdict.checks} >= {"no identifier in any byte", "pixels unchanged", "claims agree with facts"}


@pytest.mark.parametrize("syntax", [IMPLICIT, DEFLATED, "1.2.840.10008.1.2.2"])
def test_a_right_deidentification_passes_in_every_encoding(syntax):
    before, after = source(), basic()
    verdict = judged(filed(after, syntax), before=filed(before, syntax))
    assert verdict.passed, [c for c in verdict.checks if not c.passed]


def test_an_instance_without_identifiers_may_stay_as_it_is_but_for_what_it_says():
    again = judge.judge_instance(filed(basic()), filed(basic()), recipe.load("basic"), identity=None)
    assert failures(again) == {str(q) for q in (Question.UIDS, Question.TABLE, Question.BYTES)}  # new UIDs and a new Patient ID are asked for


# Each single fault fails the check that is about it.


def _set(keyword: str, value: object) -> Callable[[Dataset], None]:
    return lambda made: setattr(made, keyword, value)


def _del(keyword: str) -> Callable[[Dataset], None]:
    return lambda made: delattr(made, keyword)


def _inside(keyword: str, vr: str, value: object) -> Callable[[Dataset], None]:
    return lambda made: made.AnatomicRegionSequence[0].add_new(pydicom.datadict.tag_for_keyword(keyword), vr, value)


def _private(creator: str, vr: str, value: object, low: int = 0x01) -> Callable[[Dataset], None]:
    return lambda made: made.private_block(0x0009, creator, create=True).add_new(low, vr, value)


BASIC_FAULTS = {
    "patient's name left": (_set("PatientName", f"{FAMILY}^{GIVEN}"), {Question.TABLE, Question.BYTES}),
    "patient's name upside down": (_set("PatientName", f"{GIVEN} {FAMILY.upper()}"), {Question.BYTES}),
    "name in an attribute outside the table": (_set("ManufacturerModelName", f"Big Bore {FAMILY}"), {Question.BYTES}),
    "name in a nested coded term": (
        lambda made: setattr(made.AnatomicRegionSequence[0], "CodeMeaning", f"Chest {FAMILY.lower()}"),
        {Question.BYTES},
    ),
    "staff's name in software versions": (_set("SoftwareVersions", "hedda quillfeather"), {Question.BYTES}),
    "Patient ID kept": (_set("PatientID", PATIENT_ID), {Question.TABLE, Question.BYTES}),
    "Patient ID without its signs": (_set("PatientID", "px55210k"), {Question.BYTES}),
    "birth date kept": (_set("PatientBirthDate", BIRTH_DATE), {Question.TABLE}),
    "study date where a dummy should be": (_set("PatientBirthDate", STUDY_DATE), {Question.DATES}),
    "date in text": (_set("ConvolutionKernel", "B60f 12.04.2023"), {Question.BYTES}),
    "telephone in text": (_set("SoftwareVersions", "call (03601) 558-2214"), {Question.BYTES}),
    "address in text": (_set("SoftwareVersions", "eichhorngasse 17"), {Question.BYTES}),
    "institution in text": (_set("SoftwareVersions", "KLINIKUM-WIESENTHALBACH"), {Question.BYTES}),
    "serial number in text": (_set("SoftwareVersions", "2023A/SN 4471902"), {Question.BYTES}),
    "accession number in text": (_set("SoftwareVersions", ACCESSION), {Question.BYTES}),
    "description kept": (_set("StudyDescription", "CT thorax with contrast"), {Question.TABLE}),
    "institution emptied though X": (_set("InstitutionAddress", ""), {Question.TABLE}),
    "Type 2 removed": (_del("StudyDate"), {Question.REQUIRED}),
    "Type 2 removed, nobody's": (_del("PositionReferenceIndicator"), {Question.REQUIRED}),
    "Type 1 emptied": (_set("ImagePositionPatient", None), {Question.REQUIRED}),
    "study UID kept": (_set("StudyInstanceUID", STUDY), {Question.UIDS}),
    "frame of reference kept": (_set("FrameOfReferenceUID", FRAME), {Question.UIDS}),
    "SOP Class replaced": (_set("SOPClassUID", "1.2.840.10008.5.1.4.1.1.4"), {Question.LOST}),
    "old UID in text": (_set("SoftwareVersions", STUDY), {Question.BYTES}),
    "acquisition value lost": (_del("KVP"), {Question.REQUIRED}),
    "acquisition value changed": (_set("SliceThickness", "2.5"), {Question.LOST}),
    "kernel lost": (_del("ConvolutionKernel"), {Question.LOST}),
    "geometry changed": (_set("PixelSpacing", [0.8, 0.7]), {Question.LOST}),
    "item lost": (_set("AnatomicRegionSequence", Sequence([])), {Question.LOST}),
    "attribute added": (_set("PatientComments", "fine"), {Question.LOST}),
    "private block left": (_private("ACME LEAKY 1.0", "LO", f"{GIVEN} {FAMILY}"), {Question.PRIVATE, Question.BYTES}),
    "harmless private block left": (
        lambda made: made.private_block(0x0019, "GEMS_ACQU_01", create=True).add_new(0x23, "DS", "55.0"),
        {Question.PRIVATE},
    ),
    "invalid date": (_set("StudyDate", "12.04.2023"), {Question.VALID}),
    "too long": (_set("StudyID", "DEIDENTIFIED" * 3), {Question.VALID}),
    "pixels changed": (lambda made: setattr(made, "PixelData", made.PixelData[:-2] + b"\1\1"), {Question.PIXELS}),
    "pixels removed": (_del("PixelData"), {Question.PIXELS}),
    "says NO": (_set("PatientIdentityRemoved", "MAYBE"), {Question.CLAIMS}),
    "no claim": (_del("PatientIdentityRemoved"), {Question.CLAIMS}),
    "method missing": (_del("DeidentificationMethod"), {Question.CLAIMS}),
    "profile not claimed": (_del("DeidentificationMethodCodeSequence"), {Question.CLAIMS}),
    "option claimed": (
        lambda made: made.DeidentificationMethodCodeSequence.append(code("113101", "DCM", "Clean Pixel Data Option")),
        {Question.CLAIMS},
    ),
    "other meaning": (
        lambda made: setattr(made.DeidentificationMethodCodeSequence[0], "CodeMeaning", "Basic Profile"),
        {Question.CLAIMS},
    ),
    "dates claimed modified": (_set("LongitudinalTemporalInformationModified", "MODIFIED"), {Question.CLAIMS}),
    "burned in claimed NO": (_set("BurnedInAnnotation", "NO"), {Question.CLAIMS}),
    "features claimed NO": (_set("RecognizableVisualFeatures", "NO"), {Question.CLAIMS}),
    "padding left": (lambda made: made.add_new(0xFFFCFFFC, "OB", bytes(8)), {Question.LOST}),
    "private without creator": (lambda made: made.add_new(0x00091001, "UN", b"xy"), {Question.PRIVATE}),
    "unknown attribute": (lambda made: made.add_new(0x00080003, "LO", "xy"), {Question.LOST}),
}  # fmt: skip


@pytest.mark.parametrize("fault", BASIC_FAULTS)
def test_a_single_fault_under_the_basic_profile_fails(fault):
    make, questions = BASIC_FAULTS[fault]
    made = basic()
    with warnings.catch_warnings(action="ignore"):  # faults are not valid
        make(made)
        after = filed(made)
    assert failures(judged(after)) >= {str(q) for q in questions}


RESEARCH_FAULTS = {
    "other interval": (_set("StudyDate", "20230202"), {Question.DATES}),
    "no interval": (_set("StudyDate", STUDY_DATE), {Question.DATES}),
    "into the future": (
        lambda made: [setattr(made, k, "20230419") for k in ("StudyDate", "ContentDate", "SeriesDate", "InstanceCreationDate")],
        {Question.DATES},
    ),
    "date lost": (_set("StudyDate", ""), {Question.LOST}),
    "time lost": (_set("StudyTime", ""), {Question.LOST}),
    "clean description lost": (_del("SeriesDescription"), {Question.LOST}),
    "clean word lost": (_set("StudyDescription", "CT thorax"), {Question.LOST}),
    "name in a description": (_set("StudyDescription", f"CT thorax {GIVEN}"), {Question.BYTES}),
    "initials in a description": (_set("StudyDescription", "CT thorax OZwinglmeyer"), {Question.BYTES}),
    "sex lost": (_set("PatientSex", ""), {Question.LOST}),
    "safe private lost": (lambda made: [made.pop(t) for t in (0x00191023, 0x00190010)], {Question.LOST}),
    "safe private changed": (lambda made: setattr(made[0x00191023], "value", "54.0"), {Question.LOST}),
    "unsafe beside safe": (
        lambda made: made.private_block(0x0019, "GEMS_ACQU_01").add_new(0x02, "SL", 7),
        {Question.LOST},
    ),
    "creator alone": (lambda made: made.pop(0x00191023), {Question.PRIVATE}),
    "option not claimed": (lambda made: made.DeidentificationMethodCodeSequence.pop(), {Question.CLAIMS}),
    "dates claimed removed": (_set("LongitudinalTemporalInformationModified", "REMOVED"), {Question.CLAIMS}),
}  # fmt: skip


@pytest.mark.parametrize("fault", RESEARCH_FAULTS)
def test_a_single_fault_under_the_recipe_research_fails(fault):
    make, questions = RESEARCH_FAULTS[fault]
    made = research()
    make(made)
    assert failures(judged(made, "research")) >= {str(q) for q in questions}


FILE_FAULTS = {
    "name in the preamble": (lambda a: f"{FAMILY}".encode().ljust(128, b"\0") + a[128:], {Question.META, Question.BYTES}),
    "bytes behind the data set": (lambda a: a + b"\0\0" + GIVEN.encode(), {Question.READABLE, Question.BYTES}),
    "a few bytes behind the data set": (lambda a: a + b"Otto", {Question.META}),
    "cut off": (lambda a: a[:-100], {Question.READABLE}),
    "source's AE title": (lambda _: filed(basic(), SourceApplicationEntityTitle="PACSNORD"), {Question.META, Question.BYTES}),
    "other media storage UID": (lambda a: a.replace(NEW[INSTANCE].encode(), b"2.25.1" + NEW[INSTANCE][6:].encode(), 1),
                                {Question.META}),
    "name inside stored samples": (
        lambda a: a[:-40] + b"ZWINGLMEYER^OTTOKAR".ljust(20, b"\0") + a[-20:], {Question.BYTES, Question.PIXELS},
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_a_single_fault_of_the_file_fails(fault):
    make, questions = FILE_FAULTS[fault]
    assert failures(judged(make(filed(basic())))) >= {str(q) for q in questions}
