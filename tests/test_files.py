"""The edge to the disk: what a file is, reading it, and writing it whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import struct
import warnings
import zlib
from itertools import pairwise
from pathlib import Path

import corpora
import factories
import pydicom
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom.encaps import generate_fragments
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from dicomlab import engine, files, pseudonyms, recipe
from dicomlab.errors import InstanceError, ReleaseError, SourceError
from dicomlab.header.template import Template
from dicomlab.header.wire import Defer
from dicomlab.records import Reason

PREFIX = bytes(128) + b"DICM"
MEMORY, FILE = Defer(), Defer(64, 64)


def bare(instance=None, *, implicit=False, little=True) -> bytes:
    """A dataset without preamble and file meta."""
    out = io.BytesIO()
    instance = factories.ct_instance() if instance is None else instance
    del instance.file_meta
    pydicom.dcmwrite(out, instance, implicit_vr=implicit, little_endian=little, enforce_file_format=False)
    return out.getvalue()


def meta(syntax: str, *more: tuple[int, str, str], sop_class: str = CTImageStorage) -> bytes:
    """Preamble, prefix and file meta without group length, as PS3.10 7.1 lets a reader meet it."""
    values = [(2, "UI", sop_class), (3, "UI", "1.2.3"), (0x10, "UI", syntax), *more]
    out = PREFIX
    for number, vr, text in values:
        raw = text.encode() + (b"\0" if len(text) % 2 else b"")
        out += struct.pack("<HH2sH", 2, number, vr.encode(), len(raw)) + raw
    return out


def part10(syntax: str, body: bytes) -> bytes:
    return meta(syntax) + body


def deflated(body: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(body) + squeeze.flush()


def flushed(body: bytes) -> bytes:
    """A deflated dataset that ends before its Pixel Data, at a byte where all before can be inflated."""
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(body[: body.index(b"\xe0\x7f\x10\0OW")]) + squeeze.flush(zlib.Z_FULL_FLUSH)


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def whole(instance: engine.Instance) -> bytes:
    return b"".join(files.encoded(instance))


def deidentified(instance: engine.Instance) -> engine.Instance:
    chosen, key = recipe.load("basic"), pseudonyms.Key(bytes(32))
    return engine.Deidentifier(chosen, key, engine.subject_of(chosen, key, instance)).apply(instance).instance


def why_not(path: Path) -> Reason:
    """The reason for which a file cannot be read."""
    with pytest.raises(InstanceError) as caught:
        files.read(path)
    return caught.value.reason


# --- which files a source holds --------------------------------------------------------------------------------------


def test_every_file_of_a_tree_is_listed_sorted_whatever_its_name(tmp_path):
    for name in ("b/2", "b/1.dcm", "a", "c/d/e/IM 0001", "c/.hidden", "Z.txt"):
        put(tmp_path, name, b"x")
    assert [name for _, name in files.listed(tmp_path)] == [
        "Z.txt",
        "a",
        "b/1.dcm",
        "b/2",
        "c/.hidden",
        "c/d/e/IM 0001",
    ]


def test_a_source_may_be_one_file(tmp_path):
    path = put(tmp_path, "one", part10(ExplicitVRLittleEndian, bare()))
    assert files.listed(path) == [(path, "one")]
    assert len(files.scan(path).instances) == 1


@pytest.mark.parametrize("kind", ["missing", "empty", "empty folders"])
def test_a_source_that_holds_no_file_is_an_error_that_names_no_path(tmp_path, kind):
    source = tmp_path / "Quellenbach"
    if kind != "missing":
        (source / "inner" if kind == "empty folders" else source).mkdir(parents=True)
    with pytest.raises(SourceError) as caught:
        files.scan(source)
    assert "Quellenbach" not in str(caught.value)


def test_a_link_to_a_folder_is_not_followed_so_that_a_loop_ends_and_no_file_is_met_twice(tmp_path):
    put(tmp_path, "a/one", part10(ExplicitVRLittleEndian, bare()))
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert [name for _, name in files.listed(tmp_path)] == ["a/one"]


def test_a_link_to_a_file_is_followed(tmp_path):
    path = put(tmp_path / "elsewhere", "one", part10(ExplicitVRLittleEndian, bare()))
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "link").symlink_to(path)
    assert len(files.scan(tmp_path / "source").instances) == 1


def test_a_folder_that_cannot_be_listed_is_an_error_rather_than_files_left_out(tmp_path, monkeypatch):
    put(tmp_path, "closed/one", b"x")
    listing = os.scandir

    def scandir(path):
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(SourceError, match="Permission denied"):
        files.listed(tmp_path)


def test_a_name_that_is_no_utf_8_is_a_name_like_any_other(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller\xff"))
    path.write_bytes(part10(ExplicitVRLittleEndian, bare()))
    (entry,) = files.scan(tmp_path).entries
    assert entry.reason is None
    assert os.fsencode(entry.relative) == b"M\xfcller\xff"
    assert "ller" not in repr(entry)


# --- what a file is --------------------------------------------------------------------------------------------------


EVERY_ELEMENT = bare()
KINDS = {
    "explicit little endian": part10(ExplicitVRLittleEndian, EVERY_ELEMENT),
    "implicit little endian": part10(ImplicitVRLittleEndian, bare(implicit=True)),
    "explicit big endian": part10(ExplicitVRBigEndian, bare(little=False)),
    "deflated": part10(DeflatedExplicitVRLittleEndian, deflated(EVERY_ELEMENT)),
    "deflated, padded to an even length": part10(DeflatedExplicitVRLittleEndian, deflated(EVERY_ELEMENT) + b"\0"),
    "no file meta, explicit": EVERY_ELEMENT,
    "no file meta, implicit": bare(implicit=True),
    "no file meta, big endian": bare(little=False),
    "prefix, no file meta": PREFIX + EVERY_ELEMENT,
    "prefix, no file meta, big endian": PREFIX + bare(little=False),
    "file meta says implicit, dataset is explicit": part10(ImplicitVRLittleEndian, EVERY_ELEMENT),
    "file meta says explicit, dataset is implicit": part10(ExplicitVRLittleEndian, bare(implicit=True)),
    "zeros behind the last element": part10(ExplicitVRLittleEndian, EVERY_ELEMENT + bytes(34)),
    "text behind the pixels": part10(ExplicitVRLittleEndian, EVERY_ELEMENT + b"written for Quistgaard"),
    "a few bytes behind the pixels": part10(ImplicitVRLittleEndian, bare(implicit=True) + b"Q\0\1"),
}


@pytest.mark.parametrize("content", KINDS.values(), ids=KINDS)
def test_an_instance_is_read_however_it_is_encoded(tmp_path, content):
    instance = files.read(put(tmp_path, "IM0001", content))
    assert instance.attributes()["PatientID"] == "P1"
    assert instance.attributes()["SeriesInstanceUID"] == factories.UID_ROOT + ".3"
    again = pydicom.dcmread(io.BytesIO(whole(instance)))
    assert (again.Rows, again.ImagePositionPatient[2]) == (8, 1.0)
    assert again.file_meta.MediaStorageSOPInstanceUID == factories.UID_ROOT + ".1.1"


@pytest.mark.parametrize(
    ("content", "syntax"),
    [
        (KINDS["no file meta, explicit"], ExplicitVRLittleEndian),
        (KINDS["no file meta, implicit"], ImplicitVRLittleEndian),
        (KINDS["no file meta, big endian"], ExplicitVRBigEndian),
        (KINDS["prefix, no file meta, big endian"], ExplicitVRBigEndian),
        (KINDS["file meta says implicit, dataset is explicit"], ExplicitVRLittleEndian),
        (KINDS["file meta says explicit, dataset is implicit"], ImplicitVRLittleEndian),
        (KINDS["deflated"], DeflatedExplicitVRLittleEndian),
    ],
)
def test_the_transfer_syntax_written_is_the_one_that_the_bytes_are_in(tmp_path, content, syntax):
    instance = files.read(put(tmp_path, "x", content))
    assert instance.transfer_syntax == syntax
    assert pydicom.dcmread(io.BytesIO(whole(instance))).file_meta.TransferSyntaxUID == syntax


def without_vr(tag: int, value: bytes) -> bytes:
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value)) + value


IMPLICIT_ITEM = struct.pack("<HHL", 0xFFFE, 0xE000, 16) + without_vr(0x00081155, b"1.2.3.4\0")


@pytest.mark.parametrize(
    ("element", "keyword", "expected"),
    [
        (without_vr(0x00081030, b"CT thorax "), "StudyDescription", "CT thorax"),
        (without_vr(0x00081110, IMPLICIT_ITEM), "ReferencedStudySequence", "1.2.3.4"),
        (without_vr(0x00080060, b"CT"), "Modality", "CT"),
    ],
)
def test_elements_whose_vr_a_careless_writer_left_out_are_written_with_it(tmp_path, element, keyword, expected):
    whole_body = bare()
    tag = struct.unpack("<HH", element[:4])
    at = next(
        n
        for n in range(len(whole_body))
        if whole_body[n : n + 4] == b"\x08\0\x60\0" and whole_body[n + 4 : n + 6] == b"CS"
    )
    behind = at + 10 if keyword == "Modality" else whole_body.index(b"\x08\0\x90\0PN")
    body = whole_body[: at if keyword == "Modality" else behind] + element + whole_body[behind:]
    made = pydicom.dcmread(io.BytesIO(whole(files.read(put(tmp_path, "x", part10(ExplicitVRLittleEndian, body))))))
    value = made[keyword].value
    assert (value[0].ReferencedSOPInstanceUID if keyword.endswith("Sequence") else value) == expected
    assert made.get_item(tag).VR is not None
    assert made.PatientID == "P1"


NO_INSTANCES = {
    "no byte": (b"", Reason.EMPTY),
    "plain text": (b"a report about nobody\n" * 9, Reason.NOT_DICOM),
    "one byte": (b"\2", Reason.NOT_DICOM),
    "zeros": (bytes(4096), Reason.NOT_DICOM),
    "text that starts as an element would": (
        b"\x08\x00\x05\x00 this is prose and no element at all" * 4,
        Reason.NOT_DICOM,
    ),
    "an image of another kind": (b"\x89PNG\r\n\x1a\n" + bytes(64), Reason.NOT_DICOM),
    "cut inside a value": (KINDS["explicit little endian"][:401], Reason.BROKEN),
    "cut inside an element's header": (PREFIX + EVERY_ELEMENT[:22] + b"\x08\0\x16\0UI", Reason.BROKEN),
    "cut inside the file meta": (KINDS["explicit little endian"][:140], Reason.BROKEN),
    "cut inside the pixels": (KINDS["explicit little endian"][:-40], Reason.TRUNCATED),
    "cut inside a deflated dataset": (KINDS["deflated"][:-60], Reason.BROKEN),
    "cut between two elements of a deflated dataset": (
        part10(DeflatedExplicitVRLittleEndian, flushed(bare())),
        Reason.BROKEN,
    ),
    "deflated in name alone": (part10(DeflatedExplicitVRLittleEndian, EVERY_ELEMENT), Reason.BROKEN),
    "a transfer syntax of nobody": (part10("1.2.840.10008.1.2.4.9999", EVERY_ELEMENT), Reason.TRANSFER_SYNTAX),
    "a private transfer syntax": (part10("1.2.840.113619.5.2", bare(implicit=True)), Reason.TRANSFER_SYNTAX),
    "a transfer syntax that is no UID": (part10("EXPLICIT LITTLE ENDIAN", EVERY_ELEMENT), Reason.TRANSFER_SYNTAX),
    "a SOP Class as transfer syntax": (part10(CTImageStorage, EVERY_ELEMENT), Reason.TRANSFER_SYNTAX),
    "a DICOMDIR by its file meta": (meta(ExplicitVRLittleEndian, sop_class="1.2.840.10008.1.3.10"), Reason.DICOMDIR),
}


@pytest.mark.parametrize(("content", "reason"), NO_INSTANCES.values(), ids=NO_INSTANCES)
def test_what_is_no_whole_instance_is_told_by_its_reason(tmp_path, content, reason):
    path = put(tmp_path, "Quellenbach", content)
    assert why_not(path) is reason
    (entry,) = files.scan(tmp_path).entries
    assert entry.reason is reason


def test_every_dicomdir_is_told_from_an_instance():
    found = [p for p in corpora.wheel().rglob("*DICOMDIR*") if p.is_file()]
    assert len(found) > 4
    assert {why_not(path) for path in found} == {Reason.DICOMDIR}


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def looping(path: Path) -> None:
    path.symlink_to(path)


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("made", [dangling, looping, pipe])
def test_a_file_that_cannot_be_opened_is_unreadable_and_nothing_waits_for_it(tmp_path, made):
    made(tmp_path / "closed")
    (entry,) = files.scan(tmp_path).entries
    assert entry.reason is Reason.UNREADABLE


@pytest.mark.parametrize("error", [PermissionError(errno.EACCES, "no"), OSError(errno.EIO, "broken disk")])
def test_an_error_of_the_disk_makes_a_file_unreadable_and_stops_no_scan(tmp_path, monkeypatch, error):
    put(tmp_path, "closed", part10(ExplicitVRLittleEndian, EVERY_ELEMENT))
    put(tmp_path, "open", part10(ExplicitVRLittleEndian, EVERY_ELEMENT))
    really = Path.open

    def opened(self, *args, **kwargs):
        if self.name == "closed":
            raise error
        return really(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", opened)
    assert [e.reason for e in files.scan(tmp_path).entries] == [Reason.UNREADABLE, None]


# --- hostile bytes ---------------------------------------------------------------------------------------------------


def nested(depth: int, body: bytes = b"") -> bytes:
    """Sequences in sequences, each of undefined length: ReferencedSeriesSequence (0008,1115)."""
    head = struct.pack("<HH2sHL", 8, 0x1115, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    tail = struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return head * depth + body + tail * depth


HOSTILE = {
    "100 000 sequences in each other": part10(ExplicitVRLittleEndian, nested(100_000)),
    "100 000 sequences that never end": part10(ExplicitVRLittleEndian, nested(100_000)[: 100_000 * 20]),
    "a length of four gigabytes": PREFIX + struct.pack("<HH2sHL", 0x7FE0, 0x10, b"OW", 0, 0xFFFFFFFE) + b"1234",
    "a sequence of bytes that are no items": PREFIX + struct.pack("<HH2sHL", 8, 0x1115, b"SQ", 0, 0xFFFFFFFF)
    + b"\1" * 64,
    "fragments without end": PREFIX + struct.pack("<HH2sHL", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFFF)
    + struct.pack("<HHL", 0xFFFE, 0xE000, 0) * 1000,
    "an item behind everything": part10(ExplicitVRLittleEndian, EVERY_ELEMENT + struct.pack("<HHL", 0xFFFE, 0xE000, 0)),
    "a VR of letters": PREFIX + b"\x08\0\x05\0ZZ\0\0" + struct.pack("<L", 0xFFFFFFF0),
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_end_in_an_instance_or_a_reason(tmp_path, content):
    (entry,) = files.scan(put(tmp_path, "x", content)).entries
    assert entry.reason in {None, Reason.BROKEN, Reason.TRUNCATED, Reason.NOT_DICOM}


SMALL = ["CT_small.dcm", "reportsi.dcm", "image_dfl.dcm", "nested_priv_SQ.dcm", "JPEG2000.dcm", "rtplan_truncated.dcm"]


@given(data=st.data())
@settings(max_examples=250, deadline=None)
def test_real_files_with_changed_bytes_end_in_an_instance_or_a_reason(data, tmp_path_factory):
    content = bytearray((corpora.wheel() / "test_files" / data.draw(st.sampled_from(SMALL))).read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, min(len(content), 3000) - 1))] = data.draw(st.integers(0, 255))
    path = put(tmp_path_factory.getbasetemp(), "changed", bytes(content[: data.draw(st.integers(0, len(content)))]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (entry,) = files.scan(path).entries
    assert entry.reason is None or isinstance(entry.reason, Reason)


# --- from file to file -----------------------------------------------------------------------------------------------


def readable() -> list[Path]:
    """Every instance of both corpora that has the identity a file needs."""
    found = []
    for path in corpora.everything():
        try:
            engine.check(files.read(path))
        except InstanceError as error:
            if error.reason is not Reason.PRIVATE_SOP_CLASS:
                continue
        found.append(path)
    return found


def decoded(data: pydicom.Dataset) -> pydicom.Dataset:
    """Decode every element at every depth, so that two Datasets can be compared."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for dataset in (data.file_meta, data):
            dataset.walk(lambda _dataset, element: element.value)
    return data


def read_by_pydicom(data: bytes) -> pydicom.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return decoded(pydicom.dcmread(io.BytesIO(data), force=True))


@pytest.fixture(scope="module")
def through() -> list[tuple[Path, pydicom.Dataset, pydicom.Dataset]]:
    """Each instance of the corpora as pydicom reads it before and after it went through `read` and `encoded`."""
    return [(p, read_by_pydicom(p.read_bytes()), read_by_pydicom(whole(files.read(p)))) for p in readable()]


def test_the_corpora_hold_every_kind_of_transfer_syntax(through):
    syntaxes = {before.file_meta.get("TransferSyntaxUID") for _, before, _ in through}
    assert len(through) > 200
    assert syntaxes >= {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian,
                        DeflatedExplicitVRLittleEndian, "1.2.840.10008.1.2.5", JPEGBaseline8Bit,
                        "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.70",
                        "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}  # fmt: skip


def test_an_instance_that_goes_from_file_to_file_stays_the_same_dataset(through):
    different = []
    for path, before, after in through:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = {e.tag: e for e in before if e.tag.group > 4}
            other = {e.tag: e for e in after}
            if one != other:
                different.append((path.name, [t for t in one | other if one.get(t) != other.get(t)]))
    assert different == []


def test_pixel_data_that_goes_from_file_to_file_is_the_same_bytes(through):
    different = [
        path.name
        for path, before, after in through
        if bytes(before.get("PixelData") or b"") != bytes(after.get("PixelData") or b"")
    ]
    assert different == []


def test_preamble_and_file_meta_are_new(through):
    for _, before, after in through:
        assert after.preamble == bytes(128)
        assert {e.tag.element for e in after.file_meta} == {0, 1, 2, 3, 0x10, 0x12, 0x13}
        assert after.file_meta.MediaStorageSOPInstanceUID == before.SOPInstanceUID
        assert after.file_meta.MediaStorageSOPClassUID == before.SOPClassUID
        assert after.file_meta.ImplementationVersionName.startswith("DICOMLAB")


def test_values_left_in_their_file_are_written_as_those_in_memory(through):
    different, deferred = [], 0
    for path, _, _ in through:
        lean, full = files.read(path, defer=FILE), files.read(path, defer=MEMORY)
        deferred += any(e.value is None for e in lean.elements.values())
        if UID(full.transfer_syntax).is_encapsulated:  # these lose the metadata in their streams
            lean, full = deidentified(lean), deidentified(full)
        if whole(lean) != whole(full):
            different.append(path.name)
    assert different == []
    assert deferred > 150


def parsed(instance: engine.Instance) -> dict[int, tuple[object, ...]]:
    """What was read; where a value stood counts only while it is still there."""
    return {e.tag: e if e.value is None else (e.tag, e.vr, e.value, e.length) for e in instance.elements.values()}


def test_what_was_read_before_does_not_change_what_is_read_next(through):
    paths = [p for p, _, _ in through]
    for order in (paths, paths[::-1], sorted(paths, key=lambda p: (p.stat().st_size, p))):
        like = Template()
        for path in order:
            alone, after = files.read(path), files.read(path, like=like)
            assert parsed(after) == parsed(alone), path.name
            assert (after.encoding, after.transfer_syntax) == (alone.encoding, alone.transfer_syntax)


SERIES = [KINDS["explicit little endian"], part10(ExplicitVRLittleEndian, bare(factories.ct_instance(2)))]


def twice(body: bytes) -> bytes:
    """A dataset whose StudyTime (0008,0030) stands a second time, out of order, where ContentTime (0008,0033) stood."""
    return part10(ExplicitVRLittleEndian, body.replace(b"\x08\0\x33\0", b"\x08\0\x30\0"))


def read_in_turn(folder: Path, contents: list[bytes]) -> list[bool]:
    """Whether each file is read the same after the ones before it as alone."""
    like, same = Template(), []
    for content in contents:
        path = put(folder, "IM", content)
        both = []
        for template in (like, None):
            try:
                both.append(parsed(files.read(path, like=template)))
            except InstanceError as error:
                both.append(error.reason)
        same.append(both[0] == both[1])
    return same


def test_an_element_that_stands_twice_does_not_mislead_the_next_file(tmp_path):
    assert all(read_in_turn(tmp_path, [twice(bare()), *SERIES, twice(bare()), *SERIES]))


@given(
    at=st.integers(132, len(SERIES[0]) - 1),
    new=st.integers(0, 255),
    cut=st.integers(0, len(SERIES[0])),
    place=st.integers(0, 2),
)
@example(at=291, new=128, cut=347, place=1)  # a group above the pixels' amid the header, then a cut
@settings(max_examples=300, deadline=None)
def test_a_broken_file_of_a_series_is_read_as_if_it_came_alone(tmp_path_factory, *, at, new, cut, place):
    broken = bytearray(SERIES[1])
    broken[min(at, len(broken) - 1)] = new
    contents = [*SERIES, *SERIES]
    contents.insert(place, bytes(broken[: cut or None]))
    assert all(read_in_turn(tmp_path_factory.getbasetemp() / "series", contents))


def test_a_long_pixel_value_never_enters_memory(tmp_path):
    instance = factories.ct_instance(Rows=512, Columns=512)
    instance.PixelData = bytes(512 * 512 * 2)
    instance = files.read(factories.write(instance, tmp_path / "x"), defer=Defer(1 << 16, 1 << 16))
    (bulk,) = (e for e in instance.elements.values() if e.value is None)
    assert (bulk.tag, bulk.length) == (0x7FE00010, 512 * 512 * 2)
    made = deidentified(instance)
    assert made.elements[0x7FE00010].value is None
    assert max(map(len, files.encoded(made))) <= 4 << 20


def test_a_value_whose_file_was_cut_meanwhile_is_an_error_and_no_short_file(tmp_path):
    path = factories.write(factories.ct_instance(), tmp_path / "x")
    instance = files.read(path, defer=FILE)
    os.truncate(path, path.stat().st_size - 30)
    with pytest.raises(InstanceError) as caught:
        files.write_atomic(tmp_path / "out" / "x", files.encoded(instance))
    assert caught.value.reason is Reason.TRUNCATED
    assert list((tmp_path / "out").iterdir()) == []


# --- metadata in compressed streams ----------------------------------------------------------------------------------

COMMENT = b"\xff\xfe\x00\x0eQuellenbach\0"
APPLICATION = b"\xff\xe1\x00\x0eExif  Zaphir"
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + bytes(range(1, 120)) + b"\xff\xd9"


def frame(number: int, *metadata: bytes) -> bytes:
    """A JPEG stream of one frame: start, JFIF segment, metadata, one table, one scan (ISO/IEC 10918-1 B.2)."""
    table = b"\xff\xdb\x00\x05\x00" + bytes([number, number])
    made = b"\xff\xd8\xff\xe0\x00\x04\x01\x01" + b"".join(metadata) + table + SCAN
    return made + b"\0" * (len(made) % 2)


FRAMES = 3
TELLING = [frame(n, COMMENT, APPLICATION) for n in range(FRAMES)]
SILENT = [frame(n) for n in range(FRAMES)]


def item(body: bytes) -> bytes:
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(body)) + body


def split(whole_frame: bytes, cuts: tuple[int, ...]) -> list[bytes]:
    return [whole_frame[a:b] for a, b in pairwise([0, *cuts, len(whole_frame)])]


def starts(frames: list[list[bytes]]) -> list[int]:
    """Where each frame's first item starts, counted from the first item behind the table (PS3.5 A.4)."""
    found, at = [], 0
    for pieces in frames:
        found.append(at)
        at += sum(8 + len(p) for p in pieces)
    return found


def compressed(path: Path, frames: list[bytes], *, table: str, cuts: tuple[int, ...] = ()) -> Path:
    """A file of encapsulated frames, each in fragments cut where `cuts` says."""
    pieces = [split(f, cuts) for f in frames]
    offsets = starts(pieces)
    basic = struct.pack(f"<{len(offsets)}L", *offsets) if table == "basic" else b""
    body = b"".join(map(item, [basic, *(p for f in pieces for p in f)]))
    head = factories.ct_instance(NumberOfFrames=str(len(frames)))
    del head.PixelData
    if table == "extended":
        head.ExtendedOffsetTable = struct.pack(f"<{len(offsets)}Q", *offsets)
        head.ExtendedOffsetTableLengths = struct.pack(f"<{len(frames)}Q", *map(len, frames))
    pixels = struct.pack("<HH2sHL", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFFF) + body + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    return put(path.parent, path.name, part10(JPEGBaseline8Bit, bare(head) + pixels))


def cleaned(path: Path, defer: Defer) -> bytes:
    instance = files.read(path, defer=defer)
    assert (instance.elements[0x7FE00010].value is None) is (defer is FILE)
    return whole(deidentified(instance))


# An odd cut is no fragment that the standard allows; a cut inside the comment leaves half a marker segment in each.
WAYS = [
    ("none", ()), ("none", (20,)), ("none", (14, 40)), ("basic", ()), ("basic", (20,)), ("basic", (8, 24, 60)),
    ("extended", ()),
]  # fmt: skip


@pytest.mark.parametrize("defer", [MEMORY, FILE], ids=["in memory", "left in its file"])
@pytest.mark.parametrize(("table", "cuts"), WAYS, ids=str)
def test_comments_leave_compressed_frames_and_offset_tables_follow(tmp_path, table, cuts, defer):
    out = cleaned(compressed(tmp_path / "x", TELLING, table=table, cuts=cuts), defer)
    after = pydicom.dcmread(io.BytesIO(out))
    assert b"Quellenbach" not in out
    assert b"Zaphir" not in out
    first, *pieces = generate_fragments(after.PixelData)
    frames: list[list[bytes]] = []
    for piece in pieces:
        frames = [*frames, [piece]] if piece[:2] == b"\xff\xd8" else [*frames[:-1], [*frames[-1], piece]]
    assert [b"".join(f) for f in frames] == SILENT
    assert all(len(p) % 2 == 0 for p in pieces)
    if first:
        assert table == "basic"
        assert list(struct.unpack(f"<{FRAMES}L", first)) == starts(frames)
    if table == "extended":
        assert list(struct.unpack(f"<{FRAMES}Q", after.ExtendedOffsetTable)) == starts(frames)
        assert list(struct.unpack(f"<{FRAMES}Q", after.ExtendedOffsetTableLengths)) == list(map(len, SILENT))


@pytest.mark.parametrize(("table", "cuts"), WAYS, ids=str)
def test_frames_left_in_their_file_are_cleaned_to_the_same_bytes_as_those_in_memory(tmp_path, table, cuts):
    path = compressed(tmp_path / "x", TELLING, table=table, cuts=cuts)
    assert cleaned(path, FILE) == cleaned(path, MEMORY)


@pytest.mark.parametrize("defer", [MEMORY, FILE], ids=["in memory", "left in its file"])
@pytest.mark.parametrize(("table", "cuts"), WAYS, ids=str)
def test_frames_without_metadata_are_copied_fragment_by_fragment_with_their_table(tmp_path, table, cuts, defer):
    path = compressed(tmp_path / "x", SILENT, table=table, cuts=cuts)
    before, after = pydicom.dcmread(path), pydicom.dcmread(io.BytesIO(cleaned(path, defer)))
    assert after.PixelData == before.PixelData
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        assert after.get(keyword) == before.get(keyword)


def test_too_few_frames_are_told_whether_they_lie_in_memory_or_in_the_file(tmp_path):
    path = compressed(tmp_path / "x", SILENT, table="none")
    content = path.read_bytes().replace(b"IS\x02\x003 ", b"IS\x02\x009 ")
    path.write_bytes(content)
    for defer in (MEMORY, FILE):
        with pytest.raises(InstanceError) as caught:
            whole(deidentified(files.read(path, defer=defer)))
        assert caught.value.reason is Reason.TRUNCATED


# --- writing whole or not at all -------------------------------------------------------------------------------------


class Full:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file, room: int) -> None:
        self.file, self.room = file, room

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, piece: bytes) -> int:
        self.room -= len(piece)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.file.write(piece)


@pytest.fixture
def full_disk(monkeypatch):
    """Let every new file hold so many bytes only."""

    def hold(room: int) -> None:
        really = os.fdopen
        monkeypatch.setattr(os, "fdopen", lambda *args, **kwargs: Full(really(*args, **kwargs), room))

    return hold


def test_a_file_is_written_with_the_folders_it_needs_and_its_digest_returned(tmp_path):
    digest = files.write_atomic(tmp_path / "a" / "b" / "c.dcm", [b"one", b"", b"two"])
    assert (tmp_path / "a" / "b" / "c.dcm").read_bytes() == b"onetwo"
    assert digest == hashlib.sha256(b"onetwo").hexdigest()
    assert [p.name for p in (tmp_path / "a" / "b").iterdir()] == ["c.dcm"]


def test_a_private_file_is_its_owners_from_the_first_byte(tmp_path):
    seen = []

    def chunks():
        seen.extend(p.stat().st_mode & 0o777 for p in tmp_path.iterdir())
        yield b"secret"

    files.write_atomic(tmp_path / "key", chunks(), mode=0o600)
    assert seen == [0o600]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("room", [0, 3, 6])
def test_a_full_disk_leaves_nothing_behind_and_says_how_to_go_on(tmp_path, full_disk, room):
    full_disk(room)
    with pytest.raises(ReleaseError, match=r"disk is full.*run the same command again"):
        files.write_atomic(tmp_path / "x", [b"one", b"two", b"three"])
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_file_that_was_there(tmp_path, full_disk):
    put(tmp_path, "x", b"before")
    full_disk(3)
    with pytest.raises(ReleaseError):
        files.write_atomic(tmp_path / "x", [b"longer than the disk"])
    assert (tmp_path / "x").read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, InstanceError(Reason.TRUNCATED), MemoryError])
def test_an_interrupted_write_leaves_nothing_behind(tmp_path, error):
    def chunks():
        yield b"half"
        raise error

    with pytest.raises(type(error) if isinstance(error, Exception) else error):
        files.write_atomic(tmp_path / "x", chunks())
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_of_a_folder_is_a_clear_error_that_names_no_path(tmp_path):
    put(tmp_path, "Quellenbach", b"a file")
    with pytest.raises(ReleaseError) as caught:
        files.write_atomic(tmp_path / "Quellenbach" / "x", [b"1"])
    assert "Quellenbach" not in str(caught.value)


def test_two_long_names_with_one_ending_do_not_share_a_temporary_file(tmp_path):
    names = ["a" * 40 + "b" * 80, "c" * 40 + "b" * 80]

    def outer():
        yield b"first "
        files.write_atomic(tmp_path / names[1], [b"second"])
        yield b"file"

    files.write_atomic(tmp_path / names[0], outer())
    assert [(tmp_path / n).read_bytes() for n in names] == [b"first file", b"second"]


@pytest.mark.parametrize("kind", ["notebooks", "templates", "data_samples"])
def test_what_is_packaged_is_found_from_a_checkout(kind, root):
    assert files.packaged(kind) == root / kind
