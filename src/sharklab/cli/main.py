"""The one place where words become a command, and errors become text and an exit code.

`cli.grammar` lists the verbs; `cli.verbs` has a function for each.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import sys
import textwrap
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from sharklab import __version__, i18n, paths, process, state, untrusted
from sharklab.cli.grammar import GROUPS, SECTIONS, VERBS, first_word_help
from sharklab.cli.options import OPTIONS, Options, seat_owner, user_name
from sharklab.cli.say import envelope
from sharklab.errors import GOOD, INTERRUPTED, MACHINERY, InputError, SharklabError
from sharklab.message import N_, Gettext

TAKES_VALUE = (None, "append")
"""The actions of argparse with a word behind the option."""

COMMAND_PLACE = 3
"""The place of a command among the words that are no options: after the verb, the lab and the host."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (0, 1, 2, 3 or 130; see docs/exit-codes.md)."""
    words = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    process.raise_at_signals()
    as_json = "json" in split_command(words)[0]
    say: Gettext = str
    try:
        # An error in --lang is told in the language of the locale.
        say = i18n.translator(i18n.choose(None, os.environ)).gettext
        language = i18n.choose(_option(split_command(words)[0], "--lang"), os.environ)
        say = i18n.translator(language).gettext
        with i18n.lent(language):
            args = parse(words, language)
        as_json = getattr(args, "output", "text") == "json"
        return run(args)
    except KeyboardInterrupt:
        hint = N_("run the same command again: it continues where it stopped")
        interrupted = SharklabError(N_("interrupted"), hint=hint)
        return _fail(INTERRUPTED, interrupted, as_json, say)
    except SharklabError as error:
        return _fail(error.exit_code, error, as_json, say)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GOOD
    except Exception as error:
        return _fail(MACHINERY, _unforeseen(error), as_json, say)


def parse(words: Sequence[str], language: str) -> Options:
    """Return the options of a command line, with help and errors of argparse in `language`.

    A command of the user's at the end is kept as it is, word for word. Raises InputError for words that are
    no command line, SystemExit after --help.
    """
    own, command = split_command(words)
    args = _parser(i18n.translator(language).gettext).parse_args(_put_options_last(own), Options())
    args.language = language
    if command:
        name = next((name for name in ("command", "arguments") if name in args), "")
        if not name:
            raise InputError(
                N_("this verb takes no command"), place="--", hint="sharklab {verb} --help", verb=args.verb
            )
        setattr(args, name, [*getattr(args, name), *command])
    if "student" in VERBS[args.verb].options and args.student is None:
        args.student = user_name()
    return args


def split_command(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words for argparse, and the user's command, which argparse must not look at.

    The command is what follows `--`. Where a verb takes a command, such as `shell`, it also begins at the
    first word after the other arguments, as ssh(1) has it.
    """
    end = words.index("--") if "--" in words else len(words)
    start = _command_start(words[:end])
    if start < end:
        return list(words[:start]), list(words[start:])
    return list(words[:end]), list(words[end + 1 :])


def _command_start(words: Sequence[str]) -> int:
    """Return the index of the first word of a command, or the number of words."""
    places = _find_places(words)
    takes_command = bool(places) and "command" in getattr(VERBS.get(words[places[0]]), "options", ())
    return places[COMMAND_PLACE] if takes_command and len(places) > COMMAND_PLACE else len(words)


def _find_places(words: Sequence[str]) -> list[int]:
    """Return the indexes of the words that are neither options nor their values."""
    taking = [flags for flags, settings in OPTIONS.values() if settings.get("action") in TAKES_VALUE]
    values = {flag for flags in taking for flag in flags}
    places, index = list[int](), 0
    while index < len(words):
        word = words[index]
        if word.startswith("-") and word != "-":
            short = word.startswith("--") and any(flag.startswith(word) for flag in values)
            index += 2 if short or word in values else 1
        else:
            places.append(index)
            index += 1
    return places


def _put_options_last(words: Sequence[str]) -> list[str]:
    """Return the words with the options behind the others, except for `test`, whose words are pytest's.

    argparse takes `fetch tp4 --student alice client:web.pcap` for a command without a file (bpo-15112).
    """
    places = _find_places(words)
    if not places or words[places[0]] == "test":
        return list(words)
    options = [word for index, word in enumerate(words) if index not in places]
    return [words[index] for index in places] + options


def run(args: Options) -> int:
    """Do what a verb needs first, and the verb, and return the exit code. Raises SharklabError."""
    from sharklab import ownership
    from sharklab.cli import setup

    if "seat_student" in VERBS[args.verb].options and args.student is None:
        args.student = seat_owner(args.lab)
    provider, lab = _provider(args), getattr(args, "lab", None)
    words, os_name = i18n.translator(args.language), getattr(args, "os", "")
    setup.prepare(args.verb, provider, words, lab, os_name)
    try:
        code: int = VERBS[args.verb].call(args)
        sys.stdout.flush()
        return code
    finally:
        ownership.give_back(state.root())


def _provider(args: Options) -> str:
    """Return the provider of the seat that a verb is about; of all of them for `down --all`."""
    from sharklab.hosts import seat_provider

    lab, student = getattr(args, "lab", None), getattr(args, "student", None)
    asked = getattr(args, "provider", None)
    if lab and student and not getattr(args, "roster", ""):
        return seat_provider.choose(paths.lab_name(lab), student, asked)
    if asked:
        return str(asked)
    everywhere = seat_provider.in_use()
    return everywhere.pop() if len(everywhere) == 1 else seat_provider.DEFAULT


def _unforeseen(error: Exception) -> SharklabError:
    """Keep the traceback in a file for developers, and return an error of one sentence for the user."""
    if isinstance(error, OSError) and error.strerror:
        return state.explain(error)
    fault, file = N_("a fault in sharklab: {error!r}"), state.root() / "crash.log"
    try:
        state.write(file, traceback.format_exc(), 0o600)
    except SharklabError:
        return SharklabError(fault, error=error)
    return SharklabError(fault, hint=N_("please report it with {file}"), error=error, file=file)


def _fail(code: int, error: SharklabError, as_json: bool, say: Gettext) -> int:
    if as_json:
        print(json.dumps(envelope("error", error=_plain(error), exit_code=code), ensure_ascii=False))
    # The words of a host, or of its programs, may be a part of it.
    print(untrusted.visible(f"sharklab: {error.say(say)}"), file=sys.stderr)
    return code


def _plain(error: SharklabError) -> dict[str, Any]:
    problems = [_plain(problem) for problem in getattr(error, "problems", ())]
    plain = {
        "message": error.message,
        "message_id": error.message_id.partition("\0")[0],
        "place": str(error.place),
        "hint": error.hint,
    }
    return {**plain, "problems": problems} if problems else plain


def _option(words: Sequence[str], name: str) -> str | None:
    """Return the value of an option before the grammar is known (its texts depend on the language)."""
    for index, word in enumerate(words):
        if word.startswith(name + "="):
            return word.partition("=")[2]
        if word == name and index + 1 < len(words):
            return words[index + 1]
    return None


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are InputErrors."""

    def error(self, message: str) -> NoReturn:
        verb = self.prog.partition(" ")[2]
        raise InputError("{said}", place=verb, hint="{program} --help", said=message, program=self.prog)


def _parser(_: Gettext) -> argparse.ArgumentParser:
    about = _("Sets up network labs, watches the packets, writes the reports, and grades the submissions.")
    parser = _Parser(
        prog="sharklab",
        usage=f"%(prog)s {_('VERB')} ...",
        description="\n".join([textwrap.fill(about, _help_width()), "", *_list_verbs(_)]),
        epilog=_("Example:") + " sharklab run tp4 --lang fr",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"sharklab {__version__}", help=_("show the version and exit")
    )
    _add(parser, "lang", _)
    # The description lists the verbs by subjects, which argparse cannot.
    sub = parser.add_subparsers(
        metavar=_("VERB"), required=True, parser_class=_Parser, help=argparse.SUPPRESS, prog=parser.prog
    )
    groups: dict[str, Any] = {}
    for name, verb in VERBS.items():
        first, _space, second = name.partition(" ")
        if second and first not in groups:
            groups[first] = _group(sub, first, _)
        example = _("Example:") + " sharklab " + verb.example
        one = _verb_parser(groups.get(first, sub), second or first, _(verb.help), example)
        one.set_defaults(verb=name)
        for option in (*verb.options, "lang"):
            _add(one, option, _)
    return parser


def _list_verbs(_: Gettext) -> Iterator[str]:
    """Yield the lines of the help that list the verbs by subjects."""
    indent = max(map(len, itertools.chain(*SECTIONS.values()))) + 4
    for subject, words in SECTIONS.items():
        yield _(subject)
        for word in words:
            start = f"  {word}".ljust(indent)
            text = _(first_word_help(word))
            yield textwrap.fill(text, _help_width(), initial_indent=start, subsequent_indent=" " * indent)
        yield ""


def _help_width() -> int:
    """Return the columns of the terminal for a help, as argparse counts them."""
    return shutil.get_terminal_size().columns - 2


def _add(parser: argparse.ArgumentParser, option: str, _: Gettext) -> None:
    flags, settings = OPTIONS[option]
    texts: dict[str, Any] = {key: _(settings[key]) for key in ("help", "metavar") if key in settings}
    texts["help"] += _default(settings)
    parser.add_argument(*flags, **{**settings, **texts})


def _group(sub: Any, name: str, _: Gettext) -> Any:
    """Return where verbs of two words hang that begin with `name`."""
    text = _(GROUPS[name])
    group = sub.add_parser(name, help=text, description=text)
    _add(group, "lang", _)
    return group.add_subparsers(metavar=_("VERB"), required=True, parser_class=_Parser)


def _verb_parser(sub: Any, name: str, help: str, example: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = sub.add_parser(name, help=help, description=help, epilog=example)
    return parser


def _default(settings: Mapping[str, Any]) -> str:
    default = settings.get("default")
    return f" [{default}]" if default and isinstance(default, str) else ""
