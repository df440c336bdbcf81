"""Documents: a structured report that refers to the CT, and a letter as encapsulated PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.uid import ComprehensiveSRStorage, CTImageStorage, EncapsulatedPDFStorage

from dicomlab.forge.encoding import EXPLICIT, Envelope
from dicomlab.forge.instances.common import Series, code, parts, sheet_of
from dicomlab.forge.sheet import Book, Fate, Sheet

if TYPE_CHECKING:
    from dicomlab.forge.instances.volumes import Made


def report(book: Book, name: str, series: Series, ct: Series) -> Made:
    """Return a verified structured report about the CT: names, texts, dates, UIDs and codes as content items."""
    visit = series.visit
    sheet = sheet_of(book, name, series, sop_class=ComprehensiveSRStorage, number=1)
    sheet.plant("ContentDate", visit.date, fate="D/shift")  # Type 1 in SR Document General
    sheet.put(ContentTime=series.time, CompletionFlag="COMPLETE", VerificationFlag="VERIFIED")
    sheet.put(ReferencedPerformedProcedureStepSequence=[], PerformedProcedureCodeSequence=[])
    item = "VerifyingObserverSequence[0]"
    sheet.plant(f"{item}.VerifyingObserverName", visit.reader, *parts(visit.reader))
    sheet.plant(f"{item}.VerifyingOrganization", visit.place.institution)
    sheet.plant(f"{item}.VerificationDateTime", f"{visit.date}173000", visit.date)
    sheet.put(f"{item}.VerifyingObserverIdentificationCodeSequence", [])
    sheet.put(ValueType="CONTAINER", ContinuityOfContent="SEPARATE")
    sheet.put(ConceptNameCodeSequence=code("18748-4", "LN", "Diagnostic Imaging Report"))
    _evidence(sheet, ct)
    _content(sheet, series, ct)
    return name, sheet, Envelope(EXPLICIT, sender=visit.station)


def _evidence(sheet: Sheet, ct: Series) -> None:
    study = "CurrentRequestedProcedureEvidenceSequence[0]"
    sheet.put(f"{study}.StudyInstanceUID", ct.visit.uid())
    sheet.put(f"{study}.ReferencedSeriesSequence[0].SeriesInstanceUID", ct.uid)
    instance = f"{study}.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]"
    sheet.put(f"{instance}.ReferencedSOPClassUID", CTImageStorage)
    sheet.plant(f"{instance}.ReferencedSOPInstanceUID", ct.instance(30))


def _content(sheet: Sheet, series: Series, ct: Series) -> None:
    person, visit = series.person, series.visit
    text = (
        f"{person.family} {person.given}, born {person.birth:%d.%m.%Y}, seen on {visit.spoken} "
        f"for {visit.referring.split('^')[0]}. CT head without contrast: no haemorrhage."
    )
    words = (person.family, person.given, f"{person.birth:%d.%m.%Y}", visit.spoken, visit.referring.split("^")[0])
    items = (
        (
            "HAS OBS CONTEXT",
            "PNAME",
            ("121008", "DCM", "Person Observer Name"),
            "PersonName",
            visit.reader,
            parts(visit.reader),
        ),
        (
            "HAS OBS CONTEXT",
            "UIDREF",
            ("121018", "DCM", "Procedure Study Instance UID"),
            "UID",
            visit.uid(),
            (visit.uid(),),
        ),
        ("CONTAINS", "TEXT", ("121071", "DCM", "Finding"), "TextValue", text, words),
        ("CONTAINS", "DATE", ("111526", "DCM", "DateTime Started"), "Date", visit.date, (visit.date,)),
        (
            "CONTAINS",
            "TEXT",
            ("121077", "DCM", "Conclusion"),
            "TextValue",
            f"Call {person.phone} again or write to {person.mail}, see https://{person.patient_id.lower()}.example/x",
            (person.phone, person.mail, person.patient_id.lower()),
        ),
    )
    for index, (relation, kind, concept, keyword, value, identifying) in enumerate(items):
        item = f"ContentSequence[{index}]"
        sheet.put(f"{item}.RelationshipType", relation)
        sheet.put(f"{item}.ValueType", kind)
        sheet.put(f"{item}.ConceptNameCodeSequence", code(*concept))
        fate = {"UID": "U", "Date": "D/shift"}.get(keyword, "")
        category = {"UID": "UID", "Date": "date"}.get(keyword, "")
        sheet.plant(f"{item}.{keyword}", value, *identifying, fate=fate, category=category)
    item = f"ContentSequence[{len(items)}]"
    sheet.put(f"{item}.RelationshipType", "CONTAINS")
    sheet.put(f"{item}.ValueType", "IMAGE")
    sheet.put(f"{item}.ReferencedSOPSequence[0].ReferencedSOPClassUID", CTImageStorage)
    sheet.plant(f"{item}.ReferencedSOPSequence[0].ReferencedSOPInstanceUID", ct.instance(30))
    item = f"ContentSequence[{len(items) + 1}]"
    sheet.put(f"{item}.RelationshipType", "CONTAINS")
    sheet.put(f"{item}.ValueType", "CODE")
    sheet.put(f"{item}.ConceptNameCodeSequence", code("121071", "DCM", "Finding"))
    sheet.put(f"{item}.ConceptCodeSequence", code("17621005", "SCT", "Normal"))
    # A site's own code whose meaning names the patient: outside the table, and below a sequence that D dummies.
    meaning = f"Slip {person.family}"
    own = Dataset()
    own.CodeValue, own.CodingSchemeDesignator = "SLIP1", "99AKT"
    sheet.put(f"{item}.ConceptCodeSequence", [own])
    sheet.plant(f"{item}.ConceptCodeSequence[0].CodeMeaning", meaning, person.family, fate="C D/C")


def letter(book: Book, name: str, series: Series) -> Made:
    """Return a letter about the patient as an encapsulated PDF of one page."""
    person, visit = series.person, series.visit
    sheet = sheet_of(book, name, series, sop_class=EncapsulatedPDFStorage, number=1)
    sheet.put(ConversionType="WSD")
    sheet.plant("ContentDate", visit.date)
    sheet.put(ContentTime=series.time)
    sheet.plant("AcquisitionDateTime", f"{visit.date}{series.time}", visit.date, fate="Z/shift")  # Type 2
    sheet.put(BurnedInAnnotation="YES", MIMETypeOfEncapsulatedDocument="application/pdf", VerificationFlag="UNVERIFIED")
    sheet.put(ConceptNameCodeSequence=code("11488-4", "LN", "Consultation note"))
    sheet.plant("DocumentTitle", f"Arztbrief {person.family} vom {visit.spoken}", person.family, visit.spoken)
    lines = (
        visit.place.institution,
        visit.place.street,
        f"Patient: {person.given} {person.family}, geb. {person.birth:%d.%m.%Y}",
        f"Wohnhaft: {person.address}",
        f"Untersuchung vom {visit.spoken}, Nr. {visit.accession}",
        "MRT Kopf: unauffällig.",
    )
    content = pdf(lines)
    sheet.put(EncapsulatedDocument=content + b"\0" * (len(content) % 2), EncapsulatedDocumentLength=len(content))
    sheet.note(
        "EncapsulatedDocument",
        (person.family, person.given, person.address, visit.spoken, visit.accession),
        Fate("D", "D", "document"),
    )
    return name, sheet, Envelope(EXPLICIT)


def pdf(lines: tuple[str, ...]) -> bytes:
    """Return a PDF of one page with these lines of text (ISO 32000, Latin-1, nothing compressed)."""
    shown = " T* ".join("(" + line.replace("(", "").replace(")", "") + ") Tj" for line in lines)
    stream = f"BT /F1 12 Tf 15 TL 60 760 Td {shown} ET".encode("cp1252")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
