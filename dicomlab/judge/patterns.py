"""Text that identifies whoever it belongs to: telephone, e-mail, address, date, a title with a name.

Narrow on purpose: what is found here is somebody's beyond doubt, in free text. Coded and technical
attributes are not asked, nor what a rule of the recipe keeps as it is.
"""

from __future__ import annotations

import re

_YEAR = r"(?:19|20)\d\d"
_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_NAMED_MONTH = r"(?i:jan|feb|mar|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*\.?"
_WORD = r"[A-ZÀ-ÖØ-Þ][\w'’-]+"
_TELLING = re.compile(
    "|".join(
        (
            rf"(?<![\d.]){_YEAR}([-/.])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?![\d.]*\d)",
            rf"(?<![\d.]){_DAY}([-/.]){_MONTH}\2{_YEAR}(?![\d.]*\d)",
            rf"(?<![\d.]){_MONTH}([-/.]){_DAY}\3{_YEAR}(?![\d.]*\d)",
            rf"(?<!\d){_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)",
            rf"(?<!\d){_DAY}(?:st|nd|rd|th|\.)? {_NAMED_MONTH},? {_YEAR}(?!\d)",
            rf"\b{_NAMED_MONTH} {_DAY}(?:st|nd|rd|th)?,? {_YEAR}(?!\d)",
            r"[\w.+-]+@[\w-]+\.[A-Za-z]{2,}",
            r"(?i:https?://|www\.)\w\S*\.\S+",
            r"(?i:\b(?:tel|phone|fax|mobile|telefon)\b)[.: ]*\+?\d[\d ()/.-]{4,}\d",
            r"(?<![\w.])\+\d{1,3}[ ()/.-]*(?:\d[ ()/.-]*){6,12}\d(?!\w)",
            r"(?<![\w.])\(?\d{3}\)?[ .-]\d{3}-\d{4}(?!\d)",
            r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])",
            rf"\b(?:Dr|Prof|Mr|Mrs|Ms|Mme|Herr|Frau)\b\.? {_WORD}",
            rf"\b\d{{1,5}} (?:{_WORD} ){{1,2}}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Boulevard|Blvd)\b",
            r"(?i:\b\w{3,}(?:stra(?:ß|ss)e|str\.|gasse|platz|allee)) \d{1,4}\b",
        )
    )
)


def is_telling(text: str) -> bool:
    """Return whether a free text identifies somebody by its form alone."""
    return _TELLING.search(text) is not None
