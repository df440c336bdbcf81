"""Recipes from and to their files: packaged ones by name, others by path; errors with the line."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from dicomlab.errors import RecipeError
from dicomlab.recipe.blocks import BurnedIn, Deface
from dicomlab.recipe.codes import Codes, read_codes
from dicomlab.recipe.model import Ages, AtRisk, Dates, Form, Identifiers, Private, Rule, Select, Table, Uids
from dicomlab.recipe.source import Place, Source, YamlError, parse
from dicomlab.recipe.whole import Recipe

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_PARTS: Mapping[str, type[Form]] = {
    "select": Select, "identifiers": Identifiers, "uids": Uids, "dates": Dates, "ages": Ages,
    "at_risk": AtRisk, "private": Private, "burned_in": BurnedIn, "deface": Deface, "rules": Rule,
}  # fmt: skip
# What a person would call the types that pydantic names in its own way.
_KINDS = (
    ("tuple", "a list, such as [one, two]"), ("model", 'made of "key: value" pairs'), ("bool", "true or false"),
    ("int_", "a whole number"), ("float", "a number"), ("string", "text"),
)  # fmt: skip
_HEAD = "# A recipe of dicomlab. The first rule that matches wins, over options and profile.\n"


def _folder() -> Path:
    """Return the folder of the packaged recipes: inside the wheel, or at the top of a checkout."""
    package = Path(str(files("dicomlab")))
    installed = package / "_packaged" / "templates" / "recipes"
    return installed if installed.is_dir() else package.parent / "templates" / "recipes"


def packaged() -> tuple[str, ...]:
    """Return the names of the packaged recipes, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def load(name_or_path: str | os.PathLike[str]) -> Recipe:
    """Return the recipe of a packaged name or of a file, validated.

    Raises
    ------
    RecipeError
        No such recipe, not YAML, an unknown key, action, option or attribute, a wrong argument, a missing reason,
        a table of codes that cannot be used. Each is named with its line and how to mend it.

    Examples
    --------
    >>> load("basic").profile
    'basic'
    """
    path = _path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        cause = (error.strerror or "cannot be read").lower()
        raise RecipeError(f"recipe {path.name}: {cause}; check the path and its permissions") from None
    except UnicodeDecodeError:
        raise RecipeError(f"recipe {path.name}: not UTF-8; save the file as plain UTF-8 text") from None
    return _recipe(path, text)


def _path(name_or_path: str | os.PathLike[str]) -> Path:
    if isinstance(name_or_path, str) and name_or_path in packaged():
        return _folder() / f"{name_or_path}.yaml"
    path = Path(name_or_path)
    if path.exists():
        return path
    names = packaged()
    near = get_close_matches(str(name_or_path), names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"write one of {', '.join(names)}, or the path of a YAML file"
    raise RecipeError(f"recipe {path.name}: neither packaged nor a file; {hint}")


def _recipe(path: Path, text: str) -> Recipe:
    try:
        source = parse(text)
    except YamlError as error:
        raise RecipeError(f"recipe {path.name}, line {error.line}: {error}") from None
    if "dicomlab" not in source.data:
        raise RecipeError(f'recipe {path.name}, line 1: no key says that this is a recipe; write "dicomlab: 1" first')
    try:
        recipe = Recipe.model_validate(source.data)
    except ValidationError as error:
        found = sorted({_told(one, source) for one in error.errors(include_url=False, include_input=False)})
        raise RecipeError("\n".join(f"recipe {path.name}, line {line}: {what}" for line, what in found)) from None
    recipe._name = path.stem  # noqa: SLF001  where it came from is no part of what it says
    recipe._lines = tuple(source.line(("rules", index)) for index in range(len(recipe.rules)))  # noqa: SLF001  as above
    if isinstance(recipe.identifiers.patient, Table):
        line = source.line(("identifiers", "patient", "table"))
        recipe._codes = _codes(path, recipe.identifiers.patient.table, line)  # noqa: SLF001  as above
    return recipe


def _codes(path: Path, table: str, line: int) -> Codes:
    try:
        return read_codes(path.parent / table)
    except RecipeError as error:
        raise RecipeError(f"recipe {path.name}, line {line}: {error}") from None


def _told(error: ErrorDetails, source: Source) -> tuple[int, str]:
    """Return line and sentence of one error of validation; it quotes keys and actions, never a value."""
    place = _place(error["loc"], source)
    if error["type"] == "extra_forbidden":
        return source.line(place), _unknown_key(place)
    if error["type"] == "missing":
        return source.line(place), f'key "{error["loc"][-1]}" is missing; add it'
    if error["type"] == "value_error":
        sentence = str(error["ctx"]["error"])
        head = sentence.partition(":")[0]
        return source.line((head,) if not place and (head,) in source.lines else place), sentence
    key = next((part for part in reversed(place) if isinstance(part, str)), "recipe")
    wanted = next((words for kind, words in _KINDS if error["type"].startswith(kind)), None)
    return source.line(place), f"{key} is not {wanted or error['msg'].removeprefix('Input should be ')}; mend the value"


def _place(loc: tuple[str | int, ...], source: Source) -> Place:
    """Return the part of an error's location that the text has: unions add parts of their own."""
    place: Place = ()
    for part in loc:
        if (*place, part) in source.lines:
            place = (*place, part)
    return place


def _unknown_key(place: Place) -> str:
    key = str(place[-1])
    part: type[Form] = Recipe if len(place) == 1 else _PARTS.get(str(place[0]), Recipe)
    if "patient" in place[:-1]:
        part = Table
    known = list(part.model_fields)
    near = get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the keys here are {', '.join(known)}"
    comma = "; a value with a comma needs quotes" if place[0] == "rules" else ""
    return f'unknown key "{key}"; {hint}{comma}'


def save(recipe: Recipe, path: str | os.PathLike[str]) -> Path:
    """Write a recipe as YAML that loads back equal, and return its path; complete or not at all.

    Raises
    ------
    RecipeError
        The file cannot be written, or the recipe's table of codes would not be found from there.
    """
    place = Path(path)
    patient = recipe.identifiers.patient
    if isinstance(patient, Table) and not (place.parent / patient.table).is_file():
        raise RecipeError(f"recipe {place.name}: its table is not found from there; copy the table beside it first")
    try:
        descriptor, name = tempfile.mkstemp(".partial", dir=place.parent)
    except OSError as error:
        raise _unwritable(place, error) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_HEAD + text_of(recipe))
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # a recipe holds no secret; the steward shares it
        Path(name).replace(place)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _unwritable(place, error) from None
    return place


def _unwritable(place: Path, error: OSError) -> RecipeError:
    cause = (error.strerror or "cannot be written").lower()
    return RecipeError(f"recipe {place.name}: {cause}; choose a folder that you may write to")


class _Dumper(yaml.SafeDumper):
    """Writes text with control characters so that it is read back the same: PyYAML folds NEL into blanks."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Quote twice whatever a person could not see."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_Dumper.add_representer(str, _Dumper.represent_text)


def text_of(recipe: Recipe) -> str:
    """Return a recipe's YAML: what differs from the defaults, rules one to a line."""
    said: dict[str, Any] = recipe.model_dump(mode="json", exclude_defaults=True)
    first = {"dicomlab": recipe.dicomlab, "title": recipe.title, "edition": recipe.edition, "profile": recipe.profile}
    return yaml.dump(
        {**first, **said}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118, default_flow_style=None
    )
