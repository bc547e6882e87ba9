"""The brief: the text of an author with the values of one seat."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sharklab.errors import InputError
from sharklab.i18n import translator
from sharklab.lab import exam, load, seat
from sharklab.lab.exam import Window
from sharklab.lab.model import Exam
from sharklab.lab.plan import make_plan
from sharklab.report import brief
from tests.support import report_sample as sample
from tests.support.errors import error_of


def write(folder: Path, text: bytes, language: str = "en") -> Path:
    """Write a brief of the sample lab and return its file."""
    file = folder / f"brief.{language}.md.j2"
    file.write_bytes(text)
    return file


def test_markdown_has_the_values_of_the_seat(tmp_path: Path) -> None:
    """Addresses and exercises are those of the plan."""
    write(tmp_path, b"{{ student }} {{ hosts.server.ipv4 }} {% for e in exercises %}{{ e.id }} {% endfor %}")
    plan = sample.plan(tmp_path)
    ids = " ".join(exercise.id for exercise in plan.lab.exercises)
    assert f"{plan.seat.student} 10.31.4.17 {ids}" == brief.markdown(plan, "en").strip()


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        (None, "the lab has no brief in this language", ""),
        (b"\xff", "the file is not UTF-8 text", ""),
        (b"\n{{ nothing }}", "undefined name: {fault}", ":2"),
    ],
)
def test_markdown_refuses_a_brief_with_its_place(
    tmp_path: Path, text: bytes | None, message: str, place: str
) -> None:
    """The error names the file, and the line of a template."""
    if text is not None:
        write(tmp_path, text)
    plan = sample.plan(tmp_path)
    error = error_of(InputError, brief.markdown, plan, "en")
    assert (message, f"{brief.file(plan.lab, 'en')}{place}") == (error.message_id, error.place)


class Page(HTMLParser):
    """Collects the tags and the language of a page."""

    def __init__(self, text: str) -> None:
        """Read the page."""
        super().__init__()
        self.tags: list[str] = []
        self.language: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element."""
        self.tags.append(tag)
        self.language = self.language or dict(attrs).get("lang")


def test_page_is_self_contained(tmp_path: Path) -> None:
    """The brief is one page in its language, with one heading of the first level, and nothing to load."""
    write(tmp_path, b"# Title\n\n## Part\n\n<script>x</script>\n", "fr")
    page = Page(brief.page(sample.plan(tmp_path), "fr"))
    assert "fr" == page.language
    assert (1, 1) == (page.tags.count("h1"), page.tags.count("h2"))
    assert not {"script", "link", "img", "iframe"} & set(page.tags)


@pytest.mark.parametrize(("text", "first"), [(b"# Exam\nRead.", "# Exam"), (b"Read.", "")])
def test_markdown_of_an_exam_names_the_one_end_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, first: str
) -> None:
    """It is the student's own, below the title; without it the instructor tells."""
    write(tmp_path, text)
    plan = sample.plan(tmp_path)
    assert "exam" not in brief.markdown(plan, "en")
    plan = replace(plan, lab=replace(plan.lab, exam=Exam(90)))
    own = Window(1_796_000_000.0, 1_796_007_200.0)
    for window in (None, own):
        monkeypatch.setattr(exam, "own_window", lambda lab, student, window=window: window)
        lines = [line for line in brief.markdown(plan, "en").splitlines() if line]
        assert (first, "Read.") == (lines[0] if first else "", lines[-1])
        assert (window is not None) is (exam.local_time(own.end) in lines[-2])
        told = "This is an exam." in brief.markdown(plan, "en", says_time=False)
        assert told is (window is None), "the clock of a page says the time, where there is one"


def test_a_brief_of_an_exam_tells_of_no_solution() -> None:
    """tp4's brief offers `solve`, which an exam refuses: the template knows that it is one."""
    lab = load.read_named("tp4")
    plan = make_plan(lab, seat.derive(lab, "ada", bytes(32)))
    graded = replace(plan, lab=replace(plan.lab, exam=Exam(90)))
    for language in ("fr", "en"):
        told = ["sharklab solve" in brief.markdown(each, language) for each in (plan, graded)]
        assert [True, False] == told


def test_describe_solutions_names_exercises_and_hosts() -> None:
    """A heading for each solution, by titles; an exercise that the lab has no more keeps its id."""
    lab = load.read_named("tp4")
    plan = make_plan(lab, seat.sample(lab))
    entries = [{"exercises": ["nfs", "gone"], "hosts": {"client": "+a\n", "server": "-b\n"}}]
    shown = brief.describe_solutions(plan, entries, translator("en"))
    title, *parts = shown.split("\n\n## ")
    assert "# Solution: A folder shared by NFS, gone" == title
    assert ["client\n\n```diff\n+a\n```", "server\n\n```diff\n-b\n```"] == parts
