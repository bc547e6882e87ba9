"""Projects, and the clients that the engine trusts."""

from __future__ import annotations

from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.model import Project
from tests.support.engine_socket import ScriptedEngine


def test_project_is_made(engine: ScriptedEngine, course: Client) -> None:
    """With its configuration, where there is none of its name."""
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


def test_client_without_projects_may_use_all(engine: ScriptedEngine, course: Client) -> None:
    """A certificate without projects is not restricted."""
    engine.gives("POST /1.0/certificates", {})
    course.certificates.trust("teacher", b"der")
    assert engine.last("POST").plain["restricted"] is False
