"""Time per 512 × 512 CT instance of `dicomlab.run`, beside pydicom's bare read and save of the same files.

Every repetition does all of it in turn, so that what else the machine does falls on all alike; the ratios are taken
within a repetition and their median is what counts. Run it with ``make bench``, or with other numbers:

    python benchmarks/header_throughput.py --instances 500 --repetitions 7
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

import dicomlab

ROOT_UID = "1.2.826.0.1.3680043.8.498.1"
SERIES_LENGTH = 100
NUMBERS = (
    "DataCollectionDiameter", "ReconstructionDiameter", "DistanceSourceToDetector", "DistanceSourceToPatient",
    "GantryDetectorTilt", "ExposureTime", "GeneratorPower", "FocalSpots", "SingleCollimationWidth",
    "TotalCollimationWidth", "TableSpeed", "TableFeedPerRotation", "SpiralPitchFactor", "CTDIvol",
)  # fmt: skip


def ct_series(folder: Path, instances: int) -> None:
    """Write CT instances, 100 to a series, with a header as long as a scanner's: items and private blocks too."""
    rng = np.random.default_rng(1)
    pixels = rng.normal(0, 20, (512, 512)).astype("<i2")
    for number in range(instances):
        series, slice_ = divmod(number, SERIES_LENGTH)
        instance = _ct_instance(series + 1, slice_ + 1)
        instance.PixelData = (pixels + slice_).astype("<i2").tobytes()
        target = folder / f"series{series + 1}" / f"IM{slice_ + 1:05d}"
        target.parent.mkdir(parents=True, exist_ok=True)
        instance.save_as(target, enforce_file_format=True)


def _ct_instance(series: int, slice_: int) -> Dataset:
    ds = Dataset()
    ds.update(
        {
            "SpecificCharacterSet": "ISO_IR 100",
            "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "InstanceCreationDate": "20240311",
            "SOPClassUID": CTImageStorage,
            "SOPInstanceUID": f"{ROOT_UID}.{series}.{slice_}",
            "AccessionNumber": "A5550123",
            "Modality": "CT",
            "Manufacturer": "SIEMENS",
            "InstitutionName": "Clinic of Samples",
            "InstitutionAddress": "1 Sample Street, Sampleton",
            "ReferringPhysicianName": "Reference^Ruth",
            "StationName": "CTAWP00001",
            "StudyDescription": "Thorax^ThoraxRoutine",
            "SeriesDescription": "Thorax 5.0 B31f",
            "PerformingPhysicianName": "Performer^Paul",
            "OperatorsName": "Operator^Olga",
            "ManufacturerModelName": "Sensation 64",
            "PatientName": "Sample^Susan",
            "PatientID": "S-4711",
            "PatientBirthDate": "19500102",
            "PatientSex": "F",
            "PatientAge": "074Y",
            "PatientWeight": "70",
            "BodyPartExamined": "CHEST",
            "SliceThickness": "5",
            "KVP": "120",
            "DeviceSerialNumber": "12345",
            "SoftwareVersions": "VA1",
            "ProtocolName": "ThoraxRoutine",
            "ConvolutionKernel": "B31f",
            "PatientPosition": "HFS",
            "StudyInstanceUID": f"{ROOT_UID}.0.1",
            "SeriesInstanceUID": f"{ROOT_UID}.0.2.{series}",
            "FrameOfReferenceUID": f"{ROOT_UID}.0.3",
            "StudyID": "1",
            "SeriesNumber": str(series),
            "AcquisitionNumber": "1",
            "InstanceNumber": str(slice_),
            "ImagePositionPatient": [-180.5, -180.5, -5.0 * slice_],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "SliceLocation": str(-5.0 * slice_),
            "PositionReferenceIndicator": "",
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "Rows": 512,
            "Columns": 512,
            "PixelSpacing": [0.703125, 0.703125],
            "BitsAllocated": 16,
            "BitsStored": 16,
            "HighBit": 15,
            "PixelRepresentation": 1,
            "WindowCenter": ["40", "-600"],
            "WindowWidth": ["400", "1200"],
            "WindowCenterWidthExplanation": ["WINDOW1", "WINDOW2"],
            "RescaleIntercept": "-1024",
            "RescaleSlope": "1",
            "RescaleType": "HU",
            "RequestingPhysician": "Requester^Rita",
        }
    )
    for keyword in ("Study", "Series", "Acquisition", "Content"):
        setattr(ds, f"{keyword}Date", "20240311")
        setattr(ds, f"{keyword}Time", f"10{slice_ // 60 % 60:02d}{slice_ % 60:02d}.123000")
    for number, keyword in enumerate(NUMBERS, start=1):
        setattr(ds, keyword, number)
    for keyword in ("XRayTubeCurrent", "Exposure", "TableHeight"):  # these follow the patient's shape
        setattr(ds, keyword, 100 + slice_)
    ds.ReferencedImageSequence = Sequence([_reference(n) for n in range(1, 4)])
    ds.SourceImageSequence = Sequence([_reference(9)])
    request = Dataset()
    request.ScheduledProcedureStepDescription = "Thorax"
    request.ScheduledProcedureStepID = "P4711"
    request.RequestedProcedureID = "R4711"
    ds.RequestAttributesSequence = Sequence([request])
    private = ds.private_block(0x0019, "SIEMENS CT VA0  COAD", create=True)
    for offset in range(0x60, 0x90):
        private.add_new(offset, "IS", str(offset + slice_ % 7))
    csa = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    csa.add_new(0x10, "OB", bytes(2048))
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def _reference(number: int) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = CTImageStorage
    item.ReferencedSOPInstanceUID = f"{ROOT_UID}.9.{number}"
    return item


def bare(source: Path, out: Path) -> None:
    """Read and save every file with pydicom, changing nothing."""
    for path in sorted(p for p in source.rglob("*") if p.is_file()):
        target = out / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        pydicom.dcmread(path).save_as(target)


def seconds(work: Callable[[Path], object], place: Path) -> float:
    """Return how long one job takes that writes below `place`, which is gone afterwards."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    os.sync()  # what an earlier job left to be written is not on this one's bill
    start = time.perf_counter()
    work(place)
    taken = time.perf_counter() - start
    shutil.rmtree(place)
    return taken


def main() -> None:
    """Time all of it and print a table."""
    parser = argparse.ArgumentParser(
        description="Time dicomlab's header de-identification beside pydicom's read + save."
    )
    parser.add_argument("--instances", type=int, default=200)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--recipe", default="basic")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder unless told")
    chosen = parser.parse_args()

    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        place = Path(name)
        source = place / "source"
        ct_series(source, chosen.instances)
        key = place / "key"
        dicomlab.Key.new().write(key)

        def run(out: Path, *, workers: int, verify: str) -> None:
            release = out / "release"
            outcome = dicomlab.run(source, release, chosen.recipe, key, workers=workers, verify=verify)
            written = sum(1 for _ in release.rglob("*.dcm"))
            assert written == chosen.instances, f"{written} of {chosen.instances} instances written: {outcome}"  # noqa: S101

        jobs: dict[str, Callable[[Path], object]] = {
            "pydicom dcmread + save_as": lambda out: bare(source, out),
            "run, verify later": lambda out: run(out, workers=1, verify="later"),
            "run, verify later, 2 workers": lambda out: run(out, workers=2, verify="later"),
            "run, verify now": lambda out: run(out, workers=1, verify="now"),
        }
        for work in jobs.values():  # once without the clock: caches, imports, first calls
            seconds(work, place / "out")
        taken: dict[str, list[float]] = {name: [] for name in jobs}
        for _ in range(chosen.repetitions):
            for job, work in jobs.items():
                taken[job].append(seconds(work, place / "out"))

    print(f"{chosen.instances} CT instances of 512 × 512, {chosen.repetitions} repetitions, recipe {chosen.recipe}")
    print(f"Python {platform.python_version()}, pydicom {pydicom.__version__}, {os.cpu_count()} cores\n")
    print(f"{'':32}{'ms/instance':>12}{'min':>8}{'max':>8}{'× pydicom (min–max)':>24}")
    base = next(iter(taken.values()))
    for job, times in taken.items():
        each = [1000 * t / chosen.instances for t in times]
        ratios = [b / t for b, t in zip(base, times, strict=True)]
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        print(f"{job:32}{statistics.median(each):12.2f}{min(each):8.2f}{max(each):8.2f}{spread:>24}")
    one, two = taken["run, verify later"], taken["run, verify later, 2 workers"]
    print(f"\n2 workers do {statistics.median(a / b for a, b in zip(one, two, strict=True)):.2f} × the work of one")


if __name__ == "__main__":
    main()
