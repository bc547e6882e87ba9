"""Openings of a zone of firewalld: services, ports and rich rules as one kind of thing.

A student may open a service, its ports, or a rich rule for either: the packets cannot tell them apart
(firewalld.zone(5), firewalld.richlanguage(5)).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network

Zone = Mapping[str, frozenset[str]]
"""The entries of a zone, or of a policy, by kind."""
Services = Mapping[str, Sequence[str]]
"""The ports of services of firewalld, such as 443/tcp, by name."""
Span = tuple[str, int, int]
"""Ports of a transport from the first to the last; an opening without ports is a name with 0 and 0."""

OPENINGS = ("services", "ports", "protocols", "source-ports", "forward-ports", "rich rules")
"""The kinds of openings, as firewalld names them. A parameter has the same name with underscores."""
_OF_PACKETS = OPENINGS[:4]
"""The kinds of openings for packets to the host itself."""
_ACTIONS = ("accept", "reject", "drop")
_PORTS = re.compile(r"(?P<first>\d{1,5})(?:-(?P<last>\d{1,5}))?/(?P<transport>\w+)")
_WORDS = re.compile(r'(?P<name>[\w-]+)(?:="(?P<value>[^"]*)")?')


@dataclass(frozen=True)
class Origin:
    """Where packets come from: a host of the lab, its address and the network; all are "" for anyone.

    `zone` is the name of the zone that decides about these packets.
    """

    host: str = ""
    address: str = ""
    network: str = ""
    zone: str = ""


ANYONE = Origin()


@dataclass(frozen=True)
class Rich:
    """A rich rule: its action, the kind and name of its packets (None: any), their source (None: anyone)."""

    text: str
    priority: int
    action: str
    about: tuple[str, str] | None
    source: Mapping[str, str] | None
    family: str

    def fits(self, origin: Origin) -> bool:
        """Tell whether the rule is about packets from `origin`; one about a MAC or an ipset is about none."""
        if self.family and origin.address and (":" in origin.address) != (self.family == "ipv6"):
            return False
        if self.source is None:
            return True
        return is_from(self.source.get("address", ""), origin) != ("NOT" in self.source)


def is_from(source: str, origin: Origin) -> bool:
    """Tell whether `source`, an address or a network, has the address of `origin`."""
    try:
        network = ip_network(source, strict=False)
        return bool(origin.address) and ip_address(origin.address) in network
    except ValueError:  # a MAC, an ipset, or a text of a student
        return False


@cache
def read_rich(text: str) -> Rich:
    """Return the rich rule that firewalld prints as `text`; its action is "" if none is understood."""
    parts: dict[str, dict[str, str]] = {"rule": {}}
    part = parts["rule"]
    for word in _WORDS.finditer(text):
        if word["value"] is not None or word["name"] == "NOT":
            part[word["name"]] = word["value"] or ""
        else:
            part = parts.setdefault(word["name"], {})
    rule = parts["rule"]
    priority = rule.get("priority", "0")
    return Rich(
        text,
        int(priority) if re.fullmatch(r"-?\d{1,5}", priority) else 0,
        next((action for action in _ACTIONS if action in parts), ""),
        _about(parts),
        parts.get("source"),
        rule.get("family", ""),
    )


def _about(parts: Mapping[str, Mapping[str, str]]) -> tuple[str, str] | None:
    """Return the kind and the name of the packets of a rich rule, as a zone lists them."""
    for part, kind in (("port", "ports"), ("source-port", "source-ports")):
        if part in parts:
            return kind, f"{parts[part].get('port', '')}/{parts[part].get('protocol', '')}"
    if "service" in parts:
        return "services", parts["service"].get("name", "")
    if "protocol" in parts:
        return "protocols", parts["protocol"].get("value", "")
    others = ("icmp-type", "icmp-block", "masquerade", "forward-port")
    return next((("other", part) for part in others if part in parts), None)


def spans(kind: str, entry: str, services: Services) -> tuple[Span, ...]:
    """Return the ports of an entry of a zone; one without ports that are known stands for itself."""
    if kind == "services":
        known = [span for port in services.get(entry, ()) for span in spans("ports", port, {})]
        return tuple(known) or ((f"service {entry}", 0, 0),)
    ports = _PORTS.fullmatch(entry)
    if kind not in ("ports", "source-ports") or not ports:
        return ((f"{kind} {entry}", 0, 0),)
    transport = ports["transport"] if kind == "ports" else f"source {ports['transport']}"
    return ((transport, int(ports["first"]), int(ports["last"] or ports["first"])),)


def covers(opened: Iterable[Span], wanted: Span) -> bool:
    """Tell whether the spans, taken together, have all ports of `wanted`."""
    transport, first, last = wanted
    for _, start, end in sorted(span for span in opened if span[0] == transport):
        if start > first:
            break
        first = max(first, end + 1)
    return first > last


def lets_in(zone: Zone, origin: Origin, wanted: Iterable[Span], services: Services) -> bool:
    """Tell whether the zone lets packets from `origin` in to all ports of `wanted`."""
    return all(_lets_in(zone, origin, span, services) for span in wanted)


def _lets_in(zone: Zone, origin: Origin, wanted: Span, services: Services) -> bool:
    """Tell it of one span: rich rules decide by priority, and refusals first; those above 0 come last."""
    rules = sorted(map(read_rich, zone.get("rich rules", ())), key=_order)
    deciding = [rule for rule in rules if rule.action and rule.fits(origin) and _hits(rule, wanted, services)]
    early = [rule for rule in deciding if rule.priority <= 0]
    if early:
        return early[0].action == "accept"
    if covers(list_ports(zone, services), wanted):
        return True
    return deciding[0].action == "accept" if deciding else "ACCEPT" in zone.get("target", ())


def _order(rule: Rich) -> tuple[int, bool]:
    return rule.priority, rule.action == "accept"


def _hits(rule: Rich, wanted: Span, services: Services) -> bool:
    """Tell whether a rule decides about ports of `wanted`: one that refuses may do so for some of them."""
    if rule.about is None:
        return True
    hit = spans(*rule.about, services)
    if rule.action == "accept":
        return covers(hit, wanted)
    return any(span[0] == wanted[0] and span[1] <= wanted[2] and wanted[1] <= span[2] for span in hit)


def list_ports(zone: Zone, services: Services) -> list[Span]:
    """Return the ports that the zone lists, without rich rules."""
    return [
        span for kind in _OF_PACKETS for entry in zone.get(kind, ()) for span in spans(kind, entry, services)
    ]


def names(zone: Zone) -> Iterator[str]:
    """Yield the entries of the zone that let packets of others in."""
    for kind in OPENINGS:
        rules = zone.get(kind, ()) if kind != "rich rules" else filter(_opens, zone.get(kind, ()))
        yield from rules


def _opens(text: str) -> bool:
    rule = read_rich(text)
    return rule.action not in ("reject", "drop") and rule.about != ("other", "icmp-type")


def extras(zone: Zone, kind: str, wanted: Mapping[str, frozenset[str]], services: Services) -> Iterator[str]:
    """Yield the entries of a kind that let in more than is wanted; `wanted` has the wanted ones by kind."""
    meant = [span for each in _OF_PACKETS for name in wanted[each] for span in spans(each, name, services)]
    for entry in zone.get(kind, frozenset()) - wanted[kind]:
        if kind == "rich rules":
            if not _opens(entry):
                continue
            rule = read_rich(entry)
            opened = spans(*rule.about, services) if rule.about and rule.action else (("any", 0, 0),)
        else:
            opened = spans(kind, entry, services)
        if not all(covers(meant, span) for span in opened):
            yield entry


def merge(zone: Zone, policies: Iterable[Zone]) -> Zone:
    """Return a zone with the openings of policies (firewalld.policies(5)).

    A policy below 0 that drops or rejects leaves nothing to the zone.
    """
    for policy in policies:
        target = policy.get("target", frozenset())
        before = "".join(policy.get("priority", ())).startswith("-")
        closes = before and bool({"DROP", "REJECT"} & target)
        base: Zone = {"target": target} if closes else zone
        joined = {kind: base.get(kind, frozenset()) | policy.get(kind, frozenset()) for kind in OPENINGS}
        zone = {**base, **joined, "target": target if "ACCEPT" in target else base.get("target", frozenset())}
    return zone
