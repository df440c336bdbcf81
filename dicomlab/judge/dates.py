"""Dates as people and machines write them, found in text without asking for any one date.

Every date-like run of a text is read in each way that it can be read (day before month and month
before day); what a patient's dates are is asked of a set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from dicomlab.judge.lists import pairs, sections

Day = tuple[int, int, int]
"""Year, month, day of the month."""

_MONTHS = {word: n for n, line in enumerate(sections()["months"], 1) for word in line.split()}
_MONTHS |= {word[:3]: number for word, number in reversed(_MONTHS.items())} | {"sept": 9}
_MONTH = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")(?![a-z])\.?"
_PIVOT = 30  # 29 is 2029, 30 is 1930: births and studies, not appointments
_LONGEST_YEAR = 4

# Texts are folded (lower case, no accents) before they come here.
_RUN = re.compile(r"(?<!\d)((?:19|20)\d\d)((?:0[1-9]|1[0-2]))([0-3]\d)|(?<!\d)([0-3]\d)([01]\d)((?:19|20)\d\d)(?!\d)")
_YEAR_FIRST = re.compile(r"(?<![\d.])((?:18|19|20)\d\d) ?([-/._: ]|年) ?(\d{1,2}) ?([-/._: ]|月) ?(\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(r"(?<![\d.])(\d{1,2}) ?([-/._ ]) ?(\d{1,2}) ?\2 ?((?:18|19|20)\d\d|\d\d)(?![\d.]*\d)")
_DAY_MONTH = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?[-. ,/_]{{0,2}}(?:of |del? )?({_MONTH})[-. ,/_]{{0,2}}(?:del? )?"
    r"(\d{4}|\d\d)(?!\d)"
)
_ERA = re.compile(r"(明治|大正|昭和|平成|令和)(\d\d?) ?年 ?(\d\d?) ?月 ?(\d\d?)")
_ERAS = {era: int(year) for era, year in pairs("eras").items()}  # the year before the first
_MONTH_DAY = re.compile(
    rf"(?<![a-z])({_MONTH})[-. ,/_]{{0,2}}(\d{{1,2}})(?:st|nd|rd|th)?[-. ,/_]{{1,2}}(\d{{4}}|\d\d)(?!\d)"
)
_YEAR_MONTH_DAY = re.compile(rf"(?<!\d)(\d{{4}})[-. ,/_]{{0,2}}({_MONTH})[-. ,/_]{{0,2}}(\d{{1,2}})(?!\d)")
_DIGIT = re.compile(r"\d")


def day_of(value: str) -> Day | None:
    """Return the day of a DA or DT value (also as ACR-NEMA wrote it, ``YYYY.MM.DD``), None when it names none."""
    match = re.match(r"(\d{4})\.?(\d\d)\.?(\d\d)", value.strip())
    return _valid(int(match[1]), int(match[2]), int(match[3])) if match else None


_BEHIND = re.compile(r"(([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?)?([+-](0\d|1[0-4])[0-5]\d)?")


def movable(value: str, vr: str) -> bool:
    """Return whether a value is a whole DA or DT (PS3.5 6.2): a range or a wrong time makes it none."""
    rest = re.sub(r"^\d{4}\.?\d\d\.?\d\d", "", value.strip())
    return day_of(value) is not None and (not rest or (vr == "DT" and _BEHIND.fullmatch(rest) is not None))


def days_between(before: Day, after: Day) -> int:
    """Return the whole days from `before` to `after`."""
    return (date(*after) - date(*before)).days


def days_in(text: str) -> Iterator[tuple[Day, int]]:
    """Yield every day that a folded text names, and where, in each way that the run can be read.

    Two digits are a year only behind a slash, a full stop between two-digit numbers, or a month's name.
    """
    if _DIGIT.search(text) is None:
        return
    yield from _of_eras(text)
    for match in _RUN.finditer(text):
        if match[1]:
            yield from _days(match.start(), (match[1], match[2], match[3]))
        else:
            yield from _days(match.start(), (match[6], match[5], match[4]), (match[6], match[4], match[5]))
    for match in _YEAR_FIRST.finditer(text):
        yield from _days(match.start(), (match[1], match[3], match[5]))
    for match in _YEAR_LAST.finditer(text):
        if len(match[4]) == _LONGEST_YEAR or (match[2] in "/." and len(match[1]) == len(match[3]) == len(match[4])):
            yield from _days(match.start(), (match[4], match[3], match[1]), (match[4], match[1], match[3]))
    for match in _DAY_MONTH.finditer(text):
        yield from _days(match.start(), (match[3], match[2], match[1]))
    for match in _MONTH_DAY.finditer(text):
        yield from _days(match.start(), (match[3], match[1], match[2]))
    for match in _YEAR_MONTH_DAY.finditer(text):
        yield from _days(match.start(), (match[1], match[2], match[3]))


def _of_eras(text: str) -> Iterator[tuple[Day, int]]:
    for match in _ERA.finditer(text):
        yield from _days(match.start(), (str(_ERAS[match[1]] + int(match[2])), match[3], match[4]))


def _days(at: int, *readings: tuple[str, str, str]) -> Iterator[tuple[Day, int]]:
    for year_text, month_text, day_text in readings:
        year = int(year_text)
        if len(year_text) < _LONGEST_YEAR:
            year += 2000 if year < _PIVOT else 1900
        month = int(month_text) if month_text.isdigit() else _MONTHS[month_text.rstrip(".")]
        found = _valid(year, month, int(day_text))
        if found:
            yield found, at


@lru_cache(maxsize=8192)
def _valid(year: int, month: int, day: int) -> Day | None:
    try:
        date(year, month, day)
    except ValueError:
        return None
    return year, month, day


def written(day: Day) -> tuple[str, ...]:
    """Return the numeric spellings of a day that are hunted in bytes that are no text."""
    y, m, d = f"{day[0]:04d}", f"{day[1]:02d}", f"{day[2]:02d}"
    return (
        f"{y}{m}{d}",
        f"{y}-{m}-{d}",
        f"{d}.{m}.{y}",
        f"{d}/{m}/{y}",
        f"{m}/{d}/{y}",
        f"{y}/{m}/{d}",
        f"{d}-{m}-{y}",
    )
