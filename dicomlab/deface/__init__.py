"""Faces in volumes: told from metadata, found, removed, and found to be gone."""

from dicomlab.deface.masking import Confidence, FaceMask, Placement, face_mask, register
from dicomlab.deface.triage import face_risk

__all__ = ["Confidence", "FaceMask", "Placement", "face_mask", "face_risk", "register"]
