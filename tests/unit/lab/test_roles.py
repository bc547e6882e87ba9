"""The roles of a host: those that TLS needs come without being listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.lab import roles
from sharklab.paths import ROOT
from tests.support.errors import error_of
from tests.support.labs import write_role

SERVERS = ("web_server", "mail_server", "smtp_server", "router_services")


@pytest.mark.parametrize("server", SERVERS)
def test_certificate_comes_with_what_serves_it(server: str) -> None:
    """A role that serves TLS imports the role certificate, which is then applied before all others."""
    assert ("certificate", "common", server) == roles.whole(["common", server], {}, ROOT)


@pytest.mark.parametrize("listed", [["certificate", "web_server"], ["web_server", "certificate"]])
def test_listed_certificate_keeps_its_place(listed: list[str]) -> None:
    """What an author lists is applied in the author's order, once."""
    assert tuple(listed) == roles.whole(listed, {}, ROOT)


def test_certificate_comes_once() -> None:
    """Several roles share one certificate."""
    assert ("certificate", *SERVERS) == roles.whole(SERVERS, {}, ROOT)


def test_no_certificate_without_tls() -> None:
    """A web server of plain HTTP needs no certificate."""
    assert ("web_server",) == roles.whole(["web_server"], {"web_server_tls": False}, ROOT)


def test_every_import_can_be_resolved() -> None:
    """What a role imports is a role, which imports none itself; its condition is an option with a default."""
    names = roles.names(ROOT)
    imported = {role: set(roles.whole([role], {}, ROOT)) - {role} for role in names}
    assert set() == {name for found in imported.values() for name in found} - set(names)
    assert set() == {name for found in imported.values() for name in found if imported[name]}


def test_unknown_role_stays() -> None:
    """A name that no role has is left for lint to refuse."""
    assert ("nothing",) == roles.whole(["nothing"], {}, ROOT)


def test_limits_are_the_largest_that_roles_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most roles ask for none; those of a real role have the names that containers know."""
    assert {} == roles.limits(SERVERS, ROOT)
    asked = {"small": {"memory_mib": 10, "processes": 7}, "large": {"memory_mib": 20}}
    assert {"memory_mib", "processes"} == set(roles.limits(["common", "network_tools"], ROOT))
    monkeypatch.setattr(roles, "_read", lambda role, name, lab: asked[role])
    assert {"memory_mib": 20, "processes": 7} == roles.limits(["small", "large"], ROOT)


def test_role_of_a_lab_is_its_own(tmp_path: Path) -> None:
    """A role in the folder of a lab is known to this lab alone; sharklab's role of that name comes first."""
    folder = write_role(tmp_path / "mine", "gate")
    write_role(tmp_path / "mine", "common")
    assert ("common", "gate") == roles.of_lab(tmp_path / "mine")
    assert ("gate" in roles.names(tmp_path / "mine"), "gate" in roles.names(ROOT)) == (True, False)
    assert (folder, ROOT / "roles" / "common") == tuple(
        roles.folder(role, tmp_path / "mine") for role in ("gate", "common")
    )
    assert () == roles.of_lab(tmp_path / "none")


def test_role_of_a_lab_imports_roles_by_either_name(tmp_path: Path) -> None:
    """Ansible takes the full name of a role of sharklab; a condition is the name of an option."""
    tasks = """
- {name: a, ansible.builtin.import_role: {name: sharklab.lab.certificate}, when: gate_tls}
- {name: b, ansible.builtin.import_role: {name: firewall}}
"""
    write_role(tmp_path, "gate", **{"tasks/main.yml": tasks, "defaults/main.yml": "gate_tls: true\n"})
    assert ("certificate", "firewall", "gate") == roles.whole(["gate"], {}, tmp_path)
    assert ("firewall", "gate") == roles.whole(["gate"], {"gate_tls": False}, tmp_path)


@pytest.mark.parametrize(
    ("tasks", "place"),
    [
        ("- {ansible.builtin.import_role: {name: common}, when: a == 1}", ""),
        ("a: b", ""),
        ("- name: x\n\tb: c", ":2"),
    ],
    ids=["condition", "no list", "tab"],
)
def test_broken_role_is_named_with_its_file(tasks: str, place: str, tmp_path: Path) -> None:
    """The author of a role hears which file says what nobody understands."""
    folder = write_role(tmp_path, "gate", **{"tasks/main.yml": tasks})
    error = error_of(InputError, roles.whole, ["gate"], {}, tmp_path)
    assert f"{folder}/tasks/main.yml{place}" == error.place


@pytest.mark.parametrize("text", ["argument_specs", "argument_specs: {main: [a]}", "argument_specs: [main]"])
def test_options_must_be_mappings(text: str, tmp_path: Path) -> None:
    """A file of options that lost a colon is bad input, not a fault in sharklab."""
    folder = write_role(tmp_path, "gate", **{roles.SPECS: text})
    error = error_of(InputError, roles.options, "gate", "main", tmp_path)
    assert str(error.place).startswith(str(folder / roles.SPECS))


def test_role_has_parts(tmp_path: Path) -> None:
    """Seats apply each part of those roles alone that have it."""
    write_role(tmp_path, "gate", **{"tasks/peers.yml": "- {}"})
    assert (["gate"], ["web_server"]) == tuple(
        roles.find_with(part, ["web_server", "gate"], tmp_path) for part in ("peers", "personalise")
    )
