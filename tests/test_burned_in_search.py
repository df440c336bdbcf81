"""Text is found wherever it stands, and what only looks like it is left alone (PS3.15 E.3.1)."""

from __future__ import annotations

import socket
import subprocess
import sys

import cv2
import numpy as np
import pytest

from dicomlab.burned_in import find_text, networks, regions_to_blank, residual_text
from dicomlab.pixels import Frames, Layout, Palette
from dicomlab.recipe import BurnedIn
from dicomlab.records import Region

SETTINGS = BurnedIn()
NAME = "Doe^Jane 12.03.1956"
EXPLICIT = "1.2.840.10008.1.2.1"


def instance(*arrays, photometric="MONOCHROME2", stored=8, signed=False, palette=None):
    first = arrays[0]
    allocated = first.dtype.itemsize * 8
    samples = 3 if first.ndim == 3 else 1
    rows, columns = first.shape[:2]
    layout = Layout(
        rows, columns, len(arrays), samples, allocated, stored, stored - 1, signed, photometric, 0, EXPLICIT
    )
    return Frames(layout, b"".join(a.tobytes() for a in arrays), palette=palette)


def written(picture, text, at, *, level=255, size=0.6):
    """Write a line with its lower left corner at `at` (x, y); return its box."""
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    ink = np.zeros(picture.shape[:2], np.uint8)
    cv2.putText(ink, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, 255, 1, cv2.LINE_AA)
    share = (ink / 255).reshape(*ink.shape, *[1] * (picture.ndim - 2))
    picture[...] = (picture + (np.array(level) - picture) * share).astype(picture.dtype)
    return at[0], at[1] - height, at[0] + width, at[1] + below // 2


def speckle(shape=(240, 360), seed=1, level=50):
    noise = np.random.default_rng(seed).normal(size=(2, *shape)).astype(np.float32)
    soft = np.hypot(*(cv2.GaussianBlur(n, (0, 0), 1.2) for n in noise))
    return np.clip(soft / soft.mean() * level, 0, 200)


def covered(box, regions, frame=0):
    """Return which share of a box regions cover on a frame."""
    x0, y0, x1, y1 = box
    left = np.ones((y1 - y0, x1 - x0), bool)
    for r in regions:
        if r.frame in (None, frame):
            left[max(r.y0 - y0, 0) : max(r.y1 - y0, 0), max(r.x0 - x0, 0) : max(r.x1 - x0, 0)] = False
    return 1 - left.mean()


def found(frames, **more):
    return regions_to_blank(find_text(frames, SETTINGS, **more), SETTINGS, ())


def turned(picture):
    return np.ascontiguousarray(np.rot90(picture))


@pytest.mark.parametrize("level", [255, 0])
def test_white_and_black_letters_are_found(level):
    picture = np.full((240, 360), 255 - level, np.uint8)
    box = written(picture, NAME, (40, 60), level=level)
    assert covered(box, found(instance(picture))) > 0.95


def test_faint_letters_over_speckle_are_found():
    picture = speckle(level=40)
    layer = np.zeros_like(picture)
    box = written(layer, NAME, (20, 120), level=70, size=0.9)
    picture += layer
    assert covered(box, found(instance(picture.astype(np.uint8)))) > 0.95


def test_letters_at_the_stored_maximum_do_not_hide_those_in_the_range_of_the_tissue():
    picture = speckle(level=300)
    top = written(picture, NAME, (20, 40), level=65535)
    low = written(picture, "Mueller Hans 4711082", (20, 180), level=900, size=0.7)
    regions = found(instance(picture.astype(np.uint16), stored=16))
    assert min(covered(top, regions), covered(low, regions)) > 0.95


def test_signed_samples_and_inverted_brightness_make_no_difference():
    picture = speckle(level=300)
    box = written(picture, NAME, (20, 40), level=2000)
    signed = (picture - 1024).astype(np.int16)
    assert covered(box, found(instance(-signed, photometric="MONOCHROME1", stored=16, signed=True))) > 0.95


def test_letters_that_differ_from_what_is_behind_them_in_colour_only_are_found():
    picture = np.empty((240, 360, 3), np.uint8)
    picture[:] = (118, 60, 60)  # luminance 77
    box = written(picture, NAME, (30, 100), level=(30, 103, 60), size=0.7)  # luminance 76
    assert covered(box, found(instance(picture, photometric="RGB"))) > 0.95


def test_colours_stored_as_luminance_and_chroma_are_seen_as_colours():
    picture = np.zeros((240, 360, 3), np.uint8)
    box = written(picture, NAME, (30, 100), level=(0, 0, 255))
    stored = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]]
    assert covered(box, found(instance(np.ascontiguousarray(stored), photometric="YBR_FULL"))) > 0.95


def test_letters_that_stand_in_the_indices_of_a_palette_but_not_in_its_colours_are_found():
    picture = np.full((240, 360), 20, np.uint8)
    box = written(picture, NAME, (30, 100), level=240)
    same = Palette(0, np.full((256, 3), 9000, np.float32))
    assert covered(box, found(instance(picture, photometric="PALETTE COLOR", palette=same))) > 0.95


def test_lines_on_their_side_are_found():
    picture = np.zeros((360, 240), np.uint8)
    written(picture, NAME, (10, 100))
    box = (100 - 14, 240 - 190, 100, 240 - 12)  # where the line's middle lies once turned
    assert covered(box, found(instance(turned(picture)))) > 0.9


def test_small_letters_in_the_corner_of_a_wide_image_are_found():
    picture = speckle((160, 2600), level=60).astype(np.uint8)  # wider than the network is given at once
    picture[120:, 2300:] = 0
    box = written(picture, NAME, (2400, 150), size=0.45)
    assert covered(box, found(instance(picture))) > 0.95


def test_what_stands_on_all_frames_is_one_region_for_all():
    frames = [speckle((160, 240), seed).astype(np.uint8) for seed in range(6)]
    boxes = [written(f, "Doe^Jane 1956", (20, 40)) for f in frames]
    regions = found(instance(*frames))
    assert covered(boxes[0], [r for r in regions if r.frame is None]) > 0.95


def test_what_stands_on_one_frame_is_found_there():
    frames = [speckle((160, 240), seed, level=30).astype(np.uint8) for seed in range(6)]
    box = written(frames[4], "Doe^Jane 1956", (20, 120))
    regions = found(instance(*frames))
    assert covered(box, regions, 4) > 0.95
    assert covered(box, regions, 1) < 0.5


def test_what_moves_is_found_on_every_frame():
    frames = [speckle((160, 260), seed, level=30).astype(np.uint8) for seed in range(6)]
    boxes = [written(f, "Doe^Jane 1956", (5 + 7 * n, 40 + 6 * n)) for n, f in enumerate(frames)]
    regions = found(instance(*frames))
    assert min(covered(b, regions, n) for n, b in enumerate(boxes)) > 0.95


def grid():
    picture = np.zeros((300, 400), np.uint8)
    picture[::20] = picture[:, ::20] = 180
    return picture


def ruler():
    picture = speckle((300, 400), level=20).astype(np.uint8)
    picture[10:290:8, 380:390] = 255
    picture[10:290:40, 370:390] = 255
    return picture


def trace():
    x = np.arange(400)
    beat = 60 * np.exp(-(((x % 90 - 40) / 3.0) ** 2)) + 8 * np.sin(x % 90 / 9)
    picture = np.zeros((300, 400), np.uint8)
    cv2.polylines(picture, [np.stack([x, 200 - beat], axis=1).astype(np.int32)], isClosed=False, color=220)
    return picture


def calipers():
    picture = speckle((300, 400)).astype(np.uint8)
    for at in ((60, 80), (300, 90), (120, 250), (310, 240)):
        cv2.drawMarker(picture, at, 255, cv2.MARKER_CROSS, 15)
    cv2.line(picture, (60, 80), (310, 240), 200)
    return picture


def bars():
    picture = np.zeros((300, 400), np.uint8)
    for n in range(10):
        picture[40:260, 30 * n + 40 : 30 * n + 70] = 25 * n
    return picture


@pytest.mark.parametrize("picture", [grid, ruler, trace, calipers, bars])
def test_drawings_without_words_are_no_text(picture):
    regions = found(instance(picture()))
    assert sum((r.x1 - r.x0) * (r.y1 - r.y0) for r in regions) < 0.003 * 300 * 400


def test_the_proof_finds_what_was_not_blanked_and_nothing_where_all_was():
    picture = speckle().astype(np.uint8)
    box = written(picture, NAME, (30, 60), level=255)
    regions = found(instance(picture))
    assert residual_text(instance(picture), SETTINGS, regions=())
    assert residual_text(instance(picture), SETTINGS, regions=regions)  # claimed, not done
    for r in regions:
        picture[r.y0 : r.y1, r.x0 : r.x1] = 0
    assert covered(box, regions) == 1
    assert not residual_text(instance(picture), SETTINGS, regions=regions)


def test_models_are_loaded_and_used_without_a_network(monkeypatch):
    def refuse(*_, **__):
        pytest.fail("the network was asked for")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    networks._session.cache_clear()
    picture = np.zeros((64, 320, 3), np.uint8)
    written(picture, "4711", (20, 40), level=(255, 255, 255), size=1)
    assert networks.text_map(picture).max() > 0.5
    assert networks.read([picture[10:50, 10:110]])[0][0] == "4711"


def test_importing_the_package_loads_no_network_and_no_vision_library():
    asked = "import sys, dicomlab.burned_in; print({'cv2', 'onnxruntime', 'rapidocr'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


def test_a_region_of_another_frame_does_not_hide_text_from_the_proof():
    frames = [np.zeros((120, 300), np.uint8) for _ in range(2)]
    box = written(frames[1], NAME, (20, 60))
    assert any(t.region.frame == 1 for t in residual_text(instance(*frames), SETTINGS, regions=[Region(*box, frame=0)]))
