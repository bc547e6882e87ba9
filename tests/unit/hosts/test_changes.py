"""What roles change on machines that stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import paths, yaml_file
from sharklab.cli import flow
from sharklab.hosts import changes

KINDS = {"paths", "made", "settings", "users", "modules"}
FILES = sorted(paths.ROLES.glob(f"*/{changes.FILE}"))


def test_of_fills_in_what_the_seat_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The share's folder has the name of the seat, and a default of a role is used."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    plan = flow.prepare("tp4", "ada")
    server, client = (changes.of_host(plan, plan.lab.host(name)) for name in ("server", "client"))
    assert f"/srv/{plan.seat.share}" in server.paths and "~student/.ssh" in server.paths
    assert f"/mnt/{plan.seat.share}" in client.made and client.users == ("student",)
    assert ({"nfs_server": "nfsd"}, {"nfs_client": "nfs4"}) == (server.modules, client.modules)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parts[-3])
def test_every_role_says_what_it_changes_in_known_words(file: Path) -> None:
    """No key that nobody reads; files are outside /etc, which is kept whole."""
    content = yaml_file.read(file.read_text()).data
    assert set() == set(content) - KINDS
    assert [] == [
        path for kind in ("paths", "made") for path in content.get(kind, ()) if path.startswith("/etc")
    ]
