"""The verbs of a lab, as they are typed; a lab outside `labs/` is named by its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import paths, state
from sharklab.author import proof
from sharklab.author.proof import Proof
from sharklab.cli import flow, play, seats, setup
from sharklab.errors import GOOD, NOT_ACHIEVED, Busy, InputError, MachineryError
from sharklab.hosts import vms
from sharklab.hosts.image import Image
from sharklab.lab import load
from sharklab.lab.model import Lab
from sharklab.message import Message
from tests.support import report_run
from tests.support.command import refusal, tell
from tests.support.labs import start

pytestmark = pytest.mark.usefixtures("mylab")


def test_labs_lists_all_labs_and_names_a_broken_one(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lab that cannot be read has its error instead of a title."""
    assert load.names() == [lab["lab"] for lab in tell(capsys, "labs")["labs"]]
    (here / "broken").mkdir()
    (here / "broken" / "lab.yml").write_text("lab: [")
    monkeypatch.setattr("sharklab.paths.LABS", here)
    broken, mylab = tell(capsys, "labs")["labs"]
    assert ({"lab", "error"}, ["server", "client"]) == (set(broken), mylab["hosts"])


@pytest.mark.parametrize("name", ["./mylab", "mylab/"])
def test_lint_takes_a_folder(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is named, and has no problem."""
    told = tell(capsys, "lint", name)
    assert (GOOD, [], True) == (told["code"], told["problems"], told["file"].endswith("mylab/lab.yml"))


def test_lint_warns_and_finds_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    """A lab whose matrices have ports of clients is right, and each of them is named."""
    told = tell(capsys, "lint", f"{paths.ROOT}/tests/golden/labs/matrix")
    assert (GOOD, [], True) == (told["code"], told["problems"], "60000" in "".join(told["warnings"]))


def test_lint_renders_the_briefs(mylab: Path) -> None:
    """A lab whose brief shows an object of Python is refused, with the line."""
    (mylab / "brief.fr.md.j2").write_text("# {{ hosts.server }}\n")
    error = refusal(InputError, "lint", "./mylab")
    assert "a value between double braces is neither text nor a number, but a {fault}" == error.message_id
    assert f"{mylab}/brief.fr.md.j2:1" == error.place


@pytest.mark.parametrize("lab", ["./mylab", "mylab"])
def test_prove_needs_a_run(lab: str) -> None:
    """The lab of a seat is found by its folder or its name; without a run there is nothing to prove."""
    start("./mylab")
    error = refusal(MachineryError, "prove", lab, "--student", "alice")
    assert "{student} has no run of {lab} yet" == error.message_id
    assert ("alice", "mylab") == (error.values["student"], error.values["lab"])


def test_a_second_play_of_a_lab_waits_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before it touches the seat, which the first one uses."""
    monkeypatch.setattr(setup, "prepare", lambda *words: None)
    monkeypatch.setattr(seats, "down", lambda *words: pytest.fail("the seat of the first play is removed"))
    with play.hold("tp4"):
        refusal(Busy, "prove", "tp4", "--play")


@pytest.mark.parametrize(("lost", "code"), [(frozenset(), GOOD), ({("ssh", "fin")}, NOT_ACHIEVED)])
def test_prove_fails_if_a_trial_does_not_hold(
    lost: set[tuple[str, str]], code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code tells whether each mistake costs its own points and no others."""
    folder = state.runs_folder("tp4", "alice") / "20261120T231802Z-5ef1"
    report_run.seal(folder, ["ssh"])
    trial = Proof(Message("no FIN"), "ssh", frozenset(), frozenset(lost))
    monkeypatch.setattr(proof, "prove", lambda plan, submission, note: iter([trial]))
    told = tell(capsys, "prove", "tp4", "--student", "alice")
    assert (code, [proof.plain(trial)]) == (told["code"], told["trials"])


def test_image_build_builds_each_named_lab(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name, all labs of `labs/`; a folder counts under the lab's name, a start state beside it."""
    monkeypatch.setattr("sharklab.cli.setup.prepare", lambda *_: None)

    def build(lab: Lab, os: str, hosts: object, progress: object, begun: tuple[str, ...] = ()) -> Image:
        return Image("base", "debian", Path("/images") / f"{lab.name}-{os}{len(begun) or ''}")

    monkeypatch.setattr(flow, "build_image", build)
    told = tell(capsys, "image", "build", "tp4", "./mylab", "--os", "debian12")
    solved = {"tp4": "/images/tp4-debian12", "mylab": "/images/mylab-debian12"}
    assert {**solved, "tp4 (start)": "/images/tp4-debian124"} == told["images"]
    assert set(load.names()) == set(tell(capsys, "image", "build", "--solved", "--os", "rocky9")["images"])


def test_vms_prints_the_commands_that_start_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An image that the user has is used as it is."""
    monkeypatch.setattr("sharklab.cli.setup.prepare", lambda *_: None)
    used: list[Path] = []

    def write(plan: object, image: Path, folder: Path, note: object) -> vms.Written:
        used.append(image)
        return vms.Written(folder, ("virsh define x",))

    monkeypatch.setattr(vms, "write", write)
    told = tell(capsys, "vms", "./mylab", "--student", "alice", "--image", "rocky.qcow2", "-o", "out")
    assert ("out", ["virsh define x"], [Path("rocky.qcow2")]) == (told["folder"], told["commands"], used)
