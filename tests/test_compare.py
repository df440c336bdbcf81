"""Two recipes held against each other on what is there: attribute by attribute, never a value."""

from __future__ import annotations

import pytest
from factories import ct_instance

import dicomlab as dl


@pytest.fixture
def rows():
    instance = ct_instance(
        PatientName="Quillfeather^Ottoline",
        PatientAge="057Y",
        StationName="CT3",
        StudyDescription="CT thorax",
        SeriesDate="",
    )
    return {row.path: row for row in dl.compare(instance, "low", "high")}


def test_what_one_recipe_shifts_and_the_other_empties_is_told(rows):
    # Study Date is Type 2 in the General Study module: high removes dates, so Z; low moves them.
    assert dict(rows["StudyDate"].first) == {"shift": 1}
    assert dict(rows["StudyDate"].second) == {"Z": 1}


def test_what_one_recipe_keeps_and_the_other_bins_is_told(rows):
    assert dict(rows["PatientAge"].first) == {"keep": 1}
    assert dict(rows["PatientAge"].second) == {"bin": 1}  # 57 becomes 55


def test_what_both_treat_alike_is_left_out(rows):
    assert "StationName" not in rows  # removed by a rule of either
    assert "PatientName" not in rows


def test_no_row_holds_a_value(rows):
    assert "Quillfeather" not in repr(rows)


def test_a_recipe_differs_from_itself_in_nothing():
    assert dl.compare(ct_instance(PatientName="Quillfeather^Ottoline"), "research", "research") == []
