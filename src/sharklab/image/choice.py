"""Which operating system hosts have when nobody says: Rocky 9 where its mirror answers, else Debian 12."""

from __future__ import annotations

from sharklab.image import rocky
from sharklab.message import N_, Message
from sharklab.process import Progress
from sharklab.setup import packages

AUTO = "auto"
PREFERRED, OTHER = "rocky9", "debian12"


def choose(os_name: str, progress: Progress) -> str:
    """Return the system that `os_name` means, and say by `progress` which one `auto` is, and why."""
    if os_name != AUTO:
        return os_name
    name, reason = _choose()
    progress(
        Message(N_("operating system of the hosts: {name} ({reason})"), {"name": name, "reason": reason})
    )
    return name


def _choose() -> tuple[str, Message]:
    values = {"mirror": rocky.mirror()}
    if reason := rocky.refusal():
        return OTHER, Message(N_("Rocky's mirror {mirror}: {why}"), {**values, "why": reason})
    if absent := packages.missing(["rocky"]):
        tools = [package.gives for package in absent]
        return OTHER, Message(N_("to build Rocky, this machine lacks {tools}"), {"tools": tools})
    return PREFERRED, Message(N_("Rocky's mirror {mirror} answers"), values)
