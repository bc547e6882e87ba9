# SPDX-License-Identifier: MIT
"""Change settings of this host's network for a while, and put them back whatever happens.

A file keeps their old values before the first one changes. The processes that end the probes put them back.
If all of these are killed, the next change of settings does it first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROC = Path("/proc/sys")
NOTE = Path("/run/sharklab-sysctls.json")
NAME = re.compile(r"-?net(\.[A-Za-z0-9_-]+)+")
"""Settings of the network alone: others are the machine's, of which this host may be one of many.

As in sysctl.d(5), those that begin with - may be missing: an older kernel has none to change.
"""


def file(name: str) -> Path:
    """Return where the kernel has the setting `name` (sysctl(8))."""
    return PROC / name.replace(".", "/")


def problems(settings: dict[str, Any]) -> Iterator[str]:
    """Yield why settings cannot be changed."""
    for name in settings:
        if not NAME.fullmatch(name):
            yield f"sysctl {name}: only settings of the network (net.) may change"
        elif not name.startswith("-") and not file(name).is_file():
            yield f"sysctl {name}: this kernel has no such setting"


def change(settings: dict[str, Any]) -> None:
    """Change settings until `restore`. Raises OSError when the kernel or the disk refuses."""
    restore()
    there = {name.lstrip("-"): value for name, value in settings.items() if file(name.lstrip("-")).is_file()}
    if there:
        before = {name: file(name).read_text().strip() for name in there}
        NOTE.write_text(json.dumps(before))
        for name, value in there.items():
            file(name).write_text(f"{value}\n")


def restore() -> None:
    """Put back what `change` changed; nothing is done where nothing was changed."""
    if NOTE.exists():
        for name, value in json.loads(NOTE.read_text()).items():
            file(name).write_text(f"{value}\n")
        NOTE.unlink()
