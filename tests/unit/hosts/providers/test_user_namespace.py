"""Whether containers have users of their own: tried once after each start of the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sharklab import process, state
from sharklab.errors import MachineryError
from sharklab.hosts.image import Image, Layers
from sharklab.hosts.providers import cgroups, trial_record, user_namespace
from sharklab.message import NOTHING, Message
from tests.support.errors import error_of


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a state folder and a number of the boot of the test's own; return the file of the number."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(trial_record, "BOOT_ID", tmp_path / "boot")
    monkeypatch.setattr(cgroups, "launcher", lambda unit: ["launch", unit])
    monkeypatch.setattr(cgroups, "end", lambda unit: None)
    (tmp_path / "boot").write_text("first\n")
    return tmp_path / "boot"


def test_decide_tries_once_after_each_boot(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each `up` says in one line that hosts are without; nothing is said where they have users."""
    tries: list[object] = []
    said: list[Message] = []
    answers = [Message("too {what}\nold", {"what": "very"}), NOTHING]

    def answer(roots: object) -> Message:
        tries.append(roots)
        return answers[len(tries) - 1]

    monkeypatch.setattr(user_namespace, "try_container", answer)
    layers = Layers(Image("debian12", "Debian", machine), machine)
    assert [False, False] == [user_namespace.decide(layers, said.append) for _ in range(2)]
    assert [(user_namespace.WITHOUT, {"reason": "too very old"})] * 2 == [(m.msgid, m.values) for m in said]
    machine.write_text("second\n")
    assert (True, 2, 2) == (user_namespace.decide(layers, said.append), len(tries), len(said))


def test_measure_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `doctor` finds holds from then on."""
    trial_record.record(user_namespace.RECORD, "was broken")
    monkeypatch.setattr(user_namespace, "try_container", lambda roots: NOTHING)
    assert ("", "") == (user_namespace.measure([]), trial_record.read(user_namespace.RECORD))


def test_try_container_tells_what_the_system_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is left in the state folder."""

    def refuse(argv: list[str], timeout: float) -> str:
        raise MachineryError("no {what}", what="kernel")

    monkeypatch.setattr(process, "run", refuse)
    assert Message("no {what}", {"what": "kernel"}) == user_namespace.try_container([tmp_path])
    assert [] == list(state.root().iterdir())


def test_trial_that_takes_too_long_decides_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A busy computer would have made seats without users of their own until its next start."""

    def refuse(argv: list[str], timeout: float) -> str:
        raise process.TookTooLong("late")

    monkeypatch.setattr(process, "run", refuse)
    error_of(process.TookTooLong, user_namespace.measure, [tmp_path])
    assert trial_record.read(user_namespace.RECORD) is None


@pytest.mark.parametrize("owner", [None, 4242, os.getuid()])
def test_try_container_looks_at_the_owner_on_disk(
    owner: int | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file of root must be root's on disk: a system that does not shift owners does not count."""

    def write(argv: list[Any], timeout: float) -> str:
        folder = Path(next(word for word in argv if str(word).startswith("--chdir=")).partition("=")[2])
        assert (folder / "lower0").is_dir()
        if owner is not None:
            (folder / "upper/proof").touch()
            os.chown(folder / "upper/proof", owner, -1)
        return ""

    monkeypatch.setattr(process, "run", write)
    assert (owner != os.getuid()) == bool(user_namespace.try_container([tmp_path]))
