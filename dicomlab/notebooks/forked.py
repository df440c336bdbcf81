"""A kernel of JupyterLab or Voilà that is forked from a process with its imports (`preloaded`); `session` names it."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_server.services.kernels.kernelmanager import ServerKernelManager

from dicomlab.notebooks import preloaded
from dicomlab.notebooks.kernel import adopt


class Kernel(ServerKernelManager):
    """A kernel of Jupyter's server that was forked; it starts as usual where that is not possible."""

    async def _async_launch_kernel(self, kernel_cmd: list[str], **settings: Any) -> None:  # noqa: ANN401 - its own
        try:
            if (server := preloaded.shared()) is None:
                raise ProcessLookupError
            forked = await asyncio.to_thread(server.launch, kernel_cmd, settings["env"], settings.get("cwd"))
        except OSError:  # none, or one that was ended
            await super()._async_launch_kernel(kernel_cmd, **settings)
        else:
            adopt(self, forked)
