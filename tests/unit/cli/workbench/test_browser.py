"""Opening a link: only on a screen, and as the person who called sudo."""

from __future__ import annotations

import pwd
from typing import Any

import pytest

from sharklab.cli.workbench import browser

LINK = "http://127.0.0.1:8470/enter/token"
OPENER = "/usr/bin/xdg-open"
PERSON = pwd.struct_passwd(("ada", "x", 1234, 2345, "", "/home/ada", "/bin/sh"))

Calls = list[tuple[list[str], dict[str, Any]]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Return the programs that were started: a computer with a screen, and with an opener, of uid 1000."""
    made: Calls = []
    monkeypatch.setattr("shutil.which", lambda name: OPENER)
    monkeypatch.setattr("subprocess.Popen", lambda words, **given: made.append((words, given)))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(pwd, "getpwuid", {1234: PERSON}.__getitem__)
    for name in (*browser.DISPLAYS, "SUDO_UID", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    return made


@pytest.mark.parametrize("display", browser.DISPLAYS)
def test_link_is_opened_on_a_screen(calls: Calls, monkeypatch: pytest.MonkeyPatch, display: str) -> None:
    """The program outlives the terminal, and is this user's."""
    monkeypatch.delenv("DISPLAY")
    monkeypatch.setenv(display, "0")
    monkeypatch.setenv("SUDO_UID", "1234")  # as sudo -u leaves it
    browser.open_link(LINK)
    [(words, given)] = calls
    assert [OPENER, LINK] == words
    assert given["start_new_session"]
    assert not {"user", "group", "env"} & set(given)


def test_computer_without_a_screen_opens_nothing(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server has none; an empty variable is none."""
    monkeypatch.setenv("DISPLAY", "")
    browser.open_link(LINK)
    assert [] == calls


def test_computer_without_an_opener_opens_nothing(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link is on the terminal anyway."""
    monkeypatch.setattr("shutil.which", lambda name: None)
    browser.open_link(LINK)
    assert [] == calls


@pytest.mark.parametrize("caller", ["", "0"])
def test_browser_is_never_root_s(calls: Calls, monkeypatch: pytest.MonkeyPatch, caller: str) -> None:
    """Root may have called sudo, too."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    if caller:
        monkeypatch.setenv("SUDO_UID", caller)
    browser.open_link(LINK)
    assert [] == calls


@pytest.mark.parametrize(("runtime", "expected"), [("", "/run/user/1234"), ("/run/own", "/run/own")])
def test_browser_behind_sudo_is_the_person_s(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, runtime: str, expected: str
) -> None:
    """It has the ids, the home and the session of the person, and no group of root."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", "1234")
    if runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    browser.open_link(LINK)
    [(_, given)] = calls
    assert (1234, 2345, []) == (given["user"], given["group"], given["extra_groups"])
    env = given["env"]
    assert ("/home/ada", "ada", "ada") == (env["HOME"], env["USER"], env["LOGNAME"])
    assert (expected, ":0") == (env["XDG_RUNTIME_DIR"], env["DISPLAY"])
