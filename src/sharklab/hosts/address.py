"""The addresses of a borrowed machine, from its facts, and the variables that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sharklab.errors import InputError
from sharklab.message import N_

NetworkFacts = Mapping[str, Any]
"""NetworkFacts of a machine as Ansible has them, with the subset `network`."""


def find(facts: NetworkFacts, reached: str = "") -> dict[str, str]:
    """Return {"interface", "ipv4"} and, if known, "ipv6" and "mac"; addresses with their prefix length.

    It is the card that has the address `reached`, else the one of the default route, else the first.
    Raises InputError when the machine has no IPv4 address.
    """
    cards = [card for card in map(_card(facts), facts["interfaces"]) if card.get("ipv4")]
    others = [card for card in cards if card["device"] != "lo"]
    route = facts.get("default_ipv4", {}).get("interface")
    others.sort(key=lambda card: (reached not in _addresses(card), card["device"] != route))
    if not others:
        raise InputError(N_("the machine has no network card with an IPv4 address"))
    return _describe(others[0])


def _card(facts: NetworkFacts) -> Callable[[str], NetworkFacts]:
    """Return a function from a card's name to its facts, whose key has _ where the name has - . or :."""
    keys = str.maketrans("-.:", "___")
    return lambda name: facts.get(name.translate(keys), {})


def _addresses(card: NetworkFacts) -> Sequence[str]:
    return [card["ipv4"]["address"], *(at["address"] for at in card.get("ipv6", []))]


def _describe(card: NetworkFacts) -> dict[str, str]:
    address = {"interface": card["device"], "ipv4": _with_prefix(card["ipv4"])}
    ipv6 = sorted(card.get("ipv6", []), key=lambda at: str(at["scope"]) != "global")
    address |= {"ipv6": _with_prefix(ipv6[0])} if ipv6 else {}
    return address | ({"mac": card["macaddress"]} if card.get("macaddress") else {})


def _with_prefix(at: NetworkFacts) -> str:
    return f"{at['address']}/{at['prefix']}"


def variables(hostvars: Mapping[str, Any], interface: str) -> dict[str, Any]:
    """Return a host's variables with its first network on the card `interface`."""
    names = {**hostvars["lab_interfaces"]}
    first = next(iter(names))
    names[first] = interface
    captures = [
        {**capture, "interface": names.get(capture["interface"], capture["interface"])}
        for capture in hostvars["capture_captures"]
    ]
    return {**hostvars, "lab_interfaces": names, "capture_captures": captures}
