"""What must stay: numbers and codes of the acquisition, and words that name nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.datadict import dictionary_has_tag, keyword_for_tag

from dicomlab.forge.corpus.cast import table
from dicomlab.forge.corpus.fates import fates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from dicomlab.forge.corpus.draft import Draft

_NUMERIC = {"US", "SS", "UL", "SL", "FL", "FD", "DS", "IS", "CS"}
_BOTH = {"basic": ("kept",), "research": ("kept",)}
# What a tool must write anew (PS3.15 E.1.1), and numbers that follow from something else.
_OWN = {"PatientIdentityRemoved", "BurnedInAnnotation", "RecognizableVisualFeatures", "EncapsulatedDocumentLength",
        "LongitudinalTemporalInformationModified", "ScanOptions", "ImageType",
        "PrivateDataElementCharacteristicsSequence"}  # fmt: skip
_GROUPS = {0x50, 0x60}  # curves and overlays go with their planes


def values(draft: Draft, count: int = 12) -> None:
    """Note numbers and codes, drawn from everything that the table does not list, at any depth."""
    noted = {path for path, _ in draft.notes}
    found = [path for path in _unlisted(draft.dataset, "") if path not in noted]
    for path in draft.draw.sub("staying").sample(found, min(count, len(found))):
        draft.note(path, category="kept acquisition values", ends=_BOTH)


def _unlisted(held: Dataset, where: str) -> Iterator[str]:
    for element in held:
        tag = element.tag
        if tag.is_private or not dictionary_has_tag(tag) or tag.group >> 8 in _GROUPS:
            continue
        keyword = keyword_for_tag(tag)
        if keyword in fates() or keyword in _OWN:
            continue
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                yield from _unlisted(item, f"{where}{keyword}[{number}].")
        elif element.VR in _NUMERIC and not element.is_empty:
            yield f"{where}{keyword}"


def words(draft: Draft) -> None:
    """Set texts that name nobody: they stay outside the table, and where descriptions are cleaned."""
    draw, known = draft.draw.sub("clean words"), table("planted")
    for keyword in draw.sample(known["descriptions"], 3):
        if keyword not in draft.dataset and keyword not in known["by rule"]:
            text = draw.choice(known["clean"])
            draft.put(keyword, text)
            draft.note(keyword, category="kept clean words", words=tuple(text.split()),
                       ends={"basic": (), "research": ("kept", "cleaned")})  # fmt: skip
    for keyword, text in draw.sample(known["clean outside"], 3):
        if keyword not in draft.dataset:
            draft.keep(keyword, text, "kept clean words")
