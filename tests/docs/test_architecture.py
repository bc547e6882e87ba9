"""The page on the architecture tells the house as it is: its floors, its words and its places."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from sharklab import paths

TEXT = (paths.ROOT / "docs" / "architecture.md").read_text()
ROW = re.compile(
    r"^\| (?P<word>[^|]+) \| `(?P<name>\w+)` \| `(?P<file>[\w/]+)\.py` \| (?P<meaning>[^|]+) \|$", re.M
)
GLOSSARY = [row.groupdict() for row in ROW.finditer(TEXT)]


@pytest.mark.parametrize("entry", GLOSSARY, ids=[entry["word"] for entry in GLOSSARY])
def test_glossary_names_a_class_in_its_file(entry: dict[str, str]) -> None:
    """A reader finds the class of each word where the glossary says."""
    module = f"sharklab.{entry['file'].replace('/', '.')}"
    assert module == getattr(import_module(module), entry["name"]).__module__


def test_glossary_has_each_word_once() -> None:
    """One word for one thing, and one class for each word."""
    for key in ("word", "name"):
        values = [entry[key] for entry in GLOSSARY]
        assert len(values) == len(set(values)) > 30


def test_modules_that_the_page_names_exist() -> None:
    """Each module in backticks is below src/sharklab, or at the root of the repository."""
    named = set(re.findall(r"`([\w/]+\.(?:py|nft|yml|toml|json))`", TEXT))
    files = {path.as_posix() for path in paths.ROOT.rglob("*.*") if ".git" not in path.parts}
    results = {"plan.json", "manifest.json", "inventory.yml", "lab.yml"}
    assert not [name for name in named - results if not any(file.endswith("/" + name) for file in files)]


@pytest.mark.parametrize("call", sorted(set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)\(", TEXT))))
def test_functions_that_the_page_names_exist(call: str) -> None:
    """Each function of the tables is where its name says, below its floor or below the grading."""
    module, _, function = call.rpartition(".")
    for base in ("sharklab", "sharklab.grading", "sharklab.evidence"):
        try:
            found = import_module(f"{base}.{module}")
        except ModuleNotFoundError:
            continue
        assert callable(getattr(found, function)), call
        return
    pytest.fail(f"no module {module}")
