"""Faces in volumes: told from metadata, found, removed, and found to be gone."""

from dicomlab.deface.triage import face_risk

__all__ = ["face_risk"]
