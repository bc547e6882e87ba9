"""What each verb of the command line does: call the flow, say what came of it, return the exit code."""

from __future__ import annotations

import json
import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharklab import i18n
from sharklab.cli import envelope
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError, MachineryError
from sharklab.message import N_, Message

if TYPE_CHECKING:  # each verb imports what it needs, so that the others start quickly
    from sharklab.checks.outcome import Verdict
    from sharklab.model import Plan


def say(args: Namespace, text: str, **content: Any) -> None:
    """Print `content` as JSON when a script reads, else `text`."""
    if getattr(args, "output", "text") == "json":
        print(json.dumps(envelope(args.verb, **content), ensure_ascii=False, indent=1))
    elif text:
        print(text)


def translate(args: Namespace) -> i18n.Translator:
    """Return who speaks the language of the reader."""
    return i18n.translator(args.language)


def labs(args: Namespace) -> int:
    """List the labs with their titles and hosts; a lab that is broken is listed as such."""
    from sharklab import load

    words, lines, content = translate(args), [], []
    for name in load.names():
        try:
            title, hosts = load.glance(load.find(name))
            lines.append(f"{name:<14} {words.prose(title)} ({', '.join(hosts)})")
            content.append({"lab": name, "title": dict(title), "hosts": list(hosts)})
        except InputError as error:
            lines.append(f"{name:<14} {words.gettext('broken; see: sharklab lint {lab}').format(lab=name)}")
            content.append({"lab": name, "error": str(error)})
    say(args, "\n".join(lines), labs=content)
    return GOOD


def lint(args: Namespace) -> int:
    """Check a lab's file; `load` raises with every problem when there is one."""
    from sharklab import load

    file = load.find(args.lab)
    lab = load.load(file)
    text = translate(args).gettext("{file}: no problem found in {count} exercises")
    say(args, text.format(file=file, count=len(lab.exercises)), file=str(file), problems=[])
    return GOOD


def image_build(args: Namespace) -> int:
    """Build the images of the labs that were named, or of all."""
    from sharklab import flow, load, provided, providers
    from sharklab.progress import Progress

    progress, folders = Progress(translate(args).gettext), {}
    hosts = providers.get(args.provider or provided.DEFAULT)
    for name in args.labs or load.names():
        folders[name] = str(flow.build_image(load.load(load.find(name)), args.os, hosts, progress).folder)
    say(args, "\n".join(f"{name}: {folder}" for name, folder in folders.items()), images=folders)
    return GOOD


def vms(args: Namespace) -> int:
    """Write what libvirt starts, and say the commands."""
    from sharklab import flow, vms
    from sharklab.progress import Progress

    progress, plan = Progress(translate(args).gettext), flow.prepare(args.lab, args.student)
    with progress.step(N_("virtual machines of {lab}"), lab=plan.lab.name):
        image = Path(args.image) if args.image else vms.fetch(args.os, progress.note)
        done = vms.write(plan, image, Path(args.out), progress.note)
    say(args, "\n".join(done.commands), folder=str(done.folder), commands=list(done.commands))
    return GOOD


def up(args: Namespace) -> int:
    """Start a seat and say how to go on."""
    from sharklab import playbook

    playbook.get_ready()
    from sharklab import flow
    from sharklab.progress import Progress

    plan, provider = _met(args, flow.prepare(args.lab, args.student))
    flow.up(plan, provider, args.os, Progress(translate(args).gettext))
    say(args, _ready(plan, translate(args)), **_seat(plan))
    return GOOD


def _seat(plan: Plan) -> dict[str, Any]:
    hosts = {
        name: {net: str(at.ipv4.ip) for net, at in places.items()}
        for name, places in plan.seat.addresses.items()
    }
    return {
        "lab": plan.lab.name,
        "student": plan.seat.student,
        "hosts": hosts,
        "folder": str(plan.seat.folder),
    }


def _ready(plan: Plan, words: i18n.Translator) -> str:
    name = plan.lab.name
    option = f" --student {plan.seat.student}"
    places = [f"  {host:<10} {', '.join(nets.values())}" for host, nets in _seat(plan)["hosts"].items()]
    steps = [
        (f"sharklab brief {name}{option}", words.gettext("what is asked")),
        (f"sharklab shell {name} {plan.hosts[0].name}{option}", words.gettext("a shell on a host")),
        (f"sharklab run {name}{option}", words.gettext("captures, probes and the report")),
        (f"sharklab down {name}{option}", words.gettext("remove the seat")),
    ]
    width = max(len(command) for command, _ in steps)
    lines = [f"  {command:<{width}}  {meaning}" for command, meaning in steps]
    title = words.gettext("Seat {lab} of {student} is ready.").format(lab=name, student=plan.seat.student)
    return "\n".join([title, *places, words.gettext("Next:"), *lines])


def run(args: Namespace) -> int:
    """Run the lab on a seat; exit code 1 when an exercise did not come about as it should."""
    from sharklab import playbook

    playbook.get_ready()
    from sharklab import flow
    from sharklab.progress import Progress

    plan, provider = _met(args, flow.prepare(args.lab, args.student, args.pace))
    return _told(args, flow.run(plan, provider, args.os, languages(args), Progress(translate(args).gettext)))


def _met(args: Namespace, plan: Plan) -> tuple[Plan, str]:
    """Return the plan and its provider; of machines that exist, once a person agrees to what will change."""
    from sharklab import flow, provided

    provider = provided.choose(plan.lab.name, plan.seat.student, args.provider)
    if args.inventory and provider != "existing":
        raise InputError(N_("goes with --provider existing only"), place="--inventory")
    if provider == "existing":
        file = Path(args.inventory).absolute() if args.inventory else None
        return flow.meet(plan, file, lambda sentences: _agree(args, sentences)), provider
    return plan, provider


def _agree(args: Namespace, sentences: Sequence[Message]) -> bool:
    """Show what will change, on standard error, and tell whether the person says yes."""
    words = translate(args)
    print("\n".join(words.say(sentence) for sentence in sentences), file=sys.stderr)
    if args.yes:
        return True
    print(words.gettext("Go on? [y/N]"), end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "o", "oui")


def report(args: Namespace) -> int:
    """Write the report of a run again, from its evidence alone, or that of a student's own work."""
    if args.folder:
        from sharklab.submission import verbs

        return verbs.report(args)
    from sharklab import flow
    from sharklab.progress import Progress

    folder = _run_folder(args)
    return _told(args, flow.write_reports(folder, languages(args), Progress(translate(args).gettext)))


def _run_folder(args: Namespace) -> Path:
    """Return the folder of the run that is meant: the newest, or the one that was named."""
    from sharklab import flow, load, state

    lab = load.load(load.find(args.lab))
    folder = flow.last_run(lab.name, args.student)
    if args.run:
        folder = state.runs_folder(lab.name, args.student) / Path(args.run).name
        if not (folder / "manifest.json").exists():
            raise InputError(
                N_("there is no run {run!r}"),
                place="--run",
                hint=N_("runs are folders of {folder}"),
                run=args.run,
                folder=folder.parent,
            )
    return folder


def prove(args: Namespace) -> int:
    """Grade the run as a submission, nothing, and every single fault; 1 when the grader is wrong in one."""
    from sharklab.grading import prove as trials
    from sharklab.grading import reference
    from sharklab.progress import Progress

    words, progress = translate(args), Progress(translate(args).gettext)
    plan, submission = reference.reference(_run_folder(args))
    with progress.step(N_("grading of {lab}"), lab=plan.lab.name):
        found = list(trials.prove(plan, submission, progress.note))
    say(args, trials.table(found, words), trials=[trials.plain(trial) for trial in found])
    return GOOD if all(trial.holds for trial in found) else NOT_ACHIEVED


def languages(args: Namespace) -> tuple[str, ...]:
    """Return the report's languages: all, the reader's first."""
    return (args.language, *(language for language in i18n.languages() if language != args.language))


def _told(args: Namespace, done: Any) -> int:
    words = translate(args)
    content = {
        "achieved": done.achieved,
        "run": str(done.folder),
        "reports": [str(file) for file in done.reports],
        "exercises": {verdict.exercise: verdict.achieved for verdict in done.verdicts},
    }
    say(args, "\n".join(_summary(done.plan, done.verdicts, words) + _places(done, words)), **content)
    return GOOD if done.achieved else NOT_ACHIEVED


def _summary(plan: Plan, verdicts: Iterable[Verdict], words: i18n.Translator) -> list[str]:
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


def _places(done: Any, words: i18n.Translator) -> list[str]:
    pages = sorted((file for file in done.reports if file.suffix in (".html", ".md")), key=_html_first)
    report, captures = words.gettext("Report:"), words.gettext("Captures:")
    width = max(len(report), len(captures))
    lines = [f"{report if number == 0 else '':<{width}}  {file}" for number, file in enumerate(pages)]
    return ["", *lines, f"{captures:<{width}}  {done.folder}/hosts/*/captures/*.pcap"]


def _html_first(file: Path) -> bool:
    return file.suffix != ".html"


def brief(args: Namespace) -> int:
    """Show the lab's text for this seat."""
    from sharklab import brief as briefs
    from sharklab import flow

    plan = flow.prepare(args.lab, args.student)
    if not args.out:
        print(briefs.markdown(plan, args.language))
        return GOOD
    from sharklab import state

    target = Path(args.out)
    if target.suffix not in (".md", ".html"):
        raise InputError(
            N_("the brief is written as .md or .html"), place=f"--out {target}", hint=N_("name it brief.html")
        )
    write = briefs.page if target.suffix == ".html" else briefs.markdown
    state.write(target, write(plan, args.language), 0o644)
    print(target)
    return GOOD


def shell(args: Namespace) -> int:
    """Become ssh on a host of the seat."""
    from sharklab import load, state

    lab = load.load(load.find(args.lab))
    if args.host not in [host.name for host in lab.hosts]:
        raise InputError(
            N_("{lab} has no host {host!r}"),
            place=Message(N_("HOST")),
            hint=N_("hosts: {hosts}"),
            lab=lab.name,
            host=args.host,
            hosts=", ".join(h.name for h in lab.hosts),
        )
    config = state.seat_folder(lab.name, args.student) / "ssh" / "config"
    if not config.exists():
        raise MachineryError(
            N_("seat {lab}/{student} is not up"),
            hint="sharklab up {lab} --student {student}",
            lab=lab.name,
            student=args.student,
        )
    os.execvp("ssh", ["ssh", "-t", "-q", "-F", str(config), args.host, _login(args.user, args.command)])


def _login(user: str, command: Sequence[str]) -> str:
    """Return the command line that makes whoever logs in, root or by sudo, the user that is asked for."""
    words = ["runuser", "--login", user]
    words += ["--command", " ".join(command)] if command else []
    return f'[ "$(id -u)" = 0 ] || set -- sudo; exec "$@" {shlex.join(words)}'


def status(args: Namespace) -> int:
    """Show every seat of this machine and the state of its hosts."""
    from sharklab import flow

    seats = flow.status()
    words = translate(args)
    lines = [
        f"{seat['lab']}/{seat['student']}: "
        + ", ".join(f"{host} {words.gettext(state)}" for host, state in seat["hosts"].items())
        for seat in seats
    ]
    say(args, "\n".join(lines) or words.gettext("No seat is up."), seats=seats)
    return GOOD


def down(args: Namespace) -> int:
    """Remove one seat, or all of them."""
    from sharklab import flow
    from sharklab.progress import Progress

    if bool(args.lab) == args.all:
        raise InputError(
            N_("name a lab, or give --all"),
            place="sharklab down",
            hint=N_("sharklab status lists the seats"),
        )
    lab = Path(args.lab).name if args.lab else None  # which may be named by its folder
    removed = flow.down(lab, None if args.all else args.student, Progress(translate(args).gettext))
    words = translate(args)
    for name, left in removed.items():
        for sentence in left:
            print(words.say(sentence))
        print(words.gettext("Seat {name} is removed.").format(name=name))
    if not removed:
        print(words.gettext("No seat is up."))
    return GOOD


def doctor(args: Namespace) -> int:
    """Say what this machine can run."""
    from sharklab import doctor as doctors

    findings = doctors.examine(network=args.network)
    say(args, doctors.render(findings, translate(args)), **doctors.to_plain(findings))
    return NOT_ACHIEVED if any(finding.status == "missing" for finding in findings) else GOOD


def test(args: Namespace) -> int:
    """Run the test suite."""
    from sharklab import testing
    from sharklab.progress import Progress

    return testing.run(args.arguments, Progress(translate(args).gettext))
