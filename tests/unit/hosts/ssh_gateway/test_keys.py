"""Public keys of students: which are taken, and what is no key."""

from __future__ import annotations

import base64
import re
import struct
import subprocess
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.hosts.ssh_gateway import keys
from tests.support.errors import error_of

pytestmark = pytest.mark.usefixtures("own_state")


def blob(*fields: bytes) -> str:
    """Return the base64 of a public key with these fields."""
    return base64.b64encode(b"".join(struct.pack(">I", len(one)) + one for one in fields)).decode()


ED25519 = "ssh-ed25519 " + blob(b"ssh-ed25519", b"k" * 32)
RSA = "ssh-rsa " + blob(b"ssh-rsa", b"\1\0\1", b"\0" + b"\xff" * 256)
SHORT_RSA = "ssh-rsa " + blob(b"ssh-rsa", b"\1\0\1", b"\0" + b"\xff" * 128)


def test_keys_lose_their_comments_and_come_once() -> None:
    """As in a file of GitHub, or of somebody's own."""
    text = f"# mine\n{ED25519} alice@laptop\n\n  {ED25519}\r\n{RSA} old\n"
    assert (ED25519, RSA) == keys.read_all(text)


@pytest.mark.parametrize(
    "line",
    [
        "ssh-ed25519",
        "alice",
        f'command="id" {ED25519}',
        f"restrict {ED25519}",
        "ssh-dss " + blob(b"ssh-dss", b"k"),
        "ssh-ed25519-cert-v01@openssh.com " + blob(b"ssh-ed25519-cert-v01@openssh.com", b"k"),
        ED25519[:-4],
        "ssh-ed25519 " + blob(b"ssh-rsa", b"k"),
        "ssh-ed25519 AAAA!",
        "ssh-ed25519 AA==",
        SHORT_RSA,
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_no_key_and_a_weak_key_are_refused(line: str) -> None:
    """Options before a key would be rights."""
    error_of(InputError, keys.read, line)


def test_a_student_has_few_keys() -> None:
    """sshd would try each."""
    many = "\n".join("ssh-ed25519 " + blob(b"ssh-ed25519", bytes([n]) * 32) for n in range(keys.MOST + 1))
    assert keys.MOST == error_of(InputError, keys.read_all, many).values["most"]


def test_files_of_a_folder_are_named_as_the_students(tmp_path: Path) -> None:
    """A file of somebody else is not read."""
    (tmp_path / "alice.keys").write_text(f"{ED25519}\n")
    (tmp_path / "mallory.keys").write_text("nonsense\n")
    assert {"alice": (ED25519,)} == keys.of_folder(tmp_path, ["alice", "bob"])
    assert str(tmp_path) == error_of(InputError, keys.of_folder, tmp_path, ["bob"]).place
    (tmp_path / "bob.keys").write_text("nonsense\n")
    assert str(tmp_path / "bob.keys") == error_of(InputError, keys.of_folder, tmp_path, ["bob"]).place


def test_a_personal_key_is_a_key_of_openssh(tmp_path: Path) -> None:
    """ssh-keygen reads it, it is the same each time, and another student has another."""
    private, public = keys.personal("alice")
    file = tmp_path / "alice.key"
    file.write_text(private)
    file.chmod(0o600)
    said = subprocess.run(["ssh-keygen", "-y", "-f", file], capture_output=True, text=True, check=True)
    assert public == said.stdout.strip() == keys.read(public)
    assert public == keys.personal("alice")[1]
    assert public != keys.personal("bob")[1]


def test_a_password_is_of_one_student_and_its_hash_is_that_of_crypt() -> None:
    """The same each time, so that nothing keeps it; openssl-passwd(1) hashes it again with the same salt."""
    own, other = keys.password("alice"), keys.password("bob")
    assert own == keys.password("alice") != other and re.fullmatch("([a-z2-7]{4}-){3}[a-z2-7]{4}", own)
    assert [] == keys.hashes([])
    [first, second] = keys.hashes([own, other])
    salt = first.split("$")[2]
    argv = ["openssl", "passwd", "-6", "-salt", salt, "-stdin"]
    again = subprocess.run(argv, input=own, capture_output=True, text=True, check=True)
    assert first == again.stdout.strip() != second
