"""Work items in processes of their own: whatever one of them does, the others are done."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

from sharklab.grading.gradebook.pool import Failure, Helper, ItemLimits, run
from sharklab.message import Message
from tests.support.pool_work import work

LIMITS = ItemLimits(seconds=120.0, memory=600 << 20)


DIED = "the process that graded it died ({code})"


def _outcomes(*items: str, limits: ItemLimits = LIMITS, processes: int = 2) -> list[object]:
    """Return the outcome of each item; of a failure its msgid, with its values if it has any."""
    found = dict(run(work, items, processes, limits))
    return [_said(each.reason) if isinstance(each, Failure) else each for _, each in sorted(found.items())]


def _said(reason: Message) -> object:
    return (reason.msgid, dict(reason.values)) if reason.values else reason.msgid


def test_run_does_every_job() -> None:
    """Each item has its outcome, by its number."""
    assert ["A", "B", "C", "D", "E"] == _outcomes("a", "b", "c", "d", "e")


def test_helper_does_one_job_after_the_other() -> None:
    """In one process, which is replaced when it dies."""
    own = Helper(work, LIMITS)
    try:
        found = [own.do(item) for item in ("a", "die", "b")]
    finally:
        own.end()
    assert ["A", "B"] == [found[0], found[2]] and isinstance(found[1], Failure)


def test_run_of_nothing_starts_nothing() -> None:
    """No item, no process."""
    assert [] == _outcomes()


def test_run_goes_on_after_a_refusal() -> None:
    """What a work item raises is its own failure, in words."""
    found = _outcomes("a", "refuse", "break", "fault", "b", processes=1)
    assert found == [
        "A",
        ("{file} is no good", {"file": "this"}),
        "the tool is broken",
        ("a fault in sharklab: {error!r}", {"error": "'a fault of ours'"}),
        "B",
    ]


def test_run_goes_on_after_a_death() -> None:
    """A process that dies is replaced."""
    assert ["A", (DIED, {"code": -11}), "B"] == _outcomes("a", "die", "b", processes=1)


def test_run_names_a_process_that_ends_without_an_answer() -> None:
    """Its item has failed at once, though the exit code is that of success."""
    assert [(DIED, {"code": 0}), "B"] == _outcomes("leave", "b", processes=1)


def test_run_goes_on_after_a_death_in_the_middle_of_an_answer() -> None:
    """Half an answer harms its own item alone: no process shares its pipe."""
    assert [(DIED, {"code": -9}), *"BCD"] == _outcomes("die late", "b", "c", "d")


def test_run_ends_what_a_job_has_started(tmp_path: Path) -> None:
    """A tool that a work item started ends with it, even where the item does not react to SIGTERM.

    The tool holds the writing end of a pipe: a reader sees the end of the file when the tool has ended.
    """
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = run(work, [f"start:{pipe}", f"listen:{pipe}"], 2, LIMITS)
    assert "started" == next(found)[1]
    with pipe.open() as held:
        found.close()
        assert [held] == select.select([held], [], [], 60)[0]
        assert "" == held.read()


def test_run_ends_a_job_that_takes_too_long() -> None:
    """Time is bounded, and the next item has a process again; without any time each item takes too long."""
    limits = ItemLimits(seconds=0.0, memory=LIMITS.memory)
    late = ("it took more than {seconds:g} s", {"seconds": 0.0})
    assert [late, late] == _outcomes("hang", "hang", limits=limits, processes=1)


def test_run_ends_a_job_that_takes_too_much() -> None:
    """Memory is bounded."""
    assert ["it needed more memory than the limit for one submission", "A"] == _outcomes(
        "swell", "a", processes=1
    )


def test_run_leaves_no_process_when_it_is_left() -> None:
    """Whoever stops listening ends the processes as well."""
    found = run(work, ["pid", "hang"], 2, LIMITS)
    pid = next(found)[1]
    found.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
