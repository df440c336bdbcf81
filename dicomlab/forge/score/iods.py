"""Errors of dciodvfy that a released instance has and its source has not."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom.uid import ExplicitVRLittleEndian

from dicomlab.forge.score import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = "dciodvfy"
# Numbers and values in a message differ between source and release without the error being another one.
_VALUES = re.compile(r"= <[^>]*>|<0x[0-9a-f]+>|\[\d+\]|\d+")
_READABLE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}


def new_errors(source: Path, pairs: Mapping[str, Path]) -> dict[str, int] | None:
    """Return messages that are new, with how often; None when the program is not installed."""
    program = shutil.which(PROGRAM)
    if program is None:
        return None
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name, released in pairs.items():
            found += _errors(program, released, Path(folder)) - _errors(program, source / name, Path(folder))
    return dict(found)


def _errors(program: str, path: Path, folder: Path) -> Counter[str]:
    """Return the errors in one file, without values; syntaxes that the program cannot read are written as explicit."""
    instance = reading.read(path)
    if (
        instance is not None
        and instance.syntax not in _READABLE
        and not instance.syntax.startswith("1.2.840.10008.1.2.4.5")
    ):
        path = folder / "explicit.dcm"
        ds = instance.dataset
        for keyword in ("PixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
            if keyword in ds and ds.file_meta.TransferSyntaxUID.is_compressed and "Deflated" not in instance.syntax:
                del ds[keyword]
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds.save_as(path, implicit_vr=False, little_endian=True)
    done = subprocess.run([program, str(path)], capture_output=True, check=False)  # noqa: S603 - found on PATH
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    return Counter(_VALUES.sub("", line.strip()) for line in said.splitlines() if "Error" in line)
