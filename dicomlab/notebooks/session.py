"""What JupyterLab and Voilà are started with: fresh folders, our kernel, the guard, and nothing from outside.

Everything that they would write into a home lies in one temporary folder that only its owner can read: settings,
connection files, histories. It goes when the session ends.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dicomlab import files
from dicomlab.notebooks.screen import ADDRESS
from dicomlab.records import BATCH_VARIABLE

# No news, no search for updates, no catalogue of extensions.
_SHORT = 40  # characters of a folder: the names of sockets below it may have about 104
_SETTINGS: dict[str, Mapping[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": False},
}


def prepare(folder: Path, source: Path | None = None, *, saves: bool = True) -> dict[str, str]:
    """Write what a session needs into an empty private folder, and return the environment that names it.

    Parameters
    ----------
    folder
        Only its owner can read it.
    source
        What the notebooks look at when their `source` is empty; so no notebook has to hold its path.
    saves
        The server writes notebooks, and has a guard that kernels must find; Voilà writes none.
    """
    for name, said in _config(folder).items():
        _write(folder / "config" / f"{name}.json", said)
    for name, setting in _SETTINGS.items():
        _write(folder / "config" / "lab" / "user-settings" / f"{name}.jupyterlab-settings", setting)
    kernel = [sys.executable, "-m", "dicomlab.notebooks.screen", "-f", "{connection_file}"]
    told = {"argv": [*kernel, "--HistoryManager.enabled=False"], "display_name": "Python 3", "language": "python"}
    _write(folder / "share" / "kernels" / "python3" / "kernel.json", told)
    own = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython", **({ADDRESS: "guard"} if saves else {}),
    }  # fmt: skip
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", BATCH_VARIABLE, ADDRESS))
    }
    env |= {name: str(folder / part) for name, part in own.items()}
    env["JUPYTER_PATH"] = os.pathsep.join((str(folder / "share"), str(files.packaged("templates") / "jupyter")))
    if source is not None:
        env[files.SOURCE_VARIABLE] = str(source.resolve())
    return env


def _config(folder: Path) -> dict[str, Mapping[str, Any]]:
    kernels = {"allowed_kernelspecs": ["python3"], "ensure_native_kernel": False}
    page = {"template_name": "dicomlab", "extra_template_paths": [str(files.packaged("templates") / "reports")]}
    sockets = os.name == "posix" and len(str(folder)) < _SHORT
    transport = {"KernelManager": {"transport": "ipc"}} if sockets else {}  # no port that others could open
    forked = {"MultiKernelManager": {"kernel_manager_class": "dicomlab.notebooks.forked.Kernel"}}
    lab = {"ServerApp": {"contents_manager_class": "dicomlab.notebooks.guard.Contents"}, "HTMLExporter": page}
    app = {
        "Voila": {"connection_dir_root": str(folder)},
        "VoilaConfiguration": {"template": "dicomlab", "classic_tree": True},
        "MappingKernelManager": {"cull_idle_timeout": 600, "cull_interval": 60},  # of pages that nobody looks at
    }
    return {
        "jupyter_server_config": {"KernelSpecManager": kernels, **forked, **transport, **lab},
        "voila": {"KernelSpecManager": kernels, **forked, **transport, **app},
    }


def _write(path: Path, said: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said), encoding="utf-8")
