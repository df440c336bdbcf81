"""The viewer: three planes of a volume with one crosshair, or the frames of an instance; before and after."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np

from dicomlab.pixels import Frames
from dicomlab.records import BATCH_VARIABLE
from dicomlab.volume import Volume
from dicomlab.widgets import scene as scenes

_BYTE = 255

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shows = Volume | Frames | NDArray[Any] | Sequence[NDArray[Any]]


def script(*names: str) -> str:
    """Return modules of this package as one, in the order given; the last one keeps its exports."""
    texts = [files("dicomlab.widgets").joinpath(name).read_text("utf-8") for name in names]
    texts[:-1] = [text.partition("\nexport default")[0] for text in texts[:-1]]
    bare = [re.sub(r"^export (?!default)", "", text, flags=re.MULTILINE) for text in texts]
    return re.sub(r"^import [^;]*;\n", "", "\n".join(bare), flags=re.MULTILINE)


def style() -> str:
    """Return the style sheet that all widgets share."""
    return files("dicomlab.widgets").joinpath("viewer.css").read_text("utf-8")


class Shown(anywidget.AnyWidget):  # type: ignore[misc]  # ships no types
    """A widget whose data go to the browser in messages alone: its state, which a notebook may store, holds none."""

    def __init__(self) -> None:
        """Listen to the browser; display nothing."""
        super().__init__()
        self.on_msg(self._asked)

    def _asked(self, _: object, message: dict[str, Any], __: object) -> None:
        if message.get("kind") == "want":
            self._give(message.get("view"))
        else:
            self._hear(message)

    def _give(self, view: str | None) -> None:
        """Send everything to a view that has just been made, or to all; a widget that shows nothing sends nothing."""

    def _hear(self, message: dict[str, Any]) -> None:
        """Obey what a person did in the browser."""

    def describe(self) -> str:
        """Return one sentence that names nobody, for where there is no browser."""
        return type(self).__name__

    def __repr__(self) -> str:
        """Say what is shown, never a value of it."""
        return f"<{self.describe()}>"

    def _repr_mimebundle_(self, **_: object) -> Any:  # noqa: ANN401  as anywidget has it
        if os.environ.get(BATCH_VARIABLE):
            told = f"{self.describe()} Open the notebook in JupyterLab to look at it."
            return {"text/plain": told, "text/html": f"<p>{escape(told)}</p>"}
        return super()._repr_mimebundle_()


class Pictures(Sequence["NDArray[Any]"]):
    """The frames of an instance as a person is to see them; each is decoded when it is asked for.

    Greys are bytes where every value is one, and bright where MONOCHROME1 says so; colours are uint32, see `Scene`.
    """

    def __init__(self, frames: Frames) -> None:
        """Decode nothing yet."""
        self._frames = frames

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._frames)

    def __getitem__(self, number: Any) -> Any:  # noqa: ANN401  a sequence's, slices are not asked for
        """Return one frame."""
        frames, layout = self._frames, self._frames.layout
        if frames.palette is not None:
            return scenes.colours(frames.palette.colours(frames.samples(number)))
        if layout.samples > 1:
            samples = frames.samples(number).astype(np.float32) * (_BYTE / ((1 << layout.bits_stored) - 1))
            return scenes.colours(_rgb(samples) if frames.luminance else samples)
        grey = frames.grey(number)
        if layout.photometric == "MONOCHROME1":
            grey = (-1 if layout.signed else (1 << layout.bits_stored) - 1) - grey
        return grey.astype(np.uint8) if layout.bits_stored <= 8 and not layout.signed else grey  # noqa: PLR2004


def _rgb(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the colours of luminance and chrominance of a byte each (PS3.3 C.7.6.3.1.2, YBR_FULL)."""
    light, blue, red = samples[..., 0], samples[..., 1] - 128, samples[..., 2] - 128
    return np.stack([light + 1.402 * red, light - 0.344136 * blue - 0.714136 * red, light + 1.772 * blue], axis=-1)


@dataclass(frozen=True, slots=True)
class Look:
    """How a viewer shows what it has. None leaves a setting as the browser has it.

    `window`: the values shown black and white. `cursor`: (slice, row, column) of what was sent. `opacity`: 0 to 1.
    """

    window: tuple[float, float] | None = None
    cursor: tuple[int, int, int] | None = None
    opacity: float | None = None
    masked: bool | None = None
    zoom: float | None = None


class Viewer(Shown):
    """A volume in three planes with one crosshair, or frames with a player; see `of_volume` and `of_frames`.

    Slices, windows, zoom and opacity change in the browser alone. Setting `mask` or `look` sends just that.

    Parameters
    ----------
    what
        A `Volume` or its array (slices, rows, columns); the `Frames` of an instance, one frame (rows, columns), or a
        sequence of frames that is no array; or a `Scene`.
    mask
        Boolean, of the shape of the volume; or a `Layer`.
    after
        The same volume or frames after a change, of the same kind, shown beside the first with one crosshair.
    affine
        4x4, index (slice, row, column) to LPS mm.
    spacing
        mm along the axes of `what`, where there is no affine.
    hounsfield
        The values are Hounsfield units: the usual windows are offered.
    title
        What is written above; it must name nobody.
    """

    _esm = script("paint.js", "boxes.js", "viewer.js")
    _css = style()

    def __init__(
        self,
        what: Shows | scenes.Scene,
        mask: NDArray[np.bool_] | scenes.Layer | None = None,
        after: Shows | None = None,
        *,
        affine: scenes.Floats | None = None,
        spacing: Sequence[float] | None = None,
        hounsfield: bool = False,
        title: str = "",
    ) -> None:
        """Make the samples for the browser; display nothing."""
        super().__init__()
        self.title = title
        self.scene = what if isinstance(what, scenes.Scene) else _scene(what, affine, spacing, hounsfield=hounsfield)
        self._mask: scenes.Layer | None = None
        self._after: NDArray[Any] | None = None if after is None else _like(self.scene, after)
        self._look = Look()
        if mask is not None:
            self.mask = mask

    @property
    def mask(self) -> scenes.Layer | None:
        """The mask over the volume; setting it sends it and nothing else."""
        return self._mask

    @mask.setter
    def mask(self, mask: NDArray[np.bool_] | scenes.Layer | None) -> None:
        self._mask = scenes.layer(mask, self.scene) if isinstance(mask, np.ndarray) else mask
        header, buffers = (self._mask.header(), [self._mask.bits]) if self._mask else (None, [])
        self.send({"kind": "mask", "mask": header}, buffers)

    @property
    def look(self) -> Look:
        """How it is shown, as far as it was set from here."""
        return self._look

    @look.setter
    def look(self, look: Look) -> None:
        self._look = look
        self.send({"kind": "look", "look": asdict(look)})

    def show(self, what: scenes.Scene, *, title: str | None = None) -> None:
        """Show something else: no mask, nothing beside it."""
        self.scene, self._mask, self._after = what, None, None
        self._look = replace(self._look, window=None, cursor=None)
        self.title = self.title if title is None else title
        self._give(None)

    def describe(self) -> str:
        """Return what is shown, in one sentence."""
        n, rows, columns = self.scene.samples.shape
        kind = "frames" if self.scene.numbers else "slices"
        return f"{self.title or 'Viewer'}: {n} {kind} of {columns} x {rows} samples."

    def _give(self, view: str | None) -> None:
        buffers: list[Any] = [np.ascontiguousarray(self.scene.samples).data]
        if self._after is not None:
            buffers.append(np.ascontiguousarray(self._after).data)
        if self._mask is not None:
            buffers.append(self._mask.bits)
        self.send({"view": view, **self._message()}, buffers)

    def _message(self) -> dict[str, Any]:
        return {
            "kind": "scene",
            "scene": self.scene.header(),
            "title": self.title,
            "after": self._after is not None,
            "mask": self._mask and self._mask.header(),
            "look": asdict(self._look),
            "boxed": False,
            "boxes": [],
            "chosen": None,
            "seq": 0,
        }


def _scene(
    what: Shows, affine: scenes.Floats | None, spacing: Sequence[float] | None, *, hounsfield: bool
) -> scenes.Scene:
    if isinstance(what, Volume):
        return scenes.of_volume(what.array, what.affine, hounsfield=what.modality == "CT")
    if isinstance(what, np.ndarray) and what.ndim == 3:  # noqa: PLR2004  slices, rows, columns
        given = _standing(tuple(spacing or (1.0, 1.0, 1.0))) if affine is None else affine
        return scenes.of_volume(what, given, hounsfield=hounsfield)
    rows, columns = (1.0, 1.0) if spacing is None else (float(spacing[-2]), float(spacing[-1]))
    return scenes.of_frames(_frames(what), spacing=(rows, columns))


def _frames(what: Shows) -> Sequence[NDArray[Any]]:
    if isinstance(what, Frames):
        return Pictures(what)
    if isinstance(what, Volume):
        return list(what.array)
    return [what] if isinstance(what, np.ndarray) else what


def _standing(mm: Sequence[float]) -> scenes.Floats:
    """Return the affine of axial slices from feet to head with this spacing."""
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = *mm, 1.0
    return affine


def _like(scene: scenes.Scene, after: Shows) -> NDArray[Any]:
    if scene.numbers:
        frames = _frames(after)
        return np.stack([scenes.coded(frames[n][None], scene.knots, scene.samples.dtype)[0] for n in scene.numbers])
    return np.ascontiguousarray(scene.like(after.array if isinstance(after, Volume) else np.asarray(after)))
