"""The examples of docs/explain.md print what the page shows."""

from __future__ import annotations

import re
import shlex

import pytest

from sharklab import paths
from sharklab.cli import main

EXAMPLE = re.compile(r"^```console\n\$ \./sharklab (explain [^\n]*)\n(.*?)^```$", re.M | re.DOTALL)
EXAMPLES = dict(EXAMPLE.findall((paths.ROOT / "docs" / "explain.md").read_text()))


@pytest.mark.parametrize("command", EXAMPLES)
def test_example_prints_what_the_page_shows(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal of 100 columns, in English."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(paths.ROOT)
    assert 0 == main.main([*shlex.split(command), "--lang", "en"])
    assert EXAMPLES[command] == capsys.readouterr().out


def test_page_has_examples() -> None:
    """The blocks are found."""
    assert len(EXAMPLES) == 2
