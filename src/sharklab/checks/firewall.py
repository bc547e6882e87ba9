"""The check that a firewall opens just what is meant, now and after the next start."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sharklab.checks.context import Context
from sharklab.checks.host_check import finding, observation, of_host
from sharklab.checks.kind import ANY_TEXTS, TEXT, Claim, Params, Rests, check, parameters
from sharklab.checks.outcome import (
    Finding,
    Reference,
    Status,
)
from sharklab.hosts.agent.rules import zones
from sharklab.message import (
    N_,
    Message,
)

Zone = Mapping[str, frozenset[str]]
OPENINGS = ("services", "ports", "protocols", "source-ports", "forward-ports", "rich rules")
"""The kinds of openings, as firewalld names them. A parameter has the same name with underscores."""
_OPENINGS = {name.replace("-", "_").replace(" ", "_"): ANY_TEXTS for name in OPENINGS}


@check(
    "firewall",
    Rests.PROBES,
    N_("Firewall ({runtime})"),
    N_("only the intended openings, in force and permanently"),
    params=parameters(
        "runtime",
        "permanent",
        runtime=TEXT,
        permanent=TEXT,
        **_OPENINGS,
    ),
    claim=Claim.ABSENCE,
)
def firewall(context: Context, params: Params) -> Finding:
    """The zone of firewalld opens what the parameters name, and nothing else, in force and permanently.

    `runtime` and `permanent` are probes of `firewall-cmd --list-all`.
    """
    results = [context.probe(params[name]) for name in ("runtime", "permanent")]
    evidence = tuple(Reference(probe=result.id, host=result.host) for result in results if result)
    zones = [
        read_zone(result.stdout)
        for result in results
        if result and result.exit_code == 0 and not result.truncated
    ]
    if len(zones) < len(results) or not all(zones):
        text = N_("{runtime} or {permanent} did not print a zone of firewalld.")
        names = {name: params[name] for name in ("runtime", "permanent")}
        return Finding(Status.INCONCLUSIVE, Message(text, names), evidence)
    wrong = faults(zones[0], zones[1], params)
    if wrong:
        return Finding(Status.FAILED, Message("{faults}", {"faults": wrong}), evidence)
    opened = sorted(frozenset().union(*(zones[0].get(key, ()) for key in OPENINGS)))
    return Finding(Status.PASSED, Message(N_("The zone opens {opened}."), {"opened": opened}), evidence)


def faults(runtime: Zone, permanent: Zone, params: Params) -> list[Message]:
    """Return the faults of a zone: openings too many or too few, and differences from the permanent rules."""
    wrong = []
    if "ACCEPT" in runtime.get("target", frozenset()):
        wrong.append(Message(N_("the zone accepts everything")))
    if "yes" in runtime.get("masquerade", frozenset()):
        wrong.append(Message(N_("the zone hides other hosts behind this one: masquerade")))
    for key in OPENINGS:
        wanted = frozenset(params.get(key.replace("-", "_").replace(" ", "_"), ()))
        opened = runtime.get(key, frozenset())
        if wanted - opened:
            wrong.append(
                Message(N_("closed but should be open: {names}"), {"names": sorted(wanted - opened)})
            )
        if opened - wanted:
            wrong.append(
                Message(N_("open but should be closed: {names}"), {"names": sorted(opened - wanted)})
            )
    differing = [key for key in ("target", *OPENINGS) if runtime.get(key) != permanent.get(key)]
    if differing:
        text = N_("different in force and permanently: {names}")
        wrong.append(Message(text, {"names": differing}))
    return wrong


def read_zone(printed: str) -> Zone:
    """Return the entries of a zone by kind, from the output of `firewall-cmd --list-all`, or nothing."""
    zone = next(iter(zones(printed).values()), {})
    return {kind: frozenset(entries) for kind, entries in zone.items()} if _is_whole(zone) else {}


def _is_whole(zone: Collection[str]) -> bool:
    return {"target", "services", "ports"} <= set(zone)


@check(
    "firewalld_same",
    Rests.STATE,
    N_("Rules of firewalld on {host}"),
    N_("the same in force and permanently"),
    params=of_host(),
    look=N_("Compare the output with and without --permanent of: firewall-cmd --list-all"),
)
def firewalld_same(context: Context, params: Params) -> Finding:
    """The rules of firewalld in force on `host` are the permanent ones: a restart changes nothing."""
    runtime, permanent = _zones(context, params)
    if not runtime or not permanent:
        return _no_zone(params)
    differing = [key for key in ("target", *OPENINGS) if runtime.get(key) != permanent.get(key)]
    if differing:
        text = N_("different in force and permanently: {names}")
        return finding(False, params["host"], Message(text, {"names": differing}))
    return finding(True, params["host"], Message(N_("The rules in force are the permanent rules.")))


@check(
    "firewalld_opens",
    Rests.STATE,
    N_("Openings of firewalld on {host}"),
    N_("only the openings that are needed"),
    params=of_host(**_OPENINGS),
    claim=Claim.ABSENCE,
    look=N_("Look at it with: firewall-cmd --list-all"),
)
def firewalld_opens(context: Context, params: Params) -> Finding:
    """firewalld on `host` opens what the parameters name, and nothing else."""
    runtime, _ = _zones(context, params)
    if not runtime:
        return _no_zone(params)
    judged = _zones_of_packets(context, params, runtime)
    wrong = [fault for zone in judged for fault in faults(zone, zone, params)]
    if "ACCEPT" in observation(context, params)["firewall"].get("direct", ""):
        wrong.append(Message(N_("a direct rule accepts packets before any zone")))
    if wrong:
        return finding(False, params["host"], Message("{faults}", {"faults": wrong}))
    opened = sorted(frozenset().union(*(judged[0].get(key, ()) for key in OPENINGS)))
    return finding(True, params["host"], Message(N_("The zone opens {opened}."), {"opened": opened}))


def _zones_of_packets(context: Context, params: Params, default: Zone) -> list[Zone]:
    """Return the zones that decide about the lab's packets (firewalld.zones(5)).

    These are the zones of the host's cards on the lab's networks, else the default one, and every zone of a
    source. A zone without card and source decides nothing, whatever it opens.
    """
    printed = observation(context, params)["firewall"].get("zones", "")
    known: list[Zone] = [
        {kind: frozenset(entries) for kind, entries in zone.items()} for zone in zones(printed).values()
    ]
    cards = frozenset(context.plan.lab.host(params["host"]).networks)
    of_cards = [zone for zone in known if cards & zone.get("interfaces", frozenset()) and _is_whole(zone)]
    of_sources = [zone for zone in known if zone.get("sources") and zone not in of_cards]
    return [*(of_cards or [default]), *of_sources]


@check(
    "firewalld_open",
    Rests.STATE,
    N_("Firewall of {host}, {opening}"),
    N_("let in"),
    params=of_host("opening", opening=TEXT),
    look=N_("Look at it with: firewall-cmd --list-all"),
)
def firewalld_open(context: Context, params: Params) -> Finding:
    """The firewall of `host` lets in `opening`, as firewalld writes it (`https`, `443/tcp`)."""
    return _opening(context, params, True)


@check(
    "firewalld_closed",
    Rests.STATE,
    N_("Firewall of {host}, {opening}"),
    N_("not let in"),
    params=of_host("opening", opening=TEXT),
    claim=Claim.ABSENCE,
    look=N_("Look at it with: firewall-cmd --list-all"),
)
def firewalld_closed(context: Context, params: Params) -> Finding:
    """The firewall of `host` does not let in `opening`, as firewalld writes it (`https`, `443/tcp`)."""
    return _opening(context, params, False)


def _opening(context: Context, params: Params, wanted: bool) -> Finding:
    runtime, _ = _zones(context, params)
    if not runtime:
        return _no_zone(params)
    judged = _zones_of_packets(context, params, runtime)
    opened = frozenset().union(
        *(zone.get(key, ()) for zone in judged for key in ("services", "ports", "protocols"))
    )
    is_open = params["opening"] in opened or any("ACCEPT" in zone.get("target", ()) for zone in judged)
    text = N_("{host} lets {opening} in.") if is_open else N_("{host} does not let {opening} in.")
    return finding(is_open == wanted, params["host"], Message(text, params))


def _zones(context: Context, params: Params) -> tuple[Zone, Zone]:
    printed = observation(context, params)["firewall"]
    return read_zone(printed["runtime"]), read_zone(printed["permanent"])


def _no_zone(params: Params) -> Finding:
    text = N_("firewalld on {host} shows no zone: it does not run.")
    return finding(False, params["host"], Message(text, {"host": params["host"]}))
