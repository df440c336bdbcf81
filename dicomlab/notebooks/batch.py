"""One notebook for each subject of a source, a few at a time: resumable, indexed, under names that are pseudonyms."""

from __future__ import annotations

import json
import shutil
import time
from asyncio import AbstractEventLoop
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

from dicomlab import __version__, files, pseudonyms
from dicomlab.errors import DicomlabError, NotebookError
from dicomlab.notebooks import pages
from dicomlab.notebooks.execution import execute
from dicomlab.notebooks.parameters import checked, located, parameters_of, read
from dicomlab.runs.layout import Layout

if TYPE_CHECKING:
    from dicomlab.catalog import Group

INDEX = "index.html"
NOTES = "index.json"
_OFTEN = 2.0  # seconds between two writings of the index
_CODE = 12  # characters of a subject's code
_PLACE = "{subject}"
_OUTPUTS = ("release", "private", "out", "report", "work")  # parameters that say where a notebook writes


@dataclass(frozen=True)
class Subject:
    """How the notebook of one subject ended. Free of identifiers: it stands in the index as it is.

    `made_of` is a keyed digest of the notebook, its parameters and the subject's files: what is unchanged is skipped.
    """

    subject: str
    state: str = "waiting"  # or done, failed
    verdict: str = ""
    link: str = ""
    instances: int = 0
    seconds: float | None = None
    made_of: str = ""


def each_subject(
    notebook: str | Path,
    source: str | Path,
    folder: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    workers: int = 2,
    progress: bool = False,
    **settings: Any,  # noqa: ANN401 - `execute`'s own
) -> tuple[Subject, ...]:
    """Execute a notebook once for each patient of a source, and return how each ended.

    ``SUBJECT.ipynb`` (or ``SUBJECT.failed.ipynb``) and the index lie in `folder`; the key of the codes lies in
    ``FOLDER-private`` beside it. What an earlier batch did with the same notebook, parameters and files is skipped.

    Parameters
    ----------
    notebook
        Packaged name, or a path; it has a parameter `source`, which takes the subject's instances.
    source
        A file or folder.
    folder
        Where the executed notebooks go; made when it is not there.
    parameters
        Other parameters of the notebook. Where one says where to write, ``{subject}`` in it becomes the subject's
        code; unless told, a notebook writes below ``FOLDER/SUBJECT/``, and what is private beside the key.
    workers
        Notebooks at the same time.
    progress
        Show a bar on standard error.
    **settings
        `html`, `limit` and `stock`, as `execute` takes them.

    Raises
    ------
    NotebookError
        A wrong parameter, or one for outputs that all subjects would share.
    DicomlabError
        The source cannot be read, or the folder not be written.
    """
    path, given = located(notebook), dict(parameters or {})
    _refuse(path, given)
    layout = Layout.of(source, folder)
    layout.make_private()
    key = layout.key(None)
    layout.keep_key(key, None)
    patients = files.scan(source, progress=progress).patients
    before = pages.read_index(layout.release / NOTES)
    rows: dict[str, Subject] = {}
    waiting: list[tuple[Subject, Group]] = []
    for group in patients:
        code = pseudonyms.identifier(key, "subject", group.instances[0].patient, length=_CODE)
        made_of = pseudonyms.identifier(key, "executed", _digest(path, given, group, settings))
        old = before.get(code, {})
        if old.get("state") == "done" and old["made_of"] == made_of and (layout.release / f"{code}.ipynb").is_file():
            rows[code] = Subject(**old)
            continue
        rows[code] = Subject(code, instances=len(group), made_of=made_of)
        waiting.append((rows[code], group))
    _note(layout, path.stem, rows.values())

    def one(subject: Subject, group: Group) -> Subject:
        mine = _parameters(path, given, subject.subject, layout)
        with _linked(layout.private / "subjects" / subject.subject, group) as there:
            out = layout.release / f"{subject.subject}.ipynb"
            return _executed(subject, path, out, {**mine, "source": str(there)}, **settings)

    with threads(workers) as pool:
        try:
            tasks = [pool.submit(one, *task) for task in waiting]
            noted = time.monotonic()
            bar = tqdm(as_completed(tasks), total=len(tasks), desc=path.stem, unit="subject", disable=not progress)
            for task in bar:
                ended = task.result()
                rows[ended.subject] = ended
                if time.monotonic() - noted > _OFTEN:
                    _note(layout, path.stem, rows.values())
                    noted = time.monotonic()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _end_kernels()  # so that the notebooks which are running end, too
            raise
        finally:
            _note(layout, path.stem, rows.values())
    return tuple(rows.values())


@contextmanager
def threads(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads, each with an event loop of its own that is closed in the end."""
    from jupyter_core.utils import ensure_event_loop  # noqa: PLC0415 - heavy, and only batches need it

    loops: list[AbstractEventLoop] = []
    try:
        with ThreadPoolExecutor(max(1, workers), initializer=lambda: loops.append(ensure_event_loop())) as pool:
            yield pool
    finally:
        for loop in loops:
            loop.close()


def _refuse(path: Path, given: Mapping[str, Any]) -> None:
    """Raise for parameters that do not fit, or that would have every subject write to one place."""
    known = checked(path, given)
    if "source" not in parameters_of(path) or "source" in known:
        message = "one notebook a subject: the notebook needs a parameter `source`, which each subject's files are for"
        raise NotebookError(message)
    for name in set(_OUTPUTS) & known.keys():
        if _PLACE not in str(known[name]):
            message = (
                f"parameter {name}: all subjects would write to the same place; write {_PLACE} where its code goes"
            )
            raise NotebookError(message)


def _parameters(path: Path, given: Mapping[str, Any], code: str, layout: Layout) -> dict[str, Any]:
    """Return the parameters of one subject's notebook, each output at a place of its own."""
    mine = {n: v.replace(_PLACE, code) if isinstance(v, str) else v for n, v in checked(path, given).items()}
    for name, default in parameters_of(path).items():
        if name in _OUTPUTS and name not in mine:
            own = layout.private / code if name == "private" else layout.release / code / (Path(default).name or name)
            own.parent.mkdir(parents=True, exist_ok=True)
            mine[name] = str(own)
    return mine


def _executed(subject: Subject, path: Path, out: Path, parameters: Mapping[str, Any], **settings: Any) -> Subject:  # noqa: ANN401 - `execute`'s own
    """Execute one notebook; whatever goes wrong is its failure, and the batch goes on."""
    began = time.monotonic()
    told = asdict(subject)
    try:
        execute(path, out, parameters, **settings)
        told |= {"state": "done", "link": out.name, "verdict": pages.verdict(read(out))}
    except DicomlabError as error:
        out.unlink(missing_ok=True)
        failed = out.with_name(f"{out.stem}.failed.ipynb")
        told |= {"state": "failed", "verdict": " ".join(str(error).split())}
        told["link"] = failed.name if failed.exists() else ""
    except Exception as error:  # noqa: BLE001 - the batch goes on; an error's text may quote a value
        told |= {"state": "failed", "verdict": f"unexpected error: {type(error).__name__}", "link": ""}
    page = (out.parent / str(told["link"])).with_suffix(".html")
    told["link"] = page.name if told["link"] and page.exists() else told["link"]
    return Subject(**{**told, "seconds": round(time.monotonic() - began, 2)})


@contextmanager
def _linked(folder: Path, group: Group) -> Iterator[Path]:
    """Yield a folder of links to a subject's files, in the private folder and only while they are needed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, entry in enumerate(group, 1):
        (folder / f"{number:06}.dcm").symlink_to(entry.path.resolve())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _digest(path: Path, given: Mapping[str, Any], group: Group, settings: Mapping[str, Any]) -> str:
    digest = sha256(path.read_bytes())
    digest.update(json.dumps([__version__, given, bool(settings.get("html"))], sort_keys=True, default=str).encode())
    for entry in group:
        known = entry.path.stat()
        digest.update(f"{entry.relative}\0{known.st_size}\0{known.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _note(layout: Layout, title: str, rows: Iterable[Subject]) -> None:
    """Write the index, for people and for the next run."""
    told: Sequence[dict[str, Any]] = [asdict(row) for row in sorted(rows, key=lambda row: row.subject)]
    sums = {state: sum(row["state"] == state for row in told) for state in ("done", "failed", "waiting")}
    text = json.dumps(told, indent=1) + "\n"
    files.write_atomic(layout.release / NOTES, [text.encode()])
    files.write_atomic(layout.release / INDEX, [pages.index(title, told, sums | {"subjects": len(told)}).encode()])


def _end_kernels() -> None:
    from dicomlab.notebooks import engine  # noqa: PLC0415 - heavy, and it is loaded by now or not needed

    engine.close()
