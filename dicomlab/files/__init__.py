"""The edge to the disk: which files a source holds, reading one, writing one whole or not at all."""

from dicomlab.files.reading import DEFER, HEADERS, SOURCE_VARIABLE, entry, folder_of, listed, packaged, read, scan
from dicomlab.files.writing import Encoded, cannot_write, encoded, temporary, write_atomic
