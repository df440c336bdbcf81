"""The people of the samples, who do not exist: what identifies them, and when and where they were seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from dicomlab.forge.draw import Draw

_JAPANESE = (
    ("Ariga", "Hanako", "有賀", "花子", "ありが", "はなこ"),
    ("Tsuge", "Michiko", "柘植", "道子", "つげ", "みちこ"),
    ("Kuroe", "Sayuri", "黒江", "早百合", "くろえ", "さゆり"),
)
_GERMAN = (
    ("Schönfärber", "Jürgen", "SCHOENFAERBER", "Grünhäusl"),
    ("Wühlmäuser", "Götz", "WUEHLMAEUSER", "Dörflinghaus"),
    ("Käsbührer", "Jörg", "KAESBUEHRER", "Mönkebüll"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A hospital: its name, its address, and the department of the visits."""

    institution: str
    street: str
    department: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One study: when, where, who, and under which numbers."""

    label: str
    day: dt.date
    name: str
    charset: str | list[str]
    accession: str
    study_id: str
    place: Place
    station: str
    referring: str
    operator: str
    reader: str
    draw: Draw

    @property
    def date(self) -> str:
        """The day as VR DA writes it."""
        return f"{self.day:%Y%m%d}"

    @property
    def spoken(self) -> str:
        """The day as people of the place write it."""
        return f"{self.day:%d.%m.%Y}"

    def uid(self, *labels: str) -> str:
        """Return a UID of this study."""
        return self.draw.uid(self.label, *labels)


@dataclass(frozen=True, slots=True)
class Person:
    """One patient and both visits."""

    family: str
    given: str
    written: tuple[str, ...]
    folder: str
    patient_id: str
    other_id: str
    birth: dt.date
    sex: str
    address: str
    phone: str
    mother: str
    occupation: str
    visits: tuple[Visit, Visit]

    @property
    def names(self) -> tuple[str, ...]:
        """Every part of the name, in every script in which it is written."""
        return (self.family, self.given, *self.written)

    def age(self, day: dt.date) -> int:
        """Return full years on that day."""
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))


def cast(seed: int) -> tuple[Person, Person]:
    """Return both patients: a Japanese woman aged over 89 and a German man; the same for the same seed."""
    return _first(Draw(seed, "first patient")), _second(Draw(seed, "second patient"))


def _first(draw: Draw) -> Person:
    family, given, kanji, kanji_given, kana, kana_given = draw.choice(_JAPANESE)
    groups = f"{family}^{given}={kanji}^{kanji_given}={kana}^{kana_given}"
    day = draw.day(dt.date(2026, 1, 12), dt.date(2026, 3, 20))
    later = day + dt.timedelta(days=7 * draw.integer(4, 8) + 2)
    place = Place("Hospital Akatsukinomori", "4-17 Kazahaya, Minamitsuru 403-0512", "Radiology Tower West")
    japanese = ["", "ISO 2022 IR 87"]
    visits = (
        Visit(
            "first",
            day,
            groups,
            japanese,
            f"ACC{draw.digits(8)}",
            f"ST{draw.digits(5)}",
            station="AKTCT3",
            referring="Okabayashi^Kenzo^^Dr",
            operator="Mizuhara^Kazuyo",
            reader="Hayashida^Tomoe",
            place=place,
            draw=draw,
        ),
        Visit(
            "second",
            later,
            f"{family.upper()}^{given.upper()}={kanji}^{kanji_given}",
            japanese,
            f"ACC{draw.digits(8)}",
            f"ST{draw.digits(5)}",
            station="AKTWARD7",
            referring="Okabayashi^Kenzo^^Dr",
            operator="Sakuragi^Chiharu",
            reader="Hayashida^Tomoe",
            place=place,
            draw=draw,
        ),
    )
    return Person(
        family, given, (kanji, kanji_given, kana, kana_given), f"{family.upper()}_{given}", f"AKT{draw.digits(7)}",
        f"INS{draw.digits(9)}", dt.date(day.year - draw.integer(92, 97), draw.integer(4, 12), draw.integer(1, 28)), "F",
        "12-3 Tsubakidani, Minamitsuru 403-0518", f"0555-{draw.digits(2)}-{draw.digits(4)}", "Inokuchi^Fumiyo",
        "Pearl diver", visits,
    )  # fmt: skip


def _second(draw: Draw) -> Person:
    family, given, spelled, mother = draw.choice(_GERMAN)
    day = draw.day(dt.date(2025, 9, 8), dt.date(2025, 11, 14))
    later = day + dt.timedelta(days=7 * draw.integer(5, 9) + 3)
    place = Place("Klinikum Fürstenquell", "Lärchenstieg 41, 87499 Wildpoldsried", "Neuroradiologie Haus Süd")
    visits = (
        Visit(
            "first",
            day,
            f"{family}^{given}^^Dr.",
            "ISO_IR 100",
            f"FQ{draw.digits(7)}",
            f"RIS{draw.digits(5)}",
            station="FQMRT02",
            referring="Bärwinkel^Änneliese^^Dr.",
            operator="Tüxen^Özgür",
            reader="Quästl^Rüdiger",
            place=place,
            draw=draw,
        ),
        Visit(
            "second",
            later,
            f"{family}^{given}",
            "ISO_IR 192",
            f"FQ{draw.digits(7)}",
            f"RIS{draw.digits(5)}",
            station="FQUS11",
            referring="Bärwinkel^Änneliese^^Dr.",
            operator="Hülskötter^Friederike",
            reader="Quästl^Rüdiger",
            place=place,
            draw=draw,
        ),
    )
    return Person(
        family, given, (spelled,), f"{family}, {given}", f"FQ-{draw.digits(8)}", f"VS{draw.digits(9)}",
        dt.date(day.year - draw.integer(45, 66), draw.integer(1, 12), draw.integer(1, 28)), "M",
        "Drosselgässle 7, 87439 Kempten", f"+49 831 {draw.digits(6)}", f"{mother}^Brünhilde", "Glasbläser",
        visits,
    )  # fmt: skip
