"""Checks and questions about what no capture and no probe records are refused at their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.author import lint
from sharklab.errors import InputError
from tests.support.errors import error_of
from tests.support.labs import write_lab

CAPTURES = """\
    captures:
      - {id: page, host: client, network: lan, filter: "tcp port 80"}
"""
LAST = """\
    checks: [handshake]
    questions: [server_port]
"""


def problems(folder: Path, old: str, new: str) -> list[tuple[str, str]]:
    """Return the place and the sentence of each fault of a lab in which `new` is instead of `old`."""
    file = write_lab(folder / "mine") / "lab.yml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    error = error_of(InputError, lint.check, file)
    return [(str(each.place).partition(" ")[2], each.message_id) for each in error.problems]


def test_check_of_packets_needs_a_capture(tmp_path: Path) -> None:
    """Without one it never passes, in a run and in a submission."""
    sentence = "check {kind} looks at packets, and the exercise has no capture"
    assert [("exercises.0.checks.0", sentence)] == problems(tmp_path, CAPTURES, "")


def test_question_that_earns_points_needs_a_capture(tmp_path: Path) -> None:
    """The state of a host answers some questions, and the packets of a submission the others."""
    asked = """\
    questions: [server_port, process]
    criteria:
      - {id: port, question: server_port}
      - {id: program, question: process}
"""
    sentence = "packets answer the question {name!r}, and the exercise has no capture"
    assert [("exercises.0.criteria.0", sentence)] == problems(tmp_path, CAPTURES + LAST, asked)


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        ("{unseen: {capture: pgae}}", "unknown capture of the exercise {name!r}"),
        ("{output: {probe: pgae, contains: x}}", "unknown probe {name!r}"),
        ("{listeners: {probes: [pgae], ports: [80]}}", "unknown probe {name!r}"),
    ],
)
def test_check_names_what_there_is(check: str, sentence: str, tmp_path: Path) -> None:
    """A typing mistake in the id of a capture or of a probe would be a check that never passes."""
    assert [("exercises.0.checks.0", sentence)] == problems(tmp_path, "[handshake]", f"[{check}]")


def test_conversation_is_between_two_hosts(tmp_path: Path) -> None:
    """The packets of a host to itself are on no network of the lab."""
    [(place, sentence)] = problems(
        tmp_path, "{client: client, server: server}", "{client: server, server: server}"
    )
    assert ("exercises.0.conversation.server", "client and server are the same host") == (
        place,
        sentence.partition(",")[0],
    )
