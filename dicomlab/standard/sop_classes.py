"""SOP Classes by UID: names, the IOD of each, and which UIDs are the same for everybody."""

from __future__ import annotations

from functools import cache

from dicomlab.standard.tables import load

_STANDARD_ROOT = "1.2.840.10008."


@cache
def _classes() -> dict[str, dict[str, str]]:
    classes: dict[str, dict[str, str]] = load("sop_classes")["sop_classes"]
    return classes


@cache
def _coding_schemes() -> frozenset[str]:
    return frozenset(load("sop_classes")["coding_schemes"])


def iod_name(uid: str) -> str | None:
    """Return the name of the IOD of a SOP Class, or of the class that replaced it; None when it has none."""
    entry = _classes().get(uid.strip(" \0"))
    return None if entry is None else entry.get("iod")


def is_private_sop_class(uid: str) -> bool:
    """Return whether a SOP Class is none of the standard's: nothing says what its attributes mean."""
    uid = uid.strip(" \0")
    return not uid.startswith(_STANDARD_ROOT) and uid not in _classes()


def sop_class_name(uid: str) -> str:
    """Return the standard's name of a SOP Class; never the UID itself, which a private class may have chosen."""
    entry = _classes().get(uid.strip(" \0"))
    if entry is not None:
        return entry["name"]
    return "private SOP Class" if is_private_sop_class(uid) else "unknown SOP Class"


def is_well_known_uid(uid: str) -> bool:
    """Return whether a UID is the same for everybody: defined by the standard, or a registered coding scheme.

    References
    ----------
    PS3.6 Annex A; PS3.16 Table 8-1.
    """
    uid = uid.strip(" \0")
    return uid.startswith(_STANDARD_ROOT) or uid in _coding_schemes()
