"""The blocks of a recipe about pixels: burned-in text and faces, with what people decided in the reviews."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from dicomlab.recipe.model import Form


def _box(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = box
    if not (0 <= x0 < x1 and 0 <= y0 < y1):
        raise ValueError("box is not [x0, y0, x1, y1] with 0 <= x0 < x1 and 0 <= y0 < y1; pixels, upper bounds open")
    return box


Box = Annotated[tuple[int, int, int, int], AfterValidator(_box)]
Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class TextDecision(Form):
    """What a person decided about one rectangle of the pixels: for a series, or for all images of a kind of scanner.

    `series` is `fingerprint` of the Series Instance UID, `scanner` what `scanner_of` returns: neither names a patient.
    `box`: columns x0 to x1 and rows y0 to y1, pixels, upper bounds open. `frame`: 0-based, None for all frames.
    """

    box: Box
    action: Literal["blank", "keep"]
    reason: str = Field(min_length=1)
    series: Fingerprint | None = None
    scanner: str | None = None
    frame: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_scope(self) -> TextDecision:
        if (self.series is None) == (self.scanner is None):
            raise ValueError("a decision is about a series or about a scanner; write one of the two")
        return self


class BurnedIn(Form):
    """How text burned in to pixels is found and removed (PS3.15 E.3.1).

    `blank`: mask, blur, or crop away. `keep`: kinds of text that identify nobody and may stay. `examine`: every image,
    or only those whose metadata tell of text. `decisions`: what people decided in the review.
    """

    blank: Literal["mask", "blur", "crop"] = "mask"
    keep: tuple[Literal["laterality", "scale", "units", "technique"], ...] = ()
    examine: Literal["all", "at-risk"] = "all"
    decisions: tuple[TextDecision, ...] = ()


class DefaceSettings(Form):
    """Where a face ends and a brain begins: few numbers, in millimetres of the drawn adult head.

    `skin_ct_hu`: Hounsfield units above which CT is no air; `skin_mr`: the same as a part of the way from air to
    Otsu's threshold (of PET told from the image). `brow_mm`: height above the eyes to which the face reaches; from
    10 mm before them on it falls backwards by `slope`. `back_mm`: how far behind the eyes it reaches. `shell_mm`: depth
    of skin removed below the brow in any case. `brain_margin_mm`: what is kept around the brain.
    """

    skin_ct_hu: float = Field(default=-300, ge=-900, le=200)
    skin_mr: float = Field(default=0.45, gt=0, le=2)
    brow_mm: float = Field(default=31, ge=0, le=60)
    slope: float = Field(default=0.45, ge=0, le=2)
    back_mm: float = Field(default=30, ge=0, le=100)
    shell_mm: float = Field(default=12, ge=0, le=40)
    brain_margin_mm: float = Field(default=4, ge=0, le=20)


class FaceDecision(Form):
    """What a person decided about one subject's head: settings that differ there, and why.

    `subject` is `fingerprint` of the Frame of Reference UID.
    """

    subject: Fingerprint
    reason: str = Field(min_length=1)
    settings: DefaceSettings


class Deface(DefaceSettings):
    """How faces are removed from volumes (PS3.15 E.3.2): settings for all heads, and decisions about single ones."""

    decisions: tuple[FaceDecision, ...] = ()

    def for_subject(self, subject: str) -> DefaceSettings:
        """Return the settings for one head: those of the last decision about it, else the recipe's."""
        own = [one.settings for one in self.decisions if one.subject == subject]
        return own[-1] if own else DefaceSettings(**self.model_dump(exclude={"decisions"}))


def fingerprint(uid: str) -> str:
    """Return 16 hexadecimal digits that stand for a UID in a recipe, so that the recipe holds no UID of a patient."""
    return sha256(f"dicomlab {uid}".encode()).hexdigest()[:16]


def scanner_of(manufacturer: str, model: str, rows: int, columns: int) -> str:
    """Return what stands for a kind of scanner and its screen in a recipe; no serial number, no station."""
    return f"{manufacturer.strip()}|{model.strip()}|{columns}x{rows}"
