"""The header as a carrier of identity: attributes at any depth, private blocks, stream metadata.

`wire` parses and encodes elements as they stand in a file; `HeaderCleaner` plans and makes the
new header of an instance; `Gatherer` collects what identifies the patient.
"""

from dicomlab.header.clean import HeaderCleaner, Subject
from dicomlab.header.gather import Gatherer
from dicomlab.header.site import Context
