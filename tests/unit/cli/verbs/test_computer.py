"""The verbs of this computer: the doctor's findings decide the exit code, the tests get their arguments."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sharklab.cli import doctor, testing
from sharklab.cli.doctor import diagnosis
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from tests.support.command import run, tell
from tests.support.errors import error_of

pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize(
    ("finding", "code"),
    [
        (diagnosis.ok("disk", "fine"), GOOD),
        (diagnosis.make_warning("disk", "nearly full"), GOOD),
        (diagnosis.make_error("disk", "full", "delete files"), NOT_ACHIEVED),
    ],
    ids=["ok", "warning", "missing"],
)
def test_doctor_fails_if_something_is_missing(
    finding: diagnosis.Diagnosis,
    code: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A warning is no failure."""
    asked: list[bool] = []

    def examine(network: bool) -> list[diagnosis.Diagnosis]:
        asked.append(network)
        return [finding]

    monkeypatch.setattr(doctor, "examine", examine)
    told = tell(capsys, "doctor", "--network")
    assert (code, [finding.status.value], [True]) == (
        told["code"],
        [each["status"] for each in told["findings"]],
        asked,
    )


def test_test_gives_its_arguments_to_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of the tests is the verb's."""
    given: list[Sequence[str]] = []

    def tests(arguments: Sequence[str], progress: object) -> int:
        given.append(arguments)
        return 3

    monkeypatch.setattr("sharklab.cli.setup.prepare", lambda *_: None)
    monkeypatch.setattr(testing, "run", tests)
    assert 3 == run("test", "tests/unit", "-k", "x")
    assert [["tests/unit", "-k", "x"]] == given


def test_doctor_examines_a_cluster(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place of this computer; a remote without a cluster, and an unknown provider, are refused."""
    monkeypatch.setattr(doctor, "examine_cluster", lambda remote: [diagnosis.ok(str(remote), "fine")])
    told = tell(capsys, "doctor", "--provider", "cluster", "--remote", "class")
    assert (GOOD, ["class"]) == (told["code"], [each["name"] for each in told["findings"]])
    assert "--remote" == error_of(InputError, run, "doctor", "--remote", "class").place
    assert "--provider" == error_of(InputError, run, "doctor", "--provider", "clusters").place
