"""A class of the report's sample lab, made by hand: what is good, bad, hostile and missing in a gradebook."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sharklab.checks.outcome import Reference, Status
from sharklab.evidence.capture import RecordedCapture
from sharklab.grading.gradebook.model import Class, Entry
from sharklab.grading.marking.model import Adjustment, Decision, ExerciseResult, Mark, Remark, Result, Step
from sharklab.grading.submission.model import Problem, Seal
from sharklab.lab.model import Plan
from sharklab.message import N_, NOTHING, Message
from tests.support import report_sample
from tests.support.capture_files import with_facts

TOOL = "sharklab 0.1.0"
MADE = 1_795_220_000.0
HOSTILE = '=HYPERLINK("http://evil.example";"<b>x</b>")\x1b[31m\u202e|`'
TITLE = {"fr": "TCP, UDP et services réseau", "en": "TCP, UDP and network services"}


def plan(folder: Path) -> Plan:
    """Return the plan of the sample lab for alice's seat."""
    return report_sample.plan(folder)


def captures() -> dict[str, RecordedCapture]:
    """Return the captures that alice handed in: `lost` is missing, and nobody counted the others."""
    return {
        "ssh": with_facts(Path("ssh.pcap"), report_sample.ssh_facts()),
        "dns": with_facts(Path("dns.pcap"), report_sample.dns_facts()),
    }


def mark(
    criterion: str,
    points: float,
    worth: float,
    status: Status,
    found: str = "",
    evidence: tuple[Reference, ...] = (),
) -> Mark:
    """Return a mark whose words are those given."""
    title = Message(f"Criterion {criterion}")
    return Mark(criterion, title, worth, points, Decision(status, Message(found), evidence=evidence))


def result(student: str = "alice", share: float = 1.0) -> Result:
    """Return a result in which `share` of the handshake's points were earned, and one criterion failed."""
    ssh = ExerciseResult(
        "ssh",
        "II",
        {"fr": "Une connexion SSH", "en": "An SSH connection"},
        (
            Mark(
                "handshake",
                Message(N_("3-way handshake")),
                4,
                4 * share,
                Decision(
                    Status.PASSED if share == 1 else Status.FAILED,
                    Message("SYN, SYN/ACK, ACK"),
                    evidence=(Reference(capture="ssh", packets=(1, 2, 3)),),
                ),
                steps=(
                    Step(Message("SYN"), 2, 2 * share, Status.PASSED if share == 1 else Status.FAILED),
                    Step(Message("SYN/ACK"), 2, 2 * share, Status.PASSED if share == 1 else Status.FAILED),
                ),
            ),
            Mark(
                "server_port",
                Message("Criterion server_port"),
                1,
                0,
                Decision(
                    Status.FAILED,
                    Message(HOSTILE),
                    expected=Message("a port of the server"),
                    look=Message("look at the destination of the SYN"),
                    evidence=tuple(Reference(capture="ssh", packets=(number,)) for number in (1, 64)),
                ),
            ),
        ),
    )
    dns = ExerciseResult(
        "dns",
        "II",
        {"fr": "Une requête DNS", "en": "A DNS query"},
        (
            mark("types", 1, 1, Status.PASSED, evidence=(Reference(capture="dns"),)),
            mark("clean", 0, 1, Status.INCONCLUSIVE, "nobody knows"),
            mark("open", 0, 1, Status.ERROR, "it broke"),
            mark("extra", 0, 0, Status.SKIPPED, "not asked here"),
        ),
    )
    return Result("sample", TITLE, student, "0a1b2c3d", MADE, Seal.WHOLE, (ssh, dns))


def late() -> Result:
    """Return alice's result: handed in late, with a refused file."""
    return replace(
        result(),
        adjustments=(Adjustment(Message("late by {hours} h", {"hours": 3}), -0.5),),
        problems=(Problem("captures/lost.pcap", Message("the capture is empty")),),
    )


def alice() -> Entry:
    """Return the student whose result is `late`."""
    return Entry("alice", "Alice Müller", "alice@example.org", "1001", "alice.sharklab", "ab" * 32, late())


def whole() -> Class:
    """Return a class of six: two good, one weak with a remark, one unreadable, one hostile, one missing."""
    copied = Remark(
        "copied", Message("the capture {id} is also {other}'s", {"id": "ssh", "other": "dan"}), ("dan",)
    )
    entries = (
        alice(),
        Entry("bob", "Bob", "bob@example.org", "1002", "bob.sharklab", "cd" * 32, result("bob")),
        Entry(
            "carol",
            "Carol",
            "carol@example.org",
            "1003",
            "carol.sharklab",
            "ef" * 32,
            replace(result("carol", 0.0), seal=Seal.BROKEN, remarks=(copied,)),
        ),
        Entry(
            "dan", "Dan", "dan@example.org", "1004", "dan.sharklab", "01" * 32, None, Message("no zip file")
        ),
        Entry("erin", HOSTILE, "erin@example.org", "1005", "-erin.sharklab", "23" * 32, result("erin", 0.5)),
        Entry("frank", "Frank", "frank@example.org", "1006", problem=NOTHING),
    )
    return Class("sample", TITLE, entries, TOOL)
