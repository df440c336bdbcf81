"""The verbs of a notebook's cell: look at what a catalog holds, and try the recipe on one instance."""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from tqdm.auto import tqdm

from dicomlab import engine, files, judge, reports
from dicomlab.catalog import Catalog, Entry, Group
from dicomlab.errors import InstanceError
from dicomlab.header import Gatherer, Subject
from dicomlab.header.inspect import AttributeSummary, Summary
from dicomlab.pseudonyms import Key
from dicomlab.records import Comparison
from dicomlab.runs.layout import as_recipe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dicomlab.free_text import Identifiers
    from dicomlab.recipe import Recipe
    from dicomlab.records import Change, Finding, RunOutcome, Verdict

_ITEM = re.compile(r"\[\d+\]")
Looked = Catalog | Group | Entry | Dataset


def _instances(looked: Looked | Iterable[Entry], *, progress: bool = False) -> Iterable[tuple[int, engine.Instance]]:
    if isinstance(looked, Dataset):
        yield -1, engine.instance_of(looked)
        return
    entries = (
        (looked,)
        if isinstance(looked, Entry)
        else looked.instances
        if isinstance(looked, Catalog | Group)
        else tuple(looked)
    )
    for entry in tqdm(entries, desc="read", unit="file", disable=not progress):
        yield entry.ordinal, files.read(entry.path, defer=files.HEADERS)


def inspect(looked: Looked, *, progress: bool = False) -> list[AttributeSummary]:
    """Return one row an attribute path with its distinct values, masked."""
    summary = Summary()
    for _, instance in _instances(looked, progress=progress):
        summary.add(instance.elements, instance.encoding)
    return summary.rows()


def find(looked: Looked, recipe: str | Path | Recipe = "basic", *, progress: bool = False) -> list[Finding]:
    """Return everything that identifies a patient, or may: header, burned-in text, face. Values are masked."""
    chosen = as_recipe(recipe)
    found: list[Finding] = []
    for ordinal, instance in _instances(looked, progress=progress):
        found += engine.found_in(instance, chosen, ordinal=ordinal)
    return found


def compare(
    looked: Looked, first: str | Path | Recipe, second: str | Path | Recipe, *, progress: bool = False
) -> list[Comparison]:
    """Return what two recipes do differently to what is there, attribute by attribute; nothing is written.

    Attributes that both treat alike in every instance are left out. Instances that cannot be de-identified at all
    are passed over; pixels at risk do not count, since they are held back whole.
    """
    recipes = (as_recipe(first), as_recipe(second))
    key = Key.new()  # what a recipe does to an attribute does not hang on the key
    subject = Subject("PATIENT", -1)
    entries = list(_instances(looked, progress=progress))
    tallies: list[dict[str, Counter[str]]] = [defaultdict(Counter), defaultdict(Counter)]
    about: dict[str, Change] = {}
    for recipe, tally in zip(recipes, tallies, strict=True):
        gatherer = Gatherer(recipe)
        for _, instance in entries:
            gatherer.add(instance.elements, instance.encoding)
        cleaner = engine.Deidentifier(recipe, key, subject, gatherer.identifiers())
        for _, instance in entries:
            try:
                done = {_ITEM.sub("[]", c.path): c for c in cleaner.changes(instance)}
            except InstanceError:
                continue
            for path, change in done.items():
                tally[path][str(change.action)] += 1
                about.setdefault(path, change)
    rows = []
    for path, change in sorted(about.items(), key=lambda kv: (kv[1].tag, kv[0])):
        met = max(tally[path].total() for tally in tallies)  # what only one recipe touches, the other keeps
        mine, yours = (_with_kept(tally[path], met) for tally in tallies)
        if mine != yours:
            rows.append(Comparison(path, change.tag, change.vr, mine, yours))
    return rows


def _with_kept(done: Counter[str], met: int) -> dict[str, int]:
    """Return what was done to an attribute met so many times, with "keep" for where it stays as it is."""
    kept = met - done.total() + done["K"]
    return {action: count for action, count in sorted(done.items()) if action != "K"} | ({"keep": kept} if kept else {})


def identities(source: str | Path | Catalog) -> judge.Identity:
    """Return what identifies any patient of a source, by the judge's own gathering: to search texts and notebooks."""
    catalog = source if isinstance(source, Catalog) else files.scan(source)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for entry in catalog.instances:
            try:
                found.append(judge.identity_of(entry.path, relative_path=entry.relative))
            except (ValueError, OSError):
                continue  # a broken file is quarantined, never shown
    return judge.merge(found)


def known(looked: Looked | Iterable[Entry], recipe: str | Path | Recipe) -> Identifiers:
    """Return what identifies the patient, from all the instances given."""
    gatherer = Gatherer(as_recipe(recipe))
    for _, instance in _instances(looked):
        gatherer.add(instance.elements, instance.encoding)
    return gatherer.identifiers()


def plan(
    one: Entry | Dataset,
    recipe: str | Path | Recipe,
    key: str | os.PathLike[str] | Key,
    *,
    known: Identifiers | None = None,
) -> engine.Plan:
    """Return every change to one instance, before it is made."""
    dataset = one.read() if isinstance(one, Entry) else one
    return engine.plan(dataset, as_recipe(recipe), _key(key), known=known)


def deidentify(
    one: Entry | Dataset,
    recipe: str | Path | Recipe,
    key: str | os.PathLike[str] | Key,
    *,
    known: Identifiers | None = None,
) -> Dataset:
    """Return one instance de-identified, as a new Dataset; give `known` from all of the patient's instances.

    Raises
    ------
    InstanceError
        When the recipe does not let this instance out.
    """
    dataset = one.read() if isinstance(one, Entry) else one
    return engine.deidentify(dataset, as_recipe(recipe), _key(key), known=known)


def report(outcome: RunOutcome | Verdict, path: str | Path) -> Path:
    """Write an outcome or a verdict as one offline HTML page and return its path."""
    return reports.write(outcome, Path(path))


def _key(key: str | os.PathLike[str] | Key) -> Key:
    return key if isinstance(key, Key) else Key.read(key)
