"""Typefaces that need no download, and lines of text drawn with them as coverage between 0 and 1."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import cv2
import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dicomlab.forge import font
from dicomlab.forge.burned_in import strokes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PLAIN = str.maketrans({"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ß": "ss", "ı": "i", "’": "'"})
_DOTS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:-/+%= ")
_CAP = 0.72  # height of a capital as a share of the em, nearly, in all these typefaces


@dataclass(frozen=True, slots=True)
class Face:
    """One typeface: `way` says how it is drawn, `name` which of that way; `low`, `high` bound the capitals' height."""

    name: str
    way: Literal["dots", "pil", "aliased", "outline", "cv2", "strokes"]
    file: str = ""
    low: int = 8
    high: int = 40
    weight: int = 400
    cjk: bool = False

    def spell(self, text: str) -> str:
        """Return the text as this face can write it: without marks and in capitals where it has no others."""
        if self.cjk or self.way in ("aliased", "cv2") or (self.way == "outline" and self.file):
            return text
        plain = unicodedata.normalize("NFKD", text.translate(_PLAIN))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
        if self.way in ("pil", "outline"):
            return plain.encode("ascii", "replace").decode().replace("?", " ")
        known = _DOTS if self.way == "dots" else {*strokes.glyphs(), " "}
        return "".join(c if c in known else " " for c in plain.upper())


FACES = (
    Face("dots 5x7", "dots", low=7, high=28),
    Face("dots 5x7 bold", "dots", low=7, high=28, weight=700),
    Face("dots 5x7 tall", "dots", low=14, high=28, weight=300),
    Face("PIL bitmap", "pil", low=8, high=32),
    Face("Mono aliased", "aliased", "DejaVuSansMono.ttf", high=16),
    Face("Sans aliased", "aliased", "DejaVuSans.ttf", high=16),
    Face("Sans bold aliased", "aliased", "DejaVuSans-Bold.ttf", high=16),
    Face("Sans", "outline", "DejaVuSans.ttf"),
    Face("Sans bold", "outline", "DejaVuSans-Bold.ttf"),
    Face("Mono", "outline", "DejaVuSansMono.ttf"),
    Face("Mono bold", "outline", "DejaVuSansMono-Bold.ttf"),
    Face("Serif", "outline", "DejaVuSerif.ttf"),
    Face("Sans oblique", "outline", "DejaVuSans-Oblique.ttf"),
    Face("Aileron", "outline", ""),
    Face("Rubik", "cv2", "sans"),
    Face("Rubik light", "cv2", "sans", low=10, weight=300),
    Face("Rubik bold", "cv2", "sans", weight=700),
    Face("Rubik italic", "cv2", "italic"),
    Face("strokes", "strokes", low=9),
    Face("strokes thick", "strokes", low=12, weight=700),
)
CJK = Face("CJK", "cv2", "uni", low=11, cjk=True)


@cache
def has_cjk() -> bool:
    """Return whether OpenCV carries its universal face: from release 5 on."""
    try:
        return cv2.FontFace("uni") is not None
    except (AttributeError, cv2.error):
        return False


def faces() -> tuple[Face, ...]:
    """Return the faces that this machine can draw."""
    modern = hasattr(cv2, "FontFace")
    return tuple(f for f in FACES if f.way != "cv2" or modern)


@cache
def _truetype(file: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if not file:
        return ImageFont.load_default(size)
    return ImageFont.truetype(f"{mpl.get_data_path()}/fonts/ttf/{file}", size)


def line(text: str, face: Face, height: int) -> NDArray[np.float32]:
    """Return a line of text, float32 (rows, columns) from 0 to 1, cut to its ink.

    Parameters
    ----------
    text
        Drawn as `face.spell` says.
    height
        Height of capitals in pixels; faces of dots take the nearest whole scale below.

    Raises
    ------
    ValueError
        When nothing of the text can be drawn.
    """
    said = face.spell(text)
    match face.way:
        case "dots":
            drawn = _dots(said, height, face.weight)
        case "pil":
            drawn = _pil(said, ImageFont.load_default_imagefont(), "1")
            drawn = np.kron(drawn, np.ones((max(1, height // 8),) * 2, np.float32))
        case "strokes":
            drawn = _strokes(said, height, face.weight)
        case "cv2":
            drawn = _opencv(said, face, height)
        case _:
            size = round(height / _CAP)
            drawn = _pil(said, _truetype(face.file, size), "1" if face.way == "aliased" else "L")
    rows, columns = np.any(drawn > 0, axis=1), np.any(drawn > 0, axis=0)
    if not rows.any():
        raise ValueError(f"the typeface {face.name} has none of the characters of a text of {len(text)} characters")
    first, last = np.argmax(rows), len(rows) - np.argmax(rows[::-1])
    left, right = np.argmax(columns), len(columns) - np.argmax(columns[::-1])
    return np.ascontiguousarray(drawn[first:last, left:right], dtype=np.float32)


def stacked(text: str, face: Face, height: int) -> NDArray[np.float32]:
    """Return text whose letters stand below one another, each upright and centred."""
    letters = [line(c, face, height) for c in face.spell(text) if c.strip()]
    width = max(piece.shape[1] for piece in letters)
    gap = max(2, height // 4)
    rows = []
    for piece in letters:
        left = (width - piece.shape[1]) // 2
        rows.append(np.pad(piece, ((0, gap), (left, width - piece.shape[1] - left))))
    return np.concatenate(rows)[:-gap]


def _dots(said: str, height: int, weight: int) -> NDArray[np.float32]:
    scale = max(1, height // 7)
    drawn = font.line(said).astype(np.float32)
    if weight < 400:  # noqa: PLR2004 - tall: dots twice as high as wide
        return np.asarray(np.kron(drawn, np.ones((scale, max(1, scale // 2)), np.float32)))
    drawn = np.kron(drawn, np.ones((scale, scale), np.float32))
    if weight > 400:  # noqa: PLR2004 - bold: each dot one pixel longer
        drawn = np.maximum(drawn, np.pad(drawn, ((0, 0), (1, 0)))[:, :-1])
    return np.asarray(drawn)


def _pil(said: str, typeface: ImageFont.FreeTypeFont | ImageFont.ImageFont, mode: str) -> NDArray[np.float32]:
    box = typeface.getbbox(said)
    page = Image.new("L", (int(box[2]) + 8, int(box[3]) + 8))
    pen = ImageDraw.Draw(page)
    pen.fontmode = mode
    pen.text((2, 2), said, fill=255, font=typeface)
    return np.asarray(page, np.float32) / np.float32(255)


def _opencv(said: str, face: Face, height: int) -> NDArray[np.float32]:
    size = round(height / _CAP)
    page = np.zeros((size * 2, size * (len(said) + 2), 3), np.uint8)
    cv2.putText(page, said, (size // 2, size * 3 // 2), (255, 255, 255), cv2.FontFace(face.file), size, face.weight)
    return page[..., 0].astype(np.float32) / np.float32(255)


def _strokes(said: str, height: int, weight: int) -> NDArray[np.float32]:
    thick = max(1, round(height / (7 if weight > 400 else 14)))  # noqa: PLR2004 - a bold face
    step = (height - thick) / 6.0
    page = np.zeros((height + 8, round((len(said) + 1) * step * 5.4) + 8), np.uint8)
    for index, character in enumerate(said):
        for points in strokes.glyphs().get(character, []):
            places = [[(4 + (index * 5.4 + x * 0.95) * step) * 16, (4 + y * step) * 16] for x, y in points]
            cv2.polylines(page, [np.rint(places).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4)  # noqa: FBT003
    return page.astype(np.float32) / np.float32(255)
