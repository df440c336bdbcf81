"""Notebooks executed unattended: parameters checked, what papermill stores scrubbed, the result searched.

parameters  which notebook is meant, and what it may be given
kernel      this interpreter as a kernel that keeps no history, opens no port and says nothing
preloaded   a server that holds what notebooks import and forks each kernel; engine: both behind papermill's interface
scrubbing   an executed notebook without paths, parameters, tracebacks and metadata; searched for who it is about
execution   all of it together: a file gets its name when it identifies nobody
pages       an executed notebook, or an index of several, as a page that needs nothing from outside
batch       one notebook for each subject of a source
session     what JupyterLab and Voilà are started with; serving: starts them, with kernels forked ahead
screen      their kernel, which tells what it reads and reveals; guard: what searches a notebook before it is saved
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dicomlab.notebooks.batch import Subject, each_subject
    from dicomlab.notebooks.execution import execute
    from dicomlab.notebooks.parameters import checked, from_file, located, packaged, parameters_of
    from dicomlab.notebooks.scrubbing import identifying, scrub

_HOMES = {
    "batch": ("Subject", "each_subject"),
    "execution": ("execute",),
    "parameters": ("checked", "from_file", "located", "packaged", "parameters_of"),
    "scrubbing": ("identifying", "scrub"),
}


def __getattr__(name: str) -> object:
    """Fetch a public name from its module: a kernel and a server need few of them, and importing all takes a second."""
    for module, names in _HOMES.items():
        if name in names:
            globals()[name] = found = getattr(import_module(f"dicomlab.notebooks.{module}"), name)
            return found
    raise AttributeError(f"module 'dicomlab.notebooks' has no attribute {name!r}")
