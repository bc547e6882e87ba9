"""The rules of the machine's firewall that are in force: firewalld's, and nftables' below them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sharklab.hosts.agent.tool import Failures, output

LISTS = {
    "services": "service",
    "ports": "port",
    "protocols": "protocol",
    "source-ports": "source-port",
    "forward-ports": "forward-port",
    "icmp-blocks": "icmp-block",
    "interfaces": "interface",
    "sources": "source",
    "rich rules": "rich-rule",
}
"""The entries of a zone as firewall-cmd lists them, and the option that adds or removes one."""

SWITCHES = ("masquerade", "forward", "icmp-block-inversion")
LINES = ("rich rules", "forward-ports")
"""Kinds with one entry to a line, after the line that names the kind."""

Zones = Mapping[str, Mapping[str, list[str]]]


def state() -> dict[str, Any]:
    """Return firewalld's zones as they filter now ({} when it does not run) and all rules of nftables."""
    listed = output(["firewall-cmd", "--list-all-zones"])
    return {
        "zones": zones(listed) if listed else {},
        "default": (output(["firewall-cmd", "--get-default-zone"]) or "").strip(),
        "nft": ruleset(output(["nft", "--stateless", "list", "ruleset"]) or ""),
    }


def zones(listed: str) -> Zones:
    """Return the zones from the output of `firewall-cmd --list-all-zones`: {zone: {kind: entries}}.

    `--list-all` prints one of them in the same way (firewall-cmd(1)). Any text is read without an error.
    """
    by_zone: dict[str, dict[str, list[str]]] = {}
    zone: dict[str, list[str]] = {}
    kind = ""
    for line in listed.splitlines():
        if line and not line[0].isspace():
            zone = by_zone.setdefault(line.split()[0], {})
        elif line.startswith("\t"):
            zone.setdefault(kind, []).append(line.strip())
        elif ":" in line:
            kind, _, rest = (part.strip() for part in line.partition(":"))
            zone[kind] = [] if kind in LINES and not rest else [rest] if kind in LINES else rest.split()
    return by_zone


def open_ports(cards: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Return the openings of the zone of each card, by number and by name: {card: {"ports", "services"}}.

    Both hold ports such as "443/tcp" and "5000-5010/udp"; those of "services" are the ports of the services
    that the zone names. A host without firewalld has no card in the result.
    """
    by_zone = zones(output(["firewall-cmd", "--list-all-zones"]) or "")
    default = (output(["firewall-cmd", "--get-default-zone"]) or "").strip()
    if not by_zone:
        return {}
    opened = {}
    for card in cards:
        own = next((zone for zone in by_zone.values() if card in zone.get("interfaces", [])), None)
        zone = by_zone.get(default, {}) if own is None else own
        services = [port for name in zone.get("services", []) for port in _ports_of(name)]
        opened[card] = {"ports": zone.get("ports", []), "services": services}
    return opened


def _ports_of(service: str) -> list[str]:
    """Return the ports of a service of firewalld; `--info-service` prints it as a zone is printed."""
    shown = zones(output(["firewall-cmd", f"--info-service={service}"]) or "")
    return shown.get(service, {}).get("ports", [])


def ruleset(listed: str) -> dict[str, list[str]]:
    """Return the rules of each chain, sorted: in another order they are found again after a reload."""
    return {name: sorted(lines) for name, lines in chains(listed).items()}


def chains(listed: str) -> dict[str, list[str]]:
    """Return the rules of each chain in their order, from the output of `nft list ruleset` (nft(8)).

    A chain is named by its table and itself: "table inet firewalld chain filter_INPUT". Any text is read
    without an error.
    """
    by_chain: dict[str, list[str]] = {}
    block: list[str] = []
    for line in (line.strip() for line in listed.splitlines()):
        if line.endswith("{"):
            block.append(line[:-1].strip())
            by_chain.setdefault(" ".join(block), [])
        elif line == "}":
            del block[-1:]
        elif line:
            by_chain.setdefault(" ".join(block), []).append(line)
    return by_chain


def put_back(before: Mapping[str, Any], failures: Failures) -> None:
    """Make firewalld filter as in the state `before`; its files are restored already."""
    if not before["zones"] or not failures.run(["firewall-cmd", "--reload"]):
        return
    if before["default"] != (output(["firewall-cmd", "--get-default-zone"]) or "").strip():
        failures.run(["firewall-cmd", f"--set-default-zone={before['default']}"])
    now = zones(output(["firewall-cmd", "--list-all-zones"]) or "")
    for words in commands(before["zones"], now):
        failures.run(["firewall-cmd", *words])


def commands(before: Zones, now: Zones) -> list[list[str]]:
    """Return the options of firewall-cmd that lead from the zones `now` to those `before`, a call each."""
    calls: list[list[str]] = []
    for name in sorted(set(before) & set(now)):
        zone = f"--zone={name}"
        for kind, option in LISTS.items():
            old, new = before[name].get(kind, []), now[name].get(kind, [])
            calls += [[zone, f"--remove-{option}={entry}"] for entry in new if entry not in old]
            calls += [[zone, f"--add-{option}={entry}"] for entry in old if entry not in new]
        for switch in SWITCHES:
            if before[name].get(switch) != now[name].get(switch):
                way = "add" if before[name].get(switch) == ["yes"] else "remove"
                calls.append([zone, f"--{way}-{switch}"])
    return calls


def differences(before: Mapping[str, Any]) -> list[str]:
    """Return the chains of nftables and the zones whose rules are not those of `before`."""
    now = state()
    return sorted(
        name
        for kind in ("nft", "zones")
        for name in {*before[kind], *now[kind]}
        if _entries(before[kind].get(name)) != _entries(now[kind].get(name))
    )


def _entries(content: Any) -> Any:
    """Return the content of a zone or chain in sorted order: firewalld lists services in any order."""
    if isinstance(content, dict):
        return {kind: sorted(entries) for kind, entries in content.items()}
    return sorted(content or [])
