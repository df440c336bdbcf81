"""What the browser is given to look at: few enough samples, the right way round, and nothing in the widget's state."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

import dicomlab as dl
from dicomlab.errors import DicomlabError, FaceRefused
from dicomlab.pixels import Frames, Layout
from dicomlab.records import BATCH_VARIABLE
from dicomlab.volume import Volume
from dicomlab.widgets import Look, Viewer, heads, scene, views
from dicomlab.widgets.viewer import script

AXIAL = np.array([[0, 0, 2.0, 0], [0, 2.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]])  # (k, i, j) -> (x, y, z)


def sent(widget):
    """Messages that a widget sends from now on, as (content, buffers)."""
    messages = []
    widget.send = lambda content, buffers=None: messages.append((content, [bytes(b) for b in buffers or []]))
    return messages


def asked(widget):
    """What a view gets that has just been made."""
    messages = sent(widget)
    widget._asked(widget, {"kind": "want", "view": "v1"}, [])
    return messages[-1]


def counted(*shape):
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape)


def value_at(made, *index):
    """The value that the browser reads from a sample."""
    codes, values = zip(*made.knots, strict=True)
    return np.interp(made.samples[index], codes, values)


# Orientation.


def test_an_axial_volume_from_feet_to_head_is_shown_as_it_is():
    made = scene.of_volume(counted(3, 4, 5), AXIAL)
    assert made.samples.shape == (3, 4, 5)
    assert made.ends == (("F", "H"), ("A", "P"), ("R", "L"))
    assert made.spacing == (3.0, 2.0, 2.0)
    assert np.array_equal(made.to_source, np.eye(4))


def test_slices_from_head_to_feet_are_turned_over():
    descending = AXIAL.copy()
    descending[2, 0] = -3
    array = counted(3, 4, 5)
    made = scene.of_volume(array, descending)
    assert made.ends[0] == ("F", "H")
    assert abs(value_at(made, 0, 1, 2) - array[2, 1, 2]) < 0.01
    assert (made.to_source @ [0, 1, 2, 1]).tolist() == [2, 1, 2, 1]


def test_a_sagittal_volume_is_turned_so_that_slices_run_from_feet_to_head():
    # Slices to the patient's left, rows from head to feet, columns from front to back.
    sagittal = np.array([[1.5, 0, 0, 0], [0, 0, 1.0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1]])
    array = counted(2, 6, 4)
    made = scene.of_volume(array, sagittal)
    assert made.samples.shape == (6, 4, 2)
    assert made.spacing == (1.0, 1.0, 1.5)
    # The lowest sample, at the front, rightmost: slice 0, last row, column 0.
    assert (made.to_source @ [0, 0, 0, 1]).tolist() == [0, 5, 0, 1]
    assert abs(value_at(made, 0, 0, 0) - array[0, 5, 0]) < 0.01


def test_an_oblique_axis_is_labelled_with_both_of_its_directions():
    tilt = np.deg2rad(30)
    turned = AXIAL.copy()
    turned[:3, 1] = [0, 2 * np.cos(tilt), -2 * np.sin(tilt)]  # rows run backwards and down
    turned[:3, 0] = [0, 3 * np.sin(tilt), 3 * np.cos(tilt)]
    assert scene.of_volume(counted(3, 4, 5), turned).ends == (("FA", "HP"), ("AH", "PF"), ("R", "L"))


# Samples.


def test_bytes_are_sent_as_they_are():
    array = np.array([[[0, 7], [128, 255]]], np.uint8)
    made = scene.of_volume(array, AXIAL)
    assert made.samples.dtype == np.uint8
    assert np.array_equal(made.samples, array)


def test_hounsfield_units_keep_every_step_where_sixteen_bits_fit():
    made = scene.of_volume(np.array([[[-1024, -160, 0, 1, 80, 3071]]], np.float32), AXIAL, hounsfield=True)
    assert made.samples.dtype == np.uint16
    assert [value_at(made, 0, 0, n) for n in range(6)] == [-1024, -160, 0, 1, 80, 3071]


def test_in_eight_bits_soft_tissue_keeps_steps_of_two_or_three_hounsfield_units():
    array = np.arange(-150, 150, dtype=np.float32).reshape(1, 1, -1)
    made = scene.of_volume(array, AXIAL, hounsfield=True, bits=8)
    back = np.array([value_at(made, 0, 0, n) for n in range(300)])
    assert np.abs(back - array[0, 0]).max() <= 1.26


def test_values_that_are_no_number_are_shown_dark():
    made = scene.of_volume(np.array([[[np.nan, 0.0, 10.0]]], np.float32), AXIAL)
    assert made.samples[0, 0, 0] <= made.samples[0, 0, 1] < made.samples[0, 0, 2]


def test_a_large_volume_is_thinned_along_its_finest_axes_and_says_so():
    made = scene.of_volume(np.zeros((10, 64, 64), np.uint8), AXIAL, budget=10 * 32 * 32)
    assert made.samples.shape == (10, 32, 32)
    assert made.spacing == (3.0, 4.0, 4.0)
    assert made.told == "large volume: every second row, every second column is shown"


def test_the_largest_volume_of_daily_work_fits_the_budget():
    like = np.lib.stride_tricks.as_strided(np.zeros(1, np.int16), (400, 512, 512), (0, 0, 0))
    made = scene.of_volume(like, np.diag([1.0, 1, 1, 1])[[2, 1, 0, 3]], hounsfield=True)
    assert made.samples.nbytes <= scene.BUDGET == 32 * 1024 * 1024


def test_a_short_cine_is_sent_whole_and_a_long_one_in_steps_of_frames_at_full_resolution():
    frames = [np.full((8, 10), n, np.uint8) for n in range(30)]
    assert scene.of_frames(frames).numbers == tuple(range(30))
    made = scene.of_frames(frames, budget=10 * 80)
    assert made.numbers == tuple(range(0, 30, 3))
    assert made.samples[:, 0, 0].tolist() == list(range(0, 30, 3))
    assert made.told == "long cine: every third of 30 frames is shown"


@pytest.mark.parametrize("bad", [np.zeros((2, 2)), np.zeros((0, 4, 4)), np.zeros((1, 2, 3, 4))])
def test_what_is_no_volume_is_refused(bad):
    with pytest.raises(ValueError, match="three axes"):
        scene.of_volume(bad, AXIAL)


def test_frames_there_must_be():
    with pytest.raises(ValueError, match="no frame"):
        scene.of_frames([])


def test_bits_are_eight_or_sixteen():
    with pytest.raises(ValueError, match="8 or 16"):
        scene.of_volume(np.zeros((1, 1, 1)), AXIAL, bits=12)


# Masks.


def test_a_mask_is_packed_eight_voxels_to_a_byte_the_first_the_lowest():
    mask = np.zeros((1, 2, 5), bool)
    mask[0, 0, 0] = mask[0, 0, 3] = mask[0, 1, 4] = True  # voxels 0, 3 and 9
    made = scene.layer(mask, scene.of_volume(np.zeros((1, 2, 5), np.uint8), AXIAL))
    assert list(made.bits) == [0b00001001, 0b00000010]
    assert made.shape == (1, 2, 5)
    assert made.transform == (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)


def test_a_mask_on_a_coarser_grid_is_met_through_the_patient():
    made = scene.of_volume(np.zeros((4, 4, 4), np.uint8), AXIAL)
    coarse = AXIAL @ np.diag([2.0, 2, 2, 1])
    got = scene.layer(np.zeros((2, 2, 2), bool), made, np.linalg.inv(coarse) @ AXIAL)
    assert np.array(got.transform).reshape(3, 4) @ [2, 2, 2, 1] == pytest.approx([1, 1, 1])


# The widget.


def test_constructing_displays_and_sends_nothing(monkeypatch):
    shown = []
    monkeypatch.setattr(Viewer, "send", lambda *_: shown.append(1))
    Viewer(np.zeros((2, 3, 4), np.uint8))
    assert not shown


def test_a_view_that_asks_gets_samples_after_and_mask_in_one_message():
    array = counted(2, 3, 4).astype(np.uint8)
    widget = Viewer(array, mask=array > 5, after=array + 1, spacing=(3, 2, 1), title="two slices")
    content, buffers = asked(widget)
    assert content["view"] == "v1"
    assert content["scene"]["shape"] == [2, 3, 4]
    assert content["scene"]["spacing"] == [3, 2, 1]
    assert buffers[:2] == [array.tobytes(), (array + 1).tobytes()]
    assert np.unpackbits(np.frombuffer(buffers[2], np.uint8), bitorder="little")[:24].tolist() == [0] * 6 + [1] * 18
    json.dumps(content)


def test_a_new_mask_sends_the_mask_alone():
    widget = Viewer(np.zeros((2, 3, 4), np.uint8))
    messages = sent(widget)
    widget.mask = np.ones((2, 3, 4), bool)
    assert [(c["kind"], len(b[0])) for c, b in messages] == [("mask", 3)]


def test_a_new_look_sends_the_look_alone():
    widget = Viewer(np.zeros((2, 3, 4), np.uint8))
    messages = sent(widget)
    widget.look = Look(window=(0, 80), opacity=0.2)
    assert messages[0][0]["look"]["window"] == (0, 80)
    assert not messages[0][1]


def test_frames_before_and_after_are_shown_side_by_side():
    frames = [np.full((2, 3), n, np.uint8) for n in (1, 2)]
    content, buffers = asked(Viewer(frames, after=[f * 10 for f in frames]))
    assert content["scene"]["numbers"] == [0, 1]
    assert list(buffers[1]) == [10] * 6 + [20] * 6


def test_after_is_turned_and_thinned_like_before():
    descending = AXIAL.copy()
    descending[2, 0] = -3
    array = counted(3, 4, 5).astype(np.uint8)
    _, buffers = asked(Viewer(array, after=array, affine=descending))
    assert buffers[0] == buffers[1]
    big = scene.of_volume(array, descending, budget=16)
    assert np.array_equal(big.like(array), big.samples)


def test_the_state_of_a_widget_holds_no_sample():
    marked = np.full((4, 8, 8), 173, np.uint8)
    widget = Viewer(marked, mask=marked > 0, after=marked)
    state = widget.get_state()
    assert not any(isinstance(value, bytes | memoryview | np.ndarray) for value in state.values())
    assert len(json.dumps({k: v for k, v in state.items() if k not in {"_esm", "_css"}}, default=str)) < 1000


def test_in_a_batch_a_sentence_stands_in_for_the_picture(monkeypatch):
    monkeypatch.setenv(BATCH_VARIABLE, "1")
    shown = Viewer(np.zeros((2, 3, 4), np.uint8), title="head")._repr_mimebundle_()
    assert shown["text/plain"] == "head: 2 slices of 4 x 3 samples. Open the notebook in JupyterLab to look at it."
    assert not any("widget" in kind for kind in shown)


def test_the_script_is_one_module_that_asks_for_no_other_and_for_no_address():
    text = script("paint.js", "boxes.js", "viewer.js")
    assert text.count("export default") == 1
    assert not [line for line in text.splitlines() if line.startswith(("import ", "export ")) and "default" not in line]
    assert "http" not in text


def test_a_volume_is_shown_with_its_own_geometry_and_a_ct_in_hounsfield_units():
    volume = Volume(counted(3, 4, 5).astype(np.float32), AXIAL, "CT")
    content, _ = asked(Viewer(volume, after=volume))
    assert (content["scene"]["spacing"], content["scene"]["unit"]) == ([3.0, 2.0, 2.0], "HU")
    assert [name for name, *_ in content["scene"]["presets"]] == ["soft tissue", "brain", "lung", "bone", "full"]


def test_the_frames_of_an_instance_are_shown_one_by_one():
    layout = Layout(2, 3, 2, 1, 8, 8, 7, False, "MONOCHROME2", 0, "1.2.840.10008.1.2.1")  # noqa: FBT003
    frames = Frames(layout, bytes(range(12)))
    content, buffers = asked(Viewer(frames))
    assert content["scene"]["numbers"] == [0, 1]
    assert buffers[0] == bytes(range(12))


def one_frame(photometric, *values, samples=1, bits=8):
    """The samples that the browser gets of a frame of two pixels."""
    layout = Layout(1, 2, 1, samples, 8, bits, bits - 1, False, photometric, 0, "1.2.840.10008.1.2.1")  # noqa: FBT003
    content, buffers = asked(Viewer(Frames(layout, bytes(values))))
    return content["scene"]["bytes"], list(buffers[0])


def test_what_monochrome1_stores_low_is_shown_bright():
    assert one_frame("MONOCHROME1", 0, 200) == (1, [255, 55])
    assert one_frame("MONOCHROME1", 0, 15, bits=4) == (1, [15, 0])


def test_colours_are_shown_in_colour():
    assert one_frame("RGB", 255, 0, 0, 10, 20, 30, samples=3) == (4, [255, 0, 0, 0, 10, 20, 30, 0])
    # PS3.3 C.7.6.3.1.2: without chrominance (128) it is grey; pure red is (76, 85, 255).
    assert one_frame("YBR_FULL", 90, 128, 128, 76, 85, 255, samples=3) == (4, [90, 90, 90, 0, 254, 0, 0, 0])


# Heads.


def test_only_series_that_show_a_head_are_heads(samples):
    found = heads(dl.scan(samples))
    assert sorted(one.volume.modality for one in found) == ["CT", "MR"]
    assert all(one.label.startswith("patient ") for one in found)


def test_a_face_is_drawn_before_it_is_removed_on_a_screen_only(monkeypatch):
    k, i, j = np.mgrid[:30, :30, :30]
    ball = Volume((((k - 15) ** 2 + (i - 15) ** 2 + (j - 15) ** 2 < 150) * 1000 - 1000).astype(np.float32), AXIAL, "CT")
    mask = SimpleNamespace(mask=ball.array[:15] > 0, affine=AXIAL)
    assert len(views(ball, mask).axes) == 7
    assert len(views(ball, mask, reveal=True).axes) == 14
    assert views(ball, mask)._repr_png_().startswith(b"\x89PNG")
    monkeypatch.setenv(BATCH_VARIABLE, "1")
    with pytest.raises(DicomlabError, match="not revealed in a batch"):
        views(ball, mask, reveal=True)


def test_without_a_mask_there_is_nothing_to_draw():
    with pytest.raises(FaceRefused, match="no mask"):
        views(Volume(np.zeros((2, 2, 2), np.float32), AXIAL), None)
