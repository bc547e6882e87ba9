"""The verbs of a student's work on the hosts: do it for the student, or take it away."""

from __future__ import annotations

from sharklab.cli.options import Options
from sharklab.cli.say import say, translate
from sharklab.cli.verbs.seat import agree
from sharklab.errors import GOOD


def solve(args: Options) -> int:
    """Do the work of an exercise, or of all, on the seat; the exercise then earns no points."""
    from sharklab.cli import exam_rules, flow, solution
    from sharklab.hosts import playbook
    from sharklab.progress import Progress

    playbook.get_ready()
    whole = flow.look_up(args.lab, args.student)
    exam_rules.refuse_in_exam(whole, "solve")
    plan, words = solution.read(whole), translate(args)
    ids = solution.exercises(plan, args.subject)
    agree(args, solution.costs(plan, ids))
    changes = solution.solve(plan, ids, Progress(words.gettext))
    lines = [words.gettext("Solved: {exercises}").format(exercises=", ".join(ids))]
    if changes:
        text = words.gettext("The changes on {hosts}: sharklab brief {lab} --solution")
        lines.append(text.format(hosts=", ".join(changes), lab=plan.lab.name))
    else:
        lines.append(words.gettext("Nothing had to be changed."))
    say(args, "\n".join(lines), exercises=list(ids), changes=changes)
    return GOOD


def reset(args: Options) -> int:
    """Put hosts of the seat back into their start state, once the student agrees."""
    from sharklab.cli import flow, solution
    from sharklab.progress import Progress

    plan, words = solution.read(flow.look_up(args.lab, args.student)), translate(args)
    hosts = solution.hosts_to_reset(plan, args.subject)
    agree(args, solution.losses(plan, hosts, args.subject))
    told = solution.reset(plan, hosts, Progress(words.gettext))
    text = words.gettext("In their start state: {hosts}").format(hosts=", ".join(hosts))
    say(args, "\n".join([*map(words.say, told), text]), hosts=list(hosts))
    return GOOD
