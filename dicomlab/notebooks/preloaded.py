"""Kernels that start at once: a small server holds what notebooks import, and forks a fresh process for each.

Most of a short notebook's time goes into importing. The server imports once and never runs a cell; a kernel is its
child, so no notebook sees what another did. It needs process descriptors (Linux); elsewhere kernels start as usual.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from select import select
from threading import Lock

# What the packaged notebooks load, less what starts threads when it is imported (a process with threads must not fork)
# and what looks for its notebook at that moment, as matplotlib's backend does. A kernel that is asked for waits for the
# first, not for the others, which few notebooks need.
MODULES = ("ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.completer", "dicomlab.runs", "dicomlab.widgets")
LATER = (
    "dicomlab.reports.tables", "dicomlab.risk", "matplotlib.pyplot", "matplotlib.backends.backend_agg",
    "dicomlab.reports.figures", "pandas",
)  # fmt: skip
# What a process must know before it imports, to become a kernel.
BACKEND = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
_ANSWER = 2.0  # seconds
_MODULE = 2  # what stands before the module of a command: the interpreter, -m
_LONGEST = 1 << 17  # bytes of a request: arguments and environment


def possible() -> bool:
    """Return whether this system can hold on to a process that is not its child (Linux 5.3 and newer)."""
    return hasattr(os, "pidfd_open") and hasattr(socket, "send_fds") and hasattr(socket, "SOCK_SEQPACKET")


@dataclass(eq=False)
class Kernel:
    """A kernel that the server forked, with the methods of `subprocess.Popen` that a kernel manager uses."""

    pid: int
    _descriptor: int
    returncode: int | None = None
    stdin = stdout = stderr = None

    def poll(self) -> int | None:
        """Return None while it lives; how it ended only its parent knows."""
        if self.returncode is None and select([self._descriptor], [], [], 0)[0]:
            os.close(self._descriptor)
            self.returncode = 1
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return when it has ended."""
        if self.returncode is None and not select([self._descriptor], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired([], timeout or 0)
        return self.poll() or 0

    def send_signal(self, number: int) -> None:
        """Send a signal to it and to what it started."""
        if self.poll() is None:
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class Server:
    """The server's side that we hold; its process starts with the object and ends with `close`, or with ours."""

    def __init__(self, env: Mapping[str, str], modules: Sequence[str] = MODULES, later: Sequence[str] = LATER) -> None:
        """Start it; it imports while we go on, and the first kernel waits for `modules`."""
        self._lock = Lock()
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        given = f"{theirs.fileno()}, {tuple(modules)!r}, {tuple(later)!r}"
        code = f"from dicomlab.notebooks.preloaded import serve; serve({given})"
        nothing = subprocess.DEVNULL
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own words
                [sys.executable, "-c", code], env=dict(env), pass_fds=[theirs.fileno()], start_new_session=True,
                stdin=nothing, stdout=nothing, stderr=nothing,
            )  # fmt: skip
        atexit.register(self.close)

    def launch(self, command: Sequence[str], env: Mapping[str, str], folder: str | None = None) -> Kernel:
        """Return a new kernel that works in `folder`, or in ours; `command` is ``python -m module arguments``.

        Raises
        ------
        OSError
            The server is gone.
        """
        request = json.dumps({"command": list(command[_MODULE:]), "env": dict(env), "folder": folder or os.getcwd()})  # noqa: PTH109 - a string
        with self._lock:
            self._ours.send(request.encode("utf-8", "surrogateescape"))
            told, descriptors, *_ = socket.recv_fds(self._ours, 64, 1)
        if not descriptors:
            raise OSError("the server of kernels ended")
        return Kernel(int(told), descriptors[0])

    def close(self) -> None:
        """End the server, and with it every kernel that is left."""
        atexit.unregister(self.close)
        self._ours.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()


@cache
def shared() -> Server | None:
    """Return the server of this process, whose kernels are a person's; None where there can be none."""
    return Server(os.environ | BACKEND) if possible() else None


def serve(channel: int, modules: Sequence[str], later: Sequence[str]) -> None:
    """Import, then fork one kernel for each request, until the other end of the socket closes."""
    sys.path[:] = [folder for folder in sys.path if folder]  # a kernel adds the folder that it works in
    for name in modules:
        _load(name)
    rest = list(later)
    children: set[int] = set()
    with socket.socket(fileno=channel) as ours:
        while True:
            while rest and not select([ours], [], [], 0)[0]:
                _load(rest.pop(0))
            gc.collect()
            gc.freeze()  # kernels share these pages as long as nobody writes to them
            if not (request := ours.recv(_LONGEST)):
                break
            server, pid = os.getpid(), os.fork()
            if pid == 0:
                ours.close()
                _become_kernel(json.loads(request.decode("utf-8", "surrogateescape")), server)
            descriptor = os.pidfd_open(pid)
            with suppress(OSError):  # who asked is gone: the next `recv` says so
                socket.send_fds(ours, [str(pid).encode()], [descriptor])
            os.close(descriptor)
            children.add(pid)
            children -= {child for child in children if os.waitpid(child, os.WNOHANG)[0]}
    for child in children:
        for kill in (os.killpg, os.kill):  # one that has just begun leads no group yet
            with suppress(OSError):
                kill(child, signal.SIGKILL)


def _load(name: str) -> None:
    with suppress(ImportError):  # a kernel that needs it will say so
        importlib.import_module(name)


def _become_kernel(request: Mapping[str, object], server: int) -> None:
    """Be what the command would be, without its imports; end when the server does, however early that is."""
    code = 1
    try:
        os.setsid()
        gc.unfreeze()
        os.chdir(str(request["folder"]))
        env = request["env"]
        os.environ.clear()
        os.environ.update(env)  # type: ignore[call-overload]
        os.environ["JPY_PARENT_PID"] = str(server)
        tempfile.tempdir = None  # the server's, if a module asked for it
        sys.argv = list(request["command"])  # type: ignore[call-overload]
        import numpy as np  # noqa: PLC0415 - the server's, shared
        from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415 - the same

        np.random.seed(None)  # noqa: NPY002 - chance is each kernel's own; the standard library sees to its own
        runpy.run_module(sys.argv[0], run_name="__main__")
        # It answers the request to end in a thread that needs the one which the functions below stop.
        IPKernelApp.instance().control_thread.join(_ANSWER)
        code = 0
    finally:
        with suppress(BaseException):
            threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - as an interpreter that ends
            atexit._run_exitfuncs()  # noqa: SLF001 - IPython deletes its temporary files there
        os._exit(code)
