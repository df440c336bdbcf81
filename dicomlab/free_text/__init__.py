"""Free text: what identifies the patient, and its removal from any text that stays.

`Identifiers` holds what is known to identify one patient; `Sweeper` removes it, and what follows
a pattern, from text. Which attributes give identifiers, and which are swept, is said elsewhere:
this package knows text, not DICOM.
"""

from dicomlab.free_text.identifiers import (
    Identifiers,
    is_distinctive_number,
    is_distinctive_phrase,
    name_parts,
    ordinary_words,
)
from dicomlab.free_text.spelling import fold, spellings
from dicomlab.free_text.sweep import Sweeper
