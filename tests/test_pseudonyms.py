"""Pseudonyms: functions of key and value, valid for their VR, and a key that nothing shows."""

from __future__ import annotations

import copy
import logging
import os
import pickle
import re
import traceback
import uuid
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dicomlab.errors import KeyFileError
from dicomlab.pseudonyms import Key, date_offset_days, identifier, patient_of, random_identifier, shift_date, uid

COUNTING = Key(bytes(range(32)))
OTHER = Key(bytes(range(1, 33)))
COUNTING_HEX = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

keys = st.binary(min_size=32, max_size=32).map(Key)
values = st.text(st.characters(codec="utf-8"), max_size=80)
uids = st.lists(st.integers(0, 10**12), min_size=2, max_size=5).map(lambda parts: ".".join(map(str, parts)))
days = st.dates(date(1900, 1, 1), date(2100, 12, 31))


def da(day: date) -> str:
    return day.strftime("%Y%m%d")


# UIDs


def test_a_uid_is_the_one_worked_out_with_openssl() -> None:
    # printf '3:uid5:1.2.3' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0001…1f, first 16 bytes, version and
    # variant bits set by hand.
    assert uid(COUNTING, "1.2.3") == f"2.25.{uuid.UUID('7a5e3c6e-a586-8e5a-a025-04ae320d46c9').int}"


@given(keys, values, st.sampled_from([None, "1.2.3", "1.2.840.99999.", "2." + "9" * 34]))
def test_a_new_uid_is_valid_and_at_most_64_characters(key, value, root) -> None:
    new = uid(key, value, root)
    assert len(new) <= 64
    assert re.fullmatch(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+", new)
    assert new.startswith("2.25." if root is None else root.rstrip(".") + ".")


@given(keys, uids)
def test_a_uid_below_2_25_is_a_version_8_uuid(key, value) -> None:
    made = uuid.UUID(int=int(uid(key, value).removeprefix("2.25.")))
    assert made.version == 8
    assert made.variant == uuid.RFC_4122


@given(keys, uids, uids, st.sampled_from([None, "1.2.3."]))
def test_two_uids_never_share_a_new_one(key, one, two, root) -> None:
    assume(one != two)
    assert uid(key, one, root) != uid(key, two, root)


def test_a_hundred_thousand_uids_stay_apart_below_the_longest_root() -> None:
    root = "1." + "2" * 34
    assert len({uid(COUNTING, f"1.2.{number}", root) for number in range(100_000)}) == 100_000


@pytest.mark.parametrize("padded", ["1.2.3\0", "1.2.3 ", " 1.2.3", "1.2.3 \0"])
def test_padding_around_a_uid_does_not_count(padded) -> None:
    assert uid(COUNTING, padded) == uid(COUNTING, "1.2.3")


def test_a_root_is_taken_with_and_without_its_last_dot() -> None:
    assert uid(COUNTING, "1.2.3", "1.2.40") == uid(COUNTING, "1.2.3", "1.2.40.")


@pytest.mark.parametrize("root", ["", ".", "1..2", "1.02", "3.1", "a.b", "1.2 ", "1." + "2" * 36])
def test_a_root_that_leads_to_no_valid_uid_is_refused(root) -> None:
    with pytest.raises(ValueError, match="a UID root"):
        uid(COUNTING, "1.2.3", root)


# Identifiers


def test_an_identifier_is_the_one_worked_out_with_openssl_and_base32() -> None:
    # printf '18:identifier:patient0:4:1234' | openssl …; first ten bytes through base32 give V5HOOQBKTQOVMR36,
    # in which O becomes 9.
    assert identifier(COUNTING, "patient", ("", "1234")) == "V5H99QBKTQ9VMR36"


@given(keys, values, st.integers(10, 16))
def test_an_identifier_fits_the_vr_sh_and_spells_no_word(key, value, length) -> None:
    code = identifier(key, "patient", value, length=length)
    assert len(code) == length
    assert re.fullmatch(r"[0-9B-DF-HJ-NP-Z]+", code)


@given(keys, values, values)
def test_two_identifiers_never_share_a_code(key, one, two) -> None:
    assume(one.strip(" \0") != two.strip(" \0"))
    assert identifier(key, "patient", one) != identifier(key, "patient", two)


@given(keys, st.tuples(values, values), st.tuples(values, values))
def test_parts_that_join_to_the_same_text_stay_apart(key, one, two) -> None:
    assume([p.strip(" \0") for p in one] != [p.strip(" \0") for p in two])
    assert identifier(key, "patient", one) != identifier(key, "patient", two)
    assert identifier(key, "patient", ("ab", "c")) != identifier(key, "patient", ("a", "bc"))


def test_domains_have_no_code_in_common() -> None:
    assert identifier(COUNTING, "patient", "1234") != identifier(COUNTING, "AccessionNumber", "1234")


def test_a_prefix_counts_within_the_length() -> None:
    code = identifier(COUNTING, "patient", "1234", prefix="R-")
    assert code.startswith("R-")
    assert len(code) == 16


def test_a_prefix_that_leaves_too_little_room_is_refused() -> None:
    with pytest.raises(ValueError, match="prefix"):
        identifier(COUNTING, "patient", "1234", prefix="SEVENTY")


def test_a_random_identifier_derives_from_nothing() -> None:
    codes = {random_identifier(prefix="R-") for _ in range(1000)}
    assert len(codes) == 1000
    assert all(len(code) == 16 for code in codes)


# Another key


@given(keys, keys, st.lists(values, min_size=1, max_size=20, unique_by=lambda value: value.strip(" \0")))
def test_another_key_gives_nothing_in_common(one, two, old) -> None:
    assume(one != two)

    def made(key: Key) -> set[str]:
        return {uid(key, value) for value in old} | {identifier(key, "patient", value) for value in old}

    assert not made(one) & made(two)


def test_the_subkey_of_a_release_gives_nothing_in_common_with_its_key_or_another_release() -> None:
    first, second = COUNTING.for_release(b"1" * 16), COUNTING.for_release(b"2" * 16)
    assert len({uid(key, "1.2.3") for key in (COUNTING, first, second)}) == 3
    assert uid(first, "1.2.3") == uid(COUNTING.for_release(b"1" * 16), "1.2.3")


def test_a_salt_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="salt"):
        COUNTING.for_release(b"short")


# Dates


@given(keys, st.tuples(values, values), st.integers(1, 36500))
def test_an_offset_is_negative_and_within_its_range(key, patient, range_days) -> None:
    assert -range_days <= date_offset_days(key, patient, range_days=range_days, whole_weeks=False) <= -1


@given(keys, st.tuples(values, values), st.integers(7, 36500))
def test_an_offset_of_whole_weeks_keeps_the_day_of_the_week(key, patient, range_days) -> None:
    offset = date_offset_days(key, patient, range_days=range_days, whole_weeks=True)
    assert offset % 7 == 0
    assert -range_days <= offset <= -7


def test_offsets_fill_their_range() -> None:
    found = {date_offset_days(COUNTING, ("", str(n)), range_days=5, whole_weeks=False) for n in range(200)}
    assert found == {-1, -2, -3, -4, -5}


def test_a_patient_of_two_issuers_is_two_patients() -> None:
    offsets = {date_offset_days(COUNTING, (issuer, "1"), range_days=36500, whole_weeks=False) for issuer in "ABCDE"}
    assert len(offsets) == 5


@pytest.mark.parametrize(("range_days", "whole_weeks"), [(0, False), (-5, False), (6, True)])
def test_a_range_without_an_offset_is_refused(range_days, whole_weeks) -> None:
    with pytest.raises(ValueError, match="range_days"):
        date_offset_days(COUNTING, ("", "1"), range_days=range_days, whole_weeks=whole_weeks)


@given(days, days, st.integers(-36500, -1))
def test_shifting_keeps_intervals(one, two, offset) -> None:
    moved = [shift_date(da(day), offset, "DA") for day in (one, two)]
    parsed = [date(int(text[:4]), int(text[4:6]), int(text[6:])) for text in moved if text]
    assert parsed[1] - parsed[0] == two - one
    assert parsed[0] - one == timedelta(days=offset)


@pytest.mark.parametrize(
    ("value", "offset", "moved"),
    [
        ("20240301", -1, "20240229"),  # a leap year
        ("20230301", -1, "20230228"),
        ("20000301", -1, "20000229"),  # divisible by 400
        ("19000301", -1, "19000228"),  # divisible by 100 alone
        ("20240229", -366, "20230228"),
        ("20240101", -1, "20231231"),
        ("20240229", -1461, "20200229"),
        ("00010102", -1, "00010101"),
        ("2024.03.01", -1, "20240229"),  # the form of ACR-NEMA
        ("20240301 ", -1, "20240229"),
        ("20240301\0", -1, "20240229"),
    ],
)
def test_a_date_moves_exactly(value, offset, moved) -> None:
    assert shift_date(value, offset, "DA") == moved


@pytest.mark.parametrize(
    ("value", "moved"),
    [
        ("20240301", "20240229"),
        ("2024030112", "2024022912"),
        ("202403011230", "202402291230"),
        ("20240301123059", "20240229123059"),
        ("20240301123060", "20240229123060"),  # a leap second
        ("20240301123059.1", "20240229123059.1"),
        ("20240301123059.123456", "20240229123059.123456"),
        ("20240301123059.123456+0100", "20240229123059.123456+0100"),
        ("20240301-0530", "20240229-0530"),
        ("2024030100+1400", "2024022900+1400"),
    ],
)
def test_a_date_and_time_moves_its_date_alone(value, moved) -> None:
    assert shift_date(value, -1, "DT") == moved


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "2024", "202403", "2024+0100", "202403+0100", "20240230", "20230229", "20241301", "20240100",
        "00000101", "2024-03-01", "2024.0301", "today", "20240301x", "20240301246060", "2024030112.5", "20240301+9900",
        "20240301-20240302", "20240301\\20240302", "٢٠٢٤٠٣٠١", "0000000000", "2024.03",
    ],
)  # fmt: skip
@pytest.mark.parametrize("vr", ["DA", "DT"])
def test_a_partial_or_invalid_date_is_not_moved(value, vr) -> None:
    assert shift_date(value, -1, vr) is None


@pytest.mark.parametrize("value", ["2024030112", "20240301+0100"])
def test_a_time_has_no_place_in_a_date(value) -> None:
    assert shift_date(value, -1, "DA") is None


@pytest.mark.parametrize(("value", "offset"), [("00010101", -1), ("99991231", 1), ("20240301", -(10**9))])
def test_a_date_that_would_leave_the_calendar_is_not_moved(value, offset) -> None:
    assert shift_date(value, offset, "DA") is None


def test_a_vr_without_a_date_is_refused() -> None:
    with pytest.raises(ValueError, match="DA and DT"):
        shift_date("120000", -1, "TM")


@given(st.text(max_size=30), st.integers(-4000, 4000), st.sampled_from(["DA", "DT"]))
def test_any_text_is_moved_to_a_valid_date_or_not_at_all(value, offset, vr) -> None:
    moved = shift_date(value, offset, vr)
    assert moved is None or re.match(r"[0-9]{8}", moved)


# Who it is about


def test_a_patient_is_issuer_and_id() -> None:
    assert patient_of("HOSP", "123 ", "1.2.3") == ("HOSP", "123")
    assert patient_of(None, "123", "1.2.3") == patient_of(" ", "123", "9.9.9") == ("", "123")


@pytest.mark.parametrize("missing", [None, "", "  ", "\0"])
def test_without_a_patient_id_the_study_stands_for_the_patient(missing) -> None:
    one, two = patient_of("HOSP", missing, "1.2.3"), patient_of("HOSP", missing, "1.2.4")
    assert one != two
    assert one == patient_of("OTHER", missing, "1.2.3\0")


@given(values, values, uids)
def test_no_patient_is_taken_for_a_study(issuer, patient_id, study) -> None:
    assume(patient_id.strip(" \0") and "\\" not in issuer)
    assert patient_of(issuer, patient_id, study) != patient_of(None, None, patient_id)


def test_scope_study_tells_the_studies_of_a_patient_apart() -> None:
    one, two = (patient_of("HOSP", "123", study, scope="study") for study in ("1.2.3", "1.2.4"))
    assert one != two


# The key itself


def everything_shown(key: Key) -> str:
    return "\n".join([repr(key), str(key), f"{key}", f"{key!r:>40}", f"{[key]} { ({'key': key}) }", key.fingerprint])


def test_the_key_never_shows() -> None:
    shown = everything_shown(COUNTING)
    for secret in (COUNTING_HEX, COUNTING_HEX.upper(), repr(bytes(range(32))), COUNTING_HEX[:8]):
        assert secret not in shown
    assert not hasattr(COUNTING, "__dict__")


def test_a_log_does_not_show_the_key(caplog) -> None:
    logging.getLogger("test").warning("using %s and %r", COUNTING, COUNTING)
    assert "\\x01\\x02" not in caplog.text
    assert COUNTING_HEX not in caplog.text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_key_cannot_be_pickled(protocol) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps({"key": COUNTING}, protocol)
    with pytest.raises(TypeError, match="not pickled"):
        COUNTING.__getstate__()


def test_a_copy_of_the_key_is_the_key() -> None:
    assert copy.copy(COUNTING) is COUNTING
    assert copy.deepcopy([COUNTING])[0] is COUNTING


def test_the_key_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="never changes"):
        COUNTING._secret = b""


def shown_by(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def test_a_traceback_with_its_locals_does_not_show_the_key(tmp_path) -> None:
    path = tmp_path / "key"
    COUNTING.write(path)
    path.write_text(path.read_text().strip() + "00")  # too long to be a key
    for call in (
        lambda: Key.read(path),
        lambda: uid(COUNTING, "1.2.3", "no root"),
        lambda: identifier(COUNTING, "patient", "x", prefix="too long a prefix"),
        lambda: uid(COUNTING, None),
        lambda: COUNTING.write(path),
    ):
        with pytest.raises((KeyFileError, ValueError, AttributeError)) as caught:
            call()
        shown = shown_by(caught.value)
        assert COUNTING_HEX[:32] not in shown
        assert "\\x04\\x05\\x06" not in shown


def test_equal_keys_are_equal_and_others_are_not() -> None:
    assert Key(bytes(range(32))) == COUNTING
    assert hash(Key(bytes(range(32)))) == hash(COUNTING)
    assert COUNTING != OTHER
    assert bytes(range(32)) != COUNTING
    assert COUNTING.fingerprint != OTHER.fingerprint


def test_new_keys_differ() -> None:
    assert len({Key.new().secret() for _ in range(100)}) == 100


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_32_bytes(size) -> None:
    with pytest.raises(KeyFileError, match="32 bytes"):
        Key(bytes(size))


# Key files


def test_a_key_is_written_for_its_owner_alone_and_read_back(tmp_path) -> None:
    path = tmp_path / "key"
    COUNTING.write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == COUNTING_HEX + "\n"
    assert Key.read(path) == COUNTING


def test_an_existing_key_is_never_overwritten(tmp_path) -> None:
    path = tmp_path / "key"
    COUNTING.write(path)
    with pytest.raises(KeyFileError, match="exists"):
        OTHER.write(path)
    assert Key.read(path) == COUNTING


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o660, 0o666])
def test_a_key_that_others_may_use_is_refused(tmp_path, mode) -> None:
    path = tmp_path / "key"
    COUNTING.write(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        Key.read(path)


@pytest.mark.parametrize(
    "content", [b"", b"\n", bytes(range(32)), b"ab" * 31, b"ab" * 33, b"zz" * 32, b"ab" * 32 + b"\nmore", b"x" * 5000]
)
def test_what_is_no_key_is_refused_and_not_quoted(tmp_path, content) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(KeyFileError, match="64 hexadecimal digits") as caught:
        Key.read(path)
    assert not re.search("abab|zzzz|xxxx", str(caught.value))


def test_a_missing_key_says_how_to_make_one(tmp_path) -> None:
    with pytest.raises(KeyFileError, match="dicomlab key new"):
        Key.read(tmp_path / "key")


def test_a_folder_is_no_key(tmp_path) -> None:
    with pytest.raises(KeyFileError, match="key file"):
        Key.read(tmp_path)


def test_a_key_cannot_be_written_into_a_folder_that_is_not_there(tmp_path) -> None:
    with pytest.raises(KeyFileError, match="no such file"):
        COUNTING.write(tmp_path / "missing" / "key")


def test_half_a_key_does_not_stay_when_the_disk_is_full(tmp_path, monkeypatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFileError, match="no space left"):
        COUNTING.write(tmp_path / "key")
    assert not (tmp_path / "key").exists()


def test_the_environment_names_the_key_file(tmp_path, monkeypatch) -> None:
    COUNTING.write(tmp_path / "key")
    monkeypatch.setenv("DICOMLAB_KEY_FILE", str(tmp_path / "key"))
    assert Key.from_environment() == COUNTING
    monkeypatch.delenv("DICOMLAB_KEY_FILE")
    with pytest.raises(KeyFileError, match="DICOMLAB_KEY_FILE is not set"):
        Key.from_environment()
