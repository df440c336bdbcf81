"""Faces in volumes and photographs: told from metadata alone, so that header-only runs never decode pixels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODALITIES = frozenset({"CT", "MR", "PT"})
# 45 CFR 164.514(b)(2)(i)(Q): full-face photographs. PS3.3 A.32.4: VL Photographic, still and video.
_PHOTOGRAPHS = frozenset({"XC"})
_PHOTOGRAPH_CLASSES = frozenset({"1.2.840.10008.5.1.4.1.1.77.1.4", "1.2.840.10008.5.1.4.1.1.77.1.4.1"})
# Body parts (PS3.16 CID 4031 and free spellings) that include the face, and whole bodies.
_HEAD = re.compile(
    "HEAD|NECK|BRAIN|SKULL|FACE|FACIAL|ORBIT|EYE|SINUS|JAW|MANDIB|MAXILL|ZYGOMA|NASAL|NOSE|EAR$|EARS|TEMPOR|CRANI|IAC|"
    "PITUIT|TMJ|DENT|CAROTID|CEREB|SELLA|TONGUE|PAROTID|LARYNX|PHARYNX|THYROID|CSPINE|C-?SPINE|CERVICAL|TSPINE|WHOLE|"
    "BODY$|SCHAEDEL|SCHÄDEL|KOPF|HIRN|HALS|CEREBR|CRANE|TETE|TÊTE|CABEZA|TESTA|NEURO|STROKE|UNKNOWN|OTHER|PHANTOM"
)

_WORDS = re.compile(r"\b(HEAD|BRAIN|SKULL|FACE|SINUS|ORBIT|NECK|KOPF|SCHÄDEL|WHOLE ?BODY|CRANE|CEREBR\w*)\b")


def face_risk(attributes: Mapping[str, str]) -> str | None:
    """Return why an image may show a face, None when metadata gives no reason.

    Parameters
    ----------
    attributes
        Root attributes by keyword: Modality, BodyPartExamined, ImageType, RecognizableVisualFeatures,
        StudyDescription, SeriesDescription, ProtocolName.

    References
    ----------
    PS3.15 E.3.2; PS3.16 CID 4031.
    """
    photograph = attributes.get("Modality") in _PHOTOGRAPHS or attributes.get("SOPClassUID") in _PHOTOGRAPH_CLASSES
    volume = attributes.get("Modality") in _MODALITIES
    part = attributes.get("BodyPartExamined", "").upper().strip()
    words = " ".join(attributes.get(k, "") for k in ("StudyDescription", "SeriesDescription", "ProtocolName")).upper()
    series = "a CT, MR or PET series"
    reasons = (
        (attributes.get("RecognizableVisualFeatures", "").upper() == "YES", "RecognizableVisualFeatures says YES"),
        (photograph, "a photograph of the body, which may show the face"),
        (volume and not part, f"{series} that does not state its body part"),
        (volume and _HEAD.search(part), f"{series} of the head, the neck or the whole body"),
        (volume and _WORDS.search(words), f"{series} whose description names the head, the neck or the whole body"),
    )
    return next((why for found, why in reasons if found), None)
