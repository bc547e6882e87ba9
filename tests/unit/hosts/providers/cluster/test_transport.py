"""Requests to an engine: answers, operations, time limits, and each failure as one sentence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from sharklab import paths
from sharklab.errors import MachineryError
from sharklab.hosts.providers.cluster import transport
from sharklab.hosts.providers.cluster.endpoint import EngineEndpoint
from sharklab.hosts.providers.cluster.errors import (
    AlreadyThere,
    EngineRefusal,
    NotFound,
    TooLate,
    Unreachable,
)
from sharklab.hosts.providers.cluster.transport import Transport
from tests.support.engine_socket import ScriptedEngine
from tests.support.errors import error_of


@pytest.fixture
def asking(engine: ScriptedEngine) -> Iterator[Transport]:
    """A transport to the scripted engine."""
    with _to(engine.socket) as asking:
        yield asking


def _to(place: Path) -> closing[Transport]:
    return closing(Transport(EngineEndpoint(str(place), "http://engine", socket=place)))


def test_get_returns_the_content_and_sends_the_query(engine: ScriptedEngine, asking: Transport) -> None:
    """The metadata of the answer is the content."""
    engine.gives("GET /1.0/instances", [{"name": "a"}])
    assert [{"name": "a"}] == asking.get("/1.0/instances", recursion=1, project="p")
    assert {"recursion": "1", "project": "p"} == engine.last("GET").query


def test_operation_is_waited_for_with_its_limit(engine: ScriptedEngine, asking: Transport) -> None:
    """The engine is asked to answer when the operation ends, or when the limit has passed."""
    engine.works("POST /1.0/instances", metadata={"fingerprint": "f"})
    done = asking.change("POST", "/1.0/instances", {"name": "a"}, limit=7)
    assert {"fingerprint": "f"} == done["metadata"]
    assert {"name": "a"} == engine.last("POST").plain
    assert 1 <= int(engine.last("GET").query["timeout"]) <= 7


def test_request_that_used_its_limit_up_still_asks_for_the_end(
    engine: ScriptedEngine, asking: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine was slow, and the engine may have done its work: a second is left to hear of it."""
    monkeypatch.setattr(transport, "time", SimpleNamespace(monotonic=count(0, 1000).__next__))
    engine.works("POST /1.0/instances", metadata={"fingerprint": "f"})
    assert "f" == asking.change("POST", "/1.0/instances", {}, limit=7)["metadata"]["fingerprint"]
    assert "1" == engine.last("GET").query["timeout"]


def test_failed_operation_is_refused_with_the_words_of_the_engine(
    engine: ScriptedEngine, asking: Transport
) -> None:
    """The reason of the engine is in the sentence."""
    engine.works("POST /1.0/instances", status="Failure", status_code=400, err="no space {left}")
    error = error_of(EngineRefusal, lambda: asking.change("POST", "/1.0/instances", {}))
    assert ("no space {left}", 400) == (error.values["said"], error.code)
    assert "no space {left}" in str(error)


def test_operation_that_goes_on_after_the_limit_is_cancelled(
    engine: ScriptedEngine, asking: Transport
) -> None:
    """The limit is in the sentence, and the engine is asked to stop."""
    engine.works("POST /1.0/instances", status="Running", status_code=103)
    assert (
        3 == error_of(TooLate, lambda: asking.change("POST", "/1.0/instances", {}, limit=3)).values["seconds"]
    )
    assert engine.last("GET").path.removesuffix("/wait") == engine.last("DELETE").path


@pytest.mark.parametrize(
    ("code", "kind"), [(404, NotFound), (409, AlreadyThere), (403, EngineRefusal), (500, EngineRefusal)]
)
def test_refusal_has_its_kind_and_place(
    engine: ScriptedEngine, asking: Transport, code: int, kind: type[EngineRefusal]
) -> None:
    """A caller can tell an absent thing from a taken name."""
    engine.refuses("DELETE /1.0/instances/a", code, "words")
    error = error_of(EngineRefusal, lambda: asking.change("DELETE", "/1.0/instances/a"))
    assert (kind, code) == (type(error), error.code)
    assert f"{engine.socket}, DELETE /1.0/instances/a" == error.place


@pytest.mark.parametrize(
    "said",
    [
        "Missing event connection with target cluster member",
        'Post "https://m2:8443/1.0": Unable to connect to: m2:8443 ([dial tcp: no route to host])',
        "peer node 198.18.1.2:8443 is down",
        "Server isn't ready yet",
        'Get "https://m2:8443/1.0/operations/x/wait?timeout=40": EOF',
        "unexpected EOF",
    ],
)
def test_dead_member_is_unreachable(engine: ScriptedEngine, asking: Transport, said: str) -> None:
    """The words that LXD 5.0.2 and Incus 6.0.4 used for a member that was killed, and for one that starts."""
    engine.refuses("GET /1.0/x", 500, said)
    assert said == error_of(Unreachable, lambda: asking.get("/1.0/x")).values["said"]


def test_full_storage_is_one_sentence(engine: ScriptedEngine, asking: Transport) -> None:
    """LXD 5.0.2 adds thousands of lines of tar."""
    first = "Failed to run: tar -x: exit status 2 (tar: ./usr/a: Cannot write: No space left on device"
    engine.refuses("GET /1.0/x", 500, f"{first}\ntar: ./usr/b: Cannot write: No space left on device)")
    error = error_of(EngineRefusal, lambda: asking.get("/1.0/x"))
    assert (first, "the storage of a member is full: {said}") == (error.values["said"], error.message_id)


@pytest.mark.parametrize(
    "said",
    [
        'Reached maximum number of instances of type "container" in project "p"',
        'Reached maximum number of instances in project "p"',
        'Reached maximum aggregate value "1GiB" for "limits.memory" in project "p"',
    ],
)
def test_limit_of_the_project_has_its_remedy(engine: ScriptedEngine, asking: Transport, said: str) -> None:
    """The cluster is well, so nobody has to look at it."""
    engine.refuses("POST /1.0/instances", 400, said)
    error = error_of(EngineRefusal, lambda: asking.change("POST", "/1.0/instances", {}))
    assert "a limit of the project on the cluster is reached: {said}" == error.message_id
    assert said == error.values["said"]
    assert "raise the limit" in str(error.hint)


def test_busy_database_is_asked_again(
    engine: ScriptedEngine, asking: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was done yet. After the limit the words of the engine are the reason."""
    said = "Failed to begin transaction: context deadline exceeded"
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) % 2 == 0:
            engine.works("POST /1.0/instances/a/exec", metadata={"return": 0})
            engine.gives("GET /1.0/x", {"name": "x"})

    clock = SimpleNamespace(monotonic=lambda: 100.0 * len(pauses), sleep=pause)
    monkeypatch.setattr(transport, "time", clock)
    engine.works("POST /1.0/instances/a/exec", status="Failure", status_code=400, err=said)
    done = asking.change("POST", "/1.0/instances/a/exec", {}, limit=1000)
    assert {"return": 0} == done["metadata"] and 2 == len(pauses)
    engine.refuses("GET /1.0/x", 500, said)
    assert {"name": "x"} == asking.get("/1.0/x", limit=1000) and 4 == len(pauses)
    engine.refuses("GET /1.0/x", 500, said)
    pauses.clear()
    assert said == error_of(EngineRefusal, lambda: asking.get("/1.0/x", limit=50)).values["said"]
    assert 1 == len(pauses)


def test_member_whose_engine_starts_is_unreachable(engine: ScriptedEngine, asking: Transport) -> None:
    """It answers already, and can do nothing yet."""
    engine.refuses("GET /1.0/x", 503, "Server isn't ready yet")
    error_of(Unreachable, lambda: asking.get("/1.0/x"))


@pytest.mark.parametrize(
    "said",
    [
        'Failed creating instance record: Add instance info: This "instances" entry already exists',
        "Failed creating instance record: UNIQUE constraint failed: instances.project_id, instances.name",
    ],
)
def test_taken_name_is_told_whatever_its_code(engine: ScriptedEngine, asking: Transport, said: str) -> None:
    """LXD 5.0.2 and Incus 6.0.4 refuse a second instance of a name with the code 400."""
    engine.works("POST /1.0/instances", status="Failure", status_code=400, err=said)
    error_of(AlreadyThere, lambda: asking.change("POST", "/1.0/instances", {}))


def test_failure_that_the_wait_tells_is_of_the_request(engine: ScriptedEngine, asking: Transport) -> None:
    """Incus answers the wait for a failed operation with an error; its place is what was asked."""
    engine.works("POST /1.0/instances")
    engine.refuses("GET /1.0/operations/0/wait", 400, "no space")
    error = error_of(EngineRefusal, lambda: asking.change("POST", "/1.0/instances", {}))
    assert ("no space", f"{engine.socket}, POST /1.0/instances") == (error.values["said"], error.place)


def test_operation_that_nobody_waits_for(engine: ScriptedEngine, asking: Transport) -> None:
    """The token of a new member is in the operation, which lasts until the member comes."""
    begun = {"type": "async", "operation": "/1.0/operations/1", "metadata": {"metadata": {"secret": "s"}}}
    engine.answers["POST /1.0/cluster/members"] = begun
    assert "s" == asking.begin("POST", "/1.0/cluster/members", {})["metadata"]["secret"]


def test_engine_that_does_not_run_is_unreachable(engine: ScriptedEngine) -> None:
    """A socket that nobody listens at."""
    dead = engine.folder / "dead.socket"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(dead))
    with _to(dead) as asking:
        error = error_of(Unreachable, lambda: asking.get("/1.0"))
    assert "no connection to the engine: {reason}" == error.message_id
    assert os.strerror(111) == str(error.values["reason"])


@pytest.mark.parametrize(
    "answer",
    [b"", *(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n" + body for body in (b"no", b"{}", b"[]"))],
)
def test_connection_that_breaks_or_talks_otherwise_is_unreachable(
    engine: ScriptedEngine, answer: bytes
) -> None:
    """An engine that dies while it is asked, and a server that is no engine."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(engine.folder / "other.socket"))
        listening.listen()
        listening.settimeout(60)

        def once() -> None:
            asked = b""
            while not asked:  # a knock asks nothing
                connection, _ = listening.accept()
                with connection:
                    if asked := connection.recv(10_000):
                        connection.sendall(answer)

        thread = threading.Thread(target=once)
        thread.start()
        with _to(engine.folder / "other.socket") as asking:
            error_of(Unreachable, lambda: asking.get("/1.0"))
        thread.join()


def test_engine_that_is_silent_is_too_late(engine: ScriptedEngine) -> None:
    """The time limit holds for an engine that takes the connection and never answers."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(engine.folder / "silent.socket"))
        listening.listen()
        with _to(engine.folder / "silent.socket") as asking:
            assert 0.05 == error_of(TooLate, lambda: asking.get("/1.0", limit=0.05)).values["seconds"]


def test_bytes_come_as_they_are_and_errors_as_errors(engine: ScriptedEngine, asking: Transport) -> None:
    """A file of an instance is no JSON, but its absence is told in JSON."""
    engine.answers["GET /1.0/f"] = b"\x00content"
    assert b"\x00content" == asking.bytes_of("/1.0/f")
    error_of(NotFound, lambda: asking.bytes_of("/1.0/g"))


def test_name_stays_one_part_of_the_path() -> None:
    """No name reaches another thing of the API."""
    assert "/1.0/instances/..%2Fcertificates%3Fx" == transport.path("instances", "../certificates?x")


def test_remote_without_a_readable_certificate(tmp_path: Path) -> None:
    """The place of the remote is in the error."""
    (tmp_path / "server.crt").write_text("none")
    remote = EngineEndpoint("class", "https://203.0.113.5:8443", server_certificate=tmp_path / "server.crt")
    assert "class" == error_of(MachineryError, lambda: Transport(remote).get("/1.0")).place


def test_client_costs_other_verbs_no_start() -> None:
    """The library for HTTP is imported with the first request."""
    program = "import sys, sharklab.hosts.providers.cluster.client; print('httpx2' in sys.modules)"
    env = {"PYTHONPATH": str(paths.ROOT / "src")}
    ran = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert "False" == ran.stdout.strip()
