"""Dates in text, whatever way they are written: found by what they mean, so that many cost as little as one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

from dicomlab.free_text.tables import pairs, sections

_MONTHS = {
    letters: number
    for number, line in enumerate(sections("free_text/language.txt")["months"].split("\n")[1:13], 1)
    for letters in line.split()
}
_ROMAN = {r: n for n, r in enumerate(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"], 1)}
_SIGN = r"[-/. _]"
_DIGIT = re.compile(r"\d")
_TIME_BEHIND = r"(?:[t ]?(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\.\d{1,6})?)?)?(?!\d)"
_YEAR_FIRST = re.compile(
    rf"(?<!\d)(\d{{4}}){_SIGN}? ?(\d\d){_SIGN}? ?(\d\d){_TIME_BEHIND}|"
    rf"(?<!\d)(\d{{4}}){_SIGN} ?(\d\d?){_SIGN} ?(\d\d?)(?!\d)"
)
_YEAR_LAST = re.compile(
    rf"(?<!\d)(\d\d?){_SIGN}{{1,3}}(\d\d?){_SIGN}{{1,3}}(\d{{4}})(?!\d)|(?<!\d)(\d\d)(\d\d)(\d{{4}})(?!\d)"
)
_SHORT_YEAR = re.compile(
    r"(?<![\d.])(?:(\d\d) (\d\d) (\d\d)|(\d\d?)([-/.]) ?(\d\d?)\5 ?(\d\d)|(?<!\d)(\d\d)(\d\d)(\d\d))(?![\d.]*\d)"
)
_ERAS = {era: int(year) for era, year in pairs("eras").items()}
_ERA_DATE = re.compile(rf"({'|'.join(_ERAS)})(\d\d?|元)[年./-] ?(\d\d?)[月./-] ?(\d\d?)日?(?!\d)")
_ROMAN_MONTH = re.compile(r"(?<!\d)(\d\d?)[-. /]{1,2}(i{1,3}|iv|vi{0,3}|ix|xi{0,2})[-. /]{1,2}(\d{4}|\d\d)(?!\d)")
_BUDDHIST = 543
_AFTER_ANY = 2400
# Folded text holds Hangul in its letters.
_YEAR, _MONTH_OF_YEAR, _DAY = (f"(?:{a}|{normalize('NFKD', b)})" for a, b in ("年년", "月월", "日일"))
_IDEOGRAPHS = re.compile(rf"(?<!\d)(\d{{4}}) ?{_YEAR} ?(\d\d?) ?{_MONTH_OF_YEAR} ?(\d\d?)(?: ?{_DAY})?")
_MONTH = r"([^\W\d_]{3,12})"
_OF = r"(?:of |del? |d['’])?"
_DAY_MONTH = re.compile(
    rf"(?<!\d)(\d\d?)(?:st|nd|rd|th|er|[ºªª])?[-. ]{{0,2}}{_OF}{_MONTH}[-., ]{{0,2}}{_OF}['’]?(\d{{4}}|\d\d)(?!\d)"
)
_MONTH_DAY = re.compile(
    rf"(?<![^\W\d_]){_MONTH}[-. ]{{0,2}}(\d\d?)(?:st|nd|rd|th)?[-., ]{{1,2}}['’]?(\d{{4}}|\d\d)(?!\d)"
)


def date_spans(folded: str, known: frozenset[str], *, technical: bool = False) -> Iterator[tuple[int, int]]:
    """Yield where a folded text holds one of the known dates (``YYYYMMDD``); `technical`: six digits are a code."""
    if _DIGIT.search(folded) is None:
        return
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
    for match in _ERA_DATE.finditer(folded):
        era, year, month, day = match.groups()
        if _date(str(_ERAS[era] + (1 if year == "元" else int(year))), month, day) in known:
            yield match.span()
    yield from _short_years(folded, known, technical=technical)
    yield from _named_months(folded, known)


def _short_years(folded: str, known: frozenset[str], *, technical: bool) -> Iterator[tuple[int, int]]:
    for match in _SHORT_YEAR.finditer(folded):
        a, b, c = (g for g in match.groups() if g and g.isdigit())
        orders = ((a, b, c), (c, b, a), (c, a, b))
        is_code = technical and match[8] is not None
        if not is_code and any(_date(y, m, d) in known for short, m, d in orders for y in _years(short)):
            yield match.span()


def _named_months(folded: str, known: frozenset[str]) -> Iterator[tuple[int, int]]:
    for expression, (day, month, year) in ((_DAY_MONTH, (1, 2, 3)), (_MONTH_DAY, (2, 1, 3))):
        for match in _overlapping(expression, folded):
            word = match[month]
            number = _MONTHS.get(word[:4]) or _MONTHS.get(word[:3])
            if number is not None and any(_date(y, str(number), match[day]) in known for y in _years(match[year])):
                yield match.span()
    for match in _ROMAN_MONTH.finditer(folded):
        if any(_date(y, str(_ROMAN[match[2]]), match[1]) in known for y in _years(match[3])):
            yield match.span()


def _years(written: str) -> list[str]:
    """Return the years that a written one may mean: of two digits, of another era."""
    if len(written) <= 2:  # noqa: PLR2004
        return ["19" + written.zfill(2), "20" + written.zfill(2)]
    return [written, str(int(written) - _BUDDHIST)] if int(written) > _AFTER_ANY else [written]


def _overlapping(expression: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield matches that may share characters: "1 axial 21" must not eat the day of "21. Oktober 2021"."""
    match = expression.search(text)
    while match:
        yield match
        match = expression.search(text, match.start() + 1)


def _date(year: str, month: str, day: str) -> str:
    return f"{year}{month:0>2}{day:0>2}"
