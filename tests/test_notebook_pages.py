"""The packaged notebooks as pages: their shape, their parameters, and what they show when nobody looks."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import yaml

from dicomlab import notebooks

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "notebooks").rglob("*.ipynb"))
PARAMETER_FILES = sorted((ROOT / "templates" / "runs").glob("*.yaml"))
LONGEST_CELL = 10
# What every page calls the same thing by.
KNOWN = {
    "source": "", "release": "release", "private": "", "recipe": "basic", "key": "", "reveal": False,
    "overwrite": False,
}  # fmt: skip

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)


def cells(page, kind="code"):
    return [c for c in json.loads(page.read_text("utf-8"))["cells"] if c["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


def test_the_pages_of_this_version_are_there():
    assert {"00_start_here", "01_inspect_headers", "05_deidentify", "06_verify_and_report"} <= {p.stem for p in PAGES}


@every_page
def test_no_output_is_stored(page):
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in cells(page))


@every_page
def test_any_python_3_kernel_runs_a_page(page):
    told = json.loads(page.read_text("utf-8"))
    assert told["metadata"]["kernelspec"]["name"] == "python3"
    assert (told["nbformat"], told["nbformat_minor"]) >= (4, 5)


@every_page
def test_cells_have_names_of_their_own_that_a_change_of_their_text_leaves_alone(page):
    names = [c["id"] for c in json.loads(page.read_text("utf-8"))["cells"]]
    assert len(set(names)) == len(names)
    assert all(name.startswith(page.stem[:2]) for name in names)


@every_page
def test_one_cell_is_tagged_parameters_and_it_is_the_first_of_code(page):
    tagged = [n for n, c in enumerate(cells(page)) if "parameters" in c["metadata"].get("tags", [])]
    assert tagged == [0]


@every_page
def test_parameters_mean_the_same_on_every_page(page):
    own = notebooks.parameters_of(page)
    assert "source" in own
    assert {name: own[name] for name in own if name in KNOWN} == {name: KNOWN[name] for name in own if name in KNOWN}


@every_page
def test_each_parameter_is_told_in_a_comment(page):
    lines = source(cells(page)[0]).splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith("#"):
            above = lines[number - 1] if number else ""
            obvious = line.startswith("release")
            assert "#" in line or above.startswith("#") or obvious, line


@every_page
def test_a_cell_has_ten_lines_at_most(page):
    assert all(len(source(c).strip().splitlines()) <= LONGEST_CELL for c in cells(page))


@every_page
def test_a_cell_calls_and_defines_nothing(page):
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
    for cell in cells(page):
        found = [node for node in ast.walk(ast.parse(source(cell))) if isinstance(node, kinds)]
        assert not found, source(cell)


@every_page
def test_magic_commands_and_shells_are_not_used(page):
    assert not any(line.lstrip().startswith(("%", "!")) for c in cells(page) for line in source(c).splitlines())


@every_page
def test_a_page_starts_with_its_purpose_and_ends_with_what_next(page):
    prose = [source(c) for c in cells(page, "markdown")]
    assert prose[0].startswith("# ")
    assert len(prose[0].split()) > 30
    assert any("what next" in text.lower() for text in prose[-2:])


@every_page
def test_imports_stand_in_one_cell(page):
    importing = [
        n for n, c in enumerate(cells(page))
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(ast.parse(source(c))))
    ]  # fmt: skip
    assert importing == [1]


@every_page
def test_a_page_that_prose_names_exists(page):
    named = {word.strip("`.,;:()") for c in cells(page, "markdown") for word in source(c).split()}
    stems = {p.stem for p in PAGES}
    assert {word for word in named if word[:2].isdigit() and word[2:3] == "_"} <= stems


@pytest.mark.parametrize("file", PARAMETER_FILES, ids=lambda p: p.stem)
def test_a_parameter_file_holds_parameters_that_its_page_takes(file):
    given = yaml.safe_load(file.read_text("utf-8"))
    assert notebooks.checked(file.stem.partition("-")[0], given) == given


def test_pages_that_run_unattended_have_a_parameter_file_and_variants_are_named_after_a_dash():
    told = {f.stem.partition("-")[0] for f in PARAMETER_FILES}
    assert told <= {p.stem for p in PAGES}
    assert {"01_inspect_headers", "05_deidentify", "06_verify_and_report"} <= told
