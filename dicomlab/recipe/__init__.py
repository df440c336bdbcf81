"""Policy: YAML to Recipe and back; profile, options and rules composed to one decision per attribute.

`load` a recipe by name or path; ask it to `decide`; `explain` it to a steward, `diff` two, `save` one.
"""

from dicomlab.recipe.blocks import BurnedIn, Deface, DefaceSettings, FaceDecision, TextDecision, fingerprint, scanner_of
from dicomlab.recipe.codes import Codes
from dicomlab.recipe.explaining import Difference, diff, explain
from dicomlab.recipe.law import Decision
from dicomlab.recipe.loading import load, packaged, save
from dicomlab.recipe.model import Ages, AtRisk, Dates, Identifiers, Private, Rule, Select, Table, Uids
from dicomlab.recipe.whole import Recipe
