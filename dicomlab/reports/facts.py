"""What a report says, as plain values: counts and fixed sentences, never an attribute's value.

One function, `summary`, turns the records of a run into the dictionary that `report.json` holds and
that the page is composed from. It reads no file and knows no layout.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dicomlab import standard
from dicomlab.records import (
    Action,
    Carrier,
    Check,
    Finding,
    HeadTold,
    Outcome,
    Reason,
    RunOutcome,
    State,
    Verdict,
    total,
)

if TYPE_CHECKING:
    from dicomlab.recipe import Recipe
    from dicomlab.risk import Assessment, Suggestion

Facts = dict[str, Any]  # JSON: whatever report.json holds

SHOWN = 20  # rows of a list before the rest becomes one line with a count

SAFE_HARBOR_STATEMENT = (
    "Identifiers and UIDs that follow from a secret key, and dates that were shifted, do not meet items (C) and (R) "
    "of the Safe Harbor list in 45 CFR 164.514(b)(2), nor the conditions on codes in 164.514(c). Where data must "
    "count as de-identified under that rule, a qualified expert has to determine that the risk is very small, "
    "164.514(b)(1). This report is evidence for that determination; it does not replace it."
)

# What may be said of the data follows from what was proven, not from what was done.
_CLAIMS: Mapping[str, str] = {
    "passed": "pseudonymised",
    "pending": "pseudonymised, not verified",
    "failed": "none, verification failed",
}

# Safe Harbor letters whose coverage an option of PS3.15 E.3 gives up on purpose, and what the report says then.
_GIVEN_UP: Mapping[str, tuple[str, str]] = {
    "113106": ("C", "kept on purpose: the option Retain Longitudinal Temporal Information Full Dates is claimed"),
    "113107": ("C", "dates were shifted, not removed: (C) is not met"),
    "113109": ("M", "kept on purpose: the option Retain Device Identity is claimed"),
    "113110": ("R", "UIDs were kept on purpose: the option Retain UIDs is claimed"),
    "113112": ("B", "kept on purpose: the option Retain Institution Identity is claimed"),
}
_AT_RISK: Mapping[Carrier, tuple[Reason, ...]] = {
    Carrier.BURNED_IN: (Reason.TEXT_AT_RISK, Reason.STREAM_AT_RISK),
    Carrier.FACE: (Reason.FACE_AT_RISK,),
}
_ITEM = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class SingledOut:
    """How well patients of a release hide among each other, and how quasi-identifiers must be told for `wanted`."""

    assessment: Assessment
    suggestion: Suggestion | None
    wanted: int


def summary(
    result: RunOutcome | Verdict,
    *,
    recipe: Recipe | None = None,
    manifest_sha256: str = "",
    singled_out: SingledOut | None = None,
    written: datetime | None = None,
) -> Facts:
    """Return everything that a report says of a run, as a dictionary that JSON can hold.

    Parameters
    ----------
    result
        A whole run, or the judge's verdict alone (then the parts about files are None).
    recipe
        The recipe that was used: its options and exceptions are listed.
    manifest_sha256
        Digest of ``manifest.jsonl``, 64 hexadecimal digits, or empty.
    singled_out
        How well patients of the release hide among each other.
    written
        Time of the report; the present, in UTC, when not given.

    Returns
    -------
    dict
        Counts and sentences only: no value of an attribute, no path of the source, no date of a patient.
    """
    run = result if isinstance(result, RunOutcome) else None
    outcomes = run.outcomes if run else ()
    done = [o for o in outcomes if o.state is State.WRITTEN]
    verdict = run.verdict if run else result
    verification = _verification(verdict if isinstance(verdict, Verdict) else None, done)
    moment = (written or datetime.now(UTC)).astimezone(UTC)
    return {
        "report": 1,
        "written": moment.isoformat(timespec="seconds"),
        "dicomlab": (run.version if run else "") or _version(),
        "seconds": round(run.seconds, 1) if run else None,
        "manifest_sha256": manifest_sha256,
        "claim": _CLAIMS[verification["state"]],
        "recipe": _recipe(run, recipe),
        "verification": verification,
        "files": _files(outcomes) if run else None,
        "safe_harbor": _safe_harbor(done, outcomes, recipe) if run else None,
        "statement": SAFE_HARBOR_STATEMENT,
        "actions": _actions(done) if run else None,
        "codes": _codes(done) if run else None,
        "singled_out": _singled_out(singled_out) if singled_out else None,
        "heads": [_head(h) for h in run.heads] if run else [],
        "decide": _decide(outcomes) if run else None,
    }


def _singled_out(found: SingledOut) -> Facts:
    """Return classes of patients that look alike, and what each quasi-identifier adds."""
    told, suggested = found.assessment, found.suggestion
    return {
        "patients": told.patients,
        "k": told.k,
        "unique": told.unique,
        "classes": {str(size): count for size, count in told.classes.items()},
        "mean_risk": round(told.mean_risk, 4),
        "wanted": found.wanted,
        "reaches": suggested.assessment.k if suggested else None,
        "known": [
            {"name": name, "k_without": k, "told": suggested.levels[name] if suggested else ""}
            for name, k in told.without.items()
        ],
    }


def _head(head: HeadTold) -> Facts:
    end = "no head" if head.clear else "refused" if head.refused else "defaced"
    numbers = {name: round(value, 4) for name, value in head.numbers.items()}
    return {"name": head.name, "instances": head.instances, "series": head.series, "end": end, "why": head.refused,
            "numbers": numbers}  # fmt: skip


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  (25 ms, rarely needed)

    try:
        return version("dicomlab")
    except PackageNotFoundError:
        return "unknown"


def _recipe(run: RunOutcome | None, recipe: Recipe | None) -> Facts:
    """Return title and digest, and what the recipe adds to the profile."""
    said: Facts = {
        "title": (run.recipe_title if run else "") or (recipe.title if recipe else ""),
        "sha256": (run.recipe_sha256 if run else "") or (recipe.sha256 if recipe else ""),
        "edition": recipe.edition if recipe else standard.EDITION,
        "options": None,
        "rules": None,
    }
    if recipe is not None:
        options = (standard.OPTIONS[name] for name in recipe.options)
        said["options"] = [{"name": o.name, "code": o.code, "meaning": o.meaning} for o in options]
        rules = [{"attribute": r.attribute, "action": str(r.action), "reason": r.reason} for r in recipe.rules]
        said["rules"] = rules
    return said


def _files(outcomes: Sequence[Outcome]) -> Facts:
    """Return how many files came in and how each ended; `sum_holds` says that each ended exactly once."""
    states = {str(s): sum(o.state is s for o in outcomes) for s in State}
    reasons = Counter((o.state, o.reason) for o in outcomes if o.reason is not None)
    kinds: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for o in outcomes:
        kinds[o.modality, o.sop_class][str(o.state)] += 1
    rows = [
        {"modality": modality, "sop_class": name, "files": ends.total(), **{s: ends[s] for s in states}}
        for (modality, name), ends in sorted(
            kinds.items(), key=lambda kind: (not kind[0][1], -kind[1].total(), kind[0])
        )
    ]
    order = list(State)
    return {
        "total": len(outcomes),
        "states": states,
        "sum_holds": sum(states.values()) == len(outcomes) == len({o.ordinal for o in outcomes}),
        "reasons": [
            {"state": str(state), "reason": str(reason), "explanation": reason.explanation, "files": count}
            for (state, reason), count in sorted(reasons.items(), key=lambda r: (order.index(r[0][0]), -r[1], r[0][1]))
        ],
        "kinds": _capped(rows, ("files", *states), {"modality": "", "sop_class": ""}),
    }


def _capped(rows: list[Facts], numbers: Iterable[str], blank: Facts) -> list[Facts]:
    """Return at most `SHOWN` rows: the last one sums what was left out and says so in `more`."""
    if len(rows) <= SHOWN:
        return rows
    rest = rows[SHOWN - 1 :]
    last = {**blank, **{n: sum(r[n] for r in rest) for n in numbers}, "more": len(rest)}
    return [*rows[: SHOWN - 1], last]


def _safe_harbor(done: Sequence[Outcome], outcomes: Sequence[Outcome], recipe: Recipe | None) -> list[Facts]:
    """Return one row per item A to R: how much was treated, and whether that covers the item.

    `status`: ``treated`` (header values were dealt with), ``none`` (no header held any), ``kept`` (an option keeps
    them), ``falls short`` (treated, but not as Safe Harbor asks), ``open`` (pixels at risk were released),
    ``held back`` (pixels at risk were quarantined).
    """
    values = total(o.safe_harbor for o in done)
    claimed = {code for o in done for code in o.codes} | {code for code, _ in (recipe.claimed_codes if recipe else ())}
    actions = total(o.changes for o in done)
    given_up = {letter: note for code, (letter, note) in _GIVEN_UP.items() if code in claimed}
    rows = []
    for letter, what in standard.SAFE_HARBOR.items():
        count = values.get(letter, 0)
        status, note = ("treated", "") if count else ("none", "")
        if letter == "Q":
            status, note = _faces(outcomes, count)
        elif letter in given_up:
            status = "falls short" if "113107" in claimed and letter == "C" else "kept"
            note = given_up[letter]
        elif letter == "C" and actions.get(Action.SHIFT):
            status, note = "falls short", "some dates were shifted, not removed: (C) is not met"
        elif letter == "R" and (actions.get(Action.U) or count):
            status, note = "falls short", _codes_note(recipe)
        instances = sum(bool(o.safe_harbor.get(letter)) for o in done)
        rows.append(
            {"letter": letter, "what": what, "values": count, "instances": instances, "status": status, "note": note}
        )
    return rows


def _codes_note(recipe: Recipe | None) -> str:
    if recipe is not None and recipe.identifiers.patient == "random":
        return "patient codes derive from nothing, but UIDs follow from a key: (R) is not met"
    return "replaced with codes and UIDs that follow from a key: (R) is not met"


def _faces(outcomes: Sequence[Outcome], count: int) -> tuple[str, str]:
    """Return status and note of item Q, full-face photographs and comparable images."""
    kept, held = _at_risk(outcomes, Carrier.FACE)
    if kept:
        return "open", f"{_instances(kept)} released whose pixels may show a face"
    if held:
        return "held back", f"{_instances(held)} whose pixels may show a face were quarantined"
    return ("treated", "") if count else ("none", "no volume that could show a face was released")


def _at_risk(outcomes: Iterable[Outcome], carrier: Carrier) -> tuple[int, int]:
    """Return how many instances at risk through `carrier` were released, and how many were quarantined."""
    kept = held = 0
    for o in outcomes:
        kept += o.state is State.WRITTEN and any(f.carrier is carrier for f in o.findings)
        held += o.state is State.QUARANTINED and o.reason in _AT_RISK[carrier]
    return kept, held


def _instances(count: int) -> str:
    return "1 instance" if count == 1 else f"{count:,} instances"


def _actions(done: Iterable[Outcome]) -> list[Facts]:
    counts = total(o.changes for o in done)
    meanings = {str(action): action.explanation for action in Action}
    codes = [*meanings, *sorted(counts.keys() - meanings)]
    return [{"code": c, "meaning": meanings.get(c, ""), "values": counts[c]} for c in codes if counts.get(c)]


def _codes(done: Sequence[Outcome]) -> list[Facts]:
    """Return the codes of CID 7050 that instances claim, with their meaning to the letter."""
    meanings = dict([standard.PROFILE_CODE]) | {o.code: o.meaning for o in standard.OPTIONS.values()}
    counts = Counter(code for o in done for code in o.codes)
    return [
        {"code": code, "meaning": meanings.get(code, ""), "instances": counts[code], "of": len(done)}
        for code in sorted(counts)
    ]


def _verification(verdict: Verdict | None, done: Sequence[Outcome]) -> Facts:
    """Return the state (``passed``, ``failed``, ``pending``) and each question with its answer."""
    checks = verdict.checks if verdict else tuple(c for o in done for c in o.checks)
    judged = [o.verified for o in done]
    if verdict is not None:
        state = "passed" if verdict.passed else "failed"
    elif False in judged:
        state = "failed"
    else:
        state = "pending"
    return {
        "state": state,
        "instances": verdict.instances if verdict else sum(v is not None for v in judged),
        "release_wide": verdict is not None,
        "failed_files": list((verdict.failed if verdict else ())[:SHOWN]),
        "checks": _questions(checks),
    }


def _questions(checks: Iterable[Check]) -> list[Facts]:
    """Return one row per question, however many instances it was asked of; failures first."""
    asked: dict[str, list[Check]] = {}
    for check in checks:
        asked.setdefault(check.name, []).append(check)
    rows: list[Facts] = []
    for name, answers in asked.items():
        bad = [c for c in answers if not c.passed]
        where = Counter(_ITEM.sub("[]", w) for c in bad for w in c.where)
        detail = next((c.detail for c in [*bad, *answers] if c.detail), "")
        rows.append(
            {
                "name": name,
                "passed": not bad,
                "asked": len(answers),
                "failed": len(bad),
                "detail": detail,
                "where": [w for w, _ in where.most_common(5)],
                "where_more": max(0, len(where) - 5),
            }
        )
    return sorted(rows, key=lambda r: bool(r["passed"]))


def _decide(outcomes: Sequence[Outcome]) -> Facts:
    """Return what a person must still decide: risks that were kept, findings by kind, files held back."""
    kinds: defaultdict[tuple[str, str, str, bool], list[tuple[int, Finding]]] = defaultdict(list)
    for o in outcomes:
        if o.state is not State.IGNORED:
            for f in o.findings:
                kinds[str(f.carrier), f.risk, f.why, o.state is State.WRITTEN].append((o.ordinal, f))
    rows: list[dict[str, Any]] = []
    for (carrier, risk, why, released), found in kinds.items():
        paths = Counter(_ITEM.sub("[]", f.path) for _, f in found if f.path)
        rows.append(
            {
                "carrier": carrier,
                "risk": risk if carrier == Carrier.HEADER else "",
                "why": why,
                "released": released,
                "instances": len({ordinal for ordinal, _ in found}),
                "paths": [p for p, _ in paths.most_common(3)],
                "paths_more": max(0, len(paths) - 3),
            }
        )
    rows.sort(key=lambda r: (not r["released"], -r["instances"], r["why"]))
    text_kept, text_held = _at_risk(outcomes, Carrier.BURNED_IN)
    face_kept, face_held = _at_risk(outcomes, Carrier.FACE)
    blank = {"carrier": "", "risk": "", "why": "", "released": True, "paths": [], "paths_more": 0}
    return {
        "text": {"released": text_kept, "quarantined": text_held},
        "face": {"released": face_kept, "quarantined": face_held},
        "quarantined": sum(o.state is State.QUARANTINED for o in outcomes),
        "findings": _capped(rows, ("instances",), blank),
    }
