"""Pictures that no scanner makes: endoscopy, photographs, sheets of paper, screens. Levels from 0 to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from dicomlab.forge.burned_in.grain import clipped, clouds, coloured, ellipse, grain, grid, path
from dicomlab.forge.burned_in.tissue import trunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.forge.burned_in.grain import Plane
    from dicomlab.forge.draw import Draw

    Colours = NDArray[np.float32]


def scope(draw: Draw, shape: tuple[int, int], *, at: float = 0.5, beat: float = 0.0) -> Colours:
    """Return mucosa through an endoscope: folds, vessels, a lumen, reflections, black beyond the eight-sided view."""
    rows, columns = shape
    x, y = grid(shape)
    x = x - np.float32((at - 0.5) * 2 * columns / min(shape))
    relief = clouds(draw.sub("folds"), shape, rows / 3, octaves=4)
    centre = (draw.uniform(-0.3, 0.3), draw.uniform(-0.3, 0.3))
    reach = np.hypot(x - centre[0], y - centre[1])
    light = np.clip(0.25 + 0.8 * reach + 0.12 * np.sin(reach * 22 + relief * 5 + beat), 0.05, 1) * (0.75 + 0.4 * relief)
    red = np.clip(light * 0.95, 0, 1)
    lines = np.abs(clouds(draw.sub("vessels"), shape, rows / 7, octaves=3) - 0.5) < 0.012  # noqa: PLR2004 - thin level lines
    pale = light * (0.52 - 0.16 * cv2.GaussianBlur(lines.astype(np.float32), (0, 0), 1.5))
    out = np.stack([red, pale, pale * 0.85], axis=-1).astype(np.float32)
    for _ in range(14):
        spot = (draw.uniform(-0.7, 0.7), draw.uniform(-0.7, 0.7))
        gleam = ellipse(x, y, spot, (draw.uniform(0.01, 0.05), draw.uniform(0.006, 0.02)), turn=draw.uniform(0, 180))
        out += coloured(gleam * 0.9, (1, 1, 1))
    side = np.maximum(np.maximum(np.abs(x), np.abs(y)), (np.abs(x) + np.abs(y)) / 1.36)
    out[side > 0.96] = 0.02  # noqa: PLR2004 - the view's border
    return clipped(out)


def photograph(draw: Draw, shape: tuple[int, int]) -> Colours:
    """Return a photograph of skin with a mark and hairs, on green cloth."""
    x, y = grid(shape)
    rows, columns = shape
    weave = 0.5 + 0.06 * np.sin(x * rows / 4) * np.sin(y * rows / 4) + 0.15 * clouds(draw.sub("cloth"), shape, rows / 3)
    out = coloured(weave.astype(np.float32), draw.choice(((0.2, 0.5, 0.42), (0.25, 0.4, 0.62), (0.5, 0.5, 0.52))))
    arm = np.clip((0.62 - np.abs(y + 0.2 * x + 0.1 * np.sin(x * 2))) / 0.02, 0, 1)[..., None]
    tone = draw.choice(((0.88, 0.68, 0.56), (0.72, 0.5, 0.38), (0.5, 0.33, 0.24)))
    skin = 0.8 + 0.2 * clouds(draw.sub("skin"), shape, rows / 4, octaves=5) - 0.25 * (y + 0.2 * x) ** 2
    out += arm * (coloured(skin.astype(np.float32), tone) - out)
    rough = ellipse(
        x + 0.05 * clouds(draw.sub("edge"), shape, 30), y, (draw.uniform(-0.3, 0.3), 0), (0.16, 0.12), soft=0.05
    )
    out += rough[..., None] * (np.array((0.33, 0.17, 0.14), np.float32) - out) * 0.8
    for _ in range(40):
        start = (draw.uniform(0, columns), draw.uniform(rows * 0.25, rows * 0.75))
        bend = [(start[0] + t * draw.uniform(4, 8), start[1] + t * t * draw.uniform(-0.4, 0.4)) for t in range(7)]
        out -= 0.25 * path(shape, bend, 1)[..., None] * arm
    return clipped(out + grain(draw.sub("sensor"), shape, 0.015)[..., None])


def paper(draw: Draw, shape: tuple[int, int]) -> Plane:
    """Return a scanned sheet: nearly white, uneven, a fold, specks, rules and a frame."""
    rows, columns = shape
    page = 0.93 + 0.05 * clouds(draw.sub("light"), shape, rows / 2) + grain(draw.sub("fibre"), shape, 0.008)
    page -= 0.06 * path(shape, [(0, rows * 0.49), (columns, rows * 0.5)], 2)
    for _ in range(60):
        at = (draw.integer(0, columns - 3), draw.integer(0, rows - 3))
        page[at[1] : at[1] + draw.integer(1, 2), at[0] : at[0] + draw.integer(1, 2)] -= 0.4
    for share in (0.14, 0.3, 0.86):
        page -= 0.6 * path(shape, [(columns * 0.06, rows * share), (columns * 0.94, rows * share + 2)], 1)
    return clipped(page)


def desktop(draw: Draw, shape: tuple[int, int], count: int = 3) -> tuple[Colours, list[tuple[int, int, int, int]]]:
    """Return a screen with windows, and the boxes (x0, y0, x1, y1) within each that text goes to."""
    rows, columns = shape
    dark = draw.integer(0, 1) == 1
    base, face, bar = ((0.1, 0.11, 0.13), (0.17, 0.18, 0.2), (0.22, 0.28, 0.4)) if dark else (
        (0.3, 0.42, 0.5), (0.92, 0.92, 0.9), (0.2, 0.35, 0.62))  # fmt: skip
    out = np.empty((*shape, 3), np.float32)
    out[...] = base
    places = []
    for index in range(count):
        width, height = int(columns * draw.uniform(0.42, 0.47)), int(rows * draw.uniform(0.4, 0.44))
        x0 = int(columns * (0.02 + 0.5 * (index % 2)))
        y0 = int(rows * (0.04 + 0.48 * (index // 2)))
        out[y0 : y0 + height, x0 : x0 + width] = face
        out[y0 : y0 + 24, x0 : x0 + width] = bar
        for button in range(3):
            out[y0 + 7 : y0 + 17, x0 + width - 20 * (button + 1) : x0 + width - 20 * (button + 1) + 11] = (
                0.8,
                0.8,
                0.8,
            )
        places.append((x0, y0, x0 + width, y0 + height))
    at = (int(columns * 0.54), int(rows * 0.54))
    size = min(rows - at[1], columns - at[0]) * 7 // 8
    picture = np.clip((trunk(draw.sub("viewport"), (size, size)) + 160) / 400, 0, 1)
    out[at[1] : at[1] + size, at[0] : at[0] + size] = picture[..., None]
    return out, places


def curve(draw: Draw, length: int, height: int) -> list[tuple[float, float]]:
    """Return the points of an electrocardiogram: x from 0 to `length`, y from 0 to `height`."""
    period, points = draw.uniform(60, 110), []
    for x in range(0, length, 2):
        phase = (x % period) / period
        wave = 0.5 - 0.08 * np.exp(-(((phase - 0.2) / 0.03) ** 2)) - 0.14 * np.exp(-(((phase - 0.62) / 0.05) ** 2))
        wave += 0.1 * np.exp(-(((phase - 0.38) / 0.008) ** 2)) - 0.45 * np.exp(-(((phase - 0.4) / 0.009) ** 2))
        wave += 0.14 * np.exp(-(((phase - 0.425) / 0.01) ** 2))
        points.append((float(x), float(wave * height)))
    return points
