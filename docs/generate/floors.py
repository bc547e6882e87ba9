"""The picture of the floors in docs/architecture.md, from the contract in pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise

from docs.generate.markdown import fill
from sharklab.paths import ROOT


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
    return fill(text, "floors", picture())
