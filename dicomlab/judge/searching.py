"""The hunt over anything: bytes, instances, texts, and the files of a report or a notebook."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from dicomlab.judge.attributes import place_of_text
from dicomlab.judge.charsets import codecs_of
from dicomlab.judge.hunting import Hit, Hunter, Place, forms_of, hunter_for
from dicomlab.judge.questions import MOST_PLACES, Question
from dicomlab.judge.reading import CHARACTER_SET, LONG, BrokenError, Element, Instance, read
from dicomlab.judge.values import is_text, text_values
from dicomlab.records import Check

if TYPE_CHECKING:
    from dicomlab.judge.identity import Identity

_TEXT_ENDINGS = frozenset({".html", ".htm", ".json", ".jsonl", ".ipynb", ".csv", ".txt", ".log", ".md", ".xml", ".yaml",
                           ".yml", ".py", ".svg", ".tsv"})  # fmt: skip


# Digests and style sheets: chance and fixed words, in which a short name or "9dec22" means nobody.
_NOBODYS = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])|<style>.*?</style>", re.DOTALL)


def search(data: bytes, identity: Identity, *, kind: str = "bytes") -> list[Hit]:
    """Return everything in `data` that identifies the patient, in all spellings and encodings.

    Parameters
    ----------
    data
        The whole content of a file.
    identity
        What identifies the patient; dates, UIDs and all else count, whatever a recipe may keep.
    kind
        ``text`` reads it as text (UTF-8), unescapes HTML, JSON, percent signs and base64; ``bytes``
        compares patterns of six bytes and more, and reads an instance's values if it is one.

    Raises
    ------
    ValueError
        `kind` is neither.
    """
    hunter = hunter_for(identity)
    if kind == "text":
        return _in_text(data, hunter)
    if kind != "bytes":
        raise ValueError("kind is neither bytes nor text")
    return _in_bytes(data, hunter)


def _in_text(data: bytes, hunter: Hunter) -> list[Hit]:
    try:
        text = _NOBODYS.sub(lambda match: " " * len(match[0]), data.decode("utf-8"))
        data = text.encode("utf-8")
    except UnicodeDecodeError:  # another encoding: every byte counts
        text = data.decode("utf-8", "replace")
    found = [hit for form in forms_of(text) for hit in hunter.in_text(form, Place.REPORT)]
    if not found:
        found = [hit for hit, _ in hunter.in_bytes(data)]
    return sorted(set(found), key=lambda hit: (hit.offset, hit.kind))


def _in_bytes(data: bytes, hunter: Hunter) -> list[Hit]:
    found = {hit for hit, _ in hunter.in_bytes(data)}
    try:
        instance: Instance | None = read(data) if data[128:132] == b"DICM" else None
    except BrokenError:
        instance = None
    if instance is not None:
        if instance.inflated:
            found |= {hit for hit, _ in hunter.in_bytes(instance.body)}
        _in_elements([*instance.meta.values()], ("ascii",), hunter, found)
        _in_elements(instance.dataset, ("ascii",), hunter, found)
    return sorted(found, key=lambda hit: (hit.offset, hit.kind))


def _in_elements(elements: list[Element], codecs: tuple[str, ...], hunter: Hunter, found: set[Hit]) -> None:
    for element in elements:
        if element.tag == CHARACTER_SET:
            codecs = codecs_of(bytes(element.value))
        for item in element.items or ():
            _in_elements(item, codecs, hunter, found)
        if element.items is None and len(element.value) < LONG and (is_text(element.vr) or element.vr == "UN"):
            raw = element.raw
            texts = text_values(raw, element.vr, codecs)[0] if element.vr != "UN" else (raw.decode("latin-1"),)
            for text in texts:
                place = place_of_text(element.tag, element.vr, text)
                place = Place.NUMBER if place is Place.DATE else place
                found |= {Hit(hit.kind, element.start) for hit in hunter.in_value(raw, text, place)}


def search_tree(
    paths: Iterable[Path], identity: Identity, *, name: Callable[[Path], str] = lambda path: path.name
) -> tuple[Check, ...]:
    """Return a check that no file identifies the patient: reports, manifests, notebooks, logs.

    Parameters
    ----------
    paths
        Files, or folders of which every file is searched.
    identity
        What identifies any of the patients.
    name
        What to call a file in the check; it must not identify.
    """
    hunter = hunter_for(identity)
    where, kinds = [], set[str]()
    for count, path in enumerate(sorted({file for top in paths for file in _files(top)}), 1):
        data = path.read_bytes()
        kind = "text" if path.suffix.lower() in _TEXT_ENDINGS else "bytes"
        hits = search(data, identity, kind=kind)
        if hunter.in_text(path.name, Place.FREE):
            where.append(f"name of file {count}")
        if hits:
            kinds |= {str(hit.kind) for hit in hits}
            where.append(name(path))
    detail = f"an identifier was found: {', '.join(sorted(kinds)) or 'in a name'}" if where else ""
    return (Check(str(Question.TEXTS), not where, detail, tuple(where[:MOST_PLACES])),)


def _files(top: Path) -> list[Path]:
    return [file for file in top.rglob("*") if file.is_file()] if top.is_dir() else [top]
