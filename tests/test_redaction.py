"""Burned-in text in a run and in the redact command: what goes, what stays, what is claimed, what people decided."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from deidentified import UID_ROOT, instance, recipe_of
from PIL import Image, ImageDraw, ImageFont
from pydicom import dcmread
from pydicom.dataset import Dataset

import dicomlab as dl
from dicomlab.cli import main
from dicomlab.recipe import fingerprint
from dicomlab.records import Reason, State

KEY = dl.Key(b"t" * 32)
TEXT = ["clean-pixel-data"]
HELD = {"text": "quarantine", "face": "keep"}
NAME, SCALE = (20, 16), (20, 180)  # where the text's upper left corner stands


def capture(number: int, *texts: tuple[tuple[int, int], str]) -> Dataset:
    """A secondary capture of 320 x 240 pixels, a grey ramp with white text on it."""
    picture = Image.fromarray(np.tile(np.linspace(10, 90, 320, dtype=np.uint8), (240, 1)))
    font = ImageFont.load_default(18)
    for place, text in texts:
        ImageDraw.Draw(picture).text(place, text, fill=255, font=font)
    made = instance(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.7", PatientName="Quistgaard^Ingeborg", PatientID="PX-4471",
        SOPInstanceUID=f"{UID_ROOT}.1.{number}", SeriesInstanceUID=f"{UID_ROOT}.3.{number}",
        Modality="OT", ConversionType="WSD", Manufacturer="Acme", ManufacturerModelName="Grabber 2", Rows=240,
        Columns=320, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", BitsAllocated=8, BitsStored=8,
        HighBit=7, PixelRepresentation=0, ImageType=["ORIGINAL", "PRIMARY"], BodyPartExamined="CHEST",
    )  # fmt: skip
    made.PixelData = picture.tobytes()
    return made


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """Three captures: with a name and a scale, with a name alone, without text."""
    folder = tmp_path_factory.mktemp("captures")
    for number, texts in enumerate(
        [[(NAME, "QUISTGAARD, Ingeborg"), (SCALE, "10 cm")], [(NAME, "ID PX-4471  12.03.1961")], []]
    ):
        capture(number, *texts).save_as(folder / f"{number}.dcm", enforce_file_format=True)
    return folder


@pytest.fixture(scope="module")
def redacted(source, tmp_path_factory) -> tuple[Path, int]:
    """The folder after `dicomlab redact`, and the exit code."""
    out = tmp_path_factory.mktemp("redacted") / "out"
    return out, main(["redact", str(source), str(out)])


def samples(path: Path) -> np.ndarray:
    return dcmread(path).pixel_array


def at(place: tuple[int, int], width: int = 190) -> tuple[slice, slice]:
    return slice(place[1] + 3, place[1] + 20), slice(place[0] + 2, place[0] + width)


def test_text_goes_and_everything_far_from_it_stays(source, redacted):
    out, code = redacted
    assert code == 0
    for name in ("0.dcm", "1.dcm"):
        before, after = samples(source / name), samples(out / name)
        assert after[at(NAME)].max() < 100  # nothing white is left
        np.testing.assert_array_equal(after[60:160], before[60:160])
    assert samples(out / "0.dcm")[at(SCALE, 40)].max() < 100


def test_a_file_without_text_is_copied_byte_for_byte(source, redacted):
    assert (redacted[0] / "2.dcm").read_bytes() == (source / "2.dcm").read_bytes()


def test_no_other_attribute_changes_than_changed_pixels_ask_for(source, redacted):
    before, after = (dcmread(folder / "0.dcm") for folder in (source, redacted[0]))
    changed = {e.keyword for e in after if e.keyword not in before or before[e.keyword].value != e.value}
    assert changed == {
        "PixelData", "SOPInstanceUID", "ImageType", "BurnedInAnnotation", "DeidentificationMethodCodeSequence",
    }  # fmt: skip
    assert {e.keyword for e in before} <= {e.keyword for e in after}
    assert (after.BurnedInAnnotation, after.ImageType[0]) == ("NO", "DERIVED")
    assert [c.CodeValue for c in after.DeidentificationMethodCodeSequence] == ["113101"]
    assert "PatientIdentityRemoved" not in after


def test_no_thumbnail_and_no_signature_of_the_old_pixels_stays(tmp_path):
    named = capture(0, (NAME, "QUISTGAARD, Ingeborg"))
    icon = Dataset()
    icon.update({
        "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "Rows": 64, "Columns": 64,
        "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0, "PixelData": bytes(64 * 64),
    })  # fmt: skip
    named.IconImageSequence = [icon]
    named.DigitalSignaturesSequence = [Dataset()]
    named.MACParametersSequence = [Dataset()]
    (tmp_path / "in").mkdir()
    named.save_as(tmp_path / "in" / "named.dcm", enforce_file_format=True)
    assert main(["redact", str(tmp_path / "in"), str(tmp_path / "out")]) == 0
    after = dcmread(tmp_path / "out" / "named.dcm")
    assert after.ImageType[0] == "DERIVED"
    for keyword in ("IconImageSequence", "DigitalSignaturesSequence", "MACParametersSequence"):
        assert keyword not in after


@pytest.mark.parametrize("blank", ["mask", "blur", "crop"])
def test_each_way_leaves_no_text_that_an_examination_finds(source, tmp_path, blank):
    assert main(["redact", str(source), str(tmp_path / "out"), "--blank", blank]) == 0
    catalog = dl.scan(tmp_path / "out")
    found, blind = dl.runs.find_text(catalog)
    assert [one.boxes for one in found] == [()] * 3
    assert not blind


def test_text_of_an_item_that_a_crop_rewrites_keeps_its_character_set(tmp_path, capsys):
    named = capture(0, (NAME, "QUISTGAARD, Ingeborg"))
    named.SpecificCharacterSet = "ISO_IR 144"
    named.PatientName = "Люкceмбypг"
    plane, group = Dataset(), Dataset()
    plane.ImagePositionPatient = [0, 0, 0]
    orientation, measures, label = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measures.PixelSpacing = [1, 1]
    label.StackID = "Голова"
    group.PlanePositionSequence, group.PlaneOrientationSequence = [plane], [orientation]
    group.PixelMeasuresSequence, group.FrameContentSequence = [measures], [label]
    named.PerFrameFunctionalGroupsSequence = [group]
    (tmp_path / "in").mkdir()
    named.save_as(tmp_path / "in" / "named.dcm", enforce_file_format=True)
    assert main(["redact", str(tmp_path / "in"), str(tmp_path / "out"), "--blank", "crop"]) == 0
    assert "1 files cropped" in capsys.readouterr().out
    after = dcmread(tmp_path / "out" / "named.dcm")
    (kept,) = after.PerFrameFunctionalGroupsSequence
    assert after.Rows < 240
    assert kept.PlanePositionSequence[0].ImagePositionPatient != [0, 0, 0]
    assert kept.FrameContentSequence[0].StackID == "Голова"
    assert after.SpecificCharacterSet == "ISO_IR 144"


def test_the_regions_can_be_had_as_json(source, tmp_path):
    assert main(["find", str(source), "--carrier", "burned-in", "--json", str(tmp_path / "found.json")]) == 0
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert found.keys() == {"0.dcm", "1.dcm", "2.dcm"}
    assert found["2.dcm"] == []
    boxes = [one["box"] for one in found["0.dcm"]]
    assert {one["frame"] for one in found["0.dcm"]} == {None}
    assert any(x0 <= NAME[0] + 4 and y0 <= NAME[1] + 6 and x1 >= 180 and y1 >= NAME[1] + 18 for x0, y0, x1, y1 in boxes)


def test_json_is_of_burned_in_text_alone(source, tmp_path):
    assert main(["find", str(source), "--json", str(tmp_path / "found.json")]) == 2


# --- in a run ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def released(source, tmp_path_factory) -> dl.RunOutcome:
    """The captures after a run with the option, the scale kept."""
    recipe = recipe_of(TEXT, at_risk=HELD, burned_in={"keep": ("scale", "units")})
    return dl.run(source, tmp_path_factory.mktemp("release") / "out", recipe, KEY)


def test_a_run_removes_the_text_claims_it_and_is_verified(released):
    assert released.verdict.passed
    assert [o.state for o in released.outcomes] == [State.WRITTEN] * 3
    for outcome in released.outcomes:
        dataset = dcmread(released.release / outcome.output)
        assert dataset.BurnedInAnnotation == "NO"
        assert dataset.PatientIdentityRemoved == "YES"
        assert "113101" in {c.CodeValue for c in dataset.DeidentificationMethodCodeSequence}
    assert [o.repainted is not None for o in released.outcomes] == [True, True, False]


def test_what_the_allow_list_names_stays(source, released):
    before, after = samples(source / "0.dcm"), samples(released.release / released.outcomes[0].output)
    np.testing.assert_array_equal(after[at(SCALE, 40)], before[at(SCALE, 40)])
    assert after[at(NAME)].max() < 100


def test_the_verdict_fails_when_a_sample_far_from_the_text_changed(source, released):
    path = released.release / released.outcomes[0].output
    whole = bytearray(path.read_bytes())
    at_ = len(whole) - 240 * 320 + 100 * 320 + 100
    whole[at_] ^= 1
    kept = path.read_bytes()
    path.write_bytes(bytes(whole))
    try:
        recipe = recipe_of(TEXT, at_risk=HELD, burned_in={"keep": ("scale", "units")})
        verdict = dl.verify(source, released.release, recipe)
    finally:
        path.write_bytes(kept)
    assert "pixels unchanged but where text or a face was removed" in {c.name for c in verdict.checks if not c.passed}


def test_text_that_cannot_be_removed_for_certain_is_held_back(source, tmp_path, monkeypatch):
    from dicomlab import burned_in  # noqa: PLC0415
    from dicomlab.burned_in import TextBox  # noqa: PLC0415
    from dicomlab.records import Region  # noqa: PLC0415

    left = (TextBox(Region(0, 0, 50, 20), 0.9),)
    monkeypatch.setattr(burned_in, "residual_text", lambda *_, **__: left)
    outcome = dl.run(source, tmp_path / "out", recipe_of(TEXT, at_risk=HELD), KEY)
    assert {o.reason for o in outcome.outcomes} == {Reason.TEXT_AT_RISK}


def test_a_decision_to_blank_holds_for_its_series_alone(source, tmp_path):
    box = (250, 200, 300, 230)
    decision = {"series": fingerprint(f"{UID_ROOT}.3.2"), "box": box, "action": "blank", "reason": "a drawn mark"}
    outcome = dl.run(source, tmp_path / "out", recipe_of(TEXT, at_risk=HELD, burned_in={"decisions": [decision]}), KEY)
    changed = [samples(tmp_path / "out" / o.output)[200:230, 250:300] for o in outcome.outcomes]
    assert len(np.unique(changed[2])) == 1
    assert len(np.unique(changed[0])) > 1


def test_a_decision_to_keep_holds_for_its_kind_of_scanner_but_never_for_a_name(source, tmp_path):
    everything = {"scanner": "Acme|Grabber 2|320x240", "box": (0, 0, 320, 240), "action": "keep", "reason": "a test"}
    recipe = recipe_of(TEXT, at_risk=HELD, burned_in={"decisions": [everything]})
    outcome = dl.run(source, tmp_path / "out", recipe, KEY)
    after = samples(tmp_path / "out" / outcome.outcomes[0].output)
    assert after[at(SCALE, 40)].max() == 255
    assert after[at(NAME)].max() < 100


@pytest.mark.parametrize("blank", ["blur", "crop"])
def test_the_other_two_ways_of_the_lesson(source, tmp_path, blank):
    outcome = dl.run(source, tmp_path / "out", recipe_of(TEXT, at_risk=HELD, burned_in={"blank": blank}), KEY)
    assert outcome.verdict.passed
    assert [o.state for o in outcome.outcomes] == [State.WRITTEN] * 3
    dataset = dcmread(tmp_path / "out" / outcome.outcomes[1].output)
    if blank == "crop":
        assert (dataset.Rows, dataset.Columns) < (240, 321)
        assert dataset.pixel_array.shape == (dataset.Rows, dataset.Columns)
    else:
        assert dataset.pixel_array[at(NAME)].max() < 200
