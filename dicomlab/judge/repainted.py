"""Pixels that were changed on purpose: only where they were to be, and everywhere they were to be.

Decodes both sides through pydicom and compares stored samples. Geometry is worked out here afresh, from the source's
own attributes, so that a mistake of the one who placed the mask is seen.

References
----------
PS3.3 C.7.6.2.1.1 (positions of pixels), C.7.6.3 (Image Pixel); PS3.15 E.3.1, E.3.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom import dcmread
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGLossless, JPEGLosslessSV1

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from dicomlab.records import Region, Repainted

# What changed samples ask of the header: kind of image, form of the pixels, compression, no thumbnail or signature of
# the old ones, and with a crop geometry.
_FOLLOWS = frozenset({
    0x00080008, 0x00080018, 0x00082111, 0x00280004, 0x00280006, 0x00280106, 0x00280107, 0x00280108, 0x00280109,
    0x00282110, 0x00282112, 0x00282114, 0x00281101, 0x00281102, 0x00281103, 0x00281201, 0x00281202, 0x00281203,
    0x00280100, 0x00280101, 0x00280102, 0x00080040,
    0x00880200, 0xFFFAFFFA, 0x4FFE0001,
})  # fmt: skip
_FOLLOWS_CROP = frozenset({
    0x00280010, 0x00280011, 0x00200032, 0x00186011, 0x00181600, 0x00181149, 0x00200050, 0x0048021A, 0x00209113,
    0x00186018, 0x0018601A, 0x0018601C, 0x0018601E, 0x00186020, 0x00186022, 0x0018602A, 0x0018602C,
})  # fmt: skip
_IN_ITEMS = "1.2.840.10008.1.2.1.98"  # native frames, each in an item (PS3.5 A.4.11)
_BASELINE = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
_BLOCK, _BLEED = 32, 2  # a minimum coded unit at most, and how far up-sampling of colours reaches (pixels)
_APPLIED = 0.999
_HALF_VOXEL = 0.5


def follows(tag: int, repainted: Repainted) -> bool:
    """Return whether an attribute may change because the pixels did."""
    overlay = tag >> 24 == 0x60 and tag & 0xFFFF in (0x0010, 0x0011, 0x0050, 0x3000)  # noqa: PLR2004 - group 60xx
    return tag in _FOLLOWS or (repainted.cropped is not None and (tag in _FOLLOWS_CROP or overlay))


def wrong_repainting(
    before: Path | bytes, after: Path | bytes, repainted: Repainted, private: Path | None
) -> list[str]:
    """Return what is wrong with the samples of an instance whose pixels were changed on purpose.

    Parameters
    ----------
    before, after
        The two files, as paths or bytes.
    repainted
        Where samples may differ: regions, a crop, the mask of a face.
    private
        The folder in which masks lie.

    Returns
    -------
    list of str
        One sentence for each thing wrong.
    """
    old, new = _header(before), _header(after)
    frames = int(old.get("NumberOfFrames") or 1)
    if int(new.get("NumberOfFrames") or 1) != frames:
        return ["the number of frames differs"]
    mask = None
    if repainted.mask:
        if private is None or not (private / repainted.mask).is_file():
            return ["the mask of the face is not there to compare with"]
        with np.load(private / repainted.mask) as file:
            mask = (
                np.unpackbits(file["mask"])[: int(np.prod(file["shape"]))].reshape(file["shape"]) > 0,
                file["affine"],
            )
    coded = old.file_meta.TransferSyntaxUID in _BASELINE
    told: set[str] = set()
    for n, (one, other) in enumerate(zip(_frames(before, old), _frames(after, new), strict=False)):
        left, right = _cut(one, repainted.cropped), other
        if left.shape != right.shape:
            return ["the size of a frame differs"]
        differs = (left != right).reshape(*left.shape[:2], -1).any(axis=-1)
        allowed = _within(repainted.regions, n, left.shape[:2], coded=coded)
        if mask is not None:
            inside, surely = (_cut(part, repainted.cropped) for part in _covered(old, n, *mask))
            surely &= ~allowed  # text that was blanked over the mask has a value of its own
            allowed |= inside
            if surely.any() and _still_there(left, right, surely):
                told.add("the mask of the face was not applied to all of a frame")
        if (differs & ~allowed).any():
            told.add("stored samples differ outside the declared regions")
    return sorted(told)


def _header(source: Path | bytes) -> Dataset:
    return dcmread(BytesIO(source) if isinstance(source, bytes) else source, stop_before_pixels=True, force=True)


def _frames(source: Path | bytes, header: Dataset) -> Iterator[NDArray[Any]]:
    """Yield stored samples frame by frame; a file is read piece by piece."""
    syntax = UID(header.file_meta.TransferSyntaxUID)
    if syntax in (JPEGLossless, JPEGLosslessSV1):  # pydicom has no decoder of permissive licence for these
        yield from _lossless_jpeg(source)
        return
    opened: Any = BytesIO(source) if isinstance(source, bytes) else source
    if syntax.is_deflated:
        opened = dcmread(opened)
    elif syntax == _IN_ITEMS:
        opened = dcmread(opened)
        size = header.Rows * header.Columns * header.SamplesPerPixel * header.BitsAllocated // 8
        frames = generate_frames(opened.PixelData, number_of_frames=int(opened.get("NumberOfFrames") or 1))
        opened.PixelData = b"".join(frame[:size] for frame in frames)
        opened["PixelData"].is_undefined_length = False
        opened.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    yield from iter_pixels(opened, raw=True)


def _lossless_jpeg(source: Path | bytes) -> Iterator[NDArray[Any]]:
    import imagecodecs  # noqa: PLC0415 - for two transfer syntaxes

    whole = dcmread(BytesIO(source) if isinstance(source, bytes) else source)
    for frame in generate_frames(whole.PixelData, number_of_frames=int(whole.get("NumberOfFrames") or 1)):
        yield imagecodecs.ljpeg_decode(frame)


def _cut(frame: NDArray[Any], box: Region | None) -> NDArray[Any]:
    return frame if box is None else frame[box.y0 : box.y1, box.x0 : box.x1]


def _within(regions: tuple[Region, ...], n: int, shape: tuple[int, ...], *, coded: bool) -> NDArray[np.bool_]:
    """Return where samples of a frame may differ; coefficients of a JPEG reach to the edge of their block."""
    allowed = np.zeros(shape, np.bool_)
    for region in regions:
        if region.frame is None or region.frame == n:
            x0, y0, x1, y1 = region.x0, region.y0, region.x1, region.y1
            if coded:
                x0, y0 = x0 // _BLOCK * _BLOCK - _BLEED, y0 // _BLOCK * _BLOCK - _BLEED
                x1, y1 = -(-x1 // _BLOCK) * _BLOCK + _BLEED, -(-y1 // _BLOCK) * _BLOCK + _BLEED
            allowed[max(y0, 0) : y1, max(x0, 0) : x1] = True
    return allowed


def _covered(
    header: Dataset, n: int, mask: NDArray[np.bool_], affine: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which pixels of frame `n` a mask in patient space may touch, and which it surely covers."""
    from scipy.ndimage import binary_dilation, binary_erosion  # noqa: PLC0415 - for faces alone

    origin, across, down, spacing, thickness = _placed(header, n)
    rows, columns = int(header.Rows), int(header.Columns)
    normal = np.cross(across, down)
    plane = (
        origin
        + np.arange(columns)[None, :, None] * spacing[1] * across
        + np.arange(rows)[:, None, None] * spacing[0] * down
    )
    back = np.linalg.inv(affine)
    wide, narrow = binary_dilation(mask), binary_erosion(mask)
    may, surely = np.zeros((rows, columns), np.bool_), None
    half = max(thickness / 2, 0.0)
    for step in np.unique(np.concatenate([np.arange(-half, half, 1.0), [0.0, half]])):
        may |= _picked(wide, (plane + step * normal) @ back[:3, :3].T + back[:3, 3])
        if step == 0:
            surely = _picked(narrow, plane @ back[:3, :3].T + back[:3, 3])
    assert surely is not None  # noqa: S101 - a step of 0 is among them
    return may, surely


def _picked(mask: NDArray[np.bool_], indices: NDArray[np.float64]) -> NDArray[np.bool_]:
    whole = np.floor(indices + _HALF_VOXEL).astype(np.int64)
    inside = ((whole >= 0) & (whole < np.asarray(mask.shape))).all(axis=-1)
    found = np.zeros(whole.shape[:2], np.bool_)
    found[inside] = mask[tuple(whole[inside].T)]
    return found


def _placed(header: Dataset, n: int) -> tuple[Any, Any, Any, tuple[float, float], float]:
    """Return origin, direction along a row, direction down a column (LPS), pixel spacing and thickness (mm)."""
    groups = [header]
    for name, at in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", n)):
        if name in header and len(header[name].value) > at:
            groups.append(header[name].value[at])
    found: dict[str, Any] = {}
    for group in groups:
        for sequence in ("", "PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence"):
            item = group if not sequence else (group[sequence].value[0] if sequence in group else None)
            for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
                if item is not None and item.get(keyword) is not None:
                    found[keyword] = item.get(keyword)
    directions = np.asarray(found["ImageOrientationPatient"], float)
    spacing = (float(found["PixelSpacing"][0]), float(found["PixelSpacing"][1]))
    origin = np.asarray(found["ImagePositionPatient"], float)
    return origin, directions[:3], directions[3:], spacing, float(found.get("SliceThickness") or 0)


def _still_there(before: NDArray[Any], after: NDArray[Any], surely: NDArray[np.bool_]) -> bool:
    """Return whether samples that a mask covers for certain are not all one value now."""
    inside = after[surely]
    values, counts = np.unique(inside, return_counts=True)
    return bool(counts.max() < _APPLIED * inside.size and (before[surely] == inside).any() and len(values) > 1)
