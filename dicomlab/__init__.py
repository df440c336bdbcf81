"""Find, remove and prove the absence of what identifies a patient in DICOM.

>>> import dicomlab as dl
>>> dl.Masked("anything")
▒▒▒▒▒▒

`scan` a folder, look at it with `inspect` and `find`, decide in a recipe (`load_recipe`), see every change with
`plan`, make it with `deidentify` or over a folder with `run`, prove it with `verify`, tell it with `report`. One
carrier alone: `find_text` and `redact` for text burned in to pixels, `dicomlab.runs.deface` for faces in head volumes.

Importing this package loads none of the modules below: each name is fetched when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dicomlab.errors import DicomlabError
    from dicomlab.files import scan
    from dicomlab.pseudonyms import Key
    from dicomlab.recipe import Recipe
    from dicomlab.recipe import load as load_recipe
    from dicomlab.records import Finding, Masked, RunOutcome, Verdict
    from dicomlab.runs import compare, deidentify, find, find_text, inspect, plan, redact, report, run, verify

    __version__: str

# Where each public name lives.
_HOMES = {
    "DicomlabError": "errors", "Finding": "records", "Key": "pseudonyms", "Masked": "records", "Recipe": "recipe",
    "RunOutcome": "records", "Verdict": "records", "compare": "runs", "deidentify": "runs", "find": "runs",
    "find_text": "runs", "inspect": "runs", "load_recipe": "recipe", "plan": "runs", "redact": "runs",
    "report": "runs", "run": "runs", "scan": "files", "verify": "runs",
}  # fmt: skip
_THERE = {"load_recipe": "load"}  # what a name is called at home, where that differs

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - strings, every one


def __getattr__(name: str) -> object:
    """Fetch a public name from the module where it lives, once (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  (25 ms that most callers never need)

        found: object = version("dicomlab")
    elif name in _HOMES:
        found = getattr(import_module(f"dicomlab.{_HOMES[name]}"), _THERE.get(name, name))
    else:
        raise AttributeError(f"module 'dicomlab' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
