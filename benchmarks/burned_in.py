"""How well text burned in to pixels is found, and how well it was removed, on a corpus of one's own making.

    python benchmarks/burned_in.py --seed 7 --size 92                      # dicomlab on a fresh corpus
    python benchmarks/burned_in.py --seed 7 --size 92 --tool rapidocr      # plain detection, for comparison
    python benchmarks/burned_in.py --seed 7 --size 92 --tool tesseract     # the same, where the program is installed
    python benchmarks/burned_in.py --corpus FOLDER --json FOUND.json       # regions that were found before
    python benchmarks/burned_in.py --corpus FOLDER --redacted FOLDER       # instances that were blanked

`--corpus` names a folder that this script made with `--keep`; `--json` then is the file that ``dicomlab find --carrier
burned-in --json`` writes, and with `--redacted` it tells which pixels were to change. No string is printed.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread: the same on every machine

import cv2
import numpy as np
import pydicom
from pydicom.dataset import Dataset

from dicomlab.forge import burned_in as forge
from dicomlab.forge.burned_in import reading, scoring
from dicomlab.records import Region

Finder = Callable[[Dataset], list[Region]]
_NORMAL = 1024 * 768
_ABOUT = (0x0008, 0x0010)  # groups that identify the patient and the visit
_TELLING = 3  # letters of a word that may identify
_COLOURS = 3  # dimensions of a frame of colours
_BASELINE = "1.2.840.10008.1.2.4.50"


def with_dicomlab() -> Finder:
    """Return the finder of this package: every pass, with what identifies the patient known to it."""
    # Each tool is imported by its finder alone, so that peak memory is the tool's own.
    from dicomlab.burned_in import find_text, regions_to_blank  # noqa: PLC0415
    from dicomlab.pixels import Frames  # noqa: PLC0415
    from dicomlab.recipe import BurnedIn  # noqa: PLC0415

    settings = BurnedIn()

    def find(ds: Dataset) -> list[Region]:
        told = (str(e.value).upper().replace("^", " ") for e in ds if e.tag.group in _ABOUT)
        known = {word for value in told for word in value.split() if len(word) >= _TELLING}
        about = {e.keyword: e.value for e in ds if e.keyword and e.keyword != "PixelData"}
        boxes = find_text(
            Frames.of(ds), settings, identifiers=lambda text: any(k in text.upper() for k in known), attributes=about
        )
        return list(regions_to_blank(boxes, settings, settings.decisions))

    return find


def with_rapidocr(*, sized: bool = False) -> Finder:
    """Return plain detection on a window from the least to the greatest value, frame by frame.

    `sized`: without boxes whose short side exceeds 64 pixels and 5 % of the picture; plain ones may cover all of it.
    """
    from rapidocr import RapidOCR  # noqa: PLC0415 - see above

    engine = RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                              "EngineConfig.onnxruntime.inter_op_num_threads": 1})  # fmt: skip

    def find(ds: Dataset) -> list[Region]:
        found = []
        for number, frame in enumerate(reading.frames(ds)):
            output = engine(reading.shown(ds, frame), use_det=True, use_cls=False, use_rec=False)
            for quad in output.boxes if output.boxes is not None else ():
                (x0, y0), (x1, y1) = np.floor(quad.min(axis=0)), np.ceil(quad.max(axis=0))
                if not sized or min(x1 - x0, y1 - y0) <= max(64, 0.05 * min(frame.shape[:2])):
                    found.append(Region(int(x0), int(y0), int(x1), int(y1), number))
        return found

    return find


def with_tesseract() -> Finder:
    """Return words that the program tesseract sees on the same window (page segmentation 11: sparse text)."""
    program = shutil.which("tesseract")
    if program is None:
        sys.exit("tesseract is not installed (apt-get install tesseract-ocr); nothing was measured")

    def find(ds: Dataset) -> list[Region]:
        found = []
        for number, frame in enumerate(reading.frames(ds)):
            levels = reading.shown(ds, frame)
            picture = cv2.imencode(".png", levels[..., ::-1] if levels.ndim == _COLOURS else levels)[1]
            run = subprocess.run([program, "stdin", "stdout", "--psm", "11", "tsv"], input=picture.tobytes(),  # noqa: S603 - a program found on PATH, a picture made here
                                 capture_output=True, check=False)  # fmt: skip
            for row in csv.DictReader(
                io.StringIO(run.stdout.decode("utf-8", "replace")), delimiter="\t", quoting=csv.QUOTE_NONE
            ):
                if row["level"] == "5" and (row.get("text") or "").strip():
                    x, y, w, h = (int(row[k]) for k in ("left", "top", "width", "height"))
                    found.append(Region(x, y, x + w, y + h, number))
        return found

    return find


TOOLS: dict[str, Callable[[], Finder]] = {
    "dicomlab": with_dicomlab, "rapidocr": with_rapidocr, "rapidocr-sized": partial(with_rapidocr, sized=True),
    "tesseract": with_tesseract,
}  # fmt: skip


def measured(tool: str, corpus: Path, files: Mapping[str, Any]) -> tuple[dict[str, list[Region]], dict[str, float]]:
    """Return the regions that a tool finds in each file, and its seconds."""
    find = TOOLS[tool]()
    first = pydicom.dcmread(corpus / next(iter(files)))
    find(first)  # models are loaded before the clock starts
    found, seconds = {}, {}
    for name in files:
        ds = pydicom.dcmread(corpus / name)
        start = time.perf_counter()
        found[name] = find(ds)
        seconds[name] = time.perf_counter() - start
    return found, seconds


def speed(seconds: Mapping[str, float], files: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a frame of 1024 × 768 takes: as measured on such, and converted from all by their pixels."""
    pixels = {n: e["rows"] * e["columns"] * e["frames"] for n, e in files.items()}
    yield f"seconds per 1024×768 pixels, all files: {sum(seconds.values()) / sum(pixels.values()) * _NORMAL:.2f}"
    exact = [n for n, e in files.items() if (e["rows"], e["columns"], e["frames"]) == (768, 1024, 1)]
    for label, text in (("with text", True), ("without", False)):
        names = [n for n in exact if bool(files[n]["strings"]) == text]
        if names:
            spent = sorted(seconds[n] for n in names)
            half = spent[len(spent) // 2]
            yield f"1024×768 {label}: {len(names)} files, median {half:.2f} s, worst {spent[-1]:.2f} s"


def table(told: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Yield the lines of a table: kinds down, figures across, in percent where they are shares."""
    columns = ("files", "phi", "recall", "clean", "harmless_recall", "false_none", "false_else")
    yield f"{'kind':30}" + "".join(f"{c.replace('_recall', ''):>11}" for c in columns)
    for kind, figures in told.items():
        cells = [("" if c not in figures else f"{figures[c]:.0f}" if c in ("files", "phi")
                  else f"{100 * figures[c]:.{3 if 'false' in c else 1}f}") for c in columns]  # fmt: skip
        yield f"{kind:30}" + "".join(f"{c:>11}" for c in cells)


def redacted(corpus: Path, folder: Path, files: Mapping[str, Any], found: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield what became of strings, other pixels and frames in a folder of blanked instances."""
    by_name = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if p.is_file()}
    by_number: dict[int, Path] = {}
    if not set(files) & set(by_name):  # names changed: instances are told apart by their numbers
        for path in filter(pydicom.misc.is_dicom, by_name.values()):
            number = pydicom.dcmread(path, specific_tags=["InstanceNumber"]).get("InstanceNumber")
            by_number[int(number or 0)] = path
    scores, lost, broken = [], [], []
    for name, entry in files.items():
        path = by_name.get(name) or by_number.get(entry["number"])
        if path is None:
            lost.append(name)
            continue
        before, after = pydicom.dcmread(corpus / name), pydicom.dcmread(path)
        regions = None if found is None else scoring.regions_of(found.get(name, []))
        try:
            old, new = reading.frames(before), reading.frames(after)
        except (ValueError, RuntimeError):
            broken.append(name)
            continue
        blocks = str(before.file_meta.TransferSyntaxUID) == _BASELINE
        score = scoring.score_pixels(entry, old, new, regions=regions, blocks=blocks)
        scores.append(score)
        if score.changed or not score.clean:
            what = f"{score.kind} ({entry['syntax']}, {entry['photometric']})"
            left = f"{score.phi - score.phi_gone} of {score.phi} strings left"
            moved = f"{100 * score.changed:.4f} % of other pixels changed"
            yield f"{name} {what}: {left}, {moved}{'' if score.whole else ', frames or size differ'}"
    phi, gone = sum(s.phi for s in scores), sum(s.phi_gone for s in scores)
    with_phi = [s for s in scores if s.phi]
    yield f"strings gone: {gone} of {phi} ({100 * gone / max(phi, 1):.2f} %)"
    yield f"files fully clean: {sum(s.clean for s in with_phi)} of {len(with_phi)}"
    yield f"files with other pixels changed: {sum(s.changed > 0 for s in scores)} of {len(scores)}"
    yield f"frames or sizes differ: {sum(not s.whole for s in scores)}"
    yield f"unreadable: {len(broken)} {' '.join(broken)}"
    yield f"lost: {len(lost)} {' '.join(lost)}"


def main() -> None:
    """Make or read a corpus, let a tool find its text, print the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=92)
    parser.add_argument("--tool", choices=sorted(TOOLS), default="dicomlab")
    parser.add_argument("--keep", type=Path, help="make the corpus in this new folder and leave it there")
    parser.add_argument("--corpus", type=Path, help="use the corpus in this folder")
    parser.add_argument("--json", type=Path, help="score these regions instead of running a tool")
    parser.add_argument("--redacted", type=Path, help="score this folder of blanked instances")
    parser.add_argument(
        "--misses", action="store_true", help="list the strings that were missed, by position in the key"
    )
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        root = given.corpus or given.keep or Path(scratch) / "made"
        key = (
            json.loads((root / forge.KEY).read_text("utf-8"))
            if given.corpus
            else forge.corpus(root, given.seed, given.size)
        )
        files = key["files"]
        for kind, reason in key["left_out"].items():
            print(f"left out: {kind}: {reason}")
        told = json.loads(given.json.read_text("utf-8")) if given.json else None
        if given.redacted:
            print(*redacted(root / "corpus", given.redacted, files, told), sep="\n")
            return
        seconds: dict[str, float] = {}
        if told is not None:
            found = {n: list(scoring.regions_of(r)) for n, r in told.items()}
        else:
            found, seconds = measured(given.tool, root / "corpus", files)
    scores = {n: scoring.score_regions(e, found.get(n, [])) for n, e in files.items()}
    if given.misses:
        for name, score in scores.items():
            for index in score.missed:
                string = [s for s in files[name]["strings"] if s["category"] == "phi"][index]
                print(f"missed: {name} {score.kind}: string {index} at {string['box']} frame {string['frame']}, "
                      f"{string['face']} {string['height']} px, turned {string['rotated']}")  # fmt: skip
    print(*table(scoring.summary(scores.values())), sep="\n")
    if seconds:
        print(*speed(seconds, files), sep="\n")
        print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
