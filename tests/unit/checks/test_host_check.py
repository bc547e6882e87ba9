"""The parts that checks of hosts share: parameters, observation, finding."""

from __future__ import annotations

from jsonschema import Draft202012Validator

from sharklab.checks.host_check import make_finding, observation, of_host
from sharklab.checks.kind import TEXT
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.message import Message
from tests.support import host_state
from tests.support.checks_sample import Sample


def test_of_host_asks_for_a_host_first() -> None:
    """Beside it, a check has its own parameters, of which some are required."""
    schema = Draft202012Validator(dict(of_host("path", path=TEXT, source=TEXT)))
    assert schema.is_valid({"host": "server", "path": "/mnt"})
    assert schema.is_valid({"host": "server", "path": "/mnt", "source": "x"})
    assert not schema.is_valid({"path": "/mnt"})
    assert not schema.is_valid({"host": "server"})
    assert not schema.is_valid({"host": "server", "path": "/mnt", "other": "x"})


def test_observation_is_that_of_the_host() -> None:
    """Not that of another one."""
    server, client = host_state.seen(), host_state.seen(exports="")
    context = Sample(state={"server": server, "client": client}).context()
    assert client == observation(context, {"host": "client"})


def test_finding_rests_on_the_host_and_a_line_of_it() -> None:
    """Good evidence passes, other fails."""
    said = Message("x")
    assert Finding(Status.PASSED, said, (Reference(host="server"),)) == make_finding(True, "server", said)
    lined = (Reference(host="server", line="a line"),)
    assert Finding(Status.FAILED, said, lined) == make_finding(False, "server", said, "a line")
