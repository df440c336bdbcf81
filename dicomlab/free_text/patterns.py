"""Regular expressions for text that identifies whoever it belongs to.

They are applied to free text only, never to coded values (CS), numbers or software versions.
Each is written so that technique ("b 0 500 1000", "TE 2.5/80 ms", "3.1.4") does not match.
"""

from __future__ import annotations

import re

_MONTHS = (
    "jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|f[ée]vr(?:ier)?|mar(?:ch|s|zo)?|m[äa]rz|apr(?:il|ile)?|avr(?:il)?|may|mai|"
    "maggio|mayo|june?|juni?|juin|giugno|junio|july?|juli|juillet|luglio|julio|aug(?:ust)?|ao[ûu]t|agosto|"
    "sept?(?:ember|embre)?|oct(?:ober|obre)?|okt(?:ober)?|nov(?:ember|embre)?|dec(?:ember)?|dez(?:ember)?|d[ée]c(?:embre)?"
)
_YEAR = r"(?:19|20)\d\d"
_TIME = r"(?:[T ,]*(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:\s?[AaPp][Mm])?)?"
_TITLE = r"(?:Dr|Prof|Mr|Mrs|Ms|Mme|Mlle|Herr|Frau|Miss|Doctor|Professor|Dott|Sr|Sra|Schwester|Nurse)"
_CAPITALISED = r"(?:[A-ZÀ-ÖØ-Þ](?:[\w'’-]+|\.)?)"
_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Way|Court|Ct|Square|Sq|Terrace|Close|Crescent)"
)
_GERMAN_STREET = r"(?:stra(?:ße|sse)|str\.?|gasse|weg|platz|allee|ufer|damm)"
_LABEL = (
    r"(?:MRN|PID|Patient(?:[ _-]?(?:ID|No|Nr))?|Pat\.?[ _-]?(?:ID|No|Nr)|Acc(?:ession)?(?:[ _-]?(?:No|Nr|Number))?|"
    r"SSN|ID|NHS|Case(?:[ _-]?No)?|Fall(?:nummer)?|Visit|Account|Policy|Licen[cs]e)"
)

PATTERNS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(p)
    for p in (
        # dates, with a time behind them
        rf"(?<!\d){_YEAR}([-/.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d){_TIME}",
        rf"(?<![\d.])(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|1[0-2])\1{_YEAR}(?![\d.]*\d){_TIME}",
        rf"(?<![\d.])(?:0?[1-9]|1[0-2])([-/.])(?:0?[1-9]|[12]\d|3[01])\1{_YEAR}(?![\d.]*\d){_TIME}",
        rf"(?<![\d.])(?:0[1-9]|[12]\d|3[01])([/.])(?:0[1-9]|1[0-2])\1\d\d(?![\d.]){_TIME}",
        rf"(?i)(?<!\d)(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|\.)?[ -](?:{_MONTHS})\.?,?[ -](?:{_YEAR}|\d\d)(?!\d){_TIME}",
        rf"(?i)\b(?:{_MONTHS})\.? (?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?,? {_YEAR}(?!\d){_TIME}",
        rf"(?<!\d){_YEAR}(?:年)\d\d?(?:月)\d\d?(?:日)",
        r"(?<![\d:])(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?![\d:])",
        # reachable: e-mail, URL, network address, telephone
        r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+",
        r"(?i)\b(?:https?|ftp|file)://\S+|\bwww\.\S+\.\S+",
        r"(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\d.])(?=.{0,3}$|:\d+|[ ,;])",
        r"(?i)\b(?:tel|phone|fax|mobile|mob|cell|telefon|t[ée]l|ext)\b\.?\s*[:.]?\s*\+?\d[\d ()/.-]{3,}\d",
        r"(?<![\w.])(?:\+|00)\d{1,3}[ ()/.-]*(?:\d[ ()/.-]*){6,12}\d(?!\w)",
        r"(?<![\w.])\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}(?!\d)",
        r"(?<![\w.-])0\d{2,4}[/-] ?\d{4,9}(?!\d)",
        # numbers that are somebody's
        r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)",
        rf"\b{_LABEL}\b\.?\s*[:#=]?\s*[A-Za-z]{{0,4}}[-_]?\d[\w-]{{2,}}",
        r"(?<![\w.])[A-Z]{0,4}[-_]?\d{6,}(?![\w.]*\d)",
        # where somebody lives
        rf"\b\d{{1,5}}[A-Za-z]? (?:{_CAPITALISED} ){{1,3}}{_STREET}\b\.?",
        rf"(?i:\b\w+[- ]?{_GERMAN_STREET}) ?\d{{1,4}}\s?[a-z]?\b(?:,? (?:[A-Z]{{1,2}}-)?\d{{4,5}} {_CAPITALISED})?",
        rf"(?i:\b(?:\d{{1,4}},? )?(?:rue|place|quai|calle|via|viale|piazza|plaza)) (?:(?:de|du|des|la|le|del|della|di) )*"
        rf"{_CAPITALISED}(?: \d{{1,4}})?",
        rf"\b{_CAPITALISED},? [A-Z]{{2}} \d{{5}}(?:-\d{{4}})?\b",
        # a title and the name behind it
        rf"\b{_TITLE}\b\.?(?: (?:med|Dr|Prof|h\.c)\.?)*(?:[ ^]{_CAPITALISED}){{1,3}}",
        rf"(?i:\b(?:patient|name|operator|technologist|radiologist|physician|referred by|reported by|read by|signed by))"
        rf"\s*[:=]\s*{_CAPITALISED}(?:[ ,^]+{_CAPITALISED}){{0,2}}",
    )
)
