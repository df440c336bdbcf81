"""The samples: the same bytes each time, valid instances, and truly holding what the answer key says."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import subprocess
import sys
import unicodedata
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.fileset import FileSet
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomlab import forge
from dicomlab.errors import DicomlabError
from dicomlab.forge import head, jpeg
from dicomlab.forge.draw import Draw
from dicomlab.forge.shapes import Points

MEGABYTE = 1_000_000
BROKEN = ("cut.dcm", "short.dcm", "empty.dcm")
BESIDE = {"MANIFEST.json", "ANSWERS.json", "README.md"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("forge") / "made"
    forge.make(out, seed=1)
    return out


@pytest.fixture(scope="module")
def key(samples):
    return json.loads((samples / "ANSWERS.json").read_text("utf-8"))


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def whole(samples: Path) -> list[Path]:
    """The instances that are not broken."""
    manifest = json.loads((samples / "MANIFEST.json").read_text("utf-8"))["files"]
    named = [samples / name for name in manifest]
    return [p for p in named if p.name not in (*BROKEN, "DICOMDIR") and p.suffix != ".txt"]


def series(samples: Path, pattern: str) -> list:
    found = [dcmread(p) for p in samples.rglob(pattern)]
    return sorted(found, key=lambda ds: ds.InstanceNumber)


def test_the_committed_samples_are_what_the_forge_makes(made, samples):
    assert files_of(made) == files_of(samples)


def test_another_process_makes_the_same_bytes(made, tmp_path):
    code = (
        f"from pathlib import Path; from dicomlab import forge; forge.make(Path({str(tmp_path / 'again')!r}), seed=1)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo"})
    assert files_of(tmp_path / "again") == files_of(made)


def test_another_seed_makes_other_people(samples, tmp_path):
    forge.make(tmp_path / "other", seed=2)
    named = ("PatientName", "PatientID", "StudyInstanceUID", "SOPInstanceUID", "StudyDate", "AccessionNumber")

    def said(folder):
        answers = json.loads((folder / "ANSWERS.json").read_text("utf-8"))
        return {v for e in answers["planted"] if e["path"] in named for v in e["values"]}

    assert not said(samples) & said(tmp_path / "other")


def test_the_samples_are_small(samples):
    assert sum(len(b) for b in files_of(samples).values()) < 8 * MEGABYTE


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(DicomlabError, match="not empty"):
        forge.make(tmp_path)
    assert files_of(tmp_path) == {"mine": b"x"}


def test_the_manifest_tells_of_every_file_and_its_digest(samples):
    manifest = json.loads((samples / "MANIFEST.json").read_text("utf-8"))["files"]
    files = files_of(samples)
    assert set(manifest) == set(files) - BESIDE
    for name, facts in manifest.items():
        assert facts["sha256"] == hashlib.sha256(files[name]).hexdigest()
        assert facts["shows"]


def test_two_patients_have_two_studies_each_weeks_apart(samples):
    days: dict[str, dict[str, str]] = {}
    for path in whole(samples):
        ds = dcmread(path, force=True, stop_before_pixels=True)
        days.setdefault(ds.PatientID, {})[ds.StudyInstanceUID] = ds.StudyDate
    assert sorted(len(studies) for studies in days.values()) == [2, 2]
    for studies in days.values():
        first, second = (np.datetime64(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in sorted(studies.values()))
        assert np.timedelta64(28, "D") <= second - first <= np.timedelta64(70, "D")


def test_names_are_written_in_three_scripts_and_spelled_otherwise_in_another_study(samples):
    names = {
        (str(ds.PatientName), str(ds.SpecificCharacterSet))
        for ds in (dcmread(p, force=True, stop_before_pixels=True) for p in whole(samples))
    }
    assert len(names) == 4
    japanese = [n for n, charset in names if "IR 87" in charset]
    assert any(
        re.search(r"=[\u4e00-\u9fff]+\^[\u4e00-\u9fff]+=[\u3040-\u309f]+\^[\u3040-\u309f]+$", n) for n in japanese
    )
    assert {charset for _, charset in names} >= {"ISO_IR 100", "ISO_IR 192"}


def test_every_whole_image_decodes(samples):
    decoded = 0
    for path in whole(samples):
        ds = dcmread(path, force=True)
        if "PixelData" in ds:
            if path.name == "bare":
                ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
            assert ds.pixel_array.size == ds.Rows * ds.Columns * ds.SamplesPerPixel * int(ds.get("NumberOfFrames", 1))
            decoded += 1
    assert decoded > 130


def test_transfer_syntaxes_are_many(samples):
    used = {dcmread(p, stop_before_pixels=True).file_meta.TransferSyntaxUID for p in whole(samples) if p.name != "bare"}
    assert {u.name for u in used} == {
        "Implicit VR Little Endian", "Explicit VR Little Endian", "Explicit VR Big Endian",
        "Deflated Explicit VR Little Endian", "RLE Lossless", "JPEG Baseline (Process 1)",
        "JPEG-LS Lossless Image Compression", "JPEG 2000 Image Compression (Lossless Only)",
    }  # fmt: skip


def test_the_ct_is_in_hounsfield_units_and_its_geometry_is_right(samples):
    slices = series(samples, "CT_*.dcm")
    assert len(slices) == 76
    volume = np.stack([s.pixel_array.astype(float) * s.RescaleSlope + s.RescaleIntercept for s in slices])
    assert -1010 < np.median(volume[:, :8, :8]) < -990  # air outside
    middle = volume[46, 40:90, 50:78]
    assert 20 < np.median(middle) < 45  # brain
    assert np.percentile(volume, 99) > 900  # bone
    steps = np.diff([s.ImagePositionPatient[2] for s in slices])
    assert np.allclose(steps, 3.0)


def test_the_mr_is_sagittal_and_its_slices_follow_one_normal(samples):
    slices = series(samples, "MR_*.dcm")
    assert len(slices) == 48
    across, down = (np.array(slices[0].ImageOrientationPatient[i : i + 3], float) for i in (0, 3))
    normal = np.cross(across, down)
    assert abs(normal[0]) == 1
    places = [float(np.dot(normal, np.array(s.ImagePositionPatient, float))) for s in slices]
    assert np.allclose(np.diff(places), 3.6)


def test_the_ct_shows_a_face_that_stands_out_in_front(samples):
    slices = series(samples, "CT_*.dcm")
    solid = np.stack([s.pixel_array.astype(float) - 1024 for s in slices]) > -300
    front = np.where(solid.any(axis=1), solid.argmax(axis=1), 128) * 1.9  # mm from the front, (slices, columns)
    z = np.array([s.ImagePositionPatient[2] for s in slices])
    nose, eyes, chin = (front[np.abs(z - at).argmin()] for at in (-66.0, -37.0, -119.0))
    middle = slice(56, 72)
    side = slice(78, 84)  # 28 to 39 mm beside the midline: an eye
    assert nose[middle].min() + 8 < eyes[middle].min()  # the tip of the nose stands before its root
    assert eyes[side].min() > nose[middle].min() + 15  # eyes lie deep
    assert chin[middle].min() < eyes[side].min() + 30


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "outwards",
    [(0.0, -1.0, 0.0), (0.0, -0.8, -0.6), (1.0, 0.0, 0.0), (0.6, -0.8, 0.0)],
    ids=["behind", "below", "beside", "askew"],
)
def test_skull_and_skin_lie_between_the_cerebellum_and_the_air(seed, outwards):
    shape = head.HeadShape.drawn(Draw(seed, "a head"), turn=0.0)
    far = np.arange(0.0, 130.0, 0.5)
    x, y, z = (start + far * step for start, step in zip((15.0, -52.0, -42.0), outwards, strict=True))
    hu = head.signal(Points(x, y, z), shape, head.HU, 1.0)
    assert -5 < hu[0] < 60  # brain
    bone, air = int(np.argmax(hu > 500)), int(np.argmax(hu < -500))
    assert 0 < bone < air  # bone comes first
    assert far[air] - far[bone] > 10  # then the scalp


def test_names_are_planted_in_six_scripts(key):
    said = "".join(v for e in key["planted"] if e["category"] in ("patient name", "person") for v in e["values"])
    for name in ("GREEK SMALL", "CJK UNIFIED", "ARABIC LETTER", "HIRAGANA LETTER", "WITH DIAERESIS", "LATIN CAPITAL"):
        assert any(name in unicodedata.name(c) for c in said), name


def test_the_directory_of_the_cd_lists_its_instances(samples):
    found = FileSet(next(samples.rglob("DICOMDIR")))
    listed = [i.load() for i in found]
    assert [ds.InstanceNumber for ds in listed] == [1, 2, 3]
    assert {str(ds.PatientName) for ds in listed} == set(map(str, found.find_values("PatientName")))
    found._stage["t"].cleanup()  # which pydicom leaves to the garbage collector, with a warning


def test_every_planted_value_is_truly_there(samples, key):
    names = [str(p.relative_to(samples)) for p in whole(samples)]
    content = {}
    for name in names:
        ds = dcmread(samples / name, force=True)
        raw = (samples / name).read_bytes()
        content[name] = (
            str(ds)
            + str(getattr(ds, "file_meta", ""))
            + everything(ds)
            + raw.decode("latin-1")
            + raw.decode("utf-8", "ignore")
        )
    missing = []
    for entry in key["planted"]:
        if entry["category"] == "burned-in text":
            continue
        files = [n for n in names if n == entry["file"] or fnmatch.fnmatchcase(n, entry["file"])]
        together = "".join(content[n] for n in files)
        if not files or not all(v in together for v in entry["values"]):
            missing.append((entry["file"], entry["path"]))
    assert missing == []


def everything(dataset) -> str:
    """All values at every depth as text; str() of a Dataset shortens long ones."""
    said = []
    for element in dataset.iterall():
        value = element.value
        said.append(
            value.decode("latin-1") + value.decode("utf-8", "ignore") if isinstance(value, bytes) else str(value)
        )
    return "\n".join(said)


def test_text_burned_in_lies_where_the_key_says(samples, key):
    asked = 0
    for entry in key["burned"]:
        ds = dcmread(samples / entry["file"])
        pixels = ds.pixel_array[0] if "NumberOfFrames" in ds else ds.pixel_array
        grey = pixels.max(axis=2) if pixels.ndim == 3 else pixels
        for text in entry["text"]:
            box = grey[text["y"] : text["y"] + text["h"], text["x"] : text["x"] + text["w"]]
            assert int(box.max()) - int(np.median(box)) > 0.3 * int(grey.max())
            asked += 1
    assert asked >= 9


def test_the_key_names_how_every_file_ends(samples, key):
    assert set(key["ends"]) == set(files_of(samples))


def test_no_instance_breaks_its_iod(samples, tmp_path, needs_tool):
    dciodvfy = needs_tool("dciodvfy")
    wrong = []
    for path in whole(samples):
        asked = path
        ds = dcmread(path, force=True)
        if ds.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:  # which dciodvfy does not read
            ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            asked = tmp_path / path.name
            ds.save_as(asked)
        said = subprocess.run([dciodvfy, str(asked)], capture_output=True, check=False).stderr.decode("latin-1")
        wrong.extend((path.name, line) for line in said.splitlines() if line.startswith("Error"))
    assert wrong == []


def test_the_jpeg_encoder_is_read_by_any_decoder_and_carries_its_comment():
    y, x = np.mgrid[0:64, 0:96]
    pixels = (x + y).astype(np.uint8)
    pixels[20:30, 20:60] = 250
    stream = jpeg.encode(pixels, comments=[b"said"])
    assert b"\xff\xfe\x00\x06said" in stream
    decoded = np.asarray(Image.open(BytesIO(stream))).astype(int)
    assert np.abs(decoded - pixels).mean() < 2


def test_a_jpeg_of_broken_blocks_is_refused():
    with pytest.raises(ValueError, match="8 × 8"):
        jpeg.encode(np.zeros((10, 16), np.uint8))
