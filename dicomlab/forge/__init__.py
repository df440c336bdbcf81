"""Synthetic patients with planted identifiers and an answer key: samples and corpora, byte-identical for a seed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dicomlab.errors import DicomlabError
from dicomlab.forge import corpus, story
from dicomlab.forge.encoding import BASELINE, encode
from dicomlab.forge.sheet import Book, Fate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def make(out: Path, *, seed: int = 1, kind: str = "samples", patients: int = 12) -> Mapping[str, Any]:
    """Write the samples or a corpus into a new or empty folder and return what there is.

    Parameters
    ----------
    out
        A new or empty folder.
    seed
        The same seed gives the same bytes in every process; another seed gives other people.
    kind
        What to make: "samples", two patients with two studies each, or "corpus", as many patients as you like over
        many SOP Classes, transfer syntaxes and scripts: files in `corpus/`, their answer key beside them.
    patients
        How many patients a corpus has; twelve fill every category.

    Raises
    ------
    DicomlabError
        When the folder holds something already.
    """
    if kind not in ("samples", "corpus"):
        raise DicomlabError(f'there is no kind of samples called {kind!r}; say "samples" or "corpus"')
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DicomlabError(f"{out} is there and not empty; give a new or an empty folder")
    if kind == "corpus":
        return corpus.write(out, seed=seed, count=patients)
    book = Book()
    sizes: dict[str, dict[str, object]] = {}
    for name, content in sorted(_files(book, seed)):
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        sizes[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest = {
        "seed": seed,
        "about": "Synthetic samples: nobody in them exists. What was planted where: ANSWERS.json.",
        "files": {name: {"shows": book.shows[name], **facts} for name, facts in sizes.items()},
    }
    (out / "MANIFEST.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", "utf-8")
    (out / "ANSWERS.json").write_text(_answers(book), "utf-8")
    (out / "README.md").write_text(story.readme(), "utf-8")
    return manifest


def _files(book: Book, seed: int) -> Iterator[tuple[str, bytes]]:
    for name, sheet, envelope in story.instances(book, seed):
        if envelope.sender:
            sheet.note("(0002,0016)", (envelope.sender,), Fate("X", "X", "file meta"))
        if envelope.preamble:
            sheet.note("preamble", (envelope.preamble,), Fate("Z", "Z", "file meta"))
        if envelope.remark:
            sheet.note("(0002,0102)", (envelope.remark,), Fate("X", "X", "file meta"))
        if envelope.padding:
            sheet.note("(FFFC,FFFC)", (envelope.padding,), Fate("X", "X", "trailing padding"))
        content = encode(sheet.dataset, envelope)
        if "PixelData" in sheet.dataset and envelope.syntax != BASELINE:  # whose stream has a comment to lose
            digest = hashlib.sha256(sheet.dataset.PixelData).hexdigest()
            book.keep[name, "PixelData"] = {"file": name, "path": "PixelData", "sha256": digest}
        yield name, content
    yield from story.others(book, seed)


def _answers(book: Book) -> str:
    """Return the answer key as JSON with a line per entry, so that a difference reads well."""

    def lines(entries: list[object]) -> str:
        return ",\n".join("  " + json.dumps(e, ensure_ascii=False) for e in entries)

    ends = ",\n".join(f"  {json.dumps(k, ensure_ascii=False)}: {json.dumps(v)}" for k, v in sorted(book.ends.items()))
    planted = [book.planted[k] for k in sorted(book.planted)]
    keep = [book.keep[k] for k in sorted(book.keep)]
    burned = [{"file": file, "text": found} for file, found in sorted(book.burned.items())]
    lists = (("planted", planted), ("keep", keep), ("burned", burned))
    told = ",\n".join(f' "{name}": [\n{lines([*entries])}\n ]' for name, entries in lists)
    return f'{{\n{told},\n "ends": {{\n{ends}\n }}\n}}\n'
