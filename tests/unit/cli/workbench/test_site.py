"""The public address of a workbench."""

from __future__ import annotations

import pytest

from sharklab.cli.workbench import site
from sharklab.errors import InputError
from tests.support.errors import error_of


@pytest.mark.parametrize(
    ("url", "origin", "prefix"),
    [
        ("http://127.0.0.1:8470", "http://127.0.0.1:8470", ""),
        ("https://Lab.example.org:443/bench/", "https://lab.example.org", "/bench"),
        ("http://[::1]:8470/", "http://[::1]:8470", ""),
    ],
)
def test_read_gives_what_a_browser_sends(url: str, origin: str, prefix: str) -> None:
    """A browser leaves out the port that its scheme has anyway."""
    found = site.read(url)
    assert (origin, prefix) == (found.origin, found.prefix)
    assert f"{prefix}/x" == found.url("/x")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lab.example",
        "ftp://lab.example",
        "http://",
        "http://a:b",
        "http://u@a",
        "http://a/?q",
        "http://[x",
    ],
)
def test_other_texts_are_refused(url: str) -> None:
    """The error names the option and the text."""
    error = error_of(InputError, site.read, url)
    assert ("--url", {"url": url}) == (error.place, error.values)


def test_cookies_of_two_ports_have_two_names() -> None:
    """Browsers send the cookies of a host to all of its ports."""
    assert site.read("http://a:1").cookie != site.read("http://a:2").cookie
