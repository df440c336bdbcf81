"""One function per command: fetch, call, show, and return the exit code.

Each imports what it calls, so that ``dicomlab --help`` takes a blink.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from dicomlab.cli.tables import table
from dicomlab.errors import DicomlabError, SourceError
from dicomlab.records import Carrier, Finding, RunOutcome, State, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from dicomlab.catalog import Catalog, Group
    from dicomlab.recipe import Recipe

DONE = 0
REFUSED = 1

_ITEM = re.compile(r"\[\d+\]")


def scan(chosen: argparse.Namespace) -> int:
    """Show patients, studies and series of a source, and the files that are no instances."""
    from dicomlab import files

    catalog = files.scan(chosen.source, progress=progress())
    rows = [
        [number, group.label, group.modality, group.sop_class, group.body_part, len(group), group.frames,
         _size(group.size_bytes)]
        for number, group in enumerate(catalog.series, start=1)
    ]  # fmt: skip
    show(["#", "series", "modality", "SOP Class", "body part", "instances", "frames", "size"], rows)
    print(
        f"\n{_count(catalog.entries, 'file')}, {_count(catalog.instances, 'instance')}; "
        f"{_count(catalog.patients, 'patient')}, {_count(catalog.studies, 'study', 'studies')}, "
        f"{_count(catalog.series, 'series', 'series')}"
    )
    for reason, count in sorted(catalog.reasons().items()):
        print(f"{count} × {reason}: {reason.explanation}")
    return DONE


def inspect(chosen: argparse.Namespace) -> int:
    """Show every attribute that occurs, with its risk and why; values stay masked."""
    from dicomlab import files, runs

    catalog = files.scan(chosen.source, progress=progress())
    looked = catalog if chosen.series is None else _series(catalog, chosen.series)
    summaries = runs.inspect(looked, progress=progress())
    wanted = [
        s for s in summaries
        if (chosen.all or chosen.risk or s.risk != "none")
        and (chosen.risk is None or s.risk == chosen.risk)
        and (chosen.match is None or chosen.match.casefold() in f"{s.path} {s.tag} {s.creator or ''}".casefold())
    ]  # fmt: skip
    show(
        ["attribute", "tag", "VR", "risk", "Basic", "instances", "distinct", "why"],
        [[s.path, s.tag, s.vr, s.risk, s.code, s.instances, s.distinct, s.why] for s in wanted],
    )
    print(f"\n{len(wanted)} of {len(summaries)} attributes; {sum(s.risk != 'none' for s in summaries)} carry a risk")
    return DONE


def find(chosen: argparse.Namespace) -> int:
    """Show what identifies, or may, one line per attribute or place."""
    from dicomlab import files, recipe, runs
    from dicomlab.cli import carriers

    if chosen.carrier == Carrier.BURNED_IN:
        return carriers.find_text(chosen)
    if chosen.json is not None:
        raise DicomlabError("--json: only the regions of burned-in text are written so; add --carrier burned-in")
    obeyed = recipe.load(chosen.recipe)
    found = runs.find(files.scan(chosen.source, progress=progress()), obeyed, progress=progress())
    wanted = [f for f in found if chosen.carrier is None or f.carrier is Carrier(chosen.carrier)]
    show(["carrier", "where", "VR", "risk", "action", "findings", "files", "why"], _by_place(wanted))
    where = {f.ordinal for f in wanted}
    print(f"\n{_count(wanted, 'finding')} in {_count(where, 'file')}, recipe {obeyed.title!r}")
    return DONE


def run(chosen: argparse.Namespace) -> int:
    """De-identify a source into a release."""
    from dicomlab import runs

    outcome = runs.run(
        chosen.source,
        chosen.release,
        chosen.recipe,
        chosen.key,
        private=chosen.private,
        workers=chosen.workers,
        dry_run=chosen.dry_run,
        verify=chosen.verify,
        overwrite=chosen.overwrite,
        mirror_tree=chosen.mirror_tree,
        cluster=chosen.cluster,
        progress=progress(),
    )
    show_outcome(outcome)
    if chosen.dry_run:
        print("dry run: nothing was written")
    else:
        print(f"release  {outcome.release}\nreport   {outcome.release / 'report.html'}")
        print(f"private  {outcome.private} (never hand this over)")
    return DONE if outcome.ok else REFUSED


def verify(chosen: argparse.Namespace) -> int:
    """Judge a release against its source."""
    from dicomlab import runs

    verdict = runs.verify(
        chosen.source, chosen.release, chosen.recipe, chosen.key, private=chosen.private, progress=progress()
    )
    show_verdict(verdict)
    return DONE if verdict.passed else REFUSED


def recipe_list(_: argparse.Namespace) -> int:
    """Show the packaged recipes."""
    from dicomlab import recipe

    show(["name", "title"], [[name, recipe.load(name).title] for name in recipe.packaged()])
    return DONE


def recipe_explain(chosen: argparse.Namespace) -> int:
    """Show what a recipe does."""
    from dicomlab import recipe

    print(recipe.explain(recipe.load(chosen.recipe)))
    return DONE


def recipe_diff(chosen: argparse.Namespace) -> int:
    """Show the attributes that two recipes treat differently."""
    from dicomlab import recipe

    first, second = recipe.load(chosen.first), recipe.load(chosen.second)
    if chosen.source is not None:
        return _compare(chosen.source, first, second)
    differences = recipe.diff(first, second)
    show(["attribute or setting", first.name, second.name], [[d.subject, d.first, d.second] for d in differences])
    print(f"\n{_count(differences, 'difference')}")
    return DONE


def _compare(source: Path, first: Recipe, second: Recipe) -> int:
    """Show what two recipes do differently to what a folder holds."""
    from dicomlab import files, runs

    rows = runs.compare(files.scan(source, progress=progress()), first, second, progress=progress())
    told = [[r.path, *(", ".join(f"{a} ({n})" for a, n in side.items()) for side in (r.first, r.second))] for r in rows]
    show(["attribute", first.name, second.name], told)
    print(f"\n{_count(rows, 'difference')} in what is there")
    return DONE


def key_new(chosen: argparse.Namespace) -> int:
    """Write a new key."""
    from dicomlab import pseudonyms

    pseudonyms.Key.new().write(chosen.file)
    print(f"key written to {chosen.file}; whoever holds it can link pseudonyms to patients: keep it apart")
    return DONE


def forge(chosen: argparse.Namespace) -> int:
    """Make synthetic patients."""
    from dicomlab import forge as smithy
    from dicomlab.cli import carriers

    if chosen.corpus:
        made = smithy.make(chosen.out, seed=chosen.seed, kind="corpus", patients=chosen.patients)
        print(
            f"corpus of {_count(range(chosen.patients), 'patient')}, seed {chosen.seed}: {made['files']} files, "
            f"{made['items']} planted items, {len(made['classes'])} SOP Classes, {len(made['syntaxes'])} transfer "
            f"syntaxes, {len(made['scripts'])} scripts, {len(made['categories'])} categories\n"
            f"files   {chosen.out / 'corpus'}\n"
            f"key     {chosen.out / 'KEY.json'} (it names everybody: keep it from the tool)"
        )
        return DONE
    if chosen.text or chosen.heads:
        return carriers.forge(chosen)
    smithy.make(chosen.out, seed=chosen.seed)
    print(f"synthetic patients, seed {chosen.seed}: {chosen.out}; what was planted where: ANSWERS.json in it")
    return DONE


def score(chosen: argparse.Namespace) -> int:
    """Judge a release of a corpus against the answer key."""
    from dicomlab.forge.score import score as scored

    found = scored(
        chosen.source, chosen.release, chosen.key, chosen.profile, quarantine=chosen.quarantine, iod=chosen.iod
    )
    show(
        ["category", "items", "right", "wrong", "lost", "quarantined", "%"],
        [[r.category, r.items, r.right, r.wrong, r.lost, r.quarantined, f"{r.percent:.2f}"]
         for r in (*found.rows, found.total)],
    )  # fmt: skip
    if found.failures:
        print()
        show(
            ["item", "file", "class", "syntax", "attribute", "category", "must be", "is"],
            [[f.item, f.file, f.sop_class, f.syntax, f.path, f.category, " or ".join(f.expected), f.found]
             for f in found.failures],
        )  # fmt: skip
    print(
        f"\n{_count(range(found.files), 'instance')}: {found.released} released, {found.lost} lost, "
        f"{found.quarantined} quarantined; {_count(range(found.foreign), 'released instance')} of no source\n"
        f"planted values in the bytes of {_count(found.leaks, 'released file')}"
    )
    if chosen.iod and found.new_iod_errors is None:
        print("new IOD errors: not counted, dciodvfy is not installed (Debian package dicom3tools)")
    elif found.new_iod_errors is not None:
        print(f"new IOD errors: {sum(found.new_iod_errors.values())}")
        show(["message", "instances"], [[m, n] for m, n in sorted(found.new_iod_errors.items())])
    return DONE if found.perfect else REFUSED


def refuse(error: DicomlabError) -> int:
    """Say why something was refused, and return the exit code for it."""
    print(" ".join(str(error).split()), file=sys.stderr)
    return REFUSED


def show(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: cut to the terminal, whole into a pipe."""
    width = shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else None
    print(table(headers, rows, width))


def show_outcome(outcome: RunOutcome) -> None:
    """Print how the files of a run ended, and why."""
    reasons = outcome.reasons()
    rows: list[list[object]] = []
    for state in State:
        rows += [[state, reason, count, reason.explanation] for (s, reason), count in reasons.items() if s is state]
        bare = outcome.count(state) - sum(count for (s, _), count in reasons.items() if s is state)
        if bare:
            rows.append([state, "", bare, ""])
    show(["state", "reason", "files", "what it means"], rows)
    print(f"\n{outcome}, in {outcome.seconds:.1f} s")
    if outcome.verdict is not None and not outcome.verdict.passed:
        show_verdict(outcome.verdict)


def show_verdict(verdict: Verdict) -> None:
    """Print every question that the judge asked, and its answer."""
    show(
        ["check", "answer", "detail", "where"],
        [[c.name, "pass" if c.passed else "FAIL", c.detail, _places(c.where)] for c in verdict.checks],
    )
    print(f"\n{verdict}")


def progress() -> bool:
    """Return whether somebody watches: progress bars go to a terminal, not into a log."""
    return sys.stderr.isatty()


def _series(catalog: Catalog, number: int) -> Group:
    if not 1 <= number <= len(catalog.series):
        raise SourceError(f"--series: there are series 1 to {len(catalog.series)}; `dicomlab scan` lists them")
    return catalog.series[number - 1]


def _by_place(findings: Iterable[Finding]) -> list[list[object]]:
    """Return one row per carrier, attribute path without item numbers, and reason."""
    places: dict[tuple[str, ...], list[int]] = {}
    for f in findings:
        place = (f.carrier, _ITEM.sub("[]", f.path), f.vr, f.risk, f.code, f.why)
        places.setdefault(place, []).append(f.ordinal)
    return [[*place[:5], len(where), len(set(where)), place[5]] for place, where in places.items()]


def _places(where: tuple[str, ...], most: int = 3) -> str:
    more = len(where) - most
    return ", ".join(where[:most]) + (f" and {more} more" if more > 0 else "")


def _count(things: Collection[object], one: str, more: str = "") -> str:
    return f"{len(things)} {one if len(things) == 1 else more or one + 's'}"


def _size(size: int) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:  # noqa: PLR2004
            return f"{size:.0f} {unit}"
        size /= 1000  # type: ignore[assignment]
    return f"{size:.1f} GB"
