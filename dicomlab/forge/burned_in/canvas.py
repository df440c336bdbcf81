"""A picture in the making: samples between 0 and 1 in any number of frames, and text that is drawn onto it.

Levels are those of the display: 0 black, 1 the brightest that anatomy gets. A grey picture may go beyond 1 and below
0, as stored values do that no tissue has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from dicomlab.forge.burned_in import lettering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dicomlab.forge.burned_in.lettering import Face
    from dicomlab.forge.draw import Draw

    Level = float | tuple[float, float, float]

INK = 0.45  # coverage from which a pixel counts as ink
_GAP = 1  # pixels that stay free between two texts


@dataclass(frozen=True, slots=True)
class Style:
    """How text is drawn.

    `level`: its brightness, or colour. `opacity`: below 1 what lies beneath shines through. `outline`: a line of that
    level around each letter. `plate`: a rectangle of that level beneath. `turn`: degrees, counter-clockwise. `stacked`:
    upright letters below one another.
    """

    face: Face
    height: int
    level: Level = 1.0
    opacity: float = 1.0
    outline: Level | None = None
    plate: Level | None = None
    turn: int = 0
    stacked: bool = False

    def piece(self, text: str) -> NDArray[np.float32]:
        """Return the coverage of a text in this style, turned as it will lie."""
        drawn = (lettering.stacked if self.stacked else lettering.line)(text, self.face, self.height)
        return np.ascontiguousarray(np.rot90(drawn, self.turn // 90))


@dataclass(frozen=True, slots=True)
class Burned:
    """A text that was drawn: what it says, where it stands (`frame` None: on all), what of the box is ink."""

    text: str
    category: str
    frame: int | None
    box: tuple[int, int, int, int]
    ink: NDArray[np.bool_]
    style: Style


@dataclass
class Canvas:
    """Frames of float32 (rows, columns) or (rows, columns, 3), and the texts on them."""

    frames: list[NDArray[np.float32]]
    burned: list[Burned] = field(default_factory=list)
    closed: list[tuple[int, int, int, int]] = field(default_factory=list)  # boxes that no text may touch
    faint: float = 0.06  # least difference between ink and what is around it

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return int(self.frames[0].shape[0])

    @property
    def columns(self) -> int:
        """Width in pixels."""
        return int(self.frames[0].shape[1])

    def write(self, text: str, corner: tuple[int, int], style: Style, *, category: str = "phi",
              frames: Sequence[int] | None = None) -> tuple[int, int, int, int] | None:  # fmt: skip
        """Draw a text with its upper left pixel at `corner` (x, y); return its box, None where it has no room.

        `frames` None: on all. A text that would not be legible gets a dark or bright outline, as devices do.
        """
        try:
            piece = style.piece(text)
        except ValueError:
            return None
        x, y = corner
        box = (x, y, x + piece.shape[1], y + piece.shape[0])
        if x < 0 or y < 0 or box[2] > self.columns or box[3] > self.rows:
            return None
        if any(_near(box, other) for other in self.closed) or any(
            _near(box, b.box) for b in self.burned if frames is None or b.frame is None or b.frame in frames
        ):
            return None
        numbers = range(len(self.frames)) if frames is None else frames
        for number in numbers:
            self._draw(self.frames[number], piece, box, style)
        said = style.face.spell(text)
        ink = piece > INK
        if frames is None:
            self.burned.append(Burned(said, category, None, box, ink, style))
        else:
            self.burned.extend(Burned(said, category, n, box, ink, style) for n in frames)
        return box

    def _draw(self, frame: NDArray[np.float32], piece: NDArray[np.float32], box: tuple[int, int, int, int],
              style: Style) -> None:  # fmt: skip
        x0, y0, x1, y1 = box
        pad = 3
        top, left = min(pad, y0), min(pad, x0)
        around = frame[y0 - top : y1 + pad, x0 - left : x1 + pad]
        low, right = around.shape[0] - top - piece.shape[0], around.shape[1] - left - piece.shape[1]
        cover = np.pad(piece, ((top, low), (left, right)))
        if style.plate is not None:
            around[...] = style.plate
        outline = style.outline
        if outline is None and style.plate is None and not self._legible(around, cover, style):
            outline = 0.0 if float(np.mean(style.level)) > 0.5 else 0.95  # noqa: PLR2004 - half way
        if outline is not None:
            rim = cv2.dilate(cover, np.ones((3, 3), np.uint8))
            _blend(around, rim, outline)
        _blend(around, cover * np.float32(style.opacity), style.level)

    def _legible(self, around: NDArray[np.float32], cover: NDArray[np.float32], style: Style) -> bool:
        after = around.copy()
        _blend(after, cover * np.float32(style.opacity), style.level)
        before = around.reshape(*cover.shape, -1)
        after = after.reshape(*cover.shape, -1)
        ink = cover > INK
        apart = np.abs(after[ink].mean(axis=0) - before[~ink].mean(axis=0))
        rough = before[~ink].std(axis=0)
        return bool(np.any((apart > self.faint) & (apart > 1.5 * rough)))

    def block(self, texts: Sequence[tuple[str, str]], place: str, style: Style, *, margin: int = 8,
              leading: float = 1.9, frames: Sequence[int] | None = None) -> None:  # fmt: skip
        """Write lines (text, category) into a corner: "tl", "tr", "bl", "br", or "tc", "bc" for the middle."""
        step = round(style.height * leading)
        for index, (text, category) in enumerate(texts):
            try:
                rows, columns = style.piece(text).shape
            except ValueError:
                continue
            x = {"l": margin, "r": self.columns - margin - columns, "c": (self.columns - columns) // 2}[place[1]]
            from_top = margin + index * step
            y = from_top if place[0] == "t" else self.rows - margin - (len(texts) - index) * step
            self.write(
                text, (x, y + max(0, round(style.height * 1.1) - rows) // 2), style, category=category, frames=frames
            )

    def scatter(self, draw: Draw, text: str, style: Style, *, category: str = "phi",
                frames: Sequence[int] | None = None,
                zone: tuple[float, float, float, float] = (0, 0, 1, 1)) -> tuple[int, int, int,
                int] | None:  # fmt: skip
        """Write a text somewhere in a zone (x0, y0, x1, y1 as shares of the picture) where there is room."""
        try:
            rows, columns = style.piece(text).shape
        except ValueError:
            return None
        left, right = int(zone[0] * self.columns) + 2, int(zone[2] * self.columns) - columns - 2
        top, bottom = int(zone[1] * self.rows) + 2, int(zone[3] * self.rows) - rows - 2
        if right < left or bottom < top:
            return None
        for _ in range(30):
            corner = (draw.integer(left, right), draw.integer(top, bottom))
            box = self.write(text, corner, style, category=category, frames=frames)
            if box is not None:
                return box
        return None


def _near(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return (one[0] < other[2] + _GAP and other[0] < one[2] + _GAP
            and one[1] < other[3] + _GAP and other[1] < one[3] + _GAP)  # fmt: skip


def _blend(target: NDArray[np.float32], cover: NDArray[np.float32], level: Level) -> None:
    """Lay a level over the target where it is covered, in place."""
    share = cover if target.ndim == 2 else cover[..., None]  # noqa: PLR2004 - rows and columns alone
    value = float(np.mean(level)) if target.ndim == 2 else np.asarray(level, np.float32)  # noqa: PLR2004
    target[...] = target + share * (value - target)
