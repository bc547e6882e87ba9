"""Labels of answers: what they name, and the parts of a line."""

from __future__ import annotations

import pytest

from sharklab.checks.question import End, Value
from sharklab.grading.submission.labels import (
    TELLING,
    end_of,
    find_values,
    has_label,
    has_transport,
    is_end,
    is_labelled,
    pairs,
    parts,
    tells_endpoint,
    value,
    words,
)

IP, PORT, TRANSPORT = Value.ADDRESS, Value.PORT, Value.TRANSPORT
PLACE = "192.0.2.7:22"


@pytest.mark.parametrize(
    ("label", "text", "found"),
    [
        ("IP du serveur", "192.0.2.7", {(IP, End.SERVER)}),
        ("IP et port du serveur auquel vous vous connectez", PLACE, {(IP, End.SERVER), (PORT, End.SERVER)}),
        ("le port local que j'ouvre pour me connecter", "51234", {(PORT, End.CLIENT)}),
        ("Port que le client ouvre en local", "51234", {(PORT, End.CLIENT)}),
        ("Protocole utilisé", "TCP", {(TRANSPORT, None)}),
        ("TCP ou UDP", "TCP", {(TRANSPORT, None)}),
        ("The server's IP", "192.0.2.7", {(IP, End.SERVER)}),
        ("Port de la machine distante", "22", {(PORT, End.SERVER)}),
        ("IP de mon PC", "192.0.2.7", {(IP, End.CLIENT)}),
        ("Port de ma machine", "51234", {(PORT, End.CLIENT)}),
        ("Port de mon serveur", "22", {(PORT, End.SERVER)}),
        ("Protcole", "TCP", {(TRANSPORT, None)}),
        ("Port du servuer", "22", {(PORT, End.SERVER)}),
        ("Protocale", "TCP", {(TRANSPORT, None)}),
        ("Port distnat", "22", {(PORT, End.SERVER)}),
        ("Port sourse", "22", set()),
        ("Port dsitante", "22", {(PORT, End.SERVER)}),
        ("Port dissonte", "22", set()),
        ("Foreign address", PLACE, {(IP, End.SERVER), (PORT, End.SERVER)}),
        ("Foreign address", "192.0.2.7", {(IP, End.SERVER)}),
        ("Serveur", PLACE, {(IP, End.SERVER), (PORT, End.SERVER)}),
        ("Serveur", "a name", set()),
        ("Ports locaux", "50101, 50102", {(PORT, End.CLIENT)}),
        ("Serveur DNS", "192.0.2.7#53(192.0.2.7) (UDP)", set()),
        ("SERVER", "192.0.2.7#53(192.0.2.7) (UDP)", {(IP, End.SERVER), (PORT, End.SERVER)}),
        ("ip", f"port {PLACE}", {(IP, None), (PORT, None)}),
        ("Port", "22", {(PORT, None)}),
        ("Port du serveur client", "22", set()),
        ("Port du serveur DNS", "53", set()),
        ("IP de ma box", "192.0.2.7", set()),
        ("", "22", set()),
        ("de la", "22", set()),
    ],
)
def test_named_by_words_of_values_and_ends(label: str, text: str, found: set[object]) -> None:
    """Little words and slips of the keyboard do not count; any other word makes it another thing."""
    assert found == find_values(label, text)


def test_named_leaves_out_the_words_of_the_exercise() -> None:
    """Its name is no other thing, unless it is a telling word itself."""
    assert {(PORT, End.SERVER)} == find_values("Port du serveur SSH", "22", ["ssh", "server"])
    assert {(PORT, End.SERVER)} == find_values("server port", "22", TELLING)


@pytest.mark.parametrize(
    ("text", "one_end"),
    [
        ("Serveur :", True),
        ("Côté client", True),
        ("Le serveur distant", True),
        ("Client et serveur", False),
        ("Port du serveur", False),
        ("Le", False),
        ("", False),
    ],
)
def test_is_end_of_a_line_that_names_one_end(text: str, one_end: bool) -> None:
    """And nothing else."""
    assert one_end is is_end(text)


def test_end_of_a_word() -> None:
    """Most words name none."""
    assert (End.SERVER, End.CLIENT, None) == (end_of("serveur"), end_of("laptop"), end_of("port"))


@pytest.mark.parametrize(
    ("line", "labelled"),
    [("Port : 22", True), ("C'est du TCP", True), ("Voilà.", False), ("port : 22" + " " * 300, False)],
)
def test_has_label_of_short_lines_with_a_telling_word(line: str, labelled: bool) -> None:
    """Other lines cost no time."""
    assert labelled is has_label(line)


@pytest.mark.parametrize(
    ("line", "labelled"),
    [
        *[("local_port: 50101", True), ("port = 22", True)],
        *[("192.0.2.7:22", False), ("port 22", False), ("a: 1", False)],
    ],
)
def test_is_labelled_of_a_line_with_a_sign(line: str, labelled: bool) -> None:
    """Such a line is no value of the label above it."""
    assert labelled is is_labelled(line)


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("port: 22", ("port", " 22")),
        ("port -> 22", ("port ", " 22")),
        ("port => 22", ("port ", " 22")),
        ("port ➜ 22", ("port ", " 22")),
        ("C'est du TCP.", ("transport", "tcp")),
        ("Le protocole est TCP", ("Le protocole", "TCP")),
        ("Le port local est le 51234", ("Le port local", "51234")),
        ("QUIC", ("transport", "quic")),
        ("port local `51234`", ("port local", "`51234`")),
        ("TCP et UDP", None),
        ("rien", None),
    ],
)
def test_pairs_are_labels_with_their_values(line: str, first: tuple[str, str] | None) -> None:
    """With a sign between them or without; the transport may stand alone."""
    assert first == next(pairs(line), None)


@pytest.mark.parametrize(
    ("text", "found"), [("SSH utilise TCP", True), ("QUIC !", True), ("le port 22", False), ("", False)]
)
def test_has_transport_of_a_text(text: str, found: bool) -> None:
    """One of its words is the name of a transport."""
    assert found is has_transport(text)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"IP et port du serveur : {PLACE}", True),
        ("port local : `51234`", True),
        ("Port : 22", False),
        ("Port du serveur : celui de SSH", False),
        ("Transport : TCP", False),
        ("Machine 1 : 192.0.2.7", False),
    ],
)
def test_tells_endpoint_of_an_answer(line: str, told: bool) -> None:
    """A label names the end, and its value is an address or a port."""
    assert told is tells_endpoint(line)


def test_pairs_try_each_sign() -> None:
    """The first one may be a part of the label: IP:port."""
    assert ["IP", "IP:port serveur "] == [label for label, _ in pairs("IP:port serveur : x")]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("port dst : 22 / port src : 51234", ["port dst : 22", "port src : 51234"]),
        ("port dst / port src : 22/51234", ["port dst: 22", "port src: 51234"]),
        ("IP : 192.0.2.7, port : 22; TCP", ["IP : 192.0.2.7", "port : 22", "TCP"]),
        ("192.0.2.7:22 - port local 51234 - TCP", ["192.0.2.7:22", "port local 51234", "TCP"]),
        ("TCP/UDP : TCP", ["TCP/UDP : TCP"]),
        ("Le port local est 51234. C'est du TCP.", ["Le port local est 51234", "C'est du TCP."]),
        ("port : 22", ["port : 22"]),
    ],
)
def test_parts_of_a_line_with_several_answers(line: str, found: list[str]) -> None:
    """Signs between them, or two rows of labels and values."""
    assert found == parts(line)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (' "22" ', "22"),
        ("«\u00a022\u00a0»", "22"),
        ("192.0.2.7, 22", PLACE),
        ("192.0.2.7 et 22", PLACE),
        ("192.0.2.7 port 22", PLACE),
        ("192.0.2.7 sur le port 22", PLACE),
        ("192.0.2.7/24", "192.0.2.7/24"),
        ("192.0.2.7 / 22", PLACE),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 192.0.2.8", "192.0.2.7, 192.0.2.8"),
    ],
)
def test_value_of_quotes_and_of_an_address_with_its_port(text: str, found: str) -> None:
    """Students keep the two apart by many signs."""
    assert found == value(text)


def test_words_have_no_case_and_no_accents() -> None:
    """IPv4 is one word, and a number alone is another."""
    assert ("cote", "ipv4", "3", "l", "eau") == words("CÔTÉ IPv4 (3) l'eau")
