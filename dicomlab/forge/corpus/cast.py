"""The people of a corpus, who do not exist: in thirteen scripts, with everything that identifies them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from dicomlab.forge.draw import Draw


@cache
def table(name: str) -> dict[str, Any]:
    """Return one table of this package."""
    path = files("dicomlab.forge.corpus") / "tables" / f"{name}.json"
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def scripts() -> tuple[str, ...]:
    """Return the scripts that patients' names are written in."""
    return tuple(s["script"] for s in table("names")["scripts"])


@dataclass(frozen=True, slots=True)
class Name:
    """One person's name: in Latin letters, as the script writes it, as it sounds (PS3.5 6.2.1)."""

    family: str
    given: str
    native: tuple[str, str] = ("", "")
    sound: tuple[str, str] = ("", "")
    alone: bool = False  # PN has the script's form only; Latin letters are left to whoever writes a text

    @property
    def pn(self) -> str:
        """The name as VR PN writes it: up to three component groups."""
        if self.alone:
            return self.written
        groups = [f"{self.family}^{self.given}"]
        if any(self.native):
            groups.append("^".join(self.native))
        if any(self.sound):
            groups.append("^".join(self.sound))
        return "=".join(groups)

    @property
    def written(self) -> str:
        """The name in its own script alone, "Family^Given"."""
        return "^".join(self.native) if any(self.native) else f"{self.family}^{self.given}"

    @property
    def shown(self) -> tuple[str, ...]:
        """Every part that PN shows."""
        return tuple(part for group in self.pn.split("=") for part in group.split("^") if part)

    @property
    def parts(self) -> tuple[str, ...]:
        """Every part in every script."""
        return tuple(p for p in (self.family, self.given, *self.native, *self.sound) if p)


@dataclass(frozen=True, slots=True)
class Visit:
    """One study: when, where, who and under which numbers."""

    number: int
    day: dt.date
    accession: str
    study_id: str
    procedure_id: str
    step_id: str
    institution: str
    street: str
    department: str
    station: str
    serial: str
    referring: Name
    operator: Name
    reader: Name
    performer: Name

    @property
    def date(self) -> str:
        """The day as VR DA writes it."""
        return f"{self.day:%Y%m%d}"


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient and both visits."""

    number: int
    script: str
    charset: str | list[str]
    name: Name
    mother: Name
    patient_id: str
    issuer: str
    other_id: str
    insurance: str
    birth: dt.date
    sex: str
    size: str
    weight: str
    address: str
    phone: str
    email: str
    url: str
    occupation: str
    visits: tuple[Visit, Visit]
    draw: Draw

    def age(self, day: dt.date) -> int:
        """Return full years on that day."""
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))

    @property
    def is_word(self) -> bool:
        """Whether the family name is an ordinary word too."""
        return self.script == "ordinary words"

    def uid(self, *labels: str) -> str:
        """Return the UID of `labels`, this patient's alone."""
        return self.draw.uid(*labels)


def patient(seed: int, number: int) -> Patient:
    """Return the patient of that number: scripts take turns, from a drawn first one on."""
    names = table("names")
    start = Draw(seed, "corpus", "scripts").integer(0, len(names["scripts"]) - 1)
    draw = Draw(seed, "corpus", "patient", str(number))
    chosen = names["scripts"][(start + number) % len(names["scripts"])]
    # The same family name may come again; identifiers tell people apart.
    family, given, native, native_given, sound, sound_given = draw.choice(chosen["people"])
    alone = bool(native) and chosen["script"] in ("Cyrillic", "Greek") and draw.integer(0, 1) == 1
    name = Name(family, given, (native, native_given), (sound, sound_given), alone)
    mother = Name(*draw.choice(names["staff"]))
    first = draw.day(dt.date(2019, 2, 1), dt.date(2025, 9, 30))
    second = first + dt.timedelta(days=draw.integer(9, 400))
    old = number % 4 == 1
    birth = dt.date(first.year - (draw.integer(92, 99) if old else draw.integer(19, 84)), draw.integer(1, 12),
                    draw.integer(1, 28))  # fmt: skip
    handle = f"{mother.family.lower()}{draw.digits(3)}"
    return Patient(
        number, chosen["script"], chosen["charset"], name, mother,
        patient_id=draw.choice(("PAT-{}", "{}", "M{}X", "HN{}")).format(draw.digits(8)),
        issuer=draw.choice(("", f"PIX{draw.digits(4)}")), other_id=f"NHS{draw.digits(10)}",
        insurance=f"KV{draw.digits(9)}", birth=birth,
        sex=draw.choice(("F", "M", "O")), size=f"1.{draw.integer(48, 97)}", weight=str(draw.integer(44, 118)),
        address=f"{draw.choice(names['streets'])}, {draw.digits(5)} {draw.choice(names['cities'])}",
        phone=_phone(draw), email=f"{handle}@postfach-{draw.digits(2)}.example", url=f"https://portal.example/record/{draw.digits(9)}",
        occupation=draw.choice(names["occupations"]), visits=(_visit(draw, 1, first), _visit(draw, 2, second)),
        draw=draw,
    )  # fmt: skip


def _phone(draw: Draw) -> str:
    number = draw.digits(7)
    ways = (f"+49 831 {number}", f"0555-{number}", f"+44 20 {number}", f"({number[:3]}) 555-{number[3:]}")
    return draw.choice(ways)


def _visit(patient_draw: Draw, number: int, day: dt.date) -> Visit:
    names, draw = table("names"), patient_draw.sub("visit", str(number))
    institution, street = draw.choice(names["institutions"])
    referring, operator, reader, performer = (Name(*pair) for pair in draw.sample(names["staff"], 4))
    return Visit(
        number, day, accession=f"AC{draw.digits(9)}", study_id=f"ST{draw.digits(6)}",
        procedure_id=f"RP{draw.digits(7)}", step_id=f"SPS{draw.digits(7)}", institution=institution, street=street,
        department=draw.choice(names["departments"]), station=f"{institution[:3].upper()}ROOM{draw.digits(2)}",
        serial=f"SN{draw.digits(7)}", referring=referring, operator=operator, reader=reader, performer=performer,
    )  # fmt: skip
