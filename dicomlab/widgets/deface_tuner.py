"""The deface tuner: a head with the mask of its face, the settings beside it, saved in a recipe with a reason."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomlab.errors import DicomlabError
from dicomlab.widgets import deface_model as faces
from dicomlab.widgets import scene as scenes
from dicomlab.widgets.saving import Saved
from dicomlab.widgets.viewer import Viewer, script

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from dicomlab import deface
    from dicomlab.recipe import DefaceSettings, Recipe
    from dicomlab.volume import Volume


class DefaceTuner(Viewer):
    """Three planes and the profile of a head with its mask; sliders change the settings, the mask follows at once.

    Parameters
    ----------
    volume
        A head, as `volumes_of` returns it.
    recipe
        A packaged recipe or the path of one, to start from.
    out
        Where the recipe is saved. If it is there, the tuner starts from what it says for this subject.
    placement
        Where the head lies, if that is known: finding it takes seconds.
    """

    _esm = script("paint.js", "boxes.js", "viewer.js", "deface_tuner.js")

    def __init__(
        self,
        volume: Volume,
        recipe: str | os.PathLike[str] | Recipe,
        out: str | os.PathLike[str],
        *,
        placement: deface.Placement | None = None,
        title: str = "",
    ) -> None:
        """Find the head and try what the recipe says; display nothing."""
        self.volume = volume
        self.saved = Saved.open(recipe, out)
        settings = faces.settings_of(self.saved.recipe, volume)
        self._placement = placement or faces.placed(volume, settings)
        self._seq, self._checks = 0, 0
        self._said = self.saved.told
        self._tried = faces.tried(volume, settings, self._placement)
        super().__init__(scenes.of_volume(volume.array, volume.affine, hounsfield=volume.modality == "CT"), title=title)
        self._show_mask()

    # What a test or a notebook asks.

    @property
    def tried(self) -> faces.Tried:
        """What the settings make of the head."""
        return self._tried

    @property
    def settings(self) -> DefaceSettings:
        """The settings; setting them makes the mask anew and shows it."""
        return self._tried.settings

    @settings.setter
    def settings(self, settings: DefaceSettings) -> None:
        old = self._tried.settings
        if any(getattr(old, name) != getattr(settings, name) for name in faces.SLOW):
            self._placement = faces.placed(self.volume, settings, self._placement)
        self._checks += 1  # what is being checked is out of date
        self._tried = faces.tried(self.volume, settings, self._placement)
        self._show_mask()

    def scores(self) -> Mapping[str, str]:
        """Return what is left of the face, seen in the volume after the mask; it takes seconds."""
        face = self._tried.face
        return faces.scores(self.volume, face) if face else {"refused": self._tried.refused}

    def save(self, reason: str, *, everyone: bool = False) -> Path:
        """Write the settings into the recipe, for this subject or for every head, and return its path."""
        changed = faces.with_settings(self.saved.recipe, self.volume, self.settings, reason=reason, everyone=everyone)
        self.saved = self.saved.write(changed)
        self._said = self.saved.told
        return self.saved.path

    def describe(self) -> str:
        """Return what the settings make of the head, in one sentence."""
        tried = self._tried
        return (
            f"Deface tuner: refused, {tried.refused}."
            if tried.face is None
            else f"Deface tuner: {tried.face.removed:.1%} of the head would be removed."
        )

    # What the browser says and is told.

    def _show_mask(self) -> None:
        face = self._tried.face
        if face is None:
            self._mask = None
        else:
            self._mask = scenes.layer(face.mask, self.scene, np.linalg.inv(face.affine) @ self.volume.affine)
        self._send_mask(None)

    def _send_mask(self, view: str | None) -> None:
        """Send the mask and what is known of it to a view, or to all; then the profile, which takes as long again."""
        header, bits = (self._mask.header(), self._mask.bits) if self._mask else (None, b"")
        self.send({"kind": "mask", "view": view, "mask": header, **self._state()}, [bits])
        profile = self._tried.profile
        self.send({"kind": "profile", "view": view, "shape": list(profile.shape[1:])}, [profile.tobytes()])

    def _state(self) -> dict[str, Any]:
        tried = self._tried
        return {
            "values": tried.settings.model_dump(), "facts": dict(tried.facts), "refused": tried.refused,
            "seq": self._seq, "said": self._said,
        }  # fmt: skip

    def _message(self) -> dict[str, Any]:
        controls = [asdict(slider) for slider in faces.sliders(self.volume.modality)]
        return {**super()._message(), **self._state(), "sliders": controls}

    def _give(self, view: str | None) -> None:
        super()._give(view)
        self._send_mask(view)

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message["kind"]
        try:
            if kind == "set":
                self._seq = message["seq"]
                self._said = "not saved"
                self.settings = faces.checked(self.settings, **{message["name"]: message["value"]})
            elif kind == "reset":
                self._said = self.saved.told
                self.settings = faces.settings_of(self.saved.recipe, self.volume)
            elif kind == "check":
                self._check()
            elif kind == "save":
                self.save(message["reason"], everyone=message["everyone"])
                self.send({"kind": "said", "said": self._said})
        except DicomlabError as error:
            self.send({"kind": "said", "said": f"Not done: {error}"})

    def _check(self) -> threading.Thread:
        """Send the scores when they are there, unless the settings have changed meanwhile."""
        self._checks += 1
        number = self._checks

        def work() -> None:
            found = self.scores()
            if number == self._checks:
                self.send({"kind": "scores", "scores": found})

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        return worker
