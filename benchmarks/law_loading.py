"""Seconds until the standard's tables answer, in fresh processes: what every command and notebook waits for.

python benchmarks/law_loading.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys

MEASURE = """
import time
start = time.perf_counter()
from dicomlab import standard
loaded = time.perf_counter()
standard.iod("1.2.840.10008.5.1.4.1.1.4.1", frozenset({"PatientName"})).type_of(("DeviceSerialNumber",))
print(loaded - start, time.perf_counter() - loaded)
"""
RUNS = 9


def main() -> None:
    """Print the median of several processes."""
    runs = []
    for _ in range(RUNS):
        answer = subprocess.run([sys.executable, "-c", MEASURE], check=True, capture_output=True, text=True)  # noqa: S603
        runs.append([float(part) for part in answer.stdout.split()])
    loading, first = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"import of the tables {loading * 1000:.0f} ms, first IOD {first * 1000:.0f} ms")


if __name__ == "__main__":
    main()
