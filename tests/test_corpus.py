"""Corpora are the same for a seed and as wide as they claim, their key is right; the scorer sees every damage."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
from perfect import OFFSET, perfect_release

from dicomlab import cli, forge
from dicomlab.errors import DicomlabError
from dicomlab.forge.corpus import fates, streams
from dicomlab.forge.score import Score, reading, score

PROFILES = ("basic", "research")


@dataclass(frozen=True)
class Corpus:
    source: Path
    key: Path
    size: dict

    @property
    def answers(self) -> dict:
        return json.loads(self.key.read_text("utf-8"))


def forged(folder: Path, *, seed: int, patients: int) -> Corpus:
    size = forge.make(folder, seed=seed, kind="corpus", patients=patients)
    return Corpus(folder / "corpus", folder / "KEY.json", dict(size))


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Corpus:
    """Eight patients: every SOP Class of the table comes up."""
    return forged(tmp_path_factory.mktemp("large") / "c", seed=5, patients=8)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Corpus:
    return forged(tmp_path_factory.mktemp("small") / "c", seed=11, patients=2)


@pytest.fixture(scope="module")
def clean(small, tmp_path_factory) -> tuple[Path, dict[str, Path]]:
    """A faultless release of the small corpus under research, to be copied and damaged."""
    folder = tmp_path_factory.mktemp("clean") / "release"
    return folder, perfect_release(small.source, small.key, "research", folder)


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path, small):
    script = (
        "import sys; from pathlib import Path; from dicomlab import forge; "
        "forge.make(Path(sys.argv[1]), seed=11, kind='corpus', patients=2)"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "again"], check=True)
    assert digests(tmp_path / "again") == digests(small.source.parent)


def digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in reading.files(folder)}


def test_another_seed_gives_other_people(tmp_path, small):
    other = forged(tmp_path / "c", seed=12, patients=2)
    assert not set(other.answers["patients"][0]["hunt"]) & set(small.answers["patients"][0]["hunt"]) - shared_names()


def shared_names() -> set[str]:
    """Institutions, staff and family names come from one list; nobody is told by them alone."""
    from dicomlab.forge.corpus.cast import table  # noqa: PLC0415

    names = table("names")
    known = {part for s in names["scripts"] for person in s["people"] for part in person}
    return known | {part for row in (*names["staff"], *names["institutions"]) for part in row}


def test_a_corpus_is_as_wide_as_it_claims(large):
    assert len(large.size["classes"]) >= 30
    assert len(large.size["syntaxes"]) >= 10
    assert len(large.size["scripts"]) >= 8
    assert len(large.size["categories"]) >= 40


def test_what_the_manifest_counts_is_in_the_files(large):
    instances = [i for _, path in reading.files(large.source) if (i := reading.read(path)) is not None]
    assert {i.dataset.SOPClassUID for i in instances} == set(large.size["classes"])
    assert {i.syntax for i in instances} == set(large.size["syntaxes"])
    charsets = {str(i.dataset.get("SpecificCharacterSet", "")) for i in instances}
    assert len(charsets) >= 7


def test_everything_planted_is_where_the_key_says(large):
    missing = []
    for item in large.answers["items"]:
        if item["path"] in ("preamble", "file name", "frames", "offset tables"):
            continue
        instance = instance_of(large, item["file"])
        one = reading.element(instance, item["path"])
        said = reading.texts(one) if one is not None else []
        if one is None or not all(any(reading.holds(t, v) for t in said) for v in item["values"]):
            missing.append((item["path"], item["category"]))
    assert missing == []


_INSTANCES: dict[Path, reading.Instance] = {}


def instance_of(corpus: Corpus, file: str) -> reading.Instance:
    path = corpus.source / file
    if path not in _INSTANCES:
        instance = reading.read(path)
        assert instance is not None
        _INSTANCES[path] = instance
    return _INSTANCES[path]


def test_every_end_that_the_key_asks_for_is_one_that_there_is(large):
    ends = {e for item in large.answers["items"] for said in item["expected"].values() for e in said}
    assert ends <= {str(e) for e in fates.End}
    assert ends >= {"absent", "empty", "dummy", "uid", "kept", "cleaned", "shifted", "pseudonym"}


# Path, VR, profile, Types that PS3.3 gives on that path, planted, words beside it: end. By hand from PS3.15 E.1.
BY_HAND = [
    ("PatientName", "PN", "basic", {"PatientName": "2"}, ["A"], [], ["empty", "dummy"]),
    ("StudyDate", "DA", "basic", {"StudyDate": "2"}, ["20200101"], [], ["empty", "dummy"]),
    ("StudyDate", "DA", "research", {"StudyDate": "2"}, ["20200101"], [], ["shifted"]),
    ("SeriesDate", "DA", "basic", {"SeriesDate": "3"}, ["20200101"], [], ["absent"]),
    ("ContentDate", "DA", "basic", {"ContentDate": "1"}, ["20200101"], [], ["dummy"]),
    ("AcquisitionDateTime", "DT", "basic", {"AcquisitionDateTime": "1C"}, ["20200101"], [], ["dummy"]),
    ("AcquisitionDateTime", "DT", "research", {"AcquisitionDateTime": "3"}, ["202001"], [], ["absent"]),
    ("DeviceSerialNumber", "LO", "basic", {"DeviceSerialNumber": "1"}, ["S"], [], ["dummy"]),
    ("DeviceSerialNumber", "LO", "research", {}, ["S"], [], ["absent"]),
    ("OperatorsName", "PN", "basic", {"OperatorsName": "2"}, ["A"], [], ["empty", "dummy"]),
    ("PatientID", "LO", "basic", {"PatientID": "2"}, ["1"], [], ["pseudonym", "empty"]),
    ("StudyDescription", "LO", "basic", {"StudyDescription": "3"}, ["A"], ["CT"], ["absent"]),
    ("StudyDescription", "LO", "research", {"StudyDescription": "3"}, ["A"], ["CT"], ["cleaned"]),
    ("SOPInstanceUID", "UI", "basic", {"SOPInstanceUID": "1"}, ["1.2"], [], ["uid"]),
    ("ReceiveCoilName", "SH", "basic", {"ReceiveCoilName": "3"}, ["A"], ["Head"], ["cleaned"]),
    ("RequestAttributesSequence[0].RequestedProcedureID", "SH", "basic", {}, ["R"], [], ["absent"]),
    ("RequestAttributesSequence[0].RequestedProcedureID", "SH", "research",
     {"RequestAttributesSequence.RequestedProcedureID": "1C"}, ["R"], [], ["dummy"]),
    ("SourceImageSequence[0].ReferencedSOPInstanceUID", "UI", "basic",
     {"SourceImageSequence": "3", "SourceImageSequence.ReferencedSOPInstanceUID": "1"}, ["1.2"], [], ["absent", "uid"]),
    ("ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID", "UI", "basic",
     {"ReferencedSeriesSequence.ReferencedImageSequence": "1C"}, ["1.2"], [], ["uid"]),
    ("ROIName", "LO", "basic", {"ROIName": "2"}, ["A"], ["Liver"], ["empty", "dummy"]),
    ("(0029,'ACME',10)", "LO", "research", {}, ["A"], [], ["absent"]),
    ("ContributingEquipmentSequence[0].(0011,'A.B (C)',05)", "LO", "basic", {}, ["A"], [], ["absent"]),
    ("StationName", "SH", "research", {}, ["A"], [], ["absent"]),
    ("ImageComments", "LT", "research", {}, ["A"], ["CT"], ["cleaned", "absent"]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "vr", "profile", "types", "values", "words", "ends"), BY_HAND)
def test_ends_follow_the_table_and_the_type(path, vr, profile, types, values, words, ends):
    found = fates.expected(path, vr, profile, type_of=lambda p: types.get(".".join(p)), values=values, words=words)
    assert [str(e) for e in found] == ends


def test_content_of_a_report_is_dummied_under_basic_and_cleaned_under_research():
    path, types = "ContentSequence[0].TextValue", {"ContentSequence": "1C", "ContentSequence.TextValue": "1C"}
    told = {p: fates.expected(path, "UT", p, type_of=lambda k: types.get(".".join(k)), values=["A"], words=["CT"])
            for p in PROFILES}  # fmt: skip
    assert "kept" not in told["basic"]
    assert told["research"] == ["cleaned"]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_faultless_release_scores_a_hundred_whatever_its_files_are_called(large, profile, tmp_path):
    perfect_release(large.source, large.key, profile, tmp_path)
    found = score(large.source, tmp_path, large.key, profile)
    assert found.failures == ()
    assert found.leaks == {}
    assert (found.lost, found.foreign, found.quarantined) == (0, 0, 0)
    assert found.perfect
    assert found.total.percent == 100


def test_doing_nothing_scores_badly(small):
    found = score(small.source, small.source, small.key, "basic")
    assert found.total.percent < 50
    assert found.leaks
    assert not found.perfect


def damaged(clean, tmp_path: Path, change: Callable[[pydicom.Dataset], object], *, where=lambda _: True) -> Path:
    """A copy of the faultless release in which one instance is changed: the first that fits."""
    folder = tmp_path / "release"
    shutil.copytree(clean[0], folder)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        ds = pydicom.dcmread(path)
        if where(ds):
            change(ds)
            ds.save_as(path)
            return folder
    raise AssertionError("no instance fits")


def flipped(ds: pydicom.Dataset) -> None:
    ds.PixelData = bytes([ds.PixelData[0] ^ 1]) + ds.PixelData[1:]


def native(ds: pydicom.Dataset) -> bool:
    return "PixelData" in ds and "FloatPixelData" not in ds and not ds.file_meta.TransferSyntaxUID.is_encapsulated


def set_to(keyword: str, value: object) -> Callable[[pydicom.Dataset], None]:
    return lambda ds: setattr(ds, keyword, value)


DAMAGE = [
    ("patient name", lambda ds: setattr(ds, "PatientMotherBirthName", "Trelawney^Morwenna"), None),
    ("identifier", set_to("PatientID", "SOMEBODY"), None),
    ("date", lambda ds: setattr(ds, "StudyDate", f"{int(ds.StudyDate) + 1}"), lambda ds: ds.StudyDate[6:] < "28"),
    ("intervals between studies", set_to("StudyDate", ""), lambda ds: "DateOfLastCalibration" in ds),
    ("UID", set_to("StudyInstanceUID", "1.2.3.4"), None),
    ("UID", set_to("SeriesInstanceUID", "1.2.3"), None),
    ("kept pixel data", flipped, native),
    ("kept acquisition values", set_to("SeriesNumber", 5), None),
    ("kept model, kernel, versions", lambda ds: delattr(ds, "ManufacturerModelName"), None),
    ("patient characteristics", set_to("PatientSex", ""), None),
    ("telephone", set_to("PatientTelephoneNumbers", "555-0100"), None),
]


@pytest.mark.parametrize(("category", "change", "where"), DAMAGE)
def test_each_kind_of_damage_fails_its_category(small, clean, tmp_path, category, change, where):
    release = damaged(clean, tmp_path, change, where=where or (lambda _: True))
    found = score(small.source, release, small.key, "research")
    assert {f.category for f in found.failures} >= {category}
    assert not found.perfect


def test_a_planted_value_anywhere_in_the_bytes_is_a_leak(small, clean, tmp_path):
    secret = small.answers["patients"][0]["hunt"][0].encode()

    def change(ds):
        ds.preamble = secret[:128].ljust(128, b"\0")

    first = pydicom.dcmread(clean[1][small.answers["files"][0]["file"]]).SOPInstanceUID
    release = damaged(clean, tmp_path, change, where=lambda ds: first == ds.SOPInstanceUID)
    assert sum(score(small.source, release, small.key, "research").leaks.values()) >= 1


def test_a_planted_value_in_a_deflated_dataset_or_a_report_is_a_leak(small, clean, tmp_path):
    release = tmp_path / "release"
    shutil.copytree(clean[0], release)
    (release / "report.html").write_text(f"<p>{small.answers['patients'][1]['hunt'][-1]}</p>", "utf-8")
    assert list(score(small.source, release, small.key, "research").leaks) == ["report.html"]


def test_a_lost_file_fails_all_its_items(small, clean, tmp_path):
    release = tmp_path / "release"
    shutil.copytree(clean[0], release)
    entry = small.answers["files"][3]
    (release / clean[1][entry["file"]].relative_to(clean[0])).unlink()
    found = score(small.source, release, small.key, "research")
    items = [i for i in small.answers["items"] if i["file"] == entry["file"] and i["expected"]["research"]]
    assert found.lost == 1
    assert found.total.lost == len(items)
    assert {f.found for f in found.failures} == {"lost"}


def test_what_a_manifest_or_a_folder_says_was_held_back_is_counted_apart(small, clean, tmp_path):
    release = tmp_path / "release"
    shutil.copytree(clean[0], release)
    files = [e["file"] for e in small.answers["files"][:2]]
    for file in files:
        (release / clean[1][file].relative_to(clean[0])).unlink()
    ordinal = [name for name, _ in reading.files(small.source)].index(files[0])
    (release / "manifest.jsonl").write_text(json.dumps({"ordinal": ordinal, "state": "quarantined"}) + "\n", "utf-8")
    (tmp_path / "held").mkdir()
    shutil.copy(small.source / files[1], tmp_path / "held" / "a")
    found = score(small.source, release, small.key, "research", quarantine=tmp_path / "held")
    assert (found.lost, found.quarantined) == (0, 2)
    assert found.perfect


def test_an_instance_of_no_source_is_told(small, clean, tmp_path):
    release = tmp_path / "release"
    shutil.copytree(clean[0], release)
    shutil.copy(clean[1][small.answers["files"][0]["file"]], release / "twice")
    assert score(small.source, release, small.key, "research").foreign == 1


def test_a_key_of_another_corpus_or_profile_is_refused(small, large, clean, tmp_path):
    with pytest.raises(DicomlabError, match="not in the source"):
        score(large.source, clean[0], small.key, "research")
    with pytest.raises(DicomlabError, match="no profile"):
        score(small.source, clean[0], small.key, "strict")
    (tmp_path / "k.json").write_text("{}", "utf-8")
    with pytest.raises(DicomlabError, match="no answer key"):
        score(small.source, clean[0], tmp_path / "k.json")


def test_the_commands_forge_and_score_end_with_0_or_1(tmp_path, capsys):
    assert cli.main(["forge", str(tmp_path / "c"), "--corpus", "--seed", "3", "--patients", "1"]) == 0
    source, key = tmp_path / "c" / "corpus", tmp_path / "c" / "KEY.json"
    perfect_release(source, key, "basic", tmp_path / "good")
    assert cli.main(["score", str(source), str(tmp_path / "good"), str(key)]) == 0
    assert "100.00" in capsys.readouterr().out
    assert cli.main(["score", str(source), str(source), str(key), "--profile", "research"]) == 1
    shown = capsys.readouterr().out
    hunted = [v for p in json.loads(key.read_text("utf-8"))["patients"] for v in p["hunt"]]
    assert not [v for v in hunted if v in shown and "." not in v], "the table names nobody"


def test_lossless_jpeg_gives_back_what_went_in():
    pixels = (np.arange(48 * 40).reshape(48, 40) * 37 % 4096).astype(np.uint16)
    assert np.array_equal(decoded_lossless(streams.lossless_jpeg(pixels, 12)), pixels)


def decoded_lossless(stream: bytes) -> np.ndarray:
    """Decode what `lossless_jpeg` writes: five bits of category, then as many bits of difference (T.81 H.1.2)."""
    at = stream.index(b"\xff\xc3")
    rows, columns = (int.from_bytes(stream[at + n : at + n + 2], "big") for n in (5, 7))
    start = stream.index(b"\xff\xda") + 10
    bits = "".join(f"{b:08b}" for b in stream[start:-2].replace(b"\xff\x00", b"\xff"))
    out, place = np.zeros((rows, columns), np.int64), 0
    for row in range(rows):
        for column in range(columns):
            size = int(bits[place : place + 5], 2)
            number = int(bits[place + 5 : place + 5 + size] or "0", 2)
            place += 5 + size
            if size and number < 1 << (size - 1):
                number -= (1 << size) - 1
            before = out[row, column - 1] if column else out[row - 1, 0] if row else 1 << 11
            out[row, column] = before + number
    return out


def test_the_smallest_high_throughput_stream_decodes_to_mid_grey():
    openjpeg = pytest.importorskip("openjpeg")
    import io  # noqa: PLC0415

    stream = streams.with_comment(streams.empty_ht_jpeg_2000(32, 40, 12), b"hidden")
    assert np.unique(openjpeg.decode(io.BytesIO(stream))).tolist() == [2048]


def test_a_score_says_of_each_category_how_much_was_right(small, clean):
    found: Score = score(small.source, clean[0], small.key, "research")
    row = next(r for r in found.rows if r.category == "UID")
    assert row.items == row.right > 0
    assert abs(OFFSET.days) > 0
