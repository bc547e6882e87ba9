"""Baked layers: what is cleaned off them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sharklab.hosts.image.model import Image
from sharklab.hosts.providers import baking
from sharklab.lab import load, seat
from sharklab.lab.model import Host
from sharklab.lab.plan import make_plan
from tests.support.labs import write_lab, write_role


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


def test_layers_follow_the_files_of_a_labs_own_role(tmp_path: Path) -> None:
    """A changed role is baked anew; where the lab lies does not count."""
    image = Image("debian12", "Debian", tmp_path / "images" / "base")

    def content(folder: str, **texts: str) -> dict[str, Any]:
        role = write_role(write_lab(tmp_path / folder / "mine"), "gate", **texts)
        file = role.parents[1] / "lab.yml"
        file.write_text(file.read_text().replace("[common]", "[common, gate]"))
        lab = load.read(file)
        return baking._content(make_plan(lab, seat.sample(lab)), image)

    first = content("one")
    assert first == content("two")
    assert first != content("three", **{"templates/x.j2": "x"})
    assert "roles/gate/tasks/bake.yml" in first["files"]
