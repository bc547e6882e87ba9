"""The lab reachability: what the article says of each tool and state, with tshark as a witness of its own.

The tables below are the article's, typed again; tshark reads the captures by fields of its own, so that both
can contradict the lab's expectations and the report.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Call, misjudged

TCP = (
    *("telnet", "nc", "ncat", "bash", "zsh", "nmap-connect", "nmap-syn", "traceroute", "openssl", "ssh"),
    *("perl", "python3", "ruby", "curl", "wget", "links", "chromium", "firefox"),
)
TCP_STATES = ("closed", "rejected", "reset", "prohibited", "dropped", "open")
UDP = ("nc", "ncat", "bash", "nmap-udp", "traceroute", "python3")
UDP_STATES = ("closed", "rejected", "dropped", "open")

REFUSED = {
    "telnet": (1, "Connection refused"),
    "nc": (1, "Connection refused"),
    "ncat": (1, "Connection refused"),
    "bash": (1, "Connection refused"),
    "zsh": (1, "connection refused"),
    "openssl": (1, "connect:errno=111"),
    "ssh": (255, "Connection refused"),
    "perl": (111, "Connection refused"),
    "python3": (1, "ConnectionRefusedError: .Errno 111."),
    "ruby": (1, "Errno::ECONNREFUSED"),
    "curl": (7, "Connection refused"),
    "wget": (4, "failed: Connection refused"),
    "links": (1, "Connection refused"),
    "chromium": (0, "ERR_CONNECTION_REFUSED"),
    "firefox": (1, "can’t establish a connection"),
}
SAYS = {
    "closed": {**REFUSED, "nmap-connect": (0, "tcp closed"), "traceroute": (0, "<rst,ack>")},
    "rejected": {**REFUSED, "nmap-syn": (0, "tcp filtered"), "traceroute": (0, r" \d\.\d+ ms$")},
    "reset": {**REFUSED, "nmap-connect": (0, "tcp closed"), "nmap-syn": (0, "tcp closed")},
    "prohibited": {
        "telnet": (1, "No route to host"),
        "nc": (1, "No route to host"),
        "ssh": (255, "No route to host"),
        "perl": (113, "No route to host"),
        "python3": (1, "OSError: .Errno 113."),
        "ruby": (1, "Errno::EHOSTUNREACH"),
        "curl": (7, "No route to host"),
        "nmap-connect": (0, "tcp filtered"),
        "nmap-syn": (0, "tcp filtered"),
        "traceroute": (0, "!X"),
        "chromium": (0, "ERR_ADDRESS_UNREACHABLE"),
        "firefox": (1, "can’t establish a connection"),
    },
    "dropped": {
        "telnet": (1, "Connection timed out"),
        "nc": (1, "Connection timed out"),
        "ncat": (1, "timed out|TIMEOUT"),
        "bash": (1, "Connection timed out"),
        "zsh": (1, "connection timed out"),
        "nmap-connect": (0, "tcp filtered"),
        "nmap-syn": (0, "tcp filtered"),
        "traceroute": (0, r" 1  \*"),
        "openssl": (1, "connect:errno=110"),
        "ssh": (255, "Connection timed out"),
        "perl": (110, "Connection timed out"),
        "python3": (1, "TimeoutError: .Errno 110."),
        "ruby": (1, "Errno::ETIMEDOUT"),
        "curl": (28, "timed out"),
        "wget": (4, "failed: Connection timed out"),
        "links": (1, "Connection timed out"),
        "chromium": (0, "ERR_CONNECTION_TIMED_OUT"),
        "firefox": (1, "taking too long to respond"),
    },
    "open": {
        "telnet": (0, "Connected to .*Connection closed by foreign host"),
        "nc": (0, "succeeded!"),
        "ncat": (0, "Connected to"),
        "bash": (0, "^\n$"),
        "zsh": (0, "opened OK"),
        "nmap-connect": (0, "tcp open "),
        "nmap-syn": (0, "tcp open "),
        "traceroute": (0, "<syn,ack>"),
        "openssl": (1, r"CONNECTED\("),
        "ssh": (255, "[Cc]onnection (reset|closed) by"),
        "perl": (0, "^\n$"),
        "python3": (0, "^\n$"),
        "ruby": (0, "^\n$"),
        "wget": (4, "connected"),
        "links": (1, "Error reading from socket|Connection reset by peer"),
        "chromium": (0, "ERR_(CONNECTION_RESET|EMPTY_RESPONSE|CONNECTION_CLOSED|SOCKET_NOT_CONNECTED)"),
        "firefox": (1, "connection to the server was reset"),
    },
}
UDP_SAYS = {
    "closed": {
        "nc": (1, "^\n$"),
        "bash": (0, "^\n$"),
        "nmap-udp": (0, "udp closed"),
        "traceroute": (0, " ms$"),
    },
    "dropped": {
        "nc": (0, "succeeded!"),
        "bash": (0, "^\n$"),
        "nmap-udp": (0, r"udp open\|filtered"),
        "traceroute": (0, r" 1  \*"),
    },
}
UDP_SAYS |= {"rejected": UDP_SAYS["closed"], "open": UDP_SAYS["dropped"]}


@dataclass(frozen=True)
class Frame:
    """A packet as tshark names it: who sent it, TCP's flags, and type and code of an ICMP error."""

    mine: bool
    flags: int
    icmp: str

    def has(self, *names: str) -> bool:
        """Tell whether the flags of those names are set."""
        bits = {"FIN": 1, "SYN": 2, "RST": 4, "ACK": 16}
        return all(self.flags & bits[name] for name in names)


@dataclass(frozen=True)
class Done:
    """The run: what `run --output json` said, and the folder that it left."""

    said: dict[str, Any]
    code: int
    folder: Path

    @cached_property
    def plan(self) -> dict[str, Any]:
        """Return plan.json."""
        plan: dict[str, Any] = json.loads((self.folder / "plan.json").read_text())
        return plan

    def address(self, host: str, network: str = "lan", family: str = "ipv4") -> str:
        """Return an address of a host of the seat."""
        return str(self.plan["seat"]["addresses"][host][network][family]).split("/")[0]

    @cached_property
    def probes(self) -> dict[str, dict[str, Any]]:
        """Return the client's results by id."""
        return {
            each["id"]: each for each in json.loads((self.folder / "hosts/client/probes.json").read_text())
        }

    def capture(self, name: str) -> Path:
        """Return the capture file of that id."""
        [file] = self.folder.glob(f"hosts/*/captures/{name}.pcap")
        return file

    def port(self, id: str) -> int:
        """Return the port to which the command of a cell went: the last number in it that can be one."""
        return int(re.findall(r"\b31\d\d\d\b", " ".join(self.probes[id]["argv"]))[-1])

    def frames(self, capture: str, port: int) -> list[Frame]:
        """Return the packets to and from a port of the target, and the ICMP errors about them."""
        target = self.address("target")
        lines = [
            values
            for values in rows(self.capture(capture))
            if any(target in each.split(",") for each in values[:2])
            and any(str(port) in each.split(",") for each in (*values[2:4], *values[5:7]))
        ]
        return [frame for values in lines if (frame := self._frame(values, port))]

    def _frame(self, values: list[str], port: int) -> Frame | None:
        """Return the frame, or None when the port is only the client's own that has the same number."""
        source, ports = values[0].split(",")[0], [*values[2:4], *values[5:7]]
        error = "/".join(values[7:9])
        mine = source == self.address("client")
        known = [each.split(",")[-1] for each in ports if each]
        if known[1 if mine or len(error) > 1 else 0] != str(port):
            return None
        return Frame(mine, int(values[4].split(",")[-1] or "0", 16), error if len(error) > 1 else "")


FIELDS = ("ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "tcp.flags", "udp.srcport", "udp.dstport")


@cache
def rows(file: Path) -> list[list[str]]:
    """Return the values of `FIELDS`, and type and code of ICMP, of each packet; tshark reads a file once."""
    lines = tshark(file, "ip && (tcp || udp)", *FIELDS, "icmp.type", "icmp.code")
    return [line.split("\t") for line in lines]


def tshark(file: Path, display_filter: str, *fields: str) -> list[str]:
    """Return a line of `fields` for each packet that the filter shows."""
    options = [word for name in fields or ("frame.number",) for word in ("-e", name)]
    command = ["tshark", "-n", "-r", str(file), "-Y", display_filter, "-T", "fields", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def done(sharklab: Call, reachability_seat: str) -> Done:
    """Run the lab once, at the fast pace."""
    done = sharklab("run", "reachability", "--student", reachability_seat, "--output", "json")
    said = json.loads(done.stdout)
    return Done(said, done.returncode, Path(said["run"]))


def cases(says: dict[str, dict[str, tuple[int, str]]]) -> list[tuple[str, str, int, str]]:
    """Return state, tool, exit code and words of each entry."""
    return [(state, tool, *what) for state, tools in says.items() for tool, what in tools.items()]


def test_run_achieves_every_exercise(done: Done) -> None:
    """Every cell of both matrices and every exercise around them is as the lab expects."""
    assert (0, True) == (done.code, done.said["achieved"])
    assert {"tcp", "udp", "route", "ping", "arp", "dns", "connect", "proxy", "tunnel", "families"} == set(
        done.said["exercises"]
    )


def said(done: Done, id: str) -> tuple[int | None, str]:
    """Return exit code and words of a probe."""
    result = done.probes[id]
    return result["exit_code"], f"{result['stdout']}\n{result['stderr']}"


@pytest.mark.parametrize(("state", "tool", "code", "words"), cases(SAYS))
def test_tcp_tool_says_what_the_article_says(
    done: Done, state: str, tool: str, code: int, words: str
) -> None:
    """Exit code and words of each tool."""
    ended, printed = said(done, f"tcp-{state}-{tool}")
    assert code == ended, printed
    assert re.search(words, printed, re.MULTILINE | re.DOTALL), printed


@pytest.mark.parametrize(("state", "tool", "code", "words"), cases(UDP_SAYS))
def test_udp_tool_says_what_the_article_says(
    done: Done, state: str, tool: str, code: int, words: str
) -> None:
    """Exit code and words of each tool."""
    ended, printed = said(done, f"udp-{state}-{tool}")
    assert code == ended, printed
    assert re.search(words, printed, re.MULTILINE | re.DOTALL), printed


def test_curl_finds_nothing_to_read_on_the_open_port(done: Done) -> None:
    """An empty reply (52), or a reset before it was read (56)."""
    ended, printed = said(done, "tcp-open-curl")
    assert ended in (52, 56) and "Connected to" in printed


@pytest.mark.parametrize("tool", TCP)
@pytest.mark.parametrize("state", TCP_STATES)
def test_tcp_packets_are_the_states_own(done: Done, state: str, tool: str) -> None:
    """What goes out is a SYN; what comes back is what makes the state."""
    frames = done.frames("tcp-client", done.port(f"tcp-{state}-{tool}"))
    back = [frame for frame in frames if not frame.mine]
    assert any(frame.mine and frame.has("SYN") and not frame.has("ACK") for frame in frames)
    if state in ("closed", "reset"):
        assert back and all(frame.has("RST") and not frame.icmp for frame in back)
    elif state in ("rejected", "prohibited"):
        assert {"3/3" if state == "rejected" else "3/13"} == {frame.icmp for frame in back}
    elif state == "dropped":
        assert back == [] and len(frames) >= (1 if tool == "traceroute" else 2)
    else:
        assert back[0].has("SYN", "ACK")


@pytest.mark.parametrize("tool", ["telnet", "nc", "ncat", "bash", "zsh", "perl", "python3", "ruby"])
def test_open_port_ends_with_fin_where_nothing_was_sent(done: Done, tool: str) -> None:
    """Each side says that it has done, and nobody resets."""
    frames = done.frames("tcp-client", done.port(f"tcp-open-{tool}"))
    assert {True, False} == {frame.mine for frame in frames if frame.has("FIN")}
    assert not any(frame.has("RST") for frame in frames)


@pytest.mark.parametrize("tool", ["openssl", "ssh", "curl", "wget", "links", "firefox"])
def test_open_port_resets_who_had_something_to_say(done: Done, tool: str) -> None:
    """The server has closed, so what was sent to it is refused."""
    frames = done.frames("tcp-client", done.port(f"tcp-open-{tool}"))
    assert any(frame.has("RST") and not frame.mine for frame in frames)


@pytest.mark.parametrize("tool", ["nmap-syn", "traceroute"])
def test_half_open_scan_never_completes_the_handshake(done: Done, tool: str) -> None:
    """SYN, SYN/ACK, and the client's kernel, which knows of no connection, resets."""
    frames = done.frames("tcp-client", done.port(f"tcp-open-{tool}"))
    assert [(True, 0x002), (False, 0x012), (True, 0x004)] == [(f.mine, f.flags & 0x017) for f in frames]


@pytest.mark.parametrize("tool", UDP)
@pytest.mark.parametrize("state", UDP_STATES)
def test_udp_packets_are_the_states_own(done: Done, state: str, tool: str) -> None:
    """Closed and rejected answer alike, dropped and open are silent alike."""
    frames = done.frames("udp-client", done.port(f"udp-{state}-{tool}"))
    assert any(frame.mine for frame in frames)
    back = {frame.icmp for frame in frames if not frame.mine}
    assert ({"3/3"} if state in ("closed", "rejected") else set()) == back


@pytest.mark.parametrize("matrix", ["tcp", "udp"])
def test_both_sides_saw_the_same_packets(done: Done, matrix: str) -> None:
    """Nothing was lost between the two hosts, nor by the captures."""
    sides = [tshark(done.capture(f"{matrix}-{side}"), matrix, "ip.id") for side in ("client", "server")]
    assert sorted(sides[0]) == sorted(sides[1]) and sides[0]


def test_fast_pace_repeats_a_syn_once_and_is_over_soon(done: Done) -> None:
    """A blocking tool gives up on a dropped port after 3 s, and the kernel's settings are put back."""
    frames = done.frames("tcp-client", done.port("tcp-dropped-telnet"))
    assert 2 == len(frames) and 2.5 < done.probes["tcp-dropped-telnet"]["duration"] < 10


def test_pace_leaves_the_kernel_as_it_was(done: Done, sharklab: Call, reachability_seat: str) -> None:
    """After the run the client repeats a SYN six times again (tcp(7))."""
    command = "cat /proc/sys/net/ipv4/tcp_syn_retries"
    shown = sharklab("shell", "reachability", "client", "--student", reachability_seat, "--", command)
    assert "6" == shown.stdout.strip(), shown.stderr


def test_happy_eyeballs_on_the_wire(done: Done) -> None:
    """curl and Firefox go on to IPv4 at once, wget, Python and ncat when IPv6 has failed."""
    delays = {}
    for port in (8001, 8002, 8003, 8004, 8006):
        syns = f"tcp.dstport == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0"
        seen = [
            line.split("\t")
            for line in tshark(done.capture("families"), syns, "frame.time_epoch", "ipv6.dst")
        ]
        six = min(float(time) for time, to in seen if to)
        delays[port] = min(float(time) for time, to in seen if not to) - six
    assert all(0.1 < delays[port] < 2 for port in (8001, 8006)), delays
    assert all(2 < delays[port] < 10 for port in (8002, 8003, 8004)), delays


def test_token_can_be_read_by_the_proxy_and_not_in_the_tunnel(done: Done) -> None:
    """HTTP is open, SSH is not; both bring the page."""
    token = done.plan["seat"]["token"]
    shows = f'frame contains "{token}" && !(frame contains "Host: ")'
    assert tshark(done.capture("proxy"), shows) and not tshark(done.capture("tunnel"), shows)
    assert f"<title>{token}</title>" in said(done, "tunnel-tsocks")[1]


def test_nothing_goes_around_the_relays(done: Done) -> None:
    """No packet between the client and the site next door."""
    assert [] == tshark(done.capture("proxy-around"), "frame")


def test_arp_and_echo_on_the_wire(done: Done) -> None:
    """The target answers both, nobody answers for an address that nobody has."""
    nobody = done.address("client").rpartition(".")[0] + ".253"
    file = done.capture("arp")
    assert tshark(file, f"arp.opcode == 2 && arp.src.proto_ipv4 == {done.address('target')}")
    assert tshark(file, f"arp.opcode == 1 && arp.dst.proto_ipv4 == {nobody}")
    assert [] == tshark(file, f"arp.opcode == 2 && arp.src.proto_ipv4 == {nobody}")
    assert 3 == len(tshark(done.capture("ping"), "icmp.type == 0"))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_article_shows_every_command(done: Done, language: str) -> None:
    """Each of the 132 commands is in both languages' articles, with its port."""
    text = (done.folder / f"report.{language}.md").read_text()
    cells = [
        id
        for id in done.probes
        if re.match(r"(tcp|udp)-(closed|rejected|reset|prohibited|dropped|open)-", id)
    ]
    assert len(TCP) * len(TCP_STATES) + len(UDP) * len(UDP_STATES) == len(cells) == 132
    assert [] == [id for id in cells if str(done.port(id)) not in text]


def test_grading_is_proved(done: Done) -> None:
    """What is right earns every point, nothing earns none, and every single fault loses just its own."""
    assert [] == misjudged(done.folder)
