"""What a run leaves: a release that anybody may read, a private folder for its owner, and a verdict that holds."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import subprocess
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import corpora
import factories
import pydicom
import pytest
from deidentified import on_headers
from factories import PLANTED, patient
from pydicom.dataset import Dataset
from pydicom.uid import UltrasoundImageStorage

import dicomlab as dl
from dicomlab import engine, files, pseudonyms
from dicomlab.errors import ReleaseError
from dicomlab.header.wire import Defer, Element
from dicomlab.records import Reason, RunOutcome, State, Verdict
from dicomlab.runs import conduct, shard

KEY = pseudonyms.Key(bytes(32))
OWN = {"manifest.jsonl", "report.html", "report.json"}


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """One patient with two studies, another with an ultrasound image, and files that cannot be released."""
    folder = tmp_path_factory.mktemp("source") / "Quellenbach_Zaphiro"
    later = {"StudyInstanceUID": "1.2.66.1", "SeriesInstanceUID": "1.2.66.2"}
    for number in (1, 2):
        factories.write(patient(number), folder / "PX88231" / f"IM{number}")
    item = factories.item(ScheduledProcedureStepID="ACC5577319")
    with_item = patient(3, **later, RequestAttributesSequence=factories.sequence(item))
    factories.write(with_item, folder / 'Zaphiro, "3"\n.dcm')
    other = {"StudyInstanceUID": "1.2.77.1", "SeriesInstanceUID": "1.2.77.2", "PatientID": "B-1"}
    us = {"SOPClassUID": UltrasoundImageStorage, "Modality": "US", "PatientName": "Basalt^Ida"}
    factories.write(factories.ct_instance(4, **other, **us), folder / "ultrasound")
    (folder / "letter to Quellenbach.txt").write_text("Dear Zaphiro", encoding="utf-8")
    (folder / "closed").symlink_to(folder / "nowhere")
    (folder / "short").write_bytes((folder / "PX88231" / "IM1").read_bytes()[:-20])
    return folder


@pytest.fixture(scope="module")
def outcome(source, tmp_path_factory) -> RunOutcome:
    return dl.run(source, tmp_path_factory.mktemp("release") / "out", "basic", KEY)


@pytest.fixture
def copied(outcome, tmp_path) -> Path:
    """A copy of release and private folder that a test may tamper with."""
    shutil.copytree(outcome.release, tmp_path / "out")
    shutil.copytree(outcome.private, tmp_path / "out-private")
    return tmp_path / "out"


def lines(release: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (release / "manifest.jsonl").read_text("utf-8").splitlines()]


def crosswalk(private: Path) -> list[dict[str, str]]:
    with (private / "crosswalk.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as text:
        return list(csv.DictReader(text))


def audit(private: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (private / "audit.jsonl").read_text("utf-8").splitlines()]


def identifiers_in(raw: bytes) -> list[str]:
    return [word for word in PLANTED if word.encode() in raw.lower()]


def failed(verdict: Verdict) -> set[str]:
    return {check.name for check in verdict.checks if not check.passed}


# --- the release -----------------------------------------------------------------------------------------------------


def test_a_release_holds_the_instances_under_their_pseudonyms_and_three_files_of_its_own(outcome):
    found = {p.relative_to(outcome.release).as_posix() for p in outcome.release.rglob("*") if p.is_file()}
    assert found == OWN | {o.output for o in outcome.outcomes if o.output}
    for path in outcome.release.rglob("*.dcm"):
        made = pydicom.dcmread(path)
        names = (made.PatientID, made.StudyInstanceUID, made.SeriesInstanceUID, f"{made.SOPInstanceUID}.dcm")
        assert path.relative_to(outcome.release).parts == names


def test_nothing_in_a_release_identifies(outcome):
    for path in outcome.release.rglob("*"):
        assert identifiers_in(path.relative_to(outcome.release).as_posix().encode()) == []
        if path.is_file():
            assert identifiers_in(path.read_bytes()) == [], path.suffix


def test_the_manifest_has_one_line_a_file_in_the_order_of_the_source(outcome, source):
    told = lines(outcome.release)
    assert [line["ordinal"] for line in told] == list(range(len(files.listed(source)))) == list(range(7))
    assert Counter(line["state"] for line in told) == {"written": 4, "quarantined": 2, "ignored": 1}
    assert {line["reason"] for line in told} == {None, "not-dicom", "unreadable", "truncated-pixel-data"}


def test_the_manifest_tells_digest_changes_letters_codes_and_verdict(outcome):
    for line in lines(outcome.release):
        if line["state"] != "written":
            assert (line["output"], line["sha256"], line["verified"]) == (None, None, None)
            continue
        raw = (outcome.release / line["output"]).read_bytes()
        assert line["sha256"] == hashlib.sha256(raw).hexdigest()
        assert line["verified"] is True
        assert line["codes"] == ["113100"]
        assert line["changes"]["U"] >= 4
        assert set(line["safe_harbor"]) >= {"A", "C", "R"}  # names, dates, other numbers: 45 CFR 164.514(b)(2)(i)


def test_the_manifest_tells_of_pixels_at_risk_that_were_kept(outcome):
    (us,) = (line for line in lines(outcome.release) if line["modality"] == "US" and line["state"] == "written")
    assert [(f["carrier"], f["where"]) for f in us["findings"]] == [("burned-in", "PixelData")]


def test_the_reports_stand_in_the_release_and_name_the_manifest_by_its_digest(outcome):
    digest = hashlib.sha256((outcome.release / "manifest.jsonl").read_bytes()).hexdigest()
    shown = re.sub(r"<[^>]*>|\s", "", (outcome.release / "report.html").read_text("utf-8"))
    assert digest in shown
    assert json.loads((outcome.release / "report.json").read_text("utf-8"))["manifest_sha256"] == digest


def test_the_outcome_says_in_one_line_how_it_ended(outcome):
    assert str(outcome) == "7 files: 4 written, 2 quarantined, 1 ignored; verified"
    assert not outcome.ok  # something was quarantined
    assert outcome.verdict.passed


# --- the private folder ----------------------------------------------------------------------------------------------


def test_the_private_folder_is_its_owners_alone(outcome):
    assert outcome.private == outcome.release.with_name("out-private")
    for path in (outcome.private, *outcome.private.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path.name


def test_the_private_folder_holds_the_evidence_and_nothing_that_was_only_needed_on_the_way(outcome):
    assert {p.name for p in outcome.private.iterdir()} == {
        "crosswalk.csv", "audit.jsonl", "run.log", "run.json", "manifest.sha256", "quarantine",
    }  # fmt: skip


def test_a_private_folder_that_was_open_is_closed(source, tmp_path):
    (tmp_path / "private").mkdir(mode=0o755)
    made = dl.run(source, tmp_path / "out", "basic", KEY, private=tmp_path / "private")
    assert made.private.stat().st_mode & 0o777 == 0o700


def test_a_key_that_the_run_made_is_its_owners_alone(source, tmp_path, monkeypatch):
    monkeypatch.delenv("DICOMLAB_KEY_FILE", raising=False)
    private = dl.run(source, tmp_path / "out", on_headers("high")).private
    assert {n: (private / n).stat().st_mode & 0o777 for n in ("key", "salt")} == {"key": 0o600, "salt": 0o600}
    assert pseudonyms.Key.read(private / "key").fingerprint != KEY.fingerprint


def test_the_crosswalk_ties_each_file_to_what_became_of_it(outcome, source):
    rows = crosswalk(outcome.private)
    assert [int(r["ordinal"]) for r in rows] == [o.ordinal for o in outcome.outcomes]
    assert [r["source"] for r in rows] == [relative for _, relative in files.listed(source)]
    for row, made in zip(rows, outcome.outcomes, strict=True):
        assert (row["state"], row["reason"], row["release"]) == (made.state, made.reason or "", made.output or "")
        if made.output:
            before, after = pydicom.dcmread(source / row["source"]), pydicom.dcmread(outcome.release / made.output)
            assert (row["patient_id"], row["pseudonym"]) == (before.PatientID, after.PatientID)
        else:
            assert row["pseudonym"] == ""


def test_the_audit_has_a_record_of_every_instance_released(outcome):
    records = audit(outcome.private)
    assert [r["ordinal"] for r in records] == [o.ordinal for o in outcome.outcomes if o.output]
    assert {"timestamp", "input_file", "output_file", "original_patient_id_hash", "pseudonym", "tags_anonymized",
            "statistics"} <= records[0].keys()  # fmt: skip
    by_ordinal = {o.ordinal: o for o in outcome.outcomes}
    assert all(r["output_file"] == by_ordinal[r["ordinal"]].output for r in records)
    assert {r["pseudonym"] for r in records} == {p.name for p in outcome.release.iterdir() if p.is_dir()}


def test_the_audit_lists_every_change_once_and_refers_to_it_for_its_like(outcome, source):
    records = {r["ordinal"]: r for r in audit(outcome.private)}
    for record in records.values():
        tags = record["tags_anonymized"]
        if isinstance(tags, dict):
            assert tags.keys() == {"same_as"}
            tags = records[tags["same_as"]]["tags_anonymized"]
        planned = engine.plan(pydicom.dcmread(source / record["input_file"]), dl.load_recipe("basic"), KEY).changes
        assert {(t["attribute"], t["action"]) for t in tags} == {(c.path, str(c.action)) for c in planned}
    assert sum(isinstance(r["tags_anonymized"], dict) for r in records.values()) >= 1


def test_the_audit_counts_what_was_removed_and_that_pixels_stayed(outcome, source):
    (record,) = (r for r in audit(outcome.private) if r["input_file"].startswith("Zaphiro"))
    # Institution Name, the two descriptions and Request Attributes Sequence have action X in Table E.1-1.
    assert record["statistics"]["phi_tags_removed"] == 4
    assert record["statistics"]["private_tags_removed"] == 0
    assert record["statistics"]["image_data_preserved"] is True
    before = pydicom.dcmread(source / record["input_file"])
    assert record["statistics"]["total_tags_processed"] == len(before) + 4  # and four that say what was done


def test_the_hash_of_a_patient_id_is_keyed(outcome, source, tmp_path):
    other = dl.run(source, tmp_path / "out", "basic", pseudonyms.Key(bytes(31) + b"\1"))
    hashes = [{r["input_file"]: r["original_patient_id_hash"] for r in audit(o.private)} for o in (outcome, other)]
    assert all(h.startswith("hmac-sha256:") for found in hashes for h in found.values())
    assert len(set(hashes[0].values())) == 2  # two patients
    assert set(hashes[0].values()).isdisjoint(hashes[1].values())
    assert hashlib.sha256(b"PX88231").hexdigest()[:16] not in str(hashes).lower()


def test_the_audit_holds_no_value(outcome):
    text = json.dumps([{k: v for k, v in r.items() if k != "input_file"} for r in audit(outcome.private)])
    assert identifiers_in(text.encode()) == []


def test_quarantine_keeps_a_copy_by_reason_of_what_was_held_back_and_can_be_read(outcome, source):
    found = {p.relative_to(outcome.private / "quarantine").as_posix(): p for p in outcome.private.rglob("*.dcm")}
    (short,) = (o for o in outcome.outcomes if o.reason is Reason.TRUNCATED)
    assert list(found) == [f"truncated-pixel-data/{short.ordinal:08d}.dcm"]
    assert next(iter(found.values())).read_bytes() == (source / "short").read_bytes()


def test_the_log_tells_ordinals_and_reasons_and_identifies_nobody(outcome):
    text = (outcome.private / "run.log").read_text("utf-8")
    assert identifiers_in(text.encode()) == []
    assert "4 written, 2 quarantined, 1 ignored" in text
    for made in outcome.outcomes:
        if made.reason:
            assert re.search(rf"^{made.ordinal} {made.state} {made.reason}$", text, re.MULTILINE)


# --- verified now, later, again --------------------------------------------------------------------------------------


def test_a_release_verified_later_says_so_until_it_is(source, tmp_path):
    made = dl.run(source, tmp_path / "out", "basic", KEY, verify="later")
    assert (made.verdict, str(made)[-12:]) == (None, "not verified")
    assert {line["verified"] for line in lines(tmp_path / "out")} == {None}
    assert json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["verification"]["state"] != "passed"
    assert dl.verify(source, tmp_path / "out", "basic").passed
    assert {line["verified"] for line in lines(tmp_path / "out") if line["state"] == "written"} == {True}
    assert json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["verification"]["state"] == "passed"


def test_verified_now_or_later_the_instances_are_the_same_bytes(outcome, source, tmp_path):
    dl.run(source, tmp_path / "out", "basic", KEY, verify="later")
    for path in outcome.release.rglob("*.dcm"):
        assert (tmp_path / "out" / path.relative_to(outcome.release)).read_bytes() == path.read_bytes()


def test_a_release_that_nobody_touched_passes_as_often_as_it_is_asked(source, copied):
    for _ in range(2):
        verdict = dl.verify(source, copied, "basic")
        assert verdict.passed, str(verdict)
        assert (verdict.instances, verdict.failed) == (4, ())


def test_a_release_and_its_source_may_be_verified_elsewhere(source, copied, tmp_path):
    moved = shutil.copytree(source, tmp_path / "elsewhere", symlinks=True)
    (tmp_path / "out-private").rename(tmp_path / "papers")
    assert dl.verify(moved, copied, "basic", private=tmp_path / "papers").passed


def victim(release: Path) -> Path:
    return min(p for p in release.rglob("*.dcm") if pydicom.dcmread(p).Modality == "CT")


def flip_a_pixel(release: Path) -> None:
    raw = bytearray(victim(release).read_bytes())
    raw[-5] ^= 1
    victim(release).write_bytes(raw)


def put_a_name_back(release: Path) -> None:
    made = pydicom.dcmread(victim(release))
    made.PatientName = "Quellenbach^Zaphiro"
    made.save_as(victim(release))


def take_the_preamble(release: Path) -> None:
    raw = victim(release).read_bytes()
    victim(release).write_bytes(b"Quellenbach".ljust(128, b"\0") + raw[128:])


def delete(release: Path) -> None:
    victim(release).unlink()


def rename(release: Path) -> None:
    victim(release).rename(victim(release).with_name("Quellenbach.dcm"))


def add_a_file(release: Path) -> None:
    (release / "notes.txt").write_text("looked at by hand", encoding="utf-8")


def add_a_hidden_file(release: Path) -> None:
    (victim(release).parent / ".x.partial").write_bytes(b"half")


def change_manifest(release: Path, change) -> None:
    text = (release / "manifest.jsonl").read_text("utf-8").splitlines()
    (release / "manifest.jsonl").write_text("\n".join(change(text)) + "\n", encoding="utf-8")


def drop_a_line(release: Path) -> None:
    change_manifest(release, lambda text: text[1:])


def repeat_a_line(release: Path) -> None:
    change_manifest(release, lambda text: [*text, text[0]])


def change_a_count(release: Path) -> None:
    change_manifest(release, lambda text: [line.replace('"Z": ', '"Z": 1') for line in text])


def change_a_digest(release: Path) -> None:
    flip_a_pixel(release)
    output = victim(release).relative_to(release).as_posix()
    digest = hashlib.sha256(victim(release).read_bytes()).hexdigest()
    change_manifest(
        release,
        lambda text: [re.sub('"sha256": "[0-9a-f]+"', f'"sha256": "{digest}"', t) if output in t else t for t in text],
    )


def point_elsewhere(release: Path) -> None:
    change_manifest(release, lambda text: [re.sub('"output": "[^"]+"', '"output": "../../x"', t) for t in text])


def invent_a_file(release: Path) -> None:
    change_manifest(release, lambda text: [*text, text[0].replace('"ordinal": 0', '"ordinal": 99')])


def call_it_ignored(release: Path) -> None:
    change_manifest(release, lambda text: [t.replace('"written"', '"ignored"') for t in text])


TAMPERED = {
    flip_a_pixel: {
        "files are the ones that the manifest lists",
        "pixels unchanged but where text or a face was removed",
    },
    put_a_name_back: {"files are the ones that the manifest lists", "no identifier in any byte"},
    take_the_preamble: {
        "files are the ones that the manifest lists",
        "file meta and preamble say nothing of the source",
    },
    delete: {"files are the ones that the manifest lists"},
    rename: {
        "the release holds what was written and nothing else",
        "names of files and folders identify nobody",
        "files are the ones that the manifest lists",
    },
    add_a_file: {"the release holds what was written and nothing else"},
    add_a_hidden_file: {"the release holds what was written and nothing else"},
    drop_a_line: {"the manifest is the one that the run wrote", "one end for every file"},
    repeat_a_line: {"the manifest is the one that the run wrote", "one end for every file"},
    change_a_count: {"the manifest is the one that the run wrote"},
    change_a_digest: {
        "the manifest is the one that the run wrote",
        "pixels unchanged but where text or a face was removed",
    },
    point_elsewhere: {"the manifest is the one that the run wrote", "files are the ones that the manifest lists"},
    invent_a_file: {"the manifest is the one that the run wrote", "source files are there to compare with"},
    call_it_ignored: {
        "the manifest is the one that the run wrote",
        "the release holds what was written and nothing else",
    },
}


@pytest.mark.parametrize(("tamper", "names"), TAMPERED.items(), ids=lambda x: getattr(x, "__name__", ""))
def test_verify_finds_what_was_done_to_a_release_and_finds_it_again(source, copied, tamper, names):
    tamper(copied)
    for _ in range(2):
        verdict = dl.verify(source, copied, "basic")
        assert not verdict.passed
        assert names <= failed(verdict)
        assert identifiers_in(repr(verdict.checks).encode()) == []


def test_what_failed_is_told_in_manifest_and_report_too(source, copied):
    put_a_name_back(copied)
    verdict = dl.verify(source, copied, "basic")
    assert len(verdict.failed) == 1
    assert {line["ordinal"] for line in lines(copied) if line["verified"] is False} == set(verdict.failed)
    assert json.loads((copied / "report.json").read_text("utf-8"))["verification"]["state"] == "failed"
    assert identifiers_in((copied / "report.html").read_bytes()) == []


def test_a_source_file_that_is_gone_or_changed_is_a_failed_check(source, copied, tmp_path):
    moved = Path(shutil.copytree(source, tmp_path / "moved", symlinks=True))
    (moved / "PX88231" / "IM1").unlink()
    assert failed(dl.verify(moved, copied, "basic")) >= {"source files are there to compare with"}
    factories.write(patient(1, Rows=4), moved / "PX88231" / "IM1")
    assert not dl.verify(moved, copied, "basic").passed


def test_a_release_does_not_pass_for_another_recipe(source, copied):
    assert not dl.verify(source, copied, "research").passed


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda out: (out / "manifest.jsonl").unlink(), "no manifest.jsonl"),
        (lambda out: (out / "manifest.jsonl").write_text("{", encoding="utf-8"), "not whole"),
        (lambda out: (out / "manifest.jsonl").write_text("[1]\n", encoding="utf-8"), "not whole"),
        (lambda out: (out / "manifest.jsonl").write_text('{"ordinal": 0}\n', encoding="utf-8"), "not whole"),
        (lambda out: (out.with_name("out-private") / "crosswalk.csv").unlink(), r"no crosswalk\.csv"),
        (shutil.rmtree, "no manifest.jsonl"),
    ],
)
def test_what_is_no_release_is_a_clear_error(source, copied, harm, says):
    harm(copied)
    with pytest.raises(ReleaseError, match=says):
        dl.verify(source, copied, "basic")


# --- what the judge does not let pass --------------------------------------------------------------------------------


@pytest.fixture
def careless(monkeypatch) -> None:
    """A cleaner that leaves the name of one instance."""
    really = engine.Deidentifier.apply

    def apply(self, instance, face=None):
        cleaned = really(self, instance, face)
        if not instance.text("SOPInstanceUID").endswith(".1.2"):
            return cleaned
        name = Element(0x00100010, "PN", b"Quellenbach^Zaphiro ", 20)
        elements = {t: name if t == name.tag else e for t, e in cleaned.instance.elements.items()}
        return replace(cleaned, instance=replace(cleaned.instance, elements=elements))

    monkeypatch.setattr(engine.Deidentifier, "apply", apply)


@pytest.mark.parametrize("in_memory", [True, False], ids=["judged in memory", "judged from the disk"])
def test_an_instance_that_fails_is_quarantined_and_never_in_the_release(
    careless, source, tmp_path, monkeypatch, *, in_memory
):
    if not in_memory:
        monkeypatch.setattr(shard, "_JUDGED_IN_MEMORY", 0)
        monkeypatch.setattr(files.read, "__kwdefaults__", {"defer": Defer(16, 16), "like": None})
    made = dl.run(source, tmp_path / "out", "basic", KEY)
    (bad,) = (o for o in made.outcomes if o.reason is Reason.FAILED_VERIFICATION)
    assert (bad.state, bad.output, bad.verified) == (State.QUARANTINED, None, False)
    assert "no identifier in any byte" in bad.detail
    assert made.count(State.WRITTEN) == 3
    assert made.verdict.passed
    assert [p for p in (tmp_path / "out").rglob("*") if p.name.startswith(".")] == []
    assert all(identifiers_in(p.read_bytes()) == [] for p in (tmp_path / "out").rglob("*") if p.is_file())
    copy = tmp_path / "out-private" / "quarantine" / "failed-verification" / f"{bad.ordinal:08d}.dcm"
    assert copy.read_bytes() == (source / "PX88231" / "IM2").read_bytes()
    (record,) = (r for r in audit(made.private) if r["ordinal"] == bad.ordinal)
    assert record["output_file"] is None


def test_an_instance_judged_from_the_disk_is_written_as_one_judged_in_memory(outcome, source, tmp_path, monkeypatch):
    monkeypatch.setattr(shard, "_JUDGED_IN_MEMORY", 0)
    monkeypatch.setattr(files.read, "__kwdefaults__", {"defer": Defer(16, 16), "like": None})
    made = dl.run(source, tmp_path / "out", "basic", KEY)
    assert lines(tmp_path / "out") == lines(outcome.release)
    assert made.verdict.passed


def test_what_was_written_unverified_and_identifies_fails_later(careless, source, tmp_path):
    made = dl.run(source, tmp_path / "out", "basic", KEY, verify="later")
    assert made.count(State.WRITTEN) == 4
    verdict = dl.verify(source, tmp_path / "out", "basic")
    assert failed(verdict) >= {"no identifier in any byte"}
    assert len(verdict.failed) == 1


# --- the files that ship with pydicom --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Whole:
    """Both corpora, or the smaller files of them, and what a run made of them."""

    name: str
    source: Path
    outcome: RunOutcome


@pytest.fixture(scope="module", params=[("basic", 1 << 30), ("research", 1 << 18)], ids=lambda p: p[0])
def of_all(request, tmp_path_factory) -> Whole:
    """Both corpora de-identified, by two workers; links stand for the files."""
    name, limit = request.param
    folder = tmp_path_factory.mktemp(name)
    for root in (corpora.wheel(), corpora.store()):
        for path in corpora.everything():
            if path.is_relative_to(root) and path.stat().st_size <= limit:
                link = folder / "in" / root.parent.name / path.relative_to(root)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)
    return Whole(name, folder / "in", dl.run(folder / "in", folder / "out", on_headers(name), KEY, workers=2))


def pairs(whole: Whole) -> list[tuple[Path, Path]]:
    """(before, after) of every instance released."""
    listed, outcome = files.listed(whole.source), whole.outcome
    return [(listed[o.ordinal][0], outcome.release / o.output) for o in outcome.outcomes if o.output]


def test_every_file_of_the_corpora_ends_once_and_none_by_accident(of_all):
    outcomes = of_all.outcome.outcomes
    assert len(outcomes) == len(files.listed(of_all.source)) > 240
    ended = {(o.state, o.reason) for o in outcomes}
    held = {Reason.TEXT_AT_RISK, Reason.FACE_AT_RISK} if of_all.name == "research" else set()
    assert ended <= {
        (State.WRITTEN, None),
        (State.IGNORED, Reason.NOT_DICOM),
        (State.IGNORED, Reason.DICOMDIR),
        (State.IGNORED, Reason.EMPTY),
        *((State.QUARANTINED, r) for r in {Reason.NO_IDENTITY, Reason.TRUNCATED, Reason.BROKEN, *held}),
    }
    assert of_all.outcome.count(State.WRITTEN) > (70 if held else 220)


def test_the_release_of_the_corpora_passes_now_and_when_verified_again(of_all):
    assert of_all.outcome.verdict.passed, str(of_all.outcome.verdict)
    again = dl.verify(of_all.source, of_all.outcome.release, on_headers(of_all.name))
    assert again.passed, str(again)


def test_files_that_share_what_they_share_and_files_each_alone_make_the_same_release(of_all, tmp_path, monkeypatch):
    monkeypatch.setattr(conduct, "_SHARD", 1)
    dl.run(of_all.source, tmp_path / "out", on_headers(of_all.name), KEY)
    assert lines(tmp_path / "out") == lines(of_all.outcome.release)


def hunted(before: Dataset) -> set[bytes]:
    """Parts of person names, IDs and UIDs of a source, as plain bytes of six and more."""
    found: set[str] = set()
    for element in before.iterall():
        if element.VR == "PN" or element.keyword in {"PatientID", "AccessionNumber", "DeviceSerialNumber"}:
            found |= set(re.split(r"[\^= ,\\]", str(element.value)))
        elif element.keyword in {"SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"}:
            found.add(str(element.value))
    kinds = str(before.get("ImageType", "")).casefold()  # one source is named after its kind
    return {f.encode() for f in found if len(f) >= 6 and f.isascii() and f.casefold() not in kinds}


def test_no_name_number_or_uid_of_a_source_stands_in_what_was_made_of_it(of_all):
    left = []
    for before, after in pairs(of_all):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            words = hunted(pydicom.dcmread(before, force=True))
            made = pydicom.dcmread(after)
        pixels = bytes(made.get("PixelData") or b"")
        raw = after.read_bytes().replace(pixels, b"") if pixels else after.read_bytes()
        left += [before.name for word in words if word.lower() in raw.lower()]
    assert left == []


def test_the_pixels_of_the_corpora_are_the_source_byte_for_byte_unless_a_stream_lost_a_comment(of_all):
    changed = []
    for before, after in pairs(of_all):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one, other = pydicom.dcmread(before, force=True), pydicom.dcmread(after)
        if bytes(one.get("PixelData") or b"") != bytes(other.get("PixelData") or b""):
            assert other.file_meta.TransferSyntaxUID.is_encapsulated
            assert b"\xff\xfe" in one.PixelData or b"\xff\x64" in one.PixelData or b"uuid" in one.PixelData
            assert len(other.PixelData) < len(one.PixelData)
            changed.append(before.name)
    assert len(changed) < 40


def complaints(program: str, path: Path) -> set[str]:
    """What dciodvfy calls an error, without the values and UIDs that it quotes."""
    run = subprocess.run([program, "-new", str(path)], capture_output=True, check=False)
    text = (run.stdout + run.stderr).decode("latin-1")
    told = {line.strip() for line in text.splitlines() if line.startswith("Error")}
    return {re.sub(r"<[^</>]*>|[0-9]+(?:\.[0-9]+)+|\[[0-9]+\]", "*", line) for line in told}


def test_no_instance_has_an_error_of_its_iod_that_its_source_had_not(of_all, needs_tool):
    program = needs_tool("dciodvfy")
    both = pairs(of_all)
    sample = both[:: max(1, len(both) // 60)]
    assert len(sample) >= 60
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda pair: [complaints(program, side) for side in pair], sample))
    new = {before.name: after - old for (before, _), (old, after) in zip(sample, told, strict=True)}
    assert {name: lines_ for name, lines_ in new.items() if lines_} == {}
