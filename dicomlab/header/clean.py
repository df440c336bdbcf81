"""The plan for one header and its making: which action each element gets, at every depth.

`HeaderCleaner` serves one patient. The new form of an element is a function of its path, VR and
value and of the instance's IOD and character set; equal elements repeat within a series, so that
function is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from dicomlab import pseudonyms, standard
from dicomlab.free_text import Identifiers, Sweeper
from dicomlab.header import characteristics, documents, values, wire, wording
from dicomlab.header.names import (
    CHARACTER_SET,
    PRIVATE,
    attribute_name,
    charset_of,
    creator_tag,
    creators_of,
    effective_vr,
    is_creator,
    is_known_creator,
    is_leftover,
    is_length,
)
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
_PIXELS = 0x7FE0
_TEXT = wire.TEXT_VRS | {"AE", "CS", "UR"}
_GRAPHICS = (0x50, 0x60)  # curves and overlays: each group is a module of its own
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
        self._believes = "retain-safe-private" in self.recipe.options
        self._keeps_uids = "retain-uids" in self.recipe.options
        self._root = self.recipe.uids.root
        self._uids: dict[str, str] = {}
        self._memos: dict[tuple[Context, Where], dict[tuple[object, ...], Done]] = {}
        self._layouts: dict[tuple[int, ...], _Layout] = {}

    @cached_property
    def sweeper(self) -> Sweeper:
        """Removes this patient's identifiers from text."""
        return Sweeper(self.known, self.new_uid)

    def new_uid(self, old: str) -> str:
        """Return the UID that stands for `old` where the recipe does not say more: itself when UIDs are retained."""
        return old if self._keeps_uids else self._other_uid(old)

    def _other_uid(self, old: str) -> str:
        """Return the UID that replaces `old`; well-known ones stay."""
        new = self._uids.get(old)
        if new is None:
            stays = not old or standard.is_well_known_uid(old)
            new = self._uids[old] = old if stays else pseudonyms.uid(self.key, old, self._root)
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
        described = elements.get(characteristics.CHARACTERISTICS)
        if described is None or effective_vr(described, "") != "SQ":
            return self._dataset(elements, where, context, self._memos.setdefault((context, where), {}))
        said = characteristics.said_in(described, encoding)
        context = replace(context, said=said) if self._believes else context
        kept, changes = self._dataset(elements, where, context, self._memos.setdefault((context, where), {}))
        return kept, changes + characteristics.describe(described, kept, where, self.recipe, said=said)

    def _dataset(
        self,
        elements: Mapping[int, Element],
        where: Where,
        context: Context,
        memo: dict[tuple[object, ...], Done] | None = None,
    ) -> tuple[dict[int, Element], list[Change]]:
        tags = tuple(elements)
        layout = self._layouts.get(tags) or self._layout(tags)
        creators = creators_of(elements) if layout.private else {}
        kept: dict[int, Element] = {}
        changes = [
            Change(where.text + attribute_name(t, ""), t, elements[t].vr, Action.X, "X", by) for t, by in layout.gone
        ]
        for tag in layout.tags:
            element = elements[tag]
            creator = creators.get(tag >> 8, "")
            if memo is None or element.value is None or len(element.value) > _MEMO_VALUE_BYTES:
                done = self._element(element, creator, where, context)
            else:
                key: tuple[object, ...] = (element[:4], creator) if creator else element[:4]
                known = memo.get(key)
                if known is None:
                    if len(memo) > _MEMO_ENTRIES:
                        memo.clear()
                    known = memo[key] = self._element(element, creator, where, context)
                done = known
            if done.changes:
                changes += done.changes
            if done.element is not None:
                kept[tag] = done.element
        if creators:
            kept, more = self._with_creators(kept, elements, creators, where)
            changes += more
        return kept, changes

    def _layout(self, tags: tuple[int, ...]) -> _Layout:
        """Return what is to be asked about a dataset with these tags: instances of a series share it."""
        graphics = {t >> 16 for t in tags if t >> 24 in _GRAPHICS and not t >> 16 & 1}
        decided = {group: self.recipe.decide(group << 16 | 0x3000, "OW") for group in graphics}
        removed = {group for group, d in decided.items() if d is not None and d.code in ("X", "C")}
        going = [(t, "profile") for t in tags if t >> 16 in removed and t & 0xFFFF]
        going += [(t, "unknown") for t in tags if is_leftover(t)]
        gone = {t for t, _ in going}
        stays = (t for t in sorted(tags) if not (t in gone or is_length(t) or is_creator(t)))
        layout = _Layout(tuple(stays), tuple(going), private=any(t >> 16 & 1 for t in tags))
        if len(self._layouts) > _MEMO_ENTRIES:
            self._layouts.clear()
        self._layouts[tags] = layout
        return layout

    def _with_creators(
        self, kept: dict[int, Element], elements: Mapping[int, Element], creators: Mapping[int, str], where: Where
    ) -> tuple[dict[int, Element], list[Change]]:
        """Return elements with the creators of the private blocks that have any left (PS3.5 7.8.1).

        A creator that names somebody takes its block with it: the block means nothing without it.
        """
        changes = []
        for block in {tag >> 8 for tag in kept if tag & PRIVATE}:
            if self._names_somebody(creators[block]):
                for tag in [t for t in kept if t >> 8 == block]:
                    path = where.text + attribute_name(tag, creators[block])
                    changes.append(Change(path, tag, kept.pop(tag).vr, Action.X, "X", "identifier"))
            else:
                tag = creator_tag(block)
                kept[tag] = elements[tag]
        return dict(sorted(kept.items())), changes

    def _names_somebody(self, creator: str) -> bool:
        known = is_known_creator(creator)
        return not known and self.sweeper.sweep(creator, patterns=False, technical=True) != creator

    def _element(self, element: Element, creator: str, where: Where, context: Context) -> Done:
        """Decide and do: the heart of the profile."""
        tag = element.tag
        vr = effective_vr(element, creator)
        site = Site(element, vr, attribute_name(tag, creator), where, context)
        decision = self.recipe.decide(tag, vr, creator or None)
        if tag >> 16 & 1:
            if context.said is not None:
                decision = characteristics.decided(
                    self.recipe, context.said, element, creator=creator, decision=decision
                )
            if decision is None:
                return site._replace(code="X").removed()
            safe = standard.safe_private(creator, tag >> 16, tag & 0xFF)
            if vr == "UN" and safe is not None and safe.vr not in ("", "SQ"):  # a sequence would have been seen
                site = site._replace(vr=safe.vr)
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
        if action is Action.D:
            return self._dummied(site)
        if action is Action.C and site.vr in ("DA", "DT"):
            return self._shifted(site)
        if action is Action.U and site.vr != "SQ":
            return site.valued(self._new_uids(site.value), action)
        return self._kept(site, explicit=action is Action.K or (action is Action.C and site.vr == "TM"))

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
        noted = (site._replace(code="K").change(Action.K),) if explicit else ()
        if site.vr == "SQ":
            cleans = not explicit and (site.code == "C" or site.where.cleans)
            done = self._sequence(site._replace(where=site.where._replace(coded=False, cleans=cleans)))
            return Done(done.element, (*noted, *done.changes))
        if not site.value or site.element.tag >> 16 == _PIXELS:
            return Done(site.element, noted)
        match site.vr:
            case "AS":
                done = self._age(site)
            case "UI":
                done = Done(site.element) if explicit else self._reference(site)
            case "UL":
                done = self._length(site)
            case "DA" | "DS" | "DT" | "IS" | "TM":
                done = self._figures(site, explicit=explicit)
            case vr if vr in _TEXT:
                done = wording.noted(self.sweeper, site, self._text(site, explicit=explicit))
            case vr if vr in ("OB", "OW", "UN") or site.element.tag & PRIVATE:  # a private dictionary may err
                new = wording.of_unknown(self.sweeper, site)
                done = (
                    site.valued(new, Action.C) if new else Done(site.element) if new is None else self._identified(site)
                )
            case _:
                done = Done(site.element)
        return done if done.changes else Done(done.element, noted)

    def _text(self, site: Site, *, explicit: bool) -> Done:
        if explicit and site.vr == "PN" and not site.element.tag & PRIVATE:
            return Done(site.element)  # a person retained by decision
        if wording.is_dummied(site):
            return self._dummied(site._replace(code="D"))
        if not explicit and wording.is_address(site):
            return self._identified(site)
        vocabulary = not explicit and wording.is_held_against_vocabulary(site)
        found = wording.cleaned(self.sweeper, site, patterns=not explicit, vocabulary=vocabulary)
        if found is None:
            return Done(site.element)
        new, unknown = found
        if not new:
            return self._identified(site, code="C", by="vocabulary" if unknown else "identifier")
        site = site._replace(code="C", by="vocabulary" if unknown else site.by)
        return site.valued(new, Action.C)

    def _identified(self, site: Site, *, code: str = "X/Z/D", by: str = "identifier") -> Done:
        """Do away with a value that is nothing but what identifies."""
        return self._act(site.settled("X/Z/D"), site._replace(code=code, by=by))

    def _age(self, site: Site) -> Done:
        ages = self.recipe.ages
        age = values.pooled_age(site.value.decode("ascii", "replace"), ages.pool_over, ages.bin_years)
        if age is None:
            return self._dummied(site._replace(code="K", by="validity"))
        new = values.pad(age.encode(), site.vr)
        return Done(site.element) if new == site.value else site._replace(code="K").valued(new, Action.BIN)

    def _figures(self, site: Site, *, explicit: bool) -> Done:
        """Keep numbers, dates and times; what is none of these is text, whatever its VR says."""
        if not wording.is_figures(site.value):
            return self._text(site, explicit=explicit)
        is_known = site.vr in ("DS", "IS") and self.sweeper.is_known_number(site.value.decode("ascii"))
        return self._identified(site) if is_known else Done(site.element)

    def _reference(self, site: Site) -> Done:
        """Keep UIDs that name a kind of thing; one of the patient's own is out of place among them."""
        new = self._new_uids(site.value, only=self.known.uids)
        return Done(site.element) if new == site.value else site._replace(code="U").valued(new, Action.U)

    def _length(self, site: Site) -> Done:
        """Keep numbers; the length of a document becomes that of the one that will stand there (PS3.3 C.24.2)."""
        if site.element.tag != DOCUMENT_LENGTH or site.where.names:
            return Done(site.element)
        decision = self.recipe.decide(ENCAPSULATED_DOCUMENT, "OB")
        if decision is None or decision.code in ("K", "C"):
            return Done(site.element)
        length = len(documents.dummy(site.context.mime))
        raw = length.to_bytes(4, "little" if site.where.encoding.little else "big")
        return Done(site.element._replace(value=raw))

    def _sequence(self, site: Site) -> Done:
        """Clean inside every item."""
        where, element = site.where, site.element
        if len(where.names) >= wire.DEEPEST:
            raise wire.BrokenDataset(wire.TOO_DEEP)
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

    def _new_uids(self, value: bytes, *, only: frozenset[str] | None = None) -> bytes:
        """Return UIDs replaced; with `only`, no decision but care for UIDs that are found out of place."""
        olds = [old.strip(" \0") for old in value.decode("ascii", "replace").split("\\")]
        if only is not None and only.isdisjoint(olds):
            return value
        new = self._other_uid if only is None else self.new_uid
        return values.pad("\\".join(map(new, olds)).encode("ascii", "replace"), "UI")


class _Layout(NamedTuple):
    """What is to be asked about a dataset: the tags to decide on in order, those that go anyhow and by whom."""

    tags: tuple[int, ...]
    gone: tuple[tuple[int, str], ...]
    private: bool
