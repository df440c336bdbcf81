"""The twelve options of PS3.15 E.3, each from the standard's text: what it retains, what it does not, what is claimed.

Every released instance here is also put before the judge, which must find nothing wrong.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from deidentified import CID_7050, KEY, UID_ROOT, code, instance, item, recipe_of
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset

from dicomlab import engine, judge
from dicomlab.recipe import Recipe

PEOPLE = {
    "PatientName": "Quistgaard^Ingeborg",
    "PatientBirthDate": "19510903",
    "ReferringPhysicianName": "Hjortspring^Palle",
    "AccessionNumber": "ACC7730194",
}


def filed(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def wrong(before: Dataset, after: Dataset, recipe: Recipe) -> list[str]:
    """What the judge finds wrong: question, attribute and why."""
    source = filed(before)
    verdict = judge.judge_instance(source, filed(after), recipe, identity=judge.identity_of(source))
    return [f"{check.name}: {check.where} {check.detail}" for check in verdict.checks if not check.passed]


def released(before: Dataset, options: Iterable[str] | Recipe, *rules: dict[str, Any], **more: Any) -> Dataset:
    """The instance de-identified, after the judge has passed it."""
    recipe = recipe_of(options, *rules, **more)
    after = engine.deidentify(before, recipe, KEY)
    assert wrong(before, after, recipe) == []
    return dcmread(io.BytesIO(filed(after)))


def of_somebody(kind: str = "CT", **attributes: Any) -> Dataset:
    return instance(kind, **PEOPLE, **attributes)


# What is claimed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", CID_7050)
def test_an_option_is_claimed_by_its_code_beside_the_profile(option):
    after = released(of_somebody(), [option])
    said = [(c.CodeValue, c.CodingSchemeDesignator, c.CodeMeaning) for c in after.DeidentificationMethodCodeSequence]
    number, meaning = CID_7050[option]
    assert said == [("113100", "DCM", "Basic Application Confidentiality Profile"), (number, "DCM", meaning)]
    assert after.PatientIdentityRemoved == "YES"


@pytest.mark.parametrize("option", CID_7050)
def test_dates_are_said_to_be_what_the_option_makes_of_them(option):
    # PS3.15 E.3.6; PS3.3 C.12.1.1.10
    told = {"retain-full-dates": "UNMODIFIED", "retain-modified-dates": "MODIFIED"}
    after = released(of_somebody(StudyDate="20230412"), [option])
    assert after.LongitudinalTemporalInformationModified == told.get(option, "REMOVED")


@pytest.mark.parametrize("option", CID_7050)
def test_no_option_retains_who_the_patient_is(option):
    before = of_somebody(
        PatientAddress="Eichhorngasse 17", OtherPatientIDsSequence=[item(PatientID="PX-9")],
        RequestAttributesSequence=[item(RequestedProcedureID="RP7730194")], PatientMotherBirthName="Vindelev",
        OperatorsName="Mariager^Tove", PatientTelephoneNumbers="+45 3601 5582",
    )  # fmt: skip
    after = released(before, [option])
    assert after.PatientName == ""
    assert after.PatientID not in ("", "PX-4471")
    for keyword in ("PatientAddress", "OtherPatientIDsSequence", "PatientMotherBirthName", "OperatorsName"):
        assert keyword not in after
    assert b"uistgaard" not in filed(after)


# 113105 Clean Descriptors (E.3.5) ---------------------------------------------------------------------


def test_descriptors_keep_what_is_clinical_and_lose_what_identifies():
    before = of_somebody(
        StudyDescription="CT thorax with contrast for Dr. Hjortspring", SeriesDescription="Quistgaard lung",
        ProtocolName="Thorax", RequestAttributesSequence=[item(ReasonForTheRequestedProcedure="Quistgaard: pneumonia")],
    )  # fmt: skip
    bare = released(before, [])
    assert "StudyDescription" not in bare
    assert "SeriesDescription" not in bare
    after = released(before, ["clean-descriptors"])
    assert after.StudyDescription == "CT thorax with contrast"
    assert after.SeriesDescription == "lung"
    assert after.ProtocolName == "Thorax"
    assert after.RequestAttributesSequence[0].ReasonForTheRequestedProcedure.strip(": ") == "pneumonia"


def test_descriptors_keep_diagnoses_as_codes():
    before = of_somebody(AdmittingDiagnosesCodeSequence=[code("233604007", "SCT", "Pneumonia")])
    assert "AdmittingDiagnosesCodeSequence" not in released(before, [])
    after = released(before, ["clean-descriptors"])
    assert after.AdmittingDiagnosesCodeSequence[0].CodeMeaning == "Pneumonia"


# 113106 and 113107 Retain Longitudinal Temporal Information (E.3.6) -----------------------------------

DATED = {
    "StudyDate": "20230412",
    "SeriesDate": "20230413",
    "AcquisitionDateTime": "20230412101530.25+0100",
    "StudyTime": "101530",
}


def dated() -> Dataset:
    tracer = item(RadiopharmaceuticalStartDateTime="20230411081500", Radiopharmaceutical="FDG")
    return of_somebody("PET", **DATED, RadiopharmaceuticalInformationSequence=[tracer])


def test_full_dates_stay_as_they_are_at_every_depth():
    after = released(dated(), ["retain-full-dates"])
    for keyword, value in DATED.items():
        assert after[keyword].value == value
    assert after.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime == "20230411081500"


@pytest.mark.parametrize("option", ["retain-full-dates", "retain-modified-dates"])
def test_the_birth_date_is_no_longitudinal_date(option):
    # Table E.1-1 has no K or C for Patient's Birth Date in these columns.
    after = released(of_somebody(**DATED, PatientBirthTime="0304"), [option])
    assert after.PatientBirthDate == ""
    assert "PatientBirthTime" not in after


def test_modified_dates_move_by_one_interval_and_times_stay():
    after = released(dated(), ["retain-modified-dates"])
    day = date.fromisoformat
    moved = day(after.StudyDate) - day("20230412")
    assert timedelta(days=-3650) <= moved <= timedelta(days=-1)
    assert day(after.SeriesDate) - day(after.StudyDate) == timedelta(days=1)
    tracer = after.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime
    assert day(after.StudyDate) - day(tracer[:8]) == timedelta(days=1)
    assert tracer[8:] == "081500"
    assert after.AcquisitionDateTime == f"{after.StudyDate}101530.25+0100"
    assert after.StudyTime == "101530"


def test_dates_without_an_option_are_gone():
    after = released(of_somebody(**DATED), [])
    assert after.StudyDate == ""
    assert b"20230412" not in filed(after)


def test_full_and_modified_dates_exclude_each_other():
    with pytest.raises(ValueError, match="exclude each other"):
        Recipe(title="both", options=("retain-full-dates", "retain-modified-dates"))


# 113108 Retain Patient Characteristics (E.3.7) --------------------------------------------------------


def test_characteristics_of_the_patient_stay():
    before = of_somebody(
        PatientSex="F", PatientAge="071Y", PatientSize="1.68", PatientWeight="81", EthnicGroup="A",
        SmokingStatus="NO", PregnancyStatus=4, PatientState="Quistgaard sedated", Allergies="Penicillin (Quistgaard)",
    )  # fmt: skip
    bare = released(before, [])
    assert bare.PatientSex == ""
    for keyword in ("PatientAge", "PatientSize", "PatientWeight", "SmokingStatus", "Allergies", "PatientState"):
        assert keyword not in bare
    after = released(before, ["retain-patient-characteristics"])
    assert (after.PatientSex, after.PatientAge, after.PatientSize, after.PatientWeight) == ("F", "071Y", 1.68, 81)
    assert (after.SmokingStatus, after.PregnancyStatus) == ("NO", 4)
    assert "Penicillin" in after.Allergies
    assert "uistgaard" not in after.Allergies
    assert "sedated" in after.PatientState


def test_an_age_over_89_is_pooled_even_when_ages_are_retained():
    after = released(of_somebody(PatientAge="097Y"), ["retain-patient-characteristics"])
    assert after.PatientAge == "090Y"


# 113109 Retain Device Identity (E.3.8) ----------------------------------------------------------------


def test_the_device_stays_and_where_it_sits_in_the_network_is_cleaned():
    before = of_somebody(
        StationName="CTZIMMERNORD", DeviceSerialNumber="SN4471902", GantryID="G-17", DetectorID="D-9",
        DeviceUID=f"{UID_ROOT}.9.9", StationAETitle="QUISTGAARD",
        ContributingEquipmentSequence=[item(Manufacturer="ACME", DeviceSerialNumber="SN5583013")],
    )  # fmt: skip
    bare = released(before, [])
    assert "DeviceSerialNumber" not in bare
    assert "StationName" not in bare
    after = released(before, ["retain-device-identity"])
    assert (after.StationName, after.DeviceSerialNumber) == ("CTZIMMERNORD", "SN4471902")
    assert (after.GantryID, after.DetectorID, after.DeviceUID) == ("G-17", "D-9", f"{UID_ROOT}.9.9")
    assert "QUISTGAARD" not in str(after)
    if "ContributingEquipmentSequence" in after:
        assert after.ContributingEquipmentSequence[0].DeviceSerialNumber == "SN5583013"


def test_the_device_is_not_the_institution():
    after = released(of_somebody(InstitutionName="Klinikum Wiesenthalbach"), ["retain-device-identity"])
    assert "InstitutionName" not in after


# 113110 Retain UIDs (E.3.9) ---------------------------------------------------------------------------


def test_uids_and_references_stay():
    reference = item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=f"{UID_ROOT}.1.7")
    before = of_somebody(FrameOfReferenceUID=f"{UID_ROOT}.4.1", ReferencedImageSequence=[reference])
    bare = released(before, [])
    assert bare.SOPInstanceUID != before.SOPInstanceUID
    after = released(before, ["retain-uids"])
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        assert after[keyword].value == before[keyword].value
    assert after.ReferencedImageSequence[0].ReferencedSOPInstanceUID == f"{UID_ROOT}.1.7"
    assert after.file_meta.MediaStorageSOPInstanceUID == before.SOPInstanceUID


def test_uids_that_the_option_does_not_list_are_replaced_all_the_same():
    # Table E.1-1: UID (0040,A124) of a content item has U and no K in the column of this option.
    after = released(report(), ["retain-uids", "clean-structured-content"])
    assert after.SOPInstanceUID == f"{UID_ROOT}.1.1"
    assert after.ContentSequence[3].UID not in ("", f"{UID_ROOT}.8.8")


def test_a_rule_replaces_a_uid_beside_the_option():
    rule = {"attribute": "SeriesInstanceUID", "action": "U"}
    before = of_somebody()
    after = released(before, ["retain-uids"], rule)
    assert after.SeriesInstanceUID != before.SeriesInstanceUID
    assert after.StudyInstanceUID == before.StudyInstanceUID


# 113111 Retain Safe Private (E.3.10); what the instance itself says: test_header_characteristics.py ------


def test_private_elements_stay_where_the_table_knows_them_nested_too():
    # Table E.3.10-1: (0019,xx0C) of SIEMENS MR HEADER, the b-value.
    before = of_somebody("MR", MRImagingModifierSequence=[item()])
    for holder in (before, before.MRImagingModifierSequence[0]):
        holder.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
        holder.add_new(0x0019100C, "IS", "1000")
        holder.add_new(0x00191009, "LO", "1.0")
    bare = released(before, [])
    assert not [e for e in bare if e.tag.is_private]
    after = released(before, ["retain-safe-private"])
    for holder in (after, after.MRImagingModifierSequence[0]):
        assert [int(e.tag) for e in holder if e.tag.is_private] == [0x00190010, 0x0019100C]


# 113112 Retain Institution Identity (E.3.11) ----------------------------------------------------------


def test_the_institution_stays_and_its_people_do_not():
    before = of_somebody(
        InstitutionName="Klinikum Wiesenthalbach", InstitutionAddress="Eichhorngasse 17, Wiesenthalbach",
        InstitutionalDepartmentName="Radiologie", PerformingPhysicianName="Mariager^Tove",
        InstitutionCodeSequence=[code("K1", "99X", "Klinikum Wiesenthalbach")],
    )  # fmt: skip
    bare = released(before, [])
    assert "InstitutionName" not in bare
    assert "InstitutionAddress" not in bare
    after = released(before, ["retain-institution-identity"])
    assert after.InstitutionName == "Klinikum Wiesenthalbach"
    assert after.InstitutionAddress == "Eichhorngasse 17, Wiesenthalbach"
    assert after.InstitutionalDepartmentName == "Radiologie"
    assert after.InstitutionCodeSequence[0].CodeMeaning == "Klinikum Wiesenthalbach"
    assert after.ReferringPhysicianName == ""
    assert "PerformingPhysicianName" not in after


# 113103 Clean Graphics (E.3.3) ------------------------------------------------------------------------


def presentation_state() -> Dataset:
    text = item(UnformattedTextValue="Quistgaard lesion", AnchorPoint=[1.0, 2.0], AnchorPointVisibility="N",
                AnchorPointAnnotationUnits="PIXEL")  # fmt: skip
    line = item(GraphicAnnotationUnits="PIXEL", GraphicDimensions=2, NumberOfGraphicPoints=2,
                GraphicData=[1.0, 1.0, 5.0, 5.0], GraphicType="POLYLINE", GraphicFilled="N")  # fmt: skip
    annotation = item(GraphicLayer="LAYER1", TextObjectSequence=[text], GraphicObjectSequence=[line])
    return of_somebody("GSPS", GraphicAnnotationSequence=[annotation], ContentLabel="LESION")


def test_graphics_of_a_presentation_state_stay_with_their_text_cleaned():
    after = released(presentation_state(), ["clean-graphics"])
    annotation = after.GraphicAnnotationSequence[0]
    assert annotation.GraphicObjectSequence[0].GraphicData == [1.0, 1.0, 5.0, 5.0]
    assert annotation.GraphicLayer == "LAYER1"
    assert "lesion" in annotation.TextObjectSequence[0].UnformattedTextValue
    assert "uistgaard" not in annotation.TextObjectSequence[0].UnformattedTextValue


def test_text_of_graphics_without_the_option_is_a_dummy():
    text = released(presentation_state(), []).GraphicAnnotationSequence[0].TextObjectSequence[0]
    assert "lesion" not in text.UnformattedTextValue


@pytest.mark.parametrize("options", [[], ["clean-graphics"]])
def test_overlays_and_curves_go_while_nothing_can_clean_their_pictures(options):
    before = of_somebody(Rows=8, Columns=8)
    for tag, vr, value in (
        (0x60000010, "US", 8), (0x60000011, "US", 8), (0x60000040, "CS", "G"), (0x60000050, "SS", [1, 1]),
        (0x60000100, "US", 1), (0x60000102, "US", 0), (0x60003000, "OB", bytes(8)), (0x60004000, "LT", "Quistgaard"),
        (0x50000005, "US", 2), (0x50000010, "US", 1), (0x50000020, "CS", "TAC"), (0x50003000, "OW", bytes(8)),
    ):  # fmt: skip
        before.add_new(tag, vr, value)
    after = released(before, options)
    assert not [e for e in after if e.tag.group in (0x6000, 0x5000)]


# 113104 Clean Structured Content (E.3.4) --------------------------------------------------------------


def report() -> Dataset:
    def content(kind: str, relation: str, name: str, **value: Any) -> Dataset:
        concept = [code("121071" if name == "Finding" else "121008", "DCM", name)]
        return item(RelationshipType=relation, ValueType=kind, ConceptNameCodeSequence=concept, **value)

    tree = [
        content("PNAME", "HAS OBS CONTEXT", "Person Observer Name", PersonName="Hjortspring^Palle"),
        content("TEXT", "CONTAINS", "Finding", TextValue="Pneumonia in Quistgaard"),
        content("CODE", "CONTAINS", "Finding", ConceptCodeSequence=[code("233604007", "SCT", "Pneumonia")]),
        content("UIDREF", "CONTAINS", "Finding", UID=f"{UID_ROOT}.8.8"),
        content(
            "NUM", "CONTAINS", "Finding",
            MeasuredValueSequence=[
                item(NumericValue="12.5", MeasurementUnitsCodeSequence=[code("mm", "UCUM", "millimeter")])
            ],
        ),
    ]  # fmt: skip
    return of_somebody(
        "Comprehensive SR", Modality="SR", ValueType="CONTAINER", ContinuityOfContent="SEPARATE",
        ConceptNameCodeSequence=[code("18748-4", "LN", "Diagnostic Imaging Report")], CompletionFlag="COMPLETE",
        VerificationFlag="UNVERIFIED", ContentSequence=tree,
    )  # fmt: skip


def test_a_report_stays_a_tree_with_its_values_cleaned():
    tree = released(report(), ["clean-structured-content"]).ContentSequence
    assert [node.ValueType for node in tree] == ["PNAME", "TEXT", "CODE", "UIDREF", "NUM"]
    assert tree[0].RelationshipType == "HAS OBS CONTEXT"
    assert str(tree[0].PersonName) not in ("", "Hjortspring^Palle")
    assert "Pneumonia" in tree[1].TextValue
    assert "uistgaard" not in tree[1].TextValue
    assert tree[2].ConceptCodeSequence[0].CodeMeaning == "Pneumonia"
    assert tree[3].UID not in ("", f"{UID_ROOT}.8.8")
    assert tree[4].MeasuredValueSequence[0].NumericValue == 12.5


def test_a_report_without_the_option_says_nothing():
    tree = released(report(), []).ContentSequence
    assert "Pneumonia" not in tree[1].TextValue


def test_acquisition_context_stays_with_the_option_alone():
    context = item(ValueType="TEXT", ConceptNameCodeSequence=[code("109054", "DCM", "Patient State")],
                   TextValue="resting")  # fmt: skip
    before = of_somebody(AcquisitionContextSequence=[context])
    assert not released(before, []).get("AcquisitionContextSequence")
    after = released(before, ["clean-structured-content"])
    assert after.AcquisitionContextSequence[0].TextValue == "resting"


# Together ---------------------------------------------------------------------------------------------


def test_cleaning_beats_keeping():
    # Table E.1-1, Allergies: C for descriptors and characteristics; Calibration Date: K for the device, C for dates.
    before = of_somebody(DateOfLastCalibration="20230401", StudyDate="20230412", DeviceSerialNumber="SN4471902")
    after = released(before, ["retain-device-identity", "retain-modified-dates"])
    assert after.DateOfLastCalibration not in ("", "20230401")
    alone = released(before, ["retain-device-identity"])
    assert alone.DateOfLastCalibration == "20230401"


@pytest.mark.parametrize("dates", ["retain-full-dates", "retain-modified-dates"])
def test_all_options_together_still_retain_nobody(dates):
    other = {"retain-full-dates", "retain-modified-dates"} - {dates}
    options = [name for name in CID_7050 if name not in other]
    for before in (report(), presentation_state(), of_somebody(**DATED, PatientSex="F", StationName="CT1")):
        after = released(before, options)
        codes = {c.CodeValue for c in after.DeidentificationMethodCodeSequence}
        assert codes == {"113100", *(CID_7050[name][0] for name in options)}
        assert b"uistgaard" not in filed(after)
        assert after.SOPInstanceUID == before.SOPInstanceUID
