"""Values of an ssh_config(5): names of files, and words of a command, whatever signs they hold."""

from __future__ import annotations

import shlex
from pathlib import Path


def file(path: str | Path) -> str:
    """Return the name of a file as one value: in quotes, and without a percent sign that means a token."""
    return quote_value(str(path).replace("%", "%%"))


def quote_value(text: str) -> str:
    """Return a text as one value."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def word(text: str | Path) -> str:
    """Return one word of a command that ssh gives to a shell, such as that of ProxyCommand."""
    return shlex.quote(str(text)).replace("%", "%%")
