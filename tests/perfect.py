"""A release made from a corpus by its answer key alone: what a tool without faults would write."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import warnings
from pathlib import Path

import pydicom
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.multival import MultiValue

from dicomlab.forge.score import pixels, reading

OFFSET = dt.timedelta(days=-735)
_DUMMIES = {"DA": "20000101", "DT": "20000101", "TM": "000000", "AS": "000Y", "DS": "0", "IS": "0", "US": 0}


def perfect_release(source: Path, key: Path, profile: str, out: Path) -> dict[str, Path]:
    """Write a release in which every item ends as the key says first; return released file by source file."""
    answers = json.loads(key.read_text("utf-8"))
    released = {}
    for number, entry in enumerate(answers["files"]):
        items = [i for i in answers["items"] if i["file"] == entry["file"] and i["expected"][profile]]
        path = out / f"{number % 3}" / f"{number:04d}"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(source / entry["file"], path, items, entry["patient"], profile)
        released[entry["file"]] = path
    return released


def _write(source: Path, path: Path, items: list[dict], patient: int, profile: str) -> None:
    instance = reading.read(source)
    assert instance is not None
    for item in {i["path"]: i for i in reversed(items)}.values():  # two items of one path end alike: once is enough
        _end(instance, item, patient, item["expected"][profile][0])
    ds = instance.dataset
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    tags = list(ds.keys())
    for group in {t.group for t in tags if t.is_private}:
        if not any(t.group == group and t.element > 0xFF for t in tags):
            for tag in [t for t in tags if t.group == group]:
                del ds[tag]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds.save_as(path, enforce_file_format=True)


def _end(instance: reading.Instance, item: dict, patient: int, end: str) -> None:
    ds, path = instance.dataset, item["path"]
    if path == "preamble":
        ds.preamble = bytes(128)
    elif path == "frames":
        frames = [pixels.without_metadata(f) for f in pixels.frames(instance)]
        if "ExtendedOffsetTable" in ds:
            ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended(frames)
        else:
            ds.PixelData = encapsulate(frames)
        ds["PixelData"].is_undefined_length = True
    if path in ("preamble", "frames", "file name", "offset tables") or end == "kept":
        return
    one = reading.element(instance, path)
    if one is None:
        return  # gone with the sequence that held it
    if end == "absent":
        _remove(instance, path)
    else:
        one.value = _value(one, item, patient, end)


def _remove(instance: reading.Instance, path: str) -> None:
    one = reading.element(instance, path)
    holder = instance.dataset
    if path.startswith("(0002,"):
        holder = instance.dataset.file_meta
    elif len(steps := reading._STEP.split(path)) > 1:
        name, index = ".".join(steps[:-1]).rsplit("[", 1)
        holder = reading.element(instance, name).value[int(index[:-1])]
    del holder[one.tag]


def _value(one: pydicom.DataElement, item: dict, patient: int, end: str) -> object:
    values = [str(v) for v in reading.values(one)]
    match end:
        case "empty":
            return None if one.VR not in ("OB", "OW", "UN") else b""
        case "uid":
            new = [f"2.25.{int(hashlib.sha256(v.encode()).hexdigest()[:30], 16)}" for v in values]
        case "shifted":
            new = [f"{dt.date.fromisoformat(v[:8]) + OFFSET:%Y%m%d}{v[8:]}" for v in values]
        case "pseudonym":
            new = [f"SUBJECT{patient}"]
        case "cleaned":
            new = [" ".join(item["words"])]
        case _:
            if one.VR in ("OB", "OW", "UN"):
                return b"dummy!"
            if one.VR == "UI":
                new = [f"2.25.{int(hashlib.sha256(v.encode()).hexdigest()[:30], 16)}" for v in values]
            else:
                new = [_DUMMIES.get(one.VR, "DUMMY")]
    return MultiValue(str, new) if len(new) > 1 else new[0]
