"""What the desk says about a recording that may still grow: its file is all that it gets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sharklab.cli.workbench.desk import packet_desk
from sharklab.errors import InputError
from sharklab.evidence.packets import following
from sharklab.evidence.packets.following import Followed, follow
from sharklab.evidence.packets.growing import whole_packets
from sharklab.evidence.packets.model import Facts
from sharklab.hosts.door import control
from sharklab.hosts.door.server import Reply
from sharklab.i18n import translator
from sharklab.lab import plan_file
from tests.support.errors import error_of
from tests.support.recordings import Opened, recordings
from tests.support.workbench import Bench

DATA = Path(__file__).parents[4] / "data"
CONTENT = (DATA / "dns.pcap").read_bytes()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Return a function that writes a recording and gives its descriptor."""
    with recordings(tmp_path) as write:
        yield write


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the recording has no packet yet"),
        (CONTENT[:24], "the recording has no packet yet"),
        (CONTENT[:50], "the recording has no packet yet"),
        (b"<script>alert(1)</script>" * 10, "the host sent something other than packets"),
    ],
)
def test_recording_without_packets_is_refused(opened: Opened, content: bytes, message: str) -> None:
    """A student is root on the host, so anything may come."""
    for asked in (packet_desk.packet, packet_desk.pcapng):
        error = error_of(InputError, asked, "alice", {"number": "1"}, [opened(content)])
        assert message == error.message_id


@pytest.mark.parametrize("count", [0, 2])
def test_request_has_one_file(bench: Bench, opened: Opened, count: int) -> None:
    """Each request about packets."""
    handlers = packet_desk.handlers(plan_of(bench), (), 0)
    for want in ("packet", "conversation", "pcapng"):
        files = [opened(CONTENT) for _ in range(count)]
        request = {"number": "1", "talk": "udp 1"}
        assert "no file came" == error_of(InputError, handlers[want], "alice", request, files).message_id


def test_one_packet_is_taken_apart(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its layers and its own bytes; its number is that of the recording, though tshark reads only a part."""
    monkeypatch.setattr(packet_desk, "BEFORE", 1)
    with whole_packets(opened(CONTENT)) as (_, splitter):
        begin, end = splitter.starts[2] + 16, splitter.starts[3]
    content = packet_desk.packet("alice", {"number": "3"}, [opened(CONTENT)]).content
    assert 3 == content["number"] and "Domain Name System" in content["layers"][-1]["title"]
    shown = "".join(hexes for _, hexes, *_ in content["bytes"]).replace(" ", "")
    assert CONTENT[begin:end].hex() == shown


def test_packets_before_are_read_too(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the numbers of TCP count from the begin of the connection, as they do in the table."""
    content = (DATA / "ssh.pcap").read_bytes()

    def numbers() -> list[str]:
        found = packet_desk.packet("alice", {"number": "8"}, [opened(content)]).content["layers"]
        return [text for layer in found for _, text in layer["lines"] if "Sequence Number: " in text]

    near = numbers()
    monkeypatch.setattr(packet_desk, "BEFORE", 0)
    assert near and near != numbers()


@pytest.mark.parametrize("number", ["0", "-1", "99999"])
def test_packet_that_is_none_is_refused(opened: Opened, number: str) -> None:
    """With its number."""
    error = error_of(InputError, packet_desk.packet, "alice", {"number": number}, [opened(CONTENT)])
    assert int(number) == error.values["number"]


def plan_of(bench: Bench) -> Callable[[str, Mapping[str, Any], list[int]], Reply]:
    """Return the desk's answer to the request "plan"."""
    return lambda student, request, handles: Reply(plan_file.to_plain(bench.plan))


@pytest.fixture(scope="module")
def followed() -> Followed:
    """Return a conversation whose packets are not the first ones."""
    return follow(DATA / "dns.pcap", "udp 1")


def test_arrows_have_the_numbers_of_the_recording(bench: Bench, followed: Followed) -> None:
    """So that a reader finds them in the table."""
    svg = packet_desk.draw(followed, bench.plan, translator("en"))
    assert "#3" in svg and "#4" in svg and "#1<" not in svg


@pytest.mark.parametrize(("lang", "language"), [("en", "en"), ("fr", "fr"), ("xx", "en"), ("", "en")])
def test_conversation_is_a_ladder(
    bench: Bench,
    opened: Opened,
    followed: Followed,
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    language: str,
) -> None:
    """In the language of the reader; in English for a language that is none."""
    asked: list[tuple[bytes, str]] = []

    def follow_again(capture: Path, talk: str) -> Followed:
        asked.append((capture.read_bytes(), talk))
        return followed

    monkeypatch.setattr(following, "follow", follow_again)
    drawing = packet_desk.handlers(plan_of(bench), (), 0)["conversation"]
    svg = drawing("alice", {"talk": "udp 1", "lang": lang}, [opened(CONTENT)]).content["svg"]
    assert [(CONTENT, "udp 1")] == asked
    drawn = {code: packet_desk.draw(followed, bench.plan, translator(code)) for code in ("en", "fr")}
    assert drawn[language] == svg and drawn["en"] != drawn["fr"]


def test_conversation_without_facts_is_refused(bench: Bench) -> None:
    """It has packets, of which none could be explained."""
    found = Followed(Facts((), ()), ())
    error_of(InputError, packet_desk.draw, found, bench.plan, translator("en"))


def test_recording_becomes_a_pcapng(opened: Opened) -> None:
    """Of its whole packets."""
    answer = packet_desk.pcapng("alice", {}, [opened(CONTENT[:-3])])
    assert answer.handle
    with answer.handle as file:
        content = os.pread(file.fileno(), len(CONTENT) * 2, 0)
    assert bytes.fromhex("0a0d0d0a") == content[:4]


def test_keeper_is_started_again(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For the web process of a uid; the answer is its socket."""
    started: list[object] = []

    def start(*how: object) -> Path:
        started.append(how)
        return tmp_path / "socket"

    monkeypatch.setattr(control, "start", start)
    asked = packet_desk.handlers(plan_of(bench), ("keeper", "-x"), 7)["keeper"]
    assert {"path": str(tmp_path / "socket")} == asked("", {}, []).content
    assert [(("keeper", "-x"), 7)] == started
