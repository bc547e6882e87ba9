"""The names that tools print in the place of ports."""

from __future__ import annotations

import pytest

from sharklab.grading.submission import port_names


@pytest.mark.parametrize(
    ("name", "port"),
    [("pop3s", "995"), ("krbupdate", "760"), ("NFS", "2049"), ("acmaint_dbd", "774"), ("telepathy", "")],
)
def test_port_of_a_name(name: str, port: str) -> None:
    """Case does not count, nor whether a list writes a line or a hyphen."""
    assert port == port_names.port(name)
