"""Run a command line in this process: its exit code, its error, or what it tells a script."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sharklab.cli import main
from sharklab.errors import SharklabError
from tests.support.errors import Error, error_of


def run(*words: str) -> int:
    """Run a command as it is typed, in English, and return its exit code. Raises its error."""
    return main.run(main.parse(words, "en"))


def refusal(kind: type[Error], *words: str) -> Error:
    """Return the error of the `kind` that a command raises."""
    return error_of(kind, run, *words)


def tell(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Run a command and return what it tells a script, with its exit code as `code`."""
    capsys.readouterr()
    try:
        code = run(*words, "--output", "json")
    except SharklabError as error:
        pytest.fail(str(error))
    return {**json.loads(capsys.readouterr().out), "code": code}
