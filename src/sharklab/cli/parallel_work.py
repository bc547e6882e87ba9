"""The same work on several seats at the same time: a seat that fails is a result, and the others go on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace

from sharklab import state
from sharklab.errors import MachineryError, SharklabError
from sharklab.lab.model import Seat
from sharklab.message import N_, Message
from sharklab.progress import Progress


@dataclass(frozen=True)
class Done:
    """One seat after a command: the seconds it took, the error if it failed, the exercises of its run.

    `silent` are the hosts that did not answer, `warnings` tell the limits that hosts have reached.
    """

    student: str
    seconds: float = 0.0
    error: SharklabError | None = None
    exercises: Mapping[str, bool] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    warnings: tuple[Message, ...] = ()


SeatTask = Callable[[Seat], Done]
"""Does the work on one seat. Raises SharklabError."""


Watch = Callable[[Done], None]
"""Hears of each seat when it is done."""


def nobody(done: Done) -> None:
    """Hear of nothing."""


def side_by_side(
    own: Sequence[Seat], do: SeatTask, progress: Progress, together: int = 0, watch: Watch = nobody
) -> list[Done]:
    """Do the work on each seat, `together` at the same time (one more than the CPUs without it).

    Return the results in the order of `own`. After Ctrl-C the seats that have begun end, and no other begins.
    """
    done: dict[str, Done] = {}
    stop = threading.Event()

    def one(seat: Seat) -> Done | None:
        return None if stop.is_set() else attempt(seat, do)

    with ThreadPoolExecutor(together or len(os.sched_getaffinity(0)) + 1) as pool:
        futures = [pool.submit(one, each) for each in own]
        try:
            for future in as_completed(futures):
                if result := future.result():
                    done[result.student] = result
                    watch(result)
                    text = N_("{done} of {count} done")
                    progress.note(Message(text, {"done": len(done), "count": len(own)}))
        except BaseException:
            stop.set()
            raise
    return [done[each.student] for each in own]


def attempt(one: Seat, do: SeatTask) -> Done:
    """Return the result of the work, whatever happens: the other seats go on."""
    begun = time.monotonic()
    try:
        result = do(one)
    except Exception as error:
        result = Done(one.student, error=as_error(error))
    return replace(result, seconds=time.monotonic() - begun)


def as_error(error: Exception) -> SharklabError:
    """Return the error that becomes the line of a seat."""
    if isinstance(error, SharklabError):
        return error
    if isinstance(error, OSError):
        return state.explain(error)
    return MachineryError(N_("a fault in sharklab: {error!r}"), error=error)
