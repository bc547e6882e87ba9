"""A matrix in the report: the short of it, the table, and what follows from each cell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.checks import judge
from sharklab.checks.cells import cells_of_run
from sharklab.evidence.packets.model import Packet
from sharklab.i18n import translator
from sharklab.report import page
from sharklab.report.content import Command, MatrixReport, Output
from sharklab.report.matrix_report import matrix_report
from sharklab.report.render import compose
from tests.support.matrix_sample import Changes, Sample

COMMAND = Command("probe-x", "client", "root", "true", (0,), None, Output(""), Output(""))
OTHER: dict[str, Changes] = {"tcp-closed-nc": {"exit_code": 0}, "tcp-open-nmap": {"missing": True}}


def grids(sample: Sample, language: str = "en") -> dict[str, MatrixReport]:
    """Return the grid of each matrix of the sample."""
    plan, evidence = sample.run()
    content = page.page(plan, evidence, judge(plan, evidence), language)
    return {section.exercise.id: section.grid for section in content.sections if section.grid}


def test_grid_has_a_row_per_tool_and_a_field_per_state() -> None:
    """The table is tools by states, in the lab's order, each with its verdict, packets and tone."""
    grid = grids(Sample())["tcp"]
    assert ["nc (OpenBSD)", "nmap"] == [row.title for row in grid.rows]
    assert ["closed", "prohibited", "dropped", "open"] == [column.text for column in grid.columns]
    assert [("refused", "no"), ("unreachable", "no"), ("timed out", "late"), ("connected", "yes")] == [
        (field.verdict, field.tone) for field in grid.rows[0].fields
    ]
    assert "handshake, then FIN" == grid.rows[0].fields[-1].packets


def test_grid_in_short_counts_the_results() -> None:
    """Each state has one sentence, with how many tools saw what."""
    short = dict(grids(Sample())["tcp"].summary)
    assert (
        "On the wire: SYN, then RST (×2). The tools say: refused (×1), closed (×1). "
        "That takes from 100 ms to 100 ms."
    ) == short["closed"]


def test_grid_in_short_says_what_no_tool_tells_apart() -> None:
    """Two states of which every tool says the same are named, with whether the packets tell them apart."""
    same: dict[str, Changes] = {
        f"udp-{state}-nc": {"stdout": "", "exit_code": 0} for state in ("closed", "dropped")
    }
    short = dict(grids(Sample(probes=same))["udp"].summary)
    assert "No tool tells them apart. Their packets differ." == short["closed / dropped"]


def test_grid_in_short_leaves_packets_out_that_depend_on_the_tool() -> None:
    """No tool tells two states apart; the packets of one tool are alike, those of the other are not."""
    silent: dict[str, Changes] = {
        "tcp-prohibited-nc": {"stdout": "nc: connect to 10.1.2.3 port 60050 (tcp) timed out"}
    }

    def wire(id: str, side: str, packets: list[Packet]) -> list[Packet]:
        return [packets[0], packets[0]] if id == "tcp-prohibited-nc" else packets

    short = dict(grids(Sample(probes=silent, wire=wire))["tcp"].summary)
    assert short["prohibited / dropped"].strip() == "No tool tells them apart."


def test_grid_in_short_names_the_tools_that_tell_states_apart() -> None:
    """Most tools say the same of two states, and not all."""
    plan, evidence = Sample().run()
    cells = [cell for cell in cells_of_run(plan, evidence) if cell.matrix.id == "tcp"]
    third = replace(cells[0].matrix.tools[1], id="third", title="third")
    matrix = replace(cells[0].matrix, tools=(*cells[0].matrix.tools, third))
    more = [replace(cell, tool=third) for cell in cells if cell.tool.id == "nmap"]
    more = [replace(cell, trial=replace(cell.trial, tool="third")) for cell in more]
    whole = [replace(cell, matrix=matrix) for cell in (*cells, *more)]
    report = matrix_report(whole, lambda cell: COMMAND, lambda cell: (), lambda found: (), translator("en"))
    said = dict(report.summary)["prohibited / dropped"]
    assert "Tools that say the same of both: 2 of 3, " in said
    assert "nc (OpenBSD)" in said


def test_attempt_may_leave_several_states() -> None:
    """An open UDP port whose program is silent looks like a port that the firewall drops."""
    plan, evidence = Sample().run()
    cells = [cell for cell in cells_of_run(plan, evidence) if cell.matrix.id == "udp"]
    [dropped] = [cell for cell in cells if cell.state == "dropped"]
    matrix = replace(dropped.matrix, states=("dropped", "open"))
    alike = [replace(dropped, matrix=matrix, trial=replace(dropped.trial, state=s)) for s in matrix.states]
    report = matrix_report(alike, lambda cell: COMMAND, lambda cell: (), lambda found: (), translator("en"))
    said = [stand.attempts[0].follows for stand in report.stands]
    assert said[0] == said[1]
    assert [True, True, True] == ["dropped or open" in sentence for sentence in said[0]]


def test_grid_in_short_says_what_is_not_as_expected_or_missing() -> None:
    """Surprises and tools that are not there come last; neither is left out."""
    short = dict(grids(Sample(probes=OTHER))["tcp"].summary)
    assert "1 result is not what the lab expects." == short["✗"]
    assert "Not available on this system: nmap." == short["–"]


@pytest.mark.parametrize(
    ("tool", "state", "sentences"),
    [
        (0, 2, ("nc (OpenBSD) says that the port is dropped.", "From its packets, it is dropped.")),
        (
            1,
            1,
            (
                "nmap says that the port is prohibited or dropped.",
                "From its packets, it is prohibited.",
                "Both together leave only prohibited.",
            ),
        ),
    ],
    ids=["certain", "by packets"],
)
def test_attempt_says_what_follows(tool: int, state: int, sentences: tuple[str, ...]) -> None:
    """What can be concluded is what this run's results leave: the states of which the tool says the same."""
    stand = grids(Sample())["tcp"].stands[state]
    assert sentences == stand.attempts[tool].follows


def test_attempt_of_a_missing_tool_concludes_nothing() -> None:
    """A tool that is not there says nothing, and is shown so."""
    attempt = grids(Sample(probes=OTHER))["tcp"].stands[3].attempts[1]
    assert ((), "", None) == (attempt.follows, attempt.field.verdict, attempt.field.seconds)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_compose_shows_the_matrix(language: str, tmp_path: Path) -> None:
    """Both forms of the report have the table and each command once."""
    plan, evidence = Sample().run()
    files = compose(plan, evidence, judge(plan, evidence), language, tmp_path)
    html, markdown = (str(files[tmp_path / f"report.{language}.{kind}"]) for kind in ("html", "md"))
    assert 1 == html.count('id="probe-tcp-closed-nc"') == markdown.count("##### nc (OpenBSD), port 60000")
    assert 2 == html.count('<table class="matrix">')
