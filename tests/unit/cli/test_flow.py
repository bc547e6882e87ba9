"""The flow: what its steps hand to one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.author import lint
from sharklab.cli import flow
from sharklab.errors import InputError, MachineryError
from sharklab.evidence import run_folder
from sharklab.hosts import condition, inventory
from sharklab.hosts.image import Image, Layers, choice
from sharklab.hosts.providers import baking
from sharklab.hosts.providers.this_computer import CONTAINERS
from sharklab.lab import diary, load, seat
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan
from sharklab.message import Message
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
    assert inventory.list_setup_variables(fast) == inventory.list_setup_variables(real)


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


@pytest.fixture
def rocky(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Plan]:
    """Let `auto` mean Rocky, with images that are folders; return the plans of the seats that are set up."""
    started: list[Plan] = []

    def image(golden: Plan, name: str, *rest: object) -> Layers:
        folder = tmp_path / "images" / name / golden.lab.name
        folder.mkdir(parents=True, exist_ok=True)
        return Layers(Image(name, "", folder.parent), folder)

    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setattr(choice, "choose", lambda: (choice.PREFERRED, Message("it answers")))
    monkeypatch.setattr(CONTAINERS, "image", image)
    monkeypatch.setattr(CONTAINERS, "down", lambda seat: ())
    monkeypatch.setattr(flow, "bring_up", lambda plan, *rest: started.append(plan))
    monkeypatch.setattr(condition, "look", lambda plan: {})
    monkeypatch.setattr(condition, "find_silent", lambda plan, opened: [])
    return started


def build(os: str) -> str:
    """Build tp4's image and return its system."""
    return flow.build_image(lint.load_named("tp4"), os, CONTAINERS, Progress()).image.os


@pytest.mark.parametrize(("missed", "system"), [([], "rocky9"), (["dns"], "debian12")])
def test_build_image_takes_rocky_by_its_golden_seat(
    rocky: list[Plan], monkeypatch: pytest.MonkeyPatch, missed: list[str], system: str
) -> None:
    """A golden seat of no student runs the lab; what it achieves decides, once."""
    monkeypatch.setattr(flow, "_run_golden", lambda plan, hosts, folder, progress: missed)
    assert [system, system] == [build("auto"), build("auto")]
    assert [(seat.GOLDEN, 0.0)] == [(plan.seat.student, diary.read_begin(plan.seat)) for plan in rocky]


def test_build_image_of_a_named_system_needs_no_proof(rocky: list[Plan]) -> None:
    """Whoever says rocky9 gets it at once."""
    assert ("rocky9", []) == (build("rocky9"), rocky)


def test_up_begins_the_diary_of_the_seat(rocky: list[Plan]) -> None:
    """The student's time begins with the first seat."""
    plan = flow.prepare("tp4", "ada")
    flow.up(plan, "nspawn", "debian12", Progress())
    assert diary.read_begin(plan.seat) > 0


@pytest.mark.parametrize(("is_complete", "missed"), [(True, []), (False, ["ssh"])])
def test_run_golden_names_the_exercises_that_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_complete: bool, missed: list[str]
) -> None:
    """The run and its report in each language stay in the folder."""

    def collect(plan: Plan, hosts: object, folder: Path, progress: Progress) -> None:
        report_run.seal(folder, ["ssh"], is_complete)
        if not is_complete:
            (folder / "hosts" / "client" / "captures" / "ssh.pcap").write_bytes(b"")
            run_folder.seal(folder, {})

    monkeypatch.setattr(flow, "_collect", collect)
    plan = flow.look_up("tp4", "ada")
    assert missed == flow._run_golden(plan, CONTAINERS, tmp_path, Progress())
    assert {"report.en.html", "report.fr.html"} <= {path.name for path in tmp_path.iterdir()}


def test_borrow_refuses_faults_before_any_machine_is_asked(baked: list[Plan], tmp_path: Path) -> None:
    """A machine of one's own is not changed at all."""
    plan = flow.to_begin(flow.prepare("pannes", "ada"), solved=False)
    error = error_of(InputError, flow.borrow, plan, tmp_path / "none.yml", lambda sentences: True)
    assert "the faults of {lab} cannot be injected into machines of your own" == error.message_id
    assert not plan.seat.folder.exists()
