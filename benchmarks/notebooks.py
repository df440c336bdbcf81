"""What an executed notebook costs beyond its own work, and whether many in a row run without a hang.

    python benchmarks/notebooks.py [--count 200] [--rounds 3] [--workers 2]

Prints seconds for one notebook after the other, with papermill's stock start of kernels and with ours, then for a batch
of subjects at a time, again and again; and the load of the machine, without which no number says much.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from dicomlab import notebooks
from dicomlab.notebooks import engine

BOOKS = {
    "empty": ("1",),
    "imports": ("import dicomlab as dl\nfrom dicomlab.reports import figures, tables\ndl.scan, dl.find, dl.run",),
    "scan": ("import dicomlab as dl", "catalog = dl.scan(source)\ncatalog"),
}


def written(folder: Path, name: str) -> Path:
    """Write one of the notebooks above."""
    cells = [
        {"id": f"c{n}", "cell_type": "code", "execution_count": None, "outputs": [], "source": text,
         "metadata": {"tags": ["parameters"]} if n == 0 else {}}
        for n, text in enumerate(('source = ""', *BOOKS[name]))
    ]  # fmt: skip
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}), encoding="utf-8")
    return path


def patients(folder: Path, count: int) -> Path:
    """Write one small instance for each of so many patients."""
    folder.mkdir()
    for n in range(count):
        one = Dataset()
        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one.SOPClassUID, one.SOPInstanceUID = CTImageStorage, f"1.2.826.{n + 1}.1.1"
        one.StudyInstanceUID, one.SeriesInstanceUID = f"1.2.826.{n + 1}", f"1.2.826.{n + 1}.1"
        one.PatientName, one.PatientID, one.PatientBirthDate = f"Quillfeather^Otto{n}", f"QF-{n:06}", "19510723"
        one.Modality = "CT"
        one.save_as(folder / f"{n:06}.dcm", enforce_file_format=True)
    return folder


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--count", type=int, default=200)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--batch", action="store_true", help="only the batch")
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        here = Path(temporary)
        source = patients(here / "in", chosen.count)
        one = source / "000000.dcm"
        for name in () if chosen.batch else BOOKS:
            for stock in (True, False):
                took = []
                for _ in range(6):
                    began = time.perf_counter()
                    notebooks.execute(written(here, name), here / "o.ipynb", {"source": str(one)}, stock=stock)
                    took.append(time.perf_counter() - began)
                how = "stock " if stock else "forked"
                print(
                    f"{name:8} {how} {statistics.median(took[1:]):6.2f} s each, the first {took[0]:.1f}; load {load()}"
                )
        for number in range(chosen.rounds):
            began, worked = time.perf_counter(), worked_so_far()
            rows = notebooks.each_subject(
                written(here, "scan"), source, here / f"out{number}", workers=chosen.workers, limit=120
            )
            slowest = max(row.seconds or 0 for row in rows)
            failed = sum(row.state != "done" for row in rows)
            print(
                f"{len(rows)} subjects, {chosen.workers} at a time: {time.perf_counter() - began:6.1f} s, "
                f"{(worked_so_far() - worked) / len(rows):.2f} s of a core each, {failed} failed, "
                f"the slowest {slowest:.1f} s; load {load()}",
                flush=True,
            )


def worked_so_far() -> float:
    """Return the seconds of a core that this process and the kernels of its server have used (Linux)."""
    server = engine.server()
    if server is None:
        return time.process_time()
    fields = Path(f"/proc/{server._process.pid}/stat").read_text().rpartition(")")[2].split()  # noqa: SLF001 - a measure
    return time.process_time() + sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def load() -> str:
    """Return how busy the machine was in the last minute."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
