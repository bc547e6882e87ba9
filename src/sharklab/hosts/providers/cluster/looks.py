"""Looks at the hosts of a seat on a cluster: their users, changes of their files, their memory, their sleep.

Other modules ask the kernel about the hosts of this computer. Here the engine is asked. The student is root
on the hosts, so a line that is no number does not count.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from sharklab.errors import MachineryError
from sharklab.hosts.providers.cluster import course, hosts, record
from sharklab.hosts.providers.cluster.course import Course
from sharklab.hosts.providers.cluster.errors import EngineRefusal
from sharklab.hosts.providers.cluster.model import Instance, Power
from sharklab.lab.model import Seat

LIMIT = 60.0
"""Seconds that a look may take on a host, also on a member that is busy."""


def is_there(own: Seat) -> bool:
    """Tell whether a seat is on a cluster."""
    return (own.folder / record.FILE).exists()


def _find_instances(own: Seat) -> tuple[Course, Sequence[Instance]] | None:
    """Return the instances of the seat, None for a seat that is on no cluster."""
    known = record.read(own.folder) if is_there(own) else None
    if known is None:
        return None
    at = course.of_record(known)
    return at, list(hosts.list_instances(at, known).values())


def memory(own: Seat) -> int:
    """Return the bytes of memory of the hosts that run."""
    found = _find_instances(own)
    if found is None:
        return 0
    at, there = found
    total = 0
    for one in there:
        if one.power is Power.RUNNING:
            with suppress(MachineryError):  # it has ended
                total += at.client.instances.usage(one.name).memory
    return total


def users(own: Seat) -> Iterator[int]:
    """Yield the user id, as the host says it, of each process on the hosts that run.

    Raises MachineryError when one does not answer.
    """
    at, there = _find_instances(own) or (None, ())
    for one in there:
        if at and one.power is Power.RUNNING:
            with suppress(EngineRefusal):  # it has ended
                text = _output(at, one, ["sh", "-c", "stat --format %u /proc/[0-9]* 2>/dev/null || :"])
                yield from (int(word) for word in text.split() if re.fullmatch(r"\d{1,10}", word))


def last_change(own: Seat, since: float, folders: Sequence[str], without: Sequence[str]) -> float:
    """Return when a file in `folders` of a host changed last, after `since` (epoch seconds); 0.0 for never.

    Files and folders named `without` do not count. A host that cannot be asked may have changed just now; one
    that is lost has nothing that could be kept.
    """
    found = _find_instances(own)
    if found is None:
        return 0.0
    at, there = found
    if any(one.power is not Power.RUNNING and not hosts.is_gone(at, one.member) for one in there):
        return time.time()
    names = [word for name in without for word in ("-o", "-name", name)][1:]
    command = [
        *("find", *(f"/{folder}" for folder in folders)),
        *("(", *names, ")", "-prune", "-o"),
        *("-type", "f", "-newerct", f"@{since:.3f}", "-printf", "%C@\\n"),
    ]
    awake = [one for one in there if one.power is Power.RUNNING]
    try:
        lines = [line for one in awake for line in _output(at, one, command).split()]
    except MachineryError:
        return time.time()
    return max((float(line) for line in lines if re.fullmatch(r"\d{1,10}\.\d{1,12}", line)), default=0.0)


def _output(at: Course, one: Instance, command: Sequence[str]) -> str:
    """Return the output of a command on a host. Raises MachineryError, also for a host that does not run."""
    return at.client.instances.run(one.name, command, limit=LIMIT).output.decode(errors="replace")


def freeze(own: Seat) -> None:
    """Let the hosts of a seat sleep, if it is on a cluster. Raises MachineryError."""
    _change(own, Power.RUNNING, lambda at, name: at.client.instances.freeze(name))


def thaw(own: Seat) -> None:
    """Wake the hosts of a seat. Raises MachineryError."""
    _change(own, Power.FROZEN, lambda at, name: at.client.instances.unfreeze(name))


def _change(own: Seat, power: Power, do: Callable[[Course, str], None]) -> None:
    """Do something with each host that has this power. Later looks see it, also after an error."""
    at, there = _find_instances(own) or (None, ())
    try:
        for one in there:
            if at and one.power is power:
                do(at, one.name)
    finally:
        hosts.look_again()


def is_frozen(own: Seat) -> bool:
    """Tell whether a host of the seat sleeps."""
    _, there = _find_instances(own) or (None, ())
    return any(one.power is Power.FROZEN for one in there)
