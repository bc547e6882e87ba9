"""The figures of a class: summary, distribution, hardest criteria, reasons to look at a student."""

from __future__ import annotations

from dataclasses import replace

from sharklab.checks.outcome import Status
from sharklab.grading.gradebook import figures
from sharklab.grading.gradebook.model import Entry
from sharklab.grading.marking.model import Adjustment
from sharklab.message import Message
from tests.support import gradebook_sample as sample


def test_summary_has_quartiles() -> None:
    """Of 4.5, 5, 1 and 3."""
    assert figures.Summary(3.375, 3.75, 2.5, 4.625, 1.0, 5.0) == figures.summary(sample.whole())


def test_summary_of_nobody_is_nothing() -> None:
    """A class without results has no figures, and a class of one has one."""
    group = sample.whole()
    assert figures.Summary(0, 0, 0, 0, 0, 0) == figures.summary(replace(group, entries=group.entries[-1:]))
    assert 4.5 == figures.summary(replace(group, entries=group.entries[:1])).median


def test_distribution_puts_full_points_in_the_last_tenth() -> None:
    """Ten bins hold everyone."""
    full = sample.result("full")
    marks = tuple(replace(mark, points=mark.worth) for mark in full.exercises[0].marks)
    full = replace(full, exercises=(replace(full.exercises[0], marks=marks),))
    group = replace(sample.whole(), entries=(Entry("full", result=full),))
    assert (0,) * 9 + (1,) == figures.distribution(group)
    assert 4 == sum(figures.distribution(sample.whole()))


def test_hardest_is_first() -> None:
    """Criteria by the share that was earned; what is worth nothing is not among them."""
    found = [(each.mark.criterion, each.share) for each in figures.hardest(sample.whole())]
    assert [("server_port", 0), ("clean", 0), ("open", 0), ("handshake", 0.625), ("types", 1)] == found
    assert {Status.PASSED: 2, Status.FAILED: 2} == figures.hardest(sample.whole())[3].statuses


def test_hardest_names_no_seats_own_values() -> None:
    """A title that differs between students has a seat's values in it: the criterion's name stands for it."""
    group = sample.whole()
    alice = group.entries[0]
    assert alice.result
    dns = alice.result.exercises[1]
    marks = (replace(dns.marks[0], title=Message("Export of /srv/alice")), *dns.marks[1:])
    own = replace(alice.result, exercises=(alice.result.exercises[0], replace(dns, marks=marks)))
    found = figures.hardest(replace(group, entries=(replace(alice, result=own), *group.entries[1:])))
    assert "types" == str(found[-1].mark.title)


def reasons(entry: Entry) -> list[tuple[str, dict[str, object]]]:
    """Return the msgid and the values of each reason to look at an entry."""
    return [(reason.msgid, dict(reason.values)) for reason in figures.reasons(entry)]


def test_reasons_have_remarks_undecided_criteria_and_few_points() -> None:
    """A suspicion comes first."""
    carol = sample.whole().entries[2]
    assert carol.result
    remark, undecided, few = figures.reasons(carol)
    assert carol.result.remarks[0].said == remark
    assert "undecided in {exercise}: {criteria}" == undecided.msgid
    assert ["Criterion clean", "Criterion open"] == list(map(str, undecided.values["criteria"]))
    assert "less than a third of the points" == few.msgid


def test_reasons_of_a_submission_that_is_not_graded() -> None:
    """A submission that cannot be read, and one that is missing."""
    _, _, _, dan, _, frank = sample.whole().entries
    assert [("could not be graded: {why}", {"why": dan.problem})] == reasons(dan)
    assert [("nothing was handed in", {})] == reasons(frank)


def test_reasons_have_refused_files() -> None:
    """A refused file is named with its reason."""
    [problem] = sample.late().problems
    assert ("refused: {file} ({why})", {"file": problem.file, "why": problem.reason}) == reasons(
        sample.alice()
    )[0]


def test_reasons_say_what_took_all_points() -> None:
    """Of an exam that was handed in after its end. A deduction that leaves some is no reason."""
    entry, own = sample.whole().entries[1], sample.result("bob")
    end = Message("Handed in after the end of the exam (minutes: {minutes})", {"minutes": 2})
    for taken, expected in ((own.points, [end.msgid]), (1, [])):
        late = replace(own, adjustments=(Adjustment(end, -taken),))
        assert expected == [said for said, _ in reasons(replace(entry, result=late)) if said == end.msgid]


def test_reasons_of_a_good_result_are_none() -> None:
    """All is decided, and enough was earned."""
    own = sample.result("bob")
    fine = replace(own, exercises=own.exercises[:1])
    assert [] == reasons(replace(sample.whole().entries[1], result=fine))
