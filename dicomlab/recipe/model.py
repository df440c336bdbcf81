"""What a recipe can say: the frozen models that its YAML is validated against."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator
from pydicom import config
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import RE_VALID_UID
from pydicom.valuerep import validate_value

from dicomlab.pseudonyms import CODE_CHARACTERS, SH_LENGTH, UID_LENGTH, uid_root
from dicomlab.recipe.selectors import Selector, selector
from dicomlab.records import Action

# The arguments of each verb; an action that is not here has none.
ARGUMENTS: Mapping[Action, tuple[str, ...]] = {
    Action.REPLACE: ("value",),
    Action.BIN: ("width",),
    Action.TRUNCATE: ("length",),
    Action.REGEX: ("find", "replace"),
}
_PROSE_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_TEXT_VRS = _PROSE_VRS | {"AS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}
_WHOLE_VRS = frozenset({"AS", "IS", "SL", "SS", "SV", "UL", "US", "UV"})
_NUMBER_VRS = _WHOLE_VRS | {"DS", "FD", "FL"}
_MEANINGS = {"X": "remove", "Z": "empty", "D": "put a dummy into", "K": "keep", "C": "clean", "U": "put a new UID into"}
# The VRs that an action can act on; an action that is not here can act on all.
VRS: Mapping[Action, frozenset[str]] = {
    Action.U: frozenset({"UI", "SQ"}),
    Action.REPLACE: _TEXT_VRS | _NUMBER_VRS,
    Action.HASH: _PROSE_VRS,
    Action.SHIFT: frozenset({"DA", "DT"}),
    Action.BIN: _NUMBER_VRS,
    Action.TRUNCATE: _PROSE_VRS,
    Action.REGEX: _PROSE_VRS,
}
_PIXELS = (
    range(0x00080005, 0x00080006),  # character set
    range(0x00080016, 0x00080017),  # SOP Class
    range(0x00280000, 0x00280110),  # Image Pixel Module, PS3.3 C.7.6.3
    range(0x00281101, 0x00281224),  # palettes
    range(0x7FE00000, 0x7FE10000),  # pixel data
)
_LETTERS = {
    "remove": "X", "R": "X", "delete": "X", "redact": "X", "keep": "K", "empty": "Z", "blank": "Z",
    "dummy": "D", "clean": "C", "uid": "U",
}  # fmt: skip


class Form(BaseModel):
    """A part of a recipe: frozen, and nothing in it that is not named here."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


def _names(value: object) -> object:
    """Return `all` as the empty tuple and one name as a tuple of it."""
    if value == "all":
        return ()
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class Select(Form):
    """Which instances are taken; an empty tuple is all of them."""

    modalities: Names = ()
    sop_classes: Names = ()

    @field_validator("modalities")
    @classmethod
    def _modalities(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not re.fullmatch(r"[A-Z0-9_]{2,16}", name):
                raise ValueError(f'"{name}" is no modality; write the capital letters of PS3.3 C.7.3.1.1.1, such as MR')
        return _each_once(names)

    @field_validator("sop_classes")
    @classmethod
    def _sop_classes(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        keywords = {row[4]: uid for uid, row in UID_dictionary.items() if row[1] == "SOP Class"}
        uids = tuple(keywords.get(name, name) for name in names)
        for name, uid in zip(names, uids, strict=True):
            if not re.fullmatch(RE_VALID_UID, uid) or len(uid) > UID_LENGTH:
                near = get_close_matches(name, keywords, n=1)
                hint = f"did you mean {near[0]}?" if near else "write CTImageStorage or 1.2.840.10008.5.1.4.1.1.2"
                raise ValueError(f'"{name}" is no SOP Class; {hint}')
        return _each_once(uids)

    def accepts(self, modality: str, sop_class_uid: str) -> bool:
        """Return whether an instance of this modality and SOP Class is taken."""
        return (not self.modalities or modality in self.modalities) and (
            not self.sop_classes or sop_class_uid in self.sop_classes
        )


class Table(Form):
    """Codes from a CSV file; its path is relative to the recipe."""

    table: str = Field(min_length=1)


class Identifiers(Form):
    """How a patient's code is made.

    `scope` study: no two studies of a patient share a code, a UID or a date offset. `salted`: codes
    and UIDs derive from the key and the release's salt, so that two releases share none.
    """

    patient: Annotated[
        Annotated[Literal["keyed", "random"], Tag("word")] | Annotated[Table, Tag("table")],
        Discriminator(lambda value: "table" if isinstance(value, Mapping | Table) else "word"),
    ] = "keyed"
    prefix: str = ""
    scope: Literal["patient", "study"] = "patient"
    salted: bool = False

    @field_validator("patient", mode="before")
    @classmethod
    def _patient(cls, value: object) -> object:
        if value not in ("keyed", "random") and not isinstance(value, Mapping | Table):
            raise ValueError("patient is not keyed, random or {table: codes.csv}; write one of the three")
        return value

    @field_validator("prefix")
    @classmethod
    def _prefix(cls, prefix: str) -> str:
        room = SH_LENGTH - CODE_CHARACTERS
        if len(prefix) > room or not re.fullmatch(r"[A-Za-z0-9_-]*", prefix):
            raise ValueError(f"prefix is not at most {room} letters, digits, - and _; shorten it")
        return prefix

    @model_validator(mode="after")
    def _table_goes_alone(self) -> Identifiers:
        if isinstance(self.patient, Table) and (self.prefix or self.scope == "study"):
            message = "codes from a table take no prefix and no scope study; delete those or write patient: keyed"
            raise ValueError(message)
        return self


class Uids(Form):
    """Where new UIDs live: below `root`, or with None below 2.25."""

    root: str | None = None

    @field_validator("root")
    @classmethod
    def _root(cls, root: str | None) -> str | None:
        return None if root is None else uid_root(root)


class Dates(Form):
    """How far back dates move: 1 to `range_days` days, the same for all of a patient's."""

    range_days: int = Field(default=3650, ge=1, le=36500)
    whole_weeks: bool = False

    @model_validator(mode="after")
    def _a_week_at_least(self) -> Dates:
        if self.whole_weeks and self.range_days < 7:  # noqa: PLR2004  days of a week
            raise ValueError("whole_weeks needs range_days of at least 7; raise it or write whole_weeks: false")
        return self


class Ages(Form):
    """How ages are told: over `pool_over` years as one age, in bins of `bin_years`; None: not done."""

    pool_over: int | None = Field(default=89, ge=1, le=120)
    bin_years: int | None = Field(default=None, ge=2, le=50)


class AtRisk(Form):
    """What becomes of pixels that may show text or a face and that nothing has cleared."""

    text: Literal["keep", "quarantine"] = "quarantine"
    face: Literal["keep", "quarantine"] = "quarantine"


class Private(Form):
    """Of which private creators safe attributes are retained; an empty tuple is all of them."""

    creators: Names = ()


class Rule(Form):
    """One exception: an attribute or a family of them, what is done, and why."""

    attribute: str
    action: Action
    reason: str
    value: str | None = None
    width: float | None = None
    length: int | None = None
    find: str | None = None
    replace: str | None = None

    @field_validator("attribute")
    @classmethod
    def _attribute(cls, text: str) -> str:
        selector(text)
        return text.strip()

    @field_validator("action", mode="before")
    @classmethod
    def _action(cls, value: object) -> object:
        if value in list(Action):
            return value
        words = " ".join(Action)
        letter = _LETTERS.get(value) if isinstance(value, str) else None
        hint = f"to {_MEANINGS[letter or 'X']} an attribute write {letter or 'X'}"
        shown = f' "{value}"' if isinstance(value, str) and len(value) <= 16 else ""  # noqa: PLR2004  a word, no value
        raise ValueError(f"action{shown} is not one of {words}; {hint}")

    @field_validator("reason")
    @classmethod
    def _reason(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("reason is empty; say in a few words why this attribute is an exception")
        return text.strip()

    @model_validator(mode="after")
    def _whole(self) -> Rule:
        self._refuse_wrong_arguments()
        chosen = self.selector
        if chosen.exact and chosen.creator is None and holds_the_pixels(chosen.bits) and self.action is not Action.K:
            message = f"{chosen.text} says how the instance is to be read; without it nothing can be: delete the rule"
            raise ValueError(message)
        if self.retaining and chosen.private_only and chosen.creator is None:
            message = (
                f"{chosen.text}: private attributes are retained by creator only, the same numbers mean other things "
                f"with another; write (gggg,'CREATOR',ee)"
            )
            raise ValueError(message)
        vrs = chosen.vrs()
        if vrs and not any(map(self.can_act_on, vrs)):
            vr = "/".join(sorted(vrs))
            hint = "write a whole width" if vrs <= VRS.get(self.action, vrs) else "choose another action"
            raise ValueError(f"{self.action} as it stands cannot act on {chosen.text}, whose VR is {vr}; {hint}")
        if self.action is Action.REPLACE:
            self._refuse_invalid_value(vrs)
        return self

    def _refuse_wrong_arguments(self) -> None:
        wanted = ARGUMENTS.get(self.action, ())
        for name in ("value", "width", "length", "find", "replace"):
            given = getattr(self, name) is not None
            if given and name not in wanted:
                message = f"{name} is no argument of {self.action}; delete it or choose the action that takes it"
                raise ValueError(message)
            if not given and name in wanted:
                raise ValueError(f"{self.action} needs {name}; add {name}: …")
        if self.width is not None and not 0 < self.width < float("inf"):
            raise ValueError("width is not above 0; write the width of a bin in the attribute's unit")
        if self.length is not None and self.length < 1:
            raise ValueError("length is not at least 1; to empty the attribute write action: Z")
        if self.find is not None:
            _refuse_expression(self.find, self.replace or "")

    def _refuse_invalid_value(self, vrs: Iterable[str]) -> None:
        for vr in vrs:
            try:
                validate_value(vr, self.value, config.RAISE)
            except ValueError:
                raise ValueError(f"value is not valid for the VR {vr} (PS3.5 6.2); write one that is") from None
        if self.value == "":
            raise ValueError("value is empty; to empty the attribute write action: Z")

    @property
    def selector(self) -> Selector:
        """Which attributes are meant."""
        return selector(self.attribute)

    @property
    def retaining(self) -> bool:
        """True when anything of the old value may stay."""
        return self.action not in {Action.X, Action.Z, Action.D, Action.U, Action.REPLACE}

    def can_act_on(self, vr: str) -> bool:
        """Return whether the action can act on values of a VR; whole numbers need bins of whole width."""
        if vr in _WHOLE_VRS and self.width is not None and not self.width.is_integer():
            return False
        return self.action not in VRS or vr in VRS[self.action]

    @property
    def arguments(self) -> Mapping[str, str | float | int]:
        """The verb's arguments by name."""
        return {name: getattr(self, name) for name in ARGUMENTS.get(self.action, ())}


def holds_the_pixels(tag: int) -> bool:
    """Return whether an attribute says how the instance is to be read: no rule may touch it.

    SOP Class, character set, the description of the pixels with their palettes, and the pixels.
    """
    return any(tag in span for span in _PIXELS)


def _refuse_expression(find: str, replace: str) -> None:
    try:
        expression = re.compile(find)
        # Groups that `replace` names and `find` has not: only a substitution tells.
        re.compile(f"(?:{find})?").sub(replace, "")
    except (re.error, IndexError, RecursionError, OverflowError):
        message = "find and replace are no regular expression of Python; mend the brackets, groups and backslashes"
        raise ValueError(message) from None
    if expression.match(""):
        raise ValueError("find matches the empty text, so it would match everywhere; make it match something")


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'"{name}" is listed twice; keep one')
    return names
