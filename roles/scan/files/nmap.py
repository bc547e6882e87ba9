#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Become nmap(1), but only for targets of one's own seat.

Options that are not known to stay with the targets are refused, and so is every target that means an
address which is not in the list of the seat's. nmap itself (-sL) says which addresses a target means.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

NMAP = "/usr/bin/nmap"
ADDRESSES = Path("/etc/sharklab/scan-targets")
REFUSED = 77
"""EX_NOPERM of sysexits.h(3head)."""

ALONE = re.compile(
    r"-s[STUVn]+|-P[En]|-P[SAU][\d,-]*|-[nRFrvdO6h]|-v+|-T[0-5]|-p[\dTU:,-]+"
    r"|--(open|reason|disable-arp-ping|send-ip|send-eth|unprivileged|privileged|packet-trace|version|help)"
)
"""Options without a word after them."""
WITH_WORD = re.compile(r"-p|-o[XNG]|-g|--(source-port|top-ports|max-retries|host-timeout|(min|max)-rate)")


class Refusal(Exception):
    """Why this is not nmap's to do here."""


def targets_of(words: list[str]) -> list[str]:
    """Return the words that name targets. Raises Refusal for an option that might reach others."""
    targets, rest = [], iter(words)
    for word in rest:
        if WITH_WORD.fullmatch(word):
            next(rest, None)
        elif not word.startswith("-"):
            targets.append(word)
        elif not (ALONE.fullmatch(word) or WITH_WORD.fullmatch(word.partition("=")[0])):
            raise Refusal(f"the option {word} is not one of those that stay with the targets")
    return targets


def own(path: Path = ADDRESSES) -> list[str]:
    """Return the addresses that may be scanned. Raises Refusal when nobody said which."""
    try:
        return path.read_text(encoding="ascii").split()
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror}") from error


def check(targets: list[str], allowed: list[str], ipv6: bool) -> None:
    """Raise Refusal naming the first address among `targets` that is not `allowed`."""
    command = [NMAP, "-n", "-sL", "--resolve-all", "-oG", "-", *(["-6"] if ipv6 else []), *targets]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as listing:
        found = 0
        for line in listing.stdout or ():
            address = line.split()[1] if line.startswith("Host: ") else ""
            if address and address not in allowed:
                listing.kill()
                raise Refusal(f"{address} is not an address of your seat: {', '.join(allowed)}")
            found += bool(address)
    if targets and not found:
        raise Refusal(f"{' '.join(targets)}: no address")


def main(words: list[str]) -> None:
    """Check the words, then become nmap."""
    try:
        targets = targets_of(words)
        if targets:
            check(targets, own(), "-6" in words)
    except Refusal as refusal:
        print(f"nmap: refused: {refusal}", file=sys.stderr)
        sys.exit(REFUSED)
    os.execv(NMAP, ["nmap", *words])


if __name__ == "__main__":
    main(sys.argv[1:])
