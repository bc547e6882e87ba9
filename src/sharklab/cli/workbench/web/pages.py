"""Write the pages of the workbench and their parts, and answer the routes of a student's page."""

from __future__ import annotations

import importlib
import os
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sharklab import i18n
from sharklab.cli.workbench.client import DeskRefusal, Seats
from sharklab.cli.workbench.identity import LIFE, Cookies, Links, Reader, from_plain
from sharklab.cli.workbench.site import Site
from sharklab.cli.workbench.web import refusals
from sharklab.cli.workbench.web.guard import LANGUAGE
from sharklab.limits import BUNDLE
from sharklab.message import N_
from sharklab.report import render

TEMPLATES = Path(__file__).with_name("templates")
STRANGER = "?"
"""The student of a request of a reader who is not known yet: the door counts its requests apart."""

NAMES = {"en": "English", "fr": "Français"}
"""The name of each language, in that language."""

TITLES = {
    401: (
        N_("Open your own link first"),
        N_("This browser is not known here. A link works once."),
    ),
    403: (N_("This request is not allowed"), N_("It does not come from a page of this workbench.")),
    404: (N_("There is no such page"), N_("The address is wrong, or the page belongs to somebody else.")),
    413: (N_("This is too large"), N_("Captures have at most 64 MiB.")),
    421: (N_("This address is wrong"), N_("Use the address that sharklab serve printed.")),
    429: (N_("Too many requests"), N_("Wait a minute, then load the page again.")),
}
"""The title and the sentence of each refusal, by status."""


def write(template: str, language: str, site: Site, **values: Any) -> str:
    """Return a page or a part of one."""
    names = [(code, NAMES.get(code, code)) for code in i18n.languages()]
    text: str = (
        _environment(language)
        .get_template(template)
        .render(language=language, languages=names, site=site, **values)
    )
    return text


@cache
def _environment(language: str) -> jinja2.Environment:
    made = render.environment(language, "html", jinja2.FileSystemLoader(TEMPLATES))
    made.auto_reload = False
    return made


def load(languages: tuple[str, ...]) -> None:
    """Load all that pages need: a process without rights may not be able to read a file later."""
    importlib.import_module("jinja2.debug")  # it names the line of a template that fails
    for language in languages:
        made = _environment(language)
        for file in TEMPLATES.iterdir():
            made.get_template(file.name)
        made.from_string("{{ 1234.5 | number }} {{ 0 | moment }}").render()  # Babel reads its own files


def refuse(site: Site, status: int, language: str) -> Response:
    """Return the page that says why a request was refused."""
    title, said = TITLES.get(status, (N_("This request is not allowed"), ""))
    words = i18n.translator(language)
    values = {"title": words.gettext(title), "said": words.gettext(said) if said else ""}
    return HTMLResponse(write("refused.html.j2", language, site, **values), status)


def _part(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    reader: Reader = request.scope["reader"]
    text = write(template, reader.lang, request.app.state.site, at=_at(request), **values)
    return HTMLResponse(text, status)


def _at(request: Request) -> str:
    """Return the path of the seat of a request, below the prefix of the site."""
    given = request.path_params
    return f"/seats/{given['lab']}/{given['student']}" if "lab" in given else ""


async def ask(request: Request, want: str, **more: str) -> dict[str, Any]:
    """Return the answer of the desk about the seat of a request. Raises DeskRefusal."""
    seats: Seats = request.app.state.seats
    reader: Reader = request.scope["reader"]
    given = request.path_params
    return await run_in_threadpool(
        lambda: seats.ask(want, given["lab"], given["student"], reader.lang, **more)
    )


show_refusals = refusals.answer_refusals(
    lambda request, said: _part(request, "problem.html.j2", refusals.STATUS, said=said)
)
"""A decorator for pages: a refusal is said where the answer would be."""


async def home(request: Request) -> Response:
    """Lead a reader to their own page."""
    reader: Reader = request.scope["reader"]
    site: Site = request.app.state.site
    if reader.is_instructor:
        return RedirectResponse(site.url("/class/"), 303)
    seats = sorted(reader.seats)
    if not seats:
        return refuse(site, 404, reader.lang)
    lab, student = seats[0]
    return RedirectResponse(site.url(f"/seats/{lab}/{student}/"), 303)


async def student(request: Request) -> Response:
    """Show the page of a seat."""
    try:
        own, work = await ask(request, "page"), await ask(request, "work")
    except DeskRefusal as error:
        words = i18n.translator(request.scope["reader"].lang)
        title = words.gettext(N_("This page cannot be shown"))
        return _part(request, "refused.html.j2", 500, title=title, said=str(error))
    scripts, styles = request.app.state.scripts, request.app.state.styles
    watching = request.scope["reader"].is_instructor
    values = {"scripts": scripts, "styles": styles, "watching": watching, "notes": own["notes"]}
    return _part(request, "student.html.j2", own=own, work=work, said="", **values)


@show_refusals
async def hosts(request: Request) -> Response:
    """Show the state of the hosts."""
    found = await ask(request, "hosts")
    has_terminals = bool(request.app.state.scripts)
    has_packets = has_terminals and not request.scope["reader"].is_instructor
    values = {"has_terminals": has_terminals, "has_packets": has_packets}
    return _part(request, "hosts.html.j2", hosts=found["hosts"], **values)


@show_refusals
async def save(request: Request) -> Response:
    """Save one answer."""
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in ("exercise", "question", "value")}
    await ask(request, "save", **given)
    words = i18n.translator(request.scope["reader"].lang)
    return HTMLResponse(words.gettext(N_("saved")))


@show_refusals
async def check(request: Request) -> Response:
    """Check the work, after taking a hint where the form names one."""
    form = await request.form()
    found = await ask(request, "check", hint=str(form.get("hint", "")))
    return _part(request, "checked.html.j2", found=found, now=time.strftime("%H:%M:%S"))


async def take(request: Request) -> Response:
    """Keep an uploaded capture, and show the captures of its exercise again."""
    async with request.form(max_files=1, max_fields=4) as form:
        file, id, exercise = form.get("file"), str(form.get("id", "")), str(form.get("exercise", ""))
        said = ""
        try:
            if isinstance(file, UploadFile):
                await run_in_threadpool(_give, request, file, id)
        except DeskRefusal as error:
            said = str(error)
    return await _captures(request, exercise, said)


@show_refusals
async def captures(request: Request) -> Response:
    """Show the captures of the exercise that `?exercise=` names as they are now."""
    return await _captures(request, request.query_params.get("exercise", ""))


async def _captures(request: Request, exercise: str, said: str = "") -> Response:
    found = await ask(request, "work")
    own = next((each for each in found["exercises"] if each["id"] == exercise), {"captures": [], "id": ""})
    watching = request.scope["reader"].is_instructor
    return _part(request, "captures.html.j2", exercise=own, said=said, watching=watching)


def _give(request: Request, file: UploadFile, id: str) -> None:
    """Give the desk a file without a name, whatever holds the upload."""
    seats: Seats = request.app.state.seats
    given = request.path_params
    with tempfile.TemporaryFile() as copy:
        while part := file.file.read(1 << 20):
            copy.write(part)
        copy.seek(0)
        seats.give("take", given["lab"], given["student"], request.scope["reader"].lang, copy.fileno(), id=id)


@show_refusals
async def solve(request: Request) -> Response:
    """Do the work of an exercise, and show the changes."""
    form = await request.form()
    done = await ask(request, "solve", exercise=str(form.get("exercise", "")))
    return _part(request, "done.html.j2", done=done)


@show_refusals
async def reset(request: Request) -> Response:
    """Put the hosts of an exercise back into their start state."""
    form = await request.form()
    done = await ask(request, "reset", exercise=str(form.get("exercise", "")))
    return _part(request, "done.html.j2", done=done)


@show_refusals
async def hand_in(request: Request) -> Response:
    """Pack the work, and show the receipt."""
    return _part(request, "receipt.html.j2", receipt=await ask(request, "hand in"))


@show_refusals
async def bundle(request: Request) -> Response:
    """Give the file that was packed last."""
    name, content = await open_file(request, "bundle", _place(request))
    return send_file(name, content)


@show_refusals
async def explain(request: Request) -> Response:
    """Show the page that explains a capture, or give its copy for Wireshark."""
    name, content = await open_file(request, "explain", _place(request), name=request.path_params["name"])
    return HTMLResponse(content) if name.endswith(".html") else send_file(name, content)


def _place(request: Request) -> tuple[str, str]:
    """Return the lab and the student of a request."""
    return request.path_params["lab"], request.path_params["student"]


async def open_file(request: Request, want: str, place: tuple[str, str], **more: str) -> tuple[str, bytes]:
    """Return name and content of a file that the desk gives, for a lab and a student. Raises DeskRefusal."""
    seats: Seats = request.app.state.seats
    lang = request.scope["reader"].lang

    def read() -> tuple[str, bytes]:
        answer, handle = seats.open(want, *place, lang, **more)
        with os.fdopen(handle, "rb") as file:
            return str(answer["name"]), file.read(2 * BUNDLE.file)

    return await run_in_threadpool(read)


def send_file(name: str, content: bytes) -> Response:
    """Return a file to download."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/octet-stream", headers=headers)


async def enter(request: Request) -> Response:
    """Show the page of a personal link."""
    language = request.app.state.language(request)
    token = request.path_params["token"]
    return HTMLResponse(write("enter.html.j2", language, request.app.state.site, token=token))


async def enter_with(request: Request) -> Response:
    """Exchange a token for a cookie."""
    site: Site = request.app.state.site
    links: Links = request.app.state.links
    cookies: Cookies = request.app.state.cookies
    form = await request.form()
    token = str(form.get("token", ""))
    reader = links.use(token)
    if reader is None and request.app.state.class_lab:
        reader = await run_in_threadpool(_use, request.app.state.seats, request.app.state.class_lab, token)
    if reader is None:
        return refuse(site, 401, request.app.state.language(request))
    if not request.app.state.is_known(reader):
        await request.app.state.epochs.forget()
    answer = RedirectResponse(site.url("/"), 303)
    keep(answer, site, site.cookie, cookies.write(reader, time.time()))
    return answer


def _use(seats: Seats, lab: str, token: str) -> Reader | None:
    """Return the reader of a personal link of a class, which works once."""
    try:
        return from_plain(seats.ask("use link", lab, STRANGER, token=token)["reader"])
    except DeskRefusal:
        return None


async def language(request: Request) -> Response:
    """Keep the language that a reader chose, and go back."""
    site: Site = request.app.state.site
    form = await request.form()
    code, back = str(form.get("language", "")), str(form.get("back", "/"))
    safe = back if back.startswith("/") and not back.startswith("//") and "\\" not in back else "/"
    answer = RedirectResponse(site.url(safe), 303)
    if code in i18n.languages():
        keep(answer, site, LANGUAGE, code)
    return answer


def keep(answer: Response, site: Site, name: str, value: str) -> None:
    """Set a cookie that only pages of this site send."""
    answer.set_cookie(
        name,
        value,
        max_age=LIFE,
        path=site.prefix + "/",
        secure=site.is_secure,
        httponly=True,
        samesite="strict",
    )


def routes() -> list[Route]:
    """Return the routes of the pages."""
    seat = "/seats/{lab}/{student}"
    return [
        Route("/", home),
        Route("/enter/{token}", enter),
        Route("/enter", enter_with, methods=["POST"]),
        Route("/language", language, methods=["POST"]),
        Route(f"{seat}/", student),
        Route(f"{seat}/hosts", hosts),
        Route(f"{seat}/answers", save, methods=["POST"]),
        Route(f"{seat}/check", check, methods=["POST"]),
        Route(f"{seat}/hints", check, methods=["POST"]),
        Route(f"{seat}/captures", take, methods=["POST"]),
        Route(f"{seat}/captures", captures),
        Route(f"{seat}/captures/{{name}}", explain),
        Route(f"{seat}/solve", solve, methods=["POST"]),
        Route(f"{seat}/reset", reset, methods=["POST"]),
        Route(f"{seat}/hand-in", hand_in, methods=["POST"]),
        Route(f"{seat}/bundle", bundle),
    ]
