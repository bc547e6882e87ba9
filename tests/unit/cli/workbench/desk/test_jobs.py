"""Work on seats in a queue: one piece for each student, whose end and last line are kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from sharklab.cli.parallel_work import Done, Watch
from sharklab.cli.workbench.desk import jobs
from sharklab.cli.workbench.desk.jobs import DONE, FAILED, RUNNING, WAITING, Job, Jobs
from sharklab.errors import InputError, MachineryError
from sharklab.i18n import translator
from sharklab.message import Message
from sharklab.progress import Progress
from tests.support.errors import error_of
from tests.support.waiting import wait_until

ENGLISH, FRENCH = translator("en"), translator("fr")


def ended(own: Jobs, student: str = "alice") -> Job:
    """Return the job of a student when all work has ended."""
    own._pool.shutdown(wait=True)
    return own.list_last_jobs()[student]


def test_job_tells_its_step_of_now() -> None:
    """With the last detail of the step, in the language of each reader; pages hear of each change."""
    heard: list[str] = []
    own, told = Jobs(heard.append), list[str]()

    def work(progress: Progress) -> None:
        with progress.step("set up {host}", host="server"):
            progress.note(Message("{done} of {count} done", {"done": 1, "count": 3}))
            told.extend(own.list_last_jobs()["alice"].say(words) for words in (ENGLISH, FRENCH))

    own.add("alice", "start the seat", work)
    job = ended(own)
    assert (DONE, False, False) == (job.state, job.is_open, job.has_failed)
    assert told[0].startswith("start the seat: at work · set up server: 1 of 3")
    assert told[1] != told[0] and FRENCH.gettext("start the seat") in told[1]
    assert ["alice"] * 4 == heard


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MachineryError("no room on {host}", host="server"), "no room on server"),
        (KeyError("fault"), "KeyError('fault')"),
    ],
)
def test_job_that_fails_tells_why(error: Exception, said: str) -> None:
    """A fault of the program too; the queue goes on with the next student."""
    own = Jobs()

    def work(progress: Progress) -> None:
        raise error

    own.add("alice", "start", work)
    own.add("bob", "start", lambda progress: None)
    job = ended(own)
    assert (FAILED, True, False) == (job.state, job.has_failed, job.is_open)
    assert said in job.say(ENGLISH)
    assert DONE == own.list_last_jobs()["bob"].state


class Gate:
    """Work that tells when it has begun, and waits until it may go on."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Semaphore(0), threading.Event()

    def __call__(self, progress: Progress) -> None:
        """Do the work."""
        self.begun.release()
        assert self.go.wait(60)

    def wait(self, count: int) -> None:
        """Return when so many pieces of work have begun."""
        assert all(self.begun.acquire(timeout=60) for _ in range(count))


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Return work that waits, at most until the end of the test."""
    own = Gate()
    yield own
    own.go.set()


def test_seat_has_one_job_at_a_time(gate: Gate) -> None:
    """Whether it runs or waits; when it has ended, the next one takes its place."""
    own = Jobs()
    own.add("alice", "start", gate)
    gate.wait(1)
    refused = error_of(InputError, own.add, "alice", "stop", gate)
    assert "alice" == refused.values["student"] and "start" == own.list_last_jobs()["alice"].title
    first = own.list_last_jobs()["alice"]
    gate.go.set()
    done = threading.Event()
    wait_until(lambda: not first.is_open)
    own.add("alice", "stop", lambda progress: done.set())
    assert done.wait(60) and "stop" == ended(own).title


def test_a_few_jobs_run_and_the_others_wait(gate: Gate) -> None:
    """Each seat takes much of the computer."""
    own = Jobs()
    names = [f"student{number}" for number in range(jobs.AT_ONCE + 1)]
    for name in names:
        own.add(name, "start", gate)
    gate.wait(jobs.AT_ONCE)
    states = [own.list_last_jobs()[name].state for name in names]
    assert [RUNNING] * jobs.AT_ONCE + [WAITING] == states
    assert own.list_last_jobs()[names[-1]].is_open
    gate.go.set()
    assert DONE == ended(own, names[-1]).state


def test_jobs_that_are_known_are_a_copy() -> None:
    """A page that reads them is not in the way of the next job."""
    own = Jobs()
    known = own.list_last_jobs()
    own.add("alice", "start", lambda progress: None)
    assert not known and ["alice"] == list(own.list_last_jobs())


def test_group_has_a_job_for_each_seat(gate: Gate) -> None:
    """A seat with a job already is left out; one that is done is free; a fault is that of all others."""
    own = Jobs()
    own.add("bob", "stop", gate)
    gate.wait(1)

    def work(students: Sequence[str], progress: Progress, watch: Watch) -> None:
        watch(Done("alice"))
        watch(Done("carol", error=MachineryError("no room")))
        raise KeyError("fault")

    assert ["alice", "carol", "dave"] == own.add_group(["alice", "bob", "carol", "dave"], "start", work)
    gate.go.set()
    assert DONE == ended(own).state
    said = {name: own.list_last_jobs()[name].say(ENGLISH) for name in ("carol", "dave")}
    assert ("no room" in said["carol"], "KeyError" in said["dave"]) == (True, True)
    assert "stop" == own.list_last_jobs()["bob"].title
    assert [] == own.add_group([], "start", work)
