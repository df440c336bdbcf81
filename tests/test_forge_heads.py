"""Synthetic heads: they are heads, their truth is true, they are valid DICOM, and the scorer scores as by hand."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from pydicom import dcmread

from dicomlab.forge import heads
from dicomlab.forge.encoding import J2K, LS
from dicomlab.forge.heads import scoring
from dicomlab.forge.heads.scanning import turn
from dicomlab.volume import volumes_of

COARSE = (4, 4, 4)
CLEAN = heads.Quality()


@cache
def head(seed=1, **how):
    return heads.forge_head(seed, **{"spacing": COARSE, "quality": CLEAN, **how})


def at(volume, point):
    """The value of the voxel nearest to a point in LPS mm."""
    k, i, j = np.rint(np.linalg.inv(volume.affine) @ [*point, 1])[:3].astype(int)
    return volume.array[k, i, j]


def patient(volume, point):
    """Patient LPS of a point of the upright head, LPS mm."""
    return (np.linalg.inv(volume.truth.upright) @ [*point, 1])[:3]


def test_the_same_seed_gives_the_same_head_and_another_seed_another():
    first, again, other = (heads.forge_head(s, spacing=(6, 6, 6)) for s in (3, 3, 4))
    assert np.array_equal(first.array, again.array)
    assert np.array_equal(first.affine, again.affine)
    assert first.array.shape != other.array.shape or not np.array_equal(first.array, other.array)


def test_a_ct_shows_bone_around_brain_and_air_around_the_head():
    ct = head(contrast="CT")
    assert ct.array[0, 0, 0] == -1000
    assert 0 < at(ct, patient(ct, (20, 20, 30))) < 60
    column = [at(ct, patient(ct, (0, 10, z))) for z in range(40, 100, 2)]
    assert max(column) > 500


def test_eyes_lie_where_the_truth_says():
    t2 = head(contrast="T2", spacing=(2, 2, 2))
    for eye in t2.truth.eyes:
        assert at(t2, eye) > 700  # vitreous is as bright as fluid
    assert np.linalg.norm(t2.truth.eyes[0] - t2.truth.eyes[1]) == pytest.approx(63, abs=6)


def test_the_nose_is_foremost_and_lies_between_eyes_and_mouth():
    ct = head(contrast="CT")
    to_index, size, origin = scoring.front_grid(ct.affine, ct.array.shape, ct.truth.upright)
    body = scoring.solid(scoring.along(ct.array.astype(np.float32), to_index, size, -1000), -300)
    depth = scoring.first(body)
    face, eyes = scoring.rays(depth, origin, ct.truth.landmarks)
    z, x = np.unravel_index(np.nanargmin(np.where(face, depth, np.nan)), depth.shape)
    marks = ct.truth.landmarks
    assert abs(origin[2] + scoring.STEP * x - marks.mid) < 6
    assert marks.eye_z - 45 < origin[0] + scoring.STEP * z < marks.eye_z - 15
    assert np.nanmin(depth[face]) * scoring.STEP + 15 < np.nanmedian(depth[eyes]) * scoring.STEP


@pytest.mark.parametrize(("age", "low", "high"), [(2, 850, 1250), (30, 1150, 1650), (90, 950, 1550)])
def test_brains_have_the_volume_of_their_age(age, low, high):
    volumes = [head(seed, age=age, spacing=(5, 5, 5)).truth.brain.sum() * 0.125 for seed in (1, 2)]
    assert all(low < ml < high for ml in volumes), volumes


def test_a_childs_face_is_smaller_against_its_skull_than_an_adults():
    child, adult = (head(2, age=age, spacing=(6, 6, 6)) for age in (3, 40))
    low = {v.age: (v.truth.landmarks.eye_z - v.truth.landmarks.bot) / v.array.shape[1] for v in (child, adult)}
    assert low[3] < 0.85 * low[40]


def test_a_nod_moves_the_eyes_up_and_a_turn_moves_the_nose_aside():
    assert np.allclose(turn(90, 0, 0) @ [0, -1, 0], [0, 0, 1])  # chin up: what was in front points up
    assert np.allclose(turn(0, 90, 0) @ [0, -1, 0], [1, 0, 0])  # to the patient's left, LPS +x
    straight, nodding = (head(5, pose=(p, 0, 0), spacing=(6, 6, 6)) for p in (0, 30))
    assert nodding.truth.eyes[:, 2].mean() > straight.truth.eyes[:, 2].mean() + 15
    assert nodding.truth.landmarks == straight.truth.landmarks


@pytest.mark.parametrize("plane", heads.PLANES)
def test_every_plane_shows_the_same_head(plane):
    volume = head(6, contrast="T2", plane=plane)
    steps = volume.affine[:3, :3] / volume.spacing
    assert np.allclose(steps.T @ steps, np.eye(3))
    assert np.cross(steps[:, 2], steps[:, 1]) @ steps[:, 0] == pytest.approx(1)
    for eye in volume.truth.eyes:
        assert at(volume, eye) > 600


@pytest.mark.parametrize(("fov", "inside", "outside"), [
    ("full", [(0, -95, -65), (0, -75, -115), (0, 10, 80)], []),
    ("chin", [(0, -95, -65)], [(0, -75, -125)]),
    ("nose", [(0, -60, -65)], [(0, -98, -66)]),
    ("vault", [(0, -95, -65)], [(0, 10, 80)]),
    ("brain", [(0, -60, -30)], [(0, -75, -115)]),
])  # fmt: skip
def test_fields_of_view_hold_and_lack_what_they_should(fov, inside, outside):
    volume = head(7, fov=fov, spacing=(6, 6, 6))
    for points, wanted in ((inside, True), (outside, False)):
        for point in points:
            index = (np.linalg.inv(volume.affine) @ [*patient(volume, point), 1])[:3]
            within = bool(np.all(index > -0.5) and np.all(index < np.array(volume.array.shape) - 0.5))
            assert within is wanted, point


def test_a_table_lies_behind_the_head_and_changes_nothing_in_it():
    without, with_table = head(8, contrast="CT"), head(8, contrast="CT", table=True)
    changed = without.array != with_table.array
    assert changed.any()
    assert without.array[changed].max() < -300
    assert not changed[:, : changed.shape[1] // 2].any()


def test_noise_bias_and_ghosts_do_what_they_say():
    noisy = heads.forge_head(9, contrast="CT", spacing=COARSE, quality=heads.Quality(noise=10))
    outside = noisy.array[-2:].astype(float)
    assert outside.std() == pytest.approx(10, rel=0.15)
    clean, ghosted = (head(9, quality=heads.Quality(ghost=g)) for g in (0, 0.1))
    assert ghosted.array[:, :8].mean() > clean.array[:, :8].mean() + 2


def test_unknown_words_are_refused():
    for how in ({"contrast": "T3"}, {"plane": "flat"}, {"fov": "all"}):
        with pytest.raises(ValueError, match="is none of"):
            heads.forge_head(1, **how)
    with pytest.raises(ValueError, match="is none of"):
        heads.forge_negative(1, "head")


@pytest.mark.parametrize("kind", heads.NEGATIVES)
def test_negatives_have_no_truth_and_cannot_be_scored(kind):
    volume = heads.forge_negative(1, kind, spacing=(8, 8, 8))
    assert volume.truth is None
    assert bool(volume.array.any()) is (kind != "empty")
    with pytest.raises(ValueError, match="no head"):
        heads.score(volume, volume.array, np.zeros(volume.array.shape, bool))


def test_the_template_has_its_labels_in_their_places():
    _, labels, affine = heads.template(4)

    def label(*point):
        k, i, j = np.rint(np.linalg.inv(affine) @ [*point, 1])[:3].astype(int)
        return labels[k, i, j]

    assert [label(0, -20, 40), label(34, 61, -39), label(0, 118, 50), label(0, 100, -71)] == [3, 4, 0, 1]
    assert 2 in {label(0, -17, z) for z in range(74, 96, 2)}


# ---- scoring, by hand ----


def test_a_ray_meets_the_first_voxel_of_the_body():
    body = np.zeros((1, 4, 3), bool)
    body[0, 2:, 0] = body[0, 0, 1] = True
    depth = scoring.first(body)
    assert depth[0, 0] == 2
    assert depth[0, 1] == 0
    assert np.isnan(depth[0, 2])


def test_a_ray_counts_as_removed_when_four_fifths_of_its_first_millimetres_are_gone():
    wanted, depth = np.ones((1, 3), bool), np.array([[1.0, 1, 1]], np.float32)
    gone = np.zeros((1, 8, 3), bool)
    gone[0, 1:5, 0] = True  # 6 mm are four steps of 1.5 mm: all gone
    gone[0, 1:4, 1] = True  # three of four: too few
    assert scoring.removed(wanted, depth, gone, 6.0) == pytest.approx(100 / 3)


def test_face_rays_lie_between_brow_and_chin_and_eyes_within_12_mm():
    marks = heads.Landmarks(mid=0, brow=30, bot=-30, hw=40, eye_z=15, eye_dx=30)
    depth = np.full((81, 81), 5, np.float32)
    face, eyes = scoring.rays(depth, (-60, 0, -60), marks)
    assert face.sum() == 41 * 53  # 60 mm high at 1.5 mm, both ends in; |x| <= 40 is 53 rays of 1.5 mm about 0
    assert eyes[50, 20]  # z = 15, x = -30
    assert eyes[50, 60]
    assert not eyes[50, 40]  # between the eyes
    depth[40, 40] = 60  # 55 steps of 1.5 mm, more than 70 mm behind the rest: background
    assert not scoring.rays(depth, (-60, 0, -60), marks)[0][40, 40]


def test_a_surface_4_mm_off_is_still_close_and_one_6_mm_off_is_not():
    face, before = np.ones((1, 4), bool), np.full((1, 4), 10, np.float32)
    after = np.array([[10, 10 + 4 / 1.5, 10 + 6 / 1.5, np.nan]], np.float32)
    assert scoring.close(face, before, after) == 50


def test_altered_brain_is_counted_whole_and_3_mm_inside():
    brain = np.zeros((12, 12, 12), bool)
    brain[1:11, 1:11, 1:11] = True  # 1000 voxels of 1 mm; more than 3 mm inside: 4 cubed
    mask = np.zeros_like(brain)
    mask[:, :5] = True  # rows 1 to 4 of the brain, and of the core (rows 4 to 7) the first
    truth = replace(head().truth, brain=brain)
    assert scoring.altered(mask, truth, (1, 1, 1)) == (40, 25)


def test_nothing_removed_and_a_whole_face_removed_score_as_they_must():
    volume = head(contrast="CT")
    nothing = heads.score(volume, volume.array, np.zeros(volume.array.shape, bool))
    assert nothing == heads.Scores(0, 0, 100, 0, 0, 0, 0)
    k, i, j = np.indices(volume.array.shape)
    _x, y, z, _ = volume.truth.upright @ volume.affine @ np.stack([k, i, j, np.ones_like(k)]).reshape(4, -1)
    front = (y.reshape(k.shape) < -30) & (z.reshape(k.shape) < -8) & ~volume.truth.brain
    after = np.where(front, -1000, volume.array)
    after[0, -1, -1] = 7  # outside the mask
    scores = heads.score(volume, after, front)
    assert (scores.face_pct, scores.eye_pct) == (pytest.approx(100, abs=1), pytest.approx(100, abs=6))
    assert (scores.brain_alt_pct, scores.outside_changed) == (0, 1)
    assert scores.still_within5mm_pct < 1
    assert 5 < scores.removed_head_pct < 30


# ---- DICOM ----


@pytest.mark.parametrize(("contrast", "how", "stored"), [
    ("CT", {"table": True}, heads.Stored(syntax=LS)),
    ("T1", {"plane": "oblique"}, heads.Stored(signed=True, slope=0.5, intercept=-100, descending=True)),
    ("T2", {"plane": "sagittal", "spacing": (12, 6, 7)}, heads.Stored(enhanced=True)),
    ("FLAIR", {"plane": "coronal"}, heads.Stored(enhanced=True, descending=True, signed=True)),
    ("PET", {}, heads.Stored(syntax=J2K)),
])  # fmt: skip
def test_a_series_reads_back_as_the_volume_that_was_written(contrast, how, stored, tmp_path):
    volume = heads.forge_head(10, contrast=contrast, **{"spacing": (10, 6, 6), **how})
    files = heads.write_dicom(volume, tmp_path, stored=stored)
    assert len(files) == (1 if stored.enhanced else len(volume.array))
    (read,), refused = volumes_of([dcmread(file) for file in files])
    assert refused == ()
    assert np.allclose(read.affine, volume.affine, atol=1e-4)
    assert np.allclose(read.array, volume.array, atol=0.5)


def test_an_enhanced_ct_is_refused(tmp_path):
    with pytest.raises(ValueError, match="only MR"):
        heads.write_dicom(head(contrast="CT"), tmp_path, stored=heads.Stored(enhanced=True))


def test_all_objects_of_a_study_share_one_frame_of_reference(tmp_path):
    heads.write_study(tmp_path, 11, spacing=8)
    read = {file.relative_to(tmp_path).parts[0]: dcmread(file) for file in tmp_path.rglob("*.dcm")}
    assert set(read) == {"T1", "T2", "LOC", "SEG", "RTSTRUCT"}
    assert len({d.FrameOfReferenceUID for d in read.values()}) == 1
    assert len({d.StudyInstanceUID for d in read.values()}) == 1
    assert len({d.SeriesInstanceUID for d in read.values()}) == 5
    assert read["SEG"].NumberOfFrames == len([*(tmp_path / "T1").iterdir()])


def test_a_corpus_holds_series_truth_and_landmarks(tmp_path):
    names = heads.corpus(tmp_path, 1, 5, spacing=6)
    subjects = json.loads((tmp_path / "SUBJECTS.json").read_text("utf-8"))
    assert tuple(subjects) == names
    assert [s.get("neg", False) for s in subjects.values()] == [False, False, False, False, True]
    for name, about in subjects.items():
        assert any((tmp_path / name / "dicom").iterdir())
        assert (tmp_path / name / "truth.nii.gz").is_file()
        assert (tmp_path / "ref" / f"{name}_brain.nii.gz").is_file() is ("neg" not in about)
        assert "neg" in about or about["bot"] < about["eye_z"] < about["brow"]


def test_fifteen_volumes_of_a_corpus_show_every_contrast_cut_age_and_posture_and_three_that_are_no_heads(tmp_path):
    heads.corpus(tmp_path, 3, 15, spacing=14)
    about = list(json.loads((tmp_path / "SUBJECTS.json").read_text("utf-8")).values())
    made = [one for one in about if "neg" not in one]
    assert len(made) == 12
    assert {one["contrast"] for one in made} >= {"T1", "T2", "FLAIR", "PD", "CT"}
    assert {one["table"] for one in made if one["contrast"] == "CT"} == {True, False}
    assert {one["fov"] for one in made} == set(heads.FIELDS_OF_VIEW)
    assert min(one["age"] for one in made) < 6
    assert max(one["age"] for one in made) > 65
    angles = np.array([one["pose"] for one in made])
    assert (np.abs(angles).max(axis=0) > 15).all()
    assert np.abs(angles).max() <= 30
    for one in made:
        turned = np.array(one["upright"])[:3, :3]
        assert np.allclose(turned @ turned.T, np.eye(3))
        assert one["held"]["bot"] < one["held"]["eye_z"] < one["held"]["brow"]


def test_a_ray_that_meets_flesh_where_the_field_of_view_ends_is_no_ray_at_a_face():
    # A block that reaches the lower edge of the field of view: its lowest rays meet the cut, those above meet skin.
    upright, depth = np.eye(4), np.full((40, 30), 5.0, np.float32)
    flesh = scoring.cut_open(depth, upright, (40, 30, 30))
    assert flesh[:3].all()  # 0, 1.5 and 3 mm from the edge
    assert not flesh[3:-3, 3:-3].any()
    before = scoring.cut_open(np.zeros((40, 30), np.float32), upright, (40, 30, 30))
    assert not before[3:-3, 3:-3].any()  # a nose that is cut in front is still a face


def test_rays_agree_with_the_scorer_of_the_bench(bench, monkeypatch):
    monkeypatch.syspath_prepend(str(bench / "deface"))
    sitk = pytest.importorskip("SimpleITK")
    dflib = pytest.importorskip("dflib")
    volume = head(12, contrast="CT", spacing=(3, 3, 3))
    image = sitk.GetImageFromArray(volume.array.astype(np.float32))
    image.SetSpacing([3.0] * 3)
    image.SetOrigin([float(v) for v in volume.affine[:3, 3]])
    grid = dflib.iso_grid(image)
    theirs = dflib.depth(dflib.head_mask(dflib.iso(image, grid), -300, 1.5))
    moved = np.eye(4)
    to_index, size, origin = scoring.front_grid(volume.affine, volume.array.shape, moved)
    ours = scoring.first(scoring.solid(scoring.along(volume.array.astype(np.float32), to_index, size, -1000), -300))
    met = np.isfinite(theirs) & np.isfinite(ours)
    assert np.mean(np.isfinite(theirs) == np.isfinite(ours)) > 0.99
    assert np.mean(np.abs(theirs - ours)[met] < 1.5) > 0.99
    seen = volume.truth.seen
    monkeypatch.setitem(dflib.SUB, "x", {k: getattr(seen, k) for k in seen.__slots__})
    for mine, other in zip(scoring.rays(ours, origin, seen), dflib.face_region("x", grid, theirs), strict=True):
        assert np.mean(mine == other) > 0.995
    sys.modules.pop("dflib", None)
