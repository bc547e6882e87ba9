"""The shape that the checks of a host's state share: parameters, observation, finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharklab.checks.context import Context
from sharklab.checks.kind import TEXT, Params, Schema, parameters
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.message import Message


def of_host(*required: str, **properties: Schema) -> Schema:
    """Return the JSON schema of the parameters of a check of one host."""
    return parameters("host", *required, host=TEXT, **properties)


def observation(context: Context, params: Params) -> Mapping[str, Any]:
    """Return the observation of the host that the parameters name (`sharklab.evidence.host_state`)."""
    seen: Mapping[str, Any] = context.evidence.state[params["host"]]
    return seen


def make_finding(good: bool, host: str, found: Message, line: str = "") -> Finding:
    """Return the finding on a host, which may rest on one line of its observation."""
    return Finding(Status.of(good), found, (Reference(host=host, line=line),))
