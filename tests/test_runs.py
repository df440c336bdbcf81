"""A recipe over a folder: every file ends once, whatever happens on the way, and the bytes are always the same."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import corpora
import factories
import pydicom
import pytest
from deidentified import on_headers
from factories import PLANTED, patient
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import UltrasoundImageStorage

import dicomlab as dl
from dicomlab import engine, files, judge, pseudonyms, recipe, runs
from dicomlab.errors import DicomlabError, KeyFileError, RecipeError, ReleaseError, SourceError
from dicomlab.records import Reason, RunOutcome, State
from dicomlab.runs import conduct

KEY, OTHER_KEY = pseudonyms.Key(bytes(32)), pseudonyms.Key(bytes(31) + b"\1")


def other_patient(number: int, **attributes: object) -> Dataset:
    uids = {"StudyInstanceUID": "1.2.77.1", "SeriesInstanceUID": "1.2.77.2", "FrameOfReferenceUID": "1.2.77.3"}
    return factories.ct_instance(number, PatientName="Basalt^Ida", PatientID="B-1", **{**uids, **attributes})


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Two patients, one with two studies; and one file of each kind that cannot be released."""
    folder = tmp_path_factory.mktemp("made") / "Quellenbach_Zaphiro"
    for number in (1, 2, 3):
        factories.write(patient(number), folder / "PX88231" / f"IM{number}")
    for number in (4, 5):
        factories.write(
            patient(number, StudyInstanceUID="1.2.66.1", SeriesInstanceUID="1.2.66.2"), folder / f"{number}.dcm"
        )
    for number in (6, 7):
        factories.write(other_patient(number), folder / "Basalt" / f"{number}")
    (folder / "letter to Quellenbach.txt").write_text("Dear Zaphiro", encoding="utf-8")
    (folder / "empty").touch()
    (folder / "closed").symlink_to(folder / "nowhere")
    content = (folder / "4.dcm").read_bytes()
    (folder / "broken").write_bytes(content[:701])
    (folder / "short").write_bytes(content[:-20])
    factories.write(patient(8, SOPClassUID="1.2.276.0.7230010.3.1.0.1"), folder / "private class")
    factories.write(patient(9, SeriesInstanceUID=""), folder / "no series")
    shutil.copyfile(corpora.wheel() / "test_files" / "dicomdirtests" / "DICOMDIR", folder / "DICOMDIR")
    return folder


WRITTEN = 7
ENDS = {Reason.NOT_DICOM: 1, Reason.EMPTY: 1, Reason.DICOMDIR: 1, Reason.UNREADABLE: 1, Reason.BROKEN: 1,
        Reason.TRUNCATED: 1, Reason.PRIVATE_SOP_CLASS: 1, Reason.NO_IDENTITY: 1}  # fmt: skip


@pytest.fixture
def source(made, tmp_path) -> Path:
    """A copy of the made tree that a test may change."""
    return Path(shutil.copytree(made, tmp_path / "in" / made.name, symlinks=True))


@pytest.fixture(scope="module")
def whole(made, tmp_path_factory) -> RunOutcome:
    """A run that nothing disturbed."""
    return dl.run(made, tmp_path_factory.mktemp("whole") / "out", "basic", KEY)


def content(folder: Path, pattern: str = "*.dcm") -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob(pattern)) if p.is_file()}


def everything(folder: Path) -> dict[str, str]:
    """Every path below a folder with its digest and mode, links as links."""
    found = {}
    for path in sorted(folder.rglob("*")):
        kind = str(path.readlink()) if path.is_symlink() else ""
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not kind else ""
        found[path.relative_to(folder).as_posix()] = f"{path.lstat().st_mode} {digest}{kind}"
    return found


def leftovers(folder: Path) -> list[str]:
    return [p.name for p in folder.rglob(".*")]


def lines(outcome: RunOutcome) -> list[dict[str, object]]:
    return [json.loads(line) for line in (outcome.release / "manifest.jsonl").read_text("utf-8").splitlines()]


def read(folder: Path) -> list[Dataset]:
    return [pydicom.dcmread(p) for p in sorted(folder.rglob("*.dcm"))]


def new_values(folder: Path) -> set[str]:
    """Every UID, code and date that a release holds, but for what is the same for everybody."""
    found = set()
    for dataset in read(folder):
        for element in dataset.iterall():
            if element.VR in {"UI", "DA"} or element.keyword == "PatientID":
                texts = element.value if isinstance(element.value, pydicom.multival.MultiValue) else [element.value]
                found |= {str(t) for t in texts if t and not str(t).startswith("1.2.840.10008.")}
    return found | {part for p in folder.rglob("*.dcm") for part in p.relative_to(folder).with_suffix("").parts}


def identifiers_in(text: str | bytes) -> list[str]:
    raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return [word for word in PLANTED if word.encode() in raw.lower()]


def written(folder: Path, text: str) -> Path:
    """A recipe of the Basic Profile that keeps pixels at risk, and what is said beside."""
    head = "dicomlab: 1\ntitle: t\nedition: 2025c\nprofile: basic\nat_risk: {text: keep, face: keep}\n"
    (folder / "recipe.yaml").write_text(head + text, encoding="utf-8")
    return folder / "recipe.yaml"


# --- every file ends once --------------------------------------------------------------------------------------------


def test_every_file_ends_in_one_state_and_each_has_a_reason_or_an_output(whole, made):
    assert [o.ordinal for o in whole.outcomes] == list(range(len(files.listed(made))))
    assert whole.count(State.WRITTEN) == WRITTEN
    assert Counter(o.reason for o in whole.outcomes if o.reason) == ENDS
    for outcome in whole.outcomes:
        assert (outcome.output is None) is (outcome.state is not State.WRITTEN)
        assert (outcome.reason is None) is (outcome.state is State.WRITTEN)
        assert outcome.checks if outcome.state is State.WRITTEN else not outcome.checks


def test_what_is_no_instance_is_ignored_and_what_is_wrong_is_quarantined(whole):
    ignored = {o.reason for o in whole.outcomes if o.state is State.IGNORED}
    assert ignored == {Reason.NOT_DICOM, Reason.EMPTY, Reason.DICOMDIR}


def test_the_source_is_never_written_to(made, tmp_path):
    before = everything(made)
    dl.run(made, tmp_path / "out", "basic", KEY)
    assert everything(made) == before


def test_a_single_file_may_be_the_source(source, tmp_path):
    outcome = dl.run(source / "4.dcm", tmp_path / "out", "basic", KEY)
    assert (len(outcome.outcomes), outcome.ok) == (1, True)
    assert dl.verify(source / "4.dcm", tmp_path / "out", "basic").passed


def test_a_sum_that_does_not_add_up_is_an_error(made, tmp_path, monkeypatch):
    working = conduct._worked
    monkeypatch.setattr(conduct, "_worked", lambda *args, **kwargs: working(*args, **kwargs)[1:])
    with pytest.raises(ReleaseError, match=r"files came in and \d+ ended"):
        dl.run(made, tmp_path / "out", "basic", KEY)


def test_what_the_recipe_does_not_select_is_ignored_with_the_reason(made, tmp_path):
    factories.write(
        patient(1, Modality="US", SOPClassUID=UltrasoundImageStorage, SeriesInstanceUID="1.2.5"), tmp_path / "in" / "us"
    )
    shutil.copyfile(made / "4.dcm", tmp_path / "in" / "ct")
    outcome = dl.run(tmp_path / "in", tmp_path / "out", written(tmp_path, "select: {modalities: [CT]}\n"), KEY)
    assert outcome.reasons() == {(State.IGNORED, Reason.NOT_SELECTED): 1}
    assert outcome.count(State.WRITTEN) == 1


def test_pixels_at_risk_are_quarantined_when_the_recipe_says_so(tmp_path):
    factories.write(patient(1, BodyPartExamined="HEAD"), tmp_path / "in" / "1")
    factories.write(patient(2, BurnedInAnnotation="YES"), tmp_path / "in" / "2")
    outcome = dl.run(tmp_path / "in", tmp_path / "out", on_headers("research"), KEY)
    assert {o.reason for o in outcome.outcomes} == {Reason.FACE_AT_RISK, Reason.TEXT_AT_RISK}
    assert content(tmp_path / "out") == {}


# --- a bad file never stops a run ------------------------------------------------------------------------------------


def raising(monkeypatch, when, error: BaseException) -> None:
    """Let de-identification raise for some instances."""
    really = engine.Deidentifier.apply

    def apply(self, instance, face=None):
        if when(instance):
            raise error
        return really(self, instance, face)

    monkeypatch.setattr(engine.Deidentifier, "apply", apply)


def test_an_unexpected_error_is_told_with_its_place_and_without_a_value(made, tmp_path, monkeypatch):
    raising(monkeypatch, lambda i: i.text("SOPInstanceUID").endswith(".4"), RuntimeError("Quellenbach^Zaphiro"))
    outcome = dl.run(made, tmp_path / "out", "basic", KEY)
    (bad,) = (o for o in outcome.outcomes if o.reason is Reason.UNEXPECTED)
    assert re.fullmatch(r"RuntimeError at \w+:\d+", bad.detail)
    assert outcome.count(State.WRITTEN) == WRITTEN - 1
    assert identifiers_in((tmp_path / "out-private" / "run.log").read_bytes()) == []


def test_an_unexpected_error_while_reading_stops_no_run(made, tmp_path, monkeypatch):
    really = files.entry

    def entry(ordinal, path, relative, **kwargs):
        if path.name == "4.dcm":
            raise RuntimeError(path)
        return really(ordinal, path, relative, **kwargs)

    monkeypatch.setattr(files, "entry", entry)
    outcome = dl.run(made, tmp_path / "out", "basic", KEY)
    (bad,) = (o for o in outcome.outcomes if o.reason is Reason.UNEXPECTED)
    assert bad.detail.startswith("RuntimeError at ")
    assert outcome.count(State.WRITTEN) == WRITTEN - 1


def test_a_file_that_vanishes_during_a_run_is_quarantined(source, tmp_path, monkeypatch):
    surveyed = conduct._surveyed

    def then_gone(*args, **kwargs):
        found = surveyed(*args, **kwargs)
        (source / "4.dcm").unlink()
        return found

    monkeypatch.setattr(conduct, "_surveyed", then_gone)
    outcome = dl.run(source, tmp_path / "out", "basic", KEY)
    assert outcome.reasons()[State.QUARANTINED, Reason.UNREADABLE] == 2
    assert outcome.count(State.WRITTEN) == WRITTEN - 1


def test_a_pipe_in_the_source_is_unreadable_and_nothing_waits_for_it(source, tmp_path):
    os.mkfifo(source / "pipe")
    outcome = dl.run(source, tmp_path / "out", "basic", KEY)
    assert outcome.reasons()[State.QUARANTINED, Reason.UNREADABLE] == 2
    assert dl.verify(source, tmp_path / "out", "basic").passed


def nested(depth: int) -> Dataset:
    inner = factories.item(ReferencedSOPInstanceUID="1.2.3")
    for _ in range(depth):
        inner = factories.item(ReferencedSeriesSequence=factories.sequence(inner))
    return patient(1, ReferencedSeriesSequence=inner.ReferencedSeriesSequence)


@pytest.mark.parametrize("depth", [3, 30, 150])
def test_sequences_in_sequences_end_in_a_state(tmp_path, depth):
    factories.write(nested(depth), tmp_path / "in" / "deep")
    factories.write(patient(2), tmp_path / "in" / "flat")
    outcome = dl.run(tmp_path / "in", tmp_path / "out", "basic", KEY)
    assert outcome.outcomes[1].state is State.WRITTEN
    assert depth > 30 or outcome.outcomes[0].state is State.WRITTEN


class _Late:
    """Ends a test that hangs."""

    def __enter__(self):
        self.before = signal.signal(signal.SIGALRM, self._now)
        signal.alarm(60)

    def __exit__(self, *error):
        signal.alarm(0)
        signal.signal(signal.SIGALRM, self.before)

    @staticmethod
    def _now(*_):
        pytest.fail("a run hangs")


VICTIMS = ["CT_small.dcm", "MR_small_RLE.dcm", "reportsi.dcm", "nested_priv_SQ.dcm", "JPEG2000.dcm", "image_dfl.dcm",
           "SC_rgb_small_odd_jpeg.dcm", "rtplan.dcm", "UN_sequence.dcm", "MR_small_bigendian.dcm", "priv_SQ.dcm",
           "test-SR.dcm", "rtstruct.dcm", "liver_1frame.dcm", "MR_small_jpeg_ls_lossless.dcm"]  # fmt: skip
WOUNDS = st.lists(
    st.tuples(
        st.sampled_from(VICTIMS),
        st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6),
        st.one_of(st.none(), st.integers(0, 6000)),
    ),
    min_size=10,
    max_size=10,
)


@given(wounds=WOUNDS)
@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate])
def test_files_with_changed_and_missing_bytes_end_in_a_state_and_stop_no_run(wounds, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wounded")
    (folder / "in").mkdir()
    for number, (name, changes, cut) in enumerate(wounds):
        raw = bytearray((corpora.wheel() / "test_files" / name).read_bytes())
        for at, byte in changes:
            raw[at % len(raw)] = byte
        (folder / "in" / f"{number}").write_bytes(raw[: len(raw) if cut is None else cut])
    with _Late():
        outcome = dl.run(folder / "in", folder / "out", "basic", KEY)
    assert len(outcome.outcomes) == len(wounds)
    assert all(isinstance(o.state, State) for o in outcome.outcomes)
    assert all(o.reason is not Reason.UNEXPECTED for o in outcome.outcomes), [o.detail for o in outcome.outcomes]
    assert outcome.verdict is None or outcome.verdict.passed, str(outcome.verdict)
    shutil.rmtree(folder)


# --- bad input: a clear error, and nothing written -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["no such folder", "empty folder"])
def test_a_source_that_holds_nothing_is_an_error_and_nothing_is_written(tmp_path, kind):
    if kind == "empty folder":
        (tmp_path / "Quellenbach").mkdir()
    with pytest.raises(SourceError) as caught:
        dl.run(tmp_path / "Quellenbach", tmp_path / "out", "basic", KEY)
    assert identifiers_in(str(caught.value)) == []
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out-private").exists()


def linked(source: Path) -> Path:
    link = source.parent / "link"
    link.symlink_to(source, target_is_directory=True)
    return link


PLACES = {
    "the release in the source": lambda s: (s, s / "out", None),
    "the release deep in the source": lambda s: (s, s / "a" / "b", None),
    "the source in the release": lambda s: (s, s.parent, None),
    "the same folder": lambda s: (s, s, None),
    "the same folder through a link": lambda s: (s, linked(s), None),
    "in the source through a link": lambda s: (s, linked(s) / "out", None),
    "the same folder written another way": lambda s: (s, s / "PX88231" / "..", None),
    "the private folder in the source": lambda s: (s, s.parent / "out", s / "private"),
    "the private folder in the release": lambda s: (s, s.parent / "out", s.parent / "out" / "private"),
    "the release in the private folder": lambda s: (s, s.parent / "p" / "out", s.parent / "p"),
    "the private folder and the release the same": lambda s: (s, s.parent / "out", s.parent / "out"),
    "the release around a source that is a file": lambda s: (s / "4.dcm", s, None),
    "the release far around a source that is a file": lambda s: (s / "PX88231" / "IM1", s, None),
}


@pytest.mark.parametrize("places", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("overwrite", [False, True])
def test_folders_that_would_mix_are_refused_and_nothing_is_written(source, places, overwrite):
    (source / "manifest.jsonl").write_text('{"ordinal": 0, "state": "written"}\n', encoding="utf-8")
    came, release, private = places(source)
    before = everything(source.parent)
    with pytest.raises(ReleaseError, match="choose a folder beside it"):
        dl.run(came, release, "basic", KEY, private=private, overwrite=overwrite)
    assert everything(source.parent) == before


def test_a_release_that_is_not_empty_is_refused_and_left_alone(made, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ReleaseError, match="not empty"):
        dl.run(made, tmp_path / "out", "basic", KEY)
    assert everything(tmp_path) == everything(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_release_may_exist_if_empty(made, tmp_path):
    (tmp_path / "out").mkdir()
    assert dl.run(made, tmp_path / "out", "basic", KEY).count(State.WRITTEN) == WRITTEN


def unknown_key(folder: Path) -> dict[str, object]:
    return {"recipe": written(folder, "colour: red\n")}


def shared_key(folder: Path) -> dict[str, object]:
    KEY.write(folder / "key")
    (folder / "key").chmod(0o640)
    return {"key": folder / "key"}


def half_key(folder: Path) -> dict[str, object]:
    (folder / "key").write_text("ab" * 20, encoding="ascii")
    (folder / "key").chmod(0o600)
    return {"key": folder / "key"}


WRONG = {
    "an unknown recipe": (lambda _: {"recipe": "strictest"}, RecipeError, "strictest"),
    "an unknown key in a recipe": (unknown_key, RecipeError, "line 6"),
    "a key readable by others": (shared_key, KeyFileError, "chmod 600"),
    "no such key": (lambda f: {"key": f / "none"}, KeyFileError, "dicomlab key new"),
    "half a key": (half_key, KeyFileError, "64 hexadecimal digits"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_a_wrong_recipe_or_key_is_an_error_and_nothing_is_written(made, tmp_path, case):
    how, error, says = case
    given_ones = {"recipe": "basic", "key": KEY, **how(tmp_path)}
    before = everything(tmp_path)
    with pytest.raises(error, match=says):
        dl.run(made, tmp_path / "out", **given_ones)
    assert everything(tmp_path) == before


def test_a_release_that_cannot_be_made_is_a_clear_error(made, tmp_path):
    (tmp_path / "Quellenbach").write_text("a file", encoding="utf-8")
    with pytest.raises(ReleaseError) as caught:
        dl.run(made, tmp_path / "Quellenbach" / "out", "basic", KEY)
    assert identifiers_in(str(caught.value)) == []


def test_a_dry_run_plans_and_writes_nothing(made, tmp_path, whole):
    outcome = dl.run(made, tmp_path / "out", "basic", KEY, dry_run=True)
    assert list(tmp_path.iterdir()) == []
    assert outcome.verdict is None
    assert [(o.state, o.reason, o.output, dict(o.changes)) for o in outcome.outcomes] == [
        (o.state, o.reason, o.output, dict(o.changes)) for o in whole.outcomes
    ]


def test_a_dry_run_needs_no_key_of_its_own(made, tmp_path, monkeypatch):
    monkeypatch.delenv("DICOMLAB_KEY_FILE", raising=False)
    assert dl.run(made, tmp_path / "out", "basic", dry_run=True).count(State.WRITTEN) == WRITTEN
    assert list(tmp_path.iterdir()) == []


# --- the same bytes, in any order, on any worker ---------------------------------------------------------------------


def test_another_order_other_names_and_other_folders_make_the_same_files(made, tmp_path, whole):
    instances = sorted((p for p in made.rglob("*") if p.is_file() and not p.is_symlink()), key=lambda p: p.name)
    for number, path in enumerate(reversed(instances)):
        target = tmp_path / "in" / f"{number % 3}" / f"{999 - number}.x"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    dl.run(tmp_path / "in", tmp_path / "out", "basic", KEY)
    assert content(tmp_path / "out") == content(whole.release)


@pytest.mark.parametrize("name", ["basic", "research"])
def test_two_workers_in_many_shards_make_the_same_files_and_manifest_as_one(made, tmp_path, monkeypatch, name):
    dl.run(made, tmp_path / "one", name, KEY)
    monkeypatch.setattr(conduct, "_SHARD", 2)
    monkeypatch.setattr(conduct, "_SURVEY", 3)
    outcome = dl.run(made, tmp_path / "two", name, KEY, workers=2)
    assert outcome.verdict.passed
    assert content(tmp_path / "one") == content(tmp_path / "two")
    manifests = [content(tmp_path / f, "manifest.jsonl") for f in ("one", "two")]
    assert manifests[0] == manifests[1]


def test_a_run_of_one_file_makes_the_file_that_a_run_of_all_does_when_it_knows_as_much(made, tmp_path, whole):
    shutil.copytree(made / "PX88231", tmp_path / "in")
    dl.run(tmp_path / "in", tmp_path / "out", "basic", KEY)
    assert content(tmp_path / "out").items() <= content(whole.release).items()


def test_another_key_has_no_uid_code_or_date_in_common(made, tmp_path):
    found = []
    for name, key in (("one", KEY), ("other", OTHER_KEY)):
        dl.run(made, tmp_path / name, on_headers("research"), key)
        found.append(new_values(tmp_path / name))
    assert all(len(values) > 10 for values in found)
    assert found[0] & found[1] == set()


def test_a_deidentified_dataset_is_the_one_that_a_run_writes(made, tmp_path, whole):
    (entry,) = (e for e in dl.scan(made).instances if e.relative == "4.dcm")
    known = engine.gather([e.read() for e in dl.scan(made).patients[0]], recipe.load("basic"))
    expected = dl.deidentify(entry, "basic", KEY, known=known)
    assert expected == pydicom.dcmread(whole.release / whole.outcomes[entry.ordinal].output)


def test_identical_files_and_files_of_one_uid_are_told_apart_by_their_bytes(tmp_path):
    ways = []
    for way, names in enumerate((["a", "b", "c"], ["c", "b", "a"])):
        folder = tmp_path / f"in{way}"
        for name, number in zip(names, ("1", "1", "2"), strict=True):
            factories.write(patient(1, AcquisitionNumber=number), folder / name)
        outcome = dl.run(folder, tmp_path / f"out{way}", "basic", KEY)
        assert outcome.ok
        ways.append(content(tmp_path / f"out{way}"))
    assert ways[0] == ways[1]
    stems = sorted(Path(name).stem for name in ways[0])
    assert [s[len(stems[0]) :] for s in stems] == ["", "-2", "-3"]
    assert len(set(ways[0].values())) == 2


# --- stopped, and run again ------------------------------------------------------------------------------------------


@pytest.fixture
def again(made, tmp_path, monkeypatch):
    """Run the made tree in shards of two files, so that a run stops between them."""
    monkeypatch.setattr(conduct, "_SHARD", 2)

    def go(recipe="basic", key=KEY, *, release="out", **arguments: object) -> RunOutcome:
        return dl.run(made, tmp_path / release, recipe, key, **arguments)

    go.release = tmp_path / "out"
    return go


@pytest.fixture
def stop(again, monkeypatch):
    """Run likewise, as a person who interrupts it after so many shards."""

    def until(after: int = 2, **arguments: object) -> None:
        really, done = conduct.work, []

        def work(order):
            if len(done) >= after:
                raise KeyboardInterrupt
            done.append(order.number)
            return really(order)

        with monkeypatch.context() as patch:
            patch.setattr(conduct, "work", work)
            with pytest.raises(KeyboardInterrupt):
                again(**arguments)

    return until


def left_by(outcome: RunOutcome) -> dict[str, object]:
    """What a run leaves for everyone: files and lines of the manifest."""
    return {"files": content(outcome.release), "lines": lines(outcome), "hidden": leftovers(outcome.release.parent)}


@pytest.fixture
def undisturbed(whole) -> dict[str, object]:
    return left_by(whole)


class _FullFile:
    def __init__(self, file) -> None:
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, piece: bytes) -> int:
        self.file.write(piece[: len(piece) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def full_disk(monkeypatch):
    """Let the disk be full after so many files, within the context returned."""

    def hold(room: int):
        really, left = os.fdopen, [room]

        def fdopen(*args, **kwargs):
            left[0] -= 1
            file = really(*args, **kwargs)
            return file if left[0] >= 0 else _FullFile(file)

        context = monkeypatch.context()
        patch = context.__enter__()
        patch.setattr(os, "fdopen", fdopen)
        return context

    return hold


@pytest.mark.parametrize("room", [0, 3, 5, 8, 12])
def test_a_full_disk_is_a_clear_error_and_the_next_run_ends_with_the_same_bytes(again, undisturbed, full_disk, room):
    context = full_disk(room)
    with pytest.raises(ReleaseError, match=r"disk is full.*run the same command again"):
        again()
    context.__exit__(None, None, None)
    assert left_by(again()) == undisturbed


def test_a_full_disk_leaves_no_half_file(again, full_disk, tmp_path, undisturbed):
    context = full_disk(5)
    with pytest.raises(ReleaseError):
        again()
    context.__exit__(None, None, None)
    assert leftovers(tmp_path) == []
    assert content(tmp_path / "out")
    assert content(tmp_path / "out").items() <= undisturbed["files"].items()


def test_a_full_disk_while_quarantining_is_a_clear_error_too(again, monkeypatch, undisturbed):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(ReleaseError, match="disk is full"):
            again()
    assert left_by(again()) == undisturbed


KILLED = """
    import os, sys
    from pathlib import Path
    import dicomlab as dl
    from dicomlab.pseudonyms import Key
    from dicomlab.runs import conduct

    conduct._SHARD = 2
    left, really = [int(sys.argv[3])], Path.replace

    def replace(self, target):
        left[0] -= 1
        if left[0] < 0:
            os._exit(9)
        return really(self, target)

    Path.replace = replace
    dl.run(sys.argv[1], sys.argv[2], "basic", Key(bytes(32)))
"""


@pytest.fixture
def killed(made, tmp_path):
    """Run in a process that ends without a word when it is about to give a file its name."""

    def after(files_: int) -> None:
        words = [sys.executable, "-c", textwrap.dedent(KILLED), str(made), str(tmp_path / "out"), str(files_)]
        assert subprocess.run(words, check=False).returncode == 9

    return after


@pytest.mark.parametrize("after", [0, 5, 13])
def test_a_killed_run_that_is_run_again_ends_with_the_same_bytes(again, killed, undisturbed, after):
    killed(after)
    assert left_by(again()) == undisturbed


def test_a_killed_run_leaves_no_half_file_under_a_final_name(killed, tmp_path, undisturbed):
    killed(9)
    assert content(tmp_path / "out", "*.dcm")
    named = {name: raw for name, raw in content(tmp_path / "out").items() if not Path(name).name.startswith(".")}
    assert named.items() <= undisturbed["files"].items()


def test_an_interrupted_run_goes_on_where_it_stopped(again, stop, monkeypatch, undisturbed):
    stop(after=2)
    shards: list[int] = []
    really = conduct.work
    monkeypatch.setattr(conduct, "work", lambda order: shards.append(order.number) or really(order))
    assert left_by(again()) == undisturbed
    assert min(shards) == 2


def lose(release: Path) -> None:
    next(release.rglob("*.dcm")).unlink()


def change(release: Path) -> None:
    next(release.rglob("*.dcm")).write_bytes(bytes(100))


def spoil(release: Path) -> None:
    next((release.parent / "out-private" / "progress").iterdir()).write_bytes(b"\x80")


@pytest.mark.parametrize("harm", [lose, change, spoil])
def test_what_a_power_cut_took_is_made_again(again, stop, undisturbed, harm):
    stop(after=4)
    harm(again.release)
    assert left_by(again()) == undisturbed


OTHERWISE = {
    "another recipe": {"recipe": "low"},
    "another key": {"key": OTHER_KEY},
    "verified later": {"verify": "later"},
    "the tree mirrored": {"mirror_tree": True},
}


@pytest.mark.parametrize("otherwise", OTHERWISE.values(), ids=OTHERWISE)
def test_an_interrupted_run_is_not_finished_otherwise_unless_begun_anew(again, stop, tmp_path, otherwise):
    stop()
    before = everything(tmp_path)
    with pytest.raises(ReleaseError, match="begun with another"):
        again(**otherwise)
    assert everything(tmp_path) == before
    assert again(**otherwise, overwrite=True).count(State.WRITTEN) == WRITTEN


def test_an_interrupted_run_is_not_finished_from_a_source_that_changed(source, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        raising(patch, lambda i: i.text("SOPInstanceUID").endswith(".6"), KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            dl.run(source, tmp_path / "out", "basic", KEY)
    (source / "4.dcm").write_bytes((source / "5.dcm").read_bytes())
    with pytest.raises(ReleaseError, match="begun with another"):
        dl.run(source, tmp_path / "out", "basic", KEY)


def test_a_run_stopped_before_its_first_file_may_be_begun_anew(again, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(conduct, "_surveyed", interrupted)
        with pytest.raises(KeyboardInterrupt):
            again()
    assert again("low", OTHER_KEY).count(State.WRITTEN) == WRITTEN


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_release_and_its_private_folder_may_be_moved_before_going_on(again, stop, tmp_path, undisturbed):
    stop(release="a/out")
    (tmp_path / "a").rename(tmp_path / "b")
    assert left_by(again(release="b/out")) == undisturbed


# --- overwriting -----------------------------------------------------------------------------------------------------


def test_a_finished_release_is_replaced_only_when_asked(source, tmp_path):
    first = dl.run(source, tmp_path / "out", "basic", KEY)
    before = everything(tmp_path / "out")
    with pytest.raises(ReleaseError, match="--overwrite"):
        dl.run(source, tmp_path / "out", "basic", KEY)
    assert everything(tmp_path / "out") == before
    (source / "4.dcm").unlink()
    again = dl.run(source, tmp_path / "out", "basic", KEY, overwrite=True)
    assert (first.count(State.WRITTEN), again.count(State.WRITTEN)) == (WRITTEN, WRITTEN - 1)
    assert len(content(tmp_path / "out")) == WRITTEN - 1


NOT_OURS = {
    "a thesis": {"thesis.txt": "mine"},
    "a manifest of another program": {"manifest.jsonl": '{"file": "x"}\n', "thesis.txt": "mine"},
    "a manifest that is none": {"manifest.jsonl": "just words\n", "thesis.txt": "mine"},
    "an empty manifest": {"manifest.jsonl": "", "thesis.txt": "mine"},
}


@pytest.mark.parametrize("held", NOT_OURS.values(), ids=NOT_OURS)
def test_a_folder_that_holds_no_release_of_ours_is_never_deleted(made, tmp_path, held):
    (tmp_path / "out").mkdir()
    for name, text in held.items():
        (tmp_path / "out" / name).write_text(text, encoding="utf-8")
    before = everything(tmp_path)
    with pytest.raises(ReleaseError, match="no release of ours"):
        dl.run(made, tmp_path / "out", "basic", KEY, overwrite=True)
    assert everything(tmp_path) == before


def test_a_private_folder_in_use_for_one_release_deletes_nothing_elsewhere(made, tmp_path, stop):
    stop(private=tmp_path / "private")
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "thesis.txt").write_text("mine", encoding="utf-8")
    before = everything(tmp_path)
    with pytest.raises(ReleaseError, match="belongs to another release"):
        dl.run(made, tmp_path / "documents", "basic", KEY, private=tmp_path / "private", overwrite=True)
    assert everything(tmp_path) == before


def test_the_crosswalk_of_one_release_is_not_lost_to_another(made, tmp_path):
    dl.run(made, tmp_path / "one", "basic", KEY, private=tmp_path / "private")
    before = everything(tmp_path)
    with pytest.raises(ReleaseError, match="crosswalk would be lost"):
        dl.run(made, tmp_path / "two", "basic", KEY, private=tmp_path / "private")
    assert everything(tmp_path) == before


# --- pseudonyms ------------------------------------------------------------------------------------------------------


def test_without_a_key_the_run_makes_one_in_the_private_folder_and_uses_it_again(made, tmp_path, monkeypatch):
    monkeypatch.delenv("DICOMLAB_KEY_FILE", raising=False)
    dl.run(made, tmp_path / "out", "basic")
    first, key = content(tmp_path / "out"), (tmp_path / "out-private" / "key").read_bytes()
    dl.run(made, tmp_path / "out", "basic", overwrite=True)
    assert (content(tmp_path / "out"), (tmp_path / "out-private" / "key").read_bytes()) == (first, key)


def test_the_key_of_the_environment_is_used_and_not_copied(made, tmp_path, monkeypatch, whole):
    KEY.write(tmp_path / "key")
    monkeypatch.setenv("DICOMLAB_KEY_FILE", str(tmp_path / "key"))
    dl.run(made, tmp_path / "out", "basic")
    assert content(tmp_path / "out") == content(whole.release)
    assert not (tmp_path / "out-private" / "key").exists()


def test_a_given_key_is_not_copied_into_the_private_folder(whole):
    assert not (whole.private / "key").exists()


def test_salted_releases_of_one_key_have_nothing_in_common(made, tmp_path):
    found = []
    for name in ("one", "two"):
        outcome = dl.run(made, tmp_path / name, on_headers("high"), KEY)
        assert outcome.count(State.WRITTEN) == WRITTEN
        found.append(new_values(tmp_path / name))
    assert found[0] & found[1] == set()


def test_a_salted_release_made_again_is_the_same(made, tmp_path):
    dl.run(made, tmp_path / "out", on_headers("high"), KEY)
    first = content(tmp_path / "out")
    dl.run(made, tmp_path / "out", on_headers("high"), KEY, overwrite=True)
    assert content(tmp_path / "out") == first


def test_at_high_level_no_two_studies_share_a_code_or_a_uid(made, tmp_path):
    outcome = dl.run(made, tmp_path / "out", on_headers("high"), KEY)
    assert outcome.verdict.passed, str(outcome.verdict)
    studies: dict[str, set[str]] = {}
    for dataset in read(tmp_path / "out"):
        uids = {
            str(e.value) for e in dataset.iterall() if e.VR == "UI" and not str(e.value).startswith("1.2.840.10008.")
        }
        studies.setdefault(dataset.StudyInstanceUID, set()).update(uids | {dataset.PatientID})
    assert len(studies) == 3
    assert all(not (a & b) for k, a in studies.items() for m, b in studies.items() if k < m)


def test_at_high_level_a_study_of_two_patient_ids_has_one_code(tmp_path):
    factories.write(patient(1), tmp_path / "in" / "1")
    factories.write(patient(2, PatientID="PX88231-corrected"), tmp_path / "in" / "2")
    outcome = dl.run(tmp_path / "in", tmp_path / "out", on_headers("high"), KEY)
    assert outcome.verdict.passed, str(outcome.verdict)
    assert len({d.PatientID for d in read(tmp_path / "out")}) == 1


def test_random_codes_derive_from_nothing_and_are_stable_within_the_private_folder(made, tmp_path):
    chosen = written(tmp_path, 'identifiers: {patient: random, prefix: "S-"}\n')
    codes = []
    for name in ("one", "one", "two"):
        dl.run(made, tmp_path / name, chosen, KEY, overwrite=True)
        codes.append({d.PatientID for d in read(tmp_path / name)})
    assert all(len(c) == 2 and all(code.startswith("S-") for code in c) for c in codes)
    assert codes[0] == codes[1]
    assert codes[0] & codes[2] == set()


def test_codes_come_from_the_table_and_a_patient_without_a_row_is_quarantined(made, tmp_path):
    (tmp_path / "codes.csv").write_text("patient_id,code\nPX88231,Study-007\n", encoding="utf-8")
    chosen = written(tmp_path, "identifiers: {patient: {table: codes.csv}}\n")
    outcome = dl.run(made, tmp_path / "out", chosen, KEY)
    assert {d.PatientID for d in read(tmp_path / "out")} == {"Study-007"}
    assert {Path(name).parts[0] for name in content(tmp_path / "out")} == {"Study-007"}
    assert outcome.reasons()[State.QUARANTINED, Reason.NO_CODE] == 2


def test_dates_of_one_patient_move_by_one_interval_over_studies_and_of_two_patients_by_two(made, tmp_path):
    dl.run(made, tmp_path / "out", on_headers("research"), KEY)
    moved: dict[str, set[str]] = {}
    for dataset in read(tmp_path / "out"):
        moved.setdefault(dataset.PatientID, set()).update({dataset.StudyDate, dataset.ContentDate})
    assert len(moved) == 2
    assert all(len(dates) == 1 for dates in moved.values())
    assert len(set.union(*moved.values())) == 2
    assert "20240311" not in set.union(*moved.values())


def test_a_patient_whose_issuer_some_instances_leave_out_has_one_code_and_one_interval(tmp_path):
    told = [
        ("", "1.2.1", "20200101"),
        ("NORTH", "1.2.2", "20200301"),
        ("SOUTH", "1.2.2", "20200302"),
        ("", "1.2.3", "20210101"),
    ]
    for number, (issuer, study, day) in enumerate(told):
        one = patient(
            number, IssuerOfPatientID=issuer, StudyInstanceUID=study, SeriesInstanceUID=study + ".1", StudyDate=day
        )
        factories.write(one, tmp_path / "in" / str(number))
    outcome = dl.run(tmp_path / "in", tmp_path / "out", on_headers("research"), key=KEY)
    assert outcome.verdict is not None
    assert outcome.verdict.passed
    assert dl.verify(tmp_path / "in", tmp_path / "out", on_headers("research")).passed
    after = list(read(tmp_path / "out"))
    assert len({one.PatientID for one in after}) == 1
    days = sorted(pydicom.valuerep.DA(one.StudyDate) for one in after)
    assert [(day - days[0]).days for day in days] == [0, 60, 61, 366]


def test_a_name_in_one_instance_leaves_the_text_of_every_other_of_the_patient(tmp_path):
    factories.write(patient(1), tmp_path / "in" / "1")
    bare = patient(2, PatientName="", StudyDescription="Thorax Zaphiro", ReferringPhysicianName="")
    factories.write(bare, tmp_path / "in" / "2")
    outcome = dl.run(tmp_path / "in", tmp_path / "out", on_headers("research"), KEY)
    made = pydicom.dcmread(tmp_path / "out" / outcome.outcomes[1].output)
    assert made.StudyDescription == "Thorax"


# --- the tree mirrored -----------------------------------------------------------------------------------------------


def test_a_mirrored_tree_keeps_names_that_identify_nobody_and_replaces_the_others(tmp_path):
    folder = tmp_path / "in"
    factories.write(patient(1), folder / "Quellenbach Zaphiro" / "thorax" / "IM0001")
    factories.write(patient(2), folder / "Quellenbach Zaphiro" / "thorax" / "IM0002.dcm")
    factories.write(patient(3, SeriesInstanceUID="1.2.3"), folder / "Quellenbach Zaphiro" / "PX88231.IMA")
    outcome = dl.run(folder, tmp_path / "out", "basic", KEY, mirror_tree=True)
    assert outcome.verdict.passed
    outputs = [Path(o.output) for o in outcome.outcomes]
    assert sorted(len(p.parts) for p in outputs) == [2, 3, 3]
    assert len({p.parts[0] for p in outputs}) == 1
    assert {p.name for p in outputs} >= {"IM0001", "IM0002.dcm"}
    assert {p.parent.name for p in outputs} >= {"thorax"}
    assert identifiers_in(" ".join(map(str, outputs))) == []
    assert all((tmp_path / "out" / p).is_file() for p in outputs)


@pytest.mark.parametrize(
    "name", ["Meier, Hans", "QUELLENBACH^ZAPHIRO", "2019-05-23", "PAT0012345x", "4711234", "Dr. Ros", "müller"]
)
def test_a_folder_named_after_somebody_whom_no_header_names_is_replaced_in_a_mirrored_tree(tmp_path, name):
    factories.write(factories.ct_instance(1, PatientID="A"), tmp_path / "in" / name / "IM1")
    outcome = dl.run(tmp_path / "in", tmp_path / "out", "basic", KEY, mirror_tree=True)
    assert re.fullmatch(r"[0-9A-Z]{16}/IM1", outcome.outcomes[0].output)


@pytest.mark.parametrize("name", ["thorax", "CT", "series 3", "IM000123", "000017", "axial_T2w_contrast", "1-02", "S1"])
def test_a_name_made_of_terms_and_short_numbers_stays_in_a_mirrored_tree(tmp_path, name):
    factories.write(factories.ct_instance(1, PatientID="A"), tmp_path / "in" / name / f"{name}.dcm")
    outcome = dl.run(tmp_path / "in", tmp_path / "out", "basic", KEY, mirror_tree=True)
    assert outcome.outcomes[0].output == f"{name}/{name}.dcm"


def test_names_that_differ_in_case_or_would_meet_a_numbered_one_stay_apart(tmp_path):
    names = ["a/x.dcm", "a/X.dcm", "a/x-2.dcm", "manifest.jsonl", "report.html", ".hidden", "n\nl"]
    for number, name in enumerate(names):
        factories.write(patient(number + 1), tmp_path / "in" / name)
    outcome = dl.run(tmp_path / "in", tmp_path / "out", "basic", KEY, mirror_tree=True)
    assert outcome.count(State.WRITTEN) == len(names)
    outputs = [o.output for o in outcome.outcomes]
    assert len({o.casefold() for o in outputs}) == len(names)
    assert all((tmp_path / "out" / o).is_file() for o in outputs)
    assert {"manifest.jsonl", "report.html"}.isdisjoint(outputs)
    assert all(o.isprintable() and not Path(o).name.startswith(".") for o in outputs)
    assert outcome.verdict.passed, str(outcome.verdict)


def test_a_mirrored_release_tells_pseudonyms_rather_than_folders(made, tmp_path):
    outcome = dl.run(made, tmp_path / "out", "basic", KEY, mirror_tree=True)
    with (outcome.private / "crosswalk.csv").open(encoding="utf-8", newline="") as text:
        told = {r["pseudonym"] for r in csv.DictReader(text) if r["state"] == "written"}
    assert told == {
        d.PatientID for d in map(pydicom.dcmread, (tmp_path / "out" / o.output for o in outcome.outcomes if o.output))
    }


def test_names_that_are_no_utf_8_are_carried_through(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    path = Path(os.fsdecode(os.fsencode(folder) + b"/M\xfcller\xff"))
    factories.write(patient(1), folder / "x").rename(path)
    for mirror in (False, True):
        outcome = dl.run(folder, tmp_path / f"out{mirror}", "basic", KEY, mirror_tree=mirror)
        assert outcome.ok
        assert dl.verify(folder, tmp_path / f"out{mirror}", "basic").passed
        assert outcome.outcomes[0].output.isascii()


# --- where work is done ----------------------------------------------------------------------------------------------


def test_a_plain_script_without_a_main_guard_may_use_workers(made, tmp_path):
    script = (
        "import dicomlab as dl\noutcome = dl.run({!r}, {!r}, 'basic', workers=2)\nprint(outcome.count('written'))\n"
    )
    (tmp_path / "script.py").write_text(script.format(str(made), str(tmp_path / "out")), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (run.stdout.strip(), run.stderr) == (str(WRITTEN), "")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_may_be_started_from_a_thread(made, tmp_path, whole, workers):
    found: list[RunOutcome] = []
    thread = threading.Thread(
        target=lambda: found.append(dl.run(made, tmp_path / "out", "basic", KEY, workers=workers))
    )
    thread.start()
    thread.join()
    assert lines(found[0]) == lines(whole)


def test_two_runs_at_once_do_not_disturb_each_other(made, tmp_path, whole):
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(dl.run, made, tmp_path / name, "basic", KEY) for name in ("one", "two")]
        outcomes = [job.result() for job in jobs]
    assert all(lines(o) == lines(whole) for o in outcomes)


def test_a_worker_that_is_ended_is_a_clear_error(made, tmp_path, monkeypatch):
    monkeypatch.setattr(conduct, "work", _ended)
    with pytest.raises(ReleaseError, match="with fewer workers"):
        dl.run(made, tmp_path / "out", "basic", KEY, workers=2)


def _ended(_order: object) -> None:
    os._exit(1)


def test_a_disk_that_refuses_a_worker_is_the_same_clear_error(made, tmp_path, monkeypatch):
    ordered = conduct._orders

    def in_the_way(*args, **kwargs):
        orders = ordered(*args, **kwargs)
        for order in orders:
            for output in filter(None, order.outputs):
                (order.release / output.split("/")[0]).write_bytes(b"a file where a folder should be")
        return orders

    monkeypatch.setattr(conduct, "_orders", in_the_way)
    with pytest.raises(ReleaseError, match="cannot be written"):
        dl.run(made, tmp_path / "out", "basic", KEY, workers=2)


def test_a_cluster_makes_the_same_files(made, tmp_path, whole):
    distributed = pytest.importorskip(
        "distributed", reason="distributed is not installed; pip install 'dicomlab[cluster]'"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            outcome = dl.run(made, tmp_path / "out", "basic", KEY, cluster=cluster.scheduler_address)
    assert lines(outcome) == lines(whole)
    assert content(tmp_path / "out") == content(whole.release)


def test_a_cluster_without_its_package_is_an_error_that_names_it(made, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DicomlabError, match=re.escape("pip install 'dicomlab[cluster]'")):
        dl.run(made, tmp_path / "out", "basic", KEY, cluster="tcp://nowhere:1")


# --- what others may see ---------------------------------------------------------------------------------------------


def test_a_run_logs_and_prints_nothing_that_identifies(tmp_path, caplog, capfd):
    """Values that pydicom complains about, and quotes."""
    wrong = {"FrameOfReferenceUID": "1.2.Quellenbach", "InstanceNumber": "1", "PatientAge": "PX88231"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        factories.write(patient(1, **wrong, SpecificCharacterSet="ISO_IR Zaphiro"), tmp_path / "in" / "Quellenbach")
    capfd.readouterr()
    caplog.clear()
    with caplog.at_level(0):
        for name in ("basic", "research"):
            outcome = dl.run(tmp_path / "in", tmp_path / name, on_headers(name), KEY)
            assert isinstance(outcome.outcomes[0].state, State)
    said = capfd.readouterr()
    assert identifiers_in(said.out + said.err + caplog.text) == []


def test_progress_shows_counts_and_no_name(made, tmp_path, capfd):
    dl.run(made, tmp_path / "out", "basic", KEY, progress=True)
    said = capfd.readouterr()
    assert "survey" in said.err
    assert "de-identify" in said.err
    assert identifiers_in(said.out + said.err) == []


def test_what_is_looked_at_is_summed_up_by_attribute_and_masked(made):
    rows = {row.path: row for row in dl.inspect(dl.scan(made))}
    name = rows["PatientName"]
    assert (name.keyword, name.tag, name.vr, name.code) == ("PatientName", "(0010,0010)", "PN", "Z")
    assert (name.instances, name.distinct, name.counts) == (9, 2, (7, 2))
    assert rows["Rows"].distinct == 1
    assert identifiers_in(repr(rows)) == []


def test_what_identifies_anybody_in_a_source_is_gathered_for_other_texts(made):
    found = runs.identities(made)
    assert judge.search(b"a letter to Zaphiro Quellenbach", found, kind="text")
    assert not judge.search(b"a letter to nobody", found, kind="text")
    assert identifiers_in(repr(found)) == []


def test_an_outcome_or_a_verdict_is_written_as_one_page(whole, tmp_path):
    for number, one in enumerate((whole, whole.verdict)):
        page = dl.report(one, tmp_path / f"{number}.html").read_text("utf-8")
        assert page.startswith("<!DOCTYPE html>")
        assert identifiers_in(page) == []


def test_the_verbs_are_exported(root):
    assert {runs.run, runs.verify} == {dl.run, dl.verify}
