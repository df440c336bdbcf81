"""Which released instance came from which source: by content, since any tool may rename files and change UIDs.

Every instance is described by features: digests of its pixels and of each numeric, coded or bulk value with its
path. A feature weighs the less the more sources have it. Pairs are taken from the strongest down, each instance once.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomlab.forge.score import pixels, reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dicomlab.forge.score.reading import Instance

_TELLING = {"US", "SS", "UL", "SL", "FL", "FD", "SV", "UV", "DS", "IS", "CS", "AT", "OF", "OD", "OL", "OV", "OW", "OB"}
_PIXELS = {0x7FE00010, 0x7FE00008, 0x7FE00009}
_PIXEL_WEIGHT = 8.0
_LEAST = 0.15  # of the weight of all of a source's features: less is chance


@dataclass(frozen=True, slots=True)
class Matches:
    """Released file by source file, and the released files that came from no source."""

    pairs: Mapping[str, Path]
    foreign: tuple[Path, ...]


def features(instance: Instance) -> frozenset[str]:
    """Return what an instance is recognised by: no identifier, no date, no text."""
    ds = instance.dataset
    found = {f"class {ds.get('SOPClassUID')}"}
    digest = pixels.digest(instance)
    if digest:
        found.add(f"pixels {digest}")
    for path, one in reading.walk(ds):
        if one.VR in _TELLING and one.tag not in _PIXELS and not one.tag.is_private:
            said = _plain(one.value)
            if said:
                found.add(f"{path} {said}")
    return frozenset(found)


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        # Byte order differs between transfer syntaxes: sorted bytes do not.
        return hashlib.sha256(bytes(sorted(value.rstrip(b"\0")))).hexdigest()[:16] if value else ""
    many = value if isinstance(value, list | tuple) or hasattr(value, "append") else [value]
    return "\\".join(_number(v) for v in many if v is not None)  # type: ignore[attr-defined]


def _number(value: object) -> str:
    try:
        return f"{float(value):.6g}"  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)


def match(sources: Mapping[str, frozenset[str]], released: Mapping[Path, frozenset[str]]) -> Matches:
    """Return which release file belongs to which source, given the features of both."""
    having: dict[str, list[str]] = defaultdict(list)
    for name, known in sources.items():
        for feature in known:
            having[feature].append(name)
    weights = {f: (_PIXEL_WEIGHT if f.startswith("pixels ") else 1.0) / len(names) for f, names in having.items()}
    whole = {name: sum(weights[f] for f in known) for name, known in sources.items()}
    candidates: list[tuple[float, str, Path]] = []
    for path, known in released.items():
        scores: Counter[str] = Counter()
        for feature in known:
            for name in having.get(feature, ()):
                scores[name] += weights[feature]  # type: ignore[assignment]
        candidates += [(s / whole[name], name, path) for name, s in scores.items() if s >= _LEAST * whole[name]]
    pairs: dict[str, Path] = {}
    taken: set[Path] = set()
    for _, name, path in sorted(candidates, key=lambda c: (-c[0], c[1], str(c[2]))):
        if name not in pairs and path not in taken:
            pairs[name] = path
            taken.add(path)
    return Matches(pairs, tuple(sorted(set(released) - taken)))


def described(paths: Iterable[Path]) -> Iterator[tuple[Path, frozenset[str]]]:
    """Yield path and features of every file that holds an instance."""
    for path in paths:
        instance = reading.read(path)
        if instance is not None:
            yield path, features(instance)


def foreign_names(matches: Matches, root: Path) -> Sequence[str]:
    """Return the released files of no source, relative to the release."""
    return [p.relative_to(root).as_posix() for p in matches.foreign]
