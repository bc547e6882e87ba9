"""The program of role firewall, on a firewalld that only takes notes."""

# ruff: noqa: D102, N802 (the methods are those of firewalld's client)

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from sharklab import paths

_found = importlib.util.spec_from_file_location("zone", paths.ROLES / "firewall" / "files" / "zone.py")
assert _found and _found.loader
program = importlib.util.module_from_spec(_found)
_found.loader.exec_module(program)

RULE = 'rule family="ipv4" source address="192.0.2.0/24" drop'
OPTIONS = {
    "zone": "public",
    "services": ["ssh", "dns"],
    "ports": ["3478/udp"],
    "rules": [RULE],
    "own_services": ["ssh"],
    "own_ports": ["2222/tcp"],
    "check": False,
}
WANTED = {"services": ["dns", "ssh"], "ports": [("3478", "udp")], "rules": [RULE]}


class Settings:
    """The permanent settings of a zone, or its rules in force."""

    def __init__(self, services: list[str], ports: list[tuple[str, str]], rules: list[str]) -> None:
        self.services, self.ports, self.rules = services, ports, rules

    def told(self) -> dict[str, list[Any]]:
        """Return the openings, sorted."""
        return {"services": sorted(self.services), "ports": sorted(self.ports), "rules": sorted(self.rules)}

    def getServices(self) -> list[str]:
        return self.services

    def getPorts(self) -> list[tuple[str, str]]:
        return self.ports

    def getRichRules(self) -> list[str]:
        return self.rules

    def setServices(self, names: list[str]) -> None:
        self.services = names

    def setPorts(self, ports: list[tuple[str, str]]) -> None:
        self.ports = ports

    def setRichRules(self, rules: list[str]) -> None:
        self.rules = rules


class Client:
    """A client of firewalld with one zone."""

    def __init__(self, now: Settings, kept: Settings, zones: tuple[str, ...] = ("public",)) -> None:
        self.now, self.kept, self.zones = now, kept, zones
        self.done: list[str] = []

    def getActiveZones(self) -> dict[str, Any]:
        return {name: {} for name in self.zones}

    def config(self) -> Client:
        return self

    def getZoneByName(self, name: str) -> Client:
        assert "public" == name
        return self

    def getSettings(self) -> Settings:
        return Settings(list(self.kept.services), list(self.kept.ports), list(self.kept.rules))

    def update(self, settings: Settings) -> None:
        self.done.append("update")
        self.kept = settings

    def getServices(self, zone: str) -> list[str]:
        return self.now.services

    def getPorts(self, zone: str) -> list[list[str]]:
        return [list(port) for port in self.now.ports]

    def getRichRules(self, zone: str) -> list[str]:
        return self.now.rules

    def addService(self, zone: str, name: str) -> None:
        self.done.append(f"add {name}")
        self.now.services = [*self.now.services, name]

    def removeService(self, zone: str, name: str) -> None:
        self.done.append(f"remove {name}")
        self.now.services = [one for one in self.now.services if one != name]

    def addPort(self, zone: str, *port: str) -> None:
        self.now.ports = [*self.now.ports, (port[0], port[1])]

    def removePort(self, zone: str, *port: str) -> None:
        self.now.ports = [one for one in self.now.ports if one != port]

    def addRichRule(self, zone: str, rule: str) -> None:
        self.now.rules = [*self.now.rules, rule]

    def removeRichRule(self, zone: str, rule: str) -> None:
        self.now.rules = [one for one in self.now.rules if one != rule]


def rocky() -> Settings:
    """Return the openings that Rocky begins with, and more that somebody left."""
    return Settings(["ssh", "cockpit"], [("9", "tcp")], ["rule accept"])


def test_zone_opens_what_is_listed_now_and_permanently() -> None:
    """What is missing opens before the rest is closed; a second time changes nothing."""
    client = Client(rocky(), rocky(), ("public", "management"))
    assert program.apply(client, OPTIONS)
    assert (WANTED, WANTED) == (client.now.told(), client.kept.told())
    assert ["add dns", "update", "remove cockpit"] == client.done
    assert not program.apply(client, OPTIONS)
    assert 3 == len(client.done)


@pytest.mark.parametrize("side", ["now", "kept"])
def test_one_side_alone_is_mended(side: str) -> None:
    """A rule that is only in force, or only permanent, differs."""
    client = Client(rocky(), rocky(), ("management",))
    program.apply(client, OPTIONS)
    setattr(client, side, rocky())
    assert program.apply(client, OPTIONS)
    assert (WANTED, WANTED) == (client.now.told(), client.kept.told())


def test_a_dry_run_changes_nothing() -> None:
    """It tells that the zone differs."""
    client = Client(rocky(), rocky())
    assert program.apply(client, {**OPTIONS, "check": True})
    assert ([], rocky().told(), rocky().told()) == (client.done, client.now.told(), client.kept.told())


def test_ansible_is_never_locked_out() -> None:
    """Its own openings stay where it has no network of its own."""
    client = Client(rocky(), rocky())
    program.apply(client, {**OPTIONS, "services": [], "ports": []})
    assert (["ssh"], [("2222", "tcp")]) == (client.kept.services, client.kept.ports)
