"""The shape of what was seen on a host."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sharklab.evidence.host_state import ATTEMPTS, LATE, Observer, fault, observe
from tests.support import host_state, provider_seat
from tests.support.programs import script


def test_fault_of_an_observation_is_nothing_when_it_has_the_shape() -> None:
    """What a host is like on a seat has the shape that is asked for."""
    assert "" == fault(host_state.seen())


@pytest.mark.parametrize(
    "wrong",
    [
        {"sockets": "tcp LISTEN"},
        {"services": {"sshd": True}},
        {"firewall": {"runtime": 7, "permanent": ""}},
        {"mounts": [{"path": "/"}]},
        {"fstab": ["x" * 5000]},
        {"observed": -1},
    ],
)
def test_fault_of_an_observation_names_the_place(wrong: dict[str, Any]) -> None:
    """What a student hands in may be anything."""
    [key] = wrong
    assert f"$.{key}" in fault(host_state.seen(**wrong))


class LateShell:
    """A host on which the first commands end with the exit codes `codes`, and the next ones with 0."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)

    def run(self, *_command: str) -> SimpleNamespace:
        """End with the next exit code."""
        code = self.codes.pop(0) if self.codes else 0
        return SimpleNamespace(rc=code, stdout="" if code else "public (active)")


@pytest.mark.parametrize(
    ("codes", "output"),
    [
        ((), "public (active)"),
        (LATE, "public (active)"),
        ((1,), ""),
        ((124,) * ATTEMPTS, ""),
    ],
    ids=["at once", "after two late ones", "a failure is final", "always late"],
)
def test_output_of_a_late_command(codes: tuple[int, ...], output: str) -> None:
    """A busy host that answers late takes no point from a student."""
    assert output == Observer(LateShell(*codes))._printed("firewall-cmd --list-all")


@pytest.mark.parametrize("answers", [0, 1])
def test_observe_leaves_out_a_host_that_does_not_answer(
    answers: int, fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host may be off from the beginning, or end while it is looked at; the others are looked at."""
    monkeypatch.setenv("SHARKLAB_STATE", str(fakes / "state"))
    count = fakes / "count"
    script(fakes, "ssh", f'echo >>"{count}"; [ "$(wc -l <"{count}")" -gt {answers} ] && exit 255', "echo 0")
    plan = provider_seat.plan("ada", 1, ("server",))
    assert {} == observe(plan, {"server": ["sshd"]})
    assert answers < len(count.read_text().splitlines())
