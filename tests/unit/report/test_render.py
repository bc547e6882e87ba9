"""The report's files: self-contained, safe, the same each time, and open to a lab's own template."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from sharklab.checks.outcome import Status
from sharklab.errors import InputError
from sharklab.i18n import languages
from sharklab.report.ladder import TITLES, Phase
from sharklab.report.render import compose, contents, is_new, write
from sharklab.report.speech import STATUS
from tests.support import report_run
from tests.support import report_sample as sample
from tests.support.errors import error_of
from tests.support.outline import Outline


def _files(folder: Path, lang: str = "en") -> dict[str, str]:
    plan, evidence = sample.plan(folder / "lab"), sample.evidence(folder)
    files = compose(plan, evidence, sample.verdicts(), lang)
    return {file.name: text for file, text in files.items() if isinstance(text, str)}


@pytest.mark.parametrize("lang", languages())
def test_html_is_well_formed(tmp_path: Path, lang: str) -> None:
    """Every element is closed, every id is there once, and every link inside the page leads somewhere."""
    page = Outline(_files(tmp_path, lang)[f"report.{lang}.html"])
    assert page.open == []
    assert sorted(set(page.ids)) == sorted(page.ids)
    assert set(page.targets) <= set(page.ids)


@pytest.mark.parametrize("lang", languages())
def test_html_has_ordered_headings(tmp_path: Path, lang: str) -> None:
    """There is one h1, and no level is left out on the way down."""
    levels = Outline(_files(tmp_path, lang)[f"report.{lang}.html"]).headings
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_html_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    """No element loads anything, and the page's own policy forbids it."""
    text = _files(tmp_path)["report.en.html"]
    page = Outline(text)
    assert page.sources == []
    assert not page.tags & {"script", "link", "iframe", "img", "object", "base"}
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/)", text)
    assert "default-src 'none'" in text


def test_html_shows_hostile_output_as_text(tmp_path: Path) -> None:
    """A command's output stays in its block."""
    text = _files(tmp_path)["report.en.html"]
    assert "&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "\x1b" not in text


def test_html_tells_outcomes_by_words(tmp_path: Path) -> None:
    """Colour is never the only sign: a verdict has its word, and so has a command without an exit code."""
    text = _files(tmp_path)["report.en.html"]
    words = [
        STATUS[Status.FAILED][1],
        STATUS[Status.INCONCLUSIVE][2],
        "was not run",
        "stopped at its time limit",
    ]
    assert [] == [word for word in words if word not in text]


@pytest.mark.parametrize("lang", languages())
def test_markdown_keeps_hostile_output_in_its_block(tmp_path: Path, lang: str) -> None:
    """No heading, element or table row comes from what a command printed."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(_files(tmp_path, lang)[f"report.{lang}.md"])
    blocks = [token for token in tokens if token.type == "fence" and "alert(1)" in token.content]
    headings = [
        after.content for before, after in itertools.pairwise(tokens) if before.type == "heading_open"
    ]
    assert len(blocks) == 1
    assert "not a heading" not in headings
    assert [
        token.content.strip()
        for token in tokens
        if token.type == "html_block" and "details" not in token.content
    ] == []


def test_what_a_check_compared_is_a_table_in_both_forms(tmp_path: Path) -> None:
    """A line for each entry; what is hostile in it stays one cell of text."""
    files = _files(tmp_path)
    assert '<table class="comparison">' in files["report.en.html"]
    assert "<td>Remote shell</td>" in files["report.en.html"]
    [html] = (
        MarkdownIt("gfm-like", {"linkify": False})
        .render(files["report.en.md"])
        .split("Services to know</h4>")[1:]
    )
    table = html.partition("</table>")[0]
    assert (2, 4) == (table.count("<th>"), table.count("<td>"))
    assert "<script" not in table


def test_markdown_has_the_ladder_in_characters(tmp_path: Path) -> None:
    """What the page shows as a picture, Markdown shows in a block."""
    text = _files(tmp_path)["report.en.md"]
    assert "├─" in text
    assert TITLES[Phase.HANDSHAKE] in text


def test_compose_gives_the_same_bytes_each_time(tmp_path: Path) -> None:
    """Nothing depends on when a report is made."""
    assert _files(tmp_path) == _files(tmp_path)


def _last_line(folder: Path) -> str:
    """Return the last line of the report in Markdown without templates of the lab."""
    folder.mkdir()
    return _files(folder)["report.en.md"].rstrip().splitlines()[-1]


def test_compose_takes_a_labs_own_template(tmp_path: Path) -> None:
    """A lab extends the common report by blocks of its own."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "report.html.j2").write_text(
        '{% extends "report.html.j2" %}{% block before %}<p>{{ seat.token }} by us</p>{% endblock %}'
    )
    (tmp_path / "lab" / "report.md.j2").write_text(
        '{% extends "report.md.j2" %}{% block footer %}*by us*\n{{ super() | source }}{% endblock %}'
    )
    files = _files(tmp_path)
    assert "<p>k3m5q7x2 by us</p>" in files["report.en.html"]
    assert "*by us*" in files["report.en.md"]
    assert files["report.en.md"].rstrip().splitlines()[-1] == _last_line(tmp_path / "plain")


@pytest.mark.parametrize(
    "template",
    ["{% if %}", "{{ no_such_name }}", "{{ page.__class__.__mro__ }}", '{% include "../../secret" %}'],
)
def test_compose_refuses_a_faulty_template(tmp_path: Path, template: str) -> None:
    """A template that is wrong, or reaches for what is not its own, is one clear error."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "report.html.j2").write_text(template)
    error = error_of(InputError, _files, tmp_path)
    assert str(tmp_path / "lab" / "report.html.j2") in str(error.place)


def test_write_tells_what_is_new(tmp_path: Path) -> None:
    """A report that is there already is not written again."""
    files = {tmp_path / "out" / "report.en.md": "text\n"}
    assert [is_new(*item) for item in files.items()] == [True]
    assert [list(write(files).values()), list(write(files).values())] == [[True], [False]]


@pytest.mark.parametrize("lang", languages())
def test_contents_are_the_report_of_a_run(tmp_path: Path, lang: str) -> None:
    """The files are in the run's folder; another language is refused before the run is read."""
    report_run.seal(tmp_path, ["ssh"])
    files = contents(tmp_path, lang)
    assert [tmp_path / f"report.{lang}.html", tmp_path / f"report.{lang}.md"] == list(files)
    error = error_of(InputError, contents, tmp_path / "none", "tlh")
    assert "tlh" in error.values.values()
