"""The smallest valid instance of a SOP Class: what Type 1 and 2 ask for, generically, from PS3.3's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicomlab import standard
from dicomlab.forge.corpus.cast import table

if TYPE_CHECKING:
    from dicomlab.forge.corpus.draft import Draft

_BYTES = {vr: bytes(n) for vr, n in (("OB", 2), ("OW", 2), ("UN", 2), ("OF", 4), ("OL", 4), ("OD", 8), ("OV", 8))}
_CODE = ("113000", "DCM", "Of Interest")


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return one item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def settle_values(draft: Draft) -> None:
    """Set the values that the table of SOP Classes gives; lists of three texts in a code sequence are codes."""
    for keyword, value in draft.sop_class.values.items():
        if keyword.endswith("CodeSequence"):
            draft.put(keyword, Items([code(*c) for c in value]))
        else:
            draft.put(keyword, value)


def complete(draft: Draft) -> None:
    """Add every missing Type 1 and Type 2 attribute of the mandatory modules and of those that are there.

    Type 1 gets a value, a sequence an item; Type 2 stays empty. What identifies by its VR is planted.
    """
    while True:
        present = frozenset(e.keyword for e in draft.dataset if e.keyword)
        iod = standard.iod(draft.sop_class.uid, present)
        if iod is None:
            return
        types = iod.attributes()
        before = len(present)
        for path in sorted(types, key=len):
            if types[path] in ("1", "2"):
                _add(draft, path, types[path])
        if len([e for e in draft.dataset if e.keyword]) == before:
            return


def _add(draft: Draft, path: tuple[str, ...], type_: str) -> None:
    """Add one attribute to every item that its sequences hold already."""
    for where in _places(draft.dataset, path[:-1], ""):
        held, leaf = draft.holder(f"{where}{path[-1]}")
        if leaf in held and (type_ == "2" or not _is_empty(held, leaf)):
            continue
        _set(draft, held, f"{where}{leaf}", type_)


def _is_empty(held: Dataset, leaf: str) -> bool:
    element = held[leaf]
    return len(element.value) == 0 if element.VR == "SQ" else element.is_empty


def _places(held: Dataset, path: tuple[str, ...], where: str) -> list[str]:
    if not path:
        return [where]
    found = []
    for index, item in enumerate(held.get(path[0]) or ()):
        found += _places(item, path[1:], f"{where}{path[0]}[{index}].")
    return found


def _set(draft: Draft, held: Dataset, path: str, type_: str) -> None:
    leaf = path.rsplit(".", 1)[-1]
    tag = tag_for_keyword(leaf)
    if tag is None:
        return
    vr = dictionary_VR(tag).split(" or ")[0]
    if leaf == "CodeMeaning":
        held.CodeValue, held.CodingSchemeDesignator, held.CodeMeaning = _CODE
    elif vr == "SQ":
        item = code(*_CODE) if leaf.endswith("CodeSequence") else Dataset()
        setattr(held, leaf, Items([item] if type_ == "1" else []))
    elif type_ == "2":
        setattr(held, leaf, None if vr not in _BYTES else b"")
    elif vr in ("UI", "DA", "DT", "PN"):
        _identifying(draft, path, leaf, vr)
    else:
        setattr(held, leaf, _harmless(leaf, vr))


def _harmless(leaf: str, vr: str) -> Any:  # noqa: ANN401 - whatever the VR holds
    known = table("values")
    if vr in _BYTES:
        return _BYTES[vr]
    return known["keywords"].get(leaf, known["vrs"].get(vr))


def _identifying(draft: Draft, path: str, leaf: str, vr: str) -> None:
    if vr == "UI":
        if leaf.endswith("ClassUID"):
            draft.put(path, "1.2.840.10008.5.1.4.1.1.2")
            return
        own = {"StudyInstanceUID": ("study",), "FrameOfReferenceUID": ("frame",)}.get(
            leaf, ("filled", path, draft.series)
        )
        draft.plant(path, draft.uid(*own), category="UID")
        return
    value = {"DA": draft.visit.date, "DT": f"{draft.visit.date}101500", "PN": draft.visit.reader.pn}[vr]
    draft.plant(path, value, category={"DA": "date", "DT": "date and time", "PN": "staff name"}[vr])
