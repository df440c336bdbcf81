"""What the Image Pixel Module says about the samples of an instance, and where their bytes lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from dicomlab.errors import PixelError

if TYPE_CHECKING:
    from pydicom import Dataset

    from dicomlab.records import Region

EXPLICIT_LITTLE = str(ExplicitVRLittleEndian)
_NATIVE = {EXPLICIT_LITTLE, *map(str, (ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian))}
SUBSAMPLED = {"YBR_FULL_422", "YBR_PARTIAL_422"}
COLOURS = {"RGB", "YBR_FULL", *SUBSAMPLED, "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"}
_BITS = {1, 8, 16, 32}


@dataclass(frozen=True, slots=True)
class Deferred:
    """A value left in its file: `length` bytes from byte `offset` on; None: to the sequence delimiter."""

    path: Path = field(repr=False)
    offset: int
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The shape of stored samples.

    Raises
    ------
    PixelError
        The attributes contradict each other, or describe samples that cannot be edited.

    References
    ----------
    PS3.3 C.7.6.3, PS3.5 8.1.1.
    """

    rows: int
    columns: int
    frames: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    planar: int
    transfer_syntax: str

    def __post_init__(self) -> None:
        """Refuse what cannot be: a wrong guess about the layout would corrupt pixels."""
        wrong = ""
        if min(self.rows, self.columns, self.frames) < 1:
            wrong = "Rows, Columns or Number of Frames is zero"
        elif self.bits_allocated not in _BITS:
            wrong = "Bits Allocated is none of 1, 8, 16, 32"
        elif not 1 <= self.bits_stored <= self.bits_allocated or not self.bits_stored - 1 <= self.high_bit < (
            self.bits_allocated
        ):
            wrong = "Bits Stored and High Bit do not fit into Bits Allocated"
        elif self.samples != (3 if self.photometric in COLOURS else 1) or self.planar not in {0, 1}:
            wrong = "Samples per Pixel or Planar Configuration does not suit the Photometric Interpretation"
        elif self.photometric not in {*COLOURS, "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"}:
            wrong = "the Photometric Interpretation is retired or unknown"
        elif self.native and self.photometric in {"YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420"}:
            wrong = "the Photometric Interpretation does not exist in native pixel data"
        elif self.subsampled and (self.columns % 2 or self.planar or self.bits_allocated != 8):  # noqa: PLR2004
            wrong = "sub-sampled chroma needs 8 bits, an even number of columns and Planar Configuration 0"
        if wrong:
            raise PixelError(f"{wrong}; the pixels cannot be edited")

    @classmethod
    def of(cls, dataset: Dataset, *, transfer_syntax: str | None = None) -> Layout:
        """Return the layout that a Dataset with group 0028 states; the transfer syntax is read from its file meta."""
        meta = getattr(dataset, "file_meta", None)
        syntax = transfer_syntax or (meta or {}).get("TransferSyntaxUID")
        if not syntax:
            raise PixelError("no transfer syntax: the Dataset has no file meta information; pass transfer_syntax")
        bits = _number(dataset, "BitsAllocated")
        stored = _number(dataset, "BitsStored", bits)
        return cls(
            rows=_number(dataset, "Rows"),
            columns=_number(dataset, "Columns"),
            frames=_number(dataset, "NumberOfFrames", 1) or 1,
            samples=_number(dataset, "SamplesPerPixel", 1),
            bits_allocated=bits,
            bits_stored=stored,
            high_bit=_number(dataset, "HighBit", stored - 1),
            signed=bool(_number(dataset, "PixelRepresentation", 0)),
            photometric=str(dataset.get("PhotometricInterpretation") or ""),
            planar=_number(dataset, "PlanarConfiguration", 0),
            transfer_syntax=str(syntax),
        )

    @property
    def native(self) -> bool:
        """Whether samples stand uncompressed in the value."""
        return self.transfer_syntax in _NATIVE

    @property
    def big_endian(self) -> bool:
        """Whether the transfer syntax is Explicit VR Big Endian."""
        return self.transfer_syntax == str(ExplicitVRBigEndian)

    @property
    def subsampled(self) -> bool:
        """Whether two pixels of native samples share their chroma: bytes Y Y Cb Cr."""
        return self.native and self.photometric in SUBSAMPLED

    @property
    def luminance(self) -> bool:
        """Whether the first sample of a colour pixel is its luminance; decoders give RGB for YBR_ICT and YBR_RCT."""
        return self.photometric in {"YBR_FULL", "YBR_PARTIAL_420", *SUBSAMPLED}

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one frame's samples: (rows, columns) or (rows, columns, samples)."""
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)

    @property
    def frame_bits(self) -> int:
        """How many bits one native frame takes; frames of single bits follow each other without padding."""
        per_pixel = 2 if self.subsampled else self.samples
        return self.rows * self.columns * per_pixel * self.bits_allocated

    @property
    def size(self) -> int:
        """How many bytes the native value of all frames takes, before padding to an even length."""
        return (self.frame_bits * self.frames + 7) // 8


@dataclass(frozen=True, slots=True)
class Edited:
    """Pixel Data after an edit.

    `value`: the new value; encapsulated: the items from the basic offset table on, without sequence delimiter.
    `transfer_syntax`: how it is encoded. `attributes`: keyword → new value of every attribute that the change
    requires, None = remove. `notes`: sentences that a person must read; they hold no value of an attribute.
    `regions`: where samples may differ from those before; in JPEG, whole blocks and what their chroma reaches.
    """

    value: bytes | bytearray = field(repr=False)
    transfer_syntax: str
    attributes: Mapping[str, object] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()


def _number(dataset: Dataset, keyword: str, default: int | None = None) -> int:
    value = dataset.get(keyword)
    try:
        return int(default if value is None and default is not None else value)
    except (TypeError, ValueError) as error:
        raise PixelError(f"{keyword} is missing or no number; the pixels cannot be edited") from error
