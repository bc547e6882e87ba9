"""The kinds of checks: a kind is declared beside its function, by the decorator `check`.

This module names no kind. `sharklab.checks` imports the modules that declare them, and each registers here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sharklab.checks import phrases
from sharklab.checks.context import Context
from sharklab.checks.outcome import Finding
from sharklab.message import Message

Params = Mapping[str, Any]
"""The parameters of a check in lab.yml, by name."""
Schema = Mapping[str, Any]
"""A JSON schema."""
Function = Callable[[Context, Params], Finding]
"""The function of a check."""


class Rests(StrEnum):
    """The evidence that a check looks at, and that it cannot do without."""

    PROBES = "probes"
    STATE = "state of hosts"
    HEADERS = "headers of captured packets"
    CONTENTS = "contents of captured packets"


class Claim(StrEnum):
    """The statement of a check that passes. It says which results a gap in the captures leaves open."""

    PRESENCE = "something is in the captures"
    """A failure is open: the lost packets may have shown it."""
    ABSENCE = "something is not in the captures"
    """A pass is open: it may be among the lost packets."""
    WHOLE = "the captures have exactly this"
    """Every result is open: the check counts packets, or it needs one packet and the lack of another."""


class Need(StrEnum):
    """A trait of a capture without which a check fails. `sharklab.author` damages one at a time."""

    SYN_ACK = "a server accepts the connection"
    FIN = "a side closes the connection"
    RESET = "a side resets the connection"
    NO_RESET = "no side resets the connection"
    REPLY = "the server answers a datagram"
    LEASE = "a DHCP server answers"
    TOKEN = "the seat's token is in the packets"  # noqa: S105 (no secret)
    CONTENTS = "the packets are whole"
    NOTHING_ELSE = "no other packet is in the capture"
    OWN_TIME = "the packets were recorded while the seat was up"


Parts = Callable[[Params], Iterable[tuple[str, Params]]]
"""Takes the parameters of a check; returns the names and parameters of checks that together say the same."""
Needs = Callable[[Params, str], Iterable[Need]]
"""Takes the parameters of a check and the id of a capture; returns the traits that the check needs."""


@dataclass(frozen=True)
class Kind:
    """A kind of check: JSON schema of its parameters, function, the evidence it rests on, and msgids.

    `title` and `expected` may use the required parameters. `claim` is the statement of a check that passes.
    `recorded` marks a check of evidence that only a run records. `look` tells a student where to look after a
    failure, and gives nothing away. `needs` are the traits that a capture must have, beside the contents of
    its packets for a check that rests on them. `parts` are checks that together say the same: they tell
    a student who has almost everything from one who has nothing. `of_hosts` are the parameters that name the
    hosts whose state a check of state needs. `title_of_name` is the title of a check with the parameter
    `name`, where an exercise may have such a check beside one without it.
    """

    name: str
    function: Function
    params: Schema
    rests: Rests
    title: str
    expected: str = ""
    claim: Claim = Claim.PRESENCE
    recorded: bool = False
    look: str = ""
    needs: tuple[Need, ...] | Needs = ()
    parts: Parts | None = None
    of_hosts: tuple[str, ...] = ("host",)
    title_of_name: str = ""

    def hosts(self, params: Params) -> tuple[str, ...]:
        """Return the hosts whose state a check with these parameters needs."""
        return tuple(str(params[name]) for name in self.of_hosts) if self.rests is Rests.STATE else ()

    def write_heading(self, params: Params) -> Message:
        """Return the title of the check with these parameters; a step of a connection is in words."""
        steps = [name for name, value in params.items() if isinstance(value, str) and value in phrases.STEPS]
        title = self.title_of_name if self.title_of_name and "name" in params else self.title
        return Message(title, {**params, **{name: phrases.step(params[name]) for name in steps}})

    @property
    def needs_all(self) -> bool:
        """True when the check passes only on captures that are whole."""
        return self.claim is not Claim.PRESENCE

    @property
    def live(self) -> bool:
        """True when the check rests on evidence that only a run records: no student can hand it in."""
        return self.recorded or self.rests is Rests.PROBES

    @property
    def required(self) -> frozenset[str]:
        """The names of the parameters that lab.yml must give."""
        return frozenset(self.params["required"])

    def captures(self, params: Params) -> frozenset[str]:
        """Return the ids of the captures that the parameters name."""
        return frozenset(str(params[name]) for name in self._list_names(CAPTURE, params))

    def probes(self, params: Params) -> tuple[str, ...]:
        """Return the ids of the probes that the parameters name, in their order."""
        lists = (params[name] for name in self._list_names(PROBES, params))
        return (
            *(str(params[name]) for name in self._list_names(PROBE, params)),
            *(id for ids in lists for id in ids),
        )

    def _list_names(self, schema: Schema, params: Params) -> list[str]:
        """Return the names of the given parameters that have this schema."""
        return [name for name, each in self.params["properties"].items() if each == schema and name in params]

    def needs_of(self, params: Params, capture: str) -> frozenset[Need]:
        """Return the traits that the capture must have for a check with these parameters to pass."""
        needs = self.needs if isinstance(self.needs, tuple) else self.needs(params, capture)
        contents = (Need.CONTENTS,) if self.rests is Rests.CONTENTS else ()
        return frozenset((*needs, *contents))


KINDS: dict[str, Kind] = {}
"""Every declared kind of check, by the name that lab.yml uses."""


def check(
    name: str,
    rests: Rests,
    title: str,
    expected: str = "",
    params: Schema | None = None,
    *,
    claim: Claim = Claim.PRESENCE,
    recorded: bool = False,
    look: str = "",
    needs: tuple[Need, ...] | Needs = (),
    parts: Parts | None = None,
    of_hosts: tuple[str, ...] = ("host",),
    title_of_name: str = "",
) -> Callable[[Function], Function]:
    """Return a decorator that declares a function as the check `name`; see `Kind` for the other arguments.

    The function's docstring describes the check in docs/authoring.md. Raises ValueError for a name that is
    taken.
    """

    def declare(function: Function) -> Function:
        if name in KINDS:
            raise ValueError(f"there are two checks named {name}")
        wanted = params or parameters()
        values = (rests, title, expected, claim, recorded, look, needs, parts, of_hosts, title_of_name)
        KINDS[name] = Kind(name, function, wanted, *values)
        return function

    return declare


def parameters(*required: str, **properties: Schema) -> Schema:
    """Return the JSON schema of a check's parameters, of which some are required."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


TEXT: Schema = {"type": "string", "minLength": 1}
TEXTS: Schema = {"type": "array", "items": TEXT, "minItems": 1, "uniqueItems": True}
ANY_TEXTS: Schema = {"type": "array", "items": TEXT, "uniqueItems": True}
COUNT: Schema = {"type": "integer", "minimum": 1}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
PORTS: Schema = {"type": "array", "items": PORT, "uniqueItems": True}
CAPTURE: Schema = {**TEXT, "title": "the id of a capture"}
"""A parameter that names a capture of the exercise: see `Kind.captures`."""
PROBE: Schema = {**TEXT, "title": "the id of a probe"}
"""A parameter that names a probe of the lab: see `Kind.probes`."""
PROBES: Schema = {"type": "array", "items": PROBE, "minItems": 1, "uniqueItems": True}


def by_port(value: Schema) -> Schema:
    """Return the schema of a mapping from ports (22/tcp) to values."""
    names = {"pattern": r"^\d+/(tcp|udp)$"}
    return {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": value}
