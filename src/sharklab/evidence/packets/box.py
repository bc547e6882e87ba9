"""Run Wireshark's tools in a box: a capture may come from a stranger, and its reader may have holes."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from sharklab import untrusted
from sharklab.errors import InputError, MachineryError
from sharklab.limits import CAPTURE, ToolLimits
from sharklab.message import N_

NOBODY = 65534
_PACKAGES = {
    "tshark": "tshark (wireshark-cli on Rocky)",
    "editcap": "wireshark-common (wireshark-cli on Rocky)",
}


def run(
    tool: str,
    options: Sequence[str],
    capture: Path,
    limits: ToolLimits,
    content: bytes | None = None,
    most: int = CAPTURE.bytes,
) -> IO[bytes]:
    """Return the output of `tool`, which reads `capture` from standard input (up to a cut), as an open file.

    The file has no name, and may be large. With `content`, a part of the capture, the tool reads only that.
    The capture has at most `most` bytes.
    Raises InputError if the tool needs more than `limits` allow, MachineryError if it is missing or fails.
    """
    argv = [*box(limits), find(tool), *options]
    with ExitStack() as stack:
        output, said = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        with _source(capture, content, most) as source:
            code = _call(tool, argv, capture, source, limits, output, said)
        _accept(tool, capture, code, said, limits)
        stack.pop_all()
        said.close()
        output.seek(0)
        return output


def _source(capture: Path, content: bytes | None, most: int) -> IO[bytes]:
    """Return an open file of the capture, or of the `content` that replaces it."""
    if content is None:
        return untrusted.stream(capture, most)
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it, as a stream)
    file.write(content)
    file.seek(0)
    return file


def _call(
    tool: str,
    argv: Sequence[str],
    capture: Path,
    source: IO[bytes],
    limits: ToolLimits,
    output: IO[bytes],
    said: IO[bytes],
) -> int:
    try:
        done = subprocess.run(
            argv,
            stdin=source,
            stdout=output,
            stderr=said,
            env=environ(),
            timeout=limits.patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            N_("{tool} needed more than {seconds} s for the capture"),
            place=str(capture),
            tool=tool,
            seconds=limits.patience,
            hint=N_("capture fewer packets"),
        ) from error
    return done.returncode


REPAIR = N_("check {tool} with: {tool} --version")
_CUT = b"cut short in the middle of a packet"
_SAID = 64 << 10
"""Bytes of what a tool says of its trouble that are looked at: the last ones."""


def _accept(tool: str, capture: Path, code: int, told: IO[bytes], limits: ToolLimits) -> None:
    """Raise an error unless the tool read the capture (to where it is cut)."""
    told.seek(max(0, told.seek(0, os.SEEK_END) - _SAID))
    said = told.read()
    if code == 0 or _CUT in said:
        return
    if code < 0 or b"memory" in said:
        raise InputError(
            N_("the capture is beyond the limits of {tool} ({memory} MiB, {seconds} s)"),
            place=str(capture),
            tool=tool,
            memory=limits.memory >> 20,
            seconds=limits.seconds,
            hint=N_("capture fewer packets"),
        )
    lines = said.decode(errors="replace").strip().splitlines()
    raise MachineryError(
        N_("{tool} failed ({code}): {said}") if lines else N_("{tool} failed ({code}) without a message"),
        place=str(capture),
        hint=REPAIR,
        tool=tool,
        code=code,
        said=_cause(tool, lines)[:300],
    )


def _cause(tool: str, lines: Sequence[str]) -> str:
    """Return the line that tells why a tool failed, with the details in parentheses after it."""
    own = [index for index, line in enumerate(lines) if line.startswith(f"{tool}: ")]
    start = own[0] if own else len(lines) - 1
    details = [line for line in lines[start + 1 : start + 2] if line.startswith("(")]
    return " ".join([*lines[start : start + 1], *details]).removeprefix(f"{tool}: ")


def box(limits: ToolLimits) -> list[str]:
    """Return the command that runs another one within limits and, for root, as nobody without a network.

    Raises MachineryError when a tool for that is missing.
    """
    bounds = [f"--as={limits.memory}", f"--cpu={limits.seconds}", f"--fsize={limits.output}", "--core=0"]
    command = [find("prlimit"), *bounds]
    if os.geteuid() == 0:
        identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
        command += [find("unshare"), "--net", "--", find("setpriv"), *identity]
    return command


def environ() -> Mapping[str, str]:
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
