"""A recipe's YAML as plain data, with the line of every key and value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

LARGEST = 1_000_000  # bytes; a recipe is read by people
Place = tuple[str | int, ...]

# Fields that are text whatever they look like: 00100020 is a tag, not an octal number.
_TEXT = frozenset({"title", "edition", "attribute", "action", "reason", "value", "find", "replace", "prefix", "root"})
_LIST_OF_TEXT = frozenset({"options", "modalities", "sop_classes", "creators"})


@dataclass(frozen=True)
class Source:
    """Plain data and where each part of it stands: `lines` by place, such as ("rules", 0, "action")."""

    data: Mapping[str, Any]
    lines: Mapping[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """Return the line (1-based) of the innermost part of `place` that the text has."""
        while place not in self.lines and place:
            place = place[:-1]
        return self.lines.get(place, 1)


class YamlError(ValueError):
    """The text is no recipe's YAML; `line` says where."""

    def __init__(self, line: int, message: str) -> None:
        """Keep the line (1-based) beside the sentence."""
        super().__init__(message)
        self.line = line


def parse(text: str) -> Source:
    """Return the data of one YAML document: mappings, lists and scalars only.

    Raises
    ------
    YamlError
        Not YAML, not a mapping, a key twice, an alias or a tag.
    """
    if len(text) > LARGEST:
        raise YamlError(1, "larger than a megabyte; a recipe is read by people: write masks instead of long lists")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise YamlError(line, f"not YAML: {error.problem or error.context}; mend the punctuation here") from None
    except yaml.YAMLError:
        raise YamlError(1, "not YAML: a character that YAML forbids; save the file as plain UTF-8 text") from None
    if not isinstance(root, MappingNode):
        raise YamlError(1, 'a recipe is a list of "key: value" lines; start with "dicomlab: 1"')
    reader = _Reader()
    data = reader.read(root, ())
    return Source(data, reader.lines)


class _Reader:
    """Walks the nodes once; a node met twice is an alias."""

    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}
        self._met: set[int] = set()
        self._scalars = yaml.SafeLoader("")

    def read(self, node: Node, place: Place) -> Any:  # noqa: ANN401  YAML holds anything; pydantic types it
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if id(node) in self._met:
            raise YamlError(line, "an alias (*name) is not allowed in a recipe; write the value out")
        self._met.add(id(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, place)
        if isinstance(node, SequenceNode):
            return [self.read(child, (*place, index)) for index, child in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self._scalar(node, place)
        raise YamlError(line, "neither text, list nor mapping; write plain YAML")

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode) or key_node.tag.endswith(":merge"):
                raise YamlError(line, "a key is one word; anything with a comma or a brace needs quotes")
            key = key_node.value
            if key in found:
                first = self.lines[(*place, key)]
                raise YamlError(line, f'key "{key}" is here for the second time, first in line {first}; keep one')
            self.lines[(*place, key)] = line
            found[key] = self.read(value_node, (*place, key))
        return found

    def _scalar(self, node: ScalarNode, place: Place) -> Any:  # noqa: ANN401  as above
        kind = node.tag.rpartition(":")[2]
        named = [part for part in place if isinstance(part, str)]
        as_text = bool(named) and (named[-1] in _TEXT or (named[-1] in _LIST_OF_TEXT and place[-1] != named[-1]))
        if kind == "null":
            return None
        if kind in {"str", "timestamp"} or (as_text and kind in {"int", "float", "bool"}):
            return node.value
        if kind in {"int", "float", "bool"}:
            return self._scalars.construct_object(node)
        message = f"{node.tag} is not allowed in a recipe; write plain text, numbers, true or false"
        raise YamlError(node.start_mark.line + 1, message)
