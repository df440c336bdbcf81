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

_HOMES = {
    "DicomlabError": ("errors", "DicomlabError"),
    "Finding": ("records", "Finding"),
    "Key": ("pseudonyms", "Key"),
    "Masked": ("records", "Masked"),
    "Recipe": ("recipe", "Recipe"),
    "RunOutcome": ("records", "RunOutcome"),
    "Verdict": ("records", "Verdict"),
    "compare": ("runs", "compare"),
    "deidentify": ("runs", "deidentify"),
    "find": ("runs", "find"),
    "find_text": ("runs", "find_text"),
    "inspect": ("runs", "inspect"),
    "load_recipe": ("recipe", "load"),
    "plan": ("runs", "plan"),
    "redact": ("runs", "redact"),
    "report": ("runs", "report"),
    "run": ("runs", "run"),
    "scan": ("files", "scan"),
    "verify": ("runs", "verify"),
}

__all__ = [
    "DicomlabError",
    "Finding",
    "Key",
    "Masked",
    "Recipe",
    "RunOutcome",
    "Verdict",
    "__version__",
    "compare",
    "deidentify",
    "find",
    "find_text",
    "inspect",
    "load_recipe",
    "plan",
    "redact",
    "report",
    "run",
    "scan",
    "verify",
]


def __getattr__(name: str) -> object:
    """Fetch a public name from the module where it lives, once (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  (25 ms that most callers never need)

        found: object = version("dicomlab")
    elif name in _HOMES:
        module, attribute = _HOMES[name]
        found = getattr(import_module(f"dicomlab.{module}"), attribute)
    else:
        message = f"module 'dicomlab' has no attribute {name!r}"
        raise AttributeError(message)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
