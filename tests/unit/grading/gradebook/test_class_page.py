"""The page of a class: who is last, links to feedback, names as text."""

from __future__ import annotations

import html
import itertools
from dataclasses import replace

import pytest

from sharklab.grading.gradebook import class_page
from sharklab.i18n import languages
from sharklab.untrusted import visible
from tests.support import gradebook_sample as sample
from tests.support.outline import Outline


@pytest.mark.parametrize("lang", languages())
def test_class_page_is_well_formed(lang: str) -> None:
    """Every element is closed, ids are unique, links lead somewhere, headings leave no level out."""
    page = Outline(class_page.files(sample.whole())[f"class.{lang}.html"])
    assert [] == page.open
    assert sorted(set(page.ids)) == sorted(page.ids)
    assert set() == set(page.targets) - set(page.ids)
    assert all(after - before <= 1 for before, after in itertools.pairwise(page.headings))


def test_class_page_shows_hostile_text_as_text() -> None:
    """A name is nothing but text: no element, no control character, no turned letters."""
    text = class_page.files(sample.whole())["class.en.html"]
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert not {"\x1b", "\u202e"} & set(text)
    assert not Outline(text).tags & {"script", "b", "img", "iframe", "link"}


def test_class_page_is_the_same_each_time() -> None:
    """Nothing depends on when or how often a page is made."""
    assert class_page.files(sample.whole()) == class_page.files(sample.whole())


def test_class_page_shows_remarks_to_the_instructor() -> None:
    """A suspicion is on this page, with the other student."""
    group = sample.whole()
    [remark] = group.entries[2].odd
    [carol] = [each for each in class_page.page(group, "en").looks if each.student == "carol"]
    assert str(remark.said) == carol.reasons[0]
    assert visible(str(remark.said)) in html.unescape(class_page.files(group)["class.en.html"])


def test_class_page_has_a_row_for_each_student() -> None:
    """A student without a result has a state instead of points."""
    rows = class_page.page(sample.whole(), "en").rows
    assert [entry.student for entry in sample.whole().entries] == [row.student for row in rows]
    assert {"dan": "not graded", "frank": "nothing handed in"} == {
        row.student: row.state for row in rows if row.state
    }
    assert {"dan", "frank"} == {row.student for row in rows if not row.cells}
    first = rows[0].cells
    assert [(4.5, 8, "some"), (4, 5, "most"), (1, 3, "few")] == [
        (cell.points, cell.worth, cell.tone) for cell in first
    ]


def test_class_page_draws_the_distribution() -> None:
    """A bar for each tenth, and a number above each that has results."""
    page = class_page.page(sample.whole(), "en")
    assert (10, 4) == (len(page.bins), sum(each.count for each in page.bins))
    filled = sum(each.count > 0 for each in page.bins)
    assert (10, filled) == (page.histogram.count('class="bar"'), page.histogram.count('class="count"'))


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
    assert "exam.fr.html" not in text


def test_class_page_of_an_exam_links_to_records() -> None:
    """The record of each student with a result is one click away."""
    text = class_page.files(replace(sample.whole(), exam=True))["class.en.html"]
    assert 'href="alice/exam.en.html"' in text
    assert 'href="frank/exam' not in text
