"""Write a run's report: the same content as one HTML page and as Markdown.

Templates lie in `templates/`; a lab may extend them by its own `report.html.j2` or
`report.md.j2` that begins with `{% extends "report.html.j2" %}`. They run in Jinja's
sandbox, for a run's folder may come from elsewhere. Nothing in a report depends on
when or where it is rendered: the same run gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sharklab import checks, state
from sharklab.checks.outcome import Verdict
from sharklab.errors import InputError
from sharklab.evidence import analysis
from sharklab.evidence.run_folder import Evidence
from sharklab.i18n import translator
from sharklab.lab.model import Plan
from sharklab.message import N_
from sharklab.report import explanations, markdown, topology
from sharklab.report.content import ReportPage
from sharklab.report.page import page
from sharklab.report.speech import Words
from sharklab.untrusted import visible

TEMPLATES = Path(__file__).with_name("templates")


def contents(run_folder: Path, lang: str, out: Path | None = None) -> dict[Path, str | bytes]:
    """Return the report of a run by file: report.<lang>.html and .md in `out`, or in the run's own folder.

    Raises InputError for an unknown language or a lab's faulty template, MachineryError when the run's
    evidence cannot be read.
    """
    translator(lang)
    plan, evidence = analysis.analyse(run_folder)
    return compose(plan, evidence, checks.judge(plan, evidence), lang, out)


def compose(
    plan: Plan,
    evidence: Evidence,
    verdicts: Iterable[Verdict],
    lang: str,
    out: Path | None = None,
) -> dict[Path, str | bytes]:
    """Return the report by file, from evidence that is judged already.

    Explained captures have copies with comments beside the report. Raises MachineryError if these copies
    cannot be made.
    """
    folder = out or evidence.folder
    content = page(plan, evidence, verdicts, lang, folder)
    pages = {folder / f"report.{lang}.{kind}": lay_out(content, kind) for kind in ("html", "md")}
    copies = explanations.copies(plan, evidence.captures, translator(lang))
    return {**pages, **{folder / place: copy for place, copy in copies}}


def write(files: Mapping[Path, str | bytes]) -> Mapping[Path, bool]:
    """Write each file whole; return for each whether its content is new."""
    return {file: _write(file, text) for file, text in files.items()}


def is_new(file: Path, content: str | bytes) -> bool:
    """Tell whether `file` does not hold `content` yet."""
    data = content.encode() if isinstance(content, str) else content
    return not file.is_file() or file.read_bytes() != data


def _write(file: Path, content: str | bytes) -> bool:
    if new := is_new(file, content):
        state.folder(file.parent)
        state.write(file, content, 0o644)
    return new


def lay_out(content: ReportPage, kind: str) -> str:
    """Return the page as a file's text; `kind` is html or md. Raises InputError for a faulty template."""
    name = f"report.{kind}.j2"
    try:
        template = _environment(content, kind).select_template([f"lab/{name}", name])
        return template.render(page=content, seat=content.plan.seat, lab=content.plan.lab)
    except jinja2.TemplateSyntaxError as error:
        place = f"{error.filename}:{error.lineno}"
        raise InputError(error.message or N_("not a valid template"), place=place) from error
    except jinja2.TemplateError as error:  # the sandbox's SecurityError is one too
        place = str(content.plan.lab.path / name)
        raise InputError(N_("the report's template failed: {fault}"), place=place, fault=error) from error


def _environment(content: ReportPage, kind: str) -> jinja2.Environment:
    own = jinja2.PrefixLoader({"lab": jinja2.FileSystemLoader(content.plan.lab.path)})
    made = environment(content.language, kind, own, ImmutableSandboxedEnvironment)
    made.globals.update(services=topology.services, subnets=topology.subnets)
    return made


def environment(
    language: str, kind: str, own: jinja2.BaseLoader, room: type[jinja2.Environment] = jinja2.Environment
) -> jinja2.Environment:
    """Return the environment for templates of `own`, which may include the report's; `kind` is html or md.

    A template from a stranger needs the sandbox as `room`.
    """
    made = room(
        loader=jinja2.ChoiceLoader([own, jinja2.FileSystemLoader(TEMPLATES)]),
        extensions=["jinja2.ext.i18n"],
        autoescape=kind == "html",
        finalize=markdown.escape if kind == "md" else None,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    speak = translator(language)
    made.install_gettext_callables(speak.gettext, speak.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(
        Words(speak).filters(),
        code=markdown.code,
        cell=markdown.cell,
        fence=markdown.fence,
        source=markdown.MarkdownText,
        prose=markdown.html,
        visible=visible,
    )
    return made
