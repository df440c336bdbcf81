"""A font of single strokes, as plotters and old scanners write: polylines on a grid of 5 × 7 points.

A glyph is a list of polylines; each point is two digits, x (0 left to 4 right) and y (0 top to 6 base line).
"""

from __future__ import annotations

_TABLE = """
A 062046 1434|B 00063645443303 3342413000|C 4130100105163645|D 00062645412000|E 40000646 0333|F 400006 0333
G 41301001051636454323|H 0006 4046 0343|I 1030 2026 1636|J 4045361605|K 0006 4003 1346|L 000646|M 0600234046
N 06004640|O 1001051636454130 10|P 060030414232 03 033342|Q 100105163645413010 2446|R 06003041423303 2346
S 413010010213334445361605|T 0040 2026|U 00051636454 40 4540|V 002640|W 0016233640|X 0046 4006|Y 002340 2326
Z 00400646|0 100105163645413010|1 112026 1636|2 01103041420646|3 01103041423344453616 05 1333
4 300444 3036
5 400002324345361605|6 4130100105163645443303
7 004016|8 103041423313020110 13040516364544 33|9 423313020110304145361605
. 2526|, 253 2516|: 2122 2425|- 1333|/ 4006|+ 1333 2224
% 0001 4006 4546|^ 122032|( 302125 2536|) 102125 2516|* 1135 3115 2026
"""


def glyphs() -> dict[str, list[list[tuple[int, int]]]]:
    """Return the polylines of each character: points (x, y) with x in 0..4 and y in 0..6, y downwards."""
    found = {}
    for entry in _TABLE.replace("\n", "|").split("|"):
        if entry:
            lines = [line for line in entry[2:].split() if len(line) > 1]
            found[entry[0]] = [[(int(line[i]), int(line[i + 1])) for i in range(0, len(line) - 1, 2)] for line in lines]
    return found
