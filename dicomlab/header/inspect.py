"""Distinct values of a collection, attribute by attribute: what a steward reads instead of every header."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomlab import standard
from dicomlab.header import wire
from dicomlab.header.names import CHARACTER_SET, attribute_name, charset_of, creators_of, effective_vr
from dicomlab.header.walk import text_of
from dicomlab.records import Masked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomlab.header.wire import Element, Encoding

SHOWN = 20


@dataclass(frozen=True, slots=True)
class AttributeSummary:
    """One attribute path of a collection (item numbers left out), with its distinct values, masked.

    `values`: the most frequent first, at most 20; `counts`: how many instances have each. `code`: what
    Table E.1-1 says. `creator`: the private creator, where a dictionary knows it.
    """

    path: str
    keyword: str
    tag: str
    vr: str
    creator: str
    risk: str
    why: str
    code: str
    instances: int
    distinct: int
    values: tuple[Masked, ...]
    counts: tuple[int, ...]


class Summary:
    """Counts distinct values over any number of instances; memory grows with what is distinct only."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._counts: defaultdict[tuple[str, int, str, str], Counter[tuple[bytes | int, tuple[str, ...], bool]]] = (
            defaultdict(Counter)
        )
        self._instances: Counter[str] = Counter()

    def add(self, elements: Mapping[int, Element], encoding: Encoding) -> None:
        """Count one instance.

        Raises
        ------
        BrokenDataset
            A sequence does not parse, or sequences are nested deeper than any instance nests them.
        """
        seen: set[str] = set()
        self._walk(elements, encoding, charset_of(elements), seen=seen)
        self._instances.update(seen)

    def _walk(
        self,
        elements: Mapping[int, Element],
        encoding: Encoding,
        charset: tuple[str, ...],
        *,
        seen: set[str],
        prefix: str = "",
    ) -> None:
        if prefix.count("[].") > wire.DEEPEST:
            raise wire.BrokenDataset(wire.TOO_DEEP)
        if CHARACTER_SET in elements:
            charset = charset_of(elements)
        creators = creators_of(elements)
        for tag, element in elements.items():
            creator = creators.get(tag >> 8, "")
            vr = effective_vr(element, creator)
            path = prefix + attribute_name(tag, creator)
            seen.add(path)
            if vr == "SQ":
                inner = wire.IMPLICIT_LITTLE if element.vr == "UN" else encoding
                for item in wire.items(element.value or b"", inner):
                    self._walk(item, inner, charset, seen=seen, prefix=f"{path}[].")
                continue
            value = element.value
            known: bytes | int = element.length if value is None or len(value) > 1 << 12 else value
            self._counts[path, tag, vr, creator][known, charset, encoding.little] += 1

    def rows(self) -> list[AttributeSummary]:
        """Return one row an attribute path, in the order of tags at the root, then by path."""
        rows = []
        for (path, tag, vr, creator), counter in sorted(
            self._counts.items(), key=lambda kv: (kv[0][1] if "." not in kv[0][0] else 1 << 32, kv[0][0])
        ):
            texts: Counter[str] = Counter()
            for (value, charset, little), count in counter.items():
                raw = None if isinstance(value, int) else value
                length = value if isinstance(value, int) else len(value)
                texts[text_of(wire.Element(tag, vr, raw, length), vr, charset, little=little)] += count
            common = texts.most_common(SHOWN)
            row, risk = standard.confidentiality(tag), standard.risk(tag, vr)
            name = attribute_name(tag, creator)
            rows.append(
                AttributeSummary(
                    path=path,
                    keyword=name,
                    tag=f"({tag >> 16:04X},{tag & 0xFFFF:04X})",
                    vr=vr,
                    creator=creator if f"'{creator}'" in name else "",
                    risk=str(risk.klass),
                    why=risk.why,
                    code=row.basic if row else "",
                    instances=self._instances[path],
                    distinct=len(texts),
                    values=tuple(Masked(t) for t, _ in common),
                    counts=tuple(c for _, c in common),
                )
            )
        return rows
