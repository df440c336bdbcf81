"""What a tissue looks like: one number for each, per kind of image."""

from __future__ import annotations

from collections.abc import Mapping

_TISSUES = (
    "outside", "hair", "device", "fat", "skin", "muscle", "bone", "marrow", "air", "csf", "grey", "white", "globe",
    "lens", "tooth", "ventricle", "organ", "vessel", "water", "insert", "lung",
)  # fmt: skip
_HU = (-1000, -780, 90, -95, 25, 52, 1050, 420, -990, 6, 39, 29, 12, 75, 1900, 6, 55, 45, 0, 300, -820)
_T1 = (0, 40, 4, 800, 430, 290, 40, 380, 6, 95, 370, 560, 130, 240, 25, 95, 330, 120, 150, 500, 20)
_T2 = (0, 30, 4, 520, 260, 130, 25, 260, 6, 900, 450, 330, 860, 180, 15, 900, 260, 60, 900, 250, 15)
_FLAIR = (0, 30, 4, 500, 250, 180, 25, 250, 6, 60, 420, 330, 110, 190, 15, 60, 260, 90, 120, 260, 15)
_PD = (0, 35, 4, 560, 380, 330, 35, 330, 6, 560, 620, 500, 560, 330, 20, 560, 400, 200, 640, 300, 20)
_PET = (0, 0, 0, 0.4, 0.8, 1.1, 0.4, 0.8, 0.1, 0.6, 9.0, 3.2, 0.8, 0.6, 0.2, 0.6, 2.2, 1.6, 1, 4, 0.5)

CONTRASTS: Mapping[str, Mapping[str, float]] = {
    name: dict(zip(_TISSUES, map(float, values), strict=True))
    for name, values in (("CT", _HU), ("T1", _T1), ("T2", _T2), ("FLAIR", _FLAIR), ("PD", _PD), ("PET", _PET))
}
"""Tissue to value: HU for CT (water 0 and air -1000 by definition), SUV for PET, arbitrary units for MR."""

BRAIN: Mapping[str, float] = {t: float(t in ("grey", "white", "ventricle")) for t in _TISSUES}
"""1 in the brain, 0 elsewhere."""
EYES: Mapping[str, float] = {t: float(t in ("globe", "lens")) for t in _TISSUES}
"""1 in the globes, 0 elsewhere."""
BODY: Mapping[str, float] = {t: float(t not in ("outside", "hair", "device")) for t in _TISSUES}
"""1 in the head and the air inside it, 0 elsewhere."""


def modality(contrast: str) -> str:
    """Return the Modality (PS3.3 C.7.3.1.1.1) of a contrast: CT, MR or PT."""
    return {"CT": "CT", "PET": "PT"}.get(contrast, "MR")
