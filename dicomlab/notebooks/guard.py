"""The guard of saved notebooks: JupyterLab's server asks it before it writes a file.

Kernels (`screen`) tell it which folders they read and which cells revealed a value; it gathers who is in the DICOM
files there. What a saved notebook must not hold is taken out of its outputs; what a person typed is not changed:
the file is then not saved, and the message says which cell to mend. While it is not known yet who is in the files,
saving waits, and the server goes on; after `_PATIENCE` it is refused. Nothing is written that was not searched.
"""

from __future__ import annotations

import ast
import asyncio
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from stat import S_ISREG
from threading import Lock, Thread
from typing import Any, NoReturn

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError

from dicomlab import judge
from dicomlab.notebooks.parameters import assigned, source_of
from dicomlab.notebooks.screen import ADDRESS
from dicomlab.notebooks.scrubbing import identifying, stored_outputs

_PATIENCE = 90.0  # seconds; less than the two minutes between savings that JupyterLab does by itself
_REFUSED = 409  # JupyterLab shows the message of any such answer
_OURS = re.compile(rb"dicomlab [0-9]")  # De-identification Method of our releases: pseudonyms identify nobody
_BEGINNING = 1 << 14  # bytes of a file in which that stands


@dataclass
class Guard:
    """What kernels told, and who is in the files that they read."""

    trees: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    revealed: set[str] = field(default_factory=set)
    _known: dict[str, tuple[int, int]] = field(default_factory=dict)
    _identity: judge.Identity = field(default_factory=judge.Identity)
    _lock: Lock = field(default_factory=Lock)
    _next: Future[judge.Identity] | None = None
    _worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def take(self, what: str, value: str) -> None:
        """Take what a kernel told, and start to gather."""
        with self._lock:
            {"tree": self.trees, "folder": self.folders, "cell": self.revealed}[what].add(value)
        if what != "cell":
            self.gather()

    def gather(self) -> Future[judge.Identity]:
        """Read what is new in the folders, in another thread; the future holds who is in them all."""
        with self._lock:  # one that did not begin yet will see all folders that are known now
            if self._next is None or self._next.running() or self._next.done():
                self._next = self._worker.submit(self._gathered)
            return self._next

    def identity(self) -> judge.Identity:
        """Return who is in the folders; refuse when that is not known in time."""
        try:
            return self.gather().result(_PATIENCE)
        except TooLate:
            _refuse(
                f"not saved yet: the folder is still being searched for names ({len(self._known):,} files so far); "
                "nothing is lost, it stays in this window: save again in a moment"
            )

    def listen(self, address: str) -> None:
        """Take what kernels tell, in threads that end with this process."""
        listener = Listener(address)

        def serve(kernel: Connection) -> None:
            with suppress(EOFError, OSError), kernel:
                while True:
                    self.take(*kernel.recv())
                    kernel.send(True)  # noqa: FBT003 - an answer: the kernel goes on

        def accept() -> None:
            while True:
                with suppress(OSError, EOFError):
                    Thread(target=serve, args=(listener.accept(),), daemon=True).start()

        Thread(target=accept, daemon=True).start()

    def _gathered(self) -> judge.Identity:
        found = []
        for path in self._files():
            with suppress(OSError, ValueError):
                known = os.stat(path)  # noqa: PTH116 - strings throughout: there may be many
                state = (known.st_mtime_ns, known.st_size)
                if self._known.get(path) == state:
                    continue
                if S_ISREG(known.st_mode) and _to_learn(path):  # a pipe would be waited for
                    found.append(judge.identity_of(Path(path), relative_path=path))
                self._known[path] = state
        if found:
            self._identity = judge.merge((self._identity, *found))
        return self._identity

    def _files(self) -> Iterator[str]:
        with self._lock:
            trees, folders = set(self.trees), set(self.folders)
        for tree in trees:
            for folder, _, names in os.walk(tree):
                yield from (os.path.join(folder, name) for name in names)  # noqa: PTH118 - as above
        for folder in folders:
            with suppress(OSError), os.scandir(folder) as entries:
                yield from (entry.path for entry in entries if entry.is_file())


def _to_learn(path: str) -> bool:
    """Return whether a file is an instance that may name somebody, and none that we released."""
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        beginning = file.read(_BEGINNING)
    part10 = beginning[128:132] == b"DICM"
    bare = beginning[:2] in (b"\x08\0", b"\0\x08", b"\x02\0") and beginning[3:4] < b"\x12"  # group 8 or 2, no preamble
    return (part10 or bare) and not _OURS.search(beginning)


guard = Guard()
"""The guard of this process."""
if os.environ.get(ADDRESS):
    guard.listen(os.environ[ADDRESS])


class Contents(AsyncLargeFileManager):
    """The files of JupyterLab's server, searched before they are written."""

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        """Write a file once it is known to identify nobody; the server goes on meanwhile."""
        await asyncio.to_thread(before_save, model)
        written: dict[str, Any] = await super().save(model, path)  # type: ignore[no-untyped-call]
        return written


def before_save(model: dict[str, Any]) -> None:
    """Scrub a notebook before JupyterLab's server writes it, or refuse to.

    Parameters
    ----------
    model
        What will be written, as the contents service holds it; changed in place.

    Raises
    ------
    HTTPError
        What a person typed identifies a patient, that is not known in time, or something went wrong: nothing is
        written.
    """
    try:
        if model.get("type") == "notebook" and model.get("content"):
            _notebook(model["content"])
        elif model.get("type") == "file" and model.get("format") == "text" and model.get("content"):
            _text(model["content"])
    except HTTPError:
        raise
    except Exception as error:  # noqa: BLE001 - its message may hold values
        message = f"not saved: the notebook could not be searched for what identifies patients ({type(error).__name__})"
        raise HTTPError(500, message, reason=message) from None


def _notebook(notebook: dict[str, Any]) -> None:
    _learn_parameters(notebook)
    if not (notebook["cells"] or notebook["metadata"]):
        return  # a new one, which need not wait
    identity = guard.identity()
    notebook["metadata"].pop("widgets", None)
    notebook["metadata"].pop("papermill", None)
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        if cell.get("id") in guard.revealed:
            cell["outputs"] = [_notice("it showed values that were revealed on the screen")]
        else:
            cell["outputs"] = [_safe(output, identity) for output in stored_outputs(cell)]
    if hits := identifying(notebook, identity):
        kinds = ", ".join(sorted({kind for _, kind in hits}))
        where = ", ".join(f"cell {number}" if number else "the metadata" for number in sorted({n for n, _ in hits}))
        _refuse(f"not saved: {where} holds what identifies a patient ({kinds}); take it out of the text and save again")


def _learn_parameters(notebook: Mapping[str, Any]) -> None:
    """Take the folders that the parameters cell names: another program may have read them."""
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            with suppress(SyntaxError, ValueError):
                for _, value in assigned(source_of(cell)):
                    told = ast.literal_eval(value)
                    if isinstance(told, str) and told and Path(told).is_dir():
                        guard.take("tree", told)


def _safe(output: dict[str, Any], identity: judge.Identity) -> dict[str, Any]:
    """Return an output that identifies nobody: itself, or a notice."""
    hits = identifying({"metadata": {}, "cells": [output]}, identity)
    return _notice("it showed what identifies a patient") if hits else output


def _notice(why: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": f"[this output was not saved: {why}]\n"}


def _text(text: str) -> None:
    if judge.search(text.encode(), guard.identity(), kind="text"):
        _refuse("not saved: the text holds what identifies a patient")


def _refuse(message: str) -> NoReturn:
    raise HTTPError(_REFUSED, message, reason=message) from None
