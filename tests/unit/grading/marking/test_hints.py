"""The hints of the shipped labs: each is given in a situation of its own, and gives nothing away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.checks import QUESTIONS
from sharklab.evidence.capture import RecordedCapture
from sharklab.grading.marking.case import gather
from sharklab.grading.marking.defaults import criteria
from sharklab.grading.marking.hints import fits
from sharklab.grading.marking.marks import mark
from sharklab.grading.submission.model import Submission
from sharklab.lab import load
from sharklab.lab.model import Asked, Check, Criterion, CriterionStep, Hint, IrrelevantCaptures, MixedUp, Plan
from sharklab.message import Message, prose
from tests.support import hints_sample as sample
from tests.support.capture_files import with_facts
from tests.support.handed import handed
from tests.support.hints_sample import Bench, Situation, mixed_up

Place = tuple[str, str, str, int]
"""A lab, an exercise, a criterion, and which of its hints."""

Situations = Mapping[str, list[Situation]]
"""Those of each criterion, in the order of its hints."""

TAKEN_FOR: Mapping[str, Situation] = {
    "server_address": mixed_up("server_address", sample.caller),
    "server_port": mixed_up("server_port", sample.local_port),
    "local_port": mixed_up("local_port", sample.server_port),
    "dns_server_port": mixed_up("dns_server_port", sample.local_port),
}
"""For each question about an end of a conversation: the other end is answered."""
PORTS: Situations = {name: [TAKEN_FOR[name]] for name in ("server_port", "local_port")}
ANSWERS: Situations = {
    "server_address": [TAKEN_FOR["server_address"]],
    "server_port": [TAKEN_FOR["server_port"]],
    "local_port": [TAKEN_FOR["local_port"], sample.datagrams],
    "transport": [sample.datagrams],
}
OPENING: list[Situation] = [sample.elsewhere, sample.datagrams, sample.begun_late, sample.unanswered]
TCP: Situations = {**ANSWERS, "handshake": OPENING, "clean": [sample.crowded]}
UDP: Situations = {**ANSWERS, "udp_exchange": [sample.elsewhere, sample.one_way], "clean": [sample.crowded]}
ENDING: Situations = {"fin": [sample.cut_off, sample.ended_early]}
FIREWALL: Situations = {
    host: [sample.unlike(host), sample.of_host(host)] for host in ("server", "client", "desktop")
}
UNMOUNTED = sample.of_host("client", mounts=[])
LISTENER = 'tcp LISTEN 0 511 0.0.0.0:1664 0.0.0.0:* users:(("nginx",pid=145,fd=5))'

SITUATIONS: Mapping[str, Mapping[str, Situations]] = {
    "tp4": {
        "firewall": FIREWALL,
        "web": {**TCP, **ENDING},
        "mail": TCP,
        "chat": {**TCP, **ENDING, "token": [sample.headers_alone, sample.whole]},
        "time": UDP,
        "voice": {**UDP, "token": [sample.headers_alone]},
        "ssh": {**TCP, **ENDING},
        "nfs": {
            **ANSWERS,
            "handshake": [sample.elsewhere, sample.begun_late],
            "nfs": [
                sample.of_host_and(sample.whole, "client", mounts=[]),
                sample.headers_alone,
                sample.calling("OPEN"),
            ],
            "nfs_status": [sample.calling("OPEN")],
            "nfs_status-2": [sample.calling("LOOKUP")],
            "mount": [UNMOUNTED],
            "mount_kept": [sample.mounted],
        },
        "dns": {
            "dns": [sample.elsewhere, sample.empty, sample.asking("A"), sample.asking("A", "www.")],
            "clean": [sample.crowded],
            "transport": [sample.datagrams],
            "dns_server_port": [TAKEN_FOR["dns_server_port"]],
        },
    },
    "tcpdump": {
        "refused": {
            "knock": [sample.empty, sample.whole, sample.unanswered],
            **PORTS,
            "client_sequence": [sample.whole],
        },
        "exchange": {
            "handshake": [sample.unanswered, sample.begun_late],
            "fin": [sample.ended_early],
            "token": [sample.headers_alone, sample.whole],
            "server_port": [TAKEN_FOR["server_port"]],
            "client_sequence": [sample.whole],
            "client_bytes": [sample.whole],
        },
        "usage": {"token": [sample.headers_alone, sample.whole], "client_bytes": [sample.whole]},
        "snaplen": {"snapped": [sample.whole, sample.headers_alone], "client_bytes": [sample.whole]},
        "nobody": {"no_arp": [sample.empty]},
        "silent": {
            "zero_reply": [sample.whole],
            "handshake": [sample.begun_late],
            "fin": [sample.ended_early],
            "client_bytes": [sample.whole],
        },
        "unexpected": {"handshake": [sample.begun_late], "service": [sample.whole]},
        "firewall": {
            "knock": [sample.knocked("dropped", ("<", "RST", "ACK"))],
            "knock-2": [sample.knocked("reset")],
        },
    },
    "ports": {
        "services": {"protocols": [sample.elsewhere, sample.headers_alone]},
        "active": {
            "handshake": [sample.elsewhere],
            "server_address": [TAKEN_FOR["server_address"]],
        },
        "unusual": {
            "handshake": [sample.begun_late],
            "fin": [sample.ended_early],
            "service": [sample.whole],
            "process": [sample.of_host("server", sockets=[LISTENER])],
        },
        "scan": {"scan": [sample.scanning(100), sample.scanning(3)], "open_ports": [sample.scanning(3)]},
        "connect": {
            "knock": [sample.knocked("whole", ("<", "SYN", "ACK"), (">", "RST"))],
            "knock-2": [sample.knocked("half", ("<", "SYN", "ACK"), (">", "ACK"), (">", "RST", "ACK"))],
        },
        "quiet": {"knock": [sample.empty], "knock-2": [sample.empty]},
    },
    "reachability": {
        "ping": {"echo": [sample.empty, sample.pings]},
        "arp": {"arp": [sample.empty], "no_arp": [sample.empty]},
        "dns": {"dns": [sample.elsewhere], "dns_server_port": [TAKEN_FOR["dns_server_port"]]},
        "connect": {**PORTS},
        "tunnel": {"fin": [sample.ended_early]},
    },
    "pannes": {
        exercise: {criterion: [sample.empty] for criterion in ("proof", "cause", "repaired")}
        for exercise in ("mail", "login", "share", "name", "page", "archive", "backup")
    },
}
"""For each hint, in the order of lab.yml, a situation in which it is the one that is given."""


def criterion(plan: Plan, exercise: str, name: str) -> Criterion:
    """Return one of an exercise's criteria."""
    [found] = [each for each in plan.lab.exercises if each.id == exercise]
    return {each.id: each for each in criteria(plan.lab, found)}[name]


def made(
    place: Path, bench: Bench, situation: Situation
) -> tuple[Submission, Mapping[Path, RecordedCapture]]:
    """Return a submission of that situation alone, and what its captures show."""
    stuck = situation(bench)
    files = {name: place / f"{name}.pcap" for name in stuck.captures}
    for file in files.values():
        file.write_bytes(sample.HEADER)
    seat = bench.plan.seat
    submission = Submission(
        lab=seat.lab,
        student=seat.student,
        seat=seat.id,
        folder=place,
        captures=files,
        answers={bench.exercise.id: stuck.answers},
        state=stuck.state,
        begun=1.0,
        made=2.0,
    )
    return submission, {files[name]: with_facts(files[name], facts) for name, facts in stuck.captures.items()}


def places() -> Iterator[Place]:
    """Yield where hints are expected."""
    for lab, exercises in SITUATIONS.items():
        for exercise, by_criterion in exercises.items():
            for name, situations in by_criterion.items():
                yield from ((lab, exercise, name, index) for index in range(len(situations)))


def hints(place: Path, lab: str, exercise: str, situation: Situation) -> Mapping[str, Message]:
    """Return the hint of each criterion of an exercise in a situation."""
    plan = sample.plan(lab)
    [found] = [each for each in plan.lab.exercises if each.id == exercise]
    submission, known = made(place, Bench(plan, found), situation)
    result = mark(plan, submission, gather(plan, submission, known))
    return {m.criterion: m.hint for each in result.exercises if each.id == exercise for m in each.marks}


@pytest.mark.parametrize(("lab", "exercise", "name", "index"), list(places()))
def test_hint_is_given_in_its_situation(
    tmp_path: Path, lab: str, exercise: str, name: str, index: int
) -> None:
    """Who hands in just that reads this hint and none of its neighbours."""
    wanted = criterion(sample.plan(lab), exercise, name).hints[index]
    given = hints(tmp_path, lab, exercise, SITUATIONS[lab][exercise][name][index])
    assert prose(wanted.text) == given[name]


def test_hint_looks_at_the_captures_of_its_criterion(tmp_path: Path) -> None:
    """Where one of two captures is empty, only who asks for that one has a hint."""
    given = hints(tmp_path, "ports", "quiet", sample.one_empty("absent"))
    assert (True, False) == (bool(given["knock"]), bool(given["knock-2"]))


def test_hint_says_nothing_of_a_capture_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is none is not an empty capture."""
    assert not hints(tmp_path, "tp4", "dns", sample.unreadable)["dns"]


@pytest.mark.parametrize("lab", load.names())
def test_hints_are_all_tried(lab: str) -> None:
    """No hint of a shipped lab is without its situation."""
    plan = sample.plan(lab)
    written = {
        (lab, exercise.id, each.id, index)
        for exercise in plan.lab.exercises
        for each in criteria(plan.lab, exercise)
        for index in range(len(each.hints))
    }
    assert written == {place for place in places() if place[0] == lab}


@pytest.mark.parametrize("lab", load.names())
def test_hints_hold_nothing_of_the_seat(lab: str) -> None:
    """Neither an address nor a name of the student's own is in one, in no language."""
    plan = sample.plan(lab)
    own = plan.seat
    values = {own.token, own.share, own.domain, own.password} | {
        str(ip)
        for by in own.addresses.values()
        for at in by.values()
        for ip in (at.ipv4.ip, at.ipv6.ip, at.mac)
    }
    texts = [
        text
        for e in plan.lab.exercises
        for c in criteria(plan.lab, e)
        for h in c.hints
        for text in h.text.values()
    ]
    assert [] == [text for text in texts for value in values if value in text]


def test_fits_of_captures_that_hold_something_else(tmp_path: Path) -> None:
    """Without a conversation, an exercise is about any host of the seat; an unreadable file shows neither."""
    ssh, recorded = handed(tmp_path), Hint({"en": "x"}, IrrelevantCaptures("elsewhere"))
    criterion = Criterion("one", (CriterionStep(1.0, Check("handshake")),))
    prose = tmp_path / "prose.pcap"
    prose.write_text("I forgot")
    cases = [
        ssh.with_exercise(conversation=None).case,
        ssh.with_exercise(conversation=None).on_another_seat().case,
        ssh.with_capture(prose).case,
    ]
    assert [False, True, False] == [fits(case, criterion, recorded) for case in cases]
    assert not fits(replace(cases[1], own_machines=True), criterion, recorded)


def test_fits_of_answers_that_are_mixed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to one question is that of another; a question that breaks is told where it is graded."""
    ssh, mixed = handed(tmp_path), Hint({"en": "x"}, MixedUp("server_port", "local_port"))
    criterion = Criterion("one", (CriterionStep(1.0, Asked("server_port")),))
    local = ssh.submission.answers["ssh"]["local_port"]
    swapped = ssh.with_answers(server_port=local).case
    line = f"ESTAB 0 0 10.77.5.1:{local} 10.77.5.2:22"
    cases = (swapped, ssh.case, ssh.with_answers(server_port=line).case)
    assert [True, False, False] == [fits(case, criterion, mixed) for case in cases]

    def breaks(_: object) -> None:
        raise ZeroDivisionError

    broken = replace(QUESTIONS["local_port"], sources=breaks)  # type: ignore[arg-type]
    monkeypatch.setitem(QUESTIONS, "local_port", broken)
    assert not fits(swapped, criterion, mixed)
