"""Read answers.yml: plain YAML of {exercise: {question: answer}}, written by a stranger."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from sharklab import untrusted, yaml_file
from sharklab.errors import InputError
from sharklab.grading.submission import sheet_parts
from sharklab.grading.submission.model import Answers, Problem
from sharklab.grading.submission.sheet_parts import Block, SheetPart
from sharklab.limits import BUNDLE, BundleLimits
from sharklab.message import N_, NN_, Message

NAME = "answers.yml"
_FILE = re.compile(
    r"(?:answers?|r[eé]ponses?)(?:[ _-]?\(\d{1,3}\)|[ _-]\d{1,3})?\.(?:ya?ml|json)(?:\.txt)?", re.IGNORECASE
)
DEEPEST = 3
"""Exercises hold questions, a question may hold a list."""
_TOLD = 10
"""Problems of one file that are told."""
_BLANKS = dict.fromkeys(
    map(
        ord,
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    ),
    " ",
)
"""Blanks that look like a blank and are none for YAML: word processors and web pages have them."""
_QUOTES = {'"': '"', "“": "”", "”": "”", "„": "“”", "«": "»", "‘": "’", "’": "’", "‚": "‘’", "‹": "›"}
"""Quotes of word processors, with those that close them."""


def is_sheet(name: str) -> bool:
    """Tell whether a file of this name holds answers."""
    return _FILE.fullmatch(unicodedata.normalize("NFC", name)) is not None


def find(folder: Path) -> tuple[Path, ...]:
    """Return the files of answers in `folder`: the one that is read, then others of nearly the same name.

    Browsers number a second download, and editors add an ending: answers (1).yml, answers.yml.txt.
    """
    if not folder.is_dir():
        return ()
    sheets = sorted(file for file in folder.iterdir() if is_sheet(file.name))
    return tuple(sorted(sheets, key=lambda file: file.name != NAME))


def read(content: bytes, limits: BundleLimits = BUNDLE) -> tuple[Answers, tuple[Problem, ...]]:
    """Return the answers in `content`, and its refused parts.

    Where the file is no plain YAML, each of its exercises and questions is read alone: a bad line costs that
    line. Tricks are refused before any value is built. A question without an answer is left out silently.
    """
    try:
        words = text(content)
    except InputError as error:
        return {}, (Problem(NAME, error.sentence),)
    sheet = _Sheet(limits)
    try:
        sheet.add(_document(words))
    except InputError as error:
        for block in sheet_parts.blocks(words.translate(_BLANKS)):
            _add_block(sheet, block)
        if isinstance(error.__cause__, _Trick) and not sheet.problems:
            sheet.refuse(error, 0)
    return sheet.answers, _shorten_problems(tuple(sheet.problems))


def text(content: bytes, place: str = NAME) -> str:
    """Return the text of a file of answers. Raises InputError for a file that is no text."""
    try:
        return untrusted.decode(content)
    except ValueError as error:
        raise InputError(
            N_("the file is not text"), place=place, hint=N_("save it as text, with the encoding UTF-8")
        ) from error


def names(content: bytes, file: Path) -> frozenset[str]:
    """Return the exercises that are named in `content`. Raises InputError for a line that cannot be read."""
    words = text(content, str(file))
    try:
        data = _document(words).data
    except InputError as error:
        for problem in read(content)[1]:  # it names the line at fault, where YAML names a later one
            values = problem.reason.values
            raise InputError(problem.reason.msgid, place=str(file), hint=error.hint_id, **values) from error
        return frozenset(block.exercise for block in sheet_parts.blocks(words) if block.exercise)
    return frozenset(map(str, data)) if isinstance(data, Mapping) else frozenset()


def _document(words: str) -> yaml_file.Document:
    """Return the YAML in `words`. Raises InputError when it is none, or holds tricks."""
    plain = words.translate(_BLANKS)
    try:
        _inspect(plain)
        return yaml_file.read(plain)
    except _Trick as trick:
        raise InputError(trick.reason, place=NAME, line=trick.line) from trick
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(
            N_("line {line}: not valid YAML: {fault}"),
            place=NAME,
            hint=N_("put an answer with a colon in quotes"),
            **_fault(error, plain.rstrip().count("\n") + 1),
        ) from error


def _add_block(sheet: _Sheet, block: Block) -> None:
    """Add an exercise: all of it at once, or else each of its questions alone."""
    exercise = block.exercise
    whole = _attempt(block.whole.text) if exercise else None
    if isinstance(whole, yaml_file.Document):
        sheet.add(whole, block.whole.line - 1)
    elif isinstance(whole, InputError) and not block.entries:
        sheet.refuse(whole, block.whole.line - 1)
    for entry in block.entries if not isinstance(whole, yaml_file.Document) else ():
        _add_entry(sheet, exercise, entry)


def _add_entry(sheet: _Sheet, exercise: str, entry: SheetPart) -> None:
    """Add one question of `exercise`, as it is or mended; else note the problem of its line."""
    head = f"{exercise}:\n  " if exercise else ""
    above = entry.line - 1 - head.count("\n")
    first = _attempt(head + entry.text.replace("\n", "\n  "))
    better = sheet_parts.mend_line(entry) if exercise else ""
    found = first if _has_questions(first) or not better else _attempt(head + better)
    if isinstance(found, InputError):
        sheet.refuse(found, above)
    elif exercise and not _has_questions(found):
        sheet.refuse(
            InputError(N_("line {line}: this is no question with a colon and an answer"), line=1),
            entry.line - 1,
        )
    else:
        sheet.add(found, above)


def _attempt(words: str) -> yaml_file.Document | InputError:
    try:
        return _document(words)
    except InputError as error:
        return error


def _has_questions(found: yaml_file.Document | InputError) -> bool:
    data = found.data if isinstance(found, yaml_file.Document) else None
    return isinstance(data, Mapping) and all(isinstance(each, Mapping) for each in data.values())


def _shorten_problems(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the first problems, and how many more there are: a file that is no form has one in each line."""
    rest = Message(
        NN_("{count} more line was refused", "{count} more lines were refused"),
        {"count": len(problems) - _TOLD},
    )
    return problems if len(problems) <= _TOLD else (*problems[:_TOLD], Problem(NAME, rest))


class _Trick(Exception):
    """Something of YAML that answers have no use for, and attacks do."""

    def __init__(self, reason: str, event: yaml.Event) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, event.start_mark.line + 1 if event.start_mark else 1


def _inspect(text: str) -> None:
    """Raise _Trick for anchors, aliases, tags, merge keys and depth, from events alone.

    libyaml gives these one after the other; building nodes of them would recurse at each level.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Trick(N_("line {line}: anchors and aliases are not allowed"), event)
        if getattr(event, "tag", None):
            raise _Trick(N_("line {line}: tags are not allowed"), event)
        if isinstance(event, yaml.ScalarEvent) and event.value == "<<":
            raise _Trick(N_("line {line}: merge keys are not allowed"), event)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _Trick(N_("line {line}: lists and mappings are nested too deeply"), event)


def _fault(error: Exception, last: int) -> Mapping[str, Any]:
    """Return the line (at most `last`) and the fault; a quote without its end is named where it opens."""
    problem = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if "quoted" in (getattr(error, "context", None) or "") and "end of stream" in problem:
        problem = N_("a quote is opened here, and never closed")
        mark = getattr(error, "context_mark", mark)
    line = min(mark.line + 1, last) if mark else 1
    return {"line": line, "fault": Message(problem.split("\n")[0][:200])}


class _Sheet:
    """The answers and the problems of a file, collected from all of it or from its parts."""

    def __init__(self, limits: BundleLimits) -> None:
        self.answers: dict[str, dict[str, Any]] = {}
        self.problems: list[Problem] = []
        self._limits = limits
        self._lines: dict[tuple[str, str], int] = {}

    def add(self, document: yaml_file.Document, above: int = 0) -> None:
        """Add the answers of a document that has `above` lines of the file above it."""
        if document.data is None:
            return
        if not isinstance(document.data, Mapping):
            self._refuse(N_("line {line}: the file must hold exercises with their questions"), 1 + above)
            return
        for exercise, questions in document.data.items():
            line = document.line((exercise,)) + above
            if isinstance(questions, Mapping):
                given = self.answers.setdefault(str(exercise), {})
                for question, value in questions.items():
                    line = document.line((exercise, question)) + above
                    self._add(given, (str(exercise), str(question)), value, line)
            elif questions is not None:
                reason = N_("line {line}: the questions of {exercise} must be below it")
                self._refuse(reason, line, exercise=untrusted.name(str(exercise), 40))

    def refuse(self, error: InputError, above: int) -> None:
        """Note why a part with `above` lines above it cannot be read."""
        line = cast(int, error.values["line"]) + above
        self.problems.append(Problem(NAME, Message(error.message_id, {**error.values, "line": line})))

    def _add(self, given: dict[str, Any], name: tuple[str, str], value: Any, line: int) -> None:
        """Add an answer unless it is blank, refused, or there already."""
        plain = _remove_quotes(value)
        reason = _refusal(plain, self._limits)
        names = {"question": untrusted.name(name[1], 40), "most": self._limits.text}
        if reason:
            self._refuse(reason, line, **names)
        elif _is_blank(plain):
            return
        elif name in self._lines:
            reason = N_("line {line}: {question} of {exercise} has an answer already; line {first} counts")
            names |= {"exercise": untrusted.name(name[0], 40), "first": self._lines[name]}
            self._refuse(reason, line, **names)
        else:
            given[name[1]], self._lines[name] = plain, line

    def _refuse(self, reason: str, line: int, **values: object) -> None:
        self.problems.append(Problem(NAME, Message(reason, {"line": line, **values})))


def _remove_quotes(value: Any) -> Any:
    """Return an answer without the quotes of a word processor around it."""
    if isinstance(value, list):
        return [_remove_quotes(item) for item in value]
    if isinstance(value, str) and len(value := value.strip()) > 1 and value[-1] in _QUOTES.get(value[0], ""):
        return value[1:-1].strip()
    return value


def _refusal(value: Any, limits: BundleLimits) -> str:
    """Return why `value` is no answer, or nothing."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, list | Mapping) for item in values):
        return N_("line {line}: the answer to {question} must be one value or a list")
    texts = [item for item in values if isinstance(item, str)]
    if len(values) > limits.entries or any(len(text) > limits.text for text in texts):
        return N_("line {line}: the answer to {question} is longer than {most} characters")
    if not all(map(untrusted.is_visible, texts)):
        return N_("line {line}: the answer to {question} has invisible characters")
    return ""


def _is_blank(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())
