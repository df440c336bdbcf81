"""What may become of one attribute: its value before, its value after, and what the recipe says.

`Judge.leaf` holds an attribute that is no sequence against PS3.15 Table E.1-1 as the recipe
composes it: X absent; Z empty or a dummy; D a dummy; U another UID; K the same; C the same but for
what identifies. Types decide where the table leaves a choice (PS3.3, PS3.5 7.4).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dicomlab.judge import values, weight
from dicomlab.judge.attributes import in_dictionary, name_of, place_of
from dicomlab.judge.characteristics import SAYS_NOTHING, Characteristics, reads_as_name
from dicomlab.judge.dates import Day, day_of, days_between, days_in, movable
from dicomlab.judge.identity import uid_hash
from dicomlab.judge.patterns import leads_to_source, may_tell
from dicomlab.judge.questions import Question
from dicomlab.judge.weight import folded
from dicomlab.standard import Iod, confidentiality, is_well_known_uid

if TYPE_CHECKING:
    from dicomlab.judge.hunting import Hunter
    from dicomlab.judge.reading import Element
    from dicomlab.recipe import Decision, Recipe

Wrong = tuple[Question, str]
_DATES = ("DA", "DT")
_PROSE = ("LT", "ST", "UC", "UT")
_WORDED = ("LO", "SH", *_PROSE)
_CODE_TAGS = frozenset({0x00080100, 0x00080104})
_OF_CODE = frozenset({0x00080102, 0x00080103, 0x00080119, 0x00080120})  # may go with it
_RETAINING = frozenset({"C", "K", "replace", "hash", "shift", "bin", "truncate", "regex"})
_AGE = re.compile(r"(\d{3})([DWMY])")
_YEARS = {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}
_INFANT = 2


@dataclass(frozen=True)
class Level:
    """Where elements stand: keywords of the sequences around them, and what was decided about those."""

    names: tuple[str, ...] = ()
    before: tuple[str, ...] = ("ascii",)  # codecs
    after: tuple[str, ...] = ("ascii",)
    dummies: bool = False  # inside a sequence whose action is D
    coded: bool = False  # directly inside a code sequence whose action is D
    cleans: bool = False  # inside a sequence whose action is C


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one attribute: what is wrong, which UIDs and dates changed into which."""

    wrong: tuple[Wrong, ...] = ()
    uids: tuple[tuple[int, int], ...] = ()
    shifts: tuple[int, ...] = ()
    dates_kept: bool = False


@dataclass
class Judge:
    """Judges attributes of one patient's instances of one IOD under one recipe."""

    recipe: Recipe
    hunter: Hunter
    iod: Iod | None
    said: Characteristics = SAYS_NOTHING

    @cached_property
    def moves_dates(self) -> bool:
        """True when the recipe keeps the intervals between dates."""
        return "retain-modified-dates" in self.recipe.options

    def decide(self, tag: int, vr: str, creator: str) -> Decision | None:
        """Return what the recipe says of an attribute."""
        decision = self.recipe.decide(tag, vr, creator or None)
        return self.said.decided(tag, vr, creator, recipe=self.recipe, decision=decision) if self.said else decision

    def type_of(self, level: Level, tag: int) -> str | None:
        """Return the Type of an attribute at its path, None where the IOD does not have it."""
        return self.iod.type_of((*level.names, name_of(tag))) if self.iod is not None and not tag >> 16 & 1 else None

    def removed(self, level: Level, element: Element, decision: Decision | None) -> Wrong | None:
        """Return what is wrong about an attribute's absence, None when it may be absent."""
        tag, type_ = element.tag, self.type_of(level, element.tag)
        if type_ in ("1", "1C", "2", "2C"):
            return Question.REQUIRED, f"an attribute of Type {type_} was removed"
        if decision is None:
            known = bool(tag >> 16 & 1) or in_dictionary(tag)
            told = self.may_identify(element, level.before)
            lost = known and not told and not (level.cleans and self._lost_maybe_names(level, element, None))
            return (Question.LOST, "an attribute that no rule names was removed") if lost else None
        if decision.code not in _RETAINING:
            gone = "X" in _letters(decision)
            return None if gone else (Question.TABLE, f"an attribute with action {decision.code} was removed")
        told = self._cannot_move(element, decision) or self.may_identify(element, level.before)
        if told or (decision.code == "C" and self._lost_maybe_names(level, element, None)):
            return None
        return Question.LOST, "an attribute that the recipe retains was removed"

    @staticmethod
    def _cannot_move(element: Element, decision: Decision) -> bool:
        """Return whether a date that should be shifted is partial or invalid, and the profile lets it go (E.3.6)."""
        if element.vr not in ("DA", "DT") or decision.code not in ("C", "shift") or _movable(element):
            return False
        row = confidentiality(element.tag)
        return row is None or element.tag >> 16 & 1 == 1 or "X" in row.basic

    def leaf(self, level: Level, before: Element, after: Element, decision: Decision | None) -> Finding:
        """Judge an attribute that is there before and after and is no sequence."""
        wrong = self.well_formed(level, before, after)
        empty, had = not after.raw, bool(before.raw)
        type_ = self.type_of(level, after.tag)
        if had and empty and type_ in ("1", "1C"):
            wrong.append((Question.REQUIRED, f"an attribute of Type {type_} was emptied"))
        if not (after.tag >> 16 & 1) and decision is None and not in_dictionary(after.tag):
            wrong.append((Question.TABLE, "an attribute that the standard does not know was kept"))
        if decision is None:
            return self._untold(level, before, after, wrong)
        code = decision.code
        if after.tag >> 16 & 1 and code == "X":
            wrong.append((Question.PRIVATE, "a private attribute that is not known to be safe was kept"))
            return Finding(tuple(wrong))
        if code == "K":
            return self._kept(level, before, after, wrong)
        if code in ("C", "shift"):
            return self._cleaned(level, before, after, wrong)
        if code in _VERBS:
            if had and not _VERBS[code](before, after, decision, level) and not self.may_identify(before, level.before):
                wrong.append((Question.TABLE, f"the recipe's {code} was not done"))
            return Finding(tuple(wrong))
        return self._gone(level, before, after, code=code, wrong=wrong)

    def well_formed(self, level: Level, before: Element | None, after: Element) -> list[Wrong]:
        """Return what is wrong with a value as such, when the change made it so."""
        if before is not None and values.same(before, after) and level.before == level.after:
            return []
        raw = bytes(after.value)
        if not values.valid(after.vr, raw, level.after) and (
            before is None or values.valid(before.vr, bytes(before.value), level.before)
        ):
            return [(Question.VALID, f"a value is not valid for its VR {after.vr}")]
        if not values.count_fits(after.tag, after.vr, raw) and (
            before is None or values.count_fits(before.tag, before.vr, bytes(before.value))
        ):
            return [(Question.VALID, "an attribute has too many or too few values")]
        return []

    def same(self, level: Level, before: Element, after: Element) -> bool:
        """Return whether two values mean the same, whatever their padding and character set."""
        if values.same(before, after):
            return True
        if before.vr != after.vr or not values.is_text(after.vr):
            return False
        return (
            values.text_values(before.raw, before.vr, level.before)[0]
            == values.text_values(after.raw, after.vr, level.after)[0]
        )

    def may_identify(self, element: Element, codecs: tuple[str, ...]) -> bool:
        """Return whether a value holds, or may hold, what identifies: then it may have been changed.

        Wider on purpose than what counts as an identifier: a remover may be more careful than the judge.
        """
        raw, vr = element.raw, element.vr
        if element.items is None and (vr == "UN" or (element.creator and not values.is_text(vr) and vr[0] != "O")):
            vr = "LO"  # nobody knows whether it is text, or a private dictionary may err
        if vr == "UI" or (vr != element.vr and re.fullmatch(rb"\d+(\.\d+){3,}", raw)):
            return any(uid_hash(uid) in self.hunter.spelled.seen_uids for uid in _uids(element))
        if element.creator and self.hunter.mentions(folded(element.creator)):
            return True  # a block goes with a creator that names somebody
        if leads_to_source(element.tag, vr, raw):
            return True
        if not values.is_text(vr):
            return element.items is None and self.hunter.mentions(raw.replace(b"\0", b"").decode("latin-1"))
        text = folded("\\".join(values.text_values(raw, vr, codecs)[0]))
        if self.hunter.mentions(text) or self.hunter.in_value(raw, text, place_of(element.tag, vr)):
            return True
        forms = may_tell(text) or any(True for _ in days_in(text))
        return vr in ("PN", *_WORDED) and (bool(forms) or (vr != element.vr and reads_as_name(text)))

    def _untold(self, level: Level, before: Element, after: Element, wrong: list[Wrong]) -> Finding:
        """Nobody speaks of the attribute: it stays, without what identifies; prose in a dummied sequence goes."""
        same, had = self.same(level, before, after), bool(before.raw)
        in_dummy = level.dummies and (after.vr in _PROSE or (level.coded and after.tag in _CODE_TAGS))
        if in_dummy:
            if same and had and not self._nobody(before, level):
                wrong.append((Question.TABLE, "text inside a sequence with action D was kept"))
        elif not (same or self._pooled(before, after) or self.may_identify(before, level.before)):
            if level.coded and after.tag in _OF_CODE:
                return Finding(tuple(wrong))
            if not (level.cleans and self._lost_maybe_names(level, before, after)):
                wrong.append((Question.LOST, "a value that no rule names was changed"))
            elif not self._only_less(level, before, after):
                wrong.append((Question.TABLE, "a cleaned text says more than it did before"))
        return Finding((*wrong, *self._too_old(after)), dates_kept=False)

    def _kept(self, level: Level, before: Element, after: Element, wrong: list[Wrong]) -> Finding:
        same = self.same(level, before, after)
        if not same and not self._pooled(before, after) and not self.may_identify(before, level.before):
            wrong.append((Question.LOST, "a value that the recipe retains was changed"))
        kept = after.vr in _DATES and same and bool(before.raw) and not self._nobody(before, level)
        return Finding((*wrong, *self._too_old(after)), dates_kept=kept)

    def _cleaned(self, level: Level, before: Element, after: Element, wrong: list[Wrong]) -> Finding:
        if after.vr in _DATES:
            return self._moved(before, after, wrong)
        if after.vr == "UI":
            return self._mapped(before, after, wrong)
        same = self.same(level, before, after)
        if not same and not self._pooled(before, after):
            if not (self.may_identify(before, level.before) or self._lost_maybe_names(level, before, after)):
                wrong.append((Question.LOST, "a value that the recipe retains was changed"))
            elif after.raw and not self._only_less(level, before, after):
                wrong.append((Question.TABLE, "a cleaned text says more than it did before"))
        return Finding((*wrong, *self._too_old(after)))

    def _moved(self, before: Element, after: Element, wrong: list[Wrong]) -> Finding:
        """Judge dates that are shifted; partial and invalid ones take the profile's action."""
        old, new = _days(before), _days(after)
        if not before.raw:
            return Finding(tuple(wrong))
        if not old or not _movable(before):
            if values.same(before, after) and re.search(rb"[1-9]\d{3}", before.raw):
                wrong.append((Question.DATES, "a date that cannot be shifted was kept"))
            return Finding(tuple(wrong))
        if len(old) == len(new) and None not in new:
            shifts = tuple({days_between(a, b) for a, b in zip(old, new, strict=True) if a and b})
            # A shifted date may fall on one that stands for none: then only its interval tells it from a dummy.
            if not set(new) <= weight.NO_DATES or all(-self.recipe.dates.range_days <= days < 0 for days in shifts):
                if _times(before) != _times(after):
                    wrong.append((Question.DATES, "a shifted date lost its time or its zone"))
                return Finding(tuple(wrong), shifts=shifts)
        if not after.raw or set(new) <= weight.NO_DATES:
            wrong.append((Question.LOST, "a date was removed although dates are shifted"))
        else:
            wrong.append((Question.DATES, "a shifted date lost a value or is none any more"))
        return Finding(tuple(wrong))

    def _mapped(self, before: Element, after: Element, wrong: list[Wrong]) -> Finding:
        old, new = _uids(before), _uids(after)
        if len(old) != len(new):
            wrong.append((Question.UIDS, "UIDs were lost or added"))
            return Finding(tuple(wrong))
        pairs = []
        for one, other in zip(old, new, strict=True):
            if one == other and one and not is_well_known_uid(one):
                wrong.append((Question.UIDS, "a UID was kept"))
            elif one != other and is_well_known_uid(one):
                wrong.append((Question.UIDS, "a UID of the standard was replaced"))
            elif one != other:
                pairs.append((uid_hash(one), uid_hash(other)))
        return Finding(tuple(wrong), uids=tuple(pairs))

    def _gone(self, level: Level, before: Element, after: Element, *, code: str, wrong: list[Wrong]) -> Finding:
        """Judge an attribute with a code of X, Z, D or U that is still there."""
        type_ = self.type_of(level, after.tag)
        letters = code.replace("*", "").split("/")
        if "U" in letters and after.vr == "UI":
            return self._mapped(before, after, wrong)
        if letters == ["X"] and self.iod is not None and type_ in (None, "3"):
            wrong.append((Question.TABLE, "an attribute with action X is still there"))
        elif not after.raw:
            if before.raw and not {"Z", "X"} & set(letters):
                wrong.append((Question.TABLE, f"an attribute with action {code} was emptied"))
        elif self.same(level, before, after) and not self._nobody(before, level):
            wrong.append((Question.TABLE, f"an attribute with action {code} still has its value"))
        elif after.vr == "UI":
            return self._mapped(before, after, wrong)
        elif after.vr in _DATES and any(day in self.hunter.spelled.days for day in _days(after) if day):
            wrong.append((Question.DATES, "a date of the patient stands where a dummy should"))
        return Finding(tuple(wrong))

    def _nobody(self, element: Element, level: Level) -> bool:
        """Return whether a value was a dummy already, so that keeping it keeps nothing."""
        raw = element.raw
        if element.vr in _DATES:
            return all(day is None or day in weight.NO_DATES for day in _days(element)) and not raw.strip(
                b"0123456789.\\"
            )
        if not values.is_text(element.vr):
            return not bytes(element.value).strip(b"\0") or (
                element.vr == "OB" and b"removed by de-identification" in raw
            )
        texts = values.text_values(raw, element.vr, level.before)[0]
        words = re.findall(r"[^\W_]+", folded(" ".join(texts)))
        return all(weight.placeholder(word) or not word.strip("0") or word in ("urn", "000y") for word in words)

    def _pooled(self, before: Element, after: Element) -> bool:
        """Return whether an age was changed into the pool of the old or into a bin."""
        if after.vr != "AS" or not after.raw:
            return False
        ages = self.recipe.ages
        old = _AGE.fullmatch(before.raw.decode("latin-1").strip())
        if old is None:
            return True
        years = int(old[1]) / _YEARS[old[2]]
        return (ages.pool_over is not None and years > ages.pool_over) or (
            ages.bin_years is not None and years >= _INFANT
        )

    def _too_old(self, after: Element) -> list[Wrong]:
        """Return what is wrong with an age that stays (45 CFR 164.514(b)(2)(i)(C): over 89 is one age)."""
        limit = self.recipe.ages.pool_over
        if after.vr != "AS" or limit is None:
            return []
        ages = [_AGE.fullmatch(text) for text in after.raw.decode("latin-1").split("\\")]
        if any(age is not None and int(age[1]) / _YEARS[age[2]] > limit + 1 for age in ages):
            return [(Question.TABLE, f"an age over {limit} years was kept")]
        return []

    @staticmethod
    def _lost_maybe_names(level: Level, before: Element, after: Element | None) -> bool:
        """Return whether a text lost a word that may be a name by the judge's own lists, and none with a digit."""
        if before.vr not in _WORDED:
            return False
        lost = _words(before, level.before) - (_words(after, level.after) if after is not None else set())
        maybe = any(len(word) >= weight.SHORTEST_NAME and not weight.no_name(word) for word in lost)
        maybe = maybe and not any(weight.must_stay(word) for word in lost)
        return maybe and not re.search(r"\d", "".join(lost))

    def _only_less(self, level: Level, before: Element, after: Element) -> bool:
        """Return whether a cleaned text has no word that it did not have before, dummies aside."""
        said, says = _words(before, level.before), _words(after, level.after)
        joined = "".join(sorted(said))
        return all(word in said or word in joined or weight.placeholder(word) or word.isdigit() for word in says)


def _words(element: Element, codecs: tuple[str, ...]) -> set[str]:
    return set(re.findall(r"[^\W_]+", folded(" ".join(_texts(element, codecs)))))


def _letters(decision: Decision) -> set[str]:
    return set(decision.code.replace("*", "").split("/"))


def _days(element: Element) -> list[Day | None]:
    return [day_of(text) for text in element.raw.decode("latin-1").split("\\") if text.strip()]


def _movable(element: Element) -> bool:
    return all(movable(t, element.vr) for t in element.raw.decode("latin-1").split("\\") if t.strip())


def _times(element: Element) -> list[str]:
    """Return what stands behind the day in each value of a DA or DT."""
    return [re.sub(r"^\d{4}\.?\d\d\.?\d\d", "", text.strip()) for text in element.raw.decode("latin-1").split("\\")]


def _uids(element: Element) -> list[str]:
    return [text.strip(" \0") for text in bytes(element.value).decode("latin-1").split("\\")]


def _texts(element: Element, codecs: tuple[str, ...]) -> tuple[str, ...]:
    return values.text_values(element.raw, element.vr, codecs)[0]


def _replaced(_: Element, after: Element, decision: Decision, level: Level) -> bool:
    wanted = str(decision.arguments["value"])
    return not values.is_text(after.vr) or "\\".join(_texts(after, level.after)) == wanted.strip()


def _hashed(before: Element, after: Element, _: Decision, level: Level) -> bool:
    old, new = _texts(before, level.before), _texts(after, level.after)
    return len(old) == len(new) and not set(filter(None, old)) & set(new)


def _binned(before: Element, after: Element, decision: Decision, level: Level) -> bool:
    """Return whether every number stands at an edge or in the middle of a bin; ages are pooled elsewhere."""
    if after.vr not in ("DS", "IS"):
        return after.vr == "AS" or bytes(after.value) != bytes(before.value)
    half = float(decision.arguments["width"]) / 2
    slack = 1.0 if after.vr == "IS" else 1e-6 * half
    try:
        numbers = [float(text) for text in _texts(after, level.after) if text]
    except ValueError:
        return False
    return bool(numbers) and all(abs(n - round(n / half) * half) < slack for n in numbers)


def _truncated(before: Element, after: Element, decision: Decision, level: Level) -> bool:
    length = int(decision.arguments["length"])
    old, new = _texts(before, level.before), _texts(after, level.after)
    return all(len(n) <= length and o.startswith(n) for o, n in zip(old, new, strict=False)) and len(old) == len(new)


def _rewritten(before: Element, after: Element, decision: Decision, level: Level) -> bool:
    find, new = str(decision.arguments["find"]), str(decision.arguments["replace"])
    wanted = tuple(re.sub(find, new, text).strip() for text in _texts(before, level.before))
    return wanted == _texts(after, level.after)


_VERBS: dict[str, Callable[[Element, Element, Decision, Level], bool]] = {
    "replace": _replaced, "hash": _hashed, "bin": _binned, "truncate": _truncated, "regex": _rewritten,
}  # fmt: skip
