"""What an instance says of its private blocks, read by the judge for itself, and what must become of it.

PS3.3 C.12.1.1.7 (Private Data Element Characteristics); PS3.15 E.3.10.
"""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dicomlab.judge.attributes import is_creator
from dicomlab.judge.patterns import is_telling
from dicomlab.judge.questions import Question
from dicomlab.judge.reading import walk
from dicomlab.recipe import Decision
from dicomlab.standard import safe_private

if TYPE_CHECKING:
    from dicomlab.judge.reading import Element, Instance
    from dicomlab.recipe import Recipe

CHARACTERISTICS = 0x00080300
NAME = "PrivateDataElementCharacteristicsSequence"
_GROUP, _CREATOR, _STATUS, _HARMLESS = 0x00080301, 0x00080302, 0x00080303, 0x00080304
_ACTIONS, _IDENTIFYING, _ACTION, _DEFINITIONS, _DEFINED = 0x00080305, 0x00080306, 0x00080307, 0x00080310, 0x00080308
_OPTION = "retain-safe-private"
# A named action and what is more than that may be done.
_AT_LEAST = {"D": "X/Z/D", "Z": "X/Z", "U": "X/Z/U"}
_REMOVING = frozenset({"X", "Z", "D", "U", "X/Z", "X/D", "Z/D", "X/Z/D", "X/Z/U", "X/Z/U*", "hash", "replace"})
_UNREADABLE = ("OB", "OW", "SQ", "UN")
_DATES = ("DA", "DT", "TM")

Block = tuple[int, str]


@dataclass(frozen=True)
class Description:
    """One item of the sequence."""

    block: Block
    status: str
    harmless: frozenset[int]
    actions: tuple[tuple[int, str], ...]
    defined: frozenset[int]

    def says(self, number: int) -> str:
        """Return an action for an element of the block, "safe", or "" when nothing is said."""
        named = {letter for n, letter in self.actions if n == number}
        for letter in ("X", "Z", "D", "U"):
            if letter in named:
                return letter
        if self.status == "UNSAFE":
            return "X"
        return "safe" if self.status == "SAFE" or (self.status == "MIXED" and number in self.harmless) else ""


@dataclass(frozen=True)
class Characteristics:
    """Everything that one instance says."""

    items: tuple[Description, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything is said."""
        return bool(self.items)

    @cached_property
    def blocks(self) -> frozenset[Block]:
        """The blocks that it speaks of."""
        return frozenset(item.block for item in self.items)

    def of(self, tag: int, creator: str) -> str:
        """Return what is said of an element; of two words the more careful one."""
        said = {item.says(tag & 0xFF) for item in self.items if item.block == (tag >> 16, creator)}
        return next((word for word in ("X", "Z", "D", "U", "") if word in said), "safe" if said else "")

    def decided(self, tag: int, vr: str, creator: str, *, recipe: Recipe, decision: Decision | None) -> Decision | None:
        """Return what a recipe makes of a private element, given what it decides without the instance's word."""
        said = self.of(tag, creator) if _OPTION in recipe.options else ""
        wanted = recipe.private.creators if recipe.private is not None else ()
        if not said or (decision is not None and decision.by.startswith("rule")) or (wanted and creator not in wanted):
            return decision
        if said != "safe":
            unreadable = vr in _UNREADABLE and said in "DU"
            code = "X" if unreadable else _AT_LEAST["D" if said == "U" and vr != "UI" else said] if said != "X" else "X"
        elif decision is not None and decision.code == "C":
            code = "C"
        else:
            code = _by_kind(vr, recipe.options)
        return Decision(code, f"option {_OPTION}")


def _by_kind(vr: str, options: tuple[str, ...]) -> str:
    """Return the code of what is safe by the source's word alone: names, dates and UIDs are what they are."""
    if vr == "PN":
        return "X/Z/D"
    if vr in _DATES:
        return "C" if "retain-modified-dates" in options else "K" if "retain-full-dates" in options else "X/Z/D"
    if vr == "UI":
        return "K" if "retain-uids" in options else "U"
    return "C"


SAYS_NOTHING = Characteristics()


def reads_as_name(text: str) -> bool:
    """Return whether a text has the form of a PN (PS3.5 6.2.1), which an implicit VR does not tell."""
    return text.isprintable() and re.search(r"[^\W\d_]\^", text) is not None


def vouched_text(element: Element) -> bool:
    """Return whether a private value of unknown VR identifies somebody by its form, read as a text."""
    text = element.raw.decode("latin-1")
    return element.vr == "UN" and text.isprintable() and (is_telling(text) or reads_as_name(text))


def characteristics_of(instance: Instance) -> Characteristics:
    """Return what an instance says of its private blocks at its root."""
    element = instance.find(CHARACTERISTICS)
    items = element.items or () if element is not None else ()
    return Characteristics(tuple(_description(item, little=instance.little) for item in items))


def _description(item: list[Element], *, little: bool) -> Description:
    cells = {element.tag: element for element in item}
    numbers = _numbers(cells.get(_GROUP), little=little)
    actions = []
    for one in _items(cells.get(_ACTIONS)):
        inner = {element.tag: element for element in one}
        letter = _text(inner.get(_ACTION))
        letter = letter if letter in _AT_LEAST else "X"
        actions += [(number & 0xFF, letter) for number in _numbers(inner.get(_IDENTIFYING), little=little)]
    defined = {
        number & 0xFF
        for one in _items(cells.get(_DEFINITIONS))
        for element in one
        if element.tag == _DEFINED
        for number in _numbers(element, little=little)
    }
    return Description(
        (numbers[0] if numbers else 0, _text(cells.get(_CREATOR))),
        _text(cells.get(_STATUS)),
        frozenset(n & 0xFF for n in _numbers(cells.get(_HARMLESS), little=little)),
        tuple(actions),
        frozenset(defined),
    )


def wrong_descriptions(before: Instance, after: Instance, recipe: Recipe) -> Iterator[tuple[Question, str, str]]:
    """Yield (question, attribute, what is wrong) where a released instance describes its private blocks wrongly."""
    said, says = characteristics_of(before), characteristics_of(after)
    if not said.items and not says.items:
        if after.find(CHARACTERISTICS) is not None:
            yield Question.PRIVATE, NAME, "describes nothing"
        return
    left: dict[Block, dict[int, bool]] = defaultdict(dict)
    for element, _ in walk(after.dataset):
        if element.tag >> 16 & 1 and not is_creator(element.tag):
            block, number = (element.tag >> 16, element.creator), element.tag & 0xFF
            held = left[block].get(number, True)
            left[block][number] = held and _is_harmless(element, said, recipe)
    if len(says.blocks) != len(says.items):
        yield Question.PRIVATE, NAME, "describes a block twice"
    decision = recipe.decide(CHARACTERISTICS, "SQ", None)
    if decision is None and said.blocks & left.keys() - says.blocks:
        yield Question.LOST, NAME, "the description of a block that was kept is missing"
    for number, item in enumerate(says.items):
        for why in _wrong(item, left.get(item.block, {})):
            yield Question.PRIVATE, f"{NAME}[{number}]", why


def _wrong(item: Description, left: dict[int, bool]) -> Iterator[str]:
    if not left:
        yield "describes a block that is not there"
        return
    harmless = {number for number, is_harmless in left.items() if is_harmless}
    if item.status not in ("SAFE", "MIXED", "UNSAFE"):
        yield "does not say whether the block is safe"
    elif item.status == "SAFE" and harmless != left.keys():
        yield "says SAFE of a block that holds more"
    elif item.status != "SAFE" and harmless == left.keys():
        yield "does not say SAFE of a block that holds nothing else"
    elif item.status == "MIXED" and (not item.harmless or item.harmless - harmless):
        yield "calls elements harmless that are not, or none"
    if not {number for number, _ in item.actions} | item.defined | item.harmless <= left.keys():
        yield "describes elements that are not there"


def _is_harmless(element: Element, said: Characteristics, recipe: Recipe) -> bool:
    """Return whether what is left of an element identifies nobody: known as safe, or done away with."""
    tag, creator = element.tag, element.creator
    decision = recipe.decide(tag, element.vr, creator or None)
    by_rule = decision is not None and decision.by.startswith("rule")
    retained = by_rule and decision is not None and decision.code not in _REMOVING
    known = safe_private(creator, tag >> 16, tag & 0xFF) is not None
    return not retained or known or said.of(tag, creator) == "safe"


def _items(element: Element | None) -> list[list[Element]]:
    return (element.items or []) if element is not None else []


def _numbers(element: Element | None, *, little: bool) -> tuple[int, ...]:
    raw = bytes(element.value) if element is not None else b""
    return struct.unpack(f"{'<' if little else '>'}{len(raw) // 2}H", raw[: len(raw) // 2 * 2])


def _text(element: Element | None) -> str:
    return element.raw.decode("latin-1").strip(" \0") if element is not None else ""
