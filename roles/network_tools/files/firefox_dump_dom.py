#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Load one page in Firefox without a screen and print it, as `chromium --headless --dump-dom URL` does.

    firefox-dump-dom URL
    firefox-dump-dom --prepare

Firefox has no such option, and its --screenshot never ends on an error page. So Firefox is told what to do
by Marionette, its own remote control (https://firefox-source-docs.mozilla.org/testing/marionette), with a
new profile that is gone afterwards. The exit code is 1 where Firefox shows an error page: the words and the
name of the error are printed instead. A profile that was prepared is what the new ones begin as, which spares
Firefox half of its work.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

NAMES = ("firefox-esr", "firefox")
"""The program in Debian, and elsewhere."""

PREFERENCES: dict[str, object] = {
    "browser.newtab.preload": False,
    "browser.newtabpage.activity-stream.feeds.topsites": False,  # would look up the names of popular sites
    "browser.startup.page": 0,  # blank
    "browser.startup.homepage_override.mstone": "ignore",
    "dom.ipc.processPrelaunch.enabled": False,  # one page needs no processes kept ready
    "dom.security.https_first": False,  # the page that was asked for, not a guess of its HTTPS twin
    "marionette.port": 0,  # any free one: many may run side by side
}
"""Beside those that Marionette sets by itself: no look at the network but for the page."""

PREPARED = Path("/var/cache/firefox-dump-dom")
"""A profile with what Firefox compiles at its first start; there is nothing of a user in it."""

NEVER = 3_600_000
"""Milliseconds for the page: its own limits are under observation here."""


class Remote:
    """A connection to Firefox: a message is JSON, after its length and a colon."""

    def __init__(self, port: int) -> None:
        self.stream = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
        self.receive()  # its greeting

    def receive(self) -> Any:
        """Return the next message. Raises EOFError when Firefox is gone."""
        length = b""
        while not length.endswith(b":"):
            byte = self.stream.read(1)
            if not byte:
                raise EOFError
            length += byte
        return json.loads(self.stream.read(int(length[:-1])))

    def call(self, command: str, **parameters: object) -> Any:
        """Return the value that a command gives. Raises RuntimeError with what Firefox says is wrong."""
        message = json.dumps([0, 1, command, parameters]).encode()
        self.stream.write(b"%d:%s" % (len(message), message))
        self.stream.flush()
        _kind, _id, error, result = self.receive()
        if error:
            raise RuntimeError(error["message"])
        return result.get("value")


def start(profile: Path) -> subprocess.Popen[bytes]:
    """Start Firefox with the new folder `profile`."""
    program = next(filter(shutil.which, NAMES), None)
    if program is None:
        sys.exit("firefox-dump-dom: Firefox is not installed")
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("".join(lines))
    command = [program, "--headless", "--no-remote", "--marionette", "--profile", str(profile)]
    # Without it, a Firefox that was released does not let Marionette keep it from asking for its settings.
    env = {**os.environ, "MOZ_REMOTE_SETTINGS_DEVTOOLS": "1"}
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for_port(firefox: subprocess.Popen[bytes], profile: Path) -> int:
    """Return the port of the remote control, which Firefox writes to its profile when it listens."""
    note = profile / "MarionetteActivePort"
    while not (note.exists() and note.read_text()):
        if firefox.poll() is not None:
            sys.exit(f"firefox-dump-dom: Firefox ended with {firefox.returncode}")
        time.sleep(0.05)
    return int(note.read_text())


def visit(remote: Remote, url: str) -> int:
    """Load the page and print it, or what the error page says, and return the exit code."""
    remote.call("WebDriver:NewSession")
    remote.call("WebDriver:SetTimeouts", pageLoad=NEVER)
    try:
        remote.call("WebDriver:Navigate", url=url)
    except RuntimeError as error:
        print(remote.call("WebDriver:GetTitle"), *words(str(error)), sep="\n")
        return 1
    print(remote.call("WebDriver:GetPageSource"))
    return 0


def words(message: str) -> list[str]:
    """Return description and name of the error from `Reached error page: about:neterror?e=NAME&d=TEXT`."""
    said = parse_qs(urlsplit(message.rpartition(" ")[2]).query)
    return [*said.get("d", []), *said.get("e", [message])]


def dump(url: str) -> int:
    """Load the page with a profile of its own, and leave nothing behind."""
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as folder:
        profile = Path(folder, "profile")
        if PREPARED.is_dir():
            shutil.copytree(PREPARED, profile)
        else:
            profile.mkdir()
        firefox = start(profile)
        try:
            return visit(Remote(wait_for_port(firefox, profile)), url)
        except EOFError:
            sys.exit("firefox-dump-dom: Firefox ended before the page")
        finally:
            firefox.kill()
            firefox.wait()


def prepare() -> int:
    """Make the profile that new ones begin as: Firefox keeps what it compiled when it ends in good order."""
    shutil.rmtree(PREPARED, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="firefox-") as folder:
        profile = Path(folder, "profile")
        profile.mkdir()
        firefox = start(profile)
        remote = Remote(wait_for_port(firefox, profile))
        remote.call("WebDriver:NewSession")
        remote.call("WebDriver:Navigate", url="about:blank")
        remote.call("Marionette:Quit", flags=["eAttemptQuit"])
        firefox.wait()
        locks = shutil.ignore_patterns("lock", ".parentlock", "MarionetteActivePort")
        shutil.copytree(profile, PREPARED, ignore=locks)
    subprocess.run(["chmod", "--recursive", "a+rX", PREPARED], check=True)
    return 0


def main() -> int:
    """Do what the command line says."""
    if len(sys.argv) != 2:
        sys.exit("usage: firefox-dump-dom URL | --prepare")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return prepare() if sys.argv[1] == "--prepare" else dump(sys.argv[1])


if __name__ == "__main__":
    sys.exit(main())
