"""The tables of `standard_data/`, read when they are first asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "standard_data"


def load(name: str) -> dict[str, Any]:
    """Return one table as `tools/generate_standard.py` wrote it: its origin (part, table, edition) and its rows."""
    tables: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return tables
