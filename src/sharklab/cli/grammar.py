"""The verbs of the command line: the whole list, each with its help, an example and its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sharklab.cli.options import Options
from sharklab.cli.verbs import (
    class_help,
    class_work,
    classroom,
    computer,
    exercise,
    explain,
    gateway,
    gradebook,
    lab,
    recording,
    seat,
    serve,
    submission,
)
from sharklab.message import N_


@dataclass(frozen=True)
class Verb:
    """A verb: the function that does it, its help, an example, and its options (`cli.options`).

    The function takes the arguments that were parsed, and returns the exit code.
    """

    call: Callable[[Options], int]
    help: str
    example: str
    options: tuple[str, ...] = ()


VERBS: Mapping[str, Verb] = {
    "labs": Verb(lab.labs, N_("List the labs."), "labs", ("output",)),
    "lint": Verb(
        lab.lint,
        N_("Check a lab's file and list its mistakes, each with line and remedy."),
        "lint tp4",
        ("lab", "output"),
    ),
    "image build": Verb(
        lab.image_build,
        N_("Build the images of labs, so that the first seat starts quickly."),
        "image build tp4",
        ("labs", "only_solved", "provider", "remote", "os", "output"),
    ),
    "vms": Verb(
        lab.vms,
        N_("Write virtual machines for libvirt from Rocky's cloud image; a seat can borrow them."),
        "vms tp4 --os rocky9 -o vms",
        ("lab", "student", "cloud", "image", "vms_folder", "output"),
    ),
    "up": Verb(
        seat.up,
        N_("Start a seat: its hosts are set up and ready for work."),
        "up tp4 --student alice",
        ("lab", "student", "solved", "fault", "provider", "remote", "inventory", "yes", "os", "output"),
    ),
    "run": Verb(
        seat.run,
        N_("Run a lab's captures and probes on a seat and write the report."),
        "run tp4",
        ("lab", "student", "pace", "provider", "remote", "inventory", "yes", "os", "output"),
    ),
    "brief": Verb(
        seat.brief,
        N_("Show the lab's brief, with the values of the seat."),
        "brief tp4 -o brief.html",
        ("lab", "seat_student", "solution", "file"),
    ),
    "solve": Verb(
        exercise.solve,
        N_("Do the work of an exercise on the hosts of the seat; the exercise then earns no points."),
        "solve tp4 nfs",
        ("lab", "maybe_exercise", "seat_student", "yes", "output"),
    ),
    "reset": Verb(
        exercise.reset,
        N_("Put hosts of the seat back into their start state."),
        "reset tp4 nfs",
        ("lab", "maybe_part", "seat_student", "yes", "output"),
    ),
    "shell": Verb(
        seat.shell,
        N_("Open a shell on a host of the seat."),
        "shell tp4 --student alice client ss -tln",
        ("lab", "host", "command", "seat_student", "user"),
    ),
    "capture": Verb(
        recording.capture,
        N_("Record the packets of an exercise on its host, into the student's folder; Ctrl-C ends it."),
        "capture tp4 web",
        (
            "lab",
            "subject",
            "live",
            "expression",
            "seconds",
            "packets",
            "work_folder",
            "seat_student",
            "output",
        ),
    ),
    "fetch": Verb(
        recording.fetch,
        N_("Bring captures from the hosts into the student's folder, and say what they show."),
        "fetch tp4 desktop:web.pcap",
        ("lab", "host_files", "capture_id", "work_folder", "seat_student", "output"),
    ),
    "status": Verb(
        seat.status,
        N_("Show the seats of this machine and their hosts."),
        "status",
        ("maybe_lab", "maybe_student", "output"),
    ),
    "report": Verb(
        seat.report,
        N_("Write the report of the last run again."),
        "report tp4 --lang en",
        ("lab", "seat_student", "run", "report_folder", "output"),
    ),
    "explain": Verb(
        explain.explain,
        N_("Explain any capture packet by packet, on the terminal or as a page; no lab is needed."),
        "explain web.pcapng -o explained",
        ("captures", "filter", "conversation", "explained_folder", "output"),
    ),
    "form": Verb(
        submission.form,
        N_("Make the folder for a student's work: captures/, and answers.yml, which lists the questions."),
        "form tp4",
        ("lab", "seat_student", "form_folder", "output"),
    ),
    "check": Verb(
        submission.check,
        N_("List the parts of a student's work, the missing parts, and where to look."),
        "check tp4",
        ("lab", "seat_student", "work_folder", "hint", "output"),
    ),
    "submit": Verb(
        submission.submit,
        N_("Pack a student's work into one file to hand in."),
        "submit tp4",
        ("lab", "seat_student", "work_folder", "bundle", "again", "output"),
    ),
    "serve": Verb(
        serve.serve,
        N_("Open a lab in the browser: brief, answers, captures, checks and hand in on one page."),
        "serve tp4",
        (
            "lab",
            "student",
            "work_folder",
            "class",
            "class_provider",
            "remote",
            "workbench_listen",
            "workbench_port",
            "url",
            "certificate",
            "key_file",
            "no_browser",
            "output",
        ),
    ),
    "seats up": Verb(
        classroom.up,
        N_("Start the seat of every student of a class on this computer, side by side."),
        "seats up tp4 --roster roster.csv",
        (
            "lab",
            "required_class",
            "only",
            "solved",
            "until",
            "begin",
            "end",
            "class_provider",
            "remote",
            "os",
            "output",
        ),
    ),
    "seats status": Verb(
        classroom.status,
        N_("Show the seats of a class on this computer: hosts, memory, since when, and the last check."),
        "seats status tp4",
        ("lab", "class", "only", "output"),
    ),
    "seats check": Verb(
        class_work.check,
        N_("Grade the seats of a class as they stand now, into the page of the class."),
        "seats check tp4 --roster roster.csv -o gradebook",
        ("lab", "class", "only", "gradebook", "output"),
    ),
    "seats run": Verb(
        class_work.run,
        N_("Run a lab's captures and probes on every solved seat of a class."),
        "seats run tp4",
        ("lab", "class", "only", "os", "output"),
    ),
    "seats reset": Verb(
        class_work.reset,
        N_("Put hosts of every seat of a class back into their start state."),
        "seats reset tp4 nfs",
        ("lab", "maybe_part", "class", "only", "yes", "output"),
    ),
    "seats sleep": Verb(
        classroom.sleep,
        N_("Put the idle seats of a class to sleep; a login wakes a seat."),
        "seats sleep tp4",
        ("lab", "class", "only", "output"),
    ),
    "seats wake": Verb(
        classroom.wake,
        N_("Wake the seats of a class that sleep."),
        "seats wake tp4",
        ("lab", "class", "only", "output"),
    ),
    "seats down": Verb(
        classroom.down,
        N_("Remove the seats of a class from this computer, and keep the submissions."),
        "seats down tp4",
        ("lab", "class", "only", "yes", "output"),
    ),
    "seats create": Verb(
        submission.seats_create,
        N_("Write a seat file for each student of a class, for their own machine."),
        "seats create roster.csv --lab tp4 -o seats",
        ("roster", "of_lab", "seats_folder", "url", "begin", "end", "output"),
    ),
    "seats code": Verb(
        submission.seats_code,
        N_("Show the code with which a student of an exam may hand in once more."),
        "seats code exam alice",
        ("lab", "students", "output"),
    ),
    "seats minutes": Verb(
        submission.seats_minutes,
        N_("Give students of an exam more minutes, also while it runs."),
        "seats minutes exam alice --more 15",
        ("lab", "students", "more", "output"),
    ),
    "seats help": Verb(
        class_help.help,
        N_("Note that students ask for help, as their pages of the workbench do, or that the help is over."),
        "seats help tp4 alice",
        ("lab", "students", "over", "class", "output"),
    ),
    "seats terminals": Verb(
        class_help.terminals,
        N_("Note whether students show their terminals, as their pages of the workbench do."),
        "seats terminals tp4 alice --right see",
        ("lab", "students", "right", "class", "output"),
    ),
    "seats message": Verb(
        class_help.message,
        N_("Send students a message: it is on their page of the workbench until they have read it."),
        "seats message tp4 'The lab ends at 12.'",
        ("lab", "text", "class", "only", "output"),
    ),
    "seats feedback": Verb(
        classroom.feedback,
        N_("Give the students of a class their feedback, on their pages of the workbench."),
        "seats feedback tp4",
        ("lab", "take_back", "output"),
    ),
    "seats import": Verb(
        submission.seats_import,
        N_("Install a seat file from the instructor."),
        "seats import alice.seat",
        ("seat_files", "output"),
    ),
    "gateway start": Verb(
        gateway.start,
        N_("Let the students of a class log in to their seats on this server by SSH."),
        "gateway start --roster roster.csv",
        ("class", "keys", "listen", "port", "output"),
    ),
    "gateway stop": Verb(
        gateway.stop, N_("Stop the SSH gateway; all logins end."), "gateway stop", ("output",)
    ),
    "gateway status": Verb(
        gateway.status, N_("Say whether the SSH gateway runs, and where."), "gateway status", ("output",)
    ),
    "gateway logins": Verb(
        gateway.logins,
        N_("List the logins of students: name, time, address and host."),
        "gateway logins --student alice",
        ("student_of_logins", "output"),
    ),
    "gateway keys": Verb(
        gateway.keys,
        N_("Write a personal SSH key for each student of a class, for the gateway."),
        "gateway keys roster.csv -o keys",
        ("roster", "keys_folder", "output"),
    ),
    "grade": Verb(
        gradebook.grade,
        N_("Grade the submissions of a class, and write its gradebook."),
        "grade submissions/ --roster roster.csv -o gradebook",
        (
            "submissions",
            "class",
            "maybe_of_lab",
            "gradebook",
            "moodle",
            "scale",
            "without_seats",
            "given",
            "begin",
            "end",
            "due",
            "grace",
            "late",
            "cap",
            "closed",
            "hint_cost",
            "corrections",
            "jobs",
            "output",
        ),
    ),
    "prove": Verb(
        lab.prove,
        N_("Prove a lab's grading on its last run: correct work earns all, a mistake only costs its own."),
        "prove tp4",
        ("lab", "student", "run", "play", "provider", "os", "output"),
    ),
    "down": Verb(
        seat.down,
        N_("Remove a seat and all its files on this machine, except its reports."),
        "down tp4 --student alice",
        ("maybe_lab", "student", "all", "output"),
    ),
    "doctor": Verb(
        computer.doctor,
        N_("Check this machine for everything that sharklab needs."),
        "doctor",
        ("output", "network", "examined_provider", "remote"),
    ),
    "test": Verb(computer.test, N_("Run the test suite."), "test tests/unit", ("arguments",)),
}

GROUPS: Mapping[str, str] = {
    "image": N_("The images that seats are made from."),
    "gateway": N_("The SSH gateway of a class server, through which students log in."),
    "seats": N_("The seats of a class, on this computer or on the students' own machines."),
}
"""The subjects of verbs of two words, by the first word."""

SECTIONS: Mapping[str, tuple[str, ...]] = {
    N_("A seat:"): ("up", "run", "report", "status", "down"),
    N_("The work of a student:"): (
        "brief",
        "form",
        "shell",
        "capture",
        "fetch",
        "check",
        "solve",
        "reset",
        "submit",
        "serve",
    ),
    N_("A class:"): ("seats", "gateway", "grade"),
    N_("Labs and their images:"): ("labs", "lint", "prove", "image", "vms"),
    N_("Captures, and this computer:"): ("explain", "doctor", "test"),
}
"""The first words of all verbs, as the help of `sharklab` lists them, by the subject."""


def first_word_help(word: str) -> str:
    """Return the help of a verb of one word, or of the verbs that begin with `word`, as a msgid."""
    return GROUPS[word] if word in GROUPS else VERBS[word].help
