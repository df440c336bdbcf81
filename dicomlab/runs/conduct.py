"""A whole run: survey, shards, verdict, manifest, report. Killed at any moment and run again, the same bytes."""

from __future__ import annotations

import pickle
import sys
import time
from collections import defaultdict
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from multiprocessing import get_all_start_methods, get_context
from typing import TYPE_CHECKING, Any, Literal

from tqdm.auto import tqdm

from dicomlab import files, judge, pseudonyms
from dicomlab.errors import MissingPackageError, ReleaseError
from dicomlab.free_text import Identifiers, Sweeper
from dicomlab.header import Subject
from dicomlab.records import RunOutcome, Verdict
from dicomlab.runs import records as evidence
from dicomlab.runs.layout import PROGRESS, Layout, as_recipe
from dicomlab.runs.shard import Done, Order, Surveyed, survey, sync, work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from os import PathLike
    from pathlib import Path

    from dicomlab.catalog import Entry
    from dicomlab.pseudonyms import Key
    from dicomlab.recipe import Recipe
    from dicomlab.runs.shard import Patient

_SHARD = 200
_SURVEY = 500


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
    token = _token(recipe, secret, pairs, verify, mirror_tree=mirror_tree)
    resumed = False
    if not dry_run:
        resumed = layout.prepare(token, overwrite=overwrite)
        layout.keep_key(secret, key)
        secret = secret.for_release(layout.salt()) if recipe.identifiers.salted else secret
    judged = verify == "now" and not dry_run
    with _pool(workers, cluster) as pool:
        found = _surveyed(pool, pairs, recipe, judged=judged, progress=progress)
        orders = _orders(found, recipe, secret, layout, judged=judged, dry_run=dry_run, mirror_tree=mirror_tree)
        if cluster:  # only the worker's own machine can tell when its files are safe
            orders = [replace(order, synced=not dry_run) for order in orders]
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
        layout.release, layout.private, recipe.title, recipe.sha256, outcomes, verdict, seconds, version("dicomlab")
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


class _Here(Executor):
    """Runs a call where it stands: for one worker, and for debuggers."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - the base class's
        """Call now; the future is done when it is returned."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
            if not isinstance(error, Exception):
                raise
        return future


class _Workers(ProcessPoolExecutor):
    """Processes that import dicomlab and never the caller's script: a script needs no ``__main__`` guard."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - the base class's
        """Start workers, when they are needed, while the caller's main module is out of sight."""
        main = sys.modules["__main__"]
        hidden: dict[str, Any] = {
            name: main.__dict__.pop(name) for name in ("__file__", "__spec__") if name in main.__dict__
        }
        main.__spec__ = None
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            main.__dict__.update(hidden)


@contextmanager
def _pool(workers: int, cluster: str | None) -> Iterator[Executor]:
    if cluster:
        try:
            from distributed import Client  # noqa: PLC0415 - an extra
        except ImportError as error:
            feature = "running on a cluster"
            raise MissingPackageError(feature, "distributed", "pip install 'dicomlab[cluster]'") from error
        with Client(cluster) as client:
            yield client.get_executor()
        return
    if workers <= 1:
        yield _Here()
        return
    method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    context = get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["dicomlab.runs.shard"])
    with _Workers(workers, mp_context=context) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            message = (
                "a worker was ended from outside (too little memory?); run the same command again with fewer workers"
            )
            raise ReleaseError(message) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _surveyed(
    pool: Executor, pairs: Sequence[tuple[Path, str]], recipe: Recipe, *, judged: bool, progress: bool
) -> Surveyed:
    """Look at every file once: what it is, whose it is, what identifies that patient."""
    numbered = [(n, path, relative) for n, (path, relative) in enumerate(pairs)]
    chunks = [numbered[i : i + _SURVEY] for i in range(0, len(numbered), _SURVEY)]
    entries: list[Entry] = []
    known: defaultdict[Patient, Identifiers] = defaultdict(Identifiers)
    identity: defaultdict[Patient, list[judge.Identity]] = defaultdict(list)
    with tqdm(total=len(numbered), desc="survey", unit="file", disable=not progress) as bar:
        for chunk, part in _mapped(pool, lambda c: (survey, c, recipe, judged), chunks):
            entries += part.entries
            for patient, one in part.known.items():
                known[patient] |= one
            for patient, other in part.identity.items():
                identity[patient].append(other)
            bar.update(len(chunk))
    merged = {patient: judge.merge(found) for patient, found in identity.items()}
    return Surveyed(tuple(sorted(entries, key=lambda e: e.ordinal)), dict(known), merged)


def _mapped(
    pool: Executor, call: Callable[[Any], tuple[Any, ...]], tasks: Sequence[Any], ahead: int = 8
) -> Iterator[tuple[Any, Any]]:
    """Yield (task, result) as results come, with a few tasks ahead only, so that memory stays bounded."""
    waiting: dict[Any, Any] = {}
    rest = iter(tasks)

    def feed() -> None:
        for task in rest:
            function, *arguments = call(task)
            if function is survey:
                chunk, recipe, judged = arguments
                future = pool.submit(survey, chunk, recipe, judged=judged)
            else:
                future = pool.submit(function, *arguments)
            waiting[future] = task
            if len(waiting) >= ahead:
                return

    feed()
    while waiting:
        future = next(as_completed(list(waiting)))
        task = waiting.pop(future)
        yield task, future.result()
        feed()


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
    sweepers = [Sweeper(known) for known in found.known.values()] if mirror_tree else []
    names: dict[str, str] = {}

    def mirrored(component: str) -> str:
        if component not in names:
            stem, dot, ending = component.rpartition(".")
            stem, ending = (
                (stem, dot + ending) if dot and ending.lower() in ("dcm", "dicom", "ima") else (component, "")
            )
            spoken = stem.replace("_", " ").replace("-", " ")
            clean = (
                all(s.sweep(t) == t for s in sweepers for t in (stem, spoken))
                and stem.isascii()
                and not stem.startswith(".")
            )
            names[component] = (stem if clean else pseudonyms.identifier(key, "path", component)) + ending
        return names[component]

    outputs: dict[int, str] = {}
    taken: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in found.entries:
        subject = subjects.get(_scoped(entry, recipe))
        if entry.reason is not None or subject is None:
            continue
        if mirror_tree:
            path = "/".join(mirrored(c) for c in entry.relative.split("/"))
        else:
            root = recipe.uids.root
            uids = (entry.study_uid, entry.series_uid, entry.sop_instance_uid)
            path = "/".join([subject.code, *(pseudonyms.uid(key, u or "none", root) for u in uids)]) + ".dcm"
        taken[path.casefold() if mirror_tree else path].append(entry)
        outputs[entry.ordinal] = path
    for entries in taken.values():  # two files with one name: told apart by their bytes, whatever their order
        if len(entries) > 1:
            for number, entry in enumerate(sorted(entries, key=_digest)):
                stem, _, ending = outputs[entry.ordinal].rpartition(".")
                outputs[entry.ordinal] += "" if not number else f"-{number + 1}" if not stem or "/" in ending else ""
                if number and stem and "/" not in ending:
                    outputs[entry.ordinal] = f"{stem}-{number + 1}.{ending}"
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
        if resumed and marker.exists():
            # Our own file, in a folder that only its owner can write to.
            done.append(pickle.loads(marker.read_bytes()))  # noqa: S301 - ours, as said above
        else:
            rest.append(order)
    total = sum(len(o.entries) for o in orders)
    bar = tqdm(
        total=total,
        initial=total - sum(len(o.entries) for o in rest),
        desc="de-identify",
        unit="file",
        disable=not progress,
    )
    # Waiting for the disk takes no processor: one thread does it while the next shard is worked on.
    with bar, ThreadPoolExecutor(1) as clerk:
        marked = []
        for order, result in _mapped(pool, lambda o: (work, o), rest):
            if not dry_run:
                marked.append(clerk.submit(_mark, folder / f"{order.number:06d}.done", order, result))
            done.append(result)
            bar.update(len(order.entries))
        for one in marked:
            one.result()
    return sorted(done, key=lambda d: d.number)


def _mark(marker: Path, order: Order, result: Done) -> None:
    """Say that a shard is done, once its files are on the disk."""
    if not order.synced:
        sync(order.release / o.output for o in result.outcomes if o.output)
    files.write_atomic(marker, [pickle.dumps(result)], mode=0o600)
