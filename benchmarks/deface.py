"""Faces removed from heads that nobody has seen: `dicomlab forge --heads`, `dicomlab deface`, and the truth.

python benchmarks/deface.py [--heads 30] [--pets 0] [--seed 9101] [--work DIR]

Makes a corpus, defaces each volume by the command, and holds the outputs against what the forge knows of them:
per cent of the rays at the face whose outer 6 mm are gone, of those at the eyes whose outer 18 mm are, of the face's
surface that stayed within 5 mm, of the brain and of its core (3 mm inside) that was altered, of the head that was
removed; voxels changed outside the mask; whether NIfTI and DICOM lie where the source did. Ends with 1 when a bound
(`LEAST`, `MOST`) is missed: for any head that was written, any volume that is no head, or more than one head
refused in ten. The measures are those of `dicomlab.forge.heads.score`.

`--pets N` adds N heads that PET alone shows. What their masks removed is held against a CT of the same person in the
same place, as PET blurs the skin.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom import dcmread
from SimpleITK import GetArrayFromImage, ReadImage

from dicomlab.deface import face_mask
from dicomlab.errors import FaceRefused
from dicomlab.forge import heads
from dicomlab.forge.draw import Draw
from dicomlab.recipe import DefaceSettings
from dicomlab.volume import sampled, volumes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROGRAM = str(Path(sys.executable).with_name("dicomlab"))
LEAST = {"face": 99.0, "eyes": 98.0}
MOST = {"near": 1.0, "brain": 0.1, "core": 0.01, "head": 15.0, "outside": 0, "full s": 30.0, "preview s": 5.0,
        "MB": 2048}  # fmt: skip
REFUSED_AT_MOST = 0.1
PET_FIELDS = ("full", "neck", "full", "vault", "chin")
_WHAT = ("contrast", "table", "age", "fov", "plane", "pose")
_NUMBERS = ("face", "eyes", "near", "brain", "core", "head", "outside", "place", "full s", "preview s", "MB")


def read(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return a NIfTI volume (slices, rows, columns) and its affine: index to LPS mm."""
    image = ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = (np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing())[:, ::-1]
    affine[:3, 3] = image.GetOrigin()
    return GetArrayFromImage(image).astype(np.float32), affine


def truth_of(corpus: Path, name: str, about: Mapping[str, Any]) -> heads.SyntheticHead:
    """Return a head of a corpus as it was forged."""
    array, affine = read(corpus / name / "truth.nii.gz")
    held, seen = heads.Landmarks(**about["held"]), heads.Landmarks(**{k: about[k] for k in heads.Landmarks.__slots__})
    brain = read(corpus / "ref" / f"{name}_brain.nii.gz")[0] > 0
    truth = heads.Truth(np.array(about["upright"]), held, seen, np.zeros((2, 3)), brain)
    return heads.SyntheticHead(array.astype(np.int16), affine, about["contrast"], name, about["age"], truth)


def run(source: Path, out: Path) -> tuple[int, str, float, float]:
    """Return exit code, how it ended, seconds and the most memory (MB) of `dicomlab deface`."""
    start, most = time.perf_counter(), 0.0
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen([PROGRAM, "deface", source, out], stdout=said, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
        while child.poll() is None:
            # What `wait4` tells includes the memory of this process, from which the child came.
            told = Path(f"/proc/{child.pid}/status")
            with contextlib.suppress(OSError):
                most = max(most, *(int(n) / 1024 for n in re.findall(r"VmHWM:\s*(\d+)", told.read_text())), 0.0)
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        said.seek(0)
        ended = " ".join(said.read().split()).rpartition("- ")[2]
        return child.returncode, re.sub(r"^\d+ \d+ ", "", ended), seconds, most


def previewed(source: Path) -> float:
    """Return the seconds until a person sees what would be removed, from instances in memory."""
    instances = [dcmread(path) for path in sorted(source.iterdir())]
    start = time.perf_counter()
    with contextlib.suppress(FaceRefused):
        face_mask(volumes_of(instances)[0][0], DefaceSettings())
    return time.perf_counter() - start


def in_place(source: Path, out: Path, head: heads.SyntheticHead, mask: NDArray[np.bool_]) -> bool:
    """Return whether NIfTI and DICOM lie where the source did, and no stored sample outside the mask differs."""
    array, affine = read(out / "defaced.nii.gz")
    same = array.shape == head.array.shape and np.allclose(affine, head.affine, atol=2e-3)
    before, after = (
        {tuple(map(float, d.ImagePositionPatient)): d for d in map(dcmread, folder.iterdir())}
        for folder in (source, out / "defaced_dicom")
    )
    to_slice = np.linalg.inv(head.affine)
    for place, old in before.items():
        new = after.get(place)
        if new is None or any(new.get(k) != old.get(k) for k in ("ImageOrientationPatient", "PixelSpacing", "Rows")):
            return False
        k = round(float((to_slice @ [*place, 1])[0]))
        same &= bool(np.array_equal(old.pixel_array[~mask[k]], new.pixel_array[~mask[k]]))
    return bool(same) and before.keys() == after.keys()


def measured(corpus: Path, name: str, about: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Return the row of one volume."""
    row: dict[str, Any] = {key: about.get(key, "") for key in _WHAT} | {"name": name}
    source = corpus / name / "dicom"
    code, said, row["full s"], row["MB"] = run(source, out)
    row["refused"] = code != 0
    row["why"] = said if code else ""
    if code or about.get("neg"):
        row["missed"] = [] if code else ["written, and no head"]
        return row
    head, mask = truth_of(corpus, name, about), read(out / "defaced_mask.nii.gz")[0] > 0
    found = heads.score(head, read(out / "defaced.nii.gz")[0], mask)
    return _judged(row, found, placed=in_place(source, out, head, mask), preview=previewed(source))


def _judged(row: dict[str, Any], found: heads.Scores, *, placed: bool, preview: float) -> dict[str, Any]:
    """Return the row of a head with its numbers, and which of them are missed."""
    row |= {
        "face": found.face_pct, "eyes": found.eye_pct, "near": found.still_within5mm_pct, "brain": found.brain_alt_pct,
        "core": found.brain_core_pct, "head": found.removed_head_pct, "outside": found.outside_changed,
        "place": placed, "preview s": preview,
    }  # fmt: skip
    row["missed"] = [k for k, v in LEAST.items() if not row[k] >= v] + [k for k, v in MOST.items() if not row[k] <= v]
    row["missed"] += [] if row["place"] else ["place"]
    return row


def measured_pet(work: Path, seed: int, number: int) -> dict[str, Any]:
    """Return the row of a head that PET alone shows."""
    draw = Draw(seed, "pets", str(number))
    age, pose = round(draw.uniform(*((5, 17) if number % 4 == 0 else (18, 90)))), [draw.uniform(-25, 25) for _ in "abc"]
    fov, fine = PET_FIELDS[number % len(PET_FIELDS)], [draw.uniform(1.5, 3.3), draw.uniform(1.2, 4), 0]
    fine[2] = fine[1]
    pet, ct = (
        heads.forge_head(seed * 1000 + number, contrast=c, age=age, fov=fov, pose=tuple(pose), spacing=tuple(s))
        for c, s in (("PET", fine), ("CT", (2, 1.5, 1.5)))
    )
    source, out = work / "pets" / f"{number:03d}" / "dicom", work / "out" / f"pet_{number:03d}"
    heads.write_dicom(pet, source, seed=seed * 1000 + number)
    row: dict[str, Any] = {"name": f"pet_{number:03d}", "contrast": "PET", "age": age, "fov": fov, "plane": "axial"}
    row["pose"] = [round(p) for p in pose]
    code, said, row["full s"], row["MB"] = run(source, out)
    row |= {"refused": code != 0, "why": said if code else "", "missed": []}
    if code:
        return row
    mask, affine = read(out / "defaced_mask.nii.gz")
    gone = sampled(mask > 0, affine, ct.affine, ct.array.shape)
    scores = heads.score(ct, np.where(gone, -1000, ct.array).astype(np.int16), gone)
    return _judged(row, scores, placed=in_place(source, out, pet, mask > 0), preview=previewed(source))


def line(cells: list[Any]) -> str:
    """Return a line of a Markdown table."""
    shown = (f"{c:.2f}".rstrip("0").rstrip(".") if isinstance(c, float) else str(c) for c in cells)
    return "| " + " | ".join(shown) + " |"


def main() -> int:
    """Make, deface, score, tell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--heads", type=int, default=30, help="volumes; every fifth is no head")
    parser.add_argument("--pets", type=int, default=0, help="heads that PET alone shows, besides")
    parser.add_argument("--seed", type=int, default=9101)
    parser.add_argument("--work", type=Path, help="an empty folder that keeps corpus and outputs")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        work = chosen.work or Path(spare)
        corpus = work / "corpus"
        forged = [PROGRAM, "forge", str(corpus), "--heads", str(chosen.heads), "--seed", str(chosen.seed)]
        subprocess.run(forged, check=True)  # noqa: S603 - our own program
        subjects = json.loads((corpus / "SUBJECTS.json").read_text("utf-8"))
        print(line(["volume", *_WHAT, *_NUMBERS, "missed, or why refused"]))
        print(line(["---"] * (len(_WHAT) + len(_NUMBERS) + 2)))
        rows = []
        works = [partial(measured, corpus, name, about, work / "out" / name) for name, about in subjects.items()]
        for make in works + [partial(measured_pet, work, chosen.seed, n) for n in range(chosen.pets)]:
            rows.append(row := make())
            cells = [row["name"], *(row.get(k, "") for k in (*_WHAT, *_NUMBERS))]
            print(line([*cells, ", ".join(row["missed"]) or row["why"]]), flush=True)
    real = [r for r in rows if not subjects.get(r["name"], {}).get("neg")]
    held = [r for r in real if r["refused"]]
    missed = [r for r in rows if r["missed"]]
    done = [r for r in real if not r["refused"]]
    for key in (*LEAST, *MOST):
        values = [float(r[key]) for r in done] or [np.nan]
        print(f"{key}: mean {np.mean(values):.3f}, least {min(values):.3f}, most {max(values):.3f}")
    print(f"heads {len(real)}, refused {len(held)}; others {len(rows) - len(real)}; numbers missed in {len(missed)}")
    return 1 if missed or len(held) > REFUSED_AT_MOST * len(real) else 0


if __name__ == "__main__":
    sys.exit(main())
