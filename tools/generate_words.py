"""Write `dicomlab/standard_data/words.txt`: the ordinary words of radiology, folded, one a line.

Sources, all carried by pydicom: the names of the attributes (PS3.6), the names of SOP Classes and
transfer syntaxes, and the meanings of the coded terms of PS3.16. A word of this list is not taken
for a name in coded and technical attributes.

    python tools/generate_words.py
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pydicom
from pydicom.datadict import DicomDictionary, RepeatersDictionary
from pydicom.sr._concepts_dict import concepts
from pydicom.uid import UID_dictionary

OUT = Path(__file__).parent.parent / "dicomlab" / "standard_data" / "words.txt"


def main() -> None:
    """Collect, fold, sort, write."""
    texts = [entry[2] for entry in (*DicomDictionary.values(), *RepeatersDictionary.values())]
    texts += [entry[0] for entry in UID_dictionary.values()]
    for scheme in concepts.values():
        for keyword, codes in scheme.items():
            texts.append(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", keyword))
            texts += [meaning for meaning, _ in codes.values()]
    words: set[str] = set()
    for text in texts:
        plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
        words |= set(re.findall(r"[a-z]{3,}", plain))
    head = [
        "# The ordinary words of radiology, folded.",
        f"# From the attribute names, UID names and coded terms carried by pydicom {pydicom.__version__};",
        "# written by tools/generate_words.py, not by hand.",
    ]
    OUT.write_text("\n".join([*head, *sorted(words)]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
