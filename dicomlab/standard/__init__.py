"""The law: what the standard says of an attribute, as data and as the few rules that read it.

Table E.1-1 with its option columns (`confidentiality`), safe private attributes (`safe_private`), the options of
CID 7050 (`OPTIONS`), Types by IOD (`iod`), and how a compound action code is settled by a Type (`settle`).
Beside it what an attribute can give away (`risk`, `safe_harbor`). The tables lie in `standard_data/`, written by
`tools/generate_standard.py`; nothing here decides policy.
"""

from dicomlab.standard.attributes import (
    EDITION,
    OPTIONS,
    PROFILE_CODE,
    Option,
    Row,
    SafePrivate,
    confidentiality,
    rows,
    safe_private,
)
from dicomlab.standard.iods import Iod, iod, settle
from dicomlab.standard.risks import SAFE_HARBOR, Risk, RiskClass, risk, safe_harbor
from dicomlab.standard.sop_classes import is_private_sop_class, is_well_known_uid, sop_class_name
