"""What the samples are: which studies, in which folders, what each file shows, and how it ends in a run."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from dicomlab.forge.encoding import Envelope, encode
from dicomlab.forge.instances import derived, documents, enhanced, pictures, volumes
from dicomlab.forge.instances.common import Series
from dicomlab.forge.media import directory
from dicomlab.forge.people import Person, cast
from dicomlab.forge.sheet import Book

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dicomlab.forge.instances.volumes import Made

WRITTEN, TEXT, FACE = "written", "quarantined text-at-risk", "quarantined face-at-risk"


def readme() -> str:
    """Return the text that explains the folder."""
    return (files("dicomlab.forge") / "tables" / "readme.md").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class _Chapter:
    """Instances that show the same, and their end under basic and research."""

    made: Iterable[Made]
    shows: str
    research: str = WRITTEN


def instances(book: Book, seed: int) -> Iterator[Made]:
    """Yield every instance that is whole, and note what it shows and how it ends."""
    first, second = cast(seed)
    for chapter in (*_first(book, first), *_second(book, second)):
        for made in chapter.made:
            book.end(made[0], WRITTEN, chapter.research)
            book.shows[made[0]] = chapter.shows
            yield made


def _first(book: Book, person: Person) -> Iterator[_Chapter]:
    one, two = person.visits
    head, folder = f"{person.folder}/{one.date} CT head", f"{person.folder}/{two.date} abdomen {two.accession}"
    ct = Series(person, one, "ct head", "CT", 2, "Head 3.0", "HEAD")
    yield _Chapter(volumes.ct_head(book, head, ct), "CT slice of a head with a face; Japanese name in three scripts; "
                   "names in descriptions, comments, items and Manufacturer", FACE)  # fmt: skip
    screen = Series(person, one, "dose", "CT", 501, "Dose report", "HEAD")
    yield _Chapter([pictures.dose_screen(book, f"{head}/dose_{person.family}.dcm", screen)],
                   "Dose screen as secondary capture: name, number, date and hospital in the pixels, which the header "
                   "denies, and in a comment of the JPEG stream", TEXT)  # fmt: skip
    sr = Series(person, one, "report", "SR", 601, "Report", "HEAD", model="Reporting")
    yield _Chapter([documents.report(book, f"{head}/report {person.family}.dcm", sr, ct)],
                   "Structured report about the CT: names, texts, dates, UIDs and a local code")  # fmt: skip
    marks = Series(person, one, "marks", "PR", 602, "Marks", "HEAD", model="Workstation")
    yield _Chapter([derived.presentation(book, f"{head}/marks.dcm", marks, ct)],
                   "Presentation state of the CT whose annotation names the patient")  # fmt: skip
    regions = Series(person, one, "regions", "RTSTRUCT", 603, "Regions", "HEAD", model="Planning")
    yield _Chapter([derived.structures(book, f"{head}/regions.dcm", regions, ct)],
                   "Structure set on the CT with a region named after the patient")  # fmt: skip
    ge = Series(person, two, "ct abdomen", "CT", 3, "Abdomen 5.0", "ABDOMEN", "GE MEDICAL SYSTEMS", "Revolution CT")
    yield _Chapter(volumes.ct_abdomen(book, f"{folder}/CT", ge), "CT slice of an abdomen in signed HU; private blocks "
                   "of GE, values of unknown VR, another spelling of the name")  # fmt: skip
    us = Series(person, two, "ultrasound", "US", 4, "Abdomen", "ABDOMEN", "GE Healthcare", "LOGIQ E10")
    yield _Chapter([pictures.ultrasound(book, f"{folder}/US_{person.family}_{person.given}.dcm", us)],
                   "Ultrasound in colour with name, number and date in its banner, and a thumbnail", TEXT)  # fmt: skip
    cr = Series(person, two, "chest", "CR", 5, "Chest PA", "CHEST", "FUJIFILM Corporation", "CR-IR 392")
    yield _Chapter(
        [pictures.radiograph(book, f"{folder}/CR_0001.dcm", cr, label=True)],
        "Radiograph of a chest with a label burned in to a corner and an overlay that spells the name",
        TEXT,
    )


def _second(book: Book, person: Person) -> Iterator[_Chapter]:
    one, two = person.visits
    folder, later = f"{person.folder}/MR {one.accession}", f"{person.folder}/{two.date}"
    mr = Series(person, one, "mr head", "MR", 3, "t1 mprage sag", "HEAD", model="Prisma fit")
    yield _Chapter(volumes.mr_head(book, folder, mr), "MR slice of a head with a face; German name in Latin-1; names "
                   "in sequence, coil and private Siemens header", FACE)  # fmt: skip
    letter = Series(person, one, "letter", "DOC", 700, "Arztbrief", "HEAD", "Archive", "Scanner")
    yield _Chapter([documents.letter(book, f"{folder}/Brief {person.family}.dcm", letter)],
                   "Letter as encapsulated PDF with name, address and date of birth")  # fmt: skip
    names = [f"CD {person.family}/DICOM/IM{n:06d}" for n in (1, 2, 3)]
    dwi = Series(person, one, "mr diffusion", "MR", 9, "ep2d diff b1000", "ABDOMEN", model="Prisma fit")
    yield _Chapter(volumes.diffusion(book, names, dwi), "Diffusion-weighted MR of an abdomen on a CD, no ending in its "
                   "file name; b value in a private block")  # fmt: skip
    knee = Series(person, two, "knee", "MR", 3, "Knie links", "KNEE", "Philips Medical Systems", "Ingenia")
    yield _Chapter([enhanced.knee(book, f"{later}/knee.dcm", knee)],
                   "Enhanced multi-frame MR of a knee; private sequence of Philips with a name inside")  # fmt: skip
    cine = Series(person, two, "cine", "US", 4, "Herz", "HEART", "Philips Medical Systems", "EPIQ 7")
    yield _Chapter([pictures.cine(book, f"{later}/cine.dcm", cine)],
                   "Ultrasound cine in palette colour; the banner of each frame names the patient", TEXT)  # fmt: skip
    chest = Series(person, two, "chest", "CR", 5, "Thorax", "CHEST", "GE Healthcare", "Definium")
    yield _Chapter([pictures.radiograph(book, f"{later}/{person.family}_Thorax.dcm", chest, label=False)],
                   "Radiograph of a chest without text, big endian; name in a high private block")  # fmt: skip
    bare = Series(person, two, "chest again", "CR", 6, "Thorax", "CHEST", "GE Healthcare", "Definium")
    yield _Chapter([pictures.bare(book, f"{later}/bare", bare)],
                   "Radiograph of a chest without preamble and file meta")  # fmt: skip


def others(book: Book, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield what is no whole instance: a DICOMDIR, broken files, files that are no DICOM."""
    first, second = cast(seed)
    aside = Book()  # the instances below exist only to be broken or listed
    cd = f"CD {second.family}"
    dwi = Series(second, second.visits[0], "mr diffusion", "MR", 9, "ep2d diff b1000", "ABDOMEN", model="Prisma fit")
    listed = []
    for name, sheet, envelope in volumes.diffusion(aside, [f"DICOM/IM{n:06d}" for n in (1, 2, 3)], dwi):
        encode(sheet.dataset, envelope)
        listed.append((name, sheet.dataset))
    uid = second.visits[0].uid("file-set")
    yield _other(book, f"{cd}/DICOMDIR", directory(listed, name=f"{second.visits[0].place.mark}_CD", uid=uid),
                 shows="Directory of the CD, with the patient's name", end="ignored dicomdir")  # fmt: skip
    lost = Series(second, second.visits[1], "lost", "CR", 8, "Thorax", "CHEST", "GE Healthcare", "Definium")
    _, sheet, _ = pictures.radiograph(aside, "lost", lost, label=False)
    whole = encode(sheet.dataset, Envelope())
    yield _other(book, "incoming/cut.dcm", whole[: whole.index(second.patient_id.encode()) + 5],
                 shows="Instance cut off within its header", end="quarantined broken")  # fmt: skip
    yield _other(book, "incoming/short.dcm", whole[: -len(sheet.dataset.PixelData) // 3],
                 shows="Instance whose pixel data ends too early", end="quarantined truncated-pixel-data")  # fmt: skip
    note = f"{first.given} {first.family} ({first.patient_id}) asked for a copy on {first.visits[1].spoken}.\n"
    yield _other(book, f"incoming/note {first.family}.txt", note.encode(),
                 shows="Note about the patient, no DICOM", end="ignored not-dicom")  # fmt: skip
    yield _other(book, "incoming/empty.dcm", b"", shows="Nothing: a file of no bytes", end="ignored empty-file")
    for name in ("ANSWERS.json", "MANIFEST.json", "README.md"):
        book.end(name, "ignored not-dicom")


def _other(book: Book, name: str, content: bytes, *, shows: str, end: str) -> tuple[str, bytes]:
    book.end(name, end)
    book.shows[name] = shows
    return name, content
