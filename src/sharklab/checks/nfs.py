"""Checks of NFS: which operations were done, and how the server answered."""

from __future__ import annotations

from collections.abc import Iterator

from sharklab.checks.context import Context
from sharklab.checks.kind import TEXT, TEXTS, Params, Rests, check, parameters
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.evidence.packets.model import NfsCall
from sharklab.message import N_, Message

Call = tuple[str, NfsCall]
GOOD = "NFS4_OK"


@check(
    "nfs",
    Rests.CONTENTS,
    N_("NFS operations"),
    N_("done: {operations}"),
    params=parameters("operations", operations=TEXTS, name=TEXT),
    title_of_name=N_("NFS operations on {name}"),
    look=N_(
        "Record while you do everything that your brief asks in the shared folder; in "
        "Wireshark the filter is nfs."
    ),
    parts=lambda params: (("nfs", {**params, "operations": [name]}) for name in params["operations"]),
)
def nfs(context: Context, params: Params) -> Finding:
    """The client calls each of the `operations`, and the server answers NFS4_OK (RFC 7530).

    With `name`, only calls that name this file or folder count.
    """
    about = params.get("name", "")
    done = {
        name: [
            call for call in calls(context) if GOOD in _ends(call[1], name) and about in ("", *call[1].names)
        ]
        for name in params["operations"]
    }
    lacking = [name for name, matching in done.items() if not matching]
    evidence = tuple(_refer(matching[0]) for matching in done.values() if matching)
    if lacking:
        text = N_("The captures do not show that these NFS operations succeeded: {operations}.")
        return Finding(Status.FAILED, Message(text, {"operations": lacking}), evidence)
    seen = [f"{name} ({matching[0][1].call})" for name, matching in done.items()]
    text = N_("NFS operations, each with the packet of its first call: {operations}.")
    return Finding(Status.PASSED, Message(text, {"operations": seen}), evidence)


@check(
    "nfs_status",
    Rests.CONTENTS,
    N_("NFS answer {status}"),
    params=parameters("status", status=TEXT, operation=TEXT, name=TEXT),
    look=N_("Cause this answer of the server while you record; in Wireshark the filter is nfs."),
)
def nfs_status(context: Context, params: Params) -> Finding:
    """The server answers a call with `status`.

    With `operation` or `name`, only calls of this operation or about this file or folder count.
    """
    status, operation, name = params["status"], params.get("operation", ""), params.get("name", "")
    matching = [
        each
        for each in calls(context)
        if status in (_ends(each[1], operation) if operation else (*each[1].statuses, each[1].status))
        and name in ("", *each[1].names)
    ]
    if not matching:
        text = N_("No reply of the server is {status}.")
        return Finding(Status.FAILED, Message(text, {"status": status}))
    call = matching[0][1]
    values = {"status": status, "number": call.reply, "call": call.call, "names": call.names or "-"}
    text = N_("Packet {number} answers {status} to the call of packet {call} (file: {names}).")
    return Finding(Status.PASSED, Message(text, values), tuple(_refer(each) for each in matching))


def calls(context: Context) -> Iterator[Call]:
    """Yield the NFS calls between the exercise's hosts (all of them when it names none)."""
    for capture, facts in context.facts.items():
        for call in facts.nfs:
            if not context.client or (
                call.client.address in context.addresses(context.client)
                and call.server.address in context.addresses(context.server)
            ):
                yield capture, call


def _ends(call: NfsCall, operation: str) -> tuple[str, ...]:
    """Return how the operations of that name in a call ended; those after a failed one were not done."""
    ended = zip(call.operations, call.statuses, strict=False)
    return tuple(status for name, status in ended if name == operation)


def _refer(each: Call) -> Reference:
    capture, call = each
    return Reference(capture=capture, packets=tuple(number for number in (call.call, call.reply) if number))
