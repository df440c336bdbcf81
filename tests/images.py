"""Small images in code, in every layout and transfer syntax that pixels are edited in."""

from __future__ import annotations

import zlib
from copy import deepcopy
from struct import pack

import imagecodecs
import jpeg_ls
import numpy as np
import rle
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import generate_fragments

from dicomlab.pixels import Frames
from dicomlab.records import Region

EXPLICIT, IMPLICIT, DEFLATED, BIG = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
)
ROWS, COLUMNS, FRAMES = 13, 22, 3
BOX = Region(4, 3, 14, 9)
INSIDE = (slice(3, 9), slice(4, 14))


def dataset(photometric="MONOCHROME2", bits=8, *, stored=None, signed=0, planar=0, syntax=EXPLICIT, frames=FRAMES):
    """An instance with noise in every stored bit; its Pixel Data is still to be set."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.Rows, ds.Columns, ds.NumberOfFrames = ROWS, COLUMNS, frames
    ds.SamplesPerPixel = 1 if photometric.startswith(("MONO", "PALETTE")) else 3
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = planar
    ds.PhotometricInterpretation = photometric
    ds.BitsAllocated, ds.BitsStored, ds.PixelRepresentation = bits, stored or bits, signed
    ds.HighBit = ds.BitsStored - 1
    return ds


def noise(ds, seed=0):
    """Stored samples: (frames, rows, columns[, samples]), every value of the range possible."""
    stored, signed = ds.BitsStored, ds.PixelRepresentation
    low, high = (-(1 << stored - 1), 1 << stored - 1) if signed else (0, 1 << stored)
    shape = (ds.NumberOfFrames, ROWS, COLUMNS, 3)[: 3 if ds.SamplesPerPixel == 1 else 4]
    kind = f"{'i' if signed else 'u'}{max(ds.BitsAllocated // 8, 1)}"
    return np.random.default_rng(seed).integers(low, high, shape).astype(kind)


def with_samples(ds, samples):
    """Write samples natively, by hand as PS3.5 says."""
    order = ">" if ds.file_meta.TransferSyntaxUID == BIG else "<"
    if ds.get("PlanarConfiguration"):
        samples = np.moveaxis(samples, -1, 1)
    if ds.BitsAllocated == 1:
        value = np.packbits(samples.reshape(-1), bitorder="little").tobytes()
    else:
        value = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    ds.PixelData = value + b"\0" * (len(value) % 2)
    ds["PixelData"].VR = "OW" if ds.BitsAllocated > 8 else "OB"
    return ds


def again(ds, edited):
    """The instance with the edit applied."""
    new = deepcopy(ds)

    new.file_meta = FileMetaDataset()
    new.file_meta.TransferSyntaxUID = edited.transfer_syntax
    new.PixelData = bytes(edited.value)
    new["PixelData"].VR = ds["PixelData"].VR
    new["PixelData"].is_undefined_length = edited.transfer_syntax not in {EXPLICIT, IMPLICIT, DEFLATED, BIG}
    for keyword, value in edited.attributes.items():
        if keyword[0].isdigit():  # repeats: a tag
            new.pop(int(keyword, 16), None)
            if value is not None:
                new.add(value)
            continue
        if value is None:
            new.pop(keyword, None)
        else:
            setattr(new, keyword, value)
    return new


def stack(ds):
    frames = Frames.of(ds)
    return np.stack([frames.samples(n) for n in range(len(frames))])


def outside(box=INSIDE, shape=(ROWS, COLUMNS)):
    mask = np.ones(shape, bool)
    mask[box] = False
    return mask


def palette(ds, colours, first=0):
    for name, plane in zip(("Red", "Green", "Blue"), np.transpose(colours), strict=True):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [len(colours), first, 16])
        setattr(ds, f"{name}PaletteColorLookupTableData", (np.array(plane, "<u2") * 257).tobytes())
    return ds


JPEG = "1.2.840.10008.1.2.4."
RLE, DEFLATED_FRAMES, IN_ITEMS = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.1.98"


def smooth(ds, seed=0):
    """Samples that a lossy codec hardly changes: waves over the whole stored range; (frames, rows, columns[, 3])."""
    stored, signed = ds.BitsStored, ds.PixelRepresentation
    y, x = np.mgrid[: ds.Rows, : ds.Columns]
    shape = (ds.NumberOfFrames, ds.Rows, ds.Columns, ds.SamplesPerPixel)
    phase = np.random.default_rng(seed).uniform(0, 6, (shape[0], 1, 1, shape[3]))
    wave = np.sin(x[None, ..., None] / 5 + phase) * np.cos(y[None, ..., None] / 7 + phase)
    values = np.round((wave + 1) / 2 * ((1 << stored) - 1)) - (1 << stored - 1 if signed else 0)
    kind = f"{'i' if signed else 'u'}{max(ds.BitsAllocated // 8, 1)}"
    return values.astype(kind).reshape(shape[:3] if ds.SamplesPerPixel == 1 else shape)


def encode(ds, frame, **options):  # noqa: PLR0911 - one for each codec
    """One frame in the syntax of an instance, by an encoder used directly."""
    syntax, stored = str(ds.file_meta.TransferSyntaxUID), ds.BitsStored
    unsigned = np.ascontiguousarray(
        (frame.astype(np.int64) & ((1 << stored) - 1)).astype("u1" if stored <= 8 else "u2")
    )
    colour = ds.SamplesPerPixel == 3
    number = syntax.removeprefix(JPEG)
    if number in {"50", "51"}:
        space = {"colorspace": "rgb", "outcolorspace": "ycbcr"} if colour else {}
        return imagecodecs.jpeg8_encode(unsigned, level=92, bitspersample=stored, **space, **options)
    if number in {"57", "70"}:
        space = {"colorspace": "rgb", "outcolorspace": "rgb"} if colour else {}
        return imagecodecs.jpeg8_encode(unsigned, lossless=True, predictor=1, bitspersample=stored, **space)
    if number in {"80", "81"}:
        kind = {"rows": ds.Rows, "columns": ds.Columns, "samples_per_pixel": ds.SamplesPerPixel, "bits_stored": stored}
        return bytes(jpeg_ls.encode_pixel_data(unsigned.tobytes(), planar_configuration=0, **kind, **options))
    if number in {"90", "91"}:
        return imagecodecs.jpeg2k_encode(
            frame, codecformat="j2k", bitspersample=stored, **({"level": 0, "reversible": True} | options)
        )
    if number in {"201", "202", "203"}:
        return imagecodecs.htj2k_encode(frame, **({"level": 0, "reversible": True} | options))
    if syntax == RLE:
        return rle.encode_pixel_data(
            frame.tobytes(), rows=ds.Rows, columns=ds.Columns, samples_per_pixel=ds.SamplesPerPixel,
            bits_allocated=ds.BitsAllocated, byteorder="<",
        )  # fmt: skip
    assert syntax in {DEFLATED_FRAMES, IN_ITEMS}
    data = np.packbits(frame.reshape(-1), bitorder="little") if ds.BitsAllocated == 1 else frame
    if syntax == IN_ITEMS:
        return data.tobytes()
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(data.tobytes()) + squeeze.flush()


def encapsulated(ds, frames, *, basic=True, split=1, extended=False):
    """Write encoded frames as items, each in `split` fragments of even length."""
    table, value, at = [], b"", 0
    for encoded in frames:
        frame = encoded + b"\0" * (len(encoded) % 2)
        step = -(-len(frame) // split) + 1 & ~1
        table.append(at)
        for k in range(0, len(frame), step):
            piece = frame[k : k + step]
            value += pack("<HHL", 0xFFFE, 0xE000, len(piece)) + piece
            at += 8 + len(piece)
    offsets = pack(f"<{len(table)}L", *table) if basic else b""
    ds.PixelData = pack("<HHL", 0xFFFE, 0xE000, len(offsets)) + offsets + value
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    if extended:
        ds.ExtendedOffsetTable = pack(f"<{len(table)}Q", *table)
        ds.ExtendedOffsetTableLengths = pack(f"<{len(table)}Q", *(len(f) + len(f) % 2 for f in frames))
    return ds


def fragments_of(value):
    """The items behind the basic offset table."""
    return [bytes(piece) for piece in generate_fragments(value)][1:]
