"""The plan for one header and its making: which action each element gets, at every depth.

`HeaderCleaner` serves one patient. The new form of an element is a function of its path, VR and
value and of the instance's IOD and character set; equal elements repeat within a series, so that
function is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from dicomlab import pseudonyms, standard
from dicomlab.free_text import Identifiers, Sweeper
from dicomlab.header import documents, values, wire, wording
from dicomlab.header.names import CHARACTER_SET, attribute_name, charset_of, creators_of, effective_vr
from dicomlab.header.site import Context, Done, Site, Where
from dicomlab.header.verbs import VERBS
from dicomlab.records import Action, Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomlab.header.wire import Element, Encoding
    from dicomlab.pseudonyms import Key
    from dicomlab.recipe import Decision, Recipe

PATIENT_ID = 0x00100020
ENCAPSULATED_DOCUMENT, DOCUMENT_LENGTH = 0x00420011, 0x00420015
LENGTH_TO_END = 0x00080001
# Command elements, file meta, directory records and delimiters are no attributes of an instance.
_NOT_OF_INSTANCES = frozenset({0x0000, 0x0002, 0x0004, 0xFFFE})
_FIRST_CREATOR, _LAST_CREATOR = 0x10, 0xFF  # PS3.5 7.8.1
_PIXELS = 0x7FE0
_OVERLAYS, _CURVES = 0x60, 0x50
_BINARY_VRS = frozenset({"OB", "OW", "UN"})
_MEMO_VALUE_BYTES = 1 << 16
_MEMO_ENTRIES = 1 << 16


@dataclass(frozen=True)
class Subject:
    """What an instance's patient becomes: the new Patient ID, and the days that dates move by."""

    code: str
    days: int = 0


@dataclass
class HeaderCleaner:
    """Cleans the headers of one patient's instances.

    Parameters
    ----------
    recipe, key
        The policy and the secret. A salted recipe gets the release's subkey.
    subject
        What this patient becomes.
    known
        Everything that identifies the patient, gathered from all of the patient's instances.
    """

    recipe: Recipe
    key: Key
    subject: Subject
    known: Identifiers = field(default_factory=Identifiers)

    def __post_init__(self) -> None:
        """Prepare what every element asks for."""
        self._keeps_uids = "retain-uids" in self.recipe.options
        self._root = self.recipe.uids.root
        self._uids: dict[str, str] = {}
        self._memos: dict[tuple[Context, Where], dict[tuple[object, ...], Done]] = {}

    @cached_property
    def sweeper(self) -> Sweeper:
        """Removes this patient's identifiers from text."""
        return Sweeper(self.known, self.new_uid)

    def new_uid(self, old: str) -> str:
        """Return the UID that replaces `old`; well-known ones stay."""
        new = self._uids.get(old)
        if new is None:
            keep = self._keeps_uids or not old or standard.is_well_known_uid(old)
            new = self._uids[old] = old if keep else pseudonyms.uid(self.key, old, self._root)
        return new

    def shifted_value(self, value: bytes, vr: str) -> bytes | None:
        """Return the dates of a value moved by the patient's days, None when one of them cannot be."""
        pieces = [p.strip(" \0") for p in value.decode("ascii", "replace").split("\\")]
        days = self.subject.days
        shifted = [pseudonyms.shift_date(p, days, "DA" if vr == "DA" else "DT") if p else "" for p in pieces]
        known = [s for s in shifted if s is not None]
        return values.pad("\\".join(known).encode(), vr) if len(known) == len(shifted) else None

    def clean(
        self, elements: Mapping[int, Element], encoding: Encoding, context: Context
    ) -> tuple[dict[int, Element], list[Change]]:
        """Return the elements of the root, cleaned, in the order of their tags, and what was changed.

        Raises
        ------
        BrokenDataset
            A sequence does not parse, or sequences are nested deeper than any instance nests them.
        """
        where = Where((), "", encoding, charset_of(elements))
        return self._dataset(elements, where, context, self._memos.setdefault((context, where), {}))

    def _dataset(
        self,
        elements: Mapping[int, Element],
        where: Where,
        context: Context,
        memo: dict[tuple[object, ...], Done] | None = None,
    ) -> tuple[dict[int, Element], list[Change]]:
        creators = creators_of(elements)
        gone = self._graphics_that_go(elements)
        kept: dict[int, Element] = {}
        changes: list[Change] = []
        blocks: set[tuple[int, int]] = set()
        for tag in sorted(elements):
            element = elements[tag]
            group, number = tag >> 16, tag & 0xFFFF
            if not number or group in _NOT_OF_INSTANCES or tag == LENGTH_TO_END:
                continue
            creator = ""
            if group & 1:
                if number <= _LAST_CREATOR:  # a creator stays with its elements; below 10: not allowed
                    continue
                creator = creators.get((group, number >> 8), "")
            elif group in gone:
                changes.append(Change(where.text + attribute_name(tag, ""), tag, element.vr, Action.X, "X"))
                continue
            if memo is not None and element.value is not None and len(element.value) <= _MEMO_VALUE_BYTES:
                key: tuple[object, ...] = (element[:4], creator) if creator else element[:4]
                done = memo.get(key)
                if done is None:
                    done = self._element(element, creator, where, context)
                    if len(memo) > _MEMO_ENTRIES:
                        memo.clear()
                    memo[key] = done
            else:
                done = self._element(element, creator, where, context)
            if done.changes:
                changes += done.changes
            if done.element is not None:
                kept[tag] = done.element
                if creator:
                    blocks.add((group, number >> 8))
        return (self._with_creators(kept, blocks, elements) if blocks else kept), changes

    def _with_creators(
        self, kept: dict[int, Element], blocks: set[tuple[int, int]], elements: Mapping[int, Element]
    ) -> dict[int, Element]:
        """Return elements with the creators of the private blocks that have any left (PS3.5 7.8.1)."""
        for group, block in blocks:
            kept[group << 16 | block] = elements[group << 16 | block]
        return dict(sorted(kept.items()))

    def _graphics_that_go(self, elements: Mapping[int, Element]) -> set[int]:
        """Return the groups of overlays and curves to remove whole, so that no part of a module is left."""
        gone = set()
        for group in {t >> 16 for t in elements if t >> 24 in (_OVERLAYS, _CURVES) and not t >> 16 & 1}:
            decision = self.recipe.decide(group << 16 | 0x3000, "OW")
            if decision is not None and decision.code in ("X", "C"):
                gone.add(group)
        return gone

    def _element(self, element: Element, creator: str, where: Where, context: Context) -> Done:
        """Decide and do: the heart of the profile."""
        tag = element.tag
        vr = effective_vr(element, creator)
        site = Site(element, vr, attribute_name(tag, creator), where, context)
        decision = self.recipe.decide(tag, vr, creator or None)
        if tag >> 16 & 1:
            if decision is None:
                return site._replace(code="X").removed()
            safe = standard.safe_private(creator, tag >> 16, tag & 0xFF)
            site = site._replace(vr=safe.vr or vr if safe is not None and vr == "UN" else vr)
        elif decision is None:  # the table does not list it: it stays, without what identifies
            if wire.dictionary_vr(tag) is None:
                return site._replace(code="X", by="unknown").removed()
            return self._kept(site._replace(code="K", by="identifier"), explicit=False)
        return self._decided(site.told(decision), decision)

    def _decided(self, site: Site, decision: Decision) -> Done:
        code = site.code
        if site.element.tag == PATIENT_ID and not site.by.startswith("rule"):
            return self._patient_id(site)
        if code in VERBS:
            new = VERBS[code](self, site, decision)
            if new is not None:
                return site.valued(new, Action(code))
            return self._by_profile(site, by=site.by)  # the verb cannot act on this value
        action = site.settled(code)
        return self._act(action, site if action in code.replace("*", "").split("/") else site._replace(by="validity"))

    def _by_profile(self, site: Site, *, by: str) -> Done:
        """Do what the Basic Profile does with an attribute whose value the recipe's action cannot act on."""
        row = standard.confidentiality(site.element.tag)
        site = site._replace(code=row.basic if row and not site.element.tag >> 16 & 1 else "X/Z/D", by=by)
        return self._act(site.settled(site.code), site)

    def _act(self, action: Action, site: Site) -> Done:
        """Do one letter of Table E.1-1a."""
        if action is Action.X:
            return site.removed()
        if action is Action.Z:
            return site.valued(b"", action)
        if action is Action.K:
            return self._kept(site, explicit=True)
        if action is Action.U and site.vr == "SQ":
            return self._kept(site, explicit=False)
        if action is Action.U:
            return site.valued(self._new_uids(site.value), action)
        if action is Action.C:
            return self._shifted(site) if site.vr in ("DA", "DT") else self._kept(site, explicit=site.vr == "TM")
        return self._dummied(site)

    def _dummied(self, site: Site) -> Done:
        if site.vr == "SQ":
            inside = site.where._replace(dummies=True, coded=site.name.endswith("CodeSequence"))
            done = self._sequence(site._replace(where=inside))
            return Done(done.element, (site.change(Action.D), *done.changes))
        if site.vr == "UI":
            new = self._new_uids(site.value)
        elif site.element.tag == ENCAPSULATED_DOCUMENT:
            new = values.pad(documents.dummy(site.context.mime), "OB")
        else:
            new = values.dummy(site.vr)
        return site.valued(new, Action.D)

    def _kept(self, site: Site, *, explicit: bool) -> Done:
        """Keep an element without what identifies in it. `explicit`: an option or a rule retains it as it is."""
        element, vr = site.element, site.vr
        noted = (site._replace(code="K").change(Action.K),) if explicit else ()
        if vr == "SQ":
            done = self._sequence(site._replace(where=site.where._replace(coded=False)))
            return Done(done.element, (*noted, *done.changes))
        if not element.value or element.tag >> 16 == _PIXELS:
            return Done(element, noted)
        if element.tag == DOCUMENT_LENGTH:
            return Done(self._document_length(site), noted)
        if vr == "UI" or (vr == "PN" and explicit):
            return Done(element, noted)
        if vr == "AS":
            return self._aged(site, noted)
        if vr in wire.TEXT_VRS or vr in ("CS", "AE", "UR"):
            return self._swept(site, noted, explicit=explicit)
        if vr in _BINARY_VRS and self.sweeper.identifies(element.value):
            return self._act(site.settled("X/Z/D"), site._replace(code="X/Z/D", by="identifier"))
        return Done(element, noted)

    def _aged(self, site: Site, noted: tuple[Change, ...]) -> Done:
        ages = self.recipe.ages
        age = values.pooled_age(site.value.decode("ascii", "replace"), ages.pool_over, ages.bin_years)
        if age is None:
            return self._dummied(site._replace(code="K", by="validity"))
        new = values.pad(age.encode(), site.vr)
        return Done(site.element, noted) if new == site.value else site._replace(code="K").valued(new, Action.BIN)

    def _document_length(self, site: Site) -> Element:
        """Return the length of the document that will stand there (PS3.3 C.24.2): ours, or the old one."""
        decision = self.recipe.decide(ENCAPSULATED_DOCUMENT, "OB")
        if decision is None:
            return site.element
        length = len(values.pad(documents.dummy(site.context.mime), "OB"))
        return site.element._replace(value=length.to_bytes(4, "little" if site.where.encoding.little else "big"))

    def _swept(self, site: Site, noted: tuple[Change, ...], *, explicit: bool) -> Done:
        if wording.is_dummied(site):
            return self._dummied(site._replace(code="D"))
        new = wording.cleaned(self.sweeper, site, patterns=not explicit)
        if new is None:
            return Done(site.element, noted)
        if not new:
            site = site._replace(code="C", by="identifier")
            return self._act(site.settled("X/Z/D" if site.vr != "CS" else "X/D"), site)
        return site._replace(code="C").valued(new, Action.C)

    def _sequence(self, site: Site) -> Done:
        """Clean inside every item."""
        where, element = site.where, site.element
        encoding = wire.IMPLICIT_LITTLE if element.vr == "UN" else where.encoding
        names = (*where.names, site.name)
        cleaned, changes, changed = [], [], False
        for number, item in enumerate(wire.items(site.value, encoding)):
            charset = charset_of(item) if CHARACTER_SET in item else where.charset
            text = f"{where.text}{site.name}[{number}]."
            inside = where._replace(names=names, text=text, encoding=encoding, charset=charset)
            kept, done = self._dataset(item, inside, site.context)
            changes += done
            changed = changed or len(kept) != len(item) or any(kept[t] is not item[t] for t in kept)
            cleaned.append(kept.values())
        if not changed:
            return Done(element, tuple(changes))
        new = wire.encode_items(cleaned, encoding)
        return Done(element._replace(value=new, length=len(new)), tuple(changes))

    def _shifted(self, site: Site) -> Done:
        """Move dates; a partial or invalid one takes the Basic Profile's action (never half a shift)."""
        new = self.shifted_value(site.value, site.vr)
        if new is None:
            return self._by_profile(site, by="validity")
        return site.valued(new, Action.SHIFT) if new else Done(site.element)

    def _patient_id(self, site: Site) -> Done:
        """Patient ID is Z/D in the table: a code of the recipe's, the same for all of the patient's instances."""
        new = self.subject.code if site.value.strip(b" \0") else ""
        return site._replace(by="profile").valued(
            values.encode(new, site.vr, ("ascii",)), Action.D if new else Action.Z
        )

    def _new_uids(self, value: bytes) -> bytes:
        olds = value.decode("ascii", "replace").split("\\")
        return values.pad("\\".join(self.new_uid(o.strip(" \0")) for o in olds).encode("ascii", "replace"), "UI")
