"""The configuration of hosts at two moments; the answers of the hosts are made up."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts import configuration
from sharklab.hosts.configuration import Configuration
from sharklab.hosts.providers.remote import Machine
from sharklab.lab.model import Plan
from tests.support import provider_seat


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """Return the configuration that each host tells; a host without one does not answer."""
    told: dict[str, dict[str, str]] = {host: {"/etc/fstab": "a\n"} for host in provider_seat.HOSTS}

    def ask(machine: Machine, do: str) -> dict[str, object]:
        if machine.name not in told:
            raise MachineryError("no answer")
        return {do: {}, "texts": told[machine.name], "unchanged": ["/etc/of-package"]}

    monkeypatch.setattr(Machine, "ask", ask)
    return told


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return the plan of a seat with a folder."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    plan = provider_seat.plan("ada", 1)
    state.folder(plan.seat.folder)
    return plan


def test_changes_are_those_since_the_beginning(plan: Plan, texts: dict[str, dict[str, str]]) -> None:
    """The beginning is kept once, for its owner alone; a host that does not answer is left out."""
    assert {} == configuration.changes(plan)
    configuration.keep(plan)
    assert 0o600 == stat.S_IMODE((plan.seat.folder / configuration.BEGUN).stat().st_mode)
    texts["server"] = {"/etc/fstab": "b\n", "/etc/new": "x\n"}
    configuration.keep(plan)
    assert {"server": 2, "client": 0} == {
        host: text.count("+++") for host, text in configuration.changes(plan).items()
    }
    assert "-a\n+b\n" in configuration.changes(plan)["server"]
    del texts["client"]
    assert ["server"] == list(configuration.changes(plan))


def test_new_files_of_packages_are_left_out() -> None:
    """A file that was there shows its change, also when the package's own text came back."""
    before = Configuration({"/etc/a": "own\n", "packages": "bash\n"})
    texts = {"/etc/a": "packed\n", "/etc/b": "packed\n", "/etc/c": "own\n", "packages": "bash\nnginx\n"}
    text = configuration.differences(before, Configuration(texts, frozenset({"/etc/a", "/etc/b"})))
    assert ["/etc/a", "/etc/c", "packages"] == [
        line.removeprefix("+++ ") for line in text.splitlines() if line.startswith("+++ ")
    ]
    assert "+nginx\n" in text
