"""Any tool's output judged against a corpus and its answer key."""

from __future__ import annotations

from dicomlab.forge.score.scoring import Failure, Row, Score, score
