"""The kernel of `dicomlab lab`: what a person asks to see is on the screen, and the guard knows of it before it shows.

Started as ``python -m dicomlab.notebooks.screen``, it is IPython's kernel with three things added: the guard of saved
notebooks (`guard`) is told of every folder that the kernel reads and of every cell that revealed a value, and an
error shows where it happened, not the message that may quote a value.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Client
from pathlib import Path
from threading import RLock
from traceback import StackSummary, extract_tb
from typing import Any

from dicomlab import files
from dicomlab.errors import DicomlabError
from dicomlab.records import Masked

ADDRESS = "DICOMLAB_GUARD"  # the environment variable that says where the guard listens
_WORD = re.compile(r"[^\s'\"(),;=\[\]{}]+|'[^'\n]+'|\"[^\"\n]+\"")
_SAFE = (DicomlabError, SyntaxError, NameError, ImportError, KeyboardInterrupt)  # they quote the code, not a value
_HIDDEN = "the message may quote a value and is not shown; on your screen it is in sys.last_value (import sys)"


class Reporter:
    """Tells the guard what this kernel reads and reveals; each thing once, and before it can be shown."""

    def __init__(self, address: str) -> None:
        """Connect to the guard."""
        self._address = address
        self._guard, self._process = Client(address), os.getpid()
        self._lock = RLock()
        self._told: set[tuple[str, str]] = set()
        ours = (sys.prefix, sys.base_prefix, "/proc", "/sys", "/dev", Path(address).parent)
        self._ours = tuple(os.path.realpath(folder) + os.sep for folder in ours)
        self._samples = os.path.realpath(files.packaged("data_samples"))

    def heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take an audit event of the interpreter (`sys.addaudithook`): a file is opened, or a folder listed."""
        if event not in ("open", "os.listdir", "os.scandir") or not isinstance(arguments[0], str | bytes):
            return
        path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100 - ten times as quick, and it is often asked
        self.tell("folder", os.path.dirname(path) if event == "open" else path)  # noqa: PTH120 - the same

    def ran(self, code: str, names: Mapping[str, object]) -> None:
        """Take a cell that will run: a path that it holds or names may be read by a program or another process."""
        for found in _WORD.findall(code):
            word = names.get(found) if isinstance(names.get(found), str | Path) else found.strip("'\"")
            path = Path(str(word)).expanduser().absolute()
            with suppress(OSError, ValueError):
                if path.is_dir() and path not in (Path(path.root), Path.home(), Path.cwd()):
                    self.tell("tree", str(path))
                elif path.is_file():
                    self.tell("folder", str(path.parent))

    def tell(self, what: str, value: str) -> None:
        """Tell one thing and wait until the guard has it."""
        with self._lock:
            if (what, value) in self._told:
                return
            self._told.add((what, value))
            if what != "cell" and self._of_this_program(os.path.realpath(value) + os.sep):
                return
            if self._process != os.getpid():  # a copy of the kernel: two must not speak through one connection
                self._guard, self._process = Client(self._address), os.getpid()
            self._guard.send((what, value))
            self._guard.recv()

    def _of_this_program(self, folder: str) -> bool:
        return folder.startswith(self._ours) and not folder.startswith(self._samples)


def protect(shell: Any, reporter: Reporter | None) -> None:  # noqa: ANN401 - IPython's shell, untyped
    """Add the three things to a kernel's shell; without a reporter (nothing is saved there) errors alone."""
    show = shell._showtraceback  # noqa: SLF001 - where every error passes

    def sparing(kind: type[BaseException], error: BaseException, lines: list[str]) -> None:
        if not issubclass(kind, _SAFE):
            told = StackSummary.from_list(f for f in extract_tb(error.__traceback__) if "IPython" not in f.filename)
            error = Exception(_HIDDEN)
            lines = ["Where it happened:", *told.format(), f"{kind.__name__}: {_HIDDEN}"]
        show(kind, error, lines)

    shell._showtraceback = sparing  # noqa: SLF001 - as above
    if reporter is None:
        return
    shown = Masked.reveal

    def reveal(masked: Masked) -> object:
        metadata = (shell.get_parent() or {}).get("metadata", {})
        reporter.tell("cell", str(metadata.get("cellId", "")))
        return shown(masked)

    setattr(Masked, "reveal", reveal)  # noqa: B010 - whoever reveals is noticed, widgets too
    shell.events.register("pre_run_cell", lambda info: reporter.ran(info.raw_cell or "", shell.user_ns))
    sys.addaudithook(reporter.heard)


def main() -> None:
    """Be the kernel that the command line describes."""
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415 - only the kernel's process needs it

    app: Any = IPKernelApp.instance()
    app.initialize()
    address = os.environ.get(ADDRESS)
    protect(app.shell, Reporter(address) if address else None)
    app.start()


if __name__ == "__main__":
    main()
