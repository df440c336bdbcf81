"""Regular expressions for text that identifies whoever it belongs to.

They are applied to free text only, never to coded values (CS), numbers or software versions.
Each is written so that technique ("b 0 500 1000", "TE 2.5/80 ms", "3.1.4") does not match, and so
that the time it takes grows with the length of the text and no faster.
"""

from __future__ import annotations

import re

from dicomlab.free_text.known import ordinary_words
from dicomlab.free_text.spelling import fold

_MONTHS = (
    "jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|f[ée]vr(?:ier)?|mar(?:ch|s|zo)?|m[äa]rz|apr(?:il|ile)?|avr(?:il)?|may|mai|"
    "maggio|mayo|june?|juni?|juin|giugno|junio|july?|juli|juillet|luglio|julio|aug(?:ust)?|ao[ûu]t|agosto|"
    "sept?(?:ember|embre)?|oct(?:ober|obre)?|okt(?:ober)?|nov(?:ember|embre)?|dec(?:ember)?|dez(?:ember)?|d[ée]c(?:embre)?"
)
_YEAR = r"(?:19|20)\d\d"
_DAY, _DAY_PADDED, _MONTH, _MONTH_PADDED = (
    r"(?:0?[1-9]|[12]\d|3[01])",
    r"(?:0[1-9]|[12]\d|3[01])",
    r"(?:0?[1-9]|1[0-2])",
    r"(?:0[1-9]|1[0-2])",
)
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?"
_TIME = rf"(?:[T ,]{{0,3}}{_CLOCK}(?:\s?[AaPp][Mm])?)?"
_DIGITAL_TIME = r"[T ]?(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\.\d{1,6})?)?(?!\d)"
_CAPITALISED = r"(?:[A-ZÀ-ÖØ-Þ](?:[\w'’-]+|\.)?)"
_STREET = r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Boulevard|Blvd|Court|Square|Terrace|Crescent|Highway)"
_GERMAN_STREET = r"(?:stra(?:ße|sse)|str\.?|gasse|weg|platz|allee|ufer|damm)"
_ROMANCE_STREET = r"(?:rue|place|quai|calle|via|viale|piazza|plaza)"
_OF = r"(?:(?:de|du|des|la|le|del|della|di) ){0,3}"
_LABEL = (
    r"(?:MRN|PID|Patient[ _-]?(?:ID|No|Nr)|Pat\.?[ _-]?(?:ID|No|Nr)|Acc(?:ession)?(?:[ _-]?(?:No|Nr|Number))|Accession|"
    r"SSN|NHS|Case[ _-]?No|Fall(?:nummer|nr)|Account|Policy|Licen[cs]e)"
)

# What is never technique: e-mail and web addresses.
_ANYWHERE = tuple(
    re.compile(p)
    for p in (
        r"(?<![\w.+%-])[\w.+%-]++@[\w-]+(?:\.[\w-]+)+",
        r"(?i)(?<![^\W_])(?:https?|ftp|file)://\S+",
        r"(?i)(?<![^\W_])(?<!//)www\.[\w-]+\.\S+",
    )
)
# Where software and codes live: no patient is reached there.
_OF_SOFTWARE = re.compile(
    r"(?i)https?://(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|sourceforge\.net|slicer\.org|dicom\.nema\.org|"
    r"loinc\.org|snomed\.info|hl7\.org)(?![^/\s])"
)
_EXPRESSIONS = tuple(
    re.compile(p)
    for p in (
        # dates, with a time behind them
        rf"(?<!\d){_YEAR}([-/.]?){_MONTH_PADDED}\1{_DAY_PADDED}(?:{_DIGITAL_TIME}|(?!\d){_TIME})(?!\d)",
        rf"(?<![\d.]){_DAY}([-/.]){_MONTH}\1{_YEAR}(?![\d.]*\d){_TIME}",
        rf"(?<![\d.]){_MONTH}([-/.]){_DAY}\1{_YEAR}(?![\d.]*\d){_TIME}",
        rf"(?<![\w.]){_DAY_PADDED}([/.]){_MONTH_PADDED}\1\d\d(?![\d.]){_TIME}",
        rf"(?<![\w.]){_MONTH_PADDED}/{_DAY_PADDED}/\d\d(?![\d/]){_TIME}",
        rf"(?i)(?<!\d){_DAY}(?:st|nd|rd|th|\.)?[ -](?:{_MONTHS})\.?,?[ -](?:{_YEAR}|\d\d)(?!\d){_TIME}",
        rf"(?i)\b(?:{_MONTHS})\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR}(?!\d){_TIME}",
        rf"(?<!\d){_YEAR} ?[年년] ?\d\d? ?[月월] ?\d\d? ?[日일]",
        r"(?<![\d:])(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?![\d:])",
        # reachable: network address, telephone
        r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])(?=.{0,3}$|:\d+|[ ,;])",
        r"(?i)\b(?:tel|phone|fax|mobile|mob|cell|telefon|t[ée]l|ext)\b\.?\s*[:.]?\s*\+?\d[\d ()/.-]{3,30}\d",
        r"(?<![\w.])(?:\+|00)\d{1,3}(?:[ ()/.-]{0,2}\d){7,12}(?!\w)",
        r"(?<![\w.])\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}(?!\d)",
        r"(?<![\w.-])0\d{2,4}[/-] ?\d{5,9}(?!\d)",
        # ages over 89, which single somebody out (45 CFR 164.514(b)(2)(i)(C))
        (
            r"(?i)(?<![\w.,/-])(?:9\d|1[012]\d)"
            r"(?:[ -]?(?:y(?:ea)?rs?|year|yo|y/o|y\.o\.)(?:[ -]old)?|-?y(?:[ -]old)?| y[ -]old"
            r"|[ -]?(?:j(?:ahre?n?|\.)|jährig\w*|ans|años|anni|anos|jaar))(?![^\W_])"
        ),
        r"(?<![\w.])(?:09\d|1[012]\d)Y(?!\w)",
        # numbers that are somebody's
        r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)",
        rf"(?i:(?<![^\W_]){_LABEL})\.?\s{{0,3}}[:#=]?\s{{0,3}}[A-Za-z]{{0,4}}[-_]?\d[\w-]{{2,}}",
        r"(?<![^\W_])ID\s{0,3}[:#=]\s{0,3}[A-Za-z]{0,4}[-_]?\d[\w-]{2,}|(?<![^\W_])ID [A-Za-z]{0,4}[-_]?\d{4,}",
        r"(?<![\w.])[A-Z]{0,4}[-_]?\d{6,}(?![\w.]*\d)",
        # where somebody lives
        rf"\b\d{{1,5}}[A-Za-z]? (?:{_CAPITALISED} ){{1,3}}{_STREET}\b\.?",
        (
            rf"(?i:(?<!\w)\w+[- ]?{_GERMAN_STREET}) ?\d{{1,4}}\s?[a-z]?\b"
            rf"(?:,? (?:[A-Z]{{1,2}}-)?\d{{4,5}} {_CAPITALISED})?"
        ),
        rf"(?i:\b\d{{1,4}},? {_ROMANCE_STREET}) {_OF}{_CAPITALISED}",
        rf"(?i:\b{_ROMANCE_STREET}) {_OF}{_CAPITALISED},? \d{{1,4}}\b",
        rf"(?<![\w'’-]){_CAPITALISED}, [A-Z]{{2}} \d{{5}}(?:-\d{{4}})?\b",
        # who did it
        (
            r"(?i:\b(?:patient|name|operator|technologist|radiologist|physician|(?:referred|reported|read|signed) by))"
            rf"\s{{0,3}}[:=]\s{{0,3}}{_CAPITALISED}(?:[ ,^]{{1,2}}{_CAPITALISED}){{0,2}}"
        ),
    )
)
# Titles that are nothing else, and titles that are other words in other cases ("DR" is a modality).
_TITLE = re.compile(
    r"(?<![^\W_])(?:(?P<sure>Dr|Prof|Mr|Mrs|Ms|Mme|Mlle|Herr|Frau|Miss|Doctor|Professor|Dott|Sr|Sra|Schwester|Nurse|Sister)"
    r"|(?P<any>DR\.|PROF|MRS|FRAU|HERR|MME|dr|prof|mrs))(?![^\W_])\.?"
)
_BEHIND_A_TITLE = re.compile(
    r"[ ^_]{1,2}(?:(?P<more>med|Dr|Prof|h\.c|dent|phil|von|van|de|der|da|di)(?![^\W_])\.?"
    r"|(?P<name>[^\W\d_]\.|[^\W\d_](?:[^\W_]|['’-])*))"
)
_MOST_WORDS = 6


def pattern_spans(text: str, *, technical: bool) -> list[tuple[int, int]]:
    """Return where a text follows one of the patterns: spans of its characters, in no order.

    In coded and technical attributes only what is never technique counts: addresses, titles with names.
    """
    expressions = _ANYWHERE if technical else (*_ANYWHERE, *_EXPRESSIONS)
    spans = [
        match.span()
        for expression in expressions
        for match in expression.finditer(text)
        if not (technical and _OF_SOFTWARE.match(match[0]))
    ]
    return spans + _titled(text, technical=technical)


def _titled(text: str, *, technical: bool) -> list[tuple[int, int]]:
    """Return titles with the names behind them: a capitalised word, then words that are no ordinary ones.

    In technical attributes no word behind a title is an ordinary one ("Ms Coil").
    """
    spans = []
    for title in _TITLE.finditer(text):
        end = last = title.end()
        for _ in range(_MOST_WORDS):
            behind = _BEHIND_A_TITLE.match(text, end)
            if behind is None:
                break
            end, name = behind.end(), behind["name"]
            if name is None:
                continue
            first, capital = last == title.end(), name[0].isupper()
            trusted = first and capital and title["sure"] and not technical
            if not (trusted or ((first or capital) and _is_no_word(name))):
                break
            last = end
        if last > title.end():
            spans.append((title.start(), last))
    return spans


def _is_no_word(name: str) -> bool:
    return len(name) < 3 or fold(name) not in ordinary_words()  # noqa: PLR2004 - initials
