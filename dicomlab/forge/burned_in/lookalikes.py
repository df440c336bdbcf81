"""Pictures without text that a text detector may take for it. Each: seed and shape to levels from 0 to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from dicomlab.forge.burned_in import scenes, tissue
from dicomlab.forge.burned_in.grain import clipped, clouds, coloured, ellipse, grain, grid, path

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dicomlab.forge.draw import Draw

    Shape = tuple[int, int]
    Levels = NDArray[np.float32]


def _grids(draw: Draw, shape: Shape) -> Levels:
    out = 0.2 + 0.2 * clouds(draw, shape, 200)
    step, thick = draw.integer(16, 48), draw.integer(1, 2)
    for offset in range(thick):
        out[offset::step] = 0.8
        out[:, offset::step] = 0.8
    return out


def ticks(out: Levels, draw: Draw, *, side: str = "right", level: float = 0.9) -> None:
    """Draw a depth scale along one side, in place: a tick each step, a long one each fifth."""
    rows, columns = out.shape[:2]
    step = draw.integer(9, 20)
    for index, y in enumerate(range(20, rows - 20, step)):
        length = 14 if index % 5 == 0 else 7
        if side == "right":
            out[y, columns - 6 - length : columns - 6] = level
        else:
            out[y, 6 : 6 + length] = level


def _rulers(draw: Draw, shape: Shape) -> Levels:
    out = tissue.chest(draw, shape) * 0.8
    ticks(out, draw)
    ticks(out, draw.sub("left"), side="left")
    row, step = shape[0] - 30, draw.integer(6, 14)
    out[row, 30:-30] = 1
    for index, x in enumerate(range(30, shape[1] - 30, step)):
        out[row - (12 if index % 10 == 0 else 6) : row, x] = 1
    return out


def calipers(out: Levels, draw: Draw, *, count: int = 3) -> None:
    """Draw measuring marks joined by dotted lines, in place."""
    rows, columns = out.shape[:2]
    for _ in range(count):
        ends = [(draw.uniform(0.25, 0.75) * columns, draw.uniform(0.3, 0.7) * rows) for _ in range(2)]
        for x, y in ends:
            cross = path((rows, columns), [(x - 6, y), (x + 6, y)], 1) + path(
                (rows, columns), [(x, y - 6), (x, y + 6)], 1
            )
            out[cross > 0.5] = 0.95  # noqa: PLR2004 - half covered
        for share in np.linspace(0, 1, 30):
            x, y = (int(a + (b - a) * share) for a, b in zip(*ends, strict=True))
            out[y, x] = 0.9


def _measured(draw: Draw, shape: Shape) -> Levels:
    out = tissue.fan(draw, shape)[0]
    calipers(out, draw)
    ticks(out, draw)
    return out


def _traces(draw: Draw, shape: Shape) -> Levels:
    paper = draw.integer(0, 1) == 1
    out = np.full((*shape, 3), 1.0 if paper else 0.0, np.float32)
    if paper:
        for step, tint in ((8, (1, 0.85, 0.85)), (40, (1, 0.65, 0.65))):
            out[::step] = tint
            out[:, ::step] = tint
    height = shape[0] // 5
    for lead in range(4):
        points = [(x, y + lead * height + height // 3) for x, y in scenes.curve(draw.sub(str(lead)), shape[1], height)]
        line = path(shape, points, 1)[..., None]
        out += line * (np.array((0, 0, 0) if paper else (0.1, 1, 0.2), np.float32) - out)
    return out


def _bars(draw: Draw, shape: Shape) -> Levels:
    out = coloured(tissue.fan(draw, shape)[0], (1, 1, 1))
    rows, columns = shape
    ramp = np.linspace(1, -1, rows // 3)[:, None]
    bar = np.stack([np.clip(ramp, 0, 1), np.clip(np.abs(ramp) - 0.5, 0, 1), np.clip(-ramp, 0, 1)], axis=-1)
    out[20 : 20 + rows // 3, columns - 40 : columns - 22] = bar
    out[rows // 2 : rows // 2 + rows // 3, 22:40] = np.linspace(1, 0, rows // 3)[:, None, None]
    width = columns // 24
    for index in range(16):
        colour = [(index >> k & 1) * 0.9 for k in range(3)]
        out[rows - 34 : rows - 14, 60 + index * width : 60 + (index + 1) * width] = colour
    return out


def _bones(draw: Draw, shape: Shape) -> Levels:
    x, y = grid(shape)
    out = 0.25 + 0.15 * clouds(draw, shape, 150)
    for index in range(5):
        centre, lean = -0.6 + 0.3 * index, draw.uniform(-6, 6)
        for part in range(4):
            at = (centre + 0.02 * part, -0.75 + 0.42 * part + 0.06 * abs(index - 2))
            outer = ellipse(x, y, at, (0.075, 0.2 - 0.03 * part), turn=lean, soft=0.02)
            inner = ellipse(x, y, at, (0.055, 0.18 - 0.03 * part), turn=lean, soft=0.04)
            out += 0.45 * outer - 0.2 * inner
    return clipped(out + grain(draw.sub("quanta"), shape, 0.02))


def _spine(draw: Draw, shape: Shape) -> Levels:
    x, y = grid(shape)
    out = 0.2 + 0.1 * clouds(draw, shape, 120)
    for level in range(14):
        at = (0.16 * np.sin(level / 3), -0.92 + 0.14 * level)
        out += 0.5 * ellipse(x, y, at, (0.11, 0.05), turn=10 * np.cos(level / 3))
        out += 0.4 * ellipse(x, y, (at[0] + 0.2, at[1] + 0.03), (0.09, 0.02), turn=25)
    return clipped(out + grain(draw.sub("quanta"), shape, 0.03))


def _line_pairs(draw: Draw, shape: Shape) -> Levels:
    x, y = grid(shape)
    out = 0.1 + 0.5 * ellipse(x, y, (0, 0), (0.9, 0.9))
    rows, columns = shape
    for group in range(8):
        width = 8 - group
        x0, y0 = int(columns * (0.24 + 0.14 * (group % 4))), int(rows * (0.3 + 0.25 * (group // 4)))
        for bar in range(5):
            out[y0 : y0 + rows // 10, x0 + bar * 2 * width : x0 + bar * 2 * width + width] = 1.0
    for index in range(8):
        angle = index * np.pi / 4
        out += 0.3 * ellipse(x, y, (0.72 * np.cos(angle), 0.72 * np.sin(angle)), (0.01 + 0.008 * index,) * 2)
    return clipped(out + grain(draw.sub("noise"), shape, 0.02))


def _noise(draw: Draw, shape: Shape) -> Levels:
    return clipped(0.5 + grain(draw, shape, 0.2, blur=draw.choice((0.0, 0.8, 2.0))))


def _collimated(draw: Draw, shape: Shape) -> Levels:
    out = tissue.chest(draw, shape)
    x, y = grid(shape)
    c, s = np.cos(draw.uniform(-0.2, 0.2)), np.sin(draw.uniform(-0.2, 0.2))
    u, v = x * c - y * s, x * s + y * c
    out[(np.abs(u) > draw.uniform(0.5, 0.8)) | (np.abs(v) > draw.uniform(0.6, 0.9))] *= 0.05
    return out


def _smooth(draw: Draw, shape: Shape) -> Levels:
    return np.asarray(0.2 + 0.6 * clouds(draw, shape, shape[0] / 3, octaves=2))


def _guides(draw: Draw, shape: Shape) -> Levels:
    out = tissue.fan(draw, shape)[0]
    rows, columns = shape
    for lean in (0.35, 0.42):
        for share in np.linspace(0.05, 0.95, 60):
            x, y = int(columns * (0.2 + lean * share)), int(rows * share)
            out[y : y + 2, x : x + 2] = 0.9
            if draw.integer(0, 7) == 0:
                out[y : y + 2, x - 5 : x + 6] = 0.9
    ticks(out, draw)
    return out


def _checkers(draw: Draw, shape: Shape) -> Levels:
    side = draw.integer(6, 40)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.asarray(0.15 + 0.7 * ((x // side + y // side) % 2), np.float32)


def _fan(draw: Draw, shape: Shape) -> Levels:
    return tissue.fan(draw, shape)[0]


def _trunk(draw: Draw, shape: Shape) -> Levels:
    return clipped((tissue.trunk(draw, shape) + 160) / 400)


def _needles(draw: Draw, shape: Shape) -> Levels:
    """Clips, wires and screws: small bright metal on tissue."""
    out = tissue.breast(draw, shape) * 0.7
    for _ in range(12):
        x, y, turn = draw.uniform(0.1, 0.7) * shape[1], draw.uniform(0.2, 0.8) * shape[0], draw.uniform(0, 3.14)
        bend = [
            (x, y),
            (x + 14 * np.cos(turn), y + 14 * np.sin(turn)),
            (x + 20 * np.cos(turn + 0.6), y + 20 * np.sin(turn + 0.6)),
        ]
        out = np.maximum(out, path(shape, bend, 2))
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 0.7))


LOOKALIKES: dict[str, Callable[[Draw, Shape], Levels]] = {
    "grid": _grids, "ruler": _rulers, "calipers": _measured, "electrocardiogram": _traces, "colour bars": _bars,
    "bones": _bones, "spine": _spine, "line pairs": _line_pairs, "noise": _noise, "collimator": _collimated,
    "smooth": _smooth, "needle guide": _guides, "checkers": _checkers, "fan": _fan, "trunk": _trunk,
    "head": tissue.head,
    "chest": tissue.chest, "breast": tissue.breast, "metal": _needles, "scope": scenes.scope,
    "photograph": scenes.photograph,
    "vessels": tissue.vessels,
}  # fmt: skip
