"""Where decisions are kept: a recipe that is started from another one, saved, and read again."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from dicomlab.recipe import Recipe, load, save


@dataclass(frozen=True, slots=True)
class Saved:
    """A recipe as its file has it, or would have it; `told` says which."""

    recipe: Recipe
    path: Path
    told: str

    @classmethod
    def open(cls, start: str | os.PathLike[str] | Recipe, out: str | os.PathLike[str], *, resume: bool = True) -> Saved:
        """Return the recipe of the file `out` if there is one, else `start`, which `out` will be made from.

        Without `resume` it is `start` in any case.

        Raises
        ------
        RecipeError
            The file is there but no recipe, or there is nothing to start from.
        """
        path = Path(out)
        if resume and path.exists():
            return cls(load(path), path, f"going on with {path.name}")
        return cls(start if isinstance(start, Recipe) else load(start), path, f"nothing is saved in {path.name} yet")

    def write(self, recipe: Recipe) -> Saved:
        """Write a recipe to the file and return it as saved."""
        save(recipe, self.path)
        return replace(self, recipe=recipe, told=f"saved in {self.path.name}")
