"""The condition of hosts: which ports are asked, by whom, and which answers do."""

from __future__ import annotations

from typing import Any

import pytest

from sharklab.hosts import condition
from sharklab.hosts.condition import HostCondition, Port
from sharklab.hosts.providers.remote import Machine
from tests.support import provider_seat

OPENED = {
    "lan": {"ports": ["1025/tcp", "22/tcp", "161/udp", "5000-5010/tcp"], "services": ["22/tcp", "53/udp"]}
}


class Hosts:
    """Stands in for the hosts of a seat: it notes the requests, and answers with what a test wants."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self._answers = list(answers)
        monkeypatch.setattr(Machine, "ask", lambda machine, do, **request: self.ask(machine, do, request))

    def ask(self, machine: Machine, do: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a request."""
        self.asked.append((machine.name, do, request))
        if do == "condition":
            return {
                "stopped": {},
                "opened": {card: {"ports": [], "services": []} for card in request["cards"]},
            }
        return {"answers": self._answers}


def test_look_asks_each_host_once_about_its_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cards of a host have the names of its networks."""
    hosts = Hosts(monkeypatch)
    found = condition.look(provider_seat.plan("ada", 9))
    assert {
        name: HostCondition({}, {"lan": {"ports": [], "services": []}}) for name in ("server", "client")
    } == found
    assert [("client", ["lan"]), ("server", ["lan"])] == sorted(
        (name, request["cards"]) for name, _, request in hosts.asked
    )


def test_ports_are_single_tcp_ports() -> None:
    """A port that is opened by number and for a service has a service that listens."""
    found = condition.ports("server", HostCondition({}, OPENED))
    assert [Port("server", "lan", 22, True), Port("server", "lan", 1025, False)] == found


def test_ports_of_a_host_without_firewalld() -> None:
    """There is nothing to ask."""
    assert [] == condition.ports("server", HostCondition({}, {}))


@pytest.mark.parametrize(
    ("answer", "listens", "is_silent"),
    [
        ("accepted", True, False),
        ("accepted", False, False),
        ("refused", True, True),
        ("refused", False, False),
        ("silent", True, True),
        ("silent", False, True),
    ],
)
def test_find_silent(monkeypatch: pytest.MonkeyPatch, answer: str, listens: bool, is_silent: bool) -> None:
    """A service accepts; any other open port may refuse, for labs show closed ports."""
    Hosts(monkeypatch, answer)
    port = Port("server", "lan", 443, listens)
    assert ([port] if is_silent else []) == condition.find_silent(provider_seat.plan("ada", 9), [port])


@pytest.mark.parametrize(("names", "asker"), [(("server", "client"), "client"), (("server",), "server")])
def test_another_host_asks(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], asker: str) -> None:
    """A host that is alone in its network asks itself."""
    hosts = Hosts(monkeypatch, "accepted")
    condition.find_silent(provider_seat.plan("ada", 9, names), [Port("server", "lan", 443, True)])
    port = {"address": "10.250.9.10", "port": 443, "listens": True}
    request = {"ports": [port], "seconds": condition.PATIENCE}
    assert [(asker, "knock", request)] == hosts.asked
