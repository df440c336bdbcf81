"""A release judged again, from the files as they lie there."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from hashlib import file_digest
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

from dicomlab import judge
from dicomlab.errors import ReleaseError
from dicomlab.records import Check, Outcome, RunOutcome, State, Verdict
from dicomlab.runs import records as evidence
from dicomlab.runs.layout import CROSSWALK, MANIFEST, Layout, as_recipe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike
    from pathlib import Path

    from dicomlab.pseudonyms import Key
    from dicomlab.recipe import Recipe


def verify(
    source: str | Path,
    release: str | Path,
    recipe: str | Path | Recipe,
    key: str | PathLike[str] | Key | None = None,
    *,
    private: str | Path | None = None,
    progress: bool = False,
) -> Verdict:
    """Return the judge's verdict on a release, from source and release as they are on the disk now.

    Manifest and report of the release are brought in step with it. `key` is accepted for symmetry with `run`; the
    judge needs none.

    Raises
    ------
    ReleaseError
        The release has no manifest, or the private folder no crosswalk.
    """
    del key
    recipe, layout = as_recipe(recipe), Layout.of(source, release, private)
    outcomes = read_manifest(layout)
    authentic = evidence.is_as_written(layout)
    came = _crosswalk(layout)
    identity: dict[tuple[str, str], list[judge.Identity]] = {}
    whose: dict[int, tuple[str, str]] = {}
    for ordinal, row in tqdm(sorted(came.items()), desc="gather", unit="file", disable=not progress):
        path = _source_of(layout, row)
        if row["state"] == State.IGNORED or not path.is_file():
            continue
        try:
            found = judge.identity_of(path, relative_path=row["source"])
        except (ValueError, OSError):
            continue  # what cannot be read was not released either; the states tell
        whose[ordinal] = (row["issuer"], row["patient_id"]) if row["patient_id"] else ("\\file", str(ordinal))
        identity.setdefault(whose[ordinal], []).append(found)
    merged = {who: judge.merge(found) for who, found in identity.items()}
    hand = _Hand(came, layout, recipe, {n: merged[who] for n, who in whose.items()})
    verdicts, judged = [], []
    for outcome in tqdm(outcomes, desc="verify", unit="file", disable=not progress):
        if outcome.state is not State.WRITTEN or outcome.output is None:
            judged.append(outcome)
            continue
        checks, verdict = _judged(outcome, hand)
        if verdict is not None:
            verdicts.append(verdict)
        judged.append(replace(outcome, checks=checks))
    everyone = judge.merge(merged.values())
    whole = judge.judge_release(
        verdicts,
        states=[(o.ordinal, o.state) for o in outcomes],
        expected=sorted(came),
        tree=layout.release,
        recipe=recipe,
        identity=everyone,
    )
    own = [_over_all(name, judged) for name in (_SAME, _CAME)]
    told = "" if authentic else "it was changed since, or belongs to another private folder"
    own.append(Check(_MANIFEST, authentic, told))
    failed = sorted({*whole.failed, *(o.ordinal for o in judged if o.verified is False)})
    verdict = Verdict((*whole.checks, *own), sum(o.state is State.WRITTEN for o in judged), tuple(failed))
    result = RunOutcome(
        layout.release,
        layout.private,
        recipe.title,
        recipe.sha256,
        tuple(judged),
        verdict,
        0.0,
        version("dicomlab"),
        evidence.heads(layout),
    )
    said = evidence.write_manifest(layout, result, recipe, everyone)
    if authentic:
        evidence.keep_digest(layout)
    return said.verdict or verdict


_SAME = "files are the ones that the manifest lists"
_CAME = "source files are there to compare with"
_MANIFEST = "the manifest is the one that the run wrote"


def _over_all(name: str, outcomes: Sequence[Outcome]) -> Check:
    """Return one check over all outcomes that have it: a changed manifest may list any path, so none is quoted."""
    wrong = tuple(o for o in outcomes if any(c.name == name and not c.passed for c in o.checks))
    where = tuple(f"instance {o.ordinal}" for o in wrong[:20])
    return Check(name, not wrong, f"{len(wrong)} are not" if wrong else "", where)


@dataclass(frozen=True)
class _Hand:
    """What judging each outcome of a release needs."""

    came: dict[int, dict[str, str]]
    layout: Layout
    recipe: Recipe
    identity: dict[int, judge.Identity]


def _judged(outcome: Outcome, hand: _Hand) -> tuple[tuple[Check, ...], Any]:
    output = outcome.output or ""
    path = hand.layout.release / output
    if not path.resolve().is_relative_to(hand.layout.release) or not path.is_file():
        return (Check(_SAME, passed=False, detail="it is missing"),), None
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    same = Check(_SAME, digest == outcome.sha256)
    row, identity = hand.came.get(outcome.ordinal), hand.identity.get(outcome.ordinal)
    if row is None or identity is None:
        return (same, Check(_CAME, passed=False, detail="it cannot be read, or never came in")), None
    try:
        verdict = judge.judge_instance(
            _source_of(hand.layout, row), path, hand.recipe, identity=identity, release_path=output,
            ordinal=outcome.ordinal, repainted=outcome.repainted, private=hand.layout.private,
        )  # fmt: skip
    except (ValueError, OSError):
        return (same, Check(_CAME, passed=False, detail="it cannot be read")), None
    return (same, Check(_CAME, passed=True), *verdict.checks), verdict


def _source_of(layout: Layout, row: dict[str, str]) -> Path:
    return layout.source if layout.source.is_file() else layout.source / row["source"]


def read_manifest(layout: Layout) -> tuple[Outcome, ...]:
    """Return the outcomes that a release's manifest lists.

    Raises
    ------
    ReleaseError
        There is no manifest, or it is not whole.
    """
    try:
        text = (layout.release / MANIFEST).read_text("utf-8")
        return tuple(evidence.from_line(json.loads(line)) for line in text.splitlines())
    except FileNotFoundError as error:
        message = f"the release has no {MANIFEST}; give a folder that dicomlab run wrote, or run again to finish it"
        raise ReleaseError(message) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{MANIFEST} of the release is not whole; run again with --overwrite") from error


def _crosswalk(layout: Layout) -> dict[int, dict[str, str]]:
    try:
        with (layout.private / CROSSWALK).open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
            return {int(row["ordinal"]): row for row in csv.DictReader(lines)}
    except FileNotFoundError as error:
        message = (
            f"the private folder has no {CROSSWALK}, which tells what became of which file; give it with --private"
        )
        raise ReleaseError(message) from error
