"""Answers in the README and the texts of a folder: taken where they name their exercise and question."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sharklab.grading.submission import page_answers
from sharklab.grading.submission.answers import values
from sharklab.lab.model import ExpectedConversation, Plan
from tests.support import report_run

RIGHT = {"server_address": "10.7.7.2", "server_port": "22", "local_port": "51234", "transport": "TCP"}
LABELS = """
- IP du serveur : 10.7.7.2
- **Port du serveur** = 22
- Local port: `51234`
- TCP ou UDP : TCP
"""
SS = "tcp ESTAB 0 0 10.7.7.1:51234 10.7.7.2:22"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Return a plan of the lab tp4 with the exercises ssh and dns, which take captures from anywhere."""
    return report_run.of_pages(tmp_path_factory.mktemp("run"))


def find(folder: Path, plan: Plan, text: str, name: str = "README.md") -> page_answers.AnswersInPages:
    """Return the answers in a page of this text."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return page_answers.find(folder, plan, {})


@pytest.mark.parametrize(
    "text",
    [
        f"# TP4\n## II. Une connexion ssh\n{LABELS}\n## Suite\nPort: 53\n",
        f"# TP4\n## 3-way handshake\n### a. Ce que je vois\n{LABELS}",
        f"APPLICATION 1\n=====\n{LABELS}",
        f"**SSH** :\n{LABELS}",
        "ssh:\n  server_address: 10.7.7.2\n  server_port: 22\n  local_port: 51234\n  transport: tcp\n",
        "# SSH\n| IP serveur | 10.7.7.2 |\n|-|-|\n| port dst | 22 |\n| port src | 51234 |\n| TCP/UDP | TCP |",
        "# SSH\nIP:port du serveur : 10.7.7.2:22\nport client → 51234\nprotocole: TCP\n",
        "# SSH\n- Serveur SSH : 10.7.7.2:22\n- port client = 51234\n- protocole de transport : TCP\n",
        "| app | IP:port server | local port | transport |\n|-|-|-|-|\n| SSH | 10.7.7.2:22 | 51234 | TCP |\n",
        "| | DNS | SSH |\n|-|-|-|\n| server IP | | 10.7.7.2 |\n| server port | | 22 |\n"
        "| client port | | 51234 |\n| transport | | TCP |\n",
        f"# SSH\n```\n$ ss -tn\nState Recv-Q Local Peer\n{SS}\n```\n",
        "# SSH\n| | IP | port |\n|-|-|-|\n| serveur | 10.7.7.2 | 22 |\n| client | x | 51234 |\n\n- TCP\n",
        "# SSH\n- IP serveur 10.7.7.2\n- port du serveur `22`\n- port local 51234\n- **TCP**.\n",
        "# SSH\n- [x] IP du serveur auquel je me connecte => 10.7.7.2<br>port dst : 22 / port src : 51234\n"
        "C'est du TCP.",
        "# SSH\n- Serveur\n  - IP : [10.7.7.2](http://10.7.7.2)\n  - Port : 22\n"
        "- Client\n  - Port : 51234\n- Protocle : TCP",
        "# SSH\n### Serveur\nIP : 10.7.7.2\nPort : 22\n### Client\nPort : 51234\n### Protocole\nTCP\n",
        "# SSH\nAdresse locale : 10.7.7.1:51234\nAdresse distante : 10.7.7.2:22\nProtocole utilisé : TCP\n",
        "# SSH\n- IP : 10.7.7.2\n- Port : 22\n- Port local : 51234\n- TCP\n",
        "# SSH\nIP : 192.0.2.1\nIP du serveur : 10.7.7.2\nPort : 1\nPort du serveur : 22\n"
        "Port local : 51234\nTCP\n",
        "# SSH\n**IP et port du serveur :**\n```\n10.7.7.2:22\n```\nPort local ?\n51234\nTCP ou UDP ?\nTCP\n",
        "# SSH\n### IP du serveur\n10.7.7.2\n### Port du serveur\n22\n### Port local\n51234\n### TCP\nTCP\n",
        "# SSH\nLe serveur est 10.7.7.2 port 22, mon port local est 51234. C'est du TCP.\n",
        "<h2>SSH</h2>\n<table>\n<tr><th></th><th>IP</th><th>port</th></tr>\n"
        "<tr><td>serveur</td>\n<td>10.7.7.2</td>"
        "<td>22</td></tr><tr><td>client<td>?<td>51234</table>\n<p>TCP</p>\n",
        "# SSH\nMon portable 10.7.7.1 a parlé depuis le port 51234 au\nport 22 de 10.7.7.2 en TCP.\n",
        "# SSH\n1 0.0 10.7.7.1 10.7.7.2 TCP 74 51234 → 22 [SYN] Seq=0\n"
        "2 0.1 10.7.7.2 10.7.7.1 TCP 74 22 → 51234 [SYN, ACK]\n",
        "# SSH\n12:00:00.1 IP 10.7.7.1.51234 > 10.7.7.2.22: Flags [S], seq 1\n",
        "# SSH\n- 10.7.7.2:22\n- 51234\n- TCP\n",
        "# SSH\nTCP 10.7.7.1:51234 -> 10.7.7.2:22\n",
        "SSH : serveur 10.7.7.2:22, port local 51234, TCP\n",
        "Pour SSH, mon PC parle depuis le port 51234 au port 22 de 10.7.7.2 en TCP.\n",
        f"# SSH\nserveur 10.7.7.2:22\n{SS}\nESTAB 0 0 10.7.7.1:51236 10.7.7.9:443\n",
        "Application\tIP serveur\tPort serveur\tPort local\tProtocole\nSSH\t10.7.7.2\t22\t51234\tTCP\n",
        "# SSH\n+-----+---+\n| IP serveur | 10.7.7.2:22 |\n+--+--+\n│ port local │ 51234 │\n└──┴──┘\nTCP\n",
        f"# SSH\nClient :\n{SS}\nServeur :\ntcp ESTAB 0 0 10.7.7.2:22 10.7.7.1:51234\n",
    ],
    ids=[
        "headings",
        "other names",
        "underlined",
        "bold",
        "form",
        "rows",
        "pairs",
        "bare",
        "head",
        "columns",
        "ss",
        "grid",
        "no sign",
        "one line",
        "set in",
        "headings of ends",
        "netstat's words",
        "no end",
        "an end comes first",
        "values below",
        "values below headings",
        "sentences",
        "HTML",
        "prose",
        "list of packets",
        "tcpdump",
        "bare values",
        "bare pair",
        "name in the line",
        "name in the sentence",
        "one of several sockets",
        "tabs",
        "drawn",
        "both sides",
    ],
)
def test_find_takes_what_names_exercise_and_question(text: str, plan: Plan, tmp_path: Path) -> None:
    """In each of the ways in which students write; case, accents and markup do not count."""
    found = find(tmp_path, plan, text)
    given = {name: next(iter(values(name, each))) for name, each in found.answers["ssh"].items()}
    assert (RIGHT, {"ssh"}, ()) == (given, set(found.answers), found.problems)


def test_find_takes_the_only_end_of_a_socket(plan: Plan, tmp_path: Path) -> None:
    """That is all that Windows tells of UDP; a line with both ends comes first."""
    one = "# SSH\n  UDP    0.0.0.0:57862   *:*    4242\n"
    given = {name: values(name, each) for name, each in find(tmp_path, plan, one).answers["ssh"].items()}
    assert {"local_port": {"57862"}, "transport": {"UDP"}} == given
    assert "51234" in str(find(tmp_path, plan, f"{one}{SS}\n").answers["ssh"]["local_port"])


def test_find_takes_from_a_socket_what_no_label_says(plan: Plan, tmp_path: Path) -> None:
    """A student writes the server, and pastes ss for the local port."""
    text = f"# SSH\nserver: 10.7.7.2:23\nport local: voir ss\n{SS}\n"
    given = {name: values(name, each) for name, each in find(tmp_path, plan, text).answers["ssh"].items()}
    wanted = {"server_port": {"23"}, "local_port": {"51234"}, "transport": {"TCP"}}
    assert wanted == {name: given[name] for name in wanted}


def test_find_tells_the_place_of_each_answer(plan: Plan, tmp_path: Path) -> None:
    """The file from the folder on, and the line."""
    [place] = find(tmp_path, plan, "# SSH\n\nserver port: 22\n", "TP 4/notes.txt").places
    assert ("ssh", "server_port", "TP 4/notes.txt", 3) == (
        *(place.exercise, place.question, place.file),
        place.line,
    )


@pytest.mark.parametrize(
    "text",
    [
        LABELS,
        f"# TP5\n## SSH\n{LABELS}",
        "# SSH\nPort: 22\nIP de ma box : 10.7.7.2\nport du serveur client: 22\n",
        "# SSH\nserver port: a lot\nserver IP:\nserver: 22\n",
        f"# SSH\n{SS}\n{SS.replace('10.7.7.2', '10.7.7.3')}\n",
        "# SSH\nudp 0.0.0.0:57862 *:*\nudp 0.0.0.0:57863 *:*\n",
        "# SSH\n- Serveur\n- Port : 22\n  - Port : 22\n",
        "# SSH\n### Serveur\n### Ports\nPort : 22\n",
        "# SSH\nserver port: 22\u202e\n",
        "# SSH\n| server port |\n|-|\n",
        "# SSH\nLe port local n'est pas 51234\nTCP ou UDP\nport local du PC numero 3 de la salle B12\n",
    ],
    ids=[
        "nowhere",
        "another lab",
        "unclear",
        "no value",
        "lines",
        "one end",
        "not set in",
        "another heading",
        "invisible",
        "head only",
        "prose",
    ],
)
def test_find_guesses_nothing(text: str, plan: Plan, tmp_path: Path) -> None:
    """An answer without its exercise or question is none."""
    found = find(tmp_path, plan, text)
    assert ({}, ()) == (found.answers, found.places)


FIRST = "## Application 1 : SSH\n"


@pytest.fixture(scope="module")
def ambiguous(plan: Plan) -> Plan:
    """Return the plan with an exercise that is the first application, and one whose name is ssh."""
    ssh, dns = plan.lab.exercises
    tcp22 = ExpectedConversation("client", "server", "tcp", 22)
    web = replace(ssh, id="web", title={"fr": "Application 1 : un site web"}, questions=ssh.questions)
    ssh = replace(ssh, title={"fr": "Une connexion SSH"}, conversation=tcp22)
    return replace(plan, lab=replace(plan.lab, exercises=(web, ssh, dns)))


@pytest.mark.parametrize(
    ("text", "known", "meant"),
    [
        (f"{FIRST}{LABELS}", {}, {"ssh"}),
        (f"{FIRST}### Ce que je vois\n{LABELS}", {}, {"ssh"}),
        (f"{FIRST}{SS}\n## SSH\n{LABELS}", {}, {"web", "ssh"}),
        (f"{FIRST}{LABELS}", {"ssh": {"server_port": "22"}}, {"web"}),
        (f"{FIRST}{LABELS}", {"web": {"server_port": "443"}}, {"ssh"}),
        (f"{FIRST}{LABELS}## Application 1 : un site web\nport du serveur: 443\n", {}, {"web", "ssh"}),
        (f"{FIRST}{LABELS.replace('22', '443')}", {}, set()),
        (f"{FIRST}{LABELS.replace(': TCP', ': UDP')}", {}, {"ssh"}),
        (f"{FIRST}Port local : 51234\n", {}, set()),
        (f"{FIRST}{LABELS}", {"ssh": {"server_port": "22"}, "web": {"server_port": "443"}}, set()),
        (f"## SSH et DNS\n{LABELS}", {}, {"ssh"}),
        (f"## Application 1 et DNS\n{LABELS}", {}, set()),
        (f"{FIRST}Rien.\n", {}, set()),
    ],
)
def test_find_takes_the_one_exercise_that_a_heading_can_mean(
    text: str, known: Any, meant: set[str], ambiguous: Plan, tmp_path: Path
) -> None:
    """The one without answers elsewhere, else the one whose service is named; or its line is told."""
    (tmp_path / "README.md").write_text(text)
    found = page_answers.find(tmp_path, ambiguous, known)
    told = [(each.file, each.reason.values["line"]) for each in found.problems]
    silent = meant or "Rien" in text
    assert (meant, [] if silent else [("README.md", 1)]) == (set(found.answers), told)


def test_find_takes_the_longest_name_of_a_heading(ambiguous: Plan, tmp_path: Path) -> None:
    """A name that is a part of another one is not meant."""
    web, ssh, dns = ambiguous.lab.exercises
    named = (replace(web, title={"fr": "Application 1 : SSH"}), ssh, dns)
    plan = replace(ambiguous, lab=replace(ambiguous.lab, exercises=named))
    assert {"web"} == set(find(tmp_path, plan, f"{FIRST}{LABELS}").answers)


def test_find_takes_none_of_two_answers(plan: Plan, tmp_path: Path) -> None:
    """Both lines are told; the same value twice is one answer."""
    found = find(
        tmp_path, plan, "# SSH\nserver port: 22\nport du serveur: 23\nlocal port: 5\nlocal port: 05\n"
    )
    [problem] = found.problems
    assert ({"ssh": {"local_port": "5"}}, "README.md") == (found.answers, problem.file)
    assert (2, 3) == (problem.reason.values["first"], problem.reason.values["line"])


def test_find_names_the_lines_of_no_exercise(plan: Plan, tmp_path: Path) -> None:
    """A student's own names of applications tell no exercise; where each has its answers, nothing is lost."""
    steam = "- **Steam**\n  - IP du serveur : 10.7.7.2\n  - port local : 51234\n"
    [problem] = find(tmp_path, plan, steam).problems
    assert ("README.md", ["2", "3"]) == (problem.file, problem.reason.values["lines"])
    assert ["ssh", "dns"] == problem.reason.values["exercises"]
    assert "…" == find(tmp_path, plan, steam * 5).problems[0].reason.values["lines"][-1]
    rest = "# SSH\nport du serveur: 22\n# DNS\nport du serveur: 53\n"
    assert () == find(tmp_path, plan, f"{steam}{rest}").problems


def test_find_reads_the_folder_of_the_lab_first(plan: Plan, tmp_path: Path) -> None:
    """Then others; not those of another lab, and no page that sharklab wrote."""
    for name, port in (("notes.txt", 1), ("TP4/README", 2), ("TP5/README.md", 3), ("feedback.fr.md", 4)):
        find(tmp_path, plan, f"# SSH\nserver port: {port}\n", name)
    text = "# SSH\nserver port: 5\nlocal port: 6\n"
    found = find(tmp_path, plan, text, "notes.txt")
    assert {"server_port": "2", "local_port": "6"} == found.answers["ssh"]


def test_find_leaves_exercises_that_have_answers(plan: Plan, tmp_path: Path) -> None:
    """The form counts, and an exercise of the seat has its own captures."""
    (tmp_path / "README.md").write_text("# SSH\nserver port: 22\n")
    assert {} == page_answers.find(tmp_path, plan, {"ssh": {"transport": "TCP"}}).answers
    seated = tuple(replace(each, anywhere=False) for each in plan.lab.exercises)
    other = replace(plan, lab=replace(plan.lab, exercises=seated))
    assert {} == page_answers.find(tmp_path, other, {}).answers


def test_find_knows_the_exercises_that_it_leaves(plan: Plan, tmp_path: Path) -> None:
    """Lines below its name are no answers of the exercise above; the name of a capture is no end of one."""
    text = "# DNS\n## 3way handshake\nIP du serveur: 10.7.7.3\nssh:\nIP du serveur: 10.7.7.2\n"
    (tmp_path / "README.md").write_text(text)
    found = page_answers.find(tmp_path, plan, {"ssh": {"transport": "TCP"}})
    assert {"dns": {"server_address": "10.7.7.3"}} == found.answers


def test_find_reads_so_many_bytes_of_all_pages(plan: Plan, tmp_path: Path) -> None:
    """The pages after them are another matter than a student's answers."""
    for number in range(5):
        (tmp_path / f"{number}.md").write_text(f"# SSH\nserver port: 2{number}\n".ljust(250 << 10))
    found = find(tmp_path, plan, "# SSH\nlocal port: 1\n".ljust(60 << 10), "4.md")
    assert {"ssh": {"server_port": "20"}} == found.answers


def test_find_leaves_a_page_that_is_no_text(plan: Plan, tmp_path: Path) -> None:
    """A binary file under the name of a text."""
    (tmp_path / "README.md").write_bytes(b"# SSH\0\1\2\nserver port: 22\n")
    assert {} == page_answers.find(tmp_path, plan, {}).answers


@pytest.mark.parametrize(
    ("name", "is_page"),
    [
        *[("README", True), ("readme.MD", True), ("notes.txt", True)],
        *[("answers.yml.txt", False), ("brief.en.md", False), ("ssh", False), ("web.pcap", False)],
    ],
)
def test_is_page_tells_by_the_name(name: str, is_page: bool) -> None:
    """Texts of people, and neither the form nor pages that sharklab writes."""
    assert is_page is page_answers.is_page(name)


@pytest.mark.parametrize(
    "text",
    [
        "SSH:\n  Server_Address: 10.7.7.2\n  Server_Port: 22\n  Local_Port: 51234\n  Transport: TCP\n",
        "ssh: 51234 -> 22\n",
        "ssh:\n  - server_address: 10.7.7.2\n  - server_port: 22\n  - local_port: 51234\n",
        "ssh:\n  server_address = 10.7.7.2\n  server_port = 22\n  local_port = 51234\n",
        "ssh:\n  * server-address: 10.7.7.2\n  * server-port: 22 # usual\n  * local port: 51234\n  # TCP\n",
        "ssh:\n  adresse du serveur: 10.7.7.2\n  port du serveur: 22\n  port local: 51234\n",
    ],
    ids=["case", "arrow", "list", "equal signs", "stars", "French"],
)
def test_find_reads_the_form_in_other_words(text: str, plan: Plan, tmp_path: Path) -> None:
    """Where it is no YAML, or has other names."""
    found = find(tmp_path, plan, text, "answers.yml")
    given = {name: next(iter(values(name, each))) for name, each in found.answers["ssh"].items()}
    assert given.items() <= RIGHT.items() and {"server_port", "local_port"} <= given.keys()


def test_find_adds_to_the_form_what_it_lacks(plan: Plan, tmp_path: Path) -> None:
    """An answer that was read stays, and an empty one gets no value of the next line."""
    text = "ssh:\n  server_port:\n  local_port: 51234\n  local_port: 51235\n  server-address: 10.7.7.2\n"
    (tmp_path / "answers.yml").write_text(text)
    known = {"ssh": {"local_port": 51234, "transport": "TCP"}}
    assert {"ssh": {"server_address": "10.7.7.2"}} == page_answers.find(tmp_path, plan, known).answers


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("onlinetext.html", {}, [page_answers.SILENT]),
        ("README.md", {}, []),
        ("onlinetext.html", {"ssh": {"transport": "TCP"}}, []),
    ],
)
def test_find_names_an_online_text_without_an_answer(
    name: str, known: dict[str, Any], said: list[str], plan: Plan, tmp_path: Path
) -> None:
    """Its student typed it in Moodle, and may have handed in nothing else."""
    (tmp_path / name).write_text("<p>I have done it.</p>")
    assert said == [each.reason.msgid for each in page_answers.find(tmp_path, plan, known).problems]
