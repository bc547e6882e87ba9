"""Attempts are sent to hosts, and their results come back by name; a host that fails has none."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from sharklab import untrusted
from sharklab.evidence import effects
from tests.support import programs
from tests.support.checks_sample import Sample

ATTEMPTS = (("resolves", "localhost"), ("writes", "root", "/no such folder"), ("resolves", "localhost"))
FOUND = {
    "resolves localhost": "found",
    "writes root '/no such folder'": "refused",
}


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (f"exec {sys.executable} -I -", FOUND),
        ("exit 255", None),
        ("cat >/dev/null; echo no JSON", None),
        ("""cat >/dev/null; echo '[{"verdict": 7}]'""", None),
        ("""cat >/dev/null; echo '[{"verdict": "done"}]'""", None),
    ],
    ids=["a host", "no connection", "no program", "no effects", "too few effects"],
)
def test_try_all_returns_the_effects_of_each_host(
    script: str, found: dict[str, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt is tried once. Where nothing is wanted, no host is asked."""
    programs.script(tmp_path, "ssh", script)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    plan, _ = Sample().run()
    tried = effects.try_all(plan, {"server": ATTEMPTS, "client": ()})
    told = {host: {key: effect["verdict"] for key, effect in each.items()} for host, each in tried.items()}
    assert told == ({"server": found} if found else {})


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"verdict": "x" * 2000},
        {"verdict": "rejected", "icmp": [3]},
        {"verdict": "rejected", "icmp": [3, 1000]},
        {"verdict": "found", "addresses": ["10.0.0.1"] * 400},
    ],
)
def test_an_effect_has_limits(wrong: dict[str, Any]) -> None:
    """Students hand in what their hosts have tried."""
    with pytest.raises(ValueError):
        untrusted.shape_content({"key": wrong}, effects.Effects)
