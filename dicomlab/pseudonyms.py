"""The project's key, and what follows from it: UIDs, identifiers and date offsets.

Every pseudonym is a function of (key, domain, value): the same on every worker, on every day and in
any order, and worthless without the key. Nothing is remembered and nothing is drawn at random, but
for new keys and for codes that must derive from nothing.

References
----------
PS3.15 E.3.6 (dates that keep their intervals), E.3.9 and PS3.5 B.2 (UIDs derived from a UUID, below
``2.25.``), RFC 9562 5.8 (version 8 UUID), RFC 2104 (HMAC).
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
import uuid
from base64 import b32encode
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, NoReturn, Self

from dicomlab.errors import KeyFileError

KEY_VARIABLE = "DICOMLAB_KEY_FILE"
KEY_BYTES = 32
SALT_BYTES = 16  # the least that makes a release's salt unguessable
UID_LENGTH = 64  # PS3.5 9.1
UID_DIGITS = 27  # the least below a root: 90 bits, so that no two instances ever meet
CODE_CHARACTERS = 10  # the least after a prefix: 50 bits, a million patients without a collision
SH_LENGTH = 16  # PS3.5 6.2: the shortest VR that holds an identifier

Value = str | tuple[str, ...]

_ROOT = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*\.?")
_DATE = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})|\.([0-9]{2})\.([0-9]{2}))")
_TIME = re.compile(
    r"(?:(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?)?)?)?(?:[+-](?:0[0-9]|1[0-4])[0-5][0-9])?"
)
# Base 32 without A E I O, so that no code spells a name or a word.
_WITHOUT_VOWELS = str.maketrans("AEIO", "0189")
_PADDING = " \0"
_NO_PATIENT_ID = "\\study"  # no issuer can be this: a backslash separates values


class Key:
    """The secret of a project: 32 random bytes that no text, copy or pickle of it shows.

    Whoever holds the key can tie pseudonyms to patients again; it lives in a file of mode 0600 and
    is handed on as the path of that file, never as a value.
    """

    __slots__ = ("_secret",)
    _secret: bytes

    def __init__(self, secret: bytes, /) -> None:
        """Hold `secret`, which must be 32 bytes."""
        if len(secret) != KEY_BYTES:
            raise KeyFileError(f"a key is {KEY_BYTES} bytes; make one with `dicomlab key new FILE`")
        object.__setattr__(self, "_secret", secret)

    @classmethod
    def new(cls) -> Self:
        """Return a key of fresh random bytes from the operating system."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Return the key in a file: 64 hexadecimal digits, readable by its owner alone.

        Raises
        ------
        KeyFileError
            No such file, not a regular file, readable or writable by group or others, or no key.
        """
        place = Path(path)
        try:
            with place.open("rb") as file:
                status = os.fstat(file.fileno())
                _refuse_shared(place, status.st_mode)
                key = cls._parse(file.read(1024))
        except OSError as error:
            raise KeyFileError(f"key file {place}: {_cause(error)}; make one with `dicomlab key new {place}`") from None
        if key is None:
            message = f"key file {place}: not 64 hexadecimal digits; give the path of a file made by `dicomlab key new`"
            raise KeyFileError(message)
        return key

    @classmethod
    def _parse(cls, content: bytes) -> Self | None:
        # Answers None rather than raising, so that no traceback has the content among its locals.
        if re.fullmatch(rb"[0-9a-fA-F]{64}\s*", content) is None:
            return None
        return cls(bytes.fromhex(content.decode("ascii")))

    @classmethod
    def from_environment(cls) -> Self:
        """Return the key in the file that DICOMLAB_KEY_FILE names.

        Raises
        ------
        KeyFileError
            The variable is not set, or as in `read`.
        """
        path = os.environ.get(KEY_VARIABLE)
        if not path:
            raise KeyFileError(f"{KEY_VARIABLE} is not set; set it to the path of the key file")
        return cls.read(path)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the key to a new file of mode 0600; an existing file is never overwritten.

        Raises
        ------
        KeyFileError
            The file exists, or cannot be made.
        """
        place = Path(path)
        try:
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            message = f"key file {place} exists and a lost key cannot be made again; choose another name"
            raise KeyFileError(message) from None
        except OSError as error:
            raise KeyFileError(f"key file {place}: {_cause(error)}; choose a folder that you may write to") from None
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._secret.hex().encode("ascii") + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            place.unlink(missing_ok=True)  # half a key looks like a key
            raise KeyFileError(f"key file {place}: {_cause(error)}; free some space or choose another folder") from None

    def for_release(self, salt: bytes) -> Key:
        """Return the subkey of one release: nothing made with it links to another release.

        Parameters
        ----------
        salt
            At least 16 random bytes, kept in the release's private folder.
        """
        if len(salt) < SALT_BYTES:
            raise ValueError(f"a release's salt has at least {SALT_BYTES} bytes")
        return Key(self._digest("release", salt.hex()))

    def for_study(self, study_uid: str) -> Key:
        """Return the subkey of one study: nothing made with it links to another study of the patient."""
        return Key(self._digest("study", study_uid.strip(_PADDING)))

    def secret(self) -> bytes:
        """Return the 32 bytes, for a worker process that cannot read the key file itself."""
        return self._secret

    @property
    def fingerprint(self) -> str:
        """Eight characters that tell keys apart and give nothing of the key away."""
        return self._digest("fingerprint", "").hex()[:8]

    def _digest(self, domain: str, value: Value) -> bytes:
        """Return HMAC-SHA256 over domain and value, each with its length so that no two pairs meet."""
        parts = [domain, *((value,) if isinstance(value, str) else value)]
        encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
        return hmac.digest(self._secret, b"".join(b"%d:%b" % (len(part), part) for part in encoded), "sha256")

    def __repr__(self) -> str:
        """Show that it is a key, and nothing of it."""
        return "Key(▒▒▒▒▒▒)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Format the blocks, never the bytes."""
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        """Equal when the bytes are, compared in constant time."""
        return isinstance(other, Key) and hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        """Hash of the fingerprint."""
        return hash(self.fingerprint)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: a key never changes."""
        raise AttributeError("a key never changes; make another one")

    def __copy__(self) -> Self:
        """Return itself: it never changes."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Return itself: it never changes."""
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse pickling: a pickle would hold the key in plain bytes."""
        raise TypeError("a key is not pickled; pass the path of the key file and read it there")

    def __getstate__(self) -> NoReturn:
        """Refuse: as pickling."""
        self.__reduce_ex__(0)


def uid(key: Key, value: str, root: str | None = None) -> str:
    """Return the new UID of an old one: valid, at most 64 characters, the same for the same key.

    Padding (spaces, NUL) around `value` does not count. Well-known UIDs are the caller's business.

    Parameters
    ----------
    root
        None for ``2.25.`` and a version 8 UUID; else the organisation's root, with or without its
        last dot, at most 36 characters, below which 27 to 39 digits follow.

    Raises
    ------
    ValueError
        `root` is no UID or too long.

    References
    ----------
    PS3.5 9.1 and B.2; RFC 9562 5.8.
    """
    digest = key._digest("uid", value.strip(_PADDING))  # noqa: SLF001  the key keeps its bytes to this module
    if root is None:
        number = int.from_bytes(digest[:16], "big")
        number = number & ~(0xF << 76) | 8 << 76  # version 8
        number = number & ~(0x3 << 62) | 2 << 62  # variant of RFC 9562
        return f"2.25.{uuid.UUID(int=number).int}"
    stem = uid_root(root)
    digits = min(39, UID_LENGTH - len(stem))
    first, rest = 10 ** (digits - 1), int.from_bytes(digest, "big")
    return f"{stem}{first + rest % (9 * first)}"


def uid_root(root: str) -> str:
    """Return `root` with its last dot when UIDs can be made below it.

    Raises
    ------
    ValueError
        `root` is no UID, or so long that fewer than 27 digits would fit below it.
    """
    stem = root.rstrip(".") + "."
    if not _ROOT.fullmatch(root) or int(stem.partition(".")[0]) > 2:  # noqa: PLR2004  ISO 9834-1: three arcs
        message = 'a UID root is numbers with dots between them, the first 0, 1 or 2; write one such as "1.2.3."'
        raise ValueError(message)
    if len(stem) > UID_LENGTH - UID_DIGITS:
        most = UID_LENGTH - UID_DIGITS - 1
        message = f"a UID root has at most {most} characters, so that {UID_DIGITS} digits follow; write a shorter one"
        raise ValueError(message)
    return stem


def identifier(key: Key, domain: str, value: Value, *, length: int = SH_LENGTH, prefix: str = "") -> str:
    """Return the code of an identifier: `prefix` and capital letters and digits, `length` in all.

    Codes of two domains have nothing in common. Spaces and NUL around a value do not count. The
    letters A E I O are never used, so that no code spells a name.

    Parameters
    ----------
    domain
        What the value is, such as ``patient`` or ``AccessionNumber``.
    value
        The old identifier, or several parts that together are one.
    length
        Characters in all, at least 10 more than the prefix has; 16 fits the VR SH.

    Raises
    ------
    ValueError
        The prefix leaves fewer than 10 characters.
    """
    parts = (value,) if isinstance(value, str) else value
    return _code(key._digest("identifier:" + domain, tuple(p.strip(_PADDING) for p in parts)), length, prefix)  # noqa: SLF001  as above


def random_identifier(*, length: int = SH_LENGTH, prefix: str = "") -> str:
    """Return a code that derives from nothing; whoever needs it again must store it.

    Raises
    ------
    ValueError
        The prefix leaves fewer than 10 characters.
    """
    return _code(secrets.token_bytes(KEY_BYTES), length, prefix)


def _code(digest: bytes, length: int, prefix: str) -> str:
    room = length - len(prefix)
    if room < CODE_CHARACTERS:
        raise ValueError(f"a prefix leaves at least {CODE_CHARACTERS} of {length} characters; shorten it")
    return prefix + b32encode(digest).decode("ascii").rstrip("=").translate(_WITHOUT_VOWELS)[:room]


def patient_of(
    issuer: str | None, patient_id: str | None, study_uid: str, *, scope: Literal["patient", "study"] = "patient"
) -> tuple[str, str]:
    """Return who an instance is about: (issuer, Patient ID), or the study when there is no Patient ID.

    With the scope ``study`` always the study, so that no two studies of one patient can be linked.
    The result identifies the patient: it is for `identifier` and `date_offset_days`, never for a log.
    """
    known = (patient_id or "").strip(_PADDING)
    if scope == "study" or not known:
        return _NO_PATIENT_ID, study_uid.strip(_PADDING)
    return (issuer or "").strip(_PADDING), known


def date_offset_days(key: Key, patient: tuple[str, str], *, range_days: int, whole_weeks: bool) -> int:
    """Return the days to add to every date of one patient: negative, from -`range_days` to -1.

    Backwards, so that no date lies in the future; whole weeks keep the day of the week.

    Raises
    ------
    ValueError
        `range_days` leaves no offset: below 1, or below 7 with `whole_weeks`.

    References
    ----------
    PS3.15 E.3.6.
    """
    step = 7 if whole_weeks else 1
    choices = range_days // step
    if choices < 1:
        message = f"range_days is at least {step}" + (" with whole_weeks" if whole_weeks else "")
        raise ValueError(message)
    return -step * (1 + int.from_bytes(key._digest("dates", patient), "big") % choices)  # noqa: SLF001  as above


def shift_date(value: str, days: int, vr: Literal["DA", "DT"]) -> str | None:
    """Return one date moved by `days`, in DICOM's form, or None when it cannot be moved exactly.

    Of a DT the time, its fraction and the UTC suffix stay as they are. The form ``YYYY.MM.DD`` of
    ACR-NEMA is understood and becomes ``YYYYMMDD``. None for an empty, partial or invalid date and
    for one that would leave the years 1 to 9999: the caller then does what the Basic Profile says.

    Raises
    ------
    ValueError
        `vr` is neither DA nor DT.

    References
    ----------
    PS3.5 6.2 (DA, DT); PS3.15 E.3.6.
    """
    if vr not in {"DA", "DT"}:
        raise ValueError("only DA and DT can be shifted")
    text = value.strip(_PADDING)
    found = _DATE.match(text)
    if found is None:
        return None
    rest = text[found.end() :]
    if not (_TIME.fullmatch(rest) if vr == "DT" else not rest):
        return None
    year, month, day = (int(group) for group in found.groups() if group is not None)
    try:
        moved = date(year, month, day) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}{rest}"


def _refuse_shared(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise KeyFileError(f"key file {path}: not a regular file; give the path of a file made by `dicomlab key new`")
    if os.name == "posix" and mode & 0o077:
        raise KeyFileError(f"key file {path}: group or others may use it; run `chmod 600 {path}`")


def _cause(error: OSError) -> str:
    return (error.strerror or "cannot be used").lower()
