"""The face of a placed head, as a mask in patient space, and whether it may be trusted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from dicomlab.deface.anatomy import Anatomy, anatomy, box
from dicomlab.deface.head import EYES_APART_MM, LOWER, axes
from dicomlab.deface.looking import STEP_MM, gridded, grounded, scaled, skin_inside, skin_threshold
from dicomlab.deface.placing import Grid, Pose, glanced, placed
from dicomlab.errors import FaceRefused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.recipe import DefaceSettings
    from dicomlab.volume import Volume


# How far down and to the sides a face may reach; how much farther back than what lies deep its skin goes: beside the
# nose, below the mouth (the jaw's corners are as near as a nose that is cut), through a hole; head mm.
_LOWEST_MM, _SIDE_MM, _SKIN_BACK_MM, _MOUTH_MM, _JAW_BACK_MM, _OPEN_BACK_MM = -130.0, 90.0, 8.0, -56.0, 22.0, 38.0
# When it is seen through a hole: down to the mouth; how far aside below the brain, and beside it; so far from it.
_HOLE_MM = (-85.0, -30.0, 50.0, 16.0, 6.0)
_MOST = 0.14  # the part of a head that is removed
_SOCKET_MM, _SOCKET_BACK_MM = 18.0, 8.0
# What a head must show, fitted on real heads in many poses and on what is none; metric and eyes: (not CT, CT).
_METRIC, _OVERLAP, _COVERAGE, _SCALE, _STRETCH = (0.36, 0.43), 0.9, 0.42, (0.64, 1.25), 1.18
_SKULL_MM, _BRAIN, _EYES, _NOSE_MM = 25.0, (0.4, 0.9), (4.5, 2.5), (12.0, 32.0)
# Eyes less clear are believed with a nose, and where fit and skins are such as these. Where skin is dark clearer ones
# are asked for; where eyes are never seen (PET), a brain that outshines the rest.
_EYES_NOSE, _METRIC_NOSE, _FITS, _FAINT, _SHINES = 2.1, 0.4, (0.6, 0.942), (0.5, 11.0), 4.0
_INFANT, _WHOLE = 0.8, 0.97  # MR: below which scale so much must be in view
_SURELY, _HARDLY = (0.3, 0.8, 0.5), 0.15  # mutual information, Dice, coverage of a first impression


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a head lies and what was found in it: the slow part, made once while settings change."""

    pose: Pose
    anatomy: Anatomy
    modality: str


@dataclass(frozen=True)
class Confidence:
    """Why a mask may be trusted, or not: numbers, and the reasons against it."""

    metric: float  # mutual information with the drawn head, nats
    overlap: float  # Dice of the skins
    coverage: float  # of the drawn head in view
    scale: float  # 1 is the drawn adult
    stretch: float  # the longest axis' scale over the shortest's
    brain: float  # part of the upper head
    eyes: float  # how clearly they stand out
    nose: float  # mm before the cheeks
    reasons: tuple[str, ...] = ()

    def numbers(self) -> dict[str, float]:
        """Return the numbers by name."""
        return {name: float(value) for name, value in asdict(self).items() if name != "reasons"}

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the mask."""
        return not self.reasons


@dataclass(frozen=True, eq=False)
class FaceMask:
    """The voxels to remove, on a grid of the head: `affine` takes (k, i, j, 1) to LPS mm."""

    mask: NDArray[np.bool_]
    affine: NDArray[np.float64]
    frame_of_reference: str
    confidence: Confidence
    removed: float  # part of the head within the field of view
    head: NDArray[np.bool_]  # where it was found, on the same grid

    def __repr__(self) -> str:
        """Show numbers, not the UID."""
        return f"FaceMask({int(self.mask.sum())} voxels, {self.removed:.1%} of the head, {self.confidence})"


def register(volume: Volume, *, skin_ct_hu: float = -300, skin_mr: float = 0.45, pose: Pose | None = None) -> Placement:
    """Return where the head lies in a volume and what is found in it; a bad fit shows in the confidence.

    `pose` spares looking for the head, when only what is found there is wanted again.

    Raises
    ------
    FaceRefused
        The modality is not CT, MR or PET.
    """
    if volume.modality not in ("CT", "MR", "PT"):
        raise FaceRefused("only CT, MR and PET are known to show a head; give one of the same Frame of Reference")
    grid = gridded(volume := grounded(volume))
    seen = Grid(scaled(grid.samples, volume.modality), grid.origin, grid.step)

    def found(*, faint: bool) -> Placement:
        threshold = skin_threshold(grid.samples, volume.modality, faint=faint, skin_ct_hu=skin_ct_hu, skin_mr=skin_mr)
        there = pose or placed(seen, skin_inside(grid.samples, threshold, grid.step), ct=volume.modality == "CT")
        return Placement(there, anatomy(volume, there.matrix, threshold), volume.modality)

    usual = found(faint=False)
    if volume.modality == "MR" and not confidence_of(usual).passed:
        # Its skin may be dark beside its brain (fat suppressed, echo planar): believed where the eyes are beyond doubt.
        faint = found(faint=True)
        if confidence_of(faint).passed and faint.pose.metric > _FAINT[0] and faint.anatomy.eyes_clear > _FAINT[1]:
            return faint
    return usual


def is_head(volume: Volume) -> Literal["yes", "no", "unsure"]:
    """Return whether a volume of any modality shows a head, told on a coarse grid.

    A head is never "no", as far as trials went; PET, whose skin is faint, is always "unsure".
    """
    if volume.modality not in ("CT", "MR"):
        return "unsure"
    grid = gridded(grounded(volume), 4.0)
    inside = skin_inside(grid.samples, skin_threshold(grid.samples, volume.modality), grid.step)
    seen = Grid(scaled(grid.samples, volume.modality), grid.origin, grid.step)
    metric, overlap, coverage = glanced(seen, inside, ct=volume.modality == "CT")
    if metric > _SURELY[0] and overlap > _SURELY[1] and coverage > _SURELY[2]:
        return "yes"
    return "no" if metric < _HARDLY else "unsure"


def confidence_of(placement: Placement) -> Confidence:
    """Return the numbers by which a placement is judged, and what speaks against it."""
    pose, found, ct = placement.pose, placement.anatomy, placement.modality == "CT"
    scale, stretch = float(np.prod(pose.scale) ** (1 / 3)), max(pose.scale) / min(pose.scale)
    skull = LOWER[0] + STEP_MM * np.arange(found.inside.shape[0]) > _SKULL_MM
    brain = float(found.brain[skull].sum() / max(1, found.inside[skull].sum()))
    infant = placement.modality == "MR" and scale < _INFANT
    nose = _NOSE_MM[0] < found.nose < _NOSE_MM[1] and pose.metric > _METRIC_NOSE
    fits = pose.metric > _FITS[0] and pose.overlap > _FITS[1]
    face = found.eyes_clear > _EYES[ct] or ((nose or fits) and found.eyes_clear > _EYES_NOSE)
    if placement.modality == "PT":  # shows no eyes
        face = nose and pose.metric > _FITS[0]
    reasons = (
        (pose.metric < _METRIC[ct], "the fit to a head is poor"),
        (pose.overlap < _OVERLAP, "the skin does not lie as a head's does"),
        (pose.coverage < _COVERAGE, "too little of the head is in view"),
        (infant and pose.coverage < _WHOLE, "so small a head must be in view as a whole"),
        (not _SCALE[0] < scale < _SCALE[1] or stretch > _STRETCH, "its size or shape is no head's"),
        (not _BRAIN[0] < brain < _BRAIN[1], "there is no brain within a skull"),
        (found.shines < _SHINES, "the tracer does not show the brain"),
        (not face, "no eyes and no nose are where a face has them"),
    )
    told = pose.metric, pose.overlap, pose.coverage, scale, stretch, brain, found.eyes_clear, found.nose
    return Confidence(*told, tuple(reason for wrong, reason in reasons if wrong))


def face_mask(volume: Volume, settings: DefaceSettings, *, placement: Placement | None = None) -> FaceMask:
    """Return the mask of the face of a head.

    Raises
    ------
    FaceRefused
        The volume is no head, or its face cannot be removed for certain.
    """
    placement = placement or register(volume, skin_ct_hu=settings.skin_ct_hu, skin_mr=settings.skin_mr)
    confidence = confidence_of(placement)
    if not confidence.passed:
        raise FaceRefused("; ".join(confidence.reasons))
    mask = cut(placement.anatomy, settings)
    inside = placement.anatomy.inside
    removed = float((mask & inside).sum() / inside.sum())
    return FaceMask(mask, placement.pose.matrix @ box(), volume.frame_of_reference, confidence, removed, inside)


def cut(found: Anatomy, settings: DefaceSettings) -> NDArray[np.bool_]:
    """Return what is removed: all below a plane that falls from the brow backwards, and the skin below the brow.

    The plane's part ends before it takes too much of the head: the skin is the face, what lies deep is spare.
    """
    z, y, x = axes(STEP_MM)
    # The brow follows the eyes: upwards at once, downwards reluctantly, a sinus taken for an eye must not leave a brow.
    up = z - np.clip(max(found.level, min(0.0, found.level + 8)), -10, 12)
    small = min(1.0, found.scale)  # a small face's skin reaches as far back in the patient's mm
    furthest = (settings.back_mm + _OPEN_BACK_MM) / small
    reach = (up < settings.brow_mm) & (up > _LOWEST_MM), y < furthest, np.abs(x) < _SIDE_MM
    # Only this part of the box is looked at: a tuner asks for the mask at every step of a slider.
    part = tuple(slice(line.argmax(), line.size - line[::-1].argmax()) for line in map(np.ravel, reach))
    down, behind, aside = up[part[0]], y[:, part[1]], x[:, :, part[2]]
    away, front, inside = found.away[part], found.front[part], found.inside[part]
    # No brain lies before an eye: there half of the margin is enough, and the eye goes.
    level = z[part[0]] - found.eyes[2] - 3
    socket = (np.hypot(np.abs(aside) - EYES_APART_MM / 2, level) < _SOCKET_MM) & (behind < _SOCKET_BACK_MM)
    margin = np.where(socket, 0.5, 1) * settings.brain_margin_mm
    face = reach[0][part[0]] & reach[2][:, :, part[2]] & (away > margin)
    # Where the field of view cuts a face open, what is seen through the hole is its skin.
    hole = (down > _HOLE_MM[0]) & (np.abs(aside) < np.where(down < _HOLE_MM[1], *_HOLE_MM[2:4])) & (away > _HOLE_MM[4])
    beside = np.where(down < _MOUTH_MM, _JAW_BACK_MM, _SKIN_BACK_MM)
    back = (settings.back_mm + np.where(hole, _OPEN_BACK_MM, beside)) / small
    skin = face & (front < settings.shell_mm) & (behind < back)
    deep = face & (down < settings.brow_mm - settings.slope * np.maximum(0, behind + 10)) & (behind < settings.back_mm)
    spare = _MOST * found.inside.sum() - (skin & inside).sum()
    rows = np.cumsum((deep & inside & ~skin).sum(axis=(0, 2)))
    deep[:, np.maximum(np.searchsorted(rows, spare), np.searchsorted(behind.ravel(), 0)) :] = False
    mask = np.zeros(found.inside.shape, np.bool_)
    mask[part] = deep | skin
    return mask
