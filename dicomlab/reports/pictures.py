"""Small pictures of a few released instances, for a person to see that the images survived.

A picture goes into a report that is handed on, so only what cannot show a name or a face is drawn:
original slices of CT, MR and PET; of a volume that may show a head, one axial slice near its top.
Everything else is listed with the reason why it is not shown.
"""

from __future__ import annotations

import base64
import io
import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
from PIL import Image
from pydicom.pixels.processing import apply_modality_lut
from pydicom.pixels.utils import pixel_array

from dicomlab.records import Carrier, Outcome, RunOutcome, State
from dicomlab.reports.heads import strips

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

LONG_SIDE = 216  # pixels of the longer side of a thumbnail
READ_AT_MOST = 24  # headers of one series that are read to find the slice to show
AXIAL = 0.9  # |cosine| between slice normal and the patient's long axis above which a slice counts as axial
FROM_THE_TOP = 0.18  # of a volume that may show a head, the slice this far down: vault and brain, above the brow
SOFT_TISSUE = (-175.0, 275.0)  # HU shown of a CT that names no window

SLICES = {"CT": "CT", "MR": "MR", "PT": "PET"}
_NEEDED = [
    "ImageType", "BodyPartExamined", "BurnedInAnnotation", "SamplesPerPixel", "NumberOfFrames",
    "ImageOrientationPatient", "ImagePositionPatient",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
]  # fmt: skip
_PLANES = ("PlaneOrientationSequence", "PlanePositionSequence")


@dataclass(frozen=True, slots=True)
class Picture:
    """One series in the report: a PNG as a data URI, or the reason why none is shown.

    `ordinal` is the position of the instance's source file in the scan; `caption` says what is seen. `head`: of which
    head, by the name in the report, this is a strip of seven views without its face; "" for a slice.
    """

    ordinal: int
    modality: str
    sop_class: str
    caption: str
    uri: str = ""
    why_not: str = ""
    head: str = ""


def pictures(release: Path | str, outcome: RunOutcome | Iterable[Outcome], limit: int = 8) -> tuple[Picture, ...]:
    """Return pictures of up to `limit` released series, one of each kind before a second of any.

    Parameters
    ----------
    release
        The folder that holds the outcomes' `output` paths.
    outcome
        The run, or its outcomes; those that were not written are passed over.
    limit
        How many series are drawn at most.

    Returns
    -------
    tuple of Picture
        Slices first, then the heads whose face the run removed, from seven sides, then one entry for each kind or
        series that is not shown, with the reason. Nothing from a header but modality, SOP Class and size is in them.
    """
    outcomes = outcome.outcomes if isinstance(outcome, RunOutcome) else tuple(outcome)
    kinds: defaultdict[tuple[str, str], dict[str, list[Outcome]]] = defaultdict(dict)
    for o in outcomes:
        if o.state is State.WRITTEN and o.output and o.verified is not False:
            kinds[o.modality, o.sop_class].setdefault(str(Path(o.output).parent), []).append(o)
    sliced = [list(series.values()) for (modality, _), series in sorted(kinds.items()) if modality in SLICES]
    drawn = [_picture(Path(release), series) for series in _in_turn(sliced, limit)]
    others = [
        Picture(next(iter(series.values()))[0].ordinal, modality, name, "", why_not=_no_slice(name))
        for (modality, name), series in sorted(kinds.items())
        if modality not in SLICES
    ]
    hidden = {(p.modality, p.sop_class, p.why_not): p for p in [*reversed(drawn), *others] if not p.uri}
    faceless = strips(release, outcome) if isinstance(outcome, RunOutcome) else {}
    seen = [
        Picture(-1, "", "", "the head from seven sides, as released", uri=_png(strip, strip.shape[1]), head=name)
        for name, strip in faceless.items()
    ]
    return (*(p for p in drawn if p.uri), *seen, *hidden.values())


def _in_turn(kinds: Sequence[list[list[Outcome]]], limit: int) -> list[list[Outcome]]:
    """Return up to `limit` series, going round the kinds, so that a rare kind is not crowded out."""
    longest = max((len(series) for series in kinds), default=0)
    return [series[turn] for turn in range(longest) for series in kinds if turn < len(series)][:limit]


def _no_slice(sop_class: str) -> str:
    """Return why a kind other than CT, MR and PET is not shown."""
    if "Encapsulated" in sop_class or "Document" in sop_class:
        return "it is a document"
    return "this kind may carry text in its pixels" if "Image" in sop_class else "it holds no image"


def _picture(release: Path, series: Sequence[Outcome]) -> Picture:
    """Draw one slice of a series, or say why not; a file that cannot be drawn never fails a report."""
    first = series[0]
    name = first.sop_class

    def without(why: str) -> Picture:
        return Picture(first.ordinal, first.modality, name, "", why_not=why)

    if any(f.carrier is Carrier.BURNED_IN for o in series for f in o.findings):
        return without("its pixels may carry text that nothing has cleared")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd values are the judge's business, and are not quoted here
        try:
            slices = [s for o in _spread(series) for s in _slices(release / str(o.output), o.ordinal)]
            head = any(s.may_show_face for s in slices) or any(
                f.carrier is Carrier.FACE for o in series for f in o.findings
            )
            chosen = _near_the_top(slices) if head else slices[len(slices) // 2 :][:1]
            if not chosen:
                return without("it has no original slice, or only views in which a face could be recognised")
            grey = _grey(chosen[0])
        except Exception:  # noqa: BLE001  (any decoder may fail in its own way, and a picture is not worth a run)
            return without("its pixel data could not be decoded here")
    rows, columns = grey.shape
    which = "axial slice near the top" if head else "one slice"
    caption = f"{SLICES[first.modality]}, {which}, {columns} × {rows} pixels"
    return Picture(chosen[0].ordinal, first.modality, name, caption, uri=_png(grey))


def _spread(series: Sequence[Outcome]) -> list[Outcome]:
    """Return at most `READ_AT_MOST` members of a series, evenly spread."""
    count = min(len(series), READ_AT_MOST)
    return [series[i * len(series) // count] for i in range(count)]


@dataclass(frozen=True, slots=True)
class _Slice:
    """One frame that may be drawn: `height` is its position along the patient's long axis (mm, up), None: not axial."""

    path: Path
    ordinal: int
    frame: int
    height: float | None
    may_show_face: bool


def _slices(path: Path, ordinal: int) -> list[_Slice]:
    """Return the original, uncoloured frames of one instance; none when its pixels may carry text."""
    head = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_NEEDED))
    kind = [str(v).upper() for v in head.get("ImageType") or []]
    annotated = str(head.get("BurnedInAnnotation", "")).upper() == "YES"
    if kind[:1] != ["ORIGINAL"] or "SECONDARY" in kind or annotated or head.get("SamplesPerPixel", 1) != 1:
        return []
    stated = str(head.get("BodyPartExamined") or "").upper()
    face = not stated or any(part in stated for part in ("HEAD", "NECK", "BRAIN", "SKULL", "WHOLE"))
    frames = range(int(head.get("NumberOfFrames") or 1))
    return [_Slice(path, ordinal, i, _height(head, i), face) for i in frames]


def _height(head: Dataset, frame: int) -> float | None:
    """Return the height of a frame in mm (LPS: up), or None when it is not axial or not placed in space."""
    places = [head]
    for groups, index in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", frame)):
        items = head.get(groups) or []
        places += [p for g in items[index : index + 1] for s in _PLANES for p in (g.get(s) or [])[:1]]
    along: Any = next((p.ImageOrientationPatient for p in places if p.get("ImageOrientationPatient")), None)
    origin: Any = next((p.ImagePositionPatient for p in places if p.get("ImagePositionPatient")), None)
    if along is None or origin is None:
        return None
    row, column = np.asarray(along, float).reshape(2, 3)
    return float(origin[2]) if abs(np.cross(row, column)[2]) >= AXIAL else None


def _near_the_top(slices: Iterable[_Slice]) -> list[_Slice]:
    """Return the axial slice that shows the vault and no face, or nothing when there is no axial slice."""
    axial = sorted((s for s in slices if s.height is not None), key=lambda s: -(s.height or 0.0))
    return axial[int(FROM_THE_TOP * len(axial)) :][:1]


def _grey(chosen: _Slice) -> NDArray[np.uint8]:
    """Return one frame as 8-bit grey values, windowed, not yet reduced; shape (rows, columns)."""
    head = pydicom.dcmread(chosen.path, stop_before_pixels=True)
    # From the file, so that one frame is read of many; a deflated file has to be inflated whole.
    deflated = head.file_meta.TransferSyntaxUID.is_deflated
    frames = pydicom.dcmread(chosen.path) if deflated else chosen.path
    values = apply_modality_lut(pixel_array(frames, index=chosen.frame), head).astype(np.float32)
    low, high = _window(head, values)
    grey = np.clip((values - low) / max(high - low, 1e-6), 0.0, 1.0)
    if str(head.get("PhotometricInterpretation", "")).strip() == "MONOCHROME1":
        grey = 1.0 - grey
    return np.asarray(np.rint(grey * 255.0), np.uint8)


def _window(head: Dataset, values: NDArray[np.float32]) -> tuple[float, float]:
    """Return the lower and upper value to show: the header's window, soft tissue in CT, else the middle 98 %."""
    centre, width = (np.atleast_1d(head.get(k) or 0.0).astype(float)[0] for k in ("WindowCenter", "WindowWidth"))
    if width > 1.0:
        return float(centre - width / 2), float(centre + width / 2)
    if head.get("Modality") == "CT" and head.get("RescaleIntercept") is not None:
        return SOFT_TISSUE
    low, high = np.percentile(values, (1.0, 99.0))
    return float(low), float(high)


def _png(grey: NDArray[np.uint8], most: int = LONG_SIDE) -> str:
    """Return a PNG of at most `most` pixels a side, as a data URI without any metadata."""
    image = Image.fromarray(grey)
    scale = min(1.0, most / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    stream = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
