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


_PUBLIC_ADDRESSES = frozenset({0x0008010E, 0x00080120})  # Coding Scheme URL, URN Code Value


def leads_to_source(tag: int, vr: str, raw: bytes) -> bool:
    """Return whether an attribute holds the web address of an archive or a portal."""
    return vr == "UR" and tag not in _PUBLIC_ADDRESSES and b"://" in raw


# Text that may belong to somebody: what was taken out of it need not be explained further.
_SOMEBODYS = re.compile(
    r"\d{4,}|\d[-/.]\d|\d:\d\d|(?:\d\d? ){3}|['’]\d\d(?!\d)|[年月]|@|://|www\.|\.[a-z]{2,7}/|[a-z]:\\|\\\\|/[a-z]+/|"
    r"(?<!\w)(?=[a-z]*\d)(?=\d*[a-z])\w{8,}|(?<!\w)[a-z]{1,2}\d\w? \d[a-z]{2}(?!\w)|"
    r"\b(?:dra?|prof|mr|mrs|ms|mme|mlle|herrn?|hr|fr|frau|sra?|sig\w*|dott\w*|dhr|mevr|pani?|monsieur|madame|nurse|sister|schwester|"
    r"doctor|name|zuweiser|uberweiser|befunder|untersucher|mtra?|tech|ref|prescripteur|medecin|medico|verwijzer|"
    r"born|geb\w*|nee?|nacid[oa]|nat[oa]|dob|box|postfach|apartado|postale|operator|patient|phys\w*|"
    r"radiolog\w*|technolog\w*|tel|phone|fax|mobile|mrn|pid|id|ssn|acc\w*|by|fur|for|aged?|alter|agee?|edad|eta|idade|leeftijd|call|pager|handy|street|st|road|rd|ave\w*|lane|rue|via|"
    r"calle|place|platz|\w*(?:strasse|str|weg|gasse|allee))\b"
)
# An age of ninety or more in words of several languages; 45 CFR 164.514(b)(2)(i)(C) pools them.
_OLD_AGE = re.compile(r"(?<![\w.,])(?:0?9\d|1[012]\d)[ -]{0,2}(?:y|j|an(?:s|ni|os)?(?!\w)|anos|jaar|lat|let|vuot)")


def may_tell(folded: str) -> bool:
    """Return whether a folded text may belong to somebody, or tells an age over 89: a remover may take that out."""
    return _SOMEBODYS.search(folded) is not None or _OLD_AGE.search(folded) is not None
