"""What a release shows of its heads: each from seven sides, drawn from the released files, after its face was removed.

The face before is drawn nowhere here: a head whose face was not removed by the run is told of, and not shown.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dicomlab.records import State

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dicomlab.records import Outcome, RunOutcome

MOST = 6  # heads that are drawn: a strip takes a second or two, and about 40 kB


def strips(release: Path | str, outcome: RunOutcome, limit: int = MOST) -> dict[str, NDArray[np.uint8]]:
    """Return pictures of up to `limit` heads by the names that `outcome.heads` gives them.

    Parameters
    ----------
    release
        The folder that holds the outcomes' `output` paths.
    outcome
        The run. Of each head that was defaced, the series with most instances is drawn, among those that had voxels
        taken from them and that the judge did not fail.
    limit
        How many heads are drawn at most.
    """
    defaced = {head.name for head in outcome.heads if head.scores and not (head.clear or head.refused)}
    series: defaultdict[str, list[Outcome]] = defaultdict(list)
    for one in outcome.outcomes:
        if one.state is State.WRITTEN and one.output:
            series[str(Path(one.output).parent)].append(one)
    found: dict[str, list[Outcome]] = {}
    for members in series.values():
        # Slices above the face have no voxel in the mask; those that have tell whose head the series shows.
        masks = {Path(one.repainted.mask).stem for one in members if one.repainted and one.repainted.mask}
        sound = all(one.verified is not False for one in members)
        for name in masks & defaced if sound else ():
            found[name] = max(found.get(name, []), members, key=len)
    drawn = {name: _drawn(Path(release), found[name]) for name in sorted(found)[:limit]}
    return {name: strip for name, strip in drawn.items() if strip is not None}


def _drawn(release: Path, members: Sequence[Outcome]) -> NDArray[np.uint8] | None:
    """Return the strip of one series, None when it forms no volume; a picture never fails a report."""
    from pydicom import dcmread  # noqa: PLC0415 - only where heads are drawn

    from dicomlab import deface, volume  # noqa: PLC0415 - as above

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd values are the judge's business
        try:
            volumes, _ = volume.volumes_of([dcmread(release / str(one.output)) for one in members])
            return deface.strip(max(volumes, key=lambda one: one.array.size)) if volumes else None
        except Exception:  # noqa: BLE001 - any decoder may fail in its own way, and a picture is not worth a run
            return None
