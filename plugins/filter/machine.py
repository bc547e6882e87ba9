"""Filters for machines that exist: where one is on the network, and what that changes for a lab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DOCUMENTATION = """
name: machine_address
short_description: Where a machine is on the network
description: Picks the network card that Ansible reaches, else the one of the default route, else the first.
options:
  _input:
    description: Facts of the machine, with the subset C(network).
    type: dict
    required: true
  reached:
    description: An address of the machine, or a name, which says nothing.
    type: str
"""

Facts = Mapping[str, Any]


def machine_address(facts: Facts, reached: str = "") -> dict[str, str]:
    """Return {"interface", "ipv4", maybe "ipv6"}, addresses with their prefix length.

    Raises AnsibleFilterError when the machine has no IPv4 address.
    """
    from ansible.errors import AnsibleFilterError

    cards = [card for card in map(_card(facts), facts["interfaces"]) if card.get("ipv4")]
    others = [card for card in cards if card["device"] != "lo"]
    route = facts.get("default_ipv4", {}).get("interface")
    others.sort(key=lambda card: (reached not in _addresses(card), card["device"] != route))
    if not others:
        raise AnsibleFilterError("the machine has no network card with an IPv4 address")
    return _place(others[0])


def _card(facts: Facts) -> Any:
    """Return a function from a card's name to its facts, whose key has _ where the name has - . or :."""
    keys = str.maketrans("-.:", "___")
    return lambda name: facts.get(name.translate(keys), {})


def _addresses(card: Facts) -> Sequence[str]:
    return [card["ipv4"]["address"], *(at["address"] for at in card.get("ipv6", []))]


def _place(card: Facts) -> dict[str, str]:
    ipv6 = sorted(card.get("ipv6", []), key=lambda at: at["scope"] != "global")
    place = {"interface": card["device"], "ipv4": _with_prefix(card["ipv4"])}
    return {**place, "ipv6": _with_prefix(ipv6[0])} if ipv6 else place


def _with_prefix(at: Facts) -> str:
    return f"{at['address']}/{at['prefix']}"


def machine_vars(variables: Mapping[str, Any], interface: str) -> dict[str, Any]:
    """Return a host's variables with its first network on the card `interface`."""
    names = {**variables["lab_interfaces"]}
    first = next(iter(names))
    names[first] = interface
    captures = [
        {**capture, "interface": names.get(capture["interface"], capture["interface"])}
        for capture in variables["capture_captures"]
    ]
    return {**variables, "lab_interfaces": names, "capture_captures": captures}


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"machine_address": machine_address, "machine_vars": machine_vars}
