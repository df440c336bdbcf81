"""Sequences that identify, graphics beside the pixels, and what stands around the Dataset in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicomlab.forge.corpus.fates import End
from dicomlab.forge.corpus.fill import code
from dicomlab.forge.corpus.plants import OUTSIDE
from dicomlab.forge.corpus.privates import unknown
from dicomlab.forge.corpus.texts import described, name_in_text
from dicomlab.forge.font import stamp

if TYPE_CHECKING:
    from dicomlab.forge.corpus.draft import Draft

_ABSENT = {"basic": (End.ABSENT,), "research": (End.ABSENT,)}
_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"


def requested(draft: Draft) -> None:
    """Add what was requested and performed, and what it refers to."""
    visit, item = draft.visit, "RequestAttributesSequence[0]"
    category = "request attributes"
    draft.plant(f"{item}.RequestedProcedureID", visit.procedure_id, category=category)
    draft.plant(f"{item}.ScheduledProcedureStepID", visit.step_id, category=category)
    draft.plant(f"{item}.AccessionNumber", visit.accession, category=category)
    described(draft, f"{item}.ScheduledProcedureStepDescription", category=category)
    draft.plant("PerformedProcedureStepStartDate", visit.date)
    draft.plant("PerformedProcedureStepID", f"PPS{visit.step_id[3:]}")
    draft.put("ReferencedStudySequence[0].ReferencedSOPClassUID", _STUDY_CLASS)
    draft.plant("ReferencedStudySequence[0].ReferencedSOPInstanceUID", draft.uid("study"), category="UID reference")
    if draft.target is not None and draft.target.instance != draft.sop_instance:
        draft.refer("SourceImageSequence[0]")


def contributed(draft: Draft) -> None:
    """Add equipment that contributed: its own attributes follow the table inside the item."""
    visit, item = draft.visit, "ContributingEquipmentSequence[0]"
    category = "contributing equipment"
    draft.put(f"{item}.PurposeOfReferenceCodeSequence", Items([code("109101", "DCM", "Acquisition Equipment")]))
    held, _ = draft.holder(f"{item}.Manufacturer")
    if "Manufacturer" not in held:
        draft.put(f"{item}.Manufacturer", "SIEMENS")
    draft.plant(f"{item}.InstitutionName", visit.institution, category=category)
    draft.plant(f"{item}.StationName", visit.station, category=category)
    draft.plant(f"{item}.OperatorsName", visit.operator.pn, *visit.operator.parts, category=category)
    draft.plant(f"{item}.ContributionDateTime", f"{visit.date}1200", category=category)
    described(draft, f"{item}.ContributionDescription", category=category)


def original(draft: Draft) -> None:
    """Add what the header said before: gone with its sequence."""
    visit, item = draft.visit, "OriginalAttributesSequence[0]"
    draft.plant(f"{item}.SourceOfPreviousValues", visit.institution, category="original attributes")
    draft.plant(f"{item}.AttributeModificationDateTime", f"{visit.date}120000", category="original attributes")
    draft.put(f"{item}.ModifyingSystem", "PACS")
    draft.put(f"{item}.ReasonForTheAttributeModification", "CORRECT")
    old = f"{item}.ModifiedAttributesSequence[0]"
    draft.plant(f"{old}.PatientID", f"OLD{draft.patient.patient_id}", category="original attributes")
    name = draft.patient.name
    draft.plant(f"{old}.PatientName", name.pn, *name.shown, category="original attributes")


def signed(draft: Draft) -> None:
    """Add a digital signature: it names its signer and no longer holds."""
    item = "DigitalSignaturesSequence[0]"
    draft.put(f"{item}.MACIDNumber", 1)
    draft.plant(f"{item}.DigitalSignatureUID", draft.uid("signature", str(draft.number)), category="digital signatures")
    draft.plant(f"{item}.DigitalSignatureDateTime", f"{draft.visit.date}130000.0+0000", category="digital signatures")
    draft.put(f"{item}.CertificateType", "X509_1993_SIG")
    signer = draft.visit.reader.family.encode()
    draft.put(f"{item}.CertificateOfSigner", signer + b"\0" * (len(signer) % 2))
    draft.note(f"{item}.CertificateOfSigner", (draft.visit.reader.family,), category="digital signatures", vr="OB")
    draft.put(f"{item}.Signature", b"\1\2\3\4")
    mac = Dataset()
    mac.MACIDNumber, mac.MACAlgorithm, mac.DataElementsSigned = 1, "SHA256", 0x00100010
    mac.MACCalculationTransferSyntaxUID = "1.2.840.10008.1.2.1"
    draft.put(MACParametersSequence=Items([mac]))


def icon(draft: Draft) -> None:
    """Add an icon in which the image shows."""
    item = "IconImageSequence[0]"
    draft.put(f"{item}.SamplesPerPixel", 1)
    draft.put(f"{item}.PhotometricInterpretation", "MONOCHROME2")
    for keyword, value in (("Rows", 8), ("Columns", 8), ("BitsAllocated", 8), ("BitsStored", 8), ("HighBit", 7),
                           ("PixelRepresentation", 0)):  # fmt: skip
        draft.put(f"{item}.{keyword}", value)
    draft.put(f"{item}.PixelData", bytes(range(64)))
    held, _ = draft.holder(f"{item}.PixelData")
    held["PixelData"].VR = "OB"
    draft.note("IconImageSequence", category="icons", ends=_ABSENT, vr="SQ")


def codes(draft: Draft) -> None:
    """Add coded meanings: standard ones that must stay, and one with a name in it, two items deep."""
    if "AnatomicRegionSequence" in draft.dataset:
        return
    region = code("818981001", "SCT", "Abdomen")
    draft.put(AnatomicRegionSequence=Items([region]))
    draft.note("AnatomicRegionSequence[0].CodeMeaning", category="kept clean words",
               ends={"basic": (End.KEPT,), "research": (End.KEPT,)})  # fmt: skip
    inner = "AnatomicRegionSequence[0].AnatomicRegionModifierSequence[0]"
    draft.put(f"{inner}.CodeValue", "L-12")
    draft.put(f"{inner}.CodingSchemeDesignator", "99HOSP")
    told = list(name_in_text(draft.draw.sub("meaning"), draft.patient.name, whole=True))
    described(draft, f"{inner}.CodeMeaning", category=OUTSIDE, told=told)


def overlay(draft: Draft) -> None:
    """Add an overlay plane whose bits spell the name, and texts that say it."""
    ds, patient = draft.dataset, draft.patient
    rows, columns = int(ds.Rows), int(ds.Columns)
    bits = np.zeros((rows, columns), dtype=np.uint8)
    stamp(bits, patient.name.family, (2, 1), value=1)
    label = next(t for t in name_in_text(draft.draw.sub("overlay"), patient.name) if len(t.text) <= 64)  # noqa: PLR2004
    for number, vr, value in (
        (0x0010, "US", rows), (0x0011, "US", columns), (0x0040, "CS", "G"), (0x0050, "SS", [1, 1]),
        (0x0100, "US", 1), (0x0102, "US", 0), (0x1500, "LO", label.text), (0x4000, "LT", label.text),
        (0x3000, "OW", np.packbits(bits, axis=None, bitorder="little").tobytes()),
    ):  # fmt: skip
        ds.add_new(0x60000000 | number, vr, value)
    may = (End.ABSENT, End.EMPTY, End.DUMMY)
    draft.note("(6000,3000)", (), category="overlays", ends={"basic": (End.ABSENT,), "research": may}, vr="OW")
    gone = (*may, End.CLEANED)
    draft.note(
        "(6000,4000)", label.values, category="overlays", ends={"basic": (End.ABSENT,), "research": gone}, vr="LT"
    )
    draft.note("(6000,1500)", label.values, category="overlays", ends={"basic": gone, "research": gone}, vr="LO")


def curve(draft: Draft) -> None:
    """Add a curve of the retired kind, with a description."""
    ds, patient = draft.dataset, draft.patient
    for number, vr, value in (
        (0x0005, "US", 2), (0x0010, "US", 4), (0x0020, "CS", "POLY"), (0x0022, "LO", patient.patient_id),
        (0x0103, "US", 0), (0x3000, "OW", bytes(range(16))),
    ):  # fmt: skip
        ds.add_new(0x50000000 | number, vr, value)
    draft.note("(5000,0022)", (patient.patient_id,), category="curves", ends=_ABSENT, vr="LO")
    draft.note("(5000,3000)", (), category="curves", ends={"basic": (End.ABSENT,), "research": (End.ABSENT, End.DUMMY)},
               vr="OW")  # fmt: skip


def around(draft: Draft) -> None:
    """Plant in what stands around the Dataset: preamble, file meta, trailing padding, compressed frames."""
    patient, visit = draft.patient, draft.visit
    gone = dict.fromkeys(("basic", "research"), (End.ABSENT, End.EMPTY, End.DUMMY))
    ascii_name = f"{patient.name.family} {patient.patient_id}".encode("ascii", "replace")
    draft.preamble = ascii_name
    draft.note("preamble", (patient.patient_id,), category="preamble", ends=gone, vr="OB")
    draft.meta.update(
        SourceApplicationEntityTitle=visit.station[:16], PrivateInformationCreatorUID=patient.uid("sender"),
        PrivateInformation=ascii_name + b"\0" * (len(ascii_name) % 2),
    )  # fmt: skip
    draft.note("(0002,0016)", (visit.station[:16],), category="file meta", ends=gone, vr="AE")
    draft.note("(0002,0102)", (patient.patient_id,), category="file meta", ends=gone, vr="OB")
    padding = f"{patient.patient_id} {visit.accession}".encode()
    draft.dataset.add_new(0xFFFCFFFC, "OB", padding + b"\0" * (len(padding) % 2))
    draft.note("(FFFC,FFFC)", (patient.patient_id, visit.accession), category="trailing padding", ends=_ABSENT, vr="OB")


def commented(draft: Draft) -> None:
    """Plant a comment in compressed frames."""
    draft.comment = f"{draft.patient.name.family} {draft.visit.date} {draft.patient.patient_id}".encode()


def unknown_vr(draft: Draft) -> None:
    """Write an attribute of the table, and one that it does not list, with VR UN (PS3.5 6.2.2)."""
    ds, patient = draft.dataset, draft.patient
    ascii_told = f"HD {patient.patient_id}"
    if "ReceiveCoilName" not in ds:
        unknown(ds, 0x00181250, _even(ascii_told))
        draft.note("ReceiveCoilName", (patient.patient_id,), category="UN-VR elements", words=("HD",), vr="SH")
    if "PatientInsurancePlanCodeSequence" not in ds and "MedicalRecordLocator" not in ds:
        unknown(ds, 0x00101090, _even(patient.insurance))
        draft.note("MedicalRecordLocator", (patient.insurance,), category="UN-VR elements", vr="LO")
    # An even group that no dictionary has: nobody knows what it means.
    unknown(ds, 0x0020FFF2, _even(f"{patient.insurance} {patient.name.family}"[:40]))
    draft.note("(0020,FFF2)", (patient.insurance,), category="attributes in no dictionary",
               ends=dict.fromkeys(("basic", "research"), (End.ABSENT, End.EMPTY, End.DUMMY)))  # fmt: skip


def _even(text: str) -> bytes:
    raw = text.encode("utf-8")
    return raw + b" " * (len(raw) % 2)
