"""Instances of any SOP Class built from a few attributes, and what a recipe makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from dicomlab import engine
from dicomlab.free_text import Identifiers
from dicomlab.pseudonyms import Key
from dicomlab.recipe import Recipe, Rule, load
from dicomlab.records import Change

KEY = Key(bytes(range(32)))
UID_ROOT = "1.2.826.0.1.3680043.8.498.62"
CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "Enhanced MR": "1.2.840.10008.5.1.4.1.1.4.1",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "PET": "1.2.840.10008.5.1.4.1.1.128",
    "RTSTRUCT": "1.2.840.10008.5.1.4.1.1.481.3",
    "SEG": "1.2.840.10008.5.1.4.1.1.66.4",
    "GSPS": "1.2.840.10008.5.1.4.1.1.11.1",
    "Basic Text SR": "1.2.840.10008.5.1.4.1.1.88.11",
    "Comprehensive SR": "1.2.840.10008.5.1.4.1.1.88.33",
    "PDF": "1.2.840.10008.5.1.4.1.1.104.1",
    "CDA": "1.2.840.10008.5.1.4.1.1.104.2",
    "STL": "1.2.840.10008.5.1.4.1.1.104.3",
    "OBJ": "1.2.840.10008.5.1.4.1.1.104.4",
    "MTL": "1.2.840.10008.5.1.4.1.1.104.5",
    "ECG": "1.2.840.10008.5.1.4.1.1.9.1.1",
    "Retired NM": "1.2.840.10008.5.1.4.1.1.5",
    "No IOD": "1.2.840.10008.5.1.4.1.1.999",
}
# CID 7050 (PS3.16), to the letter; 113100 is the profile's own.
CID_7050 = {
    "clean-graphics": ("113103", "Clean Graphics Option"),
    "clean-structured-content": ("113104", "Clean Structured Content Option"),
    "clean-descriptors": ("113105", "Clean Descriptors Option"),
    "retain-full-dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    "retain-modified-dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "retain-patient-characteristics": ("113108", "Retain Patient Characteristics Option"),
    "retain-device-identity": ("113109", "Retain Device Identity Option"),
    "retain-uids": ("113110", "Retain UIDs Option"),
    "retain-safe-private": ("113111", "Retain Safe Private Option"),
    "retain-institution-identity": ("113112", "Retain Institution Identity Option"),
}


def instance(kind: str = "CT", **attributes: Any) -> Dataset:
    """An instance that has its four UIDs, a Patient ID, and the given attributes."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.update(
        {
            "SOPClassUID": CLASSES[kind],
            "SOPInstanceUID": f"{UID_ROOT}.1.1",
            "StudyInstanceUID": f"{UID_ROOT}.2.1",
            "SeriesInstanceUID": f"{UID_ROOT}.3.1",
            "PatientID": "PX-4471",
            **attributes,
        }
    )
    return ds


def item(**attributes: Any) -> Dataset:
    """One item of a sequence."""
    ds = Dataset()
    ds.update(attributes)
    return ds


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """One item of a code sequence."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def recipe_of(what: str | Recipe | Iterable[str], *rules: dict[str, Any], **more: Any) -> Recipe:
    """A packaged recipe by name, as far as it is about headers, or the Basic Profile with options; more on top."""
    if isinstance(what, Recipe):
        made = what
    elif isinstance(what, str):
        made = on_headers(what)
    else:
        made = Recipe(title="a test", options=tuple(what), at_risk={"text": "keep", "face": "keep"})
    changes = {**more, **({"rules": tuple(Rule(reason="a test", **rule) for rule in rules)} if rules else {})}
    return made.with_changes(**changes) if changes else made


def on_headers(name: str) -> Recipe:
    """A packaged recipe without its work on pixels: what is at risk there is held back, and tests stay quick."""
    made = load(name)
    options = tuple(o for o in made.options if o not in {"clean-pixel-data", "clean-recognizable-visual-features"})
    return made.with_changes(options=options, burned_in=None, deface=None)


def cleaned(
    dataset: Dataset,
    what: str | Recipe | Iterable[str] = "basic",
    *rules: dict[str, Any],
    known: Identifiers | None = None,
) -> Dataset:
    """The instance de-identified."""
    return engine.deidentify(dataset, recipe_of(what, *rules), KEY, known=known)


def changes(
    dataset: Dataset, what: str | Recipe | Iterable[str] = "basic", *rules: dict[str, Any]
) -> dict[str, Change]:
    """What was planned, by attribute path."""
    return {change.path: change for change in engine.plan(dataset, recipe_of(what, *rules), KEY).changes}
