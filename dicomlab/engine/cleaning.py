"""One patient's instances de-identified: the carriers in their order, then the claims. No rules live here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from dicomlab import pseudonyms, standard
from dicomlab.engine.instances import PIXEL_TAGS, Instance, at_risk, check
from dicomlab.engine.pictures import Face, defaced, is_picture, redacted, with_attributes
from dicomlab.errors import InstanceError, PixelError, VolumeError
from dicomlab.free_text import Identifiers
from dicomlab.header import Context, HeaderCleaner, Subject, claims, stream, wire
from dicomlab.header.names import attribute_name
from dicomlab.header.wire import Element
from dicomlab.header.wording import ORDINARY_WORD
from dicomlab.records import Action, Carrier, Change, Finding, Reason, Region, Repainted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomlab.pseudonyms import Key
    from dicomlab.recipe import BurnedIn, Recipe

_SOP_INSTANCE = 0x00080018
_LISTS = frozenset({0x00081115, 0x00081200})  # Common Instance Reference (PS3.3 C.12.2)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every change to one instance, before it is made, and what a person must know or decide."""

    changes: tuple[Change, ...]
    findings: tuple[Finding, ...] = ()

    def counts(self) -> dict[str, int]:
        """Return how many changes there are by action."""
        return dict(sorted(Counter(str(c.action) for c in self.changes).items()))

    def __repr__(self) -> str:
        """Count by action."""
        return f"Plan({len(self.changes)} changes: {self.counts()}, {len(self.findings)} findings)"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A de-identified instance and the plan that made it.

    `repainted` tells where samples were changed, None when they were not.
    """

    instance: Instance
    plan: Plan
    codes: tuple[str, ...]
    repainted: Repainted | None = None


# What the option, and the attribute that says so, of each carrier in the pixels are called (PS3.15 E.3.1, E.3.2).
_OPTION_OF = {Carrier.BURNED_IN: "clean-pixel-data", Carrier.FACE: "clean-recognizable-visual-features"}
_SAID_OF = {Carrier.BURNED_IN: "BurnedInAnnotation", Carrier.FACE: "RecognizableVisualFeatures"}


@dataclass(frozen=True, slots=True)
class _Looked:
    """An instance on its way through the carriers in its pixels."""

    instance: Instance
    proven: frozenset[Carrier] = frozenset()
    findings: tuple[Finding, ...] = ()
    changes: tuple[Change, ...] = ()
    regions: tuple[Region, ...] = ()
    cropped: Region | None = None
    masked: bool = False

    def after(self, instance: Instance, carrier: Carrier, regions: tuple[Region, ...]) -> _Looked:
        """Return what is known once a carrier is clear."""
        changed = instance is not self.instance
        change = Change("PixelData", wire.PIXEL_DATA, "OW", Action.C, "", f"option {_OPTION_OF[carrier]}")
        return replace(
            self, instance=instance, proven=self.proven | {carrier}, regions=self.regions + regions,
            changes=(*self.changes, change) if changed else self.changes,
        )  # fmt: skip


@dataclass
class Deidentifier:
    """De-identifies the instances of one patient.

    Parameters
    ----------
    recipe, key
        Policy and secret (of a salted recipe: the release's subkey).
    subject
        What the patient becomes (see `subject_of`).
    known
        What identifies the patient, gathered from all of the patient's instances.
    """

    recipe: Recipe
    key: Key
    subject: Subject
    known: Identifiers = field(default_factory=Identifiers)

    def __post_init__(self) -> None:
        """Build the header's cleaner once."""
        self.header = HeaderCleaner(self.recipe, self.key, self.subject, self.known)
        self._contexts: dict[tuple[str, frozenset[int], str], Context] = {}
        name = self.header.sweeper.sweep(self.recipe.name, patterns=False)
        self._method = f"dicomlab {version('dicomlab')}, recipe {name}"

    def apply(self, instance: Instance, face: Face | None = None) -> Cleaned:
        """Return the instance de-identified; the given one is left alone.

        Parameters
        ----------
        face
            What is known of the face in the instance's Frame of Reference; None: nothing.

        Raises
        ------
        InstanceError
            When it cannot be released: no identity, private SOP Class, pixels at risk.
        """
        attributes = instance.attributes()
        check(instance, attributes)
        looked = self._pictures(instance, attributes, face)
        context = self._context(instance, attributes)
        elements, changes = self.header.clean(looked.instance.elements, instance.encoding, context)
        elements = _without_stream_metadata(elements, changes)
        changes += looked.changes
        bare = PIXEL_TAGS.isdisjoint(instance.elements)
        unproven = () if bare else [option for carrier, option in _OPTION_OF.items() if carrier not in looked.proven]
        said = claims.codes_of(self.recipe, without=unproven)
        elements = claims.claimed(
            elements, instance.encoding, self.recipe, method=self._method, codes=said,
            identity_removed=not looked.findings,
        )  # fmt: skip
        clean = with_attributes(
            replace(looked.instance, elements=elements), {_SAID_OF[carrier]: "NO" for carrier in looked.proven}
        )
        codes = tuple(code for code, _ in said)
        repainted = Repainted(looked.regions, looked.cropped, face.name if face is not None and looked.masked else "")
        words = (c for c in changes if c.by == ORDINARY_WORD)
        plan = Plan(tuple(changes), (*looked.findings, *(_left_standing(c) for c in words)))
        return Cleaned(clean, plan, codes, repainted if repainted != Repainted() else None)

    def _pictures(self, instance: Instance, attributes: Mapping[str, str], face: Face | None) -> _Looked:
        """Clear the carriers in the pixels as far as the recipe asks; settle what remains at risk."""
        risks = dict(at_risk(instance, attributes, self.recipe))
        settings, looked = self.recipe.text_cleaning, _Looked(instance)
        if self.recipe.face_cleaning is not None and face is not None:
            looked = self._without_face(looked, face, risks)
        examined = settings is not None and (settings.examine == "all" or Carrier.BURNED_IN in risks)
        if settings is not None and examined and is_picture(instance, attributes):
            self._kept({c: why for c, why in risks.items() if c is Carrier.FACE})  # first: looking for text is slow
            looked = self._without_text(looked, settings, risks)
        if looked.instance is not instance and self._keeps_uid:
            uid = pseudonyms.uid(self.key, attributes["SOPInstanceUID"], self.recipe.uids.root)
            looked = replace(looked, instance=with_attributes(looked.instance, {"SOPInstanceUID": uid}))
        return replace(looked, findings=self._kept(risks))

    @property
    def _keeps_uid(self) -> bool:
        """Whether the recipe keeps UIDs: an instance with other pixels gets a new one all the same."""
        decision = self.recipe.decide(_SOP_INSTANCE, "UI")
        return decision is not None and decision.code == "K"

    def _without_text(self, looked: _Looked, settings: BurnedIn, risks: dict[Carrier, str]) -> _Looked:
        try:
            clean = redacted(looked.instance, settings, self.identifies)
        except PixelError:
            risks[Carrier.BURNED_IN] = "the pixels cannot be decoded and written back, so that text in them may stay"
            return looked
        if not clean.proven:
            risks[Carrier.BURNED_IN] = "text was found that could not be removed for certain"
            return looked
        risks.pop(Carrier.BURNED_IN, None)
        return replace(looked.after(clean.instance, Carrier.BURNED_IN, clean.regions), cropped=clean.cropped)

    def _without_face(self, looked: _Looked, face: Face, risks: dict[Carrier, str]) -> _Looked:
        changed = None
        if face.refused:
            risks[Carrier.FACE] = face.refused
            return looked
        if face.mask is not None:
            try:
                changed = defaced(looked.instance, face)
            except (PixelError, VolumeError):
                risks[Carrier.FACE] = "the mask of the face cannot be applied to these pixels"
                return looked
        risks.pop(Carrier.FACE, None)
        if PIXEL_TAGS.isdisjoint(looked.instance.elements):  # contours: nothing in them says that pixels are clean
            return looked
        looked = looked.after(changed or looked.instance, Carrier.FACE, ())
        return replace(looked, masked=changed is not None)

    def identifies(self, text: str) -> bool:
        """Return whether a text holds anything that identifies the patient, or has its form."""
        return self.header.sweeper.sweep(text) != text

    def changes(self, instance: Instance) -> tuple[Change, ...]:
        """Return what would be done to the header, whether or not the recipe lets the instance out."""
        attributes = instance.attributes()
        check(instance, attributes)
        context = self._context(instance, attributes)
        return tuple(self.header.clean(instance.elements, instance.encoding, context)[1])

    def _context(self, instance: Instance, attributes: Mapping[str, str]) -> Context:
        sop_class, mime = attributes["SOPClassUID"], attributes.get("MIMETypeOfEncapsulatedDocument", "")
        key = (sop_class, frozenset(instance.elements), mime)
        context = self._contexts.get(key)
        if context is None:
            present = frozenset(attribute_name(tag, "") for tag in instance.elements if not tag >> 16 & 1)
            context = self._contexts[key] = Context(
                standard.iod(sop_class, present), mime, not _LISTS.isdisjoint(instance.elements)
            )
        return context

    def _kept(self, risks: Mapping[Carrier, str]) -> tuple[Finding, ...]:
        """Return the risks that the recipe keeps; raise for those that it quarantines."""
        for carrier in risks:
            kept = self.recipe.at_risk.text if carrier is Carrier.BURNED_IN else self.recipe.at_risk.face
            if kept == "quarantine":
                raise InstanceError(Reason.TEXT_AT_RISK if carrier is Carrier.BURNED_IN else Reason.FACE_AT_RISK)
        return tuple(Finding(carrier, "PixelData", why, "pixels") for carrier, why in risks.items())


def _left_standing(change: Change) -> Finding:
    """Tell that a name was left where it is a word, such as Big in "Big Bore"; a person may see it otherwise."""
    why = "a word that is also a name of the patient or of staff stays: here it reads as a word of the field"
    return Finding(Carrier.HEADER, change.path, why, "free text", change.vr)


def _without_stream_metadata(elements: dict[int, Element], changes: list[Change]) -> dict[int, Element]:
    """Remove metadata from encapsulated frames held in memory; offset tables follow."""
    element = elements.get(wire.PIXEL_DATA)
    if element is None or element.length != wire.UNDEFINED or element.value is None:
        return elements
    new, sizes = stream.clean_pixel_data(element.value)
    if sizes is None:
        return elements
    elements = {**elements, wire.PIXEL_DATA: element._replace(value=new)}
    if stream.OFFSETS in elements:
        for tag, raw in zip((stream.OFFSETS, stream.LENGTHS), stream.extended_offsets(sizes), strict=True):
            elements[tag] = Element(tag, "OV", raw, len(raw))
    changes.append(Change("PixelData", wire.PIXEL_DATA, element.vr, Action.C, "", "stream metadata"))
    return elements


def subject_of(recipe: Recipe, key: Key, instance: Instance, *, code: str | None = None) -> Subject:
    """Return what the patient of an instance becomes: code and date offset.

    `code` is given for recipes whose codes come from a table or from chance; else it is a function of key and patient.
    """
    attributes = instance.attributes()
    patient = pseudonyms.patient_of(
        attributes.get("IssuerOfPatientID"),
        attributes.get("PatientID"),
        attributes.get("StudyInstanceUID", ""),
        scope=recipe.identifiers.scope,
    )
    if code is None:
        code = pseudonyms.identifier(key, "patient", patient, prefix=recipe.identifiers.prefix)
    days = pseudonyms.date_offset_days(
        key, patient, range_days=recipe.dates.range_days, whole_weeks=recipe.dates.whole_weeks
    )
    return Subject(code, days)


def scoped(recipe: Recipe, key: Key, study_uid: str) -> Key:
    """Return the key that a study's UIDs derive from: its own where the recipe links no two studies."""
    return key.for_study(study_uid) if recipe.identifiers.scope == "study" else key
