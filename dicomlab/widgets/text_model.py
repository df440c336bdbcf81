"""What a person decides about text burned in to pixels: plain values, no browser.

A decision stands in the recipe as a `TextDecision`; nothing else is remembered, so that reading the recipe again shows
the review as it was left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from dicomlab.burned_in import text_risk
from dicomlab.errors import DicomlabError
from dicomlab.pixels import Frames
from dicomlab.recipe import BurnedIn, Recipe, TextDecision, fingerprint, scanner_of

if TYPE_CHECKING:
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
    """One image under review, under a label that names nobody. `read` returns its frames for looking, one by one.

    `series`, `scanner`: as they stand in a recipe. `why`: what the metadata tell of text. `found`: by the detector.
    """

    label: str
    series: str
    scanner: str
    shape: tuple[int, int]
    read: Callable[[], Sequence[NDArray[Any]]]
    thumbnail: NDArray[np.uint8]
    found: tuple[Found, ...] = ()
    why: str = ""

    @property
    def risk(self) -> int:
        """How much the image is in need of a look; 0 when nothing tells of text."""
        return sum(_WEIGHTS.get(one.kind, 30) for one in self.found) + (10 if self.why else 0)


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


class Greys(Sequence[NDArray[Any]]):
    """The frames of an instance for looking; each is decoded when it is asked for."""

    def __init__(self, frames: Frames) -> None:
        """Decode nothing yet."""
        self._frames = frames

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._frames)

    def __getitem__(self, number: Any) -> Any:  # noqa: ANN401  a sequence's, slices are not asked for
        """Return one frame, bytes where every value is one."""
        grey = self._frames.grey(number)
        layout = self._frames.layout
        return grey.astype(np.uint8) if layout.bits_stored <= 8 and not layout.signed else grey  # noqa: PLR2004


def shots(
    catalog: Catalog | Group,
    settings: BurnedIn | None = None,
    *,
    find: Callable[[Frames, BurnedIn], Iterable[Found]],
    each: int = 1,
) -> tuple[Shot, ...]:
    """Return the images to review, those in most need of a look first.

    Parameters
    ----------
    catalog
        What was scanned.
    settings
        How text is found: `Recipe.burned_in`.
    find
        `burned_in.find_text`, or another detector of the same kind.
    each
        How many instances of a series are looked at, evenly chosen: a decision is about all of them.
    """
    groups = catalog.series if hasattr(catalog, "series") else (catalog,)
    made = []
    for group in groups:
        images = [e for e in group.instances if e.attributes.get("Rows") != "0"]
        for number in sorted({round(n) for n in np.linspace(0, len(images) - 1, min(each, len(images)))}):
            label = group.label if len(images) == 1 else f"{group.label} / image {number + 1}"
            shot = _shot(images[number], label, find=find, settings=settings or BurnedIn())
            made += [shot] if shot is not None else []
    return tuple(sorted(made, key=lambda one: -one.risk))


def _shot(
    entry: Entry, label: str, *, find: Callable[[Frames, BurnedIn], Iterable[Found]], settings: BurnedIn
) -> Shot | None:
    """Return one instance as an image to review; None when it has no pixels that can be shown."""
    dataset = entry.read()
    if "PixelData" not in dataset or "Rows" not in dataset:
        return None
    why = text_risk(entry.attributes, transfer_syntax=entry.transfer_syntax) or ""
    try:
        frames = Frames.of(dataset)
        first = frames.grey(0)
        found = tuple(find(frames, settings)) if why or settings.examine == "all" else ()
    except DicomlabError:
        return None  # a run holds it back with the reason
    return Shot(
        label=label,
        series=fingerprint(entry.series_uid),
        scanner=scanner_of(
            str(dataset.get("Manufacturer", "")), str(dataset.get("ManufacturerModelName", "")), *first.shape
        ),
        shape=(first.shape[0], first.shape[1]),
        read=lambda: Greys(Frames.of(entry.read())),
        thumbnail=_thumbnail(first),
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
        There is no reason.
    """
    if not reason.strip():
        message = "a decision needs a reason; write in a few words why"
        raise DicomlabError(message)
    where = {"series": shot.series} if scope == "series" else {"scanner": shot.scanner}
    new = TextDecision(box=mark.box, frame=mark.frame, action=action, reason=reason.strip(), **where)
    return (*undecided(decisions, shot, mark), new)


def undecided(decisions: Sequence[TextDecision], shot: Shot, mark: Mark) -> tuple[TextDecision, ...]:
    """Return the decisions without those about this rectangle of this image."""
    return tuple(d for d in decisions if not (about(d, shot) and (d.box, d.frame) == (mark.box, mark.frame)))


def moved(
    decisions: Sequence[TextDecision], shot: Shot, mark: Mark, box: Box, *, reason: str, scope: Scope = "series"
) -> tuple[TextDecision, ...]:
    """Return the decisions with a rectangle moved: what was found stays where it was, and is kept there.

    The new place is blanked, whatever was decided about the old one.
    """
    there = Mark(box, mark.frame, "found")
    was_found = mark.kind != "drawn"
    rest = (
        decided(decisions, shot, mark, "keep", reason=MOVED, scope=scope)
        if was_found
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
