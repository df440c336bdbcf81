"""Fixtures that several test files share: where samples and large material lie, and tools that a machine may lack."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REQUIRE_TOOLS = "DICOMLAB_REQUIRE_TOOLS"
BENCH = "DICOMLAB_BENCH"
LACKING = re.compile(r"\bis not (here|installed)\b|^could not import ")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where every tool was promised (continuous integration), a test that lacks one fails instead of being skipped."""
    report = yield
    reason = str(call.excinfo.value) if report.skipped and call.excinfo else ""
    if os.environ.get(REQUIRE_TOOLS) and LACKING.search(reason):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: {reason} ({REQUIRE_TOOLS} is set)"
    return report


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder data_samples of the checkout; nothing may write into it."""
    return ROOT / "data_samples"


@pytest.fixture(scope="session")
def bench() -> Path:
    """The folder with real heads and other large material, which is no part of the checkout."""
    said = os.environ.get(BENCH)
    if not said:
        pytest.skip(f"large material is not part of the checkout; set {BENCH} to its folder")
    folder = Path(said)
    if not folder.is_dir():
        pytest.fail(f"{BENCH} is set, but there is no such folder", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def needs_tool() -> Callable[[str], str]:
    """Ask for a program: ``needs_tool("dciodvfy")`` returns its path, or skips the test with the reason."""

    def path_of(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"the program {name} is not here; install it (Debian: apt install dicom3tools chromium)")
        return found

    return path_of
