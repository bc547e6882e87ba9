"""Every example of a lab in the documentation is run: complete labs as they are printed, parts in one lab.

The runs are graded, too: `sharklab prove` holds, and each hint is given in its situation.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from sharklab.author import capture_edits, reference
from sharklab.author.mutants import Original
from sharklab.evidence.capture import RecordedCapture
from sharklab.evidence.packets import records
from sharklab.evidence.packets.container import open_capture
from sharklab.evidence.packets.records import Pcap
from sharklab.grading.marking.case import gather
from sharklab.grading.marking.marks import mark
from sharklab.grading.submission.model import Submission
from sharklab.lab import plan_file
from sharklab.lab.model import Plan
from sharklab.message import prose
from tests.conftest import Call, misjudged
from tests.support import doc_examples as examples
from tests.support import fixed_course

LABS = dict(examples.written())
FLAGS_AT = 14 + 20 + 13
"""Where a packet over Ethernet and IPv4 has its TCP flags (RFC 9293, 3.1)."""


@dataclass(frozen=True)
class Ran:
    """A lab of the documentation after `sharklab run`: folder, student, exit code, what was printed."""

    lab: Path
    student: str
    code: int
    said: Mapping[str, Any]

    @property
    def folder(self) -> Path:
        """Return the folder of the run."""
        return Path(self.said["run"])


@dataclass(frozen=True)
class Work:
    """What a student hands in, in which all is right, and the exercise that goes wrong."""

    plan: Plan
    right: Submission
    exercise: str
    place: Path

    @property
    def pcap(self) -> Pcap:
        """Return the capture of the exercise."""
        return records.read(open_capture(self.right.captures[self.exercise]))

    def with_capture(self, pcap: Pcap) -> Submission:
        """Return the submission with another capture in its place."""
        file = self.place / f"{self.exercise}.pcap"
        records.write(file, pcap)
        return replace(self.right, captures={**self.right.captures, self.exercise: file})


@pytest.fixture(scope="module", params=LABS)
def ran(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    sharklab: Call,
    student: Callable[[str], str],
) -> Iterator[Ran]:
    """Write the lab, run it once, and remove its seat afterwards."""
    lab = tmp_path_factory.mktemp("labs") / request.param
    examples.write(lab, LABS[request.param])
    name = student("docs")
    try:
        done = sharklab("run", f"{lab}", "--student", name, "--output", "json")
        assert done.stdout, done.stderr
        yield Ran(lab, name, done.returncode, json.loads(done.stdout))
    finally:
        sharklab("down", f"{lab}", "--student", name)


def test_every_exercise_is_achieved(ran: Ran) -> None:
    """What the page promises comes about: exit code 0, and no exercise that is not achieved."""
    missed = [name for name, achieved in ran.said["exercises"].items() if not achieved]
    assert (0, []) == (ran.code, missed)


def test_brief_shows_the_addresses_of_the_seat(ran: Ran, sharklab: Call) -> None:
    """The lab whose brief the page shows has it in each language; other examples have none."""
    server = str(plan_file.read(ran.folder / "plan.json").seat.address("server", "lan").ipv4.ip)
    shown = [
        server in sharklab("brief", f"{ran.lab}", "--student", ran.student, "--lang", code).stdout
        for code in ("fr", "en")
    ]
    assert [ran.lab.name in examples.briefs()] * 2 == shown


def test_seat_is_shown_by_the_name_of_its_lab(ran: Ran, sharklab: Call) -> None:
    """The lab lies outside `labs/`: while its seat is up, `status` and other verbs know it by its name."""
    done = sharklab("status", ran.lab.name, "--student", ran.student, "--output", "json")
    [seat] = json.loads(done.stdout)["seats"]
    assert {"running"} == set(seat["hosts"].values())
    done = sharklab(
        "shell", ran.lab.name, next(iter(seat["hosts"])), "--student", ran.student, "--", "id", "-un"
    )
    assert (0, "student") == (done.returncode, done.stdout.strip()), done.stderr


def test_grading_is_proved(ran: Ran) -> None:
    """What is right earns every point, nothing earns none, and every single fault loses just its own."""
    assert [] == misjudged(ran.folder, str(ran.lab))


def test_play_of_the_examples_holds(ran: Ran, sharklab: Call, tmp_path: Path) -> None:
    """Start states and a fault of the pages earn what they should, in every act of the play."""
    if ran.lab.name == "examples":
        own = fixed_course.make(tmp_path / "state")
        lab = Path(shutil.copytree(ran.lab, tmp_path / ran.lab.name))
        content = played(yaml.safe_load((lab / "lab.yml").read_text()))
        (lab / "lab.yml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
        done = sharklab("prove", f"{lab}", "--play", "--output", "json", env=own)
        assert '"acts"' in done.stdout, done.stdout + done.stderr
        acts = {act["title"]: act["wrong"] for act in json.loads(done.stdout)["acts"]}
        assert {} == {title: wrong for title, wrong in acts.items() if wrong}
        assert ACTS <= set(acts)


ACTS = {"solved alone: site", "start, after the reset", "faults 1/1, repaired, after a reboot"}
"""Some of the acts: of the start state, and of the fault."""


ROLES = ("common", "firewall", "ssh_server", "web_server", "certificate")
"""The roles that the play needs. With `desktop_apps`, their packages are those of the other labs here."""


def played(lab: dict[str, Any]) -> dict[str, Any]:
    """Return a lab with its exercises that are played, and their hosts with what these exercises need.

    All other hosts and roles, and each further fault of a list, would only be started six times more.
    """
    exercises = [each for each in lab["exercises"] if each.keys() & {"start", "faults"}]
    for each in exercises:
        each |= {key: [[faults[0]] for faults in each[key]] for key in each.keys() & {"faults"}}
    talks = [each["conversation"] for each in exercises]
    asks, answers = ({each[side] for each in talks} for side in ("client", "server"))
    hosts = {name: host for name, host in lab["hosts"].items() if name in asks | answers}
    for name, host in hosts.items():
        own = [role for role in host["roles"] if role in ROLES]
        host["roles"] = own + ["desktop_apps"] * (name in asks)
        host["vars"] = {key: value for key, value in host["vars"].items() if key.startswith(ROLES)}
    return {**lab, "matrices": [], "hosts": hosts, "exercises": exercises}


def test_each_hint_is_given_in_its_situation(ran: Ran, tmp_path: Path) -> None:
    """A student in the situation that a hint names reads that hint."""
    plan, right = reference.reference(ran.folder)
    cases = gather(plan, right)
    known = {each.path: each for case in cases for each in case.context.captures.values()}
    wrong = []
    for exercise, criterion, hint in hints(yaml.safe_load((ran.lab / "lab.yml").read_text())):
        [(situation, how)] = hint.get("when", {"": None}).items()
        given = SITUATIONS[situation](Work(plan, right, exercise, tmp_path), how)
        if (
            prose({code: hint[code] for code in ("fr", "en")})
            != marked(plan, given, known)[exercise, criterion]
        ):
            wrong.append((exercise, criterion, situation))
    assert [] == wrong


def hints(lab: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield each hint of a lab with its exercise and criterion."""
    for exercise in lab["exercises"]:
        beside = {each["id"]: each.get("hints", []) for each in exercise.get("criteria", ())}
        for criterion, found in {**beside, **exercise.get("hints", {})}.items():
            yield from ((exercise["id"], criterion, hint) for hint in found)


def marked(
    plan: Plan, submission: Submission, known: Mapping[Path, RecordedCapture]
) -> Mapping[tuple[str, str], Any]:
    """Return the hint that a submission is given for each criterion; `known` are captures that were read."""
    result = mark(plan, submission, gather(plan, submission, known))
    return {(each.id, mark.criterion): mark.hint for each in result.exercises for mark in each.marks}


def elsewhere(work: Work, how: str) -> Submission:
    """Return a submission with the capture of another seat's network."""
    assert "elsewhere" == how
    other = Original(work.plan, work.right, (), work.place).other
    return work.with_capture(capture_edits.of_seat(work.pcap, work.plan.seat, other))


def lacking(flag: int, work: Work, how: object) -> Submission:
    """Return a submission whose capture lacks the TCP segments with this flag."""
    flags = [record.data[FLAGS_AT] for record in work.pcap.records]
    return work.with_capture(
        capture_edits.without(work.pcap, (n for n, f in enumerate(flags, 1) if f & flag))
    )


def mixed_up(work: Work, pair: list[str]) -> Submission:
    """Return a submission that answers one question with what is right for another."""
    asked, taken_for = pair
    own = work.right.answers[work.exercise]
    answers = {**work.right.answers, work.exercise: {**own, asked: own[taken_for]}}
    return replace(work.right, answers=answers)


def nothing(work: Work, how: object) -> Submission:
    """Return a submission without a capture and without an answer: no criterion of it is passed."""
    return replace(work.right, captures={}, answers={})


SITUATIONS: Mapping[str, Callable[[Work, Any], Submission]] = {
    "": nothing,  # a hint without `when`
    "captures": elsewhere,
    "mixed_up": mixed_up,
    "not": partial(lacking, 0x02),  # begun too late: no SYN
    "check": partial(lacking, 0x01),  # ended too early: no FIN
}
"""By the word of `when`: a submission of that situation."""
