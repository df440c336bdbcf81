"""Five hundred identifiers planted in a corpus, how each may be written, and where they are looked for."""

from __future__ import annotations

import base64
import json
import re
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from dicomlab import forge

PATIENTS, FILES = 28, 2  # files of each patient: so that this takes seconds, not minutes
# Looking at pixels takes seconds an image: these two see a part of the corpus.
SLOW = ("02_find_burned_in_text", "03_tune_deface")
INSTITUTION = re.compile("hospital|ospedale|klinikum|infirmary|centre|clinic", re.IGNORECASE)
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip


_MADE: list[tuple[Path, set[str]]] = []


def corpus_in(folders: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """Return the folder of a corpus and what was planted in it; it is made once."""
    if not _MADE:
        _MADE.append(_made(folders.mktemp("corpus")))
    return _MADE[0]


def _made(folder: Path) -> tuple[Path, set[str]]:
    forge.make(folder, seed=5077, kind="corpus", patients=PATIENTS)
    key = json.loads((folder / "KEY.json").read_text("utf-8"))
    for patient in key["patients"]:
        for extra in [row["file"] for row in key["files"] if row["patient"] == patient["number"]][FILES:]:
            (folder / "corpus" / extra).unlink()
    kept = {row["file"] for row in key["files"] if (folder / "corpus" / row["file"]).exists()}
    said = "\n".join(value for item in key["items"] if item["file"] in kept for value in item["values"])
    planted = {value for patient in key["patients"] for value in patient["hunt"] if value in said}
    assert len(planted) >= 500
    return folder / "corpus", planted


def with_pixels(source: Path, part: Path) -> Path:
    """Copy three images that show text or a body, for what looks at pixels, and return their folder."""
    part.mkdir()
    few = sorted(p for p in source.rglob("*.dcm") if re.search(r"/\d+ (US|SC|CT)/", p.as_posix()))[:3]
    for number, path in enumerate(few):
        shutil.copyfile(path, part / f"{number}.dcm")
    return part


def spellings(value: str):
    """A value as it may stand anywhere: plain, in capitals, names in another order, other dates, in base64."""
    yield value
    yield value.upper()
    yield base64.b64encode(value.encode()).decode()
    if re.fullmatch(r"[^\d,]+ [^\d,]+", value) and not INSTITUTION.search(value):
        yield " ".join(reversed(value.split()))
    day = re.fullmatch(r"((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])", value)
    if day:
        year, month, of = day.groups()
        name = MONTHS[int(month) - 1]
        yield from (f"{of}.{month}.{year}", f"{year}-{month}-{of}", f"{month}/{of}/{year}", f"{of}/{month}/{year}")
        yield from (f"{int(of)} {name} {year}", f"{name} {int(of)}, {year}", f"{int(of)} {name[:3]} {year}")


@cache
def _forms(value: str) -> tuple[tuple[str, str], ...]:
    """Return how a value is written, and as words."""
    forms = {spelled.casefold() for spelled in spellings(value)}
    return tuple((form, _words(form)) for form in forms)


def _words(text: str) -> str:
    return re.sub(r"[^a-z0-9+/=äöüß]+", " ", text).strip()


def hits(text: str, planted: set[str]) -> list[str]:
    """Which planted values stand in a text as words of their own, by plain search: no code of ours is asked."""
    plain = text.casefold()
    folded = f" {_words(plain)} "
    found = set()
    for value in planted:
        for form, word in _forms(value):
            foreign = not form.isascii() and form in plain
            if foreign or (len(word) > 3 and word.isascii() and f" {word} " in folded):
                found.add(value)
    return sorted(found)


def searched(folder: Path, planted: set[str], seen: set[tuple[Path, int]] | None = None) -> dict[str, list[str]]:
    """Planted values by file, names of files too; what is private by design, or was `seen` as it is, is left out."""
    out = {}
    seen = set() if seen is None else seen
    for path in folder.rglob("*"):
        public = path.relative_to(folder).as_posix()
        if not path.is_file() or "private" in public:
            continue
        with suppress(FileNotFoundError):  # a server's own file that it has just removed
            state = path, path.stat().st_mtime_ns
            if state in seen:
                continue
            seen.add(state)
            found = hits(f"{public}\n" + path.read_bytes().decode("utf-8", "replace"), planted)
            if found and not public.endswith(".dcm"):  # instances are the judge's matter
                out[public] = found
    return out


READ = """\
import logging, sys, warnings, dicomlab as dl
datasets = [entry.read() for entry in dl.scan(source).instances]
told = [str(e.value) for one in datasets for e in one.iterall() if e.VR in ("PN", "LO", "SH", "DA")]
print(len(told), file=sys.stderr); print(*told, file=sys.stderr); warnings.warn(told[5])
logging.getLogger().error(told[5]); logging.getLogger("pydicom").warning(" ".join(told))
"""
FAILING = (
    "raise ValueError(' '.join(told))",
    "{}[tuple(told)]",
    "try:\n    raise KeyError(*told)\nexcept KeyError as error:\n    raise RuntimeError(source) from error",
    "open('/' + told[3] + '/' + told[5])",
    "import os; os.write(2, ' '.join(told).encode()); os._exit(9)",
    "assert not told, told",
)
