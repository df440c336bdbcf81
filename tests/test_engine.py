"""One instance through all carriers: what is found, what is planned, and that the plan is what is done."""

from __future__ import annotations

import copy
import io
import warnings
from datetime import date, datetime
from pathlib import Path

import corpora
import factories
import pydicom
import pytest
from deidentified import on_headers
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import (
    MPEG4HP41,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EncapsulatedPDFStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MRImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundMultiFrameImageStorage,
)

import dicomlab as dl
from dicomlab import engine, files, pseudonyms, recipe
from dicomlab.errors import InstanceError
from dicomlab.header import Gatherer
from dicomlab.records import Action, Carrier, Masked, Reason

KEY, OTHER_KEY = pseudonyms.Key(bytes(32)), pseudonyms.Key(bytes(31) + b"\1")
BASIC, RESEARCH = recipe.load("basic"), on_headers("research")
PLANTED = ("quellenbach", "zaphiro", "px88231", "19470523", "acc5577319")


def patient(number: int = 1, **attributes: object) -> Dataset:
    return factories.ct_instance(
        number,
        **{
            "PatientName": "Quellenbach^Zaphiro",
            "PatientID": "PX88231",
            "PatientBirthDate": "19470523",
            "AccessionNumber": "ACC5577319",
            "StudyDescription": "CT thorax for Zaphiro Quellenbach",
            **attributes,
        },
    )


def filed(dataset: Dataset) -> bytes:
    out = io.BytesIO()
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()


def identifiers_in(data: bytes) -> list[str]:
    return [word for word in PLANTED if word.encode() in data.lower()]


def reason_of(dataset: Dataset, chosen: recipe.Recipe = BASIC) -> Reason:
    with pytest.raises(InstanceError) as caught:
        engine.deidentify(dataset, chosen, KEY)
    return caught.value.reason


def written(folder: Path, text: str) -> recipe.Recipe:
    """A recipe of the Basic Profile that keeps pixels at risk, and what is said beside."""
    head = "dicomlab: 1\ntitle: t\nedition: 2025c\nprofile: basic\nat_risk: {text: keep, face: keep}\n"
    (folder / "recipe.yaml").write_text(head + text, encoding="utf-8")
    return recipe.load(folder / "recipe.yaml")


# --- values in, values out -------------------------------------------------------------------------------------------


def test_a_dataset_is_left_alone(tmp_path):
    given_one = patient()
    before = copy.deepcopy(given_one)
    for call in (engine.plan, engine.deidentify):
        call(given_one, BASIC, KEY)
    engine.find(given_one, BASIC)
    engine.gather(given_one, BASIC)
    assert given_one == before
    assert filed(given_one) == filed(before)


def test_a_deidentified_dataset_holds_nothing_of_the_patient():
    made = engine.deidentify(patient(), BASIC, KEY)
    assert identifiers_in(filed(made)) == []
    assert made.PatientName == ""
    assert "StudyDescription" not in made
    assert made.PixelData == patient().PixelData


def test_a_deidentified_dataset_has_new_file_meta_and_preamble():
    source = patient()
    source.preamble = b"Quellenbach".ljust(128, b"\0")
    source.file_meta.SourceApplicationEntityTitle = "ZAPHIRO"
    source.file_meta.MediaStorageSOPClassUID = CTImageStorage
    source.file_meta.MediaStorageSOPInstanceUID = source.SOPInstanceUID
    made = engine.deidentify(pydicom.dcmread(io.BytesIO(filed(source))), BASIC, KEY)
    assert made.preamble == bytes(128)
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    assert "SourceApplicationEntityTitle" not in made.file_meta


def test_the_same_key_makes_the_same_bytes_and_another_key_others():
    one, again = (filed(engine.deidentify(patient(), RESEARCH, KEY)) for _ in range(2))
    other = engine.deidentify(patient(), RESEARCH, OTHER_KEY)
    assert one == again
    made = pydicom.dcmread(io.BytesIO(one))
    for keyword in ("PatientID", "SOPInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID", "StudyDate"):
        assert made[keyword].value != other[keyword].value, keyword


def test_a_value_that_was_set_after_reading_is_deidentified_too(tmp_path):
    read = pydicom.dcmread(factories.write(patient(), tmp_path / "x"))
    read.PatientComments = "seen with Zaphiro Quellenbach"
    read.RequestAttributesSequence = factories.sequence(factories.item(ScheduledProcedureStepID="ACC5577319"))
    assert identifiers_in(filed(engine.deidentify(read, BASIC, KEY))) == []


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_a_dataset_of_any_encoding_is_deidentified_to_the_same_values(tmp_path, syntax):
    source = patient()
    source.file_meta.TransferSyntaxUID = syntax
    made = engine.deidentify(pydicom.dcmread(factories.write(source, tmp_path / "x")), RESEARCH, KEY)
    expected = engine.deidentify(patient(), RESEARCH, KEY)
    assert {e.tag: e.value for e in made} == {e.tag: e.value for e in expected}


def test_a_dataset_that_was_never_a_file_needs_no_file_meta():
    source = patient()
    del source.file_meta
    assert engine.deidentify(source, BASIC, KEY).PatientID == engine.deidentify(patient(), BASIC, KEY).PatientID


def test_an_instance_shows_counts_and_no_value():
    instance = engine.instance_of(patient())
    assert repr(instance) == f"Instance({len(instance.elements)} elements, Explicit VR Little Endian)"
    assert instance.attributes()["PatientID"] == "PX88231"


def test_numbers_and_texts_are_read_in_their_byte_order_and_character_set(tmp_path):
    source = patient(SpecificCharacterSet="ISO_IR 192", SeriesDescription="Schädel")
    source.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    instance = engine.instance_of(pydicom.dcmread(factories.write(source, tmp_path / "x")))
    assert instance.number(0x00280010) == 8
    assert instance.text("SeriesDescription") == "Schädel"


def test_the_public_verbs_take_names_paths_entries_and_datasets(tmp_path):
    path, key = factories.write(patient(), tmp_path / "in" / "x"), tmp_path / "key"
    KEY.write(key)
    (entry,) = dl.scan(path.parent).instances
    expected = filed(engine.deidentify(patient(), BASIC, KEY))
    assert filed(dl.deidentify(entry, "basic", key)) == expected
    assert filed(dl.deidentify(patient(), BASIC, KEY)) == expected
    assert dl.plan(entry, "basic", key).counts() == dl.plan(patient(), BASIC, KEY).counts()
    assert (
        len(dl.find(entry, "basic")) == len(dl.find(dl.scan(path.parent), "basic")) == len(dl.find(patient(), "basic"))
    )


# --- the plan --------------------------------------------------------------------------------------------------------


def test_a_plan_says_of_each_attribute_what_table_e_1_1_says():
    planned = {(c.path, str(c.action), c.code) for c in engine.plan(patient(), BASIC, KEY).changes}
    assert planned == {
        ("SOPInstanceUID", "U", "U"), ("StudyDate", "Z", "Z"), ("ContentDate", "Z", "Z/D"), ("StudyTime", "Z", "Z"),
        ("ContentTime", "Z", "Z/D"), ("AccessionNumber", "Z", "Z"), ("ReferringPhysicianName", "Z", "Z"),
        ("StudyDescription", "X", "X"), ("PatientName", "Z", "Z"), ("PatientID", "D", "Z/D"),
        ("PatientBirthDate", "Z", "Z"), ("PatientSex", "Z", "Z"), ("StudyInstanceUID", "U", "U"),
        ("SeriesInstanceUID", "U", "U"), ("StudyID", "Z", "Z"), ("FrameOfReferenceUID", "U", "U"),
    }  # fmt: skip


def test_a_plan_reaches_into_items_and_names_their_path():
    item = factories.item(ScheduledProcedureStepID="ACC5577319", ScheduledProcedureStepDescription="for Quellenbach")
    source = patient(RequestAttributesSequence=factories.sequence(item, item))
    kept = {c.path: c.action for c in engine.plan(source, RESEARCH, KEY).changes if "[" in c.path}
    assert set(kept) == {
        f"RequestAttributesSequence[{n}].{name}"
        for n in (0, 1)
        for name in ("ScheduledProcedureStepID", "ScheduledProcedureStepDescription")
    }


@pytest.mark.parametrize("chosen", [BASIC, RESEARCH], ids=lambda r: r.name)
def test_the_plan_is_what_is_done(chosen):
    before, after = patient(ContrastBolusAgent="Iodine"), None
    plan = engine.plan(before, chosen, KEY)
    after = engine.deidentify(before, chosen, KEY)
    said = {"PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
            "LongitudinalTemporalInformationModified"}  # fmt: skip
    touched = {c.path for c in plan.changes if c.action is not Action.K}
    different = {k for k in {*before.dir(), *after.dir()} - said if before.get(k) != after.get(k)}
    assert different <= touched
    assert {c.path for c in plan.changes if c.action is Action.X} == {k for k in before.dir() if k not in after}


def test_a_plan_counts_by_action_and_holds_no_value():
    plan = engine.plan(patient(), BASIC, KEY)
    assert plan.counts() == {"D": 1, "U": 4, "X": 1, "Z": 10}
    assert repr(plan) == "Plan(16 changes: {'D': 1, 'U': 4, 'X': 1, 'Z': 10}, 0 findings)"
    assert identifiers_in(str(plan.changes).encode()) == []


# --- what is found ---------------------------------------------------------------------------------------------------


def test_findings_name_places_and_mask_values():
    item = factories.item(ScheduledProcedureStepID="ACC5577319")
    found = engine.find(patient(RequestAttributesSequence=factories.sequence(item)), BASIC, ordinal=7)
    paths = {f.path for f in found}
    assert {"PatientName", "PatientID", "RequestAttributesSequence[0].ScheduledProcedureStepID"} <= paths
    assert "Rows" not in paths
    assert "PatientSex" in paths
    assert {f.ordinal for f in found} == {7}
    assert all(isinstance(f.value, Masked) for f in found)
    assert identifiers_in(repr(found).encode()) == []


def test_an_empty_value_is_no_finding():
    assert "ReferringPhysicianName" not in {f.path for f in engine.find(patient(), BASIC)}


def test_risks_of_pixels_are_findings_whatever_the_recipe_does_about_them():
    source = patient(BodyPartExamined="HEAD", BurnedInAnnotation="YES")
    for chosen in (BASIC, RESEARCH):
        assert {f.carrier for f in engine.find(source, chosen)} == {Carrier.HEADER, Carrier.BURNED_IN, Carrier.FACE}


# --- what all of a patient's instances say ----------------------------------------------------------------------------


def test_a_name_known_from_one_instance_leaves_the_text_of_another():
    other = patient(
        2, PatientName="", StudyDescription="CT thorax for Zaphiro Quellenbach", ProtocolName="Thorax Zaphiro"
    )
    known = engine.gather([patient(), other], RESEARCH)
    made = engine.deidentify(other, RESEARCH, KEY, known=known)
    assert made.StudyDescription == "CT thorax"
    assert made.ProtocolName == "Thorax"


@pytest.mark.parametrize("name", ["王小东", "김희중", "Иван", "Wernigerode"])
def test_a_name_of_one_word_leaves_text_in_any_script(name):
    source = patient(SpecificCharacterSet="ISO_IR 192", PatientName=name, StudyDescription=f"CT {name}")
    assert engine.deidentify(source, RESEARCH, KEY).StudyDescription == "CT"


def test_one_dataset_or_several_may_be_given_to_gather():
    alone = patient()
    del alone.file_meta
    del alone.PatientID
    assert engine.gather(alone, BASIC) == engine.gather([alone], BASIC)


# --- who the patient becomes -----------------------------------------------------------------------------------------


def subject(chosen: recipe.Recipe = BASIC, **attributes: object):
    return engine.subject_of(chosen, KEY, engine.instance_of(patient(**attributes)))


def test_instances_of_one_patient_share_code_and_days_over_studies():
    assert subject(StudyInstanceUID="1.2.3") == subject(StudyInstanceUID="1.2.4")


def test_padding_makes_no_other_patient():
    assert subject(PatientID=" PX88231 ") == subject(PatientID="PX88231")


def test_the_same_patient_id_of_two_issuers_is_two_patients():
    assert subject(IssuerOfPatientID="NORTH").code != subject(IssuerOfPatientID="SOUTH").code


def test_without_patient_id_the_study_is_the_patient():
    one, other = (subject(PatientID="", StudyInstanceUID=uid) for uid in ("1.2.3", "1.2.4"))
    assert one.code != other.code
    assert one == subject(PatientID="", StudyInstanceUID="1.2.3")


def test_an_absent_patient_id_stays_empty_and_names_nobody():
    assert engine.deidentify(patient(PatientID=""), BASIC, KEY).PatientID == ""


def test_a_code_that_is_given_is_used():
    assert engine.subject_of(BASIC, KEY, engine.instance_of(patient()), code="S-0001").code == "S-0001"


def test_with_scope_study_two_studies_share_no_code_no_uid_and_no_offset(tmp_path):
    chosen = written(tmp_path, "options: [retain-modified-dates]\nidentifiers: {scope: study}\n")
    one, other = (engine.deidentify(patient(StudyInstanceUID=uid), chosen, KEY) for uid in ("1.2.3", "1.2.4"))
    for keyword in ("PatientID", "FrameOfReferenceUID", "SeriesInstanceUID", "StudyInstanceUID", "StudyDate"):
        assert one[keyword].value != other[keyword].value, keyword


# --- what cannot be released -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
@pytest.mark.parametrize("value", [None, ""])
def test_an_instance_without_an_identity_is_refused(keyword, value):
    source = patient()
    if value is None:
        delattr(source, keyword)
    else:
        setattr(source, keyword, value)
    assert reason_of(source) is Reason.NO_IDENTITY


def test_a_private_sop_class_is_refused():
    assert reason_of(patient(SOPClassUID="1.2.276.0.7230010.3.1.0.1")) is Reason.PRIVATE_SOP_CLASS


def pixels(length: int, **attributes: object) -> Dataset:
    source = patient(**attributes)
    source.PixelData = bytes(length)
    return source


RGB = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0, "BitsAllocated": 8,
       "BitsStored": 8, "HighBit": 7}  # fmt: skip


@pytest.mark.parametrize(
    "short",
    [
        pixels(126),
        pixels(0),
        pixels(128, NumberOfFrames="2"),
        pixels(128, Columns=9),
        pixels(190, **RGB),
        pixels(126, **RGB | {"PhotometricInterpretation": "YBR_FULL_422"}),
        pixels(6, BitsAllocated=1, BitsStored=1, HighBit=0),
    ],
)
def test_pixel_data_shorter_than_the_header_says_is_refused(short):
    assert reason_of(short) is Reason.TRUNCATED


@pytest.mark.parametrize(
    "long_enough",
    [
        pixels(128),
        pixels(1000),
        pixels(256, NumberOfFrames="2"),
        pixels(128, **RGB | {"PhotometricInterpretation": "YBR_FULL_422"}),
        pixels(8, BitsAllocated=1, BitsStored=1, HighBit=0),
    ],
)
def test_pixel_data_of_the_right_length_or_padded_passes(long_enough):
    assert engine.deidentify(long_enough, BASIC, KEY).PixelData == long_enough.PixelData


# --- pixels at risk --------------------------------------------------------------------------------------------------

TEXT, FACE = Carrier.BURNED_IN, Carrier.FACE
RISKS = {
    "a chest CT": ({}, set()),
    "a head CT": ({"BodyPartExamined": "HEAD"}, {FACE}),
    "a CT of the neck": ({"BodyPartExamined": "NECK"}, {FACE}),
    "a CT of the whole body": ({"BodyPartExamined": "WHOLEBODY"}, {FACE}),
    "a CT of no stated part": ({"BodyPartExamined": ""}, {FACE}),
    "a CT whose description names the head": ({"SeriesDescription": "Head 1.0 soft"}, {FACE}),
    "an MR of the brain": ({"SOPClassUID": MRImageStorage, "Modality": "MR", "BodyPartExamined": "BRAIN"}, {FACE}),
    "a CR of the skull": ({"Modality": "CR", "BodyPartExamined": "SKULL"}, set()),
    "ultrasound": ({"SOPClassUID": UltrasoundMultiFrameImageStorage, "Modality": "US"}, {TEXT}),
    "a secondary capture": ({"SOPClassUID": SecondaryCaptureImageStorage, "Modality": "OT"}, {TEXT}),
    "burned-in annotation YES": ({"BurnedInAnnotation": "YES"}, {TEXT}),
    "recognizable features YES": ({"RecognizableVisualFeatures": "YES"}, {FACE}),
    "a screen by its image type": ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, {TEXT}),
    "ultrasound that says NO": (
        {"SOPClassUID": UltrasoundMultiFrameImageStorage, "Modality": "US", "BurnedInAnnotation": "NO"}, {TEXT}
    ),
}  # fmt: skip


@pytest.mark.parametrize(("attributes", "carriers"), RISKS.values(), ids=RISKS)
def test_pixels_at_risk_are_told_from_metadata_alone(attributes, carriers):
    plan = engine.plan(patient(**attributes), BASIC, KEY)
    assert {f.carrier for f in plan.findings} == carriers


@pytest.mark.parametrize(("attributes", "carriers"), RISKS.values(), ids=RISKS)
def test_a_risk_that_is_kept_takes_the_claim_back(attributes, carriers):
    made = engine.deidentify(patient(**attributes), BASIC, KEY)
    assert made.PatientIdentityRemoved == ("NO" if carriers else "YES")


@pytest.mark.parametrize(("attributes", "carriers"), RISKS.values(), ids=RISKS)
def test_a_risk_that_the_recipe_quarantines_is_refused_with_its_reason(attributes, carriers):
    source = patient(**attributes)
    if carriers:
        assert reason_of(source, RESEARCH) is (Reason.TEXT_AT_RISK if TEXT in carriers else Reason.FACE_AT_RISK)
    else:
        assert engine.deidentify(source, RESEARCH, KEY).PatientIdentityRemoved == "YES"


def test_video_is_at_risk_for_its_frames_and_for_metadata_in_its_stream():
    source = patient(SOPClassUID=UltrasoundMultiFrameImageStorage, Modality="XX")
    instance = engine.instance_of(source)
    found = engine.at_risk(instance, {"SOPClassUID": CTImageStorage, "BodyPartExamined": "CHEST"}, BASIC)
    assert found == []
    video = engine.Instance(instance.elements, instance.encoding, MPEG4HP41)
    assert [c for c, _ in engine.at_risk(video, {"SOPClassUID": CTImageStorage}, BASIC)] == [TEXT]


def test_an_overlay_in_unused_bits_of_the_pixels_is_text_at_risk():
    source = patient()
    source.add_new(0x60000010, "US", 8)
    source.add_new(0x60000011, "US", 8)
    source.add_new(0x60000102, "US", 15)
    assert [f.carrier for f in engine.plan(source, BASIC, KEY).findings] == [TEXT]


def test_an_instance_without_pixels_is_at_no_risk():
    source = patient(Modality="US", BodyPartExamined="HEAD")
    del source.PixelData
    assert engine.plan(source, BASIC, KEY).findings == ()


def test_an_encapsulated_document_is_a_dummy_unless_a_rule_keeps_it_and_then_at_risk(tmp_path):
    source = patient(
        SOPClassUID=EncapsulatedPDFStorage,
        Modality="DOC",
        MIMETypeOfEncapsulatedDocument="application/pdf",
        EncapsulatedDocument=b"%PDF-1.4 for Zaphiro Quellenbach.",
    )
    del source.PixelData
    made = engine.deidentify(source, BASIC, KEY)
    assert made.PatientIdentityRemoved == "YES"
    assert made.EncapsulatedDocument.startswith(b"%PDF-1.4")
    assert identifiers_in(filed(made)) == []
    keeping = written(tmp_path, "rules: [{attribute: EncapsulatedDocument, action: K, reason: looked at by hand}]\n")
    assert engine.deidentify(source, keeping, KEY).PatientIdentityRemoved == "NO"


# --- claims ----------------------------------------------------------------------------------------------------------


def codes(dataset: Dataset) -> list[str]:
    return [item.CodeValue for item in dataset.get("DeidentificationMethodCodeSequence", ())]


def test_the_profile_and_each_option_are_claimed_by_their_codes():
    assert codes(engine.deidentify(patient(), BASIC, KEY)) == ["113100"]
    assert set(codes(engine.deidentify(patient(), RESEARCH, KEY))) == {
        "113100", "113103", "113104", "113105", "113107", "113108", "113111",
    }  # fmt: skip


def test_what_was_claimed_before_stays_before_ours():
    old = factories.item(CodeValue="113109", CodingSchemeDesignator="DCM", CodeMeaning="Retain Device Identity Option")
    source = patient(DeidentificationMethod="by hand", DeidentificationMethodCodeSequence=factories.sequence(old))
    made = engine.deidentify(source, BASIC, KEY)
    assert codes(made) == ["113109", "113100"]
    assert made.DeidentificationMethod[0] == "by hand"
    assert made.DeidentificationMethod[1].startswith("dicomlab ")


def test_no_profile_is_claimed_when_a_rule_keeps_more_than_it_allows(tmp_path):
    chosen = written(tmp_path, "rules: [{attribute: PatientName, action: K, reason: a phantom}]\n")
    made = engine.deidentify(patient(), chosen, KEY)
    assert "113100" not in codes(made)
    assert made.DeidentificationMethod.startswith("dicomlab ")


@pytest.mark.parametrize(
    ("options", "says"),
    [("[]", "REMOVED"), ("[retain-modified-dates]", "MODIFIED"), ("[retain-full-dates]", "UNMODIFIED")],
)
def test_what_became_of_dates_is_said(tmp_path, options, says):
    made = engine.deidentify(patient(), written(tmp_path, f"options: {options}\n"), KEY)
    assert made.LongitudinalTemporalInformationModified == says


# --- properties ------------------------------------------------------------------------------------------------------

DATES = st.dates(min_value=date(1900, 1, 1)).map(lambda d: d.strftime("%Y%m%d"))


@given(DATES, DATES)
@settings(max_examples=60, deadline=None)
def test_intervals_between_dates_survive(one, other):
    def days(dataset: Dataset) -> int:
        first, last = (datetime.strptime(dataset[k].value, "%Y%m%d") for k in ("StudyDate", "ContentDate"))  # noqa: DTZ007
        return (last - first).days

    before = patient(StudyDate=one, ContentDate=other)
    after = engine.deidentify(before, RESEARCH, KEY)
    assert days(after) == days(before)
    assert after.StudyDate != one


@pytest.mark.parametrize("name", ["basic", "research", "low", "high"])
def test_a_dataset_of_pydicoms_corpora_read_by_pydicom_is_deidentified_or_refused_with_a_reason(name):
    chosen, ends = on_headers(name), set()
    for path in sorted((corpora.wheel() / "test_files").glob("*.dcm")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(path, force=True)
            try:
                made = engine.deidentify(dataset, chosen, KEY)
            except InstanceError as error:
                ends.add(error.reason)
                continue
            ends.add(None)
            assert made.SOPInstanceUID != dataset.SOPInstanceUID
            assert made.PatientIdentityRemoved in {"YES", "NO"}
    assert ends <= {None, Reason.NO_IDENTITY, Reason.TRUNCATED, Reason.TEXT_AT_RISK, Reason.FACE_AT_RISK,
                    Reason.PRIVATE_SOP_CLASS, Reason.BROKEN}  # fmt: skip


def values(dataset: Dataset) -> dict[object, object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {e.tag: e.value for e in dataset}


def test_a_dataset_and_its_file_are_deidentified_to_the_same_values():
    compared, different = 0, []
    for path in corpora.everything():
        try:
            instance = files.read(path)
            known = Gatherer(BASIC)
            known.add(instance.elements, instance.encoding)
            made = engine.Deidentifier(BASIC, KEY, engine.subject_of(BASIC, KEY, instance), known.identifiers())
            from_file = b"".join(files.encoded(made.apply(instance).instance))
        except InstanceError:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from_dataset = engine.deidentify(pydicom.dcmread(path, force=True), BASIC, KEY)
        compared += 1
        if values(pydicom.dcmread(io.BytesIO(from_file))) != values(from_dataset):
            different.append(path.name)
    assert compared > 200
    assert different == []
