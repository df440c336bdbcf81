"""Any tool's output judged against a corpus and its answer key."""

from dicomlab.forge.score.scoring import Failure, Row, Score, score
