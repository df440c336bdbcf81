"""The interpreter that runs us as a Jupyter kernel: no kernelspec needs to be installed, nothing is left behind.

A stock kernel writes every cell into the history of the user's home, with the paths that it was given,
and lets other programs of the machine connect to its ports. This one does neither.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from threading import Timer
from typing import TYPE_CHECKING, Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from dicomlab.errors import NotebookError
from dicomlab.notebooks.preloaded import BACKEND
from dicomlab.records import BATCH_VARIABLE

if TYPE_CHECKING:
    from dicomlab.notebooks.preloaded import Kernel, Server

_LONGEST_SOCKET = 90  # characters; a socket's name may have about 104, the shortest limit among systems
_QUIET = ("--Application.log_level=50", "--HistoryManager.enabled=False")
_SOCKETS = 5  # shell, control, stdin, iopub, heartbeat
_SOON = 0.01  # seconds between two looks whether a kernel that was asked to end has ended


def environment() -> dict[str, str]:
    """Return the environment of a batch kernel, but for the folder that each has to itself."""
    return os.environ | BACKEND | {BATCH_VARIABLE: "1"}


class _Client(AsyncKernelClient):
    """A client that goes on when its kernel answers; the stock one then listens for a fifth of a second more."""

    async def _async_wait_for_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the client's own
        until = time.monotonic() + (timeout or float("inf"))
        while True:
            self.kernel_info()
            with suppress(Empty):
                await self.shell_channel.get_msg(timeout=1)
                await self.iopub_channel.get_msg(timeout=1)  # what cells show will arrive too
                return
            if not await self._async_is_alive() or time.monotonic() > until:
                raise RuntimeError("the kernel died or did not start")

    wait_for_ready = _async_wait_for_ready


def adopt(manager: AsyncKernelManager, forked: Kernel) -> None:
    """Let a manager take a kernel that was forked for one that it has started."""
    here: Any = manager.provisioner
    here.process, here.pid, here.pgid = forked, forked.pid, forked.pid
    manager._reconcile_connection_info(here.connection_info)  # noqa: SLF001 - as the manager itself does


@dataclass(frozen=True)
class _How:
    """How a kernel is started."""

    spec: KernelSpec
    folder: Path
    server: Server | None
    limit: float | None

    @property
    def sockets(self) -> bool:
        """Whether it listens on sockets in its folder, which no one else can open, instead of ports."""
        return os.name == "posix" and len(str(self.folder)) < _LONGEST_SOCKET

    def listens(self) -> bool:
        """Return whether all its sockets are there."""
        return not self.sockets or len(list(self.folder.glob("kernel-ipc-*"))) >= _SOCKETS


class _BatchKernel(AsyncKernelManager):
    """Starts a kernel as its subclass' `how` says, and leaves nothing of it behind."""

    how: _How

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - the manager's own, passed on
        transport, file = "ipc" if self.how.sockets else "tcp", str(self.how.folder / "kernel.json")
        super().__init__(**settings, transport=transport, connection_file=file)
        self.client_factory = _Client
        self._kernel_spec = self.how.spec
        self._end = Timer(self.how.limit or 0, self._kill)

    async def start_kernel(self, **settings: Any) -> None:  # type: ignore[override]  # noqa: ANN401 - as above
        """Start it with nothing on the terminal: what native code prints may be a value."""
        settings |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        await self._async_start_kernel(**settings)
        if self.how.limit:
            self._end.daemon = True
            self._end.start()

    async def _async_launch_kernel(self, kernel_cmd: list[str], **settings: Any) -> None:  # noqa: ANN401 - as above
        try:
            if self.how.server is None:
                raise ProcessLookupError
            forked = self.how.server.launch(kernel_cmd, settings["env"], settings.get("cwd"))
        except OSError:  # no server, or one that was ended: the kernel is started as usual
            await super()._async_launch_kernel(kernel_cmd, **settings)
            return
        adopt(self, forked)
        while forked.poll() is None and not self.how.listens():  # noqa: ASYNC110 - another process' event
            await asyncio.sleep(_SOON)  # a client that connects before its kernel listens tries again, but late

    async def _async_finish_shutdown(
        self,
        waittime: float | None = None,
        pollinterval: float = _SOON,
        restart: bool = False,  # noqa: FBT001, FBT002 - the manager's own
    ) -> None:
        await super()._async_finish_shutdown(waittime, pollinterval, restart)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 - as above
        self._end.cancel()
        self._kill()  # what the kernel started and left running, too
        await super()._async_cleanup_resources(restart)

    cleanup_resources = _async_cleanup_resources

    def _kill(self) -> None:
        """End the kernel and what it started."""
        with suppress(OSError, AttributeError, TypeError):
            os.killpg(self.provisioner.pgid, signal.SIGKILL)  # type: ignore[union-attr]


def kernel(
    folder: Path, name: str | None = None, server: Server | None = None, limit: float | None = None
) -> type[AsyncKernelManager]:
    """Return a kernel manager for one batch run.

    Parameters
    ----------
    folder
        A folder that only its owner can read; sockets and IPython's own files lie there.
    name
        An installed kernelspec; by default this interpreter.
    server
        Forks the kernel, when it is this interpreter; without one, it is started as Jupyter does.
    limit
        Seconds after which the kernel is killed.

    Raises
    ------
    NotebookError
        No kernelspec of that name is installed.
    """
    spec = _this_interpreter() if name is None else _installed(name)
    own = {
        "IPYTHONDIR": folder / "ipython",
        "TMPDIR": folder,
        "TEMP": folder,
        "TMP": folder,
    }  # all goes with the folder
    spec.env = {**spec.env, **environment(), **{name: str(path) for name, path in own.items()}}
    how = _How(spec, folder, server if name is None else None, limit)
    return type("BatchKernel", (_BatchKernel,), {"how": how})


def _this_interpreter() -> KernelSpec:
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *_QUIET]
    return KernelSpec(argv=argv, display_name="Python 3", language="python", env={})


def _installed(name: str) -> KernelSpec:
    try:
        return KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel as error:
        message = "no kernel of that name is installed; leave kernel out, or see `jupyter kernelspec list`"
        raise NotebookError(message) from error
