"""What the standard says, checked against values read in the standard itself or worked out by hand."""

from __future__ import annotations

import csv
import importlib.util
import json
import pickle
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.sr import codes
from pydicom.tag import Tag
from pydicom.uid import UID_dictionary

from dicomlab import standard
from dicomlab.errors import DicomlabError
from dicomlab.standard import RiskClass, confidentiality, iod, risk, safe_harbor, safe_private, settle

ROOT = Path(__file__).resolve().parents[1]
STORAGE = "1.2.840.10008.5.1.4.1.1."
CR, DX, CT, ENHANCED_CT = STORAGE + "1", STORAGE + "1.1", STORAGE + "2", STORAGE + "2.1"
MR, ENHANCED_MR = STORAGE + "4", STORAGE + "4.1"
US_MULTIFRAME, US, SC, XA, NM = STORAGE + "3.1", STORAGE + "6.1", STORAGE + "7", STORAGE + "12.1", STORAGE + "20"
ECG, GSPS, RAW, SEG, PET = STORAGE + "9.1.1", STORAGE + "11.1", STORAGE + "66", STORAGE + "66.4", STORAGE + "128"
WSI, COMPREHENSIVE_SR, KEY_OBJECTS, PDF = STORAGE + "77.1.6", STORAGE + "88.33", STORAGE + "88.59", STORAGE + "104.1"
RT_STRUCT, RT_RECORD, RT_PLAN = STORAGE + "481.3", STORAGE + "481.4", STORAGE + "481.5"


def row(keyword: str) -> standard.Row:
    found = confidentiality(tag_for_keyword(keyword))
    assert found is not None
    return found


def type_of(sop_class: str, path: str, *present: str) -> str | None:
    found = iod(sop_class, frozenset(present))
    assert found is not None
    return found.type_of(tuple(path.split("/")))


# Table E.1-1


def test_the_edition_is_named():
    assert standard.EDITION == "2025c"


def test_the_table_has_all_its_rows_each_with_a_name():
    assert len(standard.rows()) == 647
    assert all(r.keyword and not r.keyword.startswith("Unknown") for r in standard.rows())


@pytest.mark.parametrize(
    ("keyword", "basic", "options"),
    [
        ("PatientName", "Z", {}),
        ("PatientID", "Z/D", {}),
        ("PatientSex", "Z", {"retain-patient-characteristics": "K"}),
        ("PatientAge", "X", {"retain-patient-characteristics": "K"}),
        ("Allergies", "X", {"retain-patient-characteristics": "C", "clean-descriptors": "C"}),
        ("StudyDate", "Z", {"retain-full-dates": "K", "retain-modified-dates": "C"}),
        ("SeriesDate", "X/D", {"retain-full-dates": "K", "retain-modified-dates": "C"}),
        ("ContentDate", "Z/D", {"retain-full-dates": "K", "retain-modified-dates": "C"}),
        ("AcquisitionDate", "X/Z", {"retain-full-dates": "K", "retain-modified-dates": "C"}),
        ("InstitutionName", "X/Z/D", {"retain-institution-identity": "K"}),
        ("StationName", "X/Z/D", {"retain-device-identity": "K"}),
        ("DeviceSerialNumber", "X/Z/D", {"retain-device-identity": "K"}),
        ("StudyDescription", "X", {"clean-descriptors": "C"}),
        ("ProtocolName", "X/D", {"clean-descriptors": "C"}),
        ("StudyInstanceUID", "U", {"retain-uids": "K"}),
        ("ReferencedImageSequence", "X/Z/U*", {"retain-uids": "K"}),
        ("ContentSequence", "D", {"clean-structured-content": "C"}),
        ("GraphicAnnotationSequence", "D", {"clean-graphics": "C"}),
    ],
)
def test_a_row_holds_the_code_of_the_profile_and_of_each_option(keyword, basic, options):
    assert (row(keyword).basic, dict(row(keyword).options)) == (basic, options)


@pytest.mark.parametrize(
    ("tag", "pattern", "basic", "options"),
    [
        (0x50000010, "(50xx,xxxx)", "X", {"clean-graphics": "C"}),
        (0x501E3000, "(50xx,xxxx)", "X", {"clean-graphics": "C"}),
        (0x60003000, "(60xx,3000)", "X", {"clean-graphics": "C"}),
        (0x60FE4000, "(60xx,4000)", "X", {"clean-graphics": "C"}),
        (0x00190010, "(gggg,eeee) with odd gggg", "X", {"retain-safe-private": "C"}),
        (0x7FE11010, "(gggg,eeee) with odd gggg", "X", {"retain-safe-private": "C"}),
        (0x60013000, "(gggg,eeee) with odd gggg", "X", {"retain-safe-private": "C"}),
    ],
)
def test_repeating_groups_and_private_tags_take_the_row_of_their_pattern(tag, pattern, basic, options):
    found = confidentiality(tag)
    assert found is not None
    assert (found.tag_pattern, found.basic, dict(found.options)) == (pattern, basic, options)


@pytest.mark.parametrize("tag", [0x00280010, 0x7FE00010, 0x60000010, 0x00080060, 0x00100022])
def test_an_attribute_that_the_table_does_not_list_has_no_row(tag):
    assert confidentiality(tag) is None


def test_a_tag_of_pydicom_is_as_good_as_a_number():
    assert confidentiality(Tag("PatientName")) is confidentiality(0x00100010)


@pytest.mark.parametrize(
    ("tag", "keyword"),
    [
        (0x00081301, "PrincipalDiagnosisCodeSequence"),
        (0x00100011, "PersonNamesToUseSequence"),
        (0x00100012, "NameToUse"),
        (0x00100041, "GenderIdentitySequence"),
        (0x0040B036, "SegmentDefinitionDateTime"),
        (0x50000000, "CurveData"),
        (0x60003000, "OverlayData"),
        (0x00091001, "PrivateAttributes"),
    ],
)
def test_rows_newer_than_the_dictionary_and_patterns_have_their_names(tag, keyword):
    found = confidentiality(tag)
    assert found is not None
    assert found.keyword == keyword


def test_every_keyword_is_the_one_of_the_dictionary_where_that_knows_the_tag():
    for r in standard.rows():
        if r.tag_pattern[1:5].isalnum() and "x" not in r.tag_pattern and "g" not in r.tag_pattern:
            known = tag_for_keyword(r.keyword)
            assert known in {None, int(r.tag_pattern[1:5] + r.tag_pattern[6:10], 16)}, r


def test_rows_cross_to_other_processes():
    assert pickle.loads(pickle.dumps(row("PatientName"))) == row("PatientName")  # noqa: S301 - our own bytes


# Options


def test_the_options_are_the_twelve_of_cid_7050_to_the_letter():
    terms = [getattr(codes.CID7050, name) for name in codes.CID7050.dir()]
    of_pydicom = {(term.value, term.meaning) for term in terms}
    ours = {(o.code, o.meaning) for o in standard.OPTIONS.values()}
    assert len(standard.OPTIONS) == 12
    assert ours | {standard.PROFILE_CODE} == of_pydicom


def test_option_names_are_bound_to_their_codes():
    assert {name: o.code for name, o in standard.OPTIONS.items()} == {
        "clean-pixel-data": "113101",
        "clean-recognizable-visual-features": "113102",
        "clean-graphics": "113103",
        "clean-structured-content": "113104",
        "clean-descriptors": "113105",
        "retain-full-dates": "113106",
        "retain-modified-dates": "113107",
        "retain-patient-characteristics": "113108",
        "retain-device-identity": "113109",
        "retain-uids": "113110",
        "retain-safe-private": "113111",
        "retain-institution-identity": "113112",
    }


def test_the_two_pixel_options_have_no_column_and_the_others_each_govern_some_row():
    used = {name for r in standard.rows() for name in r.options}
    assert set(standard.OPTIONS) - used == {"clean-pixel-data", "clean-recognizable-visual-features"}
    assert {o.name for o in standard.OPTIONS.values() if o.column is None} == set(standard.OPTIONS) - used


# Safe private attributes


def test_a_safe_private_attribute_is_found_by_creator_whatever_its_block():
    found = safe_private("SIEMENS MR HEADER", 0x0019, 0x0C)
    assert found is not None
    assert (found.vr, found.vm, found.meaning) == ("IS", "1", "B Value")


def test_blanks_around_a_creator_do_not_count():
    assert safe_private("SIEMENS MR HEADER ", 0x0019, 0x0C) == safe_private("SIEMENS MR HEADER", 0x0019, 0x0C)


@pytest.mark.parametrize(
    ("creator", "group", "low_byte"),
    [
        ("SIEMENS CSA HEADER", 0x0019, 0x0C),
        ("siemens mr header", 0x0019, 0x0C),
        ("SIEMENS MR HEADER", 0x0021, 0x0C),
        ("SIEMENS MR HEADER", 0x0019, 0x0F),
        ("", 0x0019, 0x0C),
    ],
)
def test_another_creator_group_or_element_is_not_safe(creator, group, low_byte):
    assert safe_private(creator, group, low_byte) is None


def test_the_scale_factors_that_quantitative_work_needs_are_safe():
    assert safe_private("Philips PET Private Group", 0x7053, 0x00) is not None
    assert safe_private("Philips MR Imaging DD 001", 0x2005, 0x0E) is not None
    assert safe_private("GEMS_PARM_01", 0x0043, 0x10) is None


# Compound codes. Columns: Type 3 or not in the IOD; Type 2 or 2C; Type 1 or 1C; Type 1 of a sequence of references;
# a SOP Class of which nothing is known.
SETTLED = {
    "X": ("X", "Z", "D", "U", "X"),
    "Z": ("Z", "Z", "D", "U", "Z"),
    "D": ("D", "D", "D", "D", "D"),
    "K": ("K", "K", "K", "K", "K"),
    "C": ("C", "C", "C", "C", "C"),
    "U": ("U", "U", "U", "U", "U"),
    "Z/D": ("Z", "Z", "D", "D", "D"),
    "X/Z": ("X", "Z", "D", "U", "Z"),
    "X/D": ("X", "D", "D", "D", "D"),
    "X/Z/D": ("X", "Z", "D", "D", "D"),
    "X/Z/U*": ("X", "Z", "U", "U", "U"),
}
COLUMN_OF = {None: 0, "3": 0, "2": 1, "2C": 1, "1": 2, "1C": 2}


def test_the_cases_cover_every_code_of_the_table():
    assert {r.basic for r in standard.rows()} <= set(SETTLED)
    assert {code for r in standard.rows() for code in r.options.values()} <= set(SETTLED)


@pytest.mark.parametrize("is_sequence", [False, True])
@pytest.mark.parametrize("type_", COLUMN_OF)
@pytest.mark.parametrize("code", SETTLED)
def test_a_code_is_settled_by_the_type(code, type_, is_sequence):
    expected = SETTLED[code][COLUMN_OF[type_]]
    assert settle(code, type_, is_sequence=is_sequence).value == expected


@pytest.mark.parametrize("type_", COLUMN_OF)
@pytest.mark.parametrize("code", SETTLED)
def test_a_sequence_of_references_gets_new_uids_where_it_must_stay(code, type_):
    column = 3 if COLUMN_OF[type_] == 2 else COLUMN_OF[type_]
    assert settle(code, type_, is_sequence=True, is_reference=True).value == SETTLED[code][column]


@pytest.mark.parametrize("code", SETTLED)
def test_without_an_iod_the_least_removing_letter_holds(code):
    for is_sequence in (False, True):
        assert settle(code, None, is_sequence=is_sequence, known_iod=False).value == SETTLED[code][4]


@pytest.mark.parametrize(("code", "type_"), [("R", "3"), ("", "3"), ("X/Y", "1"), ("X", "4"), ("x", "3")])
def test_a_code_or_type_that_is_none_is_an_error(code, type_):
    with pytest.raises(DicomlabError, match=r"E\.1-1"):
        settle(code, type_)


# Types by IOD: each value was read in PS3.3.
@pytest.mark.parametrize(
    ("sop_class", "path", "type_"),
    [
        (CT, "PatientName", "2"),
        (CT, "PatientID", "2"),
        (CT, "StudyInstanceUID", "1"),
        (CT, "StudyDate", "2"),
        (CT, "SeriesDate", "3"),
        (CT, "ContentDate", "2C"),
        (CT, "InstitutionName", "3"),
        (CT, "DeviceSerialNumber", "3"),
        (CT, "Manufacturer", "2"),
        (CT, "FrameOfReferenceUID", "1"),
        (CT, "RequestAttributesSequence/ScheduledProcedureStepID", "1C"),
        (CT, "ReferencedPerformedProcedureStepSequence/ReferencedSOPInstanceUID", "1"),
        (CT, "OriginalAttributesSequence/ModifyingSystem", "1"),
        (CT, "OriginalAttributesSequence/SourceOfPreviousValues", "2"),
        (ENHANCED_MR, "Manufacturer", "1"),
        (ENHANCED_MR, "DeviceSerialNumber", "1"),
        (ENHANCED_MR, "SoftwareVersions", "1"),
        (ENHANCED_MR, "ContentDate", "1"),
        (ENHANCED_MR, "AcquisitionContextSequence", "2"),
        (ENHANCED_MR, "DimensionOrganizationSequence/DimensionOrganizationUID", "1"),
        (ENHANCED_MR, "PatientName", "2"),
        (COMPREHENSIVE_SR, "VerifyingObserverSequence", "1C"),
        (COMPREHENSIVE_SR, "VerifyingObserverSequence/VerifyingOrganization", "1"),
        (COMPREHENSIVE_SR, "VerifyingObserverSequence/VerifyingObserverName", "1"),
        (COMPREHENSIVE_SR, "VerifyingObserverSequence/VerificationDateTime", "1"),
        (COMPREHENSIVE_SR, "VerifyingObserverSequence/VerifyingObserverIdentificationCodeSequence", "2"),
        (COMPREHENSIVE_SR, "ReferencedRequestSequence/AccessionNumber", "2"),
        (COMPREHENSIVE_SR, "ReferencedPerformedProcedureStepSequence", "2"),
        (COMPREHENSIVE_SR, "ContentDate", "1"),
        (RT_STRUCT, "StructureSetLabel", "1"),
        (RT_STRUCT, "StructureSetDate", "2"),
        (RT_STRUCT, "OperatorsName", "2"),
        (RT_STRUCT, "StructureSetROISequence/ROIName", "2"),
        (RT_STRUCT, "RTROIObservationsSequence/ROIInterpreter", "2"),
        (RT_PLAN, "RTPlanLabel", "1"),
        (RT_PLAN, "RTPlanDate", "2"),
        (RT_RECORD, "TreatmentDate", "2"),
        (RT_RECORD, "TreatmentMachineSequence/DeviceSerialNumber", "2"),
        (PDF, "EncapsulatedDocument", "1"),
        (PDF, "DocumentTitle", "2"),
        (PDF, "AcquisitionDateTime", "2"),
        (PET, "SeriesDate", "1"),
        (PET, "SeriesTime", "1"),
        (PET, "AcquisitionDate", "2"),
        (WSI, "ContainerIdentifier", "1"),
        (WSI, "SpecimenDescriptionSequence/SpecimenIdentifier", "1"),
        (WSI, "SpecimenDescriptionSequence/SpecimenPreparationSequence", "2"),
        (WSI, "AcquisitionDateTime", "1"),
        (ECG, "AcquisitionDateTime", "1"),
        (GSPS, "PresentationCreationDate", "1"),
        (RAW, "ContentDate", "1"),
        (US_MULTIFRAME, "PatientName", "2"),
        (US, "StationName", "3"),
        (SC, "ContentDate", "2C"),
        (DX, "AcquisitionContextSequence", "2"),
        (CR, "PlateID", "3"),
        (SEG, "ContentDate", "1"),
        (XA, "SeriesDate", "3"),
        (NM, "PatientName", "2"),
        (KEY_OBJECTS, "ContentDate", "1"),
    ],
)
def test_the_type_of_an_attribute_is_that_of_its_iod(sop_class, path, type_):
    assert type_of(sop_class, path) == type_


def test_an_attribute_that_the_iod_does_not_have_has_no_type():
    assert type_of(CT, "VerifyingOrganization") is None
    assert type_of(CT, "OriginalAttributesSequence/ModifiedAttributesSequence/PatientName") is None
    assert type_of(CT, "PatientName/PatientName/AccessionNumber") is None
    found = iod(CT, frozenset())
    assert found is not None
    assert found.type_of(()) is None


def test_where_modules_disagree_the_strictest_holds():
    # General Series says 3, PET Series 1; General Equipment 2, Enhanced General Equipment 1.
    assert type_of(CT, "SeriesDate") == "3"
    assert type_of(PET, "SeriesDate") == "1"
    assert type_of(CT, "Manufacturer") == "2"
    assert type_of(ENHANCED_CT, "Manufacturer") == "1"


def test_an_optional_module_counts_only_when_the_instance_has_something_of_its_own():
    assert type_of(CT, "ContrastBolusAgent", "PatientName") is None
    assert type_of(CT, "ContrastBolusAgent", "PatientName", "ContrastBolusVolume") == "2"
    assert type_of(CT, "ContrastBolusAgent", "ContrastBolusAgent") == "2"


def test_evidence_is_no_evidence_when_a_mandatory_module_has_the_attribute_too():
    # Secondary Capture: General Equipment is optional, SC Equipment mandatory; Modality belongs to the latter as well.
    assert type_of(SC, "InstitutionName", "Modality") is None
    assert type_of(SC, "InstitutionName", "Manufacturer") == "3"


def test_clinical_trial_identifiers_are_required_once_the_trial_module_is_there():
    assert type_of(MR, "ClinicalTrialSponsorName", "PatientName") is None
    assert type_of(MR, "ClinicalTrialSponsorName", "ClinicalTrialSubjectID") == "1"


def test_attributes_inside_functional_groups_have_types_in_both_sequences():
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        assert type_of(ENHANCED_MR, f"{groups}/FrameAnatomySequence/FrameLaterality") == "1"
        assert type_of(ENHANCED_CT, f"{groups}/DerivationImageSequence/SourceImageSequence") == "2"
    content = "PerFrameFunctionalGroupsSequence/FrameContentSequence"
    assert type_of(ENHANCED_MR, f"{content}/FrameAcquisitionDateTime") == "1C"
    assert type_of(ENHANCED_MR, f"{content}/FrameComments") == "3"


def test_a_functional_group_may_be_in_either_sequence_so_it_is_conditional_itself():
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        assert type_of(ENHANCED_MR, f"{groups}/FrameAnatomySequence") == "1C"
        assert type_of(ENHANCED_MR, f"{groups}/ReferencedImageSequence") == "2C"


@pytest.mark.parametrize("depth", [1, 2, 3, 7])
def test_a_content_tree_keeps_its_types_at_any_depth(depth):
    level = "ContentSequence/" * depth
    assert type_of(COMPREHENSIVE_SR, level + "PersonName") == "1C"
    assert type_of(COMPREHENSIVE_SR, level + "ObservationDateTime") == "1C"
    assert type_of(COMPREHENSIVE_SR, level + "ContentSequence") == "1C"
    assert type_of(COMPREHENSIVE_SR, level + "ReferencedSOPSequence/ReferencedSOPInstanceUID") == "1"
    assert type_of(KEY_OBJECTS, level + "ObservationUID") == "3"


def test_what_a_content_item_holds_depends_on_its_value_type():
    assert type_of(COMPREHENSIVE_SR, "ValueType") == "1"
    assert type_of(COMPREHENSIVE_SR, "GraphicData") == "1C"
    assert type_of(COMPREHENSIVE_SR, "ContentSequence/ConceptCodeSequence") == "1C"
    assert type_of(COMPREHENSIVE_SR, "ContentSequence/MeasuredValueSequence") == "2C"
    assert type_of(COMPREHENSIVE_SR, "ContentSequence/RelationshipType") == "1"


def test_all_attributes_of_an_iod_can_be_listed_with_the_types_that_hold():
    found = iod(PET, frozenset())
    assert found is not None
    attributes = found.attributes()
    assert attributes["SeriesDate",] == "1"
    assert attributes["RadiopharmaceuticalInformationSequence", "RadionuclideCodeSequence"] == "2"
    assert ("ContrastBolusAgent",) not in attributes
    assert all(found.type_of(path) == type_ for path, type_ in attributes.items())


@pytest.mark.parametrize(
    ("retired", "successor"),
    [("3", "3.1"), ("6", "6.1"), ("5", "20"), ("12.3", "12.1"), ("88.1", "88.11"), ("88.4", "88.33")],
)
def test_a_retired_sop_class_takes_the_iod_of_its_successor(retired, successor):
    present = frozenset({"PatientName"})
    assert iod(STORAGE + retired, present) is iod(STORAGE + successor, present)


def test_every_successor_stands_in_for_a_class_that_the_standard_retired():
    classes = json.loads((ROOT / "dicomlab/standard_data/sop_classes.json").read_text(encoding="utf-8"))["sop_classes"]
    replaced = {uid: entry["successor"] for uid, entry in classes.items() if "successor" in entry}
    assert len(replaced) == 8
    for uid, successor in replaced.items():
        assert UID_dictionary[uid][3] == "Retired"
        assert UID_dictionary[successor][3] != "Retired"


@pytest.mark.parametrize(
    "uid",
    [
        STORAGE + "8",  # standalone overlay, retired without a successor
        STORAGE + "9",  # standalone curve
        STORAGE + "10",  # standalone modality LUT
        "1.2.840.10008.5.1.1.29",  # hardcopy
        "1.2.840.10008.1.3.10",  # DICOMDIR
        "1.2.840.10008.1.1",  # verification: no instance
        "1.2.840.10008.5.1.4.1.1.9999",
        "1.3.12.2.1107.5.9.1",  # Siemens
        "",
    ],
)
def test_a_sop_class_without_an_iod_has_none(uid):
    assert iod(uid, frozenset()) is None


def test_the_iod_of_equal_instances_is_made_once():
    assert iod(CT, frozenset({"PatientName"})) is iod(CT, frozenset({"PatientID", "PatientName", "Rows"}))
    assert iod(CT + "\0", frozenset()) is iod(CT, frozenset())


WORDS = st.sampled_from(["ContentSequence", "PersonName", "ReferencedSOPSequence", "PatientName", "Nonsense", ""])


@given(path=st.lists(WORDS, max_size=9).map(tuple), sop_class=st.sampled_from([CT, COMPREHENSIVE_SR, ENHANCED_MR]))
def test_any_path_has_a_type_of_the_standard_or_none(path, sop_class):
    found = iod(sop_class, frozenset())
    assert found is not None
    assert found.type_of(path) in {"1", "1C", "2", "2C", "3", None}


@given(
    code=st.sampled_from(list(SETTLED)),
    type_=st.sampled_from(list(COLUMN_OF)),
    sequence=st.booleans(),
    reference=st.booleans(),
)
def test_a_settled_action_never_breaks_the_type(code, type_, sequence, reference):
    action = settle(code, type_, is_sequence=sequence, is_reference=reference).value
    forbidden = {"1": "XZ", "1C": "XZ", "2": "X", "2C": "X"}.get(type_ or "", "")
    assert action not in forbidden


# SOP Classes and UIDs


def test_only_sop_classes_outside_the_standard_are_private():
    assert standard.is_private_sop_class("1.3.12.2.1107.5.9.1")
    assert standard.is_private_sop_class("1.2.840.100080.5.1")
    assert not standard.is_private_sop_class(CT)
    assert not standard.is_private_sop_class(CT + " ")
    assert not standard.is_private_sop_class(STORAGE + "9999")


def test_sop_classes_are_called_by_name_and_never_by_a_private_uid():
    assert standard.sop_class_name(CT) == "CT Image Storage"
    assert standard.sop_class_name(STORAGE + "66.7") == "Label Map Segmentation Storage"
    assert standard.sop_class_name("1.3.12.2.1107.5.9.1") == "private SOP Class"
    assert standard.sop_class_name(STORAGE + "9999") == "unknown SOP Class"


@pytest.mark.parametrize(
    ("uid", "known"),
    [
        ("1.2.840.10008.1.2.1", True),
        ("1.2.840.10008.1.4.1.1", True),  # Talairach: a well-known frame of reference
        ("1.2.840.10008.2.16.4", True),  # DCM
        ("2.16.840.1.113883.6.96", True),  # SNOMED CT
        ("2.16.840.1.113883.6.96.1", False),
        ("2.16.840.1.113883.4.1", False),  # social security numbers
        ("1.2.840.100080.1", False),
        ("1.2.840.10008", False),
        ("1.2.826.0.1.3680043.8.498.1", False),
        ("", False),
    ],
)
def test_only_uids_that_are_the_same_for_everybody_are_well_known(uid, known):
    assert standard.is_well_known_uid(uid) is known


# Risk


@pytest.mark.parametrize(
    ("keyword", "klass", "letter"),
    [
        ("PatientName", RiskClass.DIRECT, "A"),
        ("ResponsiblePerson", RiskClass.DIRECT, "A"),
        ("ReferringPhysicianName", RiskClass.PEOPLE, "A"),
        ("PatientAddress", RiskClass.DIRECT, "B"),
        ("InstitutionName", RiskClass.PEOPLE, "B"),
        ("GPSLatitude", RiskClass.IDENTIFIER, "B"),
        ("PatientBirthDate", RiskClass.DATE, "C"),
        ("StudyDate", RiskClass.DATE, "C"),
        ("StudyTime", RiskClass.DATE, "C"),
        ("PatientAge", RiskClass.QUASI, "C"),
        ("PatientTelephoneNumbers", RiskClass.DIRECT, "D"),
        ("PatientTelecomInformation", RiskClass.DIRECT, "D"),
        ("PatientID", RiskClass.DIRECT, "H"),
        ("InsurancePlanIdentification", RiskClass.IDENTIFIER, "I"),
        ("CertificateOfSigner", RiskClass.IDENTIFIER, "K"),
        ("DeviceSerialNumber", RiskClass.DEVICE, "M"),
        ("DeviceUID", RiskClass.DEVICE, "M"),
        ("StationName", RiskClass.DEVICE, "M"),
        ("TransducerIdentificationSequence", RiskClass.DEVICE, "M"),
        ("ReferencedPatientPhotoSequence", RiskClass.DIRECT, "Q"),
        ("PixelData", RiskClass.PIXELS, "Q"),
        ("StudyInstanceUID", RiskClass.UID, "R"),
        ("AccessionNumber", RiskClass.IDENTIFIER, "R"),
        ("PatientSex", RiskClass.QUASI, None),
        ("EthnicGroup", RiskClass.QUASI, None),
        ("StudyDescription", RiskClass.TEXT, None),
        ("PatientComments", RiskClass.TEXT, None),
        ("EncapsulatedDocument", RiskClass.TEXT, None),
        ("SOPClassUID", RiskClass.NONE, None),
        ("Manufacturer", RiskClass.NONE, None),
        ("KVP", RiskClass.NONE, None),
        ("RepetitionTime", RiskClass.NONE, None),
        ("Modality", RiskClass.NONE, None),
    ],
)
def test_an_attribute_is_classed_by_what_it_gives_away(keyword, klass, letter):
    tag, vr = tag_for_keyword(keyword), dictionary_VR(keyword)
    assert (risk(tag, vr).klass, safe_harbor(tag, vr)) == (klass, letter)


@pytest.mark.parametrize(
    ("tag", "vr", "klass", "letter"),
    [
        (0x00091002, "PN", RiskClass.PRIVATE, "A"),
        (0x00091002, "DA", RiskClass.PRIVATE, "C"),
        (0x00091002, "UN", RiskClass.PRIVATE, None),
        (0x60083000, "OW", RiskClass.PIXELS, None),
        (0x50021000, "OB", RiskClass.PIXELS, None),
        (0x60080010, "US", RiskClass.NONE, None),
        (0x00080002, "PN", RiskClass.PEOPLE, "A"),
        (0x00080002, "UR", RiskClass.IDENTIFIER, "N"),
        (0x00080002, "FD", RiskClass.NONE, None),
    ],
)
def test_private_repeating_and_unknown_attributes_fall_back_on_pattern_and_vr(tag, vr, klass, letter):
    assert (risk(tag, vr).klass, safe_harbor(tag, vr)) == (klass, letter)


def test_every_row_of_the_table_has_a_risk_with_a_sentence_for_a_person():
    for r in standard.rows():
        digits = r.tag_pattern[1:5] + r.tag_pattern[6:10]
        tag = int(digits.replace("gggg", "0009").replace("eeee", "1001").replace("x", "0"), 16)
        found = risk(tag, r.vr)
        assert found.klass is not RiskClass.NONE, r
        assert found.why[0].isupper(), r
        assert found.why.endswith("."), r
        assert 20 < len(found.why) < 110, r
        assert found.letter is None or found.letter in standard.SAFE_HARBOR, r


def test_safe_harbor_has_its_eighteen_letters():
    assert "".join(standard.SAFE_HARBOR) == "ABCDEFGHIJKLMNOPQR"


# The files


def test_each_file_names_part_table_edition_and_generator():
    files = sorted((ROOT / "dicomlab/standard_data").glob("*.json"))
    assert len(files) == 7
    for path in files:
        head = json.loads(path.read_text(encoding="utf-8"))
        assert all(head[key] for key in ("part", "table", "edition", "generator")), path.name
    head = json.loads((ROOT / "dicomlab/standard_data/iods.json").read_text(encoding="utf-8"))
    assert head["edition"].startswith("of highdicom ")
    assert sum(path.stat().st_size for path in files) < 1_500_000


def test_the_generator_makes_the_same_bytes_again(tmp_path):
    data = ROOT / "dicomlab/standard_data"
    named = json.loads((data / "sop_classes.json").read_text(encoding="utf-8"))["source"]
    installed = f"pydicom {version('pydicom')}, highdicom {version('highdicom')}"
    if named != installed:
        pytest.skip(f"the tables were made with {named}, installed is {installed}")
    facts = tmp_path / "facts"
    facts.mkdir()
    columns = {o.name: o.column for o in standard.OPTIONS.values() if o.column}
    write_csv(
        facts / "ps315_e1_1_confidentiality.csv",
        ["tag", "keyword", "basic_profile", *columns.values()],
        (
            [r["tag"], r["keyword"], r["basic"], *(r["options"].get(name, "") for name in columns)]
            for r in json.loads((data / "confidentiality.json").read_text(encoding="utf-8"))["rows"]
        ),
    )
    write_csv(
        facts / "ps315_e3_10_1_safe_private.csv",
        ["group", "element", "private_creator", "vr", "vm", "meaning"],
        (
            [group, f"xx{low}", creator, vr, vm, meaning]
            for creator, group, low, vr, vm, meaning in json.loads(
                (data / "safe_private.json").read_text(encoding="utf-8")
            )["rows"]
        ),
    )
    made = tmp_path / "made"
    command = [sys.executable, str(ROOT / "tools/generate_standard.py"), str(facts), "--out", str(made)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    for path in sorted(data.glob("*.json")):
        assert (made / path.name).read_bytes() == path.read_bytes(), path.name


def write_csv(path, header, table):
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(table)


def test_no_rule_of_the_classification_is_dead():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        spec = importlib.util.spec_from_file_location("risk_rules", ROOT / "tools/risk_rules.py")
        assert spec is not None
        assert spec.loader is not None
        rules = importlib.util.module_from_spec(spec)
        sys.modules["risk_rules"] = rules
        spec.loader.exec_module(rules)
    finally:
        sys.path.pop(0)
        sys.modules.pop("risk_rules", None)
    reasons = json.loads((ROOT / "dicomlab/standard_data/risks.json").read_text(encoding="utf-8"))["reasons"]
    used = {(klass, letter, why) for klass, letter, why in reasons}
    # The last rule is the net below all others: no row of this edition falls into it.
    dead = [rule.pattern for rule in rules.RULES[:-1] if (rule.klass, rule.letter, rule.why) not in used]
    assert dead == []
