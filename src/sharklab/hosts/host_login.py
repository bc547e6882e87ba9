"""Logins on a host: the command line with which root becomes a user there, sftp, and keys that are let in."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from sharklab import process

SFTP = """
for place in /usr/lib/openssh /usr/libexec/openssh /usr/lib/ssh; do
    [ ! -x "$place/sftp-server" ] || exec "$place/sftp-server"
done
echo "this host has no sftp-server" >&2
exit 127
"""

MARK = "sharklab-gateway"
"""The comment of keys that `let_in` wrote."""

LET_IN = """
set -e
umask 077
mkdir -p .ssh
touch .ssh/authorized_keys
{{ grep -v ' {mark}$' .ssh/authorized_keys || :; cat; }} > .ssh/authorized_keys.new
mv .ssh/authorized_keys.new .ssh/authorized_keys
"""


def command(user: str, words: Sequence[str]) -> str:
    """Return the command line that makes whoever logs in, root or by sudo, the user that is asked for.

    A single word is a line for that user's shell; several words are one command and its arguments; none is
    a login shell.
    """
    argv = ["runuser", "--login", user]
    if words:
        argv += ["--command", words[0] if len(words) == 1 else shlex.join(words)]
    return f'[ "$(id -u)" = 0 ] || set -- sudo; exec "$@" {shlex.join(argv)}'


def let_in(ssh: Sequence[str], host: str, user: str, keys: Sequence[str]) -> None:
    """Let the owner of `keys` log in as `user` on a host, which the command `ssh` reaches as root.

    Keys that were let in before and are not among `keys` are taken out again. Raises MachineryError.
    """
    lines = "".join(f"{key} {MARK}\n" for key in keys)
    line = command(user, (LET_IN.format(mark=MARK),))
    process.run([*ssh, host, line], stdin=lines, timeout=process.LOGIN_SECONDS)
