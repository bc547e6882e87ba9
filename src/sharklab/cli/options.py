"""Every option of the command line: its flags, its settings for argparse, and its type for the verbs."""

from __future__ import annotations

import argparse
import getpass
import os
from collections.abc import Mapping
from typing import Any

from sharklab import paths, state
from sharklab.errors import InputError
from sharklab.lab.matrices import FAST, PACES
from sharklab.message import N_

SHOWN = 5
"""Students that a message names."""


def user_name() -> str:
    """Return the student for commands without --student.

    That is the owner of the imported seats, if all have the same; else the person at the keyboard, even
    behind sudo.
    """
    imported = {file.stem for file in state.root().glob("imported/*/*.json")}
    return imported.pop() if len(imported) == 1 else os.environ.get("SUDO_USER") or getpass.getuser()


def seat_owner(lab: str) -> str:
    """Return the student for commands about a seat without --student: `user_name`, who may have none yet.

    Raises InputError when only other students have a seat of `lab` here: one of them may be meant.
    """
    student, name = user_name(), paths.lab_name(lab)
    seats = state.find(state.seats_folder(), "*/*/")
    others = [folder.name for folder in seats if folder.parent.name == name]
    imported = state.root() / "imported" / name / f"{student}.json"
    if others and student not in others and not imported.exists():
        raise InputError(
            N_("{student} has no seat of {lab} here; these students have one: {others}"),
            place="--student",
            hint=N_("say which seat you mean, such as --student {first}"),
            student=student,
            lab=name,
            others=[*others[:SHOWN], *(["..."] if len(others) > SHOWN else [])],
            first=others[0],
        )
    return student


def port(text: str) -> int:
    """Return the number of a TCP port. Raises ValueError for any other text; argparse names the option."""
    if not 0 < int(text) < 1 << 16:
        raise ValueError(text)
    return int(text)


STUDENT: tuple[tuple[str, ...], dict[str, Any]] = (
    ("--student",),
    {
        "metavar": N_("ID"),
        "default": None,
        "help": N_("the student of the seat (default: the owner of the imported seats, or you)"),
    },
)
"""Of `student`, whose default is `user_name`, and of `seat_student`, whose default is `seat_owner`."""


class Options(argparse.Namespace):
    """The options of one command, as a verb reads them; a verb has those that `cli.grammar` lists for it.

    An optional file, folder or name that was not given is "" or None, as its type says.
    """

    again: str
    all: bool
    arguments: list[str]
    as_capture: str | None
    begin: str | None
    cap: float
    certificate: str
    closed: int
    command: list[str]
    conversation: list[int]
    due: str | None
    end: str | None
    files: list[str]
    filter: str | None
    folder: str | None
    given: str | None
    grace: float
    hint: str
    hint_cost: float
    host: str
    image: str | None
    inventory: str | None
    jobs: int | None
    key_file: str
    lab: str
    keys: str
    labs: list[str]
    lang: str | None
    language: str
    late: float
    listen: str | None
    live: bool
    moodle: str | None
    more: int
    only: str
    network: bool
    no_browser: bool
    os: str
    out: str
    output: str
    over: bool
    pace: str
    play: bool
    packets: int
    port: int | None
    provider: str | None
    remote: str | None
    right: str
    roster: str
    run: str | None
    scale: str | None
    seconds: float
    solution: bool
    solved: bool
    student: str
    students: list[str]
    fault: str
    subject: str
    take_back: bool
    text: str
    until: str
    url: str
    user: str
    verb: str
    without_seats: bool
    yes: bool


LAB_HELP = N_("the lab's name, as `sharklab labs` and `sharklab status` list it, or its folder (./mylab)")
OPTIONS: Mapping[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "lab": (("lab",), {"metavar": N_("LAB"), "help": LAB_HELP}),
    "labs": (
        ("labs",),
        {
            "metavar": N_("LAB"),
            "nargs": "*",
            "default": (),  # without one, argparse counts it among the arguments that are required
            "help": N_("labs, by name or folder; by default all that `sharklab labs` lists"),
        },
    ),
    "maybe_lab": (
        ("lab",),
        {"metavar": N_("LAB"), "nargs": "?", "default": "", "help": LAB_HELP},
    ),
    "host": (("host",), {"metavar": N_("HOST"), "help": N_("a host of the lab")}),
    "host_files": (
        ("files",),
        {
            "metavar": N_("HOST:FILE"),
            "nargs": "*",
            "default": (),
            "help": N_("a file of a host; without one, the captures that the student's hosts have"),
        },
    ),
    "capture_id": (
        ("--as",),
        {
            "metavar": N_("CAPTURE"),
            "dest": "as_capture",
            "default": None,
            "help": N_(
                "the exercise or capture of the lab that the file is for (default: told by name or packets)"
            ),
        },
    ),
    "subject": (
        ("subject",),
        {"metavar": N_("EXERCISE"), "help": N_("an exercise of the lab; with --live, also a host")},
    ),
    "live": (
        ("--live",),
        {
            "action": "store_true",
            "help": N_("write the packets to standard output, for: wireshark -k -i -"),
        },
    ),
    "seconds": (
        ("--seconds",),
        {
            "metavar": N_("SECONDS"),
            "type": float,
            "default": 0.0,
            "help": N_("the time after which the recording ends (default: until Ctrl-C)"),
        },
    ),
    "packets": (
        ("--packets",),
        {
            "metavar": N_("N"),
            "type": int,
            "default": 0,
            "help": N_("the number of packets after which the recording ends"),
        },
    ),
    "expression": (
        ("--filter",),
        {
            "metavar": N_("FILTER"),
            "default": None,
            "help": N_(
                "with --live: the packets to show, as in pcap-filter(7) (default: the exercise's, or all)"
            ),
        },
    ),
    "command": (
        ("command",),
        {
            "metavar": N_("COMMAND"),
            "nargs": "*",
            "default": (),
            "help": N_(
                "a command to run there instead of a shell; it takes all words that follow, options too"
            ),
        },
    ),
    "student": STUDENT,
    "seat_student": STUDENT,
    "maybe_student": (
        ("--student",),
        {"metavar": N_("ID"), "default": "", "help": N_("the student of the seats; all without it")},
    ),
    "fault": (
        ("--fault",),
        {
            "metavar": N_("NAME"),
            "default": "",
            "help": N_("try this fault of the lab, in place of the one that the seat was given"),
        },
    ),
    "provider": (
        ("--provider",),
        {
            "metavar": "{nspawn,qemu,auto,cluster,existing}",
            "default": None,
            "help": N_("the provider of the hosts (default: that of the seat, or nspawn)"),
        },
    ),
    "examined_provider": (
        ("--provider",),
        {
            "metavar": "{nspawn,qemu,auto,cluster,existing}",
            "default": None,
            "help": N_("the provider to examine: cluster means its members, every other one this computer"),
        },
    ),
    "class_provider": (
        ("--provider",),
        {
            "metavar": "{nspawn,cluster}",
            "default": None,
            "help": N_("the provider of the hosts (default: that of the class, or nspawn)"),
        },
    ),
    "remote": (
        ("--remote",),
        {
            "metavar": N_("NAME"),
            "default": None,
            "help": N_(
                "with --provider cluster: the cluster, as `incus remote list` or `lxc remote list` names it"
            ),
        },
    ),
    "inventory": (
        ("--inventory",),
        {
            "metavar": N_("FILE"),
            "default": None,
            "help": N_("an Ansible inventory of existing machines"),
        },
    ),
    "yes": (
        ("--yes",),
        {"action": "store_true", "help": N_("do it without asking first")},
    ),
    "play": (
        ("--play",),
        {
            "action": "store_true",
            "help": N_("prove start states and faults instead, on a seat of its own"),
        },
    ),
    "solved": (
        ("--solved",),
        {"action": "store_true", "help": N_("do the students' work, too: the seat is solved")},
    ),
    "only_solved": (
        ("--solved",),
        {
            "action": "store_true",
            "help": N_("only for solved seats, and not for the start states of exercises"),
        },
    ),
    "solution": (
        ("--solution",),
        {"action": "store_true", "help": N_("show the changes that `sharklab solve` made on the seat")},
    ),
    "maybe_exercise": (
        ("subject",),
        {
            "metavar": N_("EXERCISE"),
            "nargs": "?",
            "default": "",
            "help": N_("an exercise of the lab; without one, all"),
        },
    ),
    "maybe_part": (
        ("subject",),
        {
            "metavar": N_("EXERCISE|HOST"),
            "nargs": "?",
            "default": "",
            "help": N_("an exercise or a host of the lab; without one, all hosts"),
        },
    ),
    "os": (
        ("--os",),
        {
            "metavar": N_("NAME"),
            "default": os.environ.get("SHARKLAB_OS", "auto"),
            "help": N_("the system of the hosts: rocky9, rocky10, debian12 or auto (Rocky if it works here)"),
        },
    ),
    "cloud": (
        ("--os",),
        {
            "metavar": N_("NAME"),
            "default": "rocky9",
            "help": N_("the system of the hosts: rocky9 or rocky10"),
        },
    ),
    "image": (
        ("--image",),
        {
            "metavar": N_("FILE"),
            "default": None,
            "help": N_("a cloud image (qcow2) on this machine (default: Rocky's is downloaded)"),
        },
    ),
    "vms_folder": (
        ("-o", "--out"),
        {"metavar": N_("DIR"), "default": "vms", "help": N_("the folder for the files")},
    ),
    "pace": (
        ("--pace",),
        {
            "choices": list(PACES),
            "default": FAST,
            "help": N_(
                "the time limits of a matrix: those of tools and kernel (real), or shorter ones (fast)"
            ),
        },
    ),
    "output": (
        ("--output",),
        {"choices": ["text", "json"], "default": "text", "help": N_("text for people, or JSON for scripts")},
    ),
    "lang": (
        ("--lang",),
        {
            "choices": ["fr", "en"],
            "default": None,
            "help": N_("the language (default: your locale's)"),
        },
    ),
    "roster": (
        ("roster",),
        {
            "metavar": N_("FILE"),
            "help": N_("the students of the class: a table from Moodle, Excel or by hand (CSV or .xlsx)"),
        },
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
        {"metavar": N_("FILE"), "nargs": "+", "help": N_("a seat file from the instructor")},
    ),
    "captures": (
        ("files",),
        {
            "metavar": N_("FILE"),
            "nargs": "+",
            "help": N_("a capture: pcap or pcapng, also compressed by gzip, zstd or lz4"),
        },
    ),
    "filter": (
        ("--filter",),
        {
            "metavar": N_("FILTER"),
            "default": "",
            "help": N_("only the packets that this display filter of Wireshark chooses"),
        },
    ),
    "conversation": (
        ("--conversation",),
        {
            "metavar": N_("NUMBER"),
            "type": int,
            "action": "append",
            "default": [],
            "help": N_("only the conversation of this number in the list; may be given several times"),
        },
    ),
    "explained_folder": (
        ("-o", "--out"),
        {
            "metavar": N_("DIR"),
            "default": "",
            "help": N_("write a page (HTML, Markdown) and captures with comments here (default: text)"),
        },
    ),
    "form_folder": (
        ("--folder",),
        {
            "metavar": N_("DIR"),
            "default": None,
            "help": N_("the folder to work in (default: LAB)"),
        },
    ),
    "work_folder": (
        ("--folder",),
        {
            "metavar": N_("DIR"),
            "default": None,
            "help": N_("the folder with answers.yml and captures/ (default: this one, or LAB)"),
        },
    ),
    "report_folder": (
        ("--folder",),
        {
            "metavar": N_("DIR"),
            "default": None,
            "help": N_("report the answers and captures in this folder instead of a run"),
        },
    ),
    "hint": (
        ("--hint",),
        {
            "metavar": N_("EXERCISE/CRITERION"),
            "default": "",
            "help": N_("also show the author's hint; this is noted, for hints may cost points"),
        },
    ),
    "bundle": (
        ("-o", "--out"),
        {
            "metavar": N_("FILE"),
            "default": "",
            "help": N_("the file to hand in (default: LAB-ID.sharklab)"),
        },
    ),
    "again": (
        ("--again",),
        {
            "metavar": N_("CODE"),
            "default": "",
            "help": N_("in an exam: hand in once more, with the instructor's code"),
        },
    ),
    "students": (
        ("students",),
        {"metavar": N_("ID"), "nargs": "+", "help": N_("a student of the class")},
    ),
    "more": (
        ("--more",),
        {
            "metavar": N_("MINUTES"),
            "type": int,
            "required": True,
            "help": N_("the additional minutes; a negative number takes some of them back"),
        },
    ),
    "text": (("text",), {"metavar": N_("TEXT"), "help": N_("the message, of at most 500 characters")}),
    "over": (
        ("--over",),
        {"action": "store_true", "help": N_("the help is over: every visit at the terminals ends")},
    ),
    "right": (
        ("--right",),
        {
            "metavar": N_("RIGHT"),
            "choices": ["see", "type", "none"],
            "required": True,
            "help": N_("the right at the terminals: see, type (and see), or none"),
        },
    ),
    "take_back": (
        ("--take-back",),
        {
            "dest": "take_back",
            "action": "store_true",
            "help": N_("take the feedback back: nobody can read it any more"),
        },
    ),
    "begin": (
        ("--begin",),
        {
            "metavar": N_("TIME"),
            "default": None,
            "help": N_("the beginning of an exam, such as 2026-12-01T08:00, in local time or with an offset"),
        },
    ),
    "end": (
        ("--end",),
        {
            "metavar": N_("TIME"),
            "default": None,
            "help": N_("the end of an exam (default: its beginning and the minutes of the lab)"),
        },
    ),
    "submissions": (
        ("files",),
        {
            "metavar": N_("PATH"),
            "nargs": "+",
            "help": N_("files from `sharklab submit`, or folders of such files"),
        },
    ),
    "required_class": (
        ("--roster",),
        {
            "metavar": N_("FILE"),
            "required": True,
            "help": N_("the students of the class: a table from Moodle, Excel or by hand (CSV or .xlsx)"),
        },
    ),
    "until": (
        ("--until",),
        {
            "metavar": N_("TIME"),
            "default": "",
            "help": N_("the time until which students may log in, such as 18:00 or 2026-12-01T18:00"),
        },
    ),
    "only": (
        ("--only",),
        {"metavar": N_("NAMES"), "default": "", "help": N_("only these students, with commas between")},
    ),
    "class": (
        ("--roster",),
        {
            "metavar": N_("FILE"),
            "default": "",
            "help": N_("the students of the class: a table from Moodle, Excel or by hand (CSV or .xlsx)"),
        },
    ),
    "keys": (
        ("--keys",),
        {
            "metavar": N_("DIR"),
            "default": "",
            "help": N_("a folder with the public keys of students: ID.keys, as https://github.com/NAME.keys"),
        },
    ),
    "listen": (
        ("--listen",),
        {
            "metavar": N_("ADDRESS"),
            "default": None,
            "help": N_("the address of this server for logins (default: as before, or all: 0.0.0.0)"),
        },
    ),
    "port": (
        ("--port",),
        {
            "metavar": N_("PORT"),
            "type": port,
            "default": None,
            "help": N_("the port for logins (default: as before, or 2222)"),
        },
    ),
    "workbench_port": (
        ("--port",),
        {
            "metavar": N_("PORT"),
            "type": port,
            "default": None,
            "help": N_("the port of the pages on this computer (default: 8470)"),
        },
    ),
    "workbench_listen": (
        ("--listen",),
        {
            "metavar": N_("ADDRESS"),
            "default": None,
            "help": N_("the address of this computer for browsers (default: 127.0.0.1, no other computer)"),
        },
    ),
    "url": (
        ("--url",),
        {
            "metavar": N_("URL"),
            "default": "",
            "help": N_("the address of the workbench for browsers, such as that of a proxy with TLS"),
        },
    ),
    "certificate": (
        ("--certificate",),
        {"metavar": N_("FILE"), "default": "", "help": N_("the certificate of this server for TLS (PEM)")},
    ),
    "key_file": (
        ("--key-file",),
        {
            "metavar": N_("FILE"),
            "dest": "key_file",
            "default": "",
            "help": N_("the private key of the certificate (PEM)"),
        },
    ),
    "no_browser": (
        ("--no-browser",),
        {
            "action": "store_true",
            "dest": "no_browser",
            "help": N_("only print the link, and open no browser"),
        },
    ),
    "student_of_logins": (
        ("--student",),
        {"metavar": N_("ID"), "default": "", "help": N_("only the logins of this student")},
    ),
    "keys_folder": (
        ("-o", "--out"),
        {"metavar": N_("DIR"), "default": "keys", "help": N_("the folder for the files")},
    ),
    "maybe_of_lab": (
        ("--lab",),
        {
            "metavar": N_("LAB"),
            "default": "",
            "help": N_(
                "the lab of folders, which do not name it; or the folder of a lab that lies elsewhere"
            ),
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
            "help": N_(
                "an offline grading worksheet of Moodle, to be filled; of an .xlsx, a CSV file beside it"
            ),
        },
    ),
    "scale": (
        ("--scale",),
        {
            "metavar": N_("PERCENT,..."),
            "default": None,
            "help": N_("the least percentage for each item of the worksheet's scale, lowest first: 0,50,80"),
        },
    ),
    "due": (
        ("--due",),
        {
            "metavar": N_("TIME"),
            "default": None,
            "help": N_(
                "the due date of submissions, such as 2026-12-01 (the end of that day) or 2026-12-01T18:00,"
                " in local time or with an offset"
            ),
        },
    ),
    "late": (
        ("--late",),
        {
            "metavar": N_("PERCENT"),
            "type": float,
            "default": 0.0,
            "help": N_("the percentage of the earned points that each late day costs"),
        },
    ),
    "grace": (
        ("--grace",),
        {
            "metavar": N_("MINUTES"),
            "type": float,
            "default": 0.0,
            "help": N_("the time after --due in which a submission is still on time"),
        },
    ),
    "cap": (
        ("--cap",),
        {
            "metavar": N_("PERCENT"),
            "type": float,
            "default": 100.0,
            "help": N_("the most that --late can cost (default: all points)"),
        },
    ),
    "closed": (
        ("--closed",),
        {
            "metavar": N_("DAYS"),
            "type": int,
            "default": 0,
            "help": N_("the number of late days after which a submission earns nothing (default: no limit)"),
        },
    ),
    "hint_cost": (
        ("--hint-cost",),
        {
            "dest": "hint_cost",
            "metavar": N_("PERCENT"),
            "type": float,
            "default": 0.0,
            "help": N_("the percentage of its criterion's points that a hint costs"),
        },
    ),
    "without_seats": (
        ("--without-seats",),
        {
            "dest": "without_seats",
            "action": "store_true",
            "help": N_("each folder is a student's, with captures of their own machines; hosts do not count"),
        },
    ),
    "given": (
        ("--given",),
        {
            "metavar": N_("TIME"),
            "default": None,
            "help": N_("when the assignment was given: a capture from before is pointed out"),
        },
    ),
    "jobs": (
        ("--jobs",),
        {
            "metavar": N_("N"),
            "type": int,
            "default": None,
            "help": N_("the number of submissions to grade at once (default: one per core)"),
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
            "default": "",
            "help": N_("the file to write, .md or .html (default: the brief is printed)"),
        },
    ),
    "user": (("--user",), {"metavar": N_("NAME"), "default": "student", "help": N_("the user to log in as")}),
    "network": (
        ("--network",),
        {"action": "store_true", "help": N_("also check that the package registries answer")},
    ),
    "arguments": (
        ("arguments",),
        {"metavar": N_("ARG"), "nargs": argparse.REMAINDER, "help": N_("arguments for pytest")},
    ),
}
