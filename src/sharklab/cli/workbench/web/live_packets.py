"""Show packets of a host as they pass: a WebSocket for the rows, and requests for one packet or all of them.

To the browser:
    {"recording": {"state": "starts", ...}}     the recording of the host
    {"clear": number, "display": filter}        the rows begin anew
    {"first": number, "rows": [...]}            more rows
    {"problem": text}
From the browser:
    {"do": "start", "network": name, "filter": expression}, {"do": "stop"}
    {"do": "show", "filter": display filter}
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from html import escape
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from sharklab import i18n
from sharklab.cli.workbench.client import Seats
from sharklab.cli.workbench.identity import Reader
from sharklab.cli.workbench.web.live_capture import Live
from sharklab.cli.workbench.web.pages import show_refusals, write
from sharklab.cli.workbench.web.terminals import REFUSED, first_of, is_owner
from sharklab.cli.workbench.web.watching import Watched, WatchedHost, Watching
from sharklab.errors import SharklabError
from sharklab.evidence.packets.growing import whole_packets
from sharklab.hosts.door import protocol
from sharklab.message import N_, Message

BATCH = 0.1
"""Seconds between two batches of rows."""

MOST = 1000
"""Rows of a batch."""

FAILED = N_("The packets cannot be shown any more; the recording goes on.")


def routes() -> list[BaseRoute]:
    """Return the routes of packets."""
    host = "/seats/{lab}/{student}/hosts/{host}/packets"
    return [
        WebSocketRoute(host, packets),
        Route(f"{host}/capture.pcapng", capture),
        Route(f"{host}/keep", keep, methods=["POST"]),
        Route(f"{host}/conversation", conversation),
        Route(f"{host}/{{number:int}}", packet),
    ]


def _find_watching(app: Any) -> Watching:
    """Return the recordings that are watched by readers of this application."""
    if not hasattr(app.state, "watching"):
        app.state.watching = Watching(app.state.door)
    found: Watching = app.state.watching
    return found


def _place(params: dict[str, Any]) -> WatchedHost:
    return params["lab"], params["student"], params["host"]


async def packets(ws: WebSocket) -> None:
    """Send rows while the browser looks, and do what it asks."""
    place, reader = _place(ws.path_params), ws.scope["reader"]
    await ws.accept()
    if not is_owner(reader, place[1]):
        await ws.close(REFUSED)
        return
    watching = _find_watching(ws.app)
    watched = watching.join(place)
    try:
        with suppress(RuntimeError, WebSocketDisconnect):
            await _try(ws, reader, watched.refresh(reader.lang))
            await first_of(
                _send_state(ws, watched), _send_rows(ws, watched, reader), _obey(ws, watched, reader)
            )
            await ws.close()
    finally:
        watching.leave(place)


async def _send_state(ws: WebSocket, watched: Watched) -> None:
    while True:
        changed = watched.changed
        await _send(ws, {"recording": {**watched.shown, "state": watched.state}})
        await changed.wait()


async def _send_rows(ws: WebSocket, watched: Watched, reader: Reader) -> None:
    """Send new rows at once, then at most one batch each tenth of a second."""
    while True:
        live, changed = watched.live, watched.changed
        if live is None:
            await changed.wait()
            continue
        generation = live.generation
        await _send_generation(ws, watched, live, reader)
        while watched.live is live and live.generation == generation:
            await changed.wait()
            changed = watched.changed


async def _send_generation(ws: WebSocket, watched: Watched, live: Live, reader: Reader) -> None:
    """Send the rows of one decoding until others replace it, or it fails."""
    seen, generation = 0, live.generation
    await _send(ws, {"clear": generation, "display": live.display})
    while watched.live is live and live.generation == generation:
        first, rows = live.since(seen, MOST)
        seen = first + len(rows)
        if rows:
            body = f'"first":{first},"rows":[{",".join(rows)}]'
            await ws.send_text(f"{{{body}}}")
            await asyncio.sleep(BATCH)
        elif live.has_failed:
            await _send(ws, {"problem": i18n.translator(reader.lang).gettext(FAILED)})
            return
        else:
            await live.wait(generation, seen)


async def _obey(ws: WebSocket, watched: Watched, reader: Reader) -> None:
    """Do what the browser asks for."""
    while True:
        try:
            asked = json.loads(await ws.receive_text())
            wanted, given = asked["do"], {name: str(value) for name, value in asked.items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return
        if wanted == "show":
            await _try(ws, reader, watched.show(given.get("filter", ""), reader.lang))
            continue
        if not ws.app.state.is_known(reader):
            return
        if wanted == "start":
            network, filter = given.get("network", ""), given.get("filter", "")
            await _try(ws, reader, watched.start(network, filter, reader.lang))
        elif wanted == "stop":
            await _try(ws, reader, watched.stop(reader.lang))


async def _try(ws: WebSocket, reader: Reader, work: Any) -> None:
    try:
        await work
    except SharklabError as error:
        await _send(ws, {"problem": error.say(i18n.translator(reader.lang).gettext)})


async def _send(ws: WebSocket, content: dict[str, Any]) -> None:
    await ws.send_text(json.dumps(content, ensure_ascii=False))


def _live(request: Request) -> Live:
    """Return the recording that a request is about. Raises HTTPException."""
    place, reader = _place(request.path_params), request.scope["reader"]
    watched = _find_watching(request.app).find(place)
    if not is_owner(reader, place[1]) or watched is None or watched.live is None:
        raise HTTPException(404)
    return watched.live


async def _ask(request: Request, want: str, **more: str) -> tuple[dict[str, Any], list[int]]:
    """Return the answer of the desk about the recording of a request, and its file descriptors."""
    live, place = _live(request), _place(request.path_params)
    seats: Seats = request.app.state.seats
    lang = request.scope["reader"].lang
    async with request.app.state.watching.looks:
        return await run_in_threadpool(
            lambda: seats.exchange(want, place[0], place[1], lang, live.file, host=place[2], **more)
        )


@show_refusals
async def packet(request: Request) -> Response:
    """Show the layers and the bytes of one packet."""
    answer, handles = await _ask(request, "packet", number=str(request.path_params["number"]))
    protocol.close(handles)
    layers = [
        (layer["title"], "\n".join(f"{'  ' * depth}{line}" for depth, line in layer["lines"]))
        for layer in answer["layers"]
    ]
    rows = "\n".join(f"{place}  {digits:<47}  {letters}" for place, digits, letters in answer["bytes"])
    lang, site = request.scope["reader"].lang, request.app.state.site
    return HTMLResponse(write("packet.html.j2", lang, site, layers=layers, bytes=rows))


@show_refusals
async def conversation(request: Request) -> Response:
    """Show the ladder of the conversation that `?talk=` names."""
    answer, handles = await _ask(request, "conversation", talk=request.query_params.get("talk", ""))
    protocol.close(handles)
    return HTMLResponse(answer["svg"])


@show_refusals
async def capture(request: Request) -> Response:
    """Give all packets as a pcapng file."""
    lab, _, host = _place(request.path_params)
    _, handles = await _ask(request, "pcapng")
    with os.fdopen(handles[0], "rb") as file:
        content = await run_in_threadpool(file.read)
    headers = {"content-disposition": f'attachment; filename="{lab}-{host}.pcapng"'}
    return Response(content, media_type="application/octet-stream", headers=headers)


@show_refusals
async def keep(request: Request) -> Response:
    """Keep all packets as the capture of an exercise, in the student's folder.

    The page hears of it as `kept-<id>` (work.html.j2).
    """
    place, reader, live = _place(request.path_params), request.scope["reader"], _live(request)
    seats: Seats = request.app.state.seats
    form = await request.form()
    id = str(form.get("id", ""))

    def give() -> None:
        with whole_packets(live.file) as (file, _):
            seats.give("take", place[0], place[1], reader.lang, file.fileno(), id=id)

    await run_in_threadpool(give)
    said = i18n.translator(reader.lang).say(Message(N_("kept as the capture {id}"), {"id": id}))
    return HTMLResponse(f'<span class="kept">✓ {escape(said)}</span>', headers={"hx-trigger": f"kept-{id}"})
