"""Which attributes a rule is about: by keyword, tag, mask, VR, or private creator."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom.datadict import dictionary_keyword, dictionary_VR, keyword_dict
from pydicom.valuerep import VR

FORMS = (
    'a keyword (PatientID), a tag ("(0010,0020)"), a mask ("(0010,xxxx)"), a VR ("vr:PN"), '
    'a private attribute ("(0019,\'SIEMENS MR HEADER\',0C)") or a creator ("creator:SIEMENS*")'
)

_TAG = re.compile(r"\(\s*([0-9A-Fx]{4})\s*,\s*([0-9A-Fx]{4})\s*\)|([0-9A-Fx]{4})\s*,?\s*([0-9A-Fx]{4})", re.IGNORECASE)
_PRIVATE = re.compile(r"\(\s*([0-9A-Fx]{4})\s*,\s*(['\"])(.+)\2\s*,\s*([0-9A-Fx]{2})\s*\)", re.IGNORECASE)
_REPEATER_KEYWORDS = {row[4]: mask for mask, row in RepeatersDictionary.items() if row[4]}
_FILE_META = 0x0002
_NO_DATA_SET = {0x0000, _FILE_META}  # commands, and file meta information
_ONE = 0xFFFFFFFF
_ONE_IN_ITS_BLOCK = 0xFFFF00FF  # the block is whichever the creator reserved in that instance


@dataclass(frozen=True, slots=True)
class Selector:
    """What a rule's `attribute` means.

    `mask` and `bits` say which bits of a tag must be equal: an attribute is meant when
    ``tag & mask == bits``. `creator` is a pattern for the private creator, None where the rule
    names none; `vr` restricts to one VR; `exact` tells one attribute from a family.
    """

    text: str
    mask: int = 0
    bits: int = 0
    vr: str = ""
    creator: str | None = None
    exact: bool = False

    @property
    def private_only(self) -> bool:
        """True when it can only mean private attributes: a creator, or an odd group."""
        return self.creator is not None or bool(self.mask & self.bits & 0x00010000)

    def matches(self, tag: int, vr: str, creator: str | None, *, retaining: bool) -> bool:
        """Return whether the attribute is meant.

        A rule that retains something reaches private attributes only through their creator: the
        same numbers mean other things with another creator (PS3.5 7.8.1).
        """
        if tag & self.mask != self.bits or (self.vr and self.vr != vr):
            return False
        if self.creator is not None:
            return bool(tag & 0x00010000) and creator is not None and fnmatchcase(creator.strip(), self.creator)
        return not (retaining and tag & 0x00010000)

    def vrs(self) -> frozenset[str]:
        """Return the VRs that the dictionary gives the one attribute it names; empty when not known."""
        if self.vr:
            return frozenset({self.vr})
        return vrs_of(self.bits) if self.exact and self.creator is None else frozenset()


def vrs_of(tag: int) -> frozenset[str]:
    """Return the VRs of a public attribute ("US or SS" gives both); empty when it is not in the dictionary."""
    try:
        return frozenset(dictionary_VR(tag).split(" or "))
    except KeyError:
        return frozenset()


@lru_cache(maxsize=4096)
def selector(text: str) -> Selector:
    """Return the meaning of a rule's `attribute`.

    Raises
    ------
    ValueError
        It is none of the forms, an unknown keyword or VR, or file meta information.
    """
    text = text.strip()
    family, colon, rest = text.partition(":")
    if colon and family == "vr":
        return _by_vr(text, rest.strip())
    if colon and family == "creator":
        return _by_creator(text, rest.strip())
    if found := _PRIVATE.fullmatch(text):
        return _private(text, found[1], found[3].strip(), found[4])
    if found := _TAG.fullmatch(text):
        return _tag(text, "".join(group for group in found.groups() if group))
    return _keyword(text)


def _by_vr(text: str, name: str) -> Selector:
    if name not in {str(vr) for vr in VR if len(vr) == 2}:  # noqa: PLR2004  pydicom also lists "US or SS"
        raise ValueError(f'"{text}" names no VR; write two capital letters of PS3.5 6.2, such as vr:PN')
    return Selector(text, vr=name)


def _by_creator(text: str, pattern: str) -> Selector:
    if not pattern:
        raise ValueError('after "creator:" comes the name of a private creator, * for any characters')
    return Selector(text, mask=0x00010000, bits=0x00010000, creator=pattern)


def _private(text: str, group: str, creator: str, element: str) -> Selector:
    mask, bits = _nibbles(group + "00" + element)
    mask &= _ONE_IN_ITS_BLOCK
    if not bits & mask & 0x00010000:
        raise ValueError(f"{text}: private attributes have odd groups; write the odd group of the block")
    literal = re.sub(r"([*?\[])", r"[\1]", creator)  # a quoted creator is meant to the letter
    return Selector(text, mask, bits & mask, creator=literal, exact=mask == _ONE_IN_ITS_BLOCK)


def _tag(text: str, digits: str) -> Selector:
    mask, bits = _nibbles(digits)
    if mask == 0:
        raise ValueError(f"{text} means every attribute; a rule is an exception: name what it is about")
    return _not_meta(Selector(text, mask, bits, exact=mask == _ONE))


def _keyword(text: str) -> Selector:
    if (tag := keyword_dict.get(text)) is not None:
        return _not_meta(Selector(text, _ONE, tag, exact=True))
    if (repeater := _REPEATER_KEYWORDS.get(text)) is not None:
        return Selector(text, *_nibbles(repeater))
    near = get_close_matches(text, [*keyword_dict, *_REPEATER_KEYWORDS], n=1, cutoff=0.8)
    hint = f"did you mean {near[0]}? " if near else ""
    raise ValueError(f'attribute "{text}" is not known; {hint}write {FORMS}; anything with a comma needs quotes')


def _not_meta(found: Selector) -> Selector:
    if found.mask >> 16 == 0xFFFF and found.bits >> 16 == _FILE_META:  # noqa: PLR2004  every bit of the group
        raise ValueError(f"{found.text} is file meta information, which is always written anew; delete the rule")
    return found


def _nibbles(digits: str) -> tuple[int, int]:
    lowered = digits.lower()
    mask = int("".join("0" if digit == "x" else "f" for digit in lowered), 16)
    return mask, int(lowered.replace("x", "0"), 16)


def name_of(tag: int) -> str:
    """Return the keyword of a public attribute, else its tag as ``(gggg,eeee)``."""
    try:
        return dictionary_keyword(tag) or _number(tag)
    except KeyError:
        return _number(tag)


def _number(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


@lru_cache(maxsize=1)
def known_attributes() -> tuple[tuple[int, str], ...]:
    """Return (tag, VR) of every public attribute of the dictionary, repeating groups in their sixteen groups."""
    found = {tag: row[0] for tag, row in DicomDictionary.items()}
    for mask, row in RepeatersDictionary.items():
        first = _nibbles(mask)[1]
        several = range(0, 0x20, 2) if mask[2:4] == "xx" else (0,)  # PS3.5 7.6: 6000 to 601E
        found.update({first | group << 16: row[0] for group in several})
    return tuple(sorted((tag, vr.split(" or ")[0]) for tag, vr in found.items() if tag >> 16 not in _NO_DATA_SET))
