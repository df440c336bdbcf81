"""Regular expressions (`patterns.txt`) for text that identifies whoever it belongs to.

They are applied to free text only, never to coded values (CS), numbers or software versions.
Each is written so that technique ("b 0 500 1000", "TE 2.5/80 ms", "3.1.4") does not match, and so
that the time it takes grows with the length of the text and no faster.
"""

from __future__ import annotations

import re

from dicomlab.free_text.identifiers import ordinary_words
from dicomlab.free_text.spelling import fold
from dicomlab.free_text.tables import expressions
from dicomlab.free_text.vocabulary import is_clinical, is_known

# What is never technique: e-mail and web addresses.
_ANYWHERE = expressions("anywhere")
_EXPRESSIONS = expressions("free text")
# Where software and codes live: no patient is reached there.
_OF_SOFTWARE = re.compile(
    r"(?i)https?://(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|sourceforge\.net|slicer\.org|dicom\.nema\.org|"
    r"loinc\.org|snomed\.info|hl7\.org)(?![^/\s])"
)
# Titles that are nothing else, and titles that are other words in other cases ("DR" is a modality).
_TITLE = re.compile(
    r"(?<![^\W_])(?:(?P<sure>Dr|Dra|Dr\.in|Prof|Mr|Mrs|Ms|Mme|Mlle|Herrn?|Frau|Hr|Miss|Doctor|Professor|Dott(?:\.ssa|oressa|ore)?|Sr|Sra|Dhr|Mevr|"
    r"Schwester|Nurse|Sister|Monsieur|Madame|Sig(?:\.ra|nora?)?)"
    r"|(?P<any>DR\.|DRA|PROF|MRS|FRAU|HERRN?|MME|dr|dra|prof|mrs|dhr|mevr|Fr\.|Pani?)"
    r"|(?P<role>(?i:by|radiologist|technologist|operator|zuweiser|überweiser|befunder|untersucher|mtra?|tech|ref|prescripteur|"
    r"médecin|médico|medico|verwijzer)))(?![^\W_])\.?"
)
_BEHIND_A_TITLE = re.compile(
    r"[ ^_:]{0,3}(?:(?P<more>med|Dr|Prof|h\.c|dent|phil|von|van|de|der|da|di)(?![^\W_])\.?"
    r"|(?P<name>[^\W\d_]\.|[^\W\d_](?:[^\W_]|['’-])*))"
)
_MODALITY = re.compile("[A-Z]{2}")
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
            # Behind a role stands a name only when it is no word of any vocabulary.
            named = capital and not is_known(name) if title["role"] else first or capital
            # "Dr. Anna Berg CT Kontrolle": further words are names until one is of the field.
            named = named and (first or not (is_clinical(fold(name)) or _MODALITY.fullmatch(name)))
            if not (trusted or (named and _is_no_word(name))):
                break
            last = end
        if last > title.end():
            spans.append((title.start(), last))
    return spans


def _is_no_word(name: str) -> bool:
    return len(name) < 3 or fold(name) not in ordinary_words()  # noqa: PLR2004 - initials
