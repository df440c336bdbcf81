"""The work on a handful of files: what a worker does. Functions of their arguments, safe to run again."""

from __future__ import annotations

import shutil
import traceback
import warnings
from collections import Counter, deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dicomlab import engine, files, judge, standard
from dicomlab.catalog import Entry, shown_modality
from dicomlab.errors import DicomlabError, InstanceError, ReleaseError
from dicomlab.free_text import Identifiers
from dicomlab.header import Gatherer, Subject
from dicomlab.header.template import Template
from dicomlab.pseudonyms import Key
from dicomlab.records import Action, Change, Outcome, Reason, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomlab.recipe import Recipe

Patient = tuple[str, str]
_T = TypeVar("_T")
_Ended = tuple[Outcome, Any, dict[str, Any] | None]  # the outcome, the judge's verdict, the row of the audit
_SUMMARIES = 1000
_AHEAD = 4
_JUDGED_IN_MEMORY = 64 << 20


@dataclass(frozen=True, repr=False)
class Surveyed:
    """What the first look at some files found: entries, and what identifies each patient, twice told.

    `known` is the removers' collection, `identity` the judge's own (None when nothing will be judged).
    """

    entries: tuple[Entry, ...]
    known: dict[Patient, Identifiers]
    identity: dict[Patient, judge.Identity]


@dataclass(frozen=True, repr=False)
class Order:
    """What a worker needs for one shard. The key travels as bytes, within this machine or cluster only."""

    number: int
    entries: tuple[Entry, ...]
    outputs: tuple[str, ...]
    recipe: Recipe
    secret: bytes = field(repr=False)
    subjects: dict[Patient, Subject | None]
    known: dict[Patient, Identifiers]
    identity: dict[Patient, judge.Identity]
    release: Path
    quarantine: Path
    judged: bool = True
    dry_run: bool = False
    faces: dict[int, engine.Face] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Done:
    """What became of a shard: outcomes, the judge's verdicts, and rows for the private folder."""

    number: int
    outcomes: tuple[Outcome, ...]
    verdicts: dict[int, Any]
    audit: tuple[dict[str, Any], ...]


def survey(files_: list[tuple[int, Path, str]], recipe: Recipe, *, judged: bool) -> Surveyed:
    """Read the headers of some files: what they are, and what identifies their patients."""
    entries: list[Entry] = []
    gatherers: dict[Patient, Gatherer] = {}
    identity: dict[Patient, list[judge.Identity]] = {}
    like = Template()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for ordinal, path, relative in files_:
            entry = Entry(ordinal, path, relative)
            try:
                entry, instance = files.entry(ordinal, path, relative, like=like)
                if instance is not None:
                    gatherers.setdefault(entry.patient, Gatherer(recipe)).add(instance.elements, instance.encoding)
                    if judged:
                        identity.setdefault(entry.patient, []).append(judge.identity_of(path, relative_path=relative))
            except (ValueError, OSError, DicomlabError):
                entry = replace(entry, reason=Reason.BROKEN)
            except Exception as error:  # noqa: BLE001 - the run loop: a bad file never stops a run
                entry = replace(entry, reason=Reason.UNEXPECTED, detail=place_of(error))
            entries.append(entry)
    return Surveyed(
        tuple(entries),
        {patient: g.identifiers() for patient, g in gatherers.items()},
        {patient: judge.merge(found) for patient, found in identity.items()},
    )


def work(order: Order) -> Done:
    """De-identify, judge and write the files of one shard; one bad file never stops the others."""
    outcomes, verdicts, audit = [], {}, []
    deidentifiers = _Deidentifiers(order)
    waiting: deque[tuple[Entry, _Ended | Future[_Ended]]] = deque()

    def settle(entry: Entry, ended: _Ended | Future[_Ended]) -> None:
        outcome, verdict, row = ended.result() if isinstance(ended, Future) else ended
        if verdict is not None:
            verdicts[entry.ordinal] = verdict
        if row is not None:
            audit.append(row)
        if outcome.state is State.QUARANTINED and not order.dry_run:
            _quarantine(entry, outcome, order.quarantine)
        outcomes.append(outcome)

    # Digests and the disk leave the interpreter alone: while one instance is written the next one is cleaned.
    with warnings.catch_warnings(), ThreadPoolExecutor(1) as writer:
        warnings.simplefilter("ignore")
        for entry, output in zip(order.entries, order.outputs, strict=True):
            waiting.append((entry, _one(entry, output, order, deidentifiers, writer=writer)))
            while len(waiting) > _AHEAD:
                settle(*waiting.popleft())
        for pair in waiting:
            settle(*pair)
    return Done(order.number, tuple(outcomes), verdicts, tuple(audit))


def _guarded(entry: Entry, order: Order, call: Callable[[], _T]) -> _T | _Ended:
    """Return what a call returns, or how its instance ends when it raises: one bad file never stops the others."""
    try:
        return call()
    except InstanceError as error:
        face = order.faces.get(entry.ordinal)
        why = face.refused if face is not None and error.reason is Reason.FACE_AT_RISK else ""
        return _held(entry, error.reason, detail=why), None, None
    except ReleaseError:
        raise
    except Exception as error:  # noqa: BLE001 - the run loop: a bad file never stops a run
        return _held(entry, Reason.UNEXPECTED, detail=place_of(error)), None, None


@dataclass(frozen=True, repr=False)
class _Cleaned:
    """An instance to be written, how it will have ended then, and its row of the audit."""

    instance: engine.Instance
    outcome: Outcome
    row: dict[str, Any]


class _Deidentifiers(dict[Subject, engine.Deidentifier]):
    """One for each subject of an order, made when first asked for; beside them what makes a series quick."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self._order = order
        self._key = Key(order.secret)
        self.like = Template()
        self.encoded = files.Encoded()
        self.told = _Told()

    def of(self, entry: Entry, subject: Subject) -> engine.Deidentifier:
        """Return the one that serves an entry's patient."""
        if subject not in self:
            known = self._order.known.get(entry.patient, Identifiers())
            key = engine.scoped(self._order.recipe, self._key, entry.study_uid)
            self[subject] = engine.Deidentifier(self._order.recipe, key, subject, known)
        return self[subject]


def _one(
    entry: Entry, output: str, order: Order, deidentifiers: _Deidentifiers, *, writer: Executor
) -> _Ended | Future[_Ended]:
    """Return how an entry ended, or will have when it is written."""
    if entry.reason is not None:
        return _held(entry, entry.reason, detail=entry.detail), None, None
    if not order.recipe.select.accepts(entry.modality, entry.sop_class):
        return _held(entry, Reason.NOT_SELECTED), None, None
    cleaned = _guarded(entry, order, lambda: _cleaned(entry, output, order, deidentifiers))
    if not isinstance(cleaned, _Cleaned):
        return cleaned
    if order.dry_run:
        return cleaned.outcome, None, cleaned.row
    known = deidentifiers.encoded
    if order.judged:  # the judge keeps the interpreter busy: nothing would be gained
        return _guarded(entry, order, lambda: _judged_and_written(entry, cleaned, order, known))
    return writer.submit(_guarded, entry, order, lambda: _written(cleaned, order, known))


def _cleaned(entry: Entry, output: str, order: Order, deidentifiers: _Deidentifiers) -> _Cleaned:
    subject = order.subjects[
        entry.patient if order.recipe.identifiers.scope == "patient" else ("\\study", entry.study_uid)
    ]
    if subject is None:
        raise InstanceError(Reason.NO_CODE)
    instance = files.read(entry.path, like=deidentifiers.like)
    cleaned = deidentifiers.of(entry, subject).apply(instance, order.faces.get(entry.ordinal))
    told = deidentifiers.told.of(cleaned.plan, entry.ordinal)
    outcome = Outcome(
        entry.ordinal,
        State.WRITTEN,
        modality=shown_modality(entry.modality),
        sop_class=standard.sop_class_name(entry.sop_class),
        output=output,
        changes=told.counts,
        safe_harbor=told.letters,
        codes=cleaned.codes,
        findings=tuple(replace(f, ordinal=entry.ordinal) for f in cleaned.plan.findings),
        repainted=cleaned.repainted,
    )
    row = {
        "ordinal": entry.ordinal,
        "output_file": output,
        "pseudonym": subject.code,
        "tags_anonymized": told.tags if told.first == entry.ordinal else {"same_as": told.first},
        "statistics": {"total_tags_processed": len(cleaned.instance.elements) + told.removed, **told.statistics},
    }
    return _Cleaned(cleaned.instance, outcome, row)


def _written(cleaned: _Cleaned, order: Order, known: files.Encoded) -> _Ended:
    """Write what nobody has judged yet."""
    target = order.release / (cleaned.outcome.output or "")
    digest = files.write_atomic(target, files.encoded(cleaned.instance, known))
    return replace(cleaned.outcome, sha256=digest), None, cleaned.row


def _judged_and_written(entry: Entry, cleaned: _Cleaned, order: Order, known: files.Encoded) -> _Ended:
    """Write under the final name only what the judge lets pass."""
    outcome = cleaned.outcome
    output = outcome.output or ""
    target = order.release / output
    sizes = (e.length if e.value is None else len(e.value) for e in cleaned.instance.elements.values())
    bulky = sum(sizes) > _JUDGED_IN_MEMORY
    if bulky:
        held = files.temporary(target, "unjudged")
        digest = files.write_atomic(held, files.encoded(cleaned.instance, known))
        after: Path | bytes = held
    else:
        after = b"".join(files.encoded(cleaned.instance, known))
    verdict = judge.judge_instance(
        entry.path,
        after,
        order.recipe,
        identity=order.identity[entry.patient],
        release_path=output,
        ordinal=entry.ordinal,
        repainted=outcome.repainted,
        private=order.quarantine.parent,
    )
    failed = [c for c in verdict.checks if not c.passed]
    if failed:
        if isinstance(after, Path):
            after.unlink(missing_ok=True)
        checks = tuple(replace(c, where=c.where[:10]) for c in verdict.checks)
        held_back = _held(entry, Reason.FAILED_VERIFICATION, detail="; ".join(c.name for c in failed))
        return replace(held_back, checks=checks), None, cleaned.row
    if isinstance(after, Path):
        after.replace(target)
    else:
        digest = files.write_atomic(target, [after])
    return replace(outcome, sha256=digest, checks=verdict.checks), verdict, cleaned.row


def _held(entry: Entry, reason: Reason, *, detail: str = "") -> Outcome:
    ignored = reason in {Reason.EMPTY, Reason.NOT_DICOM, Reason.DICOMDIR, Reason.NOT_SELECTED}
    return Outcome(
        entry.ordinal,
        State.IGNORED if ignored else State.QUARANTINED,
        reason,
        detail,
        shown_modality(entry.modality),
        standard.sop_class_name(entry.sop_class) if entry.sop_class else "",
    )


@dataclass(frozen=True)
class _Summary:
    """What a plan's changes come to: instances of a series mostly have the same ones."""

    first: int
    counts: dict[str, int]
    letters: dict[str, int]
    tags: list[dict[str, str]]
    removed: int
    statistics: dict[str, Any]


class _Told:
    """Sums up plans, once for each distinct list of changes."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], tuple[tuple[Change, ...], _Summary]] = {}

    def of(self, plan: engine.Plan, ordinal: int) -> _Summary:
        """Return the summary of a plan; `ordinal` is the instance that has it first."""
        key = tuple(map(id, plan.changes))
        known = self._known.get(key)
        if known is None:
            if len(self._known) > _SUMMARIES:
                self._known.clear()
            known = self._known[key] = (plan.changes, _summed(plan, ordinal))  # the changes too: their identity stays
        return known[1]


def _summed(plan: engine.Plan, ordinal: int) -> _Summary:
    changed = [c for c in plan.changes if c.action is not Action.K]
    letters = Counter(letter for c in changed if (letter := standard.safe_harbor(c.tag, c.vr)))
    gone = [c for c in changed if c.action is Action.X]
    tags = [
        {"tag": f"({c.tag >> 16:04X},{c.tag & 0xFFFF:04X})", "attribute": c.path, "action": str(c.action), "by": c.by}
        for c in plan.changes
    ]
    statistics = {
        "phi_tags_removed": sum(not c.tag >> 16 & 1 for c in gone),
        "private_tags_removed": sum(c.tag >> 16 & 1 for c in gone),
        "image_data_preserved": all(c.path != "PixelData" for c in changed),
    }
    return _Summary(ordinal, plan.counts(), dict(sorted(letters.items())), tags, len(gone), statistics)


def _quarantine(entry: Entry, outcome: Outcome, folder: Path) -> None:
    """Keep a copy of what was held back, under its ordinal, with the reason as folder."""
    target = folder / str(outcome.reason) / f"{entry.ordinal:08d}.dcm"
    try:
        for each in (folder, target.parent):
            each.mkdir(exist_ok=True, mode=0o700)
        shutil.copyfile(entry.path, target)
        target.chmod(0o600)
    except OSError as error:
        target.unlink(missing_ok=True)
        if outcome.reason is not Reason.UNREADABLE:
            raise files.cannot_write(error) from error


def place_of(error: BaseException) -> str:
    """Return the kind of an error and where it was raised; never its message, which may quote a value."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "dicomlab" in f.filename] or traceback.extract_tb(
        error.__traceback__
    )
    last = frames[-1] if frames else None
    return f"{type(error).__name__} at {Path(last.filename).stem}:{last.lineno}" if last else type(error).__name__
