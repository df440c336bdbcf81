"""Policy: YAML to Recipe and back; profile, options and rules composed to one decision per attribute.

`load` a recipe by name or path; ask it to `decide`; `explain` it to a steward, `diff` two, `save` one.
"""

from dicomlab.recipe.codes import Codes
from dicomlab.recipe.explaining import Difference, diff, explain
from dicomlab.recipe.law import Decision
from dicomlab.recipe.loading import load, packaged, save
from dicomlab.recipe.model import Ages, AtRisk, Dates, Identifiers, Private, Rule, Select, Table, Uids
from dicomlab.recipe.whole import NOT_YET, Recipe

__all__ = [
    "NOT_YET",
    "Ages",
    "AtRisk",
    "Codes",
    "Dates",
    "Decision",
    "Difference",
    "Identifiers",
    "Private",
    "Recipe",
    "Rule",
    "Select",
    "Table",
    "Uids",
    "diff",
    "explain",
    "load",
    "packaged",
    "save",
]
