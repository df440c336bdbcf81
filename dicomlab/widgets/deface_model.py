"""What a person tries and decides about the face of one head: plain values, no browser.

The slow part, finding the head, is done once; a change of the settings makes the mask anew. A decision stands in the
recipe as a `FaceDecision` about the subject, or as the settings for all heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from dicomlab import deface
from dicomlab.deface.rendering import shaded
from dicomlab.errors import FaceRefused, RecipeError
from dicomlab.recipe import Deface, DefaceSettings, FaceDecision, Recipe, fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.volume import Volume

OPTION = "clean-recognizable-visual-features"
# How the settings are called for people, with unit and step; others are called as they are in a recipe.
_NAMES = {
    "skin_ct_hu": ("skin threshold", "HU", 10.0),
    "skin_mr": ("skin threshold", "× Otsu's", 0.05),
    "brow_mm": ("brow height", "mm", 1.0),
    "slope": ("slope", "", 0.05),
    "back_mm": ("back limit", "mm", 1.0),
    "shell_mm": ("shell depth", "mm", 1.0),
    "brain_margin_mm": ("brain margin", "mm", 0.5),
}
# What numbers are called for people, with how they are written; others are called as they are.
_FIT = {
    "removed": ("part of the head removed", ".1%"),
    "metric": ("fit: mutual information", ".2f"),
    "overlap": ("fit: overlap of the skin", ".1%"),
    "coverage": ("head within the field of view", ".1%"),
    "scale": ("size, 1 is the drawn adult", ".2f"),
    "brain": ("brain within the skull", ".1%"),
    "eyes": ("eyes, how clearly seen", ".2f"),
    "nose": ("nose before the cheeks, mm", ".0f"),
}
_LEFT = {
    "left": ("face left, the worst view", ".1%"),
    "left_front": ("face left, from the front", ".1%"),
    "skin": ("skin of the face gone", ".1%"),
    "eyes": ("eyes gone", ".1%"),
    "moved_mm": ("surface moved back, mm", ".0f"),
    "brain": ("brain changed", ".2%"),
    "outside": ("voxels changed outside", ".0f"),
    "rays": ("rays that met the face", ".0f"),
}
# These change what is found in the head: it takes a second, so it is done when the slider is let go.
SLOW = frozenset({"skin_ct_hu", "skin_mr"})


@dataclass(frozen=True, slots=True)
class Slider:
    """One setting as a person sees it, with the bounds that the recipe gives it."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    step: float
    slow: bool


def sliders(modality: str) -> tuple[Slider, ...]:
    """Return the settings that matter for a modality."""
    spare = "skin_mr" if modality == "CT" else "skin_ct_hu"
    made = []
    for name, about in DefaceSettings.model_fields.items():
        if name == spare:
            continue
        label, unit, step = _NAMES.get(name, (name, "", 0.5))
        bounds = {
            kind: getattr(one, kind) for one in about.metadata for kind in ("ge", "gt", "le") if hasattr(one, kind)
        }
        low = bounds.get("ge", bounds.get("gt", 0.0) + step)
        made.append(Slider(name, label, unit, low, bounds.get("le", 100.0), step, name in SLOW))
    return tuple(made)


@dataclass(frozen=True, eq=False)
class Tried:
    """What settings make of a head: the mask, or why there is none.

    `inside`: the head, boolean, as the mask. `facts`: what is known at once, named and written for people.
    """

    settings: DefaceSettings
    face: deface.FaceMask | None
    inside: NDArray[np.bool_]
    refused: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def profile(self) -> NDArray[np.uint8]:
        """The head from its left side, see `profile`."""
        return profile(self.inside, np.zeros_like(self.inside) if self.face is None else self.face.mask)


def placed(volume: Volume, settings: DefaceSettings, old: deface.Placement | None = None) -> deface.Placement:
    """Return where the head lies and what is found in it; with an old placement the head is not looked for again."""
    pose = old.pose if old else None
    return deface.register(volume, skin_ct_hu=settings.skin_ct_hu, skin_mr=settings.skin_mr, pose=pose)


def tried(volume: Volume, settings: DefaceSettings, placement: deface.Placement) -> Tried:
    """Return what the settings make of the head."""
    inside = placement.anatomy.inside
    try:
        face = deface.face_mask(volume, settings, placement=placement)
    except FaceRefused as refusal:
        return Tried(settings, None, inside, str(refusal))
    facts = told({"removed": face.removed, **face.confidence.numbers()}, _FIT)
    return Tried(settings, face, inside, "", facts)


def profile(inside: NDArray[np.bool_], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the head from its left side: as it was, where the mask is met (0 or 1), and after.

    Arrays are (z, y, x), ascending to head, back and left. The result is uint8 (3, rows from the top, columns from the
    front).
    """
    from_left, removed = np.ascontiguousarray(inside[:, :, ::-1]), np.ascontiguousarray(mask[:, :, ::-1])
    before = _depths(from_left)
    met = np.where(np.isfinite(before), before, 0).astype(np.intp)
    taken = np.take_along_axis(removed, met[:, :, None], axis=2)[:, :, 0] & np.isfinite(before)
    return np.stack([shaded(before), taken[::-1].astype(np.uint8), shaded(_depths(from_left & ~removed))])


def _depths(solid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return how many samples a ray along the last axis travels before it meets something; infinite where nothing."""
    first = solid.argmax(axis=2)
    met = np.take_along_axis(solid, first[:, :, None], axis=2)[:, :, 0]
    return np.where(met, first, np.inf).astype(np.float32)


def scores(volume: Volume, face: deface.FaceMask) -> Mapping[str, str]:
    """Return what is left of the face after the mask, seen in the volumes; it takes seconds."""
    found = deface.check(volume, deface.deface(volume, face), face)
    verdict = "passed" if found.passed else f"failed: {'; '.join(found.reasons)}"
    return {"check": verdict, **told(found.numbers(), _LEFT)}


def told(numbers: Mapping[str, float], names: Mapping[str, tuple[str, str]]) -> Mapping[str, str]:
    """Return numbers named and written for people; `names`: what each is called, and how it is written."""
    named = {name: names.get(name, (name.replace("_", " "), ".3g")) for name in numbers}
    return {label: format(numbers[name], form) for name, (label, form) in named.items()}


def subject(volume: Volume) -> str:
    """Return what stands for the subject in a recipe."""
    return fingerprint(volume.frame_of_reference)


def settings_of(recipe: Recipe, volume: Volume) -> DefaceSettings:
    """Return what the recipe says for this head."""
    return (recipe.deface or Deface()).for_subject(subject(volume))


def with_settings(
    recipe: Recipe, volume: Volume, settings: DefaceSettings, *, reason: str, everyone: bool = False
) -> Recipe:
    """Return the recipe with settings for this subject, or for every head, and the option that lets a run obey.

    Raises
    ------
    RecipeError
        There is no reason, or the recipe cannot be obeyed so.
    """
    if not reason.strip():
        raise RecipeError("a decision needs a reason; write in a few words why")
    block = recipe.deface or Deface()
    own = [one for one in block.decisions if one.subject != subject(volume)]
    changed: dict[str, Any] = settings.model_dump() if everyone else block.model_dump(exclude={"decisions"})
    if not everyone:
        own.append(FaceDecision(subject=subject(volume), reason=reason.strip(), settings=settings))
    return recipe.with_changes(
        options=(*recipe.options, *([] if OPTION in recipe.options else [OPTION])),
        deface={**changed, "decisions": [one.model_dump() for one in own]},
    )


def checked(settings: DefaceSettings, **changes: float) -> DefaceSettings:
    """Return settings with some changed, within the bounds of the recipe.

    Raises
    ------
    RecipeError
        There is no such setting, or it is out of its bounds.
    """
    try:
        return DefaceSettings(**{**settings.model_dump(), **changes})
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)[0]
        raise RecipeError(f"{told['loc'][-1]}: {told['msg']}") from None
