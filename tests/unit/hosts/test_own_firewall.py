"""The firewall of this machine, with a program that stands in for firewall-cmd."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.hosts import own_firewall
from sharklab.hosts.ssh_gateway.supervisor import EVERY_ADDRESS
from tests.support.programs import script


def firewalld(fakes: Path, zones: str, *opened: str) -> None:
    """Let firewalld run with these active zones, and the default `public`; `opened` let the port in."""
    lines = [f"*--zone={zone}*--query-port=2222/tcp*) ;;" for zone in opened]
    lines += ["*query*) echo no; exit 1 ;;", "*default*) echo public ;;", f"*active*) printf '{zones}' ;;"]
    script(fakes, "firewall-cmd", 'case "$*" in', *lines, "esac")


@pytest.mark.parametrize(
    ("zones", "opened", "address", "said"),
    [
        ("public\\n  interfaces: eth0\\n", (), EVERY_ADDRESS, 1),
        ("public (default)\\n  interfaces: eth0\\n", (), "192.0.2.1", 1),
        ("", (), "::", 1),
        ("public\\n  interfaces: eth0\\n", ("public",), EVERY_ADDRESS, 0),
        ("", ("public",), EVERY_ADDRESS, 0),
        ("work\\n  interfaces: eth1\\n", ("work",), EVERY_ADDRESS, 0),
        ("trusted\\n  interfaces: eth1\\n", (), EVERY_ADDRESS, 0),
        ("public\\n  interfaces: eth0\\n", (), "127.0.0.1", 0),
    ],
)
def test_port_that_no_zone_opens_is_named(
    fakes: Path, zones: str, opened: tuple[str, ...], address: str, said: int
) -> None:
    """The default zone has the interfaces that no zone has; nobody comes to loopback from elsewhere."""
    firewalld(fakes, zones, *opened)
    sentences = own_firewall.check_port(address, 2222)
    assert [(own_firewall.CLOSED, {"port": 2222})] * said == [(one.msgid, one.values) for one in sentences]


def test_firewalld_that_does_not_run_closes_nothing(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one that is not installed."""
    script(fakes, "firewall-cmd", "echo not running; exit 252")
    assert [] == own_firewall.check_port(EVERY_ADDRESS, 2222)
    monkeypatch.setattr(own_firewall, "CLIENT", "shark-firewall")
    assert [] == own_firewall.check_port(EVERY_ADDRESS, 2222)
