"""Classes of patients, worked out by hand."""

from __future__ import annotations

import json

from deidentified import instance, recipe_of
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

import dicomlab as dl
from dicomlab.risk import LEVELS, Record, assess, records, suggest


def patient(**values):
    return Record({name.replace("_", " "): frozenset([value]) for name, value in values.items()})


# Six patients: two women of 57, two men of 57, a woman of 58 and a man of 91 (pooled 090Y).
SIX = [
    patient(age="057Y", sex="F"), patient(age="057Y", sex="F"),
    patient(age="057Y", sex="M"), patient(age="057Y", sex="M"),
    patient(age="058Y", sex="F"), patient(age="090Y", sex="M"),
]  # fmt: skip


def test_k_is_the_size_of_the_smallest_class_and_unique_patients_are_alone_in_theirs():
    found = assess(SIX)
    # Classes: {57 F} 2, {57 M} 2, {58 F} 1, {90 M} 1.
    assert (found.patients, found.k, found.unique) == (6, 1, 2)
    assert found.classes == {1: 2, 2: 2}
    assert found.mean_risk == 4 / 6


def test_what_leaving_out_one_quasi_identifier_would_give_is_told():
    # Without sex: 57 four times, 58 and 90 alone. Without age: three women, three men.
    assert assess(SIX).without == {"age": 3, "sex": 1}


def test_bins_of_five_years_join_57_and_58():
    found = assess(SIX, {"age": 1})
    # {55 F} 3, {55 M} 2, {90 M} 1.
    assert found.classes == {1: 1, 2: 1, 3: 1}


def test_the_suggestion_that_reaches_two_loses_least():
    # Coarser ages keep 90 alone up to bins of 20 years (57 -> 40, 90 -> 80). Leaving out sex keeps 90 alone. So
    # the age must go: {F} 3, {M} 3.
    found = suggest(SIX, 2)
    assert found is not None
    assert found.levels == {"age": "left out", "sex": "as it is"}
    assert found.assessment.k == 3


def test_bins_are_preferred_to_leaving_out_when_they_are_enough():
    four = [patient(age="051Y"), patient(age="052Y"), patient(age="063Y"), patient(age="064Y")]
    found = suggest(four, 2)
    assert found is not None
    assert found.levels == {"age": "bins of 5 years"}


def test_fewer_patients_than_k_cannot_reach_it():
    assert suggest(SIX[:3], 4) is None


def test_an_empty_release_has_no_classes():
    assert assess([]).k == 0
    assert suggest([], 1) is None


def test_a_patient_is_known_by_all_of_the_patients_studies():
    first, second, other = Dataset(), Dataset(), Dataset()
    for dataset, code, date in ((first, "A", "20240101"), (second, "A", "20240301"), (other, "B", "20240101")):
        dataset.PatientID, dataset.StudyDate, dataset.PatientSex = code, date, "F"
    found = records([first, second, other])
    assert len(found) == 2
    assert {record.values["study date"] for record in found} == {
        frozenset({"20240101", "20240301"}),
        frozenset({"20240101"}),
    }
    assert assess(found).unique == 2


def test_a_record_shows_no_value():
    assert "057Y" not in repr(SIX[0])


@given(
    st.lists(st.tuples(st.sampled_from(["030Y", "034Y", "061Y", "090Y"]), st.sampled_from("FM")), max_size=30),
    st.integers(1, 5),
)
def test_a_suggestion_reaches_its_k(people, k):
    known = [patient(age=age, sex=sex) for age, sex in people]
    found = suggest(known, k)
    assert (found is None) == (len(known) < k)
    if found is not None:
        assert found.assessment.k >= k
        assert sum(size * count for size, count in found.assessment.classes.items()) == len(known)


def test_leaving_everything_out_makes_one_class():
    last = {name: len(levels) - 1 for name, levels in LEVELS.items()}
    assert assess(SIX, last).classes == {6: 1}


# --- in the report of a release ---------------------------------------------------------------------------------------


def test_the_report_tells_k_of_a_release_as_worked_out_by_hand(tmp_path):
    # Sex and age stay under retain-patient-characteristics. Four patients: two women of 57, a man of 57, a man of 91,
    # who is told as 090Y. Classes: {57 F} 2, {57 M} 1, {090Y M} 1: k = 1, two patients alone, mean risk 3 of 4.
    source = tmp_path / "in"
    source.mkdir()
    for n, (sex, age) in enumerate([("F", "057Y"), ("F", "057Y"), ("M", "057Y"), ("M", "091Y")]):
        made = instance(
            PatientID=f"QX-{n}", PatientSex=sex, PatientAge=age, StudyInstanceUID=f"2.25.77{n}",
            SeriesInstanceUID=f"2.25.78{n}", SOPInstanceUID=f"2.25.79{n}",
        )  # fmt: skip
        made.save_as(source / f"{n}.dcm", enforce_file_format=True)
    dl.run(source, tmp_path / "out", recipe_of(["retain-patient-characteristics"]), dl.Key(b"k" * 32))
    told = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["singled_out"]
    assert (told["patients"], told["k"], told["unique"], told["mean_risk"]) == (4, 1, 2, 0.75)
    assert told["classes"] == {"1": 2, "2": 1}
    without = {row["name"]: row["k_without"] for row in told["known"]}
    # Without age: two women, two men. Without sex: three of 57, one of 90.
    assert (without["age"], without["sex"]) == (2, 1)
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Who could be singled out" in page
