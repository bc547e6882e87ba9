"""The student's work on a seat: which exercise, which hosts, and what is noted of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli import ended_hosts, flow, solution
from sharklab.errors import InputError, MachineryError
from sharklab.grading.submission.model import Submission
from sharklab.hosts import configuration, faults, playbook, seat_provider
from sharklab.hosts.configuration import Configuration
from sharklab.hosts.image import NOTHING
from sharklab.hosts.providers.provider import NewHosts
from sharklab.hosts.providers.this_computer import CONTAINERS
from sharklab.lab import diary, plan_file, seat
from sharklab.lab.model import Exam, Plan
from sharklab.lab.plan import make_plan
from sharklab.message import Message
from sharklab.progress import Progress
from tests.support import faults_sample
from tests.support.errors import error_of


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plan:
    """Return the plan of a seat of tp4 that is up in its start state."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    own = flow.to_begin(flow.prepare("tp4", "ada"), solved=False)
    plan_file.save(own)
    seat_provider.write(state.folder(own.seat.folder), "nspawn")
    return own


def test_read_is_the_seat_as_it_stands(plan: Plan) -> None:
    """With what is solved of it. A seat that is not up, or began solved, has no work to speak of."""
    assert plan == solution.read(flow.look_up("tp4", "ada"))
    error = error_of(MachineryError, solution.read, flow.look_up("tp4", "bob"))
    assert "seat {lab}/{student} is not up" == error.message_id
    plan_file.save(flow.prepare("tp4", "eve"))
    refused = error_of(InputError, solution.read, flow.look_up("tp4", "eve"))
    assert "tp4" == refused.values["lab"]


def test_a_solution_that_was_taken_stays_noted_without_the_diary(plan: Plan) -> None:
    """Whoever removes the diary has the changes of the solution in the seat, and its plan."""
    found = Submission("tp4", "ada", plan.seat.id, plan.seat.folder)
    diary.solve(plan.seat, ["ssh"])
    configuration.note(plan, ["dns"], {"client": "a diff"})
    plan_file.save(replace(plan, solved=("nfs",)))
    assert ("dns", "nfs", "ssh") == solution.with_state(plan, found, {}, 1.0).manifest["solved"]
    (state.root() / "diary" / "tp4" / "ada.json").unlink()
    assert ("dns", "nfs") == solution.with_state(plan, found, {}, 1.0).manifest["solved"]


def test_run_and_solved_are_refused_on_a_students_seat(plan: Plan) -> None:
    """The start state is the student's own: nothing solves it by the way."""
    sentence = "this seat is in its start state, for a student's own work"
    for call in (flow.refuse_start, lambda own: flow.to_begin(own, solved=True)):
        assert sentence == error_of(InputError, call, flow.prepare("tp4", "ada")).message_id
    flow.refuse_start(flow.prepare("tp4", "bob"))
    assert () == flow.to_begin(flow.prepare("tp4", "bob"), solved=True).start
    assert plan == flow.to_begin(flow.prepare("tp4", "ada"), solved=False)


def test_exercises_and_hosts_by_name(plan: Plan) -> None:
    """One, or all of them; a host of the lab is a name, too. Others are told."""
    assert (plan.start, ("nfs",)) == (solution.exercises(plan, ""), solution.exercises(plan, "nfs"))
    error = error_of(InputError, solution.exercises, plan, "web")
    assert ("web", "firewall, ssh, nfs, dns") == (error.values["name"], error.values["known"])
    assert ("server", "client") == solution.hosts_to_reset(plan, "nfs")
    assert ("desktop",) == solution.hosts_to_reset(plan, "desktop")
    assert ("server", "client", "desktop") == solution.hosts_to_reset(plan, "")
    assert ("firewall", "ssh", "dns") == solution.exercises_on(plan, ["desktop"])
    assert plan.start == solution.exercises_on(plan, ["server"])  # the key of ssh lies there


def test_solve_notes_what_it_changes(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exercise costs its points from the beginning; a solution without a change is no second note."""
    moments = [{"client": {"/etc/fstab": ""}}, {"client": {"/etc/fstab": "a mount\n"}}]
    applied: list[Sequence[str]] = []

    def apply(plan: Plan, ids: Sequence[str], *rest: object) -> Plan:
        assert set(ids) <= set(diary.list_solved(plan.seat))
        applied.append(ids)
        return plan

    def read(plan: Plan, hosts: Sequence[str]) -> dict[str, Configuration]:
        assert ["server", "client"] == list(hosts)
        told = {"server": {}, **(moments.pop(0) if len(moments) > 1 else moments[0])}
        return {name: Configuration(texts) for name, texts in told.items()}

    monkeypatch.setattr(flow, "solve", apply)
    monkeypatch.setattr(configuration, "read", read)
    changes = solution.solve(plan, ["nfs"], Progress())
    assert (["client"], True) == (list(changes), "+a mount" in changes["client"])
    assert {} == solution.solve(plan, ["nfs"], Progress())
    assert [["nfs"]] == [entry["exercises"] for entry in configuration.solutions(plan)]
    assert [["nfs"], ["nfs"]] == applied


def test_solutions_that_fail_are_noted_as_far_as_they_came(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one adds the rest, or what it repaired. After a reset a solution is noted anew."""
    now = {"server": "", "client": ""}

    def play(name: str, *rest: object, **words: object) -> None:
        assert "solve" == name
        now["server"] += "exports\n"
        if "exports\nexports\n" != now["server"]:
            raise playbook.PlaybookFailed("the client finds no server", hint="up")
        now["client"] += "mount\n"

    def read(plan: Plan, hosts: Sequence[str]) -> dict[str, Configuration]:
        return {host: Configuration({"/etc/x": now[host]}) for host in hosts}

    def noted() -> list[dict[str, list[str]]]:
        lines = "+exports", "+mount"
        return [
            {host: [line for line in text.splitlines() if line in lines] for host, text in own.items()}
            for own in (entry["hosts"] for entry in configuration.solutions(plan))
        ]

    monkeypatch.setattr(playbook, "run", play)
    monkeypatch.setattr(ended_hosts, "_find", lambda *words: {})
    monkeypatch.setattr(configuration, "read", read)
    error = error_of(playbook.PlaybookFailed, solution.solve, plan, ["nfs"], Progress())
    assert ("the client finds no server", flow.SOLVE_AGAIN) == (error.message_id, error.hint_id)
    assert [{"server": ["+exports"]}] == noted()
    solution.solve(solution.read(plan), ["nfs"], Progress())
    assert [{"server": ["+exports", "+exports"], "client": ["+mount"]}] == noted()
    plan_file.save(plan)  # as a reset leaves it
    now.update(server="exports\n", client="")
    solution.solve(solution.read(plan), ["nfs"], Progress())
    assert [{"server": ["+exports"], "client": ["+mount"]}] == noted()


def test_a_host_that_ended_leaves_the_cause_of_a_failed_solution(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its changes cannot be read any more; the error is the first one."""
    asked: list[Sequence[str]] = []

    def read(plan: Plan, hosts: Sequence[str]) -> dict[str, Configuration]:
        asked.append(hosts)
        if len(asked) > 1:
            raise MachineryError("no answer")
        return {host: Configuration({}) for host in hosts}

    def fail(*words: object) -> Plan:
        raise ended_hosts.HostEnded("a host ended")

    monkeypatch.setattr(configuration, "read", read)
    monkeypatch.setattr(flow, "solve", fail)
    error_of(ended_hosts.HostEnded, solution.solve, plan, ["nfs"], Progress())
    assert (2, []) == (len(asked), configuration.solutions(plan))


def test_reset_forgets_what_was_solved_on_its_hosts(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The diary does not: the solution was seen. Work on other hosts stays solved."""
    diary.solve(plan.seat, ["nfs", "ssh"])
    solved = make_plan(plan.source, plan.seat, begun=plan.start, solved=("ssh", "nfs"))
    asked: list[Sequence[str]] = []

    def put_back(self: object, plan: Plan, hosts: Sequence[str], *rest: object) -> Sequence[Message]:
        asked.append(hosts)
        return (Message("told"),)

    monkeypatch.setattr(type(CONTAINERS), "reset", put_back)
    monkeypatch.setattr(flow, "own_layers", lambda *words: NOTHING)
    assert (Message("told"),) == solution.reset(solved, ("desktop",), Progress())
    now = solution.read(flow.look_up("tp4", "ada"))
    assert ([("desktop",)], ("nfs",)) == (asked, now.solved)
    assert ("nfs", "ssh") == diary.list_solved(plan.seat)


@pytest.mark.parametrize(
    ("hosts", "injected"), [(("server",), ["login", "share"]), (("client",), []), (("router",), [])]
)
def test_reset_injects_again_what_the_start_of_a_host_heals(
    hosts: tuple[str, ...], injected: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The disk that is put back has all other faults. A host that goes on is as the student left it."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    own = faults_sample.plan(login="ssh-nologin", share="nfs-not-exported", page="svc-off")
    seat_provider.write(state.folder(own.seat.folder), "nspawn")
    calls: list[str] = []
    monkeypatch.setattr(type(CONTAINERS), "reset", lambda *words: calls.append("reset"))
    monkeypatch.setattr(flow, "own_layers", lambda *words: NOTHING)
    monkeypatch.setattr(faults, "inject", lambda plan, ids, say: calls.extend(ids))
    solution.reset(own, hosts, Progress())
    assert ["reset", *injected] == calls


def test_up_after_an_interrupted_solution_keeps_the_start(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hosts only start: half a solution is neither set up again nor kept as the start state."""
    calls: list[str] = []
    monkeypatch.setattr(flow, "layers_of", lambda *words: NOTHING)
    monkeypatch.setattr(playbook, "run", lambda name, *words, **more: calls.append(name))
    monkeypatch.setattr(type(CONTAINERS), "make", lambda *words: NewHosts({}, {}))
    for name in ("up", "keep"):
        monkeypatch.setattr(type(CONTAINERS), name, lambda *words, name=name: calls.append(name))
    flow.up(plan, "nspawn", "debian12", Progress())
    assert ["personalise", "up", "keep"] == calls
    half = make_plan(plan.source, plan.seat, begun=plan.start, solved=("nfs",))
    plan_file.save(half)
    flow.up(flow.to_begin(flow.prepare("tp4", "ada"), solved=False), "nspawn", "debian12", Progress())
    assert ["personalise", "up", "keep", "up"] == calls
    assert half == solution.read(flow.look_up("tp4", "ada"))


def test_a_seat_is_one_that_began_or_one_of_the_instructor(plan: Plan) -> None:
    """A lab without an exercise for any machine, and an exam, need a seat in any case."""
    own, lab = plan, plan.lab
    hosts_alone = replace(lab, exercises=tuple(each for each in lab.exercises if not each.anywhere))
    assert not solution.has_seat(own)
    assert solution.has_seat(replace(own, lab=hosts_alone))
    assert solution.has_seat(replace(own, lab=replace(lab, exam=Exam(90))))
    given = seat.find_imported_file(own.seat.lab, own.seat.student)
    state.write(state.folder(given.parent) / given.name, '{"seat": {}}', 0o600)
    assert solution.has_seat(own)
    given.unlink()
    diary.begin(own.seat)
    assert solution.has_seat(own)
