"""Write dicomlab/standard_data/ from tables of the standard.

    python tools/generate_standard.py FACTS [--out dicomlab/standard_data]

FACTS is a folder with `ps315_e1_1_confidentiality.csv` and `ps315_e3_10_1_safe_private.csv`. IOD tables come
from the installed highdicom, names of SOP Classes and private VRs from the installed pydicom, small facts of our
own from `tools/facts/`. The same inputs give the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydicom._dicom_dict import DicomDictionary
from pydicom._private_dict import private_dictionaries
from pydicom._uid_dict import UID_dictionary

sys.path.insert(0, str(Path(__file__).parent))
from risk_rules import BY_VR, PRIVATE_RULE, classify

EDITION = "2025c"
GENERATOR = "tools/generate_standard.py"
OWN_FACTS = Path(__file__).parent / "facts"
# A directory of files has an IOD, but it is no instance that could be de-identified.
NO_INSTANCE = {"basic-directory"}


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a header line."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_json(path: Path, head: Mapping[str, str], body: Mapping[str, Any]) -> None:
    """Write one file: the head, then each entry of each table on a line of its own, so that changes can be read."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in {**head, "generator": GENERATOR}.items()]
    for key, table in body.items():
        if isinstance(table, Mapping):
            inner = [f"{json.dumps(k)}: {compact(v)}" for k, v in table.items()]
            lines.append(f"{json.dumps(key)}: {{\n" + ",\n".join(inner) + "\n}")
        else:
            lines.append(f"{json.dumps(key)}: [\n" + ",\n".join(compact(v) for v in table) + "\n]")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def compact(value: object) -> str:
    """Return JSON without blanks, non-ASCII as it is."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def vr_of(tag: str) -> str:
    """Return the VR of an eight-digit tag by pydicom's dictionary, the first where there are several, or nothing."""
    entry = DicomDictionary.get(int(tag, 16))
    return entry[0].split(" or ")[0] if entry else ""


def confidentiality(facts: Path) -> list[dict[str, Any]]:
    """Return the rows of Table E.1-1: tag or pattern, keyword, VR, Basic Profile code, codes by option."""
    names = {row["tag"]: row for row in read_csv(OWN_FACTS / "keywords.csv")}
    columns = {row["column"]: row["name"] for row in read_csv(OWN_FACTS / "options.csv") if row["column"]}
    rows = []
    for row in read_csv(facts / "ps315_e1_1_confidentiality.csv"):
        tag = row["tag"]
        own = names.get(tag)
        known = DicomDictionary.get(int(tag, 16)) if own is None else None
        keyword = own["keyword"] if own else (known[4] if known else row["keyword"])
        rows.append(
            {
                "tag": tag,
                "keyword": keyword,
                "vr": own["vr"] if own else vr_of(tag),
                "basic": row["basic_profile"],
                "options": {columns[c]: row[c] for c in sorted(columns) if row[c]},
            }
        )
    return rows


def safe_private(facts: Path) -> list[list[str]]:
    """Return Table E.3.10-1: creator, group, low byte of the element, VR, VM, meaning."""
    rows = []
    for row in read_csv(facts / "ps315_e3_10_1_safe_private.csv"):
        creator, group, low = row["private_creator"].strip(), row["group"].upper(), row["element"][2:].upper()
        entry = private_dictionaries.get(creator, {}).get(f"{group}xx{low}", ("", "", "", ""))
        meaning = row["meaning"]
        if meaning.startswith('"') and meaning.endswith('"'):  # a cell with quotation marks was quoted twice
            meaning = meaning[1:-1].replace('""', '"')
        rows.append([creator, group, low, row["vr"] or entry[0], row["vm"] or entry[1], meaning])
    return sorted(rows)


def sop_classes(iods: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return every SOP Class: its name, its IOD when it has one, and whose IOD stands in when it is retired."""
    successors = {row["retired"]: row for row in read_csv(OWN_FACTS / "successors.csv")}
    names = {uid: entry[0] for uid, entry in UID_dictionary.items()}
    names |= {row["uid"]: row["name"] for row in read_csv(OWN_FACTS / "sop_class_names.csv")}
    classes: dict[str, dict[str, str]] = {}
    for uid in sorted({u for u, e in UID_dictionary.items() if "SOP Class" in e[1]} | set(iods), key=uid_key):
        entry = {"name": names[uid]}
        if iods.get(uid, "") not in {"", *NO_INSTANCE}:
            entry["iod"] = iods[uid]
        elif uid in successors:
            entry |= {"iod": iods[successors[uid]["successor"]], "successor": successors[uid]["successor"]}
            entry["source"] = successors[uid]["source"]
        classes[uid] = entry
    return classes


def uid_key(uid: str) -> tuple[int, ...]:
    """Order UIDs by their numbers."""
    return tuple(int(part) for part in uid.split("."))


Node = dict[str, Any]


def modules_as_nodes(
    modules: Mapping[str, list[dict[str, Any]]], wanted: Iterable[str]
) -> tuple[dict[str, int], list[Node]]:
    """Fold module tables into nodes.

    A node maps keywords to a Type, or for a sequence with known items to [Type, number of the node of its items].
    Equal nodes are stored once: macros that a thousand places include (coded entries, references) cost one entry.
    """
    nodes: list[Node] = []
    numbers: dict[str, int] = {}

    def store(tree: Mapping[str, Any]) -> int:
        node = {k: [t, store(items)] if items else t for k, (t, items) in sorted(tree.items())}
        key = compact(node)
        if key not in numbers:
            numbers[key] = len(nodes)
            nodes.append(node)
        return numbers[key]

    roots = {}
    for name in sorted(wanted):
        tree: dict[str, Any] = {}
        for attribute in modules.get(name, []):
            place = tree
            for keyword in attribute["path"]:
                place = place[keyword][1]
            place[attribute["keyword"]] = (attribute["type"], {})
        loosen_macros(tree)
        complete_content_tree(tree)
        roots[name] = store(tree)
    return roots, nodes


def loosen_macros(tree: dict[str, Any]) -> None:
    """Make the functional groups themselves conditional: 1 to 1C, 2 to 2C, in place; their items stay as they are.

    Whether a macro is used at all, and whether in the shared or the per-frame sequence, differs by instance
    (PS3.3 C.7.6.16); highdicom's tables list every macro in both sequences with the Type it has in its own table.
    """
    for sequence in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        if sequence in tree:
            items = tree[sequence][1]
            for keyword, (type_, inner) in items.items():
                items[keyword] = (type_ + "C" if type_ in {"1", "2"} else type_, inner)


def complete_content_tree(tree: dict[str, Any]) -> None:
    """Bring the module of a content tree in line with how it nests (PS3.3 Tables C.17-5 and C.17-6), in place.

    The Document Relationship Macro includes itself, but highdicom's tables stop before the second level: the items
    get what it says of every level. And which of the value macros an item has depends on its Value Type, an item by
    reference has none: what they require becomes conditional, 1 to 1C and 2 to 2C.
    """
    if "ContentSequence" not in tree or "ObservationDateTime" not in tree:
        return
    items = tree["ContentSequence"][1]
    for keyword in ("ObservationDateTime", "ObservationUID"):
        items.setdefault(keyword, tree[keyword])
    for level, always in ((tree, {"ValueType"}), (items, {"RelationshipType"})):
        for keyword, (type_, inner) in level.items():
            if type_ in {"1", "2"} and keyword not in always:
                level[keyword] = (type_ + "C", inner)


def iod_tables() -> tuple[dict[str, str], dict[str, Any]]:
    """Return SOP Class -> IOD, and the IODs as lists of (module, usage) with the modules' nodes."""
    folder = resources.files("highdicom") / "_standard"

    def load(name: str) -> Any:  # noqa: ANN401 - three files, three shapes
        return json.loads((folder / name).read_text(encoding="utf-8"))

    of_class: dict[str, str] = load("sop_class_iod_map.json")
    iods = {
        name: [[m["key"], m["usage"]] for m in modules]
        for name, modules in sorted(load("iod_module_map.json").items())
        if name in set(of_class.values()) - NO_INSTANCE
    }
    attributes = load("module_attribute_map.json")
    wanted = {key for modules in iods.values() for key, _ in modules if key in attributes}
    iods = {name: [m for m in modules if m[0] in wanted] for name, modules in iods.items()}
    roots, nodes = modules_as_nodes(attributes, wanted)
    return of_class, {"iods": iods, "modules": roots, "nodes": nodes}


def risks(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the risk of each row of Table E.1-1, and of other attributes whose VR alone does not tell it."""
    listed = {row["tag"]: row for row in rows}
    reasons: list[list[str | None]] = []

    def number(reason: tuple[str, str | None, str]) -> int:
        entry: list[str | None] = [reason[0], reason[1], reason[2]]
        if entry not in reasons:
            reasons.append(entry)
        return reasons.index(entry)

    tags = {}
    for tag, row in listed.items():
        if tag == "PRIVATEATTRIBUTES":
            continue
        tags[tag] = number(classify(row["keyword"], row["vr"], listed=True))
    for key, entry in sorted(DicomDictionary.items()):
        tag, vr, keyword = f"{key:08X}", entry[0].split(" or ")[0], entry[4]
        if tag in listed or not keyword:
            continue
        verdict = classify(keyword, vr, listed=False)
        if verdict != BY_VR.get(vr, BY_VR[""]):
            tags[tag] = number(verdict)
    by_vr = {vr: number(entry) for vr, entry in BY_VR.items()}
    private = number((PRIVATE_RULE.klass, PRIVATE_RULE.letter, PRIVATE_RULE.why))
    return {"reasons": reasons, "by_vr": by_vr, "private": {"reason": private}, "tags": dict(sorted(tags.items()))}


def main() -> None:
    """Read the arguments, write every file, print their sizes."""
    parser = argparse.ArgumentParser(description="Write dicomlab/standard_data/ from tables of the standard.")
    parser.add_argument("facts", type=Path, help="folder with the two PS3.15 tables as CSV")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "dicomlab" / "standard_data")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)

    rows = confidentiality(arguments.facts)
    of_class, iods = iod_tables()
    highdicom, pydicom = f"highdicom {version('highdicom')}", f"pydicom {version('pydicom')}"
    options = [[r["name"], r["code"], r["meaning"], r["column"] or None] for r in read_csv(OWN_FACTS / "options.csv")]
    schemes = {row["uid"]: row["name"] for row in read_csv(OWN_FACTS / "coding_schemes.csv")}
    letters = {row["letter"]: row["description"] for row in read_csv(OWN_FACTS / "safe_harbor.csv")}

    write_json(
        out / "confidentiality.json",
        {"part": "PS3.15", "table": "E.1-1", "edition": EDITION, "names": f"PS3.6, {pydicom}"},
        {"rows": rows},
    )
    write_json(
        out / "safe_private.json",
        {"part": "PS3.15", "table": "E.3.10-1", "edition": EDITION, "vr_vm_where_empty": pydicom},
        {"rows": safe_private(arguments.facts)},
    )
    write_json(out / "options.json", {"part": "PS3.16", "table": "CID 7050", "edition": EDITION}, {"options": options})
    write_json(
        out / "sop_classes.json",
        {"part": "PS3.4", "table": "B.5-1, I.5-1", "edition": EDITION, "source": f"{pydicom}, {highdicom}"},
        {"sop_classes": sop_classes(of_class), "coding_schemes": schemes},
    )
    write_json(out / "iods.json", {"part": "PS3.3", "table": "Annexes A and C", "edition": f"of {highdicom}"}, iods)
    write_json(out / "risks.json", {"part": "our own", "table": "tools/risk_rules.py", "edition": EDITION}, risks(rows))
    write_json(
        out / "safe_harbor.json",
        {"part": "45 CFR", "table": "164.514(b)(2)(i)", "edition": "in our own words"},
        {"letters": letters},
    )
    for path in sorted(out.glob("*.json")):
        print(f"{path.stat().st_size:>9,} {path.name}")


if __name__ == "__main__":
    main()
