"""Lines of ss: addresses of both families, sockets that listen, and lines that are none."""

from __future__ import annotations

import pytest

from sharklab.evidence.packets.model import Endpoint
from sharklab.evidence.run_folder import SocketLine
from sharklab.evidence.sockets import Socket, sockets


def read(*lines: str) -> list[Socket]:
    """Return the sockets of lines of a host."""
    return list(sockets(SocketLine("server", line, 0.0, 1.0) for line in lines))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("10.0.0.1%lan:68", Endpoint("10.0.0.1", 68)),
        ("[fe80::1]%lan:546", Endpoint("fe80::1", 546)),
        ("[::ffff:10.0.0.1]:993", Endpoint("10.0.0.1", 993)),
        ("*:*", Endpoint("*", 0)),
        ("[::]:22", Endpoint("::", 22)),
    ],
)
def test_socket_has_plain_addresses(text: str, end: Endpoint) -> None:
    """Without brackets, card and the prefix of mapped addresses."""
    [found] = read(f"udp UNCONN 0 0 {text} 0.0.0.0:*")
    assert end == found.local


def test_socket_names_its_process() -> None:
    """With its id; without one, nothing."""
    named, nameless = read(
        'tcp LISTEN 0 511 0.0.0.0:443 0.0.0.0:* users:(("nginx",pid=145,fd=5),("nginx",pid=146,fd=5))',
        "tcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:40000",
    )
    assert ("nginx (145)", "") == (named.process, nameless.process)
    assert ("tcp", "LISTEN", "server") == (named.transport, named.state, named.host)


@pytest.mark.parametrize(
    "line", ["", "Netid State", "tcp LISTEN 0 511 0.0.0.0:443", "icmp6 UNCONN 0 0 *:58 *:*"]
)
def test_line_that_is_no_socket_is_left_out(line: str) -> None:
    """Headings, cut lines and other kinds of sockets."""
    assert [] == read(line)


@pytest.mark.parametrize(
    ("local", "address", "serves"),
    [
        ("0.0.0.0:443", "10.0.0.1", True),
        ("0.0.0.0:443", "fd00::1", False),
        ("[::]:443", "fd00::1", True),
        ("[::]:443", "10.0.0.1", False),
        ("*:443", "10.0.0.1", True),
        ("10.0.0.2:443", "10.0.0.1", False),
        ("10.0.0.1:443", "10.0.0.1", True),
        ("10.0.0.1:80", "10.0.0.1", False),
    ],
)
def test_serves_the_addresses_of_its_family(local: str, address: str, serves: bool) -> None:
    """`*` is both families."""
    [found] = read(f"tcp LISTEN 0 511 {local} 0.0.0.0:*")
    assert serves == found.serves(Endpoint(address, 443))


def test_connected_socket_serves_nobody_else() -> None:
    """It joins its two ends in one direction."""
    [found] = read("tcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:40000")
    ends = Endpoint("10.0.0.1", 22), Endpoint("10.0.0.2", 40000)
    assert (False, False) == (found.open_to_all, found.serves(ends[0]))
    assert (True, False) == (found.joins(*ends), found.joins(*reversed(ends)))
