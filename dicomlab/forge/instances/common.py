"""What every instance of the samples carries: patient, study, series and equipment, with what identifies them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomlab.forge.sheet import Book, Fate, Sheet

if TYPE_CHECKING:
    from dicomlab.forge.people import Person, Visit


@dataclass(frozen=True, slots=True)
class Series:
    """One series: who and when, its modality and number, its words, and the model that made it."""

    person: Person
    visit: Visit
    label: str
    modality: str
    number: int
    words: str
    body_part: str = ""
    maker: str = "SIEMENS"
    model: str = "Somatom go.Top"

    @property
    def uid(self) -> str:
        """Series Instance UID."""
        return self.visit.uid(self.label)

    @property
    def frame_of_reference(self) -> str:
        """Frame of Reference UID of the series."""
        return self.visit.uid(self.label, "frame of reference")

    @property
    def time(self) -> str:
        """Time of the series, a quarter of an hour after that of the number before."""
        quarters = self.number % 40
        return f"{9 + quarters // 4:02d}{quarters % 4 * 15:02d}07"

    def instance(self, number: int | str) -> str:
        """SOP Instance UID of one instance."""
        return self.visit.uid(self.label, str(number))


def sheet_of(book: Book, where: str, series: Series, *, sop_class: str, number: int) -> Sheet:
    """Return a sheet with patient, study, series and equipment; `where` is the file or a pattern of the series."""
    sheet = Sheet(book, where)
    visit = series.visit
    sheet.put(SpecificCharacterSet=visit.charset)
    sheet.put(SOPClassUID=sop_class, Modality=series.modality, SeriesNumber=series.number, InstanceNumber=number)
    sheet.plant("SOPInstanceUID", series.instance(number))
    sheet.plant("StudyInstanceUID", visit.uid())
    sheet.plant("SeriesInstanceUID", series.uid)
    _patient(sheet, series)
    _study(sheet, series)
    sheet.plant("SeriesDate", visit.date)
    sheet.put(SeriesTime=series.time)
    family = series.person.family
    sheet.plant("SeriesDescription", f"{series.words} {family} {visit.spoken}", family, visit.spoken)
    sheet.plant("OperatorsName", visit.operator, *parts(visit.operator))
    if series.body_part:
        sheet.put(BodyPartExamined=series.body_part)
    _equipment(sheet, series)
    return sheet


def parts(name: str) -> tuple[str, ...]:
    """Return what identifies in a person's name: its parts, without titles."""
    return tuple(p for group in name.split("=") for p in group.split("^") if p and p not in ("Dr", "Dr."))


def _patient(sheet: Sheet, series: Series) -> None:
    person, visit = series.person, series.visit
    sheet.plant("PatientName", visit.name, *parts(visit.name))
    sheet.plant("PatientID", person.patient_id)
    sheet.plant("IssuerOfPatientID", f"{visit.place.institution[:12]}-PIX", visit.place.institution[:12])
    sheet.plant("PatientBirthDate", f"{person.birth:%Y%m%d}")
    sheet.plant("PatientSex", person.sex, "")
    age = person.age(visit.day)
    # 45 CFR 164.514(b)(2)(i)(C): ages over 89 are pooled.
    sheet.plant("PatientAge", f"{age:03d}Y", f"{age:03d}Y" if age > 89 else "", fate="X/bin" if age > 89 else "")  # noqa: PLR2004
    sheet.plant("PatientSize", "1.52" if person.sex == "F" else "1.81", "")
    sheet.plant("PatientWeight", "47" if person.sex == "F" else "84", "")
    sheet.plant("PatientAddress", person.address)
    sheet.plant("PatientTelephoneNumbers", person.phone)
    sheet.plant("PatientMotherBirthName", person.mother, *parts(person.mother))
    sheet.plant("Occupation", person.occupation)
    sheet.plant("OtherPatientIDsSequence[0].PatientID", person.other_id, fate="X")
    sheet.put("OtherPatientIDsSequence[0].TypeOfPatientID", "TEXT")


def _study(sheet: Sheet, series: Series) -> None:
    visit = series.visit
    sheet.plant("StudyDate", visit.date)
    sheet.plant("StudyTime", "084500", "", fate="Z/K", category="date")
    sheet.plant("AccessionNumber", visit.accession)
    sheet.plant("StudyID", visit.study_id)
    sheet.plant("ReferringPhysicianName", visit.referring, *parts(visit.referring))
    sheet.plant("NameOfPhysiciansReadingStudy", visit.reader, *parts(visit.reader))
    sheet.plant("StudyDescription", f"{series.person.patient_id} {visit.place.department}", series.person.patient_id)
    sheet.plant(
        "ReferencedStudySequence[0].ReferencedSOPInstanceUID", visit.uid("ris"), fate="X/X", category="UID"
    )  # X/Z of a sequence of Type 3 removes it
    sheet.put("ReferencedStudySequence[0].ReferencedSOPClassUID", "1.2.840.10008.3.1.2.3.1")


def _equipment(sheet: Sheet, series: Series) -> None:
    visit = series.visit
    sheet.put(Manufacturer=series.maker)
    sheet.keep("ManufacturerModelName", series.model)
    sheet.keep("SoftwareVersions", ["syngo CT VA30A", "VX41.2"])
    sheet.plant("InstitutionName", visit.place.institution)
    sheet.plant("InstitutionAddress", visit.place.street)
    sheet.plant("InstitutionalDepartmentName", visit.place.department)
    sheet.plant("StationName", visit.station)
    sheet.plant("DeviceSerialNumber", f"SN{visit.accession[-5:]}{series.number}")


def requested(sheet: Sheet, series: Series) -> None:
    """Add what was requested and performed: items and dates."""
    visit, person = series.visit, series.person
    item = "RequestAttributesSequence[0]"
    # Without an option the whole sequence goes; cleaned, its Type 1C identifiers need a dummy.
    sheet.plant(f"{item}.RequestedProcedureID", f"RP{visit.accession[-6:]}", fate="X/D", category="identifier")
    sheet.plant(f"{item}.ScheduledProcedureStepID", f"SPS{visit.accession[-6:]}", fate="X/D", category="identifier")
    text = f"Head, pat. {person.family}, asked {visit.spoken}"
    sheet.plant(f"{item}.ScheduledProcedureStepDescription", text, person.family, visit.spoken, fate="X/C",
                category="free text")  # fmt: skip
    sheet.plant("PerformedProcedureStepStartDate", visit.date)
    sheet.put(PerformedProcedureStepStartTime="085500")
    sheet.plant("PerformedProcedureStepID", f"PPS{visit.accession[-6:]}")
    sheet.plant("PerformedProcedureStepDescription", f"Head {person.patient_id}", person.patient_id)


def contributed(sheet: Sheet, series: Series) -> None:
    """Add equipment that contributed and what the header said before: items outside and inside the table."""
    visit, person = series.visit, series.person
    item = "ContributingEquipmentSequence[0]"
    sheet.put(f"{item}.PurposeOfReferenceCodeSequence", code("109101", "DCM", "Acquisition Equipment"))
    sheet.plant(f"{item}.Manufacturer", f"SIEMENS for {person.family}", person.family)
    sheet.plant(f"{item}.InstitutionName", visit.place.institution)
    sheet.plant(f"{item}.StationName", f"{visit.station}B")
    item = "OriginalAttributesSequence[0]"
    sheet.put(f"{item}.SourceOfPreviousValues", "")
    sheet.plant(f"{item}.AttributeModificationDateTime", f"{visit.date}120000", visit.date, fate="X", category="date")
    sheet.put(f"{item}.ModifyingSystem", "PACS")
    sheet.put(f"{item}.ReasonForTheAttributeModification", "CORRECT")
    sheet.plant(f"{item}.ModifiedAttributesSequence[0].PatientID", f"OLD{person.patient_id}", fate="X")


def code(value: str, scheme: str, meaning: str) -> Sequence:
    """Return a code sequence of one item."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def private(
    sheet: Sheet,
    element: tuple[int, str, int],
    content: tuple[str, object],
    values: tuple[str, ...] = (),
    *,
    fate: str = "X",
    held: str = "",
    block: int = 0x10,
) -> None:
    """Add a private element of a creator's block and note it.

    Parameters
    ----------
    element
        Group, creator, and number within the creator's block.
    content
        VR and value.
    values
        What in it identifies; with none and a fate that keeps it, the element must stay.
    held
        Path of the item that holds it; the root by default.
    block
        Number of the block, 10 to FF hexadecimal.
    """
    (group, creator, number), (vr, value) = element, content
    target = sheet.holder(f"{held}.x")[0] if held else sheet.dataset
    target.add_new(group << 16 | block, "LO", creator)
    target.add_new(group << 16 | block << 8 | number, vr, value)
    path = f"{held}.({group:04X},'{creator}',{number:02X})" if held else f"({group:04X},'{creator}',{number:02X})"
    basic, _, research = fate.partition("/")
    sheet.note(path, values, Fate(basic, research or basic, "private"))
