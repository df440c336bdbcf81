"""What devices write into their pictures: about a patient of a corpus, and harmless things."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomlab.forge.burned_in import lettering

if TYPE_CHECKING:
    from dicomlab.forge.corpus.cast import Patient, Visit
    from dicomlab.forge.draw import Draw

_HARMLESS = {
    "US": ("MI 0.8", "TIS 0.4", "TIB 1.1", "Gn 62", "FR 38Hz", "DR 70", "2D 54%", "C5-2", "PRF 1.4kHz", "WF 65Hz",
           "Dist 4.52 cm", "+ 23.4 mm", "Vol 12.7 ml", "Freq 3.5 MHz", "cm", "HR 72 bpm", "Gen", "Res", "P R"),
    "CT": ("120 kV", "85 mAs", "W:400 L:40", "5.0 mm", "FOV 360", "R", "L", "A", "P", "B31f", "Tilt 0.0", "ZOOM 1.2"),
    "MR": ("TE 90", "TR 4500", "NEX 2", "L", "R", "A", "FOV 230", "ETL 12", "FA 150", "5.0 thk", "SL 5.0"),
    "CR": ("L", "R", "AP", "PA", "PORTABLE", "STANDING", "70 kV", "4 mAs", "SID 180", "EXI 1654", "LAT"),
    "MG": ("LCC", "RCC", "LMLO", "RMLO", "28 kV", "62 mAs", "L", "R", "W/Rh", "121 N"),
    "XA": ("RAO 30", "CRA 15", "15 fps", "72 kV", "DAP 12.4", "FD 20 cm", "L", "R"),
    "XC": ("x1.5", "SCV 3", "CVP:1/4", "Eh:A5", "Ce:0", "Gr:N", "cm", "L"),
}  # fmt: skip
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True, slots=True)
class Who:
    """The patient, the visit, and the time at which the picture was taken."""

    patient: Patient
    visit: Visit
    time: str  # hours, minutes, seconds: six digits

    @property
    def clock(self) -> str:
        """The time with colons."""
        return f"{self.time[:2]}:{self.time[2:4]}:{self.time[4:]}"

    @property
    def family(self) -> str:
        """Family name in Latin letters."""
        return self.patient.name.family

    @property
    def given(self) -> str:
        """Given name in Latin letters."""
        return self.patient.name.given


def spoken(draw: Draw, day: dt.date) -> str:
    """Return a day as one of the many ways of writing it."""
    month = _MONTHS[day.month - 1]
    return draw.choice((
        f"{day:%d.%m.%Y}", f"{day:%d/%m/%Y}", f"{day:%m/%d/%Y}", f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}",
        f"{day:%d.%m.%y}",
        f"{day:%Y%m%d}", f"{day.day:02d}-{month}-{day.year}", f"{day.day} {month.title()} {day.year}",
        f"{month.title()} {day.day}, {day.year}", f"{day:%m-%d-%y}", f"{day:%Y.%m.%d}",
    ))  # fmt: skip


def name(draw: Draw, who: Who) -> str:
    """Return the patient's name as a device writes it."""
    f, g = who.family, who.given
    return draw.choice((
        f"{f}^{g}", f"{f}, {g}", f"{f.upper()}^{g.upper()}", f"{f.upper()}, {g.upper()}", f"{g} {f}",
        f"{f.upper()} {g}",
        f"Name: {f}, {g}", f"Pat: {f} {g}", f"{f.upper()}, {g[0]}.", f"{f} {g[0]}", f"Patient {g} {f}",
    ))  # fmt: skip


def own_script(draw: Draw, who: Who) -> str:
    """Return the patient's name in the script of the patient's own."""
    family, given = who.patient.name.native
    return f"{family}{draw.choice(('', ' ', '　'))}{given}"


def writes_cjk(patient: Patient) -> bool:
    """Return whether the name has characters that only the universal face has."""
    return patient.script in ("Japanese", "Chinese", "Korean") and lettering.has_cjk()


def number(draw: Draw, who: Who) -> str:
    """Return the patient's number."""
    return draw.choice(("{}", "ID: {}", "MRN {}", "Pat.-Nr. {}", "ID {}", "PID:{}", "#{}")).format(
        who.patient.patient_id
    )


def birth(draw: Draw, who: Who) -> str:
    """Return the day of birth, some ways with sex and age."""
    day, sex, age = spoken(draw, who.patient.birth), who.patient.sex, who.patient.age(who.visit.day)
    return draw.choice((day, f"DOB {day}", f"DOB: {day}", f"*{day}", f"geb. {day}", f"Born {day}", f"{day} {sex}",
                        f"{sex} {age:03d}Y {day}"))  # fmt: skip


def taken(draw: Draw, who: Who) -> str:
    """Return when the picture was taken."""
    day, clock = spoken(draw, who.visit.day), who.clock
    return draw.choice((day, f"{day} {clock}", f"{day}  {clock[:5]}", f"{clock} {day}", f"Date {day}"))


def other(draw: Draw, who: Who) -> str:
    """Return an institution, a number of the study, a physician, a time, a station or an address."""
    visit = who.visit
    person = draw.choice((visit.referring, visit.operator, visit.reader))
    return draw.choice((
        visit.institution, visit.institution.upper(), f"Acc {visit.accession}", f"Acc#: {visit.accession}",
        visit.accession,
        f"Ref: Dr. {person.family}", f"Dr. {person.given} {person.family}",
        f"Op: {person.family[0]}{person.given[0]} {visit.station}", f"Tech {person.family}", who.clock, visit.station,
        f"Study {visit.study_id}",
        f"{visit.department}", who.patient.phone, f"{visit.institution.split()[-1]} {visit.station}",
    ))  # fmt: skip


def some(draw: Draw, who: Who, count: int) -> list[tuple[str, str]]:
    """Return `count` texts about the patient, the name and the number first, each with its category "phi"."""
    ways = [name, number, birth, taken, other, other, other, name, taken]
    return [(ways[i % len(ways)](draw, who), "phi") for i in range(count)]


def harmless(draw: Draw, modality: str, count: int) -> list[tuple[str, str]]:
    """Return `count` texts that identify nobody, each with its category "harmless"."""
    pool = _HARMLESS.get(modality, _HARMLESS["CT"])
    return [(text, "harmless") for text in draw.sample(pool, min(count, len(pool)))]
