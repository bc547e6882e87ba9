"""A small lab outside `labs/`, as an author may have one, and a role of its own."""

from __future__ import annotations

from pathlib import Path

from sharklab.lab import load, plan_file, roles, seat
from sharklab.lab.plan import make_plan

LAB = """\
lab: {name}
title: {{fr: "Un TP", en: "A lab"}}
summary: {{fr: "Un TP.", en: "A lab."}}
networks:
  lan: {{}}
hosts:
  server: {{title: {{fr: "serveur", en: "server"}}, networks: [lan], roles: [common]}}
  client: {{title: {{fr: "client", en: "client"}}, networks: [lan], roles: [common]}}
exercises:
  - id: page
    title: {{fr: "Une page", en: "A page"}}
    conversation: {{client: client, server: server}}
    captures:
      - {{id: page, host: client, network: lan, filter: "tcp port 80"}}
    checks: [handshake]
    questions: [server_port]
"""


def write_lab(folder: Path, **briefs: str) -> Path:
    """Write a lab named like `folder`, with the `briefs` by language, and return the folder."""
    folder.mkdir(parents=True)
    (folder / "lab.yml").write_text(LAB.format(name=folder.name))
    for language, text in briefs.items():
        (folder / f"brief.{language}.md.j2").write_text(text)
    return folder


def start(lab: str, student: str = "alice") -> None:
    """Write what `up` leaves of a student's seat of the lab in the folder `lab`."""
    found = load.read_named(lab)
    plan_file.save(make_plan(found, seat.register(found, student)))


def write_role(lab: Path, name: str, **texts: str) -> Path:
    """Write a role that the lab in the folder `lab` alone has, and return its folder.

    The role makes a file. `texts` are files of the role, by their paths, that differ from it or come with it.
    """
    folder = lab / roles.FOLDER / name
    files = {
        "tasks/main.yml": "- {name: Import, ansible.builtin.import_tasks: bake.yml}\n",
        "tasks/bake.yml": f"- {{name: Touch, ansible.builtin.command: touch /etc/{name}}}\n",
        roles.SPECS: "argument_specs: {main: {options: {}}, bake: {options: {}}}\n",
        **texts,
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder
