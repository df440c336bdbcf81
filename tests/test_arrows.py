"""The house keeps its shape: who may import whom, how long a module may grow, what an import may cost."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import dicomlab

PACKAGE = Path(__file__).resolve().parents[1] / "dicomlab"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# From the ground up; a module may import any module of a layer below its own.
LAYERS = (
    ("words", {"errors", "records"}),
    ("givens", {"standard", "recipe", "pseudonyms", "pixels"}),
    ("carriers", {"header", "free_text", "burned_in", "volume", "deface"}),
    ("core", {"engine", "judge", "risk", "forge"}),
    ("edges", {"catalog", "files", "reports", "widgets"}),
    ("conductors", {"runs", "notebooks", "cli"}),
)
# The arrows within a layer. None of them closes a ring.
BESIDE = {
    ("records", "errors"),
    ("recipe", "standard"),
    ("recipe", "pseudonyms"),
    ("header", "free_text"),
    ("deface", "volume"),
    ("files", "catalog"),
    ("reports", "catalog"),
    ("reports", "files"),
    ("widgets", "catalog"),
    ("widgets", "files"),
    ("notebooks", "runs"),
    ("cli", "runs"),
    ("cli", "notebooks"),
}
# The judge shares no code with those that it judges: it knows the law and the recipe, nothing else.
JUDGE_KNOWS = {"errors", "records", "standard", "recipe"}
# For annotations alone: an error carries the reason that a record defines.
FOR_TYPES_ALONE = {("errors", "records")}

# A process that was forked to be a kernel must end where it is, not return into its parent's code.
ENDS = {("preloaded", "os._exit")}

LONGEST_MODULE = 400
LARGEST_PACKAGE = 17_500  # lines of code, without data and forge: all three carriers, widgets and notebooks
HEAVY = {"IPython", "SimpleITK", "ipywidgets", "jinja2", "jupyterlab", "matplotlib", "nbformat", "numpy", "pandas",
         "papermill", "pydantic", "pydicom", "rapidocr", "scipy", "skimage", "tqdm", "yaml"}  # fmt: skip

LAYER_OF = {module: depth for depth, (_, modules) in enumerate(LAYERS) for module in modules}


def module_of(source: Path) -> str:
    """``header`` for dicomlab/header.py and for every file of a package dicomlab/header/."""
    return source.relative_to(PACKAGE).parts[0].removesuffix(".py")


def allowed(importer: str, imported: str) -> bool:
    if importer == imported:
        return True
    if importer == "judge":
        return imported in JUDGE_KNOWS
    return LAYER_OF[imported] < LAYER_OF[importer] or (importer, imported) in BESIDE


def guarded_by_type_checking(tree: ast.AST) -> set[int]:
    """Identities of the nodes below ``if TYPE_CHECKING:``."""
    return {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }


def absolute(node: ast.ImportFrom, source: Path) -> str:
    """The module that ``from … import`` names, relative dots resolved."""
    if not node.level:
        return node.module or ""
    package = ["dicomlab", *source.relative_to(PACKAGE).parent.parts]
    base = package[: len(package) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])])


def imported_names(node: ast.AST, source: Path) -> list[str]:
    """Dotted names that one statement or call imports, at whatever depth of the module it stands."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        home = absolute(node, source)
        return [f"{home}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"import_module", "__import__"}:
        return [a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return []


def arrows(source: Path) -> Iterator[tuple[int, str, bool]]:
    """Every import of a part of dicomlab: line, first name below the package, whether for types alone."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    for_types = guarded_by_type_checking(tree)
    for node in ast.walk(tree):
        for name in imported_names(node, source):
            top, _, rest = name.partition(".")
            if top == "dicomlab":
                yield getattr(node, "lineno", 0), rest.split(".")[0], id(node) in for_types


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_what_lies_below_it(source):
    importer = module_of(source)
    if importer == "__init__":
        return  # the front door names every module, lazily: what that costs is tested below
    wrong = []
    for line, imported, for_types in arrows(source):
        if imported == "__version__" or (for_types and (importer, imported) in FOR_TYPES_ALONE):
            continue
        if imported not in LAYER_OF:
            wrong.append(f"line {line}: dicomlab.{imported or '(the package itself)'} is no module of a layer")
        elif not allowed(importer, imported):
            wrong.append(f"line {line}: {importer} must not import {imported}")
    assert not wrong, f"{source.name}: {'; '.join(wrong)}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_has_a_place_in_a_layer(source):
    assert module_of(source) in {*LAYER_OF, "__init__"}


def test_the_arrows_within_a_layer_close_no_ring():
    left = set(BESIDE)
    while left:
        ends = {a for a in left if a[1] not in {importer for importer, _ in left}}
        assert ends, f"these arrows run in a ring: {sorted(left)}"
        left -= ends


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import dicomlab.engine", ["engine"]),
        ("from dicomlab import engine, header", ["engine", "header"]),
        ("from dicomlab.engine import plan", ["engine"]),
        ("from . import engine", ["engine"]),
        ("from .engine import plan", ["engine"]),
        ("def f():\n    from dicomlab import engine", ["engine"]),
        ("import importlib\nimportlib.import_module('dicomlab.engine')", ["engine"]),
        ("import pydicom\nfrom pathlib import Path", []),
    ],
)
def test_the_walk_sees_imports_however_they_are_written(text, found, monkeypatch, tmp_path):
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    source = tmp_path / "judge.py"
    source.write_text(text, encoding="utf-8")
    assert [name for _, name, _ in arrows(source)] == found


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_module_grows_past_400_lines(source):
    lines = len(source.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE, f"{source.name} has {lines} lines: two concepts, or a table?"


def test_the_package_stays_small():
    size = sum(lines_of_code(p.read_text(encoding="utf-8")) for p in SOURCES if module_of(p) != "forge")
    assert size <= LARGEST_PACKAGE, f"dicomlab has {size} lines of code without data and forge"


def lines_of_code(text: str) -> int:
    """Lines that hold more than blanks, comments or a docstring."""
    documented = set()
    for node in ast.walk(ast.parse(text)):
        documentable = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documentable and ast.get_docstring(node) is not None:
            documented |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    held = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in {tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING}:
            held |= set(range(token.start[0], token.end[0] + 1))
    return len(held - documented)


def test_prose_does_not_count_as_code():
    assert (
        lines_of_code('"""A module."""\n\n# why\nx = 1\ndef f():\n    """What."""\n    return (\n        1\n    )\n')
        == 5
    )


@pytest.mark.parametrize("source", [p for p in SOURCES if module_of(p) != "cli"], ids=lambda p: p.stem)
def test_only_the_command_line_prints_and_exits(source):
    calls = {"print", "input", "exit", "quit", "sys.exit", "os._exit", "SystemExit"}
    found = [
        f"line {node.lineno}: {ast.unparse(node.func)}"
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in calls
    ]
    assert [line for line in found if (source.stem, line.split(": ")[1]) not in ENDS] == []


def loaded_by(code: str) -> set[str]:
    """Names of the modules in memory after a fresh interpreter ran `code`."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(run.stdout.splitlines()[-1].split())


def test_importing_dicomlab_loads_no_other_module_and_no_other_package():
    loaded = loaded_by("import dicomlab")
    assert not {name for name in loaded if name.startswith("dicomlab.")}
    assert not {name.split(".")[0] for name in loaded} & HEAVY


def test_the_command_line_starts_without_what_it_may_not_need():
    loaded = loaded_by("import dicomlab.cli\ndicomlab.cli.parser()")
    assert not {name.split(".")[0] for name in loaded} & HEAVY


def test_every_public_name_exists_and_comes_from_where_it_lives():
    assert dir(dicomlab) == sorted(dicomlab.__all__)
    assert [name for name in dicomlab.__all__ if not hasattr(dicomlab, name)] == []
    assert "dicomlab.runs" in sys.modules


def test_a_name_that_dicomlab_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'anonymise'"):
        dicomlab.anonymise  # noqa: B018
