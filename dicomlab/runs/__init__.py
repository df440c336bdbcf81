"""Runs: a recipe over a folder, unattended; and the same verbs for a notebook's cell.

`run` writes a verified release, `verify` judges one again; `inspect`, `find`, `plan` and
`deidentify` take what a catalog holds. A recipe may be given by name, path or as itself, a key by
path or as itself.
"""

from dicomlab.runs.conduct import run
from dicomlab.runs.defacing import deface
from dicomlab.runs.look import compare, deidentify, find, identities, inspect, plan, report
from dicomlab.runs.redaction import find_text, redact
from dicomlab.runs.verification import verify
