"""The table of docs/providers.md with the attempts of root of a container, from the program of their test."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from docs.generate.markdown import fill
from sharklab.paths import ROOT

PROGRAM = ROOT / "tests" / "support" / "escape_program.py"


def attempts() -> list[str]:
    """Return the sentences of all attempts, in the order of the program."""
    functions = [node for node in ast.parse(PROGRAM.read_text()).body if isinstance(node, ast.FunctionDef)]
    chosen = [
        each for each in functions if any(ast.unparse(mark) == "attempt" for mark in each.decorator_list)
    ]
    return [(ast.get_docstring(each) or "").removesuffix(".") for each in chosen]


def rows() -> Iterator[str]:
    """Yield the lines of the table."""
    yield from ("| root of a container tries to | |", "| --- | --- |")
    yield from (f"| {sentence} | refused |" for sentence in attempts())


def page(text: str) -> str:
    """Return the page with its table written anew."""
    return fill(text, "escapes", rows())
