"""What a released instance says of itself, held against the recipe and against the facts.

PS3.15 E.1.1 items 6 to 8, E.2, E.3.1, E.3.6; CID 7050.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dicomlab.judge.attributes import in_dictionary, name_of
from dicomlab.judge.pixels import PIXEL_TAGS
from dicomlab.judge.questions import Question
from dicomlab.standard import OPTIONS, PROFILE_CODE

if TYPE_CHECKING:
    from dicomlab.judge.reading import Element, Instance
    from dicomlab.recipe import Recipe

IDENTITY_REMOVED, METHOD, METHOD_CODES, DATES_MODIFIED = 0x00120062, 0x00120063, 0x00120064, 0x00280303
BURNED_IN, VISUAL_FEATURES = 0x00280301, 0x00280302
# What each option about pixels says once it is done (PS3.15 E.3.1, E.3.2).
_CLEARED_BY = {"clean-pixel-data": BURNED_IN, "clean-recognizable-visual-features": VISUAL_FEATURES}
EXPLICIT = "1.2.840.10008.1.2.1"
DOCUMENT = 0x00420011
SAID = frozenset({IDENTITY_REMOVED, METHOD, METHOD_CODES, DATES_MODIFIED, BURNED_IN, VISUAL_FEATURES})
ADDED = SAID | {0x00080005, 0x00080300}
_CODE, _SCHEME, _MEANING = 0x00080100, 0x00080102, 0x00080104
_META_KEPT = frozenset({0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013})

# Pixels that may show the patient's name (PS3.15 E.3.1): ultrasound, secondary capture, photographs, video.
_SHOWS_TEXT = re.compile(
    r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:6(?:\.[12])?|3(?:\.1)?|7(?:\.[1-4])?|77\.1\.(?:1|2|4)(?:\.1)?)"
)
_TEXT_MODALITIES = frozenset({"US", "IVUS", "ES", "XC", "GM"})
_VIDEO = re.compile(r"1\.2\.840\.10008\.1\.2\.4\.10\d(?:\.1)?")
_FACE_MODALITIES = frozenset({"CT", "MR", "PT"})
_FACE_PARTS = re.compile("HEAD|NECK|BRAIN|SKULL|FACE|ORBIT|SINUS|JAW|WHOLE ?BODY")
_SOP_CLASS, _MODALITY, _BODY_PART = 0x00080016, 0x00080060, 0x00180015


def risks(instance: Instance, recipe: Recipe) -> tuple[bool, bool]:
    """Return whether the pixels of a source instance may show text that identifies, and a face.

    The least that must count as a risk (from metadata alone): a remover may count more.
    """
    decision = recipe.decide(DOCUMENT, "OB")
    if instance.find(DOCUMENT) is not None and (decision is None or decision.code == "K"):
        return True, False
    if not any(instance.find(tag) for tag in PIXEL_TAGS):
        return False, False
    modality = instance.text(_MODALITY)
    text = (
        instance.text(BURNED_IN) == "YES"
        or _SHOWS_TEXT.fullmatch(instance.text(_SOP_CLASS)) is not None
        or modality in _TEXT_MODALITIES
        or _VIDEO.fullmatch(instance.transfer_syntax) is not None
    )
    part = instance.text(_BODY_PART).upper()
    face = modality in _FACE_MODALITIES and (not part or _FACE_PARTS.search(part) is not None)
    return text, face or instance.text(VISUAL_FEATURES) == "YES"


def wrong_claims(
    before: Instance, after: Instance, recipe: Recipe, *, dates_kept: bool, shifted: bool
) -> Iterator[tuple[Question, str, str]]:
    """Yield (question, attribute, what is wrong) for every claim that the facts do not bear out.

    Parameters
    ----------
    dates_kept, shifted
        Whether any date of the table stayed as it was, or was moved.
    """
    at_risk = dict(zip(_CLEARED_BY, risks(before, recipe), strict=True))
    cleared = {option: option in recipe.options and after.text(tag) == "NO" for option, tag in _CLEARED_BY.items()}
    kept = dict(zip(_CLEARED_BY, (recipe.at_risk.text, recipe.at_risk.face), strict=True))
    open_ = [option for option, risk in at_risk.items() if risk and not cleared[option]]
    if any(kept[option] == "quarantine" for option in open_):
        yield Question.RISK, "PixelData", "pixels at risk were released although the recipe quarantines them"
    removed = after.text(IDENTITY_REMOVED)
    if removed not in ("YES", "NO"):
        yield Question.CLAIMS, "PatientIdentityRemoved", "does not say YES or NO"
    if removed == "YES" and open_:
        yield Question.CLAIMS, "PatientIdentityRemoved", "says YES although pixels at risk were kept"
    yield from _wrong_codes(before, after, recipe, cleared)
    if not after.text(METHOD):
        yield Question.CLAIMS, "DeidentificationMethod", "is missing"
    yield from _wrong_dates(after, recipe, dates_kept=dates_kept, shifted=shifted)
    for option, tag in _CLEARED_BY.items():
        if after.text(tag) != before.text(tag) and not cleared[option]:
            yield Question.CLAIMS, name_of(tag), "says other than the source although nothing cleared the pixels"


def _wrong_dates(
    after: Instance, recipe: Recipe, *, dates_kept: bool, shifted: bool
) -> Iterator[tuple[Question, str, str]]:
    said = after.text(DATES_MODIFIED)
    wanted = {"retain-full-dates": "UNMODIFIED", "retain-modified-dates": "MODIFIED"}
    must = next((value for option, value in wanted.items() if option in recipe.options), "REMOVED")
    by_rule = any(rule.action in ("K", "shift") for rule in recipe.rules)
    name = "LongitudinalTemporalInformationModified"
    if said not in ("UNMODIFIED", "MODIFIED", "REMOVED"):
        yield Question.CLAIMS, name, "is missing"
    elif said != must and not by_rule:
        yield Question.CLAIMS, name, "does not say what the recipe does with dates"
    elif said == "REMOVED" and (dates_kept or shifted):
        yield Question.CLAIMS, name, "says REMOVED although dates were kept or shifted"
    elif said == "UNMODIFIED" and shifted:
        yield Question.CLAIMS, name, "says UNMODIFIED although dates were shifted"


def _codes(instance: Instance) -> list[tuple[str, str, str]]:
    element = instance.find(METHOD_CODES)
    found = []
    for item in (element.items or []) if element is not None else []:
        cells = {e.tag: e.raw.decode("latin-1").strip() for e in item if e.items is None}
        found.append((cells.get(_CODE, ""), cells.get(_SCHEME, ""), cells.get(_MEANING, "")))
    return found


def _wrong_codes(
    before: Instance, after: Instance, recipe: Recipe, cleared: Mapping[str, bool]
) -> Iterator[tuple[Question, str, str]]:
    """Hold the method codes against the options: no more than was done, no less, meanings to the letter."""
    name = "DeidentificationMethodCodeSequence"
    old, new = _codes(before), _codes(after)
    bare = not any(after.find(tag) for tag in PIXEL_TAGS)
    done = [OPTIONS[o] for o in recipe.options if bare or cleared.get(o, True)]
    may = {(option.code, "DCM", option.meaning) for option in done}
    if recipe.profile_holds:
        may.add((PROFILE_CODE[0], "DCM", PROFILE_CODE[1]))
    codes = {code for code, *_ in old}
    if any(item not in may and item not in old for item in new):
        yield Question.CLAIMS, name, "claims what the recipe does not do"
    of_pixels = {OPTIONS[o].code for o in _CLEARED_BY}  # may be claimed once done; a source may have said so before
    if any(item not in new and item[0] not in codes | of_pixels for item in may):
        yield Question.CLAIMS, name, "does not claim all that the recipe does"
    if any(code not in {c for c, *_ in new} for code in codes):
        yield Question.CLAIMS, name, "lost a code that was there before"
    if len(new) != len(set(new)):
        yield Question.CLAIMS, name, "holds a code twice"


def wrong_meta(before: Instance, after: Instance, *, repainted: bool) -> Iterator[tuple[str, str]]:
    """Yield (place, what is wrong) with the file meta information and the preamble (PS3.10 7.1)."""
    if len(after.preamble) != 128:  # noqa: PLR2004 - bytes of a preamble
        yield "preamble", "is missing"
    elif after.preamble.strip(b"\0"):
        yield "preamble", "is not empty"
    other = after.transfer_syntax != before.transfer_syntax and before.transfer_syntax
    if other and not (repainted and after.transfer_syntax == EXPLICIT):  # where the old one cannot be written
        yield "TransferSyntaxUID", "was changed"
    for tag, root, name in (
        (0x00020002, 0x00080016, "MediaStorageSOPClassUID"),
        (0x00020003, 0x00080018, "MediaStorageSOPInstanceUID"),
    ):
        if _text(after.meta.get(tag)) != after.text(root):
            yield name, "is not that of the data set"
    for tag in after.meta:
        if tag not in _META_KEPT:
            yield f"({tag >> 16:04X},{tag & 0xFFFF:04X})", "does not belong in a released file"
    if not _text(after.meta.get(0x00020012)):
        yield "ImplementationClassUID", "is missing"
    trailing = bytes(after.body[after.end :]).strip(b"\0")
    if trailing:
        yield "end of file", "has bytes behind the data set"


def _text(element: Element | None) -> str:
    return element.raw.decode("latin-1").strip() if element is not None else ""


def structural(tag: int) -> bool:
    """Return whether a tag says how a file is made, not what it holds: lengths, padding, command groups."""
    group = tag >> 16
    return tag & 0xFFFF == 0 or group in (0x0000, 0x0002, 0x0004) or tag in (0x00080001, 0xFFFCFFFC)


def goes_with_graphics(tag: int, recipe: Recipe) -> bool:
    """Return whether an attribute of an overlay or a curve goes with its data: removed, or cleaned by redrawing."""
    group = tag >> 16
    if group & 1 or group & 0xFF00 not in (0x5000, 0x6000) or not in_dictionary(tag):
        return False
    decision = recipe.decide(group << 16 | 0x3000, "OW")
    return decision is not None and decision.code in ("X", "C")
