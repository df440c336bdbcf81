"""Documents that stand where an encapsulated one was removed: of the same kind, and nobody's.

References
----------
PS3.15 Table E.1-1 (D for Encapsulated Document), PS3.3 C.24.2 (MIME types).
"""

from __future__ import annotations

from struct import pack

_SAID = "The document was removed by de-identification."
_CDA = f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><title>{_SAID}</title></ClinicalDocument>
"""
# Binary (PS3.3 C.36.1): a header of 80 bytes, and one triangle, for readers refuse a surface without any.
_STL = pack("<80sL12fH", _SAID.encode("ascii"), 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0)
_OBJ = f"# {_SAID}\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
_MTL = f"# {_SAID}\nnewmtl removed\nKd 0.5 0.5 0.5\n"
_TEXTS = {
    "text/xml": _CDA, "application/xml": _CDA, "application/hl7-sda+xml": _CDA,
    "model/obj": _OBJ, "model/mtl": _MTL,
}  # fmt: skip


def dummy(mime: str) -> bytes:
    """Return a document of a MIME type that says that the original was removed; not padded.

    PDF, CDA, STL, OBJ and MTL get a document that their readers accept; any other type a line of text.
    """
    plain = mime.split(";", maxsplit=1)[0].strip().lower()
    if plain == "application/pdf":
        return _pdf()
    if plain in ("model/stl", "model/x.stl-binary", "application/sla"):
        return _STL
    return _TEXTS.get(plain, f"{_SAID}\n").encode("ascii")


def _pdf() -> bytes:
    """Return a PDF of one page; its table of offsets is right."""
    drawn = f"BT /F1 14 Tf 72 760 Td ({_SAID}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    out, starts = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % s for s in starts)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + head + table + tail
