"""Series of slices built in code, every stored sample different from its neighbours, and a small NIfTI reader."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Sequence

import imagecodecs
import numpy as np
from factories import UID_ROOT, item
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    EnhancedPETImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    RLELossless,
)
from pydicom.valuerep import format_number_as_ds

CLASSIC = {"CT": CTImageStorage, "MR": MRImageStorage, "PT": PositronEmissionTomographyImageStorage}
ENHANCED = {"CT": EnhancedCTImageStorage, "MR": EnhancedMRImageStorage, "PT": EnhancedPETImageStorage}

AXIAL = ((1, 0, 0), (0, 1, 0))
SAGITTAL = ((0, 1, 0), (0, 0, -1))
CORONAL = ((1, 0, 0), (0, 0, -1))
PRONE = ((-1, 0, 0), (0, -1, 0))
FEET_FIRST = ((-1, 0, 0), (0, 1, 0))


def turned(about_x: float, about_y: float, about_z: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Row and column direction of an axial slice turned by degrees about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.deg2rad([about_x, about_y, about_z])):
        a, b = [n for n in range(3) if n != axis]
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    return tuple(matrix[:, 0]), tuple(matrix[:, 1])


def stored_samples(shape: tuple[int, ...], *, signed: bool) -> np.ndarray:
    """Different numbers, negative ones too where samples are signed."""
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    return (numbers - numbers.size // 2).astype("<i2") if signed else numbers.astype("<u2")


def series(
    plane: tuple[Sequence[float], Sequence[float]] = AXIAL,
    *,
    shape: tuple[int, int, int] = (6, 5, 7),
    spacing: tuple[float, float] = (1.0, 1.0),
    step: float = 2.0,
    origin: Sequence[float] = (-10.0, 20.0, 30.5),
    modality: str = "MR",
    signed: bool = False,
    rescale: Callable[[int], tuple[float, float]] | None = None,
    shear: Sequence[float] = (0, 0, 0),
    number: int = 1,
    **attributes: object,
) -> list[Dataset]:
    """Instances of one series, slices ascending along the normal; keywords replace attributes of all of them."""
    row, column = (np.array(v, dtype=float) for v in plane)
    advance = np.cross(row, column) * step + np.array(shear, dtype=float)
    made = []
    for k, samples in enumerate(stored_samples(shape, signed=signed)):
        ds = _base(CLASSIC[modality], modality, f"{number}.{k + 1}", samples, signed=signed)
        ds.update(
            {
                "ImageOrientationPatient": _decimal([*row, *column]),
                "ImagePositionPatient": _decimal(np.array(origin) + k * advance),
                "PixelSpacing": _decimal(spacing),
                "SliceThickness": f"{step:.10g}",
                "SpacingBetweenSlices": f"{step:.10g}",
                "InstanceNumber": str(k + 1),
                "SeriesInstanceUID": f"{UID_ROOT}.3.{number}",
                "SeriesNumber": str(number),
                **attributes,
            }
        )
        if rescale is not None:
            ds.RescaleSlope, ds.RescaleIntercept = _decimal(rescale(k))
            ds.RescaleType = {"CT": "HU", "PT": "BQML"}.get(modality, "US")
        made.append(ds)
    return made


def _base(sop_class: str, modality: str, number: str, samples: np.ndarray, *, signed: bool) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.file_meta.MediaStorageSOPInstanceUID = f"{UID_ROOT}.9.{number}"
    ds.update(
        {
            "ImageType": ["ORIGINAL", "PRIMARY", "M"],
            "SOPClassUID": sop_class,
            "SOPInstanceUID": f"{UID_ROOT}.9.{number}",
            "StudyInstanceUID": f"{UID_ROOT}.2",
            "FrameOfReferenceUID": f"{UID_ROOT}.4",
            "StudyDate": "20240311",
            "StudyTime": "101500",
            "SeriesTime": "101500",
            "AcquisitionTime": "101500",
            "AcquisitionNumber": "1",
            "Modality": modality,
            "Manufacturer": "MADE IN CODE",
            "PatientPosition": "HFS",
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "Rows": samples.shape[-2],
            "Columns": samples.shape[-1],
            "BitsAllocated": 16,
            "BitsStored": 16,
            "HighBit": 15,
            "PixelRepresentation": int(signed),
        }
    )
    if modality == "MR":
        ds.update({"EchoTime": "10", "RepetitionTime": "500", "MagneticFieldStrength": "3", "ScanningSequence": "SE"})
    ds.PixelData = samples.tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def enhanced(
    plane: tuple[Sequence[float], Sequence[float]] = AXIAL,
    *,
    shape: tuple[int, int, int] = (6, 5, 7),
    spacing: tuple[float, float] = (1.0, 1.0),
    step: float = 2.0,
    origin: Sequence[float] = (-10.0, 20.0, 30.5),
    modality: str = "MR",
    order: Sequence[int] | None = None,
    groups: Sequence[Callable[[int], dict[str, Dataset]]] = (lambda _: {},),
    shared_geometry: bool = True,
    rescale: Callable[[int], tuple[float, float]] | None = None,
) -> Dataset:
    """One enhanced instance of len(groups) volumes, `order` the order of its frames.

    Each of `groups` gives the functional groups by sequence keyword that a slice of its volume has beside geometry;
    dimension indices are (volume, position).
    """
    row, column = (np.array(v, dtype=float) for v in plane)
    normal = np.cross(row, column)
    count = shape[0] * len(groups)
    order = range(count) if order is None else order
    samples = stored_samples((count, *shape[1:]), signed=False)
    ds = _base(ENHANCED[modality], modality, "77", samples, signed=False)
    ds.update({"SeriesInstanceUID": f"{UID_ROOT}.3.77", "NumberOfFrames": count, "InstanceNumber": "1"})
    ds.DimensionIndexSequence = [
        item(DimensionIndexPointer=pointer, FunctionalGroupPointer=0x00209111) for pointer in (0x00209128, 0x00209057)
    ]
    geometry = {
        "PlaneOrientationSequence": [item(ImageOrientationPatient=_decimal([*row, *column]))],
        "PixelMeasuresSequence": [
            item(PixelSpacing=_decimal(spacing), SliceThickness=f"{step:g}", SpacingBetweenSlices=f"{step:g}")
        ],
    }
    ds.SharedFunctionalGroupsSequence = [item(**(geometry if shared_geometry else {}))]
    frames = []
    for n in order:
        volume, k = divmod(n, shape[0])
        place = _decimal(np.array(origin) + k * step * normal)
        extra = groups[volume](k)
        content = extra.pop("FrameContentSequence", item())
        content.update({"DimensionIndexValues": [volume + 1, k + 1], "InStackPositionNumber": k + 1, "StackID": "1"})
        if rescale is not None:
            slope, intercept = _decimal(rescale(k))
            extra["PixelValueTransformationSequence"] = item(
                RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="US"
            )
        frames.append(
            item(
                PlanePositionSequence=[item(ImagePositionPatient=place)],
                FrameContentSequence=[content],
                **({} if shared_geometry else geometry),
                **{keyword: [value] for keyword, value in extra.items()},
            )
        )
    ds.PerFrameFunctionalGroupsSequence = frames
    return ds


def compressed(dataset: Dataset, syntax: str) -> Dataset:
    """Encode the pixel data of an instance losslessly, in place, by codecs that are not those under test."""
    samples = dataset.pixel_array
    frames = samples if samples.ndim == 3 else samples[None]
    encode = {
        JPEG2000Lossless: lambda f: imagecodecs.jpeg2k_encode(f, reversible=True, level=0, codecformat="j2k"),
        JPEGLSLossless: imagecodecs.jpegls_encode,
        RLELossless: _run_lengths,
    }[syntax]
    dataset.PixelData = encapsulate([encode(np.ascontiguousarray(f)) for f in frames])
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def _run_lengths(frame: np.ndarray) -> bytes:
    """Encode 16-bit samples as literal runs, most significant byte plane first, rows apart (PS3.5 G)."""
    planes = frame.astype(">u2").view(np.uint8).reshape(*frame.shape, 2)
    segments = [b"".join(bytes([frame.shape[1] - 1]) + row.tobytes() for row in planes[..., n]) for n in (0, 1)]
    segments = [s + b"\0" * (len(s) % 2) for s in segments]
    return struct.pack("<16I", 2, 64, 64 + len(segments[0]), *[0] * 13) + b"".join(segments)


def _decimal(values: Sequence[float]) -> list[str]:
    return [format_number_as_ds(float(v)) for v in values]


def read_nifti(content: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Values (columns, rows, slices[, time]), its sform, the matrix of its qform, and the raw header.

    Written from the NIfTI-1 definition (nifti1.h), method 2 for the quaternion.
    """
    raw = gzip.decompress(content)
    (size,) = struct.unpack_from("<i", raw, 0)
    assert size == 348
    assert raw[344:348] == b"n+1\0"
    dim = struct.unpack_from("<8h", raw, 40)
    code, bits = struct.unpack_from("<hh", raw, 70)
    pixdim = struct.unpack_from("<8f", raw, 76)
    offset, slope, intercept = struct.unpack_from("<fff", raw, 108)
    sort = {2: "<u1", 4: "<i2", 512: "<u2", 16: "<f4", 8: "<i4", 256: "<i1"}[code]
    assert np.dtype(sort).itemsize * 8 == bits
    values = np.frombuffer(raw, sort, offset=int(offset), count=int(np.prod(dim[1 : dim[0] + 1])))
    values = values.reshape(dim[1 : dim[0] + 1], order="F").astype(np.float64)
    if slope:
        values = values * slope + intercept
    sform = np.vstack([np.array(struct.unpack_from("<12f", raw, 280)).reshape(3, 4), [0, 0, 0, 1]])
    b, c, d, x, y, z = struct.unpack_from("<6f", raw, 256)
    a = np.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ]
    )
    qform = np.eye(4)
    qform[:3, :3] = rotation * np.array(pixdim[1:4]) * [1, 1, -1 if pixdim[0] < 0 else 1]
    qform[:3, 3] = x, y, z
    return values, sform, qform, np.frombuffer(raw[:352], np.uint8)
