"""Pictures with text burned in to their pixels: ultrasound, a cine, radiographs, a dose screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from dicomlab.forge import jpeg
from dicomlab.forge.draw import Draw
from dicomlab.forge.encoding import BASELINE, BIG, EXPLICIT, IMPLICIT, RLE, Envelope
from dicomlab.forge.font import stamp
from dicomlab.forge.instances.common import Series, parts, private, requested, sheet_of
from dicomlab.forge.sheet import Book, Fate, Sheet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomlab.forge.instances.volumes import Made

# Without an option for pixels the text stays: basic keeps and says so, research holds the instance back.
_BURNED = Fate("K", "K", "burned-in text")


def _burn(sheet: Sheet, pixels: NDArray[np.uint8], texts: list[str], corner: tuple[int, int], *, scale: int = 1,
          value: int | tuple[int, ...] = 235) -> None:  # fmt: skip
    """Draw lines of text below one another and note them, with their rectangles (x, y, width, height)."""
    row, column = corner
    for text in texts:
        box = stamp(pixels, text, (row, column), value=value, scale=scale)
        sheet.note("PixelData", (text,), _BURNED)
        sheet.book.burn(sheet.where, text, box)
        row += 9 * scale


def _grey(sheet: Sheet, pixels: NDArray[np.generic], stored: int) -> None:
    allocated = 8 if stored <= 8 else 16  # noqa: PLR2004
    sheet.put(
        SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", Rows=pixels.shape[-2], Columns=pixels.shape[-1],
        BitsAllocated=allocated, BitsStored=stored, HighBit=stored - 1, PixelRepresentation=0,
        PixelData=pixels.astype("u1" if allocated == 8 else "<u2").tobytes(),  # noqa: PLR2004
    )  # fmt: skip
    sheet.dataset["PixelData"].VR = "OB" if allocated == 8 else "OW"  # noqa: PLR2004


def _fan(draw: Draw, rows: int, columns: int, *, beat: float = 0.0) -> NDArray[np.uint8]:
    """Return a sector of speckle with a dark vessel, as ultrasound shows it."""
    y, x = np.mgrid[0:rows, 0:columns].astype(float)
    radius, angle = np.hypot(x - columns / 2, y + 12), np.arctan2(x - columns / 2, y + 12)
    inside = (np.abs(angle) < 0.66) & (radius > 34) & (radius < rows * 0.94)  # noqa: PLR2004
    speckle = np.abs(draw.noise((rows, columns), 34.0)) + 40 * np.exp(-(((radius - rows * 0.5) / 20) ** 2))
    vessel = ((x - columns * 0.54) / (18 + beat)) ** 2 + ((y - rows * 0.6) / (12 + beat)) ** 2 < 1
    speckle[vessel] *= 0.12
    return np.where(inside, np.clip(speckle + 12, 0, 190), 0).astype(np.uint8)


def ultrasound(book: Book, name: str, series: Series) -> Made:
    """Return an RGB ultrasound image with name, number and date in its banner, and its region."""
    person, visit = series.person, series.visit
    sheet = sheet_of(book, name, series, sop_class=UltrasoundImageStorage, number=1)
    grey = _fan(Draw(0, series.uid), 240, 320)
    pixels = np.repeat(grey[:, :, None], 3, axis=2)
    pixels[:26] = (18, 24, 44)
    who = f"{person.family} {person.given}"
    _burn(sheet, pixels, [who, visit.spoken], (3, 6), value=(240, 240, 90))
    _burn(sheet, pixels, [person.patient_id], (3, 220), value=(240, 240, 90))
    sheet.put(ImageType=["ORIGINAL", "PRIMARY", "ABDOMINAL"], PatientOrientation=["", ""])
    sheet.plant("ContentDate", visit.date)
    sheet.put(ContentTime=series.time, LossyImageCompression="00")
    sheet.plant("AcquisitionDateTime", f"{visit.date}{series.time}+0900", visit.date, fate="D/shift")  # 1C
    region = {"RegionSpatialFormat": 1, "RegionDataType": 1, "RegionFlags": 0, "RegionLocationMinX0": 0,
              "RegionLocationMinY0": 26, "RegionLocationMaxX1": 319, "RegionLocationMaxY1": 239,
              "PhysicalUnitsXDirection": 3, "PhysicalUnitsYDirection": 3, "PhysicalDeltaX": 0.05,
              "PhysicalDeltaY": 0.05}  # fmt: skip
    for keyword, number in region.items():
        sheet.put(f"SequenceOfUltrasoundRegions[0].{keyword}", number)
    sheet.put(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0, Rows=240, Columns=320,
              BitsAllocated=8, BitsStored=8, HighBit=7, PixelRepresentation=0, PixelData=pixels.tobytes())  # fmt: skip
    sheet.dataset["PixelData"].VR = "OB"
    _icon(sheet, grey)
    record = [visit.referring, person.mother]
    sheet.plant("PhysiciansOfRecord", record, *(part for name in record for part in parts(name)))
    sheet.plant("PatientTelecomInformation", person.mail)
    requested(sheet, series)
    return name, sheet, Envelope(RLE, sender=visit.station)


def _icon(sheet: Sheet, grey: NDArray[np.uint8]) -> None:
    """Add a thumbnail of 64 × 64, which shows what the image shows."""
    small = grey[: 64 * 3 : 3, : 64 * 5 : 5]
    icon = Dataset()
    icon.SamplesPerPixel, icon.PhotometricInterpretation = 1, "MONOCHROME2"
    icon.Rows, icon.Columns = small.shape
    icon.BitsAllocated, icon.BitsStored, icon.HighBit, icon.PixelRepresentation = 8, 8, 7, 0
    icon.add_new(0x7FE00010, "OB", small.tobytes())
    sheet.put(IconImageSequence=[icon])
    sheet.note("IconImageSequence", (), Fate("X", "X", "pixels"))


def cine(book: Book, name: str, series: Series) -> Made:
    """Return an ultrasound cine of ten frames, palette colour, whose banner names the patient in each frame."""
    person, visit = series.person, series.visit
    sheet = sheet_of(book, name, series, sop_class=UltrasoundMultiFrameImageStorage, number=1)
    draw = Draw(0, series.uid)
    frames = []
    for index in range(10):
        grey = _fan(draw.sub(str(index)), 160, 208, beat=3 * np.sin(index * 0.63)) // 2
        grey[:12] = 4
        frames.append(grey)
        stamp(grey, f"{person.family} {visit.spoken}", (2, 4), value=250)
    sheet.note("PixelData", (f"{person.family} {visit.spoken}",), _BURNED)
    book.burn(name, f"{person.family} {visit.spoken}", (4, 2, 6 * len(f"{person.family} {visit.spoken}"), 7))
    sheet.put(ImageType=["ORIGINAL", "PRIMARY", "CARDIAC"], PatientOrientation=["", ""], FrameTime="40")
    sheet.dataset.FrameIncrementPointer = 0x00181063
    sheet.plant("ContentDate", visit.date)
    sheet.put(ContentTime=series.time, LossyImageCompression="00", NumberOfFrames=len(frames))
    pixels = np.stack(frames)
    _grey(sheet, pixels, 8)
    ramp = np.arange(256, dtype="<u2") * 257
    for colour in ("Red", "Green", "Blue"):
        sheet.put(f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        sheet.put(f"{colour}PaletteColorLookupTableData", ramp.tobytes())
    sheet.put(PhotometricInterpretation="PALETTE COLOR")
    sheet.plant("PatientComments", f"Angehörige: {person.mother.split('^')[0]}, Tel. {person.phone}", person.phone,
                person.mother.split("^")[0])  # fmt: skip
    return name, sheet, Envelope(RLE, remark=f"sent for {person.family}, {person.given}")


def radiograph(book: Book, name: str, series: Series, *, label: bool) -> Made:
    """Return a radiograph of a chest: one with a label in a corner and text in an overlay, or one that shows none."""
    person, visit = series.person, series.visit
    sheet = sheet_of(book, name, series, sop_class=ComputedRadiographyImageStorage, number=1)
    rows, columns = 288, 240
    y, x = np.mgrid[0:rows, 0:columns].astype(float)
    chest = 2600 - 1500 * sum(
        np.exp(-((((x - cx) / 42) ** 2 + ((y - 140) / 84) ** 2) ** 2)) for cx in (72, 168)
    )  # fmt: skip
    chest += 260 * (np.sin(y / 9 + ((x - 120) / 46) ** 2) > 0.6) + 500 * (np.abs(x - 120) < 15)  # noqa: PLR2004
    pixels = np.clip(chest + Draw(0, series.uid).noise((rows, columns), 30.0), 0, 4095).astype("<u2")
    sheet.put(ImageType=["ORIGINAL", "PRIMARY"], ViewPosition="PA", PatientOrientation=["L", "F"], KVP=125)
    sheet.plant("PlateID", f"PL{person.other_id[-6:]}")
    sheet.plant("ContentDate", visit.date)
    sheet.plant("AcquisitionDate", visit.date)
    sheet.put(
        ContentTime=series.time,
        AcquisitionTime=series.time,
        AcquisitionNumber=1,
        AcquisitionDeviceProcessingCode="CHEST",
    )
    if label:
        sheet.put(BurnedInAnnotation="YES")
        dark = pixels[:42, :130]
        dark[:] = 300
        _burn(sheet, pixels, [f"{person.family} {person.given}", f"{visit.spoken} PA"], (6, 6), value=4000)
        _burn(sheet, pixels, [f"GEB {person.birth:%d.%m.%Y}"], (26, 6), value=4000)
        _overlay(sheet, rows, columns, f"{person.family} {person.patient_id}")
    _grey(sheet, pixels, 12)
    requested(sheet, series)
    private(sheet, (0x0009, "GEMS_IDEN_01", 0x02), ("SH", f"{person.family} RX"), (person.family,), block=0x2A)
    return name, sheet, Envelope(IMPLICIT if label else BIG, preamble=f"{visit.place.institution} {person.patient_id}")


def _overlay(sheet: Sheet, rows: int, columns: int, text: str) -> None:
    """Add an overlay plane whose bits spell a text, and a label that says it too."""
    bits = np.zeros((rows, columns), dtype=np.uint8)
    stamp(bits, text, (rows - 12, 6), value=1)
    ds = sheet.dataset
    elements: tuple[tuple[int, str, object], ...] = (
        (0x0010, "US", rows), (0x0011, "US", columns), (0x0040, "CS", "G"), (0x0050, "SS", [1, 1]),
        (0x0100, "US", 1), (0x0102, "US", 0), (0x1500, "LO", text), (0x4000, "LT", f"drawn for {text}"),
        (0x3000, "OW", np.packbits(bits, axis=None, bitorder="little").tobytes()),
    )  # fmt: skip
    for element, vr, value in elements:
        ds.add_new(0x60000000 | element, vr, value)
    family, number = text.rsplit(" ", 1)
    sheet.note("(6000,3000)", (), Fate("X", "X C", "overlay"))
    sheet.note("(6000,4000)", (family, number), Fate("X", "X C", "overlay"))
    # Overlay Label is not in the table: the identifier goes, the attribute may stay (or go with the plane).
    sheet.note("(6000,1500)", (family, number), Fate("C X", "C X", "overlay"))


def dose_screen(book: Book, name: str, series: Series) -> Made:
    """Return a secondary capture of a dose screen, as baseline JPEG with a comment that names the patient."""
    person, visit = series.person, series.visit
    sheet = sheet_of(book, name, series, sop_class=SecondaryCaptureImageStorage, number=1)
    pixels = np.full((160, 304), 12, dtype=np.uint8)
    pixels[:16] = 60
    _burn(sheet, pixels, [f"{person.family} {person.given}  {person.patient_id}"], (4, 6))
    for row, text in ((32, "CTDIVOL 48.2  DLP 811.0"), (46, "SCAN 1  120 KV  220 MAS")):
        stamp(pixels, text, (row, 6), value=180)
    _burn(sheet, pixels, [f"{visit.spoken}  {visit.place.institution}"], (140, 6))
    sheet.put(
        ConversionType="WSD", ImageType=["DERIVED", "SECONDARY", "OTHER", "DOSE_INFO"], PatientOrientation=["", ""]
    )
    sheet.plant("ContentDate", visit.date)
    sheet.put(ContentTime=series.time, BurnedInAnnotation="NO")  # a wrong claim, as sources make them
    said = f"{person.family} {person.given} {visit.date}"
    stream = jpeg.encode(pixels, comments=[said.encode("latin-1")])
    sheet.note("PixelData", (person.family, person.given, visit.date), Fate("C", "C", "stream metadata"))
    _grey(sheet, pixels, 8)
    sheet.put(PixelData=encapsulate([stream]), LossyImageCompression="01", LossyImageCompressionMethod="ISO_10918_1")
    sheet.put(LossyImageCompressionRatio=round(pixels.size / len(stream), 2))
    sheet.dataset["PixelData"].is_undefined_length = True
    return name, sheet, Envelope(BASELINE)


def bare(book: Book, name: str, series: Series) -> Made:
    """Return a small radiograph without preamble and file meta, in implicit VR."""
    made = radiograph(book, name, series, label=False)
    return made[0], made[1], Envelope(EXPLICIT, bare=True)
