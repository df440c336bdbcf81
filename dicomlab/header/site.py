"""Where an element stands and what was decided about it: all that an action needs to be told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dicomlab import standard
from dicomlab.records import Action, Change

if TYPE_CHECKING:
    from dicomlab.header.characteristics import Said
    from dicomlab.header.wire import Element, Encoding
    from dicomlab.recipe import Decision

# ReferencedSOPInstanceUID (0008,1155) as bytes: a sequence that holds one refers to instances.
_REFERENCE = {True: b"\x08\x00\x55\x11", False: b"\x00\x08\x11\x55"}


@dataclass(frozen=True)
class Context:
    """What the same element may depend on besides itself: the instance's IOD and document type."""

    iod: standard.Iod | None
    mime: str = ""
    lists_references: bool = False  # the Common Instance Reference module is in the instance
    said: Said | None = None  # of its private elements, where the recipe believes it


class Where(NamedTuple):
    """Where an element stands: keywords for the IOD, text for people, and how bytes are read there."""

    names: tuple[str, ...]
    text: str
    encoding: Encoding
    charset: tuple[str, ...]
    dummies: bool = False  # inside a sequence whose action is D
    coded: bool = False  # an item of a code sequence whose action is D
    cleans: bool = False  # inside a sequence whose action is C


class Done(NamedTuple):
    """What became of an element (None: removed), and the changes to report."""

    element: Element | None
    changes: tuple[Change, ...] = ()


class Site(NamedTuple):
    """One element in its place: the VR to read it by, its name, and what was decided by whom."""

    element: Element
    vr: str
    name: str
    where: Where
    context: Context
    code: str = ""
    by: str = "profile"

    @property
    def value(self) -> bytes:
        """The value as encoded, empty when it was left in its file."""
        return self.element.value or b""

    def told(self, decision: Decision) -> Site:
        """Return the same place with what a recipe decided about it."""
        return self._replace(code=decision.code, by=decision.by)

    def settled(self, code: str) -> Action:
        """Return the one action that a code of Table E.1-1 stands for here, given the attribute's Type."""
        if code == "X/Z/U*" and self.context.lists_references:
            return Action.U  # PS3.3 C.12.2: what the instance lists as referenced must be referenced somewhere
        iod = self.context.iod
        type_ = iod.type_of((*self.where.names, self.name)) if iod else None
        if code == "X/Z/U*" and type_ == "2C":
            return Action.U  # there because its condition holds: emptied, the instance would be none of its IOD
        return standard.settle(
            code,
            type_,
            is_sequence=self.vr == "SQ",
            is_reference=self.vr == "SQ" and _REFERENCE[self.where.encoding.little] in self.value,
            known_iod=iod is not None,
        )

    def change(self, action: Action) -> Change:
        """Return the record of an action here."""
        return _change(self.where.text + self.name, self.element.tag, self.vr, action, self.code, self.by)

    def removed(self) -> Done:
        """Return that the element goes."""
        return Done(None, (self.change(Action.X),))

    def valued(self, value: bytes, action: Action) -> Done:
        """Return the element with another value, and that it has one."""
        element = self.element._replace(value=value, length=len(value), tell=-1)
        return Done(element, (self.change(action),))


# The same change is the same object: a series has few, and they are counted and reported by identity.
_change = lru_cache(maxsize=1 << 16)(Change)
