"""Structured reports and key objects: names, texts, dates, UIDs and local codes as content items of a valid tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicomlab.forge.corpus.fill import code
from dicomlab.forge.corpus.texts import Words, described, name_in_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dicomlab.forge.corpus.draft import Draft

_SR = "SR content"
_ROOTS = {
    "dosesr": ("113701", "DCM", "X-Ray Radiation Dose Report"), "cadsr": ("111036", "DCM", "Mammography CAD Report"),
    "keyobject": ("113000", "DCM", "Of Interest"),
}  # fmt: skip
_TEMPLATES = {"dosesr": "10011", "cadsr": "4000", "keyobject": "2010"}


def report(draft: Draft) -> None:
    """Add document, observer, evidence and a content tree of the class's value types."""
    document(draft)
    draft.put(CompletionFlag="COMPLETE", VerificationFlag="VERIFIED")
    observer = "VerifyingObserverSequence[0]"
    reader, visit = draft.visit.reader, draft.visit
    draft.plant(f"{observer}.VerifyingObserverName", reader.pn, *reader.parts, category="SR observer")
    draft.plant(f"{observer}.VerifyingOrganization", visit.institution, category="SR observer")
    draft.plant(f"{observer}.VerificationDateTime", f"{visit.date}173000+0100", category="SR observer")
    draft.put(f"{observer}.VerifyingObserverIdentificationCodeSequence", Items([]))
    draft.put(PerformedProcedureCodeSequence=Items([]), ReferencedPerformedProcedureStepSequence=Items([]))
    tree = _Tree(draft)
    tree.texts()
    tree.codes()
    if draft.sop_class.name != "textsr":
        tree.numbers()
    tree.image()
    if draft.sop_class.name in ("sr", "sr3d", "enhancedsr"):
        tree.nested()


def key_object(draft: Draft) -> None:
    """Add a key object selection that refers to an image and names the patient."""
    document(draft)
    draft.put(ReferencedRequestSequence=Items([]), ReferencedPerformedProcedureStepSequence=Items([]))
    tree = _Tree(draft)
    tree.text("CONTAINS", ("113012", "DCM", "Key Object Description"))
    tree.image()


def document(draft: Draft) -> None:
    """Add what a document's root carries, and the evidence."""
    draft.plant("ContentDate", draft.visit.date)
    draft.put(ContentTime="161718", ValueType="CONTAINER", ContinuityOfContent="SEPARATE")
    name = draft.sop_class.name
    root = _ROOTS.get(name, ("18748-4", "LN", "Diagnostic Imaging Report"))
    draft.put(ConceptNameCodeSequence=Items([code(*root)]))
    template = "ContentTemplateSequence[0]"
    draft.put(f"{template}.MappingResource", "DCMR")
    draft.put(f"{template}.TemplateIdentifier", _TEMPLATES.get(name, "2000"))
    evidence = "CurrentRequestedProcedureEvidenceSequence[0]"
    if draft.target is not None:
        draft.plant(f"{evidence}.StudyInstanceUID", draft.target.study, category="references in SR")
        series = f"{evidence}.ReferencedSeriesSequence[0]"
        draft.refer_in_series(series, "ReferencedSOPSequence", "references in SR")


class _Tree:
    """The items below the root, one after the other."""

    def __init__(self, draft: Draft) -> None:
        self.draft, self.count = draft, 0

    def item(self, relation: str, kind: str, concept: Sequence[str], *, below: str = "", number: int = -1) -> str:
        """Add an item and return its path."""
        path = f"{below}ContentSequence[{self.count if number < 0 else number}]"
        if number < 0:
            self.count += 1
        self.draft.put(f"{path}.RelationshipType", relation)
        self.draft.put(f"{path}.ValueType", kind)
        self.draft.put(f"{path}.ConceptNameCodeSequence", Items([code(*concept)]))
        if kind == "CONTAINER":
            self.draft.put(f"{path}.ContinuityOfContent", "SEPARATE")
        return path

    def text(self, relation: str, concept: Sequence[str], words: Words | None = None) -> None:
        """Add a text that names the patient."""
        path = self.item(relation, "TEXT", concept)
        described(self.draft, f"{path}.TextValue", category=_SR, words=words, most=1000)

    def texts(self) -> None:
        """Add names, texts, UIDs, dates and times."""
        draft, visit, patient = self.draft, self.draft.visit, self.draft.patient
        path = self.item("HAS OBS CONTEXT", "PNAME", ("121008", "DCM", "Person Observer Name"))
        draft.plant(f"{path}.PersonName", visit.reader.pn, *visit.reader.parts, category=_SR)
        path = self.item("HAS OBS CONTEXT", "PNAME", ("121029", "DCM", "Subject Name"))
        draft.plant(f"{path}.PersonName", patient.name.pn, *patient.name.shown, category=_SR)
        path = self.item("HAS OBS CONTEXT", "TEXT", ("121030", "DCM", "Subject ID"))
        draft.plant(f"{path}.TextValue", patient.patient_id, category=_SR)
        path = self.item("HAS OBS CONTEXT", "UIDREF", ("121018", "DCM", "Procedure Study Instance UID"))
        draft.plant(f"{path}.UID", draft.uid("study"), category="references in SR")
        path = self.item("HAS OBS CONTEXT", "DATE", ("121031", "DCM", "Subject Birth Date"))
        draft.plant(f"{path}.Date", f"{patient.birth:%Y%m%d}", category="SR dates")
        path = self.item("HAS OBS CONTEXT", "DATETIME", ("111526", "DCM", "DateTime Started"))
        draft.plant(f"{path}.DateTime", f"{visit.date}083000.125-0500", category="SR dates")
        path = self.item("HAS OBS CONTEXT", "TIME", ("121135", "DCM", "Observation Time"))
        draft.put(f"{path}.Time", "083000")
        self.text("CONTAINS", ("121071", "DCM", "Finding"))
        self.text("CONTAINS", ("121073", "DCM", "Impression"), Words("No pulmonary embolism"))

    def codes(self) -> None:
        """Add a standard code, which must stay, and a local one whose meaning names the patient."""
        draft = self.draft
        path = self.item("CONTAINS", "CODE", ("121071", "DCM", "Finding"))
        draft.put(f"{path}.ConceptCodeSequence", Items([code("17621005", "SCT", "Normal")]))
        ends = {"basic": (), "research": ("kept",)}
        draft.note(f"{path}.ConceptCodeSequence[0].CodeMeaning", category="kept clean words", ends=ends)
        path = self.item("CONTAINS", "CODE", ("121077", "DCM", "Conclusion"))
        own = Dataset()
        own.CodeValue, own.CodingSchemeDesignator, own.CodeMeaning = "L-77", "99HOSP", ""
        draft.put(f"{path}.ConceptCodeSequence", Items([own]))
        told = list(name_in_text(draft.draw.sub("code"), draft.patient.name, whole=True))
        described(
            draft, f"{path}.ConceptCodeSequence[0].CodeMeaning", category="SR codes of private schemes", told=told
        )
        path = self.item("CONTAINS", "CODE", ("121072", "DCM", "Impressions"))
        own = Dataset()
        own.CodeValue, own.CodingSchemeDesignator, own.CodeMeaning = "", "99HOSP", "Slip"
        draft.put(f"{path}.ConceptCodeSequence", Items([own]))
        draft.plant(f"{path}.ConceptCodeSequence[0].CodeValue", draft.patient.patient_id,
                    category="SR codes of private schemes")  # fmt: skip

    def numbers(self) -> None:
        """Add a measurement, which must stay where content is cleaned."""
        draft = self.draft
        path = self.item("CONTAINS", "NUM", ("121206", "DCM", "Distance"))
        value = f"{path}.MeasuredValueSequence[0]"
        draft.put(f"{value}.NumericValue", f"{draft.number}.25")
        draft.put(f"{value}.MeasurementUnitsCodeSequence", Items([code("mm", "UCUM", "mm")]))
        draft.note(
            f"{value}.NumericValue", category="kept acquisition values", ends={"basic": (), "research": ("kept",)}
        )

    def image(self) -> None:
        """Add a reference to the visit's image."""
        draft = self.draft
        path = f"ContentSequence[{self.count}]"
        self.count += 1
        draft.put(f"{path}.RelationshipType", "CONTAINS")
        draft.put(f"{path}.ValueType", "IMAGE")
        draft.refer(f"{path}.ReferencedSOPSequence[0]", "references in SR")

    def nested(self) -> None:
        """Add a section with a text below it."""
        draft = self.draft
        section = self.item("CONTAINS", "CONTAINER", ("121070", "DCM", "Findings"))
        below = self.item("CONTAINS", "TEXT", ("121071", "DCM", "Finding"), below=f"{section}.", number=0)
        described(draft, f"{below}.TextValue", category=_SR, most=400)
        deeper = self.item("INFERRED FROM", "TEXT", ("121071", "DCM", "Finding"), below=f"{below}.", number=0)
        described(draft, f"{deeper}.TextValue", category=_SR, most=400)
        draft.plant(f"{below}.ObservationDateTime", f"{draft.visit.date}0912", category="SR dates")
