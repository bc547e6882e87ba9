"""The units of role port_states, as its templates write them."""

from __future__ import annotations

import jinja2
import pytest

from sharklab import paths

OPEN = {"tcp": "ListenStream=0.0.0.0:61250", "udp": "ListenDatagram=0.0.0.0:61250"}
NONE = {"tcp": "ListenStream=/run/port-states-tcp", "udp": "ListenDatagram=/run/port-states-udp"}


def addresses(protocol: str, ports: list[dict[str, object]]) -> list[str]:
    """Return the lines of a socket unit that say where it listens."""
    folder = jinja2.FileSystemLoader(paths.ROLES / "port_states" / "templates")
    environment = jinja2.Environment(loader=folder, trim_blocks=True, autoescape=False)  # noqa: S701 (no page)
    environment.filters["comment"] = str
    unit = environment.get_template(f"{protocol}.socket.j2")
    text = unit.render(ansible_managed="managed", __port_states_open=ports)
    return [line for line in text.splitlines() if line.startswith("Listen")]


@pytest.mark.parametrize("protocol", OPEN)
def test_socket_listens_on_the_open_ports_of_its_protocol(protocol: str) -> None:
    """One line for each open port; those of the other protocol are another unit's."""
    ports = [{"port": 61250, "protocol": name} for name in OPEN]
    assert [OPEN[protocol]] == addresses(protocol, ports)


@pytest.mark.parametrize("protocol", OPEN)
def test_socket_without_an_open_port_is_a_unit_all_the_same(protocol: str) -> None:
    """systemd refuses a socket unit that listens nowhere (systemd.socket(5)), even to stop it."""
    other = {"tcp": "udp", "udp": "tcp"}[protocol]
    assert [NONE[protocol]] == addresses(protocol, [{"port": 61250, "protocol": other}])
