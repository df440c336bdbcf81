"""The command line: the only place that prints and exits.

Exit codes: 0 done; 1 something was quarantined, refused or failed verification, or an error nobody foresaw;
2 usage or bad input; 130 interrupted. Nothing that reaches the screen quotes an attribute's value.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

from dicomlab.cli.parser import parser
from dicomlab.errors import DicomlabError, InstanceError

REFUSED = 1
BAD_INPUT = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of one command.

    Parameters
    ----------
    arguments
        What follows the word ``dicomlab``; None takes them from the command line.
    """
    chosen = parser().parse_args(arguments)
    if chosen.debug:
        _say("--debug: what follows may quote values of attributes; do not pass it on")
    else:
        _silence_libraries()
    try:
        code: int = chosen.command(chosen)
        sys.stdout.flush()
    except DicomlabError as error:
        _say(f"dicomlab {chosen.name}: {' '.join(str(error).split())}")
        return REFUSED if isinstance(error, InstanceError) else BAD_INPUT
    except KeyboardInterrupt:
        _say("interrupted; nothing is half written: run the same command again and it goes on from here")
        return INTERRUPTED
    except BrokenPipeError:  # `dicomlab scan … | head`: the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  (the last line of defence: a traceback would quote values)
        if chosen.debug:
            traceback.print_exc()
        _say(f"dicomlab {chosen.name}: unexpected error: {_what_and_where(error)}; --debug shows all of it")
        return REFUSED
    return code


def _silence_libraries() -> None:
    """Keep warnings and log lines of other packages off the screen: pydicom's quote the values they complain of."""
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # for worker processes
    logging.getLogger().addHandler(logging.NullHandler())


def _what_and_where(error: BaseException) -> str:
    """Return type and place of an unforeseen error, never its text: that may quote a value."""
    what = type(error).__name__
    if isinstance(error, OSError) and error.errno:
        what += f" ({os.strerror(error.errno)})"
    package = Path(__file__).parents[1]
    ours = [
        f"{Path(frame.filename).relative_to(package)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if package in Path(frame.filename).parents
    ]
    return f"{what} at {ours[-1]}" if ours else what


def _say(line: str) -> None:
    print(line, file=sys.stderr)
