"""Baked layers: what is cleaned off them."""

from __future__ import annotations

from pathlib import Path

from sharklab.hosts.providers import baking
from sharklab.lab.model import Host


def test_layers_are_cleaned(tmp_path: Path) -> None:
    """What tells of the golden seat goes; folders, and what the roles made, stay."""
    traces = [
        "etc/machine-id",
        "etc/ssh/ssh_host_ed25519_key",
        "var/log/a/b.log",
        "root/.ssh/authorized_keys",
    ]
    traces += ["etc/NetworkManager/system-connections/lan.nmconnection", "root/.ansible/tmp/x/y", "tmp/z"]
    kept = ["etc/ssh/sshd_config", "srv/page", "etc/NetworkManager/system-connections/other.nmconnection"]
    for name in (*traces, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = baking.traces(tmp_path, Host("server", {}, ("lan",), ()))
    assert sorted(traces) == sorted(str(path.relative_to(tmp_path)) for path in found)
