"""Find, plan and de-identify a single pydicom Dataset."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from dicomlab import standard
from dicomlab.engine.cleaning import Cleaned, Deidentifier, Plan, scoped, subject_of
from dicomlab.engine.instances import Instance, at_risk
from dicomlab.errors import InstanceError
from dicomlab.header import Gatherer, wire
from dicomlab.header.dataset import dataset_from, elements_from
from dicomlab.header.walk import walk
from dicomlab.records import Carrier, Finding, Masked, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dicomlab.free_text import Identifiers
    from dicomlab.pseudonyms import Key
    from dicomlab.recipe import Recipe


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
