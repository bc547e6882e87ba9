"""The brief: the author's text of a lab with the values of one seat, in Markdown or as a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from sharklab.errors import InputError
from sharklab.i18n import Translator, translator
from sharklab.lab import exam
from sharklab.lab.model import LabContent, Plan
from sharklab.lab.template import context, fill_page
from sharklab.message import N_, Message
from sharklab.report import markdown as prose
from sharklab.report.render import TEMPLATES


def file(lab: LabContent, language: str) -> Path:
    """Return the file of the lab's brief in `language`, which may be missing."""
    return lab.path / f"brief.{language}.md.j2"


def markdown(plan: Plan, language: str, *, says_time: bool = True) -> str:
    """Return `brief.<language>.md.j2` of the lab for this seat. Raises InputError naming a bad line.

    In an exam it has the student's own time, unless `says_time` is false: a page with a clock says it there.
    """
    template = file(plan.lab, language)
    try:
        text = template.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(N_("the lab has no brief in this language"), place=str(template)) from error
    except UnicodeDecodeError as error:
        raise InputError(N_("the file is not UTF-8 text"), place=str(template)) from error
    names = {"exercises": plan.lab.exercises, "exam": plan.lab.exam is not None}
    text = fill_page(text, {**context(plan.lab, plan.seat), **names}, str(template))
    return _with_exam(text, plan, language, says_time=says_time)


def _with_exam(text: str, plan: Plan, language: str, *, says_time: bool) -> str:
    """Return the brief of an exam with the student's own time where it says it, below the title."""
    if plan.lab.exam is None:
        return text
    said = Message(N_("This is an exam. Your instructor tells when your time ends."))
    if window := exam.own_window(plan.lab.name, plan.seat.student):
        if not says_time:
            return text
        values = {"begin": exam.local_time(window.begin), "end": exam.local_time(window.end)}
        said = Message(N_("This is an exam. Your time is from {begin} to {end}."), values)
    title, line, rest = text.partition("\n")
    own = f"**{translator(language).say(said)}**\n"
    return f"{title}{line}\n{own}{rest}" if title.startswith("# ") else f"{own}\n{text}"


def describe_solutions(plan: Plan, solutions: Iterable[Mapping[str, Any]], words: Translator) -> str:
    """Return as Markdown what each `solve` changed: its exercises by title, and a diff for each host.

    `solutions` are those of `hosts.configuration.solutions`.
    """
    titles = {exercise.id: words.prose(exercise.title) for exercise in plan.lab.exercises}
    parts = []
    for entry in solutions:
        names = ", ".join(titles.get(name, name) for name in entry["exercises"])
        parts.append(f"# {words.gettext('Solution: {title}').format(title=names)}\n")
        parts += [f"## {host}\n\n```diff\n{changes}```\n" for host, changes in entry["hosts"].items()]
    return "\n".join(parts).rstrip()


def page(plan: Plan, language: str) -> str:
    """Return the brief as one self-contained HTML page. Raises InputError as `markdown` does."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    return environment.get_template("brief.html.j2").render(
        text=prose.html(markdown(plan, language), deepest=1),
        title=plan.lab.title[language],
        student=plan.seat.student,
        language=language,
    )
