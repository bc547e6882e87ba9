"""Answers without a label: printed lines, endpoints that stand alone, sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from sharklab.checks.question import End, Value
from sharklab.grading.submission.labels import Named
from sharklab.grading.submission.packet_line import lines
from sharklab.grading.submission.socket_line import PrintedEndpoint, place
from sharklab.grading.submission.unlabelled import Unlabelled

SERVER, PORT = (Value.ADDRESS, End.SERVER), (Value.PORT, End.SERVER)
CLIENT, LOCAL = (Value.ADDRESS, End.CLIENT), (Value.PORT, End.CLIENT)
TRANSPORT = (Value.TRANSPORT, None)
ONE = "ESTAB 0 0 192.0.2.7:50101 192.0.2.9:22"
OTHER = "ESTAB 0 0 192.0.2.7:50102 192.0.2.9:443"
RIGHT = {SERVER: "192.0.2.9", PORT: "22", CLIENT: "192.0.2.7", LOCAL: "50101", TRANSPORT: "TCP"}


def printed(*texts: str) -> Unlabelled:
    """Return printed lines, numbered from 1."""
    return Unlabelled(lines=[(number, lines(text)[0]) for number, text in enumerate(texts, 1)])


def found(every: Unlabelled, known: dict[object, Iterable[str]] | None = None, port: str = "") -> object:
    """Return the values that are told."""
    return {named: text for named, text, _ in every.values(known or {}, port)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("texts", "known", "port", "value"),
    [
        ([ONE], {}, "", RIGHT),
        ([ONE, "tcp ESTAB 0 0 192.0.2.9:22 192.0.2.7:50101"], {}, "", RIGHT),
        ([ONE, ONE.replace("50101", "50109")], {}, "", {**RIGHT, LOCAL: "50101, 50109"}),
        ([ONE, OTHER], {}, "", {}),
        ([ONE, OTHER], {}, "22", RIGHT),
        ([ONE, OTHER], {PORT: ["22"]}, "", RIGHT),
        ([ONE, OTHER], {PORT: ["25"]}, "", {}),
        (["UDP 0.0.0.0:50101 *:*"], {}, "", {LOCAL: "50101", TRANSPORT: "UDP"}),
        (["UDP 0.0.0.0:50101 *:*", "UDP 0.0.0.0:50102 *:*"], {}, "", {}),
        (["1 0 192.0.2.7 192.0.2.9 TCP 66 760 → 2049 [ACK]"], {}, "", {}),
        (
            ["1 0 192.0.2.9 192.0.2.7 TCP 66 2049 → 760 [ACK]"],
            {},
            "2049",
            {**RIGHT, LOCAL: "760", PORT: "2049"},
        ),
        ([ONE.replace("22", "60022").replace("50101", "50102")], {}, "50102", {
            SERVER: "192.0.2.7", PORT: "50102", CLIENT: "192.0.2.9", LOCAL: "60022", TRANSPORT: "TCP",
        }),
        (["ESTAB 0 0 192.0.2.7:2049 192.0.2.9:2049"], {}, "2049", {**RIGHT, LOCAL: "2049", PORT: "2049"}),
    ],
)  # fmt: skip
def test_values_of_printed_lines(
    texts: list[str], known: dict[object, Iterable[str]], port: str, value: object
) -> None:
    """They agree, or labels or the service of the exercise choose one; several local ports are one answer."""
    assert value == found(printed(*texts), known, port)


@pytest.mark.parametrize(
    ("texts", "port", "value"),
    [
        (["192.0.2.9:22"], "", {SERVER: "192.0.2.9", PORT: "22"}),
        (["192.0.2.9:22", "192.0.2.7:50101"], "", RIGHT),
        (["192.0.2.9:22", "50101"], "", RIGHT),
        (["22", "50101"], "22", RIGHT),
        (["22", "50101"], "", {}),
        (["192.0.2.9:22", "192.0.2.8:23"], "", {}),
        (["192.0.2.9:50101"], "50101", {SERVER: "192.0.2.9", PORT: "50101"}),
        (["192.0.2.9:50101"], "", {}),
    ],
)
def test_values_of_endpoints_alone(texts: list[str], port: str, value: dict[object, str]) -> None:
    """One of each end; a client's alone may be a server's."""
    places = [place(text) or PrintedEndpoint("", text) for text in texts]
    got = found(Unlabelled(endpoints=list(enumerate(places, 1))), port=port)
    told = {"".join(f"{each.address} {each.port} " for each in places)}
    wanted = {named: text for named, text in value.items() if any(text in each for each in told)}
    assert wanted == got


def test_values_of_sentences_that_agree() -> None:
    """A value on which two differ is none; printed lines come first, and each has its line."""
    sentences: list[tuple[int, Mapping[Named, str]]] = [
        (4, {SERVER: "192.0.2.8", LOCAL: "1"}),
        (5, {LOCAL: "2", PORT: "23"}),
    ]
    assert {SERVER: "192.0.2.8", PORT: "23"} == found(Unlabelled(sentences=[*sentences]))
    both = Unlabelled(lines=printed(ONE).lines, sentences=[*sentences])
    assert {*both.values({}, "")} >= {(PORT, "22", 1), (SERVER, "192.0.2.9", 1)}
