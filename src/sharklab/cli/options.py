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


CommandOption = tuple[tuple[str, ...], Mapping[str, Any]]
"""The flags of an option, or the name of an argument, and its settings for argparse."""


def option(*flags: str, help: str, **settings: Any) -> CommandOption:
    """Return an option; `settings` are those of argparse (`ArgumentParser.add_argument`)."""
    return flags, {**settings, "help": help}


STUDENT = option(
    "--student",
    help=N_("the student of the seat (default: the owner of the imported seats, or you)"),
    metavar=N_("ID"),
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
    corrections: str | None
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
OPTIONS: Mapping[str, CommandOption] = {
    "lab": option("lab", help=LAB_HELP, metavar=N_("LAB")),
    "labs": option(
        "labs",
        help=N_("labs, by name or folder; by default all that `sharklab labs` lists"),
        metavar=N_("LAB"),
        nargs="*",
        default=(),  # without one, argparse counts it among the arguments that are required
    ),
    "maybe_lab": option("lab", help=LAB_HELP, metavar=N_("LAB"), nargs="?", default=""),
    "host": option("host", help=N_("a host of the lab"), metavar=N_("HOST")),
    "host_files": option(
        "files",
        help=N_("a file of a host; without one, the captures that the student's hosts have"),
        metavar=N_("HOST:FILE"),
        nargs="*",
        default=(),
    ),
    "capture_id": option(
        "--as",
        help=N_("the exercise or capture of the lab that the file is for (default: told by name or packets)"),
        metavar=N_("CAPTURE"),
        dest="as_capture",
    ),
    "subject": option(
        "subject", help=N_("an exercise of the lab; with --live, also a host"), metavar=N_("EXERCISE")
    ),
    "live": option(
        "--live", help=N_("write the packets to standard output, for: wireshark -k -i -"), action="store_true"
    ),
    "seconds": option(
        "--seconds",
        help=N_("the time after which the recording ends (default: until Ctrl-C)"),
        metavar=N_("SECONDS"),
        type=float,
        default=0.0,
    ),
    "packets": option(
        "--packets",
        help=N_("the number of packets after which the recording ends"),
        metavar=N_("N"),
        type=int,
        default=0,
    ),
    "expression": option(
        "--filter",
        help=N_("with --live: the packets to show, as in pcap-filter(7) (default: the exercise's, or all)"),
        metavar=N_("FILTER"),
    ),
    "command": option(
        "command",
        help=N_("a command to run there instead of a shell; it takes all words that follow, options too"),
        metavar=N_("COMMAND"),
        nargs="*",
        default=(),
    ),
    "student": STUDENT,
    "seat_student": STUDENT,
    "maybe_student": option(
        "--student", help=N_("the student of the seats; all without it"), metavar=N_("ID"), default=""
    ),
    "fault": option(
        "--fault",
        help=N_("try this fault of the lab, in place of the one that the seat was given"),
        metavar=N_("NAME"),
        default="",
    ),
    "provider": option(
        "--provider",
        help=N_("the provider of the hosts (default: that of the seat, or nspawn)"),
        metavar="{nspawn,qemu,auto,cluster,existing}",
    ),
    "examined_provider": option(
        "--provider",
        help=N_("the provider to examine: cluster means its members, every other one this computer"),
        metavar="{nspawn,qemu,auto,cluster,existing}",
    ),
    "class_provider": option(
        "--provider",
        help=N_("the provider of the hosts (default: that of the class, or nspawn)"),
        metavar="{nspawn,cluster}",
    ),
    "remote": option(
        "--remote",
        help=N_("with --provider cluster: the cluster, as `incus remote list` or `lxc remote list` names it"),
        metavar=N_("NAME"),
    ),
    "inventory": option(
        "--inventory", help=N_("an Ansible inventory of existing machines"), metavar=N_("FILE")
    ),
    "yes": option("--yes", help=N_("do it without asking first"), action="store_true"),
    "play": option(
        "--play", help=N_("prove start states and faults instead, on a seat of its own"), action="store_true"
    ),
    "solved": option(
        "--solved", help=N_("do the students' work, too: the seat is solved"), action="store_true"
    ),
    "only_solved": option(
        "--solved",
        help=N_("only for solved seats, and not for the start states of exercises"),
        action="store_true",
    ),
    "solution": option(
        "--solution", help=N_("show the changes that `sharklab solve` made on the seat"), action="store_true"
    ),
    "maybe_exercise": option(
        "subject",
        help=N_("an exercise of the lab; without one, all"),
        metavar=N_("EXERCISE"),
        nargs="?",
        default="",
    ),
    "maybe_part": option(
        "subject",
        help=N_("an exercise or a host of the lab; without one, all hosts"),
        metavar=N_("EXERCISE|HOST"),
        nargs="?",
        default="",
    ),
    "os": option(
        "--os",
        help=N_("the system of the hosts: rocky9, rocky10, debian12 or auto (Rocky if it works here)"),
        metavar=N_("NAME"),
        default=os.environ.get("SHARKLAB_OS", "auto"),
    ),
    "cloud": option(
        "--os", help=N_("the system of the hosts: rocky9 or rocky10"), metavar=N_("NAME"), default="rocky9"
    ),
    "image": option(
        "--image",
        help=N_("a cloud image (qcow2) on this machine (default: Rocky's is downloaded)"),
        metavar=N_("FILE"),
    ),
    "vms_folder": option(
        "-o", "--out", help=N_("the folder for the files"), metavar=N_("DIR"), default="vms"
    ),
    "pace": option(
        "--pace",
        help=N_("the time limits of a matrix: those of tools and kernel (real), or shorter ones (fast)"),
        choices=list(PACES),
        default=FAST,
    ),
    "output": option(
        "--output", help=N_("text for people, or JSON for scripts"), choices=["text", "json"], default="text"
    ),
    "lang": option("--lang", help=N_("the language (default: your locale's)"), choices=["fr", "en"]),
    "roster": option(
        "roster",
        help=N_("the students of the class: a table from Moodle, Excel or by hand (CSV or .xlsx)"),
        metavar=N_("FILE"),
    ),
    "of_lab": option("--lab", help=LAB_HELP, metavar=N_("LAB"), required=True),
    "seats_folder": option(
        "-o", "--out", help=N_("the folder for the files"), metavar=N_("DIR"), default="seats"
    ),
    "seat_files": option("files", help=N_("a seat file from the instructor"), metavar=N_("FILE"), nargs="+"),
    "captures": option(
        "files",
        help=N_("a capture: pcap or pcapng, also compressed by gzip, zstd or lz4"),
        metavar=N_("FILE"),
        nargs="+",
    ),
    "filter": option(
        "--filter",
        help=N_("only the packets that this display filter of Wireshark chooses"),
        metavar=N_("FILTER"),
        default="",
    ),
    "conversation": option(
        "--conversation",
        help=N_("only the conversation of this number in the list; may be given several times"),
        metavar=N_("NUMBER"),
        type=int,
        action="append",
        default=[],
    ),
    "explained_folder": option(
        "-o",
        "--out",
        help=N_("write a page (HTML, Markdown) and captures with comments here (default: text)"),
        metavar=N_("DIR"),
        default="",
    ),
    "form_folder": option("--folder", help=N_("the folder to work in (default: LAB)"), metavar=N_("DIR")),
    "work_folder": option(
        "--folder",
        help=N_("the folder with answers.yml and captures/ (default: this one, or LAB)"),
        metavar=N_("DIR"),
    ),
    "report_folder": option(
        "--folder",
        help=N_("report the answers and captures in this folder instead of a run"),
        metavar=N_("DIR"),
    ),
    "hint": option(
        "--hint",
        help=N_("also show the author's hint; this is noted, for hints may cost points"),
        metavar=N_("EXERCISE/CRITERION"),
        default="",
    ),
    "bundle": option(
        "-o",
        "--out",
        help=N_("the file to hand in (default: LAB-ID.sharklab)"),
        metavar=N_("FILE"),
        default="",
    ),
    "again": option(
        "--again",
        help=N_("in an exam: hand in once more, with the instructor's code"),
        metavar=N_("CODE"),
        default="",
    ),
    "students": option("students", help=N_("a student of the class"), metavar=N_("ID"), nargs="+"),
    "more": option(
        "--more",
        help=N_("the additional minutes; a negative number takes some of them back"),
        metavar=N_("MINUTES"),
        type=int,
        required=True,
    ),
    "text": option("text", help=N_("the message, of at most 500 characters"), metavar=N_("TEXT")),
    "over": option(
        "--over", help=N_("the help is over: every visit at the terminals ends"), action="store_true"
    ),
    "right": option(
        "--right",
        help=N_("the right at the terminals: see, type (and see), or none"),
        metavar=N_("RIGHT"),
        choices=["see", "type", "none"],
        required=True,
    ),
    "take_back": option(
        "--take-back", help=N_("take the feedback back: nobody can read it any more"), action="store_true"
    ),
    "begin": option(
        "--begin",
        help=N_("the beginning of an exam, such as 2026-12-01T08:00, in local time or with an offset"),
        metavar=N_("TIME"),
    ),
    "end": option(
        "--end",
        help=N_("the end of an exam (default: its beginning and the minutes of the lab)"),
        metavar=N_("TIME"),
    ),
    "submissions": option(
        "files",
        help=N_("files from `sharklab submit`, or folders of such files"),
        metavar=N_("PATH"),
        nargs="+",
    ),
    "required_class": option(
        "--roster",
        help=N_("the students of the class: a table from Moodle, Excel or by hand (CSV or .xlsx)"),
        metavar=N_("FILE"),
        required=True,
    ),
    "until": option(
        "--until",
        help=N_("the time until which students may log in, such as 18:00 or 2026-12-01T18:00"),
        metavar=N_("TIME"),
        default="",
    ),
    "only": option(
        "--only", help=N_("only these students, with commas between"), metavar=N_("NAMES"), default=""
    ),
    "class": option(
        "--roster",
        help=N_("the students of the class: a table from Moodle, Excel or by hand (CSV or .xlsx)"),
        metavar=N_("FILE"),
        default="",
    ),
    "keys": option(
        "--keys",
        help=N_("a folder with the public keys of students: ID.keys, as https://github.com/NAME.keys"),
        metavar=N_("DIR"),
        default="",
    ),
    "listen": option(
        "--listen",
        help=N_("the address of this server for logins (default: as before, or all: 0.0.0.0)"),
        metavar=N_("ADDRESS"),
    ),
    "port": option(
        "--port", help=N_("the port for logins (default: as before, or 2222)"), metavar=N_("PORT"), type=port
    ),
    "workbench_port": option(
        "--port",
        help=N_("the port of the pages on this computer (default: 8470)"),
        metavar=N_("PORT"),
        type=port,
    ),
    "workbench_listen": option(
        "--listen",
        help=N_("the address of this computer for browsers (default: 127.0.0.1, no other computer)"),
        metavar=N_("ADDRESS"),
    ),
    "url": option(
        "--url",
        help=N_("the address of the workbench for browsers, such as that of a proxy with TLS"),
        metavar=N_("URL"),
        default="",
    ),
    "certificate": option(
        "--certificate",
        help=N_("the certificate of this server for TLS (PEM)"),
        metavar=N_("FILE"),
        default="",
    ),
    "key_file": option(
        "--key-file", help=N_("the private key of the certificate (PEM)"), metavar=N_("FILE"), default=""
    ),
    "no_browser": option(
        "--no-browser", help=N_("only print the link, and open no browser"), action="store_true"
    ),
    "student_of_logins": option(
        "--student", help=N_("only the logins of this student"), metavar=N_("ID"), default=""
    ),
    "keys_folder": option(
        "-o", "--out", help=N_("the folder for the files"), metavar=N_("DIR"), default="keys"
    ),
    "maybe_of_lab": option(
        "--lab",
        help=N_("the lab of folders, which do not name it; or the folder of a lab that lies elsewhere"),
        metavar=N_("LAB"),
        default="",
    ),
    "gradebook": option(
        "-o", "--out", help=N_("the folder for the gradebook"), metavar=N_("DIR"), default="gradebook"
    ),
    "moodle": option(
        "--moodle",
        help=N_("an offline grading worksheet of Moodle, to be filled; of an .xlsx, a CSV file beside it"),
        metavar=N_("FILE"),
    ),
    "scale": option(
        "--scale",
        help=N_("the least percentage for each item of the worksheet's scale, lowest first: 0,50,80"),
        metavar=N_("PERCENT,..."),
    ),
    "due": option(
        "--due",
        help=N_(
            "the due date of submissions, such as 2026-12-01 (the end of that day) or 2026-12-01T18:00,"
            " in local time or with an offset"
        ),
        metavar=N_("TIME"),
    ),
    "late": option(
        "--late",
        help=N_("the percentage of the earned points that each late day costs"),
        metavar=N_("PERCENT"),
        type=float,
        default=0.0,
    ),
    "grace": option(
        "--grace",
        help=N_("the time after --due in which a submission is still on time"),
        metavar=N_("MINUTES"),
        type=float,
        default=0.0,
    ),
    "cap": option(
        "--cap",
        help=N_("the most that --late can cost (default: all points)"),
        metavar=N_("PERCENT"),
        type=float,
        default=100.0,
    ),
    "closed": option(
        "--closed",
        help=N_("the number of late days after which a submission earns nothing (default: no limit)"),
        metavar=N_("DAYS"),
        type=int,
        default=0,
    ),
    "hint_cost": option(
        "--hint-cost",
        help=N_("the percentage of its criterion's points that a hint costs"),
        metavar=N_("PERCENT"),
        type=float,
        default=0.0,
    ),
    "corrections": option(
        "--corrections",
        help=N_("marks that you set by hand: a table with student, exercise, points and comment"),
        metavar=N_("FILE"),
    ),
    "without_seats": option(
        "--without-seats",
        help=N_("each folder is a student's, with captures of their own machines; hosts do not count"),
        action="store_true",
    ),
    "given": option(
        "--given",
        help=N_("when the assignment was given: a capture from before is pointed out"),
        metavar=N_("TIME"),
    ),
    "jobs": option(
        "--jobs",
        help=N_("the number of submissions to grade at once (default: one per core)"),
        metavar=N_("N"),
        type=int,
    ),
    "all": option("--all", help=N_("every seat of this machine"), action="store_true"),
    "run": option("--run", help=N_("an older run, by the name of its folder"), metavar=N_("RUN")),
    "file": option(
        "-o",
        "--out",
        help=N_("the file to write, .md or .html (default: the brief is printed)"),
        metavar=N_("FILE"),
        default="",
    ),
    "user": option("--user", help=N_("the user to log in as"), metavar=N_("NAME"), default="student"),
    "network": option(
        "--network", help=N_("also check that the package registries answer"), action="store_true"
    ),
    "arguments": option(
        "arguments", help=N_("arguments for pytest"), metavar=N_("ARG"), nargs=argparse.REMAINDER
    ),
}
