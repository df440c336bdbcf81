"""The interpreter that runs us as a Jupyter kernel: no kernelspec needs to be installed, nothing is left behind.

A stock kernel writes every cell into the history of the user's home, with the paths that it was given,
and lets other programs of the machine connect to its ports. This one does neither.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from dicomlab.errors import NotebookError
from dicomlab.records import BATCH_VARIABLE

_LONGEST_SOCKET = 90  # characters; a socket's name may have about 104, the shortest limit among systems
_QUIET = ("--Application.log_level=50", "--HistoryManager.enabled=False")


def kernel(folder: Path, name: str | None = None) -> type[AsyncKernelManager]:
    """Return a kernel manager for one batch run.

    Parameters
    ----------
    folder
        A folder that only its owner can read; sockets and IPython's own files lie there.
    name
        An installed kernelspec; by default this interpreter.

    Raises
    ------
    NotebookError
        No kernelspec of that name is installed.
    """
    spec = _this_interpreter() if name is None else _installed(name)
    spec.env = {
        **spec.env,
        BATCH_VARIABLE: "1",
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    sockets = os.name == "posix" and len(str(folder)) < _LONGEST_SOCKET

    class BatchKernel(AsyncKernelManager):
        """Starts the kernel described above."""

        def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - the manager's own, passed on
            super().__init__(
                **settings,
                transport="ipc" if sockets else "tcp",
                connection_file=str(folder / "kernel.json"),
            )
            self._kernel_spec = spec

        async def start_kernel(self, **settings: Any) -> None:  # type: ignore[override]  # noqa: ANN401 - as above
            """Start it with nothing on the terminal: what native code prints may be a value."""
            settings |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            await self._async_start_kernel(**settings)

    return BatchKernel


def _this_interpreter() -> KernelSpec:
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *_QUIET]
    return KernelSpec(argv=argv, display_name="Python 3", language="python", env={})


def _installed(name: str) -> KernelSpec:
    try:
        return KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel as error:
        message = "no kernel of that name is installed; leave kernel out, or see `jupyter kernelspec list`"
        raise NotebookError(message) from error
