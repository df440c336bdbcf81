"""Text values of elements: which are technical, which belong to a dummied sequence, and their cleaning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dicomlab.header import charsets, values, wire
from dicomlab.records import Action

if TYPE_CHECKING:
    from dicomlab.free_text import Sweeper
    from dicomlab.header.site import Done, Site

# By which a change tells that a name was left standing, since it is a word of the field where it stands.
ORDINARY_WORD = "ordinary word"
_CODE_ITEM = frozenset({0x00080100, 0x00080102, 0x00080103, 0x00080104, 0x00080119, 0x00080120})
_PROSE = frozenset({"LT", "ST", "UC", "UT"})
_FREE = _PROSE | {"LO", "SH"}
# Coded, technical or structural text: patterns would hurt more than help, words of radiology are no names.
_TECHNICAL = re.compile(
    "^(Code(Value|Meaning)|LongCodeValue|URNCodeValue|CodingScheme.*|.*Version.*|Manufacturer(ModelName)?|.*Kernel.*|"
    ".*CoilName|SequenceName|.*SequenceVariant|PulseSequenceName|.*Filter.*|.*Algorithm(Name|Version|Family.*)|"
    ".*LUTExplanation|MappingResource.*|ContextIdentifier|TemplateIdentifier|.*Units?|SegmentLabel|ROIName|"
    "RadiopharmaceuticalCode.*|.*Model(Name|Number)?|Grid.*|.*Nucleus|ScatterCorrectionMethod|ReconstructionMethod|"
    "AttenuationCorrectionMethod)$"
)
_NAME_FORM = re.compile(r"[^\W\d_]\^")  # PS3.5 6.2.1: components of a PN
# A scheme of codes and a code may be anybody's; any other address leads to where the instance lay.
_ADDRESS = re.compile(rb"\s*(?:https?|ftps?|file|wss?)://", re.IGNORECASE)
_ADDRESS_OF_CODES = frozenset({0x0008010E, 0x00080120})
# What numbers, dates and times are written with (PS3.5 6.2: DA, DS, DT, IS, TM).
_FIGURES = re.compile(rb"[0-9+\-.eE: \\\0]*")


def is_figures(value: bytes) -> bool:
    """Return whether a value of DA, DS, DT, IS or TM is what its VR says, or at least no words."""
    return _FIGURES.fullmatch(value) is not None


def is_address(site: Site) -> bool:
    """Return whether a value is a web address of the archive or portal that the instance comes from."""
    return site.vr == "UR" and site.element.tag not in _ADDRESS_OF_CODES and _ADDRESS.match(site.value) is not None


def of_unknown(sweeper: Sweeper, site: Site) -> bytes | None:
    """Return a binary value, or a text that reads as none, without what identifies: empty: it goes; None: it stays.

    Patterns count where the table lists the attribute or the instance vouches for its private elements, the form of
    a person's name there alone: nobody else knows what they are.
    """
    told = sweeper.identifies(site.value)
    bulk = site.vr in ("OB", "OW")
    text, charset = ("", ()) if bulk else charsets.decode(site.value, "LO", site.where.charset)
    plain = text.rstrip(" \0")
    if bulk or not plain.isprintable():
        return b"" if told else None
    listed = site.code == "C" and not site.element.tag >> 16 & 1
    vouched = site.context.said is not None
    new = "" if vouched and _NAME_FORM.search(plain) else plain
    new = sweeper.sweep(new, patterns=listed or vouched, technical=not (listed or vouched))
    new = sweeper.without_unknown(new) if listed else new
    raw = values.encode(new, "LO", charset) if site.vr == "UN" and new != plain else b""
    return None if new == plain and not told else b"" if sweeper.identifies(raw) else raw


def is_dummied(site: Site) -> bool:
    """Return whether a text stands in a sequence whose action is D, where it says what the sequence says."""
    in_code = site.element.tag in _CODE_ITEM
    return site.where.dummies and ((site.vr in _PROSE and not in_code) or (in_code and site.where.coded))


def is_held_against_vocabulary(site: Site) -> bool:
    """Return whether unknown words go from a text: where the recipe's action, or that of a sequence around, is C.

    Coded and technical attributes keep their words: labels, models and kernels are in no vocabulary.
    """
    cleans = site.code == "C" or site.where.cleans
    return cleans and site.vr in _FREE and site.element.tag not in _CODE_ITEM and not _is_technical(site)


def _is_technical(site: Site) -> bool:
    """Return whether a text holds technical words: a short one; prose about a filter is prose."""
    return site.vr not in _PROSE and _TECHNICAL.match(site.name) is not None


def noted(sweeper: Sweeper, site: Site, done: Done) -> Done:
    """Return what became of a text, with a note where a name of the patient's stays in it as an ordinary word."""
    if done.element is None or not done.element.value or site.vr in ("PN", *wire.ASCII_VRS):
        return done
    text, _ = charsets.decode(done.element.value, site.vr, site.where.charset)
    if not sweeper.leaves_name(text):
        return done
    return done._replace(changes=(*done.changes, site._replace(code="", by=ORDINARY_WORD).change(Action.K)))


def cleaned(sweeper: Sweeper, site: Site, *, patterns: bool, vocabulary: bool = False) -> tuple[bytes, bool] | None:
    """Return a text value without what identifies, None when nothing did; empty when nothing is left of it.

    Beside it: whether words went because they are in no vocabulary.

    Parameters
    ----------
    patterns
        Also remove dates, telephone numbers and the like; from coded and technical attributes e-mail and web addresses
        alone, from UR, which is one, nothing.
    vocabulary
        Also remove words that are in no vocabulary and may be a name.
    """
    technical = site.vr not in wire.TEXT_VRS or site.element.tag in _CODE_ITEM or _is_technical(site)
    text, charset = charsets.decode(site.value, site.vr, site.where.charset)
    pieces = [text] if site.vr in values.ONE_VALUE_VRS else text.split("\\")
    olds = [p.strip(" \0") for p in pieces] if len(pieces) > 1 else [text.rstrip(" \0")]
    longest = values.LONGEST.get(site.vr)
    patterns = patterns and site.vr != "UR"
    news = [sweeper.sweep(old, patterns=patterns, technical=technical, longest=longest) for old in olds]
    news = [new if new == old else new.strip(" \0") for new, old in zip(news, olds, strict=True)]
    kept = [sweeper.without_unknown(new) for new in news] if vocabulary else news
    if kept == olds:
        return None
    return values.encode("\\".join(kept), site.vr, charset) if any(kept) else b"", kept != news
