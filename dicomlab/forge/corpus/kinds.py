"""What each kind of content adds to an instance."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dicomlab.forge.corpus import functional, images, others, presentations, radiotherapy, reports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dicomlab.forge.corpus.draft import Draft


def _enhanced(draft: Draft) -> None:
    images.add_pixels(draft)
    functional.enhanced(draft)


_KINDS: Mapping[str, Callable[[Draft], None]] = MappingProxyType(
    {
        **dict.fromkeys(("grey16", "grey16mf", "grey8", "grey8mf", "rgb", "rgbmf"), images.add_pixels),
        **dict.fromkeys(("pdf", "cda", "stl"), others.encapsulated),
        **dict.fromkeys(("registration", "deformable"), presentations.registration),
        "enhanced": _enhanced, "segmentation": functional.segmentation, "parametric": functional.parametric,
        "spectroscopy": functional.spectroscopy, "structures": radiotherapy.structures, "dose": radiotherapy.dose,
        "plan": radiotherapy.plan, "ion": radiotherapy.plan, "record": radiotherapy.record,
        "presentation": presentations.presentation, "fiducials": presentations.fiducials,
        "surface": presentations.surface, "mapping": presentations.mapping, "raw": presentations.raw,
        "annotations": presentations.slide_annotations, "keyobject": reports.key_object, "report": reports.report,
        "waveform": others.waveform,
    }
)  # fmt: skip


def add_content(draft: Draft) -> None:
    """Add the content of the draft's SOP Class."""
    _KINDS[draft.sop_class.kind](draft)


def is_image(kind: str) -> bool:
    """Return whether a kind has pixels of its own that others may refer to."""
    return kind.startswith("grey16")
