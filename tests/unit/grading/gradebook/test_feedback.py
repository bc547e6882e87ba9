"""The feedback for a student: expected beside found, own packets, nothing of other students."""

from __future__ import annotations

import html
import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from sharklab.checks.outcome import Outcome, Status, Verdict
from sharklab.grading.gradebook import feedback
from sharklab.grading.gradebook.model import Entry
from sharklab.i18n import languages, translator
from sharklab.message import Message
from sharklab.report import page as report
from sharklab.untrusted import visible
from tests.support import gradebook_sample as sample
from tests.support.outline import Outline


def _feedback(folder: Path, entry: Entry | None = None) -> dict[str, str]:
    return feedback.files(entry or sample.alice(), sample.plan(folder), sample.captures(), sample.TOOL)


@pytest.mark.parametrize("lang", languages())
def test_feedback_is_well_formed(tmp_path: Path, lang: str) -> None:
    """Every element is closed, ids are unique, links lead somewhere, headings leave no level out."""
    page = Outline(_feedback(tmp_path)[f"feedback.{lang}.html"])
    assert [] == page.open
    assert sorted(set(page.ids)) == sorted(page.ids)
    assert set() == set(page.targets) - set(page.ids)
    assert all(after - before <= 1 for before, after in itertools.pairwise(page.headings))


def test_feedback_shows_hostile_text_as_text(tmp_path: Path) -> None:
    """An answer is nothing but text: no element, no control character, no turned letters."""
    text = _feedback(tmp_path)["feedback.en.html"]
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert not {"\x1b", "\u202e"} & set(text)
    assert not Outline(text).tags & {"script", "b", "img", "iframe", "link"}


def test_feedback_is_the_same_each_time(tmp_path: Path) -> None:
    """Nothing depends on when or how often a page is made."""
    assert _feedback(tmp_path) == _feedback(tmp_path)


def test_feedback_has_expected_beside_found(tmp_path: Path) -> None:
    """A criterion that failed says what was expected, what was found, and where to look."""
    mark = sample.result().exercises[0].marks[1]
    text = _feedback(tmp_path)["feedback.en.html"]
    start = text.index(str(mark.title))
    row = text[start : text.index("</tr>", start)]
    order = [
        row.index(words) for words in (str(mark.decision.expected), "=HYPERLINK", str(mark.decision.look))
    ]
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
    page = feedback.page(sample.alice(), sample.plan(tmp_path), sample.captures(), sample.TOOL, "en")
    shots = [shot for part in page.parts for section in part.sections for shot in section.shots]
    assert ["lost"] == [shot.plan.id for shot in shots if shot.recorded is None]
    assert "capture-lost" in Outline(files["feedback.en.html"]).ids


def test_feedback_tells_what_was_taken_off_and_refused(tmp_path: Path) -> None:
    """Adjustments and refused files stand above the criteria."""
    [taken], [refused] = sample.late().adjustments, sample.late().problems
    first = sample.late().exercises[0].marks[1]
    text = _feedback(tmp_path)["feedback.en.html"]
    assert text.index(str(taken.reason)) < text.index(refused.file) < text.index(str(first.title))


def test_feedback_keeps_remarks_to_the_instructor(tmp_path: Path) -> None:
    """What is suspected, and who else is concerned, is on the class page alone."""
    carol = sample.whole().entries[2]
    [remark] = carol.odd
    said = {visible(remark.said.say(translator(code).gettext)) for code in languages()}
    told = [html.unescape(text) for text in _feedback(tmp_path, carol).values()]
    assert [] == [words for words in said for text in told if words in text]


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
