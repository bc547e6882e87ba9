"""The roles of a host: those that TLS needs come without being listed."""

from __future__ import annotations

import pytest

from sharklab.lab import roles

SERVERS = ("web_server", "mail_server", "smtp_server", "router_services")


@pytest.mark.parametrize("server", SERVERS)
def test_certificate_comes_with_what_serves_it(server: str) -> None:
    """A role that serves TLS imports the role certificate, which is then applied before all others."""
    assert ("certificate", "common", server) == roles.whole(["common", server], {})


@pytest.mark.parametrize("listed", [["certificate", "web_server"], ["web_server", "certificate"]])
def test_listed_certificate_keeps_its_place(listed: list[str]) -> None:
    """What an author lists is applied in the author's order, once."""
    assert tuple(listed) == roles.whole(listed, {})


def test_certificate_comes_once() -> None:
    """Several roles share one certificate."""
    assert ("certificate", *SERVERS) == roles.whole(SERVERS, {})


def test_no_certificate_without_tls() -> None:
    """A web server of plain HTTP needs no certificate."""
    assert ("web_server",) == roles.whole(["web_server"], {"web_server_tls": False})


def test_every_import_can_be_resolved() -> None:
    """What a role imports is a role, which imports none itself; its condition is an option with a default."""
    names = roles.names()
    imported = {role: set(roles.whole([role], {})) - {role} for role in names}
    assert set() == {name for found in imported.values() for name in found} - set(names)
    assert set() == {name for found in imported.values() for name in found if imported[name]}


def test_unknown_role_stays() -> None:
    """A name that no role has is left for lint to refuse."""
    assert ("nothing",) == roles.whole(["nothing"], {})


def test_limits_are_the_largest_that_roles_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most roles ask for none; those of a real role have the names that containers know."""
    assert {} == roles.limits(SERVERS)
    asked = {"small": {"memory_mib": 10, "processes": 7}, "large": {"memory_mib": 20}}
    assert {"memory_mib", "processes"} == set(roles.limits(["common", "network_tools"]))
    monkeypatch.setattr(roles, "_read", lambda role, name: asked[role])
    assert {"memory_mib": 20, "processes": 7} == roles.limits(["small", "large"])
