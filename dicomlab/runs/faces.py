"""The faces of one patient: found in the best volume of each Frame of Reference, and what follows for every instance.

A worker's functions, as in `shard`: they see a patient's files and return values. The masks are written into the
private folder, where `verify` finds them again.
"""

from __future__ import annotations

import pickle
import warnings
from collections import defaultdict
from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING

from tqdm.auto import tqdm

from dicomlab import files
from dicomlab.errors import DicomlabError, FaceRefused
from dicomlab.recipe import fingerprint
from dicomlab.records import HeadTold
from dicomlab.runs.layout import PROGRESS
from dicomlab.runs.pool import mapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from pydicom import Dataset

    from dicomlab.catalog import Entry
    from dicomlab.deface import FaceMask, Scores
    from dicomlab.engine import Face
    from dicomlab.recipe import Deface, Recipe
    from dicomlab.runs.layout import Layout
    from dicomlab.volume import Stack

FOLDER = "faces"
_IMAGES = frozenset({"CT", "MR", "PT"})
# Objects that lie over the images of a Frame of Reference, and may show the skin that was removed from them.
_OVER = frozenset({"SEG", "RTSTRUCT", "RTDOSE"})
_BLURRED_BRAIN = 0.01
_MANY = 10  # slices: fewer show no face, unless the metadata tell of a head
_TRIES = 3  # volumes of a Frame of Reference in which the face is looked for


@dataclass(frozen=True, repr=False)
class FaceOrder:
    """The instances of one patient that may show a face; `folder` None: nothing is written."""

    number: int
    entries: tuple[Entry, ...]
    settings: Deface
    folder: Path | None


@dataclass(frozen=True, repr=False)
class FacesFound:
    """What is known of the face for each instance by ordinal, and what the report tells of each head."""

    number: int
    faces: dict[int, Face] = field(default_factory=dict)
    heads: tuple[HeadTold, ...] = ()


def faces_of(
    pool: Executor, entries: Sequence[Entry], recipe: Recipe, layout: Layout | None, *, progress: bool
) -> tuple[tuple[HeadTold, ...], dict[int, Face]]:
    """Find every patient's faces, when the recipe removes them; what was done before a kill is not done again."""
    settings = recipe.face_cleaning
    if settings is None:
        return (), {}
    by_patient: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if may_show_face(entry) and recipe.select.accepts(entry.modality, entry.sop_class):
            by_patient[entry.patient].append(entry)
    folder = layout.private if layout is not None else None
    orders = [FaceOrder(n, tuple(mine), settings, folder) for n, mine in enumerate(by_patient.values())]
    done = [kept for o in orders if folder is not None and (kept := _kept(folder / PROGRESS / _marker(o))) is not None]
    finished = {found.number for found in done}
    rest = [o for o in orders if o.number not in finished]
    with tqdm(total=len(orders), initial=len(done), desc="faces", unit="patient", disable=not progress) as bar:
        for order, found in mapped(pool, lambda o: (find_faces, o), rest):
            if folder is not None:
                files.write_atomic(folder / PROGRESS / _marker(order), [pickle.dumps(found)], mode=0o600)
            done.append(found)
            bar.update()
    done.sort(key=lambda found: found.number)
    return tuple(h for d in done for h in d.heads), {n: face for d in done for n, face in d.faces.items()}


def _marker(order: FaceOrder) -> str:
    return f"faces-{order.number:06d}.done"


def _kept(marker: Path) -> FacesFound | None:
    """Return what was found before, None when that was not."""
    try:
        # Our own file, in a folder that only its owner can write to.
        found: FacesFound = pickle.loads(marker.read_bytes())  # noqa: S301 - as said above
    except (OSError, EOFError, pickle.UnpicklingError):
        return None
    return found


def may_show_face(entry: Entry) -> bool:
    """Return whether an entry is an image that may show a face, or lies over one."""
    return entry.reason is None and entry.modality in _IMAGES | _OVER


def find_faces(order: FaceOrder) -> FacesFound:
    """Find the face in each Frame of Reference of a patient; never raises for what a file holds."""
    groups: defaultdict[str, list[tuple[Entry, Dataset]]] = defaultdict(list)
    over: list[tuple[Entry, Dataset]] = []
    faces: dict[int, Face] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for entry in order.entries:
            try:
                dataset = _read(entry)
            except Exception:  # noqa: BLE001 - whatever a file holds, the run goes on; it is not cleared
                faces[entry.ordinal] = _refused("the instance cannot be read as an image")
                continue
            whole = dataset.get("FrameOfReferenceUID") or f"series {entry.series_uid}"
            (over if entry.modality in _OVER else groups[str(whole)]).append((entry, dataset))
        heads = []
        masks: list[FaceMask] = []
        for n, (frame, members) in enumerate(sorted(groups.items())):
            name = f"p{order.number}f{n}"  # digits alone, such as 00002-00, could be somebody's or something's number
            found = _found(_Frame(order, name, frame, members))
            faces |= found.faces
            heads.append(found.told)
            masks += [found.mask] if found.mask is not None else []
        refused = any(head.refused for head in heads)
        for entry, dataset in over:
            faces[entry.ordinal] = _lies_over(dataset, masks, refused=refused)
    return FacesFound(order.number, faces, tuple(heads))


def _read(entry: Entry) -> Dataset:
    from pydicom import dcmread  # noqa: PLC0415 - only where faces are removed

    return dcmread(entry.path, force=True, defer_size="64 KB")


def _refused(why: str) -> Face:
    from dicomlab.engine import Face  # noqa: PLC0415 - as above

    return Face(refused=why)


@dataclass(frozen=True)
class _Found:
    faces: dict[int, Face]
    told: HeadTold
    mask: FaceMask | None = None


@dataclass
class _Frame:
    """The images of one Frame of Reference."""

    order: FaceOrder
    name: str
    frame: str
    members: Sequence[tuple[Entry, Dataset]]
    datasets: list[Dataset] = field(default_factory=list)

    def cleared(self) -> _Found:
        """Return what becomes of each instance: no face, a mask, or a refusal with its reason.

        Where the metadata tell of no head, a volume that cannot be placed as one is none, unless its pixels say yes.
        """
        from dicomlab import deface, volume  # noqa: PLC0415 - as above
        from dicomlab.engine import Face  # noqa: PLC0415 - as above

        self.datasets = [dataset for _, dataset in self.members]
        stacks, loose = volume.stacks_of(self.datasets)
        told = HeadTold(self.name, len(self.members), len({e.series_uid for e, _ in self.members}))
        risky = any(deface.face_risk(entry.attributes) for entry, _ in self.members)
        may_be_head = risky or any(len(one.indices) >= _MANY and "localiser" not in one.reason for one in loose)
        why = "no volume in its Frame of Reference shows a head" if stacks else "the instances form no volume"
        tried = 0
        for stack in sorted(stacks, key=_preference):
            if tried == _TRIES or not (risky or stack.shape[0] >= _MANY):
                continue
            try:
                seen = deface.is_head(whole := volume.loaded(stack, self.datasets))
                may_be_head |= seen == "yes"
                if seen == "no":
                    continue
                tried += 1
                found = deface.face_mask(whole, self.order.settings.for_subject(fingerprint(self.frame)))
                may_be_head = True
                return self._masked(found, stack, stacks, told)
            except FaceRefused as error:
                why = str(error)
            except (DicomlabError, ArithmeticError, ValueError, RuntimeError) as error:
                why, may_be_head = f"the face could not be looked for ({type(error).__name__})", True
        if may_be_head:
            return _Found({e.ordinal: _refused(why) for e, _ in self.members}, replace(told, refused=why))
        return _Found({e.ordinal: Face() for e, _ in self.members}, replace(told, clear=True))

    def _masked(self, found: FaceMask, best: Stack, stacks: Iterable[Stack], told: HeadTold) -> _Found:
        """Try the mask, which was made from the best volume, on every one, and keep it."""
        from dicomlab import deface, volume  # noqa: PLC0415 - as above
        from dicomlab.engine import Face  # noqa: PLC0415 - as above

        place = f"{FOLDER}/{self.name}.npz"
        faces: dict[int, Face] = {}
        scores: dict[str, float] = {}
        for stack in sorted(stacks, key=lambda one: one is not best):
            before = volume.loaded(stack, self.datasets)
            looked = deface.check(before, deface.deface(before, found), found)
            if stack is best and not looked.passed:
                raise FaceRefused(f"the check after it failed: {looked.why}")
            scores = scores or looked.numbers()
            ok = looked.passed or not looked.shows_face or _but_for_brain(looked)
            air = deface.air_value(before)
            face = Face(found.mask, found.affine, air, name=place) if ok else _refused("the check after it failed")
            for index in {index for index, _ in stack.places}:
                ordinal = self.members[index][0].ordinal
                faces[ordinal] = face if not (old := faces.get(ordinal)) or not old.refused else old
        for entry, dataset in self.members:  # localisers and single slices: the same mask, no volume to check
            faces.setdefault(entry.ordinal, Face(found.mask, found.affine, _lowest(dataset), name=place, thick=True))
        if self.order.folder is not None:
            self._keep(found, place)
        return _Found(faces, replace(told, confidence=found.confidence.numbers(), scores=scores), found)

    def _keep(self, found: FaceMask, place: str) -> None:
        import numpy as np  # noqa: PLC0415 - as above

        packed = BytesIO()
        np.savez(packed, mask=np.packbits(found.mask), shape=np.asarray(found.mask.shape), affine=found.affine)
        assert self.order.folder is not None  # noqa: S101 - asked by the caller
        files.write_atomic(self.order.folder / place, [packed.getvalue()], mode=0o600)


def _but_for_brain(looked: Scores) -> bool:
    """Return whether all is well but that the brain, which the best volume showed untouched, seems touched here.

    In thick slices the brain's own estimate reaches into the skull.
    """
    return looked.brain < _BLURRED_BRAIN and replace(looked, brain=0.0).passed


def _found(frame: _Frame) -> _Found:
    """Return what is known of the face in a Frame of Reference: refused, when its files hold what nobody expected."""
    try:
        return frame.cleared()
    except Exception as error:  # noqa: BLE001 - the run loop: a bad file never stops a run; it is not cleared
        why = f"the face could not be looked for ({type(error).__name__})"
        series = len({entry.series_uid for entry, _ in frame.members})
        refused = {entry.ordinal: _refused(why) for entry, _ in frame.members}
        return _Found(refused, HeadTold(frame.name, len(frame.members), series, refused=why))


def _preference(stack: Stack) -> tuple[bool, float]:
    """Put CT and MR before PET, and finer volumes first: by the largest edge of a voxel."""
    return stack.modality == "PT", float(max(stack.spacing))


def _lowest(dataset: Dataset) -> float:
    """Return the lowest value of an image, in rescaled units: what it has for air."""
    from dicomlab.pixels import Frames  # noqa: PLC0415 - as above

    frames = Frames.of(dataset)
    lowest = min(float(frames.samples(n).min()) for n in range(len(frames)))
    return lowest * float(dataset.get("RescaleSlope") or 1) + float(dataset.get("RescaleIntercept") or 0)


def _lies_over(dataset: Dataset, masks: Sequence[FaceMask], *, refused: bool) -> Face:
    """Return whether contours, segments or a dose lie where a face was removed: they would show it."""
    from dicomlab.engine import Face  # noqa: PLC0415 - as above

    if refused:
        return _refused("it may show the face that could not be removed from the images below it")
    try:
        shown = any(_touches(dataset, mask) for mask in masks)
    except Exception:  # noqa: BLE001 - as above
        shown = bool(masks)
    return _refused("it shows what was removed from the images below it") if shown else Face()


def _touches(dataset: Dataset, found: FaceMask) -> bool:
    import numpy as np  # noqa: PLC0415 - as above

    from dicomlab import volume  # noqa: PLC0415 - as above
    from dicomlab.pixels import Frames  # noqa: PLC0415 - as above

    if dataset.get("Modality") == "RTSTRUCT":
        contours = chain.from_iterable(
            roi.get("ContourSequence") or () for roi in dataset.get("ROIContourSequence") or ()
        )
        points = [np.asarray(one.ContourData, float).reshape(-1, 3) for one in contours]
        return bool(points) and bool(_inside(np.concatenate(points), found).any())
    frames = Frames.of(dataset)
    for n, affine in enumerate(volume.frame_affines(dataset)):
        samples = frames.samples(n)
        covered = volume.sampled(found.mask, found.affine, affine, samples.shape, thick=True)
        if (samples[covered] != 0).any():
            return True
    return False


def _inside(points: NDArray[np.float64], found: FaceMask) -> NDArray[np.bool_]:
    """Return which points (LPS mm) lie in a mask."""
    import numpy as np  # noqa: PLC0415 - as above

    back = np.linalg.inv(found.affine)
    indices = np.floor(points @ back[:3, :3].T + back[:3, 3] + 0.5).astype(int)
    within = ((indices >= 0) & (indices < found.mask.shape)).all(axis=1)
    hit = np.zeros(len(points), np.bool_)
    hit[within] = found.mask[tuple(indices[within].T)]
    return hit
