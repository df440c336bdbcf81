"""What a person decides about attributes of headers: plain values, no browser.

A decision stands in the recipe as a `Rule`; nothing else is remembered, so that reading the recipe again shows the
review as it was left. Rules of the review stand before those of the recipe it was started from: the first one wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from dicomlab.errors import RecipeError
from dicomlab.recipe import Recipe, Rule
from dicomlab.records import Action

if TYPE_CHECKING:
    from dicomlab.header.inspect import AttributeSummary

# What a person chooses from, and the action that stands in the recipe.
CHOICES: Mapping[str, Action] = {
    "keep": Action.K,
    "remove": Action.X,
    "empty": Action.Z,
    "clean": Action.C,
    "replace": Action.REPLACE,
}
_WORDS = {str(action): word for word, action in CHOICES.items()} | {"D": "dummy", "U": "new UID"}
RISKS = (
    "direct identifier", "identifier", "person or institution", "private", "free text", "date or time", "UID", "device",
    "quasi-identifier", "pixels", "none",
)  # fmt: skip
_SHOWN = 5  # distinct values that are revealed at once


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute of a collection, what the recipe does with it and by whose word.

    `attribute` is what a rule calls it, at every depth. `choice` and `reason`: of the rule about just this attribute;
    empty when there is none.
    """

    summary: AttributeSummary
    attribute: str
    does: str
    by: str
    choice: str = ""
    reason: str = ""
    value: str = ""


def attribute_of(summary: AttributeSummary) -> str:
    """Return what a rule calls an attribute; a private one of an unknown creator by its number in any block."""
    if ",private," in summary.keyword:
        return f"{summary.tag[:6]}xx{summary.tag[8:]}"
    return summary.keyword


def ranked(summaries: Sequence[AttributeSummary]) -> tuple[AttributeSummary, ...]:
    """Return the attributes, the riskiest first."""
    return tuple(sorted(summaries, key=lambda one: RISKS.index(one.risk) if one.risk in RISKS else len(RISKS)))


def rows(summaries: Sequence[AttributeSummary], recipe: Recipe) -> tuple[Row, ...]:
    """Return one row an attribute, with what the recipe does and what was decided."""
    own: dict[str, Rule] = {}
    for rule in recipe.rules:
        own.setdefault(rule.attribute, rule)
    made = []
    for one in summaries:
        attribute = attribute_of(one)
        decision = recipe.decide(int(one.tag[1:5] + one.tag[6:10], 16), one.vr, one.creator or None)
        does, by = _told(decision.code if decision else "K"), decision.by if decision else "nothing asks for more"
        known = own.get(attribute)
        if known is None or str(known.action) not in _WORDS:
            made.append(Row(one, attribute, does, by))
        else:
            made.append(Row(one, attribute, does, by, _WORDS[str(known.action)], known.reason, known.value or ""))
    return tuple(made)


def _told(code: str) -> str:
    return " / ".join(_WORDS.get(letter, letter) for letter in code.rstrip("*").split("/"))


def decided(recipe: Recipe, attribute: str, choice: str, *, reason: str, value: str | None = None) -> Recipe:
    """Return the recipe with a rule about one attribute, before all others and in the place of an earlier one.

    Raises
    ------
    RecipeError
        There is no reason, or the rule cannot be obeyed: the message says why.
    """
    try:
        rule = Rule(
            attribute=attribute, action=CHOICES[choice], reason=reason, value=value if choice == "replace" else None
        )
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise RecipeError("; ".join(one["msg"].removeprefix("Value error, ") for one in found)) from None
    return recipe.with_changes(rules=(rule, *undecided(recipe, attribute).rules))


def undecided(recipe: Recipe, attribute: str) -> Recipe:
    """Return the recipe without rules about just this attribute."""
    return recipe.with_changes(rules=tuple(rule for rule in recipe.rules if rule.attribute != attribute))


def values(summary: AttributeSummary) -> str:
    """Return the most frequent values in clear, for a screen only.

    Raises
    ------
    DicomlabError
        In a batch.
    """
    pairs = zip(summary.values[:_SHOWN], summary.counts, strict=False)
    told = [f"{value.reveal()} ({count:,})" for value, count in pairs]
    return " | ".join(told) + (" | …" if summary.distinct > len(told) else "")
