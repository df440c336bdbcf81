"""Re-identification risk of a whole release: how many patients share what others may know of them.

Names are gone, but age, sex, dates and devices together may still single a patient out. Patients with
the same quasi-identifiers form a class; k is the size of the smallest one, and a patient alone in a
class is unique (k-anonymity: L. Sweeney, 2002). Coarser bins make classes larger: `suggest` finds the
least loss that reaches a wanted k.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

Values = frozenset[str]


@dataclass(frozen=True, slots=True)
class Level:
    """One way to tell a quasi-identifier: its name for people, and how a value is coarsened."""

    name: str
    coarsen: Callable[[str], str] = field(repr=False)


def _years(width: int) -> Callable[[str], str]:
    """Return ages such as 057Y as the first year of their bin; ages below two years are of the first bin."""

    def bin_of(age: str) -> str:
        years = int(age[:3]) if age[:3].isdigit() and age[3:] == "Y" else 0
        return f"{years // width * width:03d}Y"

    return bin_of


def _steps(width: float) -> Callable[[str], str]:
    def bin_of(number: str) -> str:
        try:
            return f"{float(number) // width * width:g}"
        except ValueError:
            return ""

    return bin_of


_AS_IT_IS, _LEFT_OUT = Level("as it is", str), Level("left out", lambda _: "")
# From what a release may hold to nothing at all. Dates are YYYYMMDD, devices "manufacturer|model".
LEVELS: Mapping[str, tuple[Level, ...]] = {
    "age": (_AS_IT_IS, *(Level(f"bins of {w} years", _years(w)) for w in (5, 10, 20)), _LEFT_OUT),
    "sex": (_AS_IT_IS, _LEFT_OUT),
    "size": (_AS_IT_IS, Level("bins of 5 cm", _steps(0.05)), Level("bins of 10 cm", _steps(0.1)), _LEFT_OUT),
    "weight": (_AS_IT_IS, Level("bins of 5 kg", _steps(5)), Level("bins of 20 kg", _steps(20)), _LEFT_OUT),
    "body part": (_AS_IT_IS, _LEFT_OUT),
    "study date": (_AS_IT_IS, Level("month", lambda d: d[:6]), Level("year", lambda d: d[:4]), _LEFT_OUT),
    "device": (_AS_IT_IS, Level("manufacturer", lambda d: d.partition("|")[0]), _LEFT_OUT),
    "institution": (_AS_IT_IS, _LEFT_OUT),
    "codes": (_AS_IT_IS, _LEFT_OUT),
}


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """What others may know of one patient: the values of each quasi-identifier over all instances."""

    values: Mapping[str, Values]

    def __repr__(self) -> str:
        """Name the quasi-identifiers, not the values."""
        return f"Record({', '.join(name for name, values in self.values.items() if values)})"


@dataclass(frozen=True, slots=True)
class Assessment:
    """The classes of a release.

    `k` is the size of the smallest class (0 without patients), `unique` the number of patients alone in
    theirs, `classes` how many classes there are of each size, `without` the k that leaving out one
    quasi-identifier would give. The risk of the patient most at risk is 1/k; the mean risk is the
    number of classes over the number of patients.
    """

    patients: int
    k: int
    unique: int
    classes: Mapping[int, int]
    without: Mapping[str, int] = field(default_factory=dict)

    @property
    def mean_risk(self) -> float:
        """Return the chance that a patient is singled out by somebody who knows all quasi-identifiers."""
        return sum(self.classes.values()) / self.patients if self.patients else 0.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """How each quasi-identifier would be told so that every class has at least `k` patients."""

    k: int
    levels: Mapping[str, str]
    assessment: Assessment


def records(datasets: Iterable[Dataset]) -> tuple[Record, ...]:
    """Return one record a patient, from the headers of a release; one instance of each series is enough.

    Patients are told apart by Patient ID, without it by study. The Datasets are left alone.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for dataset in datasets:
        who = str(dataset.get("PatientID", "") or dataset.get("StudyInstanceUID", ""))
        values = found.setdefault(who, {name: set() for name in LEVELS})
        for name, value in _quasi_identifiers(dataset):
            if value:
                values[name].add(value)
    return tuple(Record({name: frozenset(v) for name, v in values.items()}) for values in found.values())


def assess(known: Sequence[Record], levels: Mapping[str, int] | None = None) -> Assessment:
    """Return the classes that the patients form when each quasi-identifier is told at a level of `LEVELS`.

    Parameters
    ----------
    known
        One record a patient.
    levels
        Index into `LEVELS` by name; 0, as it is, where not given.

    Examples
    --------
    >>> ann, bob = Record({"sex": frozenset("F")}), Record({"sex": frozenset("M")})
    >>> assess([ann, ann, bob]).unique
    1
    """
    columns = _coded(known)
    chosen = {name: (levels or {}).get(name, 0) for name in columns}
    whole = _classes(columns, chosen, len(known))
    last = {name: len(LEVELS[name]) - 1 for name in columns}
    without = {name: _smallest(_classes(columns, {**chosen, name: last[name]}, len(known))) for name in columns}
    return Assessment(len(known), _smallest(whole), whole.get(1, 0), dict(sorted(whole.items())), without)


def suggest(known: Sequence[Record], k: int) -> Suggestion | None:
    """Return the coarsening that reaches `k` and loses least, None when not even leaving all out does.

    Loss is counted in steps, each quasi-identifier's from nothing (as it is) to one (left out); of
    two with the same loss, the one that coarsens earlier names of `LEVELS` less.
    """
    if len(known) < max(k, 1):
        return None
    columns = _coded(known)
    telling = [name for name in columns if len(np.unique(columns[name][0])) > 1]  # the same for all: nothing to coarsen
    start = (0,) * len(telling)
    waiting, seen = [(0.0, start)], {start}
    while waiting:
        loss, levels = heapq.heappop(waiting)
        chosen = dict.fromkeys(columns, 0) | dict(zip(telling, levels, strict=True))
        if _smallest(_classes(columns, chosen, len(known))) >= k:
            names = {name: LEVELS[name][level].name for name, level in chosen.items()}
            return Suggestion(k, names, assess(known, chosen))
        for place, name in enumerate(telling):
            if levels[place] + 1 < len(LEVELS[name]):
                further = (*levels[:place], levels[place] + 1, *levels[place + 1 :])
                if further not in seen:
                    seen.add(further)
                    heapq.heappush(waiting, (round(loss + 1 / (len(LEVELS[name]) - 1), 9), further))
    return None


def _quasi_identifiers(dataset: Dataset) -> Iterable[tuple[str, str]]:
    def text(keyword: str) -> str:
        return str(dataset.get(keyword, "") or "").strip()

    yield "age", text("PatientAge")
    yield "sex", text("PatientSex")
    yield "size", text("PatientSize")
    yield "weight", text("PatientWeight")
    yield "body part", text("BodyPartExamined")
    yield "study date", text("StudyDate")
    yield "device", "|".join(filter(None, (text("Manufacturer"), text("ManufacturerModelName"))))
    yield "institution", text("InstitutionName")
    for keyword in (
        "ProcedureCodeSequence",
        "AdmittingDiagnosesCodeSequence",
        "ReasonForPerformedProcedureCodeSequence",
    ):
        for item in dataset.get(keyword) or ():
            yield "codes", str(item.get("CodeValue", "") or "")


def _coded(known: Sequence[Record]) -> dict[str, list[NDArray[np.int64]]]:
    """Return, for each quasi-identifier that anybody has, the patients' values as numbers at every level."""
    columns = {}
    for name, levels in LEVELS.items():
        values = [record.values.get(name, frozenset()) for record in known]
        if any(values):
            columns[name] = [_numbers([frozenset(map(level.coarsen, v)) for v in values]) for level in levels]
    return columns


def _numbers(values: list[Values]) -> NDArray[np.int64]:
    numbers: dict[Values, int] = {}
    return np.array([numbers.setdefault(v - {""}, len(numbers)) for v in values], dtype=np.int64)


def _classes(columns: Mapping[str, list[NDArray[np.int64]]], levels: Mapping[str, int], patients: int) -> Counter[int]:
    """Return how many classes there are of each size."""
    if not patients:
        return Counter()
    group = np.zeros(patients, dtype=np.int64)
    for name, column in columns.items():
        told = column[levels[name]]
        group = np.unique(group * (int(told.max()) + 1) + told, return_inverse=True)[1]
    return Counter(np.unique(group, return_counts=True)[1].tolist())


def _smallest(classes: Counter[int]) -> int:
    return min(classes, default=0)
