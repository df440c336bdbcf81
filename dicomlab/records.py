"""The frozen values that flow through dicomlab: findings, changes, outcomes, verdicts.

Nothing here reads a file or knows a rule. A record that can reach a screen, a log or a report
holds no attribute value, except inside `Masked`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from pathlib import Path
from typing import Self

from dicomlab.errors import DicomlabError

BATCH_VARIABLE = "DICOMLAB_BATCH"


class _Told(StrEnum):
    """Words with a sentence each: a member is its word, `explanation` its sentence."""

    explanation: str

    def __new__(cls, value: str, explanation: str = "") -> Self:
        """Return a member, which is its word."""
        member = str.__new__(cls, value)
        member._value_, member.explanation = value, explanation
        return member


class Action(_Told):
    """What is done to an attribute: the codes of PS3.15 Table E.1-1a, and the verbs of recipes."""

    D = "D", "replaced with a dummy value that fits the attribute"
    Z = "Z", "emptied"
    X = "X", "removed"
    K = "K", "kept; inside a sequence, cleaned"
    C = "C", "cleaned: what identifies is gone, the rest stays"
    U = "U", "replaced with a new UID, the same one everywhere in the release"
    REPLACE = "replace", "replaced with a value that the recipe states"
    HASH = "hash", "replaced with a keyed code"
    SHIFT = "shift", "date moved by a secret number of days, one number per patient"
    BIN = "bin", "rounded into a class, such as an age group"
    TRUNCATE = "truncate", "shortened"
    REGEX = "regex", "a pattern in the text replaced"


class Carrier(StrEnum):
    """Where identity hides."""

    HEADER = "header"
    BURNED_IN = "burned-in"
    FACE = "face"


class State(StrEnum):
    """How an input file ends: in exactly one of these."""

    WRITTEN = "written"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"


class Reason(_Told):
    """Why a file was ignored or quarantined; `explanation` says what is wrong and what to do about it."""

    EMPTY = "empty-file", "the file has no bytes; fetch it again if it should have"
    NOT_DICOM = "not-dicom", "the file is no DICOM; nothing was read from it"
    DICOMDIR = "dicomdir", "a DICOMDIR lists other files and is no image; make a new one from the release"
    NOT_SELECTED = "not-selected", "the recipe's `select` leaves out this modality or SOP Class"
    UNREADABLE = "unreadable", "the file cannot be opened; check its permissions"
    BROKEN = "broken", "the file starts as DICOM but cannot be parsed to its end; fetch it again"
    TRUNCATED = "truncated-pixel-data", "pixel data is shorter than the header says; fetch the file again"
    NO_IDENTITY = "no-identity", "SOP Class, SOP Instance, Study or Series Instance UID is missing or empty"
    PRIVATE_SOP_CLASS = "private-sop-class", "a private SOP Class: no public rule says what its attributes mean"
    TRANSFER_SYNTAX = "transfer-syntax", "the transfer syntax is unknown, so the file cannot be read safely"
    TEXT_AT_RISK = "text-at-risk", "the pixels may show text that identifies the patient and nothing has cleared them"
    FACE_AT_RISK = "face-at-risk", "the volume may show the patient's face and nothing has cleared it"
    STREAM_AT_RISK = "stream-at-risk", "the video stream may carry metadata that cannot be examined"
    NO_CODE = "no-code-for-patient", "the recipe's table has no code for this patient; add a row"
    FAILED_VERIFICATION = "failed-verification", "the de-identified instance failed verification and was not released"
    UNEXPECTED = "unexpected-error", "an unexpected error; the run went on without this file"


class Masked:
    """A value that identifies, or may: shown as blocks unless a person asks on a screen.

    `reveal()` returns the value; it raises DicomlabError in a batch (environment variable
    DICOMLAB_BATCH set), so that an executed notebook or a log never holds it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        """Wrap any value; its length is not shown either."""
        self._value = value

    def __repr__(self) -> str:
        """Show blocks, the same number for every value."""
        return "▒▒▒▒▒▒"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Format the blocks, never the value."""
        return format(repr(self), spec)

    def _repr_html_(self) -> str:
        return f'<span title="masked" style="color:#888">{escape(repr(self))}</span>'

    def __reduce__(self) -> str:
        """Refuse pickling: a pickle would hold the value in plain bytes."""
        raise TypeError("a masked value is not pickled; pass the attribute path and read it again")

    def __eq__(self, other: object) -> bool:
        """Equal when the hidden values are."""
        return isinstance(other, Masked) and self._value == other._value

    def __hash__(self) -> int:
        """Hash of the hidden value's text."""
        return hash(str(self._value))

    def reveal(self) -> object:
        """Return the value, on a screen only."""
        if os.environ.get(BATCH_VARIABLE):
            raise DicomlabError("values are not revealed in a batch run; open the notebook in JupyterLab to see them")
        return self._value


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that identifies a patient, or may: what, where, why.

    `path` is an attribute path such as ``RequestAttributesSequence[0].ScheduledProcedureStepID``,
    or a description of the place for pixels. `value` is masked. `ordinal` is the position of the
    file in the scan (0-based), -1 when the finding is about a dataset without a file.
    """

    carrier: Carrier
    path: str
    why: str
    risk: str = ""
    vr: str = ""
    code: str = ""
    value: Masked | None = None
    ordinal: int = -1


@dataclass(frozen=True, slots=True)
class Change:
    """One planned change: never holds a value, old or new.

    `path`: attribute path. `action`: what is done. `code`: what the table, option or rule said
    (``X/Z/D``). `by`: ``profile``, ``option NAME``, ``rule, line N``, ``validity``, ``unknown``,
    ``identifier`` (text that identifies the patient was found in a value that stays).
    """

    path: str
    tag: int
    vr: str
    action: Action
    code: str = ""
    by: str = "profile"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two recipes do to one attribute of a collection: never holds a value.

    `path`: attribute path without item numbers. `first`, `second`: how many instances have it kept, removed and
    so on under each recipe ("keep" where nothing is done).
    """

    path: str
    tag: int
    vr: str
    first: Mapping[str, int]
    second: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of pixels: columns x0 to x1, rows y0 to y1, upper bounds open; frame or all."""

    x0: int
    y0: int
    x1: int
    y1: int
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class Repainted:
    """Where the samples of an instance were changed on purpose.

    `regions` were blanked; of a crop, `cropped` is what stayed; `mask` is the path, below the private folder, of the
    mask whose voxels became air.
    """

    regions: tuple[Region, ...] = ()
    cropped: Region | None = None
    mask: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One question that the judge asked, and its answer. `where` holds paths, never values."""

    name: str
    passed: bool
    detail: str = ""
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one input file ended. Free of identifiers: it goes into the manifest as it is."""

    ordinal: int
    state: State
    reason: Reason | None = None
    detail: str = ""
    modality: str = ""
    sop_class: str = ""
    output: str | None = None
    sha256: str | None = None
    changes: Mapping[str, int] = field(default_factory=dict)
    safe_harbor: Mapping[str, int] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    checks: tuple[Check, ...] = ()
    repainted: Repainted | None = None

    @property
    def verified(self) -> bool | None:
        """True or False once judged, None before."""
        return all(c.passed for c in self.checks) if self.checks else None


@dataclass(frozen=True, slots=True)
class HeadTold:
    """What a report tells of one Frame of Reference: how sure the mask is, what was measured afterwards.

    `clear`: there is no head in it. `refused`: why its face could not be removed, "" when it was.
    """

    name: str
    instances: int
    series: int
    clear: bool = False
    refused: str = ""
    confidence: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def numbers(self) -> dict[str, float]:
        """All numbers by name, those of the check afterwards marked as such."""
        return {**self.confidence, **{f"{name} after": value for name, value in self.scores.items()}}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says of a release: passed when every check did."""

    checks: tuple[Check, ...]
    instances: int = 0
    failed: tuple[int, ...] = ()

    @property
    def passed(self) -> bool:
        """True when at least one check was made and all of them passed."""
        return bool(self.checks) and all(c.passed for c in self.checks)

    def __str__(self) -> str:
        """One line for a person."""
        bad = [c.name for c in self.checks if not c.passed]
        head = f"{'PASS' if self.passed else 'FAIL'}: {self.instances} instances, {len(self.checks)} checks"
        return head + (f", failed: {', '.join(bad)}" if bad else "")


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A whole run: every file's outcome, the verdict (None: not verified yet), where things lie."""

    release: Path
    private: Path
    recipe_title: str
    recipe_sha256: str
    outcomes: tuple[Outcome, ...]
    verdict: Verdict | None = None
    seconds: float = 0.0
    version: str = ""
    heads: tuple[HeadTold, ...] = ()

    def count(self, state: State) -> int:
        """Return the number of files that ended in `state`."""
        return sum(o.state == state for o in self.outcomes)

    def reasons(self) -> dict[tuple[State, Reason], int]:
        """Return how many files ended in each state for each reason."""
        return dict(Counter((o.state, o.reason) for o in self.outcomes if o.reason is not None))

    @property
    def ok(self) -> bool:
        """True when nothing was quarantined and the verdict, if there is one, passed."""
        return not self.count(State.QUARANTINED) and (self.verdict is None or self.verdict.passed)

    def __str__(self) -> str:
        """One line for a person."""
        parts = ", ".join(f"{self.count(s)} {s}" for s in State)
        said = (
            "not verified" if self.verdict is None else ("verified" if self.verdict.passed else "VERIFICATION FAILED")
        )
        return f"{len(self.outcomes)} files: {parts}; {said}"


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of several tallies, by key, keys sorted."""
    summed: Counter[str] = Counter()
    for one in counts:
        summed.update(one)
    return dict(sorted(summed.items()))
