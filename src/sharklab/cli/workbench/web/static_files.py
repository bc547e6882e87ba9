"""The files of `/static/`: read once at the start, and kept in memory. No request reaches the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sharklab.report.render import TEMPLATES

OWN = Path(__file__).with_name("static")
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class File:
    """A file with its media type; `tag` names its content (RFC 9110, 8.8.3)."""

    content: bytes
    type: str
    tag: str


def read(others: Mapping[str, Path]) -> dict[str, File]:
    """Return the files by name: our own, the style of reports, and `others`, those of other makers."""
    own = {file.name: file for file in OWN.iterdir() if file.suffix in TYPES}
    places = {**own, "report.css": TEMPLATES / "report.css", **others}
    return {name: _file(name, path) for name, path in places.items()}


def _file(name: str, path: Path) -> File:
    content = path.read_bytes()
    return File(content, TYPES[Path(name).suffix], f'"{hashlib.sha256(content).hexdigest()[:24]}"')


def route(files: Mapping[str, File]) -> Route:
    """Return the route that gives `files`, and no others."""

    async def give(request: Request) -> Response:
        found = files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        headers = {"etag": found.tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == found.tag:
            return Response(status_code=304, headers=headers)
        return Response(found.content, media_type=found.type, headers=headers)

    return Route("/static/{name}", give)
