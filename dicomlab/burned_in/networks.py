"""The two networks that see text and read it: loaded once per process, from files that lie in a wheel.

Only the model files of the package rapidocr are used, none of its code: nothing here can reach a network. Pictures
are (rows, columns, 3) uint8; one thread each, so that workers of a run do not fight for cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomlab.errors import DicomlabError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

_STEP = 32  # the detector wants sides that are multiples of it
_TILE, _OVERLAP = 1312, 128  # a tile of this side takes half a gigabyte while it is looked at
_READ_HEIGHT, _READ_WIDEST = 48, 1600


@cache
def _session(name: str) -> Any:  # noqa: ANN401 - onnxruntime ships no types
    import onnxruntime  # noqa: PLC0415 - loaded when pixels are looked at, not with the package

    spec = find_spec("rapidocr")
    places = [Path(p) / "models" / name for p in (spec.submodule_search_locations or ())] if spec else []
    model = next((p for p in places if p.is_file()), None)
    if model is None:
        message = f"finding text needs the model {name}, which lies in rapidocr 3.10: pip install 'rapidocr==3.10.*'"
        raise DicomlabError(message)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # an arena keeps what the largest picture took
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def text_map(picture: Picture) -> NDArray[np.float32]:
    """Return how likely each pixel lies within a line of text, 0 to 1: float32 (rows, columns).

    Large pictures are looked at in overlapping tiles, at their own scale.
    """
    rows, columns = picture.shape[:2]
    found = np.zeros((rows, columns), np.float32)
    for y in _starts(rows):
        for x in _starts(columns):
            tile = picture[y : y + _TILE, x : x + _TILE]
            part = found[y : y + _TILE, x : x + _TILE]
            np.maximum(part, _map_of_tile(tile), out=part)
    return found


def _starts(length: int) -> range:
    return range(0, max(length - _OVERLAP, 1), _TILE - _OVERLAP)


def _map_of_tile(tile: Picture) -> NDArray[np.float32]:
    rows, columns = tile.shape[:2]
    if tile.min() == tile.max():
        return np.zeros((rows, columns), np.float32)
    height, width = (-(-n // _STEP) * _STEP for n in (rows, columns))
    given = np.full((1, 3, height, width), -1, np.float32)
    given[0, :, :rows, :columns] = tile.transpose(2, 0, 1) / np.float32(127.5) - 1
    session = _session("PP-OCRv6_det_small.onnx")
    found = session.run(None, {session.get_inputs()[0].name: given})[0]
    return np.asarray(found[0, 0, :rows, :columns], np.float32)


@cache
def _characters() -> tuple[str, ...]:
    session = _session("PP-OCRv6_rec_small.onnx")
    return ("", *session.get_modelmeta().custom_metadata_map["character"].splitlines(), " ")


def read(crops: Sequence[Picture]) -> list[tuple[str, float]]:
    """Return the string that each picture of a line shows, and the mean confidence of its characters, 0 to 1."""
    import cv2  # noqa: PLC0415 - as above

    told = []
    for crop in crops:
        width = min(max(round(crop.shape[1] * _READ_HEIGHT / crop.shape[0]), 16), _READ_WIDEST)
        line = cv2.resize(crop, (width, _READ_HEIGHT), interpolation=cv2.INTER_LINEAR)
        given = np.zeros((1, 3, _READ_HEIGHT, max(-(-width // 8) * 8, 160)), np.float32)
        given[0, :, :, :width] = line.transpose(2, 0, 1) / np.float32(127.5) - 1
        session = _session("PP-OCRv6_rec_small.onnx")
        told.append(_decoded(session.run(None, {session.get_inputs()[0].name: given})[0][0]))
    return told


def _decoded(likely: NDArray[np.float32]) -> tuple[str, float]:
    """Decode (steps, characters): repeats are one, the first character is the gap between two."""
    best = likely.argmax(axis=1)
    kept = np.flatnonzero((best > 0) & np.r_[True, best[1:] != best[:-1]])
    text = "".join(_characters()[i] for i in best[kept])
    return text, float(likely[kept, best[kept]].mean()) if kept.size else 0.0
