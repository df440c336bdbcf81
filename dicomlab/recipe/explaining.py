"""A recipe told to a steward, and two of them compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomlab import standard
from dicomlab.recipe.law import FULL_DATES, MODIFIED_DATES, RETAIN_UIDS, SAFE_PRIVATE, Decision
from dicomlab.recipe.selectors import name_of, selector, vrs_of

if TYPE_CHECKING:
    from dicomlab.recipe.whole import Recipe

# What a steward asks about first, each with attributes that stand for the rest.
_ROWS = (
    ("absolute identifiers", ("PatientName", "PatientBirthDate", "PatientAddress")),
    ("patient identifier", ("PatientID", "AccessionNumber")),
    ("dates and times", ("StudyDate", "AcquisitionDate", "AcquisitionTime")),
    ("institution and staff", ("InstitutionName", "ReferringPhysicianName", "OperatorsName")),
    ("device", ("StationName", "DeviceSerialNumber")),
    ("UIDs", ("StudyInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")),
    ("quasi-identifiers", ("PatientAge", "PatientWeight", "BodyPartThickness")),
    ("low-risk", ("PatientSex", "EthnicGroup", "SmokingStatus")),
    ("free text", ("StudyDescription", "SeriesDescription", "ProtocolName", "ImageComments")),
    ("reports and graphics", ("ContentSequence", "GraphicAnnotationSequence", "OverlayData")),
)
_LETTERS = {"X": "removed", "Z": "emptied", "D": "replaced by a dummy", "U": "replaced by a new UID"}
_PATIENT_ID = 0x00100020
_DATE_VRS = frozenset({"DA", "DT", "TM"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two recipes do differently: an attribute (keyword or tag) or a setting, and what each does."""

    subject: str
    first: str
    second: str


def explain(recipe: Recipe) -> str:
    """Return a recipe in words, as Markdown: what becomes of what, by whose word, and what is left to decide."""
    parts = [
        f"# {recipe.title}",
        f"Recipe `{recipe.name}`, sha256 `{recipe.sha256[:16]}`. {_of_profile(recipe)}",
        _table(("What", "What becomes of it"), _categories(recipe)),
        _table(("Setting", "Meaning"), _settings(recipe)),
        _rules(recipe),
        _claims(recipe),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _of_profile(recipe: Recipe) -> str:
    profile = f"{standard.PROFILE_CODE[1]} of PS3.15 Annex E, edition {recipe.edition}"
    if not recipe.options:
        return f"{profile}, without options."
    names = [f"- {name} ({standard.OPTIONS[name].code}, {standard.OPTIONS[name].meaning})" for name in recipe.options]
    return f"{profile}, with these options:\n\n" + "\n".join(names)


def _categories(recipe: Recipe) -> Iterator[tuple[str, str]]:
    for title, keywords in _ROWS:
        said: dict[str, list[str]] = {}
        for keyword in keywords:
            said.setdefault(told(recipe, selector(keyword).bits), []).append(keyword)
        yield title, "; ".join(f"{', '.join(names)}: {what}" for what, names in said.items())
    kept = "retained when safe by creator, the rest removed" if SAFE_PRIVATE in recipe.options else "removed"
    if SAFE_PRIVATE in recipe.options and recipe.private and recipe.private.creators:
        kept += f"; only of {', '.join(recipe.private.creators)}"
    yield "private attributes", kept


def told(recipe: Recipe, tag: int, vr: str | None = None) -> str:
    """Return in a few words what a recipe does with a public attribute, such as ``removed``."""
    vr = vr or min(vrs_of(tag), default="UN")
    decision = recipe.decide(tag, vr)
    if tag == _PATIENT_ID and decision and decision.by == "profile":
        return _patient_code(recipe)
    return _in_words(recipe, decision, vr)


def _in_words(recipe: Recipe, decision: Decision | None, vr: str) -> str:
    if decision is None:
        return "kept, without text that identifies the patient"
    code, arguments = decision.code, decision.arguments
    if code == "K" and vr == "AS":
        return "; ".join(["kept", *_of_ages(recipe)])
    if code == "C" and vr in _DATE_VRS:
        return "kept: only the date moves" if vr == "TM" else "moved back by the patient's offset"
    verbs = {
        "K": "kept",
        "C": "cleaned: kept without what identifies",
        "hash": "replaced by a keyed code",
        "shift": "moved back by the patient's offset",
        "replace": "replaced by the recipe's text",
        "bin": f"in bins of {arguments.get('width', 0):g}" if "width" in arguments else "",
        "truncate": f"cut to {arguments.get('length')} characters",
        "regex": "changed by a pattern of the recipe",
    }
    if code in verbs:
        return verbs[code]
    letters = [_LETTERS[letter] for letter in code.replace("*", "").split("/")]
    return letters[0] if len(letters) == 1 else f"{', '.join(letters[:-1])} or {letters[-1]}, as its Type asks"


def _of_ages(recipe: Recipe) -> Iterator[str]:
    if recipe.ages.pool_over is not None:
        yield f"over {recipe.ages.pool_over} years told as {recipe.ages.pool_over + 1:03d}Y"
    if recipe.ages.bin_years is not None:
        yield f"in bins of {recipe.ages.bin_years} years, below two years in their own unit"


def _patient_code(recipe: Recipe) -> str:
    chosen = recipe.identifiers
    if recipe.has_table:
        return "replaced by the code of the steward's table"
    origin = "a code that derives from nothing" if chosen.patient == "random" else "a keyed code"
    return f"replaced by {origin}, one per {chosen.scope}" + (", other in every release" if chosen.salted else "")


def _settings(recipe: Recipe) -> Iterator[tuple[str, str]]:
    chosen = recipe.select
    yield "select", f"modalities {', '.join(chosen.modalities) or 'all'}; SOP Classes {_sop_classes(recipe)}"
    yield "identifiers", f"the patient's ID is {_patient_code(recipe)}"
    yield "UIDs", _uids(recipe)
    yield "dates", _dates(recipe)
    yield "ages", "; ".join(_of_ages(recipe)) or "as they are"
    for carrier, what in (("text", "text burned in to pixels"), ("face", "a face in a head volume")):
        kept = getattr(recipe.at_risk, carrier) == "keep"
        yield (
            f"at risk: {carrier}",
            f"instances that may show {what} are "
            + (
                "released, and the report says so"
                if kept
                else "held back in quarantine until something has cleared them"
            ),
        )


def _sop_classes(recipe: Recipe) -> str:
    return ", ".join(standard.sop_class_name(uid) for uid in recipe.select.sop_classes) or "all"


def _uids(recipe: Recipe) -> str:
    if RETAIN_UIDS in recipe.options:
        return "kept: whoever has the originals finds them again by UID"
    where = "2.25" if recipe.uids.root is None else recipe.uids.root.rstrip(".")
    return f"new ones below {where}, from the key{' and the salt of the release' * recipe.identifiers.salted}"


def _dates(recipe: Recipe) -> str:
    if FULL_DATES in recipe.options:
        return "kept as they are"
    if MODIFIED_DATES not in recipe.options:
        return "removed, emptied or replaced by a dummy"
    steps = "in whole weeks" if recipe.dates.whole_weeks else "in whole days"
    return f"moved back {steps}, by 1 to {recipe.dates.range_days} days, one offset per {recipe.identifiers.scope}"


def _rules(recipe: Recipe) -> str:
    if not recipe.rules:
        return "No rules: profile and options alone decide."
    rows = []
    for number, rule in enumerate(recipe.rules):
        where = f"line {recipe.lines[number]}" if recipe.lines else str(number + 1)
        rows.append((where, rule.attribute, f"{rule.action}{_measures(rule.arguments)}", rule.reason))
    return "Rules, of which the first that matches wins:\n\n" + _table(("Rule", "Attribute", "Action", "Reason"), rows)


def _claims(recipe: Recipe) -> str:
    lines = []
    if recipe.profile_holds:
        codes = [standard.PROFILE_CODE[0], *(code for code, _ in recipe.claimed_codes)]
        lines.append(f"May claim, where it was done: {', '.join(codes)} (CID 7050).")
    else:
        rules = ", ".join(f"line {recipe.lines[n]}" if recipe.lines else str(n + 1) for n in recipe.excesses)
        lines.append(f"Claims no {standard.PROFILE_CODE[0]}: rules ({rules}) retain more than profile and options.")
    lines.append("What a person must still decide: this recipe claims compliance with no law.")
    if recipe.identifiers.patient == "random":
        lines.append("The patient's code derives from nothing; its map lies in the private folder. UIDs are keyed.")
    elif recipe.has_table:
        lines.append("The patient's code is the steward's own: it must not derive from the patient.")
    else:
        lines.append("The release is pseudonymised: whoever holds the key can tie codes to patients again.")
    lines.append(
        "Keyed codes and UIDs, and dates that were moved, do not meet Safe Harbor (45 CFR 164.514(b)(2)(i)(C) and (R)) "
        "and 164.514(c); they need an expert's determination."
    )
    return "\n\n".join(lines)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(re.sub(r"\s*\|\s*", " / ", cell) for cell in line) + " |" for line in lines)


def diff(first: Recipe, second: Recipe) -> list[Difference]:
    """Return what two recipes do differently: settings first, then attributes in the order of their tags.

    Attributes are those of the dictionary, of Table E.1-1 and of either recipe's rules; two decisions are the same
    when code and arguments are, whoever takes them.
    """
    return [*_settings_apart(first, second), *_attributes_apart(first, second)]


def _settings_apart(first: Recipe, second: Recipe) -> Iterator[Difference]:
    mine, yours = (dict(_flat(one.model_dump(mode="json", exclude={"title", "rules"}))) for one in (first, second))
    for name in sorted({*mine, *yours}):
        if mine.get(name) != yours.get(name):
            yield Difference(name, _shown(mine.get(name)), _shown(yours.get(name)))


def _flat(said: dict[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in said.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name, value


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _attributes_apart(first: Recipe, second: Recipe) -> Iterator[Difference]:
    for tag, vr in sorted({**dict(first.attributes()), **dict(second.attributes())}.items()):
        mine, yours = first.decide(tag, vr), second.decide(tag, vr)
        if _what(mine) != _what(yours):
            yield Difference(name_of(tag), _by_whom(mine), _by_whom(yours))
    for attribute in sorted({rule.attribute for one in (first, second) for rule in one.rules if rule.selector.creator}):
        mine_, yours_ = (_rule_about(one, attribute) for one in (first, second))
        if mine_ != yours_:
            yield Difference(attribute, mine_, yours_)


def _what(decision: Decision | None) -> object:
    return decision and (decision.code, dict(decision.arguments))


def _by_whom(decision: Decision | None) -> str:
    if decision is None:
        return "not mentioned"
    return f"{decision.code}{_measures(decision.arguments)} ({decision.by})"


def _measures(arguments: Mapping[str, str | float | int]) -> str:
    """Return the verb's numbers; its texts stay out of reports."""
    return "".join(f" {value:g}" for value in arguments.values() if not isinstance(value, str))


def _rule_about(recipe: Recipe, attribute: str) -> str:
    found = next((rule for rule in recipe.rules if rule.attribute == attribute), None)
    return f"{found.action} (rule)" if found else "no rule"
