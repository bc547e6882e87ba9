"""Sentences about a conversation, as students write them in English and French."""

from __future__ import annotations

import pytest

from sharklab.checks.question import End, Value
from sharklab.grading.submission.sentences import values

NAMES = {
    (Value.ADDRESS, End.CLIENT): "from",
    (Value.PORT, End.CLIENT): "local",
    (Value.ADDRESS, End.SERVER): "to",
    (Value.PORT, End.SERVER): "port",
    (Value.TRANSPORT, None): "by",
}
BOTH = {"local": "50101", "to": "192.0.2.9", "port": "443"}
ALL = {"from": "192.0.2.7", **BOTH, "by": "TCP"}


def said(text: str, *own: str) -> list[dict[str, str]]:
    """Return what the sentences of a text say, by short names."""
    return [{NAMES[named]: value for named, value in each.items()} for each in values(text, own)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("my laptop 192.0.2.7 talked from port 50101 to 443 of 192.0.2.9 over TCP.", ALL),
        ("Depuis mon PC (192.0.2.7:50101) je me connecte au serveur 192.0.2.9 sur le port 443 en TCP", ALL),
        ("I connected from 192.0.2.7 port 50101 to 192.0.2.9 port 443 using TCP.", ALL),
        ("Le client 192.0.2.7 a pris le port 50101, le serveur 192.0.2.9 écoute sur le port 443/tcp.", ALL),
        ("On voit que le port 443 du serveur (192.0.2.9) est joint depuis le port 50101 du client.", BOTH),
        ("J'utilise le port 50101 pour me connecter au port 443 de 192.0.2.9", BOTH),
        ("Je me connecte au serveur 192.0.2.9 sur le port https avec le port 50101", BOTH),
        ("Le serveur 192.0.2.9 (port 443) répond au port 50101 de ma machine.", BOTH),
        ("L'adresse IP du serveur est 192.0.2.9, son port est 443 et mon port est 50101 !", BOTH),
        ("The connection goes from 192.0.2.7:50101 to 192.0.2.9:443 by QUIC", {**ALL, "by": "UDP"}),
        ("from 443 of the server to 50101 of my laptop", {"local": "50101", "port": "443"}),
        ("Ma box est 192.0.2.1, le serveur 192.0.2.9", {"to": "192.0.2.9"}),
        ("Mon client NFS prend le port 760", {"local": "760"}),
        ("* Connected to www.example (192.0.2.9) port 443 (#0)", {"to": "192.0.2.9", "port": "443"}),
        ("Server 192.0.2.9, TCP or UDP", {"to": "192.0.2.9"}),
        ("La connexion SSH est en TCP.", {"by": "TCP"}),
        ("Connecté à 192.0.2.9 sur le port 443, mon port à moi était 50101", BOTH),
        ("serveur 192.0.2.9 port 443 / moi -> port 50101", BOTH),
        ("Pour ssh : 192.0.2.9:443 , port local 50101", BOTH),
    ],
)
def test_values_of_each_end(text: str, found: dict[str, str]) -> None:
    """Words of direction before a value tell its end, and nouns on both sides of it; nouns come first."""
    assert [found] == said(text)


@pytest.mark.parametrize(
    "text",
    [
        "Le port local n'est pas 51234.",
        "Quel est le port du serveur 192.0.2.9 ?",
        "Le serveur est 192.0.2.9 ou bien le serveur 192.0.2.8",
        "vers 14 heures j'ai lancé la capture",
        "port local du PC numero 3 de la salle B12",
        "Le port 443 est ouvert.",
        "Port du serveur client : 51234",
        "Je vois le port 22.",
        "Le client parle depuis le port 760 au serveur, port 50101",
        "Le serveur a 3 disques",
        "Le DNS utilise UDP.",
        "192.0.2.9:50101",
        "TCP UDP",
        "",
    ],
)
def test_values_guesses_nothing(text: str) -> None:
    """A negation, a question, a contradiction, a count, a client with a port of servers."""
    assert [] == said(text)


def test_values_of_several_sentences() -> None:
    """Each is read alone."""
    found = [{"to": "192.0.2.9"}, {"local": "50101"}]
    assert found == said("Le serveur est 192.0.2.9. Rien. Mon port local : 50101")


def test_values_of_an_exercise_about_a_stranger() -> None:
    """The server of an exercise named dns is no other thing."""
    text = "Le serveur DNS 192.0.2.9 a répondu"
    assert ([{"to": "192.0.2.9"}], []) == (said(text, "dns"), said(text))
    text = "Le DNS est 192.0.2.9 sur le port 53/udp."
    assert ([{"to": "192.0.2.9", "port": "53", "by": "UDP"}], []) == (said(text, "dns"), said(text))
    assert [{"from": "192.0.2.7"}] == said("Le client DNS est 192.0.2.7", "dns")
