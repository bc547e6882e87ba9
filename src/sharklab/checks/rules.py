"""The effect of a host's firewall on a new packet to one of its ports, by firewalld and by the kernel.

The answer is a set of states that the port may have: a packet that is let in meets an open or a closed port.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from sharklab.checks.openings import Zone
from sharklab.hosts.agent.rules import chains

LET_IN = frozenset({"open", "closed"})
_REJECTS = (("reset", "reset"), ("prohibited", "prohibited"), ("port-unreachable", "rejected"))
"""The text in the kind of a rejection, in nft(8) and firewalld.richlanguage(5), and the state it makes."""


@dataclass(frozen=True)
class FirstPacket:
    """A packet over IPv4 that begins something new: where it comes in, and to which port it goes."""

    network: str
    transport: str
    port: int


def _states(action: str) -> frozenset[str]:
    """Return the states of a port whose packets meet `action`: accept, drop, or reject and how."""
    kind, _, how = action.partition(" ")
    if kind == "reject":
        wanted = how or "port-unreachable"  # the default of both
        return frozenset(state for word, state in _REJECTS if word in wanted)
    return {"accept": LET_IN, "drop": frozenset({"dropped"})}.get(kind, frozenset())


_RICH = re.compile(
    r'rule(?: priority="-?\d+")?(?: family="ipv4")?'
    r' port port="(?P<ports>[\d-]+)" protocol="(?P<transport>\w+)"'
    r'(?: log.*?)? (?P<action>accept|drop|reject(?: type="[^"]*")?)'
)
_rich = cache(_RICH.fullmatch)
_TARGETS = {
    "default": "reject prohibited",
    "%%REJECT%%": "reject prohibited",
    "DROP": "drop",
    "ACCEPT": "accept",
}


def by_zone(zone: Zone, packet: FirstPacket) -> frozenset[str]:
    """Return the port's states as `zone` (of `firewall-cmd --list-all`) has it.

    Rules that refuse come before those that let in, and the target of the zone comes last
    (firewalld.richlanguage(5)).
    """
    rules = filter(None, map(_rich, zone.get("rich rules", ())))
    fitting = [
        rule["action"]
        for rule in rules
        if rule["transport"] == packet.transport and _holds(rule["ports"], packet.port)
    ]
    openings = (opening.partition("/") for opening in zone.get("ports", ()))
    opened = any(name == packet.transport and _holds(ports, packet.port) for ports, _, name in openings)
    refused = [action for action in fitting if action != "accept"]
    target = "".join(zone.get("target", ()))
    if refused:
        return _states(refused[0])
    return LET_IN if opened or fitting else _states(_TARGETS.get(target, ""))


def _holds(ports: str, port: int) -> bool:
    """Tell whether `port` is among ports written as 22, 60000-60010, or a set of these as nft writes it."""
    return any(first <= port <= last for first, last in _ranges(ports))


@cache
def _ranges(ports: str) -> tuple[tuple[int, int], ...]:
    parts = (part.strip().partition("-") for part in ports.strip("{} ").split(","))
    return tuple((int(first), int(last or first)) for first, _, last in parts if first.isdigit())


Chains = Mapping[str, list[str]]
"""The rules of each chain, by the name that `sharklab.hosts.agent.rules` gives it."""

_chains = cache(chains)


@cache
def by_ruleset(text: str, packet: FirstPacket) -> frozenset[str]:
    """Return the port's states as `text`, what `nft list ruleset` printed (nft(8)), has it.

    The first chain that does not accept the packet decides. A rule with a condition that is not understood
    here is taken as one that does not fit. No states come out of a text without any chain for input.
    """
    decided = _find_actions(text, packet, "input")
    refused = [action for action in decided if action != "accept"]
    return _states(refused[0] if refused else "accept") if decided else frozenset()


@cache
def is_refused(text: str, packet: FirstPacket) -> bool:
    """Tell whether some of the tables in `text` refuse the packet, on its whole way in."""
    hooks = ("ingress", "prerouting", "input")
    return any(action != "accept" for hook in hooks for action in _find_actions(text, packet, hook))


def _find_actions(text: str, packet: FirstPacket, hook: str) -> list[str]:
    """Return the action of each chain that is hooked in there."""
    rules = _chains(text)
    entries = [name for name, lines in rules.items() if any(f" hook {hook} " in line for line in lines)]
    return [_walk(rules, name, packet) or "accept" for name in entries]


def _walk(rules: Chains, chain: str, packet: FirstPacket) -> str:
    """Return the action of the chain on the packet, or "" if it hands the packet back."""
    policy = ""
    for rule in rules.get(chain, ()):
        if rule.startswith("type "):
            policy = rule.partition("policy ")[2].rstrip(";")
            continue
        verb, _, rest = _action(rule, packet).partition(" ")
        other = f"{chain.rpartition(' ')[0]} {rest}"
        decided = _walk(rules, other, packet) if verb in ("jump", "goto") else ""
        if verb in ("accept", "drop", "reject"):
            return f"{verb} {rest}".strip()
        if decided or verb in ("goto", "return"):
            return decided or policy
    return policy


def _action(rule: str, packet: FirstPacket) -> str:
    """Return the action of `rule` on the packet, or "" if the rule does not match."""
    conditions, action = _parse(rule)
    return action if all(fits(match, packet) for match, fits in conditions) else ""


@cache
def _parse(rule: str) -> tuple[tuple[tuple[re.Match[str], _Fits], ...], str]:
    """Return the conditions of a rule and what it does, "" when one of them is not understood."""
    conditions = []
    while (first := rule.partition(" ")[0]) not in _ACTIONS:
        pattern, fits = _CONDITIONS.get(first, _NEVER)
        match = pattern.match(rule)
        if match is None:
            return (), ""
        conditions.append((match, fits))
        rule = rule[match.end() :]
    return tuple(conditions), rule


_Fits = Callable[[re.Match[str], FirstPacket], bool]
_ACTIONS = frozenset({"accept", "drop", "reject", "jump", "goto", "return"})
_VALUE = r'(?P<value>\{[^}]*\}|"[^"]*"|\S+) '


def _to_port(match: re.Match[str], packet: FirstPacket) -> bool:
    return match["transport"] == packet.transport and _holds(match["value"], packet.port)


def _by_protocol(match: re.Match[str], packet: FirstPacket) -> bool:
    return bool({"ipv4", packet.transport} & set(re.findall(r"[\w-]+", match["value"])))


_NEVER: tuple[re.Pattern[str], _Fits] = (re.compile("(?!)"), lambda match, packet: False)
_CONDITIONS: Mapping[str, tuple[re.Pattern[str], _Fits]] = {
    "counter": (re.compile(r"counter packets \d+ bytes \d+ "), lambda match, packet: True),
    "ct": (
        re.compile(rf"ct state {_VALUE}"),
        lambda match, packet: "new" in re.findall(r"\w+", match["value"]),
    ),
    "iifname": (
        re.compile(rf"iifname {_VALUE}"),
        lambda match, packet: f'"{packet.network}"' in match["value"],
    ),
    "meta": (re.compile(rf"meta (nfproto|l4proto) {_VALUE}"), _by_protocol),
    "tcp": (re.compile(rf"(?P<transport>tcp) dport {_VALUE}"), _to_port),
    "udp": (re.compile(rf"(?P<transport>udp) dport {_VALUE}"), _to_port),
}
"""The conditions that are understood, by their first word; firewalld writes no others about ports."""
