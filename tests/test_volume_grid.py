"""From one grid in patient space to another: masks and volumes."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from stacks import turned

from dicomlab.volume import Volume, resampled, sampled

GRID = np.array([[0, 0, 2, 0], [0, 2, 0, 0], [2, 0, 0, 0], [0, 0, 0, 1.0]])  # (slice, row, column) to x, y, z at 2 mm


def affine(plane, spacing, origin=(0, 0, 0)):
    row, column = (np.array(v) for v in plane)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([np.cross(row, column), column, row], axis=1) * spacing
    matrix[:3, 3] = origin
    return matrix


# Masks


@settings(max_examples=30, deadline=None)
@given(mask=arrays.arrays(bool, (3, 4, 5)), angle=st.floats(-180, 180))
def test_a_mask_on_its_own_grid_is_itself(mask, angle):
    own = affine(turned(angle, angle / 2, 10), (2, 1, 0.7), origin=(-50, 3, 8))
    assert (sampled(mask, own, own, mask.shape) == mask).all()


@settings(max_examples=30, deadline=None)
@given(mask=arrays.arrays(bool, (3, 4, 5)), data=st.data())
def test_every_voxel_takes_the_nearest_one_of_the_mask(mask, data):
    turns = [data.draw(st.floats(-180, 180)) for _ in range(3)]
    target = affine(turned(*turns), (1.7, 0.9, 1.1), origin=(-1.3, -2.2, -3.1))
    found = sampled(mask, GRID, target, (4, 6, 5))
    for k, i, j in np.ndindex(4, 6, 5):
        x, y, z, _ = target @ [k, i, j, 1]
        at = np.array([z, y, x]) / 2 + 0.5
        n = np.floor(at).astype(int)
        inside = (n >= 0).all() and (n < mask.shape).all()
        if (np.abs(at - np.rint(at)) > 1e-4).all():  # midway between two voxels either will do
            assert found[k, i, j] == (inside and mask[tuple(n)])


def test_outside_the_grid_of_the_mask_nothing_is_set():
    found = sampled(np.ones((2, 2, 2), dtype=bool), GRID, np.diag([1.0, 1, 1, 1])[[2, 1, 0, 3]], (6, 6, 6))
    # Voxels of 2 mm about 0 and 2 reach from -1 to 3.
    assert found[:3, :3, :3].all()
    assert found.sum() == 27


def test_an_empty_mask_is_empty_everywhere():
    assert not sampled(np.zeros((2, 2, 2), dtype=bool), GRID, GRID, (2, 2, 2), thick=True).any()


def test_a_coarse_mask_makes_no_holes_in_finer_slices():
    mask = np.zeros((4, 4, 4), dtype=bool)
    mask[1:3] = True
    fine = GRID.copy()
    fine[:3, 0] /= 5
    assert sampled(mask, GRID, fine, (20, 4, 4))[:, 0, 0].tolist() == [False] * 3 + [True] * 10 + [False] * 7


@pytest.mark.parametrize(("voxel", "thick_slice"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1), (5, 2), (6, 2), (7, 2)])
def test_a_thick_slice_counts_where_the_mask_is_set_anywhere_in_it(voxel, thick_slice):
    mask = np.zeros((8, 1, 1), dtype=bool)
    mask[voxel] = True  # 2 mm about 2 * voxel
    thick = GRID.copy()
    thick[:3, 0] *= 3  # slices of 6 mm about 0, 6 and 12
    centres = sampled(mask, GRID, thick, (3, 1, 1)).ravel()
    assert np.flatnonzero(centres).tolist() == ([thick_slice] if voxel in {0, 3, 6} else [])
    assert np.flatnonzero(sampled(mask, GRID, thick, (3, 1, 1), thick=True)).tolist() == [thick_slice]


def test_a_frame_has_rows_and_columns_alone():
    mask = np.arange(8).reshape(2, 2, 2) % 3 == 0
    assert sampled(mask, GRID, GRID, (2, 2)).tolist() == mask[0].tolist()


def test_a_mask_reaches_a_large_series_in_two_seconds():
    mask = np.random.default_rng(1).random((100, 120, 110)) < 0.5
    target = affine(turned(5, -8, 12), (0.7, 0.45, 0.45), origin=(0, 0, 0))
    begun = time.process_time()
    assert sampled(mask, GRID, target, (300, 512, 512)).any()
    assert time.process_time() - begun < 2


# Volumes


def ramp(matrix, shape):
    """A volume whose value at x, y, z (mm) is x + 10 y - 5 z."""
    places = np.indices(shape).reshape(3, -1)
    x, y, z, _ = matrix @ np.vstack([places, np.ones(places.shape[1])])
    return Volume((x + 10 * y - 5 * z).reshape(shape).astype(np.float32), matrix, "MR")


@pytest.mark.parametrize("spacing", [(1.0, 0.5, 0.5), (3.0, 0.9, 1.1), (0.4, 0.45, 0.6), (5.0, 4.0, 2.5)])
@pytest.mark.parametrize("turn", [(0, 0, 0), (15, -20, 30), (90, 0, 90)])
def test_a_ramp_stays_a_ramp_in_millimetres(spacing, turn):
    volume = ramp(affine(turned(*turn), spacing, origin=(-20, 7, 100)), (40, 50, 52))
    new = resampled(volume, 2.0, fill=1e6)
    assert new.affine[:3, :3].tolist() == [[0, 0, 2], [0, 2, 0], [2, 0, 0]]
    wanted = ramp(new.affine, new.array.shape).array
    # Away from the rim, where the last voxel is repeated.
    places = np.indices(new.array.shape).reshape(3, -1)
    back = np.linalg.inv(volume.affine) @ new.affine @ np.vstack([places, np.ones(places.shape[1])])
    from_rim = np.minimum(back[:3].T, np.array([39, 49, 51]) - back[:3].T)
    inner = (from_rim > 5 / np.array(spacing)).all(axis=1)
    assert inner.any()
    assert np.abs(new.array - wanted).reshape(-1)[inner].max() < 0.01


def test_a_volume_that_lies_on_such_a_grid_is_itself():
    values = np.random.default_rng(5).normal(size=(4, 5, 6)).astype(np.float32)
    volume = Volume(values, affine(((1, 0, 0), (0, 1, 0)), (2, 2, 2), origin=(-7, 3, 9)), "MR")
    new = resampled(volume, 2.0)
    assert new.affine == pytest.approx(volume.affine)
    assert new.array == pytest.approx(values, abs=1e-5)


def test_a_resampled_grid_covers_the_volume_and_is_filled_outside():
    volume = Volume(np.full((10, 10, 10), 5, np.float32), affine(turned(0, 0, 45), (1, 1, 1)), "MR")
    new = resampled(volume, 1.0, fill=-7)
    assert new.array.shape == (10, 15, 15)  # 10 mm across the corner are 14.1
    assert set(np.unique(new.array)) == {-7, 5}
    assert (new.array == 5).sum() == pytest.approx(1000, rel=0.05)
    assert (new.modality, new.places) == ("MR", ())


def test_a_pattern_finer_than_the_new_grid_becomes_its_mean_and_no_moire():
    checks = (np.indices((40, 80, 80)).sum(axis=0) % 2 * 100).astype(np.float32)
    new = resampled(Volume(checks, affine(turned(0, 0, 20), (1, 0.5, 0.5)), "CT"), 2.2, fill=50)
    assert np.abs(new.array - 50).max() < 2
