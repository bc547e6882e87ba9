"""The lab as a picture: every network with the hosts on it, their addresses and open services.

Each network is a bar with its hosts below, three in a row. A host on several networks
has its card under the first one and a dashed one, with its address there, under the others.
A cloud above a bar is the Internet, which the network has a way to.
"""

from __future__ import annotations

import textwrap

from sharklab.i18n import Translator
from sharklab.lab.model import Host, Network, Plan
from sharklab.report.drawing import Drawing

WIDTH, CARD, SPACE, MARGIN, COLUMNS = 720, 216, 24, 12, 3
DROP, LINE = 22, 16
CLOUD_WIDTH, CLOUD_HEIGHT = 150, 52
PER_LINE = 28
"""Characters of the small monospaced type that fit into a card."""
PER_TITLE = 26
"""Characters of a title that fit, wide ones too."""


def services(host: Host) -> tuple[str, ...]:
    """Return the openings of the host's firewall, from its role's variables: services, then ports."""
    names = [*_list(host.vars.get("firewall_services")), *_list(host.vars.get("firewall_ports"))]
    return tuple(str(name) for name in names)


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def subnets(plan: Plan, network: str) -> tuple[str, ...]:
    """Return the network's IPv4 and IPv6 subnets in this seat."""
    at = next((places[network] for places in plan.seat.addresses.values() if network in places), None)
    return (str(at.ipv4.network), str(at.ipv6.network)) if at else ()


def members(plan: Plan, network: str) -> list[Host]:
    """Return the hosts on `network` in the author's order."""
    return [host for host in plan.hosts if network in host.networks]


def svg(plan: Plan, speak: Translator) -> str:
    """Return the topology as inline SVG; the parts of a host have its name, for a page that is a map."""
    title = speak.gettext("Topology of the lab")
    drawing = Drawing("topology", "topology", WIDTH, title, summary(plan, speak))
    y = 0.0
    for network in plan.lab.networks:
        y = _draw_network(drawing, plan, network, speak, y) + 28
    return drawing.svg(max(40, y - 20))


def summary(plan: Plan, speak: Translator) -> str:
    """Return the topology in words."""
    joins = speak.gettext("Network {network} ({subnets}) joins {hosts}.")
    leads = speak.gettext("Network {network} has Internet access.")
    sentences = []
    for network in plan.lab.networks:
        hosts = ", ".join(_place(plan, host, network.name) for host in members(plan, network.name))
        nets = ", ".join(subnets(plan, network.name))
        sentences.append(joins.format(network=network.name, subnets=nets, hosts=hosts))
        sentences += [leads.format(network=network.name)] if network.internet else []
    return " ".join(sentences)


def _place(plan: Plan, host: Host, network: str) -> str:
    return f"{host.name} ({plan.seat.address(host.name, network).ipv4.ip})"


def _draw_network(drawing: Drawing, plan: Plan, network: Network, speak: Translator, top: float) -> float:
    """Draw the network's bar and its hosts; return where its drawing ends."""
    title = speak.prose(network.title)
    drawing.text("name", MARGIN, top + 16, f"{network.name} · {title}" if title else network.name)
    drawing.text("address", WIDTH - MARGIN, top + 16, "   ".join(subnets(plan, network.name)), "end")
    hosts, y, bars = members(plan, network.name), top + 28, []
    if network.internet:
        y = _draw_internet(drawing, speak, y)
    for index in range(0, len(hosts), COLUMNS):
        bars.append(y)
        y = _draw_row(drawing, plan, network, hosts[index : index + COLUMNS], speak, y) + SPACE
    if len(bars) > 1:
        drawing.line("bus", MARGIN / 2, bars[0], MARGIN / 2, bars[-1])
    return y - SPACE


def _draw_internet(drawing: Drawing, speak: Translator, top: float) -> float:
    """Draw the Internet above a bar; return where the bar is."""
    middle, bar = WIDTH / 2, top + CLOUD_HEIGHT + DROP
    drawing.line("link", middle, top + CLOUD_HEIGHT / 2, middle, bar)
    drawing.dot("plug", middle, bar, 4)
    drawing.cloud("cloud", middle - CLOUD_WIDTH / 2, top, CLOUD_WIDTH, CLOUD_HEIGHT)
    drawing.text("name", middle, top + CLOUD_HEIGHT / 2 + 9, speak.gettext("Internet"), "middle")
    return bar


def _draw_row(
    drawing: Drawing, plan: Plan, network: Network, hosts: list[Host], speak: Translator, y: float
) -> float:
    drawing.line("bus", MARGIN / 2, y, WIDTH - MARGIN / 2, y)
    cards = [_lines(plan, host, network, speak) for host in hosts]
    height = 16 + max(len(lines) for lines in cards) * LINE + 8
    x = (WIDTH - len(hosts) * (CARD + SPACE) + SPACE) / 2
    for host, lines in zip(hosts, cards, strict=True):
        guest = host.networks[0] != network.name
        with drawing.group("cable", data_host=host.name):
            for css in ("link", "grip"):
                drawing.line(css, x + CARD / 2, y, x + CARD / 2, y + DROP)
            drawing.dot("plug", x + CARD / 2, y, 4)
        with drawing.group("machine", data_host=host.name):
            drawing.box("card guest" if guest else "card", x, y + DROP, CARD, height, 8)
            for number, (css, words) in enumerate(lines):
                drawing.text(css, x + 14, y + DROP + 24 + number * LINE, words)
        x += CARD + SPACE
    return y + DROP + height


def _lines(plan: Plan, host: Host, network: Network, speak: Translator) -> list[tuple[str, str]]:
    """Return a card's lines, each with its class."""
    at = plan.seat.address(host.name, network.name)
    lines = [("name", host.name)]
    if host.networks[0] == network.name:
        lines += [("title", line) for line in _wrap(speak.prose(host.title), PER_TITLE, 2)]
    lines += [("address", str(at.ipv4.ip)), ("address", str(at.ipv6.ip))]
    if host.networks[0] == network.name and services(host):
        opened = speak.gettext("open: {services}").format(services=" ".join(services(host)))
        lines += [("service", line) for line in _wrap(opened, PER_LINE, 8)]
    return lines


def _wrap(text: str, width: int, lines: int) -> list[str]:
    return textwrap.wrap(text, width, max_lines=lines, placeholder=" …")
