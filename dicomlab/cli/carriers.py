"""The commands about one carrier alone: burned-in text and faces. Fetch, call, show."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from typing import TYPE_CHECKING

from dicomlab.cli.commands import DONE, REFUSED, progress, show
from dicomlab.records import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dicomlab.records import Outcome
    from dicomlab.runs.redaction import TextFound


def redact(chosen: argparse.Namespace) -> int:
    """Remove burned-in text from the files of a folder."""
    from dicomlab import runs
    from dicomlab.recipe import BurnedIn

    settings = BurnedIn(blank=chosen.blank, keep=tuple(chosen.keep))
    ended = runs.redact(chosen.source, chosen.out, settings, workers=chosen.workers, progress=progress())
    show(["state", "reason", "files", "what it means"], _ends(ended))
    changed = [(o, o.repainted) for o in ended if o.repainted is not None]
    regions, cropped = sum(len(r.regions) for _, r in changed), sum(r.cropped is not None for _, r in changed)
    done = f"{regions} regions of text blanked in {len(changed) - cropped} files"
    done += f", {cropped} files cropped" if cropped else ""
    print(f"\n{done}; file names were kept, and may name patients")
    for note, count in sorted(Counter(o.detail for o, _ in changed if o.detail).items()):
        print(f"{count} × {note}")
    held = [o.ordinal for o in ended if o.state is State.QUARANTINED]
    if held:
        print(f"not written, counted from 0 in the order of their paths: {', '.join(map(str, held))}")
    return REFUSED if held else DONE


def _ends(ended: Sequence[Outcome]) -> list[list[object]]:
    counted = Counter((o.state, o.reason) for o in ended)
    return [
        [state, reason or "", count, reason.explanation if reason else ""]
        for (state, reason), count in sorted(counted.items(), key=str)
    ]


def deface(chosen: argparse.Namespace) -> int:
    """Remove faces from head volumes, subject by subject."""
    from dicomlab import runs

    ended = runs.deface(chosen.source, chosen.out, subjects=chosen.subjects, progress=progress())
    rows = [[e.subject, e.series, "; ".join(e.refused) if e.refused else "defaced"] for e in ended]
    show(["subject", "series written", "how it ended"], rows)
    for head in (h for e in ended for h in e.heads if h.confidence):
        numbers = ", ".join(f"{name} {value:.3g}" for name, value in head.numbers.items())
        print(f"head {head.name}: {numbers}")
    return REFUSED if any(e.refused for e in ended) else DONE


def find_text(chosen: argparse.Namespace) -> int:
    """Look for text in the pixels, and tell where it stands."""
    from dicomlab import files, recipe, runs

    settings = recipe.load(chosen.recipe).text_cleaning
    catalog = files.scan(chosen.source, progress=progress())
    found, blind = runs.find_text(catalog, settings, recognise=chosen.json is None, progress=progress())
    if chosen.json is not None:
        names = {e.ordinal: e.relative for e in catalog.instances}
        told = {names[one.ordinal]: _boxes(one) for one in found}
        files.write_atomic(chosen.json, [json.dumps(told, indent=1).encode() + b"\n"])
    rows = [
        [one.ordinal, "all" if box.region.frame is None else box.region.frame,
         f"{box.region.x0}, {box.region.y0} to {box.region.x1}, {box.region.y1}", box.kind, f"{box.score:.2f}"]
        for one in found for box in one.boxes
    ]  # fmt: skip
    show(["file", "frame", "columns, rows", "kind", "score"], rows)
    with_text = sum(bool(one.regions) for one in found)
    print(f"\ntext in {with_text} of {len(found)} images; strings stay masked")
    if blind:
        print(f"{len(blind)} images could not be decoded, and may hold text: {', '.join(map(str, blind))}")
    return REFUSED if blind else DONE


def _boxes(found: TextFound) -> list[dict[str, object]]:
    return [{"frame": r.frame, "box": [r.x0, r.y0, r.x1, r.y1]} for r in found.regions]


def forge(chosen: argparse.Namespace) -> int:
    """Make images with burned-in text, or heads, with the truth beside them."""
    if chosen.text:
        from dicomlab.forge import burned_in

        burned_in.corpus(chosen.out, chosen.seed, chosen.text)
        print(f"{chosen.text} images, seed {chosen.seed}: {chosen.out}; what stands where: {burned_in.KEY} in it")
    else:
        from dicomlab.forge import heads

        heads.corpus(chosen.out, chosen.seed, chosen.heads)
        print(f"{chosen.heads} volumes, seed {chosen.seed}: {chosen.out}; a folder each, with its truth")
    return DONE
