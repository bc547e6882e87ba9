"""Projects are made, changed and listed."""

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


def test_project_is_changed_and_listed(engine: ScriptedEngine, course: Client) -> None:
    """A change leaves the other keys to the engine."""
    said = {"name": "q", "config": {"x": "1"}}
    engine.gives("GET /1.0/projects", [said])
    engine.gives("GET /1.0/projects/q", said)
    expected = Project("q", {"x": "1"})
    assert ([expected], expected) == (course.projects.all(), course.projects.find("q"))
    engine.gives("PATCH /1.0/projects/q", {})
    course.projects.update("q", {"x": "2"})
    assert {"config": {"x": "2"}} == engine.last("PATCH").plain
