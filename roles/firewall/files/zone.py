"""Open the listed services, ports and rich rules in one zone of firewalld, and close all others.

    python3 zone.py '{"zone": "public", "services": [...], "ports": [...], "rules": [...],
                      "own_services": [...], "own_ports": [...], "check": false}'

Both the rules in force and the permanent ones are changed: openings come first, so that Ansible's connection
is never closed. `own_*` are Ansible's own openings, for hosts without a zone `management`. With `check`
nothing changes. Prints `differs` if something was, or would be, changed. One process does all of this,
because each call of firewall-cmd costs as much as the whole.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

MANAGEMENT = "management"
"""The zone of a network that is only Ansible's."""

Opening = tuple[str, str]
"""A kind of opening (service, port or rule) with its name."""


def wanted(options: dict[str, Any], zones: Iterable[str]) -> list[Opening]:
    """Return the openings that a zone has to have, where `zones` are the active ones."""
    services, ports = list(options["services"]), list(options["ports"])
    if MANAGEMENT not in zones:
        services += options["own_services"]
        ports += options["own_ports"]
    found = [("service", name) for name in services] + [("port", name) for name in ports]
    return list(dict.fromkeys(found + [("rule", rule) for rule in options["rules"]]))


def in_force(client: Any, zone: str) -> list[Opening]:
    """Return the openings of a zone that filter now."""
    return _named(client.getServices(zone), client.getPorts(zone), client.getRichRules(zone))


def permanent(settings: Any) -> list[Opening]:
    """Return the openings of a zone after a reboot."""
    return _named(settings.getServices(), settings.getPorts(), settings.getRichRules())


def _named(services: Iterable[Any], ports: Iterable[Any], rules: Iterable[Any]) -> list[Opening]:
    return [
        *(("service", str(name)) for name in services),
        *(("port", f"{port[0]}/{port[1]}") for port in ports),
        *(("rule", str(rule)) for rule in rules),
    ]


def set_in_force(client: Any, zone: str, openings: Iterable[Opening], verb: str) -> None:
    """Add or remove (`verb`) openings of a zone that filter from now on."""
    for kind, name in openings:
        if kind == "service":
            getattr(client, f"{verb}Service")(zone, name)
        elif kind == "port":
            getattr(client, f"{verb}Port")(zone, *name.split("/"))
        else:
            getattr(client, f"{verb}RichRule")(zone, name)


def set_permanent(settings: Any, openings: Iterable[Opening]) -> None:
    """Give the settings of a zone these openings."""
    chosen = list(openings)
    settings.setServices([name for kind, name in chosen if kind == "service"])
    settings.setPorts([tuple(name.split("/")) for kind, name in chosen if kind == "port"])
    settings.setRichRules([name for kind, name in chosen if kind == "rule"])


def differs(found: Iterable[Opening], asked: Iterable[Opening]) -> bool:
    """Tell whether other openings are asked for than were found; their order does not matter."""
    return set(found) != set(asked)


def apply(client: Any, options: dict[str, Any]) -> bool:
    """Give the zone its openings. Return True if they differed. Raises what firewalld's client raises."""
    zone = options["zone"]
    asked = wanted(options, client.getActiveZones())
    own = client.config().getZoneByName(zone)
    settings, now = own.getSettings(), in_force(client, zone)
    kept = permanent(settings)
    changed = differs(now, asked) or differs(kept, asked)
    if changed and not options["check"]:
        set_in_force(client, zone, [one for one in asked if one not in now], "add")
        if differs(kept, asked):
            set_permanent(settings, [*(o for o in kept if o in asked), *(o for o in asked if o not in kept)])
            own.update(settings)
        set_in_force(client, zone, [one for one in now if one not in asked], "remove")
    return changed


def main(text: str) -> int:
    """Do the work that `text` asks for, and return the exit code."""
    from dbus.exceptions import DBusException
    from firewall.client import FirewallClient

    try:
        changed = apply(FirewallClient(), json.loads(text))
    except DBusException as error:
        print(error.get_dbus_message() or error, file=sys.stderr)
        return 1
    print("differs" if changed else "same")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
