"""What a student hears of their work, line by line."""

from __future__ import annotations

from dataclasses import replace

from sharklab.checks.outcome import Status
from sharklab.grading.marking import advice
from sharklab.grading.marking.model import Adjustment, Decision, Result
from sharklab.grading.submission.model import Problem
from sharklab.i18n import translator
from sharklab.message import NOTHING, Message
from tests.support import gradebook_sample as sample

COMMAND = "`tcpdump -i lan -w file host name and port number`"


def hinted(hint: Message) -> Result:
    """Return a result with one criterion that was missed, and a hint for it."""
    whole = sample.result()
    decision = Decision(Status.FAILED, NOTHING, look=Message("Look there."))
    missed = replace(sample.mark("fin", 0, 1, Status.FAILED), decision=decision, hint=hint)
    return replace(whole, exercises=(replace(whole.exercises[0], marks=(missed,)),))


def told(hint: Message, *offered: str) -> list[str]:
    """Return what is said of such a result."""
    return list(advice.lines(hinted(hint), translator("en"), offered))


def test_lines_break_a_hint_but_no_command() -> None:
    """What is to be typed can be copied as it stands, wherever a line ends."""
    for before in range(30):
        lines = told(Message("word " * before + COMMAND + " word" * 30))
        assert all(len(line) <= 100 for line in lines)
        assert 1 == sum(COMMAND in line for line in lines)


def test_lines_say_a_hint_that_was_taken_in_the_place_of_where_to_look() -> None:
    """It is not offered again."""
    assert ["      → Do it."] == told(Message("Do it."), "ssh/fin")[2:-1]


def test_lines_offer_a_hint_that_was_not_taken_beside_where_to_look() -> None:
    """Where to look costs nothing."""
    lines = ["      → Look there.", "      → there is a hint: --hint ssh/fin"]
    assert lines == told(NOTHING, "ssh/fin")[2:-1]


def test_lines_say_steps_expectations_and_problems() -> None:
    """A criterion in steps shows each; what was expected, and what was refused, stand beside it."""
    result = replace(sample.result(share=0.0), problems=(Problem("a.pcap", Message("too large")),))
    lines = list(advice.lines(result, translator("en")))
    assert ["        ✗ SYN", "        ✗ SYN/ACK"] == [line for line in lines if line.startswith("        ✗")]
    assert "      expected: a port of the server" in lines
    assert ["! a.pcap: too large", "Sum: 1 of 8"] == lines[-2:]


def test_lines_say_why_the_sum_is_less_than_the_points_of_the_exercises() -> None:
    """A solution that was taken costs points: each deduction has its line."""
    solved = Adjustment(Message("Solution: {title}", {"title": "A share"}), -1)
    lines = list(advice.lines(replace(sample.result(), adjustments=(solved,)), translator("en")))
    assert "  Solution: A share  -1" == lines[-2]


def test_hint_names_are_of_criteria_whose_hint_fits() -> None:
    """They are named as the option --hint takes them."""
    assert ("ssh/fin",) == advice.hint_names(hinted(Message("Do it.")))
    assert () == advice.hint_names(hinted(NOTHING))


def exam() -> Result:
    """Return a result with each kind of criterion: passed, failed, answered wrongly, without an answer."""
    failed = sample.mark("fin", 0, 1, Status.FAILED, "not found")
    wrong = Decision(Status.FAILED, Message("It is wrong."), asks=True)
    absent = Decision(Status.FAILED, Message("It is absent."), asks=True, looked=False)
    marks = (
        sample.mark("syn", 1, 1, Status.PASSED),
        failed,
        replace(failed, criterion="port", title=Message("Criterion port"), decision=wrong),
        replace(failed, criterion="name", title=Message("Criterion name"), decision=absent),
    )
    whole = sample.result()
    return replace(whole, exercises=(replace(whole.exercises[0], marks=marks), whole.exercises[1]))


def test_missing_tells_nothing_about_the_answers_that_were_given() -> None:
    """A check that fails and a question without answer are missing; a wrong answer is not told."""
    found = advice.list_missing(exam())
    assert {"ssh": ["fin", "name"], "dns": ["clean", "open", "extra"]} == {
        id: [mark.criterion for mark in marks] for id, marks in found.items()
    }


def test_exam_lines_say_titles_alone() -> None:
    """No finding, no points and no hint."""
    problem = Problem("captures/x.pcap", Message("it is damaged"))
    lines = list(advice.exam_lines(replace(exam(), problems=(problem,)), translator("en")))
    assert ["    ✗ Criterion fin", "    ✗ Criterion name"] == lines[1:3]
    text = "\n".join(lines)
    assert "captures/x.pcap" in text
    assert [] == [
        word for word in ("not found", "wrong", "absent", "port", "/") if word in "\n".join(lines[:7])
    ]


def test_exam_lines_say_that_nothing_is_missing() -> None:
    """Whether the answers are right is still not told."""
    whole = sample.result()
    passed = replace(whole.exercises[0], marks=(sample.mark("syn", 1, 1, Status.PASSED),))
    lines = list(advice.exam_lines(replace(whole, exercises=(passed,)), translator("en")))
    assert [
        "Nothing is missing.",
        "In an exam, nobody tells before its end whether an answer is right.",
    ] == lines[1:]
