"""The papermill engine of a batch: papermill's own, with our kernels; one that dies is a cell that failed."""

from __future__ import annotations

import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from nbclient.exceptions import DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines

from dicomlab.errors import NotebookError
from dicomlab.notebooks import preloaded
from dicomlab.notebooks.kernel import environment
from dicomlab.notebooks.kernel import kernel as batch_kernel

NAME = "dicomlab"


class Engine(NBClientEngine):  # type: ignore[misc]
    """Executes a notebook in a fresh process of this interpreter, forked from one that has its imports.

    Also for papermill by itself (``papermill --engine dicomlab``): it then scrubs nothing.
    """

    @classmethod
    def execute_managed_notebook(  # noqa: D102 - papermill's
        cls,
        nb_man: Any,  # noqa: ANN401 - papermill's, untyped
        kernel_name: str,
        *,
        installed: str | None = None,
        stock: bool = False,
        limit: float | None = None,
        **settings: Any,  # noqa: ANN401 - papermill's, passed on
    ) -> None:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="dicomlab-") as folder:
            manager = batch_kernel(Path(folder), installed, None if stock else server(), limit)
            try:
                super().execute_managed_notebook(nb_man, kernel_name, kernel_manager_class=manager, **settings)
            except (DeadKernelError, RuntimeError) as error:
                late = limit is not None and time.monotonic() - began >= limit
                told = f"it took longer than {limit:g} s and was ended" if late else _DIED
                if not _marked(nb_man, told):
                    message = "the kernel did not start; the memory may be full, or ipykernel not installed here"
                    raise NotebookError(message) from error


_DIED = "the kernel died; the memory may be full"


def _marked(nb_man: Any, told: str) -> bool:  # noqa: ANN401 - papermill's, untyped
    """Say in the cell that was running what happened; return False when none was."""
    begun = [n for n, c in enumerate(nb_man.nb.cells) if c.cell_type == "code" and c.metadata.papermill["start_time"]]
    if not begun:
        return False
    cell = nb_man.nb.cells[begun[-1]]
    cell.execution_count = cell.execution_count or len(begun)
    error = {"output_type": "error", "ename": NotebookError.__name__, "evalue": told, "traceback": [told]}
    cell.outputs.append(type(cell)(error))  # a node as the others
    nb_man.cell_exception(cell, begun[-1])
    return True


@cache
def server() -> preloaded.Server | None:
    """Return this process' server of kernels, started when it is first asked for; None where there can be none."""
    return preloaded.Server(environment()) if preloaded.possible() else None


def close() -> None:
    """End the server and every kernel that it forked; the next notebook starts another one."""
    ours = server() if server.cache_info().currsize else None
    server.cache_clear()
    if ours is not None:
        ours.close()


papermill_engines.register(NAME, Engine)
