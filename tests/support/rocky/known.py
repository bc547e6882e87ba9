"""Tell which of Rocky's names dnf does not know here: `python -m tests.support.rocky.known 9` (or 10).

For a real Rocky, whose repositories are to be known first (names.yml). Exit code 1 when a name is not known.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable

from sharklab.system_packages import table
from tests.support.rocky import repository


def names(release: int) -> set[str]:
    """Return every package that roles, images and sharklab itself name for Rocky's `release`."""
    packages = repository.packages().items()
    named = {name for name, package in packages if release in package.get("releases", [release])}
    return named | {package.dnf for package in table()}


def known(packages: Iterable[str]) -> set[str]:
    """Return those of `packages` that dnf could install."""
    query = ["dnf", "--quiet", "repoquery", "--queryformat", "%{name}\n", *packages]
    return set(subprocess.run(query, check=True, capture_output=True, text=True).stdout.split())


if __name__ == "__main__":
    wanted = names(int(sys.argv[1]))
    lacking = sorted(wanted - known(sorted(wanted)))
    print(f"{len(wanted) - len(lacking)} of {len(wanted)} packages are known; not:", *lacking)
    sys.exit(bool(lacking))
