"""One carrier alone: faces removed from the head volumes of a folder, a folder for each subject.

Of each subject come a NIfTI volume, the mask (1: removed) and the DICOM series it was made from.
"""

from __future__ import annotations

import shutil
import warnings
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

from dicomlab import engine, files
from dicomlab.errors import DicomlabError, SourceError
from dicomlab.recipe import Deface
from dicomlab.runs.faces import FaceOrder, find_faces, may_show_face
from dicomlab.runs.layout import Layout
from dicomlab.runs.redaction import empty_folder, new_uid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dicomlab.catalog import Entry
    from dicomlab.engine import Face
    from dicomlab.records import HeadTold

_NO_HEAD = "no head is in it, so that there is nothing to deface"


@dataclass(frozen=True, slots=True)
class Defaced:
    """How one subject ended: `refused` holds the reasons, and is empty when every series was written.

    `subject` is the number of the folder among the source's, counted from 1: folder names may name patients.
    """

    subject: int
    folder: Path
    series: int
    refused: tuple[str, ...]
    heads: tuple[HeadTold, ...] = ()


def deface(
    source: str | Path,
    out: str | Path,
    settings: Deface | None = None,
    *,
    subjects: Sequence[str] = (),
    progress: bool = False,
) -> tuple[Defaced, ...]:
    """Return how each subject ended; the faces are removed from every series of its heads.

    A PET has the mask of a CT or MR of its Frame of Reference; without one its own, where the tracer shows the brain.

    Parameters
    ----------
    source
        A folder of instances: one subject, whose outputs lie directly in `out`. A folder of folders: one subject each,
        with outputs in ``out/<folder>/``.
    out
        A new or empty folder, outside the source.
    subjects
        Names of the folders to take; all by default.

    Returns
    -------
    tuple of Defaced
        Written for each subject: ``defaced.nii.gz``, ``defaced_mask.nii.gz`` (1: removed) and ``defaced_dicom/`` with
        ``slice_001.dcm`` and so on, ordered along the slices; further series of a subject in ``series_02/`` and so on.

    Raises
    ------
    SourceError, ReleaseError
        The source or a subject does not exist, or `out` is not empty or lies in the source.
    """
    layout = Layout.of(source, out)
    folders = _subjects(layout.source, subjects)
    empty_folder(layout.release)
    done = []
    for number, (folder, name) in enumerate(tqdm(folders, desc="deface", unit="subject", disable=not progress), 1):
        target = layout.release / name if name else layout.release
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            done.append(_subject(number, folder, target, settings or Deface()))
    return tuple(done)


def _subjects(source: Path, chosen: Sequence[str]) -> list[tuple[Path, str]]:
    """Return (folder, name in the output) of each subject; the name of a single one is empty."""
    below = sorted(p for p in source.iterdir() if p.is_dir()) if source.is_dir() else []
    if not below or any(p.is_file() and not p.name.startswith(".") for p in source.iterdir()):
        if chosen:
            message = "the source has no folder for each subject, so there is nothing to choose with --subjects"
            raise SourceError(message)
        return [(source, "")]
    if missing := set(chosen) - {p.name for p in below}:
        raise SourceError(f"{len(missing)} of the subjects named do not exist; give names of folders in the source")
    return [(p, p.name) for p in below if not chosen or p.name in chosen]


def _subject(number: int, folder: Path, target: Path, settings: Deface) -> Defaced:
    """Deface one subject; where nothing could be done, nothing is left."""
    try:
        entries = tuple(e for e in files.scan(folder).instances if may_show_face(e))
    except SourceError as error:
        return Defaced(number, target, 0, (str(error),))
    found = find_faces(FaceOrder(number, entries, settings, None))
    groups: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.series_uid].append(entry)
    refused = [] if entries else ["no CT, MR or PET image is in it"]
    written = 0
    for members in sorted(groups.values(), key=len, reverse=True):
        faces = {e.ordinal: found.faces[e.ordinal] for e in members}
        why = {face.refused or (_NO_HEAD if face.mask is None else "") for face in faces.values()} - {""}
        if why:
            refused += sorted(why)
            continue
        place = target / f"series_{written + 1:02d}" if written else target
        try:
            _series(members, faces, place)
            written += 1
        except (DicomlabError, ValueError) as error:
            shutil.rmtree(place / "defaced_dicom", ignore_errors=True)
            refused.append(str(error) if isinstance(error, DicomlabError) else "a series cannot be written back")
    return Defaced(number, target, written, tuple(dict.fromkeys(refused)), found.heads)


def _series(members: Sequence[Entry], faces: dict[int, Face], place: Path) -> None:
    """Write one series: its instances along the slices, and its volume with the mask where it forms one."""
    import numpy as np  # noqa: PLC0415 - only where faces are removed
    from pydicom import dcmread  # noqa: PLC0415 - as above

    from dicomlab import volume  # noqa: PLC0415 - as above

    datasets = [dcmread(e.path, force=True, defer_size="64 KB") for e in members]
    stacks, _ = volume.stacks_of(datasets)
    along = [index for stack in stacks for index, _ in stack.places]
    order = dict.fromkeys([*along, *range(len(members))])
    covered: dict[int, tuple[Any, tuple[int, ...]]] = {}
    for n, index in enumerate(order, 1):
        entry, face = members[index], faces[members[index].ordinal]
        instance = files.read(entry.path)
        told = engine.told_of(instance)
        covered[index] = engine.face_frames(told, face)
        attributes = instance.attributes()
        clean = engine.derived(
            engine.defaced(instance, face) or instance,
            "clean-recognizable-visual-features",
            {
                "SOPInstanceUID": new_uid(attributes.get("SOPInstanceUID", ""), "defaced"),
                "SeriesInstanceUID": new_uid(attributes.get("SeriesInstanceUID", ""), "defaced"),
                "RecognizableVisualFeatures": "NO",
            },
        )
        files.write_atomic(place / "defaced_dicom" / f"slice_{n:03d}.dcm", files.encoded(clean))
    for n, stack in enumerate(stacks):
        whole = volume.loaded(stack, datasets)
        mask = np.stack([covered[index][0][frame] for index, frame in stack.places])
        array = whole.array
        for k, (index, frame) in enumerate(stack.places):
            slope, intercept = stack.rescale[k]
            array[k][mask[k]] = covered[index][1][frame] * slope + intercept
        ending = f"_{n + 1}" if n else ""
        files.write_atomic(place / f"defaced{ending}.nii.gz", [volume.nifti(array, whole.affine)])
        files.write_atomic(place / f"defaced_mask{ending}.nii.gz", [volume.nifti(mask, whole.affine)])
