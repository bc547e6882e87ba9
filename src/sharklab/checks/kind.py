"""A kind of check: its parameters, its function, the evidence that it needs, and its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sharklab.checks.context import Context
from sharklab.checks.outcome import Finding

Schema = Mapping[str, Any]


class Rests(StrEnum):
    """The evidence that a check needs."""

    PROBES = "probes"
    STATE = "state of hosts"
    HEADERS = "headers of captured packets"
    CONTENTS = "contents of captured packets"


@dataclass(frozen=True)
class Kind:
    """A check: JSON schema of its parameters, function, what it rests on, and msgids.

    `title` and `expected` may use the required parameters. `denies` marks a check that something
    is absent: it passes only on evidence that is whole. `recorded` marks one that looks at what only a run
    records. `look` says where to look when it failed, without giving anything away.
    """

    params: Schema
    function: Callable[[Context, Mapping[str, Any]], Finding]
    rests: Rests
    title: str
    expected: str = ""
    denies: bool = False
    recorded: bool = False
    look: str = ""

    @property
    def live(self) -> bool:
        """True when it looks at what only a run records: nobody can hand that in."""
        return self.recorded or self.rests is Rests.PROBES


def parameters(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """Return the JSON schema of a check's parameters."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


TEXT: Schema = {"type": "string", "minLength": 1}
TEXTS: Schema = {"type": "array", "items": TEXT, "minItems": 1, "uniqueItems": True}
ANY_TEXTS: Schema = {"type": "array", "items": TEXT, "uniqueItems": True}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
