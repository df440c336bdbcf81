"""The recipe as a whole: profile, options and rules, composed to one decision per attribute."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import starmap
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from dicomlab import standard
from dicomlab.errors import RecipeError
from dicomlab.recipe.blocks import BurnedIn, Deface
from dicomlab.recipe.law import FULL_DATES, MODIFIED_DATES, SAFE_PRIVATE, Decision, by_law
from dicomlab.recipe.model import (
    Ages,
    AtRisk,
    Dates,
    Form,
    Identifiers,
    Private,
    Rule,
    Select,
    Table,
    Uids,
    holds_the_pixels,
)
from dicomlab.recipe.selectors import known_attributes, vrs_of
from dicomlab.records import Action

if TYPE_CHECKING:
    from dicomlab.recipe.codes import Codes

# The options that switch a block on; a block without its option would do nothing, and is an error.
BLOCKS: Mapping[str, str] = {
    "private": SAFE_PRIVATE, "burned_in": "clean-pixel-data", "deface": "clean-recognizable-visual-features",
}  # fmt: skip

_MOST_MEMORIES = 200_000
_FILE_META = 0x0002
# How much of a value can stay, by letter of the table and by action.
_ALLOWED = {"X": 0, "Z": 1, "D": 1, "U": 1, "C": 2, "K": 4}
_RETAINED = {
    Action.U: 1, Action.HASH: 1, Action.C: 2, Action.SHIFT: 2,
    Action.BIN: 3, Action.TRUNCATE: 3, Action.REGEX: 3, Action.K: 4,
}  # fmt: skip


def _option(name: str) -> str:
    if name not in standard.OPTIONS:
        near = get_close_matches(name, standard.OPTIONS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"the options are {', '.join(standard.OPTIONS)}"
        raise ValueError(f'option "{name}" is not one of the twelve of PS3.15 Annex E; {hint}')
    return name


class Recipe(Form):
    """Profile, options and reasoned exceptions: what is done to every instance of a run.

    Two recipes are equal when they say the same, whatever their file, comments and lines.
    """

    dicomlab: Literal[1] = 1
    title: str = Field(min_length=1)
    edition: str = standard.EDITION
    profile: Literal["basic"] = "basic"
    options: tuple[Annotated[str, AfterValidator(_option)], ...] = ()
    select: Select = Select()
    identifiers: Identifiers = Identifiers()
    uids: Uids = Uids()
    dates: Dates = Dates()
    ages: Ages = Ages()
    at_risk: AtRisk = AtRisk()
    private: Private | None = None
    burned_in: BurnedIn | None = None
    deface: Deface | None = None
    rules: tuple[Rule, ...] = ()

    _name: str = PrivateAttr(default="")
    _lines: tuple[int, ...] = PrivateAttr(default=())
    _codes: Codes | None = PrivateAttr(default=None)

    @field_validator("edition")
    @classmethod
    def _edition(cls, edition: str) -> str:
        if edition != standard.EDITION:
            message = (
                f"edition is not {standard.EDITION}, that of the packaged Table E.1-1; review the recipe, write that"
            )
            raise ValueError(message)
        return edition

    @field_validator("options")
    @classmethod
    def _options(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        if twice := next((name for name in options if options.count(name) > 1), None):
            raise ValueError(f"option {twice} is listed twice; keep one")
        if {FULL_DATES, MODIFIED_DATES} <= set(options):
            raise ValueError(f"options {FULL_DATES} and {MODIFIED_DATES} exclude each other (PS3.15 E.3.6); keep one")
        return tuple(name for name in standard.OPTIONS if name in options)

    @field_validator(*BLOCKS)
    @classmethod
    def _block(cls, block: Form | None, info: ValidationInfo) -> Form | None:
        option = BLOCKS[str(info.field_name)]
        if block is not None and option not in info.data.get("options", (option,)):
            message = f"{info.field_name}: has no effect without option {option}; list the option or delete the block"
            raise ValueError(message)
        return block

    @model_validator(mode="after")
    def _dates_move(self) -> Recipe:
        moved = MODIFIED_DATES in self.options or any(rule.action is Action.SHIFT for rule in self.rules)
        if self.dates != Dates() and not moved:
            message = (
                f"dates: has no effect without option {MODIFIED_DATES} or a rule with shift; list the option or "
                f"delete the block"
            )
            raise ValueError(message)
        return self

    # What it is called, and what makes two of them the same.

    @property
    def name(self) -> str:
        """The packaged name, or the file's name without its ending; the title when it has no file."""
        return self._name or self.title

    @cached_property
    def _canonical(self) -> str:
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=True, separators=(",", ":"))

    @property
    def lines(self) -> tuple[int, ...]:
        """The line of each rule in the recipe's file; empty for a recipe that was built in code."""
        return self._lines

    @property
    def sha256(self) -> str:
        """Digest of what the recipe says; a table of codes goes in by name only.

        The table's content stays out: beside a released code, its digest would let a stranger test guesses of a
        Patient ID.
        """
        return sha256(self._canonical.encode("ascii")).hexdigest()

    def __eq__(self, other: object) -> bool:
        """Equal when they say the same."""
        return isinstance(other, Recipe) and self._canonical == other._canonical

    def __hash__(self) -> int:
        """Hash of what it says."""
        return hash(self._canonical)

    def __repr__(self) -> str:
        """Name, options and number of rules."""
        said = f"options={list(self.options)}, {len(self.rules)} rules"
        return f"Recipe({self.name!r}, {said}, sha256={self.sha256[:12]})"

    __str__ = __repr__

    def with_changes(self, **changes: object) -> Recipe:
        """Return a recipe that says something else in some fields, validated as a whole.

        Raises
        ------
        RecipeError
            The changed recipe cannot be obeyed.
        """
        try:
            changed = Recipe.model_validate({**self.model_dump(), **changes})
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            said = "; ".join(one["msg"].removeprefix("Value error, ") for one in found)
            raise RecipeError(f"recipe {self.name}: {said}") from None
        lines = self._lines if changed.rules == self.rules else ()
        for name, value in (("_name", self._name), ("_codes", self._codes), ("_lines", lines)):
            setattr(changed, name, value)
        return changed

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Recipe:  # noqa: ARG002
        """Return a validated copy: pydantic's own would keep what was decided before the change."""
        return self.with_changes(**(update or {}))

    def __getstate__(self) -> dict[Any, Any]:
        """Leave the memory of decisions behind: a worker makes its own."""
        state = super().__getstate__()
        return {**state, "__dict__": {name: value for name, value in state["__dict__"].items() if name != "_memory"}}

    # What it decides.

    @cached_property
    def _memory(self) -> dict[tuple[int, str, str | None], Decision | None]:
        return {}  # a plain attribute: pydantic's private ones take ten times as long to reach

    def decide(self, tag: int, vr: str, creator: str | None = None) -> Decision | None:
        """Return what is to be done with an attribute; None when nobody says anything about it.

        The first rule that matches; then the options, of which C beats K; then the profile. Attributes that the
        table does not list but whose VR gives them away (dates, times, names, instance UIDs) are treated as their
        kind. A private attribute is retained (C) only when the option is listed and the attribute is safe by
        creator; else the profile removes it.

        Parameters
        ----------
        tag
            ``0xggggeeee``.
        vr
            The VR in the instance; ``UN`` of a public attribute is read as the dictionary's.
        creator
            Value of the private creator element that reserved the block, None for public attributes and for
            private ones without creator.

        References
        ----------
        PS3.15 E.1, E.3 and Table E.1-1.
        """
        key = (tag, vr, creator)
        try:
            return self._memory[key]
        except KeyError:
            if len(self._memory) > _MOST_MEMORIES:  # a hostile file can name any number of creators
                self._memory.clear()
            self._memory[key] = found = self._decide(tag, vr, creator)
            return found

    def _decide(self, tag: int, vr: str, creator: str | None) -> Decision | None:
        if tag >> 16 == _FILE_META:
            return None
        if vr in {"UN", ""} and (known := vrs_of(tag)):
            vr = min(known)
        return self._by_rule(tag, vr, creator) or self._law(tag, vr, creator)

    def _law(self, tag: int, vr: str, creator: str | None) -> Decision | None:
        return by_law(tag, vr, creator, options=self.options, creators=self.private.creators if self.private else ())

    def _by_rule(self, tag: int, vr: str, creator: str | None) -> Decision | None:
        number = self._rule_of(tag, vr, creator)
        if number is None:
            return None
        rule = self.rules[number]
        by = f"rule, line {self._lines[number]}" if self._lines else f"rule {number + 1}"
        if rule.can_act_on(vr):
            return Decision(str(rule.action), by, rule.reason, rule.arguments)
        # The steward wanted less than everything to stay; an odd VR must not let all of it stay.
        row = standard.confidentiality(tag)
        return Decision(row.basic if row else "X", by, f"{rule.reason} ({rule.action} cannot act on {vr})")

    def _rule_of(self, tag: int, vr: str, creator: str | None) -> int | None:
        """Return the position of the first rule about the attribute; a family leaves out VRs it cannot act on."""
        if holds_the_pixels(tag):
            return None
        for number, rule in enumerate(self.rules):
            chosen = rule.selector
            if chosen.matches(tag, vr, creator, retaining=rule.retaining) and (chosen.exact or rule.can_act_on(vr)):
                return number
        return None

    # What follows from it.

    def code_of(self, issuer: str, patient_id: str) -> str | None:
        """Return a patient's code of the recipe's table; None when the table has no row for the patient.

        Raises
        ------
        RecipeError
            The recipe has no table, or was not loaded from a file.
        """
        if self._codes is None:
            raise RecipeError(f"recipe {self.name}: no table of codes was read; load the recipe from its file")
        return self._codes.of(issuer, patient_id)

    @property
    def text_cleaning(self) -> BurnedIn | None:
        """How burned-in text is cleaned; None when the recipe does not list clean-pixel-data."""
        return (self.burned_in or BurnedIn()) if BLOCKS["burned_in"] in self.options else None

    @property
    def face_cleaning(self) -> Deface | None:
        """How faces are removed; None when the recipe does not list clean-recognizable-visual-features."""
        return (self.deface or Deface()) if BLOCKS["deface"] in self.options else None

    @property
    def has_table(self) -> bool:
        """True when patients' codes come from the steward's table."""
        return isinstance(self.identifiers.patient, Table)

    @property
    def claimed_codes(self) -> tuple[tuple[str, str], ...]:
        """(code, meaning) of CID 7050 of the listed options; the profile's own is `standard.PROFILE_CODE`."""
        return tuple((standard.OPTIONS[name].code, standard.OPTIONS[name].meaning) for name in self.options)

    @cached_property
    def profile_holds(self) -> bool:
        """False when a rule retains more of any attribute than the profile and the listed options allow.

        Then 113100 may not be claimed. A private attribute may be retained by a rule that names it and its creator
        while retain-safe-private is listed: PS3.15 E.3.10 lets the de-identifier know more safe ones than its table.
        """
        return not self.excesses

    @cached_property
    def excesses(self) -> tuple[int, ...]:
        """Positions (0-based) of the rules that retain more than profile and options allow."""
        private = {
            number
            for number, rule in enumerate(self.rules)
            if rule.retaining
            and rule.selector.private_only
            and not (rule.selector.exact and SAFE_PRIVATE in self.options)
        }
        public = {number for number in starmap(self._excess, self.attributes()) if number is not None}
        return tuple(sorted(private | public))

    def _excess(self, tag: int, vr: str) -> int | None:
        """Return the position of the rule that retains too much of a public attribute."""
        number = self._rule_of(tag, vr, None) if standard.confidentiality(tag) else None
        law = self._law(tag, vr, None)
        if number is None or law is None:
            return None
        allowed = max(_ALLOWED[letter] for letter in law.code.replace("*", "").split("/"))
        return number if _RETAINED.get(self.rules[number].action, 0) > allowed else None

    def attributes(self) -> tuple[tuple[int, str], ...]:
        """Return (tag, VR) of every public attribute that the dictionary, the table or a rule names."""
        named = [rule.selector for rule in self.rules if rule.selector.exact and rule.selector.creator is None]
        mine = [(one.bits, min(one.vrs(), default="UN")) for one in named]
        return tuple(sorted({**dict(mine), **dict(_listed()), **dict(known_attributes())}.items()))


@lru_cache(maxsize=1)
def _listed() -> tuple[tuple[int, str], ...]:
    """Return (tag, VR) of the table's rows but for those that are patterns."""
    plain = [row for row in standard.rows() if re.fullmatch(r"\([0-9A-F]{4},[0-9A-F]{4}\)", row.tag_pattern)]
    return tuple((int(row.tag_pattern[1:10].replace(",", ""), 16), row.vr) for row in plain)
