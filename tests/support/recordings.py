"""Recordings as the process of the pages gets them: descriptors of files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Opened = Callable[[bytes], int]


@contextmanager
def recordings(folder: Path) -> Iterator[Opened]:
    """Lend a function that writes a recording into `folder` and gives its descriptor."""
    handles: list[int] = []

    def write(content: bytes) -> int:
        file = folder / f"recording{len(handles)}"
        file.write_bytes(content)
        handles.append(os.open(file, os.O_RDONLY))
        return handles[-1]

    yield write
    for handle in handles:
        os.close(handle)
