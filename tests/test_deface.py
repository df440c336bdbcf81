"""Which volumes may show a face, told from metadata alone (PS3.15 E.3.2)."""

from __future__ import annotations

import pytest

from dicomlab.deface import face_risk


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
@pytest.mark.parametrize(
    "part",
    [
        "HEAD",
        "BRAIN",
        "HEADNECK",
        "NECK",
        "SKULL",
        "WHOLEBODY",
        "ORBIT",
        "CSPINE",
        "SCHÄDEL",
        "Kopf",
        "SINUS",
        "TMJ",
        "",
    ],
)
def test_volumes_of_the_head_the_neck_the_whole_body_or_of_nothing_stated_are_at_risk(modality, part):
    assert face_risk({"Modality": modality, "BodyPartExamined": part})


@pytest.mark.parametrize("part", ["CHEST", "ABDOMEN", "KNEE", "LSPINE", "PELVIS", "BREAST", "PROSTATE"])
def test_volumes_of_other_parts_are_not(part):
    assert face_risk({"Modality": "CT", "BodyPartExamined": part}) is None


@pytest.mark.parametrize("modality", ["US", "CR", "SEG", "RTSTRUCT", "SR", ""])
def test_other_modalities_show_no_face(modality):
    assert face_risk({"Modality": modality, "BodyPartExamined": "HEAD"}) is None


@pytest.mark.parametrize("keyword", ["StudyDescription", "SeriesDescription", "ProtocolName"])
@pytest.mark.parametrize("words", ["CT Head w/o contrast", "MR brain", "sinus 1mm", "Whole body PET", "Neck + thorax"])
def test_a_description_that_names_the_head_outweighs_the_body_part(keyword, words):
    assert face_risk({"Modality": "CT", "BodyPartExamined": "CHEST", keyword: words})


def test_what_the_source_says_of_recognizable_features_counts_when_it_says_yes():
    assert face_risk({"Modality": "US", "RecognizableVisualFeatures": "YES"})
    assert face_risk({"Modality": "CT", "BodyPartExamined": "HEAD", "RecognizableVisualFeatures": "NO"})
