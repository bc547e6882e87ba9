"""The default operating system of hosts: Rocky 9 if its mirror answers and its image works, or Debian 12."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sharklab import system_packages
from sharklab.errors import MachineryError
from sharklab.hosts.image import rocky
from sharklab.message import N_, Message
from sharklab.process import Say

AUTO = "auto"
PREFERRED, OTHER = "rocky9", "debian12"

Made = TypeVar("Made")


def make_system(
    os_name: str, make: Callable[[str], Made], find_fault: Callable[[Made], Message | None], progress: Say
) -> Made:
    """Return the result of `make` for the system `os_name`.

    `auto` is decided here, and `progress` hears which system it is and why. If Rocky's image cannot be made,
    or `find_fault` finds a fault of it on this machine, it is the other system after all. A system that is
    named is taken as it is. Raises what `make` and `find_fault` raise.
    """
    if os_name != AUTO:
        return make(os_name)
    name, reason = choose()
    sentence = N_("operating system of the hosts: {name} ({reason})")
    progress(Message(sentence, {"name": name, "reason": reason}))
    if name == OTHER:
        return make(name)
    try:
        made = make(name)
    except MachineryError as error:
        values = {"name": name, "reason": error.sentence, "other": OTHER}
        progress(Message(N_("{name} cannot be built ({reason}); using {other} instead"), values))
        return make(OTHER)
    if fault := find_fault(made):
        values = {"name": name, "fault": fault, "other": OTHER}
        progress(Message(N_("{name} does not work here ({fault}); using {other} instead"), values))
        return make(OTHER)
    return made


def choose() -> tuple[str, Message]:
    """Return the system that `auto` means on this machine, and why."""
    values = {"mirror": rocky.mirror()}
    if reason := rocky.refusal():
        return OTHER, Message(N_("Rocky's mirror {mirror}: {why}"), {**values, "why": reason})
    if absent := system_packages.list_missing(["rocky"]):
        tools = [package.gives for package in absent]
        return OTHER, Message(N_("to build Rocky, this machine lacks {tools}"), {"tools": tools})
    return PREFERRED, Message(N_("Rocky's mirror {mirror} answers"), values)
