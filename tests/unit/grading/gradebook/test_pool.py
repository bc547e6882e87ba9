"""Jobs in processes of their own: whatever one of them does, the others are done."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sharklab.grading.gradebook.pool import Failure, JobLimits, run
from tests.support.pool_work import work

LIMITS = JobLimits(seconds=120.0, memory=600 << 20)


def _outcomes(*jobs: str, limits: JobLimits = LIMITS, processes: int = 2) -> list[object]:
    found = dict(run(work, jobs, processes, limits))
    return [str(each.reason) if isinstance(each, Failure) else each for _, each in sorted(found.items())]


def test_run_does_every_job() -> None:
    """Each job has its outcome, by its number."""
    assert ["A", "B", "C", "D", "E"] == _outcomes("a", "b", "c", "d", "e")


def test_run_of_nothing_starts_nothing() -> None:
    """No job, no process."""
    assert [] == _outcomes()


def test_run_goes_on_after_a_refusal() -> None:
    """What a job raises is its own failure, in words."""
    found = _outcomes("a", "refuse", "break", "fault", "b", processes=1)
    assert ["A", "this is no good", "the tool is broken", "B"] == [*found[:3], found[4]]
    assert "a fault of ours" in str(found[3])


def test_run_goes_on_after_a_death() -> None:
    """A process that dies is replaced."""
    assert ["A", "the process that graded it died (-11)", "B"] == _outcomes("a", "die", "b", processes=1)


def test_run_names_a_process_that_ends_without_an_answer() -> None:
    """Its job has failed at once, though the exit code is that of success."""
    assert ["the process that graded it died (0)", "B"] == _outcomes("leave", "b", processes=1)


def test_run_goes_on_after_a_death_in_the_middle_of_an_answer() -> None:
    """Half an answer harms its own job alone: no process shares its pipe."""
    assert ["the process that graded it died (-9)", *"BCD"] == _outcomes("die late", "b", "c", "d")


def test_run_ends_what_a_job_has_started(tmp_path: Path) -> None:
    """A tool that a job started ends with it, even where the job does not react to SIGTERM."""
    note, limits = tmp_path / "pid", JobLimits(seconds=3.0, memory=LIMITS.memory)
    assert ["it took more than 3 s"] == _outcomes(f"start:{note}", limits=limits)
    until, pid = time.monotonic() + 20, note.read_text()
    while not (ended := _is_ended(pid)) and time.monotonic() < until:
        time.sleep(0.05)
    assert ended


def _is_ended(pid: str) -> bool:
    """Tell whether a process is gone, or waits for nothing but to be reaped."""
    try:
        return "(zombie)" in Path("/proc", pid, "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_run_ends_a_job_that_takes_too_long() -> None:
    """Time is bounded, and the next job has a process again."""
    limits = JobLimits(seconds=10.0, memory=LIMITS.memory)
    assert ["it took more than 10 s", "A"] == _outcomes("hang", "a", limits=limits, processes=1)


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
