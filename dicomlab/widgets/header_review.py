"""The review of headers: every attribute of a collection once, decided about with a reason, saved in a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dicomlab.errors import DicomlabError
from dicomlab.records import Masked
from dicomlab.widgets import header_model as headers
from dicomlab.widgets.saving import Saved
from dicomlab.widgets.viewer import Shown, script, style

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    from dicomlab.header.inspect import AttributeSummary
    from dicomlab.recipe import Recipe

_MASK = str(Masked(""))


class HeaderReview(Shown):
    """Every attribute once, the riskiest first; what is decided becomes rules of a recipe.

    Parameters
    ----------
    summaries
        What `dicomlab.inspect` returned.
    recipe
        A packaged recipe or the path of one, to start from.
    out
        Where the recipe is saved. If it is there, the review goes on where it was left.
    resume
        False starts from `recipe` even so.
    """

    _esm = script("paint.js", "header_review.js")
    _css = style()

    def __init__(
        self,
        summaries: Sequence[AttributeSummary],
        recipe: str | os.PathLike[str] | Recipe,
        out: str | os.PathLike[str],
        *,
        resume: bool = True,
    ) -> None:
        """Read what was decided before; display nothing."""
        super().__init__()
        self.summaries = headers.ranked(summaries)
        self.saved = Saved.open(recipe, out, resume=resume)
        self.recipe = self.saved.recipe
        self._history: list[Recipe] = []

    @property
    def rows(self) -> tuple[headers.Row, ...]:
        """One row an attribute, with what the recipe does and what was decided."""
        return headers.rows(self.summaries, self.recipe)

    def decide(self, attribute: str, choice: str, *, reason: str, value: str | None = None) -> None:
        """Keep, remove, empty, clean or replace an attribute, at every depth."""
        self._change(headers.decided(self.recipe, attribute, choice, reason=reason, value=value))

    def clear(self, attribute: str) -> None:
        """Leave an attribute to the profile, the options and the other rules."""
        self._change(headers.undecided(self.recipe, attribute))

    def undo(self) -> None:
        """Take back the last decision."""
        if self._history:
            self.recipe = self._history.pop()

    def save(self) -> Path:
        """Write the recipe with the rules, and return its path."""
        self.saved = self.saved.write(self.recipe)
        return self.saved.path

    def describe(self) -> str:
        """Return how much there is to review, in one sentence."""
        mine = sum(bool(row.choice) for row in self.rows)
        return f"Header review: {len(self.summaries)} attributes, {mine} decided by a rule of their own."

    def _change(self, recipe: Recipe) -> None:
        self._history.append(self.recipe)
        self.recipe = recipe

    def _hear(self, message: dict[str, Any]) -> None:
        kind, said = message["kind"], ""
        try:
            if kind == "decide":
                attribute = headers.attribute_of(self.summaries[message["row"]])
                if message["choice"]:
                    value = message.get("value")
                    self.decide(attribute, message["choice"], reason=message["reason"], value=value)
                else:
                    self.clear(attribute)
            elif kind == "undo":
                self.undo()
            elif kind == "save":
                self.save()
            elif kind == "reveal":
                told = headers.values(self.summaries[message["row"]])
                self.send({"kind": "revealed", "row": message["row"], "text": told})
                return
        except DicomlabError as error:
            said = f"Not done: {error}"
        self.send({"kind": "changed", **self._state(said)})

    def _give(self, view: str | None) -> None:
        table = [
            [s.path, s.vr, s.risk, s.why, s.instances, s.distinct, _MASK if s.values else ""] for s in self.summaries
        ]
        self.send({"kind": "rows", "view": view, "rows": table, "risks": headers.RISKS, **self._state("")})

    def _state(self, said: str) -> dict[str, Any]:
        """Return what the recipe does with each row, and what was decided."""
        told = [[row.does, row.by, row.choice, row.reason, row.value] for row in self.rows]
        left = self.saved.told if self.recipe == self.saved.recipe else "not saved"
        return {"states": told, "said": said or f"{left}{'' if self.recipe.profile_holds else _BEYOND}"}


_BEYOND = "; a rule keeps more than the profile and its options allow: 113100 is not claimed"
