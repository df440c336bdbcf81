"""Faces in volumes: told from metadata, found, removed, and found to be gone."""

from dicomlab.deface.checking import Scores, check
from dicomlab.deface.masking import Confidence, FaceMask, Placement, face_mask, is_head, register
from dicomlab.deface.removing import air_value, deface
from dicomlab.deface.rendering import VIEWS, rendering, strip
from dicomlab.deface.teaching import region_growing, threshold_mask
from dicomlab.deface.triage import face_risk
