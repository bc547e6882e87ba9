"""The picture of the network, from the plan alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sharklab.i18n import translator
from sharklab.lab.model import Host, Network, Plan
from sharklab.report import topology
from tests.support import report_sample as sample


def _plan(folder: Path, hosts: int, networks: int) -> Plan:
    """Return a plan of `hosts` hosts, each on all of `networks` networks."""
    base = sample.plan(folder)
    names = tuple(f"net{number}" for number in range(networks))
    members = tuple(Host(f"h{number}", {"en": "a host"}, names, ()) for number in range(hosts))
    at = base.seat.addresses["server"]["lan"]
    lab = replace(base.lab, networks=tuple(map(Network, names)), hosts=members)
    seat = replace(base.seat, addresses={host.name: dict.fromkeys(names, at) for host in members})
    return replace(base, lab=lab, seat=seat)


def _texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)  # noqa: S314 (our own picture)
    return [element.text or "" for element in root.iter("text")]


def test_svg_shows_hosts_addresses_and_services(tmp_path: Path) -> None:
    """A reader finds who is where and what is open."""
    texts = _texts(topology.svg(sample.plan(tmp_path), translator("en")))
    assert {"server", "10.31.4.17", "fd5e:7a10:92c4::11", "open: ssh dns 8883/tcp"} <= set(texts)


@pytest.mark.parametrize(("hosts", "networks"), [(0, 1), (1, 1), (4, 1), (30, 2), (2, 5)])
def test_svg_fits_any_number_of_hosts(tmp_path: Path, hosts: int, networks: int) -> None:
    """Each host has a card on each of its networks, inside the picture."""
    svg = topology.svg(_plan(tmp_path, hosts, networks), translator("fr"))
    root = ElementTree.fromstring(svg)  # noqa: S314 (our own picture)
    width, height = map(float, (root.get("viewBox") or "").split()[2:])
    cards = [
        (float(r.get("x", "")), float(r.get("y", "")), float(r.get("height", ""))) for r in root.iter("rect")
    ]
    assert len(cards) == hosts * networks
    assert all(x >= 0 and x + topology.CARD <= width and y + tall <= height for x, y, tall in cards)


def test_svg_draws_a_host_fully_only_once(tmp_path: Path) -> None:
    """On its further networks a host is a dashed card without its title."""
    svg = topology.svg(_plan(tmp_path, 2, 3), translator("en"))
    assert (svg.count('class="card"'), svg.count('class="card guest"')) == (2, 4)


def test_summary_puts_the_picture_into_words(tmp_path: Path) -> None:
    """Who does not see the picture is told the same."""
    assert topology.summary(sample.plan(tmp_path), translator("en")) == (
        "Network lan (10.31.4.0/24, fd5e:7a10:92c4::/64) joins server (10.31.4.17), client (10.31.4.203)."
    )


def test_svg_shows_the_way_to_the_internet(tmp_path: Path) -> None:
    """The network that has one carries a cloud, and the words say it too; others have none."""
    base = _plan(tmp_path, 2, 2)
    first, second = base.lab.networks
    plan = replace(base, lab=replace(base.lab, networks=(first, replace(second, internet=True))))
    for language, said in (
        ("en", "Network net1 has Internet access."),
        ("fr", "net1 a accès à Internet."),
    ):
        svg = topology.svg(plan, translator(language))
        assert (1, 1) == (svg.count('class="cloud"'), _texts(svg).count("Internet"))
        assert topology.summary(plan, translator(language)).endswith(said)
    assert "Internet" not in topology.svg(base, translator("en"))


def test_parts_of_a_host_have_its_name(tmp_path: Path) -> None:
    """A page can make a map of the picture: a machine and a cable for each host."""
    root = ElementTree.fromstring(topology.svg(sample.plan(tmp_path), translator("en")))  # noqa: S314 (ours)
    found = {(part.get("class"), part.get("data-host")) for part in root.iter("g")}
    hosts = {host.name for host in sample.plan(tmp_path).hosts}
    assert {(kind, host) for kind in ("machine", "cable") for host in hosts} == found
