"""`python -m sharklab`: the command that the launcher starts."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path


def find_tools() -> None:
    """Put this environment's commands first on PATH, and the system's own last.

    Ansible must be that of sharklab's environment. The PATH of a Debian user lacks the folders of `ip` and
    `sysctl`.
    """
    tools = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]
    os.environ["PATH"] = os.pathsep.join(tools)


def print_anything() -> None:
    """Replace characters that the terminal cannot show by question marks, so that no message fails."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def main() -> int:
    """Run the command line and return its exit code."""
    find_tools()
    print_anything()
    from sharklab.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
