"""The play: what each act says when the grading is right, and when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli import flow, play, seats, solution
from sharklab.errors import Busy
from sharklab.evidence import host_state
from sharklab.hosts import configuration
from sharklab.hosts import reboot as reboots
from sharklab.hosts.configuration import Configuration
from sharklab.hosts.reboot import Reboot
from sharklab.i18n import translator
from sharklab.lab.model import Plan
from sharklab.message import Message
from sharklab.progress import Progress
from tests.support.errors import error_of

FOREIGN = Path(__file__).parents[2] / "data" / "dns.pcap"
ALL = ("firewall", "ssh", "nfs", "dns")


class World:
    """A seat without hosts: what is solved on it, and what goes wrong."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **wrong: Any) -> None:
        self.solved: set[str] = set()
        self.wrong = wrong
        self.removed = self.looks = 0
        monkeypatch.setattr(flow, "up", lambda *words: None)
        monkeypatch.setattr(seats, "down", self._down)
        monkeypatch.setattr(solution, "read", lambda plan: plan)
        monkeypatch.setattr(solution, "solve", self._solve)
        monkeypatch.setattr(solution, "reset", lambda *words: self.solved.clear())
        monkeypatch.setattr(configuration, "read", self._read)
        monkeypatch.setattr(reboots, "reboot", self._reboot)
        monkeypatch.setattr(play, "ask_all", lambda *words: {})
        monkeypatch.setattr(play, "observe", lambda plan: {})
        monkeypatch.setattr(play, "shares", self._shares)

    def _down(self, *words: object) -> None:
        self.removed += 1

    def _solve(self, plan: Plan, ids: Sequence[str], progress: Progress) -> dict[str, str]:
        again = set(ids) <= self.solved
        self.solved |= set(ids)
        return {"server": "+again"} if again and self.wrong.get("twice") else {}

    def _read(self, plan: Plan, hosts: Sequence[str]) -> dict[str, Configuration]:
        self.looks += 1
        left = self.wrong.get("left") and self.looks == 1
        return {host: Configuration({"/etc/fstab": "" if left else "a\n"}) for host in hosts}

    def _reboot(self, plan: Plan) -> dict[str, Reboot]:
        return {"server": self.wrong.get("reboot", Reboot("1", "2", 3.0, "degraded"))}

    def _shares(self, plan: Plan, state: object) -> dict[str, float]:
        early, needy = self.wrong.get("early"), self.wrong.get("needy")
        earned = {name for name in self.solved if name != needy or len(self.solved) > 1}
        return {f"{name}/x": 1.0 if name in earned or name == early else 0.0 for name in ALL}


def acts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **wrong: Any) -> tuple[World, list[play.Act]]:
    """Play tp4 in a world where this goes wrong."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    world = World(monkeypatch, **wrong)
    return world, list(play.play("tp4", "nspawn", "debian12", Progress()))


def test_play_of_a_right_lab_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each exercise is solved alone, then all are; the seat is removed before and after."""
    world, played = acts(monkeypatch, tmp_path)
    assert (10, []) == (len(played), [act for act in played if not act.holds])
    assert ["firewall", "ssh", "nfs", "dns"] == [
        act.title.values["exercise"] for act in played if "exercise" in act.title.values
    ]
    assert 2 == world.removed
    assert 10 == len(play.table(played, translator("en")).splitlines())


@pytest.mark.parametrize(
    ("wrong", "sentence", "act"),
    [
        ({"early": "dns"}, "{name} earns points without the work", "start"),
        ({"needy": "nfs"}, "{name} does not earn all", "solved alone: {exercise}"),
        ({"twice": True}, "changed on {host}:\n{changes}", "all solved once more"),
        (
            {"reboot": Reboot("1", reason=Message("no answer"))},
            "{host} did not come back.",
            "all solved, after a reboot",
        ),
        (
            {"reboot": Reboot("1", "2", 120.0, "starting")},
            "{host} did not start all its units in time.",
            "all solved, after a reboot",
        ),
        ({"left": True}, "changed on {host}:\n{changes}", "vandalism, then reset"),
    ],
)
def test_play_names_the_act_that_goes_wrong(
    wrong: dict[str, Any], sentence: str, act: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the criterion, or the host and its changes."""
    _, played = acts(monkeypatch, tmp_path, **wrong)
    first = next(each for each in played if not each.holds)
    assert (act, sentence) == (first.title.msgid, first.wrong[0].msgid)
    assert "✗" in play.table(played, translator("en"))


def test_a_lab_is_played_once_at_a_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A second play of a lab is refused before it removes the seat of the first one; another lab is free."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    with play.hold("tp4"), play.hold("pannes"):
        error = error_of(Busy, play.hold("tp4").__enter__)
    assert Message("the play of {lab}", {"lab": "tp4"}) == error.values["what"]
    with play.hold("tp4"):
        pass


def test_compare_names_a_solution_that_does_not_earn_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solved exercise has to earn every point; one that has a part in common with it may earn some."""
    plan = flow.to_begin(flow.prepare("tp4", "ada"), solved=False)
    shares = {"nfs/mount": 0.5, "dns/resolver": 0.0, "firewall/server": 1.0}
    monkeypatch.setattr(play, "observe", lambda plan: {})
    monkeypatch.setattr(play, "shares", lambda *words: shares)
    [wrong] = play._compare(plan, ("nfs",))
    assert ("{name} does not earn all", "nfs/mount") == (wrong.msgid, wrong.values["name"])
    wrongs = [each.values["name"] for each in play._compare(plan, ("ssh",))]
    assert ["nfs/mount", "firewall/server"] == wrongs


def test_shares_are_those_of_criteria_on_hosts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A seat whose hosts say nothing earns nothing; criteria on captures do not count."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setattr(host_state, "observe", lambda *words: {})
    plan = flow.to_begin(flow.prepare("tp4", "ada"), solved=False)
    shares = play.shares(plan, play.observe(plan))
    assert {0.0} == set(shares.values())
    assert {"firewall/server", "nfs/mount", "dns/resolver"} <= set(shares)
    assert not {"nfs/handshake", "web/handshake"} & set(shares)


def test_shares_of_recorded_faults_have_their_packets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A capture of other hosts does not show them: the criterion counts, and earns nothing."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    plan = flow.to_begin(flow.prepare("pannes", "ada"), solved=True)
    assert "mail/proof" not in play.shares(plan, {})
    assert 0.0 == play.shares(plan, {}, {"mail": FOREIGN})["mail/proof"]
