"""The user of a seat's QEMUs."""

from __future__ import annotations

from sharklab.hosts.providers.qemu import rights


def test_user_is_the_seats_own() -> None:
    """Two seats' QEMUs are two users, of numbers that systemd's table gives to nobody."""
    users = {rights.user(f"7e57{number:04x}") for number in range(200)}
    assert 200 == len(users) and all(rights.GROUP < user < 0x7FFE0000 for user in users)
