"""The table of docs/providers.md with the attempts of root of a container, from the program of their test."""

from __future__ import annotations

from collections.abc import Iterator

from docs.generate.markdown import fill
from tests.support import escapes


def rows() -> Iterator[str]:
    """Yield the lines of the table."""
    yield from ("| root of a container tries to | |", "| --- | --- |")
    sentences = [(function.__doc__ or "").removesuffix(".") for function in escapes.ATTEMPTS.values()]
    yield from (f"| {sentence} | refused |" for sentence in sentences)


def page(text: str) -> str:
    """Return the page with its table written anew."""
    return fill(text, "escapes", rows())
