"""A run's report for its student: one HTML page and one Markdown file per language."""

from sharklab.report.render import compose, write

__all__ = ["compose", "write"]
