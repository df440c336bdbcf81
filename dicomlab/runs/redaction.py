"""One carrier alone: burned-in text removed from the files of a folder, everything else as it was."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from tqdm.auto import tqdm

from dicomlab import engine, files
from dicomlab.errors import InstanceError, PixelError, ReleaseError
from dicomlab.recipe import BurnedIn
from dicomlab.records import Outcome, Reason, Region, Repainted, State
from dicomlab.runs.layout import Layout
from dicomlab.runs.pool import mapped, opened

if TYPE_CHECKING:
    from pathlib import Path

    from dicomlab.burned_in import TextBox
    from dicomlab.catalog import Catalog


def redact(
    source: str | Path, out: str | Path, settings: BurnedIn | None = None, *, workers: int = 1, progress: bool = False
) -> tuple[Outcome, ...]:
    """Return how every file of a source ended; the files are in `out` under their own names.

    Only burned-in text is removed: no other attribute changes but what changed pixels require (SOP Instance UID,
    Image Type, compression, BurnedInAnnotation and the method's code). An instance in which nothing was found is
    copied byte for byte. One whose text cannot be removed for certain is not written.

    Parameters
    ----------
    source
        A file or any tree; never written to.
    out
        A new or empty folder, outside the source. File names are kept: they may name patients.
    settings
        How text is found and blanked; by default masked, all of it.

    Raises
    ------
    SourceError, ReleaseError
        The source does not exist, or `out` is not empty or lies in it.

    References
    ----------
    PS3.15 E.3.1.
    """
    layout = Layout.of(source, out)
    empty_folder(layout.release)
    pairs = list(enumerate(files.listed(layout.source)))
    call = partial(_one, settings=settings or BurnedIn(), out=layout.release)
    done = []
    with opened(workers, None) as pool, tqdm(total=len(pairs), desc="redact", unit="file", disable=not progress) as bar:
        for _, outcome in mapped(pool, lambda pair: (call, pair[0], *pair[1]), pairs):
            done.append(outcome)
            bar.update()
    return tuple(sorted(done, key=lambda o: o.ordinal))


def empty_folder(out: Path) -> None:
    """Make a folder, or refuse one that holds anything.

    Raises
    ------
    ReleaseError
        It is not empty, or cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise ReleaseError("the output folder is not empty; choose a new or an empty one")
    except OSError as error:
        raise files.cannot_write(error) from error


def _one(ordinal: int, path: Path, relative: str, *, settings: BurnedIn, out: Path) -> Outcome:
    try:
        return _redacted(ordinal, path, out / relative, settings)
    except InstanceError as error:
        ignored = error.reason in {Reason.EMPTY, Reason.NOT_DICOM, Reason.DICOMDIR}
        return Outcome(ordinal, State.IGNORED if ignored else State.QUARANTINED, error.reason)
    except PixelError as error:
        return Outcome(ordinal, State.QUARANTINED, Reason.TEXT_AT_RISK, str(error))
    except ReleaseError:
        raise
    except Exception as error:  # noqa: BLE001 - the run loop: a bad file never stops a run
        return Outcome(ordinal, State.QUARANTINED, Reason.UNEXPECTED, type(error).__name__)


def _redacted(ordinal: int, path: Path, target: Path, settings: BurnedIn) -> Outcome:
    instance = files.read(path)
    attributes = instance.attributes()
    engine.check(instance, attributes)
    clean = engine.redacted(instance, settings) if engine.is_picture(instance, attributes) else None
    if clean is None or (clean.proven and clean.instance is instance):
        with path.open("rb") as file:
            digest = files.write_atomic(target, iter(lambda: file.read(1 << 22), b""))
        return Outcome(ordinal, State.WRITTEN, sha256=digest)
    if not clean.proven:
        raise InstanceError(Reason.TEXT_AT_RISK)
    uid = new_uid(attributes.get("SOPInstanceUID", ""), "redacted")
    said = engine.derived(clean.instance, "clean-pixel-data", {"SOPInstanceUID": uid, "BurnedInAnnotation": "NO"})
    digest = files.write_atomic(target, files.encoded(said))
    where = Repainted(clean.regions, clean.cropped)
    return Outcome(ordinal, State.WRITTEN, detail="; ".join(clean.notes), sha256=digest, repainted=where)


def new_uid(old: str, purpose: str) -> str:
    """Return the UID of what was derived from an instance: the same each time, below 2.25 (PS3.5 B.2)."""
    digest = bytearray(sha256(f"dicomlab {purpose} {old}".encode()).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80  # version 8, RFC 9562
    return f"2.25.{UUID(bytes=bytes(digest)).int}"


@dataclass(frozen=True, slots=True)
class TextFound:
    """The text in the pixels of one instance, and the regions that would be blanked."""

    ordinal: int
    boxes: tuple[TextBox, ...]
    regions: tuple[Region, ...]


def find_text(
    catalog: Catalog, settings: BurnedIn | None = None, *, recognise: bool = False, progress: bool = False
) -> tuple[list[TextFound], list[int]]:
    """Return the text in the pixels of every instance of a catalog, and the ordinals that could not be looked at.

    `recognise`: also read each string, masked, and tell its kind.
    """
    chosen = settings or BurnedIn()
    found, blind = [], []
    for entry in tqdm(catalog.instances, desc="text", unit="file", disable=not progress):
        try:
            instance = files.read(entry.path)
            if engine.is_picture(instance, entry.attributes):
                found.append(TextFound(entry.ordinal, *engine.text_in(instance, chosen, recognise=recognise)))
        except (InstanceError, PixelError):
            blind.append(entry.ordinal)
    return found, blind
