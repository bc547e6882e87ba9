"""A class on a cluster of LXD with three members on this machine: run and graded, while members go.

The tests stand in the order of the story. Each step prints its seconds (pytest -rP shows them).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sharklab import state
from sharklab.hosts.providers.cluster.client import Client
from sharklab.hosts.providers.cluster.course import HOST, LAB, PROJECT, STUDENT
from sharklab.hosts.providers.cluster.model import MemberStatus, Power
from tests.conftest import call_sharklab
from tests.support import doc_console
from tests.support.lxd_cluster import LxdCluster, lxd_cluster

LIMIT = 120
SEATS = {"tcpdump": 6, "tp4": 2}


@dataclass(frozen=True)
class Course:
    """A course of its own, whose seats are on the cluster."""

    place: Path
    cluster: LxdCluster

    @property
    def env(self) -> dict[str, str]:
        """The variables that name the course and the engine."""
        folder = self.cluster.machines["m1"].engine_folder
        return {"SHARKLAB_STATE": str(self.place / "state"), "LXD_DIR": str(folder)}

    def run(self, *words: str) -> dict[str, Any]:
        """Type a command and return what it tells a script, with its exit code."""
        begun = time.monotonic()
        done = call_sharklab(*words, "--output", "json", env=self.env)
        assert done.stdout, done.stderr
        print(f"{time.monotonic() - begun:6.1f} s  {' '.join(words[:2])}")
        return {**json.loads(done.stdout), "code": done.returncode}

    def seats(self, verb: str, lab: str, *more: str) -> dict[str, Any]:
        """Type a command about the seats of a lab, which must be good."""
        done = self.run("seats", verb, lab, *more)
        assert 0 == done["code"], json.dumps(done)
        return done

    def up(self, lab: str, *more: str) -> dict[str, Any]:
        """Bring the seats of a lab up, solved."""
        options = ("--provider", "cluster", "--solved", "--os", "debian12")
        return self.seats("up", lab, "--roster", self.roster(lab), *options, *more)

    def roster(self, lab: str) -> str:
        """Return the file with the students of a lab."""
        file = self.place / f"{lab}.csv"
        lines = [f"{name},N,{name}@uni.example" for name in self.students(lab)]
        file.write_text("\n".join(["student,name,email", *lines, ""]))
        return str(file)

    def students(self, lab: str) -> list[str]:
        """Return the students of a lab."""
        return [f"{lab}-{number}" for number in range(SEATS[lab])]

    def states(self, lab: str) -> Mapping[str, set[str]]:
        """Return the states of the hosts of each student, by `seats status`."""
        found = self.seats("status", lab)["seats"]
        return {one["student"]: set(one["hosts"].values()) for one in found}

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Lend a client of the engine, in the project of the course."""
        known = json.loads((self.place / "state" / "course" / "cluster.json").read_text())
        with self.cluster.machines["m1"].client() as engine:
            yield engine.in_project(f"sharklab-{known['id']}")

    def on_client(self, student: str, *words: str) -> None:
        """Run a command on the client of a seat of tcpdump, as root."""
        config = self.place / "state" / "seats" / "tcpdump" / student / "ssh" / "config"
        env = {**os.environ, "LXD_DIR": str(self.cluster.machines["m1"].engine_folder)}
        subprocess.run(["ssh", "-F", config, "client", *words], check=True, env=env, timeout=LIMIT)

    def members(self) -> dict[tuple[str, str], set[str]]:
        """Return the members of all hosts, by lab and student; those on a dead member are left out.

        All of them run: the engine is asked, because each command waits for a member that is dead.
        """
        found: dict[tuple[str, str], set[str]] = {}
        with self.client() as client:
            for one in client.instances.all():
                if one.config:
                    assert Power.RUNNING is one.power, one
                    found.setdefault((one.config[LAB], one.config[STUDENT]), set()).add(one.member)
        return found


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """Start two members of the cluster, and a course that shares the images of this computer."""
    place = tmp_path_factory.mktemp("course")
    own = state.folder(place / "state")
    for name in ("images", "user-namespaces", "disk-files"):
        if (state.root() / name).exists():
            (own / name).symlink_to(state.root() / name)
    with lxd_cluster(2) as cluster:
        yield Course(place, cluster)


def test_seats_come_up_on_all_members(course: Course) -> None:
    """Each seat is on one member. One that joins takes the next seats, until all have about as many.

    The project is restricted.
    """
    course.up("tp4")
    course.cluster.join("m3")
    course.up("tcpdump")
    for lab in SEATS:
        assert {"running"} == set.union(*course.states(lab).values())
    members = course.members()
    assert sum(SEATS.values()) == len(members)
    assert all(len(at) == 1 for at in members.values())
    assert {2, 3} == set(Counter(name for at in members.values() for name in at).values())
    with course.client() as client:
        there = client.projects.find(client.project)
    assert there and PROJECT.items() <= there.config.items()


def test_page_on_a_cluster_shows_its_seats(course: Course) -> None:
    """The example of docs/cluster.md, for two of the seats."""
    folder, names = state.folder(course.place / "page"), {"alice": "tcpdump-0", "bob": "tcpdump-1"}
    lines = [f"{own},{page.title()},{own}@uni.example" for page, own in names.items()]
    (folder / "roster.csv").write_text("\n".join(["student,name,email", *lines, ""]))
    env = {**course.env, "SHARKLAB_OS": "debian12"}
    for shown, printed in doc_console.replay("cluster.md", folder, env, names):
        assert shown == printed


def test_labs_run_and_earn_what_they_should(course: Course) -> None:
    """The same captures, probes and checks as on this computer: every exercise of every seat comes about."""
    for lab in SEATS:
        done = course.seats("run", lab, "--os", "debian12")
        assert {True} == {good for one in done["seats"] for good in one["exercises"].values()}
        checked = course.seats("check", lab, "--roster", course.roster(lab), "-o", str(course.place / lab))
        assert set(course.students(lab)) == set(checked["points"])


def test_students_log_in_through_the_gateway(course: Course) -> None:
    """The gateway carries the login to whatever member the seat is on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    keys, roster = course.place / "keys", course.roster("tcpdump")
    course.run("gateway", "keys", roster, "-o", str(keys))
    course.run("gateway", "start", "--roster", roster, "--listen", "127.0.0.1", "--port", str(port))
    try:
        for student in course.students("tcpdump")[:3]:
            options = ["-F", "none", "-o", f"Port={port}", "-i", str(keys / f"{student}.key")]
            for option in ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"):
                options += ["-o", option]
            said = subprocess.run(
                ["ssh", *options, f"{student}+client@127.0.0.1", "hostname"],
                capture_output=True,
                text=True,
                timeout=LIMIT,
                check=True,
            )
            assert "client\n" == said.stdout
    finally:
        course.run("gateway", "stop")


def test_seats_of_a_dead_member_are_made_elsewhere(course: Course) -> None:
    """They are lost until `seats up`; then they have the same addresses elsewhere. The others went on."""
    before = _addresses(course)
    lost = {key for key, at in course.members().items() if at == {"m3"}}
    course.cluster.kill("m3")
    course.cluster.wait_for("m3", MemberStatus.OFFLINE)
    for lab in SEATS:
        expected = {name: {"lost"} if (lab, name) in lost else {"running"} for name in course.students(lab)}
        assert expected == course.states(lab)
        course.up(lab)
    members = course.members()
    assert sum(SEATS.values()) == len(members)
    assert {"m1", "m2"} == set.union(*members.values()) and all(len(at) == 1 for at in members.values())
    assert before == _addresses(course)


def test_seat_of_an_evacuated_member_moves_with_its_work(course: Course) -> None:
    """`seats up` moves the seats that are asked for; the engine starts the others when the member is back."""
    before = course.members()
    student = next(name for (lab, name), at in before.items() if at == {"m2"} and lab == "tcpdump")
    course.on_client(student, "touch", "work")
    course.cluster.evacuate("m2")
    assert {"stopped"} == course.states("tcpdump")[student]
    course.up("tcpdump", "--only", student)
    course.cluster.restore("m2")
    assert {**before, ("tcpdump", student): {"m1"}} == course.members()
    course.on_client(student, "ls", "work")


def test_nothing_is_left(course: Course) -> None:
    """A dead member keeps the project; when it is back, all of it goes."""
    for lab in SEATS:
        course.seats("down", lab, "--yes")
    with course.client() as client:
        course.cluster.start("m3")
        course.cluster.wait_for("m3", MemberStatus.ONLINE)
        assert 0 == course.run("down", "--all")["code"]
        assert client.projects.find(client.project) is None
        assert [] == client.instances.all(every_project=True)
        assert [] == [one.name for one in client.in_project("default").networks.all() if one.managed]


def _addresses(course: Course) -> dict[str, str]:
    """Return the address that each host has in its first network, as the engine sees it."""
    found = {}
    with course.client() as client:
        for one in client.instances.all():
            if one.config:
                usage = client.instances.usage(one.name)
                found[f"{one.config[STUDENT]} {one.config[HOST]}"] = str(sorted(usage.addresses.items()))
    return found
