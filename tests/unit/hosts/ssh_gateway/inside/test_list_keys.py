"""The keys that sshd is told."""

from __future__ import annotations

from sharklab.hosts.ssh_gateway.inside import list_keys

NAMES = {"alice": ["alice"], "alice+client": ["alice"], "bob": ["bob"]}
KEYS = {"alice": ["ssh-ed25519 AAAA"], "bob": []}


def test_a_key_may_do_what_is_listed_and_no_more() -> None:
    """A terminal, and connections to hosts of labs by name."""
    [line] = list_keys.lines("alice+client", NAMES, KEYS, ["client", "client.tp4"])
    options, kind, _ = line.split()
    assert "ssh-ed25519" == kind
    opened = ['permitopen="client:*"', 'permitopen="client.tp4:*"']
    assert ["restrict", "pty", "port-forwarding", *opened] == options.split(",")


def test_others_have_no_key() -> None:
    """Nobody, an account of the jail, and a student who left."""
    for name in ("nobody", "root", "alice+printer", "bob"):
        assert [] == list_keys.lines(name, NAMES, KEYS, ["client"])
