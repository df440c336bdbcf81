"""Text burned in to pixels: told from metadata, found, blanked, and found to be gone."""

from dicomlab.burned_in.triage import text_risk

__all__ = ["text_risk"]
