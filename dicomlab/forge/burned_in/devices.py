"""Kinds of pictures as devices make them, with the text that they burn in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dicomlab.forge.burned_in import scenes, tissue, words
from dicomlab.forge.burned_in.canvas import Canvas
from dicomlab.forge.burned_in.grain import coloured
from dicomlab.forge.burned_in.lookalikes import calipers, ticks
from dicomlab.forge.burned_in.picture import Picture, colour_storage, grey_or_colour, lettered
from dicomlab.forge.burned_in.storing import Storage

if TYPE_CHECKING:
    from dicomlab.forge.burned_in.words import Who
    from dicomlab.forge.draw import Draw

_SIZES = ((480, 640), (600, 800), (768, 1024), (720, 960))
_YELLOW, _GREEN, _CYAN, _WHITE = (0.95, 0.95, 0.35), (0.3, 0.95, 0.4), (0.4, 0.9, 0.95), (0.96, 0.96, 0.96)


def _region(rows: int, columns: int) -> dict[str, object]:
    return {"SequenceOfUltrasoundRegions": [{
        "RegionSpatialFormat": 1, "RegionDataType": 1, "RegionFlags": 0, "RegionLocationMinX0": 0,
        "RegionLocationMinY0": int(rows * 0.08), "RegionLocationMaxX1": columns - 1, "RegionLocationMaxY1": rows - 1,
        "PhysicalUnitsXDirection": 3, "PhysicalUnitsYDirection": 3, "PhysicalDeltaX": 0.05, "PhysicalDeltaY": 0.05,
    }]}  # fmt: skip


def ultrasound_grey(draw: Draw, who: Who) -> Picture:
    """Return a banner with name and number, settings at the side, calipers, a depth scale."""
    shape = draw.choice(_SIZES)
    out = tissue.fan(draw.sub("fan"), shape)[0]
    ticks(out, draw)
    if draw.integer(0, 1):
        calipers(out, draw.sub("calipers"), count=2)
    canvas = Canvas([out])
    style = lettered(draw, 8, 16, level=draw.choice((1.0, 0.85, 0.7)))
    texts = words.some(draw, who, draw.integer(4, 7))
    canvas.block(texts[:2], "tl", style, margin=6)
    canvas.block(texts[2:5], "tr", style, margin=24)
    canvas.block(texts[5:], "bl", lettered(draw.sub("low"), 8, 12), margin=6)
    over = lettered(draw.sub("over"), 9, 18, level=draw.choice((1.0, 0.8)))
    canvas.scatter(draw, words.name(draw, who), over, zone=(0.25, 0.3, 0.8, 0.85))
    settings = lettered(draw.sub("settings"), 8, 12, level=0.8)
    for index, (text, category) in enumerate(words.harmless(draw, "US", 6)):
        canvas.write(text, (6, shape[0] // 3 + index * 22), settings, category=category)
    return Picture(canvas, grey_or_colour(draw), "US", _region(*shape))


def doppler(draw: Draw, who: Who) -> Picture:
    """Colour flow over speckle, a colour bar, text in colours."""
    shape = draw.choice(_SIZES)
    grey, flow = tissue.fan(draw.sub("fan"), shape, flow=True)
    out = coloured(grey, (1, 1, 1))
    stream = np.abs(flow)[..., None] > 0.05  # noqa: PLR2004 - slower is not coloured
    warm, cold = np.stack([flow, flow * 0.6, flow * 0], -1), np.stack([flow * 0, -flow * 0.4, -flow], -1)
    out = np.where(stream, np.clip(np.where(flow[..., None] > 0, warm, cold), 0, 1) * 0.8 + 0.2 * out, out).astype(
        np.float32
    )
    for index in range(60):
        speed = 1 - index / 30
        bar = (speed, speed * 0.6, 0) if speed > 0 else (0, -speed * 0.4, -speed)
        out[40 + index * 2 : 42 + index * 2, 16:30] = np.clip(bar, 0, 1)
    ticks(out, draw)
    canvas = Canvas([out])
    style = lettered(draw, 8, 18, level=draw.choice((_YELLOW, _GREEN, _CYAN, _WHITE)))
    texts = words.some(draw, who, draw.integer(5, 8))
    canvas.block(texts[:3], draw.choice(("tl", "tc")), style, margin=34 if draw.integer(0, 1) else 6)
    canvas.block(texts[3:5], "br", lettered(draw.sub("br"), 8, 16, level=_WHITE), margin=26)
    over = lettered(draw.sub("over"), 10, 18, level=draw.choice((_WHITE, _GREEN, _YELLOW)))
    for text, category in texts[5:]:
        canvas.scatter(draw, text, over, category=category, zone=(0.25, 0.3, 0.8, 0.8))
    for text, category in words.harmless(draw, "US", 5):
        canvas.scatter(
            draw, text, lettered(draw.sub(text), 8, 12, level=_CYAN), category=category, zone=(0, 0.3, 0.25, 0.95)
        )
    return Picture(canvas, colour_storage(draw), "US", _region(*shape))


def screen(draw: Draw, who: Who) -> Picture:
    """Return a capture of a workstation: windows with lists of patients, a viewport."""
    shape = draw.choice(((768, 1024), (900, 1200), (1024, 1280)))
    out, places = scenes.desktop(draw.sub("desktop"), shape)
    canvas = Canvas([out])
    for index, (x0, y0, _, _) in enumerate(places):
        bright = float(out[y0 + 60, x0 + 20].mean()) > 0.5  # noqa: PLR2004 - half way
        level = (0.08, 0.08, 0.1) if bright else (0.88, 0.88, 0.86)
        style = lettered(draw.sub("window", str(index)), 8, 14, level=level)
        canvas.write(
            words.name(draw, who), (x0 + 6, y0 + 5), lettered(draw.sub("title", str(index)), 9, 12, level=_WHITE)
        )
        rows = [*words.some(draw.sub(str(index)), who, 6), *words.harmless(draw, draw.choice(("CT", "MR")), 3)]
        for line, (text, category) in enumerate(rows):
            canvas.write(text, (x0 + 12, y0 + 36 + int(line * (style.height * 1.7 + 4))), style, category=category)
    return Picture(canvas, colour_storage(draw), "OT", {"ConversionType": "WSD"})


def dose(draw: Draw, who: Who) -> Picture:
    """Return a screen with the doses of a study: text on black, in columns."""
    shape = draw.choice(((512, 512), (512, 512), (768, 1024)))
    canvas = Canvas([np.zeros(shape, np.float32)])
    style = lettered(draw, 8, 12, level=draw.choice((1.0, 0.75)))
    step, y = int(style.height * 1.8), 10
    for text, category in words.some(draw, who, 6):
        canvas.write(text, (12, y), style, category=category)
        y += step
    y += step
    for series in range(5):
        scan, spent = draw.choice(("Topogram", "Thorax", "Abdomen")), f"{draw.digits(2)}.{draw.digits(1)} mGy"
        row = f"{series + 1}  {scan}  120 kV  {draw.digits(2)} mAs  {spent}"
        canvas.write(row, (12, y), style, category="harmless")
        y += step
    storage = draw.choice((Storage(), Storage(stored=12, low=0, high=4095), Storage("RGB", planar=1),
                           Storage(stored=16, signed=True, low=-1024, high=3071)))  # fmt: skip
    return Picture(canvas, storage, "OT" if storage.samples == 3 else "CT", {"ConversionType": "WSD"})  # noqa: PLR2004 - colours


def radiograph(draw: Draw, who: Who) -> Picture:
    """Return a chest film of 3000 × 2500 with small text in its corners and a side marker."""
    shape = draw.choice(((3000, 2500), (2500, 3000), (2048, 2500), (1760, 2140)))
    canvas = Canvas([tissue.chest(draw.sub("chest"), shape)])
    style = lettered(draw, 12, 40, level=1.25)
    texts = words.some(draw, who, draw.integer(4, 8))
    canvas.block(texts[:3], draw.choice(("tl", "tr")), style, margin=30)
    canvas.block(
        texts[3:],
        draw.choice(("bl", "br")),
        lettered(draw.sub("low"), 9, 24, level=draw.choice((1.25, 0.95))),
        margin=30,
    )
    marker = lettered(draw.sub("marker"), 40, 40, level=1.25)
    canvas.scatter(draw, draw.choice(("L", "R")), marker, category="harmless", zone=(0.05, 0.3, 0.25, 0.5))
    canvas.scatter(
        draw, "AP", lettered(draw.sub("ap"), 24, 40, level=1.25), category="harmless", zone=(0.75, 0.3, 0.97, 0.5)
    )
    bits = draw.choice((10, 12, 12, 14))
    top = (1 << bits) - 1
    low, high = top * 0.05, top * 0.8
    inverse = draw.integer(0, 1) == 1
    storage = Storage(
        "MONOCHROME1" if inverse else "MONOCHROME2", bits, low=high if inverse else low, high=low if inverse else high
    )
    return Picture(canvas, storage, draw.choice(("CR", "DX")))


def radiograph_extreme(draw: Draw, who: Who) -> Picture:
    """Text at the end of the stored range, far beyond the anatomy, and text within the anatomy's range beside it."""
    shape = draw.choice(((2048, 1760), (1500, 1800), (2500, 2048)))
    canvas = Canvas([tissue.chest(draw.sub("chest"), shape)])
    texts = words.some(draw, who, draw.integer(4, 6))
    sign = draw.choice((-1, 1))
    canvas.block(texts[:2], draw.choice(("tl", "tr")), lettered(draw, 14, 36, level=sign * 90.0), margin=24)
    canvas.block(
        texts[2:],
        draw.choice(("bl", "br")),
        lettered(draw.sub("low"), 14, 36, level=draw.choice((1.0, 0.9))),
        margin=24,
    )
    canvas.scatter(draw, "PORTABLE", lettered(draw.sub("port"), 20, 36, level=sign * 90.0), category="harmless")
    inverse = draw.integer(0, 1) == 1
    low, high = draw.choice(((900, 2900), (200, 3600), (12000, 15000)))
    storage = Storage(
        "MONOCHROME1" if inverse else "MONOCHROME2", 16, low=high if inverse else low, high=low if inverse else high
    )
    return Picture(canvas, storage, "CR")


def computed(draw: Draw, who: Who) -> Picture:
    """Return a signed CT slice with text in its corners; padding far below air in some."""
    hu = tissue.trunk(draw.sub("trunk"), (512, 512))
    padding = draw.choice((-1024, -1024, -2000, -32768))
    y, x = np.mgrid[0:512, 0:512]
    beyond = np.hypot(y - 256, x - 256) > 254  # noqa: PLR2004 - the reconstructed circle
    level = draw.choice((3071.0, 1000.0, 300.0, 32767.0))
    canvas = Canvas([((hu + 1024) / 4095).astype(np.float32)], faint=0.03)
    canvas.frames[0][beyond] = (padding + 1024) / 4095
    style = lettered(draw, 8, 14, level=(level + 1024) / 4095)
    texts = words.some(draw, who, draw.integer(4, 8))
    canvas.block(texts[:3], "tl", style, margin=4)
    canvas.block(texts[3:6], "tr", style, margin=4)
    canvas.scatter(
        draw, words.name(draw, who), lettered(draw.sub("over"), 9, 16, level=style.level), zone=(0.1, 0.2, 0.9, 0.8)
    )
    canvas.block([*texts[6:], *words.harmless(draw, "CT", 3)], draw.choice(("bl", "br")), style, margin=4)
    return Picture(canvas, Storage(stored=16, signed=True, low=-1024, high=3071), "CT")


def magnetic(draw: Draw, who: Who) -> Picture:
    """Return an MR slice, small, of 12 or 16 bits, some signed, with text in its corners."""
    size = draw.choice((256, 320, 384, 512))
    canvas = Canvas([tissue.head(draw.sub("head"), (size, size))])
    style = lettered(draw, 7, 10, level=draw.choice((1.0, 1.6, 0.45)))
    texts = words.some(draw, who, draw.integer(3, 6))
    canvas.block(texts[:2], "tl", style, margin=3)
    canvas.block(texts[2:4], "bl", style, margin=3)
    canvas.block([*texts[4:], *words.harmless(draw, "MR", 2)], draw.choice(("tr", "br")), style, margin=3)
    storage = draw.choice(
        (Storage(stored=12, high=1400), Storage(stored=16, high=900), Storage(stored=16, signed=True, high=2200))
    )
    return Picture(canvas, storage, "MR")


def mammogram(draw: Draw, who: Who) -> Picture:
    """Return a mammogram with its view and the patient's data in the black air, some within the breast."""
    shape = draw.choice(((1914, 1475), (2294, 1914)))
    canvas = Canvas([tissue.breast(draw.sub("breast"), shape)])
    style = lettered(draw, 14, 34, level=1.0)
    canvas.block(words.some(draw, who, draw.integer(3, 6)), draw.choice(("tr", "br")), style, margin=20)
    canvas.block(words.harmless(draw, "MG", 2), "br", lettered(draw.sub("view"), 24, 40), margin=60)
    canvas.scatter(
        draw, words.number(draw, who), lettered(draw.sub("in"), 16, 30, level=1.0), zone=(0.1, 0.3, 0.6, 0.7)
    )
    inverse = draw.integer(0, 1) == 1
    storage = (
        Storage("MONOCHROME1", 12, low=4095, high=0) if inverse else Storage(stored=draw.choice((12, 14)), high=4095)
    )
    return Picture(canvas, storage, "MG")


def endoscopy(draw: Draw, who: Who) -> Picture:
    """Mucosa in colours, the patient's data beside it or over it, with a time stamp."""
    shape = draw.choice(((576, 720), (768, 1024), (1080, 1350)))
    canvas = Canvas([scenes.scope(draw.sub("scope"), shape, at=0.62)])
    level = draw.choice((_WHITE, _YELLOW, (0.75, 0.75, 0.75)))
    canvas.block(
        [*words.some(draw, who, draw.integer(4, 6)), *words.harmless(draw, "XC", 3)],
        "tl",
        lettered(draw, 9, 18, level=level),
        margin=8,
    )
    canvas.block(
        [(words.taken(draw, who), "phi")],
        draw.choice(("br", "bl")),
        lettered(draw.sub("stamp"), 12, 24, level=_WHITE),
        margin=12,
    )
    return Picture(canvas, colour_storage(draw), "ES")


def document(draw: Draw, who: Who) -> Picture:
    """Return a scanned letter: dark text on white, a head, rules."""
    shape = draw.choice(((1400, 1000), (1650, 1275)))
    canvas = Canvas([scenes.paper(draw.sub("paper"), shape)])
    style = lettered(draw, 11, 18, level=draw.choice((0.08, 0.2, 0.35)))
    canvas.write(who.visit.institution, (shape[1] // 10, 60), lettered(draw.sub("head"), 22, 36, level=0.1))
    canvas.write(who.visit.street, (shape[1] // 10, 120), style)
    y = int(shape[0] * 0.17)
    for text, category in [*words.some(draw, who, 8), *words.harmless(draw, "CT", 4)]:
        canvas.write(text, (shape[1] // 10, y), style, category=category)
        y += int(style.height * 2)
    canvas.write(f"Dr. {who.visit.reader.given} {who.visit.reader.family}", (shape[1] // 2, int(shape[0] * 0.9)),
                 lettered(draw.sub("signed"), 14, 24, level=0.25))  # fmt: skip
    storage = draw.choice((Storage(), Storage("MONOCHROME1", low=255, high=0), colour_storage(draw)))
    return Picture(canvas, storage, "OT", {"ConversionType": "SD"})


def photo(draw: Draw, who: Who) -> Picture:
    """Return a clinical photograph with a paper label, and a date that the camera stamped."""
    shape = draw.choice(((768, 1024), (960, 1280)))
    canvas = Canvas([scenes.photograph(draw.sub("photograph"), shape)])
    label = lettered(draw, 12, 24, level=(0.1, 0.1, 0.15), plate=(0.93, 0.93, 0.9))
    x, y = draw.integer(20, shape[1] // 3), draw.integer(20, shape[0] // 8)
    for text, category in words.some(draw, who, 3):
        canvas.write(text, (x, y), label, category=category)
        y += label.height * 2 + 6
    stamp = lettered(draw.sub("stamp"), 14, 26, level=draw.choice(((1.0, 0.55, 0.1), (1.0, 0.85, 0.2))))
    canvas.block([(words.taken(draw, who), "phi")], "br", stamp, margin=24)
    return Picture(canvas, colour_storage(draw), "XC")


DEVICES = {
    "ultrasound": ultrasound_grey, "doppler": doppler, "screen": screen, "dose screen": dose, "radiograph": radiograph,
    "radiograph, extreme values": radiograph_extreme, "CT": computed, "MR": magnetic, "mammogram": mammogram,
    "endoscopy": endoscopy, "document": document, "photograph": photo,
}  # fmt: skip
