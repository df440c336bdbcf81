"""One instance judged: the file before, the file after, the recipe, and what identifies the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dicomlab.judge import claims, pixels, values
from dicomlab.judge.attributes import is_creator, name_of, place_of, place_of_text
from dicomlab.judge.characteristics import CHARACTERISTICS, characteristics_of, vouched_text, wrong_descriptions
from dicomlab.judge.charsets import codecs_of, decoded
from dicomlab.judge.facts import Facts, InstanceVerdict
from dicomlab.judge.hunting import Hunter, Place, hunter_for
from dicomlab.judge.identity import Identity, identity_of, uid_hash
from dicomlab.judge.patterns import is_telling, leads_to_source
from dicomlab.judge.places import hunted_bytes
from dicomlab.judge.questions import INSTANCE_QUESTIONS, Answers, Question
from dicomlab.judge.reading import CHARACTER_SET, LONG, BrokenError, Element, Instance, known_vr, opened, read
from dicomlab.judge.repainted import follows, wrong_repainting
from dicomlab.judge.rules import Finding, Judge, Level
from dicomlab.judge.values import text_values
from dicomlab.standard import iod

if TYPE_CHECKING:
    from dicomlab.recipe import Decision, Recipe
    from dicomlab.records import Repainted

_REFERENCED_INSTANCE, _SOP_CLASS, _SOP_INSTANCE = 0x00081155, 0x00080016, 0x00080018
_PATIENT_ID, _ISSUER, _STUDY = 0x00100020, 0x00100021, 0x0020000D
_DOCUMENT, _DOCUMENT_LENGTH = 0x00420011, 0x00420015
_AT_ROOT = claims.SAID | {_DOCUMENT_LENGTH, CHARACTERISTICS}
_OF_THE_DEVICE = "option retain-device-identity"  # its dates, such as of calibration, are not the patient's (E.3.8)
_LEFT = "a text that identifies by its form was left"
_HUNTED = claims.SAID | {CHARACTERISTICS}  # at the root judged by what they say, and hunted
_REMEMBERED = 1 << 16
_SHORT = 1 << 12


def judge_instance(
    before: Path | bytes,
    after: Path | bytes,
    recipe: Recipe,
    *,
    identity: Identity | None,
    release_path: str = "",
    ordinal: int = -1,
    repainted: Repainted | None = None,
    private: Path | None = None,
) -> InstanceVerdict:
    """Return whether a de-identified instance may be released, and what it tells about the release.

    Parameters
    ----------
    before, after
        The source file and the de-identified one, as paths or bytes.
    recipe
        What was asked for.
    identity
        What identifies the patient, merged over all of the patient's instances; None: this one alone.
    release_path
        Path below the release, for the checks over all instances.
    ordinal
        Position of the source file in the scan.
    repainted, private
        Where samples were changed on purpose, None: nowhere; and the folder in which masks of faces lie.

    Raises
    ------
    BrokenError
        The source does not parse: nothing can be said about it.

    References
    ----------
    PS3.15 E.1 to E.3.
    """
    answers = Answers()
    source = read(before)
    identity = identity_of(before) if identity is None else identity
    hunter = hunter_for(identity, recipe.sha256, KeptBy(recipe))
    try:
        released = read(after)
        behind = bytes(released.body[released.end :])
        if len(behind) >= 8 and behind.strip(b"\0"):  # noqa: PLR2004 - fewer are told as what stands in no element
            raise BrokenError("bytes that are no element stand behind the data set")  # noqa: TRY301
    except BrokenError as error:
        answers.add(Question.READABLE, "", str(error))
        for hit, _ in hunter.in_bytes(opened(after)):
            answers.add(Question.BYTES, f"byte {hit.offset}", f"an identifier in bytes: {hit.kind}")
        return InstanceVerdict(
            tuple(answers.checks((Question.READABLE, Question.BYTES))),
            Facts(ordinal=ordinal, release_path=release_path),
        )
    case = _Case(recipe, hunter, answers, source, released, identity.hunter(recipe.sha256), repainted)
    case.judge_header()
    case.judge_bytes()
    case.judge_pixels(
        pixels.wrong_pixels(source, released)
        if repainted is None
        else [*wrong_repainting(before, after, repainted, private), *pixels.wrong_offsets(released)]
    )
    for question, where, why in wrong_descriptions(source, released, recipe):
        answers.add(question, where, why)
    for where, why in claims.wrong_meta(source, released, repainted=repainted is not None):
        answers.add(Question.META, where, why)
    for question, where, why in claims.wrong_claims(
        source, released, recipe, dates_kept=case.dates_kept, shifted=bool(case.shifts)
    ):
        answers.add(question, where, why)
    return InstanceVerdict(tuple(answers.checks(INSTANCE_QUESTIONS)), case.facts(ordinal, release_path))


@dataclass(frozen=True)
class KeptBy:
    """(tag, creator) -> whether a recipe keeps that attribute as it is; None: nobody speaks of it."""

    recipe: Recipe

    def __call__(self, tag: int, creator: str) -> bool | None:
        """Ask the recipe; of the file meta only the names of kinds are kept."""
        if tag >> 16 == 0x0002:  # noqa: PLR2004 - file meta information
            retained = tag == 0x00020003 and "retain-uids" in self.recipe.options  # noqa: PLR2004
            return retained or tag in (0x00020002, 0x00020010, 0x00020012)
        decision = self.recipe.decide(tag, known_vr(tag, creator), creator or None)
        return None if decision is None else decision.code == "K"


@dataclass
class _Case:
    """Both sides of one instance, and what was found out about them so far."""

    recipe: Recipe
    hunter: Hunter
    answers: Answers
    source: Instance
    released: Instance
    memory: dict[str, object]
    repainted: Repainted | None = None
    uids: set[tuple[int, int]] = field(default_factory=set)
    references: set[tuple[int, int]] = field(default_factory=set)
    shifts: set[int] = field(default_factory=set)
    dates_kept: bool = False

    def judge_header(self) -> None:
        """Walk both sides together, and ask of every attribute what became of it."""
        present = frozenset(name_of(e.tag) for e in self.source.dataset if not e.tag >> 16 & 1)
        found = iod(self.source.text(_SOP_CLASS), present)
        said = characteristics_of(self.source)
        self.judge = Judge(self.recipe, self.hunter, found, said)
        self.remembered: dict[object, Finding] = self.memory.setdefault(  # type: ignore[assignment]
            f"leaves of {found!r} {None if found is None else found.modules} {said!r}", {}
        )
        if len(self.remembered) > _REMEMBERED:
            self.remembered.clear()
        self._walk(Level(), "", self.source.dataset, self.released.dataset)
        for tag, element in self.released.meta.items():
            self._hunt(element, Level(), name_of(tag))
        if len({old for old, _ in self.uids}) != len(self.uids) or len({new for _, new in self.uids}) != len(self.uids):
            self.answers.add(Question.UIDS, "", "one UID became two, or two became one")
        if len(self.shifts) > 1:
            self.answers.add(Question.DATES, "", "dates of one instance moved by different intervals")
        dates = self.recipe.dates
        if any(not -dates.range_days <= days <= -1 or (dates.whole_weeks and days % 7) for days in self.shifts):
            self.answers.add(Question.DATES, "", "dates moved by an interval that the recipe does not allow")

    def judge_bytes(self) -> None:
        """Hunt in every byte that is no text value: binary values, pixels, structure, preamble, what lies behind."""
        for where, why in hunted_bytes(self.released, self.hunter):
            self.answers.add(Question.BYTES, where, why)

    def judge_pixels(self, wrong: Sequence[str]) -> None:
        """Note what is wrong with the samples, and look for metadata between them."""
        for why in wrong:
            self.answers.add(Question.PIXELS, "PixelData", why)
        document, length = self.released.find(_DOCUMENT), self.released.find(_DOCUMENT_LENGTH)
        if document is not None and length is not None:
            told = int.from_bytes(bytes(length.value), "little" if self.released.little else "big")
            if len(document.value) - told not in (0, 1):  # one byte of padding
                self.answers.add(Question.LOST, name_of(_DOCUMENT_LENGTH), "is not the length of the document")
        for content, must_go in pixels.stream_segments(self.released):
            if must_go:
                self.answers.add(Question.STREAM, "PixelData", "a comment or an unknown segment was left in the stream")
            if self.hunter.in_text(content.decode("latin-1"), Place.FREE):
                self.answers.add(Question.BYTES, "PixelData", "an identifier inside the compressed stream")

    def facts(self, ordinal: int, release_path: str) -> Facts:
        """Return what the release as a whole must be asked about this instance."""
        study = uid_hash(self.source.text(_STUDY))
        alone = self.recipe.identifiers.scope == "study"
        old_id, new_id = _in_charset(self.source, _PATIENT_ID), _in_charset(self.released, _PATIENT_ID)
        issuer = _in_charset(self.source, _ISSUER)
        who = (
            study if alone else uid_hash(f"{issuer}\\{old_id}")
        )  # no two studies linked: then the study is the patient
        patient = (who, uid_hash(new_id)) if old_id else None
        return Facts(
            ordinal=ordinal,
            release_path=release_path,
            scope=study if alone else 0,
            patient=patient,
            same=(uid_hash(old_id), study, bool(issuer)),
            instance=(uid_hash(self.source.text(_SOP_INSTANCE)), uid_hash(self.released.text(_SOP_INSTANCE))),
            uids=frozenset(self.uids),
            references=frozenset(self.references),
            shifts=frozenset(self.shifts),
            moves_dates=self.judge.moves_dates,
        )

    def _walk(self, level: Level, text: str, before: list[Element], after: list[Element]) -> None:
        """Pair the elements of one item, or of the root, by tag."""
        old = {element.tag: element for element in before}
        new = {element.tag: element for element in after}
        level = replace(level, before=_codecs(old, level.before), after=_codecs(new, level.after))
        if len(new) != len(after) or list(new) != sorted(new):
            self.answers.add(Question.READABLE, text, "elements are twice or out of order")
        for tag, element in old.items():
            if _is_apart(tag, root=not text):
                continue
            if self.repainted is not None and follows(tag, self.repainted):
                if tag in new:
                    self._hunt(new[tag], level, text + name_of(tag))
            elif not is_creator(tag):
                self._pair(level, text, element, new.get(tag))
            elif tag not in new and _in_block(tag, new):
                self.answers.add(Question.PRIVATE, text + name_of(tag), "a block lost its creator")
        self._new_ones(level, text, old, new=new)

    def _new_ones(self, level: Level, text: str, old: dict[int, Element], *, new: dict[int, Element]) -> None:
        """Look at what the released side alone has, and at what is not judged in pairs."""
        for tag, element in new.items():
            if tag not in old:
                self._added(level, text, element)
            elif claims.structural(tag):
                self.answers.add(Question.TABLE, text + name_of(tag), "a length, padding or command element was kept")
            elif is_creator(tag):
                self._creator(level, text, old[tag], after=element, new=new)
            elif tag in _HUNTED and not text:
                self._hunt(element, level, name_of(tag))

    def _pair(self, level: Level, text: str, before: Element, after: Element | None) -> None:
        decision = self.judge.decide(before.tag, before.vr, before.creator)
        if after is None:
            if claims.goes_with_graphics(before.tag, self.recipe):
                return
            gone = self.judge.removed(level, before, decision)
            if gone is not None:
                self.answers.add(gone[0], text + name_of(before.tag, before.creator), gone[1])
            return
        if claims.goes_with_graphics(before.tag, self.recipe) and not self._is_redrawn(before.tag):
            self.answers.add(Question.TABLE, text + name_of(after.tag), "a part of an overlay or a curve was left")
        if before.items is not None or after.items is not None:
            self._sequence(level, text, before, after=after, decision=decision)
            return
        finding = self._leaf(level, before, after, decision)
        if finding.wrong:
            where = text + name_of(after.tag, after.creator)
            for question, why in finding.wrong:
                self.answers.add(question, where, why)
        if finding.uids:
            self.uids.update(finding.uids)
            if after.tag == _REFERENCED_INSTANCE:
                self.references.update(finding.uids)
        self.shifts.update(finding.shifts)
        of_the_device = decision is not None and decision.by == _OF_THE_DEVICE
        self.dates_kept = self.dates_kept or (finding.dates_kept and not of_the_device)

    def _is_redrawn(self, tag: int) -> bool:
        """Return whether the data of an overlay or a curve is there and other than before: then it was cleaned."""
        data = (tag & 0xFFFF0000) | 0x3000
        old, new = self.source.find(data), self.released.find(data)
        return old is not None and new is not None and not values.same(old, new)

    def _leaf(self, level: Level, before: Element, after: Element, decision: Decision | None) -> Finding:
        """Judge one attribute; equal pairs repeat within a series and are remembered."""
        if len(before.value) > _SHORT or len(after.value) > _SHORT:
            return self._new_leaf(level, before, after, decision)
        key = (after.tag, before.vr, after.vr, after.creator, before.value, after.value, level)
        found = self.remembered.get(key)
        if found is None:
            found = self.remembered[key] = self._new_leaf(level, before, after, decision)
        return found

    def _new_leaf(self, level: Level, before: Element, after: Element, decision: Decision | None) -> Finding:
        finding = self.judge.leaf(level, before, after, decision)
        why = self._identifies(after, level)
        if why and not (decision is not None and decision.code == "K" and after.vr in ("UI", "PN")):
            finding = replace(finding, wrong=(*finding.wrong, (Question.BYTES, why)))
        swept = decision is None or decision.code == "C"
        if swept and values.is_text(after.vr) and place_of(after.tag, after.vr) is Place.FREE:
            texts = text_values(after.raw, after.vr, level.after)[0]
            if any(is_telling(text) for text in texts):
                finding = replace(finding, wrong=(*finding.wrong, (Question.FORMS, _LEFT)))
        if swept and leads_to_source(after.tag, after.vr, after.raw):
            finding = replace(finding, wrong=(*finding.wrong, (Question.FORMS, _LEFT)))
        if self.judge.said and after.tag >> 16 & 1 and swept and vouched_text(after):
            finding = replace(finding, wrong=(*finding.wrong, (Question.FORMS, _LEFT)))
        return finding

    def _sequence(self, level: Level, text: str, before: Element, *, after: Element, decision: Decision | None) -> None:
        name = name_of(after.tag, after.creator)
        old, new = before.items, after.items
        letters = decision.code.replace("*", "").split("/") if decision is not None else ["K"]
        type_ = self.judge.type_of(level, after.tag)
        if after.tag >> 16 & 1 and letters == ["X"]:
            self.answers.add(Question.PRIVATE, text + name, "a private attribute that is not known to be safe was kept")
            return
        if old is None or new is None:
            if len(before.value) or len(after.value):
                self.answers.add(Question.READABLE, text + name, "a sequence became something else")
            return
        if letters == ["X"] and self.judge.iod is not None and type_ in (None, "3"):
            self.answers.add(Question.TABLE, text + name, "an attribute with action X is still there")
        elif set(letters) <= {"X", "Z"} and new and self.judge.iod is not None and type_ not in ("1", "1C"):
            self.answers.add(Question.TABLE, text + name, "items are left where there should be none")
        if len(old) != len(new):
            if new or not {"Z", "X"} & set(letters) or type_ in ("1", "1C"):
                self.answers.add(Question.LOST, text + name, "items were lost or added")
            return
        dummied = "D" in letters or ({"X", "Z"} >= set(letters) and type_ in ("1", "1C"))
        coded = dummied and name.endswith("CodeSequence")
        cleans = letters == ["C"] or (level.cleans and (decision is None or letters != ["K"]))
        inside = Level((*level.names, name), level.before, level.after, level.dummies or dummied, coded, cleans)
        for number, (item, other) in enumerate(zip(old, new, strict=True)):
            self._walk(inside, f"{text}{name}[{number}].", item, other)

    def _added(self, level: Level, text: str, element: Element) -> None:
        where = text + name_of(element.tag, element.creator)
        painted = self.repainted is not None and follows(element.tag, self.repainted)
        if not painted and (element.tag not in claims.ADDED or (text and element.tag != CHARACTER_SET)):
            self.answers.add(Question.LOST, where, "an attribute was added")
        for question, why in self.judge.well_formed(level, None, element) if element.items is None else ():
            self.answers.add(question, where, why)
        self._hunt(element, level, where)

    def _creator(self, level: Level, text: str, before: Element, *, after: Element, new: dict[int, Element]) -> None:
        where = text + name_of(after.tag)
        if not _in_block(after.tag, new):
            self.answers.add(Question.PRIVATE, where, "a private creator without elements was kept")
        if not values.same(before, after):
            self.answers.add(Question.LOST, where, "a private creator was changed")
        self._hunt(after, level, where)

    def _hunt(self, element: Element, level: Level, where: str) -> None:
        """Look for what identifies in an element and everything below it."""
        for number, item in enumerate(element.items or ()):
            for inner in item:
                self._hunt(inner, level, f"{where}[{number}].{name_of(inner.tag, inner.creator)}")
        if element.items is None and (why := self._identifies(element, level)):
            self.answers.add(Question.BYTES, where, why)

    def _identifies(self, element: Element, level: Level) -> str:
        """Return what kind of identifier a text value holds, empty when none."""
        if not values.is_text(element.vr) and element.vr != "UN":
            return ""
        raw = element.raw
        if not raw or len(raw) > LONG:
            return "" if not raw else self._long_text(raw, element, level)
        texts = text_values(raw, element.vr, level.after)[0] if element.vr != "UN" else (raw.decode("latin-1"),)
        tag, vr = element.tag, element.vr
        kinds = {hit.kind for text in texts for hit in self.hunter.in_value(raw, text, place_of_text(tag, vr, text))}
        return f"an identifier is left: {', '.join(sorted(kinds))}" if kinds else ""

    def _long_text(self, raw: bytes, element: Element, level: Level) -> str:
        text = "\\".join(text_values(raw, element.vr, level.after)[0])
        kinds = {hit.kind for hit in self.hunter.in_text(text, Place.FREE)}
        return f"an identifier is left: {', '.join(sorted(kinds))}" if kinds else ""


def _in_block(creator: int, elements: dict[int, Element]) -> bool:
    """Return whether a private creator has elements in the block that it reserves."""
    block = creator >> 16 << 8 | creator & 0xFF
    return any(tag >> 8 == block for tag in elements)


def _is_apart(tag: int, *, root: bool) -> bool:
    """Return whether an attribute is judged elsewhere: pixels, structure, and what an instance says of itself."""
    return tag in pixels.BULK_TAGS or claims.structural(tag) or (root and tag in _AT_ROOT)


def _codecs(elements: dict[int, Element], above: tuple[str, ...]) -> tuple[str, ...]:
    """Return the codecs that hold for the texts of a data set or an item (PS3.3 C.12.1.1.2)."""
    element = elements.get(CHARACTER_SET)
    return above if element is None else codecs_of(bytes(element.value))


def _in_charset(instance: Instance, tag: int) -> str:
    """Return a root value read in the instance's character set: two instances may write one name in two."""
    element, charset = instance.find(tag), instance.find(CHARACTER_SET)
    codecs = codecs_of(bytes(charset.value)) if charset is not None else ("ascii",)
    return decoded(element.raw, codecs)[0].strip(" \0") if element is not None else ""
