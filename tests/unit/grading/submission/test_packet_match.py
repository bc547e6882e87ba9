"""Captures whose names tell nothing, and the exercises that their packets are of."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab.grading.submission.packet_match import find
from sharklab.lab.model import Capture, Exercise, ExpectedConversation
from tests.support import packets_made
from tests.support.checks_sample import DATA, shown
from tests.support.handed import handed

SSH = DATA / "ssh.pcap"
[TALK] = shown("ssh.pcap").conversations
GIVEN: dict[str, Any] = {
    "server_address": TALK.server.address,
    "server_port": str(TALK.server.port),
    "local_port": str(TALK.client.port),
    "transport": "TCP",
}


@pytest.fixture(scope="module")
def exercise(tmp_path_factory: pytest.TempPathFactory) -> Exercise:
    """Return the exercise about SSH; it counts on any machine."""
    return replace(handed(tmp_path_factory.mktemp("ssh")).exercise, anywhere=True)


def made(file: Path, client: str, server: str, local: int, port: int) -> Path:
    """Write a connection between the two."""
    way = packets_made.Tcp(packets_made.Way(client, server), local, port)
    frames = [packets_made.LINKS["ethernet"].wrap(packet, "<") for packet in packets_made.exchange(way)]
    return packets_made.pcap(file, 1, frames, "<", 1000)


def test_find_gives_a_lacking_capture_and_the_others_of_its_service(
    exercise: Exercise, tmp_path: Path
) -> None:
    """Another attempt has another local port; another service of the same server is something else."""
    first = Path(shutil.copy(SSH, tmp_path / "a.pcap"))
    client, server = TALK.client.address, TALK.server.address
    again = made(tmp_path / "b.pcap", client, server, 50_001, TALK.server.port)
    other = made(tmp_path / "c.pcap", client, server, 50_002, 443)
    shown, further = find([other, again, first], [exercise], {"ssh": GIVEN}, {})
    assert ({"ssh": first}, {"ssh": [again]}) == (shown, further)


@pytest.mark.parametrize(
    ("given", "shared"),
    [
        ({"local_port": GIVEN["local_port"]}, True),
        ({"server_address": GIVEN["server_address"], "server_port": "22"}, True),
        ({"server_address": GIVEN["server_address"], "server_port": "443"}, False),
        ({"server_address": GIVEN["server_address"], "transport": "TCP"}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("is_named", [True, False])
def test_find_gives_one_file_to_several_exercises(
    exercise: Exercise, tmp_path: Path, given: dict[str, str], shared: bool, is_named: bool
) -> None:
    """A student records everything in one file; the same server alone tells nothing."""
    first = Path(shutil.copy(SSH, tmp_path / "all.pcap"))
    other = replace(exercise, id="other", captures=(replace(exercise.captures[0], id="other"),))
    answers = {"ssh": GIVEN, "other": given}
    left, known = ([], {"ssh": first}) if is_named else ([first], {})
    shown, _ = find(left, [exercise, other], answers, known)
    assert ({"other": first} if shared else {}) == {id: file for id, file in shown.items() if id != "ssh"}


def test_find_gives_files_of_the_same_connection_without_an_answer(
    exercise: Exercise, tmp_path: Path
) -> None:
    """The first file has a telling name: its largest connection is the one that is meant."""
    more = Path(shutil.copy(SSH, tmp_path / "a.pcap"))
    voice = Path(shutil.copy(DATA / "voice.pcap", tmp_path / "b.pcap"))
    assert ({}, {"ssh": [more]}) == find([voice, more], [exercise], {}, {"ssh": SSH})
    assert ({}, {"ssh": []}) == find([more], [exercise], {}, {"ssh": voice})
    assert ({}, {}) == find([more], [without_service(exercise)], {}, {})


def without_service(exercise: Exercise) -> Exercise:
    """Return the exercise of a lab that does not tell the port of the service."""
    captures = (replace(exercise.captures[0], filter=""),)
    return replace(exercise, captures=captures, conversation=None)


def test_find_gives_captures_of_the_service_without_an_answer(exercise: Exercise, tmp_path: Path) -> None:
    """Most of their packets are of it: a session beside other traffic tells nothing."""
    asked = replace(exercise, conversation=ExpectedConversation("client", "server", "tcp", 22))
    ssh, again = (made(tmp_path / name, "10.9.0.1", "10.9.0.2", 50_000, 22) for name in ("a.pcap", "b.pcap"))
    web = made(tmp_path / "c.pcap", "10.9.0.1", "10.9.0.2", 50_000, 443)
    files = [web, ssh, again, Path(shutil.copy(DATA / "icmp.pcap", tmp_path / "d.pcap"))]
    assert ({"ssh": ssh}, {"ssh": [again]}) == find(files, [asked], {}, {})
    late = without_opening(tmp_path / "e.pcap", "10.9.0.2", 22, "10.9.0.1", 23)
    assert ({"ssh": late}, {"ssh": []}) == find([late], [asked], {}, {})
    wrong = {"ssh": {"server_address": "192.0.2.9"}}
    assert ({"ssh": ssh}, {"ssh": []}) == find([ssh], [asked], wrong, {})


def test_find_gives_captures_of_the_service_that_answers_name(exercise: Exercise, tmp_path: Path) -> None:
    """The other answers are wrong; of two exercises with such answers nobody knows which one it is of."""
    open_one = without_service(exercise)
    web = made(tmp_path / "a.pcap", "10.9.0.1", "10.9.0.2", 50_000, 443)
    voice = Path(shutil.copy(DATA / "voice.pcap", tmp_path / "b.pcap"))
    wrong = {"server_address": "192.0.2.9", "local_port": "1", "server_port": "443", "transport": "TCP"}
    assert ({"ssh": web}, {"ssh": []}) == find([voice, web], [open_one], {"ssh": wrong}, {})
    other = replace(open_one, id="chat", captures=(replace(open_one.captures[0], id="chat"),))
    assert ({}, {}) == find([voice, web], [open_one, other], {"ssh": wrong, "chat": wrong}, {})


def without_opening(file: Path, source: str, port: int, destination: str, other: int) -> Path:
    """Write a packet of a connection, from which nobody knows who opened it."""
    tcp = packets_made.Tcp(packets_made.Way(source, destination), port, other)
    packet = tcp.client(packets_made.ACK, 5, 5)
    return packets_made.pcap(file, 1, [packets_made.LINKS["ethernet"].wrap(packet, "<")], "<", 1000)


def test_find_leaves_exercises_of_a_seat_and_those_of_several_captures(
    exercise: Exercise, tmp_path: Path
) -> None:
    """Packets do not tell which of two captures one is."""
    more = Path(shutil.copy(SSH, tmp_path / "a.pcap"))
    several = replace(exercise, captures=(*exercise.captures, Capture("second", "client", "lan", "")))
    for other in (several, replace(exercise, anywhere=False)):
        assert ({}, {}) == find([more], [other], {"ssh": GIVEN}, {})


def test_find_without_files_reads_nothing(exercise: Exercise) -> None:
    """The first capture itself is not opened."""
    assert ({}, {"ssh": []}) == find([], [exercise], {}, {"ssh": Path("nowhere.pcap")})
