"""Role ssh_server: the settings that sshd really has."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testinfra.host import Host

WANTED = {
    "permitrootlogin": "without-password",
    "pubkeyauthentication": "yes",
    "passwordauthentication": "no",
    "kbdinteractiveauthentication": "no",
    "permitemptypasswords": "no",
    "x11forwarding": "no",
    "usedns": "no",
}


@pytest.mark.parametrize("name", ["server", "client", "desktop"])
def test_sshd_takes_keys_only(host_of: Callable[[str], Host], name: str) -> None:
    """sshd -T shows the settings in force, whatever file they come from."""
    lines = host_of(name).check_output("sshd -T").splitlines()
    found = dict(line.split(" ", 1) for line in lines if " " in line)
    assert WANTED == {key: found[key] for key in WANTED}


@pytest.mark.parametrize("name", ["server", "client", "desktop"])
def test_sshd_refuses_a_password(host_of: Callable[[str], Host], name: str) -> None:
    """The server offers no way in but a key."""
    trusting = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    options = f"-o BatchMode=yes -o PubkeyAuthentication=no {trusting}"
    done = host_of(name).run(f"! ssh {options} student@localhost true")
    assert (0, True) == (done.rc, "Permission denied (publickey)" in done.stderr)
