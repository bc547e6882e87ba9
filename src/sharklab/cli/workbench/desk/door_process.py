"""The process that keeps terminals and recordings: `python -m sharklab.cli.workbench.desk.door_process UID`.

`serve` starts it, and it outlives `serve`. UID is the user of the web process.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from sharklab import i18n, state
from sharklab.cli.workbench.desk import decoding
from sharklab.errors import SharklabError
from sharklab.hosts.door import control, workbench

COMMAND = (sys.executable, "-P", "-m", "sharklab.cli.workbench.desk.door_process")


def explain(error: SharklabError, request: Mapping[str, Any]) -> str:
    """Return an error in the language of the page that asked."""
    language = request.get("lang", "")
    known = language if language in i18n.languages() else i18n.SOURCE
    return error.say(i18n.translator(known).gettext)


def main() -> int:
    """Keep terminals and recordings until nobody needs them; return the exit code."""
    try:
        with state.lock(control.lock_file(), control.WHAT):
            workbench.run(int(sys.argv[1]), explain, {"decode": decoding.handler})
    except SharklabError as error:
        print(error.say(str), file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
