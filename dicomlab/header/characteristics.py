"""What an instance says of its own private elements: which identify nobody, and what to do with the others.

The option Retain Safe Private lets a de-identifier believe it. A source may be wrong: what stays for its word alone is
held to what its VR gives away and swept like any text; a warning counts whoever else calls the element safe.

References
----------
PS3.3 C.12.1.1.7; PS3.15 E.3.10.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dicomlab import standard
from dicomlab.header import values, wire
from dicomlab.header.names import PRIVATE, attribute_name, creators_of, effective_vr, is_creator
from dicomlab.header.wire import Element, Encoding
from dicomlab.recipe import Decision
from dicomlab.recipe.law import SAFE_PRIVATE, by_vr
from dicomlab.records import Action, Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dicomlab.header.site import Where
    from dicomlab.recipe import Recipe

CHARACTERISTICS = 0x00080300
_GROUP, _CREATOR, _STATUS, _NONIDENTIFYING = 0x00080301, 0x00080302, 0x00080303, 0x00080304
_ACTIONS, _IDENTIFYING, _ACTION = 0x00080305, 0x00080306, 0x00080307
_DEFINITIONS, _DEFINED = 0x00080310, 0x00080308
_STRICTEST = "XZDU"  # of two actions for one element the one that leaves less
_BY = f"option {SAFE_PRIVATE}"
_REASON = "as the instance itself says"
_RETAINING = frozenset({"K", "C", "shift", "bin", "truncate", "regex"})

Dataset = dict[int, Element]


class Block(NamedTuple):
    """What is said of one private block: its group and creator, and elements by their last two digits."""

    group: int
    creator: str
    safe: frozenset[int]
    actions: tuple[tuple[int, str], ...] = ()
    unsafe: bool = False

    def action(self, low: int) -> str:
        """Return the letter that an element gets, "C" when it identifies nobody, "" when nothing is said of it."""
        letters = [letter for number, letter in self.actions if number == low]
        if letters:
            return min(letters, key=_STRICTEST.index)
        return "X" if self.unsafe else "C" if low in self.safe else ""


class Said(NamedTuple):
    """What an instance says of its private blocks."""

    blocks: tuple[Block, ...]

    def of(self, group: int, creator: str, low: int) -> str:
        """Return the letter for an element; where blocks are described twice, the least that may stay."""
        letters = [b.action(low) for b in self.blocks if b.group == group and b.creator == creator]
        return next((letter for letter in ("X", "Z", "D", "U", "") if letter in letters), "C") if letters else ""


@lru_cache(maxsize=256)
def said_in(element: Element, encoding: Encoding) -> Said:
    """Return what the sequence at the root of an instance says.

    Raises
    ------
    BrokenDataset
        The sequence does not parse.
    """
    encoding = _inside(element, encoding)
    return Said(tuple(_block(item, encoding) for item in wire.items(element.value or b"", encoding)))


def decided(
    recipe: Recipe, said: Said, element: Element, *, creator: str, decision: Decision | None
) -> Decision | None:
    """Return what becomes of a private element, given what the recipe decides without the instance's word.

    A rule of the recipe and its list of creators come first.
    """
    tag = element.tag
    letter = said.of(tag >> 16, creator, tag & 0xFF)
    if not letter or (decision is not None and decision.by.startswith("rule")):
        return decision
    wanted = recipe.private.creators if recipe.private is not None else ()
    if wanted and creator not in wanted:
        return decision
    vr = effective_vr(element, creator)
    if letter == "C":
        if decision is not None and decision.code == "C":
            return decision  # the standard's table knows it too
        return by_vr(tag, vr, recipe.options) or Decision("C", _BY, _REASON)
    if vr in ("SQ", "UN", "OB", "OW") and letter in "DU":
        letter = "X"  # no dummy stands for what nobody can read
    return Decision("D" if letter == "U" and vr != "UI" else letter, _BY, _REASON)


def describe(old: Element, kept: dict[int, Element], where: Where, recipe: Recipe, *, said: Said) -> list[Change]:
    """Put the sequence at the root of a cleaned instance right, in `kept`, and return what was changed.

    It describes the private blocks that are left; without any, or when it was removed already, it goes.

    Parameters
    ----------
    old
        The sequence of the source.
    kept
        The root of the cleaned instance.
    """
    cleaned = kept.get(old.tag)
    if cleaned is None:
        return []
    value = _updated(old, cleaned, _left(kept, where.encoding, recipe, said), _inside(old, where.encoding))
    if value:
        kept[old.tag] = cleaned._replace(value=value, length=len(value), tell=-1)
    else:
        del kept[old.tag]
    if value == old.value:
        return []
    action = Action.C if value else Action.X
    return [Change(attribute_name(old.tag, ""), old.tag, "SQ", action, str(action), "validity")]


Left = dict[tuple[int, str], dict[int, bool]]


def _left(kept: Mapping[int, Element], encoding: Encoding, recipe: Recipe, said: Said) -> Left:
    """Return the blocks that are left and their elements: True for those that identify nobody (any more)."""
    left: Left = {}
    for (group, creator, low), is_safe in _private(kept, encoding, recipe):
        block = left.setdefault((group, creator), {})
        block[low] = block.get(low, True) and (is_safe or said.of(group, creator, low) == "C")
    return left


def _updated(old: Element, new: Element, left: Left, encoding: Encoding) -> bytes:
    befores, afters = wire.items(old.value or b"", encoding), wire.items(new.value or b"", encoding)
    items, described = [], set()
    for before, after in zip(befores, afters, strict=False):
        name = _block(before, encoding)[:2]
        if name in left and name not in described:  # a second item about the same block says nothing new
            described.add(name)
            items.append(_item(before, after, left[name], encoding).values())
    return wire.encode_items(items, encoding)


def _item(before: Dataset, after: Dataset, left: Mapping[int, bool], encoding: Encoding) -> Dataset:
    """Return the description of a block of which these elements are left: True for those that identify nobody."""
    item = {tag: before[tag] for tag in (_GROUP, _CREATOR)}
    safe = sorted(low for low, is_safe in left.items() if is_safe)
    status = b"SAFE" if len(safe) == len(left) else b"MIXED" if safe else b"UNSAFE"
    _set(item, _STATUS, "CS", values.pad(status, "CS"))
    if status == b"MIXED":
        order = "little" if encoding.little else "big"
        _set(item, _NONIDENTIFYING, "US", b"".join(low.to_bytes(2, order) for low in safe))  # type: ignore[arg-type]
    if _DEFINITIONS in after:
        inside = _inside(after[_DEFINITIONS], encoding)
        found = wire.items(after[_DEFINITIONS].value or b"", inside)
        about = [d.values() for d in found if {n & 0xFF for n in _numbers(d.get(_DEFINED), inside)} & left.keys()]
        if about:
            value = wire.encode_items(about, inside)
            item[_DEFINITIONS] = after[_DEFINITIONS]._replace(value=value, length=len(value))
    return dict(sorted(item.items()))


def _private(
    elements: Mapping[int, Element], encoding: Encoding, recipe: Recipe
) -> Iterator[tuple[tuple[int, str, int], bool]]:
    """Yield (group, creator, last two digits) of private elements at all depths, and whether no rule retains them."""
    creators = creators_of(elements)
    for tag, element in elements.items():
        creator = creators.get(tag >> 8, "")
        vr = effective_vr(element, creator)
        if tag & PRIVATE and not is_creator(tag):
            decision = recipe.decide(tag, vr, creator or None)
            by_rule = decision is not None and decision.by.startswith("rule") and decision.code in _RETAINING
            yield (
                (tag >> 16, creator, tag & 0xFF),
                not by_rule or standard.safe_private(creator, tag >> 16, tag & 0xFF) is not None,
            )
        if vr == "SQ" and element.value:
            inside = _inside(element, encoding)
            for item in wire.items(element.value, inside):
                yield from _private(item, inside, recipe)


def _block(item: Mapping[int, Element], encoding: Encoding) -> Block:
    group = next(iter(_numbers(item.get(_GROUP), encoding)), 0)
    status = _text(item.get(_STATUS))
    listed = frozenset(n & 0xFF for n in _numbers(item.get(_NONIDENTIFYING), encoding))
    safe = frozenset(range(0x100)) if status == "SAFE" else listed if status == "MIXED" else frozenset[int]()
    return Block(group, _text(item.get(_CREATOR)), safe, tuple(_actions(item, encoding)), status == "UNSAFE")


def _actions(item: Mapping[int, Element], encoding: Encoding) -> Iterator[tuple[int, str]]:
    element = item.get(_ACTIONS)
    if element is None:
        return
    inside = _inside(element, encoding)
    for one in wire.items(element.value or b"", inside):
        letter = _text(one.get(_ACTION))
        for number in _numbers(one.get(_IDENTIFYING), inside):
            yield number & 0xFF, letter if letter in ("D", "Z", "U") else "X"


def _numbers(element: Element | None, encoding: Encoding) -> list[int]:
    """Return the values of an element of VR US."""
    value = element.value or b"" if element is not None else b""
    order = "little" if encoding.little else "big"
    return [int.from_bytes(value[at : at + 2], order) for at in range(0, len(value) - 1, 2)]  # type: ignore[arg-type]


def _text(element: Element | None) -> str:
    return (element.value or b"").decode("ascii", "replace").strip(" \0") if element is not None else ""


def _inside(element: Element, encoding: Encoding) -> Encoding:
    return wire.IMPLICIT_LITTLE if element.vr == "UN" else encoding


def _set(item: Dataset, tag: int, vr: str, value: bytes) -> None:
    item[tag] = Element(tag, vr, value, len(value))
