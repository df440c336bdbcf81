"""Instances with text burned in: what the key says stands in the pixels, and scores are what a hand works out."""

from __future__ import annotations

import base64
import io
import zlib

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from dicomlab.errors import DicomlabError
from dicomlab.forge import burned_in
from dicomlab.forge.burned_in import lettering, reading, scoring, writing
from dicomlab.forge.burned_in.storing import Storage
from dicomlab.records import Region

LOSSY = ("JPEG baseline", "JPEG-LS near", "JPEG 2000 lossy")


def string(box, *, ink=None, frame=None, category="phi", height=8):
    x0, y0, x1, y1 = box
    ink = np.ones((y1 - y0, x1 - x0), bool) if ink is None else ink
    packed = base64.b85encode(zlib.compress(np.packbits(ink).tobytes())).decode()
    return {"box": list(box), "frame": frame, "category": category, "height": height, "ink": packed, "text": "X"}


def entry(*strings, rows=40, columns=100, frames=1):
    return {"kind": "k", "rows": rows, "columns": columns, "frames": frames, "strings": list(strings)}


# --- finding: by hand


@pytest.mark.parametrize(("x1", "share"), [(20, 1.0), (19, 0.9), (18, 0.8), (10, 0.0)])
def test_coverage_is_the_share_of_the_ink_below_regions(x1, share):
    assert scoring.coverage(string((10, 10, 20, 20)), [Region(0, 0, x1, 40)], 1) == pytest.approx(share)


def test_two_regions_together_may_cover_a_string():
    assert scoring.coverage(string((10, 10, 20, 20)), [Region(5, 5, 15, 25), Region(15, 5, 25, 25)], 1) == 1.0


def test_pixels_of_the_box_that_are_no_ink_need_no_region():
    ink = np.zeros((10, 10), bool)
    ink[:, :5] = True
    assert scoring.coverage(string((10, 10, 20, 20), ink=ink), [Region(10, 10, 15, 20)], 1) == 1.0


@pytest.mark.parametrize(
    ("stands_on", "regions", "share"),
    [
        (None, [Region(0, 0, 50, 40, None)], 1.0),
        (None, [Region(0, 0, 50, 40, 0)], 0.0),
        (None, [Region(0, 0, 50, 40, 0), Region(0, 0, 50, 40, 1)], 1.0),
        (1, [Region(0, 0, 50, 40, 1)], 1.0),
        (1, [Region(0, 0, 50, 40, 0)], 0.0),
        (1, [Region(0, 0, 50, 40, None)], 1.0),
    ],
)
def test_a_string_must_be_covered_on_every_frame_where_it_stands(stands_on, regions, share):
    assert scoring.coverage(string((10, 10, 20, 20), frame=stands_on), regions, 2) == share


def test_a_file_is_clean_when_every_phi_string_is_covered():
    told = entry(string((10, 10, 20, 20)), string((50, 10, 60, 20)), string((80, 30, 84, 34), category="harmless"))
    score = scoring.score_regions(told, [Region(10, 10, 20, 20)])
    assert (score.phi, score.phi_found, score.harmless, score.harmless_found) == (2, 1, 1, 0)
    assert score.missed == (1,)
    assert not score.clean
    assert scoring.score_regions(told, [Region(0, 0, 70, 40)]).clean


def test_area_near_text_is_not_false_and_area_elsewhere_is():
    told = entry(string((10, 10, 20, 20)))  # capitals of 8 pixels: a margin of 6
    assert scoring.score_regions(told, [Region(4, 4, 26, 26)]).false_share == 0
    assert scoring.score_regions(told, [Region(60, 0, 80, 20)]).false_share == pytest.approx(400 / 4000)
    assert scoring.score_regions(told, [Region(90, 30, 200, 200)]).false_share == pytest.approx(100 / 4000)


def test_false_area_is_counted_over_all_frames():
    told = entry(frames=4)
    assert scoring.score_regions(told, [Region(0, 0, 100, 40, 2)]).false_share == pytest.approx(1 / 4)
    assert scoring.score_regions(told, [Region(0, 0, 50, 40, None)]).false_share == pytest.approx(1 / 2)


def test_a_summary_counts_strings_and_files_and_averages_shares():
    told = entry(string((10, 10, 20, 20)), string((50, 10, 60, 20)))
    half, whole = (scoring.score_regions(told, [Region(0, 0, x, 40)]) for x in (30, 70))
    none = scoring.score_regions({**entry(), "kind": "none"}, [Region(0, 0, 10, 4)])
    overall = scoring.summary([half, whole, none])["overall"]
    assert (overall["files"], overall["phi"], overall["recall"], overall["clean"]) == (3, 4, 0.75, 0.5)
    assert overall["false_none"] == pytest.approx(40 / 4000)


def test_regions_are_read_from_what_find_writes():
    assert scoring.regions_of([{"frame": None, "box": [1, 2, 3, 4]}, {"frame": 5, "box": [0, 0, 9, 9]}]) == (
        Region(1, 2, 3, 4), Region(0, 0, 9, 9, 5),
    )  # fmt: skip


# --- removing: by hand


def written(ink_level=200):
    """A frame of 40 × 100 on grey 60 whose box (10, 10, 30, 20) has stripes, and their entry."""
    ink = np.zeros((10, 20), bool)
    ink[:, ::3] = True
    frame = np.full((40, 100), 60, np.uint8)
    frame[10:20, 10:30][ink] = ink_level
    return frame, entry(string((10, 10, 30, 20), ink=ink))


def blanked(frame, value, box=(8, 8, 32, 22)):
    after = frame.copy()
    after[box[1] : box[3], box[0] : box[2]] = value
    return after


@pytest.mark.parametrize("value", [0, 60, 200])
def test_text_below_a_mask_is_gone(value):
    frame, told = written()
    assert scoring.score_pixels(told, [frame], [blanked(frame, value)]).clean


def test_black_text_below_a_black_mask_is_gone_although_its_samples_are_what_they_were():
    frame, told = written(ink_level=0)
    assert scoring.score_pixels(told, [frame], [blanked(frame, 0)]).clean


def test_text_stays_when_nothing_was_done():
    frame, told = written()
    assert scoring.score_pixels(told, [frame], [frame]).phi_gone == 0


def test_text_stays_when_every_sample_of_the_picture_changed_alike():
    frame, told = written()
    score = scoring.score_pixels(told, [frame], [frame + 7])
    assert score.phi_gone == 0
    assert score.changed == 1.0


def test_text_stays_when_its_very_pixels_were_painted_in_another_level():
    frame, told = written()
    assert scoring.score_pixels(told, [frame], [np.where(frame == 200, 0, frame)]).phi_gone == 0


def test_half_covered_text_stays():
    frame, told = written()
    assert scoring.score_pixels(told, [frame], [blanked(frame, 0, (8, 8, 20, 22))]).phi_gone == 0


def test_changes_outside_the_regions_are_counted():
    frame, told = written()
    after = blanked(frame, 0)
    after[39, 90:94] = 1
    regions = [Region(8, 8, 32, 22)]
    assert scoring.score_pixels(told, [frame], [after], regions=regions).changed == pytest.approx(4 / (4000 - 24 * 14))
    assert scoring.score_pixels(told, [frame], [blanked(frame, 0)], regions=regions).changed == 0


def test_a_baseline_jpeg_may_change_as_far_as_its_blocks_reach():
    frame, told = written()
    after = blanked(frame, 0, (0, 0, 32, 32))
    assert scoring.score_pixels(told, [frame], [after], regions=[Region(8, 8, 32, 22)], blocks=True).changed == 0
    assert scoring.score_pixels(told, [frame], [after], regions=[Region(8, 8, 32, 22)]).changed > 0


def test_a_lost_frame_or_another_size_is_told():
    frame, told = written()
    assert not scoring.score_pixels(told, [frame, frame], [frame]).whole
    assert not scoring.score_pixels(told, [frame], [frame[:30]]).whole


# --- the corpus


def instance(kind, number=3):
    _, content, told = burned_in.one(5, number, kind, turn=number)
    return pydicom.dcmread(io.BytesIO(content)), told


QUICK = ("ultrasound", "doppler", "CT", "MR", "dose screen", "palette", "palette, index only", "palette, colours only",
         "cine, one frame", "cine, moving", "translucent", "ornate", "faint", "own script")  # fmt: skip


@pytest.mark.parametrize("kind", QUICK)
def test_every_string_of_the_key_stands_in_the_stored_samples(kind):
    if kind == "own script" and not lettering.has_cjk():
        pytest.skip("OpenCV 5, which carries a universal typeface, is not installed")
    ds, told = instance(kind)
    frames = reading.frames(ds)
    assert len(frames) == told["frames"]
    assert any(s["category"] == "phi" for s in told["strings"])
    for said in told["strings"]:
        x0, y0, x1, y1 = said["box"]
        frame = frames[said["frame"] or 0]
        assert 0 <= x0 < x1 <= told["columns"]
        assert 0 <= y0 < y1 <= told["rows"]
        assert scoring.contrast(frame[y0:y1, x0:x1], scoring.ink_of(said)) > 0


def test_text_of_the_index_plane_alone_has_the_colours_of_what_is_around_it():
    ds, told = instance("palette, index only")
    frame = reading.frames(ds)[0]
    for said in told["strings"]:
        x0, y0, x1, y1 = said["box"]
        ink = scoring.ink_of(said)
        index, colours = frame[y0:y1, x0:x1], reading.shown(ds, frame)[y0:y1, x0:x1]
        assert scoring.contrast(index, ink) > 100
        assert scoring.contrast(colours, ink) < 20


def test_the_header_tells_of_the_patient_who_is_burned_in():
    for kind in ("CT", "dose screen", "ornate"):
        ds, told = instance(kind)
        said = " ".join(s["text"] for s in told["strings"]).upper()
        assert str(ds.PatientID).upper() in said


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    first, again = (burned_in.one(5, 3, "MR")[1] for _ in range(2))
    assert first == again
    assert first != burned_in.one(6, 3, "MR")[1]


def test_a_corpus_is_a_folder_of_instances_and_a_key_beside_it(tmp_path):
    key = burned_in.corpus(tmp_path / "c", 2, 4)
    assert sorted(p.name for p in (tmp_path / "c" / "corpus").iterdir()) == sorted(key["files"])
    kinds = [e["kind"] for e in key["files"].values()]
    assert any(k.startswith("no text") for k in kinds)
    assert all(bool(e["strings"]) != e["kind"].startswith("no text") for e in key["files"].values())
    with pytest.raises(DicomlabError, match="new or empty"):
        burned_in.corpus(tmp_path / "c", 2, 4)


STORAGES = (
    Storage(), Storage("MONOCHROME1", 12, low=4095, high=0), Storage(stored=16, signed=True, low=-1024, high=3071),
    Storage("RGB"), Storage("RGB", planar=1), Storage("YBR_FULL"), Storage("YBR_FULL_422"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("storage", "syntax"), [(s, x) for s in STORAGES for x in dict.fromkeys(writing.syntaxes_for(s))]
)
def test_what_is_stored_is_read_again_in_every_syntax(storage, syntax):
    x = np.arange(48)[None, :] // 2 * 2
    ramp = np.broadcast_to(x * 4 + np.arange(32)[:, None], (32, 48))
    one = (
        np.stack([ramp, ramp // 2, 255 - ramp], -1)
        if storage.samples == 3
        else ramp * 7 + storage.ends[0] // 2
        if storage.stored > 8
        else ramp
    )
    if storage.photometric == "YBR_FULL_422":
        one = one.copy()
        one[:, 1::2, 1:] = one[:, ::2, 1:]
    frames = [one.astype(storage.dtype), one[::-1].astype(storage.dtype)]
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.NumberOfFrames = "1.2.840.10008.5.1.4.1.1.7.2", "2.25.1", 2
    back = pydicom.dcmread(io.BytesIO(writing.file_bytes(ds, frames, storage, syntax)))
    for old, new in zip(frames, reading.frames(back), strict=True):
        assert new.shape == old.shape
        apart = np.abs(new.astype(int) - old.astype(int))
        if syntax in LOSSY:
            assert apart.mean() < 12
            assert back.LossyImageCompression == "01"
        else:
            assert apart.max() == 0


@pytest.mark.parametrize("face", lettering.faces(), ids=lambda f: f.name)
def test_every_typeface_draws_capitals_of_the_height_asked_for(face):
    drawn = lettering.line("H8", face, 20)
    assert 13 <= drawn.shape[0] <= 26
    assert drawn.max() == pytest.approx(1, abs=0.1)


def test_a_text_that_a_typeface_cannot_write_is_refused_without_quoting_it():
    with pytest.raises(ValueError, match="typeface") as told:
        lettering.line("有賀", lettering.FACES[0], 20)
    assert "有" not in str(told.value)
