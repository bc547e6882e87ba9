"""Projects, profiles, and the clients that the engine trusts."""

from __future__ import annotations

from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.model import Certificate, Project
from tests.support.engine_socket import ScriptedEngine


def test_profile_and_project_are_put(engine: ScriptedEngine, course: Client) -> None:
    """A profile is made if there is none."""
    engine.gives("POST /1.0/profiles", {})
    course.profiles.put("p", config={"limits.memory": "1GiB"}, devices={})
    assert "p" == engine.last("POST").plain["name"]
    engine.gives("POST /1.0/projects", {})
    assert course.projects.find("q") is None
    course.projects.create("q", config={"features.images": "false"})
    assert {"features.images": "false"} == engine.last("POST").plain["config"]


def test_client_is_trusted_for_its_projects_alone(engine: ScriptedEngine, course: Client) -> None:
    """A certificate with projects is restricted to them."""
    engine.gives("POST /1.0/certificates", {})
    course.certificates.trust("teacher", b"der", projects=["sharklab-tp"])
    asked = engine.last("POST").plain
    assert (True, ["sharklab-tp"], "ZGVy") == (asked["restricted"], asked["projects"], asked["certificate"])


def test_project_is_changed_and_listed(engine: ScriptedEngine, course: Client) -> None:
    """A change leaves the other keys to the engine."""
    said = {"name": "q", "config": {"x": "1"}, "description": "d", "used_by": ["/1.0/instances/a"]}
    engine.gives("GET /1.0/projects", [said])
    engine.gives("GET /1.0/projects/q", said)
    expected = Project("q", {"x": "1"}, "d", ("/1.0/instances/a",))
    assert ([expected], expected) == (course.projects.all(), course.projects.find("q"))
    engine.gives("PATCH /1.0/projects/q", {})
    course.projects.update("q", {"x": "2"})
    assert {"config": {"x": "2"}} == engine.last("PATCH").plain


def test_profile_gets_exactly_the_new_content(engine: ScriptedEngine, course: Client) -> None:
    """One of that name is not made again."""
    engine.gives("PUT /1.0/profiles/p", {})
    engine.gives("GET /1.0/profiles", [{"name": "p", "config": {}}])
    course.profiles.put("p", config={}, devices={"root": {"type": "disk"}})
    assert {"config": {}, "devices": {"root": {"type": "disk"}}} == engine.last("PUT").plain
    assert ["PUT"] == [one.method for one in engine.asked]
    assert {"p": {"name": "p", "config": {}}} == course.profiles.all()
    assert "sharklab-tp" == engine.last("GET").query["project"]


def test_trusted_clients_are_listed(engine: ScriptedEngine, course: Client) -> None:
    """A client without projects may use all of them."""
    engine.gives("GET /1.0/certificates", [{"fingerprint": "f", "name": "teacher"}])
    assert [Certificate("f", "teacher", False, ())] == course.certificates.all()
    engine.gives("POST /1.0/certificates", {})
    course.certificates.trust("teacher", b"der")
    assert engine.last("POST").plain["restricted"] is False
