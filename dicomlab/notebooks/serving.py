"""JupyterLab or Voilà with kernels that start at once: ``python -m dicomlab.notebooks.serving jupyterlab …``.

Kernels are forked from a process (`preloaded`) that imports what notebooks use while server and page still load.
"""

from __future__ import annotations

import runpy
import sys

from dicomlab.notebooks import preloaded

# A grammar of addresses, for a check of JSON schemas that Jupyter does not ask for: making it takes a second.
_UNUSED = "rfc3987_syntax"


def main() -> None:
    """Be the module that the command line names."""
    preloaded.shared()
    sys.modules.setdefault(_UNUSED, None)  # type: ignore[arg-type]  # as if it were not installed
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
