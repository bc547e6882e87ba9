"""Names that mean something else, or nothing: each lab of the cases is refused at its line, or runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.author import lint, lint_names
from sharklab.errors import InputError
from sharklab.lab import seat
from sharklab.lab.plan import make_plan
from sharklab.message import N_
from tests.support.errors import error_of

CASES = Path(__file__).resolve().parents[2] / "data" / "lint-labs"


@pytest.mark.parametrize(
    ("name", "place", "values"),
    [
        ("host-all", "14 hosts.all", {"name": "all"}),
        ("host-localhost", "14 hosts.localhost", {"name": "localhost"}),
        ("host-ungrouped", "14 hosts.ungrouped", {"name": "ungrouped"}),
        ("net-all", "5 networks.all", {"name": "all"}),
        ("net-any", "5 networks.any", {"name": "any"}),
        ("net-default", "5 networks.default", {"name": "default"}),
        ("net-ipv4", "5 networks.ipv4", {"name": "ipv4"}),
        ("svc-bad", "12 hosts.server.vars.firewall_services.0", {"name": "htps", "near": "https"}),
        (
            "svc-port",
            "12 hosts.server.vars.firewall_services.0",
            {"name": "443/tcp", "ports": "firewall_ports"},
        ),
        ("user-none", "27 exercises.0.probes.0.user", {"name": "studnt", "near": "student"}),
        ("run-shell", "27 exercises.0.probes.0.run", {"word": "|", "line": "curl x | head"}),
        ("filter-bad", "25 exercises.0.captures.0.filter", {}),
        ("filter-dash", "25 exercises.0.captures.0.filter", {}),
        ("filter-impossible", "25 exercises.0.captures.0.filter", {"said": "expression rejects all packets"}),
        ("filter-unknown-name", "25 exercises.0.captures.0.filter", {"said": "unknown port 'htps'"}),
    ],
)
def test_a_name_that_misleads_is_refused_at_its_line(name: str, place: str, values: dict[str, str]) -> None:
    """With the remedy."""
    file = CASES / name / "mylab" / "lab.yml"
    [problem] = error_of(InputError, lint.check, file).problems
    assert f"{file}:{place}" == str(problem.place)
    assert problem.hint and values.items() <= problem.values.items()


def test_a_hyphen_in_a_host_is_no_minus() -> None:
    """`hosts.web-server.ipv4` is that host's address."""
    lab = lint.check(CASES / "host-hyphen" / "mylab" / "lab.yml")
    own = seat.sample(lab)
    url = make_plan(lab, own).lab.exercises[0].probes[0].run[-1]
    assert f"https://{own.address('web-server', 'lan').ipv4.ip}/" == url


def changed(folder: Path, old: str, new: str) -> list[str]:
    """Return the msgids of the problems of a lab that is right, but for this change."""
    text = (CASES / "host-hyphen" / "mylab" / "lab.yml").read_text()
    assert old in text
    (folder / "mylab").mkdir()
    (folder / "mylab" / "lab.yml").write_text(text.replace(old, new))
    try:
        lint.check(folder / "mylab" / "lab.yml")
    except InputError as error:
        return [problem.message_id for problem in error.problems]
    return []


@pytest.mark.parametrize("name", ["localhost4", "ip6-loopback"])
def test_a_host_has_no_name_that_every_machine_has(tmp_path: Path, name: str) -> None:
    """In /etc/hosts, before any DNS server is asked."""
    assert N_("{name} cannot be the name of a host") in changed(tmp_path, "web-server", name)


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        ("web-server", "web-", ["{name} cannot be the name of a host"]),
        ("[https]", "[https]\n      firewall_ports: [443/tcp, 8000-8010/udp]", []),
        ("[https]", "[https]\n      firewall_ports: ['443']", ["{name!r} is not a port with its protocol"]),
        ("user: student", "user: www-data", []),
        ("user: student", "user: '{{ seat.token }}'", []),
        (
            '"port 443"',
            '"host server"',
            ["the filter names {name}: tcpdump would have to ask a name server for it"],
        ),
        ('"port 443"', '"host {{ hosts.desktop.ipv6 }} and ether host 02:00:00:00:00:01"', []),
        (
            "[probes,",
            "[probes, {firewall: {runtime: page, permanent: page, services: [htps]}},",
            ["unknown service of firewalld {name!r}"],
        ),
    ],
)
def test_names_that_are_right_or_wrong(old: str, new: str, problems: list[str], tmp_path: Path) -> None:
    """Templates, ports with their protocol, users of packages; and their counterparts."""
    assert problems == changed(tmp_path, old, new)


def test_services_of_the_labs_are_known() -> None:
    """The list is that of firewalld itself."""
    assert {"ssh", "dns", "nfs", "https", "imaps", "mqtt", "ntp"} <= lint_names.firewalld_services()
