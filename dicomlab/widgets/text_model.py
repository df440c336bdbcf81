"""What a person decides about text burned in to pixels: plain values, no browser.

A decision stands in the recipe as a `TextDecision`; nothing else is remembered, so that reading the recipe again shows
the review as it was left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

import numpy as np
from tqdm.auto import tqdm

from dicomlab import engine, files
from dicomlab.burned_in import find_text, text_risk
from dicomlab.engine.pictures import frames_of
from dicomlab.errors import DicomlabError
from dicomlab.header import Gatherer, Subject
from dicomlab.pseudonyms import Key
from dicomlab.recipe import BurnedIn, Recipe, TextDecision, fingerprint, scanner_of
from dicomlab.widgets import scene as scenes
from dicomlab.widgets.viewer import Pictures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.catalog import Catalog, Entry, Group
    from dicomlab.records import Masked, Region

Action = Literal["blank", "keep"]
Scope = Literal["series", "scanner"]
Box = tuple[int, int, int, int]

OPTION = "clean-pixel-data"
MOVED = "moved: the text lies elsewhere"
_WEIGHTS = {"phi": 1000, "pattern": 300, "text": 100, "unknown": 30, "allowed": 1}
_THUMBNAIL = 144  # pixels, the longer side


class Found(Protocol):
    """A region of text that a detector found, as `burned_in.find_text` returns it."""

    @property
    def region(self) -> Region: ...  # noqa: D102  see there
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> Masked | None: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Shot:
    """One image under review, under a label that names nobody. `open` reads its instance.

    `series`, `scanner`: as they stand in a recipe. `why`: what the metadata tell of text. `found`: by the detector.
    """

    label: str
    series: str
    scanner: str
    shape: tuple[int, int]
    open: Callable[[], engine.Instance]
    thumbnail: NDArray[np.uint8]
    found: tuple[Found, ...] = ()
    why: str = ""

    def read(self) -> Sequence[NDArray[Any]]:
        """Return its frames for looking; each is decoded when it is asked for."""
        return Pictures(frames_of(self.open()))

    @property
    def risk(self) -> int:
        """How much the image is in need of a look; 0 when nothing tells of text."""
        return sum(_WEIGHTS.get(one.kind, 30) for one in self.found) + (10 if self.why else 0)


class Shots(tuple[Shot, ...]):  # noqa: SLOT001 - a tuple has no slots but empty ones
    """Images to review, those in most need of a look first; `broken`: how many more cannot be shown."""

    broken: int

    def __new__(cls, shots: Iterable[Shot] = (), broken: int = 0) -> Self:
        """Hold them."""
        made = super().__new__(cls, shots)
        made.broken = broken
        return made

    def __str__(self) -> str:
        """Tell how many, in one sentence."""
        told = f"{sum(bool(shot.found) for shot in self)} of {len(self)} images show text"
        left = "" if not self.broken else f"; {self.broken} more cannot be decoded: a run holds them back"
        return told + left


@dataclass(frozen=True)
class Mark:
    """One rectangle of an image with what was decided about it; `state` is found until somebody has decided."""

    box: Box
    frame: int | None
    state: Literal["found", "blank", "keep"]
    kind: str = "drawn"
    reason: str = ""
    scope: Scope | None = None
    text: Masked | None = None

    @property
    def id(self) -> str:
        """What stands for the mark in the browser."""
        return "-".join(map(str, (*self.box, self.frame)))


def shots(
    catalog: Catalog,
    recipe: Recipe,
    *,
    each: int = 1,
    find: Callable[[engine.Instance, BurnedIn], Iterable[Found]] | None = None,
    progress: bool = False,
) -> Shots:
    """Return the images to review, those in most need of a look first.

    Parameters
    ----------
    catalog
        What was scanned.
    recipe
        How text is found, and what identifies a patient.
    each
        How many instances of a series are looked at, evenly chosen: a decision is about all of them.
    find
        Another detector than the one that a run uses.
    """
    settings = recipe.burned_in or BurnedIn()
    chosen = {
        group.instances[number].ordinal: (group.label, number, len(group))
        for group in catalog.series
        for number in {round(n) for n in np.linspace(0, len(group) - 1, min(each, len(group)))}
    }
    made: list[Shot] = []
    broken = 0
    bar = tqdm(total=len(chosen), desc="text", unit="image", disable=not progress)
    for patient in catalog.patients:
        wanted = [entry for entry in patient.instances if entry.ordinal in chosen]
        detect = find or partial(_found, identifies=_identifies(patient, recipe))
        for entry in wanted:
            label, number, count = chosen[entry.ordinal]
            try:
                shot = _shot(entry, label if count == 1 else f"{label} / image {number + 1}", settings, find=detect)
            except DicomlabError:
                broken += 1
            else:
                made += [shot] if shot is not None else []
            bar.update()
    bar.close()
    return Shots(sorted(made, key=lambda one: -one.risk), broken)


def _found(instance: engine.Instance, settings: BurnedIn, *, identifies: Callable[[str], bool]) -> Iterable[Found]:
    """Return the text that a run would find, with its kind."""
    told = engine.told_of(instance)
    attributes = {e.keyword: e.value for e in told if e.keyword}
    frames = frames_of(instance, told)
    return find_text(frames, settings, identifiers=identifies, attributes=attributes, recognise=True)


def _identifies(patient: Group, recipe: Recipe) -> Callable[[str], bool]:
    """Return what tells whether a text identifies a patient, from all of the patient's headers."""
    gatherer = Gatherer(recipe)
    for entry in patient.instances:
        with suppress(DicomlabError):  # a broken instance: a run holds it back with the reason
            instance = files.read(entry.path, defer=files.HEADERS)
            gatherer.add(instance.elements, instance.encoding)
    # What identifies does not hang on the key: this one is made for the question and forgotten.
    return engine.Deidentifier(recipe, Key.new(), Subject("PATIENT", -1), gatherer.identifiers()).identifies


def _shot(
    entry: Entry, label: str, settings: BurnedIn, *, find: Callable[[engine.Instance, BurnedIn], Iterable[Found]]
) -> Shot | None:
    """Return one instance as an image to review; None when it is no image.

    Raises
    ------
    DicomlabError
        It cannot be shown; a run holds it back with the reason.
    """
    instance = files.read(entry.path)
    attributes = instance.attributes()
    if not engine.is_picture(instance, attributes):
        return None
    told = engine.told_of(instance)
    why = text_risk(attributes, transfer_syntax=entry.transfer_syntax) or ""
    first = Pictures(frames_of(instance, told))[0]
    found = tuple(find(instance, settings)) if why or settings.examine == "all" else ()
    maker, model = (str(told.get(keyword) or "") for keyword in ("Manufacturer", "ManufacturerModelName"))
    return Shot(
        label=label,
        series=fingerprint(entry.series_uid),
        scanner=scanner_of(maker, model, first.shape[0], first.shape[1]),
        shape=(first.shape[0], first.shape[1]),
        open=lambda: files.read(entry.path),
        thumbnail=_thumbnail(scenes.greys(first)),
        found=found,
        why=why,
    )


def _thumbnail(grey: NDArray[Any]) -> NDArray[np.uint8]:
    step = -(-max(grey.shape) // _THUMBNAIL)
    small = grey[: grey.shape[0] // step * step, : grey.shape[1] // step * step]
    small = small.reshape(small.shape[0] // step, step, small.shape[1] // step, step).mean(axis=(1, 3))
    low, high = np.percentile(small, [1, 99.5])
    scaled: NDArray[np.uint8] = (np.clip((small - low) / max(high - low, 1e-9), 0, 1) * 255).astype(np.uint8)
    return scaled


# Decisions.


def about(decision: TextDecision, shot: Shot) -> bool:
    """Return whether a decision is about this image."""
    return decision.series == shot.series or (decision.scanner is not None and decision.scanner == shot.scanner)


def marks(shot: Shot, decisions: Sequence[TextDecision]) -> tuple[Mark, ...]:
    """Return what was found and what was drawn, with what was decided last; found first."""
    made: dict[tuple[Box, int | None], Mark] = {}
    for one in shot.found:
        region = one.region
        box = (region.x0, region.y0, region.x1, region.y1)
        made[box, region.frame] = Mark(box, region.frame, "found", one.kind, text=one.text)
    for decision in decisions:
        if about(decision, shot):
            key = (decision.box, decision.frame)
            old = made.get(key, Mark(decision.box, decision.frame, "found"))
            scope: Scope = "series" if decision.series else "scanner"
            made[key] = Mark(old.box, old.frame, decision.action, old.kind, decision.reason, scope, old.text)
    return tuple(made.values())


def decided(
    decisions: Sequence[TextDecision], shot: Shot, mark: Mark, action: Action, *, reason: str, scope: Scope = "series"
) -> tuple[TextDecision, ...]:
    """Return the decisions with one more, which stands for any earlier one about the same rectangle.

    Raises
    ------
    DicomlabError
        There is no reason, or what matches the patient's identifiers is to be kept: no run does that.
    """
    if action == "keep" and mark.kind == "phi":
        message = "this text matches what identifies the patient, and no run keeps it; leave it to be blanked"
        raise DicomlabError(message)
    if not reason.strip():
        raise DicomlabError("a decision needs a reason; write in a few words why")
    where = {"series": shot.series} if scope == "series" else {"scanner": shot.scanner}
    new = TextDecision(box=mark.box, frame=mark.frame, action=action, reason=reason.strip(), **where)
    return (*undecided(decisions, shot, mark), new)


def undecided(decisions: Sequence[TextDecision], shot: Shot, mark: Mark) -> tuple[TextDecision, ...]:
    """Return the decisions without those about this rectangle of this image."""
    return tuple(d for d in decisions if not (about(d, shot) and (d.box, d.frame) == (mark.box, mark.frame)))


def moved(
    decisions: Sequence[TextDecision], shot: Shot, mark: Mark, box: Box, *, reason: str, scope: Scope = "series"
) -> tuple[TextDecision, ...]:
    """Return the decisions with a rectangle moved: the new place is blanked, whatever was decided about the old one.

    What was found stays where it was, and is kept there, unless it identifies the patient.
    """
    there = Mark(box, mark.frame, "found")
    keeping = mark.kind not in {"drawn", "phi"}
    rest = (
        decided(decisions, shot, mark, "keep", reason=MOVED, scope=scope)
        if keeping
        else undecided(decisions, shot, mark)
    )
    return decided(rest, shot, there, "blank", reason=reason, scope=scope)


def with_decisions(recipe: Recipe, decisions: Sequence[TextDecision]) -> Recipe:
    """Return the recipe with these decisions about text, and with the option that lets a run obey them.

    Raises
    ------
    RecipeError
        The recipe cannot be obeyed so.
    """
    block = recipe.burned_in or BurnedIn()
    return recipe.with_changes(
        options=(*recipe.options, *([] if OPTION in recipe.options else [OPTION])),
        burned_in={**block.model_dump(), "decisions": [d.model_dump() for d in decisions]},
    )


def result(shot: Shot, recipe: Recipe) -> tuple[Sequence[NDArray[Any]], bool]:
    """Return the frames of an image as a run would release them, and whether no text was found afterwards.

    Raises
    ------
    PixelError
        The pixels cannot be decoded or not be written back.
    """
    redacted = engine.redacted(shot.open(), recipe.burned_in or BurnedIn())
    return Pictures(frames_of(redacted.instance)), redacted.proven
