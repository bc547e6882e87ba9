"""What people read of a gradebook: a student's feedback, the page of the class, and the figures in it."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from sharklab.checks.outcome import Outcome, Status, Verdict
from sharklab.grading.gradebook import class_page, feedback, figures, record_file
from sharklab.grading.gradebook.model import Class, Entry
from sharklab.i18n import languages
from sharklab.message import Message
from sharklab.report import page as report
from tests.support import gradebook_sample as sample
from tests.support.outline import Outline


def _feedback(folder: Path, entry: Entry | None = None) -> dict[str, str]:
    return feedback.files(entry or sample.alice(), sample.plan(folder), sample.captures(), sample.TOOL)


def _pages(folder: Path) -> dict[str, str]:
    return {**_feedback(folder), **class_page.files(sample.whole())}


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("name", ["feedback", "class"])
def test_page_is_well_formed(tmp_path: Path, name: str, lang: str) -> None:
    """Every element is closed, ids are there once, links lead somewhere, headings leave no level out."""
    page = Outline(_pages(tmp_path)[f"{name}.{lang}.html"])
    assert [] == page.open
    assert sorted(set(page.ids)) == sorted(page.ids)
    assert set() == set(page.targets) - set(page.ids)
    assert all(after - before <= 1 for before, after in itertools.pairwise(page.headings))


@pytest.mark.parametrize("name", ["feedback.en.html", "class.en.html"])
def test_page_shows_hostile_text_as_text(tmp_path: Path, name: str) -> None:
    """Names and answers are nothing but text: no element, no control character, no turned letters."""
    text = _pages(tmp_path)[name]
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert not {"\x1b", "\u202e"} & set(text)
    assert not Outline(text).tags & {"script", "b", "img", "iframe", "link"}


def test_feedback_has_expected_beside_found(tmp_path: Path) -> None:
    """A criterion that failed says what was expected, what was found, and where to look."""
    text = _feedback(tmp_path)["feedback.en.html"]
    row = text[text.index("Criterion server_port") : text.index("</tr>", text.index("Criterion server_port"))]
    order = [row.index(words) for words in ("a port of the server", "=HYPERLINK", "look at the destination")]
    assert sorted(order) == order


def test_feedback_links_to_packets_that_it_shows(tmp_path: Path) -> None:
    """Packet 1 has a row; packet 64 lies behind those that are shown, but a mark rests on it."""
    page = Outline(_feedback(tmp_path)["feedback.en.html"])
    assert {"packet-ssh-1", "packet-ssh-64", "capture-dns"} <= set(page.targets)
    assert {"packet-ssh-1", "packet-ssh-64", "capture-dns"} <= set(page.ids)


def test_feedback_draws_own_packets(tmp_path: Path) -> None:
    """Each capture that was handed in is a ladder; one that was not is named."""
    files = _feedback(tmp_path)
    assert 2 == files["feedback.en.html"].count('class="ladder"')
    assert "├─" in files["feedback.en.md"]
    assert "The capture lost was not handed in." in files["feedback.en.html"]


def test_feedback_tells_what_was_taken_off_and_refused(tmp_path: Path) -> None:
    """Adjustments and refused files stand above the criteria."""
    text = _feedback(tmp_path)["feedback.en.html"]
    assert text.index("late by 3 h") < text.index("captures/lost.pcap") < text.index("Criterion server_port")


def test_feedback_keeps_remarks_to_the_instructor(tmp_path: Path) -> None:
    """What is suspected, and who else is concerned, is on the class page alone."""
    carol = sample.whole().entries[2]
    assert all("is also" not in text for text in _feedback(tmp_path, carol).values())
    assert "is also dan" in class_page.files(sample.whole())["class.en.html"]


def test_feedback_markdown_stays_text(tmp_path: Path) -> None:
    """No element and no heading comes from what a student wrote."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(_feedback(tmp_path)["feedback.en.md"])
    blocks = [t.content for t in tokens if t.type == "html_block" and "details" not in t.content]
    inline = [c.type for t in tokens for c in t.children or [] if c.type == "html_inline"]
    assert ([], []) == (blocks, inline)


def test_feedback_refuses_an_entry_without_a_result(tmp_path: Path) -> None:
    """There is nothing to say to somebody without a mark."""
    with pytest.raises(ValueError, match="frank"):
        _feedback(tmp_path, sample.whole().entries[-1])


def test_pages_are_the_same_each_time(tmp_path: Path) -> None:
    """Nothing depends on when or how often a page is made."""
    assert _pages(tmp_path) == _pages(tmp_path)


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


def test_reasons_name_what_to_look_at() -> None:
    """Remarks, broken seals, refused files, undecided criteria, few points; unreadable and missing ones."""
    alice, bob, carol, dan, _, frank = sample.whole().entries
    said = {
        entry.student: [str(reason) for reason in figures.reasons(entry)] for entry in (carol, dan, frank)
    }
    assert [
        "the capture ssh is also dan's",
        "undecided in A DNS query: Criterion clean, Criterion open",
        "less than a third of the points",
    ] == said["carol"]
    assert ["could not be graded: no zip file"] == said["dan"]
    assert ["nothing was handed in"] == said["frank"]
    assert "refused: captures/lost.pcap (the capture is empty)" == str(figures.reasons(alice)[0])
    own = sample.result("bob")
    fine = replace(own, exercises=own.exercises[:1])
    assert () == figures.reasons(replace(bob, result=fine))


def test_class_page_has_who_handed_in_nothing_last() -> None:
    """There is more to look at of the others."""
    group = sample.whole()
    turned = replace(group, entries=group.entries[::-1])
    assert "frank" == class_page.page(turned, "en").looks[-1].student


def test_class_page_links_to_feedback() -> None:
    """Each result is one click away; who has none has no link."""
    text = class_page.files(sample.whole())["class.fr.html"]
    assert 'href="alice/feedback.fr.html"' in text
    assert 'href="frank/' not in text


def test_kept_gives_back_what_it_was_given() -> None:
    """A class survives JSON whole, sentences included."""
    group = sample.whole()
    assert group == record_file.from_plain(Class, json.loads(json.dumps(record_file.to_plain(group))))


@pytest.mark.parametrize("data", [None, {}, [], {"student": 3}, {"student": "a"}])
def test_kept_refuses_another_shape(data: object) -> None:
    """A damaged record is told apart from a good one."""
    with pytest.raises(ValueError, match="no Entry"):
        record_file.from_plain(Entry, data)


@pytest.mark.parametrize("statuses", list(itertools.permutations(Status, 2)))
def test_feedback_and_report_lead_with_the_same_status(
    tmp_path: Path, statuses: tuple[Status, Status]
) -> None:
    """An exercise has the same status on the page of a run and in the feedback on a submission."""
    outcomes = tuple(Outcome("x", status, Message("x"), Message("x")) for status in statuses)
    marks = tuple(sample.mark(f"c{number}", 0, 1, status) for number, status in enumerate(statuses))
    result = sample.result()
    result = replace(result, exercises=(replace(result.exercises[0], marks=marks),))
    entry = replace(sample.alice(), result=result)
    page = feedback.page(entry, sample.plan(tmp_path), sample.captures(), sample.TOOL, "en")
    assert report.overall(Verdict("ssh", outcomes, ())) == page.parts[0].sections[0].status
