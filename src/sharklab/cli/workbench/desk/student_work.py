"""The folder of a student's work: its form as fields of a page, an answer saved as it is typed, a capture.

answers.yml stays the student's own file: the text around an answer is never changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import yaml

from sharklab import ownership, state, untrusted
from sharklab.checks import QUESTIONS
from sharklab.cli import solution as actions
from sharklab.errors import InputError
from sharklab.evidence.packets import facts, read
from sharklab.evidence.packets.container import open_capture
from sharklab.grading.submission import answers, form, sheet, work
from sharklab.grading.submission.model import Submission
from sharklab.i18n import Translator
from sharklab.lab.model import Capture, Exercise, Plan
from sharklab.limits import BUNDLE, CAPTURE
from sharklab.message import N_, NN_, Message
from sharklab.report import capture_page
from sharklab.report.capture_story import Choice, story

PATIENCE = 10.0
"""Seconds that a change of the folder waits for another one."""
CHUNK = 1 << 20


@contextmanager
def hold(plan: Plan) -> Iterator[None]:
    """Hold the folder of a student for one change. Raises Busy when another change lasts too long."""
    values = {"lab": plan.lab.name, "student": plan.seat.student}
    file = state.root() / "locks" / f"work-{plan.lab.name}-{plan.seat.student}"
    with state.lock(file, Message(N_("the work of {student} on {lab}"), values), PATIENCE):
        yield


def make(plan: Plan, folder: Path, words: Translator) -> None:
    """Make the folder with its form, or add to the form what it lacks. Raises as `form.write` does."""
    if form.write(plan, folder, words):
        ownership.give_like_folder(folder, *folder.iterdir())


def fields(plan: Plan, folder: Path, words: Translator) -> list[dict[str, Any]]:
    """Return each exercise as plain data: its text, its questions with the answers, and its captures."""
    found = work.read(folder, plan)
    return [
        {
            "id": exercise.id,
            "part": exercise.part,
            "title": words.prose(exercise.title),
            "text": words.prose(exercise.text),
            "help": _help(plan, exercise.id, words),
            "questions": [_question(plan, exercise, name, found, words) for name in exercise.questions],
            "captures": [_capture(capture, found, words) for capture in exercise.captures],
        }
        for exercise in plan.lab.exercises
    ]


def _help(plan: Plan, exercise: str, words: Translator) -> dict[str, Any]:
    """Return the price of a reset and of a solution of an exercise; nothing for one without work on hosts."""
    if exercise not in plan.start:
        return {}
    hosts = actions.hosts_to_reset(plan, exercise)
    return {
        "reset": [words.say(each) for each in actions.losses(plan, hosts, exercise)],
        "solve": ""
        if plan.lab.exam or exercise in plan.solved
        else " ".join(map(words.say, actions.costs(plan, (exercise,)))),
    }


def _question(
    plan: Plan, exercise: Exercise, name: str, found: Submission, words: Translator
) -> dict[str, Any]:
    question = QUESTIONS[name]
    choices = question.choices(plan, exercise) if question.choices else {}
    given = found.answers.get(exercise.id, {}).get(name)
    return {
        "name": name,
        "text": words.gettext(question.text),
        "example": answers.FORMATS[question.value].example,
        "choices": [[choice, words.prose(meaning)] for choice, meaning in choices.items()],
        "value": _show_answer(given),
    }


def _show_answer(given: Any) -> str:
    """Return an answer as the text of a field."""
    values = given if isinstance(given, list) else [given]
    return ", ".join(untrusted.one_line(str(value)) for value in values if value is not None)


def _capture(capture: Capture, found: Submission, words: Translator) -> dict[str, Any]:
    """Return a capture that is due, with the file that is taken for it."""
    told = {"id": capture.id, "host": capture.host, "network": capture.network, "file": "", "said": ""}
    file = found.captures.get(capture.id)
    if file is None:
        return told
    try:
        said = Message(NN_("{count} packet", "{count} packets"), {"count": len(open_capture(file).packets)})
    except InputError as error:
        said = error.sentence
    return {**told, "file": untrusted.name(file.name), "said": words.say(said)}


def save(plan: Plan, folder: Path, exercise: str, question: str, text: str) -> None:
    """Write an answer into answers.yml, or take it out where `text` is empty.

    Raises InputError when the lab does not ask this, when the text is no answer, or when the file is no
    valid YAML: then the student must mend it first.
    """
    asked = {each.id: each.questions for each in plan.lab.exercises}
    if question not in asked.get(exercise, ()):
        raise InputError(N_("the exercise does not ask this question"), place=f"{exercise}.{question}")
    given = " ".join(text.split())
    if len(given) > BUNDLE.text or not untrusted.is_visible(given):
        raise InputError(
            N_("an answer has at most {most} characters, and all of them are visible"),
            place=f"{exercise}.{question}",
            most=BUNDLE.text,
        )
    with hold(plan):
        file = next(iter(sheet.find(folder)), folder / sheet.NAME)
        old = sheet.text(untrusted.read(file, BUNDLE.answers), str(file))
        new = put(old, exercise, question, given, str(file))
        if new != old:
            state.write(file, new, 0o644)
            ownership.give_like_folder(file)


def put(text: str, exercise: str, question: str, given: str, place: str = sheet.NAME) -> str:
    """Return the text of answers.yml with another answer, "" for none; all the rest stays as it is.

    Raises InputError when the text is no YAML of exercises and questions.
    """
    value = json.dumps(given, ensure_ascii=False) if given else ""
    below = _child(_root(text, place), exercise)
    if below is None:
        return f"{text.rstrip()}\n\n{exercise}:\n  {question}: {value}".rstrip() + "\n"
    key, questions = below
    found = _child(questions, question) if isinstance(questions, yaml.MappingNode) else None
    if found is None:
        if not isinstance(questions, yaml.MappingNode) and questions.value:
            raise _unreadable(place, key.start_mark.line + 1)
        return _insert(text, key, questions, question, value)
    begin, end = _after_colon(text, found[0]), _end(found[1])
    end = max(begin, len(text[:end].rstrip()))  # the mark of a block is behind its last line
    return text[:begin] + (f" {value}" if value else "") + text[end:]


def _end(node: yaml.Node) -> int:
    """Return the index behind a value; comments below a list belong to what follows."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _root(text: str, place: str) -> yaml.Node | None:
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise _unreadable(place, mark.line + 1 if mark else 1) from error
    if root is not None and not isinstance(root, yaml.MappingNode):
        raise _unreadable(place, 1)
    return root


def _unreadable(place: str, line: int) -> InputError:
    return InputError(
        N_("line {line} cannot be read, so no answer can be saved"),
        place=place,
        hint=N_("mend this line in an editor; `sharklab check` tells more"),
        line=line,
    )


def _child(node: yaml.Node | None, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the key and the value of that name in a mapping."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next(((key, value) for key, value in pairs if key.value == name), None)


def _after_colon(text: str, key: yaml.Node) -> int:
    """Return the index after the colon of a key."""
    return text.index(":", key.end_mark.index) + 1


def _insert(text: str, key: yaml.Node, questions: yaml.Node, question: str, value: str) -> str:
    """Return the text with a new question as the first one of an exercise."""
    if isinstance(questions, yaml.MappingNode) and questions.flow_style:
        begin = questions.start_mark.index + 1
        return f"{text[:begin]}{question}: {value or 'null'}, {text[begin:]}"
    indent = questions.value[0][0].start_mark.column if isinstance(questions, yaml.MappingNode) else 2
    end = text.find("\n", _after_colon(text, key))
    end = len(text) if end < 0 else end
    return f"{text[:end]}\n{' ' * indent}{question}: {value}".rstrip() + (text[end:] or "\n")


def take(plan: Plan, folder: Path, id: str, source: IO[bytes]) -> None:
    """Keep an uploaded file as the capture `id`, in place of the one that was there.

    The file is a stranger's: it is opened as every capture is before it counts. Raises InputError when the
    lab does not ask for the capture, or the file is none or too large.
    """
    if id not in work.list_captures(plan):
        raise InputError(N_("the lab does not ask for this capture"), place=untrusted.name(id))
    own = state.folder(work.captures_folder(folder))
    with state.temporary(own, ".new-") as place:
        new = place / "capture"
        _copy(source, new)
        try:
            found = open_capture(new)
        except InputError as error:
            error.place = id  # the student knows no file of the server
            raise
        target = own / f"{id}.{found.format}"
        with hold(plan):
            new.chmod(0o644)
            new.replace(target)
            ownership.give_like_folder(own, target)
            _remove_others(id, target)


def explain(plan: Plan, folder: Path, name: str, words: Translator) -> tuple[str, bytes]:
    """Return the name and the content of a file that explains a capture of the student.

    `name` is the capture's id for the page, or a link of that page: the copy with comments for Wireshark.
    Raises InputError for another name, and for a capture that is missing or cannot be read.
    """
    id, _, rest = name.partition(".annotated.")
    file = work.read(folder, plan).captures.get(id)
    if file is None:
        raise InputError(N_("there is no such capture yet"), place=untrusted.name(id))
    capture = open_capture(file)
    told = story(untrusted.name(file.name), id, capture, facts(read(capture)), Choice(), words)
    made = capture_page.files([told], words)
    wanted = name if rest else f"{capture_page.NAME}.{words.language}.html"
    if wanted not in made:
        raise InputError(N_("there is no such capture yet"), place=untrusted.name(name))
    content = made[wanted]
    return wanted, content.encode() if isinstance(content, str) else content


def _copy(source: IO[bytes], target: Path) -> None:
    size = 0
    with target.open("wb") as file:
        target.chmod(0o600)
        while data := source.read(CHUNK):
            size += len(data)
            if size > CAPTURE.bytes:
                raise InputError(untrusted.TOO_LARGE, size=untrusted.size(CAPTURE.bytes))
            file.write(data)


def _remove_others(id: str, target: Path) -> None:
    """Remove what the new capture replaces, in the folder of captures alone: web.pcap beside web.pcapng."""
    for ending in (".pcap", ".pcapng"):
        other = target.with_name(f"{id}{ending}")
        if other != target:
            other.unlink(missing_ok=True)
