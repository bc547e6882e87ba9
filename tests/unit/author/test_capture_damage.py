"""Faults of a capture: when each applies, and the checks and questions that each breaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.author import reference
from sharklab.author.capture_damage import DAMAGES, Subject, omit_trial
from sharklab.author.mutants import Original
from sharklab.checks import QUESTIONS
from sharklab.checks.focus import candidates
from sharklab.evidence.packets import facts, records
from sharklab.evidence.packets.model import Facts
from sharklab.grading.marking.case import gather
from sharklab.lab.model import Check
from tests.support import report_run
from tests.support.capture_files import recording

ALWAYS = {"another-seat", "unfinished", "another-day", "headers", "stray"}


def subject(folder: Path, name: str) -> Subject:
    """Return the recorded capture `name`, before it is damaged."""
    report_run.seal(folder, [name])
    plan, submission = reference.reference(folder)
    [case] = gather(plan, submission)
    recorded = case.context.captures[name]
    other = Original(plan, submission, (case,), folder).other
    talks = tuple(talk for _, talk in candidates(case.context))
    return Subject(plan.seat, other, name, records.read(recorded.container), recorded, talks)


@pytest.fixture
def ssh(tmp_path: Path) -> Subject:
    """Return the capture of an SSH connection."""
    return subject(tmp_path, "ssh")


def damaged(given: Subject, name: str, folder: Path) -> Facts:
    """Return what the capture shows after a damage."""
    file = folder / "damaged.pcap"
    records.write(file, DAMAGES[name].edit(given), DAMAGES[name].rest)
    return facts(recording(file))


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("ssh", {"no-fin", "reset", "no-syn-ack"}),
        ("reset", {"no-syn-ack", "no-reset", "token"}),
        ("voice", {"one-way"}),
        ("dns", {"no-fin", "reset", "no-syn-ack", "one-way", "token"}),
    ],
)
def test_damage_applies_to_a_capture_that_shows_its_object(tmp_path: Path, name: str, more: set[str]) -> None:
    """Only a connection has a FIN to lose, only datagrams have an answer that can be missing."""
    given = subject(tmp_path, name)
    assert ALWAYS | more == {key for key, damage in DAMAGES.items() if damage.applies(given)}


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        (Check("fin"), {"no-fin", "reset"}),
        (Check("handshake"), {"no-syn-ack"}),
        (Check("traffic"), {"no-syn-ack"}),
        (Check("clean"), {"stray", "unfinished"}),
        (Check("reset", {"by": "client"}), {"no-reset"}),
        (Check("service", {"host": "server", "service": "sshd"}), set()),
    ],
)
def test_damage_breaks_the_checks_that_need_what_it_takes(
    ssh: Subject, check: Check, broken: set[str]
) -> None:
    """A capture of another seat breaks every check of packets, and no check of a host."""
    names = {name for name, damage in DAMAGES.items() if damage.breaks(ssh, check)}
    assert broken | ({"another-seat"} if broken else set()) == names


def test_damage_that_takes_all_packets_hides_every_question() -> None:
    """The other damages hide the questions that need what they take."""
    hidden = {name for name, damage in DAMAGES.items() if damage.hides(QUESTIONS["local_port"])}
    assert "another-seat" in hidden and "stray" not in hidden


def test_damage_makes_a_reset_of_the_side_that_ended_first(ssh: Subject) -> None:
    """Where the FIN of one side becomes a RST, a check that waits for that RST passes."""
    [talk] = ssh.talks
    first = "client" if ssh.facts.packet(talk.fins[0]).source == talk.client else "server"
    made = {side: DAMAGES["reset"].makes(ssh, Check("reset", {"by": side})) for side in ("client", "server")}
    assert {side: side == first for side in ("client", "server")} == made


def test_damage_of_the_seat_shows_the_other_token(tmp_path: Path) -> None:
    """The names of the DNS messages change, their number does not."""
    given = subject(tmp_path, "dns")
    after = damaged(given, "token", tmp_path)
    names = {exchange.name for exchange in after.dns}
    assert len(given.facts.dns) == len(after.dns)
    assert not any(given.seat.token in name for name in names)
    assert any(given.other.token in name for name in names)


def test_damage_of_an_unfinished_file_cuts_it_short(ssh: Subject, tmp_path: Path) -> None:
    """The packets are the same; the file ends in half a record."""
    after = damaged(ssh, "unfinished", tmp_path)
    assert (len(ssh.facts.packets), True) == (len(after.packets), after.cut)


def test_untried_removes_the_conversations_of_a_port(ssh: Subject, tmp_path: Path) -> None:
    """Only the check of the same tool and state then fails."""
    damage = omit_trial("nc", "open", 22)
    file = tmp_path / "untried.pcap"
    records.write(file, damage.edit(ssh))
    [talk] = ssh.talks
    assert len(ssh.facts.packets) - len(talk.packets) == len(recording(file).packets)
    wanted = [Check("fits", {"tool": "nc", "state": state}) for state in ("open", "closed")]
    assert [True, False] == [damage.wanted(ssh, check) for check in wanted]
    assert {"tool": "nc", "state": "open"} == damage.values


def test_damage_of_a_share_breaks_the_check_of_its_name(ssh: Subject) -> None:
    """A check of another name stays as it is."""
    share = replace(ssh.seat, share="sample").share
    given = replace(ssh, seat=replace(ssh.seat, share=share))
    checks = [Check("nfs", {"name": name}) for name in (share, "other")]
    assert [True, False] == [DAMAGES["another-share"].wanted(given, check) for check in checks]
