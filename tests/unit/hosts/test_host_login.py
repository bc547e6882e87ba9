"""Logins on a host: keys that are let in, and the bytes of sftp."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from sharklab.hosts import host_login
from tests.support.programs import script


def test_keys_are_let_in_once_and_others_stay(fakes: Path, tmp_path: Path) -> None:
    """A key that is not among the given ones any more is taken out; the student's own lines stay."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    own = home / ".ssh" / "authorized_keys"
    own.write_text("ssh-ed25519 OWN me\n")
    script(fakes, "runuser", f'cd {shlex.quote(str(home))} && exec sh -c "$4"')
    script(fakes, "host", "shift", 'exec sh -c "$1"')
    host_login.let_in(["host"], "client", "student", ("ssh-ed25519 A", "ssh-ed25519 B"))
    host_login.let_in(["host"], "client", "student", ("ssh-ed25519 B",))
    assert f"ssh-ed25519 OWN me\nssh-ed25519 B {host_login.MARK}\n" == own.read_text()
    own.unlink()
    host_login.let_in(["host"], "client", "student", ())
    assert ("", 0o600) == (own.read_text(), own.stat().st_mode & 0o777)


def test_a_host_without_sftp_says_so(tmp_path: Path) -> None:
    """And not with silence, which scp would wait for."""
    program = host_login.SFTP.replace("/usr/", f"{tmp_path}/")
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=False)
    assert 127 == done.returncode and done.stderr
    place = tmp_path / "libexec" / "openssh"
    place.mkdir(parents=True)
    script(place, "sftp-server", "echo served")
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=False)
    assert (0, "served\n") == (done.returncode, done.stdout)
