"""Public keys of students, and the personal key and password that the course's secret gives each of them."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from sharklab import process, untrusted
from sharklab.errors import InputError
from sharklab.lab import seat
from sharklab.message import N_

KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
)
"""The kinds of keys that OpenSSH accepts today (sshd_config(5), PubkeyAcceptedAlgorithms)."""

MOST = 16
"""Keys of one student."""

LARGEST = 64 << 10
"""Bytes of one file of keys."""

LEAST_RSA = 2048
"""Bits of an RSA key (RequiredRSASize of OpenSSH in EL9 and newer)."""

LETTERS, GROUP = 16, 4
"""Letters of a password (80 bits), and those that are written together."""


def read_all(text: str) -> tuple[str, ...]:
    """Return the keys in `text`, one on a line, as `kind base64`: comments are left out.

    Raises InputError for a line that is no public key, for a weak key, or for more than `MOST` keys.
    """
    lines = (line.strip() for line in text.splitlines())
    keys = tuple(dict.fromkeys(read(line) for line in lines if line and not line.startswith("#")))
    if len(keys) > MOST:
        raise InputError(N_("more than {most} keys of one student"), most=MOST)
    return keys


def read(line: str) -> str:
    """Return a public key as `kind base64`. Raises InputError when the line is no such key, or a weak one.

    Options in front of a key (sshd(8), AUTHORIZED_KEYS FILE FORMAT) are refused as well.
    """
    words = line.split()
    if len(words) < 2 or words[0] not in KINDS:
        raise InputError(
            N_("{line!r} is not a public SSH key"),
            hint=N_(
                "a key begins with its kind, such as ssh-ed25519; it is in a file whose name ends in .pub"
            ),
            line=untrusted.one_line(line)[:40],
        )
    try:
        blob = base64.b64decode(words[1], validate=True)
        fields = _fields(blob)
    except (binascii.Error, struct.error, ValueError) as error:
        raise InputError(
            N_("the SSH key {line} is damaged"),
            hint=N_("copy the whole line of the .pub file"),
            line=words[1][-12:],
        ) from error
    if not fields or fields[0] != words[0].encode():
        raise InputError(N_("the SSH key {line} is of another kind than it says"), line=words[1][-12:])
    if words[0] == "ssh-rsa" and (
        len(fields) < 3 or int.from_bytes(fields[2], "big").bit_length() < LEAST_RSA
    ):
        raise InputError(
            N_("the RSA key is too short"),
            hint=N_("make a new key: ssh-keygen -t ed25519"),
        )
    return f"{words[0]} {words[1]}"


def _fields(blob: bytes) -> list[bytes]:
    """Return the strings of a public key (RFC 4253, 6.6). Raises ValueError when one is cut."""
    fields = []
    while blob:
        (length,) = struct.unpack(">I", blob[:4])
        if length > len(blob) - 4:
            raise ValueError("cut")
        fields.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return fields


def of_folder(folder: Path, students: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the keys in the files STUDENT.keys of a folder, as https://github.com/NAME.keys gives them.

    Raises InputError for a folder without any such file, and for a file with a line that is no key.
    """
    by_student = {}
    for student in students:
        file = folder / f"{student}.keys"
        if file.exists():
            try:
                by_student[student] = read_all(untrusted.read(file, LARGEST).decode(errors="replace"))
            except InputError as error:
                error.place = str(file)
                raise
    if not by_student:
        raise InputError(
            N_("no student of the class has a file of keys there"),
            place=str(folder),
            hint=N_("name each file as the student: alice.keys"),
        )
    return by_student


def personal(student: str) -> tuple[str, str]:
    """Return the personal key of a student: the private half as OpenSSH's file, and the public half.

    It is drawn from the course's secret (RFC 8032, 5.1.5), so nothing keeps it.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    own = Ed25519PrivateKey.from_private_bytes(seat.Draw(seat.secret(), "", student).bytes("login key"))
    private = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = own.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode(), public.decode()


def password(student: str) -> str:
    """Return the password of a student's first login, which is drawn from the course's secret as well."""
    word = seat.Draw(seat.secret(), "", student).word("first login", LETTERS)
    return "-".join(word[start : start + GROUP] for start in range(0, LETTERS, GROUP))


def hashes(passwords: Sequence[str]) -> list[str]:
    """Return the hash of each password for shadow(5), by openssl-passwd(1). Raises MachineryError."""
    if not passwords:
        return []
    said = process.run(
        ["openssl", "passwd", "-6", "-stdin"], stdin="".join(f"{each}\n" for each in passwords)
    )
    return said.split()
