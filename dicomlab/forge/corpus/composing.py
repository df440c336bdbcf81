"""Which instances a patient of a corpus has, and what is planted in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomlab.forge.corpus import cast, fill, header, kinds, layouts, nested, plants, privates, spellings, staying
from dicomlab.forge.corpus.draft import Draft, SopClass, Target, sop_classes
from dicomlab.forge.corpus.syntaxes import NATIVE, syntaxes_of
from dicomlab.forge.draw import Draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dicomlab.forge.corpus.cast import Patient

_FIRST = ("ct", "mr", "pt", "cr")
_PER_VISIT = 4
# Every planter with how often it acts, in hundredths: categories fill within a few dozen instances.
_PLANTERS: tuple[tuple[Callable[[Draft], None], int], ...] = (
    (plants.harmless_beside, 35), (plants.harmless, 100), (plants.descriptions, 70), (plants.in_every_text_vr, 60),
    (plants.outside_the_table, 70), (plants.dates, 60), (nested.requested, 60), (nested.contributed, 50),
    (nested.original, 35), (nested.signed, 30), (nested.codes, 60), (nested.unknown_vr, 40), (nested.around, 50),
    (privates.safe, 60), (privates.unsafe, 60), (privates.sequence, 50), (privates.named_creator, 30),
    (privates.nested_private, 30), (privates.declared, 20), (plants.extras, 90), (plants.nested, 60),
    (spellings.spelled, 40), (spellings.written_otherwise, 40),
    (spellings.old_age, 40), (staying.words, 60), (layouts.deep, 30), (layouts.own_character_set, 30),
    (layouts.behind_a_null, 20), (layouts.in_numbers, 30), (layouts.in_addresses, 30), (layouts.in_codes, 40),
    (layouts.old_date, 20),
)  # fmt: skip
_ON_PIXELS: tuple[tuple[Callable[[Draft], None], int], ...] = (
    (nested.overlay, 30), (nested.curve, 20), (nested.icon, 30), (nested.commented, 60),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Placed:
    """A finished draft, where its file goes and how it is written."""

    draft: Draft
    file: str
    syntax: str


def compose(seed: int, patient: Patient) -> Iterator[Placed]:
    """Yield a patient's instances: in each visit an image of two instances, and others that refer to it."""
    classes = {c.name: c for c in sop_classes()}
    order = Draw(seed, "corpus", "order").sample(sorted(classes), len(classes))
    start = 2 * _PER_VISIT * patient.number
    for visit in patient.visits:
        first = classes[_FIRST[(patient.number + visit.number) % len(_FIRST)]]
        offset = start + _PER_VISIT * (visit.number - 1)
        others = [classes[order[(offset + n) % len(order)]] for n in range(_PER_VISIT)]
        target: Target | None = None
        for place, sop_class in enumerate((first, first, *others)):
            number = 1 + place + (2 + _PER_VISIT) * (visit.number - 1 + 2 * patient.number)
            series = f"first {first.name}" if place < 2 else f"{place} {sop_class.name}"  # noqa: PLR2004 - both firsts
            draw = Draw(seed, "corpus", "instance", str(number))
            draft = Draft(patient, visit, sop_class, series, number, draw)
            draft.target = target or Target(sop_class.uid, draft.sop_instance, draft.uid("series", series),
                                            draft.uid("study"))  # fmt: skip
            target = draft.target
            _make(draft)
            yield Placed(draft, _file(draft), _syntax(seed, sop_class, number))


def _make(draft: Draft) -> None:
    header.add_header(draft)
    fill.settle_values(draft)
    kinds.add_content(draft)
    draw = draft.draw.sub("planters")
    if draft.sop_class.modality in ("CT", "MR", "PT"):
        draft.put(BodyPartExamined="ABDOMEN")
    # An image that others refer to is the first of its visit: what was requested must be told somewhere.
    first = draft.target is not None and draft.target.instance == draft.sop_instance
    for planter, often in (*_PLANTERS, *(_ON_PIXELS if draft.frames else ())):
        if draw.integer(1, 100) <= often or (first and planter is nested.requested):
            planter(draft)
    fill.complete(draft)
    staying.values(draft)


def _syntax(seed: int, sop_class: SopClass, number: int) -> str:
    """Return the transfer syntax of an instance: they take turns within what the content can be written in."""
    known = syntaxes_of(sop_class.kind)
    turn = Draw(seed, "corpus", "syntaxes").integer(0, 99) + number
    # Of two numbers in three a compressed one where there is any, so that small corpora hold them all.
    compressed = [s for s in known if s not in NATIVE]
    return compressed[turn // 3 % len(compressed)] if compressed and turn % 3 else known[turn % len(NATIVE)]


def _file(draft: Draft) -> str:
    """Return a path that names patient and day, as exports do; some files have no ending."""
    patient, visit = draft.patient, draft.visit
    name = patient.name
    folder = draft.patient.draw.sub("folder").choice(
        (
            f"{name.family}_{name.given}",
            f"{patient.patient_id} {name.family.upper()}",
            f"{name.written}".replace("^", " "),
        )
    )
    ending = draft.draw.sub("ending").choice((".dcm", ".dcm", "", ".IMA"))
    return f"{folder} {patient.number}/{visit.date} {draft.sop_class.modality}/IM{draft.number:05d}{ending}"


def patients(seed: int, count: int) -> Iterator[Patient]:
    """Yield the patients of a corpus."""
    for number in range(count):
        yield cast.patient(seed, number)
