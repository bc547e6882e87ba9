"""Every role keeps the contract of roles: a described public API, and names for both families of systems."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sharklab import paths

ROLES = sorted(path.name for path in paths.ROLES.iterdir())
API = ("README.md", "defaults/main.yml", "meta/argument_specs.yml")


def variables(file: Path) -> set[str]:
    """Return the names that a file of variables sets."""
    return set(yaml.safe_load(file.read_text()) or {})


@pytest.mark.parametrize("role", ROLES)
def test_role_describes_its_api(role: str) -> None:
    """A role has a README, defaults, and the types of its options."""
    assert [name for name in API if not (paths.ROLES / role / name).is_file()] == []


@pytest.mark.parametrize("role", ROLES)
def test_role_has_its_options_by_its_own_name(role: str) -> None:
    """Options are <role>_x, and what is internal is __<role>_x, so that two roles never take each other's."""
    folder = paths.ROLES / role
    public = variables(folder / "defaults" / "main.yml")
    internal = {name for file in folder.glob("vars/*.yml") for name in variables(file)}
    assert [name for name in sorted(public) if not name.startswith(f"{role}_")] == []
    assert [name for name in sorted(internal) if not name.startswith(f"__{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_role_has_the_same_names_for_both_families(role: str) -> None:
    """What differs between Debian and Red Hat stands in a file for each, with the same variables in both."""
    files = {name: paths.ROLES / role / "vars" / f"{name}.yml" for name in ("Debian", "RedHat")}
    found = {name: variables(file) for name, file in files.items() if file.is_file()}
    assert len(found) in (0, 2)
    assert len({frozenset(names) for names in found.values()}) <= 1


def test_what_hosts_tell_is_no_path_of_the_controller() -> None:
    """A host may belong to a student, who may replace its Python: its facts are what that prints.

    Ansible fills in the templates in a file of variables, so the name of one may lead to no other folder.
    """
    files = [*paths.ROLES.glob("**/*.yml"), *paths.PLAYBOOKS.glob("*.yml")]
    words = ("include_", "import_", "lookup(", "src:", "dest:", "_file", "is file")
    lines = [
        (str(file.relative_to(paths.ROOT)), line.strip())
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if "ansible_facts[" in line and any(word in line for word in words) and "| basename" not in line
    ]
    assert [] == lines
