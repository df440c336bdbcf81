"""Taking a face out of a volume: voxels inside the mask become air, all others stay what they were."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dicomlab.deface.looking import binned, grounded, skin_threshold
from dicomlab.volume import sampled

if TYPE_CHECKING:
    from dicomlab.deface.masking import FaceMask
    from dicomlab.volume import Volume

_AIR_HU = -1000.0


def air_value(volume: Volume) -> float:
    """Return the value of air in a volume.

    CT: -1000 HU, or the smallest value where a scanner's range ends above it. Others: the median of the samples that
    are darker than half the threshold of skin, so that the hole looks like the background around it.
    """
    smallest = float(volume.array.min())
    if volume.modality == "CT":
        return max(smallest, _AIR_HU)
    ground = grounded(volume)
    thin, _ = binned(ground.array, volume.affine, 4.0)
    dark = thin[thin < skin_threshold(thin, volume.modality) / 2]
    return float(np.median(dark) + volume.array.flat[0] - ground.array.flat[0]) if dark.size else smallest


def deface(volume: Volume, mask: FaceMask) -> Volume:
    """Return the volume with air inside the mask; the volume given is left alone, every other voxel is the same."""
    inside = sampled(mask.mask, mask.affine, volume.affine, volume.array.shape)
    return replace(volume, array=np.where(inside, np.float32(air_value(volume)), volume.array))
