"""The default operating system of hosts: Rocky 9 if its mirror answers, else Debian 12."""

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


def make_system(os_name: str, make: Callable[[str], Made], progress: Say) -> Made:
    """Return the result of `make` for the system `os_name`.

    `auto` is decided here, and `progress` hears which system it is and why. If Rocky's image cannot be made,
    it is the other system after all. Raises what `make` raises.
    """
    if os_name != AUTO:
        return make(os_name)
    name, reason = choose()
    sentence = N_("operating system of the hosts: {name} ({reason})")
    progress(Message(sentence, {"name": name, "reason": reason}))
    try:
        return make(name)
    except MachineryError as error:
        if name == OTHER:
            raise
        values = {"name": name, "reason": error.sentence, "other": OTHER}
        progress(Message(N_("{name} cannot be built ({reason}); using {other} instead"), values))
        return make(OTHER)


def choose() -> tuple[str, Message]:
    """Return the system that `auto` means on this machine, and why."""
    values = {"mirror": rocky.mirror()}
    if reason := rocky.refusal():
        return OTHER, Message(N_("Rocky's mirror {mirror}: {why}"), {**values, "why": reason})
    if absent := system_packages.missing(["rocky"]):
        tools = [package.gives for package in absent]
        return OTHER, Message(N_("to build Rocky, this machine lacks {tools}"), {"tools": tools})
    return PREFERRED, Message(N_("Rocky's mirror {mirror} answers"), values)
