"""Forge a head: a person, held in some way, seen by some scanner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from dicomlab.forge.draw import Draw
from dicomlab.forge.heads.anatomy import BROW, CHIN, HeadShape, head, own_points
from dicomlab.forge.heads.contrasts import CONTRASTS
from dicomlab.forge.heads.painting import paint
from dicomlab.forge.heads.persons import person
from dicomlab.forge.heads.scanning import PLANES, Quality, grid, rest, scan, spoiled, turn
from dicomlab.forge.heads.truth import Landmarks, Matrix, SyntheticHead, Truth
from dicomlab.forge.shapes import Points

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What a field of view must hold, in the average head: vertex, occiput, nose, chin, ears, sides, nape.
_EXTENT = np.array([
    (0, -28, 101), (0, -122, 0), (0, 110, -72), (0, 93, -140), (96, -34, -40), (-96, -34, -40), (85, -20, 15),
    (-85, -20, 15), (0, -92, -75), (60, 20, -140), (-60, 20, -140), (0, 90, 20), (0, 62, 75),
    (0, -95, 62), (58, 72, 0), (-58, 72, 0), (60, -30, 78), (-60, -30, 78),
    (0, -106, -115), (64, -40, -125), (-64, -40, -125),
], float)  # fmt: skip
_CUTS: Mapping[str, tuple[str, tuple[float, float, float]]] = {
    "chin": ("bottom", (0, 70, -88)),  # through the upper lip: the chin is missing
    "nose": ("front", (0, 92, -70)),  # the tip of the nose lies outside
    "vault": ("top", (0, -10, 50)),
    "brain": ("bottom", (0, 60, -62)),  # through the nose
    "neck": ("bottom", (0, 0, -230)),
}
FIELDS_OF_VIEW = ("full", *_CUTS)
_FLIP = np.diag((-1.0, -1.0, 1.0, 1.0))  # RAS to LPS and back
_FORAMEN = -68.0  # mm: below it the stem is a cord


def forge_head(  # noqa: PLR0913 - each is a thing that a test wants to vary
    seed: int,
    *,
    contrast: str = "T1",
    age: float = 40,
    pose: tuple[float, float, float] = (0, 0, 0),
    fov: str = "full",
    table: bool = False,
    spacing: tuple[float, float, float] = (1, 1, 1),
    plane: str = "axial",
    quality: Quality | None = None,
) -> SyntheticHead:
    """Return the head of an invented person as a scanner would see it, with what is true of it.

    Parameters
    ----------
    seed
        Who; person and place depend on seed and age alone, so several series of one head fit each other.
    contrast
        CT, T1, T2, FLAIR, PD or PET.
    age
        Years.
    pose
        Pitch (positive: chin up), yaw and roll in degrees. The neck follows half way.
    fov
        "full" from vertex to chin; "neck" further down; cut at "chin", "nose", "vault", or below the "brain".
    table
        Whether a CT shows headrest and table.
    spacing
        Between slices, rows and columns, mm.
    plane
        axial, sagittal, coronal or oblique.
    quality
        What spoils the image; drawn from the seed by default.

    Raises
    ------
    ValueError
        When a word is none of those.
    """
    for word, words in ((contrast, (*CONTRASTS,)), (fov, FIELDS_OF_VIEW), (plane, (*PLANES,))):
        if word not in words:
            raise ValueError(f"{word!r} is none of {', '.join(words)}")
    draw = Draw(seed, "scan", contrast, plane)
    quality = quality or Quality.drawn(draw.sub("quality"), contrast)
    shape = replace(person(seed, age), hair=quality.hair, earphones=quality.earphones, neck_bend=-pose[0] / 2)
    upright, landmarks = np.eye(4), _landmarks(shape)
    place = Draw(seed, "place")
    upright[:3, :3] = turn(*pose).T
    upright[:3, 3] = -upright[:3, :3] @ [place.uniform(-15, 15), place.uniform(-30, 10), place.uniform(-40, 20)]
    patient = np.linalg.inv(upright)
    cuts = (
        [(side, _placed(np.array([point]), shape, patient)[0]) for side, point in (_CUTS[fov],)] if fov in _CUTS else []
    )
    affine, size = grid(_placed(_EXTENT, shape, patient), plane, spacing, draw.sub("oblique"), cuts=cuts)
    image, brain, body = scan(head(shape), _FLIP @ upright, affine, size=size, contrast=contrast)
    if table and contrast == "CT":
        extent = _placed(_EXTENT, shape, patient)
        image = rest(
            image, body, affine, back=float(extent[:, 1].max()), middle=(float(patient[0, 3]), float(patient[2, 3]))
        )
    eyes = _placed(np.array([shape.eye, (-shape.eye[0], *shape.eye[1:])]), shape, patient)
    low = cuts[0][1] if cuts and cuts[0][0] == "bottom" else None
    truth = Truth(
        upright, _cut(landmarks, low, upright), _cut(_seen(landmarks, shape, patient, eyes), low, np.eye(4)), eyes,
        _whole_brain(brain, affine, _FLIP @ upright, shape),
    )  # fmt: skip
    array = spoiled(image, affine, contrast, quality=quality, draw=draw.sub("noise"))
    return SyntheticHead(array, affine, contrast, f"head_{seed}_{contrast}_{plane}".lower(), age, truth)


def _placed(points: Matrix, shape: HeadShape, patient: Matrix) -> Matrix:
    """Return patient positions (LPS) of points of the average head (RAS)."""
    factor = np.array((shape.width, shape.length, shape.height))
    at = points * factor
    for _ in range(12):
        p = own_points(Points(at[:, 0], at[:, 1], at[:, 2]), shape)
        at = at + (points - np.stack([p.x, p.y, p.z], 1)) * factor * 0.8
    return np.asarray(at * (-1, -1, 1) @ patient[:3, :3].T + patient[:3, 3])


def _landmarks(shape: HeadShape) -> Landmarks:
    return _seen(
        None, shape, np.eye(4), _placed(np.array([shape.eye, (-shape.eye[0], *shape.eye[1:])]), shape, np.eye(4))
    )


def _seen(known: Landmarks | None, shape: HeadShape, patient: Matrix, eyes: Matrix) -> Landmarks:
    """Return the landmarks along the patient's axes."""
    marks = _placed(np.array([(0.0, 86, BROW), (0, 86, CHIN + 8)]), shape, patient)
    mid, eye_z = eyes[:, 0].mean(), eyes[:, 2].mean()
    half = known.hw if known else 50 * shape.width
    return Landmarks(float(mid), float(marks[0, 2]), float(marks[1, 2]), half, float(eye_z),
                     float(abs(eyes[0, 0] - eyes[1, 0]) / 2))  # fmt: skip


def _cut(marks: Landmarks, low: Matrix | None, to_frame: Matrix) -> Landmarks:
    """Return landmarks whose face ends where the field of view does."""
    if low is None:
        return marks
    return replace(marks, bot=max(marks.bot, float(to_frame[2, :3] @ low + to_frame[2, 3]) + 3))


def _whole_brain(share: NDArray[np.float32], affine: Matrix, to_body: Matrix, shape: HeadShape) -> NDArray[np.bool_]:
    """Return the brain without the cord, its furrows filled."""
    out = share > 0.5  # noqa: PLR2004 - half a voxel
    found = ndimage.find_objects(out.astype(np.uint8))
    if not found:
        return out
    box = tuple(slice(max(s.start - 3, 0), s.stop + 3) for s in found[0])
    step = np.linalg.norm(affine[:3, :3], axis=0)
    out[box] |= ndimage.gaussian_filter(share[box], 2.0 / step) > 0.45  # noqa: PLR2004 - closes what is narrow
    row = (to_body @ affine)[2]
    k, i, j = np.ogrid[: out.shape[0], : out.shape[1], : out.shape[2]]
    return np.asarray(out & (k * row[0] + i * row[1] + j * row[2] + row[3] > _FORAMEN * shape.height))


TEMPLATE_LABELS = {"air": 0, "skin": 1, "skull": 2, "brain": 3, "eyes": 4}


def template(spacing: float = 2.0, contrast: str = "T1") -> tuple[NDArray[np.float32], NDArray[np.uint8], Matrix]:
    """Return the mean adult head without noise: values, labels (`TEMPLATE_LABELS`), 4x4 index to mm in RAS.

    Axes are (z, y, x), the anterior commissure lies at 0; the size is that of an atlas' head. "skin" is
    every tissue of the head that has no other label, with the air in it.
    """
    low, high = np.array((-110.0, -150, -190)), np.array((110.0, 125, 115))
    size = np.ceil((high - low) / spacing).astype(int)
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = spacing
    affine[:3, 3], affine[3, 3] = low, 1
    labels = dict.fromkeys(CONTRASTS["CT"], 1.0) | {"outside": 0, "bone": 2, "marrow": 2, "tooth": 2, "grey": 3,
              "white": 3, "ventricle": 3, "csf": 3, "globe": 4, "lens": 4, "hair": 0, "device": 0}  # fmt: skip
    layers, grid_size = head(HeadShape()), (int(size[2]), int(size[1]), int(size[0]))
    values = paint(affine, grid_size, layers, (CONTRASTS[contrast],), width=spacing)[0]
    hard = paint(affine, grid_size, layers, (labels,), width=1e-3)[0]
    return values, np.rint(hard).astype(np.uint8), affine
