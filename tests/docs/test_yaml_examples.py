"""The YAML of the documentation that is no lab is checked as far as that goes without its machines.

Labs and parts of labs are run: tests/e2e/test_doc_examples.py.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from sharklab import paths
from sharklab.author import lint
from sharklab.hosts import changes, user_inventory
from sharklab.lab import load, template
from sharklab.lab.model import Lab
from tests.support import doc_examples as examples
from tests.support.doc_examples import Example
from tests.support.labs import write_lab, write_role

OF_ROLES = [example for page in sorted(paths.ROLES.glob("*/README.md")) for example in examples.read(page)]
VAULTED = "{{ vaulted_password }}"
"""What plays have of their users; a lab has its seat's."""
OF_INVENTORY = {"seat", "lab_hosts", "ansible_python_interpreter"}
"""Variables of plays that a lab's inventory has already."""
NOTHING: Mapping[str, Any] = {
    "title": {"fr": "", "en": ""},
    "summary": {"fr": "", "en": ""},
    "networks": {"lan": {}},
    "exercises": [],
}


def machines(example: Example, place: Path) -> None:
    """Check that the inventory has the machines of tp4, each with its address and its place in the lab."""
    (place / "hosts.yml").write_text(example.text)
    hosts = [host.name for host in load.read_named("tp4").hosts]
    found = user_inventory.read(place / "hosts.yml", hosts)
    assert [True] * len(hosts) == [{"ansible_host", "lab_address"} <= set(entry) for entry in found.values()]


def changed(example: Example, place: Path) -> None:
    """Check that what a role changes can be read, in the words that are known, and filled in."""
    values = {"myrole_share": "one", "myrole_user": "two"}
    filled = template.fill(example.data, values, example.title)
    assert {field.name for field in fields(changes.Changes)} == set(filled)
    assert (["/srv/one"], ["/home/two"], ["two"]) == (filled["paths"], filled["made"], filled["users"])


def seat(example: Example, place: Path) -> None:
    """Check that the inventory gives the seat's hosts to the machines of the page's other inventory."""
    [hosts] = [other.text for other in examples.read(example.page) if other.first == "all"]
    (place / "hosts.yml").write_text(hosts)
    (place / "alice.sharklab.yml").write_text(example.text)
    found = user_inventory.read(place / "alice.sharklab.yml", ["server", "client", "desktop"])
    assert {"192.0.2.10", "192.0.2.11", "192.0.2.12"} == {entry["ansible_host"] for entry in found.values()}


def role(example: Example, place: Path) -> None:
    """Check that the files of the role of a lab's own, which the page shows, are one that lint accepts."""
    shown = [other for other in examples.read(example.page) if other.heading == example.heading]
    files = {re.findall(r"# (\S+)", other.text)[0]: other.text for other in shown}
    lab = write_lab(place / "mine")
    write_role(lab, "motd", **files)
    text = (lab / "lab.yml").read_text()
    file = lab / "lab.yml"
    file.write_text(text.replace("roles: [common]", "roles: [common, motd], vars: {motd_text: Hello}", 1))
    assert ("common", "motd") == lint.check(file).hosts[0].roles


def play(example: Example, place: Path) -> None:
    """Check that Ansible accepts the play."""
    syntax_check(place / "play.yml", example.text)


OTHERS: Mapping[tuple[str, str], Callable[[Example, Path], None]] = {
    # Machines of the reader, elsewhere: the inventory is read.
    ("docs/providers.md", "all"): machines,
    # What a role changes on machines that stay: it is read, and filled in for a seat.
    ("docs/authoring.md", "paths"): changed,
    # A role of a lab's own, in three files: lint accepts it.
    ("docs/authoring.md", "name"): role,
    ("docs/authoring.md", "argument_specs"): role,
    # For Ansible users: two inventories, which tests/e2e/test_collection.py runs, and a play.
    ("docs/ansible.md", "plugin"): seat,
    ("docs/ansible.md", "all"): lambda example, place: None,  # read with the first
    ("docs/ansible.md", "name"): play,
}
"""Examples that are neither labs nor parts of labs, by page and first word: why, and what is checked."""


@pytest.mark.parametrize("example", examples.others(), ids=lambda example: example.title)
def test_example_that_is_no_lab(example: Example, tmp_path: Path) -> None:
    """It is one that the table knows, and right as far as it can be checked."""
    page = str(example.page.relative_to(paths.ROOT))
    OTHERS[page, example.first](example, tmp_path)


def test_labs_have_no_fault(tmp_path: Path) -> None:
    """Complete labs, and the lab with all the parts in it, are valid: a quick look before they are run."""
    found = dict(examples.written())
    for name, text in found.items():
        examples.write(tmp_path / name, text)
        lab = lint.check(tmp_path / name / "lab.yml")
        lint.check_briefs(lab)
        assert name == lab.name
    assert set(examples.briefs()) <= set(found)


@pytest.mark.parametrize("example", OF_ROLES, ids=lambda example: example.title)
def test_example_of_a_role_has_its_options(example: Example, tmp_path: Path) -> None:
    """The variables in a role's README are options of the roles that it shows, and none is missing."""
    data = yaml.safe_load(example.text.replace(VAULTED, "{{ seat.password }}"))
    hosts = {f"host{number}": as_host(play) for number, play in enumerate(data) if "roles" in play}
    lab = {"lab": tmp_path.name, **NOTHING, "hosts": hosts}
    assert [] == [str(problem) for _, problem in lint.faults(load.build(Lab, lab, tmp_path))]


def as_host(play: Mapping[str, Any]) -> dict[str, Any]:
    """Return the host of a lab that a play sets up."""
    entries = [{"role": entry} if isinstance(entry, str) else entry for entry in play["roles"]]
    given = [*(entry.get("vars", {}) for entry in entries), play.get("vars", {})]
    return {
        "title": NOTHING["title"],
        "networks": ["lan"],
        "roles": [entry["role"].removeprefix("sharklab.lab.") for entry in entries],
        "vars": {name: value for each in given for name, value in each.items() if name not in OF_INVENTORY},
    }


def test_plays_parse(tmp_path: Path) -> None:
    """`ansible-playbook --syntax-check` accepts the plays of the roles' READMEs."""
    syntax_check(tmp_path / "plays.yml", "".join(example.text for example in OF_ROLES))


def syntax_check(file: Path, plays: str) -> None:
    """Write a playbook, and check that Ansible accepts it in a clone."""
    file.write_text(plays)
    tool = Path(sys.executable).with_name("ansible-playbook")
    command: list[str | Path] = [tool, "--syntax-check", "-i", "localhost,", file]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
