"""What profile and options say of an attribute, before any rule: Table E.1-1 and the options' columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydicom.datadict import keyword_for_tag

from dicomlab import standard

FULL_DATES, MODIFIED_DATES = "retain-full-dates", "retain-modified-dates"
SAFE_PRIVATE, RETAIN_UIDS = "retain-safe-private", "retain-uids"

# What an attribute that the table does not list gives away by its VR alone, and the code it gets.
_BY_VR: Mapping[str, tuple[str, str]] = {
    "DA": ("X/Z/D", "a date that the table does not list is treated as the dates that it lists"),
    "DT": ("X/Z/D", "a date that the table does not list is treated as the dates that it lists"),
    "TM": ("X/Z/D", "a time that the table does not list is treated as the times that it lists"),
    "PN": ("X/Z/D", "a person's name that the table does not list is treated as the names that it lists"),
    "UI": ("U", "a UID that the table does not list follows the same map, so that references hold"),
}
_OPTION_BY_VR = (
    (MODIFIED_DATES, "C", {"DA", "DT", "TM"}),
    (FULL_DATES, "K", {"DA", "DT", "TM"}),
    (RETAIN_UIDS, "K", {"UI"}),
)
# UIDs that name a kind of thing, not a thing.
_KINDS = ("Class", "TransferSyntax", "CodingScheme", "Context", "MappingResource", "CreatorVersion")


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with an attribute, who says so, and why.

    `code` is a code of Table E.1-1 (``X``, ``Z/D``, ``X/Z/U*`` …) or a verb with its `arguments`; `by` is
    ``rule, line N``, ``option NAME`` or ``profile``.
    """

    code: str
    by: str
    reason: str = ""
    arguments: Mapping[str, str | float | int] = field(default_factory=dict, hash=False)


def by_law(
    tag: int, vr: str, creator: str | None, *, options: tuple[str, ...], creators: tuple[str, ...] = ()
) -> Decision | None:
    """Return what the options, of which C beats K, and then the profile say; None when neither does.

    Parameters
    ----------
    options
        The recipe's, in the order of CID 7050.
    creators
        The private creators whose safe attributes are retained; empty for all.
    """
    row = standard.confidentiality(tag)
    if row is None:
        return by_vr(tag, vr, options)
    said = [(row.options[name], name) for name in options if name in row.options]
    if tag & 0x00010000:
        safe = SAFE_PRIVATE in options and _is_safe(tag, creator, creators)
        said = [("C", SAFE_PRIVATE)] if safe else []
    if said:
        letter, name = min(said)  # C stands before K, and beats it
        return Decision(letter, f"option {name}", standard.OPTIONS[name].meaning)
    return Decision(row.basic, "profile", "Table E.1-1")


def _is_safe(tag: int, creator: str | None, creators: tuple[str, ...]) -> bool:
    if creator is None or (creators and creator.strip() not in creators):
        return False
    return standard.safe_private(creator, tag >> 16, tag & 0xFF) is not None


def by_vr(tag: int, vr: str, options: tuple[str, ...]) -> Decision | None:
    """Return what the options and the profile say of an attribute that the table does not list, by its VR alone."""
    if vr not in _BY_VR or (vr == "UI" and any(part in keyword_for_tag(tag) for part in _KINDS)):
        return None
    code, reason = _BY_VR[vr]
    for name, letter, vrs in _OPTION_BY_VR:
        if name in options and vr in vrs:
            return Decision(letter, f"option {name}", reason)
    return Decision(code, "profile", reason)
