"""A run's report for its student: one HTML page and one Markdown file per language."""

from sharklab.report.render import compose, render, write

__all__ = ["compose", "render", "write"]
