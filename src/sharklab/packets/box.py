"""Run Wireshark's tools in a box: a capture may come from a stranger, and its reader may have holes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharklab.errors import N_, InputError, MachineryError

NOBODY = 65534
_PACKAGES = {
    "tshark": "tshark (wireshark-cli on Rocky)",
    "editcap": "wireshark-common (wireshark-cli on Rocky)",
}


@dataclass(frozen=True)
class Limits:
    """What a tool may take for one capture: seconds, bytes of address space, bytes of output."""

    seconds: int = 60
    memory: int = 1 << 30
    output: int = 512 << 20


LIMITS = Limits()


def run(tool: str, options: Sequence[str], capture: Path, limits: Limits) -> bytes:
    """Return what `tool` prints when it reads `capture` from standard input (to where it is cut).

    Raises InputError when that is more than `limits` allow, MachineryError when the tool is missing or fails.
    """
    argv = [*box(limits), find(tool), *options]
    try:
        with capture.open("rb") as stream:
            done = subprocess.run(
                argv, stdin=stream, capture_output=True, env=_environ(), timeout=limits.seconds, check=False
            )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            N_("the capture took {tool} more than {seconds} s"),
            place=str(capture),
            tool=tool,
            seconds=limits.seconds,
            hint=N_("capture fewer packets"),
        ) from error
    return _accept(tool, capture, done, limits)


REPAIR = N_("check {tool} with: {tool} --version")
_CUT = b"cut short in the middle of a packet"


def _accept(tool: str, capture: Path, done: subprocess.CompletedProcess[bytes], limits: Limits) -> bytes:
    """Return the tool's output, if it read the capture (to where it is cut)."""
    if done.returncode == 0 or _CUT in done.stderr:
        return bytes(done.stdout)
    if done.returncode < 0 or b"memory" in done.stderr:
        raise InputError(
            N_("the capture needs more than {tool} may take ({memory} MiB, {seconds} s)"),
            place=str(capture),
            tool=tool,
            memory=limits.memory >> 20,
            seconds=limits.seconds,
            hint=N_("capture fewer packets"),
        )
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    raise MachineryError(
        N_("{tool} failed ({code}): {said}") if lines else N_("{tool} failed ({code}): it said nothing"),
        place=str(capture),
        hint=REPAIR,
        tool=tool,
        code=done.returncode,
        said="".join(lines[-1:]),
    )


def box(limits: Limits) -> list[str]:
    """Return the command that runs another one within limits and, for root, as nobody without a network.

    Raises MachineryError when a tool for that is missing.
    """
    bounds = [f"--as={limits.memory}", f"--cpu={limits.seconds}", f"--fsize={limits.output}", "--core=0"]
    command = [find("prlimit"), *bounds]
    if os.geteuid() == 0:
        identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
        command += [find("unshare"), "--net", "--", find("setpriv"), *identity]
    return command


def _environ() -> Mapping[str, str]:
    """Return the environment of a tool: without the user's settings, in UTC and UTF-8."""
    nowhere = "/nonexistent"
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "WIRESHARK_CONFIG_DIR": nowhere,
        "HOME": nowhere,
    }


def find(tool: str) -> str:
    """Return where `tool` is. Raises MachineryError naming its package when it is not installed."""
    found = shutil.which(tool)
    if not found:
        raise MachineryError(
            N_("{tool} is not installed"),
            place=tool,
            hint=N_("install the package {package}"),
            tool=tool,
            package=_PACKAGES.get(tool, "util-linux"),
        )
    return found
