"""The check that a firewall opens just what is meant, now and after the next start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

from sharklab.checks.context import Context
from sharklab.checks.host_check import make_finding, of_host
from sharklab.checks.host_rules import HostRules, Judged, compare_zones, read_zone, read_zones
from sharklab.checks.kind import ANY_TEXTS, PROBE, TEXT, Claim, Params, Rests, check, parameters
from sharklab.checks.openings import ANYONE, OPENINGS, Services, extras, lets_in, names, spans
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.message import N_, Message

_OPENINGS = {name.replace("-", "_").replace(" ", "_"): ANY_TEXTS for name in OPENINGS}


@check(
    "firewall",
    Rests.PROBES,
    N_("Firewall ({runtime})"),
    N_("only the intended openings, in force and permanently"),
    params=parameters(
        "runtime",
        "permanent",
        runtime=PROBE,
        permanent=PROBE,
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
    named = replace(ANYONE, zone=next(iter(read_zones(results[0].stdout if results[0] else "")), ""))
    wrong = faults(((named, zones[0]),), {}, params)
    if unlike := compare_zones(zones[0], zones[1], ("target", *OPENINGS)):
        wrong.append(_say_differences(unlike))
    if wrong:
        return Finding(Status.FAILED, _in_a_row(wrong), evidence)
    opened = sorted(frozenset().union(*(zones[0].get(key, ()) for key in OPENINGS)))
    return Finding(Status.PASSED, Message(N_("The zone opens {opened}."), {"opened": opened}), evidence)


def faults(judged: Judged, services: Services, params: Params) -> list[Message]:
    """Return the faults of the zones that decide: openings too many or too few, for any origin of packets."""
    wanted = {kind: frozenset(params.get(_parameter(kind), ())) for kind in OPENINGS}
    of_lab = tuple(each for each in judged if each[0].host) or judged
    closed = {
        name for kind in OPENINGS for name in wanted[kind] if not _is_open(of_lab, kind, name, services)
    }
    opened = {
        name for kind in OPENINGS for _, zone in judged for name in extras(zone, kind, wanted, services)
    }
    told = (
        (N_("these zones accept all packets: {names}"), _zones_with(judged, "target", "ACCEPT")),
        (
            N_("these zones hide other hosts behind this one (masquerade): {names}"),
            _zones_with(judged, "masquerade", "yes"),
        ),
        (N_("closed but should be open: {names}"), closed),
        (N_("open but should be closed: {names}"), opened),
    )
    return [Message(text, {"names": sorted(names)}) for text, names in told if names]


def _zones_with(judged: Judged, kind: str, entry: str) -> set[str]:
    return {origin.zone for origin, zone in judged if entry in zone.get(kind, ())}


def _in_a_row(parts: Sequence[Message]) -> Message:
    """Return several faults as one message; each may hold commas."""
    return reduce(
        lambda before, part: Message(N_("{before}; {part}"), {"before": before, "part": part}), parts
    )


def _parameter(kind: str) -> str:
    return kind.replace("-", "_").replace(" ", "_")


def _is_open(judged: Judged, kind: str, name: str, services: Services) -> bool:
    """Tell whether an opening is there for any origin of packets."""
    if kind in ("forward-ports", "rich rules"):
        return any(name in zone.get(kind, ()) for _, zone in judged)
    wanted = spans(kind, name, services)
    return any(lets_in(zone, origin, wanted, services) for origin, zone in judged)


def _say_differences(names: list[str]) -> Message:
    return Message(N_("different in force and permanently: {names}"), {"names": names})


@check(
    "firewalld_same",
    Rests.STATE,
    N_("Rules of firewalld on {host}"),
    N_("the same in force and permanently"),
    params=of_host(),
    look=N_("Compare the output with and without --permanent of: firewall-cmd --list-all"),
)
def firewalld_same(context: Context, params: Params) -> Finding:
    """The rules of firewalld in force on `host` are the permanent ones: a restart changes nothing.

    All zones are compared, the zone of each card, direct rules and policies.
    """
    rules = HostRules(context, params["host"])
    if not rules.default or not rules.permanent:
        return _no_zone(params)
    if unlike := rules.unlike:
        return make_finding(False, params["host"], _say_differences(unlike))
    return make_finding(True, params["host"], Message(N_("The rules in force are the permanent rules.")))


@check(
    "firewalld_opens",
    Rests.STATE,
    N_("Openings of firewalld on {host}"),
    N_("only the openings that are needed"),
    params=of_host(**_OPENINGS),
    claim=Claim.ABSENCE,
    look=N_("Look at it with: firewall-cmd --list-all-zones, and nft list ruleset"),
)
def firewalld_opens(context: Context, params: Params) -> Finding:
    """firewalld on `host` opens what the parameters name to a host of the lab, and nothing else to anyone.

    A service, its ports and a rich rule for either are one. Rules of nftables that are not firewalld's count.
    """
    rules = HostRules(context, params["host"])
    if not rules.default:
        return _no_zone(params)
    wrong = [*faults(rules.judged, rules.services, params), *_beside_zones(rules, params)]
    if wrong:
        return make_finding(False, params["host"], _in_a_row(wrong))
    opened = sorted({name for _, zone in rules.judged for name in names(zone)})
    return make_finding(True, params["host"], Message(N_("The zone opens {opened}."), {"opened": opened}))


def _beside_zones(rules: HostRules, params: Params) -> Iterator[Message]:
    """Yield the faults of direct rules and of those of nftables, and the hosts that get in nowhere."""
    if "ACCEPT" in rules.printed.get("direct", ""):
        yield Message(N_("a direct rule accepts packets before any zone"))
    if not rules.is_loaded:
        yield Message(N_("the rules of firewalld are not in the kernel"))
    if redirecting := rules.redirecting:
        yield Message(N_("other rules of nftables redirect packets: {names}"), {"names": redirecting})
    wanted = [(kind, name) for kind in ("services", "ports") for name in params.get(kind, ())]
    if refused := [name for kind, name in wanted if rules.refuses(spans(kind, name, rules.services))]:
        yield Message(N_("other rules of nftables close: {names}"), {"names": refused})
    if shut_out := sorted(_shut_out(rules, wanted)):
        yield Message(N_("nothing is open to: {hosts}"), {"hosts": shut_out})


def _shut_out(rules: HostRules, wanted: Sequence[tuple[str, str]]) -> set[str]:
    """Return the hosts of the lab that nothing is open to over IPv4, although it is to anyone else."""
    shut = set()
    for card in {origin.network for origin, _ in rules.judged}:
        named = [each for each in rules.judged if each[0].network == card]
        anyone = tuple(each for each in named if not each[0].host)
        usual = [(kind, name) for kind, name in wanted if _is_open(anyone, kind, name, rules.services)]
        for own in (each for each in named if each[0].host and ":" not in each[0].address):
            if usual and not any(_is_open((own,), kind, name, rules.services) for kind, name in usual):
                shut.add(own[0].host)
    return shut


@check(
    "firewalld_open",
    Rests.STATE,
    N_("Firewall of {host}, {opening}"),
    N_("let in"),
    params=of_host("opening", opening=TEXT),
    look=N_("Look at it with: firewall-cmd --list-all"),
)
def firewalld_open(context: Context, params: Params) -> Finding:
    """The firewall of `host` lets in `opening`, as firewalld writes it (`https`, `443/tcp`).

    It may be opened by another name or by a rich rule, and to some hosts of the lab only.
    """
    return _check_opening(context, params, True)


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
    """The firewall of `host` lets in `opening` for nobody, as firewalld writes it (`https`, `443/tcp`)."""
    return _check_opening(context, params, False)


def _check_opening(context: Context, params: Params, wanted: bool) -> Finding:
    rules = HostRules(context, params["host"])
    if not rules.default:
        return _no_zone(params)
    name = params["opening"]
    ways = [(kind, name) for kind in ("services", "ports", "protocols")]
    is_open = not rules.is_loaded or any(
        _is_open(rules.judged, kind, name, rules.services)
        and not rules.refuses(spans(kind, name, rules.services))
        for kind, name in ways
    )
    text = N_("{host} lets {opening} in.") if is_open else N_("{host} does not let {opening} in.")
    return make_finding(is_open == wanted, params["host"], Message(text, params))


def _no_zone(params: Params) -> Finding:
    text = N_("firewalld on {host} shows no zone: it does not run.")
    return make_finding(False, params["host"], Message(text, {"host": params["host"]}))
