"""A whole release judged: what only several instances together can show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dicomlab.judge.hunting import Hunter, Place, hunter_for
from dicomlab.judge.instance import KeptBy
from dicomlab.judge.questions import MOST_PLACES, Answers, Question
from dicomlab.records import Check, State, Verdict

if TYPE_CHECKING:
    from dicomlab.judge.facts import Facts, InstanceVerdict
    from dicomlab.judge.identity import Identity
    from dicomlab.recipe import Recipe

OWN_FILES = frozenset({"manifest.jsonl", "report.html", "report.json"})


def judge_release(  # noqa: PLR0913 - keyword-only after the verdicts
    verdicts: Iterable[InstanceVerdict],
    *,
    states: Iterable[tuple[int, State]],
    expected: Iterable[int] | None = None,
    files_in_release: Iterable[str] | None = None,
    tree: Path | None = None,
    named: Iterable[str] = (),
    identity: Identity | None = None,
    recipe: Recipe | None = None,
    texts: Iterable[Check] = (),
) -> Verdict:
    """Return the verdict over a release.

    Parameters
    ----------
    verdicts
        One for each written instance.
    states
        (ordinal, state) of every input file, as the manifest tells them.
    expected
        Ordinals of the input files, when known independently of the manifest.
    files_in_release
        Every file below the release, relative, with ``/`` between parts.
    tree
        The release itself, to be listed, instead of `files_in_release`; neither: not asked.
    named
        Files that belong there besides those of the verdicts and `OWN_FILES`.
    identity, recipe
        What identifies any of the patients, for the names of files and folders, and what the recipe
        keeps of it. None: not asked.
    texts
        Checks of `search_tree` over report, manifest and notebooks.
    """
    verdicts = sorted(verdicts, key=lambda v: (v.facts.ordinal, v.facts.release_path))
    answers = Answers()
    facts = [v.facts for v in verdicts]
    _judge_ends(answers, list(states), facts, None if expected is None else set(expected))
    _judge_uids(answers, facts)
    _judge_patients(answers, facts)
    _judge_dates(answers, facts)
    asked = [Question.ENDS, Question.REFERENCES, Question.PATIENTS]
    files: set[str] = set()
    if files_in_release is not None or tree is not None:
        files = set(files_in_release or ()) | (_listed(tree) if tree is not None else set())
        _judge_files(answers, facts, files, {*OWN_FILES, *named})
        asked.append(Question.FOREIGN)
    if identity is not None:
        hunter = hunter_for(identity, recipe.sha256, KeptBy(recipe)) if recipe is not None else hunter_for(identity)
        _judge_names(answers, hunter, {*files, *(f.release_path for f in facts)})
        asked.append(Question.NAMES)
    checks = [*_summed(verdicts, answers), *answers.checks(tuple(asked)), *texts]
    failed = {v.facts.ordinal for v in verdicts if not v.passed and v.facts.ordinal >= 0}
    return Verdict(tuple(checks), len(verdicts), tuple(sorted(failed)))


def _listed(release: Path) -> set[str]:
    return {path.relative_to(release).as_posix() for path in release.rglob("*") if not path.is_dir()}


def _place(facts: Facts) -> str:
    return f"instance {facts.ordinal}" if facts.ordinal >= 0 else facts.release_path


def _summed(verdicts: list[InstanceVerdict], answers: Answers) -> list[Check]:
    """Return each check of the instances once, with what the release showed beside it."""
    names = dict.fromkeys(check.name for verdict in verdicts for check in verdict.checks)
    places: dict[str, list[str]] = {name: [] for name in names}
    details: dict[str, Counter[str]] = {name: Counter() for name in names}
    wrong: Counter[str] = Counter()
    for verdict in verdicts:
        for check in verdict.checks:
            if not check.passed:
                wrong[check.name] += 1
                details[check.name].update(check.detail.split("; "))
                places[check.name] += [
                    f"{_place(verdict.facts)}: {where}".rstrip(": ") for where in check.where or ("",)
                ]
    for question in (Question.UIDS, Question.DATES):
        for where, why in answers.wrong.get(question, {}).items():
            wrong[str(question)] += 1
            details.setdefault(str(question), Counter())[why] += 1
            places.setdefault(str(question), []).append(where)
    checks = []
    for name, found in places.items():
        told = "; ".join(f"{why} ({count})" for why, count in details[name].most_common(MOST_PLACES))
        checks.append(Check(name, not wrong[name], told, tuple(found[:MOST_PLACES])))
    return checks


def _judge_ends(
    answers: Answers, states: list[tuple[int, State]], facts: list[Facts], expected: set[int] | None
) -> None:
    """Hold every file to end in one state, and every written one to be judged."""
    times = Counter(ordinal for ordinal, _ in states)
    for ordinal, count in times.items():
        if count > 1:
            answers.add(Question.ENDS, f"file {ordinal}", "a file ended more than once")
    for ordinal in sorted(set(times) ^ (expected if expected is not None else set(times))):
        answers.add(Question.ENDS, f"file {ordinal}", "a file came in without an end, or ended without coming in")
    written = {ordinal for ordinal, state in states if state is State.WRITTEN}
    if len(written) != len(facts):
        answers.add(Question.ENDS, "", f"{len(written)} files were written and {len(facts)} judged")
    judged = Counter(f.ordinal for f in facts if f.ordinal >= 0)
    for ordinal, count in judged.items():
        if ordinal not in written or count > 1:
            answers.add(Question.ENDS, f"file {ordinal}", "a file was judged twice, or not called written")


def _judge_files(answers: Answers, facts: list[Facts], files: set[str], own: set[str]) -> None:
    paths = Counter(f.release_path for f in facts if f.release_path)
    for fact in facts:
        if fact.release_path and paths[fact.release_path] > 1:
            answers.add(Question.FOREIGN, _place(fact), "two instances share one file")
        elif fact.release_path and fact.release_path not in files:
            answers.add(Question.FOREIGN, _place(fact), "its file is not in the release")
    foreign = len(files - set(paths) - own)
    if foreign:  # their names may identify: they are counted, not quoted
        answers.add(Question.FOREIGN, "", f"{foreign} files in the release that no outcome names")


def _judge_uids(answers: Answers, facts: list[Facts]) -> None:
    """Hold the map of UIDs to be a function, and one-to-one, over all instances."""
    forth: dict[tuple[int, int], int] = {}
    back: dict[int, tuple[int, int]] = {}
    for fact in facts:
        for old, new in fact.uids:
            key = (fact.scope, old)
            if forth.setdefault(key, new) != new:
                answers.add(Question.UIDS, _place(fact), "one UID became two")
            if back.setdefault(new, key) != key:
                answers.add(Question.UIDS, _place(fact), "two UIDs became one")
    instances: dict[int, int] = {}
    for fact in facts:
        if fact.instance[1] and instances.setdefault(fact.instance[1], fact.instance[0]) != fact.instance[0]:
            answers.add(Question.UIDS, _place(fact), "two instances share a new SOP Instance UID")
    released = {(fact.scope, fact.instance[0]): fact.instance[1] for fact in facts}
    for fact in facts:
        for old, new in fact.references:
            if released.get((fact.scope, old), new) != new:
                answers.add(Question.REFERENCES, _place(fact), "a reference to a released instance leads nowhere")


def _people(facts: list[Facts]) -> dict[int, int]:
    """Return which of the patients before are one: whoever has the same Patient ID and a study, or no other issuer."""
    one: dict[int, int] = {}

    def first(who: int) -> int:
        while one.setdefault(who, who) != who:
            who = one[who]
        return who

    seen: dict[tuple[int, int], int] = {}
    named: dict[int, set[int]] = defaultdict(set)
    found = [(*fact.same, fact.patient[0]) for fact in facts if fact.patient and fact.same]
    for number, study, _, who in found:
        one[first(who)] = first(seen.setdefault((number, study), who))
    for number, _, issued, who in found:
        if issued:
            named[number].add(first(who))
    for number, _, issued, who in found:
        if not issued and len(named[number]) == 1:
            one[first(who)] = first(*named[number])
    return {fact.patient[0]: first(fact.patient[0]) for fact in facts if fact.patient}


def _judge_patients(answers: Answers, facts: list[Facts]) -> None:
    people = _people(facts)
    forth: dict[tuple[int, int], int] = {}
    back: dict[int, tuple[int, int]] = {}
    for fact in facts:
        if fact.patient is None:
            continue
        key = (fact.scope, people[fact.patient[0]])
        if forth.setdefault(key, fact.patient[1]) != fact.patient[1]:
            answers.add(Question.PATIENTS, _place(fact), "instances of one patient have different Patient IDs")
        if back.setdefault(fact.patient[1], key) != key:
            answers.add(
                Question.PATIENTS, _place(fact), "two patients, or two studies not to be linked, share a Patient ID"
            )


def _judge_dates(answers: Answers, facts: list[Facts]) -> None:
    moved: dict[tuple[int, int | None], set[int]] = defaultdict(set)
    people = _people(facts)
    for fact in facts:
        if fact.patient is not None and fact.moves_dates:
            key = (fact.scope, people[fact.patient[0]])
            moved[key] |= fact.shifts
            if len(moved[key]) > 1:
                answers.add(Question.DATES, _place(fact), "dates of one patient moved by different intervals")


def _judge_names(answers: Answers, hunter: Hunter, paths: set[str]) -> None:
    for part in {part for path in paths for part in PurePosixPath(path).parts}:
        if hunter.in_text(part, Place.FREE):
            answers.add(Question.NAMES, "", "a file or folder name holds an identifier")
