"""Templates of a lab: names and errors."""

from __future__ import annotations

import pytest

from sharklab.errors import InputError
from sharklab.lab import template


def test_fill_names_the_key_of_an_undefined_name() -> None:
    """A misspelt name is an error with file and key."""
    with pytest.raises(InputError) as caught:
        template.fill({"a": ["{{ seat.tokn }}"]}, {"seat": {}}, "lab.yml")
    assert caught.value.place == "lab.yml a.0"


def test_fill_does_not_run_code() -> None:
    """A template of a lab cannot reach Python."""
    with pytest.raises(InputError):
        template.fill("{{ ''.__class__.__mro__ }}", {}, "lab.yml")


def test_a_host_with_a_hyphen_is_a_name() -> None:
    """Only a host of the lab: elsewhere a hyphen is a minus."""
    names = {"hosts": {"web-server": {"ipv4": "192.0.2.1"}, "web": 5}, "server": 2}
    assert "192.0.2.1 3" == template.fill("{{ hosts.web-server.ipv4 }} {{ hosts.web-2 }}", names, "lab.yml")
    assert "192.0.2.1" == template.fill_page("{{ hosts.web-server.ipv4 }}", names, "brief.en.md.j2")
