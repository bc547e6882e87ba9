"""The errors of an engine: it did not answer, or it refused."""

from __future__ import annotations

from sharklab.errors import MachineryError


class Unreachable(MachineryError):
    """The engine, or the member of the cluster that has to act, does not answer.

    The engine may have done its work or not: look before asking again.
    """


class TooLate(Unreachable):
    """The engine answers, but did not end the work within the time limit."""


class EngineRefusal(MachineryError):
    """The engine said no; `code` is the status of HTTP that it gave."""

    code = 0


class NotFound(EngineRefusal):
    """The thing that was asked for is not there."""


class AlreadyThere(EngineRefusal):
    """A thing of that name is there already."""
