"""The face of one head series removed: what a scorer of defacing asks of a tool.

python benchmarks/deface.py DICOM OUT

Writes OUT/defaced.nii.gz, OUT/defaced_mask.nii.gz (1 = removed) and OUT/defaced_dicom/; ends with 1 and a reason when
the series is refused. Prints seconds and the numbers of the mask and of the check after it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydicom import Dataset, dcmread

from dicomlab import deface, volume
from dicomlab.errors import DicomlabError, FaceRefused
from dicomlab.pixels import Frames, replace_samples
from dicomlab.recipe import DefaceSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray


def main(source: Path, out: Path) -> int:
    """Deface the one volume below `source`."""
    start = time.perf_counter()
    paths = sorted(path for path in source.rglob("*") if path.is_file())
    datasets = [dcmread(path) for path in paths]
    try:
        volumes, refused = volume.volumes_of(datasets)
        if len(volumes) != 1:
            raise FaceRefused(refused[0].reason if refused else f"{len(volumes)} volumes where one is expected")
        before = volumes[0]
        face = deface.face_mask(before, DefaceSettings())
        inside = volume.sampled(face.mask, face.affine, before.affine, before.array.shape)
        after = deface.deface(before, face)
        scores = deface.check(before, after, face)
        if not scores.passed:
            raise FaceRefused(scores.why)
    except DicomlabError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    (out / "defaced_dicom").mkdir(parents=True, exist_ok=True)
    (out / "defaced.nii.gz").write_bytes(volume.nifti(after.array, after.affine))
    (out / "defaced_mask.nii.gz").write_bytes(volume.nifti(inside, before.affine))
    air = deface.air_value(before)
    for (index, _), where in zip(before.places, inside, strict=True):
        _emptied(datasets[index], where, air).save_as(out / "defaced_dicom" / paths[index].name)
    print(f"{time.perf_counter() - start:.1f} s", face.confidence.numbers(), scores.numbers())
    return 0


def _emptied(dataset: Dataset, where: NDArray[np.bool_], air: float) -> Dataset:
    """Return a classic instance with air where the mask is set."""
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    stored = round((air - intercept) / slope)
    edited = replace_samples(
        Frames.of(dataset), lambda _, samples: np.where(where, samples.dtype.type(stored), samples)
    )
    dataset.PixelData = bytes(edited.value)
    return dataset


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
