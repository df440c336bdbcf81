"""Notebooks executed unattended: parameters checked, what papermill stores scrubbed, the result searched.

parameters  which notebook is meant, and what it may be given
kernel      this interpreter as a kernel that keeps no history, opens no port and says nothing
scrubbing   an executed notebook without paths, parameters, tracebacks and metadata; searched for who it is about
execution   the four together: a file gets its name when it identifies nobody
"""

from __future__ import annotations

from dicomlab.notebooks.execution import execute
from dicomlab.notebooks.parameters import checked, from_file, located, packaged, parameters_of
from dicomlab.notebooks.scrubbing import identifying, scrub

__all__ = ["checked", "execute", "from_file", "identifying", "located", "packaged", "parameters_of", "scrub"]
