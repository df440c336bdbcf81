"""The steward's own table of codes: which patient gets which, from a CSV file beside the recipe."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dicomlab.errors import RecipeError

LO_LENGTH = 64  # PS3.5 6.2
_COLUMNS = ("patient_id", "issuer", "code")
# A code also names the patient's folder in the release: nothing that a file system minds.
_CODE = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_ .=@+-]*[A-Za-z0-9_=@+-])?")


@dataclass(frozen=True)
class Codes:
    """Codes by (issuer, Patient ID); its text shows how many, never which."""

    rows: Mapping[tuple[str, str], str] = field(repr=False)

    def __repr__(self) -> str:
        """Show the number of patients alone."""
        return f"Codes({len(self.rows)} patients)"

    __str__ = __repr__

    def of(self, issuer: str, patient_id: str) -> str | None:
        """Return a patient's code: of that issuer, else of the row without issuer; None without a row."""
        issuer, patient_id = issuer.strip(), patient_id.strip()
        return self.rows.get((issuer, patient_id), self.rows.get(("", patient_id)))


def read_codes(path: Path) -> Codes:
    """Return the table in a CSV file with the columns patient_id, code and, if wanted, issuer.

    Columns may be separated by commas or semicolons. No message quotes a cell.

    Raises
    ------
    RecipeError
        Missing or unreadable file, missing column, empty cell, a patient or a code twice, a code
        that is no LO of at most 64 characters or cannot name a folder, a code that is a Patient ID.
    """
    where = f"table {path.name}"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        message = f"{where}: {(error.strerror or 'cannot be read').lower()}; put it there or mend the recipe's `table`"
        raise RecipeError(message) from None
    except UnicodeDecodeError:
        raise RecipeError(f"{where}: not UTF-8; save it as CSV UTF-8") from None
    return Codes(_rows(where, text))


def _rows(where: str, text: str) -> dict[tuple[str, str], str]:
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",", strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error:
        raise RecipeError(f"{where}, row {reader.line_num}: a quotation mark is not closed; mend the row") from None
    header = [name.lower() for name in lines[0][1]] if lines else []
    if not {"patient_id", "code"} <= set(header) or not set(header) <= set(_COLUMNS) or len(header) != len(set(header)):
        message = f"{where}, row 1: the columns are not patient_id, code and, if wanted, issuer; write that header"
        raise RecipeError(message)
    rows: dict[tuple[str, str], str] = {}
    taken: dict[str, int] = {}
    for number, cells in lines[1:]:
        if not any(cells):
            continue
        if wrong := _wrong(header, cells, rows, taken):
            raise RecipeError(f"{where}, row {number}: {wrong}")
        row = dict(zip(header, cells, strict=True))
        rows[row.get("issuer", ""), row["patient_id"]] = row["code"]
        taken[row["code"].casefold()] = number
    return _refuse_identifiers(where, rows, taken)


def _wrong(
    header: list[str], cells: list[str], rows: Mapping[tuple[str, str], str], taken: Mapping[str, int]
) -> str | None:
    if len(cells) != len(header):
        return f"{len(cells)} cells under {len(header)} columns; mend the row"
    row = dict(zip(header, cells, strict=True))
    if not row["patient_id"] or not row["code"]:
        return "patient_id or code is empty; fill it in or delete the row"
    if (row.get("issuer", ""), row["patient_id"]) in rows:
        return "this patient has a row already; keep one"
    return _wrong_code(row["code"], taken)


def _wrong_code(code: str, taken: Mapping[str, int]) -> str | None:
    if code.casefold() in taken:
        return f"the code is that of row {taken[code.casefold()]}; give each patient a code of its own"
    if len(code) > LO_LENGTH:
        return f"the code has more than {LO_LENGTH} characters, which Patient ID (LO) cannot hold; shorten it"
    if not _CODE.fullmatch(code):
        return "the code has characters that cannot name a folder; use letters, digits, space and . _ - = @ +"
    return None


def _refuse_identifiers(
    where: str, rows: dict[tuple[str, str], str], taken: Mapping[str, int]
) -> dict[tuple[str, str], str]:
    """Return `rows` unless a code is itself a Patient ID of the table."""
    for _, patient_id in rows:
        if patient_id.casefold() in taken:
            row = taken[patient_id.casefold()]
            raise RecipeError(f"{where}, row {row}: the code is a Patient ID of this table; choose another")
    if not rows:
        raise RecipeError(f"{where}: no row below the header; add the patients")
    return rows
