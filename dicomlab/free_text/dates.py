"""Dates in text, whatever way they are written: found by what they mean, so that many cost as little as one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

# First letters of months, folded, in English, German, French, Spanish, Italian, Portuguese and Dutch.
_MONTHS = {
    "jan": 1, "gen": 1, "ene": 1, "feb": 2, "fev": 2, "mar": 3, "mrz": 3, "maa": 3, "apr": 4, "avr": 4, "abr": 4,
    "may": 5, "mai": 5, "mag": 5, "mei": 5, "jun": 6, "juin": 6, "giu": 6, "jul": 7, "juil": 7, "lug": 7, "aug": 8,
    "aou": 8, "ago": 8, "sep": 9, "set": 9, "oct": 10, "okt": 10, "ott": 10, "out": 10, "nov": 11, "dec": 12, "dez": 12,
    "dic": 12,
}  # fmt: skip
_SIGN = r"[-/. _]"
_TIME_BEHIND = r"(?:[t ]?(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\.\d{1,6})?)?)?(?!\d)"
_YEAR_FIRST = re.compile(
    rf"(?<!\d)(\d{{4}}){_SIGN}? ?(\d\d){_SIGN}? ?(\d\d){_TIME_BEHIND}|"
    rf"(?<!\d)(\d{{4}}){_SIGN} ?(\d\d?){_SIGN} ?(\d\d?)(?!\d)"
)
_YEAR_LAST = re.compile(
    rf"(?<!\d)(\d\d?){_SIGN}{{1,2}}(\d\d?){_SIGN}{{1,2}}(\d{{4}})(?!\d)|(?<!\d)(\d\d)(\d\d)(\d{{4}})(?!\d)"
)
_SHORT_YEAR = re.compile(r"(?<![\d.])(\d\d)([-/. ])(\d\d)\2(\d\d)(?![\d.]*\d)")
# Folded text holds Hangul in its letters.
_YEAR, _MONTH_OF_YEAR, _DAY = (f"(?:{a}|{normalize('NFKD', b)})" for a, b in ("年년", "月월", "日일"))
_IDEOGRAPHS = re.compile(rf"(?<!\d)(\d{{4}}) ?{_YEAR} ?(\d\d?) ?{_MONTH_OF_YEAR} ?(\d\d?)(?: ?{_DAY})?")
_MONTH = r"([^\W\d_]{3,12})"
_DAY_MONTH = re.compile(rf"(?<!\d)(\d\d?)(?:st|nd|rd|th)?[-. ]{{0,2}}(?:of )?{_MONTH}[-., ]{{0,2}}(\d{{4}}|\d\d)(?!\d)")
_MONTH_DAY = re.compile(rf"(?<![^\W\d_]){_MONTH}[-. ]{{0,2}}(\d\d?)(?:st|nd|rd|th)?[-., ]{{1,2}}(\d{{4}})(?!\d)")


def date_spans(folded: str, known: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield where a folded text holds one of the known dates (``YYYYMMDD``)."""
    for match in _YEAR_FIRST.finditer(folded):
        if _date(*(g for g in match.groups() if g)) in known:
            yield match.span()
    for match in _YEAR_LAST.finditer(folded):
        one, other, year = (g for g in match.groups() if g)
        if _date(year, other, one) in known or _date(year, one, other) in known:
            yield match.span()
    for match in _IDEOGRAPHS.finditer(folded):
        if _date(*match.groups()) in known:
            yield match.span()
    yield from _short_years(folded, known)
    yield from _named_months(folded, known)


def _short_years(folded: str, known: frozenset[str]) -> Iterator[tuple[int, int]]:
    for match in _SHORT_YEAR.finditer(folded):
        a, _, b, c = match.groups()
        orders = ((a, b, c), (c, b, a), (c, a, b))
        if any(_date(century + y, m, d) in known for y, m, d in orders for century in ("19", "20")):
            yield match.span()


def _named_months(folded: str, known: frozenset[str]) -> Iterator[tuple[int, int]]:
    for expression, (day, month, year) in ((_DAY_MONTH, (1, 2, 3)), (_MONTH_DAY, (2, 1, 3))):
        for match in _overlapping(expression, folded):
            word = match[month]
            number = _MONTHS.get(word[:4]) or _MONTHS.get(word[:3])
            years = [match[year]] if len(match[year]) > 2 else ["19" + match[year], "20" + match[year]]  # noqa: PLR2004
            if number is not None and any(_date(y, str(number), match[day]) in known for y in years):
                yield match.span()


def _overlapping(expression: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield matches that may share characters: "1 axial 21" must not eat the day of "21. Oktober 2021"."""
    match = expression.search(text)
    while match:
        yield match
        match = expression.search(text, match.start() + 1)


def _date(year: str, month: str, day: str) -> str:
    return f"{year}{month:0>2}{day:0>2}"
