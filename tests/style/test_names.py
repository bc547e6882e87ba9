"""One word for one thing: a name has one home, and a collection has the noun of its elements."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "sharklab"
COLLECTIONS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
MAKERS = {"dict", "filter", "frozenset", "list", "map", "set", "sorted", "tuple"}


def trees(*folders: Path) -> Iterator[tuple[str, ast.Module]]:
    """Yield each file below the folders, with its syntax tree."""
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


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
