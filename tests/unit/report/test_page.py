"""What the report brings together: outcomes, evidence and its links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.checks import judge
from sharklab.checks.outcome import Answer, Outcome, Status, Verdict
from sharklab.errors import InputError
from sharklab.evidence.packets.model import Packet
from sharklab.message import Message
from sharklab.report import page as pages
from sharklab.report.content import ExerciseReport, ReportPage
from tests.support import report_sample as sample
from tests.support.errors import error_of
from tests.support.matrix_sample import Sample as MatrixSample


@pytest.fixture
def shown(tmp_path: Path) -> ReportPage:
    """Return the sample's report in English."""
    return _page(tmp_path)


def _page(folder: Path, language: str = "en", out: Path | None = None) -> ReportPage:
    plan, evidence = sample.plan(folder), sample.evidence(folder)
    return pages.page(plan, evidence, sample.verdicts(), language, out)


def _section(shown: ReportPage, name: str) -> ExerciseReport:
    return next(section for section in shown.sections if section.exercise.id == name)


def test_page_groups_exercises_by_part(shown: ReportPage) -> None:
    """Parts keep the author's order."""
    assert [(part.name, len(part.sections)) for part in shown.parts] == [("0", 1), ("II", 2)]


def test_page_speaks_the_language(tmp_path: Path) -> None:
    """The author's prose is that of the language."""
    assert _page(tmp_path, "fr").title == "TCP, UDP et services réseau"


def test_page_of_unknown_language_is_bad_input(tmp_path: Path) -> None:
    """A language that is not there is one clear error."""
    error = error_of(InputError, _page, tmp_path, "tlh")
    assert "tlh" in error.values.values()


@pytest.mark.parametrize(
    ("statuses", "gravest"),
    [
        ([], None),
        ([Status.PASSED], Status.PASSED),
        ([Status.PASSED, Status.SKIPPED], Status.PASSED),
        ([Status.SKIPPED], Status.SKIPPED),
        ([Status.SKIPPED, Status.INCONCLUSIVE], Status.INCONCLUSIVE),
        ([Status.INCONCLUSIVE, Status.FAILED, Status.PASSED], Status.FAILED),
        ([Status.FAILED, Status.ERROR], Status.ERROR),
    ],
)
def test_overall_is_the_gravest(statuses: list[Status], gravest: Status | None) -> None:
    """One check that did not pass is what the reader must see."""
    outcomes = tuple(Outcome("x", status, Message("x"), Message("x")) for status in statuses)
    assert gravest == pages.overall(Verdict("x", outcomes, ()))


def test_overall_counts_answers_too() -> None:
    """An answer that could not be measured is not a success."""
    answer = Answer("q", Message("?"), None, Status.INCONCLUSIVE)
    assert pages.overall(Verdict("x", (), (answer,))) is Status.INCONCLUSIVE


def test_links_lead_somewhere(shown: ReportPage) -> None:
    """What a link names is on the page; a probe that is not of the lab has no link."""
    anchors = {command.anchor for section in shown.sections for command in section.commands}
    anchors |= {socket.anchor for section in shown.sections for socket in section.sockets}
    anchors |= {shot.anchor for section in shown.sections for shot in section.shots}
    wires = [shot.wire for section in shown.sections for shot in section.shots if shot.wire]
    anchors |= {row.anchor for wire in wires for row in wire.rows}
    links = [link for s in shown.sections for item in (*s.answers, *s.checks) for link in item.links]
    assert {link.href[1:] for link in links if link.href} <= anchors
    assert 1 == sum(not link.href for link in links)


def test_command_tells_what_became_of_it(shown: ReportPage) -> None:
    """Missing tools, time limits and probes that never ran are told apart."""
    commands = _section(shown, "ssh").commands
    assert [command.fine for command in commands] == [True, False, False, False]
    assert commands[3].result is None


def test_command_output_is_bounded(shown: ReportPage) -> None:
    """A long output is cut, and says by how many lines."""
    output = _section(shown, "ssh").commands[0].stdout
    assert len(output.text.splitlines()) == pages.MAX_LINES
    assert output.left == 504 - pages.MAX_LINES


def test_sockets_show_both_hosts(shown: ReportPage) -> None:
    """The lines that outcomes rest on are shown under a heading, host by host."""
    sockets = _section(shown, "ssh").sockets
    assert [entry.host for entry in sockets] == ["client", "server"]
    assert sockets[0].text.splitlines()[0].split()[:2] == ["Netid", "State"]


def test_shot_links_to_its_file_from_where_the_report_is(tmp_path: Path) -> None:
    """The link is relative, so that the folder can be handed in as a whole."""
    inside = _section(_page(tmp_path), "ssh").shots[0]
    beside = _section(_page(tmp_path, out=tmp_path / "hand in"), "ssh").shots[0]
    assert inside.href == "hosts/client/captures/ssh.pcap"
    assert beside.href == "../hosts/client/captures/ssh.pcap"


def test_shot_that_was_not_made_is_told(shown: ReportPage) -> None:
    """A capture of the lab without a file stays in the report."""
    lost = _section(shown, "dns").shots[1]
    assert (lost.plan.id, lost.recorded, lost.wire) == ("lost", None, None)


def test_page_of_a_run_without_anything_is_still_a_page(tmp_path: Path) -> None:
    """An interrupted run has a report too."""
    evidence = replace(sample.evidence(tmp_path), probes={}, sockets=(), captures={}, manifest={})
    shown = pages.page(sample.plan(tmp_path), evidence, (), "en")
    assert [section.status for section in shown.sections] == [None, None, None]


def test_page_of_a_matrix_has_a_grid_with_ladders() -> None:
    """The cells have pictures of their own packets; the captures then have none, nor the commands a place."""
    plan, evidence = MatrixSample(wire=_without_packets_of("tcp-dropped-nmap")).run()
    shown = pages.page(plan, evidence, judge(plan, evidence), "en")
    section = _section(shown, "tcp")
    assert section.grid
    drawn = {attempt.command.anchor: attempt.pictures for s in section.grid.stands for attempt in s.attempts}
    assert (1, 0) == (len(drawn["probe-tcp-open-nc"]), len(drawn["probe-tcp-dropped-nmap"]))
    assert not {command.anchor for command in section.commands} & drawn.keys()
    assert [()] * len(section.shots) == [shot.wire.pictures for shot in section.shots if shot.wire]


def _without_packets_of(cell: str) -> Callable[[str, str, list[Packet]], list[Packet]]:
    """Return packets as they should be, but none of a cell."""
    return lambda id, side, packets: [] if id == cell else packets


def test_section_has_what_a_check_compared(tmp_path: Path) -> None:
    """Columns and prose in the reader's language, control characters made visible, wrong lines told."""
    [table] = _section(_page(tmp_path, "fr"), "ssh").comparisons
    assert ("Services à connaître", ("Port", "Usage")) == (table.title, table.columns)
    assert (("22", "Shell distant"), True) == table.lines[0]
    assert (False, False) == (table.lines[1][1], "\x1b" in table.lines[1][0][1])
