"""Effects that are tried from the hosts of a seat: reach a port, resolve a name, log in, write, read.

The configuration of a host (`sharklab.evidence.host_state`) says what it should do; an effect shows what
it does.
"""

from __future__ import annotations

import inspect
import json
import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from sharklab import process, untrusted
from sharklab.errors import MachineryError
from sharklab.evidence import effect_program
from sharklab.lab.model import Plan

Attempt = tuple[str, ...]
"""An effect to try: its name (`effect_program.ATTEMPTS`) and its arguments."""

LIMIT = 90.0
"""Seconds that all attempts of a host may take, with the connection to it."""

EffectText = Annotated[str, Meta(max_length=1024)]
Byte = Annotated[int, Meta(ge=0, le=255)]


class Effect(TypedDict):
    """The result of an attempt.

    `verdict` is open, refused, rejected or silent for a port, and other for another program than its own;
    found or unknown for a name; done or refused for the others, and other for a file without the text;
    late where nothing came in time; error where the program broke. `icmp` is the type and the code of an
    ICMP message, `origin` its sender; `own` tells that the host itself has the address. `unheard` tells
    that no packet of the address came to a card of the host: a rule of its own has made the answer.
    `boot_id` is that of the host where a login ended, `device` and `type` are those of the file system of
    a file. `said` are the words of a program or of the kernel. Only `verdict` is in observations of every
    version.
    """

    verdict: EffectText
    said: NotRequired[EffectText]
    icmp: NotRequired[Annotated[list[Byte], Meta(min_length=2, max_length=2)]]
    origin: NotRequired[EffectText]
    own: NotRequired[bool]
    unheard: NotRequired[bool]
    boot_id: NotRequired[EffectText]
    device: NotRequired[EffectText]
    type: NotRequired[EffectText]
    addresses: NotRequired[Annotated[list[EffectText], Meta(max_length=300)]]


PLAIN = "/usr/bin/env -i HOME=/root LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin"
"""The beginning of a command on a host that looks at the host: programs that somebody put beside those of the
system, variables and functions of a shell do not count."""

AS_ROOT = '[ "$(id -u)" = 0 ] || sudo="sudo -n"; exec $sudo '
"""The beginning of a command line on a host that needs root."""

Effects = Annotated[dict[EffectText, Effect], Meta(max_length=256)]
"""The effects of the attempts of a host, each by its `key`."""


def key(attempt: Attempt) -> str:
    """Return the name of an attempt in the state of its host."""
    return shlex.join(attempt)


def try_all(plan: Plan, attempts: Mapping[str, Sequence[Attempt]]) -> Mapping[str, dict[str, Effect]]:
    """Try the attempts of each host, all hosts at once, and return their effects.

    A host that does not answer, or that has no Python, is left out.
    """
    wanted = {host: list(dict.fromkeys(each)) for host, each in attempts.items() if each}
    with ThreadPoolExecutor(max_workers=max(1, len(wanted))) as pool:
        found = pool.map(lambda host: _of_host(plan, host, wanted[host]), wanted)
        return {host: effects for host, effects in zip(wanted, found, strict=True) if effects is not None}


def _of_host(plan: Plan, host: str, attempts: Sequence[Attempt]) -> dict[str, Effect] | None:
    config = plan.seat.folder / "ssh" / "config"
    line = f"{AS_ROOT}{PLAIN} python3 -I -"
    try:
        said = process.run(["ssh", "-F", config, host, line], stdin=program(attempts), timeout=LIMIT)
        effects = untrusted.shape_content(untrusted.plain(said), list[Effect])
        return {key(attempt): effect for attempt, effect in zip(attempts, effects, strict=True)}
    except (MachineryError, ValueError):  # no answer, or one of another form
        return None


def program(attempts: Sequence[Attempt]) -> str:
    """Return the text of the program that tries the attempts on a host."""
    return f"{inspect.getsource(effect_program)}\n\nmain({json.dumps([list(each) for each in attempts])})\n"
