"""What identifies in attributes: those of Table E.1-1 by chance, text in and outside it, dates in every form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydicom.datadict import dictionary_VM, tag_for_keyword
from pydicom.sequence import Sequence as Items

from dicomlab.forge.corpus.cast import table
from dicomlab.forge.corpus.fates import Fate, fates
from dicomlab.forge.corpus.fill import code
from dicomlab.forge.corpus.texts import Told, Words, date_in_text, described, identifying, name_in_text, phrase

if TYPE_CHECKING:
    from dicomlab.forge.corpus.draft import Draft
    from dicomlab.forge.draw import Draw

OUTSIDE = "names in attributes outside the table"
_BOTH = ("basic", "research")


@cache
def _extras() -> tuple[tuple[str, Fate], ...]:
    """Return the attributes of the table that any instance may carry: no sequences, nothing that others stand on."""
    never = set(table("planted")["never"])
    return tuple(
        (keyword, fate) for keyword, fate in fates().items()
        if fate.vr not in ("SQ", "UN") and keyword not in never and _group(keyword) not in (0, 2, 4, 0xFFFC)
    )  # fmt: skip


def _group(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    return (tag or 0) >> 16


def extras(draft: Draft, count: int = 14) -> None:
    """Plant attributes of the table, drawn by chance, at the root."""
    draw = draft.draw.sub("extras")
    for keyword, fate in draw.sample(_extras(), count):
        if keyword not in draft.dataset:
            plant_listed(draft, draw.sub(keyword), keyword, fate)


def nested(draft: Draft) -> None:
    """Plant attributes of the table in items of sequences that the table does not list."""
    draw = draft.draw.sub("nested")
    for place in draw.sample(table("planted")["containers"], 3):
        if place.partition("[")[0] in draft.dataset:
            continue
        for keyword, fate in draw.sample(_extras(), 3):
            plant_listed(draft, draw.sub(place, keyword), f"{place}.{keyword}", fate, category="nested items")


def plant_listed(draft: Draft, draw: Draw, path: str, fate: Fate, *, category: str = "") -> None:
    """Plant one attribute of the table with a value that fits its VR and category."""
    if fate.research == "K":
        value = _plain(fate.vr, draw)
        draft.put(path, value)
        ends = {"basic": ("absent", "empty", "dummy"), "research": ("kept",)}
        draft.note(path, (str(value),), category=category or fate.category, ends=ends)
    elif fate.research == "C" and fate.vr in ("LO", "SH", "ST", "LT", "UT", "UC"):
        described(draft, path, category=category, most=200)
    else:
        value, values = _identifying(draft, draw, path, fate)
        draft.plant(path, value, *values, category=category)


def _plain(vr: str, draw: Draw) -> object:
    known = {"AS": "045Y", "US": 2, "CS": "NO", "SH": "Asian", "LO": "Standard", "DS": "12.5"}
    return known.get(vr, f"Standard {draw.digits(2)}")


def _identifying(draft: Draft, draw: Draw, path: str, fate: Fate) -> tuple[object, tuple[str, ...]]:
    """Return a value for the attribute and the parts of it that identify; none of them named: all of it does."""
    maker = _MAKERS.get(fate.vr)
    if maker is None:
        return _text(draft, draw, fate)
    return maker(draft, draw, path.rsplit(".", 1)[-1])


def _several(draw: Draw, keyword: str) -> bool:
    return dictionary_VM(keyword) != "1" and draw.integer(0, 1) == 1


def _day(draft: Draft, draw: Draw) -> dt.date:
    day = draft.visit.day
    return draw.choice((day, day - dt.timedelta(days=draw.integer(1, 700)), draft.patient.birth))


def _people(draft: Draft, draw: Draw, keyword: str) -> tuple[object, tuple[str, ...]]:
    visit = draft.visit
    everybody = (draft.patient.name, visit.reader, visit.referring, visit.operator)
    people = draw.sample(everybody, 2 if _several(draw, keyword) else 1)
    names = [p.pn for p in people]
    return (names if len(names) > 1 else names[0]), tuple(part for p in people for part in p.shown)


def _days(draft: Draft, draw: Draw, keyword: str) -> tuple[object, tuple[str, ...]]:
    first = f"{_day(draft, draw):%Y%m%d}"
    return ([first, draft.visit.date] if _several(draw, keyword) else first), ()


def _uids(draft: Draft, draw: Draw, keyword: str) -> tuple[object, tuple[str, ...]]:
    uids = [draft.uid("extra", keyword, str(n)) for n in range(2 if _several(draw, keyword) else 1)]
    return (uids if len(uids) > 1 else uids[0]), ()


def _time(draw: Draw) -> str:
    return f"{draw.integer(10, 23)}{draw.integer(10, 59)}{draw.integer(10, 59)}.{draw.digits(3)}"


def _bytes(draft: Draft, draw: Draw, keyword: str) -> tuple[object, tuple[str, ...]]:
    del draw, keyword
    name = draft.patient.name
    said = f"{name.family}^{name.given}".encode()
    return said + b"\0" * (len(said) % 2), (name.family, name.given)


def _decimals(draft: Draft, draw: Draw, keyword: str) -> tuple[object, tuple[str, ...]]:
    del draft
    numbers = [f"{draw.uniform(10, 80):.4f}" for _ in range(3)]
    return (numbers if dictionary_VM(keyword) != "1" else numbers[0]), ()


# By VR; text has a function of its own, which knows the category.
_MAKERS: Mapping[str, Callable[[Draft, Draw, str], tuple[object, tuple[str, ...]]]] = MappingProxyType(
    {
        "PN": _people, "DA": _days, "UI": _uids, "OB": _bytes, "DS": _decimals,
        "DT": lambda draft, draw, _: (_date_time(draw, _day(draft, draw)), ()),
        "TM": lambda _, draw, __: (_time(draw), ()),
        "US": lambda _, draw, __: (draw.integer(2, 9), ()),
        "IS": lambda _, draw, __: (draw.integer(2, 9), ()),
        "CS": lambda _, draw, __: (f"F{draw.digits(6)}", ()),
        "AE": lambda draft, _, __: (f"{draft.visit.station}A", (draft.visit.station,)),
        "UR": lambda draft, _, __: (draft.patient.url, ()),
    }
)  # fmt: skip


def _date_time(draw: Draw, day: dt.date) -> str:
    """Return a date and time: whole, with fraction and zone, or cut short (PS3.5 6.2)."""
    return draw.choice(
        (
            f"{day:%Y%m%d}101500", f"{day:%Y%m%d}101500.123456", f"{day:%Y%m%d}101500.5+0530",
            f"{day:%Y%m%d}2359-0800", f"{day:%Y%m%d}", f"{day:%Y%m}", f"{day:%Y}", f"{day:%Y%m%d}10",
        )
    )  # fmt: skip


def _text(draft: Draft, draw: Draw, fate: Fate) -> tuple[str, tuple[str, ...]]:
    patient, visit = draft.patient, draft.visit
    texts = {
        "address": draw.choice((patient.address, visit.street)), "telephone": patient.phone,
        "institution": visit.institution, "device": f"DV{draw.digits(8)}", "identifier": f"ID{draw.digits(9)}",
    }  # fmt: skip
    text = texts.get(fate.category)
    if text is None:
        told = next(iter(identifying(draw, patient, visit, whole=patient.is_word)))
        text = told.text
        if len(text) <= _most(fate.vr):
            return text, told.values
    most = _most(fate.vr)
    if len(text) > most:
        short = f"ID{draw.digits(9)}"
        return short, (short,)
    return text, (text,)


def _most(vr: str) -> int:
    return {"SH": 16, "LO": 64, "UC": 200}.get(vr, 400)


def descriptions(draft: Draft) -> None:
    """Plant what identifies into descriptions of the table: gone under basic, clean words stay under research."""
    draw = draft.draw.sub("descriptions")
    for keyword in draw.sample(table("planted")["descriptions"], 4):
        if keyword not in draft.dataset:
            described(draft, keyword, category="kept clean words", most=120)


def in_every_text_vr(draft: Draft) -> None:
    """Plant the patient's name into text of every VR, in attributes of the table and others."""
    draw = draft.draw.sub("text VRs")
    for keyword in draw.sample(table("planted")["text"], 4):
        if keyword not in draft.dataset:
            told = list(name_in_text(draw.sub(keyword), draft.patient.name, whole=draft.patient.is_word))
            described(draft, keyword, category="names in every text VR", told=_short(draft, told), most=200)


def outside_the_table(draft: Draft) -> None:
    """Plant what identifies into attributes that the table does not list: it goes, their own words stay."""
    draw = draft.draw.sub("outside")
    for keyword, words in draw.sample(table("planted")["outside"], 4):
        if keyword not in draft.dataset:
            told = list(identifying(draw.sub(keyword), draft.patient, draft.visit, whole=draft.patient.is_word))
            described(draft, keyword, category=OUTSIDE, words=Words(words), told=_short(draft, told), plain=True)


def _short(draft: Draft, told: list[Told]) -> list[Told]:
    """Return texts with one more at the end that fits everywhere."""
    return [*told, Told(draft.patient.patient_id, (draft.patient.patient_id,))]


def dates(draft: Draft) -> None:
    """Plant dates in several attributes, in text and with several values; note the interval between studies."""
    draw, visit = draft.draw.sub("dates"), draft.visit
    days = [f"{visit.day - dt.timedelta(days=n):%Y%m%d}" for n in (30, 91)]
    if "DateOfLastCalibration" not in draft.dataset:
        draft.plant("DateOfLastCalibration", days, category="multi-valued dates")
        draft.put(TimeOfLastCalibration=["101010", "111111"])
    told = [date_in_text(draw.sub(str(n)), day) for n, day in enumerate((visit.day, draft.patient.birth))]
    described(draft, "DerivationDescription", category="dates in text", told=told)
    draft.note("StudyDate", (visit.date,), category="intervals between studies", ends={"basic": ()})


def harmless_beside(draft: Draft) -> None:
    """Plant values of which one identifies and the others must stay."""
    name, draw = draft.patient.name, draft.draw.sub("beside")
    told = next(t for t in name_in_text(draw, name, whole=True) if len(t.text) <= 64)  # noqa: PLR2004 - VR LO
    draft.put(SoftwareVersions=["VG60A", told.text, "3.1.2"])
    draft.note("SoftwareVersions", told.values, category="several values, one harmless", words=("VG60A", "3.1.2"))
    others = [draft.uid("event", "a"), draft.uid("event", "b")]
    if "IrradiationEventUID" not in draft.dataset:
        draft.plant("IrradiationEventUID", others)
    if "AdmittingDiagnosesDescription" not in draft.dataset:
        words = phrase(draw)
        draft.put(AdmittingDiagnosesDescription=[words.phrase, f"see {told.text}"])
        draft.note("AdmittingDiagnosesDescription", told.values, category="several values, one harmless",
                   words=words.kept)  # fmt: skip


def harmless(draft: Draft) -> None:
    """Note what must stay: model, kernel, versions, coded meanings, and words that are somebody's name too."""
    patient = draft.patient
    ends = dict.fromkeys(_BOTH, ("kept",))
    names = table("names")
    model = names["telling models"].get(patient.name.family) if patient.is_word else None
    category = "ordinary words" if model else "kept model, kernel, versions"
    draft.put(ManufacturerModelName=model or draft.draw.sub("model").choice(table("planted")["models"]))
    draft.note("ManufacturerModelName", category=category, ends=ends)
    if patient.is_word and "ProcedureCodeSequence" not in draft.dataset:
        draft.put(ProcedureCodeSequence=Items([code("L-1", "99FORGE", names["telling"][patient.name.family])]))
        draft.note("ProcedureCodeSequence[0].CodeMeaning", category="ordinary words", ends=ends)
    if "SoftwareVersions" not in draft.dataset:
        draft.put(SoftwareVersions=["VG60A", "syngo CT 2012B"])
        draft.note("SoftwareVersions", category="kept model, kernel, versions", ends=ends)
    if draft.sop_class.modality == "CT" and draft.sop_class.kind == "grey16":
        draft.keep("ConvolutionKernel", "B30f", "kept model, kernel, versions")
    if "PatientState" not in draft.dataset:
        draft.put(PatientState="Fasting")
        gone = {"basic": ("absent",), "research": ("kept", "cleaned")}
        draft.note("PatientState", category="patient characteristics", words=("Fasting",), ends=gone)
