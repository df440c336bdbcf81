"""Kinds of pictures whose text is hard to find: by its place in time, its direction, its contrast or its storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomlab.forge.burned_in import lettering, scenes, tissue, words
from dicomlab.forge.burned_in.canvas import Canvas, Style
from dicomlab.forge.burned_in.grain import coloured
from dicomlab.forge.burned_in.lookalikes import ticks
from dicomlab.forge.burned_in.picture import Picture, colour_storage, grey_or_colour, lettered
from dicomlab.forge.burned_in.storing import Storage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dicomlab.forge.burned_in.words import Who
    from dicomlab.forge.draw import Draw

_COLOURS = ((0.95, 0.95, 0.35), (0.3, 0.95, 0.4), (0.4, 0.9, 0.95), (0.95, 0.4, 0.35), (1.0, 0.6, 0.9))


def _loop(draw: Draw) -> tuple[list[NDArray[np.float32]], str]:
    """Return the frames of a cine without text, and its modality."""
    count, modality = draw.integer(4, 12), draw.choice(("US", "US", "XA", "ES"))
    shape = {"US": (480, 640), "XA": (512, 512), "ES": (480, 640)}[modality]
    beats = [0.6 * n for n in range(count)]
    if modality == "US":
        return [tissue.fan(draw.sub("loop"), shape, beat=b)[0] for b in beats], modality
    if modality == "XA":
        return [tissue.vessels(draw.sub("loop"), shape, beat=b) for b in beats], modality
    return [scenes.scope(draw.sub("loop"), shape, beat=b) for b in beats], modality


def _loop_storage(draw: Draw, modality: str) -> Storage:
    if modality == "XA":
        return draw.choice((Storage(), Storage(stored=10, high=900)))
    return grey_or_colour(draw) if modality == "US" else colour_storage(draw)


def cine_all(draw: Draw, who: Who) -> Picture:
    """Return a cine whose text stands on all frames."""
    frames, modality = _loop(draw)
    canvas = Canvas(frames)
    style = lettered(draw, 8, 16, level=1.0)
    texts = words.some(draw, who, draw.integer(3, 6))
    canvas.block(texts[:3], draw.choice(("tl", "tr")), style, margin=6)
    canvas.block([*texts[3:], *words.harmless(draw, modality, 2)], draw.choice(("bl", "br")), style, margin=6)
    return Picture(canvas, _loop_storage(draw, modality), modality)


def cine_one(draw: Draw, who: Who) -> Picture:
    """Return a cine with text on a single frame, and perhaps other text on another."""
    frames, modality = _loop(draw)
    canvas = Canvas(frames)
    for number in draw.sample(range(len(frames)), draw.integer(1, 2)):
        for text, category in words.some(draw.sub(str(number)), who, 3):
            style = lettered(draw.sub(text), 9, 20, level=1.0)
            canvas.scatter(draw, text, style, category=category, frames=[number])
    return Picture(canvas, _loop_storage(draw, modality), modality)


def cine_moving(draw: Draw, who: Who) -> Picture:
    """Return a cine with text that moves from frame to frame, and a running clock."""
    frames, modality = _loop(draw)
    canvas = Canvas(frames)
    text, style = words.name(draw, who), lettered(draw, 10, 20, level=1.0)
    wide = style.piece(text).shape[1]
    x, y = draw.integer(4, max(5, canvas.columns - wide - 4 - 9 * len(frames))), draw.integer(40, canvas.rows // 2)
    step = (draw.integer(2, 9), draw.integer(-3, 12))
    for number in range(len(frames)):
        canvas.write(text, (x + number * step[0], y + number * step[1]), style, frames=[number])
    clock = lettered(draw.sub("clock"), 9, 14, level=1.0)
    for number in range(len(frames)):
        second = (int(who.time[4:]) + number) % 60
        canvas.write(f"{who.clock[:5]}:{second:02d}", (8, canvas.rows - 30), clock, frames=[number])
    canvas.block([(words.number(draw, who), "phi")], "tr", clock, margin=6)
    return Picture(canvas, _loop_storage(draw, modality), modality)


def hidden_index(draw: Draw, who: Who) -> Picture:
    """Return a palette image whose text stands in the index plane and has the colours of what is around it."""
    return _palette(draw, who, Storage("PALETTE COLOR", palette="hidden"))


def twin_colours(draw: Draw, who: Who) -> Picture:
    """Return a palette image whose text stands out in its colours and hardly in the index plane."""
    return _palette(draw, who, Storage("PALETTE COLOR", palette="twins"))


def _palette(draw: Draw, who: Who, storage: Storage) -> Picture:
    shape = draw.choice(((480, 640), (600, 800)))
    plain = tissue.fan(draw.sub("fan"), shape)[0]
    canvas = Canvas([plain.copy()])
    texts = words.some(draw, who, draw.integer(3, 5))
    canvas.block(texts[:2], draw.choice(("tl", "tr")), lettered(draw, 10, 18, level=1.0), margin=8)
    for text, category in texts[2:]:
        canvas.scatter(draw, text, lettered(draw.sub(text), 10, 20, level=1.0), category=category)
    canvas.frames[0] = plain
    return Picture(canvas, storage, "US")


def palette(draw: Draw, who: Who) -> Picture:
    """Return an ultrasound image in a palette: a ramp of one colour, or entries in no order."""
    shape = (600, 800)
    out = tissue.fan(draw.sub("fan"), shape)[0]
    ticks(out, draw)
    way = draw.choice(("tinted", "scrambled"))
    canvas = Canvas([out if way == "tinted" else coloured(out, (1, 1, 1))])
    texts = words.some(draw, who, draw.integer(4, 6))
    canvas.block(texts[:3], "tl", lettered(draw, 8, 16, level=1.0 if way == "tinted" else _COLOURS[0]), margin=8)
    canvas.block(
        [*texts[3:], *words.harmless(draw, "US", 2)], "br", lettered(draw.sub("br"), 8, 16, level=0.9), margin=24
    )
    bits = draw.choice((8, 8, 12)) if way == "tinted" else 8
    return Picture(canvas, Storage("PALETTE COLOR", bits, palette=way), "US")  # type: ignore[arg-type]


def faint(draw: Draw, who: Who) -> Picture:
    """Text hardly brighter or darker than the tissue below it."""
    way = draw.choice(("chest", "head", "breast"))
    shape = (900, 800) if way != "head" else (512, 512)
    out = {"chest": tissue.chest, "head": tissue.head, "breast": tissue.breast}[way](draw.sub(way), shape)
    canvas = Canvas([out], faint=0.04)
    for text, category in words.some(draw, who, draw.integer(3, 5)):
        for _ in range(12):
            style = lettered(draw.sub(text), 14, 30)
            rows, columns = style.piece(text).shape
            if columns > shape[1] - 40:
                break
            x, y = draw.integer(10, shape[1] - columns - 10), draw.integer(10, shape[0] - rows - 10)
            below = out[y : y + rows, x : x + columns]
            apart = max(0.06, 1.7 * float(below.std())) * draw.uniform(1.0, 1.6)
            if float(below.std()) < 0.08:  # noqa: PLR2004 - even enough that a person still reads it
                level = float(below.mean()) + (apart if below.mean() < 0.6 else -apart)  # noqa: PLR2004 - towards the free side
                if canvas.write(text, (x, y), Style(style.face, style.height, level=level), category=category):
                    break
    bits = draw.choice((8, 12))
    inverse = draw.integer(0, 1) == 1
    top = (1 << bits) - 1
    storage = Storage("MONOCHROME1", bits, low=top, high=0) if inverse else Storage(stored=bits, high=top)
    return Picture(canvas, storage, "CR" if way == "chest" else "OT", {"ConversionType": "DF"})


def translucent(draw: Draw, who: Who) -> Picture:
    """Text through which tissue shines."""
    out = draw.choice((tissue.fan(draw.sub("fan"), (600, 800))[0], tissue.vessels(draw.sub("xa"), (512, 512)),
                       scenes.scope(draw.sub("scope"), (576, 720))))  # fmt: skip
    canvas, flat = Canvas([out]), out.ndim == 2  # noqa: PLR2004 - rows and columns alone
    for text, category in words.some(draw, who, draw.integer(4, 6)):
        style = lettered(draw.sub(text), 12, 28, level=draw.choice((1.0, 1.0, 0.0)), opacity=draw.uniform(0.35, 0.7))
        canvas.scatter(draw, text, style, category=category, zone=(0.1, 0.1, 0.95, 0.9))
    return Picture(canvas, grey_or_colour(draw) if flat else colour_storage(draw), "OT", {"ConversionType": "DV"})


def turned(draw: Draw, who: Who) -> Picture:
    """Text that runs upwards or downwards, or whose letters stand below one another."""
    way = draw.choice(("chest", "fan", "breast"))
    shape = {"chest": (1500, 1250), "fan": (600, 800), "breast": (1400, 1100)}[way]
    out = {"chest": tissue.chest, "fan": lambda d, s: tissue.fan(d, s)[0], "breast": tissue.breast}[way](
        draw.sub(way), shape
    )
    canvas = Canvas([out])
    high = 16 if way == "fan" else 28
    for index, (text, category) in enumerate(words.some(draw, who, draw.integer(4, 6))):
        stacked = index == 2  # noqa: PLR2004 - one of them
        style = lettered(
            draw.sub(text), 10, high, level=1.0, turn=0 if stacked else draw.choice((90, 270)), stacked=stacked
        )
        side = (0.0, 0.0, 0.18, 1.0) if index % 2 else (0.82, 0.0, 1.0, 1.0)
        canvas.scatter(draw, text, style, category=category, zone=side)
    storage = grey_or_colour(draw) if way == "fan" else Storage("MONOCHROME2", 12, high=3900)
    return Picture(canvas, storage, "US" if way == "fan" else "CR")


def ornate(draw: Draw, who: Who) -> Picture:
    """Coloured and outlined text over speckle and mucosa."""
    shape = (600, 800)
    speckle = draw.integer(0, 1) == 1
    out = (
        coloured(tissue.fan(draw.sub("fan"), shape)[0], (1, 1, 1))
        if speckle
        else scenes.scope(draw.sub("scope"), shape)
    )
    canvas = Canvas([out])
    for text, category in words.some(draw, who, draw.integer(4, 7)):
        style = lettered(
            draw.sub(text), 10, 24, level=draw.choice(_COLOURS), outline=draw.choice((None, 0.0, 0.0, (0.1, 0.1, 0.5)))
        )
        canvas.scatter(draw, text, style, category=category, zone=(0.15, 0.1, 0.95, 0.95))
    return Picture(canvas, colour_storage(draw), "US" if speckle else "ES")


def film(draw: Draw, who: Who) -> Picture:
    """Return a digitised film with a label exposed into it, dark on a bright plate, and letters written by hand."""
    shape = (1800, 1480)
    canvas = Canvas([tissue.chest(draw.sub("chest"), shape)])
    plate = lettered(draw, 14, 24, level=0.15, plate=0.92)
    x, y = draw.integer(60, 700), 40
    for text, category in words.some(draw, who, 4):
        canvas.write(text, (x, y), plate, category=category)
        y += plate.height + 14
    hand = Style(next(f for f in lettering.FACES if f.name == "strokes thick"), 30, level=0.97)
    canvas.scatter(draw, words.name(draw, who), hand, zone=(0, 0.85, 1, 1))
    canvas.scatter(draw, "L", lettered(draw.sub("marker"), 40, 40), category="harmless", zone=(0.05, 0.2, 0.3, 0.5))
    inverse = draw.integer(0, 1) == 1
    storage = Storage("MONOCHROME1", 12, low=4000, high=60) if inverse else Storage(stored=12, low=60, high=4000)
    return Picture(canvas, storage, "OT", {"ConversionType": "DF"})


def own_script(draw: Draw, who: Who) -> Picture:
    """Return a name in Chinese, Japanese or Korean characters among Latin ones."""
    shape = (600, 800)
    out = tissue.fan(draw.sub("fan"), shape)[0] if draw.integer(0, 1) else tissue.head(draw.sub("head"), (600, 600))
    canvas = Canvas([out])
    style = Style(lettering.CJK, draw.integer(12, 26), level=draw.choice((1.0, 0.85)))
    texts = [(words.own_script(draw, who), "phi"), (words.number(draw, who), "phi"), (words.taken(draw, who), "phi")]
    canvas.block(texts, draw.choice(("tl", "tr", "bl", "br")), style, margin=10)
    over = Style(lettering.CJK, draw.integer(16, 30), level=1.0)
    canvas.scatter(draw, "".join(who.patient.name.native), over, zone=(0.1, 0.3, 0.9, 0.8))
    return Picture(canvas, grey_or_colour(draw), "US" if out.shape[1] == 800 else "OT", {"ConversionType": "DV"})  # noqa: PLR2004 - the fan's width


TRICKS = {
    "cine, all frames": cine_all, "cine, one frame": cine_one, "cine, moving": cine_moving, "palette": palette,
    "palette, index only": hidden_index, "palette, colours only": twin_colours, "faint": faint,
    "translucent": translucent,
    "turned": turned, "ornate": ornate, "film": film, "own script": own_script,
}  # fmt: skip
