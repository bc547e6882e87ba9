"""One word for one thing: types have one home, collections a noun, functions a verb."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "sharklab"
COLLECTIONS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
IRREGULAR_PARTICIPLES = """
begun bound bought broken brought built caught chosen done drawn driven fallen forgotten found frozen
given gone grown held hidden hung kept known laid led left lost made meant met paid said seen sent shaken
shown sold spent stood stuck taken taught thrown told torn understood woken won worn written
"""
DECLARATIONS = {"check", "question"}
"""Decorators of functions that have the name of a word of lab.yml."""
STATES = {"property", "cached_property", "setter"}
"""Decorators of functions that are read as attributes, so a name may describe a state."""
MAKERS = {"dict", "filter", "frozenset", "list", "map", "set", "sorted", "tuple"}


def trees(*folders: Path) -> Iterator[tuple[str, ast.Module]]:
    """Yield each file below the folders, with its syntax tree."""
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), parse(file)


@cache
def parse(file: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"))


def types_of(tree: ast.Module) -> Iterator[str]:
    """Yield the public classes of a module, and its aliases of types."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name[0].isupper() and not name.isupper():
                yield name


def is_collection(value: ast.expr | None) -> bool:
    """Tell whether an expression makes a list, a dictionary, a set or an iterator."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id in MAKERS
    return isinstance(value, COLLECTIONS)


def functions_of(tree: ast.Module) -> Iterator[tuple[str, set[str], int]]:
    """Yield the name of each function, the names of its decorators, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("__"):
            decorators = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
            yield node.name, {ast.unparse(each).split(".")[-1] for each in decorators}, node.lineno


def is_participle(name: str) -> bool:
    """Tell whether the first word of a name is a participle: `found_hosts`, `_graded`, `serving`."""
    word = name.strip("_").split("_")[0]
    return (
        word in IRREGULAR_PARTICIPLES.split() or re.fullmatch(r"\w*[aeiouy]\w*[^e](ed|ing)", word) is not None
    )


def test_each_type_has_one_home() -> None:
    """A reader who meets the name of a class knows which one it is."""
    homes = defaultdict(list)
    for file, tree in trees(SOURCE):
        for name in types_of(tree):
            if not name.startswith("_"):
                homes[name].append(file)
    assert len(homes) > 300
    assert not {name: files for name, files in homes.items() if len(files) > 1}


def test_no_collection_is_called_found() -> None:
    """The name of a list says what it holds: `problems`, `files`, `hosts`."""
    places = []
    for file, tree in trees(SOURCE, ROOT / "plugins", ROOT / "roles"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign | ast.AnnAssign) and is_collection(node.value):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                places += [
                    f"{file}:{node.lineno}"
                    for target in targets
                    if isinstance(target, ast.Name) and target.id == "found"
                ]
    assert not places, "\n".join(places)


def test_no_function_is_called_by_a_participle() -> None:
    """The name of a function says what it does: a verb and a noun; a property may describe a state."""
    places, count = [], 0
    for file, tree in trees(SOURCE, ROOT / "plugins", ROOT / "docs"):
        for name, decorators, line in functions_of(tree):
            count += 1
            if not decorators & (DECLARATIONS | STATES) and is_participle(name):
                places.append(f"{file}:{line}: {name}")
    assert count > 3000
    assert not places, "\n".join(places)


def test_participles_are_known_by_their_form() -> None:
    """Verbs that end as a participle does (`read`, `bring`, `string`) are none."""
    names = [
        "_merged_cells",
        "serving",
        "kept",
        "read",
        "need_root",
        "bring",
        "feed",
        "string",
        "speed",
        "find_host",
    ]
    assert ["_merged_cells", "serving", "kept"] == list(filter(is_participle, names))
