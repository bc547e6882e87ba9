"""The rules of a host's firewall, as they were observed, and the zone that decides about each packet."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sharklab.checks import rules
from sharklab.checks.context import Context
from sharklab.checks.openings import OPENINGS, Origin, Services, Span, Zone, is_from, merge
from sharklab.hosts.agent.rules import chains, zones

Judged = tuple[tuple[Origin, Zone], ...]
"""The zone that decides about the packets of each origin."""

COMPARED = (
    "target",
    *OPENINGS,
    "sources",
    "icmp-blocks",
    "icmp-block-inversion",
    "masquerade",
    "forward",
    "priority",
    "ingress-zones",
    "egress-zones",
)
"""The kinds of entries of a zone or a policy that a restart could change."""

DEVICE, ZONE = "GENERAL.DEVICES", "connection.zone"
"""The names of properties of nmcli(1)."""
_DIRECT = re.compile(r"<rule\b(?P<values>[^>]*)>(?P<words>[^<]*)</rule>")
_VALUE = re.compile(r'(\w+)="([^"]*)"')
_REDIRECT = re.compile(r"\b(redirect|dnat)\b")
_OWN = "table inet firewalld"
_OWN_CHAINS = re.compile(r"chain \w+_(ZONES|direct)\b")
"""Chains that firewalld makes with iptables: for its zones, or for direct rules."""


def read_zones(printed: str) -> dict[str, Zone]:
    """Return the entries of each zone by kind, from the output of `firewall-cmd --list-all-zones`."""
    return {
        name: {kind: frozenset(entries) for kind, entries in zone.items()}
        for name, zone in zones(printed).items()
    }


def read_zone(printed: str) -> Zone:
    """Return the entries of a zone by kind, from the output of `firewall-cmd --list-all`, or nothing."""
    zone = next(iter(read_zones(printed).values()), {})
    return zone if _is_whole(zone) else {}


def _is_whole(zone: Collection[str]) -> bool:
    return {"target", "services", "ports"} <= set(zone)


def compare_zones(runtime: Zone, permanent: Zone, kinds: Iterable[str] = COMPARED) -> list[str]:
    """Return the kinds of entries that two zones do not have alike."""
    return [kind for kind in kinds if runtime.get(kind, frozenset()) != permanent.get(kind, frozenset())]


@dataclass(frozen=True)
class HostRules:
    """The firewall of `host` in the state that was observed."""

    context: Context
    host: str

    @cached_property
    def printed(self) -> Mapping[str, Any]:
        """The output of the commands (`sharklab.evidence.host_state.Firewall`)."""
        firewall: Mapping[str, Any] = self.context.evidence.state[self.host]["firewall"]
        return firewall

    @cached_property
    def default(self) -> Zone:
        """The default zone in force, {} where firewalld does not run."""
        return read_zone(self.printed["runtime"])

    @cached_property
    def services(self) -> Services:
        """The ports of the services of firewalld."""
        services: Services = self.printed.get("services", {})
        return services

    @cached_property
    def judged(self) -> Judged:
        """The zone that decides about packets of each host of the lab, of anyone else, and of each source."""
        sources = [(name, zone) for name, zone in self._zones.items() if zone.get("sources")]
        by_card = {card: self._of_card(card) for card in self._cards} or {"": self._default}
        zones = [
            (origin, self._of_origin(origin, sources, by_card[origin.network])) for origin in self._origins()
        ]
        zones += [(Origin(network=card), named) for card, named in by_card.items()]
        zones += [(Origin(), named) for named in sources]
        return tuple(
            (replace(origin, zone=name), merge(zone, self._policies(name))) for origin, (name, zone) in zones
        )

    def _origins(self) -> Iterator[Origin]:
        """Yield each other host of the lab, with its addresses on the networks that both are on."""
        for other, places in self.context.plan.seat.addresses.items():
            for card in self._cards & places.keys() if other != self.host else ():
                for place in (places[card].ipv4, places[card].ipv6):
                    yield Origin(other, str(place.ip), card)

    @cached_property
    def _cards(self) -> frozenset[str]:
        return frozenset(self.context.plan.lab.host(self.host).networks)

    @cached_property
    def _zones(self) -> Mapping[str, Zone]:
        known = read_zones(self.printed.get("zones", ""))
        return {name: zone for name, zone in known.items() if _is_whole(zone)}

    @cached_property
    def _default(self) -> tuple[str, Zone]:
        return next(iter(read_zones(self.printed["runtime"])), ""), self.default

    def _of_card(self, card: str) -> tuple[str, Zone]:
        own = (named for named in self._zones.items() if card in named[1].get("interfaces", ()))
        return next(own, self._default)

    def _of_origin(
        self, origin: Origin, sources: Iterable[tuple[str, Zone]], of_card: tuple[str, Zone]
    ) -> tuple[str, Zone]:
        """Return the zone of a source that has the origin, else that of the card (firewalld.zones(5))."""
        mac = self.context.plan.seat.addresses[origin.host][origin.network].mac
        for name, zone in sources:
            if any(is_from(source, origin) or source.lower() == mac.lower() for source in zone["sources"]):
                return name, zone
        return of_card

    def _policies(self, zone: str) -> list[Zone]:
        """Return the policies for packets that come to this host through a zone."""
        policies = read_zones(self.printed.get("policies", "")).values()
        return [
            policy
            for policy in policies
            if "HOST" in policy.get("egress-zones", ()) and {"ANY", zone} & policy.get("ingress-zones", set())
        ]

    @property
    def unlike(self) -> list[str]:
        """The names of what a restart of firewalld would change."""
        printed = self.printed
        if not printed.get("zones") or not printed.get("permanent_zones"):
            return compare_zones(self.default, self.permanent, ("target", *OPENINGS))
        default = self._default[0]
        names = list(_find_differences(printed["zones"], printed["permanent_zones"], default))
        if printed.get("permanent_policies"):
            names += _find_differences(printed.get("policies", ""), printed["permanent_policies"])
        if printed.get("permanent_default", default) not in ("", default):
            names.append("DefaultZone")
        names += [f"interface {card}" for card in sorted(self._cards) if not self._is_kept(card)]
        if _lines(printed.get("direct", "")) != _direct(printed.get("permanent_direct", "")):
            names.append("direct")
        return names

    @cached_property
    def permanent(self) -> Zone:
        """The permanent rules of the default zone, {} where firewalld does not run."""
        return read_zone(self.printed["permanent"])

    def _is_kept(self, card: str) -> bool:
        """Tell whether a card is in the same zone after a restart: NetworkManager says so, or firewalld."""
        managed = dict(_read_cards(self.printed.get("cards", "")))
        kept = {
            name
            for name, zone in read_zones(self.printed["permanent_zones"]).items()
            if card in zone.get("interfaces", ())
        } or {self.printed.get("permanent_default") or self._default[0]}
        if card in managed:
            kept = {managed[card]} if managed[card] else kept | {self._default[0]}
        return self._of_card(card)[0] in kept

    @cached_property
    def _foreign(self) -> str:
        """The tables of nftables that are not firewalld's."""
        tables = re.split(r"^(?=table )", self.printed.get("tables", ""), flags=re.MULTILINE)
        return "".join(
            each for each in tables[1:] if not each.startswith(_OWN) and not _OWN_CHAINS.search(each)
        )

    @property
    def is_loaded(self) -> bool:
        """True unless the kernel has no rules of firewalld; it is not known where nothing listed them."""
        tables = self.printed.get("tables", "")
        return not tables or _OWN in tables or bool(_OWN_CHAINS.search(tables))

    @property
    def redirecting(self) -> list[str]:
        """The tables whose rules send packets to another port or host: firewalld lets such packets in."""
        chain_names = (
            name for name, lines in chains(self._foreign).items() if any(map(_REDIRECT.search, lines))
        )
        return sorted({name.partition(" chain ")[0] for name in chain_names})

    def refuses(self, wanted: Iterable[Span]) -> bool:
        """Tell whether rules of nftables that are not firewalld's refuse packets to one of the ports."""
        packets = (
            rules.FirstPacket(card, transport, first)
            for card in self._cards
            for transport, first, _ in wanted
            if transport in ("tcp", "udp")
        )
        return any(rules.is_refused(self._foreign, packet) for packet in packets)


def _find_differences(runtime: str, permanent: str, default: str = "") -> Iterator[str]:
    """Yield the entries that zones or policies in force and permanent ones do not have alike."""
    now, kept = read_zones(runtime), read_zones(permanent)
    for name in sorted(now.keys() | kept.keys(), key=lambda name: (name != default, name)):
        if name not in now or name not in kept:
            yield name
        else:
            kinds = compare_zones(now[name], kept[name])
            yield from (kinds if name == default else [f"{name} {kind}" for kind in kinds])


def _read_cards(printed: str) -> Iterator[tuple[str, str]]:
    """Yield each card of NetworkManager with its zone, which may be "", from the lines of nmcli(1)."""
    values = {}
    for line in printed.splitlines():
        name, _, values[name] = line.strip().partition(":")
        if len(values.keys() & {DEVICE, ZONE}) == 2:
            yield values.pop(DEVICE), values.pop(ZONE)


def _lines(printed: str) -> set[str]:
    return {" ".join(line.split()) for line in printed.splitlines() if line.strip()}


def _direct(file: str) -> set[str]:
    """Return the rules of firewalld.direct(5) as firewall-cmd prints them."""
    direct = set()
    for rule in _DIRECT.finditer(file):
        values = dict(_VALUE.findall(rule["values"]))
        place = [values.get(name, "") for name in ("ipv", "table", "chain", "priority")]
        direct.add(" ".join([*place, *rule["words"].split()]))
    return direct
