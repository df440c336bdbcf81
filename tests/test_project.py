"""The project around the package: what a wheel brings, what the environment promises, what must not be in the tree."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from dicomlab import files
from dicomlab.cli import parser

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CARRIED = ("notebooks", "templates", "data_samples")
# Where conda-forge says it differently.
CONDA_NAMES = {"jupyter-client": "jupyter_client", "jupyter-core": "jupyter_core", "jupyter-server": "jupyter_server",
               "matplotlib": "matplotlib-base"}  # fmt: skip
# Not sure to be on conda-forge: `pip install -e .` brings them there too.
PIP_ALONE = {"jpeglib", "opencv-python-headless", "rapidocr"}
# Not imported by name, and needed all the same.
NOT_IMPORTED = {
    "ipykernel": "the kernel that runs the notebooks",
    "jupyterlab": "`dicomlab lab` starts it as a program",
    "rapidocr": "the networks that find and read text lie inside its wheel",
}
IMPORT_NAMES = {
    "PyYAML": "yaml",
    "ipython": "IPython",
    "opencv-python-headless": "cv2",
    "scikit-image": "skimage",
    "jupyter-client": "jupyter_client",
    "jupyter-core": "jupyter_core",
    "jupyter-server": "jupyter_server",
    "pillow": "PIL",
    "pyjpegls": "jpeg_ls",
    "pylibjpeg-openjpeg": "openjpeg",
    "pylibjpeg-rle": "rle",
}


@cache
def tracked() -> tuple[str, ...]:
    """What the repository holds; in an unpacked source distribution, every file that is no hidden or made one."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
        return tuple(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())
    made = {"demo", "demo-private", "dist", "build", "__pycache__"}
    names = (p.relative_to(ROOT) for p in ROOT.rglob("*") if p.is_file())
    return tuple(str(p) for p in names if not any(part in made or part.startswith(".") for part in p.parts))


def tracked_below(*folders: str) -> list[str]:
    return [name for name in tracked() if name.split("/")[0] in folders]


def requirements() -> dict[str, Requirement]:
    return {r.name: r for r in map(Requirement, PROJECT["project"]["dependencies"])}


# --- what a wheel brings ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The Python of a fresh environment that holds dicomlab from a wheel, and that wheel from a source distribution.

    Nothing is fetched: the dependencies are those of the environment that runs the tests, the checkout is out of reach.
    """
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(place), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    venv.create(place / "fresh", with_pip=True)
    python = place / "fresh" / "bin" / "python"
    install = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--disable-pip-version-check",
        wheel,
    ]
    subprocess.run(install, check=True, capture_output=True)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def ask(python: Path, *command: str, cwd: Path) -> str:
    """What a command of the fresh environment prints, away from the checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    run = subprocess.run([python, *command], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_wheel_stands_alone(installed, tmp_path):
    home = Path(ask(installed, "-c", "import dicomlab; print(dicomlab.__file__)", cwd=tmp_path).strip())
    assert installed.parents[1] in home.parents
    assert ROOT not in home.parents


@pytest.mark.parametrize("kind", CARRIED)
def test_a_wheel_brings_every_notebook_template_and_sample(installed, tmp_path, kind):
    code = f"from dicomlab import files; print(files.packaged({kind!r}))"
    carried = Path(ask(installed, "-c", code, cwd=tmp_path).strip())
    assert installed.parents[1] in carried.parents
    expected = {name.removeprefix(f"{kind}/"): (ROOT / name).read_bytes() for name in tracked_below(kind)}
    assert expected
    assert {name: (carried / name).read_bytes() for name in expected if (carried / name).is_file()} == expected


@pytest.mark.parametrize("kind", CARRIED)
def test_a_checkout_finds_the_same_folders_where_they_are(kind):
    assert files.packaged(kind) == ROOT / kind


def test_a_wheel_brings_the_tables_of_the_standard(installed, tmp_path):
    code = "from pathlib import Path; import dicomlab; print(Path(dicomlab.__file__).parent)"
    home = Path(ask(installed, "-c", code, cwd=tmp_path).strip())
    expected = [name for name in tracked_below("dicomlab") if not name.endswith(".py")]
    assert any("standard_data" in name for name in expected)
    assert [name for name in expected if not (home.parent / name).is_file()] == []


def test_a_wheel_brings_the_program_and_its_recipes(installed, tmp_path):
    program = installed.with_name("dicomlab")
    listed = subprocess.run([program, "recipe", "list"], cwd=tmp_path, capture_output=True, text=True, check=True)
    for name in ("basic", "low", "high", "research"):
        assert re.search(rf"^{name}\b", listed.stdout, re.MULTILINE), name


def test_the_version_is_the_one_that_the_project_file_states(installed, tmp_path):
    version = PROJECT["project"]["version"]
    assert ask(installed, "-c", "import dicomlab; print(dicomlab.__version__)", cwd=tmp_path).strip() == version


def test_the_version_stands_in_one_place():
    version = PROJECT["project"]["version"]
    holders = [
        n for n in tracked_below("dicomlab") if n.endswith(".py") and f'"{version}"' in (ROOT / n).read_text("utf-8")
    ]
    assert holders == []


# --- what the environment promises -----------------------------------------------------------------------------------


def conda_dependencies() -> dict[str, str]:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    listed = [Requirement(entry) for entry in environment["dependencies"] if isinstance(entry, str)]
    return {r.name: str(r.specifier) for r in listed}


def test_the_conda_environment_is_in_step_with_the_project_file():
    named = {name: r for name, r in requirements().items() if name not in PIP_ALONE}
    expected = {CONDA_NAMES.get(name, name.lower()): str(r.specifier) for name, r in named.items()}
    expected |= {"python": PROJECT["project"]["requires-python"], "pip": ""}
    assert conda_dependencies() == expected


def test_the_conda_environment_installs_the_checkout_itself():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    assert environment["channels"][0] == "conda-forge"
    assert {"pip": ["-e ."]} in environment["dependencies"]


def imported_packages(*folders: str) -> set[str]:
    """First names of everything that is imported in the modules and notebooks of some folders."""
    texts = []
    for name in tracked_below(*folders):
        text = (ROOT / name).read_text("utf-8") if name.endswith((".py", ".ipynb")) else ""
        if name.endswith(".ipynb"):
            text = "\n".join("".join(c["source"]) for c in json.loads(text)["cells"] if c["cell_type"] == "code")
        texts.append(text)
    names = set()
    for node in (n for text in texts for n in ast.walk(ast.parse(text))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names - set(sys.stdlib_module_names) - {"dicomlab"}


def test_every_package_that_is_imported_is_a_dependency():
    optional = {r.name for r in map(Requirement, PROJECT["project"]["optional-dependencies"]["cluster"])}
    known = {IMPORT_NAMES.get(name, name) for name in requirements()} | optional | {"pydantic_core"}  # part of pydantic
    assert imported_packages("dicomlab", "notebooks") - known == set()


def test_every_dependency_is_needed():
    used = imported_packages("dicomlab", "notebooks")
    assert [n for n in requirements() if IMPORT_NAMES.get(n, n) not in used and n not in NOT_IMPORTED] == []


def test_no_dependency_at_any_remove_is_under_the_gpl():
    waiting, seen, wrong = list(requirements()), set(), []
    while waiting:
        name = waiting.pop()
        if name.lower() in seen:
            continue
        seen.add(name.lower())
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue  # for another platform or Python
        licences = [about.get("License-Expression") or "", *(about.get_all("Classifier") or [])]
        if any(re.search(r"(?<!L)GPL(?!.*\bOR\b)|:: GNU (Affero )?General Public", text) for text in licences):
            wrong.append(name)
        needed = (Requirement(text) for text in metadata.requires(name) or [])
        waiting += [r.name for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
    assert wrong == []


@pytest.mark.parametrize("target", ["install", "demo", "test", "lab", "lint", "bench", "help"])
def test_make_knows_its_targets(target, needs_tool):
    run = subprocess.run([needs_tool("make"), "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_make_says_so_when_python_is_too_old(needs_tool, tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\ncase "$1" in -V) echo "Python 3.9.2";; *) exit 1;; esac\n', encoding="utf-8")
    old.chmod(0o755)
    make = [needs_tool("make"), "install", f"PYTHON={old}"]
    run = subprocess.run(make, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "dicomlab needs Python 3.11 or newer" in run.stderr
    assert "Python 3.9.2" in run.stderr
    assert not (tmp_path / ".venv").exists()


def test_make_installs_again_only_when_the_project_file_changes(needs_tool, tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for made in (".venv/bin/python", ".venv/installed"):
        (tmp_path / made).write_text("", encoding="utf-8")
    later = (tmp_path / "pyproject.toml").stat().st_mtime + 5
    os.utime(tmp_path / ".venv/installed", (later, later))

    def planned() -> str:
        run = [needs_tool("make"), "-n", "install"]
        return subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert "pip install" not in planned()
    os.utime(tmp_path / "pyproject.toml", (later + 5, later + 5))
    assert "pip install" in planned()


def test_the_script_of_continuous_integration_can_be_run(needs_tool):
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run([needs_tool("bash"), "-n", script], check=True)


# --- what the readme says --------------------------------------------------------------------------------------------


def commands_of(name: str) -> list[str]:
    """Lines that start with ``dicomlab`` in the fenced blocks of a page."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", (ROOT / name).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    lines = (line.split("#")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if re.match(r"(\.venv/bin/)?dicomlab ", line)]


def test_every_command_of_the_readme_can_be_typed():
    lines = commands_of("README.md")
    assert lines
    for line in lines:
        parser().parse_args(shlex.split(line)[1:])


def test_every_link_of_the_pages_leads_somewhere():
    for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / page).read_text("utf-8")):
            assert (ROOT / target).exists(), f"{page}: {target}"


# --- what must not be in the tree ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in tracked() if n.endswith(".ipynb")] or ["(none)"])
def test_a_notebook_has_no_stored_output(name):
    assert name != "(none)", "there are no notebooks"
    page = json.loads((ROOT / name).read_text("utf-8"))
    code = [cell for cell in page["cells"] if cell["cell_type"] == "code"]
    assert [n for n, cell in enumerate(code) if cell["outputs"] or cell["execution_count"] is not None] == []
    assert "papermill" not in page["metadata"]
    assert not any("papermill" in cell["metadata"] or "attachments" in cell for cell in page["cells"])


def test_no_tracked_file_names_a_place_of_one_machine():
    # In pieces, so that this file does not name one itself.
    places = {str(ROOT), str(Path.home()), *("/" + name + "/" for name in ("work", "root"))}
    places = [place for place in places if place.count("/") > 1]
    found = []
    for name in tracked():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            found += [name for place in places if re.search(rf"(?<![\w.]){re.escape(place)}", content.decode("utf-8"))]
    assert found == []


def test_the_licence_is_apache_2_of_the_dicomlab_authors():
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "Copyright 2026 The dicomlab authors" in text
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert PROJECT["project"]["authors"] == [{"name": "The dicomlab authors"}]


def test_every_rule_that_is_off_says_why():
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    codes = [line for line in lines if re.match(r'\s+"[A-Z]{1,5}\d{0,4}",', line)]
    assert codes
    assert [line for line in codes if "#" not in line] == []


def test_the_changelog_keeps_a_place_for_what_comes_next():
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
