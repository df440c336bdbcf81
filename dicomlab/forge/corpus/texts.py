"""Text that names somebody beside words that must stay: spellings of names, dates and numbers, and phrases."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pydicom.datadict import dictionary_VR

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from dicomlab.forge.corpus.cast import Name, Patient, Visit
    from dicomlab.forge.corpus.draft import Draft
    from dicomlab.forge.draw import Draw

_PHRASES = (
    "CT thorax with contrast", "T2 axial", "Abdomen portal venous phase", "Chest PA", "Knee left",
    "Liver lesion", "Lumbar spine sagittal", "DWI", "Pelvis AP", "Arterial phase", "Localizer",
    "Diffusion weighted", "Mammography CC left", "Ultrasound kidney right", "Coronary angiography", "Scout",
    "FLAIR coronal", "STIR sagittal", "Lung window", "Prostate", "Hip", "Contrast", "Spleen",
    "Femur left", "Shoulder", "Aorta", "Pancreas", "Bladder", "T1 axial", "Heart",
)  # fmt: skip
_SMALL = {"with", "for", "of", "and", "the", "in", "to"}
_TEMPLATES = ("{words} {told}", "{told} {words}", "{words}, {told}", "{words} ({told})", "{words} for {told}",
              "{words}: {told}", "{told}; {words}", "{words}_{told}", "{words} {told}.")  # fmt: skip
_LONGEST = {"SH": 16, "LO": 64, "CS": 16, "AE": 16}
_USUAL = 120
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Words(NamedTuple):
    """A phrase that identifies nobody."""

    phrase: str

    @property
    def kept(self) -> tuple[str, ...]:
        """The words of the phrase that must stay."""
        return tuple(w for w in self.phrase.split() if w.lower() not in _SMALL)


class Told(NamedTuple):
    """A text that identifies, and the parts that do."""

    text: str
    values: tuple[str, ...]


def phrase(draw: Draw) -> Words:
    """Return a drawn phrase."""
    return Words(draw.choice(_PHRASES))


def name_in_text(draw: Draw, name: Name, *, whole: bool = False) -> Iterator[Told]:
    """Yield spellings of a person's name in drawn order; `whole`: family and given name both."""
    latin = (name.family, name.given)
    pairs = [latin, *([name.native] if any(name.native) else [])]
    ways: list[Told] = []
    for family, given in pairs:
        ways += [
            Told(f"{family}, {given}", (family, given)), Told(f"{given} {family}", (family, given)),
            Told(f"{family}^{given}", (family, given)), Told(f"{family}_{given}", (family, given)),
            Told(f"{family.upper()} {given.upper()}", (family, given)),
        ]  # fmt: skip
        if not whole:
            ways += [Told(family, (family,)), Told(family.upper(), (family,)), Told(f"Mr {family}", (family,))]
    yield from draw.sample(ways, len(ways))


def date_in_text(draw: Draw, day: dt.date) -> Told:
    """Return a date in one of the ways in which people write it."""
    month = _MONTHS[day.month - 1]
    text = draw.choice(
        (
            f"{day:%Y%m%d}", f"{day:%Y-%m-%d}", f"{day:%d.%m.%Y}", f"{day:%m/%d/%Y}", f"{day:%d/%m/%Y}",
            f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}", f"{day:%d}-{month.upper()}-{day.year}",
            f"{day.day}.{day.month}.{day.year}", f"{day:%Y/%m/%d}", f"{day:%d.%m.%y}",
        )
    )  # fmt: skip
    return Told(text, (text,))


def identifying(draw: Draw, patient: Patient, visit: Visit, *, whole: bool = False) -> Iterator[Told]:
    """Yield texts that identify the patient, in drawn order: names twice as often as numbers."""
    names = list(name_in_text(draw.sub("names"), patient.name, whole=whole))
    staff = draw.choice((visit.referring, visit.reader, visit.operator))
    others = [
        Told(patient.patient_id, (patient.patient_id,)), Told(visit.accession, (visit.accession,)),
        date_in_text(draw, visit.day), date_in_text(draw, patient.birth), Told(patient.phone, (patient.phone,)),
        Told(patient.email, (patient.email,)), Told(patient.url, (patient.url, "portal.example")),
        Told(patient.address, (patient.address,)), Told(visit.institution, (visit.institution,)),
        Told(f"Dr. {staff.family}", (staff.family,)), Told(visit.procedure_id, (visit.procedure_id,)),
    ]  # fmt: skip
    yield from draw.sample([*names[:8], *others], len(names[:8]) + len(others))


def composed(draw: Draw, words: Words, told: Sequence[Told], most: int, *, plain: bool = False) -> tuple[str, Told]:
    """Return the first composition of words and identifying text that fits `most` characters.

    Words of one's own come whole; what identifies comes alone where nothing else fits.
    """
    for one in told:
        # Capitals behind a title read as more of the name.
        titled = one.text.startswith(("Dr. ", "Mr "))
        template = _TEMPLATES[0] if titled else draw.choice(_TEMPLATES[:2] if plain else _TEMPLATES)
        if any(c.isdigit() for c in one.text) or "@" in one.text:
            template = template.replace("_", " ")  # a sign that is part of numbers, mailboxes and addresses
        text = template.format(words=words.phrase, told=one.text)
        if len(text) <= most:
            return text, one
    short = next(t for t in told if len(t.text) <= most)
    return short.text, Told(short.text, short.values)


def described(
    draft: Draft, path: str, *, category: str = "", words: Words | None = None, most: int = 0,
    told: Sequence[Told] | None = None, ends: Mapping[str, Sequence[str]] | None = None, plain: bool = False,
) -> None:  # fmt: skip
    """Set a text attribute to words and what identifies, and note both.

    Parameters
    ----------
    told
        What may identify in it; anything of the patient's by default. Names that are ordinary words come whole.
    most
        Characters at most; the VR's own limit holds too.
    plain
        Only a blank between words and what identifies.
    """
    draw = draft.draw.sub("text", path)
    vr = dictionary_VR(path.rsplit(".", 1)[-1])
    most = min(most or _USUAL, _LONGEST.get(vr, most or _USUAL))
    words = words or phrase(draw)
    if told is None:
        told = list(identifying(draw, draft.patient, draft.visit, whole=draft.patient.is_word))
    text, one = composed(draw, words, told, most, plain=plain)
    kept = words.kept if words.phrase in text else ()
    draft.plant(path, text, *one.values, category=category, words=kept, ends=ends)
