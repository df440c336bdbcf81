"""What can be typed: every command and argument, without what it does."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from dicomlab import __version__
from dicomlab.cli import carriers, commands, work
from dicomlab.records import Carrier

# argparse quotes what was typed, and a path that was typed may hold a patient's name.
_QUOTING = (
    (re.compile(r"unrecognized arguments: .*"), "unknown option, or too many arguments (quote a path with spaces)"),
    (re.compile(r"invalid choice: .*? \(choose from (.*)\)", re.DOTALL), r"not one of \1"),
    (re.compile(r"invalid (\S+) value: .*", re.DOTALL), r"not a valid \1"),
    (re.compile(r"ambiguous option: .*? could match", re.DOTALL), "could be any of"),
    (re.compile(r"ignored explicit argument .*", re.DOTALL), "takes no value"),
)


_Action = Callable[[argparse.Namespace], int]
_Command = Callable[[str, _Action, str], argparse.ArgumentParser]


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaints do not repeat what was typed; every command takes --debug."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  (argparse's own arguments, passed on)
        super().__init__(**settings)
        self.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks; they may quote values"
        )

    def error(self, message: str) -> NoReturn:
        for quoting, plain in _QUOTING:
            message = quoting.sub(plain, message)
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line.

    Examples
    --------
    >>> parser().parse_args(["scan", "data_samples"]).source
    PosixPath('data_samples')
    """
    top = _Parser(
        prog="dicomlab",
        description="See everything in DICOM that could identify the patient, remove it, and prove it.",
        epilog="Exit codes: 0 done; 1 something was quarantined, refused or failed verification; 2 usage or bad input.",
    )
    top.set_defaults(debug=False)
    top.add_argument("--version", action="version", version=f"dicomlab {__version__}")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, action: _Action, text: str) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(name, help=text, description=text)
        sub.set_defaults(command=action, name=name)
        return sub

    _looking(command)
    _running(command)
    _notebooks(command)
    _policy(command)
    return top


def _looking(command: _Command) -> None:
    scan = command("scan", commands.scan, "List patients, studies and series; values stay masked.")
    _source(scan)

    inspect = command("inspect", commands.inspect, "List every attribute that occurs, with its risk and why.")
    _source(inspect)
    inspect.add_argument("--series", type=int, metavar="N", help="only the series with this number in `dicomlab scan`")
    inspect.add_argument("--risk", metavar="CLASS", help="only attributes of this risk class, such as 'free text'")
    inspect.add_argument("--match", metavar="TEXT", help="only attributes whose path, tag or creator holds this text")
    inspect.add_argument("--all", action="store_true", help="also attributes that carry no risk")

    find = command("find", commands.find, "List what identifies, or may, and what a recipe would do about it.")
    _source(find)
    _recipe(find, default="basic")
    find.add_argument(
        "--carrier", choices=[c.value for c in Carrier], help="only words in the header, burned-in text, or the face"
    )
    find.add_argument(
        "--json", type=Path, metavar="FILE", help="with --carrier burned-in: write the regions of text to a JSON file"
    )


def _running(command: _Command) -> None:
    run = command("run", commands.run, "De-identify a file or folder into a new folder, the release.")
    _source(run)
    _release(run, "a new or empty folder for the release")
    run.add_argument("--dry-run", action="store_true", help="plan and judge everything, write nothing")
    run.add_argument(
        "--verify",
        choices=("now", "later"),
        default="now",
        help="judge each instance before it is written (the default), or later with `dicomlab verify`",
    )
    several = run.add_mutually_exclusive_group()
    several.add_argument("--workers", type=_positive, default=1, metavar="N", help="processes to use; 1 unless told")
    several.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler, such as tcp://host:8786")
    run.add_argument("--overwrite", action="store_true", help="replace what an earlier run left in RELEASE")
    run.add_argument(
        "--mirror-tree", action="store_true", help="keep the source's folders and names, once proved clean"
    )

    verify = command("verify", commands.verify, "Judge a release against its source: nothing is taken on trust.")
    _source(verify)
    _release(verify, "the folder of the release")

    redact = command("redact", carriers.redact, "Remove burned-in text alone; files keep their names.")
    _source(redact)
    redact.add_argument("out", type=Path, metavar="OUT", help="a new or empty folder")
    redact.add_argument(
        "--blank", choices=("mask", "blur", "crop"), default="mask", help="how text goes; mask unless told"
    )
    redact.add_argument(
        "--keep", choices=("laterality", "scale", "units", "technique"), nargs="+", default=(),
        help="kinds of text that identify nobody and may stay",
    )  # fmt: skip
    redact.add_argument("--workers", type=_positive, default=1, metavar="N", help="processes to use; 1 unless told")

    deface = command("deface", carriers.deface, "Remove the face from head CT, MR and PET; no head: refused.")
    _source(deface)
    deface.add_argument("out", type=Path, metavar="OUT", help="a new or empty folder")
    deface.add_argument(
        "--subjects", nargs="+", default=(), metavar="NAME", help="folders in SOURCE to take; all unless told"
    )


def _notebooks(command: _Command) -> None:
    notebook = command("notebook", work.notebook, "Run a notebook unattended; what it would leak is refused.")
    notebook.add_argument("notebook", metavar="NAME", help="a packaged notebook, such as 05_deidentify, or a file")
    notebook.add_argument(
        "out", type=_notebook, nargs="?", metavar="OUT.ipynb", help="where the executed notebook goes"
    )
    notebook.add_argument(
        "--each-subject",
        nargs=2,
        type=Path,
        metavar=("SOURCE", "OUTDIR"),
        help="instead of OUT.ipynb: one notebook for each patient of SOURCE, under codes, with an index; run again, "
        "it goes on. What a notebook writes goes below OUTDIR/CODE, unless -p says where, with {subject} for the code",
    )
    notebook.add_argument(
        "-p",
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter of the notebook; may be given several times",
    )
    notebook.add_argument("-f", dest="file", metavar="FILE", help="a YAML file of parameters; -p wins over it")
    notebook.add_argument("--html", action="store_true", help="write it as a page too, for people without Jupyter")
    notebook.add_argument("--workers", type=_positive, default=2, metavar="N", help="subjects at a time; 2 unless told")
    notebook.add_argument(
        "--limit", type=float, metavar="SECONDS", help="how long a notebook may take; no limit unless told"
    )
    notebook.add_argument(
        "--stock", action="store_true", help="start kernels as papermill's own engine does: slower, and always works"
    )

    lab = command("lab", work.lab, "Open JupyterLab on copies of the notebooks; never overwrites yours.")
    lab.add_argument(
        "folder", nargs="?", type=Path, default=Path("dicomlab-notebooks"), help="default: dicomlab-notebooks"
    )
    lab.add_argument("--app", action="store_true", help="pages without code instead, for reviews (needs dicomlab[app])")
    lab.add_argument(
        "--source",
        type=Path,
        metavar="SOURCE",
        help="what notebooks look at when theirs is empty; they hold no path then",
    )
    lab.add_argument("--port", type=int, help="the port to serve on; the next free one from 8888 unless told")
    lab.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")

    demo = command("demo", work.demo, "Run the whole pipeline through the notebooks, on samples or on SOURCE.")
    demo.add_argument("source", nargs="?", type=Path, metavar="SOURCE", help="default: the packaged data_samples")
    demo.add_argument("--out", type=Path, default=Path("demo"), metavar="FOLDER", help="default: demo")


def _policy(command: _Command) -> None:
    recipe = command("recipe", commands.recipe_list, "List, explain or compare recipes.")
    verbs = recipe.add_subparsers(metavar="VERB", required=True)
    verbs.add_parser("list", help="the packaged recipes").set_defaults(command=commands.recipe_list)
    explain = verbs.add_parser("explain", help="what a recipe does, as a table")
    explain.add_argument("recipe", metavar="NAME|FILE")
    explain.set_defaults(command=commands.recipe_explain)
    diff = verbs.add_parser("diff", help="attributes that two recipes treat differently, in general or in a folder")
    diff.add_argument("first", metavar="A")
    diff.add_argument("second", metavar="B")
    diff.add_argument("source", nargs="?", type=Path, metavar="SOURCE", help="only what occurs here, with counts")
    diff.set_defaults(command=commands.recipe_diff)

    key = command("key", commands.key_new, "Make the secret that pseudonyms follow from.")
    verbs = key.add_subparsers(metavar="VERB", required=True)
    new = verbs.add_parser("new", help="write a new key that only you can read")
    new.add_argument("file", type=Path, metavar="FILE", help="a file that does not exist yet")
    new.set_defaults(command=commands.key_new)

    forge = command("forge", commands.forge, "Make synthetic patients with planted identifiers and an answer key.")
    forge.add_argument("out", type=Path, metavar="OUT", help="a new or empty folder")
    forge.add_argument("--seed", type=int, default=1, help="the same seed makes the same bytes; 1 unless told")
    instead = forge.add_mutually_exclusive_group()
    instead.add_argument(
        "--corpus", action="store_true", help="a test corpus of headers: files in OUT/corpus, their key in OUT/KEY.json"
    )
    instead.add_argument(
        "--text", type=_positive, metavar="N", help="N images with text burned in, or that only look so, and a key"
    )
    instead.add_argument(
        "--heads", type=_positive, metavar="N", help="N head volumes, and the truth about face, eyes and brain"
    )
    forge.add_argument("--patients", type=_positive, default=12, metavar="N", help="size of a corpus; 12 unless told")

    score = command("score", commands.score, "Judge any tool's output of a forged corpus against its answer key.")
    _source(score)
    score.add_argument("release", type=Path, metavar="RELEASE", help="the folder that the tool wrote")
    score.add_argument("key", type=Path, metavar="KEY", help="the corpus' KEY.json")
    score.add_argument(
        "--profile", choices=("basic", "research"), default="basic", help="which ends of the key hold; default: basic"
    )
    score.add_argument("--quarantine", type=Path, metavar="DIR", help="files that the tool held back: counted apart")
    score.add_argument("--iod", action="store_true", help="also count new errors of dciodvfy, where it is installed")


def _source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a file or a folder of any shape")


def _release(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("release", type=Path, metavar="RELEASE", help=text)
    _recipe(parser)
    parser.add_argument("--key", type=Path, metavar="FILE", help="the key; default: `key` in the private folder")
    parser.add_argument(
        "--private", type=Path, metavar="DIR", help="what is never handed over; default: RELEASE-private"
    )


def _recipe(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    told = f"; {default} unless told" if default else ""
    parser.add_argument(
        "--recipe",
        required=default is None,
        default=default,
        metavar="NAME|FILE",
        help=f"a packaged recipe (`dicomlab recipe list`) or a file{told}",
    )


def _notebook(text: str) -> Path:
    if not text.endswith(".ipynb"):
        message = "must end with .ipynb"
        raise argparse.ArgumentTypeError(message)
    return Path(text)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        message = "1 or more"
        raise argparse.ArgumentTypeError(message)
    return number
