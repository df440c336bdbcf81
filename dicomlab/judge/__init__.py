"""The second opinion: whether a de-identified instance, and a whole release, may be handed over.

The judge trusts nothing. It reads the source and the released file afresh with a parser of its own,
gathers what identifies a patient by code of its own, hunts it in every byte, and holds every
attribute against the recipe and the standard. It imports no carrier and no engine.

`identity_of` each source instance, `merge` those of one patient, `judge_instance` each released
file, `judge_release` the whole; `search` and `search_tree` hunt in reports and notebooks.
"""

from dicomlab.judge.facts import Facts, InstanceVerdict
from dicomlab.judge.hunting import Hit
from dicomlab.judge.identity import Identity, Kind, identity_of, merge
from dicomlab.judge.instance import judge_instance
from dicomlab.judge.questions import Question
from dicomlab.judge.reading import BrokenError
from dicomlab.judge.release import OWN_FILES, judge_release
from dicomlab.judge.searching import search, search_tree
