"""A run over the samples, held against their answer key: what was planted is dealt with as PS3.15 asks.

The key was worked out by hand; nothing here asks the engine or the tables what ought to happen.
"""

from __future__ import annotations

import base64
import csv
import fnmatch
import hashlib
import json
import re
import zlib
from pathlib import Path

import pytest
from deidentified import on_headers
from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

import dicomlab as dl

RECIPES = ("basic", "research")
_STEP = re.compile(r"(\w+)\[(\d+)\]$")
_PRIVATE = re.compile(r"\(([0-9A-F]{4}),'(.+)',([0-9A-F]{2})\)$")
_TAG = re.compile(r"\(([0-9A-F]{4}),([0-9A-F]{4})\)$")
_PICTURE = re.compile(rb"base64,([A-Za-z0-9+/=]+)")
_ENCODINGS = ("utf-8", "latin-1", "iso2022_jp", "utf-16-le", "utf-16-be")
# What is planted in pixels is for the pixel options; sizes and letters without values cannot be searched for.
_NOT_IN_BYTES = {"burned-in text"}


class Release:
    """One finished run: where it lies, and which output each source has."""

    def __init__(self, folder: Path, recipe: str, key: dict) -> None:
        self.folder, self.recipe, self.key = folder, recipe, key
        crosswalk = (folder.parent / f"{folder.name}-private" / "crosswalk.csv").read_text("utf-8")
        rows = list(csv.DictReader(crosswalk.splitlines()))
        self.output = {r["source"]: r["release"] for r in rows}
        self.state = {r["source"]: (r["state"], r["reason"]) for r in rows}

    def released(self, pattern: str) -> list[tuple[str, Path]]:
        """Source and output of each file of a pattern that was released."""
        matching = [s for s in self.output if s == pattern or fnmatch.fnmatchcase(s, pattern)]
        return [(s, self.folder / self.output[s]) for s in matching if self.state[s][0] == "written"]


@pytest.fixture(scope="module")
def key(samples):
    return json.loads((samples / "ANSWERS.json").read_text("utf-8"))


@pytest.fixture(scope="module", params=RECIPES)
def release(request, samples, key, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "release"
    dl.run(samples, folder, on_headers(request.param))
    return Release(folder, request.param, key)


def found(dataset: Dataset, path: str):
    """The element at a path of the key, None when it is not there."""
    # A creator may hold no dot, so a path parts at its dots.
    *steps, leaf = path.split(".")
    for step in steps:
        keyword, index = _STEP.match(step).groups()
        items = dataset.get(keyword) or []
        if len(items) <= int(index):
            return None
        dataset = items[int(index)]
    if private := _PRIVATE.match(leaf):
        group, creator, number = int(private[1], 16), private[2], int(private[3], 16)
        try:
            return dataset.private_block(group, creator)[number]
        except KeyError:
            return None
    if leaf.startswith("(0002,"):
        dataset = dataset.file_meta
    if numbered := _TAG.match(leaf):
        return dataset.get((int(numbered[1], 16), int(numbered[2], 16)))
    return dataset.get(tag_for_keyword(leaf))


def text_of(element) -> str:
    """Everything that an element says, as text."""
    if element.VR == "SQ":
        return str(element.value)
    value = element.value
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if element.VR != "PN" and not isinstance(value, str) and hasattr(value, "__iter__"):
        return "\\".join(str(v) for v in value)
    return str(value)


def right(letter: str, before, after, values: list[str]) -> bool:
    """Whether an element ended as a letter of Table E.1-1a, or as `shift` or `bin`, says."""
    if letter == "X":
        return after is None
    if after is None:
        # Cleaning may find that nothing but what identifies was said (PS3.15 E.3.5).
        return letter == "C"
    said = "" if after.is_empty else text_of(after)
    if letter == "Z":
        return not said
    if letter == "K":
        return said == text_of(before)
    if letter == "C":
        return not any(v in said for v in values)
    changed = bool(said) and said != text_of(before)
    return changed and not any(v in said for v in values)


def test_every_file_ends_as_the_key_says(release):
    wrong = {
        file: (release.state[file], said[release.recipe])
        for file, said in release.key["ends"].items()
        if release.state[file] != (said[release.recipe]["state"], said[release.recipe]["reason"])
    }
    assert wrong == {}
    assert set(release.key["ends"]) == set(release.state)


def test_every_planted_attribute_is_dealt_with_as_the_key_says(release, samples):
    wrong, asked = [], 0
    parsed: dict[Path, Dataset] = {}

    def read(path: Path) -> Dataset:
        if path not in parsed:
            parsed[path] = dcmread(path, force=True)
        return parsed[path]

    for entry in release.key["planted"]:
        if entry["path"] in ("PixelData", "preamble"):  # bytes, which the search below is for
            continue
        for source, output in release.released(entry["file"]):
            asked += 1
            before, after = found(read(samples / source), entry["path"]), found(read(output), entry["path"])
            assert before is not None, (source, entry["path"])
            letters = entry[release.recipe]
            if not any(right(letter, before, after, entry["values"]) for letter in letters):
                wrong.append((source, entry["path"], letters))
    assert wrong == []
    assert asked > 300


def test_what_must_stay_has_stayed(release):
    wrong, asked = [], 0
    for entry in release.key["keep"]:
        for source, output in release.released(entry["file"]):
            asked += 1
            after = found(dcmread(output), entry["path"])
            if after is None:
                wrong.append((source, entry["path"]))
            elif "holds" in entry:
                if entry["holds"] not in text_of(after).split("\\"):
                    wrong.append((source, entry["path"]))
            elif "sha256" in entry:
                if hashlib.sha256(after.value).hexdigest() != entry["sha256"]:
                    wrong.append((source, entry["path"]))
            elif not same(after, entry["value"]):
                wrong.append((source, entry["path"]))
    assert wrong == []
    assert asked > 30


def same(after, value) -> bool:
    """Whether an element says what the key says, numbers as numbers."""
    said = [str(v) for v in after.value] if isinstance(value, list) else [str(after.value)]
    meant = value if isinstance(value, list) else [value]
    if after.VR in ("DS", "FD", "FL"):
        return [float(v) for v in said] == [float(v) for v in meant]
    return said == meant


def test_no_planted_identifier_is_in_any_byte_of_the_release(release):
    values = {v for e in release.key["planted"] if e["category"] not in _NOT_IN_BYTES for v in e["values"]}
    needles = {}
    for value in values:
        for encoding in _ENCODINGS:
            try:
                needles[value.encode(encoding)] = value
            except UnicodeEncodeError:
                continue
    assert len(values) > 100
    searching = re.compile(b"|".join(re.escape(n) for n in sorted(needles, key=len, reverse=True)))
    wrong = []
    for path in sorted(p for p in release.folder.rglob("*") if p.is_file()):
        name = str(path.relative_to(release.folder)).encode()
        for content in (name, *contents(path)):
            wrong.extend((path.name, len(hit[0])) for hit in searching.finditer(content))
    assert wrong == []


def contents(path: Path) -> list[bytes]:
    """The bytes of a file; a deflated Dataset inflated; of a page its text and, apart from it, its pictures."""
    data = path.read_bytes()
    if path.suffix == ".html":
        return [_PICTURE.sub(b"", data), *(base64.b64decode(p) for p in _PICTURE.findall(data))]
    if (
        path.suffix != ".dcm"
        or dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID != "1.2.840.10008.1.2.1.99"
    ):
        return [data]
    length = int.from_bytes(data[140:144], "little")
    return [data, zlib.decompress(data[144 + length :], -zlib.MAX_WBITS)]
