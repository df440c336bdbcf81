"""The heads of a catalog, and what a person sees of one before and after its face is removed."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from dicomlab import deface
from dicomlab.errors import DicomlabError, FaceRefused
from dicomlab.records import Masked
from dicomlab.volume import volumes_of

if TYPE_CHECKING:
    from dicomlab.catalog import Catalog
    from dicomlab.volume import Volume

_MODALITIES = frozenset({"CT", "MR", "PT"})


@dataclass(frozen=True, eq=False)
class Head:
    """A volume that shows a head, or may, under a label that names nobody."""

    label: str
    volume: Volume
    sure: bool


def heads(catalog: Catalog) -> tuple[Head, ...]:
    """Return the volumes that show a head, or may: those whose metadata do not rule it out, told from their pixels."""
    found = []
    for group in catalog.series:
        if not any(e.modality in _MODALITIES and deface.face_risk(e.attributes) for e in group.instances):
            continue
        try:
            volumes, _ = volumes_of([entry.read() for entry in group.instances])
            told = [(volume, deface.is_head(volume)) for volume in volumes]
        except DicomlabError:
            continue  # a run holds the series back, with the reason
        found += [Head(group.label, volume, answer == "yes") for volume, answer in told if answer != "no"]
    return tuple(found)


class Views(Figure):
    """Pictures of a head from seven sides, shown whatever backend is chosen, also with no front end."""

    def _repr_png_(self) -> bytes:
        drawn = BytesIO()
        self.savefig(drawn, format="png", dpi=100, metadata={"Software": None})
        return drawn.getvalue()


def views(volume: Volume, face: deface.FaceMask | None, *, reveal: bool = False) -> Views:
    """Return a head from seven sides after its face was removed; with `reveal` also before, on a screen only.

    Raises
    ------
    DicomlabError
        `reveal` in a batch: a face identifies.
    FaceRefused
        There is no mask: nothing was removed.
    """
    if face is None:
        raise FaceRefused("there is no mask, so there is nothing to show without the face")
    after = deface.deface(volume, face)
    rows = [("after", after)]
    if reveal:
        Masked(None).reveal()  # refuses in a batch
        rows.insert(0, ("before", volume))
    figure = Views(figsize=(2 * len(deface.VIEWS), 2.4 * len(rows)))
    figure.set_facecolor("black")
    grid = figure.subplots(len(rows), len(deface.VIEWS), squeeze=False, sharex=True, sharey=True)  # one scale
    for line, (name, shown) in zip(grid, rows, strict=True):
        for axes, view in zip(line, deface.VIEWS, strict=True):
            picture = deface.rendering(shown, view)
            extent = [side * size / 2 for size in picture.shape[::-1] for side in (-1, 1)]
            axes.imshow(picture, cmap="gray", vmin=0, vmax=255, extent=extent)
            axes.set_title(f"{name}, {view}", fontsize=9, color="white")
            axes.axis("off")
    figure.tight_layout(pad=0.8)
    return figure
