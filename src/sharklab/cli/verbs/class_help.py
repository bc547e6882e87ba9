"""The verbs for help in a class: messages, raised hands, and the right of the instructor at terminals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sharklab import paths
from sharklab.cli.options import Options
from sharklab.cli.say import say, translate
from sharklab.cli.verbs import classroom
from sharklab.errors import GOOD, InputError
from sharklab.message import N_

NO_RIGHT = "none"
"""The word of the command line for a student who shows no terminal."""


def message(args: Options) -> int:
    """Send a message to students of a class: those of the roster, or those who have a seat here.

    Raises InputError when there is nobody.
    """
    from sharklab.lab import class_news, help_note

    lab, names = paths.lab_name(args.lab), classroom.choose(args, _find_class(args))
    for name in names:
        help_note.tell(lab, name, args.text)
    class_news.tell(lab)
    text = translate(args).gettext("Students with the message: {count}")
    say(args, text.format(count=len(names)), lab=lab, students=names)
    return GOOD


def help(args: Options) -> int:
    """Note that students ask for help, or that the help is over. Raises InputError for a stranger."""
    from sharklab.cli.workbench.desk import help_desk
    from sharklab.hosts.door import control
    from sharklab.lab import class_news

    lab, names = paths.lab_name(args.lab), _find_named(args)
    for name in names:
        help_desk.note_hand(lab, name, not args.over, control.end_visits)
    class_news.tell(lab)
    begun, over = N_("Students who ask for help: {students}"), N_("The help is over for: {students}")
    text = translate(args).gettext(over if args.over else begun)
    say(args, text.format(students=", ".join(names)), lab=lab, students=names, up=not args.over)
    return GOOD


def terminals(args: Options) -> int:
    """Note what the instructor may do at the terminals of students. Raises InputError for a stranger."""
    from sharklab.cli.workbench.desk import help_desk
    from sharklab.hosts.door import control
    from sharklab.lab import class_news, help_note

    lab, names = paths.lab_name(args.lab), _find_named(args)
    right = help_note.NOTHING if args.right == NO_RIGHT else args.right
    for name in names:
        help_desk.note_right(lab, name, right, control.end_visits)
    class_news.tell(lab)
    sentences = {
        help_note.NOTHING: N_("The instructor does not see the terminals of: {students}"),
        help_note.SEE: N_("The instructor may see the terminals of: {students}"),
        help_note.TYPE: N_("The instructor may type in the terminals of: {students}"),
    }
    text = translate(args).gettext(sentences[right])
    say(args, text.format(students=", ".join(names)), lab=lab, students=names, right=right)
    return GOOD


def _find_named(args: Options) -> Sequence[str]:
    """Return the students whom the command names. Raises InputError for one who is not of the class."""
    return classroom.members(args.students, _find_class(args), f"sharklab {args.verb}")


def _find_class(args: Options) -> Sequence[str]:
    """Return the students of the roster, or those who have a seat here. Raises InputError for nobody."""
    from sharklab.cli import seats
    from sharklab.lab import load, roster

    lab = paths.lab_name(args.lab)
    if args.roster:
        return [own.id for own in roster.read(Path(args.roster))]
    if here := seats.seats_here(lab):
        return [own.student for own in here]
    load.find(args.lab)  # raises InputError for a name that no lab has
    hint = N_("name the class: --roster FILE")
    raise InputError(
        N_("no student of {lab} has a seat here"), place=f"sharklab {args.verb}", hint=hint, lab=lab
    )
