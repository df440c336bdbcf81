"""Two simple ways to mark a region: what they can do, and how they fail."""

from __future__ import annotations

import numpy as np
import pytest

from dicomlab.deface import region_growing, threshold_mask


def test_a_threshold_keeps_the_largest_body_and_fills_its_holes():
    samples = np.zeros((9, 9, 9))
    samples[2:7, 2:7, 2:7] = 10
    samples[4, 4, 4] = 0  # a hole
    samples[0, 0, 0] = 10  # another body
    found = threshold_mask(samples, 5, open_by=0)
    assert found.sum() == 125
    assert found[4, 4, 4]
    assert not found[0, 0, 0]


def test_opening_cuts_the_bridge_to_a_table_which_without_it_belongs_to_the_body():
    samples = np.zeros((9, 9, 15))
    samples[1:8, 1:8, 1:8] = 10
    samples[4, 4, 8:12] = 10  # the bridge
    samples[2:7, 2:7, 12:14] = 10  # the table
    assert threshold_mask(samples, 5, open_by=0)[4, 4, 12]
    assert not threshold_mask(samples, 5, open_by=1)[4, 4, 12]


def test_nothing_above_the_threshold_is_nothing():
    assert not threshold_mask(np.zeros((3, 3, 3)), 5).any()


def test_growing_stays_within_the_tolerance_and_leaks_where_values_are_alike():
    samples = np.array([[[0, 5, 6, 7, 40, 7]]], float)
    assert region_growing(samples, (0, 0, 2), 1).tolist() == [[[False, True, True, True, False, False]]]
    assert region_growing(samples, (0, 0, 2), 50).all()


def test_growing_stops_after_so_many_rings():
    assert region_growing(np.zeros((1, 1, 9)), (0, 0, 4), 1, most=2).sum() == 5
    assert region_growing(np.zeros((1, 1, 9)), (0, 0, 4), 1, most=0).sum() == 1


def test_a_seed_outside_the_volume_is_an_error():
    with pytest.raises(IndexError, match="outside the volume"):
        region_growing(np.zeros((2, 2, 2)), (0, 0, 2), 1)
