"""The sources of an answer: captures, sockets of both hosts, commands, and the plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from sharklab.checks import sources
from sharklab.checks.outcome import Reference, Status
from sharklab.checks.question import Source
from sharklab.checks.sources import Ends
from sharklab.evidence.packets.model import Endpoint
from sharklab.evidence.run_folder import SocketLine
from sharklab.evidence.sockets import sockets
from sharklab.lab.model import ExpectedConversation
from tests.support.checks_sample import Sample, lines, result, shown

DNS = Sample(["dns.pcap"], ExpectedConversation("client", "server", "udp", 53))
SSH = Sample(["ssh.pcap"], sockets=lines("ssh"))
CLIENT, SERVER = Endpoint("10.77.5.1", 34898), Endpoint("10.77.5.2", 22)


def test_sources_take_the_dns_server_that_dig_names() -> None:
    """What a command printed is a source, too."""
    printed = ";; Query time: 0 msec\n;; SERVER: 10.77.5.2#53(10.77.5.2) (UDP)\n"
    answer = replace(DNS, results=[result(stdout=printed)]).ask("dns_server_address")
    assert ("10.77.5.2", Status.PASSED) == (answer.value, answer.status)
    assert Reference(probe="probe", host="client") in answer.evidence


def values(sources: Iterable[Source]) -> dict[str, set[str]]:
    """Return the values of each source that has any, by its name."""
    return {str(source.name): set(source.values) for source in sources if source.values}


def ss(host: str, line: str) -> SocketLine:
    """Return a line that ss printed on a host."""
    return SocketLine(host, line, 0.0, 1.0)


def test_conversation_is_the_one_that_the_exercise_is_about() -> None:
    """Its ends, and all of its packets; without one there is no meeting."""
    [meeting] = sources.conversation(SSH.context())
    assert Ends("tcp", CLIENT, SERVER) == meeting.ends
    assert Reference(capture="ssh.pcap", packets=tuple(range(1, 47))) == meeting.seen
    assert [] == sources.conversation(Sample(["icmp.pcap"]).context())


def test_dns_exchanges_are_those_with_an_answer() -> None:
    """Each refers to the question and to the answer."""
    first = sources.dns_exchanges(DNS.context())[0]
    assert (1, 2) == first.seen.packets
    assert ("10.77.5.1", "10.77.5.2", 53) == (
        first.ends.client.address,
        first.ends.server.address,
        first.ends.server.port,
    )
    assert [] == sources.dns_exchanges(Sample(["dns_refused.pcap"]).context())


def test_nfs_calls_are_those_with_a_reply() -> None:
    """A call whose reply the capture lost is no meeting."""
    calls = shown("nfs.pcap").nfs
    lost = replace(calls[0], reply=0)
    facts = {"nfs.pcap": replace(shown("nfs.pcap"), nfs=(lost, calls[1]))}
    [meeting] = sources.nfs_calls(Sample(["nfs.pcap"], facts=facts).context())
    assert (calls[1].call, calls[1].reply) == meeting.seen.packets
    assert Ends("tcp", calls[1].client, calls[1].server) == meeting.ends


def test_by_meetings_asks_the_capture_and_both_hosts() -> None:
    """Each host refers to the line of its socket."""
    context = SSH.context()
    meetings = sources.conversation(context)
    found = list(sources.by_meetings(context, meetings, lambda ends: str(ends.client.port or "")))
    assert values(found) == {
        "capture ssh.pcap": {"34898"},
        "ss on client": {"34898"},
        "ss on server": {"34898"},
    }
    assert ["", "client", "server"] == [source.evidence[0].host for source in found]


@pytest.mark.parametrize(
    ("line", "client_port", "server_port"),
    [
        (ss("client", "udp UNCONN 0 0 0.0.0.0:34730 0.0.0.0:*"), {"34730"}, set()),
        (ss("client", "udp UNCONN 0 0 0.0.0.0:34731 0.0.0.0:*"), set(), set()),
        (ss("client", "tcp LISTEN 0 9 0.0.0.0:34730 0.0.0.0:*"), set(), set()),
        (ss("client", "udp ESTAB 0 0 10.77.5.1:34730 10.77.5.2:53"), {"34730"}, {"53"}),
        (ss("client", "udp ESTAB 0 0 10.77.5.1:34730 10.77.5.2:5353"), set(), set()),
        (ss("client", "tcp ESTAB 0 0 10.77.5.1:34730 10.77.5.2:53"), set(), set()),
        (ss("client", "udp ESTAB 0 0 10.77.5.1:9 10.77.5.2:53"), {"9"}, {"53"}),
        (ss("client", "udp ESTAB 0 0 10.77.5.1:9 10.77.5.3:53"), set(), set()),
        (ss("server", "udp UNCONN 0 0 10.77.5.2:53 0.0.0.0:*"), set(), {"53"}),
        (ss("server", "udp UNCONN 0 0 127.0.0.1:53 0.0.0.0:*"), set(), set()),
        (ss("server", "tcp LISTEN 0 9 10.77.5.2:53 0.0.0.0:*"), set(), set()),
        (ss("server", "udp ESTAB 0 0 10.77.5.2:53 10.77.5.1:9"), {"9"}, {"53"}),
        (ss("server", "udp ESTAB 0 0 10.77.5.2:53 10.77.5.3:9"), set(), set()),
    ],
)
def test_by_meetings_takes_a_socket_that_shares_an_end(
    line: SocketLine, client_port: set[str], server_port: set[str]
) -> None:
    """An open socket knows its own end; a connected one near the meeting may contradict it."""
    context = Sample(["dns.pcap"], sockets=(line,)).context()
    first = sources.dns_exchanges(context)[:1]
    assert "34730" == str(first[0].ends.client.port)
    name = f"ss on {line.host}"
    for expected, pick in (
        (client_port, lambda ends: str(ends.client.port or "")),
        (server_port, lambda ends: str(ends.server.port or "")),
    ):
        assert expected == values(sources.by_meetings(context, first, pick)).get(name, set())


@pytest.mark.parametrize(
    ("others", "port"),
    [
        (["10.77.5.1:34898 10.77.5.2:22", "10.77.5.1:34898 10.77.5.3:80"], {"22"}),
        (["10.77.5.1:34898 10.77.5.2:22", "10.77.5.1:9 10.77.5.2:22"], {"22"}),
        (["10.77.5.1:34898 10.77.5.3:80"], {"80"}),
    ],
)
def test_by_meetings_counts_another_end_only_without_the_socket_itself(
    others: list[str], port: set[str]
) -> None:
    """The kernel gives a local port again for another server."""
    seen = tuple(ss("client", f"tcp ESTAB 0 0 {ends}") for ends in others)
    context = Sample(["ssh.pcap"], sockets=seen).context()
    found = values(
        sources.by_meetings(context, sources.conversation(context), lambda ends: str(ends.server.port))
    )
    assert port == found["ss on client"]


def test_by_capture_is_one_value_and_its_packets() -> None:
    """Only captures show it."""
    seen = Reference(capture="dns.pcap", packets=(4,))
    source = sources.by_capture(seen, "7")
    assert ("capture dns.pcap", {"7"}, [seen]) == (
        str(source.name),
        set(source.values),
        list(source.evidence),
    )


@pytest.mark.parametrize(
    ("printed", "address", "port"),
    [
        (";; SERVER: 10.77.5.2#53(10.77.5.2) (UDP)\n", {"10.77.5.2"}, {"53"}),
        ("Server: x\nAddress:\tfd77:5::2#5353\n", {"fd77:5::2"}, {"5353"}),
        ("Address: 10.77.5.2\n", set(), set()),
        ("", set(), set()),
    ],
)
def test_by_dns_client_reads_how_commands_name_the_server(
    printed: str, address: set[str], port: set[str]
) -> None:
    """An answer's own address has no port, and is not the server's."""
    context = Sample(results=[result(stdout=printed)]).context()
    for group, expected in (("address", address), ("port", port)):
        [source] = sources.by_dns_client(context, group)
        assert expected == source.values


def test_by_dns_client_of_a_command_without_a_result_says_nothing() -> None:
    """It did not run."""
    assert {} == values(sources.by_dns_client(Sample().context(), "address"))


def test_by_plan_measures_nothing() -> None:
    """Empty values are no values."""
    source = sources.by_plan("22", "")
    assert (False, {"22"}) == (source.measured, set(source.values))


def test_by_lines_refers_to_each_line_once() -> None:
    """A line may show several values."""
    [socket] = sockets([ss("server", "tcp LISTEN 0 9 0.0.0.0:22 0.0.0.0:*")])
    source = sources.by_lines("server", ("a", "b", "a"), (socket, socket))
    assert {"a", "b"} == source.values
    assert (Reference(host="server", line=socket.line),) == source.evidence
