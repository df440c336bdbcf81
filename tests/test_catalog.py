"""What a source holds, told as patients, studies and series: counts and kinds, and never who."""

from __future__ import annotations

import re
from pathlib import Path

import factories
import pandas as pd
import pytest
from factories import PLANTED, patient
from pydicom.uid import SecondaryCaptureImageStorage

from dicomlab import files
from dicomlab.catalog import Catalog, Entry, Group, shown_modality
from dicomlab.records import Masked, Reason


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """Two patients, three studies, four series, six instances; and four files that are none."""
    folder = tmp_path_factory.mktemp("catalog") / "Quellenbach_Zaphiro"
    later = {"StudyInstanceUID": "2.25.5577319", "SeriesInstanceUID": "2.25.55773191"}
    scout = {"SeriesInstanceUID": "2.25.55773192", "BodyPartExamined": "QUELLENBACH", "Modality": "ZAPHIRO"}
    other = {"PatientID": "OTHER", "StudyInstanceUID": "1.2.9", "SeriesInstanceUID": "1.2.9.1", "NumberOfFrames": "12"}
    factories.write(patient(1), folder / "PX88231" / "1")
    factories.write(patient(2), folder / "PX88231" / "2")
    factories.write(patient(3, **scout), folder / "PX88231" / "Zaphiro 3")
    factories.write(patient(4, **later, BodyPartExamined="HEAD"), folder / "later" / "4.dcm")
    factories.write(patient(5, **other, SOPClassUID=SecondaryCaptureImageStorage, Modality="OT"), folder / "5")
    factories.write(patient(6, **other, SOPClassUID="1.2.276.0.1947.523"), folder / "6")
    (folder / "letter to Quellenbach.txt").write_text("Dear Zaphiro", encoding="utf-8")
    (folder / "empty").touch()
    (folder / "broken").write_bytes((folder / "5").read_bytes()[:300])
    (folder / "short").write_bytes((folder / "5").read_bytes()[:-20])
    return folder


@pytest.fixture(scope="module")
def catalog(source) -> Catalog:
    return files.scan(source)


def identifiers_in(text: str) -> list[str]:
    return [word for word in (*PLANTED, "2.25.5577319") if word in text.casefold()]


# --- who and what ----------------------------------------------------------------------------------------------------


def test_instances_are_grouped_by_patient_study_and_series(catalog):
    assert [len(g) for g in (catalog.patients, catalog.studies, catalog.series)] == [2, 3, 4]
    assert sorted(len(g) for g in catalog.series) == [1, 1, 2, 2]
    assert sum(len(g) for g in catalog.patients) == len(catalog.instances) == 6


def test_every_file_is_an_entry_with_the_ordinal_of_its_path(catalog):
    assert [e.ordinal for e in catalog.entries] == list(range(10))
    assert [e.relative for e in catalog.entries] == sorted(e.relative for e in catalog.entries)


def test_files_that_are_no_instances_are_counted_by_reason(catalog):
    assert catalog.reasons() == {Reason.NOT_DICOM: 1, Reason.EMPTY: 1, Reason.BROKEN: 1, Reason.TRUNCATED: 1}


def test_a_group_tells_kinds_counts_and_sizes(catalog, source):
    group = next(g for g in catalog.series if g.frames == 24)
    assert set(group.modality.split(", ")) == {"CT", "OT"}
    assert set(group.sop_class.split(", ")) == {"Secondary Capture Image Storage", "private SOP Class"}
    assert group.body_part == "CHEST"
    assert group.size_bytes == sum((source / name).stat().st_size for name in ("5", "6"))
    assert list(group) == list(group.instances)


def test_labels_number_patients_studies_and_series(catalog):
    assert {g.label for g in catalog.patients} == {"patient 1", "patient 2"}
    assert all(re.fullmatch(r"patient \d+ / study \d+ / series \d+", g.label) for g in catalog.series)
    assert len({g.label for g in catalog.series}) == 4


def test_a_patient_is_issuer_and_patient_id_together(tmp_path):
    for number, issuer in enumerate(("NORTH", "SOUTH", "SOUTH")):
        one = patient(number, IssuerOfPatientID=issuer, StudyInstanceUID=f"1.2.{number}")
        factories.write(one, tmp_path / str(number))
    assert [len(g) for g in files.scan(tmp_path).patients] == [1, 2]


@pytest.mark.parametrize(
    ("issuers_and_studies", "people"),
    [
        ("NORTH 1|- 1|- 2", [3]),  # who names no issuer is who is known by that Patient ID
        ("NORTH 1|SOUTH 1|SOUTH 2", [3]),  # a study is of one person
        ("NORTH 1|SOUTH 2|- 3", [1, 1, 1]),  # nobody can say whose the third is
        ("NORTH 1|SOUTH 2|EAST 1|EAST 2|- 3", [5]),
    ],
)
def test_of_one_patient_id_issuers_that_meet_in_a_study_and_none_are_one_patient(tmp_path, issuers_and_studies, people):
    for number, one in enumerate(issuers_and_studies.split("|")):
        issuer, study = one.replace("-", "").split(" ")
        factories.write(
            patient(number, IssuerOfPatientID=issuer, StudyInstanceUID=f"1.2.{study}"), tmp_path / str(number)
        )
    assert [len(g) for g in files.scan(tmp_path).patients] == people


def test_without_patient_id_the_study_stands_for_the_patient(tmp_path):
    for number, study in enumerate(("1.2.1", "1.2.2", "1.2.2")):
        factories.write(patient(number, PatientID=" ", StudyInstanceUID=study), tmp_path / str(number))
    assert [len(g) for g in files.scan(tmp_path).patients] == [1, 2]


def test_an_entry_can_be_read_whole(catalog):
    dataset = catalog.series[0].instances[0].read()
    assert len(dataset.PixelData) == 128


def test_a_frame_has_one_row_a_series(catalog):
    frame = catalog.to_frame()
    assert len(frame) == 4
    assert frame["instances"].sum() == 6
    assert list(frame.columns) == ["series", "modality", "SOP Class", "body part", "instances", "frames", "megabytes"]


def test_a_source_without_instances_has_an_empty_frame(tmp_path):
    (tmp_path / "note").write_text("nothing here", encoding="utf-8")
    catalog = files.scan(tmp_path)
    assert catalog.patients == ()
    assert len(catalog.to_frame()) == 0
    assert "1 not-dicom" in repr(catalog)


# --- never who -------------------------------------------------------------------------------------------------------


def shown(catalog: Catalog) -> dict[str, str]:
    groups = [*catalog.patients, *catalog.studies, *catalog.series]
    with pd.option_context("display.max_columns", None, "display.width", 1000, "display.max_colwidth", None):
        frame = catalog.to_frame()
        return {
            "repr": repr(catalog),
            "str": str(catalog),
            "html": catalog._repr_html_(),
            "frame": repr(frame) + frame.to_csv() + frame.to_html(),
            "entries": repr(catalog.entries) + str(catalog.instances),
            "groups": repr(groups) + "".join(g.label + g.modality + g.body_part + g.sop_class for g in groups),
            "descriptions": "".join(f"{g.description}{g.description!r}{g.description._repr_html_()}" for g in groups),
        }


@pytest.mark.parametrize("what", ["repr", "str", "html", "frame", "entries", "groups", "descriptions"])
def test_nothing_that_is_shown_of_a_catalog_identifies(catalog, what):
    assert identifiers_in(shown(catalog)[what]) == []
    assert "catalog0" not in shown(catalog)[what]  # nor the folder


def test_what_is_shown_still_says_what_there_is(catalog):
    assert "10 files: 2 patients, 3 studies, 4 series, 6 instances" in repr(catalog)
    assert "CT Image Storage" in catalog._repr_html_()


def test_a_description_is_masked(catalog):
    assert all(isinstance(g.description, Masked) for g in catalog.series)
    assert any(g.description == Masked("CT thorax for Zaphiro Quellenbach") for g in catalog.series)


@pytest.mark.parametrize("part", ["HEAD", "CHEST", "CSPINE", "LSPINE", "ABDOMEN", "HIP JOINT"])
def test_a_body_part_is_shown(part):
    assert body_part(part) == part


@pytest.mark.parametrize("part", ["QUELLENBACH", "HEAD QUELLENBACH", "Zaphiro", "PX88231", "頭部"])
def test_a_body_part_that_is_no_word_of_the_field_is_not_shown(part):
    assert body_part(part) == "other"


def body_part(stated: str) -> str:
    entry = Entry(0, Path("x"), "x", attributes={"BodyPartExamined": stated})
    return Group("series 1", (entry,)).body_part


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "SEG", "IVUS", "RTSTRUCT", "RTPLAN", "M3D", "XAPROTOCOL", ""])
def test_a_modality_is_shown(modality):
    assert shown_modality(modality) == modality


@pytest.mark.parametrize("modality", ["QUELLENBACH", "Zaphiro", "19470523", "CT\\MR", "CT Quellenbach"])
def test_a_modality_that_is_no_term_is_not_shown(modality):
    assert shown_modality(modality) == "other"
