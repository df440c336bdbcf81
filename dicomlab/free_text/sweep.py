"""Removal from text of what identifies a patient.

Two sources say what must go: what is *known* to identify this patient (names, numbers, addresses,
dates, staff, found in every instance), and *patterns* (dates, telephone numbers, addresses, titles
with names) that identify whoever they belong to.

Matching ignores case, accents and the signs between the parts of a name. A name that is an ordinary
word of radiology ("Brown", "Long") is not hunted in coded or technical attributes, where it is more
likely to be the word; in free text it is removed like any other name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from dicomlab.free_text.known import Known
from dicomlab.free_text.patterns import pattern_spans
from dicomlab.free_text.spelling import fold, fold_with_map, is_spaceless
from dicomlab.free_text.vocabulary import unknown_spans

if TYPE_CHECKING:
    from dicomlab.free_text.identifiers import Identifiers

_SHORTEST_BYTES = 6
_UID_BYTES = re.compile(rb"2\.25\.\d{8,}|\d+(?:\.\d+){3,}")


@dataclass(frozen=True)
class Sweeper:
    """Removes from a text what identifies the patient, and what follows a pattern.

    `new_uid` maps a known UID to its replacement, so that a UID inside a text still refers.
    """

    identifiers: Identifiers
    new_uid: Callable[[str], str] = field(default=lambda _: "", repr=False)

    @cached_property
    def known(self) -> Known:
        """What identifies the patient, compiled."""
        return Known(self.identifiers)

    def sweep(self, text: str, *, patterns: bool = True, technical: bool = False, longest: int | None = None) -> str:
        """Return `text` without what identifies; the very same object when nothing did.

        Parameters
        ----------
        text
            One value, decoded.
        patterns
            Also remove dates, telephone numbers, addresses and the like.
        technical
            A coded or technical attribute: names that are ordinary words are left alone, and of the patterns only
            e-mail and web addresses count.
        longest
            How many characters the value may have: a UID whose replacement does not fit is removed, and so is what a
            text of that length breaks off in.
        """
        if not text or text.isspace():
            return text
        text = self._with_new_uids(text, longest)
        folded, index = fold_with_map(text)
        shown = "".join(text[i] for i in index) if index else text
        spans = list(self.known.spans(shown, folded, technical=technical))
        if longest is not None and len(text) >= longest - 1:  # a blank at its end may be gone
            spans += self.known.cut_off(folded)
        if index:
            index.append(len(text))  # what folds to nothing goes with what stands before it
            spans = [(index[a], max(index[b], index[b - 1] + 1)) for a, b in spans]
        if patterns:
            spans += pattern_spans(text, technical=technical)
        return _cut(text, spans) if spans else text

    def leaves_name(self, text: str) -> bool:
        """Return whether a swept text still has a word that is also a name of the patient's or of staff."""
        return self.known.has_name(fold(text))

    @staticmethod
    def without_unknown(text: str) -> str:
        """Return a swept text without words that are in no vocabulary and may be a name; the same object when all are.

        For action C alone; see `dicomlab.free_text.vocabulary`.
        """
        while spans := unknown_spans(text):  # capitals alone may be left, and are judged as such
            text = _cut(text, spans)
        return text

    def _with_new_uids(self, text: str, longest: int | None) -> str:
        found = list(self.known.uids_in(text))
        if not found:
            return text
        pieces, last = [], 0
        for start, end, uid in found:
            pieces += [text[last:start], self.new_uid(uid)]
            last = end
        new = "".join([*pieces, text[last:]])
        fits = longest is None or len(new) <= longest
        return new if fits else _cut(text, [(start, end) for start, end, _ in found])

    def identifies(self, data: bytes) -> bool:
        """Return whether binary `data` holds something known in ASCII, Latin-1, UTF-8 or UTF-16 (of Latin letters)."""
        lowered = data.lower()
        return self._in_bytes(lowered) or (b"\0" in lowered and self._in_bytes(lowered.replace(b"\0", b"")))

    def _in_bytes(self, lowered: bytes) -> bool:
        uids = self.identifiers.uids
        if any(known in lowered for known in self._known_bytes):  # one by one: quicker than one large expression
            return True
        return bool(uids) and any(m[0].decode() in uids for m in _UID_BYTES.finditer(lowered))

    @cached_property
    def _known_bytes(self) -> tuple[bytes, ...]:
        """Long known strings only: in binary data a short one is chance."""
        known = self.identifiers
        texts = set(known.numbers | known.phrases | known.dates | known.phones)
        for name in known.names:
            texts |= {part for part in name if len(part) >= _SHORTEST_BYTES or is_spaceless(part)}
            if len(name) > 1:
                texts |= {name[0] + sign + name[1] for sign in "^ "}
        forms = {form for text in texts for form in (text, text.upper(), text.lower())}
        found = {form.encode().lower() for form in forms}
        found |= {form.encode("latin_1").lower() for form in forms if max(form, default="") <= "\xff"}
        return tuple(sorted(text for text in found if len(text) >= _SHORTEST_BYTES))

    def is_known_number(self, value: str) -> bool:
        """Return whether one of the numbers in a DS or IS value is an identifier of seven digits or more."""
        return not self.known.long_figures.isdisjoint(piece.strip(" \0+") for piece in value.split("\\"))


# What led to the words that were removed: "for Dr.", "MRN:", "(Patient".
_LEAD = re.compile(
    r"(?:^|(?<=[\s,;:(\[_^/-]))(?:for|by|of|per|from|dr|prof|mr|mrs|ms|patient|name|tel|phone|fax|mrn|id|acc|"
    r"von|für|bei|durch|pour|par|de|del|di|da)\.?[:#]?[ _]*$",
    re.IGNORECASE,
)
_LONGEST_LEAD = 24
_SIGNS = " \t,;:_/^=|&-"
_OPENING = "([{<"
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]|<\s*>|\{\s*\}")


def _cut(text: str, spans: list[tuple[int, int]]) -> str:
    """Return `text` without the spans, tidied where something was taken out and nowhere else."""
    kept, last = "", 0
    for start, end in sorted(spans):
        if start > last:
            kept = _joined(kept, text[last:start]) if last else text[:start]
            kept = _without_lead(kept)
        last = max(last, end)
    kept = _joined(kept, text[last:])
    kept = _EMPTY_BRACKETS.sub("", kept).strip(" ")
    return kept if re.search(r"\w", kept) else ""


def _joined(left: str, right: str) -> str:
    """Return two pieces around removed words, with the signs of one side only between them."""
    bare_left, bare_right = left.rstrip(_SIGNS), right.lstrip(_SIGNS)
    if not bare_left:
        return bare_right
    if not bare_right:
        return bare_left
    before, behind = left[len(bare_left) :], right[: len(right) - len(bare_right)]
    if bare_left[-1] in _OPENING or bare_right[0] in ")]}>.,;\r\n" or bare_left[-1] in "\r\n":
        return bare_left + bare_right
    signs = max(before, behind, key=lambda signs: (bool(signs.strip(" ")), len(signs)))
    apart = signs or (" " if bare_left[-1].isalnum() and bare_right[0].isalnum() else "")  # never one word of two
    return bare_left + apart + bare_right


def _without_lead(piece: str) -> str:
    """Drop what led to the removed words from the end of a piece."""
    while match := _LEAD.search(piece, max(0, len(piece) - _LONGEST_LEAD)):
        piece = piece[: match.start()].rstrip(" ")
    return piece
