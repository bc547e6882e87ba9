"""Checks of scans, of what listens, and of the services to know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.checks import listeners, services
from sharklab.checks.outcome import Status
from sharklab.checks.scans import spans
from sharklab.evidence.packets import facts
from sharklab.evidence.packets.model import Endpoint, Facts, Flow, Icmp, Packet, Recording
from sharklab.evidence.run_folder import SocketLine
from sharklab.evidence.scans import Scanned, read_scan
from sharklab.lab.model import ExpectedConversation, Service
from tests.support.checks_sample import Sample, result, words

CLIENT, SERVER = "10.77.5.1", "10.77.5.2"
ASKED = ExpectedConversation("client", "server")


def xml(*ports: str, address: str = SERVER) -> str:
    """Return what nmap writes of `ports`, each like `22/tcp open syn-ack ssh`."""
    rows = [port.replace("/", " ").split() for port in ports]
    lines = "".join(
        f'<port protocol="{kind}" portid="{number}"><state state="{state}" reason="{reason}"/>'
        f'<service name="{name}" method="table" conf="3"/></port>'
        for number, kind, state, reason, name in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner="nmap">'
        f'<host><status state="up"/><address addr="{address}" addrtype="ipv4"/>'
        f'<address addr="02:00:00:00:00:02" addrtype="mac"/><ports>{lines}</ports></host></nmaprun>\n'
    )


def test_read_scan_takes_each_port() -> None:
    """Address, port, state, reason and name, as nmap has them; the MAC address is no address."""
    found = read_scan(xml("22/tcp open syn-ack ssh", "514/udp open|filtered no-response syslog"))
    assert found == (
        Scanned(SERVER, "tcp", 22, "open", "syn-ack", "ssh"),
        Scanned(SERVER, "udp", 514, "open|filtered", "no-response", "syslog"),
    )
    assert ["22/tcp", "514/udp"] == [each.name for each in found]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Starting Nmap 7.93",
        xml("22/tcp open syn-ack ssh")[:-20],
        "<html></html>",
        '<!DOCTYPE n [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><nmaprun>&b;</nmaprun>',
    ],
    ids=["empty", "not XML", "cut", "not nmap's", "entities"],
)
def test_read_scan_refuses_what_is_not_nmaps(text: str) -> None:
    """Nothing is made up of a text that nmap did not write whole."""
    with pytest.raises(ValueError, match=r".*"):
        read_scan(text)


def packet(number: int, source: str, destination: str, *flags: str, **values: object) -> Packet:
    """Return a packet between ADDRESS:PORT ends."""
    ends = (Endpoint(a, int(p or 0)) for a, _, p in (end.partition(":") for end in (source, destination)))
    first, second = ends
    plain = Packet(number, float(number), 60, 60, "TCP", "", "tcp", first, second, flags=flags)
    return replace(plain, **values)  # type: ignore[arg-type]


def scanned(look: bool = True) -> Facts:
    """Return a capture of a scan of four ports: open, closed, refused by ICMP, silent.

    The open one is reset later, and an ICMP error is about the silent one in another scan.
    """
    asks = packet(1, CLIENT, SERVER, transport="arp", info="Who has 10.77.5.2? Tell 10.77.5.1")
    other = replace(asks, info="10.77.5.1 is at 02:00:00:00:00:01")
    about = Flow("tcp", Endpoint(CLIENT, 61001), Endpoint(SERVER, 110))
    another = Flow("tcp", Endpoint(CLIENT, 61003), Endpoint(SERVER, 8080))
    return facts(
        Recording(
            (
                asks if look else other,
                packet(2, f"{CLIENT}:61001", f"{SERVER}:22", "SYN"),
                packet(3, f"{CLIENT}:61001", f"{SERVER}:113", "SYN"),
                packet(4, f"{CLIENT}:61001", f"{SERVER}:110", "SYN"),
                packet(5, f"{CLIENT}:61001", f"{SERVER}:8080", "SYN"),
                packet(6, f"{SERVER}:22", f"{CLIENT}:61001", "SYN", "ACK"),
                packet(7, f"{SERVER}:113", f"{CLIENT}:61001", "RST", "ACK"),
                packet(8, SERVER, CLIENT, transport="icmp", icmp=Icmp(3, 13, about)),
                packet(9, f"{CLIENT}:61001", f"{SERVER}:22", "RST"),
                packet(10, SERVER, CLIENT, transport="icmp", icmp=Icmp(3, 13, another)),
                packet(11, f"{SERVER}:22", f"{CLIENT}:61001", "RST"),
            )
        )
    )


def scan_sample(look: bool = True) -> Sample:
    """Return an exercise about that scan."""
    return Sample(["scan"], ASKED, facts={"scan": scanned(look)})


def test_scan_passes_and_sorts_the_ports_by_their_answer() -> None:
    """ARP first, four SYNs, one SYN/ACK; the table has each port under what it answered."""
    outcome = scan_sample().check("scan", capture="scan", ports=4, open=[22])
    assert (Status.PASSED, (1, 6)) == (outcome.status, outcome.evidence[0].packets)
    assert outcome.table
    assert ["22", "113", "110", "8080"] == [str(entry.cells[3]) for entry in outcome.table.lines]


@pytest.mark.parametrize(
    ("look", "params"),
    [
        (True, {"ports": 4, "open": [22, 80]}),
        (True, {"ports": 4, "open": []}),
        (True, {"ports": 5}),
        (False, {"ports": 4, "open": [22]}),
        (True, {"ports": 4, "open": [80], "look": False}),
    ],
    ids=["another one open", "none open", "too few ports", "no look", "another one open, no look asked for"],
)
def test_scan_fails_otherwise(look: bool, params: dict[str, object]) -> None:
    """Other open ports, too few, or no packet that looks for the host."""
    assert Status.FAILED is scan_sample(look).check("scan", capture="scan", **params).status


def test_scan_does_without_a_look_where_the_lab_says_so() -> None:
    """A capture whose filter leaves ARP out."""
    outcome = scan_sample(look=False).check("scan", capture="scan", ports=4, open=[22], look=False)
    assert (Status.PASSED, (6,)) == (outcome.status, outcome.evidence[0].packets)


def test_scan_is_inconclusive_when_packets_are_missing() -> None:
    """A SYN/ACK that tcpdump dropped may have been there."""
    sample = replace(scan_sample(), dropped=3)
    assert Status.INCONCLUSIVE is sample.check("scan", capture="scan", ports=4, open=[22]).status


def test_open_ports_agree_between_capture_and_nmap() -> None:
    """SYN/ACKs and nmap's XML are two sources of one answer, and contradict each other when they do."""
    agreeing = replace(scan_sample(), results=[result(stdout=xml("22/tcp open syn-ack ssh"))])
    other = replace(scan_sample(), results=[result(stdout=xml("80/tcp open syn-ack http"))])
    assert ("22", Status.PASSED) == (agreeing.ask("open_ports").value, agreeing.ask("open_ports").status)
    assert (None, Status.INCONCLUSIVE) == (other.ask("open_ports").value, other.ask("open_ports").status)


def test_spans_joins_neighbours() -> None:
    """Ports that follow one another are a span."""
    assert "21-23, 80" == spans([80, 23, 21, 22])


ZONE = """public (active)
  target: default
  services: ssh
  ports: 22/tcp 113/tcp 3306/tcp 514/udp
  rich rules:
\trule family="ipv4" port port="8080" protocol="tcp" drop
"""
SOCKETS = tuple(
    SocketLine("server", line, 0.0, 1.0)
    for line in (
        'tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=7,fd=3))',
        'tcp LISTEN 0 128 0.0.0.0:110 0.0.0.0:* users:(("dovecot",pid=8,fd=3))',
        'tcp LISTEN 0 128 127.0.0.1:3306 0.0.0.0:* users:(("mariadbd",pid=9,fd=3))',
        'udp UNCONN 0 0 0.0.0.0:514 0.0.0.0:* users:(("rsyslogd",pid=10,fd=3))',
    )
)
SCAN = xml(
    "22/tcp open syn-ack ssh",
    "110/tcp filtered admin-prohibited pop3",
    "113/tcp closed reset ident",
    "3306/tcp closed reset mysql",
    "8080/tcp filtered no-response http-proxy",
    "514/udp open|filtered no-response syslog",
)
EXPECTED = {
    "22/tcp": "open",
    "110/tcp": "filtered",
    "113/tcp": "closed",
    "3306/tcp": "closed",
    "8080/tcp": "filtered",
    "514/udp": "open|filtered",
}


def view_sample(scan: str = SCAN, zone: str = ZONE, sockets: tuple[SocketLine, ...] = SOCKETS) -> Sample:
    """Return an exercise with a scan, a zone and the server's sockets."""
    results = [result("scan", stdout=scan), result("zone", host="server", stdout=zone)]
    return Sample(["scan"], ASKED, sockets=sockets, results=results, facts={"scan": scanned()})


def view(sample: Sample, **ports: str) -> object:
    """Return what the check says of the expected ports, some of them others."""
    return sample.check("views", outside="scan", zone="zone", ports={**EXPECTED, **ports})


def test_views_passes_when_the_inside_explains_the_outside() -> None:
    """Each port has its reason, and the packets of the capture beside it."""
    outcome = view_sample().check("views", outside="scan", zone="zone", ports=EXPECTED)
    assert Status.PASSED is outcome.status
    assert outcome.table
    rows = {str(entry.cells[0]): [str(cell) for cell in entry.cells[1:]] for entry in outcome.table.lines}
    assert ["sshd, 0.0.0.0:22", "lets in", "open (syn-ack), ssh"] == rows["22/tcp"][:3]
    assert "A program listens, and the firewall lets no packet through." == rows["110/tcp"][-1]
    assert "A program listens on 127.0.0.1 alone, and on no other address." == rows["3306/tcp"][-1]
    assert "The firewall lets packets in, but no program listens: the kernel refuses." == rows["113/tcp"][-1]
    assert ["no program listens", "drops"] == rows["8080/tcp"][:2]
    assert "SYN, then RST" == rows["113/tcp"][3]


@pytest.mark.parametrize(
    ("sample", "wrong"),
    [
        (
            view_sample(SCAN.replace('portid="22"><state state="open"', 'portid="22"><state state="closed"')),
            "22/tcp",
        ),
        (view_sample(sockets=SOCKETS[1:]), "22/tcp"),
        (view_sample(zone=ZONE.replace("22/tcp ", "")), "22/tcp"),
        (view_sample(zone=ZONE.replace("22/tcp", "22/tcp 110/tcp")), "110/tcp"),
        (view_sample(xml("22/tcp open syn-ack ssh")), "110/tcp"),
        (view_sample(zone=""), "22/tcp"),
    ],
    ids=["nmap", "no socket", "not let in", "let in", "not scanned", "no zone"],
)
def test_views_fails_where_they_do_not_agree(sample: Sample, wrong: str) -> None:
    """nmap, the sockets and the zone must tell the same story; what is missing is no pass."""
    outcome = sample.check("views", outside="scan", zone="zone", ports=EXPECTED)
    assert Status.FAILED is outcome.status
    assert wrong in words(outcome)


def test_views_fails_where_the_lab_expects_something_else() -> None:
    """The inside explains it, and it is still not what was asked for."""
    outcome = view_sample().check("views", outside="scan", zone="zone", ports={"22/tcp": "closed"})
    assert Status.FAILED is outcome.status


def test_views_fails_when_nothing_tells_what_the_firewall_does() -> None:
    """A port that looks filtered is not explained by a zone that was not read."""
    outcome = view_sample(zone="").check("views", outside="scan", zone="zone", ports={"8080/tcp": "filtered"})
    assert Status.FAILED is outcome.status


@pytest.mark.parametrize("scan", ["", "Nmap done"])
def test_views_is_inconclusive_without_xml(scan: str) -> None:
    """What cannot be read says nothing."""
    outcome = view_sample(scan).check("views", outside="scan", zone="zone", ports=EXPECTED)
    assert Status.INCONCLUSIVE is outcome.status


SS = "State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n" + "\n".join(
    f'LISTEN 0      128    {local} 0.0.0.0:*    users:(("{name}",pid=7,fd=3))'
    for local, name in (("0.0.0.0:22", "sshd"), ("[::]:80", "nginx"))
)
NETSTAT = (
    "Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name\n"
    + "\n".join(
        f"{kind}        0      0 {local}              {peer}               LISTEN      7/{name}"
        for kind, local, peer, name in (
            ("tcp ", "0.0.0.0:22", "0.0.0.0:*", "sshd: /usr/sbin"),
            ("tcp6", ":::80", ":::*", "nginx: master"),
        )
    )
)
NETSTAT_UDP = "udp        0      0 0.0.0.0:53              0.0.0.0:*                           294/unbound\n"
SS_UDP = 'UNCONN 0      0            0.0.0.0:53        0.0.0.0:*    users:(("unbound",pid=294,fd=5))\n'


@pytest.mark.parametrize(
    ("ss", "netstat", "ports"), [(SS, NETSTAT, [22, 80]), (SS_UDP, NETSTAT_UDP, [53])], ids=["tcp", "udp"]
)
def test_listeners_passes_when_both_show_the_process(ss: str, netstat: str, ports: list[int]) -> None:
    """ss and netstat write differently and mean the same."""
    sample = Sample(results=[result("ss", stdout=ss), result("netstat", stdout=netstat)])
    assert Status.PASSED is sample.check("listeners", probes=["ss", "netstat"], ports=ports).status


def test_listeners_fails_without_a_process_or_a_port() -> None:
    """A port that one of them lacks, or has without its process (as for who is not root), is named."""
    bare = NETSTAT.replace("7/nginx: master", "-")
    sample = Sample(results=[result("ss", stdout=SS), result("netstat", stdout=bare)])
    outcome = sample.check("listeners", probes=["ss", "netstat"], ports=[22, 80])
    lacking = [str(port) for port in outcome.found.values["lacking"]]
    assert (Status.FAILED, ["80"]) == (outcome.status, lacking)


def test_listeners_is_inconclusive_without_a_result() -> None:
    """A command that did not run shows nothing and denies nothing."""
    sample = Sample(results=[result("ss", stdout=SS)])
    assert Status.INCONCLUSIVE is sample.check("listeners", probes=["ss", "netstat"], ports=[22]).status


@pytest.mark.parametrize(
    ("printed", "chosen", "status"),
    [
        ("net.ipv4.ip_local_port_range = 32768\t60999\n", "40000\n50000\n", Status.PASSED),
        ("net.ipv4.ip_local_port_range = 49152\t65535\n", "50000\n", Status.PASSED),
        ("net.ipv4.ip_local_port_range = 32768\t60999\n", "40000\n61000\n", Status.FAILED),
        ("net.ipv4.ip_local_port_range = 32768\t60999\n", "", Status.INCONCLUSIVE),
        ("", "40000\n", Status.INCONCLUSIVE),
    ],
)
def test_local_range_holds_every_port(printed: str, chosen: str, status: Status) -> None:
    """Each port that the kernel gave is in the range of the kernel."""
    sample = Sample(results=[result("range", stdout=printed), result("chosen", stdout=chosen)])
    assert status is sample.check("local_range", range="range", chosen="chosen").status


def test_local_range_says_how_it_differs_from_ianas() -> None:
    """The difference is said where there is one."""
    texts = []
    for low, high in ((32768, 60999), listeners.IANA_DYNAMIC):
        results = [result("range", stdout=f"x = {low} {high}"), result("chosen", stdout="50000")]
        texts.append(words(Sample(results=results).check("local_range", range="range", chosen="chosen")))
    assert ("reserves 49152 to 65535" in texts[0], "as IANA recommends" in texts[1]) == (True, True)


PATH = "/run/mysqld/mysqld.sock"
UNIX = {
    "find": f"/run/dbus/system_bus_socket\n{PATH}\n",
    "list": f"srwxrwxrwx 1 mysql mysql 0 Nov 24 09:20 {PATH}\n",
    "file": f"{PATH}: socket\n",
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", ""),
        ("find", "/run/mysqld/mysqld.sock.lock\n"),
        ("list", f"-rw-r--r-- 1 mysql mysql 0 Nov 24 09:20 {PATH}\n"),
        ("file", f"{PATH}: cannot open (No such file or directory)\n"),
    ],
)
def test_unix_socket_needs_all_three(name: str, text: str) -> None:
    """find, ls and file must all take it for a socket."""
    printed = {**UNIX, **({name: text} if name else {})}
    sample = Sample(results=[result(id, stdout=text) for id, text in printed.items()])
    outcome = sample.check("unix_socket", path=PATH, find="find", list="list", file="file")
    assert (Status.FAILED if name else Status.PASSED) is outcome.status


LIST = """# Network services
ssh\t\t22/tcp\t\t\t\t# SSH Remote Login Protocol
domain\t\t53/tcp
domain\t\t53/udp
imap2\t\t143/tcp\t\timap\t\t# Interim
"""
NOTE = {"fr": "parce que", "en": "because"}


@pytest.mark.parametrize(
    ("service", "status"),
    [
        (Service(22, "ssh", ("tcp",), {}), Status.PASSED),
        (Service(143, "imap", ("tcp",), {}), Status.PASSED),
        (Service(22, "ssh", ("tcp", "udp"), {}), Status.FAILED),
        (Service(22, "ssh", ("tcp", "udp"), {}, NOTE), Status.PASSED),
        (Service(53, "dns", ("tcp", "udp"), {}, NOTE, "domain"), Status.PASSED),
        (Service(53, "dns", ("tcp", "udp"), {}, {}, "domain"), Status.FAILED),
        (Service(53, "dns", ("tcp", "udp"), {}, NOTE, "names"), Status.FAILED),
        (Service(53, "dns", ("tcp", "udp"), {}, NOTE), Status.FAILED),
        (Service(1664, "toto", ("tcp",), {}, NOTE, own=True), Status.PASSED),
        (Service(1664, "toto", ("tcp",), {}, own=True), Status.FAILED),
        (Service(22, "ssh", ("tcp",), {}, NOTE, own=True), Status.FAILED),
    ],
)
def test_services_need_a_reason_where_they_differ(service: Service, status: Status) -> None:
    """By name, port or transport; a reason is not enough for a name that is nowhere, unless it is `own`."""
    sample = Sample(results=[result("list", stdout=LIST)], services=(service,))
    assert status is sample.check("services", reference="list").status


def test_services_are_inconclusive_without_a_list() -> None:
    """Nothing compared is nothing proved."""
    sample = Sample(results=[result("list", stdout="")], services=(Service(22, "ssh", ("tcp",), {}),))
    assert Status.INCONCLUSIVE is sample.check("services", reference="list").status


def test_services_say_who_listens_here() -> None:
    """The table has the host and the process of each service that runs in the lab."""
    sample = Sample(
        results=[result("list", stdout=LIST)], services=(Service(22, "ssh", ("tcp",), NOTE),), sockets=SOCKETS
    )
    table = sample.check("services", reference="list").table
    assert table
    assert ["22", "ssh", "TCP", "ssh/tcp", "server: sshd"] == [str(cell) for cell in table.lines[0].cells[:5]]
    assert NOTE == table.lines[0].cells[5]


def test_read_services_takes_names_and_aliases() -> None:
    """The official name comes first, comments are left out."""
    names = services.read_services(LIST)
    assert (("ssh",), ("imap2", "imap")) == (names[22, "tcp"], names[143, "tcp"])


def test_protocols_are_told_from_the_data() -> None:
    """tshark's word for the data of the port, whatever its number; another protocol fails."""
    sample = Sample(["ssh.pcap"])
    good, bad = (sample.check("protocols", ports={"22/tcp": name}) for name in ("SSH", "HTTP"))
    assert (Status.PASSED, Status.FAILED) == (good.status, bad.status)
    assert good.table
    assert "SSH" == str(good.table.lines[0].cells[2])


def test_one_client_counts_hosts_on_both_sides() -> None:
    """The recorded question and answer: one client, one server."""
    sample = Sample(["dns.pcap"], ExpectedConversation("client", "server", "udp", 53))
    assert Status.PASSED is sample.check("one_client", port=53, servers=["server"]).status
    assert Status.FAILED is sample.check("one_client", port=53, servers=["server", "desktop"]).status
    assert Status.FAILED is sample.check("one_client", port=161, servers=["server"]).status


@pytest.mark.parametrize(
    ("answered", "status"), [((), Status.FAILED), ((1,), Status.PASSED), ((1, 3), Status.FAILED)]
)
def test_one_client_is_one_and_gets_its_answers(answered: tuple[int, ...], status: Status) -> None:
    """Two hosts ask: with an answer to one of them there is one client, with two there are two."""
    ways = [(f"10.77.5.{host}:40000", f"{SERVER}:161") for host in (1, 3)]
    ways += [(f"{SERVER}:161", f"10.77.5.{host}:40000") for host in answered]
    packets = tuple(packet(number, *way, transport="udp") for number, way in enumerate(ways, 1))
    sample = Sample(["snmp"], ASKED, facts={"snmp": facts(Recording(packets))})
    assert status is sample.check("one_client", port=161, servers=["server"]).status


def test_process_is_who_listens_at_the_port() -> None:
    """ss on the server names the program behind the exercise's port, and nothing when nobody listens."""
    for port, value in ((22, "sshd"), (80, None)):
        sample = Sample(["ssh.pcap"], ExpectedConversation("client", "server", "tcp", port), sockets=SOCKETS)
        assert value == sample.ask("process").value
