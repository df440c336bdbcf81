"""How something planted ended: judged from the source's and the release's elements alone."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dicomlab.forge.score import pixels, reading
from dicomlab.forge.score.reading import Instance, holds, texts, values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydicom.dataelem import DataElement

_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")
_LONGEST_UID = 64
_DATE = re.compile(r"(\d{8})(.*)", re.DOTALL)
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_WIDTHS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
_BIG = "1.2.840.10008.1.2.2"


@dataclass
class Ledger:
    """What must be the same all over a release: UIDs, pseudonyms, date offsets; filled first, asked later."""

    uids: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    pseudonyms: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    offsets: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def settle(self) -> None:
        """Take the most frequent new UID of each old one, and who shares one."""
        self.new = {old: counted.most_common(1)[0][0] for old, counted in self.uids.items()}
        self.shared = Counter(self.new.values())

    def moved(self, value: str, patient: int) -> str:
        """Return the day that a patient's date was moved to, "" for none."""
        offset, found = self.offset(patient), _DATE.fullmatch(value)
        try:
            return f"{dt.date.fromisoformat(found[1]) + dt.timedelta(days=offset):%Y%m%d}" if found and offset else ""
        except (ValueError, OverflowError):
            return ""

    def offset(self, patient: int) -> int | None:
        """Return the days that most of a patient's dates moved by."""
        counted = self.offsets.get(patient)
        return counted.most_common(1)[0][0] if counted else None


@dataclass(frozen=True, slots=True)
class Pair:
    """An item's instance before and after, its patient, and the released file's path within the release."""

    before: Instance
    after: Instance
    patient: int
    name: str


def note(ledger: Ledger, item: Mapping[str, Any], profile: str, pair: Pair) -> None:
    """Enter into the ledger what one item tells: its UIDs, its pseudonym, the days between its dates."""
    ends = item["expected"].get(profile, ())
    if not {"uid", "shifted", "pseudonym"}.intersection(ends):
        return
    old, new = reading.element(pair.before, item["path"]), reading.element(pair.after, item["path"])
    if old is None or new is None:
        return
    both = list(zip(_strings(old), _strings(new), strict=False))
    if "uid" in ends and len(_strings(old)) == len(_strings(new)):
        for one, other in both:
            ledger.uids[one][other] += 1
    if "pseudonym" in ends and both:
        ledger.pseudonyms[pair.patient][both[0][1]] += 1
    if "shifted" in ends:
        for one, other in both:
            days = _days(one, other)
            if days:
                ledger.offsets[pair.patient][days] += 1


def judged(ledger: Ledger, item: Mapping[str, Any], profile: str, pair: Pair) -> tuple[bool, str]:
    """Return whether an item ended well, and how it ended in a word."""
    path, ends = item["path"], item["expected"][profile]
    special = _special(item, pair)
    if special is not None:
        return special
    old, new = reading.element(pair.before, path), reading.element(pair.after, path)
    if new is None:
        return "absent" in ends, "absent"
    if _is_empty(new):
        # An empty value that was empty before is one that was kept.
        return "empty" in ends or ("kept" in ends and (old is None or _is_empty(old))), "empty"
    tests = {
        "kept": lambda: old is not None and _is_kept(path, old, new, pair),
        "uid": lambda: old is not None and _is_mapped(ledger, old, new),
        "shifted": lambda: old is not None and _is_shifted(ledger, old, new, pair.patient),
        "pseudonym": lambda: _is_pseudonym(ledger, item, new, pair.patient),
        "cleaned": lambda: _is_cleaned(item, new),
        "dummy": lambda: _is_dummy(item, old, new),
    }
    for end in ends:
        if end in tests and tests[end]():
            return True, end
    found = [end for end in ("kept", "uid", "shifted", "cleaned", "dummy") if tests[end]()]
    return False, found[0] if found else "still there"


def _special(item: Mapping[str, Any], pair: Pair) -> tuple[bool, str] | None:
    """Return how something ended that is no attribute, None for attributes."""
    match item["path"]:
        case "preamble":
            said = bytes(getattr(pair.after.dataset, "preamble", None) or b"").decode("latin-1")
            gone = not any(holds(said, v) for v in item["values"])
        case "file name":
            said = pair.name
            gone = not any(holds(said, v) for v in item["values"])
        case "frames":
            said = b"".join(pixels.fragments(pair.after)).decode("latin-1")
            gone = not any(v.encode("utf-8").decode("latin-1") in said for v in item["values"])
        case "offset tables":
            gone = pixels.offsets_right(pair.before, pair.after)
            return gone, "right" if gone else "wrong"
        case "SpecificCharacterSet":
            old, new = (str(i.dataset.get("SpecificCharacterSet", "")) for i in (pair.before, pair.after))
            # Any set is right that says what the kept texts say; those have items of their own.
            gone = new in (old, "ISO_IR 192")
            return gone, "kept" if gone else "other"
        case _:
            return None
    return gone, "gone" if gone else "still there"


def _is_empty(one: DataElement) -> bool:
    return not values(one) or all(str(v) == "" for v in values(one)) if one.VR != "SQ" else len(one.value) == 0


def _strings(one: DataElement) -> list[str]:
    return [str(v).strip(" \0") for v in values(one)]


def _is_kept(path: str, old: DataElement, new: DataElement, pair: Pair) -> bool:
    if path in _PIXELS:
        return pixels.same(pair.before, pair.after)
    if isinstance(old.value, bytes) and isinstance(new.value, bytes):
        return _ordered(old, pair.before) == _ordered(new, pair.after)
    first, second = _strings(old), _strings(new)
    return first == second or _numbers(first) == _numbers(second) is not None


def _ordered(one: DataElement, instance: Instance) -> bytes:
    """Return bytes in little endian, without padding."""
    content, width = bytes(one.value), _WIDTHS.get(one.VR, 1)
    if instance.syntax == _BIG and width > 1:
        content = b"".join(content[i : i + width][::-1] for i in range(0, len(content), width))
    return content.rstrip(b"\0 ")


def _numbers(said: Sequence[str]) -> list[float] | None:
    try:
        return [float(s) for s in said]
    except ValueError:
        return None


def _is_mapped(ledger: Ledger, old: DataElement, new: DataElement) -> bool:
    first, second = _strings(old), _strings(new)
    return len(first) == len(second) and all(
        one != other
        and len(other) <= _LONGEST_UID
        and _UID.fullmatch(other) is not None
        and ledger.new.get(one) == other
        and ledger.shared[other] == 1
        for one, other in zip(first, second, strict=True)
    )


def _days(old: str, new: str) -> int | None:
    """Return the days between two dates or date times whose rests agree."""
    one, other = _DATE.fullmatch(old), _DATE.fullmatch(new)
    if one is None or other is None or one[2] != other[2]:
        return None
    try:
        return (dt.date.fromisoformat(other[1]) - dt.date.fromisoformat(one[1])).days
    except ValueError:
        return None


def _is_shifted(ledger: Ledger, old: DataElement, new: DataElement, patient: int) -> bool:
    first, second = _strings(old), _strings(new)
    offset = ledger.offset(patient)
    return len(first) == len(second) and bool(offset) and all(
        _days(one, other) == offset for one, other in zip(first, second, strict=True)
    )  # fmt: skip


def _is_pseudonym(ledger: Ledger, item: Mapping[str, Any], new: DataElement, patient: int) -> bool:
    code = str(new.value).strip()
    usual = ledger.pseudonyms[patient].most_common(1)
    return bool(usual) and usual[0][0] == code and not any(holds(code, v) for v in item["values"])


def _is_cleaned(item: Mapping[str, Any], new: DataElement) -> bool:
    said = texts(new)
    gone = not any(holds(text, v) for text in said for v in item["values"])
    whole = " ".join(said)
    return gone and all(holds(whole, word) for word in item["words"])


def _is_dummy(item: Mapping[str, Any], old: DataElement | None, new: DataElement) -> bool:
    gone = not any(holds(text, v) for text in texts(new) for v in item["values"])
    changed = old is None or old.VR == "SQ" or _strings(old) != _strings(new)
    return gone and changed
