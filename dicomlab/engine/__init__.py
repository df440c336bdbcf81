"""The order in which the carriers act on one instance: find, plan, de-identify. No rules live here.

An `Instance` is what a file holds, parsed but not interpreted. `Deidentifier` serves one patient;
`find`, `plan` and `deidentify` are the same for a single pydicom Dataset.
"""

from dicomlab.engine.cleaning import Cleaned, Deidentifier, Plan, scoped, subject_of
from dicomlab.engine.datasets import deidentify, find, found_in, gather, instance_of, plan
from dicomlab.engine.instances import REQUIRED, Instance, at_risk, check, fragments_missing
from dicomlab.engine.pictures import Face, defaced, derived, face_frames, is_picture, redacted, text_in, told_of
