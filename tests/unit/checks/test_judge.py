"""Checks of DNS, NFS, sockets, probes and firewalls, and what becomes of a check that breaks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

import pytest
from jsonschema import Draft202012Validator

from sharklab.checks import KINDS, QUESTIONS
from sharklab.checks.outcome import Reference, Status
from sharklab.lab.model import ExpectedConversation, Probe
from tests.support.checks_sample import Sample, lines, result, shown, without, words

DNS = Sample(["dns.pcap"], ExpectedConversation("client", "server", "udp", 53))
NFS = Sample(["nfs.pcap"])
SSH = Sample(["ssh.pcap"], sockets=lines("ssh"))
VOICE = Sample(["voice.pcap"], sockets=lines("voice"))
DOMAIN = "tok7f3a.lab.example"


def test_judge_passes_dns_questions_with_answers() -> None:
    """Each type names its answer and both packets."""
    outcome = DNS.check("dns", types=["A", "AAAA", "MX"], name=DOMAIN)
    found = (
        "A: 10.77.5.2 in packet 2, AAAA: fd77:5::2 in packet 4, MX: 10 mail.tok7f3a.lab.example in packet 6"
    )
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert Reference(capture="dns.pcap", packets=(1, 2)) in outcome.evidence


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"types": ["PTR"]}, "PTR: not asked"),
        ({"types": ["A"], "name": "other.example"}, "A: not asked"),
        ({"types": ["A"], "name": f"nowhere.{DOMAIN}"}, "A: NXDOMAIN in packet 10"),
        ({"types": ["A"], "name": DOMAIN, "rcode": "NXDOMAIN"}, "A: 10.77.5.2 in packet 2"),
    ],
)
def test_judge_fails_dns_questions_without_the_answer(params: dict[str, Any], found: str) -> None:
    """Not asked, asked for another name, and answered otherwise are told apart."""
    outcome = DNS.check("dns", **params)
    assert Status.FAILED is outcome.status
    assert words(outcome).startswith(found)


def test_judge_fails_a_dns_question_that_nobody_answered() -> None:
    """An ICMP error is no answer."""
    outcome = Sample(["dns_refused.pcap"]).check("dns", types=["A"])
    assert (Status.FAILED, "A: asked in packet 1, not answered") == (outcome.status, words(outcome))


def test_judge_fails_a_dns_answer_without_records() -> None:
    """NOERROR without an address (a name of another type) does not answer the question."""
    dns = [replace(exchange, answers=()) for exchange in shown("dns.pcap").dns]
    empty = replace(DNS, facts={"dns.pcap": replace(shown("dns.pcap"), dns=tuple(dns))})
    outcome = empty.check("dns", types=["A"], name=DOMAIN)
    assert (Status.FAILED, "A: NOERROR in packet 2") == (outcome.status, words(outcome))


def test_judge_passes_the_expected_failure_of_a_name() -> None:
    """A lab may ask for NXDOMAIN."""
    assert Status.PASSED is DNS.check("dns", types=["A"], name=f"Nowhere.{DOMAIN}.", rcode="NXDOMAIN").status


def test_judge_does_not_count_dns_of_another_server() -> None:
    """The answer must come from the exercise's server."""
    other = replace(DNS, conversation=ExpectedConversation("client", "desktop"))
    assert Status.FAILED is other.check("dns", types=["A"]).status


def test_judge_passes_nfs_operations_that_were_done() -> None:
    """Each operation names the packet of its first call."""
    outcome = NFS.check("nfs", operations=["OPEN", "READ", "WRITE"])
    found = "NFS operations, each with the packet of its first call: OPEN (30), READ (36), WRITE (60)."
    assert (Status.PASSED, found) == (outcome.status, words(outcome))


def test_judge_fails_nfs_operations_that_were_only_tried() -> None:
    """A call without a good reply, or one that was never sent, is not done."""
    lookup = Sample(["pipeline_nfs.pcap"]).check("nfs", operations=["LOOKUP", "RENAME"])
    found = "The captures do not show that these NFS operations succeeded: RENAME."
    assert (Status.FAILED, found) == (lookup.status, words(lookup))


def test_judge_fails_an_nfs_operation_that_was_refused() -> None:
    """An OPEN that the server answers with NFS4ERR_ACCESS was not done."""
    refused = replace(NFS, facts={"nfs.pcap": without("nfs.pcap", *range(1, 97))})
    assert Status.FAILED is refused.check("nfs", operations=["OPEN"]).status
    assert Status.PASSED is refused.check("nfs", operations=["LOOKUP"]).status


@pytest.mark.parametrize(
    ("params", "packets"),
    [
        ({"status": "NFS4ERR_ACCESS"}, (94, 95)),
        ({"status": "NFS4ERR_ACCESS", "operation": "OPEN", "name": "private.txt"}, (110, 111)),
        ({"status": "NFS4ERR_NOENT"}, (78, 79)),
    ],
)
def test_judge_passes_the_expected_answer_of_nfs(params: dict[str, Any], packets: tuple[int, ...]) -> None:
    """The refused write and the missing file of the lab are found by status, operation and name."""
    outcome = NFS.check("nfs_status", **params)
    assert Status.PASSED is outcome.status
    assert packets == outcome.evidence[0].packets


@pytest.mark.parametrize(
    "params",
    [
        {"status": "NFS4ERR_STALE"},
        {"status": "NFS4ERR_ACCESS", "operation": "WRITE"},
        {"status": "NFS4ERR_ACCESS", "name": "new.txt"},
    ],
)
def test_judge_fails_another_answer_of_nfs(params: dict[str, Any]) -> None:
    """Another status, another operation or another file does not count."""
    assert Status.FAILED is NFS.check("nfs_status", **params).status


def test_judge_passes_a_connection_that_ss_shows_on_both_hosts() -> None:
    """The evidence is the line of each host, with its process."""
    outcome = SSH.check("sockets")
    found = "On client the socket is ESTAB, of ssh (18743). On server the socket is ESTAB, of sshd (18745)."
    assert (Status.PASSED, found) == (outcome.status, words(outcome))
    assert ["client", "server"] == [reference.host for reference in outcome.evidence if reference.line]


def test_judge_passes_datagrams_to_an_open_socket() -> None:
    """A UDP server's socket is not connected: the outcome says that it is the open one."""
    outcome = VOICE.check("sockets")
    assert Status.PASSED is outcome.status
    assert "On client the socket is ESTAB, of turnutils_uclie (30943)." in words(outcome)
    assert "On server turnserver (30920) has the unconnected socket 10.77.5.2:3478." in words(outcome)


def test_judge_fails_datagrams_to_a_socket_of_somebody_else() -> None:
    """A server's UDP socket that is connected to another client does not take this one's datagrams."""
    other = tuple(
        replace(line, line=line.line.replace("0.0.0.0:*", "10.77.5.3:9")) for line in lines("voice")
    )
    assert Status.FAILED is replace(VOICE, sockets=other).check("sockets").status


def test_judge_fails_a_connection_that_ss_does_not_show() -> None:
    """A listening socket is no connection."""
    listening = tuple(line for line in lines("ssh") if line.host == "client" or "LISTEN" in line.line)
    outcome = replace(SSH, sockets=listening).check("sockets")
    assert Status.FAILED is outcome.status
    assert "ss shows no socket from 10.77.5.2:22 to 10.77.5.1:34898 on server." in words(outcome)


def test_judge_is_inconclusive_without_a_list_of_sockets() -> None:
    """A host whose sockets were not listed proves nothing."""
    half = tuple(line for line in lines("ssh") if line.host == "client")
    outcome = replace(SSH, sockets=half).check("sockets")
    assert Status.INCONCLUSIVE is outcome.status
    assert "The sockets of server were not recorded." in words(outcome)


def test_judge_passes_probes_that_ended_as_expected() -> None:
    """An exit code that the lab expects is good, be it 0 or not."""
    probes = (Probe("probe", "client", ("true",)), Probe("fails", "client", ("false",), exit=(1, 2)))
    results = [result(), result("fails", exit_code=2)]
    outcome = Sample(probes=probes, results=results).check("probes")
    assert (Status.PASSED, "Every command ended as expected (2).") == (outcome.status, words(outcome))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"exit_code": 1}, "probe ended with exit code 1 instead of 0"),
        ({"exit_code": None, "timed_out": True}, "probe did not end within 30.0 s"),
        ({"exit_code": None, "missing": True}, "probe: true is not installed"),
        ({"exit_code": None}, "probe was killed"),
    ],
)
def test_judge_fails_probes_that_ended_otherwise(values: dict[str, Any], found: str) -> None:
    """How a probe ended is told."""
    outcome = Sample(results=[result(**values)]).check("probes")
    assert (Status.FAILED, found) == (outcome.status, words(outcome))


lacking = partial(result, exit_code=None, missing=True)


def test_judge_passes_beside_an_optional_tool_that_is_missing() -> None:
    """What could not be tried is said, and is no failure."""
    optional = Probe("odd", "client", ("odd", "-x"), optional=True)
    results = [result(), lacking("odd")]
    outcome = Sample(probes=(Probe("probe", "client", ("true",)), optional), results=results).check("probes")
    found = "Every command ended as expected (1). Not available: odd."
    assert (Status.PASSED, found) == (outcome.status, words(outcome))


@pytest.mark.parametrize(
    ("kind", "params"), [("probes", {}), ("output", {"probe": "probe", "contains": "x"})]
)
def test_judge_skips_what_rests_on_an_optional_tool_alone(kind: str, params: dict[str, Any]) -> None:
    """Nothing was tried, so nothing is right or wrong."""
    probes = (Probe("probe", "client", ("odd",), optional=True),)
    outcome = Sample(probes=probes, results=[lacking()]).check(kind, **params)
    assert (Status.SKIPPED, "Not available: odd.") == (outcome.status, words(outcome))


def test_judge_fails_an_optional_tool_that_ended_otherwise() -> None:
    """Optional is whether it is there, not what it does."""
    probes = (Probe("probe", "client", ("odd",), optional=True),)
    assert Status.FAILED is Sample(probes=probes, results=[result(exit_code=1)]).check("probes").status


def test_judge_is_inconclusive_about_probes_without_results() -> None:
    """A probe that left nothing, or an exercise without probes, proves nothing."""
    assert Status.INCONCLUSIVE is Sample().check("probes").status
    assert Status.INCONCLUSIVE is Sample(probes=()).check("probes").status


@pytest.mark.parametrize(
    ("values", "contains", "status"),
    [
        ({"stdout": "hello there\n"}, "hello", Status.PASSED),
        ({"stdout": "hello\n", "stderr": "there"}, ["hello", "there"], Status.PASSED),
        ({"stdout": "hello\n"}, ["hello", "there"], Status.FAILED),
        ({"stdout": ""}, "hello", Status.FAILED),
        ({"stdout": "hel", "truncated": True}, "hello", Status.INCONCLUSIVE),
    ],
)
def test_judge_of_output(values: dict[str, Any], contains: str | list[str], status: Status) -> None:
    """A probe's output contains the texts, or does not, or was cut before the end."""
    outcome = Sample(results=[result(**values)]).check("output", probe="probe", contains=contains)
    assert status is outcome.status


def test_judge_of_output_without_a_result_is_inconclusive() -> None:
    """No output proves nothing."""
    assert Status.INCONCLUSIVE is Sample().check("output", probe="probe", contains="x").status


def zone(services: str = "dns ssh", ports: str = "3478/udp", target: str = "default", rich: str = "") -> str:
    """Return what `firewall-cmd --list-all` prints."""
    return (
        f"public (active)\n  target: {target}\n  interfaces: lan\n  services: {services}\n  ports: {ports}\n"
        f"  protocols: \n  forward: yes\n  forward-ports: \n  source-ports: \n  rich rules: \n{rich}"
    )


@pytest.mark.parametrize(
    ("runtime", "permanent", "status", "found"),
    [
        (zone(), zone(), Status.PASSED, "The zone opens 3478/udp, dns, ssh."),
        (zone("ssh"), zone("ssh"), Status.FAILED, "closed but should be open: dns"),
        (zone("dns ssh http"), zone("dns ssh http"), Status.FAILED, "open but should be closed: http"),
        (zone(ports=""), zone(), Status.FAILED, "closed but should be open: 3478/udp"),
        (zone(), zone("dns"), Status.FAILED, "different in force and permanently: services"),
        (zone(target="ACCEPT"), zone(target="ACCEPT"), Status.FAILED, "the zone accepts everything"),
        (
            zone(rich='\trule port port="99" protocol="tcp" accept\n'),
            zone(rich='\trule port port="99" protocol="tcp" accept\n'),
            Status.FAILED,
            'open but should be closed: rule port port="99" protocol="tcp" accept',
        ),
        ("FirewallD is not running\n", zone(), Status.INCONCLUSIVE, "now or always did not print a zone"),
        ("", "", Status.INCONCLUSIVE, "now or always did not print a zone"),
    ],
)
def test_judge_of_a_firewall(runtime: str, permanent: str, status: Status, found: str) -> None:
    """What is open is what is meant, no less and no more, now and after the next start."""
    results = [result("now", stdout=runtime), result("always", stdout=permanent)]
    wanted = {"runtime": "now", "permanent": "always", "services": ["ssh", "dns"], "ports": ["3478/udp"]}
    outcome = Sample(results=results).check("firewall", **wanted)
    assert status is outcome.status
    assert words(outcome).startswith(found)


def test_judge_of_a_firewall_without_results_is_inconclusive() -> None:
    """A firewall that was not asked is not known to be closed."""
    outcome = Sample().check("firewall", runtime="now", permanent="always")
    assert Status.INCONCLUSIVE is outcome.status


def test_judge_makes_an_error_of_a_check_that_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that raises is an error in words, and the other checks go on."""

    def broken(context: object, params: object) -> NoReturn:
        raise ZeroDivisionError("oops")

    kind = replace(KINDS["fin"], function=broken)
    monkeypatch.setitem(KINDS, "fin", kind)
    outcome = SSH.check("fin")
    assert (Status.ERROR, "The check itself failed: ZeroDivisionError: oops") == (
        outcome.status,
        words(outcome),
    )


def test_judge_makes_an_error_of_an_unknown_check() -> None:
    """A plan of another version may ask for what this one does not know."""
    assert Status.ERROR is SSH.check("telepathy").status
    assert Status.ERROR is SSH.check("dns").status
    assert Status.ERROR is SSH.ask("telepathy").status


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_have_a_schema_that_is_one(kind: str) -> None:
    """Lint validates parameters with it."""
    Draft202012Validator.check_schema(dict(KINDS[kind].params))


@pytest.mark.parametrize(
    ("kind", "params", "good"),
    [
        ("fin", {}, True),
        ("fin", {"value": 1}, False),
        ("transport", {"value": "tcp"}, True),
        ("transport", {"value": "sctp"}, False),
        ("dns", {"types": ["A"], "name": "x"}, True),
        ("dns", {"name": "x"}, False),
        ("output", {"probe": "a", "contains": ["x", "y"]}, True),
        ("firewall", {"runtime": "a", "permanent": "b", "services": []}, True),
    ],
)
def test_kinds_schema_tells_good_parameters(kind: str, params: dict[str, Any], good: bool) -> None:
    """A misspelt or missing parameter is found before the lab runs."""
    assert good == Draft202012Validator(dict(KINDS[kind].params)).is_valid(params)


@pytest.mark.parametrize(
    ("sample", "question", "value"),
    [
        (SSH, "server_address", "10.77.5.2"),
        (SSH, "server_port", "22"),
        (SSH, "local_port", "34898"),
        (SSH, "client_address", "10.77.5.1"),
        (SSH, "transport", "TCP"),
        (VOICE, "server_port", "3478"),
        (VOICE, "transport", "UDP"),
        (DNS, "dns_server_port", "53"),
        (DNS, "local_port", "34730"),
        (NFS, "nfs_port", "2049"),
        (NFS, "nfs_server_address", "10.77.5.2"),
        (Sample(["ssh6.pcap"]), "server_address", "fd77:5::2"),
    ],
)
def test_judge_measures_answers(sample: Sample, question: str, value: str) -> None:
    """Answers come from the wire and from ss, and name where."""
    answer = sample.ask(question)
    assert (value, Status.PASSED) == (answer.value, answer.status)
    assert answer.evidence != ()


def test_judge_names_the_sources_of_an_answer() -> None:
    """Capture, sockets of both hosts, and plan agree."""
    answer = SSH.ask("server_address")
    sources = ["capture ssh.pcap", "ss on client", "ss on server", "the plan"]
    assert sources == [str(source) for source in answer.found.values["sources"]]


def test_judge_is_inconclusive_when_sources_disagree() -> None:
    """Who says what is told, and no value is given."""
    forged = tuple(
        replace(line, line=line.line.replace("10.77.5.2:22 ", "10.77.5.2:2222 "))
        for line in lines("ssh")
        if "ESTAB" in line.line
    )
    answer = replace(SSH, sockets=forged).ask("server_port")
    assert (None, Status.INCONCLUSIVE) == (answer.value, answer.status)
    expected = (
        "The sources disagree: capture ssh.pcap says 22, ss on client says 2222, ss on server says 2222."
    )
    assert expected == words(answer)


def test_judge_is_inconclusive_when_the_plan_says_otherwise() -> None:
    """A server on another port than the lab's is not the answer to the lab's question."""
    both = replace(DNS, conversation=ExpectedConversation("client", "server", port=5353), probes=())
    answer = both.ask("dns_server_port")
    assert (None, "The sources disagree: capture dns.pcap says 53, the plan says 5353.") == (
        answer.value,
        words(answer),
    )


def test_judge_is_inconclusive_about_two_dns_servers() -> None:
    """The capture has questions over IPv4 and over IPv6."""
    answer = DNS.ask("dns_server_address")
    assert (None, Status.INCONCLUSIVE) == (answer.value, answer.status)
    assert words(answer).startswith("There are several values")


def test_judge_takes_the_dns_server_that_dig_names() -> None:
    """What a command printed is a source, too."""
    printed = ";; Query time: 0 msec\n;; SERVER: 10.77.5.2#53(10.77.5.2) (UDP)\n"
    answer = replace(DNS, results=[result(stdout=printed)]).ask("dns_server_address")
    assert ("10.77.5.2", Status.PASSED) == (answer.value, answer.status)
    assert Reference(probe="probe", host="client") in answer.evidence


@pytest.mark.parametrize("question", QUESTIONS)
def test_judge_gives_no_answer_without_evidence(question: str) -> None:
    """The plan alone is no measurement."""
    answer = Sample().ask(question)
    expected = (None, Status.INCONCLUSIVE, "No capture, socket or command of the run shows it.")
    assert expected == (answer.value, answer.status, words(answer))
