"""The play of faults: each fault once, with what it must cost, and each repair, before and after a reboot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sharklab import process
from sharklab.cli import fault_play, flow, play, seats
from sharklab.hosts import faults
from sharklab.lab import fault_catalogue, fault_choice
from sharklab.lab.model import ExpectedConversation, Plan
from sharklab.message import N_, Message
from sharklab.progress import Progress
from tests.support import faults_sample as sample


class World:
    """A seat of pannes without hosts: the faults that are in, and what a look at it earns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **wrong: Any) -> None:
        self.wrong = wrong
        self.present: dict[str, str] = {}
        self.seen: Counter[str] = Counter()
        self.rebooted, self.resets, self.removed = False, 0, 0
        maker = SimpleNamespace(keep=lambda plan: None, reset=self._reset, adapt=lambda plan: plan)
        monkeypatch.setattr(flow, "up", lambda *words: None)
        monkeypatch.setattr(flow, "layers_of", lambda *words: None)
        monkeypatch.setattr(seats, "provider_of", lambda own: maker)
        monkeypatch.setattr(seats, "down", self._down)
        monkeypatch.setattr(faults, "inject", self._inject)
        monkeypatch.setattr(faults, "repair", self._repair)
        monkeypatch.setattr(fault_play, "find_lost_hosts", self._reboot)
        monkeypatch.setattr(fault_play, "_look", self._look)

    def _down(self, *words: object) -> None:
        self.removed += 1

    def _reset(self, *words: object) -> None:
        self.resets += 1
        self.present.clear()

    def _inject(self, plan: Plan, ids: Collection[str], progress: object) -> None:
        self.rebooted = False
        for id in ids:
            [self.present[id]] = plan.seat.faults[id]
            self.seen[self.present[id]] += 1

    def _repair(self, plan: Plan, ids: Collection[str], name: str, progress: object) -> None:
        assert {*ids} <= {*self.present}
        for id in ids:
            if self.wrong.get("stays") != (self.present[id], name):
                del self.present[id]

    def _reboot(self, plan: Plan) -> list[Message]:
        self.rebooted = True
        healed = [id for id, fault in self.present.items() if fault_catalogue.find(fault).lasts == "now"]
        for id in healed:
            del self.present[id]
        return (
            [Message(N_("{host} did not come back."), {"host": "server"})] if self.wrong.get("gone") else []
        )

    def _look(self, plan: Plan, record: bool = False) -> dict[str, float]:
        """Return what is earned: a fault costs the repair, and shows its packets."""
        harmless, silent = self.wrong.get("harmless"), self.wrong.get("silent")
        found = {}
        for exercise in plan.lab.exercises:
            fault = self.present.get(exercise.id)
            found[f"{exercise.id}/repaired"] = 0.0 if fault and fault != harmless else 1.0
            if record:
                found[f"{exercise.id}/proof"] = 1.0 if fault and fault != silent else 0.0
        return found


def acts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **wrong: Any) -> tuple[World, list[play.Act]]:
    """Play the faults of pannes in a world where this goes wrong."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    world = World(monkeypatch, **wrong)
    return world, list(fault_play.play("pannes", "nspawn", "debian12", Progress()))


def test_play_has_every_fault_of_every_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each fault is in its round; one with two repairs, or that a reboot heals, is injected twice."""
    world, played = acts(monkeypatch, tmp_path)
    assert [] == [act for act in played if not act.holds]
    assert {*fault_choice.list_faults(sample.lab())} == {*world.seen}
    for id, times in world.seen.items():
        fault = fault_catalogue.find(id)
        assert len([*faults.repairs(id)]) + (fault.lasts == "now") == times
    count = max(len(exercise.faults[0]) for exercise in sample.lab().exercises)
    assert (count - 1, 1) == (world.resets, world.removed)
    assert count * 4 <= len(played) <= count * 6


@pytest.mark.parametrize(
    ("wrong", "act", "criterion"),
    [
        ({"harmless": "fw-rich-deny"}, "faults {number}/{count}: {faults}", "mail/repaired"),
        ({"silent": "dns-off"}, "faults {number}/{count}: {faults}", "name/proof"),
        ({"stays": ("svc-off", "repair")}, "faults {number}/{count}, repaired", "page/repaired"),
        (
            {"stays": ("ssh-first-wins", "repair_another")},
            "faults {number}/{count}, repaired in another way",
            "backup/repaired",
        ),
    ],
)
def test_play_names_the_criterion_of_a_wrong_fault(
    wrong: dict[str, Any], act: str, criterion: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the fault, in the act that shows it first."""
    _, played = acts(monkeypatch, tmp_path, **wrong)
    first = next(each for each in played if not each.holds)
    [said] = first.wrong
    [(_, fault)] = wrong.items()
    fault = fault if isinstance(fault, str) else fault[0]
    assert (act, criterion) == (first.title.msgid, said.values["name"])
    assert fault in said.values["fault"]


def test_play_names_a_host_that_is_lost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fault that keeps a host from its start is none for students."""
    _, played = acts(monkeypatch, tmp_path, gone=True)
    first = next(each for each in played if not each.holds)
    assert "faults {number}/{count}, after a reboot" == first.title.msgid
    assert "{host} did not come back." == first.wrong[0].msgid


def test_play_of_a_lab_without_faults_is_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No seat is made for it."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    world = World(monkeypatch)
    assert [] == list(fault_play.play("tp4", "nspawn", "debian12", Progress()))
    assert 0 == world.removed


def test_rounds_of_two_lists_have_one_fault_of_each() -> None:
    """A list that has no more faults leaves the rest of its exercise alone."""
    plan = sample.plan()
    first = replace(plan.lab.exercises[0], faults=(("fw-rich-deny", "fw-wrong-zone"), ("svc-off",)))
    plan = replace(plan, lab=replace(plan.lab, exercises=(first,)))
    assert [
        {"mail": ("fw-rich-deny", "svc-off")},
        {"mail": ("fw-wrong-zone",)},
    ] == fault_play.rounds(plan)


@pytest.mark.parametrize(
    ("fault", "rebooted", "earned", "wrong"),
    [
        ("svc-not-enabled", False, {"page/repaired": 0.0, "page/proof": 0.0}, 0),  # it shows after a reboot
        ("svc-not-enabled", True, {"page/repaired": 1.0, "page/proof": 0.0}, 2),
        ("fw-not-reloaded", True, {"page/repaired": 0.0, "page/proof": 0.0}, 1),  # a reboot heals it
        ("svc-off", True, {"page/repaired": 0.0, "page/proof": 1.0}, 0),
        ("svc-off", False, {"page/repaired": 1.0}, 1),
    ],
)
def test_compare_knows_when_a_fault_shows(
    fault: str, rebooted: bool, earned: Mapping[str, float], wrong: int
) -> None:
    """By the time that it lasts."""
    noticed = fault_play._after_a_reboot if rebooted else fault_play._at_once
    assert wrong == len([*fault_play._compare(sample.plan(page=fault), earned, noticed)])


def test_compare_does_not_expect_the_loss_of_another_port() -> None:
    """A fault at the port of the exercise leaves a criterion about another port alone."""
    plan = sample.plan(mail="fw-rich-deny")
    [mail] = [each for each in plan.lab.exercises if each.id == "mail"]
    other = replace(mail, conversation=ExpectedConversation("client", "server", "tcp", 22))
    plan = replace(plan, lab=replace(plan.lab, exercises=(other,)))
    assert [] == [*fault_play._compare(plan, {"mail/repaired": 1.0}, fault_play._at_once)]


def test_look_records_the_captures_of_the_exercises(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Folders of other hosts are mounted anew while the captures run, and then the hosts are looked at."""
    plan, done = sample.plan(), list[str]()
    plan = replace(plan, seat=replace(plan.seat, folder=tmp_path))

    @contextmanager
    def record(wanted: Sequence[Any]) -> Iterator[None]:
        done.extend(f"record {machine.name} {order.interface}" for machine, order, _ in wanted)
        yield
        done.append("end")

    def ask(machines: Sequence[Any], asked: Callable[[Any], object]) -> None:
        done.extend(f"{machine.name} {asked(machine)}" for machine in machines)

    monkeypatch.setattr(fault_play, "recordings", record)
    monkeypatch.setattr(fault_play, "ask_all", ask)

    def observe(plan: Plan) -> dict[str, Any]:
        done.append("look")
        return {}

    monkeypatch.setattr(process, "run", lambda words, stdin: words[-1][-4:])
    monkeypatch.setattr(fault_play, "observe", observe)
    monkeypatch.setattr(fault_play, "shares", lambda plan, state, paths=None: dict.fromkeys(paths or (), 1.0))
    assert {"mail", "login", "share", "name", "page", "archive", "backup"} == {
        *fault_play._look(plan, record=True)
    }
    assert {"record client lan", "record server lan"} == {*done[:7]}
    assert [plan.seat.share[-4:] in done[7], "look", "end"] == [True, *done[8:]]
    assert {} == fault_play._look(plan)
