"""Synthetic heads and what is no head, with the truth beside them: to test how faces are removed."""

from dicomlab.forge.heads.forging import FIELDS_OF_VIEW, TEMPLATE_LABELS, forge_head, template
from dicomlab.forge.heads.negatives import NEGATIVES, forge_negative
from dicomlab.forge.heads.scanning import PLANES, Quality
from dicomlab.forge.heads.scoring import Scores, score
from dicomlab.forge.heads.studies import corpus, write_study
from dicomlab.forge.heads.truth import Landmarks, SyntheticHead, Truth
from dicomlab.forge.heads.writing import Stored, write_dicom
