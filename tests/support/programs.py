"""Programs that stand in for others."""

from __future__ import annotations

from pathlib import Path


def script(folder: Path, name: str, *lines: str) -> None:
    """Write a program that the PATH finds first."""
    (folder / name).write_text("\n".join(("#!/bin/sh", *lines, "")))
    (folder / name).chmod(0o755)
