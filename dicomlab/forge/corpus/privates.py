"""Private elements: names, dates and UIDs in them, sequences that read as UN, and safe ones that may stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicomlab.forge.corpus.fates import End
from dicomlab.forge.corpus.syntaxes import implicit_items
from dicomlab.forge.corpus.texts import Told, date_in_text, identifying, name_in_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dicomlab.forge.corpus.cast import Name
    from dicomlab.forge.corpus.draft import Draft

# PS3.15 Table E.3.10-1: creator, group, element, VR, value of safe private attributes.
_SAFE = (
    ("SIEMENS MR HEADER", 0x0019, 0x0C, "IS", "1000"), ("SIEMENS MR HEADER", 0x0019, 0x0D, "CS", "DIRECTIONAL"),
    ("GEMS_ACQU_01", 0x0019, 0x23, "DS", "39.375"), ("GEMS_PARM_01", 0x0043, 0x39, "IS", ["800", "8", "0", "0"]),
    ("ELSCINT1", 0x00E1, 0x21, "DS", "412.5"), ("ELSCINT1", 0x01F1, 0x27, "DS", "0.75"),
    ("Philips Imaging DD 001", 0x2001, 0x03, "FL", 600.0),
    ("Philips Imaging DD 001", 0x2001, 0x0B, "CS", "TRANSVERSAL"),
)  # fmt: skip
_ABSENT = {"basic": (End.ABSENT,), "research": (End.ABSENT,)}


def element(dataset: Dataset, creator: str, tag: tuple[int, int], content: tuple[str, object]) -> int:
    """Add a private element to the creator's block, made if need be, and return the block's number."""
    (group, low), (vr, value) = tag, content
    block = 0x10
    while dataset.get((group, block)) is not None and dataset[group, block].value != creator:
        block += 1
    dataset.add_new(group << 16 | block, "LO", creator)
    tag_number = group << 16 | block << 8 | low
    if vr == "UN":
        unknown(dataset, tag_number, value)
    else:
        dataset.add_new(tag_number, vr, value)
    return block


def unknown(dataset: Dataset, tag: int, value: object) -> None:
    """Add an element of VR UN: pydicom would give it the VR of its dictionary."""
    held = DataElement(tag, "OB", value)
    held.VR = "UN"
    dataset[tag] = held


def _plant(
    draft: Draft, creator: str, tag: tuple[int, int], content: tuple[str, object], *, values: Sequence[str],
    category: str, ends: Mapping[str, Sequence[str]] = _ABSENT,
) -> None:  # fmt: skip
    element(draft.dataset, creator, tag, content)
    draft.note(f"({tag[0]:04X},'{creator}',{tag[1]:02X})", tuple(values), category=category, ends=ends, vr=content[0])


def safe(draft: Draft) -> None:
    """Add safe private attributes: gone under basic, as they were under research."""
    for creator, group, low, vr, value in draft.draw.sub("safe").sample(_SAFE, 3):
        ends = {"basic": (End.ABSENT,), "research": (End.KEPT,)}
        _plant(draft, creator, (group, low), (vr, value), values=(), category="safe private", ends=ends)


def unsafe(draft: Draft) -> None:
    """Add a maker's block that nobody documented, with names, dates, numbers and UIDs."""
    draw, patient, visit = draft.draw.sub("unsafe"), draft.patient, draft.visit
    creator = draw.choice(("ACME 1.0 MEASURE", "FORGE WORKLIST", "SIEMENS FORGE HEADER", "GEMS_FORGE_01"))
    group = draw.choice((0x0009, 0x0029, 0x0011))
    name = next(name_in_text(draw.sub("name"), patient.name, whole=True))
    told: Sequence[tuple[int, str, object, Sequence[str], str]] = (
        (0x01, "LO", name.text[:64], name.values, "private text"),
        (0x02, "PN", patient.name.pn, patient.name.shown, "private text"),
        (0x03, "DA", visit.date, (visit.date,), "dates in private"),
        (0x04, "DT", f"{visit.date}1015+0100", (visit.date,), "dates in private"),
        (0x05, "LT", _lines(draft), _lines_values(draft), "private text"),
        (0x06, "UI", draft.uid("study"), (draft.uid("study"),), "UIDs in private"),
        (0x07, "SH", patient.patient_id, (patient.patient_id,), "private identifiers"),
        (0x08, "OB", _blob(draft), patient.name.parts[:2], "private binary"),
        (0x09, "UN", _blob(draft), patient.name.parts[:2], "UN-VR elements"),
    )
    for low, vr, value, values, category in draw.sample(told, 5):
        _plant(draft, creator, (group, low), (vr, value), values=values, category=category)


def _lines(draft: Draft) -> str:
    birth = date_in_text(draft.draw.sub("private birth"), draft.patient.birth).text
    return f"Name: {draft.patient.name.written}\r\nBorn: {birth}\r\nRef: {draft.visit.accession}"


def _lines_values(draft: Draft) -> tuple[str, ...]:
    return (*draft.patient.name.written.split("^"), draft.visit.accession)


def _blob(draft: Draft) -> bytes:
    name = draft.patient.name
    content = f"SV10\0PatientName\0{name.family}^{name.given}\0{draft.patient.patient_id}\0".encode()
    return content + b"\0" * (len(content) % 2)


def sequence(draft: Draft) -> None:
    """Add a private sequence with items that identify: as SQ, or as UN whose items are in implicit VR."""
    draw, patient = draft.draw.sub("private sequence"), draft.patient
    item = Dataset()
    item.PatientName, item.PatientID, item.StudyDate = patient.name.pn, patient.patient_id, draft.visit.date
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = draft.uid("study")
    inner.PatientAddress = patient.address
    item.ReferencedPatientSequence = Items([inner])
    values = (*patient.name.shown[:2], patient.patient_id)
    category, tag = "private sequences", (0x0031, 0x20)
    way = draw.integer(0, 3) if name_is_ascii(patient.name) else 0
    if way:  # the items of a sequence of VR UN are in implicit VR, and in the default character set
        category = "private sequences read as UN"
        _plant(draft, "FORGE TREE", tag, ("UN", implicit_items([item])), values=values, category=category)
        # PS3.5 6.2.2 note 6: of undefined length it is a sequence, whatever VR it has.
        draft.dataset[0x00311020].is_undefined_length = way > 1
    else:
        _plant(draft, "FORGE TREE", tag, ("SQ", Items([item])), values=values, category=category)


def name_is_ascii(name: Name) -> bool:
    """Return whether PN needs no character set."""
    return name.pn.isascii()


def named_creator(draft: Draft) -> None:
    """Add a block whose creator is the patient."""
    name = draft.patient.name
    told = next(t for t in name_in_text(draft.draw.sub("creator"), name, whole=True) if t.text.isprintable())
    creator = f"{told.text} PRIVATE"[:64]
    block = element(draft.dataset, creator, (0x0033, 0x01), ("LO", "Left"))
    draft.note(f"(0033,00{block:02X})", told.values, category="private creators' names", ends=_ABSENT, vr="LO")


def nested_private(draft: Draft) -> None:
    """Add a private element to an item of a standard sequence."""
    draw = draft.draw.sub("nested private")
    held, _ = draft.holder("ContributingEquipmentSequence[0].Manufacturer")
    told: Told = next(iter(identifying(draw, draft.patient, draft.visit)))
    element(held, "FORGE NOTES", (0x0011, 0x05), ("LO", told.text[:64]))
    path = "ContributingEquipmentSequence[0].(0011,'FORGE NOTES',05)"
    draft.note(path, told.values, category="private text", ends=_ABSENT, vr="LO")


def declared(draft: Draft) -> None:
    """Add a block that the instance itself declares as safe (PS3.3 C.12.1.1.7): staying and going are both right."""
    ends = {"basic": (End.ABSENT,), "research": (End.KEPT, End.ABSENT)}
    _plant(draft, "FORGE SAFE", (0x0035, 0x01), ("DS", "1.25"), values=(), category="private declared safe", ends=ends)
    item = Dataset()
    item.PrivateGroupReference, item.PrivateCreatorReference = 0x0035, "FORGE SAFE"
    item.BlockIdentifyingInformationStatus = "SAFE"
    draft.put(PrivateDataElementCharacteristicsSequence=Items([item]))
