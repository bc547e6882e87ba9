"""Pages as they are read, line by line; how they are searched for answers: test_page_answers.py."""

from __future__ import annotations

import pytest

from sharklab.grading.submission.page_lines import lines
from sharklab.grading.submission.page_reader import PageReader, Said, is_answer
from sharklab.lab.model import Plan
from tests.support import report_run


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Return a plan of the lab tp4 with the exercises ssh and dns."""
    return report_run.of_pages(tmp_path_factory.mktemp("run"))


def read(plan: Plan, text: str) -> list[str]:
    """Return the answers in a page: exercise.question=value@line."""
    reader = PageReader(plan.lab.exercises, plan.lab.name)
    for line in lines(text):
        reader.read(line)
    found = filter(is_answer, (*reader.said, *reader.rest()))
    return [f"{each.exercise}.{each.question}={each.text}@{each.line}" for each in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# SSH\nPort du serveur : 22", ["ssh.server_port=22@2"]),
        ("# SSH\n# TP5\nPort du serveur : 22", []),
        ("# SSH\n## Suite\nPort du serveur : 22", ["ssh.server_port=22@3"]),
        ("# 3way\nPort du serveur : 22", ["ssh.server_port=22@2"]),
        ("# SSH\n## Serveur\nPort : 22", ["ssh.server_port=22@3"]),
        ("ssh :\nPort du serveur : 22", ["ssh.server_port=22@2"]),
        ("II.1) SSH\nPort du serveur : 22", ["ssh.server_port=22@2"]),
        ("Partie 2 - DNS\nport serveur 53\nI. SSH\nport serveur 22", [
            "dns.server_port=53@2", "ssh.server_port=22@4",
        ]),
        ("**Application 1 : OpenSSH sous Windows**\nPort serveur : 22", ["ssh.server_port=22@2"]),
        ("1) SSH (de mon PC) :\nPort serveur : 22", ["ssh.server_port=22@2"]),
        ("- Application 1 - OpenSSH\n  - Port serveur : 22", ["ssh.server_port=22@2"]),
        ("# DNS\nSSH : voir plus haut\nPort serveur : 53", ["dns.server_port=53@3"]),
        ("SSH : TCP\nPort serveur : 22", ["ssh.transport=tcp@1"]),
        ("# SSH\nSSH utilise TCP.", ["ssh.transport=TCP@2"]),
        ("# SSH\nprotocole tcp", ["ssh.transport=tcp@2"]),
        ("# SSH\nPort du serveur ?\n22", ["ssh.server_port=22@3"]),
        ("# SSH\n- Serveur\n  - port : 22\n- port : 23", ["ssh.server_port=22@3", "ssh.server_port=23@4"]),
        ("# SSH\nport serveur: 22 / port local: 51234", ["ssh.server_port=22@2", "ssh.local_port=51234@2"]),
        ("|SSH|x|\n|-|-|\n|port serveur|22|", []),
        ("||SSH|DNS|\n|-|-|-|\n|port serveur|22|53|", ["ssh.server_port=22@3", "dns.server_port=53@3"]),
        ("# SSH\n| |port|x|\n|-|-|-|\n|serveur|22||", ["ssh.server_port=22@4"]),
        ("# SSH\n|port serveur|22|", ["ssh.server_port=22@2"]),
        ("# SSH\n10.7.7.1 | 51234 | 10.7.7.2 | 22", [
            "ssh.server_address=10.7.7.2@2", "ssh.server_port=22@2", "ssh.local_port=51234@2",
        ]),
        ("# SSH\nport serveur:\nport local: 51234", ["ssh.local_port=51234@3"]),
        ("DNS : port serveur : 53\n# SSH\nserver port: 22", ["dns.server_port=53@1", "ssh.server_port=22@3"]),
        ("Pour le DNS, le serveur écoute sur le port 53.\n", ["dns.server_port=53@1"]),
        ("Le SSH et le DNS ont le port 22.\nRien.", []),
        ("# SSH\nport local 51234\nESTAB 0 0 10.7.7.1:51235 10.7.7.2:22", [
            "ssh.local_port=51234@2", "ssh.server_address=10.7.7.2@3", "ssh.server_port=22@3",
            "ssh.transport=TCP@3",
        ]),
        ("# SSH\n10.7.7.2:22\n51234", [
            "ssh.server_address=10.7.7.2@2", "ssh.server_port=22@2", "ssh.local_port=51234@3",
        ]),
        ("# SSH\n- Ici le PC de la salle a pris un port, le\n  51234, pour le serveur 10.7.7.2", [
            "ssh.local_port=51234@2", "ssh.server_address=10.7.7.2@2",
        ]),
    ],
)  # fmt: skip
def test_reader_ties_answers_to_exercises(text: str, found: list[str], plan: Plan) -> None:
    """By headings, rows, names in a line; labels come before what has none."""
    assert sorted(found) == sorted(read(plan, text))


@pytest.mark.parametrize(("text", "right"), [("22", True), ("many", False), ("22\u202e", False)])
def test_is_answer_of_its_question(text: str, right: bool) -> None:
    """A value of another format, or one that nobody sees, is none."""
    assert right is is_answer(Said("ssh", "server_port", text, 1))
