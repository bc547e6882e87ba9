"""The verbs of a lab: list and check labs, build their images, prove their grading."""

from __future__ import annotations

from pathlib import Path

from sharklab.cli.options import Options
from sharklab.cli.say import say, translate
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from sharklab.message import N_, NN_, Message


def labs(args: Options) -> int:
    """List the labs with their titles and hosts; a lab that is broken is listed as such."""
    from sharklab.lab import load

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


def lint(args: Options) -> int:
    """Check a lab's file and its briefs; raise InputError with every problem when there is one.

    Warnings are told, too, and change neither the exit code nor what else is said.
    """
    from sharklab.author.lint import check, check_briefs
    from sharklab.author.lint_matrices import warnings
    from sharklab.lab import load

    file = load.find(args.lab)
    lab = check(file)
    check_briefs(lab)
    words = translate(args)
    told = [words.say(warning) for warning in warnings(lab)]
    text = NN_(
        "{file}: no problem found in {count} exercise", "{file}: no problem found in {count} exercises"
    )
    lines = [words.say(Message(text, {"file": file, "count": len(lab.exercises)}))]
    lines += [words.gettext("warning: {sentence}").format(sentence=sentence) for sentence in told]
    say(args, "\n".join(lines), file=str(file), problems=[], warnings=told)
    return GOOD


def image_build(args: Options) -> int:
    """Build the images of the labs that were named, or of all."""
    from sharklab.author.lint import load_named
    from sharklab.cli import flow
    from sharklab.cli.verbs.seat import use_remote
    from sharklab.hosts import providers, seat_provider
    from sharklab.lab import load, start
    from sharklab.progress import Progress

    progress, folders = Progress(translate(args).gettext), {}
    hosts = providers.get(args.provider or seat_provider.DEFAULT)
    use_remote(args, hosts.name)
    for name in args.labs or load.names():
        lab = load_named(name)
        folders[lab.name] = str(flow.build_image(lab, args.os, hosts, progress).folder)
        if not args.solved and (begun := start.exercises(lab)):
            layers = flow.build_image(lab, args.os, hosts, progress, begun)
            folders[f"{lab.name} ({translate(args).gettext('start')})"] = str(layers.folder)
    say(args, "\n".join(f"{name}: {folder}" for name, folder in folders.items()), images=folders)
    return GOOD


def vms(args: Options) -> int:
    """Write the domains for libvirt, and print the commands that start them."""
    from sharklab.cli import flow
    from sharklab.hosts import vms
    from sharklab.progress import Progress

    progress, plan = Progress(translate(args).gettext), flow.prepare(args.lab, args.student)
    with progress.step(N_("virtual machines of {lab}"), lab=plan.lab.name):
        image = Path(args.image) if args.image else vms.fetch(args.os, progress.note)
        done = vms.write(plan, image, Path(args.out), progress.note)
    say(args, "\n".join(done.commands), folder=str(done.folder), commands=list(done.commands))
    return GOOD


def _play(args: Options) -> int:
    """Play the lab's hands-on exercises; 1 when a state does not earn what it should."""
    from sharklab.author.lint import load_named
    from sharklab.cli import fault_play, play, setup
    from sharklab.hosts import seat_provider
    from sharklab.lab import start
    from sharklab.progress import Progress

    words, lab = translate(args), load_named(args.lab)
    if not start.exercises(lab):
        raise InputError(
            N_("no exercise of {lab} has a start state"),
            place="--play",
            hint=N_("leave the option out: sharklab prove {lab}"),
            lab=lab.name,
        )
    provider = args.provider or seat_provider.DEFAULT
    setup.prepare("up", provider, words, args.lab, args.os)
    progress = Progress(words.gettext)
    acts = []
    with play.hold(lab.name):
        for part in (play, fault_play):
            for act in part.play(args.lab, provider, args.os, progress):
                acts.append(act)
                for sentence in (act.title, *act.wrong):  # the whole play may take a quarter of an hour
                    progress.note(sentence)
    plain = [{"title": str(act.title), "wrong": list(map(str, act.wrong))} for act in acts]
    say(args, play.table(acts, words), acts=plain)
    return GOOD if all(act.holds for act in acts) else NOT_ACHIEVED


def prove(args: Options) -> int:
    """Grade the run as a submission, nothing, and every single fault; 1 when the grader is wrong in one."""
    from sharklab.author import proof, reference
    from sharklab.author.lint import load_named
    from sharklab.cli import seats
    from sharklab.progress import Progress

    words, progress = translate(args), Progress(translate(args).gettext)
    if args.play:
        return _play(args)
    run = seats.find_run(load_named(args.lab).name, args.student, args.run)
    plan, submission = reference.reference(run)
    with progress.step(N_("grading of {lab}"), lab=plan.lab.name):
        proofs = list(proof.prove(plan, submission, progress.note))
    say(args, proof.table(proofs, words), trials=[proof.plain(each) for each in proofs])
    return GOOD if all(each.holds for each in proofs) else NOT_ACHIEVED
