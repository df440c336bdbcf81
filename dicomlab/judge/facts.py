"""What one instance tells about the release: small, picklable, of hashes only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dicomlab.records import Check


@dataclass(frozen=True, slots=True)
class Facts:
    """UIDs and patients before and after, as hashes; by how many days dates moved.

    `scope` is what pseudonyms are a function of besides their value: 0, or the study where the recipe
    links no studies. Hashes of Patient IDs can be guessed: facts stay with the run and its private folder.
    """

    ordinal: int = -1
    release_path: str = ""
    scope: int = 0
    patient: tuple[int, int] | None = None  # before, after
    same: tuple[int, int, bool] | None = None  # Patient ID and study before, and whether an issuer is named
    instance: tuple[int, int] = (0, 0)
    uids: frozenset[tuple[int, int]] = frozenset()
    references: frozenset[tuple[int, int]] = frozenset()
    shifts: frozenset[int] = frozenset()
    moves_dates: bool = False


@dataclass(frozen=True, slots=True)
class InstanceVerdict:
    """What the judge says of one instance, and what it needs to judge the release."""

    checks: tuple[Check, ...]
    facts: Facts = field(default_factory=Facts)

    @property
    def passed(self) -> bool:
        """True when every check did."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    def __str__(self) -> str:
        """One line for a person."""
        bad = [check.name for check in self.checks if not check.passed]
        return f"{'PASS' if self.passed else 'FAIL'}: {len(self.checks)} checks" + (
            f", failed: {', '.join(bad)}" if bad else ""
        )
