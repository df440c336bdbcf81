"""Synthetic heads and what is no head, with the truth beside them: to test how faces are removed."""

from dicomlab.forge.heads.forging import FIELDS_OF_VIEW, forge_head
from dicomlab.forge.heads.scanning import PLANES, Quality
from dicomlab.forge.heads.truth import Landmarks, SyntheticHead, Truth

__all__ = ["FIELDS_OF_VIEW", "PLANES", "Landmarks", "Quality", "SyntheticHead", "Truth", "forge_head"]
