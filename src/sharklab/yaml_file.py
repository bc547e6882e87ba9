"""YAML 1.2 as authors write it, with the line of every part; read by libyaml, which is quick."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sharklab.errors import InputError
from sharklab.message import N_, Message

NO_KEY = N_("a key must be a word, not a list or a mapping")

YamlError = yaml.YAMLError
"""The error that `read` raises; a `yaml.MarkedYAMLError` has a line."""


class _Loader(yaml.CSafeLoader):
    """Plain values are of YAML 1.2's core schema: `no` and `12:30` are text, and a key is there once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping. Raises ConstructorError for a key that is there twice, or that is no text."""
        seen: set[str] = set()
        for key, _value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _error(NO_KEY, key)
            if key.value in seen and key.value != "<<":
                raise _error(N_("this key appears twice"), key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _error(problem: str, key: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, key.start_mark)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: _int(node.value))


def _int(text: str) -> int:
    """Return the number; unlike in YAML 1.1, 0644 is decimal."""
    return int(text, 16) if text.startswith("0x") else int(text)


@dataclass(frozen=True)
class Document:
    """The content of a file: its `data`, and the nodes that know the line of each part."""

    data: Any
    _root: yaml.Node | None

    def line(self, path: Iterable[str | int]) -> int:
        """Return the line (from 1) of the deepest part of `path` that the file has."""
        line, node = 1, self._root
        for part in path:
            child = _child(node, part)
            if child is None:
                break
            line, node = child
        return line


def read(text: str) -> Document:
    """Return the document in `text`. Raises YamlError."""
    loader: Any = _Loader(text)
    try:
        node = loader.get_single_node()
        _refuse_loops(node)
        return Document(loader.construct_document(node) if node else None, node)
    finally:
        loader.dispose()


def read_file(file: Path) -> Document:
    """Return the document in `file`. Raises InputError with the line for one that is not YAML or not text."""
    try:
        return read(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(error.strerror or str(error), place=str(file)) from error
    except UnicodeDecodeError as error:
        raise InputError(N_("the file is not UTF-8 text"), place=str(file)) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        said, hint = _explain(error, file.read_text(encoding="utf-8"))
        raise InputError(
            N_("the file is not valid YAML: {fault}"), place=place, hint=hint, fault=said
        ) from error
    except YamlError as error:
        fault = str(error).splitlines()[0]
        raise InputError(N_("the file is not valid YAML: {fault}"), place=str(file), fault=fault) from error


def _explain(error: yaml.MarkedYAMLError, text: str) -> tuple[Message, str]:
    """Return the fault and its remedy (a msgid). libyaml does not say which character it means."""
    fault = (error.problem or "not YAML").split("\n")[0]
    line = (
        text.splitlines()[error.problem_mark.line : error.problem_mark.line + 1] if error.problem_mark else []
    )
    rest = line[0][error.problem_mark.column :] if line and error.problem_mark else ""
    if "cannot start any token" in fault and rest.startswith("\t"):
        return Message(N_("a tab cannot indent a line")), N_("write spaces")
    if "cannot start any token" in fault and rest:
        sentence = Message(N_("a text cannot begin with {character}"), {"character": rest[0]})
        return sentence, N_("put the text between quotes")
    if fault == NO_KEY and line and "{{" in line[0]:
        return Message(fault), N_("put the text with double braces between quotes")
    return Message(fault), N_("check indentation, colons and quotes")


def _refuse_loops(root: yaml.Node | None) -> None:
    """Raise MarkedYAMLError for a part that contains itself, by an anchor and its alias."""
    done: set[int] = set()
    above: set[int] = set()
    todo = [(root, False)]
    while todo:
        node, left = todo.pop()
        if node is None or id(node) in done:
            continue
        if left:
            above.discard(id(node))
            done.add(id(node))
            continue
        if id(node) in above:
            raise _error(N_("this part contains itself, by its anchor (&) and an alias (*)"), node)
        above.add(id(node))
        todo += [(node, True), *((child, False) for child in _children(node))]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    """Return the line and the node of a mapping's key or a sequence's item."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line + 1, item
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    return None
