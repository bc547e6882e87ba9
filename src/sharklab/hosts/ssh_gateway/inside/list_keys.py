"""AuthorizedKeysCommand of the gateway's sshd (sshd_config(5)): list_keys.py LOGIN-NAME

It prints the keys of the student whom the name means, each with what its owner may do: a terminal, and
connections to the hosts of seats. `restrict` switches everything else off (sshd(8)).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

LISTS = Path("/gateway/lists")


def lines(name: str, listed: dict[str, list[str]], keys: dict[str, list[str]], hosts: list[str]) -> list[str]:
    """Return the lines of authorized_keys for a login name."""
    if name not in listed:
        return []
    opened = "".join(f',permitopen="{host}:*"' for host in hosts)
    return [f"restrict,pty,port-forwarding{opened} {key}" for key in keys.get(listed[name][0], [])]


def main() -> int:
    """Print the keys of the login name."""
    content = json.loads((LISTS / "keys.json").read_text())
    print("\n".join(lines(sys.argv[1], content["names"], content["keys"], content["hosts"])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
