"""Where the work of a run is done: in this process, in several, or on a Dask cluster."""

from __future__ import annotations

import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_all_start_methods, get_context
from typing import TYPE_CHECKING, Any

from dicomlab.errors import MissingPackageError, ReleaseError
from dicomlab.runs.shard import survey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_CLUSTER_AHEAD = 64


class _Here(Executor):
    """Runs a call where it stands: for one worker, and for debuggers."""

    ahead = 1

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

    def __init__(self, workers: int) -> None:
        method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
        context = get_context(method)
        if method == "forkserver":
            context.set_forkserver_preload(["dicomlab.runs.shard"])
        super().__init__(workers, mp_context=context)
        self.ahead = 2 * workers  # so that none of them waits for a task

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
def opened(workers: int, cluster: str | None) -> Iterator[Executor]:
    """Give something that runs calls: this process, others of this machine, or a Dask cluster.

    Raises
    ------
    MissingPackageError
        A cluster is asked for, and the extra is not installed.
    ReleaseError
        A worker was ended from outside.
    """
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
    with _Workers(workers) as pool:
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


def mapped(pool: Executor, call: Callable[[Any], tuple[Any, ...]], tasks: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield (task, result) as results come, with a few tasks ahead only, so that memory stays bounded."""
    ahead = getattr(pool, "ahead", _CLUSTER_AHEAD)
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
