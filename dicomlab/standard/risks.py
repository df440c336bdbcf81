"""What an attribute can give away: risk class, one sentence why, Safe Harbor letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from dicomlab.standard.tables import load


class RiskClass(StrEnum):
    """How an attribute can lead to a person."""

    DIRECT = "direct identifier"
    IDENTIFIER = "identifier"
    DATE = "date or time"
    UID = "UID"
    PEOPLE = "person or institution"
    DEVICE = "device"
    QUASI = "quasi-identifier"
    TEXT = "free text"
    PRIVATE = "private"
    PIXELS = "pixels"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Risk:
    """Class, one sentence why, and the Safe Harbor letter if there is one."""

    klass: RiskClass
    why: str
    letter: str | None = None


SAFE_HARBOR: Final[Mapping[str, str]] = MappingProxyType(load("safe_harbor")["letters"])


@cache
def _risks() -> tuple[dict[int | str, Risk], dict[str, Risk]]:
    tables = load("risks")
    reasons = [Risk(RiskClass(klass), why, letter) for klass, letter, why in tables["reasons"]]
    tags: dict[int | str, Risk] = {
        tag if "x" in tag else int(tag, 16): reasons[number] for tag, number in tables["tags"].items()
    }
    tags["private"] = reasons[tables["private"]["reason"]]
    return tags, {vr: reasons[number] for vr, number in tables["by_vr"].items()}


@lru_cache(maxsize=8192)
def risk(tag: int, vr: str) -> Risk:
    """Return how an attribute can lead to a person: class, one sentence why, Safe Harbor letter.

    A private attribute is ``private`` whatever its VR, with the letter that its VR suggests; one that no rule names
    is judged by its VR.
    """
    tags, by_vr = _risks()
    group = tag >> 16
    if group & 1:
        return replace(tags["private"], letter=by_vr.get(vr, by_vr[""]).letter)
    found = tags.get(tag)
    if found is None and group & 0xFF00 == 0x5000:  # noqa: PLR2004 - the repeating group itself
        found = tags["50xxxxxx"]
    if found is None and group & 0xFF00 == 0x6000:  # noqa: PLR2004
        found = tags.get(f"60xx{tag & 0xFFFF:04X}")
    return found or by_vr.get(vr, by_vr[""])


def safe_harbor(tag: int, vr: str) -> str | None:
    """Return the letter A to R of 45 CFR 164.514(b)(2)(i) under which an attribute falls, None for none of them.

    The rule speaks of identifiers, not of attributes: free text has no letter although it may hold any of them.
    """
    return risk(tag, vr).letter
