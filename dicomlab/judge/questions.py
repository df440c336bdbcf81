"""The questions that the judge asks, in words that a data protection officer understands."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from dicomlab.records import Check

MOST_PLACES = 20


class Question(StrEnum):
    """One question; a verdict has a check for each that was asked."""

    READABLE = "every released instance can be read to its end"
    BYTES = "no identifier in any byte"
    FORMS = "no telephone number, address, date or titled name in free text"
    TABLE = "every attribute ends as profile, options and rules say"
    PRIVATE = "private attributes only where known to be safe"
    REQUIRED = "required attributes present"
    VALID = "values valid and in their character set"
    UIDS = "UIDs replaced consistently"
    DATES = "dates gone, or shifted by one interval"
    PIXELS = "pixels unchanged but where text or a face was removed"
    STREAM = "no metadata inside compressed pixels"
    LOST = "nothing else removed, changed or added"
    CLAIMS = "claims agree with facts"
    META = "file meta and preamble say nothing of the source"
    RISK = "pixels at risk held back as the recipe asks"
    # asked of the whole release
    ENDS = "one end for every file"
    FOREIGN = "the release holds what was written and nothing else"
    NAMES = "names of files and folders identify nobody"
    TEXTS = "report, manifest and notebooks identify nobody"
    REFERENCES = "references still lead to their instances"
    PATIENTS = "one new identity for each patient"


INSTANCE_QUESTIONS = tuple(Question)[: list(Question).index(Question.ENDS)]


class Answers:
    """Collects what was found wrong: question -> places. Holds paths, never values."""

    def __init__(self) -> None:
        """Start with nothing wrong."""
        self.wrong: dict[Question, dict[str, str]] = {}

    def add(self, question: Question, where: str, why: str) -> None:
        """Note one thing wrong, once for each place."""
        self.wrong.setdefault(question, {}).setdefault(where, why)

    def checks(self, questions: tuple[Question, ...]) -> Iterator[Check]:
        """Yield one check for each question asked."""
        for question in questions:
            places = self.wrong.get(question, {})
            whys = dict.fromkeys(places.values())
            where = tuple(list(places)[:MOST_PLACES])
            yield Check(str(question), not places, "; ".join(list(whys)[:MOST_PLACES]), where)
