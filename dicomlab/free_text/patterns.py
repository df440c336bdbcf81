"""Regular expressions for text that identifies whoever it belongs to.

They are applied to free text only, never to coded values (CS), numbers or software versions.
Each is written so that technique ("b 0 500 1000", "TE 2.5/80 ms", "3.1.4") does not match, and so
that the time it takes grows with the length of the text and no faster.
"""

from __future__ import annotations

import re

from dicomlab.free_text.identifiers import ordinary_words
from dicomlab.free_text.spelling import fold
from dicomlab.free_text.vocabulary import is_clinical, is_known

_MONTHS = (
    "jan(?:uary|uar|uari|vier)?|gen(?:naio)?|ene(?:ro)?|janeiro|jänner|feb(?:ruary|ruar|ruari|braio|rero)?|fevereiro|f[ée]vr(?:ier)?|"
    "mar(?:ch|s|zo|ço|et)?|m[äa]rz|maart|apr(?:il|ile)?|avr(?:il)?|abr(?:il)?|may|mai|maj|mei|maggio|mayo|maio|"
    "june?|juni?|juin|giugno|junio|junho|july?|juli|juillet|luglio|julio|julho|aug(?:ust|usti|ustus)?|ao[ûu]t|agosto|"
    "sept?(?:ember|embre|iembre)?|settembre|setiembre|setembro|oct(?:ober|obre|ubre)?|ottobre|outubro|okt(?:ober)?|"
    "nov(?:ember|embre|iembre|embro)?|dec(?:ember)?|des(?:ember)?|dez(?:ember|embro)?|d[ée]c(?:embre)?|dic(?:embre|iembre)?|"
    "янв\\w*|февр?\\w*|марта?|апр\\w*|ма[йя]|июн\\w|июл\\w|авг\\w*|сент?\\w*|окт\\w*|ноя\\w*|дек\\w*|"
    "stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia|"
    "(?:tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu)kuuta?"
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
    r"(?:MRN|PID|Patient(?:en)?[ _-]?(?:ID|No|Nr|Nummer)|Pat\.?[ _-]?(?:ID|No|Nr)|Accession|"
    r"Acc(?:ession)?(?:[ _-]?(?:No|Nr|Number))|SSN|NHS|Case[ _-]?No|KVNR|HICN|"
    r"(?:Fall|Aufnahme|Auftrags?|Versicherten)-?(?:nummer|nr)|Account|Policy|Licen[cs]e|DNI|NIE|BSN|PESEL|INSEE|AHV|Passport|Passeport|Reisepass|Ausweis|VIN|S/N|"
    r"Serial(?:[ _-]?(?:No|Nr|Number))?|Serien-?(?:nummer|nr))"
)
# Numbers of people that are written with blanks: behind their labels alone.
_SPACED = r"(?:SSN|NHS|INSEE|AHV|KVNR|Medicare)"
_BIRTH = (
    r"(?i:(?<![^\W_])(?:d\.?o\.?b|birth ?date|date of birth|born(?: on)?|geb(?:oren)?(?: am)?|geburtsdatum|"
    r"n[ée]e?(?: le)?|nacid[oa](?: el)?|nat[oa](?: il)?|fecha de nacimiento|data di nascita|geb\.?datum))"
)

_STATES = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|"
    r"O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
)

# What is never technique: e-mail and web addresses.
_ANYWHERE = tuple(
    re.compile(p)
    for p in (
        r"(?<![\w.+%-])[\w.+%-]++@[\w-]+(?:\.[\w-]+)+",
        r"(?i)(?<![^\W_])(?:https?|ftp|file)://\S+",
        r"(?i)(?<![^\W_])(?<!//)www\.[\w-]+\.\S+",
        r"(?i)(?<![\w/@.-])(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|example|de|fr|it|es|nl|uk|ch|at|eu|jp|cn|ru|br)/\S+",
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
        rf"{_BIRTH}[.:]?\s{{0,3}}\d{{1,4}}[-/. ]{{1,2}}(?:\d{{1,2}}|[^\W\d_]{{3,12}})[-/., ]{{1,2}}\d{{2,4}}(?!\d)",
        rf"(?<![\w.]){_DAY_PADDED}([/.]){_MONTH_PADDED}\1\d\d(?![\d.]){_TIME}",
        rf"(?<![\w.]){_MONTH_PADDED}/{_DAY_PADDED}/\d\d(?![\d/]){_TIME}",
        (
            rf"(?i)(?<!\d){_DAY}(?:st|nd|rd|th|er|[.ºª])?[ -](?:(?:of|del?) )?(?:{_MONTHS})\.?,?[ -](?:del? )?"
            rf"(?:{_YEAR}|['’]?\d\d)(?!\d){_TIME}"
        ),
        rf"(?i)\b(?:{_MONTHS})\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR}(?!\d){_TIME}",
        rf"(?<!\d){_YEAR} ?[年년] ?\d\d? ?[月월] ?\d\d? ?[日일]",
        r"(?<![\d:])(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?![\d:])",
        # reachable: network address, telephone
        r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])(?=.{0,3}$|:\d+|[ ,;])",
        (
            r"(?i)\b(?:tel|phone|ph|fax|mobile?|mob|cell|telefon[eo]?|tel[ée]fono|t[ée]l(?:[ée]phone)?|handy|"
            r"rufnummer|ext)\b\.?\s*[:.]?\s*\+?\(?\d[\d ()/.-]{3,30}\d"
        ),
        r"(?i)(?:(?<=call )|(?<=pager )|(?<=beeper )|(?<=bleep ))\+?\(?\d[\d ()/.-]{3,30}\d",
        r"(?<![\w.])(?:\+|00)\d{1,3}(?:[ ()/.-]{0,2}\d){7,12}(?!\w)",
        r"(?<![\w.])\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}(?!\d)",
        r"(?<![\w.-])0\d{2,4}[/-] ?\d{5,9}(?!\d)",
        r"(?<![\w.,-])(?:\(0\d{1,4}\) ?|0\d{2,4} )\d{5,8}(?![\d.,])",
        r"(?<![\w.,-])0[1-9](?:[ .-]\d\d){4}(?![\d.,])",
        r"(?<![\w.,-])0\d{1,3}-\d{2,4}-\d{4}(?![\d.,])",
        # ages over 89, which single somebody out (45 CFR 164.514(b)(2)(i)(C))
        (
            r"(?i)(?<![\w.,/-])(?:9\d|1[012]\d)"
            r"(?:[ -]?(?:y(?:ea)?rs?|year|yo|y/o|y\.o\.)(?:[ -]old)?|-?y(?:[ -]old)?| y[ -]old"
            r"|[ -]?(?:j(?:ahre?n?|\.)|jährig\w*|ans|años|anni|anos|jaar))(?![^\W_])"
        ),
        r"(?<![\w.])(?:09\d|1[012]\d)Y(?!\w)",
        (
            r"(?i)(?<![^\W_])(?:aged?|alter|[âa]g[ée]e?(?: de)?|edad|et[àa]|idade|leeftijd)[:= ]{1,3}"
            r"(?:9\d|1[012]\d)(?![\w.,]*\d)(?: ?[jya](?!\w))?"
        ),
        # numbers that are somebody's
        r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)",
        rf"(?i:(?<![^\W_]){_SPACED})\.?\s{{0,3}}[:#=]?\s{{0,3}}\d(?:[ .-]?\d){{5,20}}",
        rf"(?i:(?<![^\W_]){_LABEL})\.?\s{{0,3}}[:#=]?\s{{0,3}}[A-Za-z]{{0,4}}[-_]?\d[\w-]{{2,}}",
        r"(?<![^\W_])ID\s{0,3}[:#=]\s{0,3}[A-Za-z]{0,4}[-_]?\d[\w-]{2,}|(?<![^\W_])ID [A-Za-z]{0,4}[-_]?\d{4,}",
        r"(?<![^\W_])SN[:#=]\s{0,3}[A-Za-z]{0,4}[-_]?\d[\w-]{2,}",
        r"(?<![\w.])[A-Z]{0,4}[-_]?\d{6,}[A-Z]?(?![\w.]*\d)",
        # what countries number people, cars and accounts with: forms that are nothing else
        r"(?<![\w.])[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z](?!\w)",
        r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d\d(?!\d)",
        r"(?<![\w.])756\.\d{4}\.\d{4}\.\d\d(?!\d)",
        r"(?<![\w.])[12] \d\d (?:0\d|1[0-2]) \d[\dAB] \d{3} \d{3}(?: \d\d)?(?!\d)",
        r"(?<![\w.])[A-Z]{2}\d\d(?: ?\d{4}){3,6}(?: ?\d{1,4})?(?!\w)",
        r"(?<![\w.])(?=[A-HJ-NPR-Z]*\d)(?=\d*[A-HJ-NPR-Z])[A-HJ-NPR-Z0-9]{11}\d{6}(?!\w)",
        r"(?<![\w:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:-])",
        # folders, in which names of people and of computers stand
        r"(?i)(?<![\w])(?:[a-z]:\\|\\\\|/(?:home|users|mnt|data|export|media)/)\S+",
        # where somebody lives
        rf"\b\d{{1,5}}[A-Za-z]? (?:{_CAPITALISED} ){{1,3}}{_STREET}\b\.?",
        (
            rf"(?i:(?<!\w)\w+[- ]?{_GERMAN_STREET}) ?\d{{1,4}}\s?[a-z]?\b"
            rf"(?:,? (?:[A-Z]{{1,2}}-)?\d{{4,5}} {_CAPITALISED})?"
        ),
        rf"(?i:\b\d{{1,4}},? {_ROMANCE_STREET}) {_OF}{_CAPITALISED}",
        rf"(?i:\b{_ROMANCE_STREET}) {_OF}{_CAPITALISED},? \d{{1,4}}\b",
        rf"(?<![\w'’-]){_CAPITALISED}, {_STATES} \d{{5}}(?:-\d{{4}})?\b",
        r"(?<!\w)(?:[A-PR-UWYZ][A-HK-Y]|[BEGLMNSW])\d[A-Z\d]? \d(?!ST|ND|RD|TH|DP)[ABD-HJLNP-UW-Z]{2}(?!\w)",
        r"(?i)(?<!\w)(?:p\.? ?o\.? ?box|postfach|apartado|bo[îi]te postale) \d+",
        # who did it
        (
            r"(?i:\b(?:patient|name|operator|technologist|radiologist|physician|(?:referred|reported|read|signed) by))"
            rf"\s{{0,3}}[:=]\s{{0,3}}{_CAPITALISED}(?:[ ,^]{{1,2}}{_CAPITALISED}){{0,2}}"
        ),
    )
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
