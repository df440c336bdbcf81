"""A whole run: survey, shards, verdict, manifest, report. Killed at any moment and run again, the same bytes."""

from __future__ import annotations

import pickle
import re
import time
from collections import defaultdict
from concurrent.futures import Executor
from dataclasses import fields, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from tqdm.auto import tqdm

from dicomlab import engine, files, judge, pseudonyms
from dicomlab.catalog import linked, shown_modality
from dicomlab.errors import ReleaseError
from dicomlab.free_text import Identifiers, Sweeper, ordinary_words
from dicomlab.header import Subject
from dicomlab.records import RunOutcome, Verdict
from dicomlab.runs import records as evidence
from dicomlab.runs.faces import faces_of
from dicomlab.runs.layout import PROGRESS, Layout, as_recipe
from dicomlab.runs.pool import mapped, opened
from dicomlab.runs.shard import Done, Order, Surveyed, survey, work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike
    from pathlib import Path

    from dicomlab.catalog import Entry
    from dicomlab.pseudonyms import Key
    from dicomlab.recipe import Recipe
    from dicomlab.runs.shard import Patient

_SHARD = 100
_SURVEY = 200


def run(  # noqa: PLR0913 - keyword-only after the fourth
    source: str | Path,
    release: str | Path,
    recipe: str | Path | Recipe,
    key: str | PathLike[str] | Key | None = None,
    *,
    private: str | Path | None = None,
    workers: int = 1,
    cluster: str | None = None,
    dry_run: bool = False,
    verify: Literal["now", "later"] = "now",
    overwrite: bool = False,
    mirror_tree: bool = False,
    progress: bool = False,
) -> RunOutcome:
    """Return how every file of `source` ended; de-identified instances are in `release`, evidence beside it.

    Parameters
    ----------
    source
        A file or any tree; never written to.
    release
        An empty or new folder, outside the source.
    recipe
        Packaged name, path or Recipe.
    key
        Path of the key file, or a Key; by default DICOMLAB_KEY_FILE, else a key made in `private`.
    private
        Folder of mode 0700 for key, crosswalk, audit and quarantine; by default ``RELEASE-private``.
    workers
        Processes on this machine; `cluster` is the address of a Dask scheduler instead.
    dry_run
        Plan only; nothing is written anywhere.
    verify
        ``now``: an instance is judged before it is written; ``later``: written at once and called unverified.
    overwrite
        Replace a release that is there.
    mirror_tree
        Keep the source's folders; names that identify are replaced.

    Raises
    ------
    SourceError, ReleaseError, RecipeError, KeyFileError
        Nothing is written then, but for a full disk in the middle of a run: run again to go on.
    """
    began = time.monotonic()
    recipe, layout = as_recipe(recipe), Layout.of(source, release, private)
    secret = layout.key(key)
    pairs = files.listed(layout.source)
    token = {**_token(recipe, secret, pairs, verify, mirror_tree=mirror_tree), "release": layout.place()}
    resumed = False
    if not dry_run:
        resumed = layout.prepare(token, overwrite=overwrite)
        layout.keep_key(secret, key)
        secret = secret.for_release(layout.salt()) if recipe.identifiers.salted else secret
    judged = verify == "now" and not dry_run
    with opened(workers, cluster) as pool:
        found = _surveyed(pool, pairs, recipe, judged=judged, progress=progress)
        heads, faces = faces_of(pool, found.entries, recipe, None if dry_run else layout, progress=progress)
        orders = _orders(found, recipe, secret, layout, judged=judged, dry_run=dry_run, mirror_tree=mirror_tree)
        orders = [
            replace(o, faces={e.ordinal: faces[e.ordinal] for e in o.entries if e.ordinal in faces}) for o in orders
        ]
        done = _worked(pool, orders, layout, resumed=resumed, dry_run=dry_run, progress=progress)
    outcomes = tuple(sorted((o for d in done for o in d.outcomes), key=lambda o: o.ordinal))
    if len(outcomes) != len(pairs):
        message = f"{len(pairs)} files came in and {len(outcomes)} ended; this must not happen, do not use the release"
        raise ReleaseError(message)
    verdict: Verdict | None = None
    if judged:
        verdicts = {n: v for d in done for n, v in d.verdicts.items()}
        verdict = judge.judge_release(
            [verdicts[o.ordinal] for o in outcomes if o.ordinal in verdicts],
            states=[(o.ordinal, o.state) for o in outcomes],
            expected=range(len(pairs)),
            tree=layout.release,
            recipe=recipe,
            identity=judge.merge(found.identity.values()),
        )
    seconds = time.monotonic() - began
    result = RunOutcome(
        layout.release,
        layout.private,
        recipe.title,
        recipe.sha256,
        outcomes,
        verdict,
        seconds,
        version("dicomlab"),
        heads,
    )
    if dry_run:
        return result
    identity = judge.merge(found.identity.values()) if judged else None
    audit = [row for d in done for row in d.audit]
    result = evidence.write(result, layout, recipe, key=secret, entries=found.entries, audit=audit, identity=identity)
    layout.finish()
    return result


def _token(
    recipe: Recipe, key: Key, pairs: Sequence[tuple[Path, str]], verify: str, *, mirror_tree: bool
) -> dict[str, str]:
    """Return what makes two runs the same run: recipe, key, version, and what the source holds."""
    digest = sha256()
    for path, relative in pairs:
        try:
            status = path.stat()
            digest.update(f"{relative}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
        except OSError:
            digest.update(f"{relative}\0unreadable\n".encode("utf-8", "surrogateescape"))
    return {
        "recipe": recipe.sha256, "key": key.fingerprint, "source": digest.hexdigest(), "version": version("dicomlab"),
        "verify": verify, "mirror": str(mirror_tree),
    }  # fmt: skip


def _surveyed(
    pool: Executor, pairs: Sequence[tuple[Path, str]], recipe: Recipe, *, judged: bool, progress: bool
) -> Surveyed:
    """Look at every file once: what it is, whose it is, what identifies that patient."""
    numbered = [(n, path, relative) for n, (path, relative) in enumerate(pairs)]
    chunks = [numbered[i : i + _SURVEY] for i in range(0, len(numbered), _SURVEY)]
    parts: list[Surveyed] = []
    known: defaultdict[Patient, Identifiers] = defaultdict(Identifiers)
    identity: defaultdict[Patient, list[judge.Identity]] = defaultdict(list)
    with tqdm(total=len(numbered), desc="survey", unit="file", disable=not progress) as bar:
        for chunk, part in mapped(pool, lambda c: (survey, c, recipe, judged), chunks):
            parts.append(part)
            bar.update(len(chunk))
    before = sorted((e for part in parts for e in part.entries), key=lambda e: e.ordinal)
    entries = linked(before)
    people = {old.patient: new.patient for old, new in zip(before, entries, strict=True)}
    for part in parts:
        for patient, one in part.known.items():
            known[people[patient]] |= one
        for patient, other in part.identity.items():
            identity[people[patient]].append(other)
    return Surveyed(entries, dict(known), {patient: judge.merge(found) for patient, found in identity.items()})


def _orders(
    found: Surveyed, recipe: Recipe, key: Key, layout: Layout, *, judged: bool, dry_run: bool, mirror_tree: bool
) -> list[Order]:
    """Cut the work into shards of one patient's files each, and name every output."""
    subjects = _subjects(found.entries, recipe, key, layout, dry_run=dry_run)
    outputs = _outputs(found, recipe, key, subjects, mirror_tree=mirror_tree)
    by_patient: defaultdict[Patient, list[Entry]] = defaultdict(list)
    for entry in found.entries:
        by_patient[entry.patient].append(entry)
    orders: list[Order] = []
    for patient, entries in by_patient.items():
        studies = {("\\study", e.study_uid) for e in entries}
        mine = {p: subjects[p] for p in (patient, *studies) if p in subjects}
        for start in range(0, len(entries), _SHARD):
            part = tuple(entries[start : start + _SHARD])
            orders.append(
                Order(
                    len(orders), part, tuple(outputs.get(e.ordinal, "") for e in part), recipe, key.secret(), mine,
                    {patient: found.known.get(patient, Identifiers())},
                    {patient: found.identity[patient]} if patient in found.identity else {},
                    layout.release, layout.private / "quarantine", judged, dry_run,
                )
            )  # fmt: skip
    return orders


def _scoped(entry: Entry, recipe: Recipe) -> Patient:
    return entry.patient if recipe.identifiers.scope == "patient" else ("\\study", entry.study_uid)


def _subjects(
    entries: Sequence[Entry], recipe: Recipe, key: Key, layout: Layout, *, dry_run: bool
) -> dict[Patient, Subject | None]:
    """Return what each patient becomes; None for a patient whom the recipe's table does not know."""
    patients = sorted({_scoped(e, recipe) for e in entries if e.reason is None})
    how, prefix = recipe.identifiers.patient, recipe.identifiers.prefix
    codes: dict[Patient, str | None]
    if recipe.has_table:
        codes = {p: recipe.code_of(*p) for p in patients}
    elif how == "random" and not dry_run:
        codes = dict(layout.random_codes(patients, prefix))
    else:
        codes = {p: pseudonyms.identifier(key, "patient", p, prefix=prefix) for p in patients}
    days = {
        p: pseudonyms.date_offset_days(key, p, range_days=recipe.dates.range_days, whole_weeks=recipe.dates.whole_weeks)
        for p in patients
    }
    return {p: None if (code := codes[p]) is None else Subject(code, days[p]) for p in patients}


def _outputs(
    found: Surveyed, recipe: Recipe, key: Key, subjects: dict[Patient, Subject | None], *, mirror_tree: bool
) -> dict[int, str]:
    """Return each instance's path in the release: pseudonyms, or the source's names where they identify nobody."""
    mirrored = _Mirror(found, key) if mirror_tree else None
    outputs: dict[int, str] = {}
    taken: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in found.entries:
        subject = subjects.get(_scoped(entry, recipe))
        if entry.reason is not None or subject is None:
            continue
        if mirrored is not None:
            path = "/".join(mirrored.name(c) for c in entry.relative.split("/"))
        else:
            own, root = engine.scoped(recipe, key, entry.study_uid), recipe.uids.root
            uids = (entry.study_uid, entry.series_uid, entry.sop_instance_uid)
            path = "/".join([subject.code, *(pseudonyms.uid(own, u or "none", root) for u in uids)]) + ".dcm"
        taken[path.casefold()].append(entry)
        outputs[entry.ordinal] = path
    return _told_apart(outputs, taken)


class _Mirror:
    """Names of the source's files and folders, as far as they identify nobody; the others become codes.

    A name stays when nothing known of any patient is in it and it is made of words of the field, terms and short
    numbers only: headers may have lost the name that a folder still has.
    """

    def __init__(self, found: Surveyed, key: Key) -> None:
        merged = (frozenset().union(*(getattr(k, f.name) for k in found.known.values())) for f in fields(Identifiers))
        self._sweeper = Sweeper(Identifiers(*merged))
        self._terms = {shown_modality(e.modality).casefold() for e in found.entries} | ordinary_words()
        self._key = key
        self._names: dict[str, str] = {}

    def name(self, component: str) -> str:
        """Return what one part of a path becomes; the same everywhere."""
        if component not in self._names:
            stem, dot, ending = component.rpartition(".")
            if not dot or ending.lower() not in ("dcm", "dicom", "ima"):
                stem, dot, ending = component, "", ""
            kept = stem if self._is_nobodys(stem) else pseudonyms.identifier(self._key, "path", component)
            self._names[component] = kept + dot + ending
        return self._names[component]

    def _is_nobodys(self, stem: str) -> bool:
        if not stem.isascii() or not stem.isprintable() or stem.startswith("."):
            return False
        words = _WORD.findall(stem)
        if not all(w.casefold() in self._terms or _NUMBERED.fullmatch(w) for w in words):
            return False
        # Several numbers may be a date; one alone, as short as it is here, is a running number.
        several = len(words) > 1
        return all(self._sweeper.sweep(text, patterns=several) == text for text in (stem, " ".join(words)))


_WORD = re.compile(r"[^\W_]+")
# One letter, or up to three and a running number: IM000123, 00012, T1w. Longer numbers may be a patient's.
_NUMBERED = re.compile(r"[A-Za-z]|[A-Za-z]{0,3}(?:0[0-9]{0,5}|[0-9]{1,4})[A-Za-z]?")


def _told_apart(outputs: dict[int, str], taken: Mapping[str, Sequence[Entry]]) -> dict[int, str]:
    """Give each file a name of its own: of those with one name, by their bytes, whatever their order in the source.

    `taken` holds, by name without case, who would have it. Names of our own files are nobody's.
    """
    used = set(taken) | judge.OWN_FILES
    for name, entries in taken.items():
        for number, entry in enumerate(sorted(entries, key=_digest) if len(entries) > 1 else entries):
            if not number and name not in judge.OWN_FILES:
                continue
            path = PurePosixPath(outputs[entry.ordinal])
            count = number + 1
            while (other := path.with_name(f"{path.stem}-{count}{path.suffix}")).as_posix().casefold() in used:
                count += 1
            used.add(other.as_posix().casefold())
            outputs[entry.ordinal] = other.as_posix()
    return outputs


def _digest(entry: Entry) -> str:
    digest = sha256()
    try:
        with entry.path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError:
        return entry.relative
    return digest.hexdigest() + entry.relative


def _worked(
    pool: Executor, orders: list[Order], layout: Layout, *, resumed: bool, dry_run: bool, progress: bool
) -> list[Done]:
    """Do every shard that is not done yet; mark each when its files are on the disk."""
    folder = layout.private / PROGRESS
    done: list[Done] = []
    rest = []
    for order in orders:
        marker = folder / f"{order.number:06d}.done"
        finished = _finished(marker, layout.release) if resumed else None
        if finished is not None:
            done.append(finished)
        else:
            rest.append(order)
    total = sum(len(o.entries) for o in orders)
    left = sum(len(o.entries) for o in rest)
    with tqdm(total=total, initial=total - left, desc="de-identify", unit="file", disable=not progress) as bar:
        for order, result in mapped(pool, lambda o: (work, o), rest):
            if not dry_run:
                files.write_atomic(folder / f"{order.number:06d}.done", [pickle.dumps(result)], mode=0o600)
            done.append(result)
            bar.update(len(order.entries))
    return sorted(done, key=lambda d: d.number)


def _finished(marker: Path, release: Path) -> Done | None:
    """Return what a marker says of a shard, None unless every file it tells of is there, byte for byte.

    So a marker needs no files flushed before it: what a power cut lost is found missing and made again.
    """
    try:
        # Our own file, in a folder that only its owner can write to.
        result: Done = pickle.loads(marker.read_bytes())  # noqa: S301 - as said above
        for outcome in result.outcomes:
            if outcome.output and sha256((release / outcome.output).read_bytes()).hexdigest() != outcome.sha256:
                return None
    except (OSError, EOFError, pickle.UnpicklingError):
        return None
    return result
