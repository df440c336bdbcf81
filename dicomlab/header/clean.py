"""The plan for one header and its making: which action each element gets, at every depth.

`HeaderCleaner` serves one patient. The new form of an element is a function of its path, VR and
value and of the instance's IOD and character set; equal elements repeat within a series, so that
function is remembered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from dicomlab import pseudonyms, standard
from dicomlab.free_text import Identifiers, Sweeper
from dicomlab.header import values, wire
from dicomlab.header.names import attribute_name, effective_vr
from dicomlab.header.verbs import VERBS
from dicomlab.header.wire import Element, Encoding
from dicomlab.records import Action, Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomlab.pseudonyms import Key
    from dicomlab.recipe import Decision, Recipe

CHARACTER_SET, PATIENT_ID = 0x00080005, 0x00100020
ENCAPSULATED_DOCUMENT, DOCUMENT_LENGTH, MIME_TYPE = 0x00420011, 0x00420015, 0x00420012
_CODE_ITEM = frozenset({0x00080100, 0x00080102, 0x00080103, 0x00080104, 0x00080119, 0x00080120})
_PIXELS = 0x7FE0
_PROSE = frozenset({"LT", "ST", "UC", "UT"})
# Coded, technical or structural text: patterns would hurt more than help, words of radiology are no names.
_TECHNICAL = re.compile(
    "^(Code(Value|Meaning)|LongCodeValue|URNCodeValue|CodingScheme.*|.*Version.*|Manufacturer(ModelName)?|.*Kernel.*|"
    ".*CoilName|SequenceName|.*SequenceVariant|PulseSequenceName|.*Filter.*|.*Algorithm(Name|Version|Family.*)|"
    ".*LUTExplanation|MappingResource.*|ContextIdentifier|TemplateIdentifier|.*Units?|SegmentLabel|ROIName|"
    "RadiopharmaceuticalCode.*|.*Model(Name|Number)?|Grid.*|.*Nucleus|ScatterCorrectionMethod|ReconstructionMethod|"
    "AttenuationCorrectionMethod)$"
)
_MEMO_VALUE_BYTES = 1 << 16
_MEMO_ENTRIES = 1 << 16


@dataclass(frozen=True)
class Subject:
    """What an instance's patient becomes: the new Patient ID, and the days that dates move by."""

    code: str
    days: int = 0


class Where(NamedTuple):
    """Where an element stands: keywords for the IOD, text for people, and how bytes are read there."""

    names: tuple[str, ...]
    text: str
    encoding: Encoding
    charset: tuple[str, ...]
    dummies: bool = False  # inside a sequence whose action is D
    coded: bool = False  # an item of a code sequence whose action is D


class _Done(NamedTuple):
    element: Element | None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Context:
    """What the same element may depend on besides itself: the instance's IOD and document type."""

    iod: standard.Iod | None
    mime: str = ""
    lists_references: bool = False  # the Common Instance Reference module is in the instance


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
        self._memos: dict[tuple[Context, Where], dict[tuple[int, str, bytes, str], _Done]] = {}

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

    def clean(
        self, elements: Mapping[int, Element], encoding: Encoding, context: Context
    ) -> tuple[dict[int, Element], list[Change]]:
        """Return the elements of the root, cleaned, in the order of their tags, and what was changed."""
        where = Where((), "", encoding, charset_of(elements))
        return self._dataset(elements, where, context, self._memos.setdefault((context, where), {}))

    def _dataset(
        self,
        elements: Mapping[int, Element],
        where: Where,
        context: Context,
        memo: dict[tuple[int, str, bytes, str], _Done] | None = None,
    ) -> tuple[dict[int, Element], list[Change]]:
        creators = creators_of(elements)
        gone = self._graphics_that_go(elements)
        kept: dict[int, Element] = {}
        changes: list[Change] = []
        blocks: set[tuple[int, int]] = set()
        for tag in sorted(elements):
            element = elements[tag]
            group, number = tag >> 16, tag & 0xFFFF
            if number == 0 or group in (0x0000, 0x0002, 0x0004, 0xFFFE) or tag == 0x00080001:  # noqa: PLR2004
                continue  # group lengths, file meta and delimiters are no attributes of an instance
            if group in gone:
                changes.append(Change(where.text + attribute_name(tag, ""), tag, element.vr, Action.X, "X", "profile"))
                continue
            creator = ""
            if group & 1:
                if number <= 0xFF:  # noqa: PLR2004 - a creator: stays with its elements; below 10: not allowed
                    continue
                creator = creators.get((group, number >> 8), "")
            if memo is not None and element.value is not None and len(element.value) <= _MEMO_VALUE_BYTES:
                key = (tag, element.vr, element.value, creator)
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
        if blocks:
            for group, block in blocks:
                kept[group << 16 | block] = elements[group << 16 | block]
            kept = dict(sorted(kept.items()))
        return kept, changes

    def _graphics_that_go(self, elements: Mapping[int, Element]) -> set[int]:
        """Return the groups of overlays and curves to remove whole, so that no part of a module is left."""
        gone = set()
        for group in {t >> 16 for t in elements if t >> 24 in (0x60, 0x50) and not t >> 16 & 1}:
            tag = group << 16 | 0x3000
            decision = self.recipe.decide(tag, "OW")
            if decision is not None and decision.code in ("X", "C"):
                gone.add(group)
        return gone

    def _element(self, element: Element, creator: str, where: Where, context: Context) -> _Done:
        """Decide and do: the heart of the profile."""
        tag = element.tag
        vr = effective_vr(element, creator)
        name = attribute_name(tag, creator)
        decision = self.recipe.decide(tag, vr, creator or None)
        if tag >> 16 & 1:
            if decision is None:
                return self._removed(element, name, where, "X", "profile")
            safe = standard.safe_private(creator, tag >> 16, tag & 0xFF)
            vr = safe.vr or vr if safe is not None and vr == "UN" else vr
        elif decision is None:  # the table does not list it: it stays, without what identifies
            if wire.dictionary_vr(tag) is None:
                return self._removed(element, name, where, "X", "unknown")
            return self._kept(element, vr, name, where, context, by="identifier", explicit=False)
        return self._decided(element, vr, name, where, context, decision)

    def _decided(
        self, element: Element, vr: str, name: str, where: Where, context: Context, decision: Decision
    ) -> _Done:
        code, by = decision.code, decision.by
        if element.tag == PATIENT_ID and not by.startswith("rule"):
            return self._patient_id(element, vr, name, where, code)
        if code in VERBS:
            new = VERBS[code](self, element, vr, where, decision)
            if new is None:  # the verb cannot act on this value: the profile's action does
                row = standard.confidentiality(element.tag)
                basic = row.basic if row else "X/Z/D"
                action = self._settled(basic, element, vr, name, where, context)
                return self._act(action, element, vr, name, where, context, code=basic, by=by)
            return _Done(new, (Change(where.text + name, element.tag, vr, Action(code), code, by),))
        action = self._settled(code, element, vr, name, where, context)
        letters = code.replace("*", "").split("/")
        return self._act(
            action, element, vr, name, where, context, code=code, by=by if action in letters else "validity"
        )

    def _settled(self, code: str, element: Element, vr: str, name: str, where: Where, context: Context) -> Action:
        if code == "X/Z/U*" and context.lists_references:
            return Action.U  # PS3.3 C.12.2: what the instance lists as referenced must be referenced somewhere
        type_ = context.iod.type_of((*where.names, name)) if context.iod else None
        refers = vr == "SQ" and element.value is not None and _REFERENCE[where.encoding.little] in element.value
        return standard.settle(
            code, type_, is_sequence=vr == "SQ", is_reference=refers, known_iod=context.iod is not None
        )

    def _act(
        self,
        action: Action,
        element: Element,
        vr: str,
        name: str,
        where: Where,
        context: Context,
        *,
        code: str,
        by: str,
    ) -> _Done:
        """Do one letter of Table E.1-1a."""
        if action is Action.X:
            return self._removed(element, name, where, code, by)
        if action is Action.Z:
            return self._valued(element, b"", action, vr, name, where, code, by)
        if action is Action.K:
            return self._kept(element, vr, name, where, context, by=by, explicit=True)
        if action is Action.U:
            if vr == "SQ":
                return self._kept(element, vr, name, where, context, by=by, explicit=False)
            return self._valued(element, self._new_uids(element.value or b""), action, vr, name, where, code, by)
        if action is Action.C:
            if vr in ("DA", "DT"):
                return self._shifted(element, vr, name, where, context, code=code, by=by)
            return self._kept(element, vr, name, where, context, by=by, explicit=vr == "TM")
        return self._dummied(element, vr, name, where, context, code=code, by=by)

    def _dummied(
        self, element: Element, vr: str, name: str, where: Where, context: Context, *, code: str, by: str
    ) -> _Done:
        if vr == "SQ":
            inside = where._replace(dummies=True, coded=name.endswith("CodeSequence"))
            done = self._sequence(element, name, inside, context)
            return _Done(done.element, (Change(where.text + name, element.tag, vr, Action.D, code, by), *done.changes))
        if vr == "UI":
            new = self._new_uids(element.value or b"")
        elif element.tag == ENCAPSULATED_DOCUMENT:
            new = values.dummy_document(context.mime)
        else:
            new = values.dummy(vr)
        return self._valued(element, new, Action.D, vr, name, where, code, by)

    def _kept(
        self, element: Element, vr: str, name: str, where: Where, context: Context, *, by: str, explicit: bool
    ) -> _Done:
        """Keep an element without what identifies in it. `explicit`: an option or a rule retains it as it is."""
        noted = (Change(where.text + name, element.tag, vr, Action.K, "K", by),) if explicit else ()
        value = element.value
        if vr == "SQ":
            done = self._sequence(element, name, where._replace(coded=False), context)
            return _Done(done.element, (*noted, *done.changes))
        if value is None or not value or element.tag >> 16 == _PIXELS:
            return _Done(element, noted)
        if element.tag == DOCUMENT_LENGTH and self.recipe.decide(ENCAPSULATED_DOCUMENT, "OB") is not None:
            length = len(values.dummy_document(context.mime))
            return _Done(
                element._replace(value=length.to_bytes(4, "little" if where.encoding.little else "big")), noted
            )
        if vr == "UI":
            return _Done(element, noted)
        if vr == "AS":
            age = values.pooled_age(
                value.decode("ascii", "replace"), self.recipe.ages.pool_over, self.recipe.ages.bin_years
            )
            if age is None:
                return self._dummied(element, vr, name, where, context, code="K", by="validity")
            new = values.pad(age.encode(), vr)
            return (
                _Done(element, noted)
                if new == value
                else self._valued(element, new, Action.BIN, vr, name, where, "K", by)
            )
        if vr == "PN" and explicit:
            return _Done(element, noted)
        if vr in wire.TEXT_VRS or vr in ("CS", "AE", "UR"):
            return self._swept(element, vr, name, where, context, noted, by=by, explicit=explicit)
        if vr in ("OB", "OW", "UN") and self.sweeper.identifies(value):
            action = self._settled("X/Z/D", element, vr, name, where, context)
            return self._act(action, element, vr, name, where, context, code="X/Z/D", by="identifier")
        return _Done(element, noted)

    def _swept(
        self,
        element: Element,
        vr: str,
        name: str,
        where: Where,
        context: Context,
        noted: tuple[Change, ...],
        *,
        by: str,
        explicit: bool,
    ) -> _Done:
        value = element.value or b""
        in_code = element.tag in _CODE_ITEM
        if where.dummies and ((vr in _PROSE and not in_code) or (in_code and where.coded)):
            return self._dummied(element, vr, name, where, context, code="D", by=by)
        technical = vr not in wire.TEXT_VRS or in_code or bool(_TECHNICAL.match(name))
        text, charset = values.decode(value, vr, where.charset)
        pieces = [text] if vr in values.ONE_VALUE_VRS else text.split("\\")
        swept = [
            self.sweeper.sweep(
                p.strip(" \0") if len(pieces) > 1 else p.rstrip(" \0"),
                patterns=not technical and not explicit,
                technical=technical,
            )  # fmt: skip
            for p in pieces
        ]
        if all(new == old.strip(" \0") or new == old.rstrip(" \0") for new, old in zip(swept, pieces, strict=True)):
            return _Done(element, noted)
        if not any(swept):
            action = self._settled("X/Z/D" if vr != "CS" else "X/D", element, vr, name, where, context)
            return self._act(action, element, vr, name, where, context, code="C", by="identifier")
        new = values.encode("\\".join(swept), vr, charset)
        return self._valued(element, new, Action.C, vr, name, where, "C", by)

    def _sequence(self, element: Element, name: str, where: Where, context: Context) -> _Done:
        """Clean inside every item."""
        encoding = wire.IMPLICIT_LITTLE if element.vr == "UN" else where.encoding
        sequence = wire.items(element.value or b"", encoding)
        cleaned, changes, changed = [], [], False
        for number, item in enumerate(sequence):
            charset = charset_of(item) if CHARACTER_SET in item else where.charset
            inside = where._replace(names=(*where.names, name), text=f"{where.text}{name}[{number}].", encoding=encoding,
                                    charset=charset)  # fmt: skip
            kept, done = self._dataset(item, inside, context)
            changes += done
            changed = changed or len(kept) != len(item) or any(kept[t] is not item[t] for t in kept)
            cleaned.append(kept.values())
        if not changed:
            return _Done(element, tuple(changes))
        new = wire.encode_items(cleaned, encoding)
        return _Done(element._replace(value=new, length=len(new)), tuple(changes))

    def _shifted(
        self, element: Element, vr: str, name: str, where: Where, context: Context, *, code: str, by: str
    ) -> _Done:
        """Move dates; a partial or invalid one takes the Basic Profile's action (DESIGN: never half a shift)."""
        new = self.shifted_value(element.value or b"", vr)
        if new is not None:
            return self._valued(element, new, Action.SHIFT, vr, name, where, code, by) if new else _Done(element)
        row = standard.confidentiality(element.tag)
        basic = row.basic if row else "X/Z/D"
        action = self._settled(basic, element, vr, name, where, context)
        return self._act(action, element, vr, name, where, context, code=basic, by="validity")

    def shifted_value(self, value: bytes, vr: str) -> bytes | None:
        pieces = [p.strip(" \0") for p in value.decode("ascii", "replace").split("\\")]
        shifted = [
            pseudonyms.shift_date(p, self.subject.days, "DA" if vr == "DA" else "DT") if p else "" for p in pieces
        ]
        known = [s for s in shifted if s is not None]
        return values.pad("\\".join(known).encode(), vr) if len(known) == len(shifted) else None

    def _patient_id(self, element: Element, vr: str, name: str, where: Where, code: str) -> _Done:
        """Patient ID is Z/D in the table: a code of the recipe's, the same for all of the patient's instances."""
        new = self.subject.code if (element.value or b"").strip(b" \0") else ""
        return self._valued(element, values.encode(new, vr, ("ascii",)), Action.D if new else Action.Z, vr, name, where, code,
                            "profile")  # fmt: skip

    def _new_uids(self, value: bytes) -> bytes:
        olds = value.decode("ascii", "replace").split("\\")
        return values.pad("\\".join(self.new_uid(o.strip(" \0")) for o in olds).encode("ascii", "replace"), "UI")

    def _removed(self, element: Element, name: str, where: Where, code: str, by: str) -> _Done:
        return _Done(None, (Change(where.text + name, element.tag, element.vr, Action.X, code, by),))

    def _valued(
        self, element: Element, value: bytes, action: Action, vr: str, name: str, where: Where, code: str, by: str
    ) -> _Done:
        change = Change(where.text + name, element.tag, vr, action, code, by)
        return _Done(element._replace(value=value, length=len(value), tell=-1), (change,))


# ReferencedSOPInstanceUID (0008,1155) as bytes: a sequence that holds one refers to instances.
_REFERENCE = {True: b"\x08\x00\x55\x11", False: b"\x00\x08\x11\x55"}


def charset_of(elements: Mapping[int, Element]) -> tuple[str, ...]:
    element = elements.get(CHARACTER_SET)
    return values.encodings_of(element.value if element else None)


def creators_of(elements: Mapping[int, Element]) -> dict[tuple[int, int], str]:
    """Return the private creator of each block, by (group, block)."""
    return {
        (tag >> 16, tag & 0xFF): (e.value or b"").decode("ascii", "replace").strip(" \0")
        for tag, e in elements.items()
        if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF  # noqa: PLR2004 - PS3.5 7.8.1
    }
