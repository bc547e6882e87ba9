"""The sign of a command for the pages of a class."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.lab import class_news
from tests.support.errors import error_of


def test_each_sign_is_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the lab alone; without one there is the number 0."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    assert 0 == class_news.last("tp4")
    class_news.tell("tp4")
    first = class_news.last("tp4")
    class_news.tell("tp4")
    assert 0 < first < class_news.last("tp4") and 0 == class_news.last("tcpdump")
    error_of(InputError, class_news.tell, "../x")
