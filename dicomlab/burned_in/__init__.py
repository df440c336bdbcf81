"""Text burned in to pixels: told from metadata, found, and found to be gone.

`text_risk` asks the attributes alone; `find_text` looks at the pixels, `regions_to_blank` says what goes, and
`residual_text` looks again, by other means, at what is left.
"""

from dicomlab.burned_in.blanking import regions_to_blank
from dicomlab.burned_in.find import TextBox, find_text, residual_text
from dicomlab.burned_in.triage import text_risk
