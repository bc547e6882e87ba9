"""Several files of one capture: joined, or the one that shows the most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sharklab.checks.outcome import Status
from sharklab.evidence.packets import records
from sharklab.evidence.packets.container import open_capture
from sharklab.grading.marking import file_choice
from sharklab.grading.marking.case import Case, gather, list_captures
from sharklab.message import N_
from tests.support.checks_sample import DATA
from tests.support.handed import Handed, handed

SHARE = N_("the packets {numbers} of the capture {id} are those of {file}")
NO_SHARE = N_("every packet of {file} is in another file for the capture {id}")
ALONE = N_("of the files for the capture {id}, {file} alone counts: it shows the most")


@pytest.fixture(scope="module")
def pc(tmp_path_factory: pytest.TempPathFactory) -> Handed:
    """Return a submission of which the capture is from elsewhere, where the exercise allows it."""
    return handed(tmp_path_factory.mktemp("ssh")).on_another_seat().with_exercise(anywhere=True)


def cut(pc: Handed, folder: Path, *pieces: tuple[int, int | None]) -> Handed:
    """Return the same with several files of its capture, each with some of the packets."""
    whole = records.read(open_capture(pc.submission.captures["ssh"]))
    captures = {}
    for number, (first, end) in enumerate(pieces, 1):
        name = "ssh" if number == 1 else f"ssh.{number}"
        captures[name] = folder / f"{number}.pcap"
        records.write(captures[name], whole.with_records(whole.records[first:end]))
    return pc.with_submission(captures=captures, folder=folder)


def said(case: Case) -> list[tuple[str, object]]:
    """Return what is said of the files that count, each with its file."""
    return [(each.msgid, each.values["file"]) for each in case.taken]


def ways(own: Handed, folder: Path) -> list[file_choice.Way]:
    """Return the ways to take the files as they were handed in."""
    context = own.case.context
    captures = list_captures(own.plan, own.submission, {})
    unchosen = replace(context, evidence=replace(context.evidence, captures=captures))
    return list(file_choice.ways(unchosen, "ssh", folder))


def missed(own: Handed) -> set[str]:
    """Return the criteria that are not passed."""
    return {name for name, mark in own.marks().items() if mark.status is not Status.PASSED}


def test_a_connection_in_several_files_is_judged_as_one(pc: Handed, tmp_path: Path) -> None:
    """Each file gives what it has; who made it and why it was cut does not matter."""
    own = cut(pc, tmp_path, (0, 3), (3, 9), (9, None))
    assert set() == missed(own)
    assert [(SHARE, "1.pcap"), (SHARE, "2.pcap"), (SHARE, "3.pcap")] == said(own.case)
    assert ["1–3"] == own.case.taken[0].values["numbers"]
    told = [str(each) for each in own.grade().taken]
    assert all(str(each) in told for each in own.case.taken)
    alone = cut(pc, tmp_path / "..", (0, 3))
    assert {"traffic", "fin"} <= missed(alone)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_file_that_shows_the_most_counts_alone(pc: Handed, tmp_path: Path, order: Sequence[int]) -> None:
    """Another connection beside it would only be in the way, and so would the same with less."""
    pieces = [(0, None), (0, 2)]
    own = cut(pc, tmp_path, *(pieces[index] for index in order))
    assert (set(), [(ALONE, f"{order.index(0) + 1}.pcap")]) == (missed(own), said(own.case))


def test_files_of_another_kind_are_not_joined(pc: Handed, tmp_path: Path) -> None:
    """One that is no capture is named elsewhere, and costs nothing here."""
    own = cut(pc, tmp_path, (0, None))
    (tmp_path / "no.pcap").write_text("no capture")
    more = own.with_submission(captures={"ssh": tmp_path / "no.pcap", "ssh.2": tmp_path / "1.pcap"})
    assert (set(), [(ALONE, "1.pcap")]) == (missed(more), said(more.case))


def test_ways_of_one_file_are_none(pc: Handed, tmp_path: Path) -> None:
    """Nothing has to be said; on a seat a second file does not count."""
    assert [] == ways(cut(pc, tmp_path, (0, None)), tmp_path)
    own = cut(pc, tmp_path, (0, 3), (3, None)).with_exercise(anywhere=False)
    assert ((), ["ssh"]) == (own.case.taken, list(own.case.context.evidence.captures))


def test_a_share_may_be_nothing_or_many_runs(pc: Handed, tmp_path: Path) -> None:
    """Of a file whose packets are all in others it is said; of many runs the first are told."""
    own = cut(pc, tmp_path, (0, 4), (2, 4), (4, None))
    joined = ways(own, Path("/elsewhere"))[-1]
    assert [(SHARE, "1.pcap"), (NO_SHARE, "2.pcap"), (SHARE, "3.pcap")] == [
        (each.msgid, each.values["file"]) for each in joined.said
    ]
    whole = records.read(open_capture(DATA / "ssh.pcap"))
    for number, start in ((1, 0), (2, 1)):
        records.write(tmp_path / f"{number}.pcap", whole.with_records(whole.records[start::2]))
    mixed = own.with_submission(captures={"ssh": tmp_path / "1.pcap", "ssh.2": tmp_path / "2.pcap"})
    joined = ways(mixed, tmp_path)[-1]
    assert ["1", "3", "5", "7", "…"] == joined.said[0].values["numbers"]


def test_worth_counts_checks_and_answers(pc: Handed) -> None:
    """Without a conversation nothing of it counts."""
    [case] = gather(pc.plan, pc.submission)
    right, none = (file_choice.worth(case.context, given) for given in (case.answers, {}))
    assert right == none + len(pc.exercise.questions) > 4
    assert 0 == file_choice.worth(pc.with_capture(DATA / "icmp.pcap").case.context, {})
