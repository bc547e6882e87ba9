"""The limit of inotify instances: left alone, raised, or too low."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import MachineryError
from sharklab.hosts.providers import inotify
from sharklab.message import Message
from tests.support.errors import error_of


class Refusing(type(Path())):  # type: ignore[misc]
    """A file that may be read only."""

    def write_text(self, *_: object, **__: object) -> int:
        """Refuse."""
        raise PermissionError


def limit(folder: Path, value: int, kind: type[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set the limit of this computer, of which 100 are in use."""
    file = kind(folder / "limit")
    Path(file).write_text(f"{value}\n")
    monkeypatch.setattr(inotify, "INSTANCES", file)
    monkeypatch.setattr(inotify, "_in_use", lambda: 100)
    return Path(file)


@pytest.mark.parametrize(("value", "after", "told"), [(1024, 1024, 0), (4096, 4096, 0), (128, 1024, 1)])
def test_limit_is_raised_if_it_is_low(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: int, after: int, told: int
) -> None:
    """A change of this computer is told; an ample limit stays."""
    file, said = limit(tmp_path, value, Path, monkeypatch), list[Message]()
    inotify.ensure_inotify(3, said.append)
    assert (after, told) == (int(file.read_text()), len(said))


def test_limit_that_cannot_be_raised_may_be_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four hosts of seven instances fit into 28; five do not, and the error counts."""
    limit(tmp_path, 128, Refusing, monkeypatch)
    said: list[Message] = []
    inotify.ensure_inotify(4, said.append)
    error = error_of(MachineryError, inotify.ensure_inotify, 5, said.append)
    assert [] == said
    assert (128, 28, 5, 7) == tuple(error.values[name] for name in ("limit", "free", "hosts", "each"))
