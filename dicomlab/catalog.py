"""What a source holds, as values: entries, series, studies, patients. Every repr is masked."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from dicomlab.free_text import ordinary_words
from dicomlab.records import Masked, Reason
from dicomlab.standard import sop_class_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pandas as pd
    from pydicom.dataset import FileDataset


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One file of a source. `reason` says why it is no instance, None when it is one; `detail` where it went wrong.

    `patient` is (issuer, Patient ID) as in the file, or as `linked` found. What identifies is left out of the repr.
    """

    ordinal: int
    path: Path
    relative: str
    size: int = 0
    reason: Reason | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    transfer_syntax: str = ""
    detail: str = ""
    person: tuple[str, str] | None = None

    def __repr__(self) -> str:
        """Tell the ordinal and the kind, nothing that identifies."""
        return f"Entry({self.ordinal}, {self.reason or sop_class_name(self.sop_class)})"

    @property
    def sop_class(self) -> str:
        """SOP Class UID, "" when there is none."""
        return self.attributes.get("SOPClassUID", "")

    @property
    def modality(self) -> str:
        """Modality, "" when there is none."""
        return self.attributes.get("Modality", "")

    @property
    def patient(self) -> tuple[str, str]:
        """(issuer, Patient ID), or what `linked` found; without Patient ID, a mark and the Study Instance UID."""
        if self.person:
            return self.person
        known = self.attributes.get("PatientID", "")
        return (self.attributes.get("IssuerOfPatientID", ""), known) if known else ("\\study", self.study_uid)

    @property
    def study_uid(self) -> str:
        """Study Instance UID as in the file."""
        return self.attributes.get("StudyInstanceUID", "")

    @property
    def series_uid(self) -> str:
        """Series Instance UID as in the file."""
        return self.attributes.get("SeriesInstanceUID", "")

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID as in the file."""
        return self.attributes.get("SOPInstanceUID", "")

    def read(self) -> FileDataset:
        """Return the instance as a pydicom Dataset, pixel data included."""
        from pydicom import dcmread  # noqa: PLC0415 - a catalog is looked at more often than read

        return dcmread(self.path, force=True)


@dataclass(frozen=True, slots=True, repr=False)
class Group:
    """The instances of one patient, study or series, under a label that names nobody."""

    label: str
    instances: tuple[Entry, ...]

    def __repr__(self) -> str:
        """Tell label, modality and counts."""
        return f"Group({self.label}: {len(self.instances)} instances, {self.modality})"

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over the instances."""
        return iter(self.instances)

    def __len__(self) -> int:
        """Return the number of instances."""
        return len(self.instances)

    @property
    def modality(self) -> str:
        """Return the modalities, the most frequent first; "other" for a term that is no word of the field."""
        return ", ".join(
            m for m, _ in Counter(shown_modality(e.modality) or "none" for e in self.instances).most_common()
        )

    @property
    def sop_class(self) -> str:
        """Return the names of the SOP Classes, the most frequent first."""
        return ", ".join(sop_class_name(u) for u, _ in Counter(e.sop_class for e in self.instances).most_common())

    @property
    def body_part(self) -> str:
        """Return Body Part Examined where it is stated; "other" for a term that is no word of the field."""
        parts = {e.attributes.get("BodyPartExamined", "") for e in self.instances} - {""}
        return ", ".join(sorted({p if _is_body_part(p) else "other" for p in parts}))

    @property
    def description(self) -> Masked:
        """Return the first Series Description, masked: it is free text."""
        return Masked(next((d for e in self.instances if (d := e.attributes.get("SeriesDescription"))), ""))

    @property
    def size_bytes(self) -> int:
        """Return the size of the files together."""
        return sum(e.size for e in self.instances)

    @property
    def frames(self) -> int:
        """Return the number of frames of all instances."""
        stated = (e.attributes.get("NumberOfFrames", "1") for e in self.instances)
        return sum(int(n) if n.isdigit() else 1 for n in stated)


def linked(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return entries of which those of one person have one `patient`, though not all name the same issuer.

    Issuers of one Patient ID that meet in a study are of one person, and so are instances that name none where all
    others of that Patient ID are of one person. Else the same Patient ID of two issuers is two people's (PS3.3
    C.7.1.1).
    """
    entries = tuple(entries)
    studies: dict[str, dict[str, set[str]]] = {}
    for entry in entries:
        if known := entry.attributes.get("PatientID"):
            issuers = studies.setdefault(known, {})
            issuers.setdefault(entry.attributes.get("IssuerOfPatientID", ""), set()).add(entry.study_uid)
    people: dict[tuple[str, str], tuple[str, str]] = {}
    for known, issuers in studies.items():
        groups: list[tuple[set[str], set[str]]] = []
        for issuer, mine in sorted(issuers.items()):
            met = [g for g in groups if g[1] & mine]
            groups = [g for g in groups if g not in met]
            groups.append(({issuer}.union(*(g[0] for g in met)), mine.union(*(g[1] for g in met))))
        if sum(names != {""} for names, _ in groups) == 1:
            groups = [({*issuers}, set())]
        for names, _ in groups:
            people |= {(issuer, known): (min(names - {""}, default=""), known) for issuer in names}
    return tuple(
        e if (who := people.get(e.patient, e.patient)) == e.patient else replace(e, person=who) for e in entries
    )


def shown_modality(stated: str) -> str:
    """Return a modality that may be shown, "other" for what does not look like a term of PS3.3 C.7.3.1.1.1."""
    return stated if not stated or _MODALITY.fullmatch(stated) else "other"


def _is_body_part(stated: str) -> bool:
    return all(word in ordinary_words() or word.endswith("spine") for word in stated.lower().split())


_MODALITY = re.compile(r"[A-Z][A-Z0-9]{1,3}|RT[A-Z]{3,8}|[A-Z]{2,7}(?:PROTOCOL|MAP)")


@dataclass(frozen=True)
class Catalog:
    """Everything that a source holds: one entry a file, in the order of their relative paths."""

    source: Path
    entries: tuple[Entry, ...]

    @cached_property
    def instances(self) -> tuple[Entry, ...]:
        """Return the entries that are DICOM instances."""
        return tuple(e for e in self.entries if e.reason is None)

    @cached_property
    def patients(self) -> tuple[Group, ...]:
        """Return one group a patient."""
        return self._groups("patient", lambda e: (e.patient,))

    @cached_property
    def studies(self) -> tuple[Group, ...]:
        """Return one group a study."""
        return self._groups("study", lambda e: (e.patient, e.study_uid))

    @cached_property
    def series(self) -> tuple[Group, ...]:
        """Return one group a series."""
        return self._groups("series", lambda e: (e.patient, e.study_uid, e.series_uid))

    @cached_property
    def modalities(self) -> tuple[Group, ...]:
        """Return one group a modality, under its name."""
        found: dict[str, list[Entry]] = {}
        for entry in self.instances:
            found.setdefault(entry.modality, []).append(entry)
        return tuple(Group(Group("", tuple(e)).modality, tuple(e)) for m, e in sorted(found.items()))

    def _groups(self, last: str, key: Callable[[Entry], tuple[object, ...]]) -> tuple[Group, ...]:
        names = ("patient", "study", "series")
        found: dict[tuple[object, ...], list[Entry]] = {}
        for entry in self.instances:
            found.setdefault(key(entry), []).append(entry)
        numbers: dict[tuple[object, ...], dict[object, int]] = {}
        groups = []
        for parts, entries in found.items():
            label = []
            for depth, part in enumerate(parts):
                within = numbers.setdefault(parts[:depth], {})
                label.append(f"{names[depth]} {within.setdefault(part, len(within) + 1)}")
            groups.append(Group(" / ".join(label), tuple(entries)))
        assert not groups or last in groups[0].label  # noqa: S101 - the key and the name belong together
        return tuple(groups)

    def reasons(self) -> dict[Reason, int]:
        """Return how many files are no instance, by reason."""
        return dict(Counter(e.reason for e in self.entries if e.reason is not None))

    def to_frame(self) -> pd.DataFrame:
        """Return one row a series, with nothing that identifies."""
        import pandas as pd  # noqa: PLC0415 - heavy, and only notebooks ask for it

        rows: Sequence[dict[str, object]] = [
            {
                "series": g.label, "modality": g.modality, "SOP Class": g.sop_class, "body part": g.body_part,
                "instances": len(g), "frames": g.frames, "megabytes": round(g.size_bytes / 1e6, 1),
            }
            for g in self.series
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        """Count, name nobody."""
        counts = f"{len(self.patients)} patients, {len(self.studies)} studies, {len(self.series)} series"
        other = "".join(f", {n} {r}" for r, n in self.reasons().items())
        return f"Catalog({len(self.entries)} files: {counts}, {len(self.instances)} instances{other})"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>{self.to_frame().to_html(index=False)}"
