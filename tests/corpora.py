"""The DICOM files that ship with pydicom and with pydicom-data: found where they are installed, nothing is fetched."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import pytest

_NO_FILES = {".py", ".pyc"}


def wheel() -> Path:
    """The folder inside pydicom's wheel, with ``test_files`` and ``charset_files``."""
    return _folder("pydicom") / "data"


def store() -> Path:
    """The folder of pydicom-data; skips where that package of the extra `dev` is not installed."""
    if importlib.util.find_spec("data_store") is None:
        pytest.skip("pydicom-data is not installed; pip install 'dicomlab[dev]'")
    return _folder("data_store") / "data"


@cache
def everything() -> tuple[Path, ...]:
    """Every file of both folders that is no Python."""
    found = (p for folder in (wheel(), store()) for p in folder.rglob("*") if p.is_file())
    return tuple(sorted(p for p in found if p.suffix not in _NO_FILES))


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])
