"""Debian's Firefox for Playwright: start it, and stand between the two.

Playwright talks to a Firefox that it did not build by WebDriver BiDi (W3C). It sends some commands that the
extended support release does not have yet. Tests need none of them, so each is answered as if it was done.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

PROGRAMS = ("firefox-esr", "firefox")
"""The names of the program on Debian's family and on Red Hat's."""

MISSING = frozenset(
    {
        "browser.setDownloadBehavior",
        "emulation.setLocaleOverride",
        "emulation.setMediaFeaturesOverride",
        "emulation.setScreenOrientationOverride",
        "emulation.setScreenSettingsOverride",
        "network.addDataCollector",
    }
)
"""Commands that Firefox 140 does not know."""

SAYS_ITS_ADDRESS = "WebDriver BiDi listening on "
"""Playwright looks for this line."""


def write_program(folder: Path, firefox: str) -> Path:
    """Write a program into `folder` that takes the arguments of `firefox` and stands in for it."""
    program = folder / "firefox"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P "{__file__}" "{firefox}" "$@"\n')
    program.chmod(0o755)
    return program


async def _run(*command: str) -> int:
    """Run Firefox and return its exit code."""
    firefox = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert firefox.stderr
    lines = firefox.stderr
    address = await _address(lines)

    async def talk(playwright: ServerConnection) -> None:
        await _relay(playwright, f"{address}/session")

    async with serve(talk, "127.0.0.1", 0, max_size=None, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        print(f"{SAYS_ITS_ADDRESS}ws://127.0.0.1:{port}", file=sys.stderr, flush=True)
        while await lines.readline():
            pass
        return await firefox.wait()


async def _address(lines: asyncio.StreamReader) -> str:
    """Return the address that Firefox prints when it is ready."""
    async for line in lines:
        if found := re.search(rf"{SAYS_ITS_ADDRESS}(\S+)", line.decode(errors="replace")):
            return found[1]
    sys.exit("Firefox ended before it was ready")


async def _relay(playwright: ServerConnection, address: str) -> None:
    """Carry messages both ways until one side ends."""
    async with connect(address, max_size=None, ping_interval=None) as firefox:

        async def answers() -> None:
            async for message in firefox:
                await playwright.send(message)

        async def commands() -> None:
            async for message in playwright:
                asked = json.loads(message)
                if asked["method"] in MISSING:
                    done = {"type": "success", "id": asked["id"], "result": {"collector": ""}}
                    await playwright.send(json.dumps(done))
                else:
                    await firefox.send(message)

        ways = [asyncio.create_task(answers()), asyncio.create_task(commands())]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        found = await asyncio.gather(*ways, return_exceptions=True)
        for error in found:
            if isinstance(error, Exception) and not isinstance(error, ConnectionClosed):
                raise error


if __name__ == "__main__":
    sys.exit(asyncio.run(_run(*sys.argv[1:])))
