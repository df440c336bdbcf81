"""Stored samples of an instance, and editing them: nothing outside what is edited changes.

`Layout` says what the samples are, `Frames` reads them frame by frame; `blank`, `crop` and `replace_samples` return an
`Edited` with the new Pixel Data and the attributes that follow from it.
"""

from dicomlab.pixels.crop import crop, crop_box
from dicomlab.pixels.edit import blank, replace_samples
from dicomlab.pixels.frames import Frames
from dicomlab.pixels.layout import Deferred, Edited, Layout
from dicomlab.pixels.palette import Palette
