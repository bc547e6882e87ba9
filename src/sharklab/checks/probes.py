"""Checks of what probes did: how they ended and what they printed."""

from __future__ import annotations

from sharklab.checks.context import Context
from sharklab.checks.kind import PROBE, TEXT, TEXTS, Params, Rests, check, parameters
from sharklab.checks.outcome import Finding, Reference, Status, both
from sharklab.evidence.run_folder import ProbeResult
from sharklab.lab.model import Probe
from sharklab.message import N_, Message


@check(
    "probes",
    Rests.PROBES,
    N_("Commands"),
    N_("each ends with an expected exit code"),
)
def probes(context: Context, params: Params) -> Finding:
    """Each command of the exercise ends with one of its expected exit codes.

    A command that is `optional` may be missing.
    """
    if not context.exercise.probes:
        return Finding(Status.INCONCLUSIVE, Message(N_("The exercise has no command to judge.")))
    lacking = tuple(probe for probe in context.exercise.probes if _may_lack(probe, context.probe(probe.id)))
    wanted = tuple(probe for probe in context.exercise.probes if probe not in lacking)
    faults = [(probe, fault) for probe in wanted if (fault := _fault(probe, context.probe(probe.id)))]
    if not faults:
        return _pass_with_gaps(wanted, lacking)
    lost = all(context.probe(probe.id) is None for probe, _ in faults)
    words = Message("{faults}", {"faults": [fault for _, fault in faults]})
    return Finding(
        Status.INCONCLUSIVE if lost else Status.FAILED, words, _refer(tuple(probe for probe, _ in faults))
    )


def _pass_with_gaps(wanted: tuple[Probe, ...], lacking: tuple[Probe, ...]) -> Finding:
    """Return the finding when all ended as they should, but for those that could not be tried."""
    found = Message(N_("Every command ended as expected ({count})."), {"count": len(wanted)})
    if not lacking:
        return Finding(Status.PASSED, found, _refer(wanted))
    if not wanted:
        return Finding(Status.SKIPPED, _not_available(*lacking), _refer(lacking))
    return Finding(Status.PASSED, both(found, _not_available(*lacking)), _refer(wanted))


def _may_lack(probe: Probe, result: ProbeResult | None) -> bool:
    return probe.optional and result is not None and result.missing


def _not_available(*probes: Probe) -> Message:
    return Message(N_("Not available: {tools}."), {"tools": [probe.run[0] for probe in probes]})


def _refer(probes: tuple[Probe, ...]) -> tuple[Reference, ...]:
    return tuple(Reference(probe=probe.id, host=probe.host) for probe in probes)


def _fault(probe: Probe, result: ProbeResult | None) -> Message | None:
    """Say what is wrong with how a probe ended, or return None when it ended as it should."""
    if result is None:
        return Message(N_("{probe} has no result"), {"probe": probe.id})
    if result.missing:
        return Message(N_("{probe}: {tool} is not installed"), {"probe": probe.id, "tool": probe.run[0]})
    if result.timed_out:
        return Message(
            N_("{probe} did not end within {limit} s"), {"probe": probe.id, "limit": probe.timeout}
        )
    if result.exit_code is None:
        return Message(N_("{probe} was killed"), {"probe": probe.id})
    if result.exit_code in probe.exit:
        return None
    values = {"probe": probe.id, "code": result.exit_code, "wanted": probe.exit}
    return Message(N_("{probe} ended with exit code {code} instead of {wanted}"), values)


@check(
    "output",
    Rests.PROBES,
    N_("Output of {probe}"),
    N_("it contains: {contains}"),
    params=parameters("probe", "contains", probe=PROBE, contains={"anyOf": [TEXT, TEXTS]}),
)
def output(context: Context, params: Params) -> Finding:
    """The output of the probe `probe` contains the text `contains`, or each text of a list."""
    result = context.probe(params["probe"])
    if result is None:
        return Finding(Status.INCONCLUSIVE, Message(N_("{probe} has no result."), {"probe": params["probe"]}))
    probe = {probe.id: probe for probe in context.exercise.probes}.get(result.id)
    if probe and _may_lack(probe, result):
        return Finding(Status.SKIPPED, _not_available(probe), _refer((probe,)))
    wanted = params["contains"]
    texts = [wanted] if isinstance(wanted, str) else list(wanted)
    printed = result.stdout + result.stderr
    lacking = [text for text in texts if text not in printed]
    evidence = (Reference(probe=result.id, host=result.host),)
    if not lacking:
        return Finding(Status.PASSED, Message(N_("{probe} prints the text."), {"probe": result.id}), evidence)
    text = (
        N_("{probe} does not print {lacking}, but its output was cut short.")
        if result.truncated
        else N_("{probe} does not print {lacking}.")
    )
    status = Status.INCONCLUSIVE if result.truncated else Status.FAILED
    return Finding(status, Message(text, {"probe": result.id, "lacking": lacking}), evidence)
