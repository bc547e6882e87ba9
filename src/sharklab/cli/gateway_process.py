"""The process of the SSH gateway: `python -m sharklab.cli.gateway_process ADDRESS PORT`.

`sharklab gateway start` makes it. It gives the hosts' floor the function that takes a bundle of a student,
which is on a floor above.
"""

from __future__ import annotations

import sys

from sharklab import state
from sharklab.cli import handing_in
from sharklab.errors import SharklabError
from sharklab.hosts.ssh_gateway import control, session, supervisor
from sharklab.hosts.ssh_gateway.session import Submit
from sharklab.hosts.ssh_gateway.supervisor import Where

TEXTS = {session.BRIEF: handing_in.brief, "form": handing_in.form}
SUBMIT = Submit(handing_in.take, handing_in.take_from_hosts, TEXTS)


def main() -> int:
    """Keep the gateway until it is stopped; return the exit code of an error at its start."""
    where = Where(sys.argv[1], int(sys.argv[2]))
    try:
        with state.lock(control.lock_file(), control.WHAT):
            supervisor.run(where, control.cell_unit(), SUBMIT)
    except SharklabError as error:
        print(error.say(str), file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
