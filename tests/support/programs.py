"""Programs that stand in for others."""

from __future__ import annotations

from pathlib import Path

from sharklab import system_packages

TOOL = system_packages.Package("shark-tool", "hosts", "shark-apt", "shark-dnf")
"""A tool that no system has, in the table of system packages."""


def script(folder: Path, name: str, *lines: str) -> None:
    """Write a program that the PATH finds first."""
    (folder / name).write_text("\n".join(("#!/bin/sh", *lines, "")))
    (folder / name).chmod(0o755)
