"""The files of `/static/`: which there are, and how a browser gets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sharklab.cli.workbench.web import static_files
from sharklab.report.render import TEMPLATES


@pytest.fixture
def others(tmp_path: Path) -> dict[str, Path]:
    """Return a file of another maker, whose name on the disk is another one."""
    (tmp_path / "htmx.min.js").write_text("let htmx;")
    return {"htmx.js": tmp_path / "htmx.min.js"}


@pytest.fixture
def browser(others: dict[str, Path]) -> TestClient:
    """Return a browser of an application that has nothing else."""
    return TestClient(Starlette(routes=[static_files.route(static_files.read(others))]))


def test_files_are_ours_and_those_of_others(others: dict[str, Path]) -> None:
    """Each with its media type."""
    found = static_files.read(others)
    own = {file.name for file in static_files.OWN.iterdir() if file.suffix in static_files.TYPES}
    assert own | {"report.css", "htmx.js"} == set(found)
    assert (TEMPLATES / "report.css").read_bytes() == found["report.css"].content
    assert (b"let htmx;", "text/javascript; charset=utf-8") == (
        found["htmx.js"].content,
        found["htmx.js"].type,
    )


def test_file_of_a_type_that_no_page_loads_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder may hold a note."""
    monkeypatch.setattr(static_files, "OWN", tmp_path)
    for name in ("own.js", "README.md"):
        (tmp_path / name).touch()
    assert {"own.js", "report.css"} == set(static_files.read({}))


def test_tag_names_the_content(others: dict[str, Path]) -> None:
    """It changes with the file, and with nothing else."""
    first = static_files.read(others)["htmx.js"].tag
    assert first == static_files.read(others)["htmx.js"].tag
    others["htmx.js"].write_text("let other;")
    assert first != static_files.read(others)["htmx.js"].tag
    assert first[0] == first[-1] == '"'


def test_no_request_reaches_the_disk(browser: TestClient, others: dict[str, Path]) -> None:
    """The process that answers has no right to read files."""
    others["htmx.js"].unlink()
    answer = browser.get("/static/htmx.js")
    assert (200, b"let htmx;") == (answer.status_code, answer.content)
    assert "text/javascript; charset=utf-8" == answer.headers["content-type"]


def test_file_is_not_sent_twice(browser: TestClient) -> None:
    """A browser that has a file gets a short answer; with another tag it gets the file."""
    first = browser.get("/static/workbench.css")
    again = browser.get("/static/workbench.css", headers={"if-none-match": first.headers["etag"]})
    other = browser.get("/static/workbench.css", headers={"if-none-match": '"other"'})
    assert (200, 304, b"") == (first.status_code, again.status_code, again.content)
    assert first.headers["etag"] == again.headers["etag"] and "no-cache" == again.headers["cache-control"]
    assert (200, first.content) == (other.status_code, other.content)


@pytest.mark.parametrize(
    "name", ["app.py", "%2e%2e%2fapp.py", "..%2f..%2f..%2fetc%2fpasswd", "", "htmx.min.js"]
)
def test_name_that_is_none_gets_none(browser: TestClient, name: str) -> None:
    """Also where a file of that name is on the disk."""
    assert 404 == browser.get(f"/static/{name}").status_code
