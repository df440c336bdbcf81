"""Where a run reads and writes: the release, the private folder beside it, and what must not be."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from dicomlab import recipe as recipes
from dicomlab.errors import KeyFileError, ReleaseError, SourceError
from dicomlab.files import cannot_write, write_atomic
from dicomlab.pseudonyms import KEY_VARIABLE, Key, random_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dicomlab.recipe import Recipe

MANIFEST, CROSSWALK, PROGRESS, RUN_FILE = "manifest.jsonl", "crosswalk.csv", "progress", "run.json"
_SALT_BYTES = 16
_CODES_HEAD = ("issuer", "patient_id", "code")


def as_recipe(recipe: str | Path | Recipe) -> Recipe:
    """Return a recipe given by name, by path or as itself."""
    return recipe if isinstance(recipe, recipes.Recipe) else recipes.load(recipe)


@dataclass(frozen=True)
class Layout:
    """The three folders of a run, checked against each other."""

    source: Path
    release: Path
    private: Path

    @classmethod
    def of(cls, source: str | Path, release: str | Path, private: str | Path | None = None) -> Layout:
        """Return the folders of a run; `private` defaults to ``RELEASE-private`` beside the release.

        Raises
        ------
        SourceError
            The source does not exist.
        ReleaseError
            Two of the folders are the same, or one lies in another.
        """
        came, out = Path(source).resolve(), Path(release).resolve()
        hidden = Path(private).resolve() if private is not None else out.with_name(out.name + "-private")
        if not came.exists():
            raise SourceError("the source does not exist; give a folder, or a file, that does")
        pairs = (
            ("the release", out, "the source", came if came.is_dir() else came.parent),
            ("the private folder", hidden, "the source", came if came.is_dir() else came.parent),
            ("the private folder", hidden, "the release", out),
        )
        for one, a, other, b in pairs:
            beside_a_file = came.is_file() and other == "the source"  # below the folder of a single file is no harm
            if a == b or a in b.parents or (b in a.parents and not beside_a_file):
                message = f"{one} and {other} are the same folder or one lies in the other; choose a folder beside it"
                raise ReleaseError(message)
        return cls(came, out, hidden)

    def prepare(self, token: dict[str, str], *, overwrite: bool) -> bool:
        """Make the folders ready; return True when an interrupted run with the same token is to go on.

        Raises
        ------
        ReleaseError
            The release is not empty and is no interrupted run of the same recipe, key and source.
        """
        told = self._told()
        unfinished = told if (self.private / PROGRESS).is_dir() else {}
        if unfinished == token:
            return True
        if told and told.get("release") != token["release"]:
            message = (
                "the private folder belongs to another release, and its crosswalk would be lost; "
                "choose another one, and give this one's key with --key"
            )
            raise ReleaseError(message)
        there = self.release.exists() and any(self.release.iterdir())
        if unfinished and there and not overwrite:
            message = (
                "the release was begun with another recipe, key or source; run that again to finish it, "
                "or give --overwrite to start anew"
            )
            raise ReleaseError(message)
        if there:
            if not overwrite:
                message = "the release is not empty; choose an empty folder, or give --overwrite to replace it"
                raise ReleaseError(message)
            if not unfinished and not self._holds_ours():
                message = (
                    "the folder is not empty and holds no release of ours, so it is not overwritten; empty it yourself"
                )
                raise ReleaseError(message)
        try:
            if there:
                self._remove_release()
            shutil.rmtree(self.private / PROGRESS, ignore_errors=True)
            shutil.rmtree(self.private / "quarantine", ignore_errors=True)
            self.release.mkdir(parents=True, exist_ok=True)
            self.make_private()
            (self.private / PROGRESS).mkdir(mode=0o700)
        except OSError as error:
            raise cannot_write(error) from error
        write_atomic(self.private / RUN_FILE, [json.dumps(token, indent=1).encode()], mode=0o600)
        return False

    def make_private(self) -> None:
        """Make the private folder, for its owner only."""
        self.private.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.private.chmod(0o700)

    def place(self) -> str:
        """Return where the release lies, as seen from the private folder: both may be moved together."""
        return os.path.relpath(self.release, self.private)

    def _told(self) -> dict[str, str]:
        """Return the token of the last run that used the private folder, empty when there was none."""
        try:
            token = json.loads((self.private / RUN_FILE).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in token.items()} if isinstance(token, dict) else {}

    def _holds_ours(self) -> bool:
        """Return whether the release folder holds a manifest as `run` writes it: nothing else is ever removed."""
        try:
            with (self.release / MANIFEST).open(encoding="utf-8") as lines:
                first = json.loads(lines.readline())
        except (OSError, ValueError):
            return False
        return isinstance(first, dict) and {"ordinal", "state"} <= first.keys()

    def finish(self) -> None:
        """Drop what was needed to go on."""
        shutil.rmtree(self.private / PROGRESS, ignore_errors=True)

    def _remove_release(self) -> None:
        for path in sorted(self.release.iterdir(), key=lambda p: p.name == MANIFEST):  # last: it says that this is ours
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def key(self, given: str | os.PathLike[str] | Key | None) -> Key:
        """Return the key: given, from the environment, or the private folder's own, made when there is none.

        Raises
        ------
        KeyFileError
            A given key file is missing, no key, or readable by others.
        """
        if isinstance(given, Key):
            return given
        if given is not None:
            return Key.read(given)
        if os.environ.get(KEY_VARIABLE):
            return Key.from_environment()
        file = self.private / "key"
        return Key.read(file) if file.exists() else Key.new()

    def keep_key(self, key: Key, given: object) -> None:
        """Write a key that was made for this run to the private folder."""
        file = self.private / "key"
        if given is None and not os.environ.get(KEY_VARIABLE) and not file.exists():
            key.write(file)

    def salt(self) -> bytes:
        """Return the release's random salt, made once and kept in the private folder."""
        file = self.private / "salt"
        if not file.exists():
            write_atomic(file, [token_hex(_SALT_BYTES).encode()], mode=0o600)
        return bytes.fromhex(file.read_text("ascii"))

    def random_codes(self, patients: Iterable[tuple[str, str]], prefix: str) -> dict[tuple[str, str], str]:
        """Return codes that derive from nothing; their map lies in the private folder and is used again.

        Raises
        ------
        KeyFileError
            The map of an earlier run is not whole.
        """
        file = self.private / "codes.csv"
        known: dict[tuple[str, str], str] = {}
        if file.exists():
            with file.open(encoding="utf-8", newline="") as lines:
                rows = list(csv.reader(lines))
            if any(len(r) != len(_CODES_HEAD) for r in rows):
                message = "codes.csv in the private folder is not whole; restore it, the codes derive from nothing else"
                raise KeyFileError(message)
            known = {(r[0], r[1]): r[2] for r in rows[1:]}
        for patient in sorted(set(patients) - set(known)):
            known[patient] = random_identifier(prefix=prefix)
        write_rows(file, _CODES_HEAD, [(*p, c) for p, c in sorted(known.items())])
        return known


def write_rows(path: Path, head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Write a CSV of the private folder, for its owner only."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    write_atomic(path, [text.getvalue().encode("utf-8", "surrogateescape")], mode=0o600)
