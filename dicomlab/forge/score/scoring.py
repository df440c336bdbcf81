"""Source, release and key into a table: per category how many items ended as they must."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dicomlab.errors import DicomlabError
from dicomlab.forge.score import iods, matching, reading
from dicomlab.forge.score.ends import Ledger, Pair, judged, note
from dicomlab.forge.score.leaks import Hunt, lead_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MANIFEST = "manifest.jsonl"


@dataclass(frozen=True, slots=True)
class Row:
    """One category: how many items there are, and how they ended."""

    category: str
    items: int
    right: int
    wrong: int
    lost: int
    quarantined: int

    @property
    def percent(self) -> float:
        """Right ones of those that were released or lost, in hundred."""
        judged_items = self.items - self.quarantined
        return 100.0 * self.right / judged_items if judged_items else 100.0


@dataclass(frozen=True, slots=True)
class Failure:
    """One item that did not end well. It names the number of the file in the key, never a value."""

    item: int
    file: int
    sop_class: str
    syntax: str
    path: str
    category: str
    expected: tuple[str, ...]
    found: str


@dataclass(frozen=True, slots=True)
class Score:
    """What became of a corpus.

    `leaks` counts planted values by released file; `new_iod_errors` messages of dciodvfy that the source did not have,
    None when nobody asked or the program is not there.
    """

    profile: str
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...]
    files: int
    released: int
    lost: int
    quarantined: int
    foreign: int
    leaks: Mapping[str, int]
    new_iod_errors: Mapping[str, int] | None = None

    @property
    def perfect(self) -> bool:
        """Whether nothing is wrong: every item right or quarantined, no leak, no foreign file, no new IOD error."""
        return not (self.total.wrong or self.total.lost or self.leaks or self.foreign or self.new_iod_errors)

    @property
    def total(self) -> Row:
        """All categories together."""
        sums = [sum(getattr(r, n) for r in self.rows) for n in ("items", "right", "wrong", "lost", "quarantined")]
        return Row("all", *sums)


def score(
    source: Path, release: Path, key: Path, profile: str = "basic", *, quarantine: Path | None = None, iod: bool = False
) -> Score:  # fmt: skip
    """Return how a release of a forged corpus holds against its answer key.

    Parameters
    ----------
    source, release, key
        The corpus' files, any tool's output, and the key that was forged with the corpus.
    profile
        Which of the key's columns: "basic" or "research".
    quarantine
        A folder of files that the tool held back; those that a `manifest.jsonl` in the release names as quarantined
        count too. Their items are told apart, neither right nor wrong.
    iod
        Also ask dciodvfy, where it is installed, for errors that the source does not have.

    Raises
    ------
    DicomlabError
        The key cannot be read, has no such profile, or belongs to another source.
    """
    source, release = Path(source), Path(release)
    answers = _answers(Path(key), profile)
    names = [entry["file"] for entry in answers["files"]]
    missing = [n for n in names if not (source / n).is_file()]
    if missing:
        message = (
            f"{len(missing)} of the {len(names)} files of the key are not in the source; give the key's own corpus"
        )
        raise DicomlabError(message)
    sources = dict(matching.described(source / n for n in names))
    by_name = {n: sources[source / n] for n in names}
    released = [path for _, path in reading.files(release)]
    matches = matching.match(by_name, dict(matching.described(released)))
    held = _quarantined(source, release, quarantine, by_name) - set(matches.pairs)
    failures, counted, ledger = _judge(answers, profile, source, release, pairs=matches.pairs, held=held)
    leaks = _leaks(answers, ledger, released, release, pairs=matches.pairs)
    own = {str(path) for path in matches.pairs.values()}
    for entry in answers["others"]:
        hunt = Hunt(entry["values"])
        told = any(lead_to(path, [hunt]) for path in released if str(path) not in own)
        counted[entry["category"]]["wrong" if told else "right"] += 1
    return Score(
        profile, _rows(counted), failures, len(names), len(matches.pairs), len(names) - len(matches.pairs) - len(held),
        len(held), len(matches.foreign), leaks, iods.new_errors(source, matches.pairs) if iod else None,
    )  # fmt: skip


def _answers(key: Path, profile: str) -> dict[str, Any]:
    try:
        answers: dict[str, Any] = json.loads(key.read_text("utf-8"))
        known = answers["profiles"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{key.name} is no answer key; give the KEY.json that `dicomlab forge --corpus` wrote"
        raise DicomlabError(message) from error
    if profile not in known:
        raise DicomlabError(f"the key has no profile {profile!r}; say one of {', '.join(known)}")
    return answers


def _quarantined(
    source: Path, release: Path, folder: Path | None, sources: Mapping[str, frozenset[str]]
) -> set[str]:  # fmt: skip
    """Return the source files that a manifest names as quarantined, or that lie in a folder."""
    found: set[str] = set()
    manifest = release / MANIFEST
    if manifest.is_file():
        order = [name for name, _ in reading.files(source)]
        for line in manifest.read_text("utf-8").splitlines():
            entry = json.loads(line)
            if entry.get("state") == "quarantined" and 0 <= entry.get("ordinal", -1) < len(order):
                found.add(order[entry["ordinal"]])
    if folder is not None:
        paths = [path for _, path in reading.files(Path(folder))]
        found |= set(matching.match(sources, dict(matching.described(paths))).pairs)
    return found & set(sources)


def _leaks(
    answers: Mapping[str, Any], ledger: Ledger, released: Iterable[Path], release: Path, *, pairs: Mapping[str, Path]
) -> dict[str, int]:  # fmt: skip
    """Return how many values each released file holds that identify: its own patient's, or in other files anybody's."""
    uids: dict[int, set[str]] = defaultdict(set)
    # A date that moved may fall on the day of another one: that is no leak.
    moved: dict[int, set[str]] = defaultdict(set)
    patient_of = {e["file"]: e["patient"] for e in answers["files"]}
    for item in answers["items"]:
        patient = patient_of[item["file"]]
        if "shifted" in item["expected"].get("research", ()):
            moved[patient].update(ledger.moved(value, patient) for value in item["values"])
        if item["category"].startswith(("UID", "references")) and "uid" in item["expected"].get("basic", ()):
            uids[patient].update(item["values"])
    hunts = {p["number"]: Hunt(p["hunt"], uids=uids[p["number"]]) for p in answers["patients"]}
    owner = {str(pairs[e["file"]]): e["patient"] for e in answers["files"] if e["file"] in pairs}
    found = {}
    for path in released:
        mine = owner.get(str(path))
        values = lead_to(path, hunts.values() if mine is None else [hunts[mine]])
        values -= moved[mine] if mine is not None else set().union(*moved.values())
        if values:
            found[path.relative_to(release).as_posix()] = len(values)
    return found


def _judge(
    answers: Mapping[str, Any], profile: str, source: Path, release: Path, *, pairs: Mapping[str, Path], held: set[str]
) -> tuple[tuple[Failure, ...], dict[str, Counter[str]], Ledger]:  # fmt: skip
    """Judge item by item; each file is read twice: what must hold all over the release is gathered first."""
    numbers = {e["file"]: n for n, e in enumerate(answers["files"])}
    by_file: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for number, item in enumerate(answers["items"]):
        if item["expected"].get(profile):
            by_file[item["file"]].append((number, item))
    ledger = Ledger()
    for name, items in by_file.items():
        if name in pairs and (pair := _pair(answers["files"][numbers[name]], source, release, pairs[name])):
            for _, item in items:
                note(ledger, item, profile, pair)
    ledger.settle()
    failures: list[Failure] = []
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for name, items in by_file.items():
        entry = answers["files"][numbers[name]]
        pair = _pair(entry, source, release, pairs[name]) if name in pairs else None
        for number, item in items:
            right, found = judged(ledger, item, profile, pair) if pair else (False, "lost")
            end = "right" if right else "wrong" if pair else "quarantined" if name in held else "lost"
            counted[item["category"]][end] += 1
            if end in ("wrong", "lost"):
                failures.append(Failure(
                    number, numbers[name], entry["class"], entry["syntax"], item["path"], item["category"],
                    tuple(item["expected"][profile]), found,
                ))  # fmt: skip
    return tuple(failures), counted, ledger


def _pair(entry: Mapping[str, Any], source: Path, release: Path, released: Path) -> Pair | None:
    before, after = reading.read(source / entry["file"]), reading.read(released)
    if before is None or after is None:
        return None
    return Pair(before, after, entry["patient"], released.relative_to(release).as_posix())


def _rows(counted: Mapping[str, Counter[str]]) -> tuple[Row, ...]:
    return tuple(
        Row(category, sum(c.values()), c["right"], c["wrong"], c["lost"], c["quarantined"])
        for category, c in sorted(counted.items())
    )
