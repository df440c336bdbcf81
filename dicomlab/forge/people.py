"""The people of the samples, who do not exist: what identifies them, and when and where they were seen."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from dicomlab.forge.draw import Draw


@cache
def _pools() -> dict[str, dict[str, Any]]:
    text = (files("dicomlab.forge") / "tables" / "people.json").read_text("utf-8")
    return dict(json.loads(text))


@dataclass(frozen=True, slots=True)
class Place:
    """A hospital: its name, its address, the department of the visits, and what its systems are called after."""

    institution: str
    street: str
    department: str
    mark: str


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

    @property
    def mail(self) -> str:
        """The e-mail address, below a domain that RFC 2606 keeps for examples."""
        return f"{self.given}.{self.family}@post.example".lower()

    def age(self, day: dt.date) -> int:
        """Return full years on that day."""
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))


def cast(seed: int) -> tuple[Person, Person]:
    """Return both patients: a Japanese woman aged over 89 and a German man; the same for the same seed."""
    return _first(Draw(seed, "first patient"), seed), _second(Draw(seed, "second patient"), seed)


def _turn(pool: list[Any], seed: int) -> Any:  # noqa: ANN401 - rows of several shapes
    """Return the row whose turn it is: seeds next to each other never share one."""
    return pool[seed % len(pool)]


def _first(draw: Draw, seed: int) -> Person:
    pool = _pools()["japanese"]
    family, given, kanji, kanji_given, kana, kana_given = _turn(pool["patients"], seed)
    groups = f"{family}^{given}={kanji}^{kanji_given}={kana}^{kana_given}"
    day = draw.day(dt.date(2026, 1, 12), dt.date(2026, 3, 20))
    later = day + dt.timedelta(days=7 * draw.integer(4, 8) + 2)
    place = Place(*_turn(pool["places"], seed))
    referring, operator, other, reader, mother = draw.sub("staff").sample(pool["staff"], 5)
    japanese = ["", "ISO 2022 IR 87"]
    visits = (
        Visit(
            "first",
            day,
            groups,
            japanese,
            f"ACC{draw.digits(8)}",
            f"ST{draw.digits(5)}",
            station=f"{place.mark}CT3",
            referring=referring,
            operator=operator,
            reader=reader,
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
            station=f"{place.mark}WARD7",
            referring=referring,
            operator=other,
            reader=reader,
            place=place,
            draw=draw,
        ),
    )
    number, other_id = f"{place.mark}{draw.digits(7)}", f"INS{draw.digits(9)}"
    return Person(
        family, given, (kanji, kanji_given, kana, kana_given), f"{family.upper()}_{given}", number, other_id,
        dt.date(day.year - draw.integer(92, 97), draw.integer(4, 12), draw.integer(1, 28)), "F",
        f"{draw.integer(2, 29)}-{draw.integer(2, 9)} Tsubakidani, {place.street.split(', ')[1]}",
        f"0555-{draw.digits(2)}-{draw.digits(4)}", mother, "Pearl diver", visits,
    )  # fmt: skip


def _second(draw: Draw, seed: int) -> Person:
    pool, abroad = _pools()["german"], _pools()["abroad"]
    family, given, spelled = _turn(pool["patients"], seed)
    day = draw.day(dt.date(2025, 9, 8), dt.date(2025, 11, 14))
    later = day + dt.timedelta(days=7 * draw.integer(5, 9) + 3)
    place = Place(*_turn(pool["places"], seed))
    referring, operator, reader, mother = draw.sub("staff").sample(pool["staff"], 4)
    visits = (
        Visit(
            "first",
            day,
            f"{family}^{given}^^Dr.",
            "ISO_IR 100",
            f"{place.mark}{draw.digits(7)}",
            f"RIS{draw.digits(5)}",
            station=f"{place.mark}MRT02",
            referring=referring,
            operator=operator,
            reader=reader,
            place=place,
            draw=draw,
        ),
        Visit(  # in UTF-8, so its staff may be written in any script
            "second",
            later,
            f"{family}^{given}",
            "ISO_IR 192",
            f"{place.mark}{draw.digits(7)}",
            f"RIS{draw.digits(5)}",
            station=f"{place.mark}US11",
            referring=draw.sub("greek").choice(abroad["greek"]),
            operator=draw.sub("chinese").choice(abroad["chinese"]),
            reader=draw.sub("arabic").choice(abroad["arabic"]),
            place=place,
            draw=draw,
        ),
    )
    number, other_id = f"{place.mark}-{draw.digits(8)}", f"VS{draw.digits(9)}"
    return Person(
        family, given, (spelled,), f"{family}, {given}", number, other_id,
        dt.date(day.year - draw.integer(45, 66), draw.integer(1, 12), draw.integer(1, 28)), "M",
        f"Drosselgässle {draw.integer(3, 98)}, {place.street.split(', ')[1]}", f"+49 831 {draw.digits(6)}", mother,
        "Glasbläser", visits,
    )  # fmt: skip
