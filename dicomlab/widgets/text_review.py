"""The review of burned-in text: images by risk, boxes to accept, reject, move and draw, saved in a recipe."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomlab.errors import DicomlabError
from dicomlab.widgets import scene as scenes
from dicomlab.widgets import text_model as texts
from dicomlab.widgets.saving import Saved
from dicomlab.widgets.viewer import Viewer, script

if TYPE_CHECKING:
    import os

    from dicomlab.recipe import Recipe, TextDecision


@dataclass(frozen=True, slots=True)
class TextSettings:
    """What a person has settled: the decisions, and the reason and scope that the next one gets."""

    decisions: tuple[TextDecision, ...] = ()
    reason: str = "seen in the review"
    scope: texts.Scope = "series"


class TextReview(Viewer):
    """Images sorted by risk, with the text that was found in them; decisions become rows of a recipe.

    Parameters
    ----------
    shots
        The images, as `shots` returns them.
    recipe
        A packaged recipe or the path of one, to start from.
    out
        Where the recipe is saved. If it is there, the review goes on where it was left.
    """

    _esm = script("paint.js", "boxes.js", "viewer.js", "text_review.js")

    def __init__(
        self, shots: Iterable[texts.Shot], recipe: str | os.PathLike[str] | Recipe, out: str | os.PathLike[str]
    ) -> None:
        """Read what was decided before; display nothing."""
        self.shots = tuple(shots)
        self.saved = Saved.open(recipe, out)
        block = self.saved.recipe.burned_in
        self.settings = TextSettings(block.decisions if block else ())
        self._history: list[tuple[TextDecision, ...]] = []
        self._at, self._chosen, self._moving, self._seq = 0, "", "", 0
        self._names: dict[str, tuple[int, str]] = {}  # of a box that moved: by which message, its name since
        super().__init__(self._scene_of(0) if self.shots else scenes.of_frames([np.zeros((48, 64), np.uint8)]))

    # What a test or a notebook asks.

    @property
    def shot(self) -> texts.Shot:
        """The image that is looked at."""
        return self.shots[self._at]

    @property
    def marks(self) -> tuple[texts.Mark, ...]:
        """What was found and drawn on it."""
        return texts.marks(self.shot, self.settings.decisions) if self.shots else ()

    @property
    def recipe(self) -> Recipe:
        """The recipe with the decisions."""
        return texts.with_decisions(self.saved.recipe, self.settings.decisions)

    def go(self, at: int) -> None:
        """Look at another image."""
        self._at, self._chosen = at, ""
        self.show(self._scene_of(at))

    def accept(self, mark: texts.Mark) -> None:
        """Blank this rectangle."""
        self._decide(mark, "blank")

    def reject(self, mark: texts.Mark) -> None:
        """Keep what this rectangle shows."""
        self._decide(mark, "keep")

    def move(self, mark: texts.Mark, box: texts.Box) -> texts.Mark:
        """Blank another rectangle in the place of this one, and return it; steps of one way are taken back at once."""
        new = texts.moved(
            self.settings.decisions, self.shot, mark, box, reason=self._reason(mark), scope=self.settings.scope
        )
        if mark.id != self._moving:
            self._keep_history()
        self.settings = replace(self.settings, decisions=new)
        there = texts.Mark(box, mark.frame, "blank")
        self._moving = there.id
        return there

    def draw(self, box: texts.Box, frame: int | None = None) -> texts.Mark:
        """Blank a rectangle that was drawn, and return it."""
        mark = texts.Mark(box, frame, "found")
        self.accept(mark)
        return mark

    def delete(self, mark: texts.Mark) -> None:
        """Take back what was decided about this rectangle; what a detector found stays to be decided."""
        self._keep_history()
        rest = texts.undecided(self.settings.decisions, self.shot, mark)
        self.settings = replace(self.settings, decisions=rest)

    def undo(self) -> None:
        """Take back the last decision."""
        if self._history:
            self.settings = replace(self.settings, decisions=self._history.pop())

    def save(self) -> Path:
        """Write the recipe with the decisions, and return its path."""
        self.saved = self.saved.write(self.recipe)
        return self.saved.path

    def result(self) -> Viewer:
        """Return the image that is looked at beside what a run would release of it."""
        after, proven = texts.result(self.shot, self.recipe)
        told = "nothing is found afterwards" if proven else "text is still found: a run would hold it back"
        before = self.shot.read()
        beside = len(after) == len(before) and after[0].shape == before[0].shape  # cropped ones stand alone
        title = f"{self.shot.label}: {told}"
        return Viewer(before, after=after, title=title) if beside else Viewer(after, title=title)

    def describe(self) -> str:
        """Return how much there is to review, in one sentence."""
        found = sum(len(shot.found) for shot in self.shots)
        return (
            f"Text review: {len(self.shots)} images, {found} regions of text, {len(self.settings.decisions)} decisions."
        )

    # What the browser says and is told.

    def _decide(self, mark: texts.Mark, action: texts.Action) -> None:
        settings = self.settings
        new = texts.decided(
            settings.decisions, self.shot, mark, action, reason=self._reason(mark), scope=settings.scope
        )
        self._keep_history()
        self.settings = replace(settings, decisions=new)

    def _reason(self, mark: texts.Mark) -> str:
        return self.settings.reason or mark.reason

    def _keep_history(self) -> None:
        self._moving = ""
        self._history.append(self.settings.decisions)

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message["kind"]
        try:
            if kind == "box":
                self._seq = message["seq"]
                self._box(message)
            elif kind == "go":
                self.go(message["at"])
                return
            elif kind in ("reason", "scope"):
                self.settings = replace(self.settings, **{kind: message[kind]})
                return
            elif kind == "undo":
                self.undo()
            elif kind == "save":
                self.save()
            elif kind == "reveal":
                mark = self._mark(message["id"], self._seq)
                text = mark.text.reveal() if mark and mark.text else ""
                self.send({"kind": "revealed", "id": message["id"], "text": str(text)})
                return
        except DicomlabError as error:
            self.send({"kind": "said", "said": f"Not done: {error}", "focus": "reason" in str(error)})
        self.send({"kind": "boxes", **self._boxes()})

    def _box(self, message: dict[str, Any]) -> None:
        """Do with a box what a person did."""
        act, name = message["act"], message["id"]
        mark = self._mark(name, message["seen"]) if name else None
        if act == "choose":
            self._chosen = mark.id if mark else ""
        elif act == "draw":
            self._named(name, self.draw(_box(message["box"]), message.get("frame")))
        elif mark is None:
            return
        elif act == "move":
            self._named(mark.id, self.move(mark, _box(message["box"])))
        else:
            {"accept": self.accept, "reject": self.reject, "delete": self.delete}[act](mark)

    def _mark(self, name: str, seen: int) -> texts.Mark | None:
        """Return the mark that a name stood for when the browser had seen so many answers."""
        while name in self._names and self._names[name][0] > seen:
            seen, name = self._names[name]
        return next((mark for mark in self.marks if mark.id == name), None)

    def _named(self, old: str, mark: texts.Mark) -> None:
        self._chosen = mark.id
        if old != mark.id:
            self._names[old] = (self._seq, mark.id)

    def _boxes(self) -> dict[str, Any]:
        """Return what is shown of the marks: texts are masked."""
        shown = [
            {
                "id": mark.id, "box": list(mark.box), "frame": mark.frame, "state": mark.state, "kind": mark.kind,
                "label": str(number), "text": str(mark.text) if mark.text else "", "reason": mark.reason,
                "scope": mark.scope or "",
            }
            for number, mark in enumerate(self.marks, 1)
        ]  # fmt: skip
        said = {"reason": self.settings.reason, "scope": self.settings.scope, "said": self._told()}
        tally = [self._summary(shot) for shot in self.shots]
        return {"boxes": shown, "chosen": self._chosen, "seq": self._seq, "at": self._at, "tally": tally, **said}

    def _shots(self) -> list[dict[str, Any]]:
        small = [(shot.label, shot.thumbnail) for shot in self.shots]
        return [
            {"label": label, "shape": list(grey.shape), "pixels": b64encode(grey.tobytes()).decode()}
            for label, grey in small
        ]

    def _summary(self, shot: texts.Shot) -> str:
        marks = texts.marks(shot, self.settings.decisions)
        left = sum(mark.state == "found" for mark in marks)
        return f"{len(marks)} boxes, {left} to decide" if marks else shot.why or "no text found"

    def _told(self) -> str:
        block = self.saved.recipe.burned_in
        same = self.settings.decisions == (block.decisions if block else ())
        return self.saved.told if same else f"{len(self.settings.decisions)} decisions, not saved"

    def _message(self) -> dict[str, Any]:
        return {**super()._message(), **self._boxes(), "shots": self._shots(), "boxed": bool(self.shots)}

    def _scene_of(self, at: int) -> scenes.Scene:
        return scenes.of_frames(self.shots[at].read())


def _box(given: Sequence[float]) -> texts.Box:
    x0, y0, x1, y1 = (int(at) for at in given)
    return x0, y0, x1, y1
