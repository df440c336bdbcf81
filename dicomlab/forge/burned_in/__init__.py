"""Instances with text burned in to them, and ones that only look so, with an answer key."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomlab.errors import DicomlabError
from dicomlab.forge.burned_in import lettering, words
from dicomlab.forge.burned_in.canvas import Burned, Canvas
from dicomlab.forge.burned_in.devices import DEVICES
from dicomlab.forge.burned_in.instance import dataset
from dicomlab.forge.burned_in.lookalikes import LOOKALIKES
from dicomlab.forge.burned_in.picture import Picture, colour_storage, grey_or_colour
from dicomlab.forge.burned_in.storing import Storage, store
from dicomlab.forge.burned_in.tricks import TRICKS
from dicomlab.forge.burned_in.words import Who
from dicomlab.forge.burned_in.writing import file_bytes, syntaxes_for
from dicomlab.forge.corpus.cast import patient
from dicomlab.forge.draw import Draw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


KEY = "KEY.json"
TEXTLESS = "no text: "
KINDS = (*DEVICES, *TRICKS, *(TEXTLESS + name for name in LOOKALIKES))


def corpus(folder: Path, seed: int, size: int) -> Mapping[str, Any]:
    """Write instances into a new or empty folder, the key beside them as `KEY.json`, and return the key.

    Parameters
    ----------
    folder
        The files go to `folder/corpus`.
    seed
        The same seed gives the same pictures; another seed other people, places, typefaces and textures.
    size
        How many instances; kinds take turns, 46 have each once, and each comes in another transfer
        syntax at its next turn.

    Returns
    -------
    Mapping
        `seed`, `size`, `left_out` (kind to reason) and `files`: per file name its kind, transfer syntax, photometric
        interpretation, bits stored, rows, columns, frames, Instance Number and `strings`. A string has `text`,
        `category` ("phi" or "harmless"), `frame` (null: on all), `box` (x0, y0, x1, y1 pixels, upper bounds open),
        `rotated` (degrees), `ink` (see `scoring.ink_of`), `face` and `height` of its capitals.

    Raises
    ------
    DicomlabError
        When the folder holds something already, or nothing is asked for.
    """
    if size < 1 or (folder.exists() and any(folder.iterdir())):
        raise DicomlabError(f"{folder} must be new or empty, and the corpus have one instance or more")
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    files = {}
    for name, content, entry in _instances(seed, size):
        (folder / "corpus" / name).write_bytes(content)
        files[name] = entry
    left_out = (
        {} if lettering.has_cjk() else {"own script": "OpenCV 5, which carries a universal typeface, is not installed"}
    )
    key = {"seed": seed, "size": size, "left_out": left_out, "files": files}
    (folder / KEY).write_text(json.dumps(key, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return key


def _instances(seed: int, size: int) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    kinds = [k for k in KINDS if k != "own script" or lettering.has_cjk()]
    # Text and none by turns, so that every size has both.
    texts, none = [k for k in kinds if not k.startswith(TEXTLESS)], [k for k in kinds if k.startswith(TEXTLESS)]
    mixed = [k for pair in zip(texts, none, strict=False) for k in pair]
    mixed += [k for k in kinds if k not in mixed]
    for number in range(size):
        turn, place = divmod(number, len(mixed))
        yield one(seed, number, mixed[place], turn=turn + place)


def one(seed: int, number: int, kind: str, *, turn: int = 0) -> tuple[str, bytes, dict[str, Any]]:
    """Return the name, the bytes and the key's entry of one instance; `turn` chooses among transfer syntaxes."""
    draw = Draw(seed, "burned in", kind, str(number))
    who = _who(seed, number, draw.sub("who"), own_script=kind == "own script")
    picture = _picture(kind, draw, who)
    storage, canvas = picture.storage, picture.canvas
    frames, palette = store(canvas.frames, storage, draw=draw.sub("palette"), burned=canvas.burned)
    options = syntaxes_for(storage)
    syntax = options[(turn + seed) % len(options)]
    ds = dataset(picture, who, draw.sub("header"), number + 1)
    content = file_bytes(ds, frames, storage, syntax, palette=palette)
    entry = {
        "kind": kind, "syntax": syntax, "photometric": str(ds.PhotometricInterpretation), "bits": storage.stored,
        "signed": storage.signed, "planar": storage.planar, "rows": canvas.rows, "columns": canvas.columns,
        "frames": len(frames), "number": number + 1, "strings": [_string(b) for b in canvas.burned],
    }  # fmt: skip
    return f"im{number + 1:04d}.dcm", content, entry


def _who(seed: int, number: int, draw: Draw, *, own_script: bool) -> Who:
    person = patient(seed, number)
    for further in range(13):  # as many scripts take turns
        if not own_script or words.writes_cjk(person):
            break
        person = patient(seed, number + further + 1)
    time = f"{draw.integer(7, 19):02d}{draw.integer(0, 59):02d}{draw.integer(0, 59):02d}"
    return Who(person, draw.choice(person.visits), time)


def _picture(kind: str, draw: Draw, who: Who) -> Picture:
    if not kind.startswith(TEXTLESS):
        return {**DEVICES, **TRICKS}[kind](draw, who)
    levels = LOOKALIKES[kind.removeprefix(TEXTLESS)](
        draw, draw.choice(((512, 512), (600, 800), (768, 1024), (1600, 1280)))
    )
    if levels.ndim == 3:  # noqa: PLR2004 - colours
        return Picture(Canvas([levels]), colour_storage(draw), "OT", {"ConversionType": "DV"})
    wide = draw.choice((Storage(stored=12, high=3500), Storage("MONOCHROME1", 12, low=3900, high=100),
                        Storage(stored=16, signed=True, low=-1024, high=2400)))  # fmt: skip
    storage = draw.choice((wide, grey_or_colour(draw)))
    return Picture(Canvas([levels]), storage, "OT", {"ConversionType": "DV"})


def _string(burned: Burned) -> dict[str, Any]:
    ink = base64.b85encode(zlib.compress(np.packbits(burned.ink).tobytes(), 9)).decode()
    return {
        "text": burned.text, "category": burned.category, "frame": burned.frame, "box": list(burned.box),
        "rotated": burned.style.turn, "stacked": burned.style.stacked, "ink": ink, "face": burned.style.face.name,
        "height": burned.style.height,
    }  # fmt: skip
