"""The verbs of one seat: start it, work on it, run its lab, write the report, remove it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharklab import i18n, paths, untrusted
from sharklab.cli.options import Options
from sharklab.cli.say import languages, say, translate, warn
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError, MachineryError
from sharklab.message import N_, Message

if TYPE_CHECKING:  # each verb imports what it needs, so that the others start quickly
    from sharklab.checks.outcome import Verdict
    from sharklab.cli.flow import Run
    from sharklab.lab.model import FilledLab, Lab, Plan


def up(args: Options) -> int:
    """Start a seat and say how to go on."""
    from sharklab.hosts import playbook

    playbook.get_ready()
    from sharklab.cli import exam_rules, flow
    from sharklab.progress import Progress

    plan = flow.prepare(args.lab, args.student, fault=args.fault)
    if args.solved:
        exam_rules.refuse_to_student(plan, "up --solved")
    plan = flow.to_begin(plan, args.solved)
    plan, provider = _choose_provider(args, plan)
    flow.up(plan, provider, args.os, Progress(translate(args).gettext))
    say(args, _describe_seat(plan, translate(args)), **_to_plain(plan))
    return GOOD


def _to_plain(plan: Plan) -> dict[str, Any]:
    hosts = {
        name: {net: str(at.ipv4.ip) for net, at in places.items()}
        for name, places in plan.seat.addresses.items()
    }
    return {
        "lab": plan.lab.name,
        "student": plan.seat.student,
        "start": list(plan.start),
        "hosts": hosts,
        "folder": str(plan.seat.folder),
    }


def _describe_seat(plan: Plan, words: i18n.Translator) -> str:
    name = plan.lab.name
    option = f" --student {plan.seat.student}"
    places = [f"  {host:<10} {', '.join(nets.values())}" for host, nets in _to_plain(plan)["hosts"].items()]
    steps = [
        (f"sharklab brief {name}{option}", words.gettext("the lab's brief")),
        (f"sharklab shell {name} {plan.hosts[0].name}{option}", words.gettext("a shell on a host")),
        *_list_next_steps(plan, f"{name}{option}", words),
        (f"sharklab down {name}{option}", words.gettext("remove the seat")),
    ]
    width = max(len(command) for command, _ in steps)
    lines = [f"  {command:<{width}}  {meaning}" for command, meaning in steps]
    title = words.gettext("Seat {lab} of {student} is ready.").format(lab=name, student=plan.seat.student)
    return "\n".join([title, *places, words.gettext("Next:"), *lines])


def _list_next_steps(plan: Plan, seat: str, words: i18n.Translator) -> list[tuple[str, str]]:
    """Return the commands for the work on a seat: a student's own work, or the demonstration."""
    if not plan.start:
        return [(f"sharklab run {seat}", words.gettext("captures, probes and the report"))]
    return [
        (f"sharklab check {seat}", words.gettext("the parts of the work, and the missing parts")),
        (f"sharklab reset {seat}", words.gettext("begin the work on the hosts again")),
    ]


def run(args: Options) -> int:
    """Run the lab on a seat; exit code 1 when an exercise did not come about as it should."""
    from sharklab.hosts import playbook

    playbook.get_ready()
    from sharklab.cli import exam_rules, flow
    from sharklab.progress import Progress

    plan = flow.prepare(args.lab, args.student, args.pace)
    exam_rules.refuse_to_student(plan, "run")
    flow.refuse_start(plan)
    plan, provider = _choose_provider(args, plan)
    return _say_run(
        args, flow.run(plan, provider, args.os, languages(args), Progress(translate(args).gettext))
    )


def _choose_provider(args: Options, plan: Plan) -> tuple[Plan, str]:
    """Return the plan and its provider; of machines that exist, once a person agrees to what will change."""
    from sharklab.cli import flow
    from sharklab.hosts import seat_provider

    provider = seat_provider.choose(plan.lab.name, plan.seat.student, args.provider)
    use_remote(args, provider)
    if args.inventory and provider != "existing":
        raise InputError(N_("works only with --provider existing"), place="--inventory")
    if provider == "existing":
        file = Path(args.inventory).absolute() if args.inventory else None
        return flow.borrow(plan, file, lambda sentences: ask_consent(args, sentences)), provider
    return plan, provider


def use_remote(args: Options, provider: str) -> None:
    """Let the course use the cluster that `--remote` names. Raises InputError with another provider."""
    if args.remote is None:
        return
    if provider != "cluster":
        raise InputError(N_("works only with --provider cluster"), place="--remote")
    from sharklab.hosts.providers.cluster import course

    course.use(args.remote)


def ask_consent(args: Options, sentences: Sequence[Message]) -> bool:
    """Show what will change, on standard error, and tell whether the person says yes."""
    words = translate(args)
    warn(args, sentences)
    if args.yes:
        return True
    print(words.gettext("Continue? [y/N]"), end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "o", "oui")


def agree(args: Options, sentences: Sequence[Message]) -> None:
    """Raise InputError unless the person agrees to what the sentences say."""
    if not ask_consent(args, sentences):
        raise InputError(
            N_("nothing was changed"),
            place=f"sharklab {args.verb}",
            hint=N_("answer yes, or use --yes"),
        )


def report(args: Options) -> int:
    """Write the report of a run again, from its evidence alone, or that of a student's own work."""
    if args.folder:
        from sharklab.cli.verbs import submission

        return submission.report(args)
    from sharklab.author import lint
    from sharklab.cli import flow, seats
    from sharklab.progress import Progress

    folder = seats.find_run(lint.load_named(args.lab).name, args.student, args.run)
    return _say_run(args, flow.write_reports(folder, languages(args), Progress(translate(args).gettext)))


def _say_run(args: Options, run: Run) -> int:
    words = translate(args)
    content = {
        "achieved": run.achieved,
        "run": str(run.folder),
        "reports": [str(file) for file in run.reports],
        "exercises": {verdict.exercise: verdict.achieved for verdict in run.verdicts},
    }
    say(
        args,
        "\n".join(_describe_verdicts(run.plan, run.verdicts, words) + _list_files(run, words)),
        **content,
    )
    return GOOD if run.achieved else NOT_ACHIEVED


def _describe_verdicts(plan: Plan, verdicts: Iterable[Verdict], words: i18n.Translator) -> list[str]:
    from sharklab.checks.outcome import Status

    titles = {exercise.id: exercise for exercise in plan.lab.exercises}
    lines = []
    for verdict in verdicts:
        exercise = titles[verdict.exercise]
        mark = "✓" if verdict.achieved else "✗"
        lines.append(f"{mark} {exercise.part:<5} {words.prose(exercise.title)}")
        lines += [
            f"    {words.say(o.title)}: {words.say(o.found)}"
            for o in verdict.outcomes
            if o.status is not Status.PASSED
        ]
        lines += [
            f"    {words.say(a.text)}: {words.gettext('no answer')}"
            for a in verdict.answers
            if a.status is not Status.PASSED
        ]
    return lines


def _list_files(run: Run, words: i18n.Translator) -> list[str]:
    pages = sorted((file for file in run.reports if file.suffix in (".html", ".md")), key=_is_not_html)
    report, captures = words.gettext("Report:"), words.gettext("Captures:")
    width = max(len(report), len(captures))
    lines = [f"{report if number == 0 else '':<{width}}  {file}" for number, file in enumerate(pages)]
    return ["", *lines, f"{captures:<{width}}  {run.folder}/hosts/*/captures/*.pcap"]


def _is_not_html(file: Path) -> bool:
    return file.suffix != ".html"


def brief(args: Options) -> int:
    """Show the lab's text for this seat."""
    from sharklab.cli import exam_rules, flow
    from sharklab.report import brief as briefs

    plan = flow.look_up(args.lab, args.student)
    if args.solution:
        exam_rules.refuse_in_exam(plan, "brief --solution")
    _warn_of_other_values(args, plan)
    if args.solution:
        print(untrusted.visible(_describe_solution(plan, translate(args))))
        return GOOD
    if not args.out:
        print(briefs.markdown(plan, args.language))
        return GOOD
    from sharklab import state

    target = Path(args.out)
    if target.suffix not in (".md", ".html"):
        raise InputError(
            N_("the brief is an .md or .html file"), place=f"--out {target}", hint=N_("name it brief.html")
        )
    write = briefs.page if target.suffix == ".html" else briefs.markdown
    state.write(target, write(plan, args.language), 0o644)
    print(target)
    return GOOD


def _warn_of_other_values(args: Options, plan: Plan) -> None:
    """Say on standard error when the values may be of another seat than the reader's."""
    from sharklab.cli import seats
    from sharklab.lab import seat

    lab, student = plan.lab.name, plan.seat.student
    there = [own.student for own in seats.seats_here(lab)]
    owners = seat.owners(lab)
    words, said = translate(args), None
    if owners and student not in owners:
        said = N_("The instructor made seats of {lab} for {others}. These values are not those of {student}.")
    elif student not in there and there:
        said = N_("The seat {lab}/{student} is not up. Seats of this lab that are up: {others}.")
    elif student not in there:
        said = N_("The seat {lab}/{student} is not up: sharklab up {lab} --student {student}")
    if said:
        values = {"lab": lab, "student": student, "others": owners or there}
        print("!", words.say(Message(said, values)), file=sys.stderr)


def _describe_solution(plan: Plan, words: i18n.Translator) -> str:
    """Return the changes that `solve` made on the seat. Raises InputError when it made none."""
    from sharklab.hosts import configuration
    from sharklab.report import brief as briefs

    solutions = configuration.solutions(plan)
    if not solutions:
        raise InputError(
            N_("no exercise was solved on this seat"),
            place="--solution",
            hint="sharklab solve {lab}",
            lab=plan.lab.name,
        )
    return briefs.describe_solutions(plan, solutions, words)


def shell(args: Options) -> int:
    """Become ssh on a host of the seat; with a terminal there if this command has one."""
    from sharklab.author import lint
    from sharklab.cli import seats
    from sharklab.hosts import host_login

    lab = lint.load_named(args.lab)
    if args.host not in [host.name for host in lab.hosts]:
        raise unknown_host(lab, args.host)
    config = ssh_config(lab.name, args.student)
    warn(args, seats.warnings(lab.name, args.student))
    terminal = "-t" if sys.stdin.isatty() and sys.stdout.isatty() else "-T"
    command = host_login.command(args.user, args.command)
    os.execvp("ssh", ["ssh", terminal, "-q", "-F", str(config), args.host, command])


def unknown_host(lab: Lab | FilledLab, host: str) -> InputError:
    """Return the error for a host that the lab does not have."""
    return InputError(
        N_("{lab} has no host {host!r}"),
        place=Message(N_("HOST")),
        hint=N_("hosts: {hosts}"),
        lab=lab.name,
        host=host,
        hosts=", ".join(h.name for h in lab.hosts),
    )


def ssh_config(lab: str, student: str) -> Path:
    """Return the ssh configuration of a seat, which wakes. Raises MachineryError if it is not up."""
    from sharklab import state
    from sharklab.cli import seats
    from sharklab.hosts.providers import sleeping

    config = state.seat_folder(lab, student) / "ssh" / "config"
    if not config.exists():
        raise MachineryError(
            N_("seat {lab}/{student} is not up"),
            hint="sharklab up {lab} --student {student}",
            lab=lab,
            student=student,
        )
    for own in seats.seats_here(lab, student):
        sleeping.wake(own)
    return config


def status(args: Options) -> int:
    """Show the seats of this machine, or those of one lab or student, and the state of their hosts."""
    from sharklab.cli import seats
    from sharklab.lab import load

    here = seats.status(paths.lab_name(args.lab) if args.lab else None, args.student or None)
    if args.lab and not here:
        load.find(args.lab)  # raises InputError for a name that no lab has
    words = translate(args)
    lines = []
    for seat in here:
        hosts = ", ".join(f"{host} {words.gettext(state)}" for host, state in seat["hosts"].items())
        seat["warnings"] = [words.say(sentence) for sentence in seat["warnings"]]
        lines += [f"{seat['lab']}/{seat['student']}: {hosts}", *(f"  {line}" for line in seat["warnings"])]
    say(args, "\n".join(lines) or words.gettext("No seat is up."), seats=here)
    return GOOD


def down(args: Options) -> int:
    """Remove one seat, or all of them."""
    from sharklab.cli import seats
    from sharklab.progress import Progress

    if bool(args.lab) == args.all:
        raise InputError(
            N_("name a lab, or give --all"),
            place="sharklab down",
            hint=N_("sharklab status lists the seats"),
        )
    lab = paths.lab_name(args.lab) if args.lab else None
    removed = seats.down(lab, None if args.all else args.student, Progress(translate(args).gettext))
    words = translate(args)
    lines = []
    for name, left in removed.items():
        lines += [*map(words.say, left), words.gettext("Seat {name} is removed.").format(name=name)]
    seats_gone = {name: [str(sentence) for sentence in left] for name, left in removed.items()}
    say(args, "\n".join(lines) or words.gettext("No seat is up."), removed=seats_gone)
    return GOOD
