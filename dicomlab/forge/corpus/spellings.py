"""A person's name written otherwise: joined, with initials, without marks, without apostrophe, one half of two."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydicom.charset import convert_encodings

from dicomlab.forge.corpus.texts import Told, Words, described

if TYPE_CHECKING:
    from dicomlab.forge.corpus.cast import Name
    from dicomlab.forge.corpus.draft import Draft

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ß": "ss"})
_GERMAN = ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
           "Dezember")  # fmt: skip
_ENGLISH = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December")  # fmt: skip
_PLACES = (("DetectorDescription", "Flat panel"), ("GridAbsorbingMaterial", "Lead"), ("DoseComment", "Dose"))
_LONG_ENOUGH = 5
_OLD = 89


def otherwise(name: Name, *, is_word: bool) -> Iterator[Told]:
    """Yield other spellings of a name that still tell whose it is; a word among names comes with the given name."""
    family, given = name.family, name.given
    joined = re.sub(r"\W", "", f"{family}{given}")
    yield Told(joined, (joined,))
    yield Told(joined.upper(), (joined,))
    yield Told(f"{given}.{family}".replace(" ", ""), (given.replace(" ", ""), family.replace(" ", "")))
    if is_word:
        return
    yield Told(f"{given[0]}. {family}", (family,))
    yield Told(f"{family} {given[0]}.", (family,))
    yield Told(family.swapcase(), (family,))
    plain = _unmarked(family)
    if plain != family:
        yield Told(plain, (plain,))
    if (spelled := family.translate(_UMLAUTS)) != family:
        yield Told(spelled, (spelled,))
        yield Told(spelled.upper(), (spelled,))
    if "'" in family:
        bare = family.replace("'", "")
        yield Told(bare, (bare,))
        yield Told(bare.upper(), (bare,))
    for half in re.split(r"[- ]", family):
        if half != family and len(half) >= _LONG_ENOUGH:
            yield Told(half, (half,))


def _unmarked(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in plain if not unicodedata.combining(c))


def numbers_otherwise(draft: Draft) -> Iterator[Told]:
    """Yield numbers, telephone numbers and addresses as people write them from memory."""
    patient, visit = draft.patient, draft.visit
    number = patient.patient_id
    if "-" in number:
        yield Told(number.replace("-", ""), (number.replace("-", ""),))
        yield Told(number.replace("-", " "), (number.partition("-")[2],))
    yield Told(number.lower(), (number,))
    yield Told(f"ID {number}", (number,))
    yield Told(f"Acc. {visit.accession}", (visit.accession,))
    digits = re.sub(r"[^\d+]", "", patient.phone)
    yield Told(f"Tel. {digits}", (digits,))
    street, _, city = patient.address.partition(", ")
    yield Told(street, (street,))
    yield Told(f"lives in {city}", (city.partition(" ")[2],))


def dates_otherwise(draft: Draft) -> Iterator[Told]:
    """Yield dates with times, in other languages, and joined."""
    for day in (draft.visit.day, draft.patient.birth):
        german = _GERMAN[day.month - 1]
        for text in (
            f"{day:%Y-%m-%d}T10:15:00", f"{day:%d.%m.%Y} 10:15", f"{day:%Y%m%d}101500",
            f"{day.day}. {german} {day.year}", f"{day:%d}/{day:%m}/{day:%y}",
            f"{_ENGLISH[day.month - 1]} {day.day}, {day.year}",
        ):  # fmt: skip
            yield Told(text, (text,))


def written_otherwise(draft: Draft) -> None:
    """Plant other spellings of numbers and dates into text in and outside the table."""
    draw = draft.draw.sub("written otherwise")
    for category, ways, keywords in (
        ("numbers written otherwise", list(numbers_otherwise(draft)), ("VisitComments", "DetectorDescription")),
        ("dates in text", list(dates_otherwise(draft)), ("AcquisitionComments", "GridAbsorbingMaterial")),
    ):
        for keyword in keywords:
            known = [way for way in ways if _fits(draft, way.text)]
            if keyword not in draft.dataset:
                told = draw.sub(keyword).sample(known, len(known))
                described(draft, keyword, category=category, told=told, most=120)


def _fits(draft: Draft, text: str) -> bool:
    """Return whether the instance's character set has every character of a text."""
    try:
        for codec in convert_encodings(draft.patient.charset or "")[-1:]:
            text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def old_age(draft: Draft) -> None:
    """Plant an age over 89 into text: it tells the year of birth (45 CFR 164.514(b)(2)(i)(C))."""
    age = draft.patient.age(draft.visit.day)
    if age <= _OLD:
        return
    for keyword, text in (
        ("ResultsComments", f"{age}-year-old, Liver lesion"),
        ("DoseComment", f"Dose for {age} y old"),
    ):
        if keyword not in draft.dataset:
            words = ("Liver", "lesion") if "Liver" in text else ("Dose",)
            draft.plant(keyword, text, str(age), category="age over 89 in text", words=words)


def spelled(draft: Draft) -> None:
    """Plant other spellings of the patient's name into text outside and inside the table."""
    draw, patient = draft.draw.sub("spelled"), draft.patient
    ways = list(otherwise(patient.name, is_word=patient.is_word))
    for keyword, words in draw.sample(_PLACES, 2):
        if keyword not in draft.dataset:
            told = draw.sample(ways, len(ways))
            described(draft, keyword, category="names spelled otherwise", words=Words(words), told=told, plain=True)
    if "StudyDescription" not in draft.dataset:
        described(draft, "StudyDescription", category="names spelled otherwise", told=draw.sample(ways, len(ways)))
