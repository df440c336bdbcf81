"""What a run leaves behind: manifest and report for everyone, crosswalk, audit and log for the steward alone."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pydicom import dcmread

from dicomlab import judge, pseudonyms, reports, risk
from dicomlab.files import write_atomic
from dicomlab.records import Carrier, Check, Finding, HeadTold, Outcome, Reason, Region, Repainted, RunOutcome, State
from dicomlab.reports.pictures import pictures
from dicomlab.runs.layout import CROSSWALK, MANIFEST, Layout, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset

    from dicomlab.catalog import Entry
    from dicomlab.pseudonyms import Key
    from dicomlab.recipe import Recipe


def write(
    result: RunOutcome,
    layout: Layout,
    recipe: Recipe,
    *,
    key: Key,
    entries: Sequence[Entry],
    audit: Iterable[dict[str, Any]],
    identity: judge.Identity | None,
) -> RunOutcome:
    """Write manifest and report into the release, crosswalk, audit and log into the private folder.

    With the patients' `identity`, manifest and report are searched for it, and the verdict returned says so.
    """
    audit = list(audit)
    write_crosswalk(layout, result, entries, {row["ordinal"]: row["pseudonym"] for row in audit})
    _write_audit(layout, result, entries, audit=audit, key=key)
    if result.heads:
        told = json.dumps([asdict(head) for head in result.heads], indent=1)
        write_atomic(layout.private / _HEADS, [told.encode()], mode=0o600)
    result = write_manifest(layout, result, recipe, identity)
    keep_digest(layout)
    log = [f"{datetime.now(UTC).isoformat(timespec='seconds')} {result}", *(
        f"{o.ordinal} {o.state} {o.reason or ''} {o.detail}".rstrip() for o in result.outcomes if o.reason is not None
    )]  # fmt: skip
    write_atomic(layout.private / "run.log", ["\n".join(log).encode() + b"\n"], mode=0o600)
    return result


def write_manifest(layout: Layout, result: RunOutcome, recipe: Recipe, identity: judge.Identity | None) -> RunOutcome:
    """Write manifest, report.json and report.html; return the outcome with the check that they identify nobody."""
    lines = "".join(json.dumps(as_line(o), ensure_ascii=True) + "\n" for o in result.outcomes)
    digest = write_atomic(layout.release / MANIFEST, [lines.encode()])
    drawn = pictures(layout.release, result)
    singled_out = _singled_out(layout, result.outcomes)

    def pages(outcome: RunOutcome) -> None:
        for name in _REPORTS:
            reports.write(
                outcome, layout.release / name, recipe=recipe, pictures=drawn, manifest_sha256=digest,
                singled_out=singled_out,
            )  # fmt: skip

    pages(result)
    if identity is not None and result.verdict is not None:
        texts = judge.search_tree([layout.release / name for name in (MANIFEST, *_REPORTS)], identity)
        verdict = replace(result.verdict, checks=(*result.verdict.checks, *texts))
        result = replace(result, verdict=verdict)
        pages(result)
    return result


_REPORTS = ("report.html", "report.json")
_WANTED_K = 5  # patients that look alike at least, for the suggestion in the report


def _singled_out(layout: Layout, outcomes: Sequence[Outcome]) -> reports.SingledOut | None:
    """Return how well patients of the release hide among each other; one instance a folder and kind is looked at."""
    chosen = {(PurePosixPath(o.output).parent, o.modality): o.output for o in outcomes if o.output}
    there = (path for output in sorted(chosen.values()) if (path := layout.release / output).is_file())
    known = risk.records(_header(path) for path in there)
    return reports.SingledOut(risk.assess(known), risk.suggest(known, _WANTED_K), _WANTED_K) if known else None


def _header(path: Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dcmread(path, stop_before_pixels=True, force=True)


def as_line(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as the manifest holds it."""
    return {
        "ordinal": outcome.ordinal, "state": str(outcome.state), "reason": outcome.reason and str(outcome.reason),
        "detail": outcome.detail, "modality": outcome.modality, "sop_class": outcome.sop_class,
        "output": outcome.output,
        "sha256": outcome.sha256, "changes": dict(outcome.changes), "safe_harbor": dict(outcome.safe_harbor),
        "codes": list(outcome.codes), "verified": outcome.verified,
        "findings": [
            {"carrier": str(f.carrier), "where": f.path, "why": f.why, "risk": f.risk} for f in outcome.findings
        ],
        "failed": [c.name for c in outcome.checks if not c.passed],
        **({"repainted": _told(outcome.repainted)} if outcome.repainted is not None else {}),
    }  # fmt: skip


def from_line(line: dict[str, Any]) -> Outcome:
    """Return the outcome that a line of the manifest tells."""
    findings = tuple(
        Finding(Carrier(f["carrier"]), f["where"], f["why"], f["risk"], ordinal=line["ordinal"])
        for f in line["findings"]
    )
    checks = () if line["verified"] is None else (Check("verified by the run", bool(line["verified"])),)
    return Outcome(
        line["ordinal"], State(line["state"]), Reason(line["reason"]) if line["reason"] else None, line["detail"],
        line["modality"], line["sop_class"], line["output"], line["sha256"], line["changes"], line["safe_harbor"],
        tuple(line["codes"]), findings, checks, _read(line["repainted"]) if "repainted" in line else None,
    )  # fmt: skip


def _told(repainted: Repainted) -> dict[str, Any]:
    """Return where samples were changed: boxes as [x0, y0, x1, y1, frame], frame null for all."""
    boxes = [[r.x0, r.y0, r.x1, r.y1, r.frame] for r in (*repainted.regions, repainted.cropped) if r is not None]
    count = len(repainted.regions)
    return {"regions": boxes[:count], "cropped": boxes[count] if repainted.cropped else None, "mask": repainted.mask}


def _read(told: dict[str, Any]) -> Repainted:
    cropped = Region(*told["cropped"]) if told["cropped"] else None
    return Repainted(tuple(Region(*box) for box in told["regions"]), cropped, str(told["mask"]))


def keep_digest(layout: Layout) -> None:
    """Keep the manifest's sha256 in the private folder, where nobody who has the release can change it."""
    digest = sha256((layout.release / MANIFEST).read_bytes()).hexdigest()
    write_atomic(layout.private / _DIGEST, [f"{digest}  {MANIFEST}\n".encode()], mode=0o600)


def is_as_written(layout: Layout) -> bool:
    """Return whether the manifest is the one that the run wrote, or `verify` after it."""
    try:
        kept = (layout.private / _DIGEST).read_text("ascii", "replace")
    except FileNotFoundError:
        return False
    return kept.split(" ")[0] == sha256((layout.release / MANIFEST).read_bytes()).hexdigest()


_DIGEST, _HEADS = "manifest.sha256", "heads.json"


def heads(layout: Layout) -> tuple[HeadTold, ...]:
    """Return what the run found of faces, as it kept it in the private folder."""
    try:
        return tuple(HeadTold(**told) for told in json.loads((layout.private / _HEADS).read_text("utf-8")))
    except FileNotFoundError:
        return ()


def write_crosswalk(
    layout: Layout, result: RunOutcome, entries: Sequence[Entry], pseudonyms_of: Mapping[int, str]
) -> None:
    """Write which file became which: the table that ties pseudonyms to patients."""
    head = ("ordinal", "source", "release", "state", "reason", "issuer", "patient_id", "pseudonym")
    rows = []
    for outcome, entry in zip(result.outcomes, entries, strict=True):
        whose = entry.patient if entry.attributes.get("PatientID") else ("", "")
        output = outcome.output or ""
        ended = (outcome.state, outcome.reason or "")
        code = pseudonyms_of[outcome.ordinal] if output else ""
        rows.append((outcome.ordinal, entry.relative, output, *ended, *whose, code))
    write_rows(layout.private / CROSSWALK, head, rows)


def _write_audit(
    layout: Layout, result: RunOutcome, entries: Sequence[Entry], *, audit: Iterable[dict[str, Any]], key: Key
) -> None:
    """Write one record an instance; instances with the same changes refer to the first that had them."""
    by_ordinal = {e.ordinal: e for e in entries}
    outputs = {o.ordinal: o.output for o in result.outcomes}
    first: dict[str, int] = {}
    lines = []
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for row in sorted(audit, key=lambda r: int(r["ordinal"])):
        entry = by_ordinal[row["ordinal"]]
        hashed = pseudonyms.identifier(key, "audit", entry.patient, length=26)
        record = {
            "timestamp": now,
            "input_file": entry.relative,
            "original_patient_id_hash": f"hmac-sha256:{hashed}",
            **row,
            "output_file": outputs[row["ordinal"]],
        }
        same = json.dumps(row["tags_anonymized"])
        if '"same_as"' in same:
            pass  # told by the worker
        elif same in first:
            record["tags_anonymized"] = {"same_as": first[same]}
        else:
            first[same] = row["ordinal"]
        lines.append(json.dumps(record, ensure_ascii=True))
    write_atomic(layout.private / "audit.jsonl", ["\n".join(lines).encode() + b"\n"], mode=0o600)
