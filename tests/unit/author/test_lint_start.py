"""Start states that cannot be: each is refused at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.author import lint
from sharklab.errors import InputError
from tests.support.errors import error_of

LAB = """\
lab: mylab
title: {{fr: t, en: t}}
summary: {{fr: s, en: s}}
networks: {{lan: {{}}}}
hosts:
  server:
    title: {{fr: s, en: s}}
    networks: [lan]
    roles: [common, firewall, nfs_server]
    vars: {{firewall_services: [ssh, nfs]}}
exercises:
  - id: one
    title: {{fr: e, en: e}}
    start: {first}
  - id: two
    title: {{fr: e, en: e}}
    start: {second}
"""
RIGHT = "{server: {without: [nfs_server]}}"


def write(folder: Path, first: str, second: str = RIGHT) -> Path:
    """Write a lab whose exercises have these start states."""
    file = folder / "mylab" / "lab.yml"
    file.parent.mkdir()
    file.write_text(LAB.format(first=first, second=second))
    return file


@pytest.mark.parametrize(
    ("first", "place", "sentence"),
    [
        ("{servr: {without: [common]}}", "14 exercises.0.start.servr", "unknown host {name!r}"),
        (
            "{server: {without: [nfs_client]}}",
            "14 exercises.0.start.server.without.0",
            "host {host} has no role {name!r} to begin without",
        ),
        (
            "{server: {vars: {firewall_servces: []}}}",
            "14 exercises.0.start.server.vars.firewall_servces",
            "unknown variable {name!r}",
        ),
        (
            "{server: {vars: {firewall_services: [ssh, nfs]}}}",
            "14 exercises.0.start.server.vars.firewall_services",
            "the start gives {name} the value that it has in the solved lab",
        ),
    ],
)
def test_a_start_that_names_nothing_is_refused(tmp_path: Path, first: str, place: str, sentence: str) -> None:
    """With place and sentence."""
    file = write(tmp_path, first)
    [problem] = error_of(InputError, lint.check, file).problems
    assert (f"{file}:{place}", sentence) == (str(problem.place), problem.message_id)


def test_two_values_of_one_variable_are_refused(tmp_path: Path) -> None:
    """The second exercise is named; the same value twice is fine."""
    ports = "{{server: {{vars: {{firewall_ports: [{port}/tcp]}}}}}}"
    file = write(tmp_path, ports.format(port=80), ports.format(port=81))
    [problem] = error_of(InputError, lint.check, file).problems
    assert f"{file}:17 exercises.1.start.server.vars.firewall_ports" == str(problem.place)
    assert {"other": "one", "name": "firewall_ports", "host": "server"}.items() <= problem.values.items()
    (tmp_path / "again").mkdir()
    lint.check(write(tmp_path / "again", ports.format(port=80), ports.format(port=80)))
