"""The order in which the carriers act on one instance: find, plan, de-identify. No rules live here.

An `Instance` is what a file holds, parsed but not interpreted. `Deidentifier` serves one patient;
`find`, `plan` and `deidentify` are the same for a single pydicom Dataset.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicomlab import pseudonyms, standard
from dicomlab.burned_in import text_risk
from dicomlab.deface import face_risk
from dicomlab.errors import InstanceError
from dicomlab.free_text import Identifiers
from dicomlab.header import Context, Gatherer, HeaderCleaner, Subject, charsets, claims, stream, wire
from dicomlab.header.clean import ENCAPSULATED_DOCUMENT
from dicomlab.header.dataset import dataset_from, elements_from
from dicomlab.header.names import attribute_name
from dicomlab.header.walk import walk
from dicomlab.header.wire import Element, Encoding
from dicomlab.records import Action, Carrier, Change, Finding, Masked, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dicomlab.pseudonyms import Key
    from dicomlab.recipe import Recipe

_ROOT_TEXT = {
    0x00080008: "ImageType", 0x00080016: "SOPClassUID", 0x00080018: "SOPInstanceUID", 0x00080060: "Modality",
    0x00080020: "StudyDate",
    0x00100020: "PatientID", 0x00100021: "IssuerOfPatientID", 0x0020000D: "StudyInstanceUID",
    0x0020000E: "SeriesInstanceUID", 0x00180015: "BodyPartExamined", 0x00280301: "BurnedInAnnotation",
    0x00280302: "RecognizableVisualFeatures", 0x00081030: "StudyDescription", 0x0008103E: "SeriesDescription",
    0x00181030: "ProtocolName", 0x00420012: "MIMETypeOfEncapsulatedDocument", 0x00280008: "NumberOfFrames",
    0x00280004: "PhotometricInterpretation",
}  # fmt: skip
_PIXEL_TAGS = (0x7FE00010, 0x7FE00008, 0x7FE00009)
_LISTS = frozenset({0x00081115, 0x00081200})  # Common Instance Reference (PS3.3 C.12.2)
REQUIRED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance as its file holds it: root elements by tag, and how they are encoded.

    `source` is the file that deferred values (value None) are read from.
    """

    elements: Mapping[int, Element]
    encoding: Encoding
    transfer_syntax: str
    source: Path | None = None

    def __repr__(self) -> str:
        """Count, never quote."""
        return f"Instance({len(self.elements)} elements, {UID(self.transfer_syntax).name})"

    def text(self, keyword: str) -> str:
        """Return a root attribute of `_ROOT_TEXT` as text, "" when it is not there."""
        return self.attributes().get(keyword, "")

    def attributes(self) -> dict[str, str]:
        """Return the few root attributes that decisions hang on, by keyword, without padding."""
        found = {}
        charset: tuple[str, ...] = ()
        for tag, keyword in _ROOT_TEXT.items():
            element = self.elements.get(tag)
            if element is not None and element.value:
                raw = element.value
                if raw.isascii():
                    found[keyword] = raw.decode("ascii").strip(" \0")
                else:
                    charset = charset or charsets.encodings_of(_value(self.elements, 0x00080005))
                    found[keyword] = charsets.decode(raw, "LO", charset)[0].strip(" \0")
        return found

    def number(self, tag: int) -> int | None:
        """Return a root attribute of VR US, None when it is not there."""
        raw = _value(self.elements, tag)
        return int.from_bytes(raw[:2], "little" if self.encoding.little else "big") if raw and len(raw) >= 2 else None  # noqa: PLR2004


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
    """A de-identified instance and the plan that made it."""

    instance: Instance
    plan: Plan
    codes: tuple[str, ...]


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
        self._codes = tuple(code for code, _ in claims.codes_of(self.recipe))

    def apply(self, instance: Instance) -> Cleaned:
        """Return the instance de-identified; the given one is left alone.

        Raises
        ------
        InstanceError
            When it cannot be released: no identity, private SOP Class, pixels at risk.
        """
        attributes = instance.attributes()
        check(instance, attributes)
        findings = self._risks(instance, attributes)
        context = self._context(instance, attributes)
        elements, changes = self.header.clean(instance.elements, instance.encoding, context)
        elements = _without_stream_metadata(elements, changes)
        elements = claims.claimed(
            elements, instance.encoding, self.recipe, method=self._method, identity_removed=not findings
        )
        return Cleaned(replace(instance, elements=elements), Plan(tuple(changes), findings), self._codes)

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

    def _risks(self, instance: Instance, attributes: Mapping[str, str]) -> tuple[Finding, ...]:
        """Return the risks that the recipe keeps; raise for those that it quarantines."""
        found = []
        for carrier, why in at_risk(instance, attributes, self.recipe):
            kept = self.recipe.at_risk.text if carrier is Carrier.BURNED_IN else self.recipe.at_risk.face
            if kept == "quarantine":
                raise InstanceError(Reason.TEXT_AT_RISK if carrier is Carrier.BURNED_IN else Reason.FACE_AT_RISK)
            found.append(Finding(carrier, "PixelData", why, "pixels"))
        return tuple(found)


def at_risk(instance: Instance, attributes: Mapping[str, str], recipe: Recipe) -> list[tuple[Carrier, str]]:
    """Return which pixel carriers of an instance are at risk and why, from metadata alone."""
    decision = recipe.decide(ENCAPSULATED_DOCUMENT, "OB")
    if ENCAPSULATED_DOCUMENT in instance.elements and (decision is None or decision.code == "K"):
        return [(Carrier.BURNED_IN, "an encapsulated document is kept by a rule")]
    if not any(tag in instance.elements for tag in _PIXEL_TAGS):
        return []
    found = []
    hidden = any(
        tag >> 24 == 0x60 and tag & 0xFFFF == 0x0102 and tag - 0x0102 + 0x3000 not in instance.elements  # noqa: PLR2004
        for tag in instance.elements
    )
    if why := text_risk(attributes, transfer_syntax=instance.transfer_syntax, hidden_overlay=hidden):
        found.append((Carrier.BURNED_IN, why))
    if why := face_risk(attributes):
        found.append((Carrier.FACE, why))
    return found


def check(instance: Instance, attributes: Mapping[str, str] | None = None) -> None:
    """Raise when an instance cannot be de-identified at all.

    Raises
    ------
    InstanceError
        A required UID is missing, the SOP Class is private, or pixel data is shorter than it should be.
    """
    attributes = attributes if attributes is not None else instance.attributes()
    if any(not attributes.get(keyword) for keyword in REQUIRED):
        raise InstanceError(Reason.NO_IDENTITY)
    if standard.is_private_sop_class(attributes["SOPClassUID"]):
        raise InstanceError(Reason.PRIVATE_SOP_CLASS)
    if _pixels_missing(instance, attributes):
        raise InstanceError(Reason.TRUNCATED)


def _pixels_missing(instance: Instance, attributes: Mapping[str, str]) -> bool:
    """Return whether Pixel Data is shorter than rows, columns, samples and frames ask for (PS3.5 8)."""
    element = instance.elements.get(wire.PIXEL_DATA)
    numbers = [instance.number(t) for t in (0x00280010, 0x00280011, 0x00280100)]
    if element is None or None in numbers:
        return False
    rows, columns, bits = (n or 0 for n in numbers)
    if element.length == wire.UNDEFINED:
        encapsulated = [len(f) for f in stream.fragments(element.value)][1:] if element.value else []
        return element.value is not None and fragments_missing(instance, encapsulated)
    samples = instance.number(0x00280002) or 1
    total = rows * columns * samples * _frames(attributes) * bits
    if attributes.get("PhotometricInterpretation") in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        total = total * 2 // 3
    return element.length < total // 8


def fragments_missing(instance: Instance, lengths: Sequence[int]) -> bool:
    """Return whether fragments of these lengths are too few for the frames stated; of a video one may hold them all."""
    video = "1.2.4.10" in instance.transfer_syntax
    return not video and (not any(lengths) or len(lengths) < _frames(instance.attributes()))


def _frames(attributes: Mapping[str, str]) -> int:
    stated = attributes.get("NumberOfFrames", "1").split("\\")[0].strip()
    return int(stated) if stated.isdecimal() else 1


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


def gather(dataset: Dataset | Iterable[Dataset], recipe: Recipe) -> Identifiers:
    """Return what identifies the patient of one or several Datasets: give all of a patient's."""
    gatherer = Gatherer(recipe)
    for one in [dataset] if isinstance(dataset, Dataset) else dataset:
        instance = instance_of(one)
        gatherer.add(instance.elements, instance.encoding)
    return gatherer.identifiers()


def plan(dataset: Dataset, recipe: Recipe, key: Key, *, known: Identifiers | None = None) -> Plan:
    """Return every change that `deidentify` would make; the Dataset is left alone."""
    return _cleaned(dataset, recipe, key, known).plan


def deidentify(dataset: Dataset, recipe: Recipe, key: Key, *, known: Identifiers | None = None) -> Dataset:
    """Return a de-identified Dataset with new file meta; the given one is left alone.

    Parameters
    ----------
    known
        What identifies the patient, from all of the patient's instances (`gather`); by default from this one only.

    Raises
    ------
    InstanceError
        When the recipe does not let this instance out, with the reason.

    References
    ----------
    PS3.15 E.1.1.
    """
    cleaned = _cleaned(dataset, recipe, key, known).instance
    return dataset_from(cleaned.elements, cleaned.encoding, cleaned.transfer_syntax)


def _cleaned(dataset: Dataset, recipe: Recipe, key: Key, known: Identifiers | None) -> Cleaned:
    instance = instance_of(dataset)
    own = scoped(recipe, key, instance.text("StudyInstanceUID"))
    with _broken_is_told():
        known = gather(dataset, recipe) if known is None else known
        return Deidentifier(recipe, own, subject_of(recipe, key, instance), known).apply(instance)


@contextmanager
def _broken_is_told() -> Iterator[None]:
    """Tell by its reason that a sequence does not parse: pydicom reads some that do not."""
    try:
        yield
    except wire.BrokenDataset as error:
        raise InstanceError(Reason.TRUNCATED if isinstance(error, wire.TruncatedPixels) else Reason.BROKEN) from error


def instance_of(dataset: Dataset) -> Instance:
    """Return a pydicom Dataset as an Instance; values that it decoded are encoded again."""
    with _broken_is_told():
        elements, encoding, transfer_syntax = elements_from(dataset)
    return Instance(elements, encoding, transfer_syntax)


def find(dataset: Dataset, recipe: Recipe, *, ordinal: int = -1) -> list[Finding]:
    """Return everything in one instance that identifies the patient, or may: header, pixels, face.

    Values are masked. The Dataset is left alone.
    """
    return found_in(instance_of(dataset), recipe, ordinal=ordinal)


def found_in(instance: Instance, recipe: Recipe, *, ordinal: int = -1) -> list[Finding]:
    """Return what `find` does, of an Instance."""
    attributes = instance.attributes()
    found = []
    for path, element, vr, creator, value in walk(instance.elements, instance.encoding):
        if vr == "SQ" or not value:
            continue
        decision = recipe.decide(element.tag, vr, creator or None)
        risk = standard.risk(element.tag, vr)
        if risk.klass != standard.RiskClass.NONE:
            code = decision.code if decision else ""
            found.append(Finding(Carrier.HEADER, path, risk.why, str(risk.klass), vr, code, Masked(value), ordinal))
    for carrier, why in at_risk(instance, attributes, recipe):
        found.append(Finding(carrier, "PixelData", why, "pixels", "", "", None, ordinal))
    return found


def _value(elements: Mapping[int, Element], tag: int) -> bytes | None:
    element = elements.get(tag)
    return element.value if element else None
