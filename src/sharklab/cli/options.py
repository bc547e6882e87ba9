"""Every option of the command line: its flags, and what argparse takes for it, with msgids for its texts."""

from __future__ import annotations

import argparse
import getpass
import os
from collections.abc import Mapping
from typing import Any

from sharklab import state
from sharklab.message import N_


def user_name() -> str:
    """Return the student for commands without --student.

    That is the owner of the imported seats, if all have the same; else the person at the keyboard, even
    behind sudo.
    """
    imported = {file.stem for file in state.root().glob("imported/*/*.json")}
    return imported.pop() if len(imported) == 1 else os.environ.get("SUDO_USER") or getpass.getuser()


LAB_HELP = N_("the lab's name, as `sharklab labs` and `sharklab status` list it, or its folder (./mylab)")
OPTIONS: Mapping[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "lab": (("lab",), {"metavar": N_("LAB"), "help": LAB_HELP}),
    "labs": (
        ("labs",),
        {
            "metavar": N_("LAB"),
            "nargs": "*",
            "default": (),  # without one, argparse counts it among the arguments that are required
            "help": N_("labs, by name or folder; all that `sharklab labs` lists without one"),
        },
    ),
    "maybe_lab": (
        ("lab",),
        {"metavar": N_("LAB"), "nargs": "?", "help": LAB_HELP},
    ),
    "host": (("host",), {"metavar": N_("HOST"), "help": N_("a host of the lab")}),
    "command": (
        ("command",),
        {
            "metavar": N_("COMMAND"),
            "nargs": "*",
            "default": (),
            "help": N_("a command to run there instead of a shell"),
        },
    ),
    "student": (
        ("--student",),
        {"metavar": N_("ID"), "default": user_name(), "help": N_("the student of the seat")},
    ),
    "maybe_student": (
        ("--student",),
        {"metavar": N_("ID"), "default": None, "help": N_("the student of the seats; all without it")},
    ),
    "provider": (
        ("--provider",),
        {
            "metavar": "{nspawn,qemu,auto,existing}",
            "default": None,
            "help": N_("the provider of the hosts"),
        },
    ),
    "inventory": (
        ("--inventory",),
        {
            "metavar": N_("FILE"),
            "default": None,
            "help": N_("an Ansible inventory of machines that exist"),
        },
    ),
    "yes": (
        ("--yes",),
        {"action": "store_true", "help": N_("change machines that exist without asking first")},
    ),
    "os": (
        ("--os",),
        {
            "metavar": N_("NAME"),
            "default": os.environ.get("SHARKLAB_OS", "auto"),
            "help": N_(
                "the hosts' system: rocky9, rocky10, debian12, or auto: Rocky where its mirror answers"
            ),
        },
    ),
    "cloud": (
        ("--os",),
        {"metavar": N_("NAME"), "default": "rocky9", "help": N_("the hosts' system: rocky9 or rocky10")},
    ),
    "image": (
        ("--image",),
        {
            "metavar": N_("FILE"),
            "default": None,
            "help": N_("a cloud image (qcow2) that you have; Rocky's own is fetched without it"),
        },
    ),
    "vms_folder": (
        ("-o", "--out"),
        {"metavar": N_("DIR"), "default": "vms", "help": N_("the folder for the files")},
    ),
    "pace": (
        ("--pace",),
        {
            "choices": ["fast", "real"],
            "default": "fast",
            "help": N_("how long a matrix waits: as tools and the kernel do (real), or less"),
        },
    ),
    "output": (
        ("--output",),
        {"choices": ["text", "json"], "default": "text", "help": N_("for people or for a script")},
    ),
    "lang": (
        ("--lang",),
        {"choices": ["fr", "en"], "default": None, "help": N_("the language; the locale's without it")},
    ),
    "roster": (
        ("roster",),
        {"metavar": N_("FILE"), "help": N_("the students of the class: a CSV file from Moodle or by hand")},
    ),
    "of_lab": (
        ("--lab",),
        {"metavar": N_("LAB"), "required": True, "help": LAB_HELP},
    ),
    "seats_folder": (
        ("-o", "--out"),
        {"metavar": N_("DIR"), "default": "seats", "help": N_("the folder for the files")},
    ),
    "seat_files": (
        ("files",),
        {"metavar": N_("FILE"), "nargs": "+", "help": N_("a seat that the instructor made")},
    ),
    "form_folder": (
        ("-o", "--out"),
        {
            "metavar": N_("DIR"),
            "default": None,
            "help": N_("the folder to work in; one named like the lab without it"),
        },
    ),
    "work_folder": (
        ("--folder",),
        {
            "metavar": N_("DIR"),
            "default": None,
            "help": N_("the folder with answers.yml and captures/; here or in LAB without it"),
        },
    ),
    "report_folder": (
        ("--folder",),
        {
            "metavar": N_("DIR"),
            "default": None,
            "help": N_("the report of the answers and captures in this folder instead"),
        },
    ),
    "hint": (
        ("--hint",),
        {
            "metavar": N_("EXERCISE/CRITERION"),
            "default": "",
            "help": N_("show the author's hint too (noted: a course may make hints cost points)"),
        },
    ),
    "bundle": (
        ("-o", "--out"),
        {
            "metavar": N_("FILE"),
            "default": None,
            "help": N_("the file to hand in; LAB-ID.sharklab without it"),
        },
    ),
    "submissions": (
        ("files",),
        {
            "metavar": N_("PATH"),
            "nargs": "+",
            "help": N_("files that `sharklab submit` made, or folders that hold them"),
        },
    ),
    "class": (
        ("--roster",),
        {
            "metavar": N_("FILE"),
            "default": None,
            "help": N_("the students of the class: a CSV file from Moodle or by hand"),
        },
    ),
    "maybe_of_lab": (
        ("--lab",),
        {
            "metavar": N_("LAB"),
            "default": None,
            "help": N_("the lab, where the submissions do not name it: they are folders"),
        },
    ),
    "gradebook": (
        ("-o", "--out"),
        {"metavar": N_("DIR"), "default": "gradebook", "help": N_("the folder for the gradebook")},
    ),
    "moodle": (
        ("--moodle",),
        {
            "metavar": N_("FILE"),
            "default": None,
            "help": N_("an offline grading worksheet of Moodle, to be filled in place"),
        },
    ),
    "due": (
        ("--due",),
        {
            "metavar": N_("TIME"),
            "default": None,
            "help": N_("when submissions are due, say 2026-12-01T18:00, in local time or with an offset"),
        },
    ),
    "late": (
        ("--late",),
        {
            "metavar": N_("PERCENT"),
            "type": float,
            "default": 0.0,
            "help": N_("the part of the earned points that each day of lateness takes"),
        },
    ),
    "grace": (
        ("--grace",),
        {
            "metavar": N_("MINUTES"),
            "type": float,
            "default": 0.0,
            "help": N_("how long after --due a submission is still in time"),
        },
    ),
    "cap": (
        ("--cap",),
        {
            "metavar": N_("PERCENT"),
            "type": float,
            "default": 100.0,
            "help": N_("the most that --late takes off; all without it"),
        },
    ),
    "closed": (
        ("--closed",),
        {
            "metavar": N_("DAYS"),
            "type": int,
            "default": 0,
            "help": N_("the days of lateness after which nothing counts; never without it"),
        },
    ),
    "hint_cost": (
        ("--hint",),
        {
            "metavar": N_("PERCENT"),
            "type": float,
            "default": 0.0,
            "help": N_("the part of its criterion's points that a hint costs"),
        },
    ),
    "jobs": (
        ("--jobs",),
        {
            "metavar": N_("N"),
            "type": int,
            "default": None,
            "help": N_("how many submissions to grade at once; one per core without it"),
        },
    ),
    "all": (("--all",), {"action": "store_true", "help": N_("every seat of this machine")}),
    "run": (
        ("--run",),
        {"metavar": N_("RUN"), "default": None, "help": N_("an older run, by the name of its folder")},
    ),
    "file": (
        ("-o", "--out"),
        {
            "metavar": N_("FILE"),
            "default": None,
            "help": N_("write there (.md or .html) instead of printing"),
        },
    ),
    "user": (("--user",), {"metavar": N_("NAME"), "default": "student", "help": N_("log in as")}),
    "network": (
        ("--network",),
        {"action": "store_true", "help": N_("also ask whether the package registries answer")},
    ),
    "arguments": (
        ("arguments",),
        {"metavar": N_("ARG"), "nargs": argparse.REMAINDER, "help": N_("arguments for pytest")},
    ),
}
