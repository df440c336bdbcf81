"""What every instance of a corpus carries: patient, study, series and equipment, with what identifies them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomlab.forge.corpus.fates import End

if TYPE_CHECKING:
    from dicomlab.forge.corpus.draft import Draft

_OLD = 89


def add_header(draft: Draft) -> None:
    """Add patient, study, series and equipment; the character set first, since text depends on it."""
    draft.put(SpecificCharacterSet=draft.patient.charset or None)
    if not draft.patient.charset:
        del draft.dataset.SpecificCharacterSet
    else:
        draft.note(
            "SpecificCharacterSet", category="character set", ends=dict.fromkeys(("basic", "research"), ("kept",))
        )
    draft.put(SOPClassUID=draft.sop_class.uid, Modality=draft.sop_class.modality, InstanceNumber=draft.number)
    draft.put(SeriesNumber=draft.draw.integer(1, 900))
    draft.plant("SOPInstanceUID", draft.sop_instance)
    draft.plant("StudyInstanceUID", draft.uid("study"))
    draft.plant("SeriesInstanceUID", draft.uid("series", draft.series))
    for keyword in ("SOPClassUID", "Modality", "InstanceNumber", "SeriesNumber"):
        draft.note(keyword, category="kept acquisition values", ends={"basic": ("kept",), "research": ("kept",)})
    _patient(draft)
    _study(draft)
    _equipment(draft)
    paired = "ImageLaterality" in draft.sop_class.values or draft.sop_class.kind in (
        "enhanced",
        "segmentation",
        "surface",
    )
    if not paired:
        draft.put(Laterality="")
    if draft.sop_class.modality in ("CT", "MR"):
        draft.put(PatientPosition="HFS")
    elif draft.sop_class.kind[:4] in ("grey", "rgb", "rgbm"):
        draft.put(PatientOrientation=["L", "F"])


def _patient(draft: Draft) -> None:
    patient, visit = draft.patient, draft.visit
    name = patient.name
    category = "three name groups" if any(name.sound) else "names in one script" if name.alone else ""
    draft.plant("PatientName", _another_day(name.pn) if visit.number > 1 else name.pn, *name.shown, category=category)
    draft.plant("PatientID", patient.patient_id)
    if patient.issuer:
        draft.plant("IssuerOfPatientID", patient.issuer)
    draft.plant("PatientBirthDate", f"{patient.birth:%Y%m%d}", category="birth date")
    draft.keep("PatientSex", patient.sex, "patient characteristics", basic=False)
    draft.keep("PatientSize", patient.size, "patient characteristics", basic=False)
    draft.keep("PatientWeight", patient.weight, "patient characteristics", basic=False)
    for keyword in ("PatientSex", "PatientSize", "PatientWeight"):
        gone = (End.EMPTY, End.DUMMY) if keyword == "PatientSex" else (End.ABSENT,)
        draft.note(keyword, category="patient characteristics", ends={"basic": gone, "research": (End.KEPT,)})
    age = patient.age(visit.day)
    text = f"{age:03d}Y"
    if age > _OLD:
        # 45 CFR 164.514(b)(2)(i)(C): ages over 89 are pooled; the birth year must not follow from them.
        ends = {"basic": (End.ABSENT,), "research": (End.DUMMY, End.EMPTY, End.ABSENT)}
        draft.plant("PatientAge", text, category="age over 89", ends=ends)
    else:
        draft.put("PatientAge", text)
        draft.note("PatientAge", category="patient characteristics", ends={"basic": ("absent",), "research": ("kept",)})
    draft.plant("PatientAddress", patient.address)
    draft.plant("PatientTelephoneNumbers", patient.phone)
    draft.plant("PatientMotherBirthName", patient.mother.pn, *patient.mother.parts)
    draft.plant("OtherPatientIDsSequence[0].PatientID", patient.other_id, category="identifier")
    draft.put("OtherPatientIDsSequence[0].TypeOfPatientID", "TEXT")


def _another_day(pn: str) -> str:
    """Return the name as another clerk typed it: in capitals, with a suffix."""
    first, *others = pn.split("=")
    return "=".join([f"{first.upper()}^^^Jr", *others])


def _study(draft: Draft) -> None:
    visit = draft.visit
    draft.plant("StudyDate", visit.date)
    draft.put(StudyTime="091500")
    draft.note("StudyTime", ("091500",))
    draft.plant("AccessionNumber", visit.accession)
    draft.plant("StudyID", visit.study_id)
    draft.plant("ReferringPhysicianName", visit.referring.pn, *visit.referring.parts)
    draft.plant("SeriesDate", visit.date)
    draft.plant("OperatorsName", [visit.operator.pn, visit.performer.pn], *visit.operator.parts, *visit.performer.parts,
                category="multi-valued name")  # fmt: skip


def _equipment(draft: Draft) -> None:
    visit = draft.visit
    draft.plant("InstitutionName", visit.institution)
    draft.plant("InstitutionAddress", visit.street)
    draft.plant("InstitutionalDepartmentName", visit.department)
    draft.plant("StationName", visit.station)
    draft.plant("DeviceSerialNumber", visit.serial)
