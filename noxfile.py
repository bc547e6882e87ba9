"""The groups of tests, each by its name: `nox --session unit`; in the launcher's own environment."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "none"

SESSIONS = {
    "lint": (
        "tests/style/test_python.py",
        "tests/style/test_shell.py",
        "tests/style/test_floors.py",
        "tests/style/test_names.py",
    ),
    "ansible": (
        "tests/style/test_ansible.py",
        "tests/style/test_collection.py",
        "tests/style/test_roles.py",
        "tests/style/test_role_changes.py",
    ),
    "unit": ("tests/unit",),
    "golden": ("tests/golden",),
    "docs": ("tests/docs", "tests/style/test_prose.py"),
    "hostile": ("tests/hostile",),
    "roles": ("tests/roles",),
    "e2e": ("tests/e2e",),
}


def _add(name: str, paths: tuple[str, ...]) -> None:
    def run(session: nox.Session) -> None:
        session.run("pytest", *paths, *session.posargs)

    run.__doc__ = f"Run {' and '.join(paths)}."
    nox.session(run, name=name)


for _name, _paths in SESSIONS.items():
    _add(_name, _paths)
