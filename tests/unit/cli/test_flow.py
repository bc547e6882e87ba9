"""The flow: what its steps hand to one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.cli import flow
from sharklab.errors import InputError, MachineryError
from sharklab.hosts import inventory
from sharklab.hosts.image import Layers
from sharklab.hosts.providers import baking
from sharklab.lab import load, seat
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan
from sharklab.progress import Progress
from tests.support import report_run
from tests.support.errors import error_of


@pytest.fixture
def baked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Plan]:
    """Collect the plans that would be baked, and stop before any host is started."""
    plans: list[Plan] = []

    def layers(golden: Plan, *rest: object) -> Layers:
        plans.append(golden)
        raise InterruptedError

    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setattr(baking, "layers", layers)
    return plans


def test_up_bakes_nothing_of_a_students(baked: list[Plan]) -> None:
    """Two students' hosts are made from one image, and it holds no value of theirs."""
    for student in ("ada", "grace"):
        plan = flow.prepare("tp4", student)
        with pytest.raises(InterruptedError):
            flow.up(plan, "nspawn", "debian12", Progress())
    assert baked[0].lab.data == baked[1].lab.data
    own = seat.register(flow.prepare("tp4", "ada").lab, "ada")
    assert own.token not in str(baked[0].lab.data) and own.password not in str(baked[0].lab.data)


def test_look_up_is_the_plan_of_prepare_and_registers_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Reading a plan leaves the course's register as it is; preparing one enters the seat."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    register = tmp_path / "course" / "seats.json"
    plan = flow.look_up("tp4", "ada")
    assert not register.exists()
    assert plan == flow.prepare("tp4", "ada")
    before = register.read_bytes()
    flow.look_up("tp4", "grace")
    assert before == register.read_bytes()


def test_up_refuses_an_unknown_provider_before_anything_is_made(baked: list[Plan]) -> None:
    """A misspelt provider leaves no seat behind and builds no image."""
    plan = flow.prepare("tp4", "ada")
    error = error_of(InputError, flow.up, plan, "cloud", "debian12", Progress())
    assert ("there is no provider {name!r}", "cloud") == (error.message_id, error.values["name"])
    assert (baked, plan.seat.folder.exists()) == ([], False)


def test_prepare_of_another_pace_needs_no_provisioning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What only a run takes (probes, captures, time limits) does not set hosts up again."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    lab = load.read(Path(__file__).parents[2] / "golden" / "labs" / "matrix" / "lab.yml")
    own = seat.register(lab, "ada")
    fast, real = (make_plan(lab, own, pace) for pace in ("fast", "real"))
    assert inventory.build(fast) != inventory.build(real)
    assert inventory.provisioned(fast) == inventory.provisioned(real)


def test_write_reports_refuses_a_run_that_was_changed(tmp_path: Path) -> None:
    """No report is written of evidence that is not as the run left it."""
    report_run.seal(tmp_path, ["ssh"])
    report_run.TAMPERINGS[0][0](tmp_path)
    with pytest.raises(MachineryError) as caught:
        flow.write_reports(tmp_path, ("en",), Progress())
    assert report_run.TAMPERED == caught.value.message_id
    assert [] == list(tmp_path.glob("report.*"))


def test_write_reports_of_a_run_that_was_interrupted(tmp_path: Path) -> None:
    """A run that ended early has a report of its evidence so far."""
    report_run.seal(tmp_path, ["ssh"], complete=False)
    run = flow.write_reports(tmp_path, ("en",), Progress())
    assert [tmp_path / "report.en.html", tmp_path / "report.en.md"] == list(run.reports)
