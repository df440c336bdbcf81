"""Volumes: a CT and an MR of a head with a face, an abdominal CT, a diffusion series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydicom.uid import CTImageStorage, MRImageStorage

from dicomlab.forge.draw import Draw
from dicomlab.forge.encoding import BIG, DEFLATED, EXPLICIT, IMPLICIT, J2K, LS, RLE, Envelope
from dicomlab.forge.head import HU, T1, HeadShape, head_points, signal
from dicomlab.forge.instances.common import Series, contributed, private, requested, sheet_of
from dicomlab.forge.sheet import Book, Fate, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dicomlab.forge.shapes import Field

Made = tuple[str, Sheet, Envelope]


@dataclass(frozen=True, slots=True)
class Grid:
    """Slices on a regular grid: count, size and spacing in mm, LPS directions, position of the first voxel."""

    slices: int
    rows: int
    columns: int
    spacing: tuple[float, float]
    gap: float
    across: tuple[float, float, float]
    down: tuple[float, float, float]
    first: tuple[float, float, float]

    @property
    def normal(self) -> NDArray[np.float64]:
        """Direction from slice to slice."""
        return np.cross(self.across, self.down)

    def position(self, index: int) -> list[float]:
        """Image Position (Patient) of a slice, mm."""
        return [round(float(v), 4) for v in np.array(self.first) + index * self.gap * self.normal]

    def points(self, index: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """LPS coordinates of a slice's voxels, each of shape (rows, columns)."""
        down, across = np.meshgrid(np.arange(self.rows), np.arange(self.columns), indexing="ij")
        start = self.position(index)
        x, y, z = (
            start[axis] + across * self.spacing[1] * self.across[axis] + down * self.spacing[0] * self.down[axis]
            for axis in range(3)
        )
        return x, y, z


CT_HEAD = Grid(76, 128, 128, (1.9, 1.9), 3.0, (1, 0, 0), (0, 1, 0), (-120.65, -122.65, -137.0))
MR_HEAD = Grid(48, 160, 160, (1.55, 1.55), 3.6, (0, 1, 0), (0, 0, -1), (84.6, -122.0, 105.0))
# Every so many slices of a head is written differently, so that each transfer syntax holds real slices.
_CT_SYNTAXES = {9: EXPLICIT, 19: IMPLICIT, 29: BIG, 39: DEFLATED, 49: RLE}
_MR_SYNTAXES = {7: DEFLATED, 17: J2K, 27: RLE, 37: BIG}


def _head(grid: Grid, tissues: dict[str, float], draw: Draw) -> Iterator[Field]:
    shape = HeadShape.drawn(draw)
    for index in range(grid.slices):
        yield signal(head_points(*grid.points(index), shape), shape, tissues, grid.spacing[0])


def _geometry(sheet: Sheet, series: Series, grid: Grid, index: int) -> None:
    sheet.plant("FrameOfReferenceUID", series.frame_of_reference)
    sheet.put(PositionReferenceIndicator="", PatientPosition="HFS", SliceThickness=grid.gap, AcquisitionNumber=1)
    sheet.keep("ImagePositionPatient", grid.position(index)) if "*" not in sheet.where else sheet.put(
        ImagePositionPatient=grid.position(index)
    )
    sheet.keep("ImageOrientationPatient", [*grid.across, *grid.down])
    sheet.keep("PixelSpacing", list(grid.spacing))
    sheet.plant("ContentDate", series.visit.date)
    sheet.plant("AcquisitionDate", series.visit.date)
    sheet.put(ContentTime=f"{series.time}.{index:03d}", AcquisitionTime=f"{series.time}.{index:03d}")


def _pixels(sheet: Sheet, pixels: NDArray[np.generic], stored: int, *, signed: bool) -> None:
    sheet.put(
        SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", Rows=pixels.shape[0], Columns=pixels.shape[1],
        BitsAllocated=16, BitsStored=stored, HighBit=stored - 1, PixelRepresentation=int(signed),
    )  # fmt: skip
    sheet.put(PixelData=pixels.astype("<i2" if signed else "<u2").tobytes())
    sheet.dataset["PixelData"].VR = "OW"


def ct_head(book: Book, folder: str, series: Series) -> Iterator[Made]:
    """Yield an axial CT of a head, 12 bits, in HU by slope 1 and intercept -1024."""
    draw = Draw(0, series.uid)
    for index, hu in enumerate(_head(CT_HEAD, dict(HU), draw.sub("shape"))):
        sheet = sheet_of(book, f"{folder}/CT_*.dcm", series, sop_class=CTImageStorage, number=index + 1)
        sheet.put(ImageType=["ORIGINAL", "PRIMARY", "AXIAL"], KVP=120, ConvolutionKernel="Hr40", ExposureTime=1000)
        _geometry(sheet, series, CT_HEAD, index)
        _words(sheet, series)
        requested(sheet, series)
        contributed(sheet, series)
        noisy = hu + draw.sub(str(index)).noise(hu.shape, 4.0)
        sheet.put(RescaleIntercept=-1024, RescaleSlope=1, RescaleType="HU", WindowCenter=40, WindowWidth=100)
        _pixels(sheet, np.clip(np.rint(noisy) + 1024, 0, 4095), 12, signed=False)
        syntax = _CT_SYNTAXES.get(index, LS)
        yield f"{folder}/CT_{index + 1:04d}.dcm", sheet, Envelope(syntax)


def _words(sheet: Sheet, series: Series) -> None:
    """Add free text of an image that names the patient, in and outside the table."""
    person, visit = series.person, series.visit
    sheet.plant("ProtocolName", f"Head routine {person.family}", person.family)
    sheet.plant("ImageComments", f"{person.given} moved, repeated {visit.spoken}", person.given, visit.spoken)
    sheet.plant("Manufacturer", f"SIEMENS {person.family}", person.family)
    sheet.plant("AdditionalPatientHistory", f"Fall at home, {person.phone} informed", person.phone)
    sheet.plant("ReferringPhysicianTelephoneNumbers", "0700-118822")


def mr_head(book: Book, folder: str, series: Series) -> Iterator[Made]:
    """Yield a sagittal T1-weighted MR of a head; one instance in ten carries private blocks."""
    draw = Draw(0, series.uid)
    for index, values in enumerate(_head(MR_HEAD, dict(T1), draw.sub("shape"))):
        name = f"{folder}/MR_{index + 1:04d}.dcm"
        sheet = sheet_of(book, f"{folder}/MR_*.dcm", series, sop_class=MRImageStorage, number=index + 1)
        _geometry(sheet, series, MR_HEAD, index)
        _mr_words(sheet, series)
        _words(sheet, series)
        if index % 10 == 0:
            sheet.where = name
            siemens(sheet, series)
        shade = 1 + 0.12 * np.sin(np.linspace(-1.2, 1.4, values.shape[0]))[:, None]
        noisy = np.hypot(values * shade + draw.sub(str(index), "a").noise(values.shape, 7.0),
                         draw.sub(str(index), "b").noise(values.shape, 7.0))  # fmt: skip
        _pixels(sheet, np.clip(np.rint(noisy), 0, 4095), 12, signed=False)
        yield name, sheet, Envelope(_MR_SYNTAXES.get(index, LS), sender=series.visit.station)


def _mr_words(sheet: Sheet, series: Series) -> None:
    sheet.put(ImageType=["ORIGINAL", "PRIMARY", "M", "ND"], ScanningSequence=["GR", "IR"], SequenceVariant=["SP", "MP"])
    sheet.put(ScanOptions="", MRAcquisitionType="3D", EchoTime=2.3, RepetitionTime=1900, InversionTime=900)
    sheet.put(EchoTrainLength=1, MagneticFieldStrength=3)
    sheet.keep("FlipAngle", 9)
    sheet.keep("ImagingFrequency", "123.2")
    family = series.person.family
    sheet.plant("SequenceName", f"tfl {family}", family)
    sheet.plant("ReceiveCoilName", f"HN {family}", family)


def siemens(sheet: Sheet, series: Series) -> None:
    """Add blocks of SIEMENS CSA HEADER (names inside) and SIEMENS MR HEADER (a safe b value)."""
    person = series.person
    said = f"SV10\4\3\2\1\1\0\0\0M\0\0\0PatientName\0{person.family}^{person.given}\0".encode("latin-1")
    private(sheet, (0x0029, "SIEMENS CSA HEADER", 0x10), ("OB", said + b"\0" * (len(said) % 2)),
            (person.family, person.given))  # fmt: skip
    private(sheet, (0x0029, "SIEMENS CSA HEADER", 0x08), ("CS", "IMAGE NUM 4"))
    b_value = ("IS", "1000" if "diff" in series.label else "0")
    private(sheet, (0x0019, "SIEMENS MR HEADER", 0x0C), b_value, fate="X/K", block=0x23)
    private(sheet, (0x0019, "SIEMENS MR HEADER", 0x08), ("CS", "IMAGE NUM 4"), block=0x23)


def ct_abdomen(book: Book, folder: str, series: Series) -> Iterator[Made]:
    """Yield four slices of an abdomen with private blocks of GE, signed pixels, a group length and padding."""
    draw, person, visit = Draw(0, series.uid), series.person, series.visit
    grid = Grid(4, 96, 112, (3.2, 3.2), 5.0, (1, 0, 0), (0, 1, 0), (-177.6, -150.0, -420.0))
    for index in range(grid.slices):
        name = f"{folder}/ABD_{index + 1:02d}.dcm"
        sheet = sheet_of(book, name, series, sop_class=CTImageStorage, number=index + 1)
        sheet.put(ImageType=["ORIGINAL", "PRIMARY", "AXIAL"])
        sheet.keep("KVP", 120)
        sheet.plant(
            "ConvolutionKernel", ["STANDARD", person.family], person.family, fate="C", category="outside the table"
        )
        sheet.keep_part("ConvolutionKernel", "STANDARD")
        _geometry(sheet, series, grid, index)
        sheet.plant("ContrastBolusAgent", f"Iomeron 400 {visit.spoken}", visit.spoken)
        sheet.plant("Allergies", f"Penicillin, told {person.family}", person.family)
        requested(sheet, series)
        contributed(sheet, series)
        private(sheet, (0x0019, "GEMS_ACQU_01", 0x23), ("DS", "39.375"), fate="X/K")
        private(sheet, (0x0019, "GEMS_ACQU_01", 0x02), ("SL", 912))
        private(sheet, (0x0043, "GEMS_PARM_01", 0x27), ("SH", "0.984:1"), fate="X/K", block=0x11)
        private(sheet, (0x0043, "GEMS_PARM_01", 0x62), ("SH", person.family), (person.family,), block=0x11)
        if index == 1:
            _unknown(sheet, series)
        if index == 2:  # noqa: PLR2004 - one slice that went through another maker's workstation
            private(sheet, (0x00E1, "ELSCINT1", 0x21), ("DS", "412.5"), fate="X/K", block=0x3C)
            private(sheet, (0x00E1, "ELSCINT1", 0x40), ("SH", f"AX {person.family}"), (person.family,), block=0x3C)
            private(sheet, (0x0015, f"{person.family} DESK", 0x01), ("DA", visit.date), (visit.date,))
        x, y, _ = grid.points(index)
        hu = abdomen(x, y) + draw.sub(str(index)).noise(x.shape, 9.0)
        sheet.put(RescaleIntercept=0, RescaleSlope=1, RescaleType="HU", WindowCenter=50, WindowWidth=400)
        _pixels(sheet, np.clip(np.rint(hu), -1024, 3071), 16, signed=True)
        syntax = (IMPLICIT, EXPLICIT, BIG, DEFLATED)[index]
        padding = f"{person.family} {person.given} {person.patient_id}" if index == 1 else ""
        yield name, sheet, Envelope(syntax, sender=f"{visit.place.mark}SEND", padding=padding)


def _unknown(sheet: Sheet, series: Series) -> None:
    """Add values whose VR the file does not tell (PS3.5 6.2.2): one in the table, one outside it."""
    family = series.person.family
    for keyword, fate in (
        ("AdmittingDiagnosesDescription", ("X", "C")),
        ("AcquisitionDeviceProcessingDescription", ("C", "C")),
    ):
        said = f"see {family}  " if len(family) % 2 else f"seen {family} "
        sheet.dataset.add_new(keyword, "UN", said.encode()[: len(said) // 2 * 2])
        sheet.note(keyword, (family,), Fate(*fate, "unknown VR"))


def abdomen(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return HU of a slice through an abdomen: wall, liver, spleen, vertebra, aorta, kidneys, a loop with air."""
    out = np.full(x.shape, -1000.0)
    for cx, cy, rx, ry, value in (
        (0, 0, 158, 112, -95), (0, 2, 142, 96, 50), (0, 0, 132, 86, -90), (-62, -12, 64, 60, 62), (84, 8, 32, 44, 55),
        (0, 62, 24, 20, 240), (0, 68, 9, 8, 20), (8, 32, 11, 11, 210), (-58, 56, 26, 19, 160), (60, 54, 26, 19, 160),
        (30, -46, 30, 20, 30), (34, -54, 18, 9, -900),
    ):  # fmt: skip
        out[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1] = value
    return out


def diffusion(book: Book, names: list[str], series: Series) -> Iterator[Made]:
    """Yield diffusion-weighted slices of an abdomen with Siemens' private blocks, under the given names."""
    draw = Draw(0, series.uid)
    grid = Grid(len(names), 80, 96, (3.8, 3.8), 6.0, (1, 0, 0), (0, 1, 0), (-180.5, -150.0, -400.0))
    for index, name in enumerate(names):
        sheet = sheet_of(book, name, series, sop_class=MRImageStorage, number=index + 1)
        _geometry(sheet, series, grid, index)
        _mr_words(sheet, series)
        siemens(sheet, series)
        x, y, _ = grid.points(index)
        values = np.clip(abdomen(x, y) + 140, 0, 300) + draw.sub(str(index)).noise(x.shape, 6.0)
        _pixels(sheet, np.clip(np.rint(values), 0, 4095), 12, signed=False)
        yield name, sheet, Envelope(EXPLICIT if index else IMPLICIT, sender=f"{series.visit.place.mark}MODALITY")
