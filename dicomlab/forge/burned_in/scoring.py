"""How well text was found, and how well it was removed: pure functions of an answer key, regions and samples."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomlab.records import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Samples = Sequence[NDArray[np.generic]]

FOUND = 0.9  # share of a string's ink that must be covered
FADED = 0.25  # share of its contrast that a string may keep where it was removed
_BLOCK = 16  # a baseline JPEG with halved colours changes by blocks of as many pixels, and filters one pixel further


@dataclass(frozen=True, slots=True)
class FileScore:
    """One file: how many strings were found, and the shares of its pixels that regions cover needlessly.

    `missed`: positions in the key's list of PHI strings that were not found. `false_share`: of all pixels of all
    frames, those within regions that are further from any text than a margin.
    """

    kind: str
    phi: int
    phi_found: int
    harmless: int
    harmless_found: int
    false_share: float
    missed: tuple[int, ...] = ()

    @property
    def textless(self) -> bool:
        """Whether there was nothing to find."""
        return not self.phi + self.harmless

    @property
    def clean(self) -> bool:
        """Whether every PHI string was found."""
        return self.phi_found == self.phi


@dataclass(frozen=True, slots=True)
class PixelScore:
    """One redacted file: strings that can no longer be read, and samples that changed where none should.

    `whole`: whether frames, rows and columns are as many as before; without that nothing else is told. `changed`: share
    of the pixels outside the regions that changed (outside the texts and their margins where no regions are given).
    """

    kind: str
    whole: bool
    phi: int
    phi_gone: int
    changed: float

    @property
    def clean(self) -> bool:
        """Whether every PHI string is gone."""
        return self.whole and self.phi_gone == self.phi


def ink_of(string: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Return which pixels of a string's box are ink: (rows, columns) from packed bits, deflated, in base 85."""
    x0, y0, x1, y1 = string["box"]
    bits = np.frombuffer(zlib.decompress(base64.b85decode(string["ink"])), np.uint8)
    return np.unpackbits(bits, count=(y1 - y0) * (x1 - x0)).astype(bool).reshape(y1 - y0, x1 - x0)


def regions_of(found: Iterable[Mapping[str, Any]]) -> tuple[Region, ...]:
    """Return the regions of one file of ``dicomlab find --carrier burned-in --json``."""
    return tuple(Region(f["box"][0], f["box"][1], f["box"][2], f["box"][3], f.get("frame")) for f in found)


def coverage(string: Mapping[str, Any], regions: Sequence[Region], frames: int) -> float:
    """Return the share of a string's ink that regions cover: the least of the frames on which it stands."""
    ink = ink_of(string)
    x0, y0, x1, y1 = string["box"]
    stands_on = range(frames) if string["frame"] is None else (string["frame"],)
    shares = []
    for number in stands_on:
        left = ink.copy()
        for r in regions:
            if r.frame in (None, number) and r.x0 < x1 and x0 < r.x1 and r.y0 < y1 and y0 < r.y1:
                left[max(r.y0 - y0, 0) : max(r.y1 - y0, 0), max(r.x0 - x0, 0) : max(r.x1 - x0, 0)] = False
        shares.append(1 - left.sum() / max(ink.sum(), 1))
    return float(min(shares))


def margin(string: Mapping[str, Any]) -> int:
    """Return how far around a string regions may reach: three quarters of its capitals' height, at least 4 pixels."""
    return max(4, int(string["height"] * 3 // 4))


def mask(shape: tuple[int, int], regions: Sequence[Region], frame: int) -> NDArray[np.bool_]:
    """Return which pixels (rows, columns) of a frame lie within regions."""
    found = np.zeros(shape, dtype=bool)
    for r in regions:
        if r.frame in (None, frame):
            found[max(r.y0, 0) : max(r.y1, 0), max(r.x0, 0) : max(r.x1, 0)] = True
    return found


def texts(entry: Mapping[str, Any]) -> tuple[Region, ...]:
    """Return the boxes of all strings of a file, grown by their margins."""
    grown = []
    for string in entry["strings"]:
        x0, y0, x1, y1 = string["box"]
        m = margin(string)
        grown.append(Region(x0 - m, y0 - m, x1 + m, y1 + m, string["frame"]))
    return tuple(grown)


def score_regions(entry: Mapping[str, Any], regions: Sequence[Region]) -> FileScore:
    """Return how well the regions of a file cover its strings, and what else they cover."""
    shape, frames = (entry["rows"], entry["columns"]), entry["frames"]
    by = {c: [s for s in entry["strings"] if s["category"] == c] for c in ("phi", "harmless")}
    hits = {c: [coverage(s, regions, frames) >= FOUND for s in found] for c, found in by.items()}
    allowed = texts(entry)
    # Frames of which neither list says anything of their own are alike.
    own = {r.frame for r in (*regions, *allowed) if r.frame is not None and r.frame < frames}
    each = [int((mask(shape, regions, n) & ~mask(shape, allowed, n)).sum()) for n in own]
    if len(own) < frames:
        alike = next(n for n in range(frames) if n not in own)
        each.append(int((mask(shape, regions, alike) & ~mask(shape, allowed, alike)).sum()) * (frames - len(own)))
    total = sum(each)
    return FileScore(
        entry["kind"], len(by["phi"]), sum(hits["phi"]), len(by["harmless"]), sum(hits["harmless"]),
        false_share=total / (shape[0] * shape[1] * frames),
        missed=tuple(i for i, hit in enumerate(hits["phi"]) if not hit),
    )  # fmt: skip


def contrast(samples: NDArray[np.generic], ink: NDArray[np.bool_]) -> float:
    """Return how far the mean of ink lies from the mean of what is around it: the greatest over the samples."""
    if ink.all() or not ink.any():
        return 0.0
    values = samples.reshape(*ink.shape, -1).astype(np.float64)
    return float(np.abs(values[ink].mean(axis=0) - values[~ink].mean(axis=0)).max())


def is_gone(before: NDArray[np.generic], after: NDArray[np.generic], ink: NDArray[np.bool_]) -> bool:
    """Return whether a string can no longer be read from its box.

    Nine tenths of its ink changed or lie where all is alike (black over black changes nothing), and its contrast has
    faded. A new value for every sample of the picture, as after a wrong label, fades none.
    """
    changed = before.reshape(*ink.shape, -1) != after.reshape(*ink.shape, -1)
    values = after.reshape(*ink.shape, -1)
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)), mode="edge")
    alike = np.ones(ink.shape, dtype=bool)
    for dy in range(3):
        for dx in range(3):
            alike &= (padded[dy : dy + ink.shape[0], dx : dx + ink.shape[1]] == values).all(axis=-1)
    touched = (changed.any(axis=-1) | alike)[ink].mean()
    return bool(touched >= FOUND and contrast(after, ink) <= FADED * contrast(before, ink))


def score_pixels(entry: Mapping[str, Any], before: Samples, after: Samples, *, regions: Sequence[Region] | None = None,
                 blocks: bool = False) -> PixelScore:  # fmt: skip
    """Return what became of the strings of a file and of its other samples.

    Parameters
    ----------
    before, after
        Stored samples of each frame, (rows, columns) or (rows, columns, samples), as `reading.frames` reads them.
    regions
        What was to be blanked; None: not known, then texts and their margins.
    blocks
        Regions count as far as the blocks of a baseline JPEG that they touch.
    """
    phi = [s for s in entry["strings"] if s["category"] == "phi"]
    if len(before) != len(after) or any(a.shape != b.shape for a, b in zip(before, after, strict=True)):
        return PixelScore(entry["kind"], whole=False, phi=len(phi), phi_gone=0, changed=1.0)
    gone = 0
    for string in phi:
        x0, y0, x1, y1 = string["box"]
        stands_on = range(len(before)) if string["frame"] is None else (string["frame"],)
        gone += all(is_gone(before[n][y0:y1, x0:x1], after[n][y0:y1, x0:x1], ink_of(string)) for n in stands_on)
    meant = texts(entry) if regions is None else tuple(regions)
    if blocks:
        meant = tuple(_to_blocks(r) for r in meant)
    changed, outside = 0, 0
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        free = ~mask((int(old.shape[0]), int(old.shape[1])), meant, number)
        moved = old != new
        changed += int(((moved.any(axis=-1) if moved.ndim == 3 else moved) & free).sum())  # noqa: PLR2004 - with samples
        outside += int(free.sum())
    return PixelScore(entry["kind"], whole=True, phi=len(phi), phi_gone=gone, changed=changed / max(outside, 1))


def _to_blocks(region: Region) -> Region:
    x0, y0 = region.x0 // _BLOCK * _BLOCK - 1, region.y0 // _BLOCK * _BLOCK - 1
    x1, y1 = -(-region.x1 // _BLOCK) * _BLOCK + 1, -(-region.y1 // _BLOCK) * _BLOCK + 1
    return Region(x0, y0, x1, y1, region.frame)


def summary(scores: Iterable[FileScore]) -> dict[str, dict[str, float]]:
    """Return by kind, and under "overall", the files, strings, recall, share of clean files and false shares.

    `false_none` is over files without text, `false_else` over the others; both are means of the files' shares. What
    has no file to speak of is left out.
    """
    everything = list(scores)
    kinds = sorted({s.kind for s in everything})
    return {
        kind: _tally([s for s in everything if kind in ("overall", s.kind)]) for kind in (*kinds, "overall")
    }  # fmt: skip


def _tally(scores: Sequence[FileScore]) -> dict[str, float]:
    with_phi, none = [s for s in scores if s.phi], [s for s in scores if s.textless]
    phi, harmless = sum(s.phi for s in scores), sum(s.harmless for s in scores)
    told: dict[str, float] = {"files": len(scores), "phi": phi}
    if phi:
        told["recall"] = sum(s.phi_found for s in scores) / phi
        told["clean"] = sum(s.clean for s in with_phi) / len(with_phi)
        told["false_else"] = sum(s.false_share for s in with_phi) / len(with_phi)
    if harmless:
        told["harmless_recall"] = sum(s.harmless_found for s in scores) / harmless
    if none:
        told["false_none"] = sum(s.false_share for s in none) / len(none)
    return told
