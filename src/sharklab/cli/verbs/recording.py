"""The verbs for a student's own captures: record on a host, and bring files home."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharklab import process
from sharklab.cli.options import Options
from sharklab.cli.say import say, translate, warn
from sharklab.cli.verbs import seat
from sharklab.errors import GOOD, NOT_ACHIEVED, InputError
from sharklab.message import DID_YOU_MEAN, N_, NN_, Message, nearest

if TYPE_CHECKING:  # each verb imports what it needs, so that the others start quickly
    from sharklab.cli.fetching import Arrival
    from sharklab.evidence.packets.model import Conversation
    from sharklab.hosts.recording import Order
    from sharklab.lab.model import Capture, Plan

MOST_TALKS = 3
"""Conversations that a line names."""


def capture(args: Options) -> int:
    """Record an exercise until Ctrl-C or a limit, and bring the capture home; or show packets live."""
    from sharklab.cli import fetching, flow
    from sharklab.grading.submission import intake

    plan = flow.look_up(args.lab, args.student)
    wanted = intake.find_captures(plan, args.subject)
    if args.live:
        return _show_live(args, plan, wanted)
    if args.filter is not None:
        raise InputError(N_("works only with --live"), place="--filter")
    if not wanted:
        raise _unknown_exercise(plan, args.subject)
    folder = _student_folder(args, plan)
    with fetching.temporary(folder) as own, process.interrupt_once() as ignore_signals:
        files = [own / capture.id for capture in wanted]
        lost = _record(args, plan, wanted, files, ignore_signals)
        arrivals = [
            fetching.take(plan, folder, file, f"{capture.host}", capture.id)
            for capture, file in zip(wanted, files, strict=True)
        ]
    warn(args, lost)  # only now: to say it fails on a closed terminal
    return _say_arrivals(args, arrivals, ())


def _unknown_exercise(plan: Plan, name: str) -> InputError:
    exercises = [exercise for exercise in plan.lab.exercises if exercise.captures]
    if any(exercise.id == name for exercise in plan.lab.exercises):
        sentence = N_("the exercise {name} asks for no capture")
    elif any(host.name == name for host in plan.hosts):
        return InputError(
            N_("{name} is a host, not an exercise"),
            place=Message(N_("EXERCISE")),
            hint=N_("name an exercise, or add --live"),
            name=name,
        )
    else:
        sentence = N_("{lab} has no exercise {name!r}")
    known = [exercise.id for exercise in exercises]
    return InputError(
        sentence,
        place=Message(N_("EXERCISE")),
        hint=DID_YOU_MEAN if nearest(name, known) else N_("exercises with captures: {exercises}"),
        lab=plan.lab.name,
        name=name,
        near=nearest(name, known),
        exercises=known,
    )


def _student_folder(args: Options, plan: Plan) -> Path:
    from sharklab.grading.submission import form

    seat.ssh_config(plan.lab.name, args.student)
    return form.place(args.folder, plan.lab.name)


def _order(args: Options, plan: Plan, capture: Capture) -> Order:
    """Return the recording that lab.yml asks for, on the card that the host really has."""
    from sharklab.hosts import inventory
    from sharklab.hosts.recording import Order

    known = inventory.build(plan)["all"]["hosts"][capture.host]["capture_captures"]
    [own] = [each for each in known if each["id"] == capture.id]
    return Order(own["interface"], own["filter"], own["snaplen"], args.packets)


def _record(
    args: Options,
    plan: Plan,
    wanted: Sequence[Capture],
    files: Sequence[Path],
    ignore_signals: Callable[[], None],
) -> list[Message]:
    """Record into the files until Ctrl-C or a limit, and return what tcpdump lost.

    Raises MachineryError when a recording fails.
    """
    from sharklab.hosts import recording
    from sharklab.hosts.providers import remote

    words = translate(args)
    with ExitStack() as opened:
        order = [
            (
                remote.machine_of(plan.seat, capture.host),
                _order(args, plan, capture),
                opened.enter_context(file.open("wb")),
            )
            for capture, file in zip(wanted, files, strict=True)
        ]
        with recording.recordings(order) as running:
            for capture in wanted:
                values = {"capture": capture.id, "host": capture.host, "interface": capture.network}
                text = Message(N_("recording {capture} on {host}, interface {interface}"), values)
                print(words.say(text), file=sys.stderr)
            print(words.gettext("Start the application now. Ctrl-C ends the recording."), file=sys.stderr)
            with contextlib.suppress(KeyboardInterrupt):
                recording.wait(running, args.seconds)
                ignore_signals()  # in the block: a signal may come before it is done
    for each in running:
        each.check()
    lost = NN_(
        "tcpdump on {host} lost {count} packet: record again, with less traffic",
        "tcpdump on {host} lost {count} packets: record again, with less traffic",
    )
    return [
        Message(lost, {"host": each.machine.name, "count": each.dropped}) for each in running if each.dropped
    ]


def _show_live(args: Options, plan: Plan, wanted: Sequence[Capture]) -> int:
    """Write the packets of a host, or of an exercise, to standard output until its reader ends."""
    from sharklab.hosts import recording
    from sharklab.hosts.providers import remote

    host, order = _live_order(args, plan, wanted)
    seat.ssh_config(plan.lab.name, args.student)
    if sys.stdout.isatty():
        raise InputError(
            N_("packets are no text for a terminal"),
            place="--live",
            hint="sharklab capture {lab} {subject} --live | wireshark -k -i -",
            lab=args.lab,
            subject=args.subject,
        )
    out = sys.stdout.buffer
    wanted_there = [(remote.machine_of(plan.seat, host), order, out)]
    with contextlib.suppress(KeyboardInterrupt), recording.recordings(wanted_there) as running:
        recording.wait(running, args.seconds, out.fileno())
    return GOOD


def _live_order(args: Options, plan: Plan, wanted: Sequence[Capture]) -> tuple[str, Order]:
    """Return the host and the recording that are meant. Raises InputError if it is not exactly one."""
    from sharklab.hosts import inventory
    from sharklab.hosts.recording import Order

    if args.subject in [host.name for host in plan.hosts]:
        cards = inventory.build(plan)["all"]["hosts"][args.subject]["lab_interfaces"]
        return args.subject, Order(next(iter(cards.values())), args.filter or "", 0, args.packets)
    if not wanted:
        raise _unknown_exercise(plan, args.subject)
    if len(wanted) > 1:
        raise InputError(
            N_("the exercise {name} has several captures"),
            place="--live",
            hint=N_("name one of them: {captures}"),
            name=args.subject,
            captures=[capture.id for capture in wanted],
        )
    own = _order(args, plan, wanted[0])
    expression = own.filter if args.filter is None else args.filter
    return wanted[0].host, Order(own.interface, expression, own.snaplen, args.packets)


def fetch(args: Options) -> int:
    """Bring files of the hosts home: those that are named, or all captures that are somebody's work."""
    from sharklab.cli import fetching, flow

    plan = flow.look_up(args.lab, args.student)
    asked = [_split(plan, file) for file in args.files]
    if args.as_capture and len(asked) != 1:
        raise InputError(
            N_("needs exactly one file"),
            place="--as",
            hint="sharklab fetch {lab} HOST:FILE --as {id}",
            lab=args.lab,
            id=args.as_capture,
        )
    folder = _student_folder(args, plan)
    if not asked:
        return _say_arrivals(args, *fetching.fetch_all(plan, folder, [host.name for host in plan.hosts]))
    with fetching.temporary(folder) as own:
        arrivals = [_fetch_one(args, plan, folder, own, host, path) for host, path in asked]
    return _say_arrivals(args, arrivals, ())


def _split(plan: Plan, file: str) -> tuple[str, str]:
    """Return host and path of HOST:FILE."""
    host, colon, path = file.partition(":")
    if not colon or not path:
        raise InputError(
            N_("{file!r} is not a host and a file"),
            place=Message(N_("HOST:FILE")),
            hint=N_("write, for example: {host}:web.pcap"),
            file=file,
            host=plan.hosts[0].name,
        )
    if host not in [each.name for each in plan.hosts]:
        raise seat.unknown_host(plan.lab, host)
    return host, path.removeprefix("~/")


def _fetch_one(args: Options, plan: Plan, folder: Path, own: Path, host: str, path: str) -> Arrival:
    from sharklab.cli import fetching
    from sharklab.grading.marking import glance

    origin = f"{host}:{path}"
    file = fetching.copy(plan, own, host, path)
    try:
        seen = glance.look(plan, file)
    except InputError as error:
        values: dict[str, Any] = dict(error.values)
        raise InputError(error.message_id, place=origin, hint=error.hint, **values) from error
    id = (
        _find_id(plan, args.as_capture) if args.as_capture else fetching.match_capture(plan, host, path, seen)
    )
    if not id:
        from sharklab.grading.submission import intake

        raise InputError(
            fetching.UNCLEAR if seen.packets else fetching.NO_PACKET,
            place=origin,
            hint=N_("say it with --as: {captures}"),
            captures=[capture.id for capture in intake.captures(plan)],
        )
    return fetching.take(plan, folder, file, origin, id, seen)


def _find_id(plan: Plan, name: str) -> str:
    from sharklab.grading.submission import intake

    found = intake.find_captures(plan, name)
    if len(found) == 1:
        return found[0].id
    known = [capture.id for capture in (found or intake.captures(plan))]
    raise InputError(
        N_("the exercise {name} has several captures")
        if found
        else N_("the lab asks for no capture {name!r}"),
        place="--as",
        hint=N_("name one of them: {captures}"),
        name=name,
        captures=known,
    )


def _say_arrivals(args: Options, arrivals: Sequence[Arrival], left: Sequence[tuple[str, Message]]) -> int:
    words = translate(args)
    lines = [words.say(line) for arrival in arrivals for line in _describe(arrival)]
    lines += [f"- {origin}: {words.say(reason)}" for origin, reason in left]
    if left:
        hint = words.gettext("This takes one of them: sharklab fetch {lab} {file} --as CAPTURE")
        lines.append(hint.format(lab=args.lab, file=shlex.quote(left[0][0])))
    say(
        args,
        "\n".join(lines)
        or words.gettext("The hosts have no captures in /home, /root, /tmp, /var/tmp or /srv."),
        captures=[_to_plain(arrival) for arrival in arrivals],
        left=[{"file": origin, "reason": words.say(reason)} for origin, reason in left],
    )
    return GOOD if arrivals and all(arrival.is_right for arrival in arrivals) else NOT_ACHIEVED


def _describe(arrival: Arrival) -> Iterator[Message]:
    talks = arrival.glance.shown.get(arrival.capture, ())
    values: dict[str, Any] = {
        "mark": "✓" if arrival.is_right else "✗",
        "file": arrival.place,
        "origin": arrival.origin,
        "count": arrival.glance.packets,
        "talks": [_talk(talk) for talk in talks[:MOST_TALKS]],
    }
    if talks:
        yield Message(
            NN_(
                "{mark} {file}, from {origin}: {count} packet; {talks}",
                "{mark} {file}, from {origin}: {count} packets; {talks}",
            ),
            values,
        )
    else:
        yield Message(
            NN_(
                "{mark} {file}, from {origin}: {count} packet",
                "{mark} {file}, from {origin}: {count} packets",
            ),
            values,
        )
    if not arrival.is_new:
        yield Message(N_("    the same file was there already"))
    if arrival.glance.cut:
        yield Message(N_("    the file ends within a packet: record it anew, and end tcpdump with Ctrl-C"))
    if not arrival.is_right:
        yield arrival.glance.problem or _say_missing(arrival)
    for file in arrival.kept:
        yield Message(N_("    the file that was there before is now {file}"), {"file": file})


def _say_missing(arrival: Arrival) -> Message:
    if not arrival.glance.packets:
        return Message(
            N_("    no packet passed while it was recorded: start the recording before the application")
        )
    if others := list(arrival.glance.shown):
        return Message(
            N_("    its packets are of {others}: --as gives a file another name"), {"others": others}
        )
    return Message(
        N_("    none of its packets are of the exercise: check the host, the interface and the filter")
    )


def _talk(talk: Conversation) -> str:
    return f"{talk.transport.upper()} {talk.client} → {talk.server}"


def _to_plain(arrival: Arrival) -> dict[str, Any]:
    return {
        "origin": arrival.origin,
        "capture": arrival.capture,
        "file": str(arrival.place),
        "packets": arrival.glance.packets,
        "shows_exercise": arrival.is_right,
        "new": arrival.is_new,
        "kept": [str(file) for file in arrival.kept],
    }
