"""Waveforms and encapsulated documents: channel labels and annotations, data that stays, documents that may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom.sequence import Sequence as Items

from dicomlab.forge.corpus.fates import End
from dicomlab.forge.corpus.fill import code
from dicomlab.forge.corpus.radiotherapy import KEPT
from dicomlab.forge.corpus.texts import Words, described

if TYPE_CHECKING:
    from dicomlab.forge.corpus.draft import Draft

_OUTSIDE = "names in attributes outside the table"
_SOURCES = {
    "hemodynamic": ("109016", "DCM", "Systemic artery"), "respiratory": ("109072", "DCM", "Respiration"),
    "audio": ("113000", "DCM", "Voice"),
}  # fmt: skip
_DUMMY = {"basic": (End.DUMMY,), "research": (End.DUMMY,)}


def waveform(draft: Draft) -> None:
    """Add one multiplex group, its labels, and annotations that name the patient."""
    draft.plant("AcquisitionDateTime", f"{draft.visit.date}070809.5")
    draft.plant("ContentDate", draft.visit.date)
    draft.put(ContentTime="070809")
    draft.put(AcquisitionContextSequence=Items([]))
    group = "WaveformSequence[0]"
    ecg = draft.sop_class.modality == "ECG"
    channels = 12 if draft.sop_class.name == "ecg" else 2 if ecg else 1
    samples = 40
    draft.put(f"{group}.WaveformOriginality", "ORIGINAL")
    draft.put(f"{group}.NumberOfWaveformChannels", channels)
    draft.put(f"{group}.NumberOfWaveformSamples", samples)
    draft.put(f"{group}.SamplingFrequency", "500" if ecg else "8000" if draft.sop_class.name == "audio" else "200")
    draft.plant(f"{group}.MultiplexGroupUID", draft.uid("multiplex", draft.series))
    described(draft, f"{group}.MultiplexGroupLabel", category=_OUTSIDE, most=16, words=Words("Lead"))
    for number in range(channels):
        _channel(draft, f"{group}.ChannelDefinitionSequence[{number}]", number)
    data = draft.draw.sub("wave").noise((samples, channels), 300)
    wide = draft.sop_class.name != "audio"
    draft.put(f"{group}.WaveformBitsAllocated", 16 if wide else 8)
    draft.put(f"{group}.WaveformSampleInterpretation", "SS" if wide else "UB")
    values = data.astype("<i2") if wide else np.clip(data + 128, 0, 255).astype(np.uint8)
    draft.put(f"{group}.WaveformData", values.tobytes())
    held, _ = draft.holder(f"{group}.WaveformData")
    held["WaveformData"].VR = "OW" if wide else "OB"
    draft.note(f"{group}.WaveformData", category="kept waveform data", ends=KEPT)
    if draft.sop_class.name != "audio":
        note = "WaveformAnnotationSequence[0]"
        described(draft, f"{note}.UnformattedTextValue", category="annotations", most=200)
        draft.put(f"{note}.ReferencedWaveformChannels", [1, 1])
        draft.put("WaveformAnnotationSequence[1].ConceptNameCodeSequence", Items([code("8867-4", "LN", "Heart rate")]))
        draft.put("WaveformAnnotationSequence[1].ReferencedWaveformChannels", [1, 1])
        draft.keep("WaveformAnnotationSequence[1].NumericValue", "71", "kept acquisition values")


def _channel(draft: Draft, channel: str, number: int) -> None:
    leads = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    if number:
        draft.put(f"{channel}.ChannelLabel", f"Lead {leads[number]}")
    else:
        described(draft, f"{channel}.ChannelLabel", category="waveform labels", most=16, words=Words("Lead"))
    source = _SOURCES.get(draft.sop_class.name, ("5.6.3-9-1", "SCPECG", f"Lead {leads[number]}"))
    draft.put(f"{channel}.ChannelSourceSequence", Items([code(*source)]))
    draft.put(f"{channel}.ChannelSensitivity", "1")
    draft.put(f"{channel}.ChannelSensitivityUnitsSequence", Items([code("uV", "UCUM", "microvolt")]))
    draft.put(f"{channel}.ChannelSensitivityCorrectionFactor", "1")
    draft.put(f"{channel}.ChannelBaseline", "0")
    draft.put(f"{channel}.ChannelSampleSkew", "0")
    draft.put(f"{channel}.WaveformBitsStored", 16 if draft.sop_class.name != "audio" else 8)


def encapsulated(draft: Draft) -> None:
    """Add a document of the class's type in which the patient is named."""
    patient, visit = draft.patient, draft.visit
    draft.plant("ContentDate", visit.date)
    draft.put(ContentTime="181920")
    draft.plant("AcquisitionDateTime", f"{visit.date}18")
    described(draft, "DocumentTitle", category="names in attributes outside the table", most=500)
    draft.put(ConceptNameCodeSequence=Items([code("11488-4", "LN", "Consultation note")]))
    said = (f"{patient.name.given} {patient.name.family}", f"{patient.birth:%d.%m.%Y}", patient.patient_id,
            visit.institution)  # fmt: skip
    content = _DOCUMENTS[draft.sop_class.kind](said)
    draft.put(EncapsulatedDocument=content + b"\0" * (len(content) % 2), EncapsulatedDocumentLength=len(content))
    # The head of an STL has no room for the institution.
    names = (patient.name.family, patient.name.given, *(said[1:3] if draft.sop_class.kind == "stl" else said[1:]))
    draft.note("EncapsulatedDocument", names, category="encapsulated document", ends=_DUMMY, vr="OB")
    if draft.sop_class.kind == "stl":
        draft.plant("FrameOfReferenceUID", draft.uid("frame"))
        draft.put(PositionReferenceIndicator="", MeasurementUnitsCodeSequence=Items([code("mm", "UCUM", "mm")]))
        described(draft, "ContentDescription", category=_OUTSIDE)
        draft.put(AcquisitionContextSequence=Items([]))


def _pdf(said: tuple[str, ...]) -> bytes:
    stream = b"BT /F1 12 Tf 15 TL 60 760 Td " + b" T* ".join(b"(" + _plain(s) + b") Tj" for s in said) + b" ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 5 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>",
    )  # fmt: skip
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _plain(text: str) -> bytes:
    return text.replace("(", "").replace(")", "").encode("utf-8")


def _cda(said: tuple[str, ...]) -> bytes:
    name, born, number, institution = said
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Letter</title>'
        f'<recordTarget><patientRole><id extension="{number}"/><patient><name>{name}</name>'
        f'<birthTime value="{born}"/></patient><providerOrganization><name>{institution}</name>'
        "</providerOrganization></patientRole></recordTarget></ClinicalDocument>\n"
    ).encode()


def _stl(said: tuple[str, ...]) -> bytes:
    head = ("model " + ", ".join(said)).encode("utf-8")[:80].ljust(80)
    triangle = np.array([0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0], "<f4").tobytes() + b"\0\0"
    return head + (1).to_bytes(4, "little") + triangle


_DOCUMENTS = {"pdf": _pdf, "cda": _cda, "stl": _stl}
