"""Networks: on every member of the cluster."""

from __future__ import annotations

from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.members import ALONE
from sharklab.hosts.providers.cluster.model import EngineNetwork
from tests.support.engine_socket import ScriptedEngine


def test_network_is_made_on_every_member(engine: ScriptedEngine, course: Client) -> None:
    """First each member's own part, then the whole."""
    engine.gives("POST /1.0/networks", {})
    course.networks.create("seat0", ["m1", "m2"], config={"ipv4.address": "none"})
    first, second, whole = (one for one in engine.asked if one.method == "POST")
    assert ["m1", "m2", None] == [one.query.get("target") for one in (first, second, whole)]
    assert ({}, {}) == (first.plain["config"], second.plain["config"])
    assert {"ipv4.address": "none"} == whole.plain["config"]


def test_single_server_takes_no_part_of_its_own(engine: ScriptedEngine, course: Client) -> None:
    """Without a cluster the network is made by one request."""
    engine.gives("POST /1.0/networks", {})
    course.networks.create("seat0", [ALONE], description="sharklab")
    (asked,) = engine.asked
    assert ({"project": "sharklab-tp"}, "sharklab") == (asked.query, asked.plain["description"])


def test_names_of_networks_are_cheap(engine: ScriptedEngine, course: Client) -> None:
    """The engine tells where they are, and says nothing else about them."""
    engine.gives("GET /1.0/networks", ["/1.0/networks/seat0", "/1.0/networks/eth0?project=x"])
    assert {"seat0", "eth0"} == course.networks.names()
    assert "recursion" not in engine.last("GET").query


def test_networks_are_listed_and_changed(engine: ScriptedEngine, course: Client) -> None:
    """By their names; an interface of the member is one that the engine does not manage."""
    bridge = {"name": "seat0", "type": "bridge", "managed": True, "status": "Created", "locations": ["m1"]}
    engine.gives("GET /1.0/networks", [bridge, {"name": "eth0", "type": "physical"}])
    card, found = course.networks.all()
    assert EngineNetwork("seat0", "bridge", True, "Created", {}, ("m1",)) == found
    assert ("eth0", False, "") == (card.name, card.managed, card.status)
