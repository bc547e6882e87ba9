"""Draw the floors of the house in docs/architecture.md from the contract in pyproject.toml.

    python docs/floors.py

A test keeps the page equal to the contract.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- floors: begin -->\n", "<!-- floors: end -->"


def floors() -> list[list[str]]:
    """Return the modules and packages of each floor, from the top, as import-linter keeps them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return [re.split(r" [:|] ", layer) for layer in layers]


def picture() -> Iterator[str]:
    """Yield the lines of a Mermaid flowchart: a box for each package, with arrows to the floor below."""
    *upper, root = [floor for floor in floors() if floor != ["__main__"]]
    yield from ("```mermaid", "flowchart TB")
    yield f'    root["root: {", ".join(root)}"]'
    for above, below in pairwise([*upper, ["root"]]):
        yield f"    {' & '.join(above)} --> {' & '.join(below)}"
    yield "```"


def page(text: str) -> str:
    """Return the page with its picture drawn anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join([*picture(), ""]) + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
