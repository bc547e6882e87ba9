"""The brief: the author's text of a lab with the values of one seat, in Markdown or as a page."""

from __future__ import annotations

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from sharklab.errors import (
    InputError,
)
from sharklab.lab.model import Plan
from sharklab.lab.template import context
from sharklab.message import (
    N_,
)
from sharklab.report import markdown as prose
from sharklab.report.render import TEMPLATES


def markdown(plan: Plan, language: str) -> str:
    """Return `brief.<language>.md.j2` of the lab for this seat. Raises InputError naming a bad line."""
    file = plan.lab.path / f"brief.{language}.md.j2"
    environment = SandboxedEnvironment(undefined=jinja2.StrictUndefined, trim_blocks=True)
    try:
        template = environment.from_string(file.read_text(encoding="utf-8"))
        return template.render(context(plan.lab, plan.seat), exercises=plan.lab.exercises)
    except FileNotFoundError as error:
        raise InputError(N_("the lab has no brief in this language"), place=str(file)) from error
    except jinja2.TemplateSyntaxError as error:
        sentence = N_("not a valid template: {fault}")
        raise InputError(sentence, place=f"{file}:{error.lineno}", fault=error.message) from error
    except jinja2.UndefinedError as error:
        raise InputError(N_("undefined name: {fault}"), place=str(file), fault=error) from error


def page(plan: Plan, language: str) -> str:
    """Return the brief as one self-contained HTML page. Raises InputError as `markdown` does."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    return environment.get_template("brief.html.j2").render(
        text=prose.html(markdown(plan, language), deepest=1),
        title=plan.lab.title[language],
        student=plan.seat.student,
        language=language,
    )
