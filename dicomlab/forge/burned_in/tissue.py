"""Anatomy as scanners show it: float32 planes from 0 to about 1, display levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from dicomlab.forge.burned_in.grain import clipped, clouds, ellipse, grain, grid, path

if TYPE_CHECKING:
    from dicomlab.forge.burned_in.grain import Plane
    from dicomlab.forge.draw import Draw


def fan(draw: Draw, shape: tuple[int, int], *, beat: float = 0.0, flow: bool = False) -> tuple[Plane, Plane]:
    """Return a sector of speckle, and where blood flows towards (+1) and away (-1), 0 elsewhere.

    The speckle is made in range and angle, where its grains grow sideways with depth once the sector is drawn.
    """
    rows, columns = shape
    depth, beams = 420, 260
    real, imaginary = (draw.sub(part).noise((depth, beams), 1.0).astype(np.float32) for part in ("re", "im"))
    echo = np.hypot(*(cv2.GaussianBlur(p, (0, 0), sigmaX=1.5, sigmaY=1.0) for p in (real, imaginary)))
    x, y = np.meshgrid(np.linspace(-1, 1, beams, dtype=np.float32), np.linspace(0, 1, depth, dtype=np.float32))
    body = 0.35 + 0.8 * clouds(draw.sub("body"), (depth, beams), 90)
    for index in range(draw.integer(2, 4)):
        level = 0.15 + 0.22 * index + draw.uniform(0, 0.1)
        wave = level + 0.03 * np.sin(x * draw.uniform(2, 5) + draw.uniform(0, 6) + beat)
        body += draw.uniform(1.2, 3.0) * np.exp(-(((y - wave) / 0.008) ** 2))
    for _ in range(draw.integer(1, 3)):
        centre, size = (draw.uniform(-0.7, 0.7), draw.uniform(0.3, 0.8)), draw.uniform(0.06, 0.14)
        cyst = ellipse(x, y, centre, (size * (1.9 + 0.2 * np.sin(beat)), size), soft=0.012)
        body *= 1 - 0.93 * cyst
        body *= 1 + 0.5 * ((y > centre[1] + size) & (np.abs(x - centre[0]) < size * 1.6))
    echo *= body * np.exp(-0.8 * y)
    grey = np.clip((20 * np.log10(echo + 1e-3) + 28) / 48, 0, 1).astype(np.float32)
    stream = np.zeros_like(grey)
    if flow:
        run = 0.5 + 0.12 * np.sin(x * 3 + beat)
        inside = (np.abs(y - run) < 0.045) & (np.abs(x) < 0.55)  # noqa: PLR2004 - a vessel across the middle
        grey[inside] *= 0.2
        speed = np.sin(x * 5 + beat) + 0.25 * draw.sub("flow").noise((depth, beams), 1.0)
        stream = np.where(inside, np.clip(speed, -1, 1), 0).astype(np.float32)
    py, px = np.mgrid[0:rows, 0:columns].astype(np.float32)
    top = -0.08 * rows
    reach, angle = np.hypot(px - columns / 2, py - top), np.arctan2(px - columns / 2, py - top)
    widest = 0.62
    at_depth = ((reach / rows - 0.16) / 0.86 * depth).astype(np.float32)
    at_beam = ((angle / widest + 1) / 2 * beams).astype(np.float32)
    shown = cv2.remap(grey, at_beam, at_depth, cv2.INTER_LINEAR)
    return shown, cv2.remap(stream, at_beam, at_depth, cv2.INTER_NEAREST)


def trunk(draw: Draw, shape: tuple[int, int]) -> Plane:
    """Return an axial slice of a trunk in Hounsfield units: air, fat, organs, ribs, spine, table."""
    x, y = grid(shape)
    hu = np.full(shape, -1000, np.float32)
    wide, deep = draw.uniform(0.72, 0.86), draw.uniform(0.5, 0.62)

    def lay(mask: Plane, value: float) -> None:
        hu[...] += mask * (value - hu)

    lay(ellipse(x, y, (0, 0), (wide, deep)), -95)
    lay(ellipse(x, y, (0, 0), (wide - 0.06, deep - 0.06)), 45)
    texture = clouds(draw.sub("organs"), shape, shape[0] / 12)
    for side in (-1, 1):
        lay(ellipse(x, y, (side * 0.33, -0.04), (0.24, 0.34)), draw.choice((-860, -860, 60)))
        lay(ellipse(x, y, (side * 0.3, 0.3), (0.09, 0.12)), 130)
    lay(ellipse(x, y, (0.02, -0.1), (0.19, 0.22)), 55)
    lay(ellipse(x, y, (-0.02, 0.16), (0.05, 0.05)), 220)
    spine = ellipse(x, y, (0, 0.3), (0.1, 0.09))
    lay(spine, 350)
    lay(ellipse(x, y, (0, 0.3), (0.08, 0.07)), 180)
    lay(ellipse(x, y, (0, 0.44), (0.03, 0.06)), 420)
    for number in range(12):
        angle = 2 * np.pi * number / 12 + 0.2
        centre = ((wide - 0.09) * np.cos(angle), (deep - 0.08) * np.sin(angle))
        lay(
            ellipse(
                x,
                y,
                centre,
                (0.07, 0.022),
                turn=float(np.rad2deg(np.arctan2(deep * np.cos(angle), -wide * np.sin(angle)))),
            ),
            600,
        )
    hu += np.where(hu > -200, (texture - 0.5) * 50, (texture - 0.5) * 15)  # noqa: PLR2004 - soft tissue
    table = (np.abs(y - (deep + 0.06) + 0.1 * x * x) < 0.008) & (np.abs(x) < 0.7)  # noqa: PLR2004 - its cover
    hu[table] = -250
    return np.asarray(hu + grain(draw, shape, 14, blur=0.7))


def head(draw: Draw, shape: tuple[int, int]) -> Plane:
    """Return an axial MR slice of a head, 0 to 1: scalp, skull, folded cortex, ventricles."""
    x, y = grid(shape)
    out = np.zeros(shape, np.float32)
    a, b = draw.uniform(0.6, 0.7), draw.uniform(0.74, 0.86)
    out += 0.85 * ellipse(x, y, (0, 0), (a, b)) - 0.75 * ellipse(x, y, (0, 0), (a - 0.05, b - 0.05))
    brain = ellipse(x, y, (0, 0), (a - 0.1, b - 0.1))
    folds = clouds(draw.sub("folds"), shape, shape[0] / 14, octaves=2)
    cortex = 0.42 + 0.3 * (np.abs(folds - 0.5) * 2 < 0.16)  # noqa: PLR2004 - thin lines between the relief's halves
    white = ellipse(x, y, (0, 0), (a - 0.2, b - 0.2), soft=0.12)
    out += brain * (cortex + white * (0.62 - cortex) * 0.8 - out * 0.9)
    for side in (-1, 1):
        out *= 1 - 0.75 * ellipse(x, y, (side * 0.08, -0.05), (0.045, 0.2), turn=side * 14)
    out *= 1 - 0.5 * ellipse(x, y, (0, 0), (0.006, b - 0.12), soft=0.008)
    shading = 1 + 0.25 * (clouds(draw.sub("coil"), shape, shape[0] / 2, octaves=1) - 0.5)
    noisy = np.hypot(out * shading + grain(draw.sub("re"), shape, 0.02), grain(draw.sub("im"), shape, 0.02))
    return np.asarray(cv2.GaussianBlur(noisy.astype(np.float32), (0, 0), 0.6))


def chest(draw: Draw, shape: tuple[int, int]) -> Plane:
    """Return a chest radiograph, bright where little passes: lungs, ribs, spine, heart, diaphragm, collimated edges."""
    small = (shape[0] // 4, shape[1] // 4)
    x, y = grid(small)
    film = 0.55 - 0.15 * np.abs(x) + 0.06 * clouds(draw.sub("fat"), small, small[0] / 3)
    for side in (-1, 1):
        lung = ellipse(x, y, (side * 0.42, -0.1), (0.32, 0.66), turn=side * 6, soft=0.08)
        film -= 0.36 * lung * (0.85 + 0.3 * clouds(draw.sub("lung", str(side)), small, 60))
        for rib in range(9):
            centre = -0.72 + 0.15 * rib
            arc = np.abs(np.hypot((x - side * 0.06) / 0.72, (y - centre - 0.42) / 0.42) - 1)
            film += 0.075 * np.clip(1.4 - arc / 0.05, 0, 1) * (x * side > 0.08) * lung  # noqa: PLR2004 - beside the spine
        film += 0.12 * ellipse(x, y, (side * 0.38, -0.78), (0.36, 0.035), turn=-side * 12)
    film += 0.22 * ellipse(x, y, (0.12, 0.28), (0.34, 0.36), turn=30, soft=0.05)
    film += 0.16 * np.exp(-((x / 0.09) ** 2)) * (1 + 0.25 * np.sin(y * 34))
    film += 0.25 * np.clip((y - 0.5 - 0.25 * np.abs(np.abs(x) - 0.42)) / 0.05, 0, 1)
    film *= 1 - 0.9 * (np.abs(x) > draw.uniform(0.98, 1.2))
    large = cv2.resize(film.astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    return clipped(large + grain(draw.sub("quanta"), shape, 0.012, blur=0.6))


def breast(draw: Draw, shape: tuple[int, int]) -> Plane:
    """Return a mammogram: a breast from the left edge, glands in it, black air around."""
    small = (shape[0] // 2, shape[1] // 2)
    y, x = np.mgrid[0 : small[0], 0 : small[1]].astype(np.float32)
    reach = np.hypot(x / (small[1] * draw.uniform(0.6, 0.75)), (y - small[0] * 0.52) / (small[0] * 0.44))
    thick = np.clip((1 - reach) / 0.25, 0, 1) ** 0.5
    glands = clouds(draw.sub("glands"), small, small[0] / 8, octaves=5) ** 2
    film = thick * (0.28 + 0.75 * glands * np.clip(1.15 - reach, 0, 1))
    muscle = np.clip((small[1] * 0.24 - x - y * 0.35) / 8, 0, 1) * (y < small[0] * 0.7)
    film = np.maximum(film, 0.62 * muscle)
    for _ in range(6):
        at = (draw.uniform(0.1, 0.4) * small[1], draw.uniform(0.3, 0.7) * small[0])
        film += 0.5 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 3)
    large = cv2.resize(film.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return clipped(large + grain(draw.sub("quanta"), shape, 0.01) * (large > 0.02))  # noqa: PLR2004 - no quanta counted in air


def vessels(draw: Draw, shape: tuple[int, int], *, beat: float = 0.0) -> Plane:
    """Return a fluoroscopic frame: soft shadows, spine, contrast-filled vessels, a catheter, a round shutter."""
    x, y = grid(shape)
    film = 0.55 + 0.25 * clouds(draw.sub("soft"), shape, shape[0] / 2) - 0.12 * np.exp(-(((x - 0.2) / 0.15) ** 2))
    size = shape[0]
    for _ in range(draw.integer(3, 5)):
        at, heading, points = [draw.uniform(0.4, 0.6) * size, draw.uniform(0.2, 0.4) * size], draw.uniform(0, 6.28), []
        for _ in range(26):
            points.append((at[0], at[1] + 3 * beat))
            heading += draw.uniform(-0.35, 0.35)
            at = [at[0] + size / 40 * np.cos(heading), at[1] + size / 40 * np.sin(heading)]
        film -= 0.28 * path(shape, points, draw.uniform(0.006, 0.016) * size)
    film -= 0.3 * path(shape, [(size * 0.5, 0.0), (size * 0.47, size * 0.2), (size * 0.5, size * 0.34)], size * 0.006)
    film = cv2.GaussianBlur(film.astype(np.float32), (0, 0), 1.2) + grain(
        draw.sub("quanta", f"{beat:.2f}"), shape, 0.03
    )
    return np.asarray(np.where(np.hypot(x, y) < 1.02, np.clip(film, 0.02, 1), 0.0), np.float32)  # noqa: PLR2004 - the shutter
