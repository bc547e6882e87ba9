"""The application: its routes for a student, for terminals and for a class, all of them inside the guard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.cli.workbench.site import Site
from sharklab.cli.workbench.web import app
from tests.support import workbench

TEACHER = Reader("instructor", INSTRUCTOR)
OPEN = ("/enter", "/language", "/static/")
"""The beginnings of the paths that answer everybody."""

Make = Callable[..., workbench.Bench]


@pytest.fixture
def make(mylab: Path, tmp_path: Path) -> Make:
    """Return a function that makes a workbench of alice."""
    return lambda **given: workbench.Bench(str(mylab), "alice", tmp_path / "work", **given)


def paths(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Yield the method and an example of the path of each route."""
    for route in routes:
        if isinstance(route, Mount):
            for method, path in paths(route.routes):
                yield method, route.path + path
        elif isinstance(route, Route | WebSocketRoute):
            methods = (route.methods or {"GET"}) - {"HEAD"} if isinstance(route, Route) else ["SOCKET"]
            example = route.path.replace("{lab}", "mylab").replace("{student}", "alice")
            for method in methods:
                yield method, re.sub(r"\{\w+(:\w+)?\}", "1", example)


@pytest.mark.parametrize("prefix", ["", "/bench"])
def test_every_route_is_inside_the_guard(make: Make, prefix: str) -> None:
    """A stranger gets only the page of a link, the choice of a language and the static files."""
    bench = make(site=Site("https://lab.example", prefix), keeper="/nothing", names={"alice": "Alice"})
    browser = bench.stranger()
    found = list(paths(bench.app.routes))
    assert len(found) > 25
    for method, path in found:
        assert path.startswith(prefix + "/")
        if path.removeprefix(prefix).startswith(OPEN):
            continue
        if method == "SOCKET":
            with pytest.raises(WebSocketDisconnect), browser.websocket_connect(f"wss://lab.example{path}"):
                pass
        else:
            assert (path, 401) == (path, browser.request(method, path).status_code)


def test_paths_outside_of_the_site_are_no_pages(make: Make) -> None:
    """A proxy may serve other programs there."""
    bench = make(site=Site("https://lab.example", "/bench"))
    assert 200 == bench.browser().get("/bench/seats/mylab/alice/").status_code
    assert 404 == bench.browser().get("/seats/mylab/alice/").status_code


def test_terminals_need_their_process(make: Make) -> None:
    """Without it the page loads no script of a terminal, and no route leads to one."""
    for keeper, expected in (("", False), ("/nothing", True)):
        bench = make(keeper=keeper)
        found = {path for _, path in paths(bench.app.routes)}
        assert expected == any(path.endswith("/terminal") for path in found)
        assert expected == any("/packets" in path for path in found)
        page = bench.browser().get(bench.at + "/").text
        assert {expected} == {name in page for name in (*app.SCRIPTS, *app.STYLES)}


def test_class_has_pages_of_its_own(make: Make) -> None:
    """The workbench of one student has none, not even for an instructor."""
    assert 404 == make().browser(TEACHER).get("/class/").status_code
    assert 200 == make(names={"alice": "Alice"}).browser(TEACHER).get("/class/").status_code


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_reader_who_is_not_known_has_the_language_of_the_browser(make: Make, lang: str) -> None:
    """The page of a link comes before the cookie."""
    page = make().stranger(lang).get("/enter/token").text
    assert f'<html lang="{lang}">' in page
