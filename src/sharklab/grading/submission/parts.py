"""Name the files of one capture: a student may hand in several, the handshake in one, the rest in another.

The first has the id of the capture (`ssh`), each other one a number behind it (`ssh.2`): no id has a dot.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

MOST = 8
"""Files of one capture that are taken."""
_PART = re.compile(r"[^.]+\.\d+")


def is_part(name: str) -> bool:
    """Tell whether a name is that of a file after the first of a capture."""
    return _PART.fullmatch(name) is not None


def names(id: str, captures: Collection[str]) -> list[str]:
    """Return the names that the files of the capture `id` have among `captures`, the first one first."""
    return [name for name in (id, *(f"{id}.{number}" for number in range(2, MOST + 1))) if name in captures]


def number_files(id: str, files: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """Yield the files after the first of the capture `id`, each with its name, up to `MOST`."""
    return ((f"{id}.{number}", file) for number, file in zip(range(2, MOST + 1), files, strict=False))
