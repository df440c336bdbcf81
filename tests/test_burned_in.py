"""Which pixels may show text that identifies, told from metadata alone (PS3.15 E.3.1)."""

from __future__ import annotations

import pytest

from dicomlab.burned_in import text_risk

CLASS = "1.2.840.10008.5.1.4.1.1."


@pytest.mark.parametrize(
    "attributes",
    [
        {"SOPClassUID": CLASS + "6.1"},  # Ultrasound Image Storage
        {"SOPClassUID": CLASS + "3.1"},  # Ultrasound Multi-frame
        {"SOPClassUID": CLASS + "7"},  # Secondary Capture
        {"SOPClassUID": CLASS + "7.4"},  # Multi-frame True Color Secondary Capture
        {"SOPClassUID": CLASS + "77.1.4"},  # VL Photographic
        {"SOPClassUID": CLASS + "77.1.1.1"},  # Video Endoscopic
        {"SOPClassUID": CLASS + "77.1.6"},  # VL Whole Slide Microscopy: labels
        {"SOPClassUID": CLASS + "2", "Modality": "US"},
        {"SOPClassUID": CLASS + "2", "BurnedInAnnotation": "YES"},
        {"SOPClassUID": CLASS + "2", "BurnedInAnnotation": "yes"},
        {"SOPClassUID": CLASS + "2", "ImageType": "DERIVED\\SECONDARY\\SCREEN SAVE"},
        {"SOPClassUID": CLASS + "2", "ImageType": "derived\\secondary\\dose report"},
    ],
)
def test_pixels_that_commonly_show_text_are_at_risk(attributes):
    assert text_risk(attributes)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"SOPClassUID": CLASS + "2", "Modality": "CT", "ImageType": "ORIGINAL\\PRIMARY\\AXIAL"},
        {"SOPClassUID": CLASS + "4", "Modality": "MR", "BurnedInAnnotation": "NO"},
        {"SOPClassUID": CLASS + "66.4", "Modality": "SEG"},
    ],
)
def test_other_pixels_are_not(attributes):
    assert text_risk(attributes) is None


def test_the_sources_own_no_clears_nothing():
    assert text_risk({"SOPClassUID": CLASS + "6.1", "BurnedInAnnotation": "NO"})


@pytest.mark.parametrize(
    ("syntax", "risk"),
    [
        ("1.2.840.10008.1.2.4.100", True),  # MPEG-2
        ("1.2.840.10008.1.2.4.102", True),  # MPEG-4
        ("1.2.840.10008.1.2.4.107", True),  # HEVC
        ("1.2.840.10008.1.2.4.102.1", True),  # fragmentable
        ("1.2.840.10008.1.2.4.90", False),  # JPEG 2000
        ("1.2.840.10008.1.2.1", False),
    ],
)
def test_video_is_at_risk(syntax, risk):
    assert bool(text_risk({"SOPClassUID": CLASS + "2"}, transfer_syntax=syntax)) is risk


def test_an_overlay_in_unused_bits_is_a_risk():
    assert text_risk({"SOPClassUID": CLASS + "2"}, hidden_overlay=True)


def test_a_reason_quotes_no_value():
    assert "Quistgaard" not in text_risk({"ImageType": "DERIVED\\SECONDARY\\CAPTURE QUISTGAARD Quistgaard"})
