"""Roles of a lab's own that cannot work: each is refused at its line, with its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.author import lint
from sharklab.errors import InputError
from sharklab.lab import roles
from tests.support.errors import error_of
from tests.support.labs import write_lab, write_role

PERSONAL = """
argument_specs:
  bake: {options: {}}
  main: {options: {gate_to: {type: str, required: true}}}
"""


def use(lab: Path, role: str, variables: str = "") -> Path:
    """Let the client of a lab have a role, and return the lab's file."""
    file, words = lab / "lab.yml", f"roles: [common, {role}]{variables}"
    head, client, rest = file.read_text().partition("  client: ")
    file.write_text(head + client + rest.replace("roles: [common]", words, 1))
    return file


def test_own_role_is_as_good_as_one_of_sharklab(tmp_path: Path) -> None:
    """Its variables are known, and those that it needs are asked for."""
    lab = write_lab(tmp_path / "mine")
    folder = write_role(lab, "gate", **{roles.SPECS: PERSONAL})
    error = error_of(InputError, lint.check, use(lab, "gate"))
    [problem] = error.problems
    assert (problem.message_id, problem.values["file"]) == (
        "role {role} needs the variable {name!r}",
        str(folder / roles.SPECS),
    )
    other = write_lab(tmp_path / "other")
    write_role(other, "gate", **{roles.SPECS: PERSONAL})
    right = lint.check(use(other, "gate", ', vars: {gate_to: "{{ lab }}"}'))
    assert ("common", "gate") == next(host.roles for host in right.hosts if host.name == "client")


@pytest.mark.parametrize(
    ("role", "texts", "sentence"),
    [
        ("web_server", {}, "the lab has a role {name!r}, and so has sharklab"),
        ("my-gate", {}, "{name!r} cannot be the name of a role"),
        ("gate", {roles.SPECS: "argument_specs: {main: {}}"}, "{file} does not declare {entries}"),
    ],
)
def test_own_role_that_cannot_work(role: str, texts: dict[str, str], sentence: str, tmp_path: Path) -> None:
    """It has a name of its own, which Ansible takes for variables and groups, and declares its options."""
    lab = write_lab(tmp_path / "mine")
    write_role(lab, role, **texts)
    [problem] = error_of(InputError, lint.check, use(lab, role)).problems
    assert (sentence, f"{lab}/lab.yml:8 hosts.client.roles.1") == (problem.message_id, problem.place)


@pytest.mark.parametrize("missing", ["tasks/bake.yml", "tasks/main.yml", roles.SPECS])
def test_own_role_without_a_file(missing: str, tmp_path: Path) -> None:
    """Each file that a role must have is named, and where the guide is."""
    lab = write_lab(tmp_path / "mine")
    folder = write_role(lab, "gate")
    (folder / missing).unlink()
    [problem] = error_of(InputError, lint.check, use(lab, "gate")).problems
    assert ([str(folder / missing)], roles.GUIDE) == (problem.values["missing"], problem.hint_id)


def test_folder_of_an_own_role_has_no_colon(tmp_path: Path) -> None:
    """Ansible separates the folders in which it looks for roles by colons."""
    lab = write_lab(tmp_path / "a:b" / "mine")
    write_role(lab, "gate")
    [problem] = error_of(InputError, lint.check, use(lab, "gate")).problems
    assert "Ansible finds no role in a folder with a colon in its name: {folder}" == problem.message_id


def test_unknown_role_is_one_fault(tmp_path: Path) -> None:
    """A start state that changes a variable of a role that nobody knows is no second one."""
    file = use(write_lab(tmp_path / "mine"), "gaet")
    start = '    title: {fr: "Une page", en: "A page"}\n    start: {client: {vars: {gate_to: x}}}\n'
    text = file.read_text().replace('    title: {fr: "Une page", en: "A page"}\n', start)
    assert "start:" in text
    file.write_text(text)
    [problem] = error_of(InputError, lint.check, file).problems
    assert "unknown role {name!r}" == problem.message_id
